// SPDX-License-Identifier: BSD-3-Clause
#include "control/sticky.h"

#include <errno.h>
#include <stdlib.h>

enum { SETS = 8192, WAYS = 8 }; // 1 MiB, of which the system gives what is used

struct sticky_entry {
	uint64_t key; // 0: free
	uint32_t address_be;
	uint32_t noted_s;
};

int sticky_init(struct sticky *s, uint64_t seed)
{
	*s = (struct sticky){.seed = seed};
	s->entries = calloc((size_t)SETS * WAYS, sizeof(*s->entries));
	return s->entries ? 0 : -ENOMEM;
}

void sticky_fini(struct sticky *s)
{
	free(s->entries);
	*s = (struct sticky){0};
}

// FNV-1a, seeded, and mixed so that all bits of it are good for the number of a set.
static uint64_t key_of(const struct sticky *s, uint16_t tenant, struct span user)
{
	const uint64_t prime = 1099511628211U;
	uint64_t h = s->seed ^ 14695981039346656037U;

	h = (h ^ tenant) * prime;
	for (size_t i = 0; i < user.len; i++)
		h = (h ^ user.bytes[i]) * prime;
	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29 ? h ^ h >> 29 : 1;
}

static struct sticky_entry *set_of(const struct sticky *s, uint64_t key)
{
	return &s->entries[key % SETS * WAYS];
}

uint32_t sticky_find(const struct sticky *s, uint16_t tenant, struct span user)
{
	uint64_t key = key_of(s, tenant, user);

	if (!s->entries)
		return 0;
	for (int i = 0; i < WAYS; i++)
		if (set_of(s, key)[i].key == key)
			return set_of(s, key)[i].address_be;
	return 0;
}

void sticky_note(
	struct sticky *s, uint16_t tenant, struct span user, uint32_t address_be, uint32_t now_s)
{
	uint64_t key = key_of(s, tenant, user);

	if (!s->entries)
		return;
	struct sticky_entry *set = set_of(s, key), *to = &set[0];
	for (int i = 0; i < WAYS && to->key != key; i++)
		if (set[i].key == key || set[i].key == 0 ||
			(to->key != 0 && set[i].noted_s < to->noted_s))
			to = &set[i];
	*to = (struct sticky_entry){.key = key, .address_be = address_be, .noted_s = now_s};
}
