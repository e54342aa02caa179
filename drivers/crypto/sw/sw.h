// SPDX-License-Identifier: BSD-3-Clause
// Software MPPE on the lane that submits: the work is done in submit.
#pragma once

#include "crypto/driver.h"

extern const struct crypto_driver crypto_driver_sw;
