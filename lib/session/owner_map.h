// SPDX-License-Identifier: BSD-3-Clause
// Who owns a packet: maps from the numbers that packets carry to (worker, slot). Control writes them,
// all workers read them; each entry is one relaxed 32-bit load. A reader checks what it finds against
// the session itself, so an entry may be stale for a moment.
//
//   call map   (listen address, our Call ID) -> owner: a flat table, one load
//   inner map  inner IPv4 address -> owner: pages of 65,536, two loads
//
// The source of a packet never takes part: many clients share an address and a Call ID behind PAT.
#pragma once

#include "config/limits.h"

#include <rte_byteorder.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { OWNER_NONE = 0 };

struct owner_page {
	_Atomic uint32_t owner[65536]; // control: w, worker: r
};

struct owner_map {
	uint32_t n_listen;
	uint32_t listen_be[LIMIT_LISTEN_ADDRESSES]; // set before the workers start
	struct owner_page *calls[LIMIT_LISTEN_ADDRESSES];
	_Atomic(struct owner_page *)
		inner[65536]; // control: w, worker: r; a page stays until the end
};

static inline uint32_t owner_make(uint8_t worker, uint32_t slot)
{
	return (uint32_t)(worker + 1) << 24 | (slot & 0xffffff);
}

static inline uint8_t owner_worker(uint32_t owner)
{
	return (uint8_t)((owner >> 24) - 1);
}

static inline uint32_t owner_slot(uint32_t owner)
{
	return owner & 0xffffff;
}

// Index of the listen address, or -1.
static inline int owner_map_listen(const struct owner_map *m, uint32_t address_be)
{
	for (uint32_t i = 0; i < m->n_listen; i++)
		if (m->listen_be[i] == address_be)
			return (int)i;
	return -1;
}

static inline uint32_t owner_map_call(
	const struct owner_map *m, unsigned int listen, uint16_t call_id)
{
	return atomic_load_explicit(&m->calls[listen]->owner[call_id], memory_order_acquire);
}

static inline uint32_t owner_map_inner(const struct owner_map *m, uint32_t address_be)
{
	uint32_t address = rte_be_to_cpu_32(address_be);
	const struct owner_page *page =
		atomic_load_explicit(&m->inner[address >> 16], memory_order_acquire);
	if (!page)
		return OWNER_NONE;
	return atomic_load_explicit(&page->owner[address & 0xffff], memory_order_acquire);
}

// Returns NULL when out of memory. listen_be[n_listen] is copied.
struct owner_map *owner_map_new(const uint32_t *listen_be, uint32_t n_listen);
void owner_map_free(struct owner_map *m);

// Control only.
void owner_map_set_call(struct owner_map *m, unsigned int listen, uint16_t call_id, uint32_t owner);
// Returns 0 or -ENOMEM (a page could not be made; only for an owner other than OWNER_NONE).
int owner_map_set_inner(struct owner_map *m, uint32_t address_be, uint32_t owner);
