// SPDX-License-Identifier: BSD-3-Clause
// When a user may be connected. Pure: the time of the week is an argument.
#pragma once

#include <stdint.h>

struct config_hours;

enum {
	ACCESS_HOURS_WEEK_MIN = 7 * 24 * 60,
	ACCESS_HOURS_ALWAYS = INT32_MAX,
};

// How long it stays allowed.
//
//   week_min  minutes since Sunday 00:00, of the local time; below ACCESS_HOURS_WEEK_MIN
//   returns   minutes, counted from the beginning of this one: until the end of what is allowed now | 0 it is not
//             allowed now | ACCESS_HOURS_ALWAYS it is all week long
int32_t access_hours_left(const struct config_hours *hours, uint32_t week_min);
