// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local_users.h"

#include "conf/config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

// Open addressing with linear probing, at most half full. The names in it are the operator's, so a
// client cannot make a long chain; the seed only keeps the order from being the same everywhere.
struct slot {
	uint8_t name_len;
	bool is_used;
	uint8_t nt_hash[MSCHAP_HASH_BYTES];
	char name[LIMIT_USER_NAME_BYTES];
};

struct local_users {
	uint64_t seed;
	uint32_t mask;
	uint8_t nobody[MSCHAP_HASH_BYTES];
	struct slot slots[]; // slots[mask + 1]
};

static_assert(LIMIT_USER_NAME_BYTES <= UINT8_MAX, "name_len");

static size_t local_users_size(uint32_t mask)
{
	return sizeof(struct local_users) + ((size_t)mask + 1) * sizeof(struct slot);
}

// FNV-1a.
static uint32_t first_slot(const struct local_users *users, struct span name)
{
	uint64_t h = users->seed ^ 14695981039346656037U;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ name.bytes[i]) * 1099511628211U;
	return (uint32_t)(h ^ h >> 32) & users->mask;
}

// The slot of this name, or the empty one where it belongs. There is always an empty one.
static uint32_t probe(const struct local_users *users, struct span name)
{
	uint32_t at = first_slot(users, name);

	while (users->slots[at].is_used) {
		const struct slot *slot = &users->slots[at];
		if (span_equal(name, span_of(slot->name, slot->name_len)))
			break;
		at = (at + 1) & users->mask;
	}
	return at;
}

static int add(struct local_users *users, const struct config_user *user)
{
	struct span name = span_of(user->name, strnlen(user->name, LIMIT_USER_NAME_BYTES));
	struct slot *slot = &users->slots[probe(users, name)];

	if (slot->is_used)
		return -EEXIST;
	if (user->has_nt_hash) {
		memcpy(slot->nt_hash, user->nt_hash, sizeof(slot->nt_hash));
	} else {
		int rc = mschap_nt_hash(
			span_of(user->password.bytes, user->password.len), slot->nt_hash);
		if (rc != 0)
			return rc;
	}
	memcpy(slot->name, name.bytes, name.len);
	slot->name_len = (uint8_t)name.len;
	slot->is_used = true;
	return 0;
}

int local_users_new(const struct config *config, struct local_users **out)
{
	struct local_users *users;
	uint32_t mask = 1;
	int rc = 0;

	while (mask < 2 * config->n_users)
		mask = mask << 1 | 1;
	users = calloc(1, local_users_size(mask));
	if (!users)
		return -ENOMEM;
	users->mask = mask;
	if (getrandom(&users->seed, sizeof(users->seed), 0) != sizeof(users->seed) ||
		getrandom(users->nobody, sizeof(users->nobody), 0) != sizeof(users->nobody))
		rc = -EIO;
	for (uint32_t i = 0; rc == 0 && i < config->n_users; i++)
		rc = add(users, &config->users[i]);
	if (rc != 0) {
		local_users_free(users);
		return rc;
	}
	*out = users;
	return 0;
}

void local_users_free(struct local_users *users)
{
	if (!users)
		return;
	secret_wipe_bytes(users, local_users_size(users->mask));
	free(users);
}

bool local_users_find(
	const struct local_users *users, struct span name, uint8_t nt_hash[MSCHAP_HASH_BYTES])
{
	// Both look-ups are always made.
	const struct slot *whole = &users->slots[probe(users, name)];
	const struct slot *bare = &users->slots[probe(users, mschap_user_without_domain(name))];
	const struct slot *slot = whole->is_used ? whole : bare;

	memcpy(nt_hash, slot->is_used ? slot->nt_hash : users->nobody, MSCHAP_HASH_BYTES);
	return slot->is_used;
}
