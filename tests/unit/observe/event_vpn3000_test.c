// SPDX-License-Identifier: BSD-3-Clause
#include "observe/event_vpn3000.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

static char out[EVENT_VPN3000_BYTES];

static const char *put(const struct event *e, uint64_t number, uint32_t repeat, uint64_t wall_ns)
{
	size_t len = event_put_vpn3000(e, number, repeat, wall_ns, out, sizeof(out));

	EXPECT_EQ(len, strlen(out));
	return out;
}

// 1999-12-09 09:08:01.550
#define WALL_NS (UINT64_C(944730481550) * 1000000)

static void make_decrypt_failure(struct event *e, const char *user)
{
	event_begin(e, EVENT_DECRYPT_FAILURE);
	event_hex(e, "session", 0x100000001);
	event_text(e, "user", span_of_text(user));
	event_endpoint(e, "client", htonl(0x50320004), htons(1024));
	event_word(e, "text",
		"User [ testuser ] disconnected. Experiencing excessive packet "
		"decrypt failure.");
}

TEST(event_vpn3000, s7_the_decrypt_failure_of_the_old_gear)
{
	struct event e;

	make_decrypt_failure(&e, "testuser");
	EXPECT_STREQ("103 12/09/1999 09:08:01.550 SEV=6 PPP/4 RPT=3 80.50.0.4\n"
		     "User [ testuser ]\n"
		     "disconnected. Experiencing excessive packet decrypt failure.",
		put(&e, 103, 3, WALL_NS));
}

TEST(event_vpn3000, the_rest_of_the_line_follows)
{
	struct event e;

	event_begin(&e, EVENT_UP);
	event_hex(&e, "session", 0x100000001);
	event_text(&e, "user", span_of_text("CORP\\ann"));
	event_ipv4(&e, "client", htonl(0x50320004));
	event_ipv4(&e, "inner", htonl(0x0a1e000a));
	event_word(&e, "mppe", "128 stateless");
	EXPECT_STREQ("7 12/09/1999 09:08:01.550 SEV=4 PPP/20 RPT=1 80.50.0.4\n"
		     "User [ \"CORP\\\\ann\" ]\n"
		     "a call is up and passes traffic\n"
		     "session=0x100000001 inner=10.30.0.10 mppe=\"128 stateless\"",
		put(&e, 7, 1, WALL_NS));
}

TEST(event_vpn3000, an_event_without_user_client_and_more)
{
	struct event e;

	event_begin(&e, EVENT_STOPPED);
	EXPECT_STREQ("1 01/01/1970 00:00:00.000 SEV=4 GENERAL/3 RPT=1\n"
		     "the server has stopped",
		put(&e, 1, 1, 0));
	event_u64(&e, "status", 0);
	EXPECT_STREQ("1 01/01/1970 00:00:00.000 SEV=4 GENERAL/3 RPT=1\n"
		     "the server has stopped\n"
		     "status=0",
		put(&e, 1, 1, 0));
	event_begin(&e, EVENT_CLIENT_CONNECTED);
	event_endpoint(&e, "client", htonl(0x50320004), htons(1024));
	EXPECT_STREQ("2 01/01/1970 00:00:00.000 SEV=5 PPTP/47 RPT=9 80.50.0.4\n"
		     "a client opened TCP/1723",
		put(&e, 2, 9, 0));
}

TEST(event_vpn3000, decoded_packets_are_lines_as_they_are)
{
	struct event e;

	event_begin(&e, EVENT_PPP_DECODE);
	event_ipv4(&e, "client", htonl(0x50320004));
	event_text(&e, "text", span_of_text("Vi1 LCP: I CONFREQ [REQsent] id 1 len 20"));
	EXPECT_STREQ("9 01/01/1970 00:00:00.000 SEV=10 PPPDECODE/1 RPT=1 80.50.0.4\n"
		     "Vi1 LCP: I CONFREQ [REQsent] id 1 len 20",
		put(&e, 9, 1, 0));
	event_begin(&e, EVENT_PPP_DECODE);
	event_decoded(&e, span_of_text("Vi1 PAP: I AUTH-REQ from \"a\\n\\\\\""));
	EXPECT_STRCONTAINS(put(&e, 9, 1, 0), "RPT=1\nVi1 PAP: I AUTH-REQ from \"a\\n\\\\\"");
	event_begin(&e, EVENT_PPP_DECODE);
	event_decoded(&e, span_of_text("word"));
	EXPECT_STRCONTAINS(put(&e, 9, 1, 0), "RPT=1\nword");
}

TEST(event_vpn3000, no_room_is_no_harm)
{
	struct event e;
	char small[64];

	make_decrypt_failure(&e, "testuser");
	for (size_t cap = 1; cap <= sizeof(small); cap++) {
		memset(small, '#', sizeof(small));
		EXPECT_LT(event_put_vpn3000(&e, 1, 1, 0, small, cap), cap);
		EXPECT_LT(strlen(small), cap);
	}
}

// A name cannot make lines of its own.
TEST(event_vpn3000, a_name_stays_in_its_line)
{
	struct event e;

	make_decrypt_failure(&e, "x ]\n104 12/09/1999 forged");
	EXPECT_STRCONTAINS(put(&e, 1, 1, 0), "User [ \"x ]\\n104 12/09/1999 forged\" ]\n");
}

// Written by the log, with the count of this event and the number of all.
TEST(event_vpn3000, rpt_counts_this_event)
{
	struct log log;
	struct event e;
	char text[1024];
	int fds[2];

	ASSERT_EQ(0, pipe(fds));
	log_open(&log, LOG_TARGET_STDERR, LOG_LEVEL_INFO, "test");
	log.fd = fds[1];
	log.is_journal = false;
	log.format = LOG_FORMAT_VPN3000;
	log.events = event_log_new();
	for (int i = 0; i < 3; i++) {
		event_begin(&e, EVENT_READY);
		event_send_at(&log, &e, 0, 0);
		make_decrypt_failure(&e, "testuser");
		event_send_at(&log, &e, 0, WALL_NS);
	}
	ssize_t n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	EXPECT_STRCONTAINS(text, "\n6 12/09/1999 09:08:01.550 SEV=6 PPP/4 RPT=3 80.50.0.4\n"
				 "User [ testuser ]\n"
				 "disconnected. Experiencing excessive packet decrypt failure.\n");
	EXPECT_STRCONTAINS(text, "SEV=4 GENERAL/1 RPT=3\n");
	close(fds[0]);
	close(fds[1]);
	event_log_free(log.events);
	log_close(&log);
}
