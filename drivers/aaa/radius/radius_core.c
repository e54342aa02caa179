// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_core.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	SOURCES_PER_RUN = 32,
	TIMERS_PER_RUN = 256,
};

void radius_core_look(struct radius_core *core)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	core->now_ns = (uint64_t)t.tv_sec * RADIUS_SECOND_NS + (uint64_t)t.tv_nsec;
}

int radius_core_open(struct radius_core *core, const struct config *config, struct log *log,
	struct radius_dictionary *dictionary)
{
	*core = (struct radius_core){
		.config = config,
		.log = log,
		.dictionary = dictionary,
		.epoll_fd = epoll_create1(EPOLL_CLOEXEC),
		.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		.timer_set_ns = RADIUS_TIMER_NEVER,
	};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}; // the timer
	int rc = 0;
	if (core->epoll_fd < 0 || core->timer_fd < 0 ||
		epoll_ctl(core->epoll_fd, EPOLL_CTL_ADD, core->timer_fd, &event) != 0)
		rc = -errno;
	if (rc != 0)
		radius_core_close(core);
	radius_core_look(core);
	return rc;
}

void radius_core_close(struct radius_core *core)
{
	if (core->epoll_fd >= 0)
		close(core->epoll_fd);
	if (core->timer_fd >= 0)
		close(core->timer_fd);
	core->epoll_fd = core->timer_fd = -1;
}

// The timer may fire too early, which costs a turn, but never too late: it is set again only for something earlier.
static void set_timer(struct radius_core *core, uint64_t due_ns)
{
	struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(due_ns / RADIUS_SECOND_NS),
					  .tv_nsec = (long)(due_ns % RADIUS_SECOND_NS)}};

	if (due_ns >= core->timer_set_ns)
		return;
	if (due_ns == 0)
		spec.it_value.tv_nsec = 1; // 0 would stop it
	timerfd_settime(core->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
	core->timer_set_ns = due_ns;
}

void radius_core_arm(struct radius_core *core, struct radius_timer *t, uint64_t due_ns)
{
	radius_timers_arm(&core->timers, t, due_ns);
	set_timer(core, due_ns);
}

void radius_core_disarm(struct radius_core *core, struct radius_timer *t)
{
	radius_timers_disarm(&core->timers, t);
}

static void run_timers(struct radius_core *core)
{
	struct radius_timer *t;
	uint64_t n_fired;

	if (core->now_ns >= core->timer_set_ns) {
		if (read(core->timer_fd, &n_fired, sizeof(n_fired)) < 0 && errno != EAGAIN)
			return; // it stays readable
		core->timer_set_ns = RADIUS_TIMER_NEVER;
	}
	for (int i = 0; i < TIMERS_PER_RUN; i++) {
		t = radius_timers_take(&core->timers, core->now_ns);
		if (!t)
			break;
		t->fire(t, core->now_ns);
	}
	if (core->timers.first)
		set_timer(core, radius_timers_next(&core->timers));
}

void radius_core_run(struct radius_core *core)
{
	struct epoll_event events[SOURCES_PER_RUN];

	radius_core_look(core);
	int n = epoll_wait(core->epoll_fd, events, SOURCES_PER_RUN, 0);
	core->running = events;
	core->n_running = n > 0 ? n : 0;
	for (int i = 0; i < core->n_running; i++) {
		struct radius_source *s = events[i].data.ptr;
		if (s) // NULL: the timer, or one that was removed meanwhile
			s->ready(s, events[i].events);
	}
	core->running = NULL;
	core->n_running = 0;
	run_timers(core);
}

static int control(struct radius_core *core, int op, struct radius_source *s, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = s};

	return epoll_ctl(core->epoll_fd, op, s->fd, &event) == 0 ? 0 : -errno;
}

int radius_core_add(struct radius_core *core, struct radius_source *s, uint32_t events)
{
	return control(core, EPOLL_CTL_ADD, s, events);
}

int radius_core_change(struct radius_core *core, struct radius_source *s, uint32_t events)
{
	return control(core, EPOLL_CTL_MOD, s, events);
}

void radius_core_remove(struct radius_core *core, struct radius_source *s)
{
	control(core, EPOLL_CTL_DEL, s, 0);
	for (int i = 0; i < core->n_running; i++)
		if (core->running[i].data.ptr == s)
			core->running[i].data.ptr = NULL;
}

void radius_core_random(void *out, size_t n)
{
	uint8_t *at = out;

	// Up to 256 bytes are never cut short once the pool is ready, which it was long before the first client.
	while (n > 0) {
		ssize_t got = getrandom(at, n < 256 ? n : 256, 0);
		if (got < 0 && errno != EINTR)
			abort(); // a guessable authenticator would be worse
		if (got > 0) {
			at += got;
			n -= (size_t)got;
		}
	}
}
