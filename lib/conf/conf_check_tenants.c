// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_tenants.h"

#include <arpa/inet.h>

enum { USER_ROUTE_LEN_MIN = 8 };

struct check {
	const struct config *c;
	const config_setting_t *root;
	struct conf_report *r;
};

// `list[i].key`, or the nearest thing around it that the file has.
static const config_setting_t *at(const struct check *k, const char *list, int i, const char *key)
{
	const config_setting_t *s = config_setting_get_member(k->root, list);

	if (!s)
		return k->root;
	const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
	if (!element)
		return s;
	const config_setting_t *value = config_setting_get_member(element, key);
	return value ? value : element;
}

#define error(k, list, i, key, ...) \
	conf_report_setting((k)->r, CONFIG_ERROR, at(k, list, i, key), __VA_ARGS__)
#define warn(k, list, i, key, ...) \
	conf_report_setting((k)->r, CONFIG_WARNING, at(k, list, i, key), __VA_ARGS__)

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

static bool is_pool(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_pools; i++)
		if (strcmp(c->pools[i].name, name) == 0)
			return true;
	return false;
}

static void check_tenant_against(const struct check *k, int i, int j)
{
	const struct config_tenant *t = &k->c->tenants[i], *other = &k->c->tenants[j];

	if (t->name[0] && strcmp(t->name, other->name) == 0)
		error(k, "tenants", i, "name", "tenants[%d] has the same name", j);
	if (t->pool[0] && strcmp(t->pool, other->pool) == 0)
		error(k, "tenants", i, "pool", "is the pool of tenants[%d]", j);
	for (int n = 0; n < t->n_listen; n++)
		if (has_listen(other, t->listen_be[n]))
			error(k, "tenants", i, "listen", "%s is an address of tenants[%d]",
				inet_ntoa((struct in_addr){t->listen_be[n]}), j);
}

static const config_setting_t *listen_addresses(const struct check *k)
{
	const config_setting_t *s =
		config_setting_lookup((config_setting_t *)k->root, "listen.addresses");

	return s ? s : k->root;
}

static void check_tenants(const struct check *k)
{
	const struct config *c = k->c;
	bool is_default_left = c->n_tenants == 0;

	for (int i = 0; i < c->n_tenants; i++) {
		const struct config_tenant *t = &c->tenants[i];
		if (strcmp(t->name, "default") == 0)
			error(k, "tenants", i, "name",
				"is the name of the tenant that all belongs to that no other "
				"names");
		if (t->pool[0] && !is_pool(c, t->pool))
			error(k, "tenants", i, "pool", "there is no pool \"%s\"", t->pool);
		for (int n = 0; n < t->n_listen; n++)
			if (!is_listened_on(c, t->listen_be[n]))
				error(k, "tenants", i, "listen", "%s is not in listen.addresses",
					inet_ntoa((struct in_addr){t->listen_be[n]}));
		for (int j = 0; j < i; j++)
			check_tenant_against(k, i, j);
	}
	for (int i = 0; i < c->n_pools && !is_default_left; i++)
		is_default_left = c->pools[i].tenant_number == 0;
	for (int i = 0; i < c->n_listen && !is_default_left; i++)
		if (c->listen_tenants[i] == 0)
			conf_report_setting(k->r, CONFIG_ERROR, listen_addresses(k),
				"who calls %s belongs to no tenant, and there is no pool left for "
				"him",
				inet_ntoa((struct in_addr){c->listen_be[i]}));
}

// --- networks ---------------------------------------------------------------------------------------

static int find_port(const struct config *c, const char *name)
{
	for (int i = 0; i < c->n_ports; i++)
		if (strcmp(c->ports[i].name, name) == 0)
			return i;
	return -1;
}

static void check_vlan_port(const struct check *k, int i)
{
	const struct config_vlan *v = &k->c->vlans[i];
	int port = v->port[0] ? find_port(k->c, v->port) : -1;

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

static void check_vlan_address(const struct check *k, int i)
{
	const struct config_vlan *v = &k->c->vlans[i];

	if (v->has_gateway && !v->has_address) {
		if (at(k, "vlans", i, "address") == at(k, "vlans", i, ""))
			error(k, "vlans", i, "gateway", "needs the network to have an address");
	} else if (v->has_gateway && !is_in_network(v->gateway_be, v->address_be, v->prefix_len)) {
		error(k, "vlans", i, "gateway", "is not in the network of the address");
	} else if (v->has_gateway && v->gateway_be == v->address_be) {
		error(k, "vlans", i, "gateway", "is the network's own address");
	}
	if (v->tenant[0] && config_find_tenant(k->c, v->tenant) < 0)
		error(k, "vlans", i, "tenant", "there is no tenant \"%s\"", v->tenant);
	for (int n = 0; n < k->c->n_listen; n++)
		if (v->has_address && v->address_be == k->c->listen_be[n])
			error(k, "vlans", i, "address", "is also a listen address");
}

static void check_vlan_against_port(const struct check *k, int i, int j)
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

static void check_vlan_against(const struct check *k, int i, int j)
{
	const struct config_vlan *v = &k->c->vlans[i], *other = &k->c->vlans[j];

	if (v->id && v->id == other->id && strcmp(v->port, other->port) == 0)
		error(k, "vlans", i, "id", "vlans[%d] has the same on this port", j);
	if (v->name[0] && strcmp(v->name, other->name) == 0)
		error(k, "vlans", i, "name", "vlans[%d] has the same name", j);
	if (v->tap[0] && strcmp(v->tap, other->tap) == 0)
		error(k, "vlans", i, "tap", "vlans[%d] has the same TAP", j);
	if (v->tenant_number != other->tenant_number)
		return;
	if (v->has_address && other->has_address && v->address_be == other->address_be)
		error(k, "vlans", i, "address", "vlans[%d] of the same tenant has it too", j);
	if (v->tenant_number && v->has_gateway && other->has_gateway)
		error(k, "vlans", i, "gateway", "the tenant has one already, of vlans[%d]", j);
}

static void check_networks(const struct check *k)
{
	const struct config *c = k->c;

	for (int i = 0; i < c->n_ports; i++) {
		const struct config_port *p = &c->ports[i];
		if (p->tenant[0] && p->role == CONFIG_PORT_OUTSIDE)
			error(k, "ports", i, "tenant", "only an inside port has it");
		else if (p->tenant[0] && config_find_tenant(c, p->tenant) < 0)
			error(k, "ports", i, "tenant", "there is no tenant \"%s\"", p->tenant);
	}
	for (int i = 0; i < c->n_vlans; i++) {
		check_vlan_port(k, i);
		check_vlan_address(k, i);
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

static void check_pools(const struct check *k)
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

static void check_user_routes(const struct check *k)
{
	for (uint32_t i = 0; i < k->c->n_users; i++)
		for (int n = 0; n < k->c->users[i].n_routes; n++)
			if (k->c->users[i].routes[n].prefix_len < USER_ROUTE_LEN_MIN)
				error(k, "users", (int)i, "routes",
					"a network behind a client has a prefix of %d to 32 bits",
					USER_ROUTE_LEN_MIN);
}

void conf_check_tenants(const struct config *c, const config_setting_t *root, struct conf_report *r)
{
	const struct check k = {.c = c, .root = root, .r = r};

	check_tenants(&k);
	check_networks(&k);
	check_pools(&k);
	check_user_routes(&k);
}
