// SPDX-License-Identifier: BSD-3-Clause
#include "control/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SAME_WITHIN = 16 }; // records that are looked at for one of the same kind

// Who comes again after this long is a new matter: a record does not speak for another day.
static const uint64_t SAME_WITHIN_NS = UINT64_C(600) * 1000000000;

int history_init(struct history *h, uint32_t n_max)
{
	*h = (struct history){0};
	for (int i = 0; i < HISTORY_CLASS_COUNT; i++) {
		h->rings[i].records = calloc(n_max, sizeof(h->rings[i].records[0]));
		h->rings[i].n_max = n_max;
		if (!h->rings[i].records) {
			history_fini(h);
			return -ENOMEM;
		}
	}
	return 0;
}

void history_fini(struct history *h)
{
	for (int i = 0; i < HISTORY_CLASS_COUNT; i++)
		free(h->rings[i].records);
	*h = (struct history){0};
}

uint64_t history_next_id(struct history *h)
{
	return ++h->last_id;
}

// The n-th record counted from the latest, which is 0; NULL when there are not so many.
static struct history_record *from_latest(const struct history_ring *ring, uint64_t n)
{
	if (n >= ring->n_added || n >= ring->n_max)
		return NULL;
	return &ring->records[(ring->n_added - 1 - n) % ring->n_max];
}

static struct history_record *find_same(
	const struct history_ring *ring, const struct history_record *wanted)
{
	struct history_record *r;

	for (uint64_t i = 0; i < SAME_WITHIN && (r = from_latest(ring, i)); i++)
		if (r->client_be == wanted->client_be && r->reason == wanted->reason &&
			r->user_len == 0 && r->phase == wanted->phase &&
			wanted->started_wall_ns < r->last_wall_ns + SAME_WITHIN_NS &&
			strcmp(r->detail, wanted->detail) == 0)
			return r;
	return NULL;
}

void history_add(struct history *h, const struct history_record *record)
{
	struct history_ring *ring =
		&h->rings[record->is_authenticated ? HISTORY_USERS : HISTORY_STRANGERS];
	struct history_record *same = NULL;

	if (ring->n_max == 0) // an operator who wants no history
		return;
	// A scanner that knocks a thousand times is one line.
	if (!record->is_authenticated && record->user_len == 0)
		same = find_same(ring, record);
	if (same) {
		same->n_same++;
		same->last_wall_ns = record->started_wall_ns;
		return;
	}
	struct history_record *r = &ring->records[ring->n_added++ % ring->n_max];
	*r = *record;
	r->last_wall_ns = record->started_wall_ns;
	r->ended_seq = ++h->last_seq;
}

// The latest record of a ring that ended before: the rings are in order of their ends.
static const struct history_record *latest_before(const struct history_ring *ring, uint64_t before)
{
	uint64_t from = 0;
	uint64_t to = ring->n_added < ring->n_max ? ring->n_added : ring->n_max;

	while (from < to) {
		uint64_t middle = from + (to - from) / 2;
		if (from_latest(ring, middle)->ended_seq < before)
			to = middle;
		else
			from = middle + 1;
	}
	return from_latest(ring, from);
}

const struct history_record *history_before(const struct history *h, uint64_t *before)
{
	const struct history_record *best = NULL;

	for (int i = 0; i < HISTORY_CLASS_COUNT; i++) {
		const struct history_record *r = latest_before(&h->rings[i], *before);
		if (r && (!best || r->ended_seq > best->ended_seq))
			best = r;
	}
	if (best)
		*before = best->ended_seq;
	return best;
}

const struct history_record *history_find(const struct history *h, uint64_t id)
{
	const struct history_record *r;

	if (id == 0)
		return NULL;
	for (int i = 0; i < HISTORY_CLASS_COUNT; i++)
		for (uint64_t n = 0; (r = from_latest(&h->rings[i], n)); n++)
			if (r->id == id || r->session == id)
				return r;
	return NULL;
}
