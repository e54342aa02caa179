// SPDX-License-Identifier: BSD-3-Clause
// What does the encryption on this machine: the driver of the configuration, and the key hash that is pinned there
// or found by a short calibration. Both are tested before the first client may come.
#pragma once

#include "conf/config.h"
#include "crypto/driver.h"
#include "observe/crypto_counters.h"
#include "observe/events.h"

// Returns 0 or -errno; failures are logged, and what was chosen with the figures of the calibration.
//
//   setup  out: what every worker's driver is opened with
//   view   out: what an operator is shown of it: drivers, key hash, calibration
int crypto_setup_choose(const struct config *config, struct log *log,
	const struct crypto_driver **driver, struct crypto_setup *setup, struct crypto_view *view);
