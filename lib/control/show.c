// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"
#include "observe/log.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

static const struct show_command commands[] = {
	{.words = {"show", "aaa"},
		.help = "RADIUS servers, accounting and listeners for orders: state and counters",
		.page = show_aaa},
	{.words = {"show", "sessions"}, .help = "all sessions", .page = show_sessions},
	{.words = {"show", "session"},
		.argument = "ID",
		.help = "all about one session",
		.page = show_session,
		.check = show_session_check},
	{.words = {"show", "counters"},
		.help = "what the server, the workers and their drops count",
		.page = show_counters},
	{.words = {"show", "crypto"},
		.help = "the crypto of the workers and engines: load, batches, queues",
		.page = show_crypto},
	{.words = {"show", "events"},
		.takes_tenant = true,
		.help = "the last events",
		.page = show_events,
		.check = show_events_check},
	{.words = {"events", NULL},
		.takes_tenant = true,
		.help = "follow the events until interrupted",
		.streams = true},
	{.words = {"show", "history"},
		.argument = "ID",
		.takes_filter = true,
		.help = "calls that ended or failed, the last first; one of them with its "
			"time-line",
		.page = show_history,
		.check = show_history_check},
	{.words = {"show", "lanes"},
		.help = "how loaded control, workers and engines are",
		.page = show_lanes},
	{.words = {"show", "lockouts"},
		.help = "who has tried wrong passwords, and who is locked out",
		.page = show_lockouts},
	{.words = {"show", "memory"},
		.help = "what memory is for, and how much of it is in use",
		.page = show_memory},
	{.words = {"show", "policy"},
		.argument = "user NAME [tenant T]",
		.takes_user = true,
		.help = "what holds for a user, and where it comes from",
		.page = show_user_policy,
		.check = show_user_policy_check},
	{.words = {"show", "pool"}, .help = "inner addresses in use and free", .page = show_pool},
	{.words = {"show", "ports"},
		.help = "the ports: links, queues, how packets get to the workers, counters",
		.page = show_ports},
	{.words = {"show", "reasons"},
		.help = "why calls end: what clients, RADIUS and Windows users are told",
		.page = show_end_reasons},
	{.words = {"show", "setups"},
		.help = "new connections: what waits, what is under way, the last storm",
		.page = show_setups},
	{.words = {"show", "tenants"},
		.help = "calls, refusals and traffic of each tenant",
		.page = show_tenants},
	{.words = {"show", "version"}, .help = "what runs here", .page = show_version},
	{.words = {"clear", "session"},
		.argument = "ID",
		.help = "end one session",
		.act = show_clear_session},
	{.words = {"clear", "user"},
		.argument = "NAME [tenant T]",
		.takes_user_tenant = true,
		.help = "end all sessions of a user",
		.act = show_clear_user},
	{.words = {"clear", "lockouts"},
		.takes_filter = true,
		.help = "let who is locked out try again",
		.act = show_clear_lockouts},
	{.words = {"reload", "--dry-run"},
		.help = "what a reload would change",
		.page = show_reload,
		.check = show_reload_dry_run},
	{.words = {"reload", NULL},
		.help = "read the configuration again and let it hold",
		.page = show_reload,
		.check = show_reload_begin},
	{.words = {"debug", NULL},
		.help = "follow what happens until interrupted; \"debug\" alone lists what there "
			"is",
		.follows = true},
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

static void describe(const struct show_command *c, char *out, size_t cap)
{
	const char *argument = c->takes_tenant	  ? "[tenant T]"
			       : !c->takes_filter ? c->argument
			       : c->argument	  ? "[ID | user NAME | address A]"
						  : "[user NAME | address A]";

	if (c->follows)
		snprintf(out, cap, "%s WHAT... [user NAME | address A]", c->words[0]);
	else
		snprintf(out, cap, "%s%s%s%s%s", c->words[0], c->words[1] ? " " : "",
			c->words[1] ? c->words[1] : "", argument ? " " : "",
			argument ? argument : "");
}

// "user NAME [tenant T]"
static bool take_user(struct show *s, const struct span *words, size_t n)
{
	if ((n != 2 && n != 4) || !is_word(words[0], "user") ||
		(n == 4 && !is_word(words[2], "tenant")))
		return false;
	s->argument = words[1];
	if (n == 4)
		s->tenant_name = words[3];
	return true;
}

// "NAME tenant T"
static bool take_argument_tenant(struct show *s, const struct span words[3])
{
	s->argument = words[0];
	s->tenant_name = words[2];
	return is_word(words[1], "tenant");
}

// Nothing, or "tenant T".
static bool take_tenant(struct show *s, const struct span *words, size_t n)
{
	if (n == 2 && is_word(words[0], "tenant"))
		s->tenant_name = words[1];
	return n == 0 || (n == 2 && is_word(words[0], "tenant"));
}

// words[n] behind the two of a command. Returns false when they are not what it takes.
static bool take_rest(
	struct show *s, const struct show_command *c, const struct span *words, size_t n)
{
	char text[INET_ADDRSTRLEN];

	s->argument = (struct span){0};
	s->filter = (struct show_filter){0};
	s->tenant_name = (struct span){0};
	if (c->takes_tenant)
		return take_tenant(s, words, n);
	if (c->takes_user)
		return take_user(s, words, n);
	if (c->takes_user_tenant && n > 1)
		return n == 3 && take_argument_tenant(s, words);
	if (c->argument && n == 1)
		s->argument = words[0];
	if (c->takes_filter && (n == 0 || (n == 1 && c->argument)))
		return true;
	if (!c->takes_filter)
		return n == (c->argument ? 1 : 0);
	if (n != 2)
		return false;
	if (is_word(words[0], "user")) {
		s->filter.has_user = true;
		s->filter.user = words[1];
		return true;
	}
	if (!is_word(words[0], "address") || words[1].len >= sizeof(text))
		return false;
	memcpy(text, words[1].bytes, words[1].len);
	text[words[1].len] = '\0';
	s->filter.has_address = inet_pton(AF_INET, text, &s->filter.address_be) == 1;
	return s->filter.has_address;
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
		describe(c, words, sizeof(words));
		say(s, &len, "  %-41s  %s\n", words, c->help);
	}
}

static int parse_debug(
	struct show *s, const struct show_command *c, const struct span *words, size_t n_words)
{
	char usage[64], why[128];
	size_t len = 0;

	if (debug_parse(words, n_words, &s->debug, why, sizeof(why)) == 0) {
		s->command = c;
		return SHOW_OK;
	}
	describe(c, usage, sizeof(usage));
	say(s, &len, "%susage: %s\nWHAT is one or more of:\n", why, usage);
	for (int i = 0; i < DEBUG_CATEGORY_COUNT; i++)
		say(s, &len, "  %-18s  %s\n", debug_category_words((enum debug_category)i),
			debug_category_help((enum debug_category)i));
	return SHOW_USAGE;
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
		if (c->follows)
			return parse_debug(s, c, words + 1, n_words - 1);
		size_t n_own = c->words[1] ? 2 : 1;
		if (n_words < n_own || (n_own == 2 && !is_word(words[1], c->words[1])))
			continue;
		if (n_own == 1 && n_words > 1 && !c->takes_tenant)
			continue; // to the list of what there is
		if (!take_rest(s, c, words + n_own, n_words - n_own)) {
			char usage[64];
			describe(c, usage, sizeof(usage));
			say(s, &len, "usage: %s\n", usage);
			return SHOW_USAGE;
		}
		s->command = c;
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

// ---- what the tables are made of ----------------------------------------------------------------

bool show_table(struct control *c, struct show *s, const struct show_table *t, unsigned int n_rows)
{
	if (s->cursor == 0)
		render_table_begin(&s->render, t->name, t->columns, t->n_columns);
	while (s->cursor < n_rows && render_has_room(&s->render))
		t->row(c, &s->render, s->cursor++);
	if (s->cursor < n_rows)
		return false;
	render_table_end(&s->render);
	return true;
}

void show_ratio(struct render *r, double n, double of)
{
	if (n > 0 && of > 0)
		render_tenths(r, (uint64_t)(n / of * 10 + 0.5));
	else
		render_none(r);
}

void show_share(struct render *r, int tenths)
{
	if (tenths >= 0)
		render_tenths(r, (uint64_t)tenths);
	else
		render_none(r);
}

void show_tenant(const struct control *c, struct render *r, uint16_t tenant)
{
	render_word(r, config_tenant_name(c->config.config, tenant));
}

int show_tenant_by_name(const struct control *c, struct show *s)
{
	const struct config *config = c->config.config;
	char shown[80];

	for (int i = 0; i < config->n_tenants; i++)
		if (span_equal(
			    s->tenant_name, span_of_text(config_tenant_name(config, (uint16_t)i))))
			return i;
	log_escape(s->tenant_name, shown, sizeof(shown));
	snprintf(s->message, sizeof(s->message), "There is no tenant %s.\n", shown);
	return -1;
}
