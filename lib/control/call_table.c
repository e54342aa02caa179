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

int32_t call_table_take(struct call_table *t, uint16_t random)
{
	uint32_t word = random / 64;
	uint64_t free_bits = ~t->used[word] & ~UINT64_C(0) << random % 64;

	// One word more than there are: the first one's low bits come last.
	for (uint32_t i = 0; i <= N_WORDS; i++) {
		if (free_bits) {
			uint32_t bit = (uint32_t)__builtin_ctzll(free_bits);
			t->used[word] |= UINT64_C(1) << bit;
			t->n_used++;
			return (int32_t)(word * 64 + bit);
		}
		word = (word + 1) % N_WORDS;
		free_bits = ~t->used[word];
	}
	return -1;
}

void call_table_release(struct call_table *t, uint16_t call_id)
{
	assert(call_id != 0 && t->used[call_id / 64] >> call_id % 64 & 1);
	t->used[call_id / 64] &= ~(UINT64_C(1) << call_id % 64);
	t->n_used--;
}
