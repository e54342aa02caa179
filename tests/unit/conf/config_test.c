// SPDX-License-Identifier: BSD-3-Clause
#include "conf/config.h"

#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>

TEST(config, new_has_defaults)
{
	struct config *c = config_new();
	ASSERT_TRUE(c != NULL);
	EXPECT_STREQ("adit", c->name);
	EXPECT_EQ(1000, c->restart_ms);
	EXPECT_EQ(10000, c->exception_rate_pps);
	EXPECT_EQ(0, c->n_ports);
	EXPECT_EQ(0, c->n_users);
	EXPECT_NULL(config_find_user(c, 0, span_of_text("ann")));
	config_free(c);
	config_free(NULL);
}

TEST(config, find_user)
{
	struct config *c = config_new();
	struct config_errors errors;
	char text[65536] = LOAD_TEST_PORTS LOAD_TEST_POOLS "users = (";
	enum { N_USERS = 100 };
	// In no order, and names that begin like others.
	for (int i = 0; i < N_USERS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s{ name = \"u%d\"; password = \"p\"; }", i ? "," : "", i * 37 % N_USERS);
	strcat(text, ");");
	ASSERT_EQ(0, config_load_text(text, "t.cfg", c, &errors));
	ASSERT_EQ(N_USERS, c->n_users);
	for (int i = 0; i < N_USERS; i++) {
		SHIM_TRACE_CASE(i);
		char name[16];
		snprintf(name, sizeof(name), "u%d", i);
		const struct config_user *user = config_find_user(c, 0, span_of_text(name));
		ASSERT_TRUE(user != NULL);
		EXPECT_STREQ(name, user->name);
	}
	static const char *const strangers[] = {"", "u", "u100", "U1", "u1 ", "v", "t", "u1x"};
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		EXPECT_NULL(config_find_user(c, 0, span_of_text(strangers[i])));
	// A NUL inside is no end.
	EXPECT_NULL(config_find_user(c, 0, span_of("u1\0", 3)));
	EXPECT_NULL(config_find_user(c, 0, span_of("u1\0x", 4)));
	EXPECT_TRUE(config_find_user(c, 0, span_of("u12345", 2)) != NULL);
	EXPECT_NULL(config_find_user(c, 0, (struct span){0}));
	config_free(c);
}

TEST(config, reset_forgets)
{
	struct config *c = config_new();
	struct config_errors errors;
	ASSERT_EQ(0, config_load_text(LOAD_TEST_MINIMAL, "t.cfg", c, &errors));
	config_reset(c);
	EXPECT_EQ(0, c->n_users);
	EXPECT_TRUE(c->users == NULL);
	EXPECT_EQ(0, c->n_ports);
	EXPECT_STREQ("adit", c->name);
	config_free(c);
}

// "base" is always there, made or named by the file, and users without a group have it.
TEST(config, groups)
{
	static const char users[] = "users = ({ name = \"u\"; password = \"p\"; },\n"
				    "{ name = \"v\"; password = \"p\"; group = \"sales\"; });\n";
	static const char sales[] =
		"{ name = \"sales\"; domain = \"example.com\"; dns = [\"10.0.0.53\"]; "
		"routes = [\"10.0.0.0/8\", \"0.0.0.0/1\"]; dhcp_inform = false; "
		"broadcasts = \"relay\"; }";
	static const struct {
		const char *format;
		uint16_t n_groups;
		uint16_t base, sales;
		const char *base_domain;
	} cases[] = {
		{"groups = ( %s );", 2, 1, 0, ""},
		{"groups = ( { name = \"x\"; }, %s );", 3, 2, 1, ""},
		{"groups = ( %s, { name = \"base\"; domain = \"b.example\"; } );", 2, 1, 0,
			"b.example"},
		{"groups = ( { name = \"base\"; domain = \"b.example\"; }, %s );", 2, 0, 1,
			"b.example"},
	};
	struct config *c = config_new();
	ASSERT_EQ(1, c->n_groups);
	EXPECT_STREQ("base", c->groups[0].name);
	EXPECT_TRUE(c->groups[0].policy.dhcp_inform);
	EXPECT_EQ(0, c->base_group);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		struct config_errors errors;
		char groups[1024];
		char text[2048];
		snprintf(groups, sizeof(groups), cases[i].format, sales);
		snprintf(text, sizeof(text), LOAD_TEST_PORTS LOAD_TEST_POOLS "%s%s", users, groups);
		ASSERT_EQ(0, config_load_text(text, "t.cfg", c, &errors));
		EXPECT_STREQ("", load_test_report(&errors));
		ASSERT_EQ(cases[i].n_groups, c->n_groups);
		EXPECT_EQ(cases[i].base, c->base_group);
		EXPECT_EQ(-1, config_find_group(c, "nobody"));
		EXPECT_EQ(cases[i].base, c->users[0].group_index);
		const struct config_policy *base = &c->groups[c->base_group].policy;
		EXPECT_STREQ("base", c->groups[c->base_group].name);
		EXPECT_STREQ(cases[i].base_domain, base->domain);
		EXPECT_TRUE(base->dhcp_inform);
		EXPECT_EQ(CONFIG_BROADCASTS_DROP, base->broadcasts);
		ASSERT_EQ(cases[i].sales, c->users[1].group_index);
		const struct config_policy *g = &c->groups[cases[i].sales].policy;
		EXPECT_STREQ("example.com", g->domain);
		EXPECT_FALSE(g->dhcp_inform);
		EXPECT_EQ(CONFIG_BROADCASTS_RELAY, g->broadcasts);
		EXPECT_EQ(1, g->n_dns);
		EXPECT_EQ(0, g->n_nbns);
		ASSERT_EQ(2, g->n_routes);
		EXPECT_EQ(htonl(0x0a000000), g->routes[0].address_be);
		EXPECT_EQ(8, g->routes[0].prefix_len);
		EXPECT_EQ(0, g->routes[1].address_be);
		EXPECT_EQ(1, g->routes[1].prefix_len);
	}
	config_free(c);
}

// As many groups as fit leave room for "base".
TEST(config, most_groups)
{
	struct config *c = config_new();
	struct config_errors errors;
	static char text[1 << 15] = LOAD_TEST_MINIMAL "groups = (";
	for (int i = 1; i < LIMIT_GROUPS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s{ name = \"g%d\"; }",
			i > 1 ? "," : "", i);
	strcat(text, ");");
	ASSERT_EQ(0, config_load_text(text, "t.cfg", c, &errors));
	EXPECT_EQ(LIMIT_GROUPS, c->n_groups);
	EXPECT_EQ(LIMIT_GROUPS - 1, c->base_group);
	strcpy(strrchr(text, ')'), ",{ name = \"one-too-many\"; });");
	EXPECT_NE(0, config_load_text(text, "t.cfg", c, &errors));
	EXPECT_STRCONTAINS(load_test_report(&errors), "groups: has 1024 entries, at most 1023 fit");
	EXPECT_EQ(LIMIT_GROUPS, c->n_groups);
	config_free(c);
}

// A worker's share of all calls and a quarter more; never more than all of them, nor than a worker takes.
TEST(config, sessions_of_each_worker)
{
	static const struct {
		uint32_t max_calls, configured;
		uint16_t n_workers;
		uint32_t wanted;
	} cases[] = {
		{65535, 0, 1, 65535},
		{1000000, 0, 1, LIMIT_SESSIONS_PER_WORKER},
		{65535, 0, 2, 40961},
		{65535, 0, 32, 2561},
		{1000000, 0, 16, LIMIT_SESSIONS_PER_WORKER},
		{3, 0, 2, 3},
		{1, 0, 32, 1},
		{65535, 77, 4, 77},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		c->max_calls = cases[i].max_calls;
		c->sessions_per_worker = cases[i].configured;
		c->n_workers = cases[i].n_workers;
		EXPECT_EQ(cases[i].wanted, config_sessions_per_worker(c));
		uint64_t all = (uint64_t)cases[i].wanted * cases[i].n_workers;
		if (!cases[i].configured && cases[i].max_calls <= 65536)
			EXPECT_GE(all, cases[i].max_calls);
	}
	config_free(c);
}

// One a worker, but of memif, whose other end must have as many.
TEST(config, queues_of_a_port)
{
	struct config *c = config_new();
	struct config_port p = {.kind = CONFIG_DEVICE_PCI};

	c->n_workers = 4;
	EXPECT_EQ(4, config_port_queues(c, &p));
	p.queues = 2;
	EXPECT_EQ(2, config_port_queues(c, &p));
	p = (struct config_port){
		.kind = CONFIG_DEVICE_VDEV, .device = "net_memif0,role=server,socket=/run/m"};
	EXPECT_EQ(1, config_port_queues(c, &p));
	p.queues = 3;
	EXPECT_EQ(3, config_port_queues(c, &p));
	p = (struct config_port){.kind = CONFIG_DEVICE_VDEV, .device = "net_ring0"};
	EXPECT_EQ(4, config_port_queues(c, &p));
	config_free(c);
}
