// SPDX-License-Identifier: BSD-3-Clause
#include "perf/driver_lane.h"

#include <stdlib.h>
#include <string.h>

enum { BURST_MAX = 64 };

struct driver_lane {
	const struct crypto_driver *driver;
	void *driver_state;
	unsigned int depth;
	struct mppe_context contexts[MPPE_WORK_SESSIONS] __attribute__((aligned(64)));
	struct mppe_key_ring rings[MPPE_WORK_SESSIONS];
	struct rc4_state rc4[MPPE_WORK_SESSIONS];
	uint16_t counts[MPPE_WORK_SESSIONS];
	struct crypto_op ops[MPPE_WORK_PACKETS];
};

struct driver_lane *driver_lane_new(
	const struct crypto_driver *driver, void *driver_state, unsigned int depth)
{
	struct driver_lane *lane = aligned_alloc(64, sizeof(*lane));

	if (!lane)
		abort();
	memset(lane, 0, sizeof(*lane));
	lane->driver = driver;
	lane->driver_state = driver_state;
	lane->depth = depth;
	return lane;
}

void driver_lane_free(struct driver_lane *lane)
{
	lane->driver->close(lane->driver_state);
	free(lane);
}

void driver_lane_begin(void *state, const struct mppe_work *work)
{
	struct driver_lane *lane = state;

	for (unsigned int i = 0; i < MPPE_WORK_SESSIONS; i++) {
		uint8_t key[MPPE_KEY_BYTES_MAX];

		mppe_work_key(i, key);
		mppe_context_init(&lane->contexts[i], MPPE_STRENGTH_128, work->is_stateless, key,
			work->is_stateless ? NULL : &lane->rc4[i]);
		if (work->is_stateless)
			lane->contexts[i].ring = &lane->rings[i];
		lane->counts[i] = mppe_work_count(i);
	}
}

// Where a lane is in its sample. Packets are made, then taken by the driver, then done.
struct progress {
	unsigned int n_made, n_taken, n_done;
	unsigned int session; // of the next packet
	unsigned int slot;    // of its op
	unsigned int n_slots;
	struct crypto_op *burst[BURST_MAX]; // those made last
	unsigned int n_burst;
};

static void make_burst(struct driver_lane *lane, const struct mppe_work *work,
	uint8_t packets[][MPPE_WORK_PACKET_BYTES], struct progress *p)
{
	for (p->n_burst = 0; p->n_burst < work->burst && p->n_made < MPPE_WORK_PACKETS;
		p->n_burst++) {
		struct crypto_op *op = &lane->ops[p->slot];
		unsigned int session = p->session;

		*op = (struct crypto_op){
			.ctx = &lane->contexts[session],
			.data = packets[p->n_made],
			.len = bench_load_len(work->load, p->n_made),
			.n_changes = work->is_stateless ||
				     mppe_work_changes_key(lane->counts[session]++),
		};
		p->burst[p->n_burst] = op;
		p->n_made++;
		p->session = session + 1 < work->n_sessions ? session + 1 : 0;
		p->slot = p->slot + 1 < p->n_slots ? p->slot + 1 : 0;
	}
}

// One turn of submit and poll. Returns packets taken and done.
static unsigned int turn(struct driver_lane *lane, const struct mppe_work *work, struct progress *p)
{
	struct crypto_op *done[BURST_MAX];
	unsigned int n_left = p->n_made - p->n_taken, n_taken = 0, n_done;

	if (n_left)
		n_taken = lane->driver->submit(
			lane->driver_state, p->burst + (p->n_burst - n_left), n_left);
	n_done = lane->driver->poll(lane->driver_state, done, work->burst);
	p->n_taken += n_taken;
	p->n_done += n_done;
	return n_taken + n_done;
}

uint64_t driver_lane_run(
	void *state, const struct mppe_work *work, uint8_t packets[][MPPE_WORK_PACKET_BYTES])
{
	struct driver_lane *lane = state;
	unsigned int depth = lane->depth ? lane->depth : work->burst;
	struct progress p = {.n_slots = depth};
	uint64_t worked = 0;

	while (p.n_done < MPPE_WORK_PACKETS) {
		uint64_t begin = lane->depth ? bench_now_tsc() : 0;

		if (p.n_taken == p.n_made && p.n_made - p.n_done + work->burst <= depth)
			make_burst(lane, work, packets, &p);
		if (turn(lane, work, &p) && lane->depth)
			worked += bench_now_tsc() - begin;
	}
	return worked;
}

void driver_lane_session_key(
	const void *state, unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX])
{
	const struct driver_lane *lane = state;

	memcpy(key, lane->contexts[session].session_key, MPPE_KEY_BYTES_MAX);
}
