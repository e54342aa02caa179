// SPDX-License-Identifier: BSD-3-Clause
// The workers' clock, instead of lib/dataplane/lane_clock.c: it stands still until the test moves it. So a busy
// machine is never late, and what takes seconds takes no time.
#pragma once

#include "flow.h"

// So much later. Workers see it with their next poll.
void flow_pass_us(uint64_t us);

static inline void flow_wait_us(struct flow *f, uint64_t us)
{
	flow_pass_us(us);
	flow_poll(f);
}
