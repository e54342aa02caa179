// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "shim/shim.h"

TEST(show, parse_table)
{
	static const struct {
		const char *words[6];
		int code;
		const char *says; // in the message; NULL: a command was found
	} cases[] = {
		{{"show", "sessions"}, SHOW_OK, NULL},
		{{"show", "session", "0x1"}, SHOW_OK, NULL},
		{{"show", "counters"}, SHOW_OK, NULL},
		{{"show", "crypto"}, SHOW_OK, NULL},
		{{"show", "events"}, SHOW_OK, NULL},
		{{"show", "history"}, SHOW_OK, NULL},
		{{"show", "history", "17"}, SHOW_OK, NULL},
		{{"show", "history", "user", "alice"}, SHOW_OK, NULL},
		{{"show", "history", "address", "192.0.2.1"}, SHOW_OK, NULL},
		{{"show", "history", "17", "18"}, SHOW_USAGE,
			"usage: show history [ID | user NAME | address A]"},
		{{"show", "reasons"}, SHOW_OK, NULL},
		{{"debug", "ppp", "chap"}, SHOW_OK, NULL},
		{{"debug"}, SHOW_USAGE, "  ppp mppe events     keys installed"},
		{{"debug", "all"}, SHOW_USAGE, "Unknown word all. usage: debug WHAT... [user NAME"},
		{{"show", "lanes"}, SHOW_OK, NULL},
		{{"show", "memory"}, SHOW_OK, NULL},
		{{"show", "ports"}, SHOW_OK, NULL},
		{{"show", "lockouts"}, SHOW_OK, NULL},
		{{"show", "lockouts", "x"}, SHOW_USAGE, "usage: show lockouts"},
		{{"clear", "lockouts"}, SHOW_OK, NULL},
		{{"clear", "lockouts", "user", "alice"}, SHOW_OK, NULL},
		{{"clear", "lockouts", "address", "192.0.2.1"}, SHOW_OK, NULL},
		{{"clear", "lockouts", "address", "192.0.2"}, SHOW_USAGE,
			"usage: clear lockouts [user NAME | address A]"},
		{{"clear", "lockouts", "host", "x"}, SHOW_USAGE, "usage: clear lockouts"},
		{{"show", "pool"}, SHOW_OK, NULL},
		{{"show", "version"}, SHOW_OK, NULL},
		{{"clear", "session", "0x1"}, SHOW_OK, NULL},
		{{"clear", "user", "alice"}, SHOW_OK, NULL},
		{{"clear", "user", "alice", "tenant", "blue"}, SHOW_OK, NULL},
		{{"clear", "user", "alice", "tenant"}, SHOW_USAGE,
			"usage: clear user NAME [tenant T]"},
		{{"clear", "user", "alice", "of", "blue"}, SHOW_USAGE, "usage: clear user NAME"},
		{{"help"}, SHOW_OK, "clear user NAME"},
		{{NULL}, SHOW_USAGE, "show sessions"},
		{{"shwo", "sessions"}, SHOW_USAGE, "Unknown word shwo"},
		{{"show"}, SHOW_USAGE, "One word is missing"},
		{{"show", "sesions"}, SHOW_USAGE, "Unknown word sesions"},
		{{"show", "sessions", "x"}, SHOW_USAGE, "usage: show sessions"},
		{{"show", "session"}, SHOW_USAGE, "usage: show session ID"},
		{{"clear", "session"}, SHOW_USAGE, "usage: clear session ID"},
		{{"clear", "all"}, SHOW_USAGE, "Unknown word all"},
		{{"\x1b[2J"}, SHOW_USAGE, "Unknown word \"\\x1b[2J\""},
	};
	static struct show s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span words[6];
		size_t n = 0;
		SHIM_TRACE_CASE(i);
		for (; n < 6 && cases[i].words[n]; n++)
			words[n] = span_of_text(cases[i].words[n]);
		memset(&s, 0, sizeof(s));
		EXPECT_EQ(cases[i].code, show_parse(&s, words, n));
		EXPECT_EQ(cases[i].says == NULL, s.command != NULL);
		if (cases[i].says)
			EXPECT_STRCONTAINS(s.message, cases[i].says);
	}
}

// A wrong second word gets the list of those that are right after the first.
TEST(show, the_list_fits_the_first_word)
{
	static struct show s;
	const struct span words[] = {span_of_text("clear"), span_of_text("x")};

	memset(&s, 0, sizeof(s));
	EXPECT_EQ(SHOW_USAGE, show_parse(&s, words, 2));
	EXPECT_STRCONTAINS(s.message, "clear user NAME");
	EXPECT_TRUE(strstr(s.message, "show") == NULL);
}

// As show sessions and show history write them. A leading zero is no octal: history has no such rows.
TEST(show, ids)
{
	static const struct {
		const char *text;
		bool is_good;
		uint64_t id;
	} cases[] = {
		{"17", true, 17},
		{"010", true, 10},
		{"0", true, 0},
		{"0x100000001", true, 0x100000001},
		{"0X1f", true, 0x1f},
		{"", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1f", false, 0},
		{"0xg", false, 0},
		{"99999999999999999999", false, 0},
		{"1234567890123456789012345678901234567890", false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t id = 0;
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].is_good, show_parse_id(span_of_text(cases[i].text), &id));
		if (cases[i].is_good)
			EXPECT_EQ(cases[i].id, id);
	}
}
