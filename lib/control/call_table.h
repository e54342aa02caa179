// SPDX-License-Identifier: BSD-3-Clause
// Our Call IDs: which of the 65,535 of each listen address are in use. An id is spread at random,
// so that a number that was in use a moment ago does not come back at once and strangers cannot
// guess it; 0 is legal on the wire but is never handed out.
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

struct call_table {
	uint32_t n_used;
	uint64_t used[LIMIT_CALL_IDS / 64];
};

void call_table_init(struct call_table *t);

// The ids that a NIC puts on the queue of `worker`, as their places in each run of 64 ids: those whose class,
// id % n_classes, is that worker's.
//
//   n_classes  a power of two, at most 64; 0: any id will do
uint64_t call_table_places(uint32_t n_classes, uint32_t n_workers, uint32_t worker);

// Take a free id, the first one from `random` on that has one of these places; when all of those are in use, any.
// Returns it, or -1 when all are in use.
int32_t call_table_take(struct call_table *t, uint16_t random, uint64_t places);
void call_table_release(struct call_table *t, uint16_t call_id);
