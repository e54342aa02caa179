// SPDX-License-Identifier: BSD-3-Clause
// The kernel of rc4_steps_x86.S: its functions by number of lanes.
#include "drivers/crypto/sw/rc4_lanes.h"

#ifdef __x86_64__

#include <stddef.h>

// What the assembly counts on.
_Static_assert(sizeof(struct rc4_lane) == 320, "LANE");
_Static_assert(offsetof(struct rc4_lane, key) == 256, "KEY");
_Static_assert(offsetof(struct rc4_lane, j) == 272, "J");
_Static_assert(offsetof(struct rc4_lane, origin) == 280, "ORIGIN");
_Static_assert(offsetof(struct rc4_lane, out) == 288, "OUT");
_Static_assert(offsetof(struct rc4_lane, done) == 296, "DONE");
_Static_assert(offsetof(struct rc4_lane, end) == 304, "END");

typedef void (*begin_fn)(struct rc4_lanes *l);
typedef void (*stream_fn)(
	struct rc4_lanes *l, unsigned int at, unsigned int n_blocks, uint8_t *const out[]);

#define EACH_N(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8)

#define DECLARE(N)                                                                             \
	void rc4_steps_begin_##N(struct rc4_lanes *l);                                         \
	void rc4_steps_stream_##N(struct rc4_lanes *l, unsigned int at, unsigned int n_blocks, \
		uint8_t *const out[]);                                                         \
	void rc4_steps_resume_##N(struct rc4_lanes *l, unsigned int at, unsigned int n_blocks, \
		uint8_t *const out[]);
EACH_N(DECLARE)

#define BEGIN(N)  rc4_steps_begin_##N,
#define STREAM(N) rc4_steps_stream_##N,
#define RESUME(N) rc4_steps_resume_##N,

static void begin(struct rc4_lanes *l, unsigned int n)
{
	static const begin_fn by_n[RC4_LANES] = {EACH_N(BEGIN)};

	by_n[n - 1](l);
}

static void stream(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	static const stream_fn by_n[RC4_LANES] = {EACH_N(STREAM)};

	by_n[n - 1](l, at, n_blocks, out);
}

static void resume(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	static const stream_fn by_n[RC4_LANES] = {EACH_N(RESUME)};

	by_n[n - 1](l, at, n_blocks, out);
}

const struct rc4_kernels rc4_kernels_x86 = {
	.name = "x86",
	.begin = begin,
	.stream = stream,
	.resume = resume,
};

#endif
