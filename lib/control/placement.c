// SPDX-License-Identifier: BSD-3-Clause
#include "control/placement.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int placement_init(struct placement *p, const uint32_t *n_slots, uint32_t n_workers)
{
	assert(n_workers <= LIMIT_WORKERS);
	memset(p, 0, sizeof(*p));
	p->n_workers = n_workers;
	for (uint32_t i = 0; i < n_workers; i++) {
		struct placement_worker *w = &p->workers[i];
		w->n_slots = n_slots[i];
		w->free = calloc(n_slots[i], sizeof(*w->free));
		w->generations = calloc(n_slots[i], sizeof(*w->generations));
		w->owners = calloc(n_slots[i], sizeof(*w->owners));
		if (!w->free || !w->generations || !w->owners) {
			placement_fini(p);
			return -ENOMEM;
		}
		for (uint32_t slot = 0; slot < n_slots[i]; slot++)
			w->free[slot] = slot;
	}
	return 0;
}

void placement_fini(struct placement *p)
{
	for (uint32_t i = 0; i < p->n_workers; i++) {
		free(p->workers[i].free);
		free(p->workers[i].generations);
		free(p->workers[i].owners);
	}
	memset(p, 0, sizeof(*p));
}

// By share of its slots, so that workers with tables of different sizes fill evenly.
static bool is_better(const struct placement_worker *a, const struct placement_worker *b)
{
	if (a->is_full != b->is_full)
		return b->is_full;
	return (uint64_t)(a->n_used + a->burden) * b->n_slots <
	       (uint64_t)(b->n_used + b->burden) * a->n_slots;
}

static struct placement_worker *least_loaded(struct placement *p)
{
	struct placement_worker *best = NULL;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct placement_worker *w = &p->workers[(p->next + i) % p->n_workers];
		if (w->n_used < w->n_slots && (!best || is_better(w, best)))
			best = w;
	}
	return best;
}

// ---- what the workers do ------------------------------------------------------------------------

static uint64_t smooth(uint64_t old, uint64_t sample)
{
	return sample > old ? old + (sample - old + PLACEMENT_SMOOTHING - 1) / PLACEMENT_SMOOTHING
			    : old - (old - sample + PLACEMENT_SMOOTHING - 1) / PLACEMENT_SMOOTHING;
}

void placement_tell(struct placement *p, uint32_t worker, uint32_t busy, uint64_t bytes_ps)
{
	struct placement_worker *w = &p->workers[worker];

	w->busy = (uint32_t)smooth(w->busy, busy < PLACEMENT_WHOLE ? busy : PLACEMENT_WHOLE);
	w->bytes_ps = smooth(w->bytes_ps, bytes_ps);
	if (w->busy >= PLACEMENT_FULL)
		w->is_full = true;
	else if (w->busy <= PLACEMENT_RELAXED)
		w->is_full = false;
}

// Half is how busy it is, which says what its sessions cost here and now, also those that it only hands over. Half is
// its part of all bytes, which says it too where engines encrypt, and is the same whatever the clock of a CPU does.
static uint32_t load_of(const struct placement_worker *w, uint64_t busy, uint64_t bytes_ps)
{
	if (bytes_ps == 0)
		return w->busy;
	return (uint32_t)((w->busy + (double)w->bytes_ps / (double)bytes_ps * (double)busy) / 2);
}

void placement_weigh(struct placement *p)
{
	uint64_t busy = 0, bytes_ps = 0, load = 0, n_used = 0;
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		busy += p->workers[i].busy;
		bytes_ps += p->workers[i].bytes_ps;
		n_used += p->workers[i].n_used;
	}
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct placement_worker *w = &p->workers[i];
		w->load = load_of(w, busy, bytes_ps);
		load += w->load;
		if (w->load < least)
			least = w->load;
	}
	for (uint32_t i = 0; i < p->n_workers; i++) {
		struct placement_worker *w = &p->workers[i];
		uint32_t more = w->load - least;
		w->burden = 0;
		// As many sessions as have that load on average, eight times over: at once, an even number of sessions would
		// win back half of the difference, and it is the load that hurts.
		if (more > PLACEMENT_LEVEL && load > 0)
			w->burden = (uint32_t)((uint64_t)(more - PLACEMENT_LEVEL) * n_used *
					       PLACEMENT_GAIN / load);
	}
}

uint64_t placement_take(struct placement *p, void *owner)
{
	struct placement_worker *w = least_loaded(p);

	assert(owner);
	if (!w)
		return SESSION_ID_NONE;
	uint32_t slot = w->free[w->oldest];
	w->oldest = (w->oldest + 1) % w->n_slots;
	w->n_used++;
	w->owners[slot] = owner;
	if (++w->generations[slot] == 0)
		w->generations[slot] = 1;
	uint8_t worker = (uint8_t)(w - p->workers);
	p->next = (worker + 1u) % p->n_workers;
	return session_id_make(w->generations[slot], worker, slot);
}

void *placement_find(const struct placement *p, uint64_t id)
{
	uint8_t worker = session_id_worker(id);
	uint32_t slot = session_id_slot(id);

	if (worker >= p->n_workers || slot >= p->workers[worker].n_slots)
		return NULL;
	const struct placement_worker *w = &p->workers[worker];
	return w->generations[slot] == session_id_generation(id) ? w->owners[slot] : NULL;
}

void placement_release(struct placement *p, uint64_t id)
{
	struct placement_worker *w = &p->workers[session_id_worker(id)];
	uint32_t slot = session_id_slot(id);

	assert(placement_find(p, id));
	w->owners[slot] = NULL;
	uint32_t n_free = w->n_slots - w->n_used;
	w->free[(w->oldest + n_free) % w->n_slots] = slot;
	w->n_used--;
}

void *placement_next(const struct placement *p, uint32_t *cursor, uint32_t n_max, bool *is_end)
{
	uint32_t worker = *cursor >> 24, slot = *cursor & 0xffffff;

	*is_end = false;
	while (worker < p->n_workers) {
		const struct placement_worker *w = &p->workers[worker];
		for (; slot < w->n_slots && n_max > 0; slot++, n_max--) {
			if (!w->owners[slot])
				continue;
			*cursor = worker << 24 | (slot + 1);
			return w->owners[slot];
		}
		*cursor = worker << 24 | slot;
		if (n_max == 0)
			return NULL;
		worker++;
		slot = 0;
	}
	*cursor = worker << 24;
	*is_end = true;
	return NULL;
}

uint32_t placement_count(const struct placement *p)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_workers; i++)
		n += p->workers[i].n_used;
	return n;
}
