// SPDX-License-Identifier: BSD-3-Clause
// EAL for a test program: no hugepages, no devices, nothing shared, as an ordinary user. For one .c file of
// a program.
#pragma once

#include <rte_common.h>
#include <rte_eal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Starts it at the first call.
static inline void eal_start(unsigned int memory_mb)
{
	static bool is_started;
	char prefix[64], memory[16];
	char *args[] = {"test", "--no-huge", "--no-shconf", "--no-pci", "-m", memory,
		"--no-telemetry", "--lcores", "0", "--log-level", "error", "--file-prefix", prefix,
		NULL};

	if (is_started)
		return;
	snprintf(memory, sizeof(memory), "%u", memory_mb);
	snprintf(prefix, sizeof(prefix), "adit-test-%d", (int)getpid());
	if (rte_eal_init((int)RTE_DIM(args) - 1, args) < 0)
		abort();
	is_started = true;
}
