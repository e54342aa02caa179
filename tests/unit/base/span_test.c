// SPDX-License-Identifier: BSD-3-Clause
#include "base/span.h"

#include "shim/shim.h"

TEST(span, of_text_leaves_the_terminator_out)
{
	struct span s = span_of_text("pptp");

	EXPECT_EQ(s.len, 4);
	EXPECT_MEMEQ(s.bytes, "pptp", 4);
	EXPECT_EQ(span_of_text("").len, 0);
}

TEST(span, equal_compares_length_and_bytes)
{
	EXPECT_TRUE(span_equal(span_of_text("abc"), span_of("abcd", 3)));
	EXPECT_FALSE(span_equal(span_of_text("abc"), span_of_text("abd")));
	EXPECT_FALSE(span_equal(span_of_text("abc"), span_of_text("abcd")));
	EXPECT_TRUE(span_equal((struct span){0}, span_of_text("")));
	EXPECT_TRUE(span_equal((struct span){0}, (struct span){0}));
}
