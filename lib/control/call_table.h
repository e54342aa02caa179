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

// Take a free id, the first one from `random` on. Returns it, or -1 when all are in use.
int32_t call_table_take(struct call_table *t, uint16_t random);
void call_table_release(struct call_table *t, uint16_t call_id);
