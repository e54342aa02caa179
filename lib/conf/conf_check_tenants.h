// SPDX-License-Identifier: BSD-3-Clause
// What must be right of tenants, their networks and the networks behind users beyond the single value.
#pragma once

#include "conf/conf_check_place.h"

void conf_check_tenants(const struct conf_check *k);
