// SPDX-License-Identifier: BSD-3-Clause
// What the modules of the RADIUS driver share: one descriptor for the control loop with all sockets and a timer behind
// it, the timers, the configuration, the log, the dictionary. All of it belongs to the control lane.
#pragma once

#include "aaa/aaa.h"
#include "conf/config.h"
#include "drivers/aaa/radius/radius_dictionary.h"
#include "drivers/aaa/radius/radius_timers.h"
#include "observe/events.h"

#include <sys/epoll.h>

struct radius_core;

// A descriptor that is waited for; it lies inside its owner.
struct radius_source {
	int fd;
	void (*ready)(struct radius_source *s, uint32_t events); // EPOLLIN, EPOLLOUT, ...
};

struct radius_core {
	const struct config *config;
	struct log *log;
	struct radius_dictionary *dictionary; // NULL in tests that need none
	struct aaa_debug debug;
	int epoll_fd; // readable when something is to be done
	int timer_fd;
	uint64_t timer_set_ns;	    // when timer_fd fires; RADIUS_TIMER_NEVER
	uint64_t now_ns;	    // of the last radius_core_look
	uint64_t turn_ends_ns;	    // when what radius_core_run calls has had its time
	uint64_t (*clock_ns)(void); // CLOCK_MONOTONIC; tests have another
	struct radius_timers timers;
};

// Returns 0 or -errno.
int radius_core_open(struct radius_core *core, const struct config *config, struct log *log,
	struct radius_dictionary *dictionary);
void radius_core_close(struct radius_core *core);

// Look at the clock. Every function that the control lane calls from outside begins with it.
void radius_core_look(struct radius_core *core);

// Let what is ready and what is due happen, for half a millisecond; what is left keeps epoll_fd readable.
void radius_core_run(struct radius_core *core);

// May who is called by radius_core_run do one thing more, or is it the turn of others? Loops of unknown length ask it
// after each step.
bool radius_core_has_time(const struct radius_core *core);

// events of epoll. Returns 0 or -errno.
int radius_core_add(struct radius_core *core, struct radius_source *s, uint32_t events);
int radius_core_change(struct radius_core *core, struct radius_source *s, uint32_t events);
// Before its descriptor is closed.
void radius_core_remove(struct radius_core *core, struct radius_source *s);

// Never fails: timers lie inside their owners. Arms anew if it is armed.
void radius_core_arm(struct radius_core *core, struct radius_timer *t, uint64_t due_ns);
void radius_core_disarm(struct radius_core *core, struct radius_timer *t);

// Random bytes out of the kernel. Never fails.
void radius_core_random(void *out, size_t n);

#define RADIUS_SECOND_NS UINT64_C(1000000000)
#define RADIUS_MS_NS	 UINT64_C(1000000)
