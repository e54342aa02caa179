// SPDX-License-Identifier: BSD-3-Clause
#include "conf/config.h"

#include "conf/conf_value.h"

#include <stdlib.h>

void config_reset(struct config *c)
{
	if (c->users)
		secret_wipe_bytes(c->users, c->n_users * sizeof(c->users[0]));
	free(c->users);
	free(c->users_by_name);
	free(c->tenants);
	free(c->vlans);
	memset(c, 0, sizeof(*c));
	for (size_t g = 0; g < schema_n_groups; g++)
		for (size_t i = 0; i < schema_groups[g].n_items && !schema_groups[g].is_list; i++)
			conf_value_read_default(&schema_groups[g].items[i], c);
	config_add_base_group(c);
}

int config_find_group(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_groups; i++)
		if (strcmp(c->groups[i].name, name) == 0)
			return i;
	return -1;
}

int config_find_acl(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_acls; i++)
		if (strcmp(c->acls[i].name, name) == 0)
			return i;
	return -1;
}

bool config_has_policy(const struct config *c)
{
	for (int i = 0; i < c->n_groups; i++) {
		const struct config_group *g = &c->groups[i];
		if (g->rate_up_kbps || g->rate_down_kbps || g->acl_in[0] || g->acl_out[0] ||
			g->idle_timeout_s)
			return true;
	}
	return false;
}

int config_find_tenant(const struct config *c, const char *name)
{
	if (name[0] == '\0')
		return 0;
	for (int i = 0; i < c->n_tenants; i++)
		if (strcmp(c->tenants[i].name, name) == 0)
			return i + 1;
	return -1;
}

const char *config_tenant_name(const struct config *c, uint16_t number)
{
	return number == 0 || number > c->n_tenants ? "default" : c->tenants[number - 1].name;
}

void config_add_base_group(struct config *c)
{
	static const char name[] = "base";
	int i = config_find_group(c, name);
	if (i < 0) {
		const struct schema_group *group = schema_find_group("groups");
		i = c->n_groups++;
		memset(&c->groups[i], 0, sizeof(c->groups[i]));
		for (size_t k = 0; k < group->n_items; k++)
			conf_value_read_default(&group->items[k], &c->groups[i]);
		memcpy(c->groups[i].name, name, sizeof(name));
	}
	c->base_group = (uint16_t)i;
}

struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));
	if (c)
		config_reset(c);
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	config_reset(c);
	free(c);
}

const struct config_user *config_find_user(const struct config *c, struct span name)
{
	if (name.len == 0 || memchr(name.bytes, '\0', name.len))
		return NULL;
	uint32_t from = 0;
	uint32_t to = c->n_users;
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const struct config_user *user = &c->users[c->users_by_name[middle]];
		size_t len = strlen(user->name);
		int order = memcmp(name.bytes, user->name, name.len < len ? name.len : len);
		if (order == 0)
			order = (name.len > len) - (name.len < len);
		if (order == 0)
			return user;
		if (order < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return NULL;
}

uint32_t config_sessions_per_worker(const struct config *c)
{
	uint32_t max =
		c->max_calls < LIMIT_SESSIONS_PER_WORKER ? c->max_calls : LIMIT_SESSIONS_PER_WORKER;

	if (c->sessions_per_worker > 0)
		return c->sessions_per_worker;
	if (c->n_workers <= 1)
		return max;
	uint32_t share = (c->max_calls + c->n_workers - 1) / c->n_workers;
	share += share / 4 + 1;
	return share < max ? share : max;
}

uint16_t config_port_queues(const struct config *c, const struct config_port *p)
{
	static const char memif[] = "net_memif";

	if (p->queues > 0)
		return p->queues;
	if (p->kind == CONFIG_DEVICE_VDEV && strncmp(p->device, memif, sizeof(memif) - 1) == 0)
		return 1;
	return c->n_workers;
}
