// SPDX-License-Identifier: BSD-3-Clause
// What aditctl can ask for: one line a command in show.c. A command that prints is a function that
// fills one page at a time and is called until it is done; one that acts does so at once.
#pragma once

#include "control/debug.h"
#include "control/render.h"
#include "observe/memory_report.h"

enum {
	SHOW_WORDS_MAX = 32,	   // all that debug can be told
	SHOW_MESSAGE_BYTES = 4096, // the list of all commands
	SHOW_OK = 0,		   // exit codes of aditctl
	SHOW_FAILED = 1,
	SHOW_USAGE = 2,
};

struct control;
struct show;

struct show_command {
	const char *words[2]; // the second may be missing: `follows` reads what comes then
	const char *argument; // what it takes, "ID"; NULL: nothing
	bool takes_user; // "user NAME" must follow, and "tenant T" may: s->argument, s->tenant_name
	bool takes_user_tenant; // behind the NAME, which is the argument, "tenant T" may follow: s->tenant_name
	bool takes_filter; // "user NAME" or "address A" may follow: s->filter; then none must
	const char *help;
	// Either: fill the page; returns true when all is said. It begins with stage and cursor 0.
	bool (*page)(struct control *c, struct show *s);
	// Before the first page: is there something to show? Returns an exit code, with a message.
	// May be NULL.
	int (*check)(struct control *c, struct show *s);
	// Or: act. Returns an exit code, with a message.
	int (*act)(struct control *c, struct show *s);
	// Or: go on until the client goes, with what s->debug asks for,
	bool follows;
	// or with the events as they come.
	bool streams;
	bool takes_tenant; // "tenant NAME" may follow: s->tenant_name
};

// Whom a command is about; neither: everybody.
struct show_filter {
	bool has_user, has_address;
	struct span user; // of the request, stays with it
	uint32_t address_be;
};

// One request on its way.
struct show {
	const struct show_command *command;
	struct render render;
	struct span argument;	 // of the request, stays with it
	struct span tenant_name; // the same; NULL: none was named
	uint16_t tenant;	 // what `check` made of it
	struct show_filter filter;
	struct debug_filter debug;
	uint32_t uid;			  // of the client
	char message[SHOW_MESSAGE_BYTES]; // of check and act
	int code;			  // exit code of a command that prints
	bool is_waiting;		  // it has nothing to print until api_wake()
	// how far a command that prints has come
	uint32_t stage;
	uint32_t cursor;
	uint64_t seq;
	uint64_t id;
	uint32_t counts[8];
};

// Find the command that words[n_words] name.
//
//   returns  SHOW_OK, s->command and s->argument are set; for "help" s->command is NULL and
//            s->message is the answer | SHOW_USAGE and s->message has the list of right words
int show_parse(struct show *s, const struct span *words, size_t n_words);

// "0x100000001" or "17". Returns false for what is no number.
bool show_parse_id(struct span text, uint64_t *id);

// A table whose rows are made one by one by their number; a row may be left out.
struct show_table {
	const char *name;
	const struct render_column *columns;
	size_t n_columns;
	void (*row)(struct control *c, struct render *r, unsigned int i);
};

// As much as fits the page, from s->cursor on. Returns true at its end.
bool show_table(struct control *c, struct show *s, const struct show_table *t, unsigned int n_rows);

// Values that may be none: a quotient with one digit behind the point, tenths of a percent (negative: unknown).
void show_ratio(struct render *r, double n, double of);
void show_share(struct render *r, int tenths);

void show_tenant(const struct control *c, struct render *r, uint16_t tenant);

// Who calls from where: the fields that a session and the record of one have in common.
struct show_who {
	struct span user;
	uint32_t client_be, called_be, inner_be;
	uint16_t client_port_be;
};

void show_who(struct render *r, const struct show_who *who);

bool show_history(struct control *c, struct show *s);
int show_history_check(struct control *c, struct show *s);
bool show_reload(struct control *c, struct show *s);
int show_reload_begin(struct control *c, struct show *s);
int show_reload_dry_run(struct control *c, struct show *s);
bool show_end_reasons(struct control *c, struct show *s);
bool show_sessions(struct control *c, struct show *s);
bool show_session(struct control *c, struct show *s);
int show_session_check(struct control *c, struct show *s);
bool show_counters(struct control *c, struct show *s);
bool show_aaa(struct control *c, struct show *s);
bool show_crypto(struct control *c, struct show *s);
bool show_lanes(struct control *c, struct show *s);
bool show_memory(struct control *c, struct show *s);
// All that is known to be allocated: what `show memory` prints.
void show_memory_report(const struct control *c, struct memory_report *r);
bool show_ports(struct control *c, struct show *s);
// The number of the tenant s->tenant_name; -1 with a message: there is none of that name.
int show_tenant_by_name(const struct control *c, struct show *s);
bool show_events(struct control *c, struct show *s);
int show_events_check(struct control *c, struct show *s);
bool show_pool(struct control *c, struct show *s);
bool show_tenants(struct control *c, struct show *s);
bool show_user_policy(struct control *c, struct show *s);
int show_user_policy_check(struct control *c, struct show *s);
bool show_setups(struct control *c, struct show *s);
bool show_version(struct control *c, struct show *s);
int show_clear_session(struct control *c, struct show *s);
int show_clear_user(struct control *c, struct show *s);
bool show_lockouts(struct control *c, struct show *s);
int show_clear_lockouts(struct control *c, struct show *s);
