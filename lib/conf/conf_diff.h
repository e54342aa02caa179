// SPDX-License-Identifier: BSD-3-Clause
// What is different between two configurations, key by key, and what it takes to bring that about.
#pragma once

#include "conf/schema.h"

enum {
	CONF_DIFF_KEY_BYTES = 384, // "users.NAME@TENANT.simultaneous_logins"
	CONF_DIFF_VALUE_BYTES = 96,
};

struct conf_change {
	char key[CONF_DIFF_KEY_BYTES]; // "ppp.mtu", "groups.sales.rate_up_kbps", "pools.new"
	char old_value[CONF_DIFF_VALUE_BYTES]; // "-": it was not there
	char new_value[CONF_DIFF_VALUE_BYTES]; // "-": it is gone
	enum schema_takes takes;
};

struct conf_diff {
	uint32_t n, n_room;
	uint32_t n_restart;	     // of them, those that take a restart
	struct conf_change *changes; // changes[n], in the order of the schema
};

// Elements of lists are the same where they have the same name (users: and tenant), in whatever order they stand. Values
// that are secret are not told.
//
//   returns  0 | -ENOMEM; conf_diff_free() in any case
int conf_diff(const struct config *old, const struct config *fresh, struct conf_diff *out);
void conf_diff_free(struct conf_diff *diff);

// "at once", "new calls", "restart".
const char *conf_diff_takes_name(enum schema_takes takes);
