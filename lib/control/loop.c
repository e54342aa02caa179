// SPDX-License-Identifier: BSD-3-Clause
#include "control/loop.h"

#include <errno.h>
#include <limits.h>
#include <time.h>
#include <unistd.h>

enum {
	TIMERS_AT_ONCE = 8, // between looks at the clock
	NS_PER_MS = 1000000,
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t loop_clock_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

// Nothing to do here: loop_turn() drains the descriptor when it is awake.
static void woken(struct loop_source *s, uint32_t events)
{
}

int loop_init(struct loop *l, struct lane_wake *wake)
{
	int rc;

	*l = (struct loop){.wake = wake, .now_ns = loop_clock_ns()};
	l->woken_ns = l->now_ns;
	timer_heap_init(&l->timers);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		return -errno;
	l->wake_source =
		(struct loop_source){.fd = wake->event_fd, .events = EPOLLIN, .ready = woken};
	rc = loop_add(l, &l->wake_source);
	if (rc != 0)
		loop_fini(l);
	return rc;
}

void loop_fini(struct loop *l)
{
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	l->epoll_fd = -1;
	timer_heap_fini(&l->timers);
}

int loop_add(struct loop *l, struct loop_source *s)
{
	struct epoll_event e = {.events = s->events, .data.ptr = s};

	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, s->fd, &e) != 0)
		return -errno;
	s->is_added = true;
	return 0;
}

void loop_set_events(struct loop *l, struct loop_source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};

	if (!s->is_added || s->events == events)
		return;
	s->events = events;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &e);
}

void loop_remove(struct loop *l, struct loop_source *s)
{
	if (!s->is_added)
		return;
	(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	s->is_added = false;
	for (int i = 0; i < l->n_batch; i++)
		if (l->batch[i].data.ptr == s)
			l->batch[i].data.ptr = NULL;
}

// Milliseconds to sleep, rounded up: to wake before a timer is due would be a turn for nothing.
static int sleep_ms(const struct loop *l, int timeout_ms)
{
	uint64_t next = timer_heap_next(&l->timers);

	if (next == TIMER_NEVER)
		return timeout_ms;
	uint64_t now = loop_clock_ns() + l->ahead_ns;
	uint64_t ms = next <= now ? 0 : (next - now + NS_PER_MS - 1) / NS_PER_MS;
	if (ms > INT_MAX)
		ms = INT_MAX;
	return timeout_ms >= 0 && ms > (uint64_t)timeout_ms ? timeout_ms : (int)ms;
}

// Awake from the end of one sleep to here, the begin of the next.
static void count_turn(struct loop *l, uint64_t now_ns)
{
	uint64_t awake_ns = now_ns - l->woken_ns;
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), own_ns = cpu_ns - l->cpu_ns;

	l->cpu_ns = cpu_ns;
	if (l->n_turns++ == 0) // all that the start took
		return;
	l->busy_ns += awake_ns;
	if (awake_ns > l->longest_ns)
		l->longest_ns = awake_ns;
	if (own_ns > l->longest_cpu_ns)
		l->longest_cpu_ns = own_ns;
}

// Sleep until there is something to do, unless something was left over. Returns 0 or -errno.
static int fill_batch(
	struct loop *l, int timeout_ms, bool (*has_work)(void *context), void *context)
{
	if (l->at_batch < l->n_batch) {
		count_turn(l, loop_clock_ns());
		return 0;
	}
	int ms = sleep_ms(l, timeout_ms);

	lane_wake_prepare(l->wake);
	if (ms != 0 && has_work(context))
		ms = 0;
	count_turn(l, loop_clock_ns());
	int n = epoll_wait(l->epoll_fd, l->batch, LOOP_BATCH, ms);
	int rc = n < 0 && errno != EINTR ? -errno : 0;
	lane_wake_finish(l->wake);
	l->n_batch = n < 0 ? 0 : n;
	l->at_batch = 0;
	return rc;
}

static void serve_batch(struct loop *l)
{
	uint64_t end_ns = loop_slice_end();

	do {
		if (l->at_batch == l->n_batch)
			return;
		struct epoll_event *e = &l->batch[l->at_batch++];
		struct loop_source *s = e->data.ptr;
		if (s)
			s->ready(s, e->events);
	} while (!loop_slice_is_over(end_ns));
}

// Returns whether some that are due are left.
static bool serve_timers(struct loop *l)
{
	uint64_t end_ns = loop_slice_end();

	while (timer_heap_run(&l->timers, l->now_ns, TIMERS_AT_ONCE) == TIMERS_AT_ONCE)
		if (loop_slice_is_over(end_ns))
			return true;
	return false;
}

int loop_turn(struct loop *l, int timeout_ms, bool (*has_work)(void *context), void *context)
{
	int rc = fill_batch(l, timeout_ms, has_work, context);

	if (rc != 0)
		return rc;
	l->woken_ns = loop_clock_ns();
	l->now_ns = l->woken_ns + l->ahead_ns;
	bool was_full = l->n_batch == LOOP_BATCH;
	serve_batch(l);
	l->is_behind = serve_timers(l) || was_full || l->at_batch < l->n_batch;
	return 0;
}
