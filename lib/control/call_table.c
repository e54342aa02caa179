// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_table.h"

#include <assert.h>
#include <string.h>

enum { N_WORDS = LIMIT_CALL_IDS / 64 };

void call_table_init(struct call_table *t)
{
	memset(t, 0, sizeof(*t));
	t->used[0] = 1; // Call ID 0
}

uint64_t call_table_places(uint32_t n_classes, uint32_t n_workers, uint32_t worker)
{
	uint64_t places = 0;

	if (n_classes == 0)
		return UINT64_MAX;
	for (uint32_t i = 0; i < 64; i++)
		if (i % n_classes % n_workers == worker)
			places |= UINT64_C(1) << i;
	return places;
}

static int32_t find(const struct call_table *t, uint16_t random, uint64_t places)
{
	uint32_t word = random / 64;
	uint64_t free_bits = ~t->used[word] & places & ~UINT64_C(0) << random % 64;

	// One word more than there are: the first one's low bits come last.
	for (uint32_t i = 0; i <= N_WORDS; i++) {
		if (free_bits)
			return (int32_t)(word * 64 + (uint32_t)__builtin_ctzll(free_bits));
		word = (word + 1) % N_WORDS;
		free_bits = ~t->used[word] & places;
	}
	return -1;
}

int32_t call_table_take(struct call_table *t, uint16_t random, uint64_t places)
{
	int32_t id = find(t, random, places);

	if (id < 0 && places != UINT64_MAX)
		id = find(t, random, UINT64_MAX);
	if (id < 0)
		return -1;
	t->used[id / 64] |= UINT64_C(1) << id % 64;
	t->n_used++;
	return id;
}

void call_table_release(struct call_table *t, uint16_t call_id)
{
	assert(call_id != 0 && t->used[call_id / 64] >> call_id % 64 & 1);
	t->used[call_id / 64] &= ~(UINT64_C(1) << call_id % 64);
	t->n_used--;
}
