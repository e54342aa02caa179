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

// Of the control lane's time in one turn: one half is for sockets, the rest for timers, which would starve otherwise.
static const uint64_t TURN_NS = RADIUS_MS_NS / 2;

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * RADIUS_SECOND_NS + (uint64_t)t.tv_nsec;
}

void radius_core_look(struct radius_core *core)
{
	core->now_ns = core->clock_ns();
}

bool radius_core_has_time(const struct radius_core *core)
{
	return core->clock_ns() < core->turn_ends_ns;
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
		.clock_ns = monotonic_ns,
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
	for (int i = 0; i < TIMERS_PER_RUN && (i == 0 || radius_core_has_time(core)); i++) {
		t = radius_timers_take(&core->timers, core->now_ns);
		if (!t)
			break;
		t->fire(t, core->now_ns);
	}
	if (core->timers.first)
		set_timer(core, radius_timers_next(&core->timers));
}

// One at a time: the kernel puts what is still ready behind the others, so that nobody waits behind a busy one for ever,
// and none can have been removed before it is called.
static void run_sources(struct radius_core *core)
{
	struct epoll_event event;
	bool is_second_round = false;

	for (int i = 0; i < SOURCES_PER_RUN && (i == 0 || radius_core_has_time(core)); i++) {
		if (epoll_wait(core->epoll_fd, &event, 1, 0) <= 0)
			return;
		struct radius_source *s = event.data.ptr;
		if (s)
			s->ready(s, event.events);
		else if (is_second_round)
			return; // the timer again: all have been called
		else
			is_second_round = true;
	}
}

void radius_core_run(struct radius_core *core)
{
	radius_core_look(core);
	core->turn_ends_ns = core->now_ns + TURN_NS / 2;
	run_sources(core);
	core->turn_ends_ns = core->now_ns + TURN_NS;
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
