// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/policy.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SPAN(first, last)                                                                         \
	.from = offsetof(struct config_policy, first),                                            \
	.n_bytes = offsetof(struct config_policy, last) - offsetof(struct config_policy, first) + \
		   sizeof(((struct config_policy *)0)->last)
#define ONE(member) SPAN(member, member)

// Where a key's value lies in struct config_policy, and what the file calls it.
static const struct key {
	const char *name;
	uint16_t from, n_bytes;
} keys[CONFIG_POLICY_KEYS] = {
	[CONFIG_POLICY_DNS] = {"dns", SPAN(n_dns, dns_be)},
	[CONFIG_POLICY_NBNS] = {"nbns", SPAN(n_nbns, nbns_be)},
	[CONFIG_POLICY_DOMAIN] = {"domain", ONE(domain)},
	[CONFIG_POLICY_ROUTES] = {"routes", SPAN(n_routes, routes)},
	[CONFIG_POLICY_DHCP_INFORM] = {"dhcp_inform", ONE(dhcp_inform)},
	[CONFIG_POLICY_BROADCASTS] = {"broadcasts", ONE(broadcasts)},
	[CONFIG_POLICY_RATE_UP] = {"rate_up_kbps", ONE(rate_up_kbps)},
	[CONFIG_POLICY_RATE_DOWN] = {"rate_down_kbps", ONE(rate_down_kbps)},
	[CONFIG_POLICY_BURST] = {"burst_ms", ONE(burst_ms)},
	[CONFIG_POLICY_ACL_IN] = {"acl_in", ONE(acl_in)},
	[CONFIG_POLICY_ACL_OUT] = {"acl_out", ONE(acl_out)},
	[CONFIG_POLICY_IDLE_TIMEOUT] = {"idle_timeout_s", ONE(idle_timeout_s)},
	[CONFIG_POLICY_IDLE_COUNTS] = {"idle_counts", ONE(idle_counts)},
	[CONFIG_POLICY_SESSION_TIMEOUT] = {"session_timeout_s", ONE(session_timeout_s)},
	[CONFIG_POLICY_ACCESS_HOURS] = {"access_hours", ONE(access_hours)},
	[CONFIG_POLICY_LOGINS] = {"simultaneous_logins", ONE(simultaneous_logins)},
	[CONFIG_POLICY_LOGINS_FULL] = {"logins_full", ONE(logins_full)},
	[CONFIG_POLICY_AUTH_METHODS] = {"auth_methods", ONE(auth_methods)},
	[CONFIG_POLICY_ENCRYPTION] = {"encryption", ONE(encryption)},
	[CONFIG_POLICY_MPPE_BITS] = {"strengths", ONE(mppe_bits)},
	[CONFIG_POLICY_STATELESS_REQUIRED] = {"stateless_required", ONE(stateless_required)},
	[CONFIG_POLICY_POOLS] = {"pools", SPAN(n_pools, pools)},
	[CONFIG_POLICY_CLIENT_ADDRESS] = {"use_client_address", ONE(use_client_address)},
	[CONFIG_POLICY_MTU] = {"mtu", ONE(mtu)},
	[CONFIG_POLICY_INTERIM] = {"interim_s", ONE(interim_s)},
};

_Static_assert(CONFIG_POLICY_KEYS <= 32, "a bit each in config_policy.given");

static bool gives(const struct config_policy *p, unsigned int key)
{
	return p && (p->given & UINT32_C(1) << key);
}

const char *policy_key_name(enum config_policy_key key)
{
	return (unsigned int)key < CONFIG_POLICY_KEYS ? keys[key].name : "?";
}

const char *policy_source_name(enum policy_source source)
{
	static const char *const names[] = {[POLICY_DEFAULT] = "default",
		[POLICY_SERVER] = "server",
		[POLICY_BASE] = "base",
		[POLICY_GROUP] = "group",
		[POLICY_USER] = "user",
		[POLICY_RADIUS] = "radius",
		[POLICY_COA] = "coa"};

	return (unsigned int)source < sizeof(names) / sizeof(names[0]) ? names[source] : "?";
}

// ---- which level speaks ----------------------------------------------------------------------------

struct ladder {
	const struct config_policy *levels[POLICY_COA + 1]; // NULL: says nothing
};

static struct ladder climb(const struct config *c, const struct policy_levels *from)
{
	struct ladder l = {.levels = {[POLICY_BASE] = &c->groups[c->base_group].policy,
				   [POLICY_USER] = from->user,
				   [POLICY_RADIUS] = from->radius,
				   [POLICY_COA] = from->coa}};

	if (from->group != c->base_group)
		l.levels[POLICY_GROUP] = &c->groups[from->group].policy;
	return l;
}

// The highest level that gives the key; POLICY_DEFAULT: none.
static enum policy_source find(const struct ladder *l, unsigned int key)
{
	enum policy_source source = POLICY_COA;

	while (source > POLICY_SERVER && !gives(l->levels[source], key))
		source--;
	return source > POLICY_SERVER ? source : POLICY_DEFAULT;
}

// The values of the default are those of "base" too, where nothing is given.
static const struct config_policy *giver(const struct ladder *l, enum policy_source source)
{
	return l->levels[source > POLICY_SERVER ? source : POLICY_BASE];
}

const struct config_policy *policy_giver(const struct config *c, const struct policy_levels *levels,
	const struct policy *p, enum config_policy_key key)
{
	struct ladder l = climb(c, levels);
	const struct config_policy *found = giver(&l, p->source[key]);

	return found ? found : l.levels[POLICY_BASE];
}

// ---- resolve ---------------------------------------------------------------------------------------

struct resolver {
	const struct config *config;
	struct ladder ladder;
	struct policy *out;
	int rc;
	enum config_policy_key missing;
};

static const struct config_policy *value_of(struct resolver *r, enum config_policy_key key)
{
	enum policy_source source = find(&r->ladder, key);

	r->out->source[key] = (uint8_t)source;
	return giver(&r->ladder, source);
}

// Of a key that the whole server has too. NULL: that is what holds.
static const struct config_policy *value_or_server(struct resolver *r, enum config_policy_key key)
{
	const struct config_policy *p = value_of(r, key);

	if (r->out->source[key] != POLICY_DEFAULT)
		return p;
	r->out->source[key] = POLICY_SERVER;
	return NULL;
}

static uint16_t index_of(struct resolver *r, enum config_policy_key key, const char *name,
	int (*lookup)(const struct config *c, const char *name))
{
	int i = name[0] ? lookup(r->config, name) : -1;

	if (name[0] && i < 0) {
		r->rc = -ENOENT;
		r->missing = key;
	}
	return i < 0 ? CONFIG_NO_INDEX : (uint16_t)i;
}

static void resolve_servers(struct resolver *r)
{
	struct policy *out = r->out;
	const struct config_policy *dns = value_of(r, CONFIG_POLICY_DNS);
	const struct config_policy *nbns = value_of(r, CONFIG_POLICY_NBNS);

	out->n_dns = (uint8_t)dns->n_dns;
	memcpy(out->dns_be, dns->dns_be, sizeof(out->dns_be));
	out->n_nbns = (uint8_t)nbns->n_nbns;
	memcpy(out->nbns_be, nbns->nbns_be, sizeof(out->nbns_be));
	(void)value_of(r, CONFIG_POLICY_DOMAIN);
	(void)value_of(r, CONFIG_POLICY_ROUTES);
	out->dhcp_inform = value_of(r, CONFIG_POLICY_DHCP_INFORM)->dhcp_inform;
	out->relay_broadcasts =
		value_of(r, CONFIG_POLICY_BROADCASTS)->broadcasts == CONFIG_BROADCASTS_RELAY;
}

static void resolve_limits(struct resolver *r)
{
	struct policy *out = r->out;

	out->rate_up_kbps = value_of(r, CONFIG_POLICY_RATE_UP)->rate_up_kbps;
	out->rate_down_kbps = value_of(r, CONFIG_POLICY_RATE_DOWN)->rate_down_kbps;
	out->burst_ms = value_of(r, CONFIG_POLICY_BURST)->burst_ms;
	out->acl_in = index_of(r, CONFIG_POLICY_ACL_IN, value_of(r, CONFIG_POLICY_ACL_IN)->acl_in,
		config_find_acl);
	out->acl_out = index_of(r, CONFIG_POLICY_ACL_OUT,
		value_of(r, CONFIG_POLICY_ACL_OUT)->acl_out, config_find_acl);
	out->idle_timeout_s = value_of(r, CONFIG_POLICY_IDLE_TIMEOUT)->idle_timeout_s;
	out->idle_up_only = value_of(r, CONFIG_POLICY_IDLE_COUNTS)->idle_counts == CONFIG_IDLE_UP;
	out->session_timeout_s = value_of(r, CONFIG_POLICY_SESSION_TIMEOUT)->session_timeout_s;
	out->access_hours = index_of(r, CONFIG_POLICY_ACCESS_HOURS,
		value_of(r, CONFIG_POLICY_ACCESS_HOURS)->access_hours, config_find_hours);
	out->logins_max = value_of(r, CONFIG_POLICY_LOGINS)->simultaneous_logins;
	out->logins_replace =
		value_of(r, CONFIG_POLICY_LOGINS_FULL)->logins_full == CONFIG_LOGINS_REPLACE;
	out->interim_s = value_of(r, CONFIG_POLICY_INTERIM)->interim_s;
}

static uint8_t server_methods(const struct config *c)
{
	uint32_t methods = 0;

	for (uint16_t i = 0; i < c->n_auth_methods; i++)
		methods |= c->auth_methods[i];
	return (uint8_t)methods;
}

static void resolve_link(struct resolver *r)
{
	const struct config *c = r->config;
	struct policy *out = r->out;
	const struct config_policy *p;

	p = value_or_server(r, CONFIG_POLICY_AUTH_METHODS);
	out->auth_methods = p ? (uint8_t)p->auth_methods : 0;
	if (out->auth_methods == 0) {
		out->auth_methods = server_methods(c);
		out->source[CONFIG_POLICY_AUTH_METHODS] = POLICY_SERVER;
	}
	p = value_or_server(r, CONFIG_POLICY_ENCRYPTION);
	out->encryption = (uint8_t)(p ? p->encryption : c->encryption);
	p = value_or_server(r, CONFIG_POLICY_MPPE_BITS);
	out->mppe_bits = (uint8_t)(p ? p->mppe_bits : c->mppe_bits);
	p = value_or_server(r, CONFIG_POLICY_STATELESS_REQUIRED);
	out->stateless_required = p ? p->stateless_required : c->mppe_stateless_required;
	p = value_or_server(r, CONFIG_POLICY_CLIENT_ADDRESS);
	out->use_client_address = p ? p->use_client_address : c->use_client_address;
	p = value_or_server(r, CONFIG_POLICY_MTU);
	out->mtu = p ? (uint16_t)(p->mtu < LIMIT_MTU_BYTES ? p->mtu : LIMIT_MTU_BYTES) : 0;
	if (out->mtu == 0) {
		out->mtu = c->mtu;
		out->source[CONFIG_POLICY_MTU] = POLICY_SERVER;
	}
}

static void resolve_pools(struct resolver *r)
{
	const struct config_policy *p = value_of(r, CONFIG_POLICY_POOLS);

	for (uint16_t i = 0; i < p->n_pools; i++) {
		uint16_t pool = index_of(r, CONFIG_POLICY_POOLS, p->pools[i], config_find_pool);

		if (pool != CONFIG_NO_INDEX)
			r->out->pools[r->out->n_pools++] = pool;
	}
}

int policy_resolve(const struct config *c, const struct policy_levels *levels, struct policy *out,
	enum config_policy_key *missing)
{
	struct resolver r = {.config = c, .ladder = climb(c, levels), .out = out};

	*out = (struct policy){.group = levels->group};
	resolve_servers(&r);
	resolve_limits(&r);
	resolve_link(&r);
	resolve_pools(&r);
	if (missing && r.rc != 0)
		*missing = r.missing;
	return r.rc;
}

// ---- one level, kept -------------------------------------------------------------------------------

struct policy_said {
	uint32_t given;
	uint8_t bytes[]; // of each key that is given, in order
};

void policy_overlay(struct config_policy *under, const struct config_policy *over)
{
	for (unsigned int i = 0; i < CONFIG_POLICY_KEYS; i++)
		if (gives(over, i))
			memcpy((uint8_t *)under + keys[i].from,
				(const uint8_t *)over + keys[i].from, keys[i].n_bytes);
	under->given |= over->given;
}

int policy_said_new(const struct config_policy *p, struct policy_said **out)
{
	size_t n = 0;

	for (unsigned int i = 0; i < CONFIG_POLICY_KEYS; i++)
		n += gives(p, i) ? keys[i].n_bytes : 0;
	*out = NULL;
	if (n == 0)
		return 0;
	struct policy_said *said = malloc(sizeof(*said) + n);
	if (!said)
		return -ENOMEM;
	said->given = p->given;
	n = 0;
	for (unsigned int i = 0; i < CONFIG_POLICY_KEYS; i++) {
		if (!gives(p, i))
			continue;
		memcpy(said->bytes + n, (const uint8_t *)p + keys[i].from, keys[i].n_bytes);
		n += keys[i].n_bytes;
	}
	*out = said;
	return 0;
}

void policy_said_free(struct policy_said *said)
{
	free(said);
}

void policy_said_read(const struct policy_said *said, struct config_policy *out)
{
	const uint8_t *next = said ? said->bytes : NULL;

	*out = (struct config_policy){.given = said ? said->given : 0};
	for (unsigned int i = 0; i < CONFIG_POLICY_KEYS; i++) {
		if (!gives(out, i))
			continue;
		memcpy((uint8_t *)out + keys[i].from, next, keys[i].n_bytes);
		next += keys[i].n_bytes;
	}
}
