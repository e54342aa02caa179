// SPDX-License-Identifier: BSD-3-Clause
// nat-loose: GRE that comes from another address than the control connection's.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

enum { ELSEWHERE = FLOW_CLIENT_OUTER + 200, MOVES_EARLY_MAX = 8 };

static const uint8_t lcp_request[] = {1, 1, 0, 4};

static void open_with(struct flow *f, struct flow_client *c, struct flow_client_options options)
{
	options.nat_loose = true;
	flow_open(f, NULL);
	flow_client_up(f, c, &options);
}

static void send_data(struct flow_client *c)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_send_up(c, ip, flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100));
}

static void send_lcp(struct flow_client *c)
{
	flow_send_control(c, PPP_LCP, lcp_request, sizeof(lcp_request));
}

static uint32_t address_of(const struct flow_client *c)
{
	return rte_be_to_cpu_32(flow_session(c)->outer_peer_be);
}

// LANE_MOVED since the last time, and where to the last one said.
static unsigned int told(struct flow *f, uint32_t *address)
{
	struct lane_event e;
	unsigned int n = 0;

	while (flow_event(f, 0, LANE_MOVED, &e)) {
		*address = rte_be_to_cpu_32(e.outer_peer_be);
		n++;
	}
	return n;
}

TEST(follow, lcp_moves_a_session_that_has_not_begun)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint32_t address = 0;

	open_with(&f, &c,
		(struct flow_client_options){
			.clear_but_required = true, .not_linked = true, .not_open = true});
	c.outer = ELSEWHERE;
	send_lcp(&c);
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	EXPECT_EQ(told(&f, &address), 1);
	EXPECT_EQ(address, ELSEWHERE);
	EXPECT_EQ(flow_session(&c)->counters.moves, 1);
	EXPECT_EQ(flow_count(&f, control_frames_in), 1);
	flow_send_ppp(&c, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_TRUE(flow_take_down(&c, &down)); // checks where it goes
	send_lcp(&c);
	EXPECT_EQ(told(&f, &address), 0);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(follow, strict_follows_nobody)
{
	const struct flow_client_options options = {.not_open = true};
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	uint32_t before = c.outer;
	c.outer = ELSEWHERE;
	send_lcp(&c);
	send_data(&c);
	EXPECT_EQ(address_of(&c), before);
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 2);
	EXPECT_FALSE(flow_session(&c)->gre.has_received);
	flow_close(&f);
}

TEST(follow, what_is_not_lcp_moves_nothing)
{
	static const struct {
		uint8_t len;
		uint8_t bytes[12];
	} frames[] = {
		{0, {0}},
		{1, {0xff}},
		{4, {0xff, 3, 0xc0, 0x21}},
		{7, {0xff, 3, 0xc0, 0x21, 1, 1, 0}},
		{8, {0xff, 3, 0xc0, 0x21, 0, 1, 0, 4}},	    // code
		{8, {0xff, 3, 0xc0, 0x21, 5, 1, 0, 4}},	    // Terminate-Request
		{8, {0xff, 3, 0xc0, 0x21, 9, 1, 0, 4}},	    // Echo-Request
		{8, {0xff, 3, 0xc0, 0x21, 1, 1, 0, 5}},	    // longer than the frame
		{8, {0xff, 3, 0xc0, 0x21, 1, 1, 0, 3}},	    // shorter than its header
		{8, {0xff, 3, 0xc0, 0x23, 1, 1, 0, 4}},	    // PAP
		{10, {0, 0xfd, 0x90, 0, 1, 2, 3, 4, 5, 6}}, // encrypted, no key
		{10, {0, 0x21, 0x45, 0, 0, 20, 3, 4, 5, 6}},
	};
	struct flow f;
	struct flow_client c;

	open_with(&f, &c,
		(struct flow_client_options){
			.clear_but_required = true, .not_linked = true, .not_open = true});
	uint32_t before = c.outer;
	c.outer = ELSEWHERE;
	for (unsigned int i = 0; i < RTE_DIM(frames); i++) {
		SHIM_TRACE_CASE(i);
		flow_send_gre(&c, c.seq++, frames[i].bytes, frames[i].len);
		EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), i + 1);
	}
	flow_send_ack(&c, 0); // an ack alone says nothing either
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), RTE_DIM(frames) + 1);
	EXPECT_EQ(address_of(&c), before);
	EXPECT_FALSE(flow_session(&c)->gre.has_received);
	flow_close(&f);
}

// Who guesses a Call ID before the client has proved itself can move the session some times, and never keeps a
// client out whose GRE comes from where its control connection does.
TEST(follow, early_moves_are_bounded)
{
	struct flow f;
	struct flow_client c, forger;

	open_with(&f, &c, (struct flow_client_options){.not_linked = true, .not_open = true});
	for (unsigned int i = 1; i < 20; i++) {
		SHIM_TRACE_CASE(i);
		forger = c;
		forger.outer = ELSEWHERE + i % 10;
		send_lcp(&forger);
		c.seq = forger.seq;
		EXPECT_EQ(address_of(&c), i <= MOVES_EARLY_MAX ? forger.outer : c.outer);
		send_lcp(&c);
		EXPECT_EQ(address_of(&c), c.outer);
	}
	flow_close(&f);
}

// A client whose link is agreed sends no LCP for a while, and what it sends meanwhile, the answer to a challenge say,
// brings the session back to nowhere. So one packet of somebody who has guessed its Call ID must not move it.
TEST(follow, lcp_moves_no_session_whose_link_is_agreed)
{
	static const uint8_t response[] = {2, 1, 0, 5, 0};
	struct flow f;
	struct flow_client c, forger;

	open_with(&f, &c,
		(struct flow_client_options){
			.clear_but_required = true, .not_linked = true, .not_open = true});
	uint32_t first = c.outer;
	c.outer = ELSEWHERE;
	send_lcp(&c);
	flow_client_link(&c);
	forger = c;
	forger.outer = ELSEWHERE + 1;
	send_lcp(&forger);
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 1);
	flow_send_control(&c, PPP_CHAP, response, sizeof(response));
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	EXPECT_EQ(flow_count(&f, control_frames_in), 2);
	c.outer = first; // where its control connection comes from
	send_lcp(&c);
	EXPECT_EQ(address_of(&c), first);
	flow_close(&f);
}

TEST(follow, what_decrypts_moves_a_session)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint32_t address = 0;

	open_with(&f, &c, (struct flow_client_options){0});
	send_data(&c);
	c.outer = ELSEWHERE;
	send_lcp(&c); // too late for that
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 1);
	for (unsigned int i = 0; i < 5; i++) // and some packets are lost
		flow_client_lose(&c);
	send_data(&c);
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	EXPECT_EQ(told(&f, &address), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2); // it counts as data too
	flow_send_ppp(&c, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_TRUE(flow_take_down(&c, &down));
	send_data(&c);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	EXPECT_EQ(flow_session(&c)->counters.moves, 1);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	flow_close(&f);
}

// Forged and replayed packets of another source: not a bit of the session changes but its counters and
// what trials have used up.
TEST(follow, forged_packets_change_nothing)
{
	struct flow f;
	struct flow_client c;
	static struct session before;
	uint8_t ppp[FLOW_FRAME_BYTES], old[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES],
		ip[FLOW_FRAME_BYTES];

	open_with(&f, &c, (struct flow_client_options){0});
	send_data(&c);
	size_t old_len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	old_len = flow_ppp_data(&c, old, PPP_IP, ip, old_len);
	uint32_t old_seq = c.seq++;
	flow_send_gre(&c, old_seq, old, old_len);
	for (unsigned int i = 0; i < 20; i++)
		send_data(&c);
	before = *flow_session(&c);

	struct flow_client other = c;
	other.outer = ELSEWHERE;
	for (unsigned int i = 0; i < 2000; i++) {
		uint16_t ahead = (uint16_t)(1 + i % 300);
		ppp[0] = 0;
		ppp[1] = PPP_COMP;
		mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
			(uint16_t)(c.up.last + ahead) & MPPE_COHERENCY_MASK);
		for (unsigned int k = 4; k < 100; k++)
			ppp[k] = (uint8_t)(i * 31 + k * k);
		flow_send_gre(&other, c.seq + i % 7, ppp, 100);
	}
	flow_send_gre(&other, old_seq, old, old_len); // replayed
	flow_send_gre(&other, c.seq, old, old_len);   // the same under the next number
	size_t len = flow_gre_frame(&other, frame, c.seq, lcp_request, sizeof(lcp_request));
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 2003);

	before.counters = flow_session(&c)->counters;
	before.trial_gate_ns = flow_session(&c)->trial_gate_ns;
	EXPECT_EQ(memcmp(&before, flow_session(&c), sizeof(before)), 0);
	EXPECT_EQ(flow_session(&c)->counters.moves, 0);
	(void)flow_discard(&f, FLOW_INSIDE);
	send_data(&c);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}

// A copy of a packet that the key has not seen yet, since it came in the same burst or waits for a missing one,
// would decrypt.
TEST(follow, copies_of_what_is_on_its_way_move_nothing)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_with(&f, &c, (struct flow_client_options){.reorder_pkts = 8});
	uint32_t home = c.outer;
	send_data(&c);
	for (unsigned int gap = 0; gap < 2; gap++) {
		SHIM_TRACE_CASE(gap);
		for (unsigned int i = 0; i < gap; i++)
			flow_client_lose(&c);
		size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
		len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
		size_t frame_len = flow_gre_frame(&c, frame, c.seq, ppp, len);
		ASSERT_TRUE(flow_push(&f, FLOW_OUTSIDE, 0, frame, frame_len));
		struct flow_client other = c;
		other.outer = ELSEWHERE;
		flow_send_gre(&other, ++c.seq, ppp, len);
		EXPECT_EQ(address_of(&c), home);
		EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), gap + 1);
	}
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	flow_close(&f);
}

// Trials of forged packets have a rate, counted in key changes: what costs few still has a chance when it is
// used up by those that cost many.
TEST(follow, trials_have_a_rate)
{
	enum { FORGED = 200, CHANGES = 250, BURST = 1024 };
	struct flow f;
	struct flow_client c;
	uint8_t ppp[100] = {0, PPP_COMP};

	open_with(&f, &c, (struct flow_client_options){0});
	send_data(&c);
	struct flow_client other = c;
	other.outer = ELSEWHERE;
	mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
		(uint16_t)(c.up.last + CHANGES) & MPPE_COHERENCY_MASK);
	uint64_t before = flow_count(&f, mppe_rekeys);
	for (unsigned int i = 0; i < FORGED; i++)
		flow_send_gre(&other, c.seq, ppp, sizeof(ppp));
	uint64_t n_changes = flow_count(&f, mppe_rekeys) - before;
	EXPECT_GT(n_changes, BURST - CHANGES);
	EXPECT_LT(n_changes, FORGED * CHANGES / 2); // the burst, and what comes back meanwhile
	c.outer = ELSEWHERE;
	send_data(&c);
	EXPECT_EQ(flow_session(&c)->counters.moves, 1);
	flow_close(&f);
}

// Who has the numbers of one session does not use up what the others may cost.
TEST(follow, trials_of_one_session_leave_enough_for_others)
{
	enum { FORGED = 2000, CHANGES = 20, LOST = 250 };
	struct flow f;
	struct flow_client c, victim;
	uint8_t ppp[100] = {0, PPP_COMP};

	open_with(&f, &c, (struct flow_client_options){0});
	flow_client_up(&f, &victim, &(struct flow_client_options){.number = 3, .nat_loose = true});
	send_data(&c);
	send_data(&victim);
	struct flow_client other = c;
	other.outer = ELSEWHERE;
	mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
		(uint16_t)(c.up.last + CHANGES) & MPPE_COHERENCY_MASK);
	for (unsigned int i = 0; i < FORGED; i++)
		flow_send_gre(&other, c.seq, ppp, sizeof(ppp));
	for (unsigned int i = 0; i < LOST; i++)
		flow_client_lose(&victim);
	victim.outer = ELSEWHERE + 1;
	send_data(&victim);
	EXPECT_EQ(flow_session(&victim)->counters.moves, 1);
	flow_close(&f);
}

// Both ends of a path that flaps are the client's. Control hears of it, but not of each packet.
TEST(follow, flapping_is_told_at_a_rate_and_in_the_end)
{
	struct flow f;
	struct flow_client c;
	uint32_t address = 0, home;
	unsigned int n_told = 0;

	open_with(&f, &c, (struct flow_client_options){.ack_delay_us = 1100000});
	home = c.outer;
	send_data(&c);
	for (unsigned int i = 0; i < 101; i++) {
		c.outer = c.outer == home ? ELSEWHERE : home;
		send_data(&c);
		ASSERT_EQ(address_of(&c), c.outer);
		n_told += told(&f, &address);
	}
	EXPECT_EQ(flow_session(&c)->counters.moves, 101);
	EXPECT_EQ(c.outer, ELSEWHERE);
	EXPECT_LE(n_told, 5);
	EXPECT_EQ(address, home); // the last move was held back
	flow_wait_us(&f, 1150000);
	EXPECT_EQ(told(&f, &address), 1);
	EXPECT_EQ(address, ELSEWHERE);
	flow_close(&f);
}

TEST(follow, a_session_in_the_clear_stays_where_it_was_opened)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c,
		(struct flow_client_options){.clear = true, .not_linked = true, .not_open = true});
	c.outer = ELSEWHERE;
	send_lcp(&c);
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	flow_client_link(&c);
	flow_client_open(&c, true);
	send_data(&c);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	c.outer = ELSEWHERE + 1;
	send_lcp(&c);
	send_data(&c);
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 2);
	flow_close(&f);
}

// A moved session in another worker's hands, and with the buffer that puts packets in order.
TEST(follow, moves_with_packets_held)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], late[FLOW_FRAME_BYTES];

	open_with(&f, &c, (struct flow_client_options){.reorder_pkts = 8});
	send_data(&c);
	size_t late_len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	late_len = flow_ppp_data(&c, late, PPP_IP, ip, late_len);
	uint32_t late_seq = c.seq++;
	c.outer = ELSEWHERE;
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
	flow_send_gre(&c, c.seq++, ppp, len);
	EXPECT_EQ(address_of(&c), ELSEWHERE);
	EXPECT_EQ(flow_session(&c)->n_held, 1);
	flow_send_gre(&c, late_seq, late, late_len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	flow_close(&f);
}
