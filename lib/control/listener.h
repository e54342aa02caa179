// SPDX-License-Identifier: BSD-3-Clause
// TCP/1723 on each listen address: takes connections from the kernel when there is room for them and the
// lane keeps up, control/setup_pace.h, and lets them begin when it is their turn, control/admission.h. What the
// limits do not allow is refused, control/refusal.h.
#pragma once

#include "config/limits.h"
#include "control/loop.h"
#include "control/timer_heap.h"

#include <sys/queue.h>

struct control;

struct listener {
	struct control *control;
	struct loop_source source;
	uint16_t listen; // index of the address in the owner map
	bool has_more;	 // the kernel may have some: it stands in `ready`
	bool is_short;	 // of descriptors: not before the next second
	TAILQ_ENTRY(listener) in_ready;
};

// A socket for each address, also of a thousand: so each has a queue of its own in the kernel, and a storm on one
// tenant's keeps nobody out of another's.
struct listeners {
	uint32_t n;
	struct listener entries[LIMIT_LISTEN_ADDRESSES];
	TAILQ_HEAD(, listener) ready; // whose turn it is first
	struct timer timer;	      // time makes room
	int reserve_fd; // given up for a moment when descriptors run out, to refuse with
};

// Listen on all addresses of the owner map. Returns 0 or -errno; logs what failed.
int listener_open_all(struct control *c);

// After a turn's other work: let those begin whose turn it is, take more from the kernel.
void listener_run(struct control *c);
// It would go on at once: the next turn is not to wait.
bool listener_has_work(const struct control *c);

// What is in the kernel's queues of connections that were not taken yet, and how much fits.
struct listener_queue {
	uint32_t n, room;
};
void listener_read_queue(const struct control *c, struct listener_queue *out);

// Once a second: listen again after a shortage.
void listener_check(struct control *c);

void listener_close_all(struct control *c);
