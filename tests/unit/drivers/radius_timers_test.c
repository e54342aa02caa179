// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_timers.h"

#include "shim/shim.h"

enum { N = 500 };

// Whatever is armed, armed anew and disarmed: they come out in order of time, and none is lost.
TEST(radius_timers, come_out_in_order)
{
	struct radius_timers h = {0};
	struct radius_timer timers[N] = {0};
	uint64_t random = 12345;

	for (int round = 0; round < 20000; round++) {
		random ^= random << 13, random ^= random >> 7, random ^= random << 17;
		struct radius_timer *t = &timers[random % N];
		if (random >> 60 == 0)
			radius_timers_disarm(&h, t);
		else
			radius_timers_arm(&h, t, random >> 20 & 0xfff);
	}
	int n_armed = 0, n_out = 0;
	for (int i = 0; i < N; i++)
		n_armed += timers[i].is_armed;
	uint64_t last = 0;
	for (struct radius_timer *t; (t = radius_timers_take(&h, RADIUS_TIMER_NEVER)); n_out++) {
		EXPECT_LE(last, t->due_ns);
		last = t->due_ns;
		EXPECT_FALSE(t->is_armed);
	}
	EXPECT_EQ(n_armed, n_out);
	EXPECT_GT(n_out, N / 2);
	EXPECT_EQ(RADIUS_TIMER_NEVER, radius_timers_next(&h));
}

TEST(radius_timers, none_comes_out_before_its_time)
{
	struct radius_timers h = {0};
	struct radius_timer a = {0}, b = {0};

	radius_timers_arm(&h, &a, 20);
	radius_timers_arm(&h, &b, 10);
	EXPECT_EQ(10, radius_timers_next(&h));
	EXPECT_NULL(radius_timers_take(&h, 9));
	EXPECT_TRUE(radius_timers_take(&h, 10) == &b);
	EXPECT_NULL(radius_timers_take(&h, 19));
	radius_timers_disarm(&h, &a);
	EXPECT_NULL(radius_timers_take(&h, 30));
}
