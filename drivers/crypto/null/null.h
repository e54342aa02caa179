// SPDX-License-Identifier: BSD-3-Clause
// Answers every op and transforms nothing: what a pipeline costs without its cryptography. It fails
// the self-test, as it must.
#pragma once

#include "crypto/driver.h"

extern const struct crypto_driver crypto_driver_null;
