// SPDX-License-Identifier: BSD-3-Clause
// RC4 in lanes in plain C, for any CPU. Only key schedules are interleaved, with the number of lanes a constant of
// each copy of the loop so that j stays in registers; of the key stream no compiler made anything good that way.
#include "drivers/crypto/sw/rc4_lanes.h"

#include <endian.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE void begin_lanes(struct rc4_lanes *l, unsigned int n)
{
	uint8_t j[RC4_LANES] = {0};

	for (unsigned int k = 0; k < n; k++)
		for (unsigned int i = 0; i < 256; i++)
			l->lanes[k].s[i] = (uint8_t)i;
	for (unsigned int i = 0; i < 256; i++) {
#pragma GCC unroll 8
		for (unsigned int k = 0; k < n; k++) {
			struct rc4_lane *lane = &l->lanes[k];
			uint8_t si = lane->s[i];

			j[k] = (uint8_t)(j[k] + si + lane->key[i % MPPE_KEY_BYTES_MAX]);
			lane->s[i] = lane->s[j[k]];
			lane->s[j[k]] = si;
		}
	}
	for (unsigned int k = 0; k < n; k++) {
		l->lanes[k].j = 0;
		l->lanes[k].origin = 0;
	}
}

static void begin(struct rc4_lanes *l, unsigned int n)
{
	switch (n) {
#define CASE(N)                    \
	case N:                    \
		begin_lanes(l, N); \
		break;
		CASE(1)
		CASE(2)
		CASE(3)
		CASE(4)
		CASE(5)
		CASE(6)
		CASE(7)
		CASE(8)
#undef CASE
	}
}

ALWAYS_INLINE void stream_lane(
	struct rc4_lane *lane, uint8_t origin, unsigned int at, unsigned int n_blocks, uint8_t *out)
{
	uint8_t *s = lane->s;
	uint8_t i = (uint8_t)at, j = (uint8_t)lane->j;

	for (size_t m = 0; m < (size_t)n_blocks * RC4_BLOCK_BYTES; m += sizeof(uint64_t)) {
		uint64_t bytes = 0;

#pragma GCC unroll 8
		for (unsigned int b = 0; b < 8 * sizeof(bytes); b += 8) {
			uint8_t si = s[++i];
			uint8_t sj = s[j = (uint8_t)(j + si)];

			s[i] = sj;
			s[j] = si;
			bytes |= (uint64_t)s[(uint8_t)(si + sj - origin)] << b;
		}
		bytes = htole64(bytes);
		memcpy(out + m, &bytes, sizeof(bytes));
	}
	lane->j = j;
}

static void stream(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	for (unsigned int k = 0; k < n; k++)
		stream_lane(&l->lanes[k], 0, at, n_blocks, out[k]);
}

static void resume(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	for (unsigned int k = 0; k < n; k++)
		stream_lane(&l->lanes[k], l->lanes[k].origin, at, n_blocks, out[k]);
}

const struct rc4_kernels rc4_kernels_c = {
	.name = "c",
	.begin = begin,
	.stream = stream,
	.resume = resume,
};
