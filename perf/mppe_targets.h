// SPDX-License-Identifier: BSD-3-Clause
// What adit set out to reach, beside what it does here.
#pragma once

#include "perf/bench_json.h"
#include "perf/mppe_results.h"

// Targets miss without failing anything: they depend on the machine, and on who shares it.
void targets_print(struct results *results);
void targets_put_json(struct results *results, struct json *j);
