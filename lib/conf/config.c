// SPDX-License-Identifier: BSD-3-Clause
#include "conf/config.h"

#include "conf/conf_value.h"

#include <stdlib.h>

static void wipe_and_free(void *list, size_t n_bytes)
{
	if (list)
		secret_wipe_bytes(list, n_bytes);
	free(list);
}

static void release(struct config *c)
{
	wipe_and_free(c->users, c->n_users * sizeof(c->users[0]));
	wipe_and_free(c->radius_servers, c->n_radius_servers * sizeof(c->radius_servers[0]));
	wipe_and_free(c->coa, c->n_coa * sizeof(c->coa[0]));
	free(c->users_by_name);
	free(c->tenants);
	free(c->vlans);
	free(c->hours);
	free(c->radius_groups);
}

void config_reset(struct config *c)
{
	release(c);
	memset(c, 0, sizeof(*c));
	for (size_t g = 0; g < schema_n_groups; g++)
		for (size_t i = 0; i < schema_groups[g].n_items && !schema_groups[g].is_list; i++)
			conf_value_read_default(&schema_groups[g].items[i], c);
	config_add_base_group(c);
	config_add_default_tenant(c);
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

int config_find_pool(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_pools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return i;
	return -1;
}

int config_find_hours(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_hours; i++)
		if (strcmp(c->hours[i].name, name) == 0)
			return i;
	return -1;
}

int config_find_radius_group(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_radius_groups; i++)
		if (strcmp(c->radius_groups[i].name, name) == 0)
			return i;
	return -1;
}

static bool is_policed(const struct config_policy *p)
{
	return p->rate_up_kbps || p->rate_down_kbps || p->acl_in[0] || p->acl_out[0] ||
	       p->idle_timeout_s;
}

// A RADIUS server may say all of it of any user, at any time.
static bool has_aaa_server(const struct config *c)
{
	for (int i = 0; i < c->n_tenants; i++)
		if (c->tenants[i].aaa != CONFIG_AAA_LOCAL)
			return true;
	return c->n_coa > 0;
}

bool config_has_policy(const struct config *c)
{
	if (has_aaa_server(c))
		return true;
	for (int i = 0; i < c->n_groups; i++)
		if (is_policed(&c->groups[i].policy))
			return true;
	for (uint32_t i = 0; i < c->n_users; i++)
		if (is_policed(&c->users[i].policy))
			return true;
	return config_has_tenant_rates(c);
}

static bool lets_stateful(const struct config_policy *p)
{
	return p->given & 1u << CONFIG_POLICY_STATELESS_REQUIRED && !p->stateless_required;
}

bool config_may_be_stateful(const struct config *c)
{
	if (!c->mppe_stateless_required)
		return true;
	for (int i = 0; i < c->n_groups; i++)
		if (lets_stateful(&c->groups[i].policy))
			return true;
	for (uint32_t i = 0; i < c->n_users; i++)
		if (lets_stateful(&c->users[i].policy))
			return true;
	return false;
}

bool config_has_tenant_rates(const struct config *c)
{
	for (int i = 0; i < c->n_tenants; i++)
		if (c->tenants[i].rate_up_kbps || c->tenants[i].rate_down_kbps)
			return true;
	return false;
}

int config_find_tenant(const struct config *c, const char *name)
{
	if (name[0] == '\0')
		return 0;
	for (int i = 0; i < c->n_tenants; i++)
		if (strcmp(c->tenants[i].name, name) == 0)
			return i;
	return -1;
}

const char *config_tenant_name(const struct config *c, uint16_t number)
{
	return number == 0 || number >= c->n_tenants ? "default" : c->tenants[number].name;
}

void config_add_base_group(struct config *c)
{
	static const char name[] = "base";
	int i = config_find_group(c, name);
	if (i < 0) {
		const struct schema_group *group = schema_find_group("groups");
		i = c->n_groups++;
		memset(&c->groups[i], 0, sizeof(c->groups[i]));
		conf_value_read_defaults(group, &c->groups[i]);
		memcpy(c->groups[i].name, name, sizeof(name));
	}
	c->base_group = (uint16_t)i;
}

void config_add_default_tenant(struct config *c)
{
	static const char name[] = "default";
	const struct schema_group *group = schema_find_group("tenants");

	c->tenants = calloc(1, sizeof(c->tenants[0]));
	if (!c->tenants)
		return;
	c->n_tenants = 1;
	conf_value_read_defaults(group, &c->tenants[0]);
	memcpy(c->tenants[0].name, name, sizeof(name));
	c->tenants[0].group_index = c->base_group;
	c->tenants[0].radius_index = c->tenants[0].accounting_index = CONFIG_NO_INDEX;
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
	release(c);
	free(c);
}

const struct config_user *config_find_user(
	const struct config *c, uint16_t tenant, struct span name)
{
	if (name.len == 0 || memchr(name.bytes, '\0', name.len))
		return NULL;
	uint32_t from = 0;
	uint32_t to = c->n_users;
	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		const struct config_user *user = &c->users[c->users_by_name[middle]];
		size_t len = strlen(user->name);
		int order = (tenant > user->tenant_number) - (tenant < user->tenant_number);
		if (order == 0)
			order = memcmp(name.bytes, user->name, name.len < len ? name.len : len);
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
