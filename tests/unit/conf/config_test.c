// SPDX-License-Identifier: BSD-3-Clause
#include "conf/config.h"

#include "load_test.h"

#include "shim/shim.h"

TEST(config, new_has_defaults)
{
	struct config *c = config_new();
	ASSERT_TRUE(c != NULL);
	EXPECT_STREQ("adit", c->name);
	EXPECT_EQ(1000, c->restart_ms);
	EXPECT_EQ(10000, c->exception_rate_pps);
	EXPECT_EQ(0, c->n_ports);
	EXPECT_EQ(0, c->n_users);
	EXPECT_NULL(config_find_user(c, span_of_text("ann")));
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
		const struct config_user *user = config_find_user(c, span_of_text(name));
		ASSERT_TRUE(user != NULL);
		EXPECT_STREQ(name, user->name);
	}
	static const char *const strangers[] = {"", "u", "u100", "U1", "u1 ", "v", "t", "u1x"};
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		EXPECT_NULL(config_find_user(c, span_of_text(strangers[i])));
	// A NUL inside is no end.
	EXPECT_NULL(config_find_user(c, span_of("u1\0", 3)));
	EXPECT_NULL(config_find_user(c, span_of("u1\0x", 4)));
	EXPECT_TRUE(config_find_user(c, span_of("u12345", 2)) != NULL);
	EXPECT_NULL(config_find_user(c, (struct span){0}));
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
