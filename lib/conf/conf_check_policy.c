// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_policy.h"

#include "conf/schema_policy.h"

// What a group or a user says, and where.
struct level {
	const struct config_policy *policy, *below, *base; // `below` of a user: his group's
	const char *list;				   // "groups" or "users"
	int at;
	const char *routes_key;
};

#define error(k, level, key, ...) conf_check_error(k, (level)->list, (level)->at, key, __VA_ARGS__)
#define warn(k, level, key, ...)  conf_check_warn(k, (level)->list, (level)->at, key, __VA_ARGS__)

static bool has(const struct config_policy *p, enum config_policy_key key)
{
	return p->given & (1u << key);
}

// The nearest level that says the key, or NULL.
static const struct config_policy *who_says(const struct level *l, enum config_policy_key key)
{
	const struct config_policy *levels[] = {l->policy, l->below, l->base};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (has(levels[i], key))
			return levels[i];
	return NULL;
}

// A client gets its routes in one option of DHCP, of 255 bytes: prefix length, the bytes of the prefix that
// count, and a gateway each (RFC 3442).
static void check_routes(const struct conf_check *k, const struct level *l)
{
	enum { OPTION_BYTES = 255 };
	const struct config_policy *p = l->policy;
	uint32_t n_bytes = 0;

	for (int r = 0; r < p->n_routes; r++)
		n_bytes += 1 + (p->routes[r].prefix_len + 7) / 8 + 4;
	if (n_bytes > OPTION_BYTES)
		error(k, l, l->routes_key,
			"%u routes of this length do not fit the %d bytes of a DHCP option: %u "
			"bytes",
			p->n_routes, OPTION_BYTES, n_bytes);
}

static void check_names(const struct conf_check *k, const struct level *l)
{
	const struct config_policy *p = l->policy;

	if (p->acl_in[0] && conf_names_find(&k->index->acls, p->acl_in) < 0)
		error(k, l, "acl_in", "there is no access list \"%s\" in acls", p->acl_in);
	if (p->acl_out[0] && conf_names_find(&k->index->acls, p->acl_out) < 0)
		error(k, l, "acl_out", "there is no access list \"%s\" in acls", p->acl_out);
	if (p->access_hours[0] && conf_names_find(&k->index->hours, p->access_hours) < 0)
		error(k, l, "access_hours", "there are no hours \"%s\" in access_hours",
			p->access_hours);
	for (int i = 0; i < p->n_pools; i++)
		if (conf_names_find(&k->index->pools, p->pools[i]) < 0)
			error(k, l, "pools", "there is no pool \"%s\"", p->pools[i]);
}

static const char *method_word(uint32_t methods)
{
	for (const struct schema_word *w = schema_auth_methods; w->word; w++)
		if (methods & w->value)
			return w->word;
	return "";
}

static void check_methods(const struct conf_check *k, const struct level *l)
{
	enum { WITH_KEYS = CONFIG_AUTH_MSCHAPV2 | CONFIG_AUTH_MSCHAPV1 };
	const struct config_policy *of_methods = who_says(l, CONFIG_POLICY_AUTH_METHODS);
	const struct config_policy *of_mode = who_says(l, CONFIG_POLICY_ENCRYPTION);
	enum config_encryption mode = of_mode ? of_mode->encryption : k->c->encryption;
	uint32_t of_server = 0;

	for (int i = 0; i < k->c->n_auth_methods; i++)
		of_server |= k->c->auth_methods[i];
	uint32_t methods = of_methods ? of_methods->auth_methods : of_server;
	bool is_own = has(l->policy, CONFIG_POLICY_AUTH_METHODS);
	if (is_own && (methods & ~of_server))
		error(k, l, "auth_methods",
			"no client is asked for \"%s\", which auth.methods lacks",
			method_word(methods & ~of_server));
	if (!is_own && !has(l->policy, CONFIG_POLICY_ENCRYPTION))
		return; // what is above is told there
	if (mode == CONFIG_ENCRYPTION_REQUIRE && methods && !(methods & WITH_KEYS))
		error(k, l, is_own ? "auth_methods" : "encryption",
			"\"%s\" gives no keys for MPPE, and encryption is \"require\"",
			method_word(methods));
	if (has(l->policy, CONFIG_POLICY_ENCRYPTION) && mode < k->c->encryption)
		warn(k, l, "encryption", "what its clients send and get can be read on the way");
}

// The pools that a user of the tenant would get an address of must be the tenant's.
//
//   own_key  where the level itself may say them
static void check_pools_of(
	const struct conf_check *k, const struct level *l, const char *own_key, uint16_t tenant)
{
	const struct config_policy *p = who_says(l, CONFIG_POLICY_POOLS);

	for (int i = 0; p && i < p->n_pools; i++) {
		int pool = conf_names_find(&k->index->pools, p->pools[i]);
		if (pool >= 0 && k->c->pools[pool].tenant_number != tenant)
			error(k, l, p == l->policy ? own_key : "group",
				"pool \"%s\" is not one of tenant \"%s\"", p->pools[i],
				config_tenant_name(k->c, tenant));
	}
}

static void check_level(const struct conf_check *k, const struct level *l)
{
	check_routes(k, l);
	check_names(k, l);
	check_methods(k, l);
}

static void check_groups(const struct conf_check *k)
{
	const struct config *c = k->c;
	const struct config_policy *base = &c->groups[c->base_group].policy;

	for (int i = 0; i < c->n_groups; i++) {
		const struct config_policy *p = &c->groups[i].policy;
		int same = conf_names_double(&k->index->groups, (uint32_t)i);
		check_level(k, &(struct level){p, base, base, "groups", i, "routes"});
		if (same >= 0)
			conf_check_error(
				k, "groups", i, "name", "groups[%d] has the same name", same);
	}
	for (uint16_t i = 0; i < c->n_tenants; i++) {
		const struct config_policy *p = &c->groups[c->tenants[i].group_index].policy;
		int at = conf_check_tenant_at(k, i);
		// Of a tenant that the file does not have it is told of the list.
		check_pools_of(k, &(struct level){p, base, base, "tenants", at, ""}, "group", i);
	}
}

static void check_users(const struct conf_check *k)
{
	const struct config *c = k->c;
	const struct config_policy *base = &c->groups[c->base_group].policy;

	for (uint32_t i = 0; i < c->n_users; i++) {
		const struct config_user *u = &c->users[i];
		struct level l = {&u->policy, &c->groups[u->group_index].policy, base, "users",
			(int)i, "split_routes"};
		check_level(k, &l);
		if (u->group[0] && conf_names_find(&k->index->groups, u->group) < 0)
			error(k, &l, "group", "there is no group \"%s\"", u->group);
		if (u->tenant[0] && conf_names_find(&k->index->tenants, u->tenant) < 0)
			error(k, &l, "tenant", "there is no tenant \"%s\"", u->tenant);
		else if (has(&u->policy, CONFIG_POLICY_POOLS) || u->group[0])
			check_pools_of(k, &l, "pools", u->tenant_number);
	}
}

static void check_hours(const struct conf_check *k)
{
	for (uint32_t i = 0; i < k->c->n_hours; i++) {
		int same = conf_names_double(&k->index->hours, i);
		if (same >= 0)
			conf_check_error(k, "access_hours", (int)i, "name",
				"access_hours[%d] has the same name", same);
	}
}

void conf_check_policy(const struct conf_check *k)
{
	check_groups(k);
	check_users(k);
	check_hours(k);
}

static bool lets_clear(const struct config_policy *p)
{
	return has(p, CONFIG_POLICY_ENCRYPTION) && p->encryption != CONFIG_ENCRYPTION_REQUIRE;
}

bool conf_check_policy_lets_clear(const struct config *c)
{
	for (int i = 0; i < c->n_groups; i++)
		if (lets_clear(&c->groups[i].policy))
			return true;
	for (uint32_t i = 0; i < c->n_users; i++)
		if (lets_clear(&c->users[i].policy))
			return true;
	return false;
}
