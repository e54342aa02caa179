// SPDX-License-Identifier: BSD-3-Clause
// Control connections: bad bytes, limits, strangers, and what ends a connection.
#include "control/conn.h"

#include "control/lab.h"
#include "shim/shim.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { N_STRANGERS = 500 };

static struct lab lab;
static struct lab_client client, clients[N_STRANGERS];

static void dial_up(struct lab_client *c)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", "secret", 3);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 5000));
}

static bool no_connections(struct lab *l, void *unused)
{
	return lab_count_connections(l) == 0;
}

#define HEADER 0x1a, 0x2b, 0x3c, 0x4d

TEST(conn, bad_bytes_table)
{
	static const struct {
		size_t n;
		uint8_t bytes[16];
		bool after_start; // a Start-Control-Connection goes before
		const char *heard;
		enum end_reason reason;
	} cases[] = {
		{8, "GET / HT", false, "", END_PPTP_BAD_COOKIE},
		{8, {0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4e}, false, "", END_PPTP_BAD_COOKIE},
		{12, {0, 155, 0, 1, HEADER, 0, 1, 0, 0}, false, "SCCRP ", END_PPTP_BAD_LENGTH},
		{12, {0, 156, 0, 1, HEADER, 0, 77, 0, 0}, false, "SCCRP ", END_PPTP_BAD_TYPE},
		{16, {0, 16, 0, 1, HEADER, 0, 5, 0, 0, 1, 2, 3, 4}, false, "EchoRP ",
			END_PPTP_BAD_ORDER},
		{16, {0, 16, 0, 1, HEADER, 0, 3, 0, 0, 1}, false, "StopCCRP ", END_PPTP_BAD_ORDER},
		{12, {0, 17, 0, 1, HEADER, 0, 5, 0, 0}, true, "SCCRP StopCCRQ ",
			END_PPTP_BAD_LENGTH},
		{8, "GET / HT", true, "SCCRP ", END_PPTP_BAD_COOKIE},
	};

	lab_open(&lab, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const uint64_t *closed = lab.control->counters.connections_closed;
		uint64_t before = closed[cases[i].reason];
		SHIM_TRACE_CASE(i);
		lab_client_open(&lab, &client);
		if (cases[i].after_start)
			lab_client_start(&client);
		lab_client_send_bytes(&client, cases[i].bytes, cases[i].n);
		EXPECT_TRUE(lab_until(&lab, lab_is_closed, &client, 3000));
		EXPECT_STREQ(cases[i].heard, client.heard);
		EXPECT_EQ(before + 1, closed[cases[i].reason]);
		lab_client_close(&client);
	}
	dial_up(&client); // the service goes on
	lab_close(&lab);
}

TEST(conn, messages_in_pieces_and_in_one)
{
	const struct pptp_message start = {
		.type = PPTP_SCCRQ, .start = {.version = PPTP_VERSION, .framing = 3, .bearer = 3}};
	const struct pptp_message call = {.type = PPTP_OCRQ, .ocrq = {.call_id = 5, .window = 3}};
	const struct pptp_message echo = {
		.type = PPTP_ECHO_REQUEST, .echo = {.identifier = 0x01020304}};
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));

	lab_open(&lab, NULL);
	pptp_put(&w, &start);
	pptp_put(&w, &call);
	pptp_put(&w, &echo);
	lab_client_open(&lab, &client);
	lab_client_send_bytes(&client, bytes, w.len);
	lab_run(&lab, 50);
	EXPECT_STREQ("SCCRP OCRP EchoRP ", client.heard);
	EXPECT_EQ(0x01020304, client.last.echo.identifier);
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));

	lab_client_open(&lab, &client);
	for (size_t i = 0; i < w.len; i++) {
		lab_client_send_bytes(&client, bytes + i, 1);
		if (i % 16 == 0)
			lab_turn(&lab);
	}
	lab_run(&lab, 50);
	EXPECT_STREQ("SCCRP OCRP EchoRP ", client.heard);
	EXPECT_EQ(2, lab.control->counters.pptp_in[PPTP_OCRQ]);
	EXPECT_EQ(2, lab.control->counters.pptp_out[PPTP_OCRP]);
	EXPECT_EQ(2 * w.len, lab.control->counters.tcp_bytes_in);
	lab_close(&lab);
}

// RFC 2637 2.3: a Call-Disconnect-Notify for each call, then the answer; TCP is the client's to
// close.
TEST(conn, the_client_stops)
{
	lab_open(&lab, NULL);
	dial_up(&client);
	lab_client_call(&client, 4);
	lab_run(&lab, 20);
	lab_client_stop(&client);
	lab_run(&lab, 50);
	EXPECT_STREQ("SCCRP OCRP OCRP CDN CDN StopCCRP ", client.heard);
	EXPECT_EQ(2, lab_count_ends(&lab, "reason=client-stop"));
	EXPECT_FALSE(client.is_closed_by_server);
	EXPECT_EQ(1, lab_count_connections(&lab));
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, no_connections, NULL, 1000));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CONNECTION_CLOSED, "reason=client-stop"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CONNECTION_CLOSED, "stop-reason=1"));
	lab_close(&lab);
}

// Compulsory tunnels: each offer is refused by its code, and one line says so.
TEST(conn, incoming_calls_are_refused)
{
	struct pptp_message offer = {.type = PPTP_ICRQ};

	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	for (uint16_t i = 0; i < 3; i++) {
		offer.icrq.call_id = i;
		lab_client_send(&client, &offer);
	}
	lab_run(&lab, 20);
	EXPECT_STREQ("SCCRP ICRP ICRP ICRP ", client.heard);
	EXPECT_EQ(PPTP_ICRP_DO_NOT_ACCEPT, client.last.icrp.result);
	EXPECT_EQ(2, client.last.icrp.peer_call_id);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "reason=pptp-incoming"));
	EXPECT_EQ(3, lab.control->counters.refused[END_PPTP_INCOMING]);
	lab_client_call(&client, 9); // a voluntary one is welcome
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP_CONNECTED, client.last.ocrp.result);
	lab_close(&lab);
}

TEST(conn, clearing_and_closing_is_no_lost_connection)
{
	lab_open(&lab, NULL);
	dial_up(&client);
	lab_client_clear(&client);
	lab_run(&lab, 20);
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 1000));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CONNECTION_CLOSED, "reason=client-stop"));
	lab_close(&lab);
}

static void impatient(struct config *c)
{
	c->handshake_timeout_s = 1;
	c->idle_connection_s = 2;
}

TEST(conn, strangers_must_hurry)
{
	static struct lab_client silent, talking, calling, good;

	lab_open(&lab, impatient);
	dial_up(&good);
	lab_client_open(&lab, &silent);
	lab_client_send_bytes(&silent, "\0", 1);
	lab_client_open(&lab, &talking);
	lab_client_start(&talking);
	lab_client_open(&lab, &calling);
	lab_client_start(&calling);
	lab_client_call(&calling, 9); // and then no PPP
	talking.answers_stop = calling.answers_stop = true;
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &silent, 3000));
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &talking, 3000));
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &calling, 3000));
	EXPECT_STREQ("SCCRP StopCCRQ ", talking.heard);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", calling.heard);
	EXPECT_EQ(1, lab.control->counters.connections_closed[END_PPTP_SILENT]);
	EXPECT_TRUE(lab_is_up(&lab, &good));
	EXPECT_EQ(1, lab_count_connections(&lab));
	// It may stay, but not without calls.
	good.answers_stop = true;
	lab_client_clear(&good);
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &good, 3000));
	EXPECT_EQ(1, lab.control->counters.connections_closed[END_IDLE_CONNECTION]);
	lab_close(&lab);
}

static void two_per_source(struct config *c)
{
	c->max_connections_per_source = 2;
}

TEST(conn, the_limit_of_a_source)
{
	static char text[16384];

	lab_open(&lab, two_per_source);
	for (int i = 0; i < 3; i++)
		lab_client_open(&lab, &clients[i]);
	lab_run(&lab, 20);
	EXPECT_FALSE(clients[2].is_closed_by_server); // to be told why
	EXPECT_EQ(1, lab.control->counters.tcp_refused);
	EXPECT_EQ(2, lab_count_connections(&lab));
	EXPECT_EQ(1,
		lab_count_events(&lab, EVENT_CLIENT_REFUSED, "limit=max_connections_per_source"));
	lab_client_start(&clients[2]);
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[2], 1000));
	EXPECT_STREQ("SCCRP ", clients[2].heard);
	EXPECT_EQ(PPTP_SCCRP_GENERAL_ERROR, clients[2].last.start.result);
	EXPECT_EQ(PPTP_ERROR_NO_RESOURCE, clients[2].last.start.error);
	EXPECT_EQ(1, lab.control->counters.tcp_refused_by_reply);
	EXPECT_EQ(0, lab.control->refusals.n);
	EXPECT_EQ(0, lab_ask(&lab, "1 text show counters\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "max_connections_per_source");
	lab_client_close(&clients[0]);
	lab_run(&lab, 20);
	lab_client_open(&lab, &client);
	lab_run(&lab, 20);
	EXPECT_FALSE(client.is_closed_by_server);
	lab_close(&lab);
}

// Who is refused and silent is kept for a moment, few of them are kept, and who speaks nonsense gets
// what it always gets.
TEST(conn, refusals_are_bounded)
{
	lab_open(&lab, two_per_source);
	for (int i = 0; i < 40; i++)
		lab_client_open(&lab, &clients[i]);
	lab_run(&lab, 30);
	EXPECT_EQ(38, lab.control->counters.tcp_refused);
	EXPECT_EQ(REFUSALS_PER_SOURCE_MAX, lab.control->refusals.n);
	EXPECT_FALSE(clients[2].is_closed_by_server);
	EXPECT_TRUE(clients[39].is_closed_by_server);
	lab_client_send_bytes(&clients[2], "GET / HTTP/1.1", 14);
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[2], 1000));
	EXPECT_STREQ("", clients[2].heard);
	lab_client_close(&clients[3]);
	lab_run(&lab, 20);
	EXPECT_EQ(REFUSALS_PER_SOURCE_MAX - 2, lab.control->refusals.n);
	lab_skip(&lab, 1800);
	EXPECT_FALSE(clients[4].is_closed_by_server);
	lab_skip(&lab, 500);
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[4], 1000));
	EXPECT_EQ(0, lab.control->refusals.n);
	EXPECT_EQ(0, lab.control->counters.tcp_refused_by_reply);
	EXPECT_EQ(2, lab_count_connections(&lab));
	// One that is kept when the lane stops goes with it.
	lab_client_open(&lab, &client);
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab.control->refusals.n);
	lab_close(&lab);
}

static void slow_source(struct config *c)
{
	c->setups_per_second_per_source = 5;
}

TEST(conn, the_rate_of_a_source)
{
	lab_open(&lab, slow_source);
	for (int i = 0; i < 8; i++)
		lab_client_open(&lab, &clients[i]);
	lab_run(&lab, 20);
	EXPECT_EQ(5, lab.control->counters.tcp_accepted);
	EXPECT_EQ(3, lab.control->counters.tcp_refused);
	lab_run(&lab, 300);
	lab_client_open(&lab, &client);
	lab_run(&lab, 20);
	EXPECT_EQ(6, lab.control->counters.tcp_accepted);
	lab_close(&lab);
}

static void two_calls_per_source(struct config *c)
{
	c->max_calls_per_source = 2;
}

// The limit holds over all connections of the source, and a call that has ended makes room.
TEST(conn, the_calls_of_a_source)
{
	lab_open(&lab, two_calls_per_source);
	for (uint16_t i = 0; i < 3; i++) {
		lab_client_open(&lab, &clients[i]);
		lab_client_start(&clients[i]);
		lab_run(&lab, 10);
		lab_client_call(&clients[i], i + 1);
		lab_run(&lab, 10);
	}
	EXPECT_EQ(2, lab_count_calls(&lab));
	EXPECT_STREQ("SCCRP OCRP ", clients[2].heard);
	EXPECT_EQ(PPTP_OCRP_BUSY, clients[2].last.ocrp.result);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "reason=limit-source by=server"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "limit=max_calls_per_source"));
	lab_client_clear(&clients[0]);
	lab_run(&lab, 20);
	lab_client_call(&clients[2], 9);
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP_CONNECTED, clients[2].last.ocrp.result);
	lab_client_close(&clients[1]);
	lab_run(&lab, 20);
	lab_client_call(&clients[0], 10);
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP_CONNECTED, clients[0].last.ocrp.result);
	EXPECT_EQ(2, lab_count_calls(&lab));
	lab_close(&lab);
}

static void one_a_second(struct config *c)
{
	c->setups_per_second_per_source = 1;
}

static bool are_answered(struct lab *l, void *n_calls)
{
	return lab_count_events(l, EVENT_CALL_STARTED, "") +
		       lab_count_events(l, EVENT_CALL_REFUSED, "") ==
	       *(unsigned int *)n_calls;
}

// Whoever asks for calls and clears them without end does not fill the log with records of calls,
// which would hold back those of good clients.
TEST(conn, the_rate_of_calls_of_a_source)
{
	unsigned int n_calls = 20;

	lab_open(&lab, one_a_second);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	lab_run(&lab, 20);
	for (uint16_t i = 0; i < n_calls; i++) {
		lab_client_call(&client, i + 1);
		lab_run(&lab, 2);
		lab_client_clear(&client);
		lab_run(&lab, 2);
	}
	EXPECT_TRUE(lab_until(&lab, are_answered, &n_calls, 3000));
	EXPECT_LE(lab_count_events(&lab, EVENT_CALL_STARTED, ""), 4); // it takes less than 3 s
	EXPECT_LE(lab_count_ends(&lab, ""), 4);
	EXPECT_GE(lab_count_events(&lab, EVENT_CALL_REFUSED, "limit=setups_per_second_per_source"),
		16);
	EXPECT_EQ(PPTP_OCRP_BUSY, client.last.ocrp.result);
	lab_run(&lab, 1000);
	lab_client_call(&client, 99);
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP_CONNECTED, client.last.ocrp.result);
	lab_close(&lab);
}

static void raise_descriptors(void)
{
	struct rlimit r;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = r.rlim_max < 4096 ? r.rlim_max : 4096;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &r));
}

static void no_rate(struct config *c)
{
	c->setups_per_second_per_source = 0;
}

// Half-open connections of one source, each fed a byte now and then, beyond every limit of
// strangers: a good client of the same source gets in nevertheless.
TEST(conn, half_open_connections_keep_no_good_client_out)
{
	static const uint8_t start[] = {0, 156, 0, 1, HEADER, 0, 1, 0, 0};

	raise_descriptors();
	lab_open(&lab, no_rate);
	for (int i = 0; i < N_STRANGERS; i++) {
		lab_client_open(&lab, &clients[i]);
		if (i % 50 == 49)
			lab_turn(&lab);
	}
	lab_run(&lab, 50);
	EXPECT_EQ(lab.config->max_unauthenticated_per_source, lab_count_connections(&lab));
	EXPECT_EQ(N_STRANGERS - lab.config->max_unauthenticated_per_source,
		lab.control->counters.tcp_refused);
	for (size_t round = 0; round < 5; round++) {
		for (int i = 0; i < N_STRANGERS; i++)
			(void)!send(clients[i].fd, &start[round], 1, MSG_NOSIGNAL);
		lab_run(&lab, 300);
	}
	dial_up(&client);
	EXPECT_EQ(1, lab.control->counters.connections_closed[END_PPTP_SILENT]); // one made room
	lab_close(&lab);
}

// Descriptors run out: the next connection is taken and closed, not left in the queue to wake us
// for ever.
TEST(conn, out_of_descriptors)
{
	struct rlimit r, old;

	lab_open(&lab, NULL);
	dial_up(&client);
	lab_client_open(&lab, &clients[0]);
	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &old));
	r = old;
	// The kernel has taken the connection, and nothing new can be opened: the lowest free
	// number is the limit.
	int lowest = dup(0);
	close(lowest);
	r.rlim_cur = (rlim_t)lowest;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &r));
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[0], 1000));
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &old));
	EXPECT_EQ(1, lab.control->counters.tcp_refused);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CLIENT_REFUSED, "out of descriptors"));
	EXPECT_EQ(1, lab.control->history.rings[HISTORY_STRANGERS].n_added);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_client_open(&lab, &clients[1]);
	lab_client_start(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &clients[1], 1000));
	lab_close(&lab);
}

// A client that asks and never reads is closed when its bounded buffer is full.
TEST(conn, who_does_not_read_is_closed)
{
	const struct pptp_message echo = {.type = PPTP_ECHO_REQUEST};
	const int small = 4096;
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));

	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	lab_client_start(&client);
	client.is_deaf = true;
	pptp_put(&w, &echo);
	lab_run(&lab, 20);
	ASSERT_EQ(1, lab_count_connections(&lab));
	for (long i = 0; i < 2000000 && lab_count_connections(&lab) > 0; i++) {
		(void)!send(client.fd, bytes, w.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (i % 64 == 0)
			lab_turn(&lab);
	}
	EXPECT_EQ(0, lab_count_connections(&lab));
	EXPECT_EQ(1, lab.control->counters.connections_closed[END_TCP_ERROR]);
	lab_close(&lab);
}

static void thousand_calls(struct config *c)
{
	c->max_calls_per_connection = c->max_calls_per_source = 1000;
	c->max_calls = 1000;
	c->setups_per_second_per_source = 0;
}

static void ask_for_calls(uint16_t first, unsigned int n)
{
	uint64_t started = lab.control->counters.calls_started;

	for (unsigned int i = 0; i < n; i++) {
		lab_client_call(&client, (uint16_t)(first + i));
		if (i % 16 == 15)
			lab_turn(&lab);
	}
	for (int i = 0; i < 1000 && lab.control->counters.calls_started < started + n; i++)
		lab_turn(&lab);
	lab_run(&lab, 50);
	ASSERT_EQ(n, lab_count_calls(&lab));
}

static bool has_read_all(struct lab *l, void *conn)
{
	return ((struct conn *)conn)->n_out == 0;
}

static bool has_stopped(struct lab *l, void *c)
{
	return ((struct lab_client *)c)->last.type == PPTP_STOP_CCRP;
}

// Who ends many calls at once, one by one or with the whole connection, reads the answers when he has written.
TEST(conn, a_thousand_calls_may_end_at_once)
{
	const int small = 32768;

	lab_open(&lab, thousand_calls);
	lab_client_open(&lab, &client);
	setsockopt(client.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	lab_client_start(&client);
	lab_run(&lab, 20);
	struct conn *conn = TAILQ_FIRST(&lab.control->conns);
	ask_for_calls(1, 1000);
	client.is_deaf = true;
	for (uint16_t i = 1; i <= 1000; i++) {
		client.call_id = i;
		lab_client_clear(&client);
		if (i % 16 == 0)
			lab_turn(&lab);
	}
	lab_run(&lab, 50);
	EXPECT_EQ(0, lab_count_calls(&lab));
	EXPECT_EQ(1, lab_count_connections(&lab));
	EXPECT_GT(conn->n_out, 50000);
	client.is_deaf = false;
	EXPECT_TRUE(lab_until(&lab, has_read_all, conn, 3000));
	EXPECT_EQ(NULL, conn->out);
	lab_run(&lab, 20);
	EXPECT_FALSE(client.is_closed_by_server);

	ask_for_calls(2001, 1000);
	client.is_deaf = true;
	lab_client_stop(&client);
	lab_run(&lab, 50);
	EXPECT_EQ(0, lab_count_calls(&lab));
	client.is_deaf = false;
	EXPECT_TRUE(lab_until(&lab, has_stopped, &client, 3000));
	EXPECT_FALSE(client.is_closed_by_server);
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 1000));
	EXPECT_EQ(1, lab.control->counters.connections_closed[END_CLIENT_STOP]);
	lab_close(&lab);
}
