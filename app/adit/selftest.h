// SPDX-License-Identifier: BSD-3-Clause
// Known-answer tests at start: a box that computes wrong keys must not run.
#pragma once

#include "crypto/driver.h"

// Returns 0, or -EBADMSG and the name of the failed case.
int selftest_run(
	const struct crypto_driver *driver, const struct crypto_setup *setup, const char **failed);
