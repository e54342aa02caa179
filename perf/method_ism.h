// SPDX-License-Identifier: BSD-3-Clause
// The driver `ism` with one engine, which has a core of its own: what is measured is the pair.
#pragma once

#include "perf/mppe_method.h"

extern const struct mppe_method method_ism;
