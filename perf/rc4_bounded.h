// SPDX-License-Identifier: BSD-3-Clause
// The RC4 kernels of this CPU with fewer streams side by side than they could: what interleaving is worth.
#pragma once

#include "drivers/crypto/sw/rc4_lanes.h"

// n_lanes is 1, 2 or 4. Not thread-safe: what it stands on is looked up in here.
const struct rc4_kernels *rc4_bounded(unsigned int n_lanes);
