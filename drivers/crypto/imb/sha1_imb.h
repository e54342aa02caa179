// SPDX-License-Identifier: BSD-3-Clause
// The key hash as jobs of intel-ipsec-mb, which has several lanes side by side of its own on CPUs from SSE4.2 on.
#pragma once

#include "drivers/crypto/sw/sha1_keys.h"

// As ipsec-mb chooses for this CPU; one or two keys in plain C, which is faster than its lanes.
extern const struct sha1_keys sha1_keys_imb;

// Made to use the instructions of another CPU, with and without the SHA extensions ("imb-avx2-nosha"), for any
// number of keys: for perf and tests, to see what it would be there. open says -ENOTSUP where this CPU has not got them. NULL
// behind the last.
const struct sha1_keys *sha1_imb_variant(unsigned int i);
