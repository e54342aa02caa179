// SPDX-License-Identifier: BSD-3-Clause
// Every driver against every other and against nettle's RC4: the same random packets through all of them. Sessions of
// all strengths and modes, bursts of 1 to 160 packets of one session or many, offsets, pieces, jumps, late packets,
// restarts. Three quarters of the lengths are up to 300 bytes, the rest up to 1600, one in 400 up to 9000.
//
//   ADIT_CROSS_SEED=n ADIT_CROSS_COUNT=packets build/tests/unit/drivers/crypto-cross
#include "crypto_world.h"
#include "drivers/crypto/sw/sw.h"
#include "drivers/drivers.h"

#include "shim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH = 128, COUNT_DEFAULT = 20000, NAMES_MAX = 32 };

static uint64_t env_u64(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

// sw of any parts.
static int open_parts(const struct crypto_setup *setup, void **state)
{
	return sw_open_parts(setup, setup->shared, state);
}

static const struct crypto_driver of_parts = {
	.name = "sw of parts",
	.open = open_parts,
	.close = sw_close,
	.submit = sw_submit,
	.poll = sw_poll,
};

// Each RC4 with each SHA-1 and exclusive-or that this CPU has: what differs from the best in one part, and all in C.
static void add_parts(struct world *w)
{
	static char names[NAMES_MAX][48];
	const struct rc4_kernels *rc4[] = {rc4_kernels_best(), &rc4_kernels_c};
	unsigned int n_names = 0;

	for (unsigned int r = 0; r < 2; r++) {
		if (r > 0 && rc4[r] == rc4[0])
			continue;
		const struct sha1_keys *sha1;
		for (unsigned int s = 0; (sha1 = sha1_keys_get(s)) != NULL; s++) {
			struct burst_parts parts = {.rc4 = rc4[r], .sha1 = sha1};
			const struct burst_xor * xor = burst_xor_get(0);
			int rc;

			for (unsigned int x = 0; x <= s && burst_xor_get(x); x++)
				xor = burst_xor_get(x); // another one for each
			parts.xor_run = xor->is_supported() ? xor->run : NULL;
			ASSERT_LT(n_names, NAMES_MAX);
			snprintf(names[n_names], sizeof(names[0]), "rc4 %s, sha1 %s, xor %s",
				rc4[r]->name, sha1->name, xor->name);
			rc = world_add(w, names[n_names], &of_parts,
				&(struct crypto_setup){.depth = DEPTH, .shared = &parts});
			EXPECT_EQ(sha1->is_supported(), rc == 0);
			n_names += rc == 0;
		}
	}
}

TEST(crypto_cross, every_driver_against_every_other_and_nettle)
{
	uint64_t seed = env_u64("ADIT_CROSS_SEED", 1);
	uint64_t count = env_u64("ADIT_CROSS_COUNT", COUNT_DEFAULT);
	const struct crypto_driver *driver;
	struct world *w = world_new(seed);
	bool is_right = true;

	printf("ADIT_CROSS_SEED=%" PRIu64 " ADIT_CROSS_COUNT=%" PRIu64 "\n", seed, count);
	for (unsigned int i = 0; (driver = drivers_get_crypto(i)) != NULL; i++)
		if (driver->for_production)
			EXPECT_EQ(0, world_add(w, driver->name, driver,
					     &(struct crypto_setup){.depth = DEPTH}));
	add_parts(w);
	EXPECT_GE(w->n_subjects, 2);
	for (unsigned int i = 0; i < w->n_subjects; i++)
		printf("  %s\n", w->subjects[i].name);
	while (is_right && w->n_done < count)
		is_right = world_step(w, &world_mixed);
	if (is_right)
		is_right = world_check_keys(w);
	EXPECT_TRUE(is_right);
	printf("%" PRIu64 " packets, %" PRIu64 " bytes each, are the same\n", w->n_done,
		w->n_bytes / (w->n_done ? w->n_done : 1));
	world_free(w);
}
