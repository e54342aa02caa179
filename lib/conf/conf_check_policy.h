// SPDX-License-Identifier: BSD-3-Clause
// What must be right of groups of users, of users' own policies and of access hours beyond the single value.
#pragma once

#include "conf/conf_check_place.h"

void conf_check_policy(const struct conf_check *k);

// Does a group or a user say that calls may go without encryption?
bool conf_check_policy_lets_clear(const struct config *c);
