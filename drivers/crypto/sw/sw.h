// SPDX-License-Identifier: BSD-3-Clause
// Software MPPE on the lane that submits: the work is done in submit.
#pragma once

#include "crypto/driver.h"
#include "drivers/crypto/sw/burst.h"

extern const struct crypto_driver crypto_driver_sw;

// The same driver with another choice of key hash, for drivers that differ in nothing else, or of all its parts, for
// tests and benchmarks.
//
//   sha1  see sha1_keys_find(); that of the setup does not count
int sw_open_with(const struct crypto_setup *setup, const char *sha1, void **state);
int sw_open_parts(const struct crypto_setup *setup, const struct burst_parts *parts, void **state);
void sw_close(void *state);
unsigned int sw_submit(void *state, struct crypto_op **ops, unsigned int n);
unsigned int sw_poll(void *state, struct crypto_op **ops, unsigned int n);
