// SPDX-License-Identifier: BSD-3-Clause
// The parts of the table that say what users may do: access lists, access hours, groups of users, users.
#pragma once

#include "conf/schema.h"

enum {
	SCHEMA_ACL_ITEMS = 2,
	SCHEMA_HOURS_ITEMS = 2,
	SCHEMA_USER_GROUP_ITEMS = 1 + CONFIG_POLICY_KEYS,
	SCHEMA_USER_ITEMS = 8 + CONFIG_POLICY_KEYS,
};

extern const struct schema_item schema_acl_items[SCHEMA_ACL_ITEMS];
extern const struct schema_item schema_hours_items[SCHEMA_HOURS_ITEMS];
extern const struct schema_item schema_user_group_items[SCHEMA_USER_GROUP_ITEMS];
extern const struct schema_item schema_user_items[SCHEMA_USER_ITEMS];

extern const struct schema_word schema_auth_methods[];
extern const struct schema_word schema_encryption_modes[];
extern const struct schema_word schema_mppe_strengths[];

// The key by which groups say it: "rate_up_kbps".
const char *schema_policy_key(enum config_policy_key key);
