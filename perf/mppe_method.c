// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_method.h"

void mppe_work_key(unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX])
{
	uint64_t x = session + 1;

	for (unsigned int i = 0; i < MPPE_KEY_BYTES_MAX; i++) {
		x = x * 6364136223846793005 + 1442695040888963407;
		key[i] = (uint8_t)(x >> 56);
	}
}
