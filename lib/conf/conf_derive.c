// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_derive.h"

#include <stdlib.h>

static uint16_t index_or(const struct conf_names *names, const char *name, uint16_t otherwise)
{
	int i = conf_names_find(names, name);

	return i < 0 ? otherwise : (uint16_t)i;
}

// The one that the file calls "default" takes the place of the one that is always there.
static void settle_default_tenant(struct config *c)
{
	for (int i = 1; i < c->n_tenants; i++) {
		if (strcmp(c->tenants[i].name, c->tenants[0].name) != 0)
			continue;
		c->tenants[0] = c->tenants[i];
		c->n_tenants--;
		memmove(&c->tenants[i], &c->tenants[i + 1],
			(size_t)(c->n_tenants - i) * sizeof(c->tenants[0]));
		return;
	}
}

void conf_derive_lists(struct config *c)
{
	settle_default_tenant(c);
	config_add_base_group(c);
}

static void derive_ports(struct config *c)
{
	for (int i = 0; i < c->n_ports; i++) {
		struct config_port *p = &c->ports[i];
		if (!p->tap[0])
			memcpy(p->tap, p->name, sizeof(p->tap));
		if (p->role == CONFIG_PORT_INSIDE)
			p->accept = CONFIG_ACCEPT_ALL;
	}
	bool is_listen_given = c->n_listen > 0;
	for (int i = 0; i < c->n_ports && !is_listen_given; i++)
		if (c->ports[i].role == CONFIG_PORT_OUTSIDE && c->ports[i].has_address)
			c->listen_be[c->n_listen++] = c->ports[i].address_be;
}

// Whose networks are.
static void derive_networks(struct config *c, const struct conf_index *index)
{
	for (int i = 0; i < c->n_ports; i++)
		c->ports[i].tenant_number = index_or(&index->tenants, c->ports[i].tenant, 0);
	for (int i = 0; i < c->n_vlans; i++) {
		struct config_vlan *v = &c->vlans[i];
		v->tenant_number = index_or(&index->tenants, v->tenant, 0);
		if (!v->tap[0])
			memcpy(v->tap, v->name, sizeof(v->tap));
		v->port_index = (uint8_t)index_or(&index->ports, v->port, 0);
	}
}

static void derive_tenants(struct config *c, const struct conf_index *index)
{
	// From the last on, so that what two of them name is the first one's.
	for (uint16_t n = c->n_tenants; n-- > 0;) {
		struct config_tenant *t = &c->tenants[n];
		for (int k = 0; k < t->n_pools; k++) {
			int pool = conf_names_find(&index->pools, t->pools[k]);
			if (pool >= 0)
				c->pools[pool].tenant_number = n;
		}
		for (int k = 0; k < t->n_listen; k++)
			for (int i = 0; i < c->n_listen; i++)
				if (t->listen_be[k] == c->listen_be[i])
					c->listen_tenants[i] = n;
		t->group_index = index_or(&index->groups, t->group, c->base_group);
		t->radius_index = index_or(&index->radius_groups, t->radius, CONFIG_NO_INDEX);
		t->accounting_index =
			index_or(&index->radius_groups, t->accounting, CONFIG_NO_INDEX);
	}
}

// RADIUS over TLS has a port and a secret of its own (RFC 6614 2.1, 2.3).
static void derive_radius(struct config *c, const struct conf_index *index)
{
	enum { PORT_UDP = 1812, PORT_TLS = 2083 };

	for (int i = 0; i < c->n_radius_servers; i++) {
		struct config_radius_server *s = &c->radius_servers[i];
		if (s->transport != CONFIG_RADIUS_TLS)
			continue;
		if (s->auth_port == PORT_UDP)
			s->auth_port = PORT_TLS;
		if (s->acct_port)
			s->acct_port = s->auth_port;
		if (!s->has_secret)
			s->has_secret = secret_set(&s->secret, span_of_text("radsec")) == 0;
	}
	for (int i = 0; i < c->n_radius_groups; i++) {
		struct config_radius_group *g = &c->radius_groups[i];
		for (int k = 0; k < g->n_servers; k++)
			g->server_index[k] = index_or(&index->radius_servers, g->servers[k], 0);
	}
	for (int i = 0; i < c->n_coa; i++)
		c->coa[i].tenant_number = index_or(&index->tenants, c->coa[i].tenant, 0);
}

static int compare_users(const void *a, const void *b, void *users_of)
{
	const struct config_user *users = users_of;
	uint32_t i = *(const uint32_t *)a;
	uint32_t j = *(const uint32_t *)b;
	int order = (int)users[i].tenant_number - (int)users[j].tenant_number;
	if (order == 0)
		order = strcmp(users[i].name, users[j].name);
	return order ? order : (i > j) - (i < j);
}

static bool derive_users(struct config *c, const struct conf_index *index)
{
	for (uint32_t i = 0; i < c->n_users; i++) {
		struct config_user *u = &c->users[i];
		u->tenant_number = index_or(&index->tenants, u->tenant, 0);
		u->group_index = index_or(
			&index->groups, u->group, c->tenants[u->tenant_number].group_index);
	}
	if (c->n_users == 0)
		return true;
	c->users_by_name = calloc(c->n_users, sizeof(c->users_by_name[0]));
	if (!c->users_by_name)
		return false;
	for (uint32_t i = 0; i < c->n_users; i++)
		c->users_by_name[i] = i;
	// Indices are sorted and not the users, so that no copy of a secret is left behind.
	qsort_r(c->users_by_name, c->n_users, sizeof(c->users_by_name[0]), compare_users, c->users);
	return true;
}

bool conf_derive(struct config *c, const struct conf_index *index)
{
	derive_ports(c);
	derive_networks(c, index);
	derive_tenants(c, index);
	derive_radius(c, index);
	return derive_users(c, index);
}
