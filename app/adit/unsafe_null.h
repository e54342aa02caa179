// SPDX-License-Identifier: BSD-3-Clause
// adit without its encryption, for rigs that measure the rest: --perf-unsafe-null. MPPE is negotiated and framed as
// ever, and what it should hide travels in the clear.
#pragma once

#include "conf/config.h"
#include "crypto/driver.h"
#include "observe/crypto_counters.h"
#include "observe/events.h"

// Take the driver that does nothing instead of that of the configuration.
//
//   returns  0, or -EPERM where a listen address lies outside 198.18.0.0/15, the network that is set aside for
//            benchmarks (RFC 2544 C.2.2), so that nobody serves people in this way, or where there are engines;
//            failures are logged
int unsafe_null_choose(const struct config *config, struct log *log,
	const struct crypto_driver **driver, struct crypto_view *view);

// What every log must hold as long as this runs.
void unsafe_null_tell(struct log *log);
