// SPDX-License-Identifier: BSD-3-Clause
// A worker between rings in one process, with sessions that are up and packets ready for it. What is timed
// is worker_poll() alone: the packets are made before and taken away after.
#pragma once

#include "crypto/driver.h"
#include "perf/bench.h"
#include "perf/openssl_mppe.h"

#include <stdbool.h>

enum {
	RIG_PACKETS = 1024, // of one run
	RIG_SESSIONS_MAX = 1024,
};

enum rig_direction { RIG_UP, RIG_DOWN };

struct rig;

// Starts EAL: with hugepages where there are any, which *has_hugepages tells.
struct rig *rig_new(bool *has_hugepages);
void rig_free(struct rig *rig);

// A new worker with this driver (NULL: in the clear) and so many sessions. Returns false when something
// could not be had.
bool rig_begin(struct rig *rig, const struct crypto_driver *driver, unsigned int n_sessions);
void rig_end(struct rig *rig);

// Send RIG_PACKETS inner packets of these lengths through. Returns cycles a packet, or a number below 0
// when not all came out as they must.
double rig_run(struct rig *rig, enum rig_direction direction, const struct bench_load *load);
