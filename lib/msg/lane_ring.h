// SPDX-License-Identifier: BSD-3-Clause
// Rings between lanes: one producer, one consumer, values of fixed size. A ring that is full takes less
// than it was given, and the caller counts the rest.
#pragma once

#include "base/secret.h"
#include "msg/msg.h"
#include "observe/memory_report.h"

#include <rte_ring_elem.h>
#include <stdatomic.h>

// How workers wake a control lane that sleeps in epoll.
struct lane_wake {
	int event_fd;
	_Atomic uint32_t is_sleeping; // control: w, worker: r and clear
};

int lane_wake_init(struct lane_wake *w); // 0 or -errno
void lane_wake_fini(struct lane_wake *w);

// Control, before it sleeps: announce it. The caller then looks at its rings once more and sleeps only if
// they are empty.
static inline void lane_wake_prepare(struct lane_wake *w)
{
	atomic_store_explicit(&w->is_sleeping, 1, memory_order_relaxed);
	// Orders the store before the look at the rings, against the fence of lane_wake_kick().
	atomic_thread_fence(memory_order_seq_cst);
}

// Control, when it is awake again: forget the announcement and drain the descriptor.
void lane_wake_finish(struct lane_wake *w);

// A worker, after it has put something on a ring of control. Costs one load when control is awake.
void lane_wake_kick(struct lane_wake *w);

// Rings of struct lane_command and of struct lane_event. `size` is a power of two. NULL when out of memory.
struct rte_ring *lane_ring_new_commands(const char *name, unsigned int size, int socket);
struct rte_ring *lane_ring_new_events(const char *name, unsigned int size, int socket);

// Free a ring with the packets that are on it; the memory of commands is wiped. A route table on it stays control's: one table is on the rings of all
// workers.
void lane_ring_free_commands(struct rte_ring *r);
void lane_ring_free_events(struct rte_ring *r);

static inline bool lane_ring_put_command(struct rte_ring *r, const struct lane_command *c)
{
	return rte_ring_sp_enqueue_elem(r, (void *)(uintptr_t)c, sizeof(*c)) == 0;
}

// Take the next one. Keys leave nothing on the ring: their place is wiped while it is still the taker's.
static inline bool lane_ring_take_command(struct rte_ring *r, struct lane_command *c)
{
	struct rte_ring_zc_data place;
	struct lane_command *from;

	if (rte_ring_dequeue_zc_burst_elem_start(r, sizeof(*c), 1, &place, NULL) == 0)
		return false;
	from = place.ptr1;
	*c = *from;
	if (c->kind == COMMAND_SESSION_KEYS)
		secret_wipe_bytes(from, sizeof(*from));
	rte_ring_dequeue_zc_elem_finish(r, 1);
	return true;
}

static inline bool lane_ring_put_event(struct rte_ring *r, const struct lane_event *e)
{
	return rte_ring_sp_enqueue_elem(r, (void *)(uintptr_t)e, sizeof(*e)) == 0;
}

static inline unsigned int lane_ring_take_events(
	struct rte_ring *r, struct lane_event *e, unsigned int n)
{
	return rte_ring_sc_dequeue_burst_elem(r, e, sizeof(*e), n, NULL);
}

// Everything that joins control and one worker.
struct lane_links {
	struct rte_ring *commands; // control -> worker, struct lane_command
	struct rte_ring *events; // worker -> control, struct lane_event: known sessions and answers
	struct rte_ring *
		exceptions; // worker -> control, struct lane_event: LANE_EXCEPTION, LANE_UNRESOLVED only,
			    // so that a flood of them cannot starve the other
	struct lane_wake *wake; // control's
};

// Memory of the rings, and what of it is filled.
void lane_links_report(const struct lane_links *links, struct memory_report *r);
// What lane_ring_new_commands() and _events() take for `size` elements.
uint64_t lane_ring_bytes_commands(unsigned int size);
uint64_t lane_ring_bytes_events(unsigned int size);
