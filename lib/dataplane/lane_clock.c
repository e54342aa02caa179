// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lane_clock.h"

#include <rte_cycles.h>
#include <time.h>

enum { SETTINGS_PER_SECOND = 8 };

static void set(struct lane_clock *c, uint64_t tsc)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	c->tsc_at = tsc;
	c->ns_at = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void lane_clock_init(struct lane_clock *c)
{
	uint64_t hz = rte_get_tsc_hz();

	c->ns_mult = (UINT64_C(1000000000) << 32) / hz;
	c->tsc_reset = hz / SETTINGS_PER_SECOND;
	c->last_ns = 0;
	c->tsc_last = rte_rdtsc();
	set(c, c->tsc_last);
}

uint64_t lane_clock_read(struct lane_clock *c)
{
	uint64_t tsc = rte_rdtsc();

	c->tsc_last = tsc;
	if (tsc - c->tsc_at > c->tsc_reset)
		set(c, tsc);
	// A gap of at most 1/8 s: the product stays far below 2^64.
	uint64_t now_ns = c->ns_at + ((tsc - c->tsc_at) * c->ns_mult >> 32);
	if (now_ns > c->last_ns)
		c->last_ns = now_ns;
	return c->last_ns;
}
