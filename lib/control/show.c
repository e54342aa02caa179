// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "observe/log.h"

#include <stdarg.h>
#include <stdio.h>

static const struct show_command commands[] = {
	{.words = {"show", "sessions"}, .help = "all sessions", .page = show_sessions},
	{.words = {"show", "session"},
		.argument = "ID",
		.help = "all about one session",
		.page = show_session,
		.check = show_session_check},
	{.words = {"show", "counters"},
		.help = "what the server, the workers and their drops count",
		.page = show_counters},
	{.words = {"show", "events"}, .help = "the last events", .page = show_events},
	{.words = {"show", "lanes"}, .help = "the workers and their load", .page = show_lanes},
	{.words = {"show", "pool"}, .help = "inner addresses in use and free", .page = show_pool},
	{.words = {"show", "version"}, .help = "what runs here", .page = show_version},
	{.words = {"clear", "session"},
		.argument = "ID",
		.help = "end one session",
		.act = show_clear_session},
	{.words = {"clear", "user"},
		.argument = "NAME",
		.help = "end all sessions of a user",
		.act = show_clear_user},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static bool is_word(struct span s, const char *word)
{
	return span_equal(s, span_of_text(word));
}

__attribute__((format(printf, 3, 4))) static void say(
	struct show *s, size_t *len, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(s->message + *len, sizeof(s->message) - *len, format, args);
	va_end(args);
	if (n > 0)
		*len += (size_t)n;
	if (*len >= sizeof(s->message))
		*len = sizeof(s->message) - 1;
}

// The commands that begin with `first`, or all of them when none does.
static void list_commands(struct show *s, size_t len, const struct span *first)
{
	bool has_match = false;

	for (size_t i = 0; i < N_COMMANDS && first; i++)
		has_match |= is_word(*first, commands[i].words[0]);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct show_command *c = &commands[i];
		if (has_match && !is_word(*first, c->words[0]))
			continue;
		char words[64];
		snprintf(words, sizeof(words), "%s %s%s%s", c->words[0], c->words[1],
			c->argument ? " " : "", c->argument ? c->argument : "");
		say(s, &len, "  %-18s  %s\n", words, c->help);
	}
}

int show_parse(struct show *s, const struct span *words, size_t n_words)
{
	char shown[80];
	size_t len = 0;

	if (n_words == 0 || is_word(words[0], "help")) {
		say(s, &len, "Commands:\n");
		list_commands(s, len, NULL);
		return n_words == 0 ? SHOW_USAGE : SHOW_OK;
	}
	bool knows_first = false;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		const struct show_command *c = &commands[i];
		if (!is_word(words[0], c->words[0]))
			continue;
		knows_first = true;
		if (n_words < 2 || !is_word(words[1], c->words[1]))
			continue;
		size_t wanted = c->argument ? 3 : 2;
		if (n_words != wanted) {
			say(s, &len, "usage: %s %s%s%s\n", c->words[0], c->words[1],
				c->argument ? " " : "", c->argument ? c->argument : "");
			return SHOW_USAGE;
		}
		s->command = c;
		s->argument = c->argument ? words[2] : (struct span){0};
		return SHOW_OK;
	}
	if (knows_first && n_words < 2) {
		say(s, &len, "One word is missing. Right are:\n");
	} else {
		log_escape(words[knows_first], shown, sizeof(shown));
		say(s, &len, "Unknown word %s. Right are:\n", shown);
	}
	list_commands(s, len, &words[0]);
	return SHOW_USAGE;
}
