// SPDX-License-Identifier: BSD-3-Clause
// Who owns a packet: maps from the numbers that packets carry to (worker, slot). Control writes them,
// all workers read them without locks. A reader checks what it finds against the session itself, so an
// entry may be stale for a moment.
//
//   call map   (listen address, our Call ID) -> owner: a flat table each, one load. Where there are many addresses, of
//              which most have few calls, tables begin small and grow with the ids that are in use
//   inner map  (tenant, prefix length, prefix) -> owner: one hash table, whose lines hold sixteen neighbours each. A
//              client's address is a prefix of 32; shorter ones are networks behind a client (Framed-Route)
//
// The source of a packet never takes part: many clients share an address and a Call ID behind PAT.
#pragma once

#include "config/limits.h"

#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <rte_prefetch.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { OWNER_NONE = 0 };

// Owners of the first n_ids Call IDs of a listen address. A table that was replaced by a larger one stays until the end.
struct owner_calls {
	_Atomic(_Atomic uint32_t *) owner; // control: w, worker: r; of the elements too
	_Atomic uint32_t n_ids;		   // the same. Read first: `owner` has as many or more
};

enum { OWNER_LINE = 16 }; // neighbours that share a cache line

struct owner_line {
	_Atomic uint32_t owner[OWNER_LINE]; // control: w, worker: r
};

// Open addressing, linear probing. keys[i] says whose line lines[i] is. The keys lie close together and the lines
// apart, so that the two loads of a look-up do not wait for each other.
struct owner_table {
	uint32_t mask;	// n - 1
	uint32_t shift; // 64 - log2(n)
	_Atomic uint64_t *keys;
	struct owner_line *lines;
	// control's own
	uint8_t *n_owners; // of each line
	uint32_t n_keys;   // in use, those of empty lines and tombstones among them
	uint32_t n_lines;  // that are not empty
	uint32_t retired;  // number of the change that replaced it, 0: in use
	struct owner_table *older;
};

struct owner_lengths; // prefixes of a tenant, by length: control's own
struct owner_retired;

enum {
	OWNER_LISTEN_FEW = 4, // addresses that are compared one by one
	OWNER_LISTEN_PLACES = 4 * LIMIT_LISTEN_ADDRESSES,
	OWNER_LISTEN_SHIFT = 52, // to a place
	OWNER_LISTEN_LARGE =
		16,		// up to so many addresses have room for all Call IDs from the start
	OWNER_CALLS_MIN = 1024, // Call IDs of a small table
};

struct owner_map {
	_Atomic(struct owner_table *) inner; // control: w, worker: r; a table stays until the end
	_Atomic uint64_t inner_number;	     // of changes of owners, from 1; control: w, worker: r
	uint32_t n_listen;
	uint32_t listen_be[LIMIT_LISTEN_ADDRESSES]; // set before the workers start
	uint16_t listen_at[OWNER_LISTEN_PLACES];    // the same: by hash, index plus 1
	struct owner_calls calls[LIMIT_LISTEN_ADDRESSES];
	struct owner_retired *retired; // call tables: control's own
	// Bit n: the tenant has prefixes of length n (Framed-Routes), n in 1..31. control: w, worker: r
	_Atomic uint32_t lengths[LIMIT_TENANTS];
	struct owner_lengths *n_prefixes[LIMIT_TENANTS]; // control's own
	uint32_t n_changes;				 // of tables
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

static inline uint32_t owner_listen_home(uint32_t address_be)
{
	return (uint32_t)(address_be * UINT64_C(0x9e3779b97f4a7c15) >> OWNER_LISTEN_SHIFT);
}

// Index of the listen address, or -1.
static inline int owner_map_listen(const struct owner_map *m, uint32_t address_be)
{
	if (likely(m->n_listen <= OWNER_LISTEN_FEW)) {
		for (uint32_t i = 0; i < m->n_listen; i++)
			if (m->listen_be[i] == address_be)
				return (int)i;
		return -1;
	}
	for (uint32_t at = owner_listen_home(address_be);; at = (at + 1) % OWNER_LISTEN_PLACES) {
		uint16_t i = m->listen_at[at];
		if (i == 0 || m->listen_be[i - 1] == address_be)
			return (int)i - 1;
	}
}

static inline uint32_t owner_map_call(
	const struct owner_map *m, unsigned int listen, uint16_t call_id)
{
	const struct owner_calls *c = &m->calls[listen];

	if (unlikely(call_id >= atomic_load_explicit(&c->n_ids, memory_order_acquire)))
		return OWNER_NONE;
	_Atomic uint32_t *owner = atomic_load_explicit(&c->owner, memory_order_acquire);
	return atomic_load_explicit(&owner[call_id], memory_order_acquire);
}

// What that will touch, when Call IDs of a burst are known before they are looked up.
static inline void owner_map_call_prefetch(
	const struct owner_map *m, unsigned int listen, uint16_t call_id)
{
	const struct owner_calls *c = &m->calls[listen];

	// Behind the end of a small table it is no address of ours, and a prefetch does not mind.
	rte_prefetch0(
		(const void *)((uintptr_t)atomic_load_explicit(&c->owner, memory_order_relaxed) +
			       call_id * sizeof(uint32_t)));
}

// --- the inner map ----------------------------------------------------------------------------------

// Key of the line of prefix `number` (address >> (32 - length)); never one of the two values below.
static inline uint64_t owner_key(uint16_t tenant, uint8_t length, uint32_t number)
{
	return UINT64_C(1) << 63 | (uint64_t)length << 48 | (uint64_t)tenant << 32 |
	       number / OWNER_LINE;
}

enum {
	OWNER_KEY_FREE = 0,	 // a search ends here
	OWNER_KEY_TOMBSTONE = 1, // and goes on here
};

// Addresses in a row come to lie one after the other without collisions; those of a pattern are spread by the shift: by
// the product alone a table half full has runs of dozens.
static inline uint32_t owner_table_home(const struct owner_table *t, uint64_t key)
{
	return (uint32_t)(((key ^ key >> 15) * UINT64_C(0x9e3779b97f4a7c15)) >> t->shift);
}

static inline uint32_t owner_table_find(
	const struct owner_table *t, uint16_t tenant, uint8_t length, uint32_t number)
{
	uint64_t key = owner_key(tenant, length, number);
	uint32_t at = owner_table_home(t, key);

	for (;; at = (at + 1) & t->mask) {
		uint64_t found = atomic_load_explicit(&t->keys[at], memory_order_acquire);
		if (likely(found == key)) {
			uint32_t owner = atomic_load_explicit(
				&t->lines[at].owner[number % OWNER_LINE], memory_order_acquire);
			// The line may have become another's meanwhile: then its key was changed before its owners.
			if (likely(atomic_load_explicit(&t->keys[at], memory_order_relaxed) == key))
				return owner;
			return OWNER_NONE;
		}
		if (found == OWNER_KEY_FREE)
			return OWNER_NONE;
	}
}

// The client that has this very address.
static inline uint32_t owner_map_host(
	const struct owner_map *m, uint16_t tenant, uint32_t address_be)
{
	const struct owner_table *t = atomic_load_explicit(&m->inner, memory_order_acquire);

	return owner_table_find(t, tenant, 32, rte_be_to_cpu_32(address_be));
}

// What a look-up will touch, when addresses of a burst are known before they are looked up.
static inline void owner_map_host_prefetch(
	const struct owner_map *m, uint16_t tenant, uint32_t address_be)
{
	const struct owner_table *t = atomic_load_explicit(&m->inner, memory_order_acquire);
	uint32_t at = owner_table_home(t, owner_key(tenant, 32, rte_be_to_cpu_32(address_be)));

	rte_prefetch0((const void *)&t->keys[at]);
	rte_prefetch0(&t->lines[at]);
}

// Who found that an address is nobody's need not look again while this number is the same. It is to be read first.
static inline uint64_t owner_map_inner_number(const struct owner_map *m)
{
	return atomic_load_explicit(&m->inner_number, memory_order_acquire);
}

static inline bool owner_map_has_routes(const struct owner_map *m, uint16_t tenant)
{
	return atomic_load_explicit(&m->lengths[tenant], memory_order_acquire) != 0;
}

// The client behind which the longest prefix with this address lies; *length is that prefix's. Costs a look-up for
// each length of which the tenant has prefixes.
uint32_t owner_map_route(
	const struct owner_map *m, uint16_t tenant, uint32_t address_be, uint8_t *length);

// Both. tenant < LIMIT_TENANTS.
static inline uint32_t owner_map_inner(
	const struct owner_map *m, uint16_t tenant, uint32_t address_be)
{
	uint32_t owner = owner_map_host(m, tenant, address_be);
	uint8_t length;

	if (likely(owner != OWNER_NONE) || likely(!owner_map_has_routes(m, tenant)))
		return owner;
	return owner_map_route(m, tenant, address_be, &length);
}

// Returns NULL when out of memory. listen_be[n_listen] is copied.
struct owner_map *owner_map_new(const uint32_t *listen_be, uint32_t n_listen);
void owner_map_free(struct owner_map *m);

// Control only. Returns 0 or -ENOMEM: its table could not grow. It has room for an id that was set once, also to
// OWNER_NONE.
int owner_map_set_call(struct owner_map *m, unsigned int listen, uint16_t call_id, uint32_t owner);
// Returns 0 or -ENOMEM (the table could not grow; only for an owner other than OWNER_NONE).
int owner_map_set_inner(struct owner_map *m, uint16_t tenant, uint32_t address_be, uint32_t owner);

// Networks behind a client, of 1 to 32 bits; bits behind `length` do not count.
//
//   returns  0 | -EEXIST a client has it already | -EINVAL no such length or tenant | -ENOMEM
int owner_map_add_route(
	struct owner_map *m, uint16_t tenant, uint32_t prefix_be, uint8_t length, uint32_t owner);
// Only if it is this owner's.
void owner_map_remove_route(
	struct owner_map *m, uint16_t tenant, uint32_t prefix_be, uint8_t length, uint32_t owner);

// Bytes of all tables of the call map.
uint64_t owner_map_calls_bytes(const struct owner_map *m);

// Bytes of all tables of the inner map, for `aditctl show memory`.
uint64_t owner_map_inner_bytes(const struct owner_map *m);
