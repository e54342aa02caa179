// SPDX-License-Identifier: BSD-3-Clause
// Arithmetic on numbers that wrap: 32-bit GRE sequence numbers, 12-bit MPPE coherency counts.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SEQ_COHERENCY_MASK = 0x0fff };

// How far `to` is ahead of `from`; negative when it is behind (RFC 1982).
static inline int32_t seq_distance(uint32_t from, uint32_t to)
{
	return (int32_t)(to - from);
}

static inline bool seq_is_after(uint32_t a, uint32_t b)
{
	return seq_distance(b, a) > 0;
}

// Steps forward from count `from` to `to` modulo 4096, 0..4095 (RFC 3078 section 3.1).
static inline uint16_t seq_coherency_ahead(uint16_t from, uint16_t to)
{
	return (uint16_t)(to - from) & SEQ_COHERENCY_MASK;
}
