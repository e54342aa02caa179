// SPDX-License-Identifier: BSD-3-Clause
#include "perf/session_keys.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#define ADDRESSES "session client=198.19.0.2 server=198.18.0.1 inner=10.30.0.10 host=10.20.0.2 "
#define IDS	  "client_call_id=1 server_call_id=65535 "
#define KEYS	  "up=000102030405060708090a0b0c0d0e0f down=F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF"

static int read_text(const char *text, struct session_keys **s, unsigned int *n,
	struct session_keys_error *error)
{
	FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc = in ? session_keys_read(in, s, n, error) : -ENOMEM;

	if (in)
		fclose(in);
	return rc;
}

TEST(session_keys, all_of_a_line_is_read)
{
	struct session_keys_error error;
	struct session_keys *s;
	unsigned int n;

	ASSERT_EQ(0,
		read_text(
			"# two of them\n\n" ADDRESSES IDS KEYS "\n" ADDRESSES IDS
			"mppe=40 mode=stateful up=0001020304050607 down=08090a0b0c0d0e0f "
			"up_seq=4294967295 up_count=3 down_seq=4 down_count=5 pfc=1 acfc=0 # so\n",
			&s, &n, &error));
	ASSERT_EQ(2, n);
	EXPECT_EQ(htonl(0xc6130002), s[0].client_be);
	EXPECT_EQ(htonl(0x0a140002), s[0].host_be);
	EXPECT_EQ(1, s[0].client_call_id);
	EXPECT_EQ(65535, s[0].server_call_id);
	EXPECT_EQ(MPPE_STRENGTH_128, s[0].mode.strength);
	EXPECT_TRUE(s[0].mode.is_stateless);
	EXPECT_EQ(0x0f, s[0].up[15]);
	EXPECT_EQ(0xf0, s[0].down[0]);
	EXPECT_TRUE(s[0].acfc && !s[0].pfc);
	EXPECT_EQ(0, s[0].up_seq);
	EXPECT_EQ(MPPE_STRENGTH_40, s[1].mode.strength);
	EXPECT_TRUE(!s[1].mode.is_stateless);
	EXPECT_EQ(UINT32_MAX, s[1].up_seq);
	EXPECT_EQ(3, s[1].up_count);
	EXPECT_EQ(4, s[1].down_seq);
	EXPECT_EQ(5, s[1].down_count);
	EXPECT_TRUE(s[1].pfc && !s[1].acfc);
	session_keys_free(s, n);
}

TEST(session_keys, what_is_written_is_read_again)
{
	struct session_keys_error error;
	struct session_keys *s, *again;
	unsigned int n;
	char text[1024] = {0};

	ASSERT_EQ(0, read_text(ADDRESSES IDS "mppe=56 mode=stateful up=a0a1a2a3a4a5a6a7 "
					     "down=b0b1b2b3b4b5b6b7 down_count=70000 pfc=1\n",
			     &s, &n, &error));
	FILE *out = fmemopen(text, sizeof(text) - 1, "w");
	EXPECT_EQ(0, session_keys_write(out, s));
	fclose(out);
	ASSERT_EQ(0, read_text(text, &again, &n, &error));
	ASSERT_EQ(1, n);
	EXPECT_MEMEQ(s, again, sizeof(*s));
	session_keys_free(s, 1);
	session_keys_free(again, 1);
}

// RFC 2759 9.2 and RFC 3079 3.5.3: the user "User" with the password "clientPass".
TEST(session_keys, keys_of_a_password_are_those_of_the_rfc)
{
	static const uint8_t send_start[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1,
		0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};
	struct session_keys_error error;
	struct session_keys *s;
	unsigned int n;

	ASSERT_EQ(0, read_text(ADDRESSES IDS "user=User password=clientPass "
					     "challenge=5b5d7c7d7b3f2f3e3c2c602132262628 "
					     "peer_challenge=21402324255e262a28295f2b3a337c7e\n",
			     &s, &n, &error));
	ASSERT_EQ(1, n);
	EXPECT_MEMEQ(send_start, s[0].down, 16); // the RFC's send key is the server's
	EXPECT_TRUE(memcmp(s[0].up, s[0].down, 16) != 0);
	session_keys_free(s, n);
}

static const struct bad_case {
	const char *text, *told;
	unsigned int line;
} bad[] = {
	{"call client=1.2.3.4\n", "begins with 'session'", 1},
	{"\n# x\n" ADDRESSES IDS KEYS " colour=red\n", "no key is called 'colour'", 3},
	{ADDRESSES IDS KEYS " up_seq\n", "not key=value", 1},
	{ADDRESSES IDS KEYS " pfc=1 pfc=0\n", "pfc is there twice", 1},
	{"session client=1.2.3 \n", "client=1.2.3 is no IPv4", 1},
	{"session client=1.2.3.4 inner=1.1.1.1 \n", "server is missing", 1},
	{ADDRESSES KEYS "\n", "call_id is missing", 1},
	{ADDRESSES "client_call_id=65536 server_call_id=1 " KEYS "\n", "number up to 65535", 1},
	{ADDRESSES "client_call_id=-1 server_call_id=1 " KEYS "\n", "number up to 65535", 1},
	{ADDRESSES IDS KEYS " acfc=2\n", "number up to 1", 1},
	{ADDRESSES IDS KEYS " mppe=64\n", "not 128, 56, 40 or none", 1},
	{ADDRESSES IDS KEYS " mode=state\n", "neither stateless nor stateful", 1},
	{ADDRESSES IDS "mppe=40 " KEYS "\n", "up wants 16 hex digits", 1},
	{ADDRESSES IDS "up=00010203040506070809a0b0c0d0e0fx down=00\n", "no hex digit", 1},
	{ADDRESSES IDS "up=000102030405060708090a0b0c0d0e0f\n", "down is missing", 1},
	{ADDRESSES IDS "\n", "neither the keys up and down nor user and password", 1},
	{ADDRESSES IDS "user=u password=p challenge=00\n", "challenge wants 32 hex digits", 1},
};

TEST(session_keys, what_is_wrong_is_told_with_its_line)
{
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct session_keys_error error;
		struct session_keys *s;
		unsigned int n;

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(-EBADMSG, read_text(bad[i].text, &s, &n, &error));
		EXPECT_EQ(bad[i].line, error.line);
		EXPECT_STRCONTAINS(error.text, bad[i].told);
		EXPECT_TRUE(!s && n == 0);
	}
}
