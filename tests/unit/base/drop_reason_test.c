// SPDX-License-Identifier: BSD-3-Clause
#include "base/drop_reason.h"

#include <ctype.h>

#include "shim/shim.h"

static const char *const enum_names[] = {
#define X(name, text, help) #name,
	DROP_REASON_LIST(X)
#undef X
};

TEST(drop_reason, none_is_zero)
{
	EXPECT_EQ(DROP_NONE, 0);
	EXPECT_STREQ(drop_reason_name(DROP_NONE), "none");
}

// The printed name is the enum's in lower case with dashes, so that either is found from the other.
TEST(drop_reason, names_follow_the_enum)
{
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		const char *name = drop_reason_name(i), *from = enum_names[i];

		SHIM_TRACE_CASE(i);
		ASSERT_EQ(strlen(name), strlen(from));
		for (size_t k = 0; from[k]; k++)
			EXPECT_EQ(name[k], from[k] == '_' ? '-' : tolower(from[k]));
	}
}

TEST(drop_reason, names_and_helps_are_unique)
{
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		SHIM_TRACE_CASE(i);
		for (int k = 0; k < i; k++) {
			EXPECT_NE(strcmp(drop_reason_name(i), drop_reason_name(k)), 0);
			EXPECT_NE(strcmp(drop_reason_help(i), drop_reason_help(k)), 0);
		}
	}
}

// A help is a phrase for the end of a line: printable, not empty, no full stop, fits a terminal.
TEST(drop_reason, helps_are_phrases)
{
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		const char *help = drop_reason_help(i);
		size_t len = strlen(help);

		SHIM_TRACE_CASE(i);
		ASSERT_GT(len, 0);
		EXPECT_LE(len, 72);
		EXPECT_NE(help[len - 1], '.');
		for (size_t k = 0; k < len; k++)
			EXPECT_TRUE(isprint((unsigned char)help[k]));
	}
}

TEST(drop_reason, a_number_that_is_no_reason_is_unknown)
{
	EXPECT_STREQ(drop_reason_name(DROP_REASON_COUNT), "unknown");
	EXPECT_STREQ(drop_reason_help(DROP_REASON_COUNT), "unknown");
	EXPECT_STREQ(drop_reason_name((enum drop_reason) - 1), "unknown");
	EXPECT_STREQ(drop_reason_help((enum drop_reason) - 1), "unknown");
}
