// SPDX-License-Identifier: BSD-3-Clause
// Where the control lane sleeps: epoll over descriptors, timers, and the eventfd by which workers
// wake it. One thread.
#pragma once

#include "control/timer_heap.h"
#include "msg/lane_ring.h"

#include <sys/epoll.h>

enum { LOOP_BATCH = 64 };

// A descriptor that is watched; it lies inside its owner, who may remove or free it at any time,
// also while other sources of the same batch are being served.
struct loop_source {
	int fd;		 // borrowed
	uint32_t events; // EPOLLIN, EPOLLOUT
	bool is_added;
	void (*ready)(struct loop_source *s, uint32_t events);
};

struct loop {
	int epoll_fd;
	uint64_t now_ns;   // of this turn; CLOCK_MONOTONIC
	uint64_t woken_ns; // when it last woke up
	uint64_t busy_ns;  // awake, all in all
	// The longest turn, and of any the most that was not another program's on this CPU; whoever reads them
	// begins anew with 0.
	uint64_t longest_ns;
	uint64_t longest_cpu_ns;
	uint64_t cpu_ns; // of this thread, when the last turn was over
	uint64_t n_turns;
	uint64_t ahead_ns; // for tests: how far this lane's clock runs before that
	bool is_behind;	   // the last turn left descriptors or timers for the next
	struct timer_heap timers;
	struct loop_source wake_source;
	struct lane_wake *wake;
	int n_batch, at_batch; // served up to there; what is left comes first in the next turn
	struct epoll_event batch[LOOP_BATCH];
};

// How long one kind of work (descriptors, timers, events of workers, answers of AAA, connections to be closed) may take in
// a turn. What is left waits for the next one, in which the others come in between: so no turn is long, however much
// there is to do at once.
enum { LOOP_SLICE_NS = 500000 };

// `wake` is the descriptor of the workers, borrowed. Returns 0 or -errno.
int loop_init(struct loop *l, struct lane_wake *wake);
void loop_fini(struct loop *l);

// Watch s->fd for s->events, both set by the caller along with s->ready. Returns 0 or -errno.
int loop_add(struct loop *l, struct loop_source *s);
void loop_set_events(struct loop *l, struct loop_source *s, uint32_t events);
void loop_remove(struct loop *l, struct loop_source *s);

// Wait until a descriptor is ready, a timer is due, a worker wakes us or timeout_ms is over (-1: no
// limit), then serve the descriptors and the timers, each for LOOP_SLICE_NS.
//
//   has_work  asked after the sleep was announced to the workers: true means that there is
//             something on the rings, and that we must not sleep
//   returns   0 or -errno
int loop_turn(struct loop *l, int timeout_ms, bool (*has_work)(void *context), void *context);

uint64_t loop_clock_ns(void);

static inline uint64_t loop_slice_end(void)
{
	return loop_clock_ns() + LOOP_SLICE_NS;
}

static inline bool loop_slice_is_over(uint64_t end_ns)
{
	return loop_clock_ns() >= end_ns;
}
