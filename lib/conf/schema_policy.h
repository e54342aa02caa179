// SPDX-License-Identifier: BSD-3-Clause
// The parts of the table that say what users may do: access lists, and groups of users.
#pragma once

#include "conf/schema.h"

enum { SCHEMA_ACL_ITEMS = 2, SCHEMA_USER_GROUP_ITEMS = 14 };

extern const struct schema_item schema_acl_items[SCHEMA_ACL_ITEMS];
extern const struct schema_item schema_user_group_items[SCHEMA_USER_GROUP_ITEMS];
