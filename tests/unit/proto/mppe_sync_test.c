// SPDX-License-Identifier: BSD-3-Clause
// Stateless mode, and what both modes share; the stateful one is in mppe_sync_stateful_test.c.
#include "proto/mppe_sync.h"

#include "proto/gre_window.h"
#include "shim/shim.h"

#include <stdlib.h>

enum { JUMP_MAX = 1000, GOOD = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED };

// Packet `count` of a client that numbers nothing but these packets from 100 on.
static enum drop_reason give(struct mppe_sync *s, uint32_t count, struct mppe_sync_verdict *v)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};

	*v = (struct mppe_sync_verdict){0};
	return mppe_sync_receive(s, &packet, 100 + count, v);
}

static bool is_trial(const struct mppe_sync_verdict *v)
{
	return v->kind == MPPE_SYNC_TRIAL;
}

// n packets in order, beginning with `from`.
static void feed(struct mppe_sync *s, uint32_t from, uint32_t n)
{
	struct mppe_sync_verdict v;

	for (uint32_t i = 0; i < n; i++) {
		ASSERT_EQ(give(s, from + i, &v), DROP_NONE);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_EQ(v.kind, MPPE_SYNC_NEXT);
	}
}

TEST(mppe_sync, counts_from_zero_one_change_a_packet_and_wraps)
{
	struct mppe_sync sender, receiver;
	struct mppe_sync_verdict v;

	mppe_sync_init(&sender, true, JUMP_MAX);
	mppe_sync_init(&receiver, true, JUMP_MAX);
	for (uint32_t i = 0; i < 3 * 4096; i++) {
		struct mppe_packet p;

		mppe_sync_flush(&sender, MPPE_FLUSH_UNKNOWN, i); // nothing to flush
		mppe_sync_send(&sender, MPPE_FLUSH_UNKNOWN, &p, &v);
		ASSERT_EQ(p.count, i % 4096);
		ASSERT_EQ(p.bits, GOOD);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_FALSE(v.restart);
		ASSERT_TRUE(mppe_sync_is_next(&receiver, &p, i));
		ASSERT_EQ(mppe_sync_receive(&receiver, &p, i, &v), DROP_NONE);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_EQ(v.kind, MPPE_SYNC_NEXT);
		ASSERT_FALSE(mppe_sync_is_next(&receiver, &p, i));
	}
}

TEST(mppe_sync, bits)
{
	static const struct {
		uint16_t bits;
		bool is_stateless;
		enum drop_reason verdict;
	} cases[] = {
		{GOOD, true, DROP_NONE},
		{GOOD | MPPE_PACKET_RESTART, true, DROP_NONE},
		{GOOD | MPPE_PACKET_COMPRESSED, true, DROP_MPPE_BITS},
		{MPPE_PACKET_ENCRYPTED, true, DROP_MPPE_BITS}, // stateless sets A on each packet
		{MPPE_PACKET_FLUSHED, true, DROP_MPPE_BITS},   // not encrypted
		{0, true, DROP_MPPE_BITS},
		{GOOD, false, DROP_NONE},
		{MPPE_PACKET_ENCRYPTED, false, DROP_NONE},
		{GOOD | MPPE_PACKET_COMPRESSED, false, DROP_MPPE_BITS},
		{MPPE_PACKET_FLUSHED, false, DROP_MPPE_BITS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_sync s;
		struct mppe_sync_verdict v;
		const struct mppe_packet packet = {.bits = cases[i].bits, .count = 0};

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, cases[i].is_stateless, JUMP_MAX);
		EXPECT_EQ(mppe_sync_receive(&s, &packet, 7, &v), cases[i].verdict);
		EXPECT_EQ(s.at.count, cases[i].verdict == DROP_NONE ? 0 : 0x0fff);
	}
}

TEST(mppe_sync, jumps)
{
	static const struct {
		uint16_t last, count;
		enum drop_reason verdict;
		uint16_t n_changes;
	} cases[] = {
		{0, 1, DROP_NONE, 1},
		{0, 2, DROP_NONE, 2},
		{0, JUMP_MAX, DROP_NONE, JUMP_MAX},
		{0, JUMP_MAX + 1, DROP_MPPE_JUMP, 0},
		{4095, 0, DROP_NONE, 1},
		{4090, 10, DROP_NONE, 16},
		{5, 5, DROP_MPPE_JUMP, 0}, // a repeat
		{5, 4, DROP_MPPE_JUMP, 0}, // late
		{0, 4095, DROP_MPPE_JUMP, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_sync s;
		struct mppe_sync_verdict v;

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, true, JUMP_MAX);
		s.at.count = cases[i].last;
		EXPECT_EQ(give(&s, cases[i].count, &v), cases[i].verdict);
		EXPECT_EQ(v.n_changes, cases[i].n_changes);
		EXPECT_EQ(is_trial(&v), cases[i].n_changes > 1);
		if (cases[i].verdict != DROP_NONE)
			EXPECT_EQ(s.at.count, cases[i].last);
	}
}

TEST(mppe_sync, a_bound_of_zero_still_takes_the_next_packet)
{
	struct mppe_sync s;

	mppe_sync_init(&s, true, 0);
	feed(&s, 0, 10);
}

TEST(mppe_sync, one_forged_far_packet_changes_nothing)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	for (uint32_t i = 10; i < 500; i++) {
		EXPECT_EQ(give(&s, i + 2000, &v), DROP_MPPE_JUMP);
		feed(&s, i, 1);
	}
}

TEST(mppe_sync, a_run_wins_after_a_long_outage)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	EXPECT_EQ(give(&s, 3000, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 3001, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 3012, &v), DROP_MPPE_JUMP); // too far apart: the run begins again
	EXPECT_EQ(give(&s, 3013, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 3021, &v), DROP_MPPE_JUMP); // near enough
	EXPECT_EQ(give(&s, 3022, &v), DROP_NONE);
	EXPECT_EQ(v.n_changes, 3022 - 9);
	EXPECT_TRUE(is_trial(&v));
	mppe_sync_proved(&s, 0);
	feed(&s, 3023, 2000);
}

TEST(mppe_sync, a_run_wins_across_the_wrap)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, 10);
	feed(&s, 0, 4000);
	for (uint32_t count = 4094; count < 4097; count++)
		EXPECT_EQ(give(&s, count, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 4097, &v), DROP_NONE);
	EXPECT_EQ(v.n_changes, 4097 - 3999);
}

TEST(mppe_sync, a_failed_trial_takes_the_count_back_but_not_the_credit)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	struct mppe_sync_place before;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	before = s.at;
	EXPECT_EQ(give(&s, 500, &v), DROP_NONE); // forged: decrypts to garbage
	EXPECT_TRUE(is_trial(&v));
	mppe_sync_failed(&s, before);
	EXPECT_EQ(s.credit, MPPE_SYNC_CREDIT_MAX - (v.n_changes - 1));
	feed(&s, 10, 10);
	before = s.at;
	EXPECT_EQ(give(&s, 600, &v), DROP_NONE); // not taken by the driver
	mppe_sync_undo(&s, before);
	feed(&s, 20, 10);
}

TEST(mppe_sync, forged_jumps_cost_a_bounded_number_of_changes_each)
{
	enum { FORGED = 20000 };
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint64_t n_changes = 0;

	for (uint32_t jump_max = 200; jump_max < 4096; jump_max += 3895) {
		mppe_sync_init(&s, true, (uint16_t)jump_max);
		n_changes = 0;
		for (uint32_t i = 0; i < FORGED; i++) {
			struct mppe_sync_place before = s.at;

			if (give(&s, jump_max > 4000 ? i * 997 : 2000 + i, &v) != DROP_NONE)
				continue;
			n_changes += v.n_changes;
			if (is_trial(&v))
				mppe_sync_failed(&s, before);
		}
		EXPECT_LE(n_changes, MPPE_SYNC_CREDIT_MAX +
					     (uint64_t)FORGED * (MPPE_SYNC_CREDIT_PER_PACKET + 1));
		EXPECT_GT(n_changes, FORGED);
	}
}

// What a worker does with a verdict, with keys that are nothing but the number of changes so far.
struct walker {
	uint64_t key, walked;
	uint64_t n_changes;
	uint32_t n_refused;
};

static bool receive(struct mppe_sync *s, struct walker *w, uint32_t count, uint32_t seq)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};
	struct mppe_sync_place before = s->at;
	struct mppe_sync_verdict v = {0};

	if (mppe_sync_receive(s, &packet, seq, &v) != DROP_NONE) {
		w->n_refused++;
		return false;
	}
	w->n_changes += v.n_changes;
	if (v.begins_walk)
		w->walked = w->key;
	if (v.kind == MPPE_SYNC_WALK) {
		w->walked += v.n_changes;
		w->n_refused++;
		return false;
	}
	uint64_t key = (v.takes_walk ? w->walked : w->key) + v.n_changes;
	bool is_right = key == count + 1;
	if (v.kind == MPPE_SYNC_NEXT || is_right)
		w->key = key;
	if (v.kind == MPPE_SYNC_TRIAL && is_right)
		mppe_sync_proved(s, 0);
	else if (v.kind == MPPE_SYNC_TRIAL)
		mppe_sync_failed(s, before);
	return is_right;
}

// Packets in order that a driver does not take are taken back with what they did to the lead of the walking copy: else
// the key that comes of it is one too few for each of them.
TEST(mppe_sync, undo_gives_the_walk_its_lead_back)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	struct mppe_sync_place before[3];

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	s.credit = 0;
	EXPECT_EQ(give(&s, 110, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_WALK);
	uint32_t walked = s.at.walked;
	EXPECT_GT(walked, 3);
	for (uint32_t i = 0; i < 3; i++) {
		before[i] = s.at;
		EXPECT_EQ(give(&s, 10 + i, &v), DROP_NONE);
		EXPECT_EQ(v.kind, MPPE_SYNC_NEXT);
	}
	EXPECT_EQ(s.at.walked, walked - 3);
	for (uint32_t i = 3; i-- > 0;)
		mppe_sync_undo(&s, before[i]);
	EXPECT_EQ(s.at.walked, walked);
	EXPECT_EQ(s.at.count, 9);
}

// Whether it took the copy or left it behind, a trial that failed leaves none.
TEST(mppe_sync, a_failed_trial_ends_the_walk)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	struct mppe_sync_place before;

	for (unsigned int far = 0; far < 2; far++) {
		mppe_sync_init(&s, true, JUMP_MAX);
		feed(&s, 0, 10);
		s.credit = 0;
		EXPECT_EQ(give(&s, 110, &v), DROP_NONE);
		EXPECT_EQ(v.kind, MPPE_SYNC_WALK);
		s.credit = MPPE_SYNC_CREDIT_MAX;
		before = s.at;
		EXPECT_EQ(give(&s, far ? 110 : 12, &v), DROP_NONE);
		EXPECT_EQ(v.kind, MPPE_SYNC_TRIAL);
		EXPECT_EQ(v.takes_walk, far);
		mppe_sync_failed(&s, before);
		EXPECT_EQ(s.at.walked, 0);
	}
}

// Also with some control frames among what was lost, which take GRE numbers and no counts, and with packets
// that were counted and never sent.
TEST(mppe_sync, comes_back_after_any_loss)
{
	static const uint32_t losses[] = {
		1, 255, 999, 1001, 2048, 4000, 4094, 4095, 4096, 4097, 5000, 9000, 20000, 65000};

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		for (uint32_t others = 0; others < 1200; others += 400) {
			struct mppe_sync s;
			struct walker w = {0};
			uint32_t count = 0, seq = 100 + (i % 2 ? others : 0);

			SHIM_TRACE_CASE(i);
			mppe_sync_init(&s, true, JUMP_MAX);
			for (; count < 5; count++)
				ASSERT_TRUE(receive(&s, &w, count, seq + count));
			count += losses[i];
			seq += i % 2 ? 0 - others : others;
			for (uint32_t n = 0; !receive(&s, &w, count, seq + count); n++, count++)
				ASSERT_LT(n, 20 + (losses[i] + JUMP_MAX) /
							     (MPPE_SYNC_CREDIT_PER_PACKET - 1));
			for (uint32_t n = 0; n < 100; n++)
				ASSERT_TRUE(receive(&s, &w, count + 1 + n, seq + count + 1 + n));
			// It costs what was lost, and a trial where that looks like a small loss.
			EXPECT_LE(w.n_changes, count + 101 + JUMP_MAX);
		}
	}
}

TEST(mppe_sync, a_client_gets_back_in_even_when_the_credit_is_spent)
{
	struct mppe_sync s;
	struct walker w = {0};
	uint32_t count = 3000;

	mppe_sync_init(&s, true, JUMP_MAX);
	ASSERT_TRUE(receive(&s, &w, 0, 0));
	s.credit = 0;
	while (!receive(&s, &w, count, count)) {
		count++;
		ASSERT_LT(w.n_refused, 10 + 3000 / (MPPE_SYNC_CREDIT_PER_PACKET - 1));
	}
	EXPECT_GT(w.n_refused, 100);
	EXPECT_EQ(w.n_changes, w.key);
}

// While the copy walks after forged numbers, the client's own packets go on with its key.
TEST(mppe_sync, a_walk_disturbs_nobody)
{
	struct mppe_sync s;
	struct walker w = {0};

	mppe_sync_init(&s, true, 100);
	for (uint32_t i = 0; i < 2000; i++) {
		ASSERT_TRUE(receive(&s, &w, i, 10000 + 2 * i));
		(void)receive(&s, &w, 3000 + i, 10001 + 2 * i);
	}
	EXPECT_LE(w.n_changes, MPPE_SYNC_CREDIT_MAX + 4000 * (MPPE_SYNC_CREDIT_PER_PACKET + 1));
}

// Laps that the GRE number tells are believed until a trial fails, then not, and so on: neither wrong GRE
// numbers nor a client that numbers otherwise lock it out.
TEST(mppe_sync, wrong_laps_are_doubted)
{
	struct mppe_sync s;
	struct walker w = {0};
	uint32_t count = 0;

	mppe_sync_init(&s, true, JUMP_MAX);
	for (; count < 5; count++)
		ASSERT_TRUE(receive(&s, &w, count, count));
	count += 2000;
	for (uint32_t n = 0; !receive(&s, &w, count, 20000 + count); n++, count++)
		ASSERT_LT(n, 3000);
	EXPECT_EQ(w.key, count + 1);
}

// A next count is the next packet whatever GRE says.
TEST(mppe_sync, the_next_count_needs_no_near_gre_number)
{
	struct mppe_sync s;
	struct walker w = {0};

	mppe_sync_init(&s, true, JUMP_MAX);
	for (uint32_t i = 0; i < 100; i++)
		ASSERT_TRUE(receive(&s, &w, i, i * (i < 50 ? 100000 : 5000)));
}

TEST(mppe_sync, a_walk_that_the_driver_refuses_begins_again)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 1);
	s.credit = 100;
	for (uint32_t i = 0; i < 3; i++)
		EXPECT_EQ(give(&s, 2000 + i, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 2003, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_WALK);
	EXPECT_TRUE(v.begins_walk);
	EXPECT_EQ(give(&s, 2004, &v), DROP_NONE);
	EXPECT_FALSE(v.begins_walk);
	mppe_sync_stop_walk(&s);
	EXPECT_EQ(give(&s, 2005, &v), DROP_NONE);
	EXPECT_TRUE(v.begins_walk);
}

TEST(mppe_sync, sustained_loss_never_runs_out_of_credit)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint64_t rng = 7;
	uint32_t count = 0;

	mppe_sync_init(&s, true, JUMP_MAX);
	for (uint32_t i = 0; i < 100000; i++) { // 9 of 10 are lost
		rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
		count += 1 + (rng >> 33) % 19;
		ASSERT_EQ(give(&s, count, &v), DROP_NONE);
		ASSERT_NE(v.kind, MPPE_SYNC_WALK);
	}
}

TEST(mppe_sync, nothing_is_ever_due_in_stateless_mode)
{
	struct mppe_sync s;

	mppe_sync_init(&s, true, JUMP_MAX);
	mppe_sync_lose(&s);
	EXPECT_FALSE(mppe_sync_is_due(&s, 1));
}

// --- late ones --------------------------------------------------------------------------------------

static enum drop_reason give_late(struct mppe_sync *s, uint32_t count, struct mppe_sync_verdict *v)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};

	*v = (struct mppe_sync_verdict){0};
	return mppe_sync_receive_late(s, &packet, 100 + count, v);
}

static void expect_late(struct mppe_sync *s, uint32_t count, uint8_t late)
{
	struct mppe_sync_verdict v;

	EXPECT_EQ(give_late(s, count, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_LATE);
	EXPECT_EQ(v.late, late);
	EXPECT_EQ(v.n_changes, 0);
}

TEST(mppe_sync, late_counts)
{
	// `last` is read, then a jump of `jump` proves itself, then n packets in order come, then what is `behind`.
	static const struct {
		uint32_t last, jump, n, behind;
		enum drop_reason verdict;
	} cases[] = {
		{9, 2, 0, 1, DROP_NONE},
		{9, 2, 0, 0, DROP_MPPE_JUMP}, // the last one
		{9, 2, 0, 2, DROP_MPPE_JUMP}, // the one before
		{9, 2, 30, 31, DROP_NONE},
		{9, 2, 30, 30, DROP_MPPE_JUMP}, // read in order
		{9, 2, 31, 32, DROP_MPPE_JUMP}, // its key has gone
		{9, 3, 0, 2, DROP_NONE},
		{9, 3, 5, 6, DROP_NONE},
		{9, 31, 0, 30, DROP_NONE},
		{9, 31, 0, 31, DROP_MPPE_JUMP},
		{9, 32, 0, 31, DROP_NONE},
		{9, 33, 0, 31, DROP_NONE},
		{9, 33, 0, 32, DROP_MPPE_JUMP},
		{9, 900, 0, 31, DROP_NONE},
		{9, 900, 0, 32, DROP_MPPE_JUMP},
		{9, 900, 0, 899, DROP_MPPE_JUMP},
		{4095, 2, 0, 1, DROP_NONE}, // across the wrap
		{4090, 20, 10, 29, DROP_NONE},
		{9, 2, 4096, 1, DROP_MPPE_JUMP}, // the same count, one lap later
		{9, 2, 4096, 4097, DROP_MPPE_JUMP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t at = cases[i].last + cases[i].jump;
		struct mppe_sync s;
		struct mppe_sync_verdict v;

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, true, JUMP_MAX);
		feed(&s, 0, cases[i].last + 1);
		ASSERT_EQ(give(&s, at, &v), DROP_NONE);
		mppe_sync_proved(&s, 0);
		feed(&s, at + 1, cases[i].n);
		at += cases[i].n;
		EXPECT_EQ(give_late(&s, at - cases[i].behind, &v), cases[i].verdict);
		if (cases[i].verdict != DROP_NONE)
			continue;
		EXPECT_EQ(v.kind, MPPE_SYNC_LATE);
		EXPECT_EQ(v.late, cases[i].behind);
		EXPECT_EQ(give_late(&s, at - cases[i].behind, &v), DROP_MPPE_JUMP); // once
	}
}

// Its changes have gone over the oldest keys: a packet is not tried with those that stand there now.
TEST(mppe_sync, what_a_failed_trial_wrote_over_is_not_late)
{
	// Which of those that are 29, 4 and 1 behind can be read after it.
	static const struct {
		uint32_t jump;
		bool of_29, of_4, of_1;
	} cases[] = {
		{2, true, true, true},
		{3, false, true, true},
		{27, false, true, true},
		{28, false, false, true},
		{30, false, false, true},
		{31, false, false, false},
		{200, false, false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (unsigned int is_undone = 0; is_undone < 2; is_undone++) {
			struct mppe_sync s;
			struct mppe_sync_verdict v;

			SHIM_TRACE_CASE(2 * i + is_undone);
			mppe_sync_init(&s, true, JUMP_MAX);
			feed(&s, 0, 42);
			s.at.missing = UINT32_C(1) << 29 | UINT32_C(1) << 4 | UINT32_C(1) << 1;
			s.credit = MPPE_SYNC_CREDIT_MAX;
			struct mppe_sync_place before = s.at;
			ASSERT_EQ(give(&s, 41 + cases[i].jump, &v), DROP_NONE);
			ASSERT_EQ(v.kind, MPPE_SYNC_TRIAL);
			if (is_undone)
				mppe_sync_undo_trial(&s, before);
			else
				mppe_sync_failed(&s, before);
			EXPECT_EQ(give_late(&s, 41 - 29, &v) == DROP_NONE, cases[i].of_29);
			EXPECT_EQ(give_late(&s, 41 - 4, &v) == DROP_NONE, cases[i].of_4);
			EXPECT_EQ(give_late(&s, 41 - 1, &v) == DROP_NONE, cases[i].of_1);
			feed(&s, 42, 5); // and it goes on
		}
	}
}

TEST(mppe_sync, nothing_is_late_before_the_first_count)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	for (uint32_t behind = 0; behind < 40; behind++)
		EXPECT_EQ(give_late(&s, 4095 - behind, &v), DROP_MPPE_JUMP);
	ASSERT_EQ(give(&s, 3, &v), DROP_NONE);
	mppe_sync_proved(&s, 0);
	EXPECT_EQ(give_late(&s, 4095, &v), DROP_MPPE_JUMP);
	expect_late(&s, 0, 3);
	expect_late(&s, 2, 1);
	expect_late(&s, 1, 2);
}

TEST(mppe_sync, a_late_count_moves_nothing)
{
	struct mppe_sync s, before;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, 100);
	feed(&s, 0, 10);
	ASSERT_EQ(give(&s, 15, &v), DROP_NONE);
	mppe_sync_proved(&s, 0);
	s.credit = 5;
	EXPECT_EQ(give(&s, 3000, &v), DROP_MPPE_JUMP); // a run is under way
	before = s;
	expect_late(&s, 12, 3);
	EXPECT_NE(s.at.missing, before.at.missing);
	s.at.missing = before.at.missing;
	EXPECT_MEMEQ(&s, &before, sizeof(s));
	// Nor does what is refused, however often, and however far.
	s.at.missing = 0;
	before = s;
	for (uint32_t count = 17; count < 4096 + 15; count++)
		ASSERT_EQ(give_late(&s, count, &v), DROP_MPPE_JUMP);
	EXPECT_MEMEQ(&s, &before, sizeof(s));
}

// A packet that was overtaken by nothing encrypted, or by what was forged, is in order for the key.
TEST(mppe_sync, a_late_packet_with_the_next_count_is_next)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	EXPECT_EQ(give_late(&s, 10, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_NEXT);
	EXPECT_EQ(v.n_changes, 1);
	feed(&s, 11, 10);
	EXPECT_EQ(give_late(&s, 10, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give_late(&s, 22, &v), DROP_MPPE_JUMP); // no jump
}

TEST(mppe_sync, bits_of_late_packets)
{
	static const uint16_t bits[] = {
		0, MPPE_PACKET_ENCRYPTED, MPPE_PACKET_FLUSHED, GOOD | MPPE_PACKET_COMPRESSED};
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 1);
	ASSERT_EQ(give(&s, 3, &v), DROP_NONE);
	mppe_sync_proved(&s, 0);
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		const struct mppe_packet packet = {.bits = bits[i], .count = 2};

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(mppe_sync_receive_late(&s, &packet, 102, &v), DROP_MPPE_BITS);
	}
	expect_late(&s, 2, 1);
	mppe_sync_init(&s, false, JUMP_MAX);
	EXPECT_EQ(give_late(&s, 0, &v), DROP_GRE_LATE); // RC4 does not go back
}

TEST(mppe_sync, what_a_jump_left_out_is_late_only_if_the_jump_stands)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	struct mppe_sync_place before;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	ASSERT_EQ(give(&s, 12, &v), DROP_NONE);
	mppe_sync_proved(&s, 0);
	before = s.at;
	ASSERT_EQ(give(&s, 20, &v), DROP_NONE); // forged
	mppe_sync_failed(&s, before);
	expect_late(&s, 11, 1);
	EXPECT_EQ(give_late(&s, 15, &v), DROP_MPPE_JUMP);
	before = s.at;
	ASSERT_EQ(give(&s, 14, &v), DROP_NONE); // not taken by the driver
	mppe_sync_undo(&s, before);
	EXPECT_EQ(give_late(&s, 11, &v), DROP_MPPE_JUMP);
	expect_late(&s, 10, 2);
}

// The keys of a walk are in no ring, and those before it are no more.
TEST(mppe_sync, after_a_walk_only_what_came_behind_it_is_late)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint32_t count = 40, n_changes = 0;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	ASSERT_EQ(give(&s, 12, &v), DROP_NONE);
	mppe_sync_proved(&s, 0);
	s.credit = 0;
	for (;; count++) {
		ASSERT_EQ(give(&s, count, &v), DROP_NONE);
		if (v.kind == MPPE_SYNC_TRIAL)
			break;
		ASSERT_EQ(v.kind, MPPE_SYNC_WALK);
	}
	ASSERT_TRUE(v.takes_walk);
	mppe_sync_proved(&s, 0);
	n_changes = v.n_changes;
	ASSERT_GT(n_changes, 1);
	EXPECT_EQ(s.at.missing, (UINT32_C(1) << n_changes) - 2);
	EXPECT_EQ(give_late(&s, count - n_changes, &v), DROP_MPPE_JUMP);
	expect_late(&s, count - n_changes + 1, (uint8_t)(n_changes - 1));
}

// Both windows as a worker has them, and a key that is the number of changes so far. Packets come by a path that
// delays, repeats and loses; some are control frames, which have a GRE number and no count.
struct late_call {
	struct gre_window gre;
	struct mppe_sync sync;
	struct walker key;
	uint32_t n_wrong;
};

// Returns whether it was passed on.
static bool receive_call(struct late_call *c, uint32_t seq, uint32_t count, bool is_control)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};
	enum drop_reason verdict = gre_window_receive(&c->gre, seq, 0);
	struct mppe_sync_verdict v;

	if (verdict == DROP_NONE)
		return is_control || receive(&c->sync, &c->key, count, seq);
	if (verdict != DROP_GRE_LATE || !gre_window_take_late(&c->gre, seq) || is_control ||
		mppe_sync_receive_late(&c->sync, &packet, seq, &v) != DROP_NONE)
		return false;
	c->key.key += v.n_changes;
	c->n_wrong += c->key.key - v.late != count + 1;
	return true;
}

enum { CALL_PKTS = 3000, CALL_DELAY_MAX = 40 };

struct arrival {
	uint32_t at, seq;
};

static int compare_arrivals(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	return x->at != y->at ? (x->at > y->at) - (x->at < y->at)
			      : (x->seq > y->seq) - (x->seq < y->seq);
}

static uint32_t below(uint64_t *rng, uint32_t n)
{
	*rng = *rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*rng >> 33) % n;
}

static void play_call(uint64_t *rng, uint32_t first, uint8_t late_max, uint32_t *n_late)
{
	static struct arrival arrivals[2 * CALL_PKTS];
	static uint32_t counts[CALL_PKTS];
	static bool is_control[CALL_PKTS], has_come[CALL_PKTS];
	uint32_t n = 0, count = 0, lose = below(rng, 20), delay = below(rng, 40),
		 control = below(rng, 10);
	struct late_call c = {0};

	for (uint32_t i = 0; i < CALL_PKTS; i++) {
		is_control[i] = i > 0 && below(rng, 100) < control;
		has_come[i] = false;
		counts[i] = is_control[i] ? 0 : count++;
		if (i > 0 && below(rng, 100) < lose)
			continue;
		for (uint32_t copies = 1 + (below(rng, 20) == 0); copies > 0; copies--)
			arrivals[n++] = (struct arrival){
				.at = i + (i > 0 && below(rng, 100) < delay
							  ? below(rng, CALL_DELAY_MAX)
							  : 0),
				.seq = i};
	}
	qsort(arrivals, n, sizeof(arrivals[0]), compare_arrivals);
	gre_window_init(&c.gre, 1024, 0);
	c.gre.late_max = late_max;
	mppe_sync_init(&c.sync, true, JUMP_MAX);
	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = arrivals[k].seq;
		uint32_t behind = c.gre.highest - (first + i);
		bool is_behind = k > 0 && behind < 2 * CALL_PKTS;
		bool was_next = counts[i] == c.key.key;
		bool is_late = is_behind && behind <= late_max;
		// What jumped over it, if anything encrypted did, has left its key behind.
		bool is_readable = !is_control[i] && (was_next || counts[i] < c.key.key);
		bool is_passed = receive_call(&c, first + i, counts[i], is_control[i]);

		ASSERT_FALSE(is_passed && has_come[i]);
		ASSERT_FALSE(is_passed && is_behind && (!is_late || is_control[i]));
		if (!has_come[i] && (!is_behind || (is_late && is_readable)))
			ASSERT_TRUE(is_passed);
		has_come[i] |= !is_behind || is_late;
		*n_late += is_passed && is_behind;
	}
	EXPECT_EQ(c.n_wrong, 0);
	EXPECT_EQ(c.key.n_refused, 0);
}

TEST(mppe_sync, all_that_comes_within_the_allowance_is_read_once)
{
	uint64_t rng = 11;
	uint32_t n_late = 0;

	for (uint32_t run = 0; run < 200; run++) {
		SHIM_TRACE_CASE(run);
		play_call(&rng, run % 2 ? below(&rng, UINT32_MAX) : UINT32_MAX - 1000,
			(uint8_t)below(&rng, 32), &n_late);
	}
	EXPECT_GT(n_late, 10000);
}

TEST(mppe_sync, plausible)
{
	static const struct {
		uint8_t data[4];
		size_t len;
		bool is_plausible;
	} cases[] = {
		{{0x21, 0x45}, 2, true},
		{{0x00, 0x21, 0x45}, 3, true},
		{{0x00, 0x21, 0x4f}, 3, true},
		{{0x21, 0x65}, 2, false},
		{{0x00, 0x21, 0x35}, 3, false},
		{{0x21}, 1, false},
		{{0x00, 0x21}, 2, false},
		{{0x57, 0x60}, 2, true},
		{{0x57, 0x45}, 2, false},
		{{0x2d, 0xff}, 2, true}, // VJ, where it is on
		{{0x00, 0xf9}, 2, true},
		{{0xf9}, 1, true},
		{{0xfb}, 1, false}, // beyond 0x00FA
		{{0x00, 0xfd}, 2, false},
		{{0x1f}, 1, false},
		{{0x22}, 1, false}, // even
		{{0x00, 0x22}, 2, false},
		{{0x80, 0x21}, 2, false}, // IPCP is not encrypted
		{{0xc0, 0x21}, 2, false},
		{{0xff, 0x03, 0x21, 0x45}, 4, false}, // no address and control inside
		{{0x00}, 1, false},
		{{0x00}, 0, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(
			mppe_sync_is_plausible(cases[i].data, cases[i].len), cases[i].is_plausible);
	}
}
