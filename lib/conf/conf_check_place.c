// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_place.h"

static const config_setting_t *element_at(const struct conf_check *k, const char *list, int i)
{
	const config_setting_t *s = config_setting_get_member(k->root, list);
	const config_setting_t *element =
		s && i >= 0 ? config_setting_get_elem(s, (unsigned)i) : NULL;

	return element ? element : s ? s : k->root;
}

const config_setting_t *conf_check_at(
	const struct conf_check *k, const char *list, int i, const char *key)
{
	const config_setting_t *element = element_at(k, list, i);
	const config_setting_t *value = config_setting_get_member(element, key);

	return value ? value : element;
}

bool conf_check_is_given(const struct conf_check *k, const char *list, int i, const char *key)
{
	return config_setting_get_member(element_at(k, list, i), key) != NULL;
}

int conf_check_tenant_at(const struct conf_check *k, uint16_t number)
{
	if (number == 0)
		return k->default_at;
	// Those behind it have moved up.
	return k->default_at < 0 || number <= k->default_at ? number - 1 : number;
}
