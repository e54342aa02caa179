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
};

static void ready(struct loop_source *s, uint32_t events)
{
	struct watched *w = container_of(s, struct watched, source);

	w->n_ready++;
	if (w->removes)
		loop_remove(w->loop, w->removes);
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
