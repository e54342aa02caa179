// SPDX-License-Identifier: BSD-3-Clause
#include "proto/mppe_sync.h"

#include "shim/shim.h"

enum { JUMP_MAX = 1000, GOOD = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED };

static enum drop_reason give(struct mppe_sync *s, uint32_t count, struct mppe_sync_verdict *v)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};

	*v = (struct mppe_sync_verdict){0};
	return mppe_sync_receive(s, &packet, v);
}

// n packets in order, beginning with `from`.
static void feed(struct mppe_sync *s, uint32_t from, uint32_t n)
{
	struct mppe_sync_verdict v;

	for (uint32_t i = 0; i < n; i++) {
		ASSERT_EQ(give(s, from + i, &v), DROP_NONE);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_FALSE(v.is_jump);
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
		uint16_t n_changes = 0;

		mppe_sync_send(&sender, &p, &n_changes);
		ASSERT_EQ(p.count, i % 4096);
		ASSERT_EQ(p.bits, GOOD);
		ASSERT_EQ(n_changes, 1);
		ASSERT_EQ(mppe_sync_receive(&receiver, &p, &v), DROP_NONE);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_FALSE(v.is_jump);
	}
}

TEST(mppe_sync, bits)
{
	static const struct {
		uint16_t bits;
		enum drop_reason verdict;
	} cases[] = {
		{GOOD, DROP_NONE},
		{GOOD | MPPE_PACKET_RESTART, DROP_NONE},
		{GOOD | MPPE_PACKET_COMPRESSED, DROP_MPPE_BITS},
		{MPPE_PACKET_ENCRYPTED, DROP_MPPE_BITS}, // stateless sets A on each packet
		{MPPE_PACKET_FLUSHED, DROP_MPPE_BITS},	 // not encrypted
		{0, DROP_MPPE_BITS},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_sync s;
		struct mppe_sync_verdict v;
		const struct mppe_packet packet = {.bits = cases[i].bits, .count = 0};

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, true, JUMP_MAX);
		EXPECT_EQ(mppe_sync_receive(&s, &packet, &v), cases[i].verdict);
		EXPECT_EQ(s.last, cases[i].verdict == DROP_NONE ? 0 : 0x0fff);
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
		s.last = cases[i].last;
		EXPECT_EQ(give(&s, cases[i].count, &v), cases[i].verdict);
		EXPECT_EQ(v.n_changes, cases[i].n_changes);
		EXPECT_EQ(v.is_jump, cases[i].n_changes > 1);
		if (cases[i].verdict != DROP_NONE)
			EXPECT_EQ(s.last, cases[i].last);
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
	EXPECT_EQ(give(&s, 3003, &v), DROP_MPPE_JUMP); // a gap: the run begins again
	EXPECT_EQ(give(&s, 3004, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 3005, &v), DROP_MPPE_JUMP);
	EXPECT_EQ(give(&s, 3006, &v), DROP_NONE);
	EXPECT_EQ(v.n_changes, 3006 - 9);
	EXPECT_TRUE(v.is_jump);
	feed(&s, 3007, 2000);
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

TEST(mppe_sync, undo_takes_the_count_back_but_not_the_credit)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint16_t last;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 10);
	last = s.last;
	EXPECT_EQ(give(&s, 500, &v), DROP_NONE); // forged: decrypts to garbage
	EXPECT_TRUE(v.is_jump);
	mppe_sync_undo(&s, last);
	EXPECT_EQ(s.credit, MPPE_SYNC_CREDIT_MAX - (v.n_changes - 1));
	feed(&s, 10, 10);
}

TEST(mppe_sync, forged_jumps_cost_a_bounded_number_of_changes_each)
{
	enum { FORGED = 20000 };
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint64_t n_changes = 0;

	mppe_sync_init(&s, true, 4095);
	for (uint32_t i = 0; i < FORGED; i++) {
		uint16_t last = s.last;

		if (give(&s, i * 997, &v) == DROP_NONE) {
			n_changes += v.n_changes;
			mppe_sync_undo(&s, last);
		}
	}
	EXPECT_LE(n_changes,
		MPPE_SYNC_CREDIT_MAX + (uint64_t)FORGED * (MPPE_SYNC_CREDIT_PER_PACKET + 1));
	EXPECT_GT(n_changes, FORGED);
}

TEST(mppe_sync, a_client_gets_back_in_even_when_the_credit_is_spent)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint32_t count = 3000, n_refused = 0;

	mppe_sync_init(&s, true, JUMP_MAX);
	feed(&s, 0, 1);
	s.credit = 0;
	while (give(&s, count++, &v) != DROP_NONE)
		ASSERT_LT(++n_refused, 4096 / MPPE_SYNC_CREDIT_PER_PACKET);
	EXPECT_EQ(v.n_changes, 3000 + n_refused);
	feed(&s, count, 100);
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
	}
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
