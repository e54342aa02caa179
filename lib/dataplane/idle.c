// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/idle.h"

#include <rte_common.h>
#include <rte_pause.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>

enum { SLEEP_FIRST_US = 4 };

void idle_prepare(uint32_t sleep_max_us)
{
	// The kernel adds 50 us to every short sleep unless told otherwise.
	if (sleep_max_us > 0)
		(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

void idle_wait(unsigned int n_idle, uint32_t sleep_max_us)
{
	if (sleep_max_us == 0 || n_idle <= IDLE_PAUSES) {
		rte_pause();
		return;
	}
	if (n_idle <= IDLE_AWAKE) {
		sched_yield();
		return;
	}
	uint32_t sleep_us = (uint32_t)SLEEP_FIRST_US << RTE_MIN(n_idle - IDLE_AWAKE, 16U);
	struct timespec t = {.tv_nsec = 1000L * RTE_MIN(sleep_us, sleep_max_us)};
	(void)nanosleep(&t, NULL);
}
