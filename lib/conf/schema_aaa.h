// SPDX-License-Identifier: BSD-3-Clause
// The parts of the table about RADIUS: servers, groups of them, who may change calls, accounting.
#pragma once

#include "conf/schema.h"

enum {
	SCHEMA_RADIUS_ITEMS = 6,
	SCHEMA_RADIUS_SERVER_ITEMS = 16,
	SCHEMA_RADIUS_GROUP_ITEMS = 3,
	SCHEMA_COA_ITEMS = 6,
};

extern const struct schema_item schema_radius_items[SCHEMA_RADIUS_ITEMS];
extern const struct schema_item schema_radius_server_items[SCHEMA_RADIUS_SERVER_ITEMS];
extern const struct schema_item schema_radius_group_items[SCHEMA_RADIUS_GROUP_ITEMS];
extern const struct schema_item schema_coa_items[SCHEMA_COA_ITEMS];
