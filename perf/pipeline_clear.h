// SPDX-License-Identifier: BSD-3-Clause
// The way of a packet in the clear at 1 to 60,000 sessions: how it grows, what the transport is of it, and what was
// aimed at.
#pragma once

#include "perf/bench_json.h"
#include "perf/pipeline_rig.h"

// Measures, prints tables, targets and growth. `json` is NULL, or open at an object.
//
//   n_samples  runs of each kind
//   returns    whether all packets came out as they must
bool pipeline_clear_run(struct rig *rig, unsigned int n_samples, struct json *json);
