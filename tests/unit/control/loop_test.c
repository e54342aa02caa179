// SPDX-License-Identifier: BSD-3-Clause
#include "control/loop.h"

#include "shim/shim.h"

#include <sys/eventfd.h>
#include <unistd.h>

struct watched {
	struct loop_source source;
	struct loop *loop;
	struct loop_source *removes; // when it is ready
	unsigned int n_ready;
	uint64_t takes_ns; // each time
};

static void spend(uint64_t ns)
{
	uint64_t end_ns = loop_clock_ns() + ns;

	while (loop_clock_ns() < end_ns)
		;
}

static void ready(struct loop_source *s, uint32_t events)
{
	struct watched *w = container_of(s, struct watched, source);

	w->n_ready++;
	if (w->removes)
		loop_remove(w->loop, w->removes);
	spend(w->takes_ns);
}

static bool never(void *context)
{
	++*(unsigned int *)context;
	return false;
}

static bool always(void *context)
{
	return true;
}

static void watch(struct watched *w, struct loop *l)
{
	*w = (struct watched){.loop = l,
		.source = {.fd = eventfd(1, EFD_NONBLOCK), .events = EPOLLIN, .ready = ready}};
	ASSERT_GE(w->source.fd, 0);
	ASSERT_EQ(0, loop_add(l, &w->source));
}

static void open_loop(struct loop *l, struct lane_wake *wake)
{
	ASSERT_EQ(0, lane_wake_init(wake));
	ASSERT_EQ(0, loop_init(l, wake));
}

static void close_loop(struct loop *l, struct lane_wake *wake)
{
	loop_fini(l);
	lane_wake_fini(wake);
}

TEST(loop, serves_what_is_ready)
{
	struct lane_wake wake;
	struct loop l;
	struct watched w;
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	watch(&w, &l);
	EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
	EXPECT_EQ(1, w.n_ready);
	EXPECT_EQ(1, n_asked);
	loop_set_events(&l, &w.source, 0);
	EXPECT_EQ(0, loop_turn(&l, 0, never, &n_asked));
	EXPECT_EQ(1, w.n_ready);
	loop_remove(&l, &w.source);
	loop_remove(&l, &w.source);
	close(w.source.fd);
	close_loop(&l, &wake);
}

// Two are ready in one batch, and the first to be served removes the other: it is not served any
// more.
TEST(loop, a_source_removed_in_the_batch_is_not_served)
{
	struct lane_wake wake;
	struct loop l;
	struct watched a, b;
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	watch(&a, &l);
	watch(&b, &l);
	a.removes = &b.source;
	b.removes = &a.source;
	EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
	EXPECT_EQ(1, a.n_ready + b.n_ready);
	close(a.source.fd);
	close(b.source.fd);
	close_loop(&l, &wake);
}

TEST(loop, a_worker_wakes_it)
{
	struct lane_wake wake;
	struct loop l;
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	// A kick while control is awake costs nothing and is not kept.
	lane_wake_kick(&wake);
	EXPECT_EQ(0, loop_turn(&l, 0, never, &n_asked));
	// One that comes while it sleeps ends the sleep; here it has come just before.
	lane_wake_prepare(&wake);
	lane_wake_kick(&wake);
	EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
	EXPECT_EQ(0, wake.is_sleeping);
	close_loop(&l, &wake);
}

TEST(loop, does_not_sleep_when_there_is_work)
{
	struct lane_wake wake;
	struct loop l;

	open_loop(&l, &wake);
	EXPECT_EQ(0, loop_turn(&l, -1, always, NULL)); // returns at all
	close_loop(&l, &wake);
}

struct alarm {
	struct timer timer;
	uint64_t now_ns;
};

static void ring(struct timer *t, uint64_t now_ns)
{
	container_of(t, struct alarm, timer)->now_ns = now_ns;
}

TEST(loop, sleeps_until_a_timer_and_no_longer)
{
	struct lane_wake wake;
	struct loop l;
	struct alarm alarm = {0};
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	ASSERT_EQ(0, timer_heap_join(&l.timers, &alarm.timer, ring));
	uint64_t due = loop_clock_ns() + 20000000;
	timer_heap_arm(&l.timers, &alarm.timer, due);
	EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
	EXPECT_GE(alarm.now_ns, due);
	timer_heap_leave(&l.timers, &alarm.timer);
	close_loop(&l, &wake);
}

// Who has not had his turn comes before those who had, and there is no sleep meanwhile.
TEST(loop, a_turn_that_is_over_leaves_the_rest_for_the_next)
{
	struct lane_wake wake;
	struct loop l;
	struct watched all[4];
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	for (int i = 0; i < 4; i++) {
		watch(&all[i], &l);
		all[i].takes_ns = LOOP_SLICE_NS;
	}
	for (unsigned int turn = 1; turn <= 4; turn++) {
		unsigned int n = 0;

		EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
		for (int i = 0; i < 4; i++) {
			EXPECT_LE(all[i].n_ready, 1);
			n += all[i].n_ready;
		}
		EXPECT_EQ(turn, n);
		EXPECT_EQ(turn < 4, l.is_behind);
	}
	EXPECT_EQ(1, n_asked); // before the first sleep alone
	EXPECT_GE(l.longest_cpu_ns, LOOP_SLICE_NS / 2);
	for (int i = 0; i < 4; i++)
		close(all[i].source.fd);
	close_loop(&l, &wake);
}

// What is left of a batch may be gone when its turn comes.
TEST(loop, a_source_that_is_left_and_then_removed_is_not_served)
{
	struct lane_wake wake;
	struct loop l;
	struct watched all[2];
	unsigned int n_asked = 0;

	open_loop(&l, &wake);
	for (int i = 0; i < 2; i++) {
		watch(&all[i], &l);
		all[i].takes_ns = LOOP_SLICE_NS;
	}
	EXPECT_EQ(0, loop_turn(&l, -1, never, &n_asked));
	struct watched *left = &all[all[0].n_ready ? 1 : 0];
	loop_remove(&l, &left->source);
	EXPECT_EQ(0, loop_turn(&l, 0, never, &n_asked));
	EXPECT_EQ(0, left->n_ready);
	for (int i = 0; i < 2; i++)
		close(all[i].source.fd);
	close_loop(&l, &wake);
}

struct slow_alarm {
	struct timer timer;
	unsigned int *n_rung;
};

static void ring_slowly(struct timer *t, uint64_t now_ns)
{
	++*container_of(t, struct slow_alarm, timer)->n_rung;
	spend(LOOP_SLICE_NS / 4);
}

TEST(loop, timers_that_are_due_at_once_do_not_make_one_long_turn)
{
	enum { N = 64 };
	static struct slow_alarm alarms[N];
	struct lane_wake wake;
	struct loop l;
	unsigned int n_asked = 0, n_rung = 0, n_turns = 0;

	open_loop(&l, &wake);
	for (int i = 0; i < N; i++) {
		alarms[i].n_rung = &n_rung;
		ASSERT_EQ(0, timer_heap_join(&l.timers, &alarms[i].timer, ring_slowly));
		timer_heap_arm(&l.timers, &alarms[i].timer, l.now_ns + 1 + (uint64_t)i);
	}
	for (; n_rung < N && n_turns < N; n_turns++) {
		unsigned int before = n_rung;

		EXPECT_EQ(0, loop_turn(&l, 0, never, &n_asked));
		EXPECT_GT(n_rung, before);
		EXPECT_LE(n_rung, before + 16);
	}
	EXPECT_EQ(N, n_rung);
	EXPECT_GE(n_turns, 4);
	for (int i = 0; i < N; i++)
		timer_heap_leave(&l.timers, &alarms[i].timer);
	close_loop(&l, &wake);
}
