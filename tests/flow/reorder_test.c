// SPDX-License-Identifier: BSD-3-Clause
// Packets that come out of order, with the buffer that puts them right.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum { MARK_AT = 32, PKT_BYTES = 100, FRAMES_MAX = 4000 };

static const uint8_t lcp_echo[] = {9, 1, 0, 8, 1, 2, 3, 4};

// Packets as they left the client, to be sent in another order.
struct trace {
	uint32_t first;
	unsigned int n;
	struct {
		size_t len;
		uint8_t bytes[200];
	} frames[FRAMES_MAX];
};

static struct trace trace;

// n packets with their number in them.
static void record(struct flow_client *c, unsigned int n)
{
	trace.first = c->seq;
	trace.n = n;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
		size_t len = flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, PKT_BYTES);
		bytes_put_u32(ip + MARK_AT, i);
		len = flow_ppp_data(c, ppp, PPP_IP, ip, len);
		trace.frames[i].len = flow_gre_frame(c, trace.frames[i].bytes, c->seq++, ppp, len);
	}
}

static void push(struct flow *f, unsigned int i)
{
	ASSERT_TRUE(flow_push(f, FLOW_OUTSIDE, 0, trace.frames[i].bytes, trace.frames[i].len));
}

static void put(struct flow *f, unsigned int i)
{
	push(f, i);
	flow_poll(f);
}

// The number in the next packet that left the inside port, -1 for none.
static int64_t take(struct flow *f)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	if (flow_take(f, FLOW_INSIDE, frame) == 0)
		return -1;
	return bytes_get_u32(frame + FLOW_ETHER_BYTES + MARK_AT);
}

static void expect_taken(struct flow *f, int64_t from, int64_t to)
{
	for (int64_t i = from; i <= to; i++)
		EXPECT_EQ(take(f), i);
	EXPECT_EQ(take(f), -1);
}

static void open_with(struct flow *f, struct flow_client *c, uint16_t pkts, uint32_t us)
{
	const struct flow_client_options options = {.reorder_pkts = pkts, .reorder_us = us};

	flow_open(f, NULL);
	flow_client_up(f, c, &options);
}

TEST(reorder, puts_packets_back_in_order)
{
	static const unsigned int order[] = {0, 2, 1, 3, 7, 6, 5, 4, 9, 10, 11, 8};

	for (unsigned int in_bursts = 0; in_bursts < 2; in_bursts++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(in_bursts);
		open_with(&f, &c, 8, 0);
		record(&c, RTE_DIM(order));
		for (unsigned int i = 0; i < RTE_DIM(order); i++) {
			push(&f, order[i]);
			if (!in_bursts)
				flow_poll(&f);
		}
		flow_poll(&f);
		expect_taken(&f, 0, RTE_DIM(order) - 1);
		const struct session_counters *n = &flow_session(&c)->counters;
		EXPECT_EQ(n->reordered, 5); // 1, 6, 5, 4, 8
		EXPECT_EQ(n->out_of_sequence, 5);
		EXPECT_EQ(n->lost + n->late + n->jumps + n->decrypt_failures, 0);
		EXPECT_EQ(flow_count(&f, gre_reordered), 5);
		EXPECT_EQ(flow_drops_all(&f), 0);
		flow_close(&f);
	}
}

TEST(reorder, waits_no_longer_than_it_may)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_with(&f, &c, 8, 300000);
	record(&c, 6);
	put(&f, 0);
	put(&f, 2);
	put(&f, 4);
	expect_taken(&f, 0, 0);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.ack, trace.first); // what is held is not acknowledged
	flow_wait_us(&f, 20000);
	expect_taken(&f, 1, 0);
	flow_wait_us(&f, 300000);
	EXPECT_EQ(take(&f), 2);
	EXPECT_EQ(take(&f), 4);
	put(&f, 1); // too late
	put(&f, 3);
	put(&f, 5);
	expect_taken(&f, 5, 5);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 2);
	EXPECT_EQ(flow_session(&c)->counters.late, 2);
	EXPECT_EQ(flow_session(&c)->counters.lost, 2);
	EXPECT_EQ(flow_session(&c)->counters.out_of_sequence, 2);
	EXPECT_EQ(flow_session(&c)->counters.reordered, 0);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.ack, trace.first + 5);
	flow_close(&f);
}

TEST(reorder, control_frames_wait_only_where_something_is_missing)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_with(&f, &c, 8, 0);
	flow_send_control(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	rte_pktmbuf_free(e.packet);
	record(&c, 1);
	flow_send_control(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	EXPECT_FALSE(flow_event(&f, 0, LANE_PPP, &e));
	put(&f, 0);
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	EXPECT_EQ(rte_pktmbuf_pkt_len(e.packet), sizeof(lcp_echo));
	rte_pktmbuf_free(e.packet);
	expect_taken(&f, 0, 0);
	flow_close(&f);
}

TEST(reorder, empty_packets_take_their_turn)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8, 0);
	record(&c, 2);
	put(&f, 0);
	flow_send_gre(&c, c.seq++, NULL, 0);
	put(&f, 1);
	expect_taken(&f, 0, 1);
	EXPECT_EQ(flow_session(&c)->gre.highest, c.seq - 1);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(reorder, duplicates_of_what_waits)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8, 0);
	record(&c, 4);
	put(&f, 0);
	put(&f, 2);
	put(&f, 2);
	put(&f, 0);
	put(&f, 1);
	put(&f, 2);
	put(&f, 3);
	expect_taken(&f, 0, 3);
	EXPECT_EQ(flow_session(&c)->counters.duplicates, 3);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_DUPLICATE), 3);
	flow_close(&f);
}

// A number far away, forged, alone: nobody waits for what lies between, and what waits goes on waiting.
TEST(reorder, forged_far_number)
{
	static const uint8_t ppp[] = {0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4};
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8, 0);
	record(&c, 10);
	put(&f, 0);
	put(&f, 2);
	flow_send_gre(&c, trace.first + 5000, ppp, sizeof(ppp));
	EXPECT_EQ(flow_drops(&f, DROP_GRE_JUMP), 1);
	EXPECT_EQ(flow_session(&c)->counters.out_of_window, 1);
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	for (unsigned int i = 1; i < 10; i++)
		if (i != 2)
			put(&f, i);
	expect_taken(&f, 0, 9);
	flow_close(&f);
}

// The window is moved by force: what waited belongs to numbers that were left.
TEST(reorder, a_run_far_ahead_lets_go_of_what_waits)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8, 0);
	record(&c, 3);
	put(&f, 0);
	put(&f, 2);
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	for (uint32_t k = 0; k < GRE_WINDOW_RESYNC_RUN; k++)
		flow_send_gre(&c, trace.first + 5000 + k, NULL, 0);
	EXPECT_EQ(flow_session(&c)->gre.highest, trace.first + 5000 + GRE_WINDOW_RESYNC_RUN - 1);
	EXPECT_EQ(flow_session(&c)->n_held, 0);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 1);
	flow_close(&f);
}

TEST(reorder, deleted_session_gives_back_what_waits)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_with(&f, &c, 8, 0);
	record(&c, 5);
	put(&f, 0);
	for (unsigned int i = 2; i < 5; i++)
		put(&f, i);
	EXPECT_EQ(flow_session(&c)->n_held, 3);
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.drops, 3);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);

	// The list is as good as new.
	const struct flow_client_options options = {.reorder_pkts = 8, .reorder_us = 1000};
	flow_client_up(&f, &c, &options);
	record(&c, 3);
	put(&f, 0);
	put(&f, 2);
	flow_wait_us(&f, 2000);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	flow_close(&f); // counts the pool
}

TEST(reorder, worker_that_stops_gives_back_what_waits)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8, 0);
	record(&c, 3);
	put(&f, 0);
	put(&f, 2);
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	flow_close(&f);
}

// More sessions with more missing than the lane has room for: what finds none goes on as without the buffer.
TEST(reorder, room_is_bounded_for_all_sessions)
{
	enum { CLIENTS = 48, EACH = 32 };
	static struct flow_client c[CLIENTS];
	struct flow f;
	unsigned int n_held = 0;

	flow_open(&f, NULL);
	for (unsigned int k = 0; k < CLIENTS; k++) {
		const struct flow_client_options options = {
			.number = k + 2, .reorder_pkts = EACH, .clear = true};
		flow_client_up(&f, &c[k], &options);
	}
	for (unsigned int k = 0; k < CLIENTS; k++) {
		record(&c[k], EACH + 2);
		for (unsigned int i = 0; i < EACH + 2; i++)
			if (i != 1)
				put(&f, i);
		n_held += flow_session(&c[k])->n_held;
	}
	EXPECT_EQ(n_held, 1024);
	EXPECT_EQ(flow_count(&f, gre_reorder_full), CLIENTS - n_held / EACH);
	EXPECT_EQ(flow_drops_all(&f), 0);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), CLIENTS * (EACH + 1) - n_held);
	for (unsigned int k = 0; k < CLIENTS; k++)
		flow_client_delete(&c[k]);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), n_held);
	flow_close(&f);
}

// --- streams ----------------------------------------------------------------------------------------

// What comes out is in order and at most once, whatever the path does; encrypted, so that MPPE has its say.
static void play(struct xorshift *x, const struct flow_client_options *options, bool loses)
{
	enum { PKTS = 3000, LATE_MAX = 6 };
	static unsigned int at[2 * PKTS], which[2 * PKTS];
	struct flow f;
	struct flow_client c;
	unsigned int n = 0, n_out = 0, n_sent = 0;
	int64_t last = -1, i;

	flow_open(&f, &(struct flow_options){.failures_max = 1000});
	flow_client_up(&f, &c, options);
	record(&c, PKTS);
	for (unsigned int k = 0; k < PKTS; k++) {
		if (k > 0 && loses && xorshift_below(x, 20) == 0)
			continue;
		n_sent++;
		for (unsigned int copies = 1 + (xorshift_below(x, 20) == 0); copies > 0; copies--) {
			unsigned int when = k;
			if (k > 0 && xorshift_below(x, 4) == 0)
				when += xorshift_below(x, LATE_MAX + 1);
			unsigned int to = n++;
			for (; to > 0 && at[to - 1] > when; to--) {
				at[to] = at[to - 1];
				which[to] = which[to - 1];
			}
			at[to] = when;
			which[to] = k;
		}
	}
	for (unsigned int k = 0; k < n; k++) {
		push(&f, which[k]);
		if (xorshift_below(x, 10) && k + 1 < n)
			continue;
		flow_poll(&f);
		while ((i = take(&f)) >= 0) {
			ASSERT_GT(i, last);
			last = i;
			n_out++;
		}
	}
	EXPECT_LE(flow_session(&c)->n_held, options->reorder_pkts);
	if (loses) {
		EXPECT_GT(n_out, n_sent * 3 / 4);
	} else if (options->reorder_pkts > LATE_MAX) {
		EXPECT_EQ(n_out, PKTS);
	}
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	flow_close(&f);
}

TEST(reorder, random_streams)
{
	struct xorshift x = xorshift_seed(42);
	static const uint16_t depths[] = {0, 1, 2, 4, 8, 32};

	for (unsigned int i = 0; i < RTE_DIM(depths); i++) {
		for (unsigned int loses = 0; loses < 2; loses++) {
			const struct flow_client_options options = {.reorder_pkts = depths[i]};
			SHIM_TRACE_CASE(2 * i + loses);
			play(&x, &options, loses);
		}
	}
}

// The time is over for the packets of many clients at once, and all are for one other client.
TEST(reorder, many_for_another_client_go_on_at_once)
{
	enum { CLIENTS = 40, HELD = 8 };
	struct flow f;
	struct flow_client c, to;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];
	unsigned int n = 0;

	flow_open(&f, NULL);
	flow_client_up(&f, &to, &(struct flow_client_options){.clear = true});
	for (unsigned int i = 0; i < CLIENTS; i++) {
		const struct flow_client_options options = {
			.number = 3 + i, .clear = true, .reorder_pkts = HELD, .reorder_us = 200000};
		flow_client_up(&f, &c, &options);
		size_t len = flow_ip(ip, c.inner, to.inner, INET_UDP, 100);
		flow_send_up(&c, ip, len);
		flow_client_lose(&c);
		for (unsigned int k = 0; k < HELD - 1; k++)
			flow_send_up(&c, ip, len);
	}
	flow_wait_us(&f, 210000);
	while (flow_take_down(&to, &down))
		n++;
	EXPECT_EQ(n, CLIENTS * HELD);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}
