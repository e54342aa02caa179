// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_tenants.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

enum { USER_ROUTE_LEN_MIN = 8 };

#define error(k, list, i, key, ...) conf_check_error(k, list, i, key, __VA_ARGS__)
#define warn(k, list, i, key, ...)  conf_check_warn(k, list, i, key, __VA_ARGS__)

static bool is_in_network(uint32_t address_be, uint32_t network_be, uint8_t len)
{
	uint32_t mask = len ? UINT32_MAX << (32 - len) : 0;

	return ((ntohl(address_be) ^ ntohl(network_be)) & mask) == 0;
}

// --- tenants ----------------------------------------------------------------------------------------

static bool is_listened_on(const struct config *c, uint32_t address_be)
{
	for (int i = 0; i < c->n_listen; i++)
		if (c->listen_be[i] == address_be)
			return true;
	return false;
}

static bool has_listen(const struct config_tenant *t, uint32_t address_be)
{
	for (int i = 0; i < t->n_listen; i++)
		if (t->listen_be[i] == address_be)
			return true;
	return false;
}

static void check_tenant_listen(const struct conf_check *k, uint16_t number, int at)
{
	const struct config_tenant *t = &k->c->tenants[number];

	for (int n = 0; n < t->n_listen; n++) {
		const char *address = inet_ntoa((struct in_addr){t->listen_be[n]});
		if (!is_listened_on(k->c, t->listen_be[n]))
			error(k, "tenants", at, "listen", "%s is not in listen.addresses", address);
		for (int j = 0; j < number; j++)
			if (has_listen(&k->c->tenants[j], t->listen_be[n]))
				error(k, "tenants", at, "listen", "%s is an address of tenants[%d]",
					address, conf_check_tenant_at(k, (uint16_t)j));
	}
}

static void check_tenant_pools(const struct conf_check *k, uint16_t number, int at)
{
	const struct config_tenant *t = &k->c->tenants[number];
	const char *key = conf_check_is_given(k, "tenants", at, "pool") ? "pool" : "pools";
	const config_setting_t *s = conf_check_at(k, "tenants", at, key);

	if (number > 0 && !conf_check_is_given(k, "tenants", at, key))
		error(k, "tenants", at, key, "pools must be given");
	else if (number > 0 && config_setting_is_aggregate(s) && config_setting_length(s) == 0)
		error(k, "tenants", at, key, "must have a pool");
	for (int n = 0; n < t->n_pools; n++) {
		int pool = conf_names_find(&k->index->pools, t->pools[n]);
		if (pool < 0)
			error(k, "tenants", at, key, "there is no pool \"%s\"", t->pools[n]);
		else if (k->c->pools[pool].tenant_number != number)
			error(k, "tenants", at, key, "\"%s\" is a pool of tenants[%d]", t->pools[n],
				conf_check_tenant_at(k, k->c->pools[pool].tenant_number));
	}
}

struct realm {
	const char *name;
	uint16_t tenant;
};

static int compare_realms(const void *a, const void *b)
{
	const struct realm *x = a, *y = b;
	int order = strcasecmp(x->name, y->name);

	return order ? order : (int)x->tenant - (int)y->tenant;
}

static void check_realms(const struct conf_check *k)
{
	const struct config *c = k->c;
	struct realm *realms =
		malloc((size_t)c->n_tenants * LIMIT_TENANT_REALMS * sizeof(realms[0]));
	size_t n_realms = 0;

	if (!realms) {
		conf_report_setting(k->r, CONFIG_ERROR, k->root, "out of memory");
		return;
	}
	for (uint16_t i = 0; i < c->n_tenants; i++)
		for (int n = 0; n < c->tenants[i].n_realms; n++)
			realms[n_realms++] = (struct realm){c->tenants[i].realms[n], i};
	qsort(realms, n_realms, sizeof(realms[0]), compare_realms);
	for (size_t i = 1; i < n_realms; i++)
		if (strcasecmp(realms[i].name, realms[i - 1].name) == 0)
			error(k, "tenants", conf_check_tenant_at(k, realms[i].tenant), "realms",
				"\"%s\" is a realm of tenants[%d]", realms[i].name,
				conf_check_tenant_at(k, realms[i - 1].tenant));
	free(realms);
}

static const config_setting_t *listen_addresses(const struct conf_check *k)
{
	const config_setting_t *s =
		config_setting_lookup((config_setting_t *)k->root, "listen.addresses");

	return s ? s : k->root;
}

static void check_default_left(const struct conf_check *k)
{
	const struct config *c = k->c;
	bool is_default_left = c->n_tenants == 1;

	for (int i = 0; i < c->n_pools && !is_default_left; i++)
		is_default_left = c->pools[i].tenant_number == 0;
	for (int i = 0; i < c->n_listen && !is_default_left; i++)
		if (c->listen_tenants[i] == 0)
			conf_report_setting(k->r, CONFIG_ERROR, listen_addresses(k),
				"who calls %s belongs to no tenant, and there is no pool left for "
				"him",
				inet_ntoa((struct in_addr){c->listen_be[i]}));
}

static void check_tenants(const struct conf_check *k)
{
	const struct config *c = k->c;

	for (uint16_t i = 0; i < c->n_tenants; i++) {
		const struct config_tenant *t = &c->tenants[i];
		int at = conf_check_tenant_at(k, i);
		int same = conf_names_double(&k->index->tenants, i);
		if (at < 0)
			continue; // the default one, which the file does not have
		if (same >= 0)
			error(k, "tenants", at, "name", "tenants[%d] has the same name",
				conf_check_tenant_at(k, (uint16_t)same));
		if (t->group[0] && conf_names_find(&k->index->groups, t->group) < 0)
			error(k, "tenants", at, "group", "there is no group \"%s\"", t->group);
		check_tenant_pools(k, i, at);
		check_tenant_listen(k, i, at);
	}
	check_realms(k);
	check_default_left(k);
}

// --- networks ---------------------------------------------------------------------------------------

static void check_vlan_port(const struct conf_check *k, int i)
{
	const struct config_vlan *v = &k->c->vlans[i];
	int port = conf_names_find(&k->index->ports, v->port);

	if (port < 0) {
		if (v->port[0])
			error(k, "vlans", i, "port", "there is no port \"%s\"", v->port);
		return;
	}
	if (k->c->ports[port].role != CONFIG_PORT_INSIDE)
		error(k, "vlans", i, "port", "is not an inside port");
	if (k->c->ports[port].mtu && v->mtu > k->c->ports[port].mtu)
		error(k, "vlans", i, "mtu", "is more than the %u of its port",
			k->c->ports[port].mtu);
}

static void check_vlan_address(const struct conf_check *k, int i)
{
	const struct config_vlan *v = &k->c->vlans[i];

	if (v->has_gateway && !v->has_address) {
		if (!conf_check_is_given(k, "vlans", i, "address"))
			error(k, "vlans", i, "gateway", "needs the network to have an address");
	} else if (v->has_gateway && !is_in_network(v->gateway_be, v->address_be, v->prefix_len)) {
		error(k, "vlans", i, "gateway", "is not in the network of the address");
	} else if (v->has_gateway && v->gateway_be == v->address_be) {
		error(k, "vlans", i, "gateway", "is the network's own address");
	}
	if (v->tenant[0] && conf_names_find(&k->index->tenants, v->tenant) < 0)
		error(k, "vlans", i, "tenant", "there is no tenant \"%s\"", v->tenant);
	for (int n = 0; n < k->c->n_listen; n++)
		if (v->has_address && v->address_be == k->c->listen_be[n])
			error(k, "vlans", i, "address", "is also a listen address");
}

static void check_vlan_against_port(const struct conf_check *k, int i, int j)
{
	const struct config_vlan *v = &k->c->vlans[i];
	const struct config_port *p = &k->c->ports[j];

	if (v->name[0] && strcmp(v->name, p->name) == 0)
		error(k, "vlans", i, "name", "ports[%d] has the same name", j);
	if (v->tap[0] && strcmp(v->tap, p->tap) == 0)
		error(k, "vlans", i, "tap", "ports[%d] has the same TAP", j);
	if (v->tap[0] && p->kind == CONFIG_DEVICE_INTERFACE && strcmp(v->tap, p->device) == 0)
		error(k, "vlans", i, "tap", "is the name of the device of ports[%d]", j);
	if (v->tenant_number != p->tenant_number)
		return;
	if (v->has_address && p->has_address && v->address_be == p->address_be)
		error(k, "vlans", i, "address", "ports[%d] has the same address", j);
	if (v->tenant_number && v->has_gateway && p->has_gateway)
		error(k, "vlans", i, "gateway", "the tenant has one already, of ports[%d]", j);
}

static void check_vlan_against(const struct conf_check *k, int i, int j)
{
	const struct config_vlan *v = &k->c->vlans[i], *other = &k->c->vlans[j];

	if (v->id && v->id == other->id && strcmp(v->port, other->port) == 0)
		error(k, "vlans", i, "id", "vlans[%d] has the same on this port", j);
	if (v->tenant_number != other->tenant_number)
		return;
	if (v->has_address && other->has_address && v->address_be == other->address_be)
		error(k, "vlans", i, "address", "vlans[%d] of the same tenant has it too", j);
	if (v->tenant_number && v->has_gateway && other->has_gateway)
		error(k, "vlans", i, "gateway", "the tenant has one already, of vlans[%d]", j);
}

static void check_networks(const struct conf_check *k, const struct conf_names *taps)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];
		if (p->tenant[0] && p->role == CONFIG_PORT_OUTSIDE)
			error(k, "ports", i, "tenant", "only an inside port has it");
		else if (p->tenant[0] && conf_names_find(&k->index->tenants, p->tenant) < 0)
			error(k, "ports", i, "tenant", "there is no tenant \"%s\"", p->tenant);
	}
	for (int i = 0; i < c->n_vlans; i++) {
		int same = conf_names_double(&k->index->vlans, (uint32_t)i);
		int same_tap = conf_names_double(taps, (uint32_t)i);
		check_vlan_port(k, i);
		check_vlan_address(k, i);
		if (same >= 0)
			error(k, "vlans", i, "name", "vlans[%d] has the same name", same);
		if (same_tap >= 0)
			error(k, "vlans", i, "tap", "vlans[%d] has the same TAP", same_tap);
		for (int j = 0; j < c->n_ports; j++)
			check_vlan_against_port(k, i, j);
		for (int j = 0; j < i; j++)
			check_vlan_against(k, i, j);
	}
}

static bool is_in_pool(const struct config_pool *pool, uint32_t address_be)
{
	uint32_t address = ntohl(address_be);

	return pool->last && address >= pool->first && address <= pool->last;
}

static void check_pools(const struct conf_check *k)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_pools; i++) {
		const struct config_pool *pool = &c->pools[i];
		for (int j = 0; j < c->n_vlans; j++) {
			const struct config_vlan *v = &c->vlans[j];
			if (v->tenant_number != pool->tenant_number || !v->has_address ||
				!pool->last)
				continue;
			if (is_in_pool(pool, v->address_be) ||
				(v->has_gateway && is_in_pool(pool, v->gateway_be)))
				error(k, "pools", i, "range",
					"contains the address or gateway of vlans[%d]", j);
			else if (is_in_network(htonl(pool->first), v->address_be, v->prefix_len) ||
				 is_in_network(htonl(pool->last), v->address_be, v->prefix_len))
				warn(k, "pools", i, "range",
					"overlaps the network of vlans[%d]: hosts there find the "
					"clients only with routes of their own or proxy ARP",
					j);
		}
	}
}

// --- networks behind users --------------------------------------------------------------------------

static void check_user_routes(const struct conf_check *k)
{
	for (uint32_t i = 0; i < k->c->n_users; i++)
		for (int n = 0; n < k->c->users[i].n_routes; n++)
			if (k->c->users[i].routes[n].prefix_len < USER_ROUTE_LEN_MIN)
				error(k, "users", (int)i, "routes",
					"a network behind a client has a prefix of %d to 32 bits",
					USER_ROUTE_LEN_MIN);
}

void conf_check_tenants(const struct conf_check *k)
{
	struct conf_names taps;

	check_tenants(k);
	if (!conf_names_make(&taps, k->c->n_vlans ? k->c->vlans[0].tap : NULL,
		    sizeof(k->c->vlans[0]), k->c->n_vlans))
		conf_report_setting(k->r, CONFIG_ERROR, k->root, "out of memory");
	check_networks(k, &taps);
	conf_names_free(&taps);
	check_pools(k);
	check_user_routes(k);
}
