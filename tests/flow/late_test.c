// SPDX-License-Identifier: BSD-3-Clause
// Packets that come behind later ones and are passed on all the same (pptp.late_pkts).
#include "flow_clock.h"
#include "flow_trace.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

static const uint8_t lcp_echo[] = {0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4};

static struct flow_trace trace;

static void record(struct flow_client *c, unsigned int n)
{
	flow_trace_record(&trace, c, n);
}

static void put(struct flow *f, unsigned int i)
{
	flow_trace_put(&trace, f, i);
}

static void push(struct flow *f, unsigned int i)
{
	flow_trace_push(&trace, f, i);
}

static void expect_one(struct flow *f, int64_t i)
{
	EXPECT_EQ(flow_trace_take(f), i);
	EXPECT_EQ(flow_trace_take(f), -1);
}

static void open_with(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options)
{
	flow_open(f, &(struct flow_options){
			     .may_be_late = true, .may_be_stateful = true, .failures_max = 1});
	flow_client_up(f, c, options);
}

static void open_late(struct flow *f, struct flow_client *c, uint16_t late_pkts)
{
	open_with(f, c, &(struct flow_client_options){.late_pkts = late_pkts});
}

static const struct session_counters *counts(const struct flow_client *c)
{
	return &flow_session(c)->counters;
}

// No sign of wrong keys, whatever came.
static void expect_calm(struct flow *f, struct flow_client *c)
{
	struct lane_event e;

	EXPECT_EQ(counts(c)->decrypt_failures, 0);
	EXPECT_EQ(flow_session(c)->failures_in_a_row, 0);
	EXPECT_FALSE(flow_event(f, 0, LANE_DECRYPT_FAILURES, &e));
}

// --- what passes ------------------------------------------------------------------------------------

static void play_order(const struct flow_client_options *options, bool in_bursts)
{
	static const unsigned int order[] = {0, 2, 1, 3, 7, 6, 5, 4, 9, 10, 11, 8, 12};
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, options);
	record(&c, RTE_DIM(order));
	for (unsigned int i = 0; i < RTE_DIM(order); i++) {
		push(&f, order[i]);
		if (!in_bursts)
			flow_poll(&f);
	}
	flow_poll(&f);
	for (unsigned int i = 0; i < RTE_DIM(order); i++)
		EXPECT_EQ(flow_trace_take(&f), order[i]);
	EXPECT_EQ(counts(&c)->late, 5); // 1, 6, 5, 4, 8
	EXPECT_EQ(counts(&c)->late_passed, 5);
	EXPECT_EQ(counts(&c)->out_of_sequence, 5);
	EXPECT_EQ(counts(&c)->lost, 5);
	EXPECT_EQ(counts(&c)->up_pkts, RTE_DIM(order));
	EXPECT_EQ(counts(&c)->key_changes, options->clear ? 0 : RTE_DIM(order));
	EXPECT_EQ(flow_count(&f, gre_late_passed), 5);
	EXPECT_EQ(flow_drops_all(&f), 0);
	expect_calm(&f, &c);
	flow_close(&f);
}

TEST(late, passes_in_every_strength_and_in_the_clear)
{
	static const struct flow_client_options options[] = {
		{.late_pkts = 4},
		{.late_pkts = 32, .strength = MPPE_STRENGTH_40},
		{.late_pkts = 32, .strength = MPPE_STRENGTH_56},
		{.late_pkts = 32, .client_pfc = true, .client_acfc = true},
		{.late_pkts = 4, .clear = true},
	};

	for (unsigned int i = 0; i < 2 * RTE_DIM(options); i++) {
		SHIM_TRACE_CASE(i);
		play_order(&options[i / 2], i % 2);
	}
}

TEST(late, off_is_off)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, 0);
	record(&c, 4);
	put(&f, 0);
	put(&f, 2);
	put(&f, 1);
	put(&f, 3);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 1);
	EXPECT_EQ(counts(&c)->late_passed, 0);
	flow_close(&f);
}

// Behind by n: with an allowance of late_pkts, and a ring of 32 keys that the current one is in.
TEST(late, no_farther_than_allowed)
{
	static const struct {
		uint16_t late_pkts;
		unsigned int behind;
		bool clear;
		uint8_t reason; // 0: passes
	} cases[] = {
		{1, 1, false, 0}, {1, 2, false, DROP_GRE_LATE}, {4, 4, false, 0},
		{4, 5, false, DROP_GRE_LATE}, {31, 31, false, 0},
		{32, 32, false, DROP_MPPE_JUMP}, // its key has just gone
		{32, 32, true, 0}, {32, 33, true, DROP_GRE_LATE},
		{200, 33, true, DROP_GRE_LATE}, // no more than the limit, whatever control says
	};

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(i);
		open_with(&f, &c,
			&(struct flow_client_options){
				.late_pkts = cases[i].late_pkts, .clear = cases[i].clear});
		record(&c, 40);
		put(&f, 0);
		for (unsigned int k = 2; k <= 1 + cases[i].behind; k++)
			put(&f, k);
		(void)flow_discard(&f, FLOW_INSIDE);
		put(&f, 1);
		expect_one(&f, cases[i].reason ? -1 : 1);
		if (cases[i].reason)
			EXPECT_EQ(flow_drops(&f, (enum drop_reason)cases[i].reason), 1);
		put(&f, 2 + cases[i].behind);
		expect_one(&f, 2 + cases[i].behind);
		expect_calm(&f, &c);
		flow_close(&f);
	}
}

// A jump leaves the last of its keys behind.
TEST(late, after_a_jump)
{
	static const unsigned int jumps[] = {2, 3, 16, 31, 32};

	for (unsigned int i = 0; i < RTE_DIM(jumps); i++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(jumps[i]);
		open_late(&f, &c, 31);
		record(&c, 60);
		for (unsigned int k = 0; k < 10; k++)
			put(&f, k);
		put(&f, 9 + jumps[i]);
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 11);
		for (unsigned int k = 8 + jumps[i]; k > 9; k--) {
			put(&f, k);
			expect_one(&f, k);
		}
		put(&f, 9);
		expect_one(&f, -1);
		EXPECT_EQ(flow_drops(&f, DROP_GRE_DUPLICATE), 1);
		put(&f, 10 + jumps[i]);
		expect_one(&f, 10 + jumps[i]);
		EXPECT_EQ(counts(&c)->key_changes, 11 + jumps[i]);
		expect_calm(&f, &c);
		flow_close(&f);
	}
}

// A jump of GRE numbers beyond 32 begins a new track, and the copy of the key that walks through a long loss leaves no
// keys behind: what is from before then is not late but lost, and what follows is late again.
TEST(late, after_a_long_loss)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_late(&f, &c, 32);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	flow_send_up(&c, ip, len);
	ASSERT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	for (unsigned int i = 0; i < 6000; i++)
		flow_client_lose(&c);
	for (unsigned int i = 0; i < 400 && flow_discard(&f, FLOW_INSIDE) == 0; i++)
		flow_send_up(&c, ip, len);
	record(&c, 40);
	put(&f, 5);
	expect_one(&f, 5);
	for (unsigned int i = 4; i-- > 0;) {
		put(&f, i);
		expect_one(&f, i);
	}
	for (unsigned int i = 6; i < 40; i++) {
		put(&f, i);
		expect_one(&f, i);
	}
	put(&f, 4); // 35 behind
	expect_one(&f, -1);
	EXPECT_EQ(counts(&c)->late_passed, 4);
	expect_calm(&f, &c);
	flow_close(&f);
}

// What overtook it has a GRE number, but no count.
TEST(late, overtaken_by_control_alone)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c, 8);
	record(&c, 2);
	flow_trace_add(&trace, &c, lcp_echo, sizeof(lcp_echo));
	flow_trace_add_data(&trace, &c);
	put(&f, 0);
	put(&f, 2);
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	rte_pktmbuf_free(e.packet);
	put(&f, 1);
	put(&f, 3);
	EXPECT_EQ(flow_trace_take(&f), 0);
	EXPECT_EQ(flow_trace_take(&f), 1);
	expect_one(&f, 3);
	EXPECT_EQ(counts(&c)->late_passed, 1);
	expect_calm(&f, &c);
	flow_close(&f);
}

// Behind what was let out of the buffer; what waits there goes on waiting.
TEST(late, beyond_the_reorder_buffer)
{
	const struct flow_client_options options = {
		.late_pkts = 32, .reorder_pkts = 8, .reorder_us = 100000};
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, &options);
	record(&c, 8);
	put(&f, 0);
	expect_one(&f, 0);
	put(&f, 3);
	flow_wait_us(&f, 110000);
	expect_one(&f, 3);
	put(&f, 5);
	EXPECT_EQ(flow_session(&c)->n_held, 1); // for 4
	put(&f, 2);
	expect_one(&f, 2);
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	put(&f, 1);
	expect_one(&f, 1);
	put(&f, 4);
	EXPECT_EQ(flow_trace_take(&f), 4);
	expect_one(&f, 5);
	EXPECT_EQ(counts(&c)->late_passed, 2);
	EXPECT_EQ(counts(&c)->reordered, 1);
	EXPECT_EQ(flow_drops_all(&f), 0);
	expect_calm(&f, &c);
	flow_close(&f);
}

// --- what does not ----------------------------------------------------------------------------------

TEST(late, each_once)
{
	struct flow f;
	struct flow_client c;
	uint8_t ppp[FLOW_FRAME_BYTES];

	open_late(&f, &c, 16);
	record(&c, 8);
	put(&f, 0);
	put(&f, 5);
	put(&f, 3);
	put(&f, 3);
	put(&f, 6);
	put(&f, 3);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_DUPLICATE), 2);
	// Replayed with a number that has not come: 3, which was read late, and 5, in order.
	const size_t headers_len = FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES + 12;
	for (unsigned int i = 3; i <= 5; i += 2) {
		size_t len = trace.frames[i].len - headers_len;
		memcpy(ppp, trace.frames[i].bytes + headers_len, len);
		flow_send_gre(&c, trace.first + i / 3, ppp, len); // 1, 1
		EXPECT_EQ(flow_drops(&f, DROP_MPPE_JUMP), 1);
	}
	put(&f, 2);
	put(&f, 7);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 6); // 0 5 3 6 2 7
	expect_calm(&f, &c);
	flow_close(&f);
}

// Garbage with numbers that are missing: it takes their place, and no more.
TEST(late, forged_ones_move_no_key_and_accuse_nobody)
{
	struct flow f;
	struct flow_client c;
	unsigned int n_out = 0;

	open_late(&f, &c, 32);
	for (unsigned int round = 0; round < 40; round++) {
		record(&c, 20);
		put(&f, 0);
		put(&f, 19);
		uint16_t count = c.up.last;
		uint64_t n_changes = counts(&c)->key_changes;
		struct mppe_sync before = flow_session(&c)->rx_sync;
		for (unsigned int i = 1; i < 10; i++) {
			uint8_t ppp[90] = {0, PPP_COMP};
			mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
				(uint16_t)(count - 19 + i) & MPPE_COHERENCY_MASK);
			for (unsigned int k = 4; k < sizeof(ppp); k++)
				ppp[k] = (uint8_t)(round * 31 + i * 17 + k);
			flow_send_gre(&c, trace.first + i, ppp, sizeof(ppp));
		}
		EXPECT_EQ(counts(&c)->key_changes, n_changes);
		before.at.missing = flow_session(&c)->rx_sync.at.missing;
		EXPECT_MEMEQ(&flow_session(&c)->rx_sync, &before, sizeof(before));
		for (unsigned int i = 10; i < 19; i++)
			put(&f, i);
		n_out += flow_discard(&f, FLOW_INSIDE);
	}
	EXPECT_EQ(n_out, 40 * 11);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_GARBAGE), 40 * 9);
	EXPECT_EQ(counts(&c)->late_passed, 40 * 9);
	expect_calm(&f, &c);
	flow_close(&f);
}

// A forged jump writes over keys in the ring. What was late with these is refused; what is late after that is read.
TEST(late, after_a_forged_jump)
{
	static const unsigned int jumps[] = {2, 20, 31, 40, 200};

	for (unsigned int i = 0; i < RTE_DIM(jumps); i++) {
		struct flow f;
		struct flow_client c;
		uint8_t ppp[90] = {0, PPP_COMP};

		SHIM_TRACE_CASE(jumps[i]);
		flow_open(&f, &(struct flow_options){.may_be_late = true, .failures_max = 2});
		flow_client_up(&f, &c, &(struct flow_client_options){.late_pkts = 32});
		record(&c, 100);
		for (unsigned int k = 0; k < 40; k++)
			if (k != 10 && k != 38)
				put(&f, k);
		(void)flow_discard(&f, FLOW_INSIDE);
		mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
			(uint16_t)(39 + jumps[i]));
		flow_send_gre(&c, trace.first + 40, ppp, sizeof(ppp)); // it takes number 40
		EXPECT_EQ(counts(&c)->decrypt_failures, 1);
		put(&f, 38);
		put(&f, 10);
		unsigned int n_out = flow_discard(&f, FLOW_INSIDE);
		EXPECT_EQ(n_out, (jumps[i] < 31) + (jumps[i] < 3)); // 38 is one key back, 10 is 29
		// The others are not tried with keys of packets that are yet to come.
		EXPECT_EQ(flow_drops(&f, DROP_MPPE_GARBAGE), 1);
		EXPECT_EQ(flow_drops(&f, DROP_MPPE_JUMP), 2 - n_out);
		EXPECT_EQ(counts(&c)->decrypt_failures, 1);
		put(&f, 43);
		put(&f, 42);
		put(&f, 41);
		put(&f, 44);
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 4);
		EXPECT_EQ(flow_session(&c)->failures_in_a_row, 0);
		flow_close(&f);
	}
}

// What is forged ahead, within reach, puts the client's own numbers behind: they are late, and their counts the next.
TEST(late, a_forged_number_ahead_costs_nothing)
{
	struct flow f;
	struct flow_client c;
	uint8_t ppp[90] = {0, PPP_COMP};

	flow_open(&f, &(struct flow_options){.may_be_late = true, .failures_max = 1000});
	flow_client_up(&f, &c, &(struct flow_client_options){.late_pkts = 32});
	record(&c, 400);
	for (unsigned int i = 0; i < 400; i++) {
		if (i % 40 == 5) {
			mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
				(uint16_t)(i + 20));
			flow_send_gre(&c, trace.first + i + 30, ppp, sizeof(ppp));
		}
		if (i % 40 != 35) // its number has been used
			put(&f, i);
	}
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 390);
	flow_close(&f);
}

TEST(late, control_frames_are_not_passed)
{
	static const uint8_t ipv6[40] = {0x60}, vj[40] = {0x70};
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ppp[FLOW_FRAME_BYTES];

	open_late(&f, &c, 16);
	record(&c, 1);
	flow_trace_add(&trace, &c, lcp_echo, sizeof(lcp_echo)); // 1
	flow_trace_add_data(&trace, &c);
	size_t len = flow_ppp_data(&c, ppp, PPP_IPV6, ipv6, sizeof(ipv6));
	flow_trace_add(&trace, &c, ppp, len); // 3
	flow_trace_add_data(&trace, &c);
	len = flow_ppp_data(&c, ppp, 0x2f, vj, sizeof(vj)); // uncompressed TCP of Van Jacobson's
	flow_trace_add(&trace, &c, ppp, len);		    // 5
	flow_trace_add_data(&trace, &c);
	for (unsigned int i = 0; i < 7; i += 2)
		put(&f, i);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 4);
	for (unsigned int i = 1; i < 7; i += 2)
		put(&f, i);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 1);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_GARBAGE), 2);
	EXPECT_FALSE(flow_event(&f, 0, LANE_PPP, &e));
	EXPECT_EQ(counts(&c)->up_control_frames, 0);
	EXPECT_EQ(counts(&c)->late_passed, 0);
	// Nor with the next count, which control frames have overtaken.
	len = flow_ppp_data(&c, ppp, PPP_IPV6, ipv6, sizeof(ipv6));
	flow_send_gre(&c, c.seq + 1, lcp_echo, sizeof(lcp_echo));
	EXPECT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	rte_pktmbuf_free(e.packet);
	flow_send_gre(&c, c.seq, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 2);
	EXPECT_FALSE(flow_event(&f, 0, LANE_PPP, &e));
	expect_calm(&f, &c);
	flow_close(&f);
}

TEST(late, clear_data_of_an_encrypted_session_is_refused_as_ever)
{
	struct flow f;
	struct flow_client c;
	uint8_t ppp[FLOW_FRAME_BYTES] = {0, PPP_IP};

	open_late(&f, &c, 16);
	record(&c, 4);
	put(&f, 0);
	put(&f, 3);
	size_t len = flow_ip(ppp + 2, c.inner, FLOW_HOST, INET_UDP, 100);
	flow_send_gre(&c, trace.first + 1, ppp, len + 2);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	flow_close(&f);
}

TEST(late, stateful_sessions_take_no_part)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_with(&f, &c, &(struct flow_client_options){.late_pkts = 32, .stateful_up = true});
	record(&c, 8);
	put(&f, 0);
	flow_trace_add(&trace, &c, lcp_echo, sizeof(lcp_echo)); // 8
	put(&f, 8);
	EXPECT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	rte_pktmbuf_free(e.packet);
	struct mppe_sync before = flow_session(&c)->rx_sync;
	for (unsigned int i = 1; i < 8; i++)
		put(&f, i);
	EXPECT_MEMEQ(&flow_session(&c)->rx_sync, &before, sizeof(before));
	EXPECT_FALSE(flow_event(&f, 0, LANE_DESYNC, &e));
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 7);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	expect_calm(&f, &c);
	flow_close(&f);
}

// Where the table keeps no keys, only what is in the clear passes late.
TEST(late, nothing_is_read_without_keys)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &(struct flow_client_options){.late_pkts = 32});
	record(&c, 4);
	put(&f, 0);
	put(&f, 2);
	put(&f, 1);
	put(&f, 3);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 1);
	expect_calm(&f, &c);
	flow_close(&f);
}

static bool is_ring_wiped(const struct flow *f, const struct flow_client *c)
{
	static const struct mppe_key_ring wiped;
	const struct mppe_key_ring *ring = &f->sessions[0].rings[session_id_slot(c->id)];

	return memcmp(ring, &wiped, sizeof(wiped)) == 0;
}

TEST(late, new_keys_and_a_session_s_end_leave_no_old_ones)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, 32);
	record(&c, 40);
	put(&f, 0);
	put(&f, 2);
	EXPECT_FALSE(is_ring_wiped(&f, &c));
	flow_client_keys(&c);
	EXPECT_TRUE(is_ring_wiped(&f, &c));
	flow_client_encrypt(&c, true);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	put(&f, 1); // of the old keys
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_JUMP), 1);
	c.seq = trace.first + 3;
	record(&c, 10);
	put(&f, 0);
	put(&f, 2);
	put(&f, 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_FALSE(is_ring_wiped(&f, &c));
	flow_client_delete(&c);
	EXPECT_TRUE(is_ring_wiped(&f, &c));
	flow_close(&f);
}

// Somebody at another address who repeats what is late, or forges it: nothing of the session moves there.
TEST(late, moves_no_client)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, &(struct flow_client_options){.late_pkts = 32, .nat_loose = true});
	record(&c, 4);
	put(&f, 0);
	put(&f, 3);
	uint32_t outer = c.outer;
	c.outer++;
	struct flow_client other = c;
	c.outer = outer;
	const size_t headers_len = FLOW_ETHER_BYTES + INET_IPV4_HEADER_BYTES + 12;
	flow_send_gre(&other, trace.first + 1, trace.frames[1].bytes + headers_len,
		trace.frames[1].len - headers_len);
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 1);
	EXPECT_EQ(counts(&c)->moves, 0);
	put(&f, 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	flow_close(&f);
}

TEST(late, a_broadcast_that_is_relayed)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.may_be_late = true});
	flow_client_up(&f, &c, &(struct flow_client_options){.late_pkts = 32, .relays = true});
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	size_t len = flow_ip(ip, c.inner, UINT32_MAX, INET_UDP, 120);
	len = flow_gre_frame(&c, frame, c.seq++, ppp, flow_ppp_data(&c, ppp, PPP_IP, ip, len));
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	EXPECT_EQ(flow_count(&f, broadcasts_relayed), 1);
	EXPECT_EQ(counts(&c)->late_passed, 1);
	flow_close(&f);
}

TEST(late, is_no_sign_of_life_and_owes_no_ack)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_late(&f, &c, 32);
	record(&c, 4);
	put(&f, 0);
	put(&f, 2);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.ack, trace.first + 2);
	uint64_t last_up_ns = counts(&c)->last_up_ns;
	flow_pass_us(1000);
	put(&f, 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_EQ(counts(&c)->last_up_ns, last_up_ns);
	EXPECT_FALSE(flow_session(&c)->gre.owes_ack);
	flow_close(&f);
}
