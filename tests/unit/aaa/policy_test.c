// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/policy.h"

#include "shim/shim.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVELS = POLICY_COA - POLICY_BASE + 1, GUESTS = 1, N_NAMES = LEVELS };

// One world: two groups, and as many lists, hours and pools as there are levels, so that each can name its own.
struct world {
	struct config *c;
	struct config_policy own[3]; // user, RADIUS, CoA
	struct policy_levels levels;
	struct policy p;
};

static void open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->c = config_new();
	config_add_base_group(w->c);
	snprintf(w->c->groups[GUESTS].name, sizeof(w->c->groups[GUESTS].name), "guests");
	w->c->groups[GUESTS].policy = w->c->groups[w->c->base_group].policy;
	w->c->n_groups = 2;
	w->c->n_acls = w->c->n_pools = w->c->n_hours = N_NAMES;
	w->c->hours = calloc(N_NAMES, sizeof(w->c->hours[0]));
	for (int i = 0; i < N_NAMES; i++) {
		snprintf(w->c->acls[i].name, sizeof(w->c->acls[i].name), "acl%d", i);
		snprintf(w->c->pools[i].name, sizeof(w->c->pools[i].name), "pool%d", i);
		snprintf(w->c->hours[i].name, sizeof(w->c->hours[i].name), "hours%d", i);
	}
	w->c->n_auth_methods = 1;
	w->c->auth_methods[0] = CONFIG_AUTH_MSCHAPV2;
	w->c->encryption = CONFIG_ENCRYPTION_DENY;
	w->c->mppe_bits = 0;
	w->c->mtu = 1400;
	w->levels = (struct policy_levels){
		.group = GUESTS, .user = &w->own[0], .radius = &w->own[1], .coa = &w->own[2]};
}

static void close_world(struct world *w)
{
	config_free(w->c);
}

static struct config_policy *level_of(struct world *w, enum policy_source source)
{
	if (source == POLICY_BASE)
		return &w->c->groups[w->c->base_group].policy;
	return source == POLICY_GROUP ? &w->c->groups[GUESTS].policy
				      : &w->own[source - POLICY_USER];
}

// Each key with a value that says which level it is of: n is 1 to 5, or for a flag and a choice its lowest bit.
static void give(struct world *w, enum policy_source source, enum config_policy_key key)
{
	struct config_policy *p = level_of(w, source);
	uint32_t n = source - POLICY_BASE + 1;

	p->given |= UINT32_C(1) << key;
	switch (key) {
	case CONFIG_POLICY_DNS:
		p->n_dns = 1;
		p->dns_be[0] = n;
		break;
	case CONFIG_POLICY_NBNS:
		p->n_nbns = 2;
		p->nbns_be[1] = n;
		break;
	case CONFIG_POLICY_DOMAIN:
		snprintf(p->domain, sizeof(p->domain), "d%u.example", n);
		break;
	case CONFIG_POLICY_ROUTES:
		p->n_routes = LIMIT_GROUP_ROUTES;
		p->routes[LIMIT_GROUP_ROUTES - 1] = (struct config_prefix){n, 32};
		break;
	case CONFIG_POLICY_DHCP_INFORM:
		p->dhcp_inform = n & 1;
		break;
	case CONFIG_POLICY_BROADCASTS:
		p->broadcasts = n & 1 ? CONFIG_BROADCASTS_RELAY : CONFIG_BROADCASTS_DROP;
		break;
	case CONFIG_POLICY_RATE_UP:
		p->rate_up_kbps = n;
		break;
	case CONFIG_POLICY_RATE_DOWN:
		p->rate_down_kbps = n;
		break;
	case CONFIG_POLICY_BURST:
		p->burst_ms = n;
		break;
	case CONFIG_POLICY_ACL_IN:
		snprintf(p->acl_in, sizeof(p->acl_in), "acl%u", n - 1);
		break;
	case CONFIG_POLICY_ACL_OUT:
		snprintf(p->acl_out, sizeof(p->acl_out), "acl%u", n - 1);
		break;
	case CONFIG_POLICY_IDLE_TIMEOUT:
		p->idle_timeout_s = n;
		break;
	case CONFIG_POLICY_IDLE_COUNTS:
		p->idle_counts = n & 1 ? CONFIG_IDLE_UP : CONFIG_IDLE_BOTH;
		break;
	case CONFIG_POLICY_SESSION_TIMEOUT:
		p->session_timeout_s = n;
		break;
	case CONFIG_POLICY_ACCESS_HOURS:
		snprintf(p->access_hours, sizeof(p->access_hours), "hours%u", n - 1);
		break;
	case CONFIG_POLICY_LOGINS:
		p->simultaneous_logins = n;
		break;
	case CONFIG_POLICY_LOGINS_FULL:
		p->logins_full = n & 1 ? CONFIG_LOGINS_REPLACE : CONFIG_LOGINS_REFUSE;
		break;
	case CONFIG_POLICY_AUTH_METHODS:
		p->auth_methods = n;
		break;
	case CONFIG_POLICY_ENCRYPTION:
		p->encryption = n & 1 ? CONFIG_ENCRYPTION_REQUIRE : CONFIG_ENCRYPTION_ALLOW;
		break;
	case CONFIG_POLICY_MPPE_BITS:
		p->mppe_bits = n;
		break;
	case CONFIG_POLICY_STATELESS_REQUIRED:
		p->stateless_required = n & 1;
		break;
	case CONFIG_POLICY_POOLS:
		p->n_pools = 2;
		snprintf(p->pools[0], sizeof(p->pools[0]), "pool%u", n - 1);
		snprintf(p->pools[1], sizeof(p->pools[1]), "pool%u", n % N_NAMES);
		break;
	case CONFIG_POLICY_CLIENT_ADDRESS:
		p->use_client_address = n & 1;
		break;
	case CONFIG_POLICY_MTU:
		p->mtu = 1000 + n;
		break;
	case CONFIG_POLICY_INTERIM:
		p->interim_s = n;
		break;
	case CONFIG_POLICY_KEYS:
		break;
	}
}

// Which level's value is in the result: n as above; a key with two values has n & 1.
static uint32_t value_of(const struct world *w, enum config_policy_key key)
{
	const struct policy *p = &w->p;
	const struct config_policy *giver = policy_giver(w->c, &w->levels, p, key);

	switch (key) {
	case CONFIG_POLICY_DNS:
		return p->n_dns == 1 ? p->dns_be[0] : 0;
	case CONFIG_POLICY_NBNS:
		return p->n_nbns == 2 ? p->nbns_be[1] : 0;
	case CONFIG_POLICY_DOMAIN:
		return giver->domain[0] ? (uint32_t)(giver->domain[1] - '0') : 0;
	case CONFIG_POLICY_ROUTES:
		return giver->n_routes ? giver->routes[LIMIT_GROUP_ROUTES - 1].address_be : 0;
	case CONFIG_POLICY_DHCP_INFORM:
		return p->dhcp_inform;
	case CONFIG_POLICY_BROADCASTS:
		return p->relay_broadcasts;
	case CONFIG_POLICY_RATE_UP:
		return p->rate_up_kbps;
	case CONFIG_POLICY_RATE_DOWN:
		return p->rate_down_kbps;
	case CONFIG_POLICY_BURST:
		return p->burst_ms;
	case CONFIG_POLICY_ACL_IN:
		return (uint16_t)(p->acl_in + 1);
	case CONFIG_POLICY_ACL_OUT:
		return (uint16_t)(p->acl_out + 1);
	case CONFIG_POLICY_IDLE_TIMEOUT:
		return p->idle_timeout_s;
	case CONFIG_POLICY_IDLE_COUNTS:
		return p->idle_up_only;
	case CONFIG_POLICY_SESSION_TIMEOUT:
		return p->session_timeout_s;
	case CONFIG_POLICY_ACCESS_HOURS:
		return (uint16_t)(p->access_hours + 1);
	case CONFIG_POLICY_LOGINS:
		return p->logins_max;
	case CONFIG_POLICY_LOGINS_FULL:
		return p->logins_replace;
	case CONFIG_POLICY_AUTH_METHODS:
		return p->auth_methods;
	case CONFIG_POLICY_ENCRYPTION:
		return p->encryption == CONFIG_ENCRYPTION_REQUIRE;
	case CONFIG_POLICY_MPPE_BITS:
		return p->mppe_bits;
	case CONFIG_POLICY_STATELESS_REQUIRED:
		return p->stateless_required;
	case CONFIG_POLICY_POOLS:
		EXPECT_EQ(p->n_pools == 2 ? p->pools[1] : 1,
			p->n_pools == 2 ? (p->pools[0] + 1) % N_NAMES : 1);
		return p->n_pools == 2 ? p->pools[0] + 1u : 0;
	case CONFIG_POLICY_CLIENT_ADDRESS:
		return p->use_client_address;
	case CONFIG_POLICY_MTU:
		return p->mtu - 1000u;
	case CONFIG_POLICY_INTERIM:
		return p->interim_s;
	case CONFIG_POLICY_KEYS:
		break;
	}
	return UINT32_MAX;
}

static bool has_two_values(enum config_policy_key key)
{
	switch (key) {
	case CONFIG_POLICY_DHCP_INFORM:
	case CONFIG_POLICY_BROADCASTS:
	case CONFIG_POLICY_IDLE_COUNTS:
	case CONFIG_POLICY_LOGINS_FULL:
	case CONFIG_POLICY_ENCRYPTION:
	case CONFIG_POLICY_STATELESS_REQUIRED:
	case CONFIG_POLICY_CLIENT_ADDRESS:
		return true;
	default:
		return false;
	}
}

static bool is_of_server(enum config_policy_key key)
{
	return key == CONFIG_POLICY_AUTH_METHODS || key == CONFIG_POLICY_ENCRYPTION ||
	       key == CONFIG_POLICY_MPPE_BITS || key == CONFIG_POLICY_STATELESS_REQUIRED ||
	       key == CONFIG_POLICY_CLIENT_ADDRESS || key == CONFIG_POLICY_MTU;
}

// Every key, every set of the five levels that says something of it.
TEST(policy, s2_the_most_specific_level_wins)
{
	for (int key = 0; key < CONFIG_POLICY_KEYS; key++) {
		for (unsigned int set = 1; set < 1u << LEVELS; set++) {
			static struct world w;
			unsigned int top = 0;

			SHIM_TRACE_CASE(key * 100 + (int)set);
			open_world(&w);
			for (unsigned int i = 0; i < LEVELS; i++) {
				if (!(set & 1u << i))
					continue;
				give(&w, POLICY_BASE + i, (enum config_policy_key)key);
				top = i;
			}
			ASSERT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
			EXPECT_EQ(w.p.source[key], POLICY_BASE + top);
			EXPECT_EQ(value_of(&w, (enum config_policy_key)key),
				has_two_values((enum config_policy_key)key) ? (top + 1) & 1
									    : top + 1);
			// And nothing else has changed its place.
			for (int other = 0; other < CONFIG_POLICY_KEYS; other++)
				if (other != key)
					EXPECT_EQ(w.p.source[other],
						is_of_server((enum config_policy_key)other)
							? POLICY_SERVER
							: POLICY_DEFAULT);
			close_world(&w);
		}
	}
}

// Levels chosen at random, key by key: no key depends on another one.
TEST(policy, keys_are_inherited_one_by_one)
{
	uint64_t random = 1;

	for (int round = 0; round < 300; round++) {
		static struct world w;
		int top[CONFIG_POLICY_KEYS];

		SHIM_TRACE_CASE(round);
		open_world(&w);
		for (int key = 0; key < CONFIG_POLICY_KEYS; key++) {
			top[key] = -1;
			for (int i = 0; i < LEVELS; i++) {
				random = random * UINT64_C(6364136223846793005) +
					 1442695040888963407u;
				if (random >> 62)
					continue;
				give(&w, (enum policy_source)(POLICY_BASE + i),
					(enum config_policy_key)key);
				top[key] = i;
			}
		}
		ASSERT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
		for (int key = 0; key < CONFIG_POLICY_KEYS; key++) {
			if (top[key] < 0) {
				EXPECT_LE(w.p.source[key], POLICY_SERVER);
				continue;
			}
			EXPECT_EQ(w.p.source[key], POLICY_BASE + top[key]);
			EXPECT_EQ(value_of(&w, (enum config_policy_key)key) & 1,
				(uint32_t)(top[key] + 1) & 1);
		}
		close_world(&w);
	}
}

TEST(policy, is_of_the_server_where_nobody_says_anything)
{
	static struct world w;

	open_world(&w);
	w.c->n_auth_methods = 2;
	w.c->auth_methods[1] = CONFIG_AUTH_PAP;
	w.c->encryption = CONFIG_ENCRYPTION_PREFER;
	w.c->mppe_bits = CONFIG_MPPE_128 | CONFIG_MPPE_40;
	w.c->mppe_stateless_required = true;
	w.c->use_client_address = true;
	w.levels = (struct policy_levels){.group = w.c->base_group};
	ASSERT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
	EXPECT_EQ(w.p.auth_methods, CONFIG_AUTH_MSCHAPV2 | CONFIG_AUTH_PAP);
	EXPECT_EQ(w.p.encryption, CONFIG_ENCRYPTION_PREFER);
	EXPECT_EQ(w.p.mppe_bits, CONFIG_MPPE_128 | CONFIG_MPPE_40);
	EXPECT_TRUE(w.p.stateless_required);
	EXPECT_TRUE(w.p.use_client_address);
	EXPECT_EQ(w.p.mtu, 1400);
	EXPECT_EQ(w.p.acl_in, CONFIG_NO_INDEX);
	EXPECT_EQ(w.p.access_hours, CONFIG_NO_INDEX);
	EXPECT_EQ(w.p.n_pools, 0);
	EXPECT_EQ(w.p.group, w.c->base_group);
	EXPECT_EQ(policy_giver(w.c, &w.levels, &w.p, CONFIG_POLICY_ROUTES),
		&w.c->groups[w.c->base_group].policy);
	close_world(&w);
}

// 0 gives the word back to the server, and takes it from the levels beneath; an MTU that no packet can have is cut.
TEST(policy, zero_is_what_the_server_says)
{
	static struct world w;

	open_world(&w);
	give(&w, POLICY_BASE, CONFIG_POLICY_MTU);
	give(&w, POLICY_BASE, CONFIG_POLICY_AUTH_METHODS);
	give(&w, POLICY_USER, CONFIG_POLICY_MTU);
	give(&w, POLICY_USER, CONFIG_POLICY_AUTH_METHODS);
	w.own[0].mtu = w.own[0].auth_methods = 0;
	ASSERT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
	EXPECT_EQ(w.p.mtu, 1400);
	EXPECT_EQ(w.p.source[CONFIG_POLICY_MTU], POLICY_SERVER);
	EXPECT_EQ(w.p.auth_methods, CONFIG_AUTH_MSCHAPV2);
	EXPECT_EQ(w.p.source[CONFIG_POLICY_AUTH_METHODS], POLICY_SERVER);
	w.own[0].mtu = 65535;
	ASSERT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
	EXPECT_EQ(w.p.mtu, LIMIT_MTU_BYTES);
	close_world(&w);
}

static const struct {
	enum config_policy_key key;
	size_t name; // of the first
} names[] = {
	{CONFIG_POLICY_ACL_IN, offsetof(struct config_policy, acl_in)},
	{CONFIG_POLICY_ACL_OUT, offsetof(struct config_policy, acl_out)},
	{CONFIG_POLICY_ACCESS_HOURS, offsetof(struct config_policy, access_hours)},
	{CONFIG_POLICY_POOLS, offsetof(struct config_policy, pools)},
};

// A misspelt access list of RADIUS must not be no list at all.
TEST(policy, tells_what_the_configuration_does_not_have)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		static struct world w;
		enum config_policy_key missing = CONFIG_POLICY_KEYS;

		SHIM_TRACE_CASE((long long)i);
		open_world(&w);
		give(&w, POLICY_RADIUS, names[i].key);
		strcpy((char *)&w.own[1] + names[i].name, "nobody");
		EXPECT_EQ(policy_resolve(w.c, &w.levels, &w.p, &missing), -ENOENT);
		EXPECT_EQ(missing, names[i].key);
		EXPECT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), -ENOENT);
		give(&w, POLICY_COA, names[i].key); // which takes its place
		EXPECT_EQ(policy_resolve(w.c, &w.levels, &w.p, NULL), 0);
		close_world(&w);
	}
}

TEST(policy, what_a_level_says_is_kept_and_read_again)
{
	for (int key = -1; key <= CONFIG_POLICY_KEYS; key++) {
		static struct world w;
		struct policy_said *said;
		struct config_policy back;

		SHIM_TRACE_CASE(key);
		open_world(&w);
		for (int k = 0; k < CONFIG_POLICY_KEYS; k++)
			if (k == key || key == CONFIG_POLICY_KEYS)
				give(&w, POLICY_RADIUS, (enum config_policy_key)k);
		ASSERT_EQ(policy_said_new(&w.own[1], &said), 0);
		EXPECT_EQ(said == NULL, key == -1);
		policy_said_read(said, &back);
		EXPECT_MEMEQ(&back, &w.own[1], sizeof(back));
		policy_said_free(said);
		close_world(&w);
	}
}

TEST(policy, an_overlay_changes_what_it_gives)
{
	static struct world w;
	struct config_policy under;

	open_world(&w);
	give(&w, POLICY_RADIUS, CONFIG_POLICY_RATE_UP);
	give(&w, POLICY_RADIUS, CONFIG_POLICY_ROUTES);
	give(&w, POLICY_COA, CONFIG_POLICY_RATE_UP);
	give(&w, POLICY_COA, CONFIG_POLICY_DOMAIN);
	w.own[2].rate_down_kbps = 77; // not given
	under = w.own[1];
	policy_overlay(&under, &w.own[2]);
	EXPECT_EQ(under.given, UINT32_C(1) << CONFIG_POLICY_RATE_UP |
				       UINT32_C(1) << CONFIG_POLICY_ROUTES |
				       UINT32_C(1) << CONFIG_POLICY_DOMAIN);
	EXPECT_EQ(under.rate_up_kbps, 5);
	EXPECT_EQ(under.rate_down_kbps, 0);
	EXPECT_STREQ(under.domain, "d5.example");
	EXPECT_EQ(under.routes[LIMIT_GROUP_ROUTES - 1].address_be, 4);
	close_world(&w);
}

TEST(policy, has_a_name_for_each_key_and_level)
{
	for (int i = 0; i < CONFIG_POLICY_KEYS; i++)
		for (int k = 0; k < i; k++)
			EXPECT_NE(strcmp(policy_key_name((enum config_policy_key)i),
					  policy_key_name((enum config_policy_key)k)),
				0);
	EXPECT_STREQ(policy_key_name(CONFIG_POLICY_KEYS), "?");
	EXPECT_STREQ(policy_source_name(POLICY_DEFAULT), "default");
	EXPECT_STREQ(policy_source_name(POLICY_COA), "coa");
	EXPECT_STREQ(policy_source_name((enum policy_source)(POLICY_COA + 1)), "?");
}
