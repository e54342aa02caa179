// SPDX-License-Identifier: BSD-3-Clause
// One setting of a file into the field that the schema has for it.
#pragma once

#include "conf/schema.h"

#include <libconfig.h>

enum { CONF_WHY_BYTES = 256 };

// What is wrong with a setting.
struct conf_problem {
	const config_setting_t *at; // the setting, or the element of it that is wrong
	char why[CONF_WHY_BYTES];   // "must be 0 or 50..5000"
};

// Check the setting and write it to the field of the struct at `base`.
//
//   returns  true | false, with the problem; the field then keeps its value
bool conf_value_read(const config_setting_t *setting, const struct schema_item *item, void *base,
	struct conf_problem *problem);

// Write the default of the item, if it has one. By the same way, so a default is as checked as
// what a file says.
void conf_value_read_default(const struct schema_item *item, void *base);

// All defaults of an element of a list, which is zero so far.
void conf_value_read_defaults(const struct schema_group *group, void *element);
