// SPDX-License-Identifier: BSD-3-Clause
// Stateless mode, and what both modes share; the stateful one is in mppe_sync_stateful_test.c, packets that come
// late in mppe_sync_late_test.c.
#include "proto/mppe_sync.h"

#include "mppe_sync_feed.h"
#include "shim/shim.h"

static bool is_trial(const struct mppe_sync_verdict *v)
{
	return v->kind == MPPE_SYNC_TRIAL;
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
