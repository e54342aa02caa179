// SPDX-License-Identifier: BSD-3-Clause
// The parts of the table about whose what is: pools, tenants, VLANs.
#pragma once

#include "conf/schema.h"

enum { SCHEMA_POOL_ITEMS = 5, SCHEMA_TENANT_ITEMS = 14, SCHEMA_VLAN_ITEMS = 8 };

extern const struct schema_item schema_pool_items[SCHEMA_POOL_ITEMS];
extern const struct schema_item schema_tenant_items[SCHEMA_TENANT_ITEMS];
extern const struct schema_item schema_vlan_items[SCHEMA_VLAN_ITEMS];
