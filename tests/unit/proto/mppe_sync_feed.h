// SPDX-License-Identifier: BSD-3-Clause
// Stateless packets in order, for the tests of mppe_sync.
#pragma once

#include "proto/mppe_sync.h"
#include "shim/shim.h"

enum { JUMP_MAX = 1000, GOOD = MPPE_PACKET_ENCRYPTED | MPPE_PACKET_FLUSHED };

// Packet `count` of a client that numbers nothing but these packets from 100 on.
static inline enum drop_reason give(
	struct mppe_sync *s, uint32_t count, struct mppe_sync_verdict *v)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};

	*v = (struct mppe_sync_verdict){0};
	return mppe_sync_receive(s, &packet, 100 + count, v);
}

// n packets in order, beginning with `from`.
static inline void feed(struct mppe_sync *s, uint32_t from, uint32_t n)
{
	struct mppe_sync_verdict v;

	for (uint32_t i = 0; i < n; i++) {
		ASSERT_EQ(give(s, from + i, &v), DROP_NONE);
		ASSERT_EQ(v.n_changes, 1);
		ASSERT_EQ(v.kind, MPPE_SYNC_NEXT);
	}
}

// What a worker does with a verdict, with keys that are nothing but the number of changes so far.
struct walker {
	uint64_t key, walked;
	uint64_t n_changes;
	uint32_t n_refused;
};

static inline bool receive(struct mppe_sync *s, struct walker *w, uint32_t count, uint32_t seq)
{
	const struct mppe_packet packet = {.bits = GOOD, .count = count & MPPE_COHERENCY_MASK};
	struct mppe_sync_place before = s->at;
	struct mppe_sync_verdict v = {0};

	if (mppe_sync_receive(s, &packet, seq, &v) != DROP_NONE) {
		w->n_refused++;
		return false;
	}
	w->n_changes += v.n_changes;
	if (v.begins_walk)
		w->walked = w->key;
	if (v.kind == MPPE_SYNC_WALK) {
		w->walked += v.n_changes;
		w->n_refused++;
		return false;
	}
	uint64_t key = (v.takes_walk ? w->walked : w->key) + v.n_changes;
	bool is_right = key == count + 1;
	if (v.kind == MPPE_SYNC_NEXT || is_right)
		w->key = key;
	if (v.kind == MPPE_SYNC_TRIAL && is_right)
		mppe_sync_proved(s, 0);
	else if (v.kind == MPPE_SYNC_TRIAL)
		mppe_sync_failed(s, before);
	return is_right;
}
