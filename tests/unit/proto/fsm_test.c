// SPDX-License-Identifier: BSD-3-Clause
// The automaton at work, with a toy protocol: option 1 is a number that must be 7, 2 is taken as
// it is, all others are rejected; our request says option 1 with `ours`, until that is rejected.
#include "proto/fsm.h"

#include "step_expect.h"

enum { TOY = 0xc0d1 };

#define S(n) ((uint64_t)(n)*1000000000)
#define MS   1000000ULL

struct toy {
	struct fsm fsm;
	uint16_t ours;
	bool says;
	unsigned int n_up, n_down;
	struct seen seen;
};

static void build(const struct fsm *f, struct writer *w)
{
	const struct toy *t = (const struct toy *)f;

	if (t->says)
		cp_option_put_u16(w, 1, t->ours);
}

static void judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type == 1 &&
			(option.value.len != 2 || bytes_get_u16(option.value.bytes) != 7))
			fsm_nak_u16(reply, &option, 7);
		else if (option.type == 3)
			fsm_nak_u32(reply, &option, 0x01020304);
		else if (option.type == 4)
			fsm_nak_empty(reply, &option);
		else if (option.type > 4)
			fsm_reject(reply, &option);
	}
}

static void take_nak(struct fsm *f, struct span options)
{
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0)
		if (option.type == 1 && option.value.len == 2)
			((struct toy *)f)->ours = bytes_get_u16(option.value.bytes);
}

static void take_reject(struct fsm *f, struct span options)
{
	((struct toy *)f)->says = false;
	if (options.len > 0 && options.bytes[0] == 9)
		fsm_fail(f, END_INTERNAL);
}

static enum fsm_event classify(struct fsm *f, const struct cp_packet *packet)
{
	return packet->code == CP_ECHO_REQUEST ? FSM_RXR : FSM_RUC;
}

static void answer(struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	struct writer w = step_frame_begin(out);

	cp_packet_put(&w, CP_ECHO_REPLY, packet->id, packet->data);
	step_frame_finish(out, TOY, &w);
}

static void before_ack(struct fsm *f, struct step *out)
{
	step_add(out, STEP_KEYS);
}

static void up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	((struct toy *)f)->n_up++;
	step_add(out, STEP_UP);
}

static void down(struct fsm *f, struct step *out)
{
	((struct toy *)f)->n_down++;
	step_add(out, STEP_DOWN);
}

static const struct fsm_ops full_ops = {
	.protocol = TOY,
	.unanswered = END_NO_LCP,
	.refused = END_LCP_FAILED,
	.build = build,
	.judge = judge,
	.take_nak = take_nak,
	.take_reject = take_reject,
	.classify = classify,
	.answer = answer,
	.before_ack = before_ack,
	.up = up,
	.down = down,
};

// As a protocol that has nothing of its own.
static const struct fsm_ops plain_ops = {
	.protocol = TOY,
	.unanswered = END_NO_LCP,
	.refused = END_LCP_FAILED,
	.build = build,
	.judge = judge,
	.take_nak = take_nak,
	.take_reject = take_reject,
};

static const struct fsm_limits limits = {
	.restart_ns = 1000 * MS,
	.first_restart_ns = 300 * MS,
	.max_configure = 3,
	.max_terminate = 2,
	.max_failure = 2,
};

static void toy_init(struct toy *t, const struct fsm_ops *ops)
{
	memset(t, 0, sizeof(*t));
	t->ours = 5;
	t->says = true;
	fsm_init(&t->fsm, ops, &limits);
}

static void receive(struct toy *t, uint64_t now_ns, const char *hex)
{
	uint8_t bytes[64];

	fsm_receive(&t->fsm, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))), now_ns,
		&t->seen.step);
}

static void start(struct toy *t)
{
	fsm_open(&t->fsm, 0, &t->seen.step);
	fsm_up(&t->fsm, 0, &t->seen.step);
	FRAME(&t->seen, TOY, "01 01 0008 01040005");
	DONE(&t->seen);
}

// Our request acknowledged, an empty one of the peer taken.
static void open_up(struct toy *t)
{
	toy_init(t, &full_ops);
	start(t);
	receive(t, 0, "02 01 0008 01040005");
	DONE(&t->seen);
	EXPECT_EQ(t->fsm.state, FSM_ACK_RECEIVED);
	receive(t, 0, "01 33 0004");
	NOTICE(&t->seen, STEP_KEYS);
	FRAME(&t->seen, TOY, "02 33 0004");
	NOTICE(&t->seen, STEP_UP);
	DONE(&t->seen);
	ASSERT_EQ(t->fsm.state, FSM_OPENED);
	EXPECT_EQ(t->fsm.due_ns, FSM_NEVER);
}

TEST(fsm, opens_either_way_round)
{
	struct toy t;

	open_up(&t);
	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "01 07 0009 01040007 02"); // option cut short: not answered
	DONE(&t.seen);
	receive(&t, 0, "01 07 000b 01040007 020300"); // padded below
	NOTICE(&t.seen, STEP_KEYS);
	FRAME(&t.seen, TOY, "02 07 000b 01040007 020300");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_ACK_SENT);
	receive(&t, 0, "02 01 0008 01040005 00000000"); // bytes behind the length are padding
	NOTICE(&t.seen, STEP_UP);
	DONE(&t.seen);
	EXPECT_EQ(t.n_up, 1);
}

TEST(fsm, repeats_with_the_same_identifier_then_gives_up)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	EXPECT_EQ(t.fsm.due_ns, 300 * MS);
	fsm_expire(&t.fsm, 299 * MS, &t.seen.step);
	DONE(&t.seen);
	fsm_expire(&t.fsm, 300 * MS, &t.seen.step);
	FRAME(&t.seen, TOY, "01 01 0008 01040005");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.due_ns, 1300 * MS);
	fsm_expire(&t.fsm, 1300 * MS, &t.seen.step);
	FRAME(&t.seen, TOY, "01 01 0008 01040005");
	EXPECT_EQ(t.fsm.end, END_NONE);
	fsm_expire(&t.fsm, 3300 * MS - 1, &t.seen.step);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
	fsm_expire(&t.fsm, 3300 * MS, &t.seen.step);
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_STOPPED);
	EXPECT_EQ(t.fsm.end, END_NO_LCP);
	EXPECT_EQ(t.fsm.due_ns, FSM_NEVER);
	EXPECT_FALSE(t.fsm.heard);
}

TEST(fsm, restart_timer_grows_to_its_final_value)
{
	static const uint64_t waits_ms[] = {300, 1000, 2000, 3000, 3000};
	struct toy t;

	toy_init(&t, &full_ops);
	t.fsm.limits.max_configure = 10;
	start(&t);
	for (uint64_t i = 0, now_ms = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		now_ms += waits_ms[i];
		EXPECT_EQ(t.fsm.due_ns, now_ms * MS);
		fsm_expire(&t.fsm, now_ms * MS, &t.seen.step);
	}
	EXPECT_EQ(fsm_restart_after(S(1), UINT8_MAX), S(3));
	EXPECT_EQ(fsm_restart_after(S(3), 1), S(3));
	EXPECT_EQ(fsm_restart_after(S(10), 1), S(10)); // as configured, if that is more
}

// A path slower than the timer: what was repeated finds the peer open, and it begins again. The timer
// must not begin again with it, or this never ends.
TEST(fsm, keeps_its_restart_timer_while_the_peer_begins_again)
{
	struct toy t;

	toy_init(&t, &full_ops);
	t.fsm.limits.max_configure = 10;
	start(&t);
	fsm_expire(&t.fsm, 300 * MS, &t.seen.step);
	fsm_expire(&t.fsm, 1300 * MS, &t.seen.step);
	receive(&t, 1400 * MS, "01 07 0008 01040007");
	receive(&t, 1500 * MS, "02 01 0008 01040005");
	EXPECT_EQ(t.fsm.state, FSM_OPENED);
	receive(&t, 1600 * MS, "01 08 0008 01040007");
	EXPECT_EQ(t.fsm.state, FSM_ACK_SENT);
	EXPECT_EQ(t.fsm.due_ns, 4600 * MS);
	receive(&t, 1700 * MS, "02 02 0008 01040005");
	EXPECT_EQ(t.fsm.state, FSM_OPENED);
	receive(&t, 1700 * MS + FSM_STABLE_NS, "01 09 0008 01040007"); // another day
	EXPECT_EQ(t.fsm.due_ns, 2700 * MS + FSM_STABLE_NS);
}

TEST(fsm, asks_anew_when_the_peer_only_acknowledges)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "02 01 0008 01040005");
	EXPECT_EQ(t.fsm.state, FSM_ACK_RECEIVED);
	fsm_expire(&t.fsm, 300 * MS, &t.seen.step);
	FRAME(&t.seen, TOY, "01 02 0008 01040005"); // answered once: a new identifier
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
}

TEST(fsm, ignores_replies_that_are_not_to_its_last_request)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "02 02 0008 01040005"); // Ack, other identifier
	receive(&t, 0, "02 01 0008 01040006"); // Ack of something else
	receive(&t, 0, "02 01 0004");
	receive(&t, 0, "03 09 0008 01040007"); // Nak, other identifier
	receive(&t, 0, "04 00 0008 01040005");
	receive(&t, 0, "03 01 0007 010400"); // malformed
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
	EXPECT_EQ(t.ours, 5);
	EXPECT_TRUE(t.fsm.heard);
}

TEST(fsm, does_not_renegotiate_for_a_copy_of_an_ack)
{
	struct toy t;

	open_up(&t);
	receive(&t, 0, "02 01 0008 01040005");
	receive(&t, 0, "03 01 0008 01040009");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_OPENED);
	EXPECT_EQ(t.n_down, 0);
}

TEST(fsm, follows_naks_and_rejects)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "03 01 0008 01040009");
	FRAME(&t.seen, TOY, "01 02 0008 01040009");
	receive(&t, 0, "04 02 0008 01040009");
	FRAME(&t.seen, TOY, "01 03 0004");
	receive(&t, 0, "02 03 0004");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_ACK_RECEIVED);
}

TEST(fsm, says_nothing_more_after_a_failure)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "04 01 0006 0902");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.end, END_INTERNAL);
	receive(&t, 0, "01 02 0004");
	DONE(&t.seen);
	fsm_fail(&t.fsm, END_NO_LCP);
	EXPECT_EQ(t.fsm.end, END_INTERNAL); // the first reason stays
}

TEST(fsm, rejects_before_it_suggests_and_stops_suggesting)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	receive(&t, 0, "01 01 000f 01040001 0502 0703ff 0202"); // wrong, unknown, unknown, fine
	FRAME(&t.seen, TOY, "04 01 0009 0502 0703ff");
	receive(&t, 0, "01 02 000e 01040001 0302 040400 00");
	FRAME(&t.seen, TOY, "03 02 0010 01040007 030601020304 0402");
	EXPECT_EQ(t.fsm.n_naks, 1);
	receive(&t, 0, "01 03 0008 01040001");
	FRAME(&t.seen, TOY, "03 03 0008 01040007");
	receive(&t, 0, "01 04 0008 01040001"); // max_failure is 2
	FRAME(&t.seen, TOY, "04 04 0008 01040001");
	DONE(&t.seen);
	receive(&t, 0, "01 05 0004");
	NOTICE(&t.seen, STEP_KEYS);
	FRAME(&t.seen, TOY, "02 05 0004");
	EXPECT_EQ(t.fsm.n_naks, 0);
}

TEST(fsm, answers_nothing_when_the_answer_would_be_too_long)
{
	struct toy t;
	uint8_t request[FSM_INFO_BYTES_MAX] = {
		CP_CONFIGURE_REQUEST, 1, FSM_INFO_BYTES_MAX >> 8, FSM_INFO_BYTES_MAX & 0xff};

	toy_init(&t, &full_ops);
	start(&t);
	for (size_t i = CP_HEADER_BYTES; i < sizeof(request);
		i += 2) { // 748 options of 2, 6 bytes each back
		request[i] = 3;
		request[i + 1] = 2;
	}
	fsm_receive(&t.fsm, span_of(request, sizeof(request)), 0, &t.seen.step);
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
	for (size_t i = CP_HEADER_BYTES; i < sizeof(request); i += 2)
		request[i] = 5;
	fsm_receive(&t.fsm, span_of(request, sizeof(request)), 0, &t.seen.step);
	ASSERT_EQ(t.seen.step.n_items, 1); // rejected, as long as it came
	EXPECT_EQ(t.seen.step.items[0].len, FSM_INFO_BYTES_MAX);
}

TEST(fsm, does_not_read_what_is_malformed_or_too_long)
{
	static uint8_t big[65535] = {CP_CONFIGURE_REQUEST, 1, 0xff, 0xff};
	struct toy t;

	toy_init(&t, &full_ops);
	receive(&t, 0, "01 01 0004"); // not up yet
	start(&t);
	fsm_receive(&t.fsm, span_of(big, sizeof(big)), 0, &t.seen.step);
	fsm_receive(&t.fsm, span_of(big, 0), 0, &t.seen.step);
	receive(&t, 0, "01 01 00");
	receive(&t, 0, "01 01 0003");
	receive(&t, 0, "01 01 0005");
	DONE(&t.seen);
	EXPECT_FALSE(t.fsm.heard);
}

TEST(fsm, renegotiates_from_opened)
{
	struct toy t;

	open_up(&t);
	receive(&t, 5 * MS, "01 34 0008 01040007");
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "01 02 0008 01040005");
	NOTICE(&t.seen, STEP_KEYS);
	FRAME(&t.seen, TOY, "02 34 0008 01040007");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.due_ns, 1005 * MS); // the short first wait is over
	receive(&t, 6 * MS, "02 02 0008 01040005");
	NOTICE(&t.seen, STEP_UP);
	DONE(&t.seen);
	EXPECT_EQ(t.n_up, 2);
	receive(&t, 7 * MS, "01 35 0008 01040001");
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "01 03 0008 01040005");
	FRAME(&t.seen, TOY, "03 35 0008 01040007");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
}

TEST(fsm, stops_a_negotiation_that_goes_round)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	for (int i = 0; i < FSM_ROUNDS_MAX; i++) {
		receive(&t, 0, "01 01 0004");
		ASSERT_EQ(t.seen.step.n_items, 2);
		step_clear(&t.seen.step);
	}
	receive(&t, 0, "01 01 0004");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.end, END_NEGOTIATION_LOOP);

	toy_init(&t, &full_ops);
	start(&t);
	for (int i = 0; i <= FSM_ROUNDS_MAX; i++) { // the same with Naks of ours
		uint8_t nak[] = {CP_CONFIGURE_NAK, t.fsm.request_id, 0, 8, 1, 4, 0, (uint8_t)i};

		EXPECT_EQ(t.fsm.end, END_NONE);
		fsm_receive(&t.fsm, span_of(nak, sizeof(nak)), 0, &t.seen.step);
		step_clear(&t.seen.step);
	}
	EXPECT_EQ(t.fsm.end, END_NEGOTIATION_LOOP);
}

TEST(fsm, counts_rounds_anew_when_it_was_open_for_a_while)
{
	struct toy t;
	uint64_t now = 0;

	open_up(&t);
	for (int i = 0; i < 3 * FSM_ROUNDS_MAX; i++) {
		uint8_t ack[] = {CP_CONFIGURE_ACK, 0, 0, 8, 1, 4, 0, 5};

		now += FSM_STABLE_NS;
		receive(&t, now, "01 34 0004");
		ack[1] = t.fsm.request_id;
		fsm_receive(&t.fsm, span_of(ack, sizeof(ack)), now, &t.seen.step);
		ASSERT_EQ(t.fsm.state, FSM_OPENED);
		step_clear(&t.seen.step);
	}
	EXPECT_EQ(t.fsm.end, END_NONE);
}

TEST(fsm, closes_and_waits_for_the_ack)
{
	struct toy t;

	open_up(&t);
	fsm_fail(&t.fsm, END_IPCP_FAILED);
	fsm_close(&t.fsm, 0, &t.seen.step);
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "05 02 001b 49504350 206661696c656420 746f20636f6e7665 726765");
	receive(&t, 0, "01 40 0004"); // nothing is negotiated now
	receive(&t, 0, "02 01 0008 01040005");
	receive(&t, 0, "03 01 0008 01040005");
	DONE(&t.seen);
	receive(&t, 0, "05 41 0004"); // both at once
	FRAME(&t.seen, TOY, "06 41 0004");
	fsm_expire(&t.fsm, 1000 * MS, &t.seen.step);
	FRAME(&t.seen, TOY, "05 03 001b 49504350 206661696c656420 746f20636f6e7665 726765");
	DONE(&t.seen);
	receive(&t, 0, "06 03 0004");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_CLOSED);
	EXPECT_EQ(t.fsm.due_ns, FSM_NEVER);
	receive(&t, 0, "01 44 0004"); // closed: every request gets a Terminate-Ack
	FRAME(&t.seen, TOY, "06 44 0004");
	receive(&t, 0, "02 44 0004");
	FRAME(&t.seen, TOY, "06 44 0004");
	receive(&t, 0, "04 45 0004");
	FRAME(&t.seen, TOY, "06 45 0004");
	DONE(&t.seen);
}

TEST(fsm, gives_up_waiting_for_a_terminate_ack)
{
	struct toy t;

	open_up(&t);
	fsm_close(&t.fsm, 0, &t.seen.step);
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "05 02 0004");
	fsm_expire(&t.fsm, 1000 * MS, &t.seen.step);
	FRAME(&t.seen, TOY, "05 03 0004");
	fsm_expire(&t.fsm, 2000 * MS, &t.seen.step);
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_CLOSED);
	EXPECT_EQ(t.fsm.end, END_NONE);
}

TEST(fsm, lets_the_peer_terminate)
{
	struct toy t;

	open_up(&t);
	receive(&t, 0, "05 50 0004");
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "06 50 0004");
	DONE(&t.seen);
	EXPECT_TRUE(t.fsm.peer_terminated);
	EXPECT_EQ(t.fsm.state, FSM_STOPPING);
	EXPECT_EQ(t.fsm.due_ns, 1000 * MS);
	fsm_expire(&t.fsm, 1000 * MS, &t.seen.step);
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_STOPPED);
	EXPECT_EQ(t.fsm.end, END_NONE);
	receive(&t, 2000 * MS, "01 51 0004"); // and begin again
	FRAME(&t.seen, TOY, "01 02 0008 01040005");
	NOTICE(&t.seen, STEP_KEYS);
	FRAME(&t.seen, TOY, "02 51 0004");
	DONE(&t.seen);
}

TEST(fsm, answers_unknown_codes_with_code_reject_cut_to_fit)
{
	struct toy t;

	open_up(&t);
	receive(&t, 0, "63 09 0006 abcd 0000");
	FRAME(&t.seen, TOY, "07 02 000a 63 09 0006 abcd"); // without the padding
	t.fsm.peer_mtu = 10;
	receive(&t, 0, "00 09 0008 abcd1234");
	FRAME(&t.seen, TOY, "07 03 000a 00 09 0008 abcd");
	receive(&t, 0, "09 0a 0005 77");
	FRAME(&t.seen, TOY, "0a 0a 0005 77");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_OPENED);
}

TEST(fsm, survives_the_rejection_of_an_extra_code_only)
{
	struct toy t;

	open_up(&t);
	receive(&t, 0, "07 01 0008 0f010004");
	receive(&t, 0, "07 01 0004");
	receive(&t, 0, "07 01 0008 ff010004");
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.codes_rejected, 1u << 15 | 1u);
	EXPECT_EQ(t.fsm.state, FSM_OPENED);
	receive(&t, 0, "07 01 0008 01010004");
	NOTICE(&t.seen, STEP_DOWN);
	FRAME(&t.seen, TOY, "05 02 001a 4c4350 20 6661696c6564 20 746f 20 636f6e7665726765");
	EXPECT_EQ(t.fsm.end, END_LCP_FAILED);
	EXPECT_EQ(t.fsm.state, FSM_STOPPING);
}

TEST(fsm, ends_when_the_protocol_is_rejected)
{
	struct toy t;

	toy_init(&t, &full_ops);
	start(&t);
	fsm_protocol_rejected(&t.fsm, 0, &t.seen.step);
	EXPECT_EQ(t.fsm.state, FSM_STOPPED);
	EXPECT_EQ(t.fsm.end, END_LCP_FAILED);
	toy_init(&t, &full_ops);
	fsm_protocol_rejected(&t.fsm, 0, &t.seen.step); // it never spoke it
	EXPECT_EQ(t.fsm.end, END_NONE);
}

TEST(fsm, goes_down_with_its_lower_layer)
{
	struct toy t;

	open_up(&t);
	fsm_down(&t.fsm, 0, &t.seen.step);
	NOTICE(&t.seen, STEP_DOWN);
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_STARTING);
	fsm_up(&t.fsm, 0, &t.seen.step);
	FRAME(&t.seen, TOY, "01 02 0008 01040005");
	EXPECT_EQ(t.fsm.due_ns, 300 * MS);
	fsm_up(&t.fsm, 0, &t.seen.step); // not legal: nothing happens
	DONE(&t.seen);
	EXPECT_EQ(t.fsm.state, FSM_REQUEST_SENT);
}

TEST(fsm, works_without_the_optional_parts)
{
	struct toy t;

	toy_init(&t, &plain_ops);
	start(&t);
	receive(&t, 0, "02 01 0008 01040005");
	receive(&t, 0, "01 33 0004");
	FRAME(&t.seen, TOY, "02 33 0004");
	receive(&t, 0, "09 01 0004");
	FRAME(&t.seen, TOY, "07 02 0008 09010004");
	DONE(&t.seen);
	fsm_down(&t.fsm, 0, &t.seen.step);
	DONE(&t.seen);
}

TEST(fsm, never_spins_whatever_the_configuration_says)
{
	struct toy t;
	struct fsm_limits none = {.max_configure = 255, .max_terminate = 0, .max_failure = 0};

	toy_init(&t, &full_ops);
	fsm_init(&t.fsm, &full_ops, &none);
	fsm_open(&t.fsm, 0, &t.seen.step);
	fsm_up(&t.fsm, 0, &t.seen.step);
	EXPECT_EQ(t.fsm.due_ns, STEP_TIMER_MIN_NS);
	fsm_expire(&t.fsm, STEP_TIMER_MIN_NS, &t.seen.step);
	EXPECT_EQ(t.fsm.due_ns, 2 * STEP_TIMER_MIN_NS);
}
