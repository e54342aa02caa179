// SPDX-License-Identifier: BSD-3-Clause
// Which worker gets a new session, and in which slot: the least loaded one, and the slot that was
// free for longest. The generation of a slot makes its session ids unique, so a late message for a
// session that has gone finds nothing here.
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
