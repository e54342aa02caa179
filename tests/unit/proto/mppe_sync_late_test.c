// SPDX-License-Identifier: BSD-3-Clause
// Packets that come after later ones (stateless mode, key ring).
#include "proto/mppe_sync.h"

#include "mppe_sync_feed.h"
#include "proto/gre_window.h"
#include "shim/shim.h"

#include <stdlib.h>

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
