// SPDX-License-Identifier: BSD-3-Clause
// Our Call IDs: which of the 65,535 of each listen address are in use. An id is spread at random,
// so that a number that was in use a moment ago does not come back at once and strangers cannot
// guess it; 0 is legal on the wire but is never handed out. A table may begin with fewer ids than all: it
// has twice as many from when a quarter is in use, so that an address without calls costs next to nothing.
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct call_table {
	uint32_t n_used;
	uint32_t n_ids; // a power of two
	uint64_t *used; // used[n_ids / 64], a bit an id
};

// n_ids: a power of two, 64 at least. Returns 0 or -ENOMEM.
int call_table_init(struct call_table *t, uint32_t n_ids);
void call_table_fini(struct call_table *t);

// The ids that a NIC puts on the queue of `worker`, as their places in each run of 64 ids: those whose class,
// id % n_classes, is that worker's.
//
//   n_classes  a power of two, at most 64; 0: any id will do
uint64_t call_table_places(uint32_t n_classes, uint32_t n_workers, uint32_t worker);

// Take a free id, the first one from `random` on that has one of these places; when all of those are in use, any.
// Returns it, or -1 when all are in use. The first one is from `random` modulo the ids that there are now.
int32_t call_table_take(struct call_table *t, uint16_t random, uint64_t places);
void call_table_release(struct call_table *t, uint16_t call_id);
