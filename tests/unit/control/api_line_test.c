// SPDX-License-Identifier: BSD-3-Clause
#include "control/api.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <errno.h>
#include <stdio.h>

enum { WORDS_MAX = 4 };

TEST(api_line, parse_table)
{
	static const struct {
		const char *line;
		int n; // words, or -EINVAL
		bool is_json;
		const char *words[WORDS_MAX];
	} cases[] = {
		{"1 text show sessions", 2, false, {"show", "sessions"}},
		{"1 json show session 0x1", 3, true, {"show", "session", "0x1"}},
		{"1 text clear user J%C3%BCrgen%20X", 3, false,
			{"clear", "user", "J\xc3\xbcrgen X"}},
		{"1 text clear user json", 3, false, {"clear", "user", "json"}},
		{"1 text", 0, false, {NULL}},
		{"1 text a  b", 3, false, {"a", "", "b"}},
		{"1 text %61%2e", 1, false, {"a."}},
		{"", -EINVAL, false, {NULL}},
		{"2 text show", -EINVAL, false, {NULL}},
		{"1 xml show", -EINVAL, false, {NULL}},
		{"1", -EINVAL, false, {NULL}},
		{"1 text a b c d e", -EINVAL, false, {NULL}},
		{"1 text a%", -EINVAL, false, {NULL}},
		{"1 text a%4", -EINVAL, false, {NULL}},
		{"1 text a%zz", -EINVAL, false, {NULL}},
		{"1 text a\x1b[2J", -EINVAL, false, {NULL}},
		{"1 text \xc3\xbc", -EINVAL, false, {NULL}},
		{"1 text a/b", -EINVAL, false, {NULL}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[128];
		struct span words[WORDS_MAX];
		bool is_json = false;
		SHIM_TRACE_CASE(i);
		snprintf(line, sizeof(line), "%s", cases[i].line);
		ASSERT_EQ(cases[i].n, api_parse_line(line, words, WORDS_MAX, &is_json));
		for (int k = 0; k < cases[i].n; k++)
			EXPECT_TRUE(span_equal(span_of_text(cases[i].words[k]), words[k]));
		if (cases[i].n >= 0)
			EXPECT_EQ(cases[i].is_json, is_json);
	}
}

TEST(api_line, what_is_encoded_is_decoded)
{
	struct xorshift x = xorshift_seed(2);

	for (int round = 0; round < 2000; round++) {
		char line[256] = "1 text", word[64];
		struct span words[WORDS_MAX];
		bool is_json;
		uint32_t len = xorshift_below(&x, sizeof(word) - 1);
		for (uint32_t i = 0; i < len; i++)
			word[i] = (char)(1 + xorshift_below(&x, 255));
		word[len] = '\0';
		ASSERT_TRUE(api_encode_word(line, sizeof(line), word));
		for (const char *p = line; *p; p++)
			ASSERT_TRUE(*p >= ' ' && *p <= '~');
		int n = api_parse_line(line, words, WORDS_MAX, &is_json);
		ASSERT_EQ(len ? 1 : 0, n); // a last word that is empty is none
		if (n == 1)
			ASSERT_TRUE(span_equal(span_of(word, len), words[0]));
	}
}

TEST(api_line, encode_keeps_to_its_room)
{
	for (size_t cap = 8; cap < 40; cap++) {
		char line[64];
		SHIM_TRACE_CASE(cap);
		memset(line, '#', sizeof(line));
		snprintf(line, cap, "1 text");
		bool fits = api_encode_word(line, cap, "a b c d");
		EXPECT_EQ('#', line[cap]);
		EXPECT_EQ(cap >= 23, fits);
	}
}
