// SPDX-License-Identifier: BSD-3-Clause
#include "session/owner_map.h"

#include <errno.h>
#include <rte_malloc.h>

struct owner_map *owner_map_new(const uint32_t *listen_be, uint32_t n_listen)
{
	if (n_listen > LIMIT_LISTEN_ADDRESSES)
		return NULL;
	struct owner_map *m = rte_zmalloc("owner-map", sizeof(*m), RTE_CACHE_LINE_SIZE);
	if (!m)
		return NULL;
	for (uint32_t i = 0; i < n_listen; i++) {
		m->calls[i] = rte_zmalloc("owner-calls", sizeof(*m->calls[i]), RTE_CACHE_LINE_SIZE);
		if (!m->calls[i]) {
			owner_map_free(m);
			return NULL;
		}
		m->listen_be[i] = listen_be[i];
		m->n_listen++;
	}
	return m;
}

void owner_map_free(struct owner_map *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_listen; i++)
		rte_free(m->calls[i]);
	for (uint32_t i = 0; i < RTE_DIM(m->inner); i++)
		rte_free(atomic_load_explicit(&m->inner[i], memory_order_relaxed));
	rte_free(m);
}

void owner_map_set_call(struct owner_map *m, unsigned int listen, uint16_t call_id, uint32_t owner)
{
	atomic_store_explicit(&m->calls[listen]->owner[call_id], owner, memory_order_release);
}

int owner_map_set_inner(struct owner_map *m, uint32_t address_be, uint32_t owner)
{
	uint32_t address = rte_be_to_cpu_32(address_be);
	_Atomic(struct owner_page *) *at = &m->inner[address >> 16];
	struct owner_page *page = atomic_load_explicit(at, memory_order_relaxed);

	if (!page) {
		if (owner == OWNER_NONE)
			return 0;
		page = rte_zmalloc("owner-inner", sizeof(*page), RTE_CACHE_LINE_SIZE);
		if (!page)
			return -ENOMEM;
		atomic_store_explicit(at, page, memory_order_release);
	}
	atomic_store_explicit(&page->owner[address & 0xffff], owner, memory_order_release);
	return 0;
}
