// SPDX-License-Identifier: BSD-3-Clause
// What must be right of tenants, their networks and the networks behind users beyond the single value.
#pragma once

#include "conf/conf_report.h"
#include "conf/config.h"

void conf_check_tenants(
	const struct config *c, const config_setting_t *root, struct conf_report *r);
