// SPDX-License-Identifier: BSD-3-Clause
// Thousands of set-ups that go wrong, each kind in its own way: afterwards all that control holds is as
// it was before. 10,000 in all by default; ADIT_BAD_SETUPS=10000 makes it so many of each kind.
#include "control/lab.h"

#include "shim/shim.h"
#include "wire/cp.h"
#include "wire/ppp.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	IN_ALL = 10000,
	SIDE_BY_SIDE = 200, // of one kind
	// What may differ: a table of timers grows with the most at a time, and what malloc keeps of odd sizes counts as in
	// use. The least that a call can lose is 32 bytes, 10 KB of 323.
	HEAP_BYTES_MAX = 8192,
	TURNS_MAX = 20000,
};

static struct lab lab;
static struct lab_client clients[SIDE_BY_SIDE];

// ---- how to go wrong ----------------------------------------------------------------------------

enum stage { CONNECTED, STARTED, CALLED, RESPONDED, UP };

struct bad {
	const char *name;
	const char *bytes; // instead of Start-Control-Connection-Request, n_bytes of them
	size_t n_bytes;
	bool is_half_way; // only the beginning of a good one
	enum stage stage; // goes as far as this with PPP, then:
	enum { WAITS, RESETS, CLOSES, CLEARS, STOPS, HANGS_UP, ASKS_TWICE, OFFERS_CALL } then;
	bool has_ppp;
	bool rejects_ipcp;
	const char *password;
	const char *user;
	const struct sim_peer_profile *profile;
	enum end_reason reason; // of the call, or of the connection where there was none
};

static const struct sim_peer_profile pap_only = {
	.name = "pap", .methods = {AUTH_METHOD_PAP}, .restart_ns = SIM_SEC, .window = 3};
static const struct sim_peer_profile no_ccp = {
	.name = "no-ccp", .ccp = SIM_CCP_REJECTS_PROTOCOL, .restart_ns = SIM_SEC, .window = 3};
static const struct sim_peer_profile no_mppe = {
	.name = "no-mppe", .ccp = SIM_CCP_REJECTS_OPTION, .restart_ns = SIM_SEC, .window = 3};
static const struct sim_peer_profile only_40 = {.name = "40",
	.strengths = MPPE_OPTION_40,
	.rejects_modes = true,
	.mppe_bits = MPPE_OPTION_40 | MPPE_OPTION_STATELESS,
	.restart_ns = SIM_SEC,
	.window = 3};

#define MAGIC	 "\x1a\x2b\x3c\x4d"
#define BYTES(s) .bytes = (s), .n_bytes = sizeof(s) - 1

static const struct bad bads[] = {
	{.name = "silent", BYTES(""), .reason = END_PPTP_SILENT},
	{.name = "http", BYTES("GET / HTTP/1.1\r\n\r\n"), .reason = END_PPTP_BAD_COOKIE},
	{.name = "wrong cookie",
		BYTES("\0\x9c\0\1\x1a\x2b\x3c\x4e\0\1\0\0"),
		.reason = END_PPTP_BAD_COOKIE},
	{.name = "wrong length",
		BYTES("\0\x9b\0\1" MAGIC "\0\1\0\0"),
		.reason = END_PPTP_BAD_LENGTH},
	{.name = "wrong type", BYTES("\0\x9c\0\1" MAGIC "\0\x63\0\0"), .reason = END_PPTP_BAD_TYPE},
	{.name = "echo first",
		BYTES("\0\x10\0\1" MAGIC "\0\5\0\0\1\2\3\4"),
		.reason = END_PPTP_BAD_ORDER},
	{.name = "half way", BYTES("\0\x9c\0\1" MAGIC "\0\1"), .reason = END_PPTP_SILENT},
	{.name = "reset at once", .then = RESETS, .reason = END_TCP_ERROR},
	{.name = "closed at once", .then = CLOSES, .reason = END_CLIENT_TCP_CLOSED},
	{.name = "start, silence", .stage = STARTED, .reason = END_SETUP_TIMEOUT},
	{.name = "start, reset", .stage = STARTED, .then = RESETS, .reason = END_TCP_ERROR},
	{.name = "start, stop", .stage = STARTED, .then = STOPS, .reason = END_CLIENT_STOP},
	{.name = "start, incoming call",
		.stage = STARTED,
		.then = OFFERS_CALL,
		.reason = END_CLIENT_TCP_CLOSED},
	{.name = "call, no GRE", .stage = CALLED, .reason = END_NO_GRE},
	{.name = "call, reset", .stage = CALLED, .then = RESETS, .reason = END_TCP_ERROR},
	{.name = "call, closed", .stage = CALLED, .then = CLOSES, .reason = END_CLIENT_TCP_CLOSED},
	{.name = "call, cleared", .stage = CALLED, .then = CLEARS, .reason = END_CLIENT_CALL_CLEAR},
	{.name = "call, stopped", .stage = CALLED, .then = STOPS, .reason = END_CLIENT_STOP},
	{.name = "call twice",
		.stage = CALLED,
		.then = ASKS_TWICE,
		.reason = END_CLIENT_TCP_CLOSED},
	{.name = "LCP hangs up",
		.stage = CALLED,
		.then = HANGS_UP,
		.has_ppp = true,
		.reason = END_CLIENT_LCP_TERMINATE},
	{.name = "no common auth",
		.stage = UP,
		.profile = &pap_only,
		.has_ppp = true,
		.reason = END_AUTH_NO_COMMON},
	{.name = "wrong password",
		.stage = UP,
		.password = "wrong",
		.has_ppp = true,
		.reason = END_AUTH_REJECTED},
	{.name = "unknown user",
		.stage = UP,
		.user = "mallory",
		.has_ppp = true,
		.reason = END_AUTH_REJECTED},
	{.name = "reset in auth",
		.stage = RESPONDED,
		.then = RESETS,
		.has_ppp = true,
		.reason = END_TCP_ERROR},
	{.name = "cleared in auth",
		.stage = RESPONDED,
		.then = CLEARS,
		.has_ppp = true,
		.reason = END_CLIENT_CALL_CLEAR},
	{.name = "no CCP",
		.stage = UP,
		.profile = &no_ccp,
		.has_ppp = true,
		.reason = END_ENCRYPTION_REFUSED},
	{.name = "no MPPE",
		.stage = UP,
		.profile = &no_mppe,
		.has_ppp = true,
		.reason = END_ENCRYPTION_REFUSED},
	{.name = "40 bit only",
		.stage = UP,
		.profile = &only_40,
		.has_ppp = true,
		.reason = END_ENCRYPTION_MISMATCH},
	{.name = "no IPCP",
		.stage = UP,
		.rejects_ipcp = true,
		.has_ppp = true,
		.reason = END_IPCP_FAILED},
	{.name = "up, reset",
		.stage = UP,
		.then = RESETS,
		.has_ppp = true,
		.reason = END_TCP_ERROR},
	{.name = "up, closed",
		.stage = UP,
		.then = CLOSES,
		.has_ppp = true,
		.reason = END_CLIENT_TCP_CLOSED},
};

static bool reject_ipcp(struct lab_client *c, uint16_t protocol, struct span info)
{
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (protocol != PPP_IPCP)
		return false;
	writer_u8(&w, CP_PROTOCOL_REJECT);
	writer_u8(&w, 77);
	writer_u16(&w, (uint16_t)(CP_HEADER_BYTES + 2 + info.len));
	writer_u16(&w, protocol);
	writer_bytes(&w, info.bytes, info.len);
	sim_tunnel_send_frame(&c->tunnel, PPP_LCP, span_of(bytes, w.len), loop_clock_ns());
	return true;
}

static void begin(const struct bad *b, struct lab_client *c, uint16_t call_id)
{
	lab_client_open(&lab, c);
	c->answers_stop = b->stage != STARTED; // who is silent does not answer that either
	c->is_mute = !b->has_ppp;
	if (b->rejects_ipcp)
		c->takes_frame = reject_ipcp;
	if (b->bytes) {
		lab_client_send_bytes(c, b->bytes, b->n_bytes);
		return;
	}
	if (b->stage == STARTED)
		lab_client_start(c);
	if (b->stage < CALLED)
		return;
	lab_client_dial(c, b->profile ? b->profile : &lab_pppd, b->user ? b->user : "alice",
		b->password ? b->password : "secret", call_id);
}

// Its stage, or the end of the call before it.
static bool has_come(const struct bad *b, const struct lab_client *c)
{
	if (strstr(c->heard, "CDN"))
		return true;
	switch (b->stage) {
	case CONNECTED:
		return true;
	case STARTED:
		return c->heard[0] != '\0';
	case CALLED:
		return c->server_call_id != 0;
	case RESPONDED:
		return c->peer.has_responded;
	case UP:
		return c->peer.is_up;
	}
	return false;
}

static void shut(struct lab_client *c, bool by_reset)
{
	const struct linger at_once = {.l_onoff = 1};

	if (by_reset)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(c->fd);
	c->fd = -1;
	c->has_peer = false;
}

static void offer_call(struct lab_client *c)
{
	const struct pptp_message offer = {.type = PPTP_ICRQ, .icrq.call_id = 7};

	lab_client_send(c, &offer);
}

// What it does at its stage, once.
static void do_wrong(const struct bad *b, struct lab_client *c)
{
	switch (b->then) {
	case WAITS:
		break;
	case RESETS:
	case CLOSES:
		shut(c, b->then == RESETS);
		break;
	case CLEARS:
		c->has_peer = false;
		lab_client_clear(c);
		shutdown(c->fd, SHUT_WR);
		break;
	case STOPS:
		c->has_peer = false;
		lab_client_stop(c);
		shutdown(c->fd, SHUT_WR);
		break;
	case HANGS_UP:
		sim_peer_terminate(&c->peer, loop_clock_ns());
		break;
	case ASKS_TWICE:
		lab_client_call(c, c->call_id);
		shutdown(c->fd, SHUT_WR);
		break;
	case OFFERS_CALL:
		offer_call(c);
		shutdown(c->fd, SHUT_WR);
		break;
	}
}

// ---- how it is counted --------------------------------------------------------------------------

struct held {
	size_t heap_bytes;
	unsigned int descriptors, mbufs, addresses, call_ids, calls, connections, strangers,
		admitted;
	unsigned int refusals, remembered;
};

static struct held look(void)
{
	const struct control *c = lab.control;
	struct held h = {
		.heap_bytes = mallinfo2().uordblks + mallinfo2().hblkhd,
		.descriptors = lab_count_descriptors(),
		.mbufs = rte_mempool_in_use_count(lab.pool),
		.addresses = lab_count_addresses(&lab),
		.call_ids = c->call_tables[0].n_used,
		.calls = lab_count_calls(&lab),
		.connections = lab_count_connections(&lab),
		.strangers = c->admission.n_strangers,
		.admitted = c->admission.n_connections,
		.refusals = c->refusals.n,
	};

	for (int i = 0; i < SUPERSEDE_BUCKETS; i++)
		h.remembered += !TAILQ_EMPTY(&c->supersede.buckets[i]);
	return h;
}

static void expect_same(const struct held *a, const struct held *b)
{
	EXPECT_LE(b->heap_bytes, a->heap_bytes + HEAP_BYTES_MAX);
	EXPECT_EQ(a->descriptors, b->descriptors);
	EXPECT_EQ(a->mbufs, b->mbufs);
	EXPECT_EQ(a->addresses, b->addresses);
	EXPECT_EQ(a->call_ids, b->call_ids);
	EXPECT_EQ(a->calls, b->calls);
	EXPECT_EQ(a->connections, b->connections);
	EXPECT_EQ(a->strangers, b->strangers);
	EXPECT_EQ(a->admitted, b->admitted);
	EXPECT_EQ(a->refusals, b->refusals);
	EXPECT_EQ(a->remembered, b->remembered);
}

static uint64_t count_ends(enum end_reason reason)
{
	const struct control_counters *n = &lab.control->counters;

	return n->calls_failed[reason] + n->calls_ended[reason];
}

static uint64_t count_closed(enum end_reason reason)
{
	return lab.control->counters.connections_closed[reason];
}

// ---- the round ----------------------------------------------------------------------------------

static void play(const struct bad *b, unsigned int n)
{
	bool has_done[SIDE_BY_SIDE] = {false};
	uint64_t started = lab.control->counters.calls_started;
	uint64_t accepted = lab.control->counters.tcp_accepted;
	uint64_t ended = count_ends(b->reason), closed = count_closed(b->reason);
	unsigned int n_done = 0, turn;

	for (unsigned int i = 0; i < n; i++)
		begin(b, &clients[i], (uint16_t)i);
	for (turn = 0; turn < TURNS_MAX; turn++) {
		lab_turn(&lab);
		for (unsigned int i = 0; i < n; i++) {
			struct lab_client *c = &clients[i];
			if (has_done[i] && c->has_peer && strstr(c->heard, "CDN"))
				shut(c, false); // it was told the end
			if (has_done[i] || !has_come(b, c))
				continue;
			do_wrong(b, c);
			has_done[i] = true;
			n_done++;
		}
		// When nobody has anything left to do, only time does.
		if (n_done == n && b->then == WAITS)
			lab_skip(&lab, LAB_SKIP_MS);
		if (lab.control->counters.tcp_accepted == accepted + n && lab_is_empty(&lab, NULL))
			break;
	}
	EXPECT_LT(turn, TURNS_MAX);
	for (unsigned int i = 0; i < n; i++)
		lab_client_close(&clients[i]);
	started = lab.control->counters.calls_started - started;
	if (started)
		EXPECT_EQ(started, count_ends(b->reason) - ended);
	else
		EXPECT_EQ(n, count_closed(b->reason) - closed);
}

static void be_generous(struct config *c)
{
	c->setups_per_second_per_source = 0;
	c->max_unauthenticated = c->max_unauthenticated_per_source = 10000;
	c->handshake_timeout_s = 3;
	c->no_lcp_timeout_s = 2;
	c->lockout_user_failures = c->lockout_source_failures = 0;
	c->pools[0].last = c->pools[0].first + 2 * SIDE_BY_SIDE;
	c->supersede = true;
}

static unsigned int count_of_each(void)
{
	const char *text = getenv("ADIT_BAD_SETUPS");

	return text ? (unsigned int)atoi(text) : IN_ALL / (unsigned int)RTE_DIM(bads) + 1;
}

static void raise_descriptors(void)
{
	struct rlimit r;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = r.rlim_max < 4096 ? r.rlim_max : 4096;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &r));
}

TEST(bad_setups, leave_nothing_behind)
{
	unsigned int n_each = count_of_each();

	raise_descriptors();
	lab_open(&lab, be_generous);
	// What is made on first use is made now.
	for (size_t i = 0; i < RTE_DIM(bads); i++) {
		SHIM_TRACE_CASE((long long)i);
		play(&bads[i], SIDE_BY_SIDE);
	}
	const struct held before = look();
	for (size_t i = 0; i < RTE_DIM(bads); i++) {
		uint64_t begin_ns = loop_clock_ns();
		SHIM_TRACE_CASE((long long)i);
		for (unsigned int n = 0; n < n_each; n += SIDE_BY_SIDE)
			play(&bads[i], n_each - n < SIDE_BY_SIDE ? n_each - n : SIDE_BY_SIDE);
		const struct held after = look();
		expect_same(&before, &after);
		printf("%-20s %6u in %5llu ms\n", bads[i].name, n_each,
			(unsigned long long)(loop_clock_ns() - begin_ns) / 1000000);
	}
	EXPECT_EQ(0, lab.control->counters.stale_events);
	lab_close(&lab);
}
