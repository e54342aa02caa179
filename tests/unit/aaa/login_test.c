// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/login.h"

#include "conf/config.h"
#include "shim/shim.h"

#include <stdio.h>

TEST(login, names)
{
	static const struct {
		bool domain, realm;
		const char *name, *wanted; // joined by blanks
	} cases[] = {
		{true, true, "anna", "anna"},
		{true, true, "CORP\\anna", "CORP\\anna anna"},
		{true, true, "anna@example.org", "anna@example.org anna"},
		{true, true, "CORP\\anna@example.org",
			"CORP\\anna@example.org anna@example.org anna"},
		{false, true, "CORP\\anna@example.org", "CORP\\anna@example.org CORP\\anna"},
		{true, false, "CORP\\anna@example.org", "CORP\\anna@example.org anna@example.org"},
		{false, false, "CORP\\anna@example.org", "CORP\\anna@example.org"},
		{true, true, "a@b@c", "a@b@c a@b"},
		{true, true, "x\\@c", "x\\@c @c "},
		{true, true, "", ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct config config = {
			.strip_domain = cases[i].domain, .strip_realm = cases[i].realm};
		char joined[128] = "";
		struct login login;
		size_t len = 0;

		SHIM_TRACE_CASE((long long)i);
		login_names(&config, span_of_text(cases[i].name), &login);
		for (unsigned int k = 0; k < login.n; k++)
			len += (size_t)snprintf(joined + len, sizeof(joined) - len, "%s%.*s",
				k ? " " : "", (int)login.names[k].len,
				(const char *)login.names[k].bytes);
		EXPECT_STREQ(cases[i].wanted, joined);
	}
}

// Failures of all names that mean one user are counted together.
TEST(login, account)
{
	static const char *const cases[][2] = {
		{"anna", "anna"},
		{"CORP\\anna", "CORP\\anna"}, // a user of its own
		{"X\\anna", "anna"},
		{"Y\\anna@example.org", "anna"},
		{"nobody", "nobody"},
		{"X\\nobody@example.org", "nobody"},
	};
	struct config_user users[] = {{.name = "CORP\\anna"}, {.name = "anna"}};
	uint32_t by_name[] = {0, 1};
	const struct config config = {.strip_domain = true,
		.strip_realm = true,
		.n_users = 2,
		.users = users,
		.users_by_name = by_name};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_TRUE(span_equal(span_of_text(cases[i][1]),
			login_account(&config, 0, span_of_text(cases[i][0]))));
	}
}

// Whose call it is: by the address that was called, and only on the default tenant's by the realm.
TEST(login, tenant_by_realm)
{
	static struct config_tenant tenants[] = {
		{.name = "default", .n_realms = 1, .realms = {"home.example"}},
		{.name = "red", .n_realms = 2, .realms = {"red.example", "RED"}},
		{.name = "blue", .n_realms = 1, .realms = {"blue.example"}},
		{.name = "none"},
	};
	const struct config config = {.n_tenants = 4, .tenants = tenants};
	static const struct {
		uint16_t listen;
		const char *name;
		uint16_t wanted;
	} cases[] = {
		{0, "anna", 0},
		{0, "", 0},
		{0, "@", 0},
		{0, "\\", 0},
		{0, "anna@red.example", 1},
		{0, "anna@RED.Example", 1},
		{0, "anna@red", 1},
		{0, "RED\\anna", 1},
		{0, "red\\anna", 1},
		{0, "anna@blue.example", 2},
		{0, "RED\\anna@blue.example",
			2}, // what stands behind the @ is said of the name as a whole
		{0, "RED\\anna@elsewhere", 1},
		{0, "anna@home.example", 0},
		{0, "RED\\anna@home.example", 0},
		{0, "anna@red.example@blue.example", 2},
		{0, "anna@red.exampl", 0},
		{0, "anna@red.example.", 0},
		{0, "anna@xred.example", 0},
		{0, "red.example", 0},
		{0, "anna@", 0},
		{0, "anna@none", 0},
		{1, "anna@blue.example", 1}, // no way out of a tenant's own address
		{2, "anna", 2},
		{3, "RED\\anna", 3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(cases[i].wanted,
			tenant_of_login(&config, cases[i].listen, span_of_text(cases[i].name)));
	}
	// As long as none can be.
	char name[300];
	memset(name, 'x', sizeof(name));
	name[0] = '@';
	EXPECT_EQ(0, tenant_of_login(&config, 0, span_of(name, sizeof(name))));
}
