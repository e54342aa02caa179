// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_policy.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static struct config *small_config(void)
{
	static struct config_hours hours = {.name = "office"};
	struct config *c = config_new();

	c->n_acls = 2;
	snprintf(c->acls[0].name, sizeof(c->acls[0].name), "web");
	snprintf(c->acls[1].name, sizeof(c->acls[1].name), "nets");
	c->acls[1].n_rules = 2;
	c->acls[1].rules[0].action = CONFIG_ACL_PERMIT;
	c->acls[1].rules[0].to =
		(struct config_prefix){.address_be = htonl(0x0a140000), .prefix_len = 16};
	c->acls[1].rules[1].action = CONFIG_ACL_DENY;
	c->n_pools = 2;
	snprintf(c->pools[0].name, sizeof(c->pools[0].name), "gold");
	snprintf(c->pools[1].name, sizeof(c->pools[1].name), "lead");
	c->hours = &hours;
	c->n_hours = 1;
	c->n_groups = 1;
	snprintf(c->groups[0].name, sizeof(c->groups[0].name), "staff");
	c->mppe_bits = CONFIG_MPPE_128 | CONFIG_MPPE_56;
	return c;
}

static void free_config(struct config *c)
{
	c->hours = NULL;
	c->n_hours = 0;
	config_free(c);
}

static enum radius_policy_verdict take(const struct config *c, uint32_t vendor, uint8_t type,
	struct span value, struct config_policy *p)
{
	const struct radius_attribute a = {.vendor = vendor, .type = type, .value = value};
	const char *why = NULL;
	enum radius_policy_verdict v = radius_policy_take(c, &a, p, &why);

	EXPECT_EQ(v == RADIUS_POLICY_TAKEN || v == RADIUS_POLICY_OTHER, why == NULL);
	return v;
}

#define TEXT(t) span_of(t, sizeof(t) - 1)
#define U32(v)	span_of("\0\0\0" v, 4)

TEST(radius_policy, every_attribute_has_its_key)
{
	static const struct {
		uint32_t vendor;
		uint8_t type;
		struct span value;
		enum config_policy_key key;
	} cases[] = {
		{0, 11, {(const uint8_t *)"web", 3}, CONFIG_POLICY_ACL_IN},
		{0, 11, {(const uint8_t *)"web.in", 6}, CONFIG_POLICY_ACL_IN},
		{0, 11, {(const uint8_t *)"web.out", 7}, CONFIG_POLICY_ACL_OUT},
		{0, 12, {(const uint8_t *)"\0\0\5\x78", 4}, CONFIG_POLICY_MTU},
		{0, 27, {(const uint8_t *)"\0\0\0\x0a", 4}, CONFIG_POLICY_SESSION_TIMEOUT},
		{0, 28, {(const uint8_t *)"\0\0\0\x0a", 4}, CONFIG_POLICY_IDLE_TIMEOUT},
		{0, 62, {(const uint8_t *)"\0\0\0\x01", 4}, CONFIG_POLICY_LOGINS},
		{0, 85, {(const uint8_t *)"\0\0\0\x0a", 4}, CONFIG_POLICY_INTERIM},
		{0, 88, {(const uint8_t *)"gold", 4}, CONFIG_POLICY_POOLS},
		{311, 28, {(const uint8_t *)"\x0a\0\0\1", 4}, CONFIG_POLICY_DNS},
		{311, 31, {(const uint8_t *)"\x0a\0\0\1", 4}, CONFIG_POLICY_NBNS},
		{311, 7, {(const uint8_t *)"\0\0\0\2", 4}, CONFIG_POLICY_ENCRYPTION},
		{311, 8, {(const uint8_t *)"\0\0\0\6", 4}, CONFIG_POLICY_MPPE_BITS},
		{3076, 1, {(const uint8_t *)"office", 6}, CONFIG_POLICY_ACCESS_HOURS},
		{3076, 2, {(const uint8_t *)"\0\0\0\3", 4}, CONFIG_POLICY_LOGINS},
		{3076, 5, {(const uint8_t *)"\x0a\0\0\1", 4}, CONFIG_POLICY_DNS},
		{3076, 8, {(const uint8_t *)"\x0a\0\0\1", 4}, CONFIG_POLICY_NBNS},
		{3076, 17, {(const uint8_t *)"\0\0\0\1", 4}, CONFIG_POLICY_CLIENT_ADDRESS},
		{3076, 18, {(const uint8_t *)"\0\0\0\x40", 4}, CONFIG_POLICY_AUTH_METHODS},
		{3076, 20, {(const uint8_t *)"\0\0\0\x0d", 4}, CONFIG_POLICY_STATELESS_REQUIRED},
		{3076, 27, {(const uint8_t *)"nets", 4}, CONFIG_POLICY_ROUTES},
		{3076, 28, {(const uint8_t *)"example.org", 11}, CONFIG_POLICY_DOMAIN},
		{3076, 55, {(const uint8_t *)"\0\0\0\0", 4}, CONFIG_POLICY_ROUTES},
		{3076, 62, {(const uint8_t *)"\0\0\0\1", 4}, CONFIG_POLICY_DHCP_INFORM},
		{3076, 86, {(const uint8_t *)"web", 3}, CONFIG_POLICY_ACL_IN},
		{3076, 87, {(const uint8_t *)"web", 3}, CONFIG_POLICY_ACL_OUT},
		{3076, 217, {(const uint8_t *)"gold,lead", 9}, CONFIG_POLICY_POOLS},
		{14122, 7, {(const uint8_t *)"\0\1\x86\xa0", 4}, CONFIG_POLICY_RATE_UP},
		{14122, 8, {(const uint8_t *)"\0\1\x86\xa0", 4}, CONFIG_POLICY_RATE_DOWN},
		{14988, 8, {(const uint8_t *)"1M/2M", 5}, CONFIG_POLICY_RATE_DOWN},
	};
	struct config *c = small_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct config_policy p = {0};
		EXPECT_EQ(RADIUS_POLICY_TAKEN,
			take(c, cases[i].vendor, cases[i].type, cases[i].value, &p));
		EXPECT_TRUE(p.given & 1u << cases[i].key);
		if (cases[i].value.len == 4 && cases[i].key != CONFIG_POLICY_POOLS &&
			cases[i].key != CONFIG_POLICY_ROUTES) // numbers have four bytes
			EXPECT_EQ(RADIUS_POLICY_BAD,
				take(c, cases[i].vendor, cases[i].type, TEXT("\0\1"), &p));
	}
	free_config(c);
}

TEST(radius_policy, values_are_what_was_said)
{
	struct config *c = small_config();
	struct config_policy p = {0};

	take(c, 14988, 8, TEXT("512k/10M 1M/20M 256k/5M 8"), &p);
	EXPECT_EQ(512, p.rate_up_kbps);
	EXPECT_EQ(10000, p.rate_down_kbps);
	take(c, 14988, 8, TEXT("64001"), &p);
	EXPECT_EQ(65, p.rate_up_kbps); // never less than was said
	EXPECT_EQ(65, p.rate_down_kbps);
	take(c, 0, 85, U32("\x0a"), &p);
	EXPECT_EQ(60, p.interim_s);
	take(c, 311, 29, span_of("\x0a\0\0\2", 4), &p); // the second one first
	take(c, 311, 28, span_of("\x0a\0\0\1", 4), &p);
	EXPECT_EQ(2, p.n_dns);
	EXPECT_EQ(htonl(0x0a000001), p.dns_be[0]);
	EXPECT_EQ(htonl(0x0a000002), p.dns_be[1]);
	take(c, 3076, 217, TEXT("gold , lead,"), &p);
	EXPECT_EQ(2, p.n_pools);
	EXPECT_STREQ("lead", p.pools[1]);
	take(c, 3076, 27, TEXT("nets"), &p);
	ASSERT_EQ(1, p.n_routes); // what is denied is not in the list
	EXPECT_EQ(16, p.routes[0].prefix_len);
	take(c, 3076, 27, TEXT("10.1.2.3/16, 192.168.0.0/24"), &p);
	ASSERT_EQ(2, p.n_routes);
	EXPECT_EQ(htonl(0x0a010000), p.routes[0].address_be);
	free_config(c);
}

// RADIUS may ask for more encryption than the configuration, and not for less.
TEST(radius_policy, s4_encryption_is_never_weakened)
{
	struct config *c = small_config();
	struct config_policy p = {0};

	EXPECT_EQ(RADIUS_POLICY_OTHER, take(c, 311, 7, U32("\1"), &p));
	EXPECT_EQ(RADIUS_POLICY_OTHER, take(c, 311, 8, U32("\2"), &p)); // 40 bit alone
	EXPECT_EQ(0, p.given);
	EXPECT_EQ(RADIUS_POLICY_TAKEN, take(c, 311, 8, U32("\6"), &p));
	EXPECT_EQ(CONFIG_MPPE_128, p.mppe_bits);
	EXPECT_EQ(RADIUS_POLICY_TAKEN, take(c, 3076, 20, U32("\6"), &p));
	EXPECT_FALSE(p.given & 1u << CONFIG_POLICY_ENCRYPTION);
	free_config(c);
}

TEST(radius_policy, what_is_not_configured_is_told)
{
	static const struct {
		uint32_t vendor;
		uint8_t type;
		const char *name;
	} cases[] = {
		{0, 11, "wob"},
		{0, 11, "wob.out"},
		{0, 11, ".in"},
		{0, 88, "silver"},
		{3076, 1, "night"},
		{3076, 27, "wob"},
		{3076, 86, "wob"},
		{3076, 87, "a-name-that-is-longer-than-any-name-may-be"},
		{3076, 217, "gold,silver"},
	};
	struct config *c = small_config();
	struct config_policy p = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(RADIUS_POLICY_UNKNOWN,
			take(c, cases[i].vendor, cases[i].type, span_of_text(cases[i].name), &p));
	}
	EXPECT_EQ(RADIUS_POLICY_FORBIDS, take(c, 3076, 11, U32("\4"), &p));
	EXPECT_EQ(RADIUS_POLICY_BAD, take(c, 14988, 8, TEXT("fast"), &p));
	EXPECT_EQ(RADIUS_POLICY_BAD, take(c, 14988, 8, TEXT("1M/"), &p));
	EXPECT_EQ(RADIUS_POLICY_OTHER, take(c, 9, 1, TEXT("x"), &p));
	free_config(c);
}

TEST(radius_policy, a_group_is_named_by_class_or_by_vpn3000)
{
	static const struct {
		uint32_t vendor;
		uint8_t type;
		const char *text;
		enum radius_policy_verdict wanted;
	} cases[] = {
		{0, 25, "OU=staff;", RADIUS_POLICY_TAKEN},
		{0, 25, "OU=staff", RADIUS_POLICY_TAKEN},
		{3076, 137, "staff", RADIUS_POLICY_TAKEN},
		{0, 25, "OU=guests;", RADIUS_POLICY_UNKNOWN},
		{0, 25, "OU=;", RADIUS_POLICY_UNKNOWN},
		{3076, 137, "guests", RADIUS_POLICY_UNKNOWN},
		{0, 25, "opaque", RADIUS_POLICY_OTHER},
		{0, 24, "OU=staff;", RADIUS_POLICY_OTHER},
	};
	struct config *c = small_config();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		const struct radius_attribute a = {.vendor = cases[i].vendor,
			.type = cases[i].type,
			.value = span_of_text(cases[i].text)};
		uint16_t group = 77;
		const char *why;
		EXPECT_EQ(cases[i].wanted, radius_policy_group(c, &a, &group, &why));
		EXPECT_EQ(cases[i].wanted == RADIUS_POLICY_TAKEN ? 0 : 77, group);
	}
	free_config(c);
}
