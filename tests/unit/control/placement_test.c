// SPDX-License-Identifier: BSD-3-Clause
#include "control/placement.h"

#include "shim/shim.h"

#include <stdbool.h>

static int owners[16];

TEST(placement, spreads_over_workers_by_load)
{
	const uint32_t n_slots[] = {8, 8, 4};
	struct placement p;
	uint32_t n[3] = {0};

	ASSERT_EQ(0, placement_init(&p, n_slots, 3));
	for (int i = 0; i < 10; i++) {
		uint64_t id = placement_take(&p, &owners[0]);
		ASSERT_NE(SESSION_ID_NONE, id);
		n[session_id_worker(id)]++;
	}
	EXPECT_EQ(4, n[0]);
	EXPECT_EQ(4, n[1]);
	EXPECT_EQ(2, n[2]);
	EXPECT_EQ(10, placement_count(&p));
	for (int i = 10; i < 20; i++)
		EXPECT_NE(SESSION_ID_NONE, placement_take(&p, &owners[0]));
	EXPECT_EQ(SESSION_ID_NONE, placement_take(&p, &owners[0]));
	placement_fini(&p);
}

TEST(placement, a_slot_in_use_again_has_another_id)
{
	const uint32_t n_slots[] = {2};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	uint64_t a = placement_take(&p, &owners[0]);
	uint64_t b = placement_take(&p, &owners[1]);
	EXPECT_TRUE(placement_find(&p, a) == &owners[0]);
	EXPECT_TRUE(placement_find(&p, b) == &owners[1]);
	placement_release(&p, a);
	EXPECT_NULL(placement_find(&p, a));
	uint64_t c = placement_take(&p, &owners[2]);
	EXPECT_EQ(session_id_slot(a), session_id_slot(c));
	EXPECT_NE(a, c);
	EXPECT_NULL(placement_find(&p, a));
	EXPECT_TRUE(placement_find(&p, c) == &owners[2]);
	placement_fini(&p);
}

TEST(placement, generations_never_become_zero)
{
	const uint32_t n_slots[] = {1};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	p.workers[0].generations[0] = UINT32_MAX;
	uint64_t id = placement_take(&p, &owners[0]);
	EXPECT_EQ(1, session_id_generation(id));
	EXPECT_NE(SESSION_ID_NONE, id);
	placement_fini(&p);
}

TEST(placement, the_slot_that_was_free_for_longest_comes_first)
{
	const uint32_t n_slots[] = {3};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	uint64_t a = placement_take(&p, &owners[0]); // slot 0
	uint64_t b = placement_take(&p, &owners[0]); // slot 1
	placement_release(&p, b);
	placement_release(&p, a);
	EXPECT_EQ(2, session_id_slot(placement_take(&p, &owners[0])));
	EXPECT_EQ(1, session_id_slot(placement_take(&p, &owners[0])));
	EXPECT_EQ(0, session_id_slot(placement_take(&p, &owners[0])));
	placement_fini(&p);
}

TEST(placement, ids_of_nobody_find_nothing)
{
	const uint32_t n_slots[] = {4};
	const uint64_t ids[] = {SESSION_ID_NONE, session_id_make(1, 0, 0), session_id_make(1, 0, 4),
		session_id_make(1, 1, 0), session_id_make(0, 0, 1), UINT64_MAX};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_NULL(placement_find(&p, ids[i]));
	}
	placement_fini(&p);
}

// Whatever the size of the steps, each owner comes once.
TEST(placement, next_visits_all_in_bounded_steps)
{
	const uint32_t n_slots[] = {5, 1, 7};

	for (uint32_t step = 1; step < 20; step++) {
		struct placement p;
		uint32_t cursor = 0, n = 0, n_turns = 0;
		bool is_end = false;
		SHIM_TRACE_CASE(step);
		ASSERT_EQ(0, placement_init(&p, n_slots, 3));
		for (int i = 0; i < 9; i++)
			ASSERT_NE(SESSION_ID_NONE, placement_take(&p, &owners[i]));
		while (!is_end) {
			n += placement_next(&p, &cursor, step, &is_end) != NULL;
			ASSERT_LT(++n_turns, 100);
		}
		EXPECT_EQ(9, n);
		EXPECT_NULL(placement_next(&p, &cursor, step, &is_end));
		EXPECT_TRUE(is_end);
		placement_fini(&p);
	}
}
