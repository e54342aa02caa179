// SPDX-License-Identifier: BSD-3-Clause
// The loop, and the phases that a run goes through: dial, traffic, more clients while it goes on, hold, hang up.
#pragma once

#include "perf/fleet/fleet.h"

// Returns when all is done, or when f->must_stop was set twice.
void run(struct fleet *f);
