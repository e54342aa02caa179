// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_packet.h"

#include "shim/hex.h"
#include "shim/shim.h"

#include <errno.h>

static struct secret secret_of(const char *text)
{
	struct secret s;

	EXPECT_EQ(0, secret_set(&s, span_of_text(text)));
	return s;
}

static struct radius_view view_of(const uint8_t *bytes, size_t n)
{
	struct radius_view v = {0};

	EXPECT_EQ(0, radius_read(span_of(bytes, n), &v));
	return v;
}

// RFC 2865 7.1, User Telnet to Specified Host.
static const char rfc_7_1_request[] =
	"01 00 00 38 0f 40 3f 94 73 97 80 57 bd 83 d5 cb 98 f4 22 7a 01 06 6e 65 6d 6f 02 12 0d be "
	"70 8d 93 d4 13 ce 31 96 e4 3f 78 2a 0a ee 04 06 c0 a8 01 10 05 06 00 00 00 03";
static const char rfc_7_1_answer[] =
	"02 00 00 26 86 fe 22 0e 76 24 ba 2a 10 05 f6 bf 9b 55 e0 b2 06 06 00 00 00 01 0f 06 00 00 "
	"00 00 0e 06 c0 a8 01 03";

TEST(radius_packet, a_request_is_that_of_the_rfc)
{
	uint8_t wanted[64], random[16], out[RADIUS_PACKET_BYTES_MAX];
	const struct secret secret = secret_of("xyzzy5461");
	size_t n = hex_bytes(wanted, sizeof(wanted), rfc_7_1_request);
	struct radius_packet p;

	memcpy(random, wanted + 4, 16);
	radius_begin(&p, RADIUS_ACCESS_REQUEST, false);
	radius_put_text(&p, RADIUS_USER_NAME, "nemo");
	radius_put_password(&p, span_of_text("arctangent"));
	radius_put(&p, RADIUS_NAS_IP_ADDRESS, span_of("\xc0\xa8\x01\x10", 4));
	radius_put_u32(&p, RADIUS_NAS_PORT, 3);
	ASSERT_EQ(n, radius_seal_request(&p, 0, &secret, random, out));
	EXPECT_MEMEQ(wanted, out, n);
	radius_password_reveal(&secret, random, out + 28, 16);
	EXPECT_STREQ("arctangent", (const char *)out + 28);
}

TEST(radius_packet, answers_of_the_rfc_are_genuine_and_no_others)
{
	static const struct {
		const char *request, *answer;
	} cases[] = {
		{rfc_7_1_request, rfc_7_1_answer},
		// RFC 2865 7.2, Framed User Authenticating with CHAP
		{"01 01 00 47 2a ee 86 f0 8d 0d 55 96 9c a5 97 8e 0d 33 67 a2",
			"02 01 00 38 15 ef bc 7d ab 26 cf a3 dc 34 d9 c0 3c 86 01 a4 06 06 00 00 "
			"00 02 07 06 00 00 00 01 08 06 ff ff ff fe 0a 06 00 00 00 02 0d 06 00 00 "
			"00 01 0c 06 00 00 05 dc"},
	};
	const struct secret secret = secret_of("xyzzy5461"), other = secret_of("xyzzy5462");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		uint8_t request[80], answer[80];
		hex_bytes(request, sizeof(request), cases[i].request);
		size_t n = hex_bytes(answer, sizeof(answer), cases[i].answer);
		struct radius_view v = view_of(answer, n);
		EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_reply(&v, request + 4, &secret, false));
		EXPECT_EQ(RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR,
			radius_check_reply(&v, request + 4, &secret, true));
		EXPECT_EQ(RADIUS_CHECK_AUTHENTICATOR,
			radius_check_reply(&v, request + 4, &other, false));
		for (size_t at = 0; at < n; at++) { // any bit of it
			if (at == 2 || at == 3)
				continue;
			answer[at] ^= 0x10;
			if (radius_read(span_of(answer, n), &v) == 0)
				EXPECT_EQ(RADIUS_CHECK_AUTHENTICATOR,
					radius_check_reply(&v, request + 4, &secret, false));
			answer[at] ^= 0x10;
		}
	}
}

static size_t sealed_answer(struct radius_packet *p, const struct secret *secret,
	const uint8_t authenticator[16], bool with_message_authenticator)
{
	radius_begin(p, RADIUS_ACCESS_ACCEPT, with_message_authenticator);
	radius_put_u32(p, RADIUS_FRAMED_MTU, 1400);
	return radius_seal_reply(p, 7, secret, authenticator);
}

TEST(radius_packet, message_authenticator_is_first_and_must_be_right)
{
	static const uint8_t authenticator[16] = {1, 2, 3};
	const struct secret secret = secret_of("s");
	struct radius_packet p;
	size_t n = sealed_answer(&p, &secret, authenticator, true);
	struct radius_view v = view_of(p.bytes, n);

	EXPECT_EQ(RADIUS_MESSAGE_AUTHENTICATOR, p.bytes[RADIUS_HEADER_BYTES]);
	EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_reply(&v, authenticator, &secret, true));

	// Whoever can forge the MD5 of the authenticator still has no Message-Authenticator (CVE-2024-3596).
	radius_begin(&p, RADIUS_ACCESS_ACCEPT, false);
	uint8_t *to = radius_put_space(&p, RADIUS_MESSAGE_AUTHENTICATOR, 16);
	ASSERT_TRUE(to != NULL);
	memset(to, 0x55, 16);
	n = p.w.len;
	p.bytes[1] = 7;
	bytes_put_u16(p.bytes + 2, (uint16_t)n);
	struct radius_packet forged = p;
	forged.bytes[RADIUS_HEADER_BYTES] = RADIUS_CLASS; // not to be filled in
	radius_seal_reply(&forged, 7, &secret, authenticator);
	v = view_of(forged.bytes, n);
	EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_reply(&v, authenticator, &secret, false));
	EXPECT_EQ(RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR,
		radius_check_reply(&v, authenticator, &secret, true));
}

// Two of them: the first is sealed, the second is zeros.
TEST(radius_packet, two_message_authenticators_are_refused_whether_required_or_not)
{
	static const uint8_t authenticator[16] = {9};
	const struct secret secret = secret_of("s");
	struct radius_packet p;

	radius_begin(&p, RADIUS_ACCESS_ACCEPT, true);
	uint8_t *to = radius_put_space(&p, RADIUS_MESSAGE_AUTHENTICATOR, 16);
	ASSERT_TRUE(to != NULL);
	memset(to, 0, 16);
	size_t n = radius_seal_reply(&p, 1, &secret, authenticator);
	struct radius_view v = view_of(p.bytes, n);
	EXPECT_EQ(RADIUS_CHECK_MESSAGE_AUTHENTICATOR,
		radius_check_reply(&v, authenticator, &secret, false));

	radius_begin(&p, RADIUS_ACCESS_ACCEPT, false);
	to = radius_put_space(&p, RADIUS_MESSAGE_AUTHENTICATOR, 15);
	ASSERT_TRUE(to != NULL);
	memset(to, 0, 15);
	// The sealing would write 16 bytes: compute the authenticator alone.
	p.bytes[RADIUS_HEADER_BYTES] = RADIUS_CLASS;
	n = radius_seal_reply(&p, 1, &secret, authenticator);
	v = view_of(p.bytes, n);
	EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_reply(&v, authenticator, &secret, false));
}

TEST(radius_packet, requests_of_others_are_checked_by_their_own_authenticator)
{
	static const uint8_t unused[16] = {1};
	const struct secret secret = secret_of("coa"), other = secret_of("cob");
	uint8_t out[RADIUS_PACKET_BYTES_MAX];
	struct radius_packet p;

	for (int with = 0; with < 2; with++) {
		SHIM_TRACE_CASE(with);
		radius_begin(&p, RADIUS_COA_REQUEST, with);
		radius_put_text(&p, RADIUS_USER_NAME, "anna");
		size_t n = radius_seal_request(&p, 9, &secret, unused, out);
		struct radius_view v = view_of(out, n);
		EXPECT_EQ(with ? RADIUS_CHECK_GOOD : RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR,
			radius_check_request(&v, &secret, true));
		EXPECT_EQ(RADIUS_CHECK_AUTHENTICATOR, radius_check_request(&v, &other, false));
	}
}

TEST(radius_packet, keys_are_hidden_and_found_again)
{
	static const uint8_t authenticator[16] = {4, 5, 6};
	const struct secret secret = secret_of("long enough a secret"), other = secret_of("x");
	uint8_t key[RADIUS_KEY_BYTES_MAX], hidden[64], got[RADIUS_KEY_BYTES_MAX];
	size_t n_got;

	for (size_t n = 1; n <= sizeof(key); n++) {
		SHIM_TRACE_CASE(n);
		memset(key, (int)(0x30 + n), sizeof(key));
		size_t len = radius_key_hide(
			&secret, authenticator, (uint16_t)(0x8000 + n), span_of(key, n), hidden);
		EXPECT_EQ(2 + (1 + n + 15) / 16 * 16, len);
		ASSERT_EQ(0, radius_key_reveal(
				     &secret, authenticator, span_of(hidden, len), got, &n_got));
		EXPECT_EQ(n, n_got);
		EXPECT_MEMEQ(key, got, n);
		EXPECT_EQ(-EBADMSG, radius_key_reveal(&secret, authenticator,
					    span_of(hidden, len - 1), got, &n_got));
		if (n % 16 != 15) // there is padding that gives it away
			EXPECT_EQ(-EBADMSG, radius_key_reveal(&other, authenticator,
						    span_of(hidden, len), got, &n_got));
	}
	EXPECT_EQ(-EBADMSG,
		radius_key_reveal(&secret, authenticator, span_of(hidden, 2), got, &n_got));
}

// By an independent computation of the formulas of RFC 2548 2.4.2.
TEST(radius_packet, a_hidden_key_is_that_of_the_rfc)
{
	static const uint8_t authenticator[16] = {
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	static const uint8_t key[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1, 0x18,
		0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};
	const struct secret secret = secret_of("testing123");
	uint8_t hidden[50], wanted[50];

	hex_bytes(wanted, sizeof(wanted),
		"81 23 62 ad 94 14 c8 c0 cf b5 90 71 05 b0 fb 85 d9 "
		"5f 8c fb b9 80 65 b7 63 37 52 06 a2 db fe ef 27 ce");
	EXPECT_EQ(34, radius_key_hide(&secret, authenticator, 0x8123, span_of(key, 16), hidden));
	EXPECT_MEMEQ(wanted, hidden, 34);
}

TEST(radius_packet, what_is_malformed_is_refused)
{
	static const char *const cases[] = {
		"",
		"02 00 00 14 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00", // 19 bytes
		"02 00 00 13 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00", // says 19
		"02 00 00 15 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00", // says 21
		"02 00 00 15 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00 01", // half an attribute
		"02 00 00 16 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00 01 01", // length 1
		"02 00 00 16 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00 01 00", // length 0
		"02 00 00 16 00 00 00 00 00 00 00 00 00 00 00 00 "
		"00 00 00 00 01 03", // too long
	};
	struct radius_view v;
	uint8_t bytes[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		size_t n = hex_bytes(bytes, sizeof(bytes), cases[i]);
		EXPECT_EQ(-EBADMSG, radius_read(span_of(bytes, n), &v));
	}
	// Padding behind the packet is not part of it.
	size_t n = hex_bytes(bytes, sizeof(bytes),
		"02 00 00 14 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff");
	EXPECT_EQ(0, radius_read(span_of(bytes, n), &v));
	EXPECT_EQ(20, v.packet.len);
}

TEST(radius_packet, an_attribute_26_may_hold_several)
{
	// 311: type 7 and 8 together; then one that is not of the form; then one of vendor 0
	static const char text[] =
		"02 00 00 36 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1a 12 00 00 01 37 07 "
		"06 "
		"00 00 00 02 08 06 00 00 00 04 1a 08 00 00 00 09 01 07 1a 08 00 00 00 00 01 02";
	uint8_t bytes[64];
	size_t n = hex_bytes(bytes, sizeof(bytes), text);
	struct radius_view v = view_of(bytes, n);
	struct radius_cursor c = radius_cursor_of(&v);
	struct radius_attribute a;
	uint32_t number = 0;

	ASSERT_TRUE(radius_next(&c, &a));
	EXPECT_EQ(311, a.vendor);
	EXPECT_EQ(7, a.type);
	EXPECT_TRUE(radius_get_u32(a.value, &number));
	EXPECT_EQ(2, number);
	ASSERT_TRUE(radius_next(&c, &a));
	EXPECT_EQ(8, a.type);
	for (int i = 0; i < 2; i++) {
		ASSERT_TRUE(radius_next(&c, &a));
		EXPECT_EQ(0, a.vendor);
		EXPECT_EQ(RADIUS_VENDOR_SPECIFIC, a.type);
		EXPECT_EQ(6, a.value.len);
	}
	EXPECT_FALSE(radius_next(&c, &a));
}

TEST(radius_packet, what_does_not_fit_is_not_sealed)
{
	uint8_t out[RADIUS_PACKET_BYTES_MAX], big[253] = {1};
	const struct secret secret = secret_of("s");
	struct radius_packet p;

	radius_begin(&p, RADIUS_ACCESS_REQUEST, true);
	for (int i = 0; i < 17; i++)
		radius_put(&p, RADIUS_CLASS, span_of(big, sizeof(big)));
	EXPECT_EQ(0, radius_seal_request(&p, 1, &secret, big, out));
	EXPECT_EQ(0, radius_plain(&p).len);

	radius_begin(&p, RADIUS_ACCESS_REQUEST, true);
	radius_put_password(&p, span_of(big, 129));
	EXPECT_EQ(0, radius_seal_request(&p, 1, &secret, big, out));
	radius_begin(&p, RADIUS_ACCESS_REQUEST, true);
	radius_put_password(&p, span_of(big, 128));
	EXPECT_EQ(20 + 18 + 130, radius_seal_request(&p, 1, &secret, big, out));
}

TEST(radius_packet, addresses_are_written_as_text)
{
	static const uint8_t address[4] = {198, 18, 0, 10};
	struct radius_packet p;
	uint32_t address_be;

	memcpy(&address_be, address, 4);
	radius_begin(&p, RADIUS_ACCESS_REQUEST, false);
	radius_put_ipv4_text(&p, RADIUS_CALLING_STATION_ID, address_be);
	EXPECT_EQ(20 + 2 + 11, p.w.len);
	EXPECT_MEMEQ("198.18.0.10", p.bytes + 22, 11);
}

// RFC 3579 3.1: whatever the configuration says.
TEST(radius_packet, eap_needs_a_message_authenticator)
{
	static const uint8_t authenticator[16] = {4};
	const struct secret secret = {.len = 3, .bytes = "abc"};

	for (int with = 0; with < 2; with++) {
		SHIM_TRACE_CASE(with);
		struct radius_packet p;
		struct radius_view v;
		radius_begin(&p, RADIUS_ACCESS_ACCEPT, with);
		radius_put_text(&p, RADIUS_EAP_MESSAGE, "eap");
		size_t n = radius_seal_reply(&p, 1, &secret, authenticator);
		ASSERT_EQ(0, radius_read(span_of(p.bytes, n), &v));
		EXPECT_EQ(with ? RADIUS_CHECK_GOOD : RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR,
			radius_check_reply(&v, authenticator, &secret, false));
	}
}

TEST(radius_packet, more_than_4096_bytes_is_none)
{
	static uint8_t bytes[5000] = {RADIUS_ACCESS_ACCEPT, 1};
	struct radius_view v;

	for (size_t at = 20; at + 250 <= sizeof(bytes); at += 250) {
		bytes[at] = RADIUS_REPLY_MESSAGE;
		bytes[at + 1] = 250;
	}
	bytes_put_u16(bytes + 2, 20 + 17 * 250);
	EXPECT_EQ(-EBADMSG, radius_read(span_of(bytes, sizeof(bytes)), &v));
	bytes_put_u16(bytes + 2, 20 + 16 * 250);
	EXPECT_EQ(0, radius_read(span_of(bytes, sizeof(bytes)), &v));
	EXPECT_EQ(20 + 16 * 250, v.packet.len);
}
