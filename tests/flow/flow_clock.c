// SPDX-License-Identifier: BSD-3-Clause
#include "flow_clock.h"

#include "dataplane/lane_clock.h"

#include <rte_cycles.h>
#include <stdatomic.h>

// Long after the start of the machine. A worker may run in a thread of its own.
static _Atomic uint64_t clock_ns = UINT64_C(1000000000000);

void lane_clock_init(struct lane_clock *c)
{
	c->last_ns = clock_ns;
}

uint64_t lane_clock_read(struct lane_clock *c)
{
	c->last_ns = clock_ns;
	c->tsc_last = rte_rdtsc(); // cycles go on
	return c->last_ns;
}

void flow_pass_us(uint64_t us)
{
	clock_ns += us * 1000;
}
