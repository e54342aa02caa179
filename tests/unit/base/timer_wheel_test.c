// SPDX-License-Identifier: BSD-3-Clause
#include "base/timer_wheel.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#define SECOND	UINT64_C(1000000000)
#define MINUTE	(60 * SECOND)
#define STARTED (1000 * SECOND)

struct timed {
	struct timer_wheel_node node;
	uint64_t at_ns;
	bool is_armed;
};

TEST(timer_wheel, not_early_and_at_most_a_second_late)
{
	static const uint64_t afters[] = {
		1, SECOND - 1, SECOND, SECOND + 1, 10 * SECOND, 1022 * SECOND, 1022 * SECOND + 1};
	struct timer_wheel w;
	struct timer_wheel_node n = {0};

	for (size_t i = 0; i < sizeof(afters) / sizeof(afters[0]); i++) {
		SHIM_TRACE_CASE(i);
		timer_wheel_init(&w, STARTED);
		timer_wheel_arm(&w, &n, STARTED + afters[i]);
		EXPECT_TRUE(timer_wheel_is_armed(&n));
		EXPECT_EQ(NULL, timer_wheel_take(&w, STARTED + afters[i] - 1));
		EXPECT_EQ(&n, timer_wheel_take(&w, STARTED + afters[i] + SECOND));
		EXPECT_FALSE(timer_wheel_is_armed(&n));
		EXPECT_EQ(NULL, timer_wheel_take(&w, STARTED + 3000 * SECOND));
	}
}

// A day: it comes out once a turn, and its owner arms it again.
TEST(timer_wheel, longer_than_a_turn)
{
	struct timer_wheel w;
	struct timer_wheel_node n = {0};
	const uint64_t at = STARTED + 24 * 60 * MINUTE;
	unsigned int n_taken = 0;

	timer_wheel_init(&w, STARTED);
	timer_wheel_arm(&w, &n, at);
	for (uint64_t now = STARTED; now < at; now += SECOND / 2) {
		struct timer_wheel_node *got = timer_wheel_take(&w, now);
		if (!got)
			continue;
		EXPECT_EQ(&n, got);
		n_taken++;
		timer_wheel_arm(&w, &n, at);
	}
	EXPECT_EQ(24 * 3600 / (TIMER_WHEEL_SLOTS - 1), n_taken);
	EXPECT_EQ(&n, timer_wheel_take(&w, at + SECOND));
}

TEST(timer_wheel, canceled_and_armed_anew)
{
	struct timer_wheel w;
	struct timer_wheel_node n[3] = {0};

	timer_wheel_init(&w, STARTED);
	for (int i = 0; i < 3; i++)
		timer_wheel_arm(&w, &n[i], STARTED + 5 * SECOND);
	timer_wheel_cancel(&w, &n[1]);
	timer_wheel_cancel(&w, &n[1]);
	timer_wheel_arm(&w, &n[0], STARTED + 50 * SECOND);
	EXPECT_EQ(2, w.n_armed);
	EXPECT_EQ(&n[2], timer_wheel_take(&w, STARTED + 6 * SECOND));
	EXPECT_EQ(NULL, timer_wheel_take(&w, STARTED + 49 * SECOND));
	EXPECT_EQ(&n[0], timer_wheel_take(&w, STARTED + 51 * SECOND));
	EXPECT_EQ(0, w.n_armed);
}

// A lane that stood still, or had no timer for a year, is not busy with the past for long.
TEST(timer_wheel, after_a_long_pause)
{
	struct timer_wheel w;
	struct timer_wheel_node n = {0};
	const uint64_t later = STARTED + 365 * 24 * 60 * MINUTE;

	timer_wheel_init(&w, STARTED);
	EXPECT_EQ(NULL, timer_wheel_take(&w, later));
	timer_wheel_arm(&w, &n, later + 3 * SECOND);
	EXPECT_EQ(NULL, timer_wheel_take(&w, later + 3 * SECOND - 1));
	EXPECT_EQ(&n, timer_wheel_take(&w, later + 4 * SECOND));
	timer_wheel_arm(&w, &n, later + 5 * SECOND); // due before the wheel gets there
	EXPECT_EQ(&n, timer_wheel_take(&w, 2 * later));
	EXPECT_EQ(NULL, timer_wheel_take(&w, 2 * later + SECOND));
	EXPECT_GT(w.due_ns, 2 * later);
}

// Thousands of timers against a plain list of their times: each comes out once, in its second.
TEST(timer_wheel, random_against_a_list)
{
	enum { TIMERS = 500, ROUNDS = 20000 };
	static struct timed timers[TIMERS];
	struct xorshift x = xorshift_seed(4711);
	struct timer_wheel w;
	uint64_t now = STARTED;
	uint32_t n_armed = 0, n_taken = 0;

	memset(timers, 0, sizeof(timers));
	timer_wheel_init(&w, now);
	for (int i = 0; i < ROUNDS; i++) {
		struct timed *t = &timers[xorshift_below(&x, TIMERS)];
		if (xorshift_below(&x, 4) == 0) {
			timer_wheel_cancel(&w, &t->node);
			n_armed -= t->is_armed;
			t->is_armed = false;
		} else {
			t->at_ns =
				now + xorshift_below(&x, 1000) * SECOND + xorshift_below(&x, 999);
			timer_wheel_arm(&w, &t->node, t->at_ns);
			n_armed += !t->is_armed;
			t->is_armed = true;
		}
		now += xorshift_below(&x, 100) == 0 ? 20 * SECOND : xorshift_below(&x, 1000000000);
		struct timer_wheel_node *n;
		while ((n = timer_wheel_take(&w, now))) {
			t = (struct timed *)n; // its first member
			EXPECT_TRUE(t->is_armed);
			EXPECT_LE(t->at_ns, now);
			t->is_armed = false;
			n_armed--;
			n_taken++;
		}
		ASSERT_EQ(n_armed, w.n_armed);
		for (int k = 0; k < TIMERS; k++)
			if (timers[k].is_armed)
				ASSERT_GT(timers[k].at_ns + SECOND, now);
	}
	EXPECT_GT(n_taken, ROUNDS / 5);
}
