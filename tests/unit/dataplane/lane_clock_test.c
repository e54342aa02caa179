// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lane_clock.h"

#include "shim/shim.h"

#include <time.h>

void unit_eal(void);

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// Control compares what a worker writes with its own clock, so it has to be the same one.
TEST(lane_clock, is_the_monotonic_clock_and_never_goes_back)
{
	struct lane_clock c;
	uint64_t last_ns = 0, begin_ns = monotonic_ns();

	unit_eal();
	lane_clock_init(&c);
	// Over several settings.
	for (uint64_t system_ns = begin_ns; system_ns < begin_ns + 600000000;) {
		uint64_t before_ns = monotonic_ns();
		uint64_t now_ns = lane_clock_read(&c);
		system_ns = monotonic_ns();
		ASSERT_GE(now_ns, last_ns);
		ASSERT_GE(now_ns + 2000000, before_ns);
		ASSERT_LE(now_ns, system_ns + 2000000);
		last_ns = now_ns;
	}
}
