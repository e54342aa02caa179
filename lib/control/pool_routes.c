// SPDX-License-Identifier: BSD-3-Clause
#include "control/pool_routes.h"

#include <rte_byteorder.h>

// Bits of the largest prefix-aligned block that begins at `at` and stays within `last`.
static uint8_t block_bits(uint32_t at, uint32_t last)
{
	uint8_t bits = 0;

	while (bits < 32) {
		uint64_t size = UINT64_C(2) << bits;
		if ((at & (size - 1)) != 0 || at + size - 1 > last)
			break;
		bits++;
	}
	return bits;
}

int pool_routes_add(struct route_table *t, uint16_t tenant, uint32_t first, uint32_t last)
{
	const struct route nowhere = {.kind = ROUTE_BLACKHOLE};

	for (uint64_t at = first; at <= last;) {
		uint8_t bits = block_bits((uint32_t)at, last);
		int error = route_table_add(
			t, tenant, rte_cpu_to_be_32((uint32_t)at), (uint8_t)(32 - bits), &nowhere);
		if (error)
			return error;
		at += UINT64_C(1) << bits;
	}
	return 0;
}
