// SPDX-License-Identifier: BSD-3-Clause
// What must be right of access lists beyond the single value.
#pragma once

#include "conf/conf_report.h"
#include "conf/config.h"

void conf_check_acls(const struct config *c, const config_setting_t *root, struct conf_report *r);
