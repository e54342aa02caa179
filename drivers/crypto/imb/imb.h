// SPDX-License-Identifier: BSD-3-Clause
// The driver "sw" with its key hash done by intel-ipsec-mb, whatever the calibration finds.
#pragma once

#include "crypto/driver.h"

extern const struct crypto_driver crypto_driver_imb;
