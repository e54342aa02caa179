// SPDX-License-Identifier: BSD-3-Clause
// The queue between submit and poll of a driver that does its work in submit: finished ops in their
// order. The drivers that run inline share it.
#pragma once

#include "crypto/op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DONE_RING_DEPTH_MAX = 1 << 20 };

struct done_ring {
	unsigned int depth;
	unsigned int head; // the oldest
	unsigned int n;
	struct crypto_op **ops; // ops[depth]
};

// Returns 0, -EINVAL for a depth of 0 or beyond reason, -ENOMEM.
static inline int done_ring_init(struct done_ring *ring, unsigned int depth)
{
	if (depth == 0 || depth > DONE_RING_DEPTH_MAX)
		return -EINVAL;
	*ring = (struct done_ring){.depth = depth};
	ring->ops = calloc(depth, sizeof(*ring->ops));
	return ring->ops ? 0 : -ENOMEM;
}

static inline void done_ring_free(struct done_ring *ring)
{
	free(ring->ops);
	*ring = (struct done_ring){0};
}

static inline unsigned int done_ring_room(const struct done_ring *ring)
{
	return ring->depth - ring->n;
}

// The caller has made sure of room.
static inline void done_ring_put(struct done_ring *ring, struct crypto_op *op)
{
	unsigned int tail = ring->head + ring->n;

	if (tail >= ring->depth)
		tail -= ring->depth;
	ring->ops[tail] = op;
	ring->n++;
}

// The same for ops[n].
static inline void done_ring_put_all(struct done_ring *ring, struct crypto_op **ops, unsigned int n)
{
	unsigned int tail = ring->head + ring->n;
	unsigned int n_end;

	if (tail >= ring->depth)
		tail -= ring->depth;
	n_end = n < ring->depth - tail ? n : ring->depth - tail;
	memcpy(ring->ops + tail, ops, n_end * sizeof(ops[0]));
	memcpy(ring->ops, ops + n_end, (n - n_end) * sizeof(ops[0]));
	ring->n += n;
}

// Move up to n of the oldest to ops[n]; returns how many.
static inline unsigned int done_ring_take(
	struct done_ring *ring, struct crypto_op **ops, unsigned int n)
{
	if (n > ring->n)
		n = ring->n;
	for (unsigned int i = 0; i < n; i++) {
		ops[i] = ring->ops[ring->head];
		if (++ring->head == ring->depth)
			ring->head = 0;
	}
	ring->n -= n;
	return n;
}
