// SPDX-License-Identifier: BSD-3-Clause
// Where in the file a thing stands that does not fit, for the checks.
#pragma once

#include "conf/conf_names.h"
#include "conf/conf_report.h"

struct conf_check {
	const struct config *c;
	const config_setting_t *root;
	const struct conf_index *index;
	struct conf_report *r;
	int default_at; // the place of the default tenant in the list of tenants, or -1
};

// `list[i].key`, or the nearest thing around it that the file has.
const config_setting_t *conf_check_at(
	const struct conf_check *k, const char *list, int i, const char *key);

// Is the very setting there?
bool conf_check_is_given(const struct conf_check *k, const char *list, int i, const char *key);

// Where tenant `number` stands in the list, which the default one need not be at the head of; -1: it is not there.
int conf_check_tenant_at(const struct conf_check *k, uint16_t number);

#define conf_check_error(k, list, i, key, ...) \
	conf_report_setting((k)->r, CONFIG_ERROR, conf_check_at(k, list, i, key), __VA_ARGS__)
#define conf_check_warn(k, list, i, key, ...) \
	conf_report_setting((k)->r, CONFIG_WARNING, conf_check_at(k, list, i, key), __VA_ARGS__)
