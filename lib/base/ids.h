// SPDX-License-Identifier: BSD-3-Clause
// Session ids: one 64-bit number that names a session for the life of the process.
//
//   bits 63..32  generation, never 0, one more at each use of a slot
//   bits 31..24  worker that owns the session
//   bits 23..0   slot in that worker's table
//
// A late event for a slot in use again carries the old generation and is recognised by it.
#pragma once

#include <stdint.h>

enum { SESSION_ID_NONE = 0 };

static inline uint64_t session_id_make(uint32_t generation, uint8_t worker, uint32_t slot)
{
	return (uint64_t)generation << 32 | (uint32_t)worker << 24 | (slot & 0xffffff);
}

static inline uint32_t session_id_generation(uint64_t id)
{
	return (uint32_t)(id >> 32);
}

static inline uint8_t session_id_worker(uint64_t id)
{
	return (uint8_t)(id >> 24);
}

static inline uint32_t session_id_slot(uint64_t id)
{
	return (uint32_t)id & 0xffffff;
}
