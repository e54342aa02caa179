// SPDX-License-Identifier: BSD-3-Clause
// The explicit tables of drivers: no constructors, no plugins.
#pragma once

#include "aaa/aaa.h"
#include "crypto/driver.h"

// NULL when no driver has this name.
const struct crypto_driver *drivers_find_crypto(const char *name);
const struct aaa_driver *drivers_find_aaa(const char *name);

// The i-th driver of a table, NULL behind the last: to list them, or to test each.
const struct crypto_driver *drivers_get_crypto(unsigned int i);
const struct aaa_driver *drivers_get_aaa(unsigned int i);
