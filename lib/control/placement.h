// SPDX-License-Identifier: BSD-3-Clause
// Which worker gets a new session, and in which slot: the least loaded one, and the slot that was
// free for longest. The generation of a slot makes its session ids unique, so a late message for a
// session that has gone finds nothing here.
//
// Load: sessions count first, since any of them may become heavy. What the workers really do is told once a second, and
// a worker that does more than the one that does least counts as if it had that many sessions more. Small
// differences count for nothing (hysteresis), and a worker that is nearly always busy gets no session at all while
// there is another. Sessions never move: placement evens out what new ones can even out.
#pragma once

#include "base/ids.h"
#include "config/limits.h"

struct placement_worker {
	uint32_t n_slots;
	uint32_t n_used;
	uint32_t oldest;       // in `free`: where the slot lies that was free for longest
	uint32_t *free;	       // a ring of n_slots - n_used slot numbers
	uint32_t *generations; // generations[n_slots], of the last session
	void **owners;	       // owners[n_slots]; NULL: free
	// what it does, smoothed over a few seconds
	uint32_t busy;	   // share of its time, PLACEMENT_WHOLE is all of it
	uint64_t bytes_ps; // inner bytes a second, both directions
	uint32_t load;	   // of both, comparable between workers
	uint32_t burden;   // sessions that it counts as having more
	_Bool is_full;	   // nearly always busy
};

enum {
	PLACEMENT_WHOLE = 1000,
	PLACEMENT_FULL = 900,	 // busy: no new sessions from here on,
	PLACEMENT_RELAXED = 750, // until it has come down to this
	PLACEMENT_LEVEL = 100,	 // loads that differ by no more are equal
	PLACEMENT_SMOOTHING = 4, // a sample counts 1/4
	PLACEMENT_GAIN = 8,	 // how much more load counts than numbers of sessions
};

struct placement {
	uint32_t n_workers;
	uint32_t next; // where the search begins, so that equals take turns
	struct placement_worker workers[LIMIT_WORKERS];
};

// n_slots[n_workers]. Returns 0 or -ENOMEM.
int placement_init(struct placement *p, const uint32_t *n_slots, uint32_t n_workers);
void placement_fini(struct placement *p);

// Take a slot for `owner` (not NULL). Returns the session id, SESSION_ID_NONE when every slot is in
// use.
uint64_t placement_take(struct placement *p, void *owner);
void placement_release(struct placement *p, uint64_t id);

// The owner of a live session, or NULL.
void *placement_find(const struct placement *p, uint64_t id);

// The next owner at or after *cursor, which moves on behind it; looks at no more than n_max slots.
// NULL when there was none among them; *is_end then tells whether it was the end.
//
//   cursor  0 to begin; worker << 24 | slot, as in a session id
void *placement_next(const struct placement *p, uint32_t *cursor, uint32_t n_max, _Bool *is_end);

uint32_t placement_count(const struct placement *p);

// Once a second, for each worker: how busy it was (0..PLACEMENT_WHOLE) and what it moved. Then placement_weigh().
void placement_tell(struct placement *p, uint32_t worker, uint32_t busy, uint64_t bytes_ps);
void placement_weigh(struct placement *p);
