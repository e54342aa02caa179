// SPDX-License-Identifier: BSD-3-Clause
#include "control/timer_heap.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <rte_common.h>

enum { N_TIMERS = 500 };

struct probe {
	struct timer timer;
	struct timer_heap *heap;
	uint64_t due_ns;   // what we think, TIMER_NEVER when not armed
	uint64_t again_ns; // armed by itself when it fires, 0: not
	uint32_t n_fired;
	uint64_t fired_ns;
};

static void fire(struct timer *t, uint64_t now_ns)
{
	struct probe *p = container_of(t, struct probe, timer);

	p->n_fired++;
	p->fired_ns = now_ns;
	p->due_ns = TIMER_NEVER;
	if (p->again_ns)
		timer_heap_arm(p->heap, t, p->again_ns);
}

static void join(struct probe *p, struct timer_heap *h)
{
	*p = (struct probe){.heap = h, .due_ns = TIMER_NEVER};
	ASSERT_EQ(0, timer_heap_join(h, &p->timer, fire));
}

TEST(timer_heap, fires_in_order_and_once)
{
	struct timer_heap h;
	struct probe a, b;

	timer_heap_init(&h);
	EXPECT_EQ(TIMER_NEVER, timer_heap_next(&h));
	join(&a, &h);
	join(&b, &h);
	timer_heap_arm(&h, &a.timer, 20);
	timer_heap_arm(&h, &b.timer, 10);
	EXPECT_EQ(10, timer_heap_next(&h));
	EXPECT_EQ(0, timer_heap_run(&h, 9, 100));
	EXPECT_EQ(1, timer_heap_run(&h, 10, 100));
	EXPECT_EQ(1, b.n_fired);
	EXPECT_EQ(0, a.n_fired);
	EXPECT_EQ(1, timer_heap_run(&h, 1000, 100));
	EXPECT_EQ(1000, a.fired_ns);
	EXPECT_EQ(0, timer_heap_run(&h, 2000, 100));
	timer_heap_leave(&h, &a.timer);
	timer_heap_leave(&h, &b.timer);
	timer_heap_fini(&h);
}

TEST(timer_heap, never_disarms_and_leave_is_harmless_twice)
{
	struct timer_heap h;
	struct probe a;

	timer_heap_init(&h);
	join(&a, &h);
	timer_heap_arm(&h, &a.timer, 5);
	timer_heap_arm(&h, &a.timer, TIMER_NEVER);
	EXPECT_EQ(TIMER_NEVER, timer_heap_next(&h));
	timer_heap_arm(&h, &a.timer, TIMER_NEVER);
	timer_heap_arm(&h, &a.timer, 5);
	timer_heap_leave(&h, &a.timer);
	timer_heap_leave(&h, &a.timer);
	EXPECT_EQ(0, h.n_members);
	EXPECT_EQ(0, timer_heap_run(&h, 100, 100));
	timer_heap_fini(&h);
}

// One that arms itself for the past again and again does not hold the caller.
TEST(timer_heap, run_is_bounded)
{
	struct timer_heap h;
	struct probe a;

	timer_heap_init(&h);
	join(&a, &h);
	a.again_ns = 1;
	timer_heap_arm(&h, &a.timer, 1);
	EXPECT_EQ(7, timer_heap_run(&h, 10, 7));
	EXPECT_EQ(7, a.n_fired);
	timer_heap_leave(&h, &a.timer);
	timer_heap_fini(&h);
}

static uint64_t least(const struct probe *probes)
{
	uint64_t due = TIMER_NEVER;

	for (int i = 0; i < N_TIMERS; i++)
		if (probes[i].due_ns < due)
			due = probes[i].due_ns;
	return due;
}

// Against a plain list: the first is always the first, whatever is armed, moved, disarmed or fired.
TEST(timer_heap, agrees_with_a_list)
{
	static struct probe probes[N_TIMERS];
	struct xorshift x = xorshift_seed(1);
	struct timer_heap h;
	uint64_t now = 0;

	timer_heap_init(&h);
	for (int i = 0; i < N_TIMERS; i++)
		join(&probes[i], &h);
	for (int round = 0; round < 20000; round++) {
		struct probe *p = &probes[xorshift_below(&x, N_TIMERS)];
		uint32_t what = xorshift_below(&x, 8);
		if (what == 0) {
			p->due_ns = TIMER_NEVER;
		} else if (what == 1) {
			now += xorshift_below(&x, 200);
			timer_heap_run(&h, now, UINT32_MAX);
			ASSERT_GT(timer_heap_next(&h), now);
			continue;
		} else {
			p->due_ns = now + 1 + xorshift_below(&x, 1000);
		}
		timer_heap_arm(&h, &p->timer, p->due_ns);
		ASSERT_EQ(least(probes), timer_heap_next(&h));
	}
	for (int i = 0; i < N_TIMERS; i++) {
		timer_heap_leave(&h, &probes[i].timer);
		probes[i].due_ns = TIMER_NEVER;
		ASSERT_EQ(least(probes), timer_heap_next(&h));
	}
	EXPECT_EQ(0, h.n_members);
	timer_heap_fini(&h);
}
