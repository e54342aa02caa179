// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { IDS_PER_WORD = 64, GROW_AT = 4 };

int call_table_init(struct call_table *t, uint32_t n_ids)
{
	assert(n_ids >= IDS_PER_WORD && n_ids <= LIMIT_CALL_IDS && (n_ids & (n_ids - 1)) == 0);
	*t = (struct call_table){.n_ids = n_ids};
	t->used = calloc(n_ids / IDS_PER_WORD, sizeof(*t->used));
	if (!t->used)
		return -ENOMEM;
	t->used[0] = 1; // Call ID 0
	return 0;
}

void call_table_fini(struct call_table *t)
{
	free(t->used);
	*t = (struct call_table){0};
}

// Without memory it stays as it is: there are ids left.
static void grow(struct call_table *t)
{
	uint32_t n_words = t->n_ids / IDS_PER_WORD;
	uint64_t *used = realloc(t->used, 2 * n_words * sizeof(*used));

	if (!used)
		return;
	memset(used + n_words, 0, n_words * sizeof(*used));
	t->used = used;
	t->n_ids *= 2;
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
	uint32_t n_words = t->n_ids / IDS_PER_WORD;
	uint32_t word = random % t->n_ids / IDS_PER_WORD;
	uint64_t free_bits = ~t->used[word] & places & ~UINT64_C(0) << random % IDS_PER_WORD;

	// One word more than there are: the first one's low bits come last.
	for (uint32_t i = 0; i <= n_words; i++) {
		if (free_bits)
			return (int32_t)(word * IDS_PER_WORD +
					 (uint32_t)__builtin_ctzll(free_bits));
		word = (word + 1) % n_words;
		free_bits = ~t->used[word] & places;
	}
	return -1;
}

int32_t call_table_take(struct call_table *t, uint16_t random, uint64_t places)
{
	if (t->n_used >= t->n_ids / GROW_AT && t->n_ids < LIMIT_CALL_IDS)
		grow(t);
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
	assert(call_id != 0 && call_id < t->n_ids && t->used[call_id / 64] >> call_id % 64 & 1);
	t->used[call_id / 64] &= ~(UINT64_C(1) << call_id % 64);
	t->n_used--;
}
