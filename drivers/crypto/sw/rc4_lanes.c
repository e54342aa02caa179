// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/rc4_lanes.h"

#include <string.h>

// Fastest first; ends with the one that runs everywhere.
static const struct rc4_kernels *const kernels[] = {
#ifdef __x86_64__
	&rc4_kernels_x86,
#endif
	&rc4_kernels_c,
};

static bool runs_here(const struct rc4_kernels *k)
{
#ifdef __x86_64__
	if (k == &rc4_kernels_x86)
		return __builtin_cpu_supports("sse4.1");
#endif
	return true;
}

const struct rc4_kernels *rc4_kernels_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
		if ((!name || strcmp(kernels[i]->name, name) == 0) && runs_here(kernels[i]))
			return kernels[i];
	return NULL;
}

const struct rc4_kernels *rc4_kernels_best(void)
{
	return rc4_kernels_find(NULL);
}

void rc4_lanes_load(struct rc4_lanes *l, unsigned int lane, const struct rc4_state *from)
{
	struct rc4_lane *to = &l->lanes[lane];
	size_t n = sizeof(from->s) - from->i;

	memcpy(to->s, from->s + from->i, n);
	memcpy(to->s + n, from->s, from->i);
	to->j = (uint8_t)(from->j - from->i);
	to->origin = from->i;
}

void rc4_lanes_store(
	struct rc4_lanes *l, unsigned int lane, unsigned int n, struct rc4_state *to, uint8_t *tail)
{
	struct rc4_lane *from = &l->lanes[lane];
	unsigned int n_tail = n % RC4_BLOCK_BYTES;
	uint8_t *s = from->s;
	uint8_t i = (uint8_t)(n - n_tail), j = (uint8_t)from->j;

	for (unsigned int m = 0; m < n_tail; m++) {
		uint8_t si = s[++i];
		uint8_t sj = s[j = (uint8_t)(j + si)];

		s[i] = sj;
		s[j] = si;
		tail[m] = s[(uint8_t)(si + sj - from->origin)];
	}

	size_t n_wrapped = from->origin;

	memcpy(to->s + n_wrapped, s, sizeof(to->s) - n_wrapped);
	memcpy(to->s, s + sizeof(to->s) - n_wrapped, n_wrapped);
	to->i = (uint8_t)(i + from->origin);
	to->j = (uint8_t)(j + from->origin);
}
