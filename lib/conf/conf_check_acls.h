// SPDX-License-Identifier: BSD-3-Clause
// What must be right of access lists beyond the single value.
#pragma once

#include "conf/conf_check_place.h"

void conf_check_acls(const struct conf_check *k);
