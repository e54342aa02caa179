// SPDX-License-Identifier: BSD-3-Clause
// The engine lanes, which encrypt for the workers (drivers/crypto/ism). Without lanes.engines there are none, and all
// of this does nothing.
#pragma once

#include "conf/config.h"
#include "drivers/crypto/ism/ism.h"
#include "observe/crypto_counters.h"

struct engines {
	unsigned int n;
	unsigned int first_lcore;
	unsigned int n_running;
	uint32_t idle_sleep_us;
	struct ism *ism; // what the driver of every worker is opened with
	struct crypto_counters *counters[LIMIT_ENGINES];
};

// Returns 0 or -errno; engines_close() undoes it in both cases.
int engines_open(struct engines *e, const struct config *config, const char *sha1);

// Before the workers start. Returns 0 or -errno.
int engines_start(struct engines *e);

// After the workers have ended: what is left is done. False: one of them is stuck and may go on at any time, so
// nothing that it can reach may be freed.
bool engines_stop(struct engines *e);
void engines_close(struct engines *e);

void engines_show(const struct engines *e, const struct config *config, struct crypto_view *view);
