// SPDX-License-Identifier: BSD-3-Clause
// libconfig 1.5 cuts an integer without the suffix L to 32 bits and says nothing, so that
// echo_interval_s = 4294967356 would be 60. Look at the text before it does.
#pragma once

#include "conf/conf_report.h"

// Report every integer of the text that would be cut.
void conf_numbers_check(const char *text, struct conf_report *r);
