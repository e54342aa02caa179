// SPDX-License-Identifier: BSD-3-Clause
// All results of bench_crypto for other programs, with every sample.
#pragma once

#include "perf/mppe_results.h"

// What the results do not know by themselves.
struct mppe_json_origin {
	const char *date; // NULL: left out
};

// Returns 0 or -errno.
int mppe_json_write(
	struct results *results, const struct mppe_json_origin *origin, const char *path);
