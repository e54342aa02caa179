// SPDX-License-Identifier: BSD-3-Clause
// Our drivers as methods: whole, with fewer lanes, with portable kernels, and parts of one.
#pragma once

#include "perf/mppe_method.h"

// "sw" first. NULL behind the last.
const struct mppe_method *method_driver_get(unsigned int i);

// Of `sw` with kernels that do nothing in all but some places: what those cost is the difference. In this order:
enum method_part {
	PART_LOOP,    // the benchmark's own loop and a driver that does nothing
	PART_AROUND,  // + the burst code, in which every kernel does nothing
	PART_HASH,    // PART_AROUND + the key hash
	PART_BEGIN,   // PART_AROUND + key schedules, of changes of key and of packets
	PART_REKEY,   // PART_BEGIN + the 16 bytes of key stream that change a key
	PART_STREAMS, // PART_REKEY + the key stream of packets
	PART_XOR,     // PART_AROUND + the exclusive-or
	PARTS
};

const struct mppe_method *method_part_get(unsigned int i);
