// SPDX-License-Identifier: BSD-3-Clause
#include "perf/method_driver.h"

#include "drivers/crypto/sw/burst.h"
#include "drivers/crypto/sw/sw.h"
#include "drivers/drivers.h"
#include "perf/driver_lane.h"
#include "perf/method_ism.h"
#include "perf/rc4_bounded.h"

#include <errno.h>
#include <string.h>

enum { BURST_MAX = BURST_PACKETS };

static int open_driver(const char *name, void **state)
{
	const struct crypto_driver *driver = drivers_find_crypto(name);
	void *driver_state;
	int rc;

	if (!driver)
		return -ENOTSUP;
	rc = driver->open(&(struct crypto_setup){.depth = BURST_MAX}, &driver_state);
	if (rc == 0)
		*state = driver_lane_new(driver, driver_state, 0);
	return rc;
}

static int open_parts(const struct burst_parts *parts, void **state)
{
	void *driver_state;
	int rc = sw_open_parts(&(struct crypto_setup){.depth = BURST_MAX}, parts, &driver_state);

	if (rc == 0)
		*state = driver_lane_new(&crypto_driver_sw, driver_state, 0);
	return rc;
}

static void close_lane(void *state)
{
	driver_lane_free(state);
}

// --- whole -------------------------------------------------------------------------------------------

static int named_open(const struct mppe_method *method, void **state)
{
	return open_driver(method->detail, state);
}

static int bounded_open(const struct mppe_method *method, void **state)
{
	return open_parts(&(struct burst_parts){.rc4 = rc4_bounded(method->lanes)}, state);
}

static int portable_open(const struct mppe_method *method, void **state)
{
	return open_parts(
		&(struct burst_parts){.rc4 = &rc4_kernels_c, .sha1 = sha1_keys_find("c")}, state);
}

#define DRIVER(name_, open_, ...)                                                \
	{                                                                        \
		.name = name_, .n_cores = 1, .open = open_, .close = close_lane, \
		.begin = driver_lane_begin, .run = driver_lane_run,              \
		.session_key = driver_lane_session_key, __VA_ARGS__              \
	}

static const struct mppe_method drivers[] = {
	DRIVER("sw", named_open, .detail = "sw",
		.description = "driver sw, 8 streams side by side"),
	DRIVER("sw-4", bounded_open, .lanes = 4, .description = "the same with 4"),
	DRIVER("sw-2", bounded_open, .lanes = 2, .description = "the same with 2"),
	DRIVER("sw-1", bounded_open, .lanes = 1, .description = "the same with 1"),
	DRIVER("sw-c", portable_open,
		.description = "driver sw with portable kernels, of RC4 and SHA-1"),
	DRIVER("imb", named_open, .detail = "imb",
		.description = "driver imb: SHA-1 by intel-ipsec-mb"),
};

enum { N_DRIVERS = sizeof(drivers) / sizeof(drivers[0]) };

const struct mppe_method *method_driver_get(unsigned int i)
{
	if (i == N_DRIVERS)
		return &method_ism;
	return i < N_DRIVERS ? &drivers[i] : NULL;
}

// --- parts -------------------------------------------------------------------------------------------

static bool yes(void)
{
	return true;
}

// Keys stay as different as they were: streams of one and the same key would meet in the cache.
static void hash_nothing(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		memmove(key[i], session[i], MPPE_KEY_BYTES_MAX);
}

static const struct sha1_keys no_hash = {
	.name = "nothing", .is_supported = yes, .run = hash_nothing};

static void begin_nothing(struct rc4_lanes *l, unsigned int n)
{
}

static void stream_nothing(struct rc4_lanes *l, unsigned int n, unsigned int at,
	unsigned int n_blocks, uint8_t *const out[])
{
}

// A change of key takes one block; no packet of our loads is so short.
static void stream_of_keys(struct rc4_lanes *l, unsigned int n, unsigned int at,
	unsigned int n_blocks, uint8_t *const out[])
{
	if (n_blocks == 1)
		rc4_kernels_best()->stream(l, n, at, n_blocks, out);
}

static void xor_nothing(uint8_t *data, const uint8_t *stream, size_t len)
{
}

static int part_open(const struct mppe_method *method, void **state)
{
	static struct rc4_kernels kernels[PARTS];
	const struct rc4_kernels *best = rc4_kernels_best();
	enum method_part part = (enum method_part)(method - method_part_get(0));
	struct burst_parts parts = {
		.rc4 = &kernels[part], .sha1 = &no_hash, .xor_run = xor_nothing};

	if (part == PART_LOOP)
		return open_driver("null", state);
	kernels[part] = (struct rc4_kernels){
		.begin = begin_nothing, .stream = stream_nothing, .resume = stream_nothing};
	switch (part) {
	case PART_HASH:
		parts.sha1 = NULL;
		break;
	case PART_BEGIN:
		kernels[part].begin = best->begin;
		break;
	case PART_REKEY:
		kernels[part].begin = best->begin;
		kernels[part].stream = stream_of_keys;
		break;
	case PART_STREAMS:
		kernels[part] = *best;
		break;
	case PART_XOR:
		parts.xor_run = NULL;
		break;
	case PART_LOOP:
	case PART_AROUND:
	case PARTS:
		break;
	}
	return open_parts(&parts, state);
}

static const struct mppe_method parts_of_sw[PARTS] = {
	[PART_LOOP] = DRIVER("loop", part_open, .is_part = true),
	[PART_AROUND] = DRIVER("around", part_open, .is_part = true),
	[PART_HASH] = DRIVER("around+hash", part_open, .is_part = true),
	[PART_BEGIN] = DRIVER("around+begin", part_open, .is_part = true),
	[PART_REKEY] = DRIVER("around+rekey", part_open, .is_part = true),
	[PART_STREAMS] = DRIVER("around+streams", part_open, .is_part = true),
	[PART_XOR] = DRIVER("around+xor", part_open, .is_part = true),
};

const struct mppe_method *method_part_get(unsigned int i)
{
	return i < PARTS ? &parts_of_sw[i] : NULL;
}
