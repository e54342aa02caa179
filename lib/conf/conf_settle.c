// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_settle.h"

#include "conf/conf_derive.h"
#include "conf/conf_value.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

// All of these begin with their name.
static const struct numbered {
	const char *list;
	uint32_t max_count;
} numbered[] = {
	{"pools", LIMIT_POOLS},
	{"tenants", LIMIT_TENANTS},
	{"groups", LIMIT_GROUPS},
	{"acls", LIMIT_ACLS},
	{"access_hours", LIMIT_HOURS},
};

static_assert(
	offsetof(struct config_pool, name) == 0 && offsetof(struct config_tenant, name) == 0 &&
		offsetof(struct config_group, name) == 0 &&
		offsetof(struct config_acl, name) == 0 && offsetof(struct config_hours, name) == 0,
	"names come first");

static char *elements_of(const struct config *c, const struct schema_group *group)
{
	char *at = (char *)c + group->list;

	return group->is_allocated ? *(char **)at : at;
}

static uint32_t count_of(const struct config *c, const struct schema_group *group)
{
	return *(const uint16_t *)((const char *)c + group->count);
}

// The number of each element of fresh. Returns how many numbers there are then.
static uint32_t number_elements(const char *fresh, uint32_t n_fresh, const char *old,
	uint32_t n_old, size_t bytes, const struct conf_names *old_names, uint32_t *numbers)
{
	uint32_t hole = 0, n = n_old;

	for (uint32_t i = 0; i < n_fresh; i++) {
		int number = conf_names_find(old_names, fresh + i * bytes);
		if (number >= 0) {
			numbers[i] = (uint32_t)number;
			continue;
		}
		while (hole < n_old && old[hole * bytes] != '\0')
			hole++;
		numbers[i] = hole < n_old ? hole++ : n++;
	}
	return n;
}

static void put_elements(
	struct config *c, const struct schema_group *group, char *settled, uint32_t n)
{
	char *at = (char *)c + group->list;

	if (group->is_allocated) {
		free(*(char **)at);
		*(char **)at = settled;
	} else {
		memcpy(at, settled, n * (size_t)group->element_bytes);
		free(settled);
	}
	*(uint16_t *)((char *)c + group->count) = (uint16_t)n;
}

static int settle_list(struct config *fresh, const struct config *old, const struct numbered *of)
{
	const struct schema_group *group = schema_find_group(of->list);
	const char *from = elements_of(fresh, group), *before = elements_of(old, group);
	uint32_t n_from = count_of(fresh, group), n_before = count_of(old, group);
	size_t bytes = group->element_bytes;
	uint32_t *numbers = calloc(n_from + 1, sizeof(*numbers));
	char *settled = calloc(n_from + n_before + 1, bytes);
	struct conf_names names;
	int rc = conf_names_make(&names, before, bytes, n_before) && numbers && settled ? 0
											: -ENOMEM;

	if (rc == 0) {
		uint32_t n =
			number_elements(from, n_from, before, n_before, bytes, &names, numbers);
		conf_value_read_defaults(group, settled);
		for (uint32_t i = 1; i < n; i++)
			memcpy(settled + i * bytes, settled, bytes);
		for (uint32_t i = 0; i < n_from; i++)
			memcpy(settled + numbers[i] * bytes, from + i * bytes, bytes);
		rc = n > of->max_count ? -ENOSPC : 0;
		if (rc == 0) {
			put_elements(fresh, group, settled, n);
			settled = NULL;
		}
	}
	conf_names_free(&names);
	free(numbers);
	free(settled);
	return rc;
}

// What was worked out by number.
static int derive_again(struct config *c)
{
	struct conf_index index;

	free(c->users_by_name);
	c->users_by_name = NULL;
	for (int i = 0; i < c->n_pools; i++) {
		c->pools[i].tenant_number = 0;
		if (!c->pools[i].name[0])
			c->pools[i].first = 1; // and last 0: no address lies between them
	}
	memset(c->listen_tenants, 0, sizeof(c->listen_tenants));
	config_add_base_group(c);
	int rc = conf_index_make(&index, c) && conf_derive(c, &index) ? 0 : -ENOMEM;
	conf_index_free(&index);
	return rc;
}

int conf_settle(struct config *fresh, const struct config *old)
{
	int rc = 0;

	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]) && rc == 0; i++)
		rc = settle_list(fresh, old, &numbered[i]);
	return rc ? rc : derive_again(fresh);
}
