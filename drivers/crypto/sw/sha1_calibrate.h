// SPDX-License-Identifier: BSD-3-Clause
// Which of several ways to hash keys is the fastest of those that are right, on this CPU and now.
#pragma once

#include "drivers/crypto/sw/sha1_keys.h"

// sha1_keys_calibrate() over candidates of the caller's choice. In turn, so that what disturbs one disturbs all;
// the least of many short samples counts.
//
//   candidates[n_candidates]  up to CRYPTO_CALIBRATIONS_MAX
//   out[n_candidates]         their figures in that order
//   returns                   NULL when none is right
const struct sha1_keys *sha1_calibrate(const struct sha1_keys *const candidates[],
	unsigned int n_candidates, struct crypto_calibration *out);
