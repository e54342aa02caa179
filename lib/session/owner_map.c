// SPDX-License-Identifier: BSD-3-Clause
#include "session/owner_map.h"

#include <errno.h>
#include <rte_malloc.h>

enum {
	SLOTS_MIN = 1024,
	SLOTS_MAX = 1 << 26,
	SHIFT_MAX = 64,
};

struct owner_lengths {
	uint32_t n[33];
};

// A call table that is no longer used, but by who looked at it a moment ago.
struct owner_retired {
	struct owner_retired *next;
	uint32_t n_ids;
	_Atomic uint32_t *owner;
};

static struct owner_table *table_new(uint32_t n_slots)
{
	struct owner_table *t = rte_zmalloc("owner-table", sizeof(*t), RTE_CACHE_LINE_SIZE);

	if (!t)
		return NULL;
	t->mask = n_slots - 1;
	t->shift = (uint32_t)(SHIFT_MAX - __builtin_ctz(n_slots));
	t->keys = rte_zmalloc("owner-keys", n_slots * sizeof(t->keys[0]), RTE_CACHE_LINE_SIZE);
	t->lines = rte_zmalloc("owner-lines", n_slots * sizeof(t->lines[0]), RTE_CACHE_LINE_SIZE);
	t->n_owners = rte_zmalloc("owner-counts", n_slots, RTE_CACHE_LINE_SIZE);
	if (t->keys && t->lines && t->n_owners)
		return t;
	rte_free(t->keys);
	rte_free(t->lines);
	rte_free(t->n_owners);
	rte_free(t);
	return NULL;
}

static void table_free(struct owner_table *t)
{
	while (t) {
		struct owner_table *older = t->older;
		rte_free(t->keys);
		rte_free(t->lines);
		rte_free(t->n_owners);
		rte_free(t);
		t = older;
	}
}

// --- the call map: control's half ---------------------------------------------------------------------

static _Atomic uint32_t *calls_new(uint32_t n_ids)
{
	return rte_zmalloc("owner-calls", n_ids * sizeof(uint32_t), RTE_CACHE_LINE_SIZE);
}

static int grow_calls(struct owner_map *m, struct owner_calls *c, uint16_t call_id)
{
	uint32_t n_old = atomic_load_explicit(&c->n_ids, memory_order_relaxed);
	_Atomic uint32_t *old = atomic_load_explicit(&c->owner, memory_order_relaxed);
	uint32_t n_ids = n_old ? n_old : OWNER_CALLS_MIN;

	while (n_ids <= call_id)
		n_ids *= 2;
	struct owner_retired *retired = rte_zmalloc("owner-retired", sizeof(*retired), 0);
	_Atomic uint32_t *owner = calls_new(n_ids);
	if (!retired || !owner) {
		rte_free(retired);
		rte_free((void *)owner);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_old; i++)
		atomic_init(&owner[i], atomic_load_explicit(&old[i], memory_order_relaxed));
	*retired = (struct owner_retired){.next = m->retired, .n_ids = n_old, .owner = old};
	m->retired = retired;
	atomic_store_explicit(&c->owner, owner, memory_order_release);
	atomic_store_explicit(&c->n_ids, n_ids, memory_order_release);
	return 0;
}

int owner_map_set_call(struct owner_map *m, unsigned int listen, uint16_t call_id, uint32_t owner)
{
	struct owner_calls *c = &m->calls[listen];

	if (call_id >= atomic_load_explicit(&c->n_ids, memory_order_relaxed)) {
		int error = grow_calls(m, c, call_id);
		if (error)
			return error;
	}
	_Atomic uint32_t *owners = atomic_load_explicit(&c->owner, memory_order_relaxed);
	atomic_store_explicit(&owners[call_id], owner, memory_order_release);
	return 0;
}

uint64_t owner_map_calls_bytes(const struct owner_map *m)
{
	uint64_t n_ids = 0;

	for (uint32_t i = 0; i < m->n_listen; i++)
		n_ids += atomic_load_explicit(&m->calls[i].n_ids, memory_order_relaxed);
	for (const struct owner_retired *r = m->retired; r; r = r->next)
		n_ids += r->n_ids;
	return n_ids * sizeof(uint32_t);
}

static void free_calls(struct owner_map *m)
{
	for (uint32_t i = 0; i < m->n_listen; i++)
		rte_free((void *)atomic_load_explicit(&m->calls[i].owner, memory_order_relaxed));
	while (m->retired) {
		struct owner_retired *r = m->retired;
		m->retired = r->next;
		rte_free((void *)r->owner);
		rte_free(r);
	}
}

// Of few addresses all tables are there from the start, so that no call can lack one.
static bool add_listen(struct owner_map *m, uint32_t address_be, bool is_large)
{
	struct owner_calls *c = &m->calls[m->n_listen];
	uint32_t at = owner_listen_home(address_be);

	if (is_large) {
		_Atomic uint32_t *owner = calls_new(LIMIT_CALL_IDS);
		if (!owner)
			return false;
		atomic_init(&c->owner, owner);
		atomic_init(&c->n_ids, LIMIT_CALL_IDS);
	}
	while (m->listen_at[at])
		at = (at + 1) % OWNER_LISTEN_PLACES;
	m->listen_be[m->n_listen++] = address_be;
	m->listen_at[at] = (uint16_t)m->n_listen;
	return true;
}

struct owner_map *owner_map_new(const uint32_t *listen_be, uint32_t n_listen)
{
	if (n_listen > LIMIT_LISTEN_ADDRESSES)
		return NULL;
	struct owner_map *m = rte_zmalloc("owner-map", sizeof(*m), RTE_CACHE_LINE_SIZE);
	if (!m)
		return NULL;
	struct owner_table *t = table_new(SLOTS_MIN);
	atomic_init(&m->inner, t);
	atomic_init(&m->inner_number, 1);
	bool is_whole = t != NULL;
	for (uint32_t i = 0; is_whole && i < n_listen; i++)
		is_whole = add_listen(m, listen_be[i], n_listen <= OWNER_LISTEN_LARGE);
	if (is_whole)
		return m;
	owner_map_free(m);
	return NULL;
}

void owner_map_free(struct owner_map *m)
{
	if (!m)
		return;
	free_calls(m);
	for (uint32_t i = 0; i < RTE_DIM(m->n_prefixes); i++)
		rte_free(m->n_prefixes[i]);
	table_free(atomic_load_explicit(&m->inner, memory_order_relaxed));
	rte_free(m);
}

// --- the inner map: control's half --------------------------------------------------------------------

static uint64_t key_at(const struct owner_table *t, uint32_t at)
{
	return atomic_load_explicit(&t->keys[at], memory_order_relaxed);
}

// A reader that sees an owner of a line sees the key that the line had then, or a later one.
static void set_key(struct owner_table *t, uint32_t at, uint64_t key)
{
	atomic_store_explicit(&t->keys[at], key, memory_order_release);
}

// Where the key is, or UINT32_MAX.
static uint32_t find(const struct owner_table *t, uint64_t key)
{
	for (uint32_t at = owner_table_home(t, key);; at = (at + 1) & t->mask) {
		uint64_t found = key_at(t, at);
		if (found == key)
			return at;
		if (found == OWNER_KEY_FREE)
			return UINT32_MAX;
	}
}

// The key is not there. A tombstone on its way is as good as a free place.
static uint32_t insert(struct owner_table *t, uint64_t key)
{
	uint32_t at = owner_table_home(t, key);

	while (key_at(t, at) != OWNER_KEY_FREE && key_at(t, at) != OWNER_KEY_TOMBSTONE)
		at = (at + 1) & t->mask;
	if (key_at(t, at) == OWNER_KEY_FREE)
		t->n_keys++;
	set_key(t, at, key);
	return at;
}

// Its line is empty. At the end of a run of keys no search needs a tombstone, nor those before it.
static void forget(struct owner_table *t, uint32_t at)
{
	set_key(t, at, OWNER_KEY_TOMBSTONE);
	if (key_at(t, (at + 1) & t->mask) != OWNER_KEY_FREE)
		return;
	while (key_at(t, at) == OWNER_KEY_TOMBSTONE) {
		set_key(t, at, OWNER_KEY_FREE);
		t->n_keys--;
		at = (at - 1) & t->mask;
	}
}

static void copy_lines(struct owner_table *to, const struct owner_table *from)
{
	for (uint32_t i = 0; i <= from->mask; i++) {
		uint64_t key = key_at(from, i);
		if (key == OWNER_KEY_FREE || key == OWNER_KEY_TOMBSTONE)
			continue;
		uint32_t at = insert(to, key);
		for (unsigned int k = 0; k < OWNER_LINE; k++) {
			uint32_t owner = atomic_load_explicit(
				&from->lines[i].owner[k], memory_order_relaxed);
			atomic_store_explicit(&to->lines[at].owner[k], owner, memory_order_relaxed);
		}
		to->n_owners[at] = from->n_owners[i];
		to->n_lines++;
	}
}

// A table that was replaced two changes ago, of this size. Between two changes of one size lie a quarter as many calls
// as it has places, and a reader looks at a table for some nanoseconds; what a stopped one might find is checked against the session.
static struct owner_table *take_retired(struct owner_map *m, uint32_t n_slots)
{
	struct owner_table *newest = atomic_load_explicit(&m->inner, memory_order_relaxed);

	for (struct owner_table *before = newest; before->older; before = before->older) {
		struct owner_table *t = before->older;
		if (t->mask + 1 != n_slots || m->n_changes - t->retired < 2)
			continue;
		before->older = t->older;
		for (uint32_t i = 0; i < n_slots; i++) {
			set_key(t, i, OWNER_KEY_FREE);
			for (unsigned int k = 0; k < OWNER_LINE; k++)
				atomic_store_explicit(
					&t->lines[i].owner[k], OWNER_NONE, memory_order_release);
			t->n_owners[i] = 0;
		}
		t->n_keys = t->n_lines = t->retired = 0;
		return t;
	}
	return NULL;
}

// Room for one more key: half of the places stay free, so that searches are short.
static int make_room(struct owner_map *m)
{
	struct owner_table *old = atomic_load_explicit(&m->inner, memory_order_relaxed);
	uint32_t n_slots = old->mask + 1;

	if (old->n_keys < n_slots / 2)
		return 0;
	if (old->n_lines >= n_slots / 4) // else tombstones have filled it
		n_slots *= 2;
	if (n_slots > SLOTS_MAX)
		return -ENOMEM;
	struct owner_table *t = take_retired(m, n_slots);
	if (!t)
		t = table_new(n_slots);
	if (!t)
		return -ENOMEM;
	copy_lines(t, old);
	old->retired = ++m->n_changes;
	t->older = old;
	atomic_store_explicit(&m->inner, t, memory_order_release);
	return 0;
}

static int set(
	struct owner_map *m, uint16_t tenant, uint8_t length, uint32_t number, uint32_t owner)
{
	uint64_t key = owner_key(tenant, length, number);
	struct owner_table *t = atomic_load_explicit(&m->inner, memory_order_relaxed);
	uint32_t at = find(t, key);

	if (at == UINT32_MAX) {
		if (owner == OWNER_NONE)
			return 0;
		int error = make_room(m);
		if (error)
			return error;
		t = atomic_load_explicit(&m->inner, memory_order_relaxed);
		at = insert(t, key);
		t->n_lines++;
	}
	_Atomic uint32_t *place = &t->lines[at].owner[number % OWNER_LINE];
	uint32_t before = atomic_load_explicit(place, memory_order_relaxed);
	atomic_store_explicit(place, owner, memory_order_release);
	t->n_owners[at] =
		(uint8_t)(t->n_owners[at] + (owner != OWNER_NONE) - (before != OWNER_NONE));
	if (t->n_owners[at] == 0) {
		t->n_lines--;
		forget(t, at);
	}
	return 0;
}

// Behind a change: who sees the new number sees what changed.
static void count_change(struct owner_map *m)
{
	uint64_t number = atomic_load_explicit(&m->inner_number, memory_order_relaxed);

	atomic_store_explicit(&m->inner_number, number + 1, memory_order_release);
}

int owner_map_set_inner(struct owner_map *m, uint16_t tenant, uint32_t address_be, uint32_t owner)
{
	int error = set(m, tenant, 32, rte_be_to_cpu_32(address_be), owner);

	count_change(m);
	return error;
}

// --- networks behind clients --------------------------------------------------------------------------

static void set_length(struct owner_map *m, uint16_t tenant, uint8_t length, bool on)
{
	uint32_t bits = atomic_load_explicit(&m->lengths[tenant], memory_order_relaxed);
	uint32_t bit = UINT32_C(1) << length;

	atomic_store_explicit(
		&m->lengths[tenant], on ? bits | bit : bits & ~bit, memory_order_release);
}

int owner_map_add_route(
	struct owner_map *m, uint16_t tenant, uint32_t prefix_be, uint8_t length, uint32_t owner)
{
	if (length < 1 || length > 32 || tenant >= LIMIT_TENANTS || owner == OWNER_NONE)
		return -EINVAL;
	uint32_t number = rte_be_to_cpu_32(prefix_be) >> (32 - length);
	uint32_t has = owner_table_find(
		atomic_load_explicit(&m->inner, memory_order_relaxed), tenant, length, number);
	if (has != OWNER_NONE)
		return -EEXIST;
	if (!m->n_prefixes[tenant])
		m->n_prefixes[tenant] =
			rte_zmalloc("owner-lengths", sizeof(struct owner_lengths), 0);
	if (!m->n_prefixes[tenant])
		return -ENOMEM;
	int error = set(m, tenant, length, number, owner);
	if (error)
		return error;
	if (m->n_prefixes[tenant]->n[length]++ == 0 && length < 32)
		set_length(m, tenant, length, true);
	count_change(m);
	return 0;
}

void owner_map_remove_route(
	struct owner_map *m, uint16_t tenant, uint32_t prefix_be, uint8_t length, uint32_t owner)
{
	if (length < 1 || length > 32 || tenant >= LIMIT_TENANTS || !m->n_prefixes[tenant])
		return;
	uint32_t number = rte_be_to_cpu_32(prefix_be) >> (32 - length);
	uint32_t has = owner_table_find(
		atomic_load_explicit(&m->inner, memory_order_relaxed), tenant, length, number);
	if (has == OWNER_NONE || has != owner)
		return;
	(void)set(m, tenant, length, number, OWNER_NONE);
	if (--m->n_prefixes[tenant]->n[length] == 0 && length < 32)
		set_length(m, tenant, length, false);
	count_change(m);
}

uint32_t owner_map_route(
	const struct owner_map *m, uint16_t tenant, uint32_t address_be, uint8_t *length)
{
	const struct owner_table *t = atomic_load_explicit(&m->inner, memory_order_acquire);
	uint32_t address = rte_be_to_cpu_32(address_be);
	uint32_t bits = atomic_load_explicit(&m->lengths[tenant], memory_order_acquire);

	while (bits != 0) {
		uint8_t n = (uint8_t)(31 - __builtin_clz(bits));
		uint32_t owner = owner_table_find(t, tenant, n, address >> (32 - n));
		if (owner != OWNER_NONE) {
			*length = n;
			return owner;
		}
		bits &= ~(UINT32_C(1) << n);
	}
	return OWNER_NONE;
}

uint64_t owner_map_inner_bytes(const struct owner_map *m)
{
	uint64_t n = 0;

	for (const struct owner_table *t = atomic_load_explicit(&m->inner, memory_order_relaxed); t;
		t = t->older)
		n += sizeof(*t) +
		     (t->mask + UINT64_C(1)) * (sizeof(t->keys[0]) + sizeof(t->lines[0]) + 1);
	return n;
}
