// SPDX-License-Identifier: BSD-3-Clause
#include "base/utf8.h"

#include "shim/shim.h"

TEST(utf8, table)
{
	static const struct {
		const char *bytes;
		size_t n; // 0: not UTF-8
		uint32_t code_point;
	} cases[] = {
		{"", 0, 0}, {"a", 1, 'a'}, {"\x7f", 1, 0x7f}, {"\xc2\x80", 2, 0x80},
		{"\xdf\xbf", 2, 0x7ff}, {"\xe0\xa0\x80", 3, 0x800}, {"\xe2\x82\xac", 3, 0x20ac},
		{"\xef\xbf\xbf", 3, 0xffff}, {"\xf0\x90\x80\x80", 4, 0x10000},
		{"\xf4\x8f\xbf\xbf", 4, 0x10ffff}, {"\x80", 0, 0},	    // a continuation alone
		{"\xc0\xaf", 0, 0},					    // overlong '/'
		{"\xc1\xbf", 0, 0},					    // overlong
		{"\xe0\x9f\xbf", 0, 0},					    // overlong
		{"\xf0\x8f\xbf\xbf", 0, 0},				    // overlong
		{"\xed\xa0\x80", 0, 0},					    // surrogate
		{"\xed\xbf\xbf", 0, 0},					    // surrogate
		{"\xf4\x90\x80\x80", 0, 0},				    // above U+10FFFF
		{"\xf5\x80\x80\x80", 0, 0}, {"\xff", 0, 0}, {"\xc3", 0, 0}, // cut
		{"\xe2\x82", 0, 0},					    // cut
		{"\xf0\x9f\x98", 0, 0},					    // cut
		{"\xc3(", 0, 0},					    // no continuation
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		uint32_t code_point = 0;
		EXPECT_EQ(cases[i].n, utf8_decode(span_of_text(cases[i].bytes), &code_point));
		EXPECT_EQ(cases[i].code_point, code_point);
	}
}

// Every code point that is one, encoded by hand, comes back as itself.
TEST(utf8, every_code_point)
{
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		uint8_t b[4];
		size_t n;
		if (cp < 0x80) {
			n = 1;
			b[0] = (uint8_t)cp;
		} else if (cp < 0x800) {
			n = 2;
			b[0] = (uint8_t)(0xc0 | cp >> 6);
		} else if (cp < 0x10000) {
			n = 3;
			b[0] = (uint8_t)(0xe0 | cp >> 12);
		} else {
			n = 4;
			b[0] = (uint8_t)(0xf0 | cp >> 18);
		}
		for (size_t i = 1; i < n; i++)
			b[i] = (uint8_t)(0x80 | (cp >> (6 * (n - 1 - i)) & 0x3f));
		bool is_surrogate = cp >= 0xd800 && cp <= 0xdfff;
		uint32_t got = 0;
		ASSERT_EQ(is_surrogate ? 0 : n, utf8_decode(span_of(b, n), &got));
		ASSERT_EQ(is_surrogate ? 0 : cp, got);
	}
}

TEST(utf8, controls)
{
	static const uint32_t controls[] = {
		0, '\n', 0x1f, 0x7f, 0x85, 0x9f, 0x200f, 0x2028, 0x202e, 0x2066, 0x2069, 0xfeff};
	static const uint32_t others[] = {' ', '~', 0xa0, 0xe9, 0x2027, 0x20ac, 0x1f600};
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		EXPECT_TRUE(utf8_is_control(controls[i]));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		EXPECT_FALSE(utf8_is_control(others[i]));
}
