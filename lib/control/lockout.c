// SPDX-License-Identifier: BSD-3-Clause
#include "control/lockout.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

// The shares of the kinds in all entries, in quarters: names cost a stranger nothing, so what he
// makes up must not push out the count of his source.
static const uint8_t quarters[LOCKOUT_KINDS] = {
	[LOCKOUT_PAIR] = 2, [LOCKOUT_USER] = 1, [LOCKOUT_SOURCE] = 1};

const char *lockout_kind_name(enum lockout_kind kind)
{
	switch (kind) {
	case LOCKOUT_PAIR:
		return "user-and-source";
	case LOCKOUT_USER:
		return "user";
	case LOCKOUT_SOURCE:
		return "source";
	case LOCKOUT_KINDS:
		break;
	}
	return "unknown";
}

int lockout_init(struct lockout *l, const struct lockout_limits *limits, uint32_t n_entries,
	uint64_t hash_seed)
{
	uint32_t at = 0;

	memset(l, 0, sizeof(*l));
	l->limits = *limits;
	l->hash_seed = hash_seed;
	l->n_entries = n_entries - n_entries % 4;
	l->n_buckets = 1;
	while (l->n_buckets < l->n_entries)
		l->n_buckets *= 2;
	l->buckets = calloc(l->n_buckets, sizeof(*l->buckets));
	l->entries = calloc(l->n_entries, sizeof(*l->entries));
	if (!l->buckets || !l->entries) {
		lockout_fini(l);
		return -ENOMEM;
	}
	TAILQ_INIT(&l->locked);
	for (int kind = 0; kind < LOCKOUT_KINDS; kind++) {
		TAILQ_INIT(&l->free_to_take[kind]);
		for (uint32_t end = at + l->n_entries / 4 * quarters[kind]; at < end; at++) {
			l->entries[at].kind = (enum lockout_kind)kind;
			TAILQ_INSERT_TAIL(&l->free_to_take[kind], &l->entries[at], in_list);
		}
	}
	return 0;
}

void lockout_fini(struct lockout *l)
{
	free(l->buckets);
	free(l->entries);
	memset(l, 0, sizeof(*l));
}

// ---- the table

// What one kind counts under: a USER has no source, a SOURCE no name and no tenant.
struct key {
	enum lockout_kind kind;
	uint16_t tenant;
	struct span user;
	uint32_t source_be;
};

static struct key key_of(
	enum lockout_kind kind, uint16_t tenant, struct span user, uint32_t source_be)
{
	assert(user.len <= LIMIT_USER_NAME_BYTES);
	return (struct key){
		.kind = kind,
		.tenant = kind == LOCKOUT_SOURCE ? 0 : tenant,
		.user = kind == LOCKOUT_SOURCE ? (struct span){0} : user,
		.source_be = kind == LOCKOUT_USER ? 0 : source_be,
	};
}

static struct key key_of_entry(const struct lockout_entry *e)
{
	return key_of(e->kind, e->tenant, span_of(e->user, e->user_len), e->source_be);
}

// FNV-1a, seeded so that no one can aim at one bucket.
static uint32_t *bucket_of(const struct lockout *l, const struct key *key)
{
	const uint64_t prime = 1099511628211U;
	uint64_t h = l->hash_seed ^ 14695981039346656037U;

	h = (h ^ (uint64_t)key->kind) * prime;
	h = (h ^ key->tenant) * prime;
	h = (h ^ key->source_be) * prime;
	for (size_t i = 0; i < key->user.len; i++)
		h = (h ^ key->user.bytes[i]) * prime;
	return &l->buckets[(h ^ h >> 32) & (l->n_buckets - 1)];
}

static struct lockout_entry *find(const struct lockout *l, const struct key *key)
{
	for (uint32_t i = *bucket_of(l, key); i; i = l->entries[i - 1].next) {
		struct lockout_entry *e = &l->entries[i - 1];

		if (e->kind == key->kind && e->tenant == key->tenant &&
			e->source_be == key->source_be &&
			span_equal(key->user, span_of(e->user, e->user_len)))
			return e;
	}
	return NULL;
}

static void unlink_entry(struct lockout *l, struct lockout_entry *e)
{
	const struct key key = key_of_entry(e);
	uint32_t self = (uint32_t)(e - l->entries) + 1;
	uint32_t *at = bucket_of(l, &key);

	while (*at != self)
		at = &l->entries[*at - 1].next;
	*at = e->next;
	e->is_used = false;
}

// It was used now: the last to be taken for another.
static void touch(struct lockout *l, struct lockout_entry *e)
{
	if (e->is_locked)
		return;
	TAILQ_REMOVE(&l->free_to_take[e->kind], e, in_list);
	TAILQ_INSERT_TAIL(&l->free_to_take[e->kind], e, in_list);
}

static void unlock(struct lockout *l, struct lockout_entry *e)
{
	TAILQ_REMOVE(&l->locked, e, in_list);
	TAILQ_INSERT_TAIL(&l->free_to_take[e->kind], e, in_list);
	e->is_locked = false;
}

static struct lockout_entry *find_or_make(struct lockout *l, const struct key *key)
{
	struct lockout_entry *e = find(l, key);

	if (e)
		return e;
	e = TAILQ_FIRST(&l->free_to_take[key->kind]);
	if (!e) {
		l->n_full++;
		return NULL;
	}
	if (e->is_used)
		unlink_entry(l, e);
	e->is_used = true;
	e->is_known = false;
	e->tenant = key->tenant;
	e->source_be = key->source_be;
	e->n_failures = e->n_locks = 0;
	e->failed_ns = e->until_ns = 0;
	e->user_len = (uint16_t)key->user.len;
	if (key->user.len)
		memcpy(e->user, key->user.bytes, key->user.len);
	uint32_t *bucket = bucket_of(l, key);
	e->next = *bucket;
	*bucket = (uint32_t)(e - l->entries) + 1;
	return e;
}

// ---- counting

static uint32_t limit_of(const struct lockout *l, enum lockout_kind kind)
{
	switch (kind) {
	case LOCKOUT_PAIR:
		return l->limits.user_failures;
	case LOCKOUT_USER:
		return l->limits.user_failures * LOCKOUT_USER_FACTOR;
	case LOCKOUT_SOURCE:
		return l->limits.source_failures;
	case LOCKOUT_KINDS:
		break;
	}
	return 0;
}

static bool is_forgotten(const struct lockout *l, const struct lockout_entry *e, uint64_t now_ns)
{
	uint64_t last_ns = e->failed_ns > e->until_ns ? e->failed_ns : e->until_ns;

	return now_ns > last_ns && now_ns - last_ns >= l->limits.forget_ns;
}

bool lockout_has_count(const struct lockout *l, const struct lockout_entry *e, uint64_t now_ns)
{
	return e->is_used && (e->n_failures || e->n_locks) && !is_forgotten(l, e, now_ns);
}

static uint64_t lock_length(const struct lockout *l, uint32_t n_locks)
{
	uint64_t length_ns = l->limits.first_ns;

	for (uint32_t i = 1; i < n_locks && length_ns < l->limits.max_ns; i++)
		length_ns *= 2;
	return length_ns < l->limits.max_ns ? length_ns : l->limits.max_ns;
}

// Returns true when this locks it.
static bool count(struct lockout *l, struct lockout_entry *e, uint64_t now_ns)
{
	if (lockout_is_locked(e, now_ns))
		return false; // a known pair, or one whose answer was on its way when the lock began
	if (is_forgotten(l, e, now_ns))
		e->n_failures = e->n_locks = 0;
	e->failed_ns = now_ns;
	touch(l, e);
	if (++e->n_failures < limit_of(l, e->kind) && !(e->kind == LOCKOUT_PAIR && e->n_locks))
		return false;
	e->n_failures = 0;
	e->until_ns = now_ns + lock_length(l, ++e->n_locks);
	if (!e->is_locked) {
		TAILQ_REMOVE(&l->free_to_take[e->kind], e, in_list);
		TAILQ_INSERT_TAIL(&l->locked, e, in_list);
	}
	e->is_locked = true;
	return true;
}

unsigned int lockout_fail(struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be,
	uint64_t now_ns, const struct lockout_entry **begun)
{
	unsigned int n = 0;

	for (int kind = 0; kind < LOCKOUT_KINDS; kind++) {
		const struct key key = key_of((enum lockout_kind)kind, tenant, user, source_be);
		struct lockout_entry *e = limit_of(l, key.kind) ? find_or_make(l, &key) : NULL;

		if (e && count(l, e, now_ns))
			begun[n++] = e;
	}
	return n;
}

const struct lockout_entry *lockout_find(
	struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be, uint64_t now_ns)
{
	for (int kind = 0; kind < LOCKOUT_KINDS; kind++) {
		const struct key key = key_of((enum lockout_kind)kind, tenant, user, source_be);
		const struct lockout_entry *e = find(l, &key);

		if (e && lockout_is_locked(e, now_ns))
			return e;
		if (e && e->is_known)
			return NULL;
	}
	return NULL;
}

void lockout_succeed(
	struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be, uint64_t now_ns)
{
	const struct key pair_key = key_of(LOCKOUT_PAIR, tenant, user, source_be);
	const struct key user_key = key_of(LOCKOUT_USER, tenant, user, source_be);
	struct lockout_entry *pair, *whole = find(l, &user_key);

	if (!l->limits.user_failures && !l->limits.source_failures)
		return;
	pair = find_or_make(l, &pair_key);
	if (pair && !lockout_is_locked(pair, now_ns)) {
		pair->is_known = true;
		pair->n_failures = pair->n_locks = 0;
		touch(l, pair);
	}
	// A lock of the user goes on for those who are not known: they may be many, and at it still.
	if (whole && !lockout_is_locked(whole, now_ns))
		whole->n_failures = whole->n_locks = 0;
}

const struct lockout_entry *lockout_next_end(struct lockout *l, uint64_t now_ns)
{
	struct lockout_entry *e;

	TAILQ_FOREACH(e, &l->locked, in_list)
	if (now_ns >= e->until_ns) {
		unlock(l, e);
		return e;
	}
	return NULL;
}

unsigned int lockout_clear(struct lockout *l, const struct span *user, const uint32_t *source_be,
	uint64_t now_ns, void (*cleared)(void *context, const struct lockout_entry *entry),
	void *context)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < l->n_entries; i++) {
		struct lockout_entry *e = &l->entries[i];

		if (!lockout_has_count(l, e, now_ns) && !e->is_locked)
			continue;
		if (user && (e->kind == LOCKOUT_SOURCE ||
				    !span_equal(*user, span_of(e->user, e->user_len))))
			continue;
		if (source_be && (e->kind == LOCKOUT_USER || e->source_be != *source_be))
			continue;
		n++;
		if (e->is_locked) {
			unlock(l, e);
			cleared(context, e);
		}
		e->n_failures = e->n_locks = 0;
		e->until_ns = 0;
	}
	return n;
}
