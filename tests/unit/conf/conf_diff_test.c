// SPDX-License-Identifier: BSD-3-Clause
// What is different between two configurations, and how the second gets the numbers of the first.
#include "conf/conf_diff.h"

#include "conf/conf_settle.h"
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>

#define BASE LOAD_TEST_PORTS LOAD_TEST_POOLS
#define ANN  "{ name = \"ann\"; password = \"hush-hush\"; }"

static struct config *load(const char *text)
{
	static struct config_errors errors;
	struct config *c = config_new();

	if (config_load_text(text, "t", c, &errors) != 0) {
		config_errors_print(&errors, stderr);
		abort();
	}
	return c;
}

// "key: old -> new (takes)", a line each.
static const char *describe(const char *old_text, const char *fresh_text)
{
	static char out[8192];
	struct config *old = load(old_text), *fresh = load(fresh_text);
	struct conf_diff diff;

	out[0] = '\0';
	EXPECT_EQ(0, conf_diff(old, fresh, &diff));
	uint32_t n_restart = 0;
	for (uint32_t i = 0; i < diff.n; i++) {
		const struct conf_change *c = &diff.changes[i];
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s: %s -> %s (%s)\n",
			c->key, c->old_value, c->new_value, conf_diff_takes_name(c->takes));
		n_restart += c->takes == SCHEMA_TAKES_RESTART;
	}
	EXPECT_EQ(n_restart, diff.n_restart);
	conf_diff_free(&diff);
	config_free(old);
	config_free(fresh);
	return out;
}

TEST(conf_diff, key_by_key)
{
	static const struct {
		const char *old_text, *fresh_text, *wanted;
	} cases[] = {
		{LOAD_TEST_MINIMAL, LOAD_TEST_MINIMAL, ""},
		// A default that is written down is no change.
		{LOAD_TEST_MINIMAL, LOAD_TEST_MINIMAL "ppp = { mtu = 1400; };", ""},
		{LOAD_TEST_MINIMAL, LOAD_TEST_MINIMAL "ppp = { mtu = 1300; };",
			"ppp.mtu: 1400 -> 1300 (new calls)\n"},
		{LOAD_TEST_MINIMAL, LOAD_TEST_MINIMAL "log = { level = \"debug\"; };",
			"log.level: \"info\" -> \"debug\" (at once)\n"},
		{LOAD_TEST_MINIMAL, LOAD_TEST_MINIMAL "lanes = { workers = [1, 2]; };",
			"lanes.workers: [1] -> [1, 2] (restart)\n"},
		{LOAD_TEST_MINIMAL,
			LOAD_TEST_MINIMAL "name = \"x\"; encryption = { strengths = [128, 40]; };",
			"name: \"adit\" -> \"x\" (new calls)\n"
			"encryption.strengths: [\"128\"] -> [\"128\", \"40\"] (new calls)\n"},
		{BASE "users = (" ANN ");",
			BASE "users = ({ name = \"ann\"; password = \"other\"; });",
			"users.ann.password: (secret) -> changed (new calls)\n"},
		{BASE "users = (" ANN ");",
			BASE "users = ({ name = \"ann\"; nt_hash = "
			     "\"00112233445566778899aabbccddeeff\"; });",
			"users.ann.password: (secret) -> changed (new calls)\n"
			"users.ann.nt_hash: (none) -> changed (new calls)\n"},
		// In another order it is the same.
		{BASE "users = (" ANN ", { name = \"bob\"; password = \"b\"; });",
			BASE "users = ({ name = \"bob\"; password = \"b\"; }, " ANN ");", ""},
		{BASE "users = (" ANN ", { name = \"bob\"; password = \"b\"; });",
			BASE "users = ({ name = \"eve\"; password = \"b\"; }, " ANN ");",
			"users.bob: there -> - (at once)\nusers.eve: - -> new (at once)\n"},
		{LOAD_TEST_MINIMAL "groups = ({ name = \"g\"; rate_up_kbps = 64; routes = "
				   "[\"10.0.0.0/8\"]; });",
			LOAD_TEST_MINIMAL "groups = ({ name = \"g\"; rate_up_kbps = 128; routes = "
					  "[\"11.0.0.0/8\"]; });",
			"groups.g.routes: [10.0.0.0/8] -> [11.0.0.0/8] (new calls)\n"
			"groups.g.rate_up_kbps: 64 -> 128 (at once)\n"},
		// What is given, also as the default, is not inherited.
		{LOAD_TEST_MINIMAL "groups = ({ name = \"g\"; rate_up_kbps = 64; });",
			LOAD_TEST_MINIMAL
			"groups = ({ name = \"g\"; rate_up_kbps = 64; burst_ms = 200; });",
			"groups.g.burst_ms: (none) -> 200 (at once)\n"},
		{LOAD_TEST_MINIMAL,
			LOAD_TEST_MINIMAL "groups = ({ name = \"g\"; rate_up_kbps = 64; });",
			"groups.g: - -> new (at once)\n"
			"the first rate, access list, idle time or RADIUS server of all: - -> new "
			"(restart)\n"},
		{LOAD_TEST_MINIMAL "acls = ({ name = \"a\"; rules = ({ action = \"deny\"; ports = "
				   "1; protocol = "
				   "\"tcp\"; }); });",
			LOAD_TEST_MINIMAL
			"acls = ({ name = \"a\"; rules = ({ action = \"deny\"; ports = 2; "
			"protocol = \"tcp\"; }); });",
			"acls.a.rules: 1 entries -> changed (at once)\n"},
		{LOAD_TEST_MINIMAL
			"access_hours = ({ name = \"h\"; when = [\"sat,sun 08:00-09:30\"]; });",
			LOAD_TEST_MINIMAL
			"access_hours = ({ name = \"h\"; when = [\"mon 08:00-09:30\"]; });",
			"access_hours.h.when: [sun sat 08:00-09:30] -> [mon 08:00-09:30] (at "
			"once)\n"},
		{LOAD_TEST_MINIMAL,
			LOAD_TEST_MINIMAL "log_classes = ({ class = \"PPP\"; console = 3; });",
			"log_classes.\"PPP\": - -> new (at once)\n"},
		{LOAD_TEST_MINIMAL,
			LOAD_TEST_MINIMAL "tenants = ({ name = \"default\"; max_calls = 5; });",
			"tenants.default.max_calls: 0 -> 5 (new calls)\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_STREQ(cases[i].wanted, describe(cases[i].old_text, cases[i].fresh_text));
	}
}

// Secrets of RADIUS are not told either, nor is their length.
TEST(conf_diff, secrets_are_not_told)
{
	const char *told = describe(LOAD_TEST_MINIMAL
		"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; secret = "
		"\"an old secret of the server\"; });",
		LOAD_TEST_MINIMAL
		"radius_servers = ({ name = \"one\"; address = \"10.20.0.6\"; secret = "
		"\"a new secret of the server\"; });");

	EXPECT_STREQ("radius_servers.one.address: 10.20.0.5 -> 10.20.0.6 (new calls)\n"
		     "radius_servers.one.secret: (secret) -> changed (new calls)\n",
		told);
}

#define POOL(name, net)                                                                          \
	"{ name = \"" name "\"; range = \"10." net ".0.10-10." net ".0.20\"; server = \"10." net \
	".0.1\"; }"
#define TENANT(name) "{ name = \"" name "\"; pools = [\"" name "\"]; group = \"" name "\"; }"
#define GROUP(name)  "{ name = \"" name "\"; rate_up_kbps = 64; }"
#define ALL(a, b)                                                                                    \
	LOAD_TEST_PORTS LOAD_TEST_USERS "pools = (" POOL("p", "9") ", " POOL(a, "1") ", " POOL(b,    \
		"2") ");\ngroups = (" GROUP(a) ", " GROUP(b) ");\ntenants = (" TENANT(a) ","         \
											 " " TENANT( \
												 b) ");\n"

TEST(conf_diff, numbers_stay)
{
	struct config *old = load(ALL("red", "blue")), *fresh = load(ALL("blue", "green"));
	struct config *third = load(ALL("yellow", "blue"));

	// Calls of red may be up still: nobody else gets its number in the same go.
	ASSERT_EQ(0, conf_settle(fresh, old));
	ASSERT_EQ(4, fresh->n_tenants);
	EXPECT_STREQ("default", fresh->tenants[0].name);
	EXPECT_STREQ("", fresh->tenants[1].name);
	EXPECT_STREQ("blue", fresh->tenants[2].name);
	EXPECT_STREQ("green", fresh->tenants[3].name);
	EXPECT_EQ(fresh->base_group, fresh->tenants[1].group_index);
	EXPECT_EQ(0, fresh->tenants[1].n_listen);
	ASSERT_EQ(4, fresh->n_pools);
	EXPECT_STREQ("p", fresh->pools[0].name);
	EXPECT_STREQ("", fresh->pools[1].name);
	EXPECT_GT(fresh->pools[1].first, fresh->pools[1].last);
	EXPECT_EQ(2, fresh->pools[2].tenant_number);
	EXPECT_EQ(3, fresh->pools[3].tenant_number);
	EXPECT_EQ(htonl(0x0a010001), fresh->pools[2].server_inner_be); // what the new file says
	EXPECT_EQ(config_find_group(fresh, "green"), fresh->tenants[3].group_index);
	EXPECT_EQ(config_find_group(old, "blue"), config_find_group(fresh, "blue"));
	EXPECT_EQ(old->base_group, fresh->base_group);
	EXPECT_TRUE(config_find_user(fresh, 0, span_of_text("ann")) != NULL);

	// In the next one the place is free.
	ASSERT_EQ(0, conf_settle(third, fresh));
	ASSERT_EQ(4, third->n_tenants);
	EXPECT_STREQ("yellow", third->tenants[1].name);
	EXPECT_STREQ("blue", third->tenants[2].name);
	EXPECT_STREQ("", third->tenants[3].name);
	EXPECT_EQ(1, third->pools[1].tenant_number);
	struct conf_diff diff;
	ASSERT_EQ(0, conf_diff(fresh, third, &diff));
	for (uint32_t k = 0; k < diff.n; k++)
		EXPECT_TRUE(
			strcmp(diff.changes[k].key, "tenants") != 0); // an empty place is nothing
	conf_diff_free(&diff);
	config_free(third);
	config_free(fresh);
	config_free(old);
}

// Places that are empty count, too: when no number is left only a restart helps.
TEST(conf_diff, no_number_is_left)
{
	struct config *old = load(LOAD_TEST_MINIMAL), *fresh = load(LOAD_TEST_MINIMAL);

	for (int i = 0; i < LIMIT_ACLS; i++) {
		snprintf(old->acls[i].name, sizeof(old->acls[i].name), "old%d", i);
		snprintf(fresh->acls[i].name, sizeof(fresh->acls[i].name), "%s%d",
			i ? "old" : "new", i);
	}
	old->n_acls = fresh->n_acls = LIMIT_ACLS;
	EXPECT_EQ(-ENOSPC, conf_settle(fresh, old));
	config_free(fresh);
	config_free(old);
}
