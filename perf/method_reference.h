// SPDX-License-Identifier: BSD-3-Clause
// What we are measured against: "openssl" first, "linux" second, then what there may be besides.
#pragma once

#include "perf/mppe_method.h"

enum { REFERENCE_OPENSSL, REFERENCE_LINUX, REFERENCES_OF_RATIOS };

// NULL behind the last.
const struct mppe_method *method_reference_get(unsigned int i);
