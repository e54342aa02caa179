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
			login_account(&config, span_of_text(cases[i][0]))));
	}
}
