// SPDX-License-Identifier: BSD-3-Clause
// What memory the data path will need, worked out of the configuration before anything is allocated, so that adit says
// at once and with numbers that memory.size_mb is too small, and not half-way up.
#pragma once

#include "adit/numa_plan.h"
#include "conf/config.h"
#include "observe/events.h"
#include "observe/memory_report.h"

#include <stdio.h>

struct memory_plan {
	struct memory_report lines;	     // what for, under the names of `aditctl show memory`
	uint64_t node_bytes[NUMA_NODES_MAX]; // where
	uint64_t bytes;			     // of all
	uint64_t slots;			     // sessions, of all workers
	uint64_t mbufs_needed; // of the node that needs most, to fill every queue and buffer
};

// worker_nodes[n_workers]: NUMA nodes.
void memory_plan_make(struct memory_plan *p, const struct config *config, const int *worker_nodes);

// Does memory.size_mb hold it?
bool memory_plan_fits(const struct memory_plan *p, const struct config *config);

// In whole MiB, rounded up.
uint32_t memory_plan_mb(const struct memory_plan *p);

// For people: a line for the sum, and one for each of the larger parts.
void memory_plan_print(const struct memory_plan *p, const struct config *config, FILE *out);

// 0, or -ENOMEM with the event start-failed that has the numbers. Warns where there are too few packet buffers.
int memory_plan_check(const struct memory_plan *p, const struct config *config, struct log *log);
