// SPDX-License-Identifier: BSD-3-Clause
#include "control/setup_pace.h"

#include "shim/shim.h"

static const uint64_t MS = 1000000, S = 1000000000;

// What may begin halves while something is left over for long, and comes back; it never is nothing.
TEST(setup_pace, budget_follows_the_lag)
{
	struct setup_pace p;
	uint64_t now = S;

	setup_pace_init(&p, now);
	for (int i = 0; i < 9; i++)
		setup_pace_turn(&p, true, now += MS);
	EXPECT_EQ(SETUP_PACE_BUDGET_MAX, p.budget); // a moment is no lag
	EXPECT_EQ(9 * MS, p.lag_ns);
	setup_pace_turn(&p, true, now += MS);
	EXPECT_EQ(SETUP_PACE_BUDGET_MAX / 2, p.budget);
	for (int i = 0; i < 20; i++)
		setup_pace_turn(&p, true, now += MS);
	EXPECT_EQ(1, p.budget);
	EXPECT_EQ(30 * MS, p.sums.lag_longest_ns);
	setup_pace_turn(&p, false, now += MS);
	EXPECT_EQ(0, p.lag_ns);
	EXPECT_EQ(2, p.budget);
	for (int i = 0; i < 200; i++)
		setup_pace_turn(&p, i % 2, now += MS);
	EXPECT_EQ(SETUP_PACE_BUDGET_MAX, p.budget);
}

TEST(setup_pace, a_storm_begins_and_ends_with_its_numbers)
{
	struct setup_pace p;
	uint64_t now = S;

	setup_pace_init(&p, now);
	// A short wait is none.
	setup_pace_note(&p, 5, true, now);
	setup_pace_note(&p, 5, true, now += 299 * MS);
	setup_pace_note(&p, 0, false, now);
	setup_pace_begun(&p, 299 * MS);
	EXPECT_EQ(SETUP_PACE_NOTHING, setup_pace_second(&p, now = 2 * S));
	EXPECT_EQ(0, p.began_ns);

	setup_pace_note(&p, 70, true, now);
	setup_pace_note(&p, 700, true, now += 300 * MS);
	setup_pace_begun(&p, 300 * MS);
	setup_pace_turn_took(&p, 3 * MS);
	EXPECT_EQ(SETUP_PACE_STORM_BEGAN, setup_pace_second(&p, now = 3 * S));
	setup_pace_begun(&p, 900 * MS);
	setup_pace_note(&p, 1, true, now = 3 * S + 500 * MS);
	setup_pace_note(&p, 0, false, now);
	EXPECT_EQ(SETUP_PACE_NOTHING, setup_pace_second(&p, now = 4 * S));
	EXPECT_EQ(SETUP_PACE_NOTHING, setup_pace_second(&p, now = 5 * S));
	EXPECT_EQ(SETUP_PACE_STORM_ENDED, setup_pace_second(&p, now = 6 * S));
	EXPECT_EQ(700, p.last.waiting_most);
	EXPECT_EQ(2, p.last.n_begun);
	EXPECT_EQ(900 * MS, p.last.wait_longest_ns);
	EXPECT_EQ(3 * MS, p.last.turn_longest_ns);
	EXPECT_EQ(3 * S, p.ended_ns - p.began_ns);
	EXPECT_EQ(SETUP_PACE_NOTHING, setup_pace_second(&p, now = 7 * S));
	EXPECT_EQ(1, p.n_storms);
	EXPECT_EQ(2, p.last.n_begun); // until the next one
}
