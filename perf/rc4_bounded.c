// SPDX-License-Identifier: BSD-3-Clause
#include "perf/rc4_bounded.h"

#include <stdlib.h>

// Kernels have no argument of their own, so what they stand on lies here.
static const struct rc4_kernels *best;

static struct rc4_lanes *lanes_from(struct rc4_lanes *l, unsigned int from)
{
	return (struct rc4_lanes *)&l->lanes[from];
}

static unsigned int at_most(unsigned int n, unsigned int bound)
{
	return n < bound ? n : bound;
}

#define BOUNDED(bound)                                                                           \
	static void begin_##bound(struct rc4_lanes *l, unsigned int n)                           \
	{                                                                                        \
		for (unsigned int i = 0; i < n; i += bound)                                      \
			best->begin(lanes_from(l, i), at_most(n - i, bound));                    \
	}                                                                                        \
	static void stream_##bound(struct rc4_lanes *l, unsigned int n, unsigned int at,         \
		unsigned int n_blocks, uint8_t *const out[])                                     \
	{                                                                                        \
		for (unsigned int i = 0; i < n; i += bound)                                      \
			best->stream(                                                            \
				lanes_from(l, i), at_most(n - i, bound), at, n_blocks, out + i); \
	}                                                                                        \
	static void resume_##bound(struct rc4_lanes *l, unsigned int n, unsigned int at,         \
		unsigned int n_blocks, uint8_t *const out[])                                     \
	{                                                                                        \
		for (unsigned int i = 0; i < n; i += bound)                                      \
			best->resume(                                                            \
				lanes_from(l, i), at_most(n - i, bound), at, n_blocks, out + i); \
	}                                                                                        \
	static const struct rc4_kernels kernels_##bound = {                                      \
		.name = #bound " lanes",                                                         \
		.begin = begin_##bound,                                                          \
		.stream = stream_##bound,                                                        \
		.resume = resume_##bound,                                                        \
	};

BOUNDED(1)
BOUNDED(2)
BOUNDED(4)

const struct rc4_kernels *rc4_bounded(unsigned int n_lanes)
{
	best = rc4_kernels_best();
	switch (n_lanes) {
	case 1:
		return &kernels_1;
	case 2:
		return &kernels_2;
	case 4:
		return &kernels_4;
	}
	abort();
}
