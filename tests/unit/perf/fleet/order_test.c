// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/order.h"

#include "shim/shim.h"

struct step {
	uint32_t seq;
	enum order_kind kind;
	uint32_t skipped;
};

static void run(struct order o, const struct step *steps, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint32_t skipped = 99;

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(order_take(&o, steps[i].seq, &skipped), steps[i].kind);
		EXPECT_EQ(skipped, steps[i].skipped);
	}
}

#define RUN(o, steps) run(o, steps, sizeof(steps) / sizeof(steps[0]))

TEST(fleet_order, in_order_gap_late_and_twice)
{
	static const struct step steps[] = {
		{0, ORDER_NEXT, 0}, {0, ORDER_TWICE, 0}, {1, ORDER_NEXT, 0}, {4, ORDER_NEXT, 2},
		{2, ORDER_LATE, 0}, {2, ORDER_TWICE, 0}, {3, ORDER_LATE, 0}, {4, ORDER_TWICE, 0},
		{5, ORDER_NEXT, 0}, {105, ORDER_NEXT, 99}, {104, ORDER_LATE, 0},
		{104, ORDER_TWICE, 0},
		{42, ORDER_LATE, 0}, // 63 behind: the last that is remembered
		{42, ORDER_TWICE, 0}, {41, ORDER_LATE, 0},
		{41, ORDER_LATE, 0}, // too long ago to be known
	};
	RUN((struct order){0}, steps);
}

TEST(fleet_order, first_numbers_may_be_missing)
{
	static const struct step steps[] = {
		{2, ORDER_NEXT, 2}, {0, ORDER_LATE, 0}, {1, ORDER_LATE, 0}};

	RUN((struct order){0}, steps);
}

TEST(fleet_order, goes_round)
{
	static const struct step steps[] = {
		{UINT32_MAX - 1, ORDER_NEXT, 0},
		{0, ORDER_NEXT, 1},
		{UINT32_MAX, ORDER_LATE, 0},
		{UINT32_MAX, ORDER_TWICE, 0},
		{1, ORDER_NEXT, 0},
	};
	RUN((struct order){.next = UINT32_MAX - 1}, steps);
}

TEST(fleet_order, memory_shifts_by_exactly_what_was_skipped)
{
	for (uint32_t jump = 1; jump < 80; jump++) {
		struct order o = {0};
		uint32_t skipped;

		SHIM_TRACE_CASE(jump);
		EXPECT_EQ(order_take(&o, 0, &skipped), ORDER_NEXT);
		EXPECT_EQ(order_take(&o, jump, &skipped), ORDER_NEXT);
		EXPECT_EQ(order_take(&o, 0, &skipped), jump < 64 ? ORDER_TWICE : ORDER_LATE);
		if (jump > 1)
			EXPECT_EQ(order_take(&o, jump - 1, &skipped), ORDER_LATE);
	}
}
