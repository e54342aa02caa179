// SPDX-License-Identifier: BSD-3-Clause
// What must be right of RADIUS servers, their groups, who may change calls, and the tenants that name them beyond the single value.
#pragma once

#include "conf/conf_check_place.h"

void conf_check_aaa(const struct conf_check *k);
