// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_numbers.h"

#include "shim/shim.h"

TEST(conf_numbers, table)
{
	static const struct {
		const char *text;
		unsigned int line; // of the one error, 0: none
	} cases[] = {
		{"", 0},
		{"a = 2147483647;", 0},
		{"a = 2147483648;", 1},
		{"a = 4294967356;", 1}, // would be 60
		{"\n\na = [1, 99999999999999999999999];", 3},
		{"a = 0x7fffffff;", 0},
		{"a = 0x100000001;", 1},
		{"a = 4294967356L;", 0}, // kept whole, so its range is checked
		{"a = 4294967356LL;", 0},
		{"a = 99999999999.5;", 0},
		{"a = 99999999999e-5;", 0},
		{"a = \"99999999999\";", 0},
		{"a = \"\\\"99999999999\";", 0},
		{"a = \"\n\";\nb = 99999999999;", 3},
		{"# 99999999999\na = 99999999999;", 2},
		{"// 99999999999", 0},
		{"/* 99999999999 \n*/ a = 99999999999;", 2},
		{"/* 99999999999", 0},
		{"a99999999999 = 1;", 0},
		{"a-99999999999 = 1;", 0},
		{"a = -99999999999;", 1},
		{"a = \"open 99999999999", 0},
		{"a = \"open\\", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		static struct config_errors errors;
		struct conf_report r = {.file = "t.cfg", .errors = &errors};
		errors.n = errors.n_errors = 0;
		conf_numbers_check(cases[i].text, &r);
		EXPECT_EQ(cases[i].line ? 1 : 0, errors.n);
		if (errors.n)
			EXPECT_EQ(cases[i].line, errors.entries[0].line);
	}
}

TEST(conf_numbers, does_not_show_what_may_be_a_password)
{
	static struct config_errors errors;
	struct conf_report r = {.file = "t.cfg", .errors = &errors};

	conf_numbers_check("password = 12345678901234;", &r);
	ASSERT_EQ(errors.n, 1);
	EXPECT_STREQ(errors.entries[0].text, "t.cfg:1: the number is too large");
}
