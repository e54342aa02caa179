// SPDX-License-Identifier: BSD-3-Clause
// What memory was allocated for what: each module adds a line about its own objects, and lines of the same name become
// one. Made when an operator asks (`aditctl show memory`) and, before anything is allocated, as a plan.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { MEMORY_LINES_MAX = 48 };

enum memory_kind {
	MEMORY_DPDK, // of DPDK's heap: hugepages, where there are any
	MEMORY_HEAP, // of malloc()
};

struct memory_line {
	const char *what; // "sessions"; static
	enum memory_kind kind;
	uint64_t bytes;
	uint64_t n;	 // objects that there is room for; 0: not counted
	uint64_t n_used; // of them in use
};

struct memory_report {
	unsigned int n;
	struct memory_line lines[MEMORY_LINES_MAX];
};

// A line for `n` objects in `bytes` of memory, all bookkeeping of their own included. What does not fit is added to
// the last line.
void memory_report_add(struct memory_report *r, enum memory_kind kind, const char *what,
	uint64_t bytes, uint64_t n, uint64_t n_used);

uint64_t memory_report_sum(const struct memory_report *r, enum memory_kind kind);

// The line of that name, or NULL.
const struct memory_line *memory_report_find(
	const struct memory_report *r, enum memory_kind kind, const char *what);
