// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"

#include <stdio.h>

enum { LOOKS_PER_PAGE = 1024 }; // of records that the filter may leave out

static const struct render_column columns[] = {
	{"ID", "id", true, false}, {"STARTED", "started", false, false},
	{"USER", "user", false, false}, {"CLIENT", "client", false, false},
	{"TIME", "duration", true, false}, {"PHASE", "phase", false, false},
	{"METHOD", "method", false, false}, {"MPPE", "mppe", false, false},
	{"UP-BYTES", "up_bytes", true, false}, {"DOWN-BYTES", "down_bytes", true, false},
	{"BY", "by", false, false}, {"WINDOWS", "windows_error", true, false},
	{"MORE", "more", true, false}, {"REASON", "reason", false, false},
	{"WHAT IT MEANS", "text", false, false}, {"", "was_up", false, true},
	{"", "session", false, true}, {"", "inner", false, true}, {"", "up_pkts", true, true},
	{"", "down_pkts", true, true}, {"", "detail", false, true}, {"", "last", false, true},
#define X(name, key, text) {"", "ms_" key, true, true},
	TIMELINE_LIST(X)
#undef X
};

static bool matches(const struct history_record *r, const struct show_filter *f)
{
	if (f->has_address && f->address_be != r->client_be)
		return false;
	return !f->has_user || span_equal(f->user, span_of(r->user, r->user_len));
}

static uint64_t first_ns(const struct timeline *t)
{
	uint64_t first = 0;

	for (int i = 0; i < TIMELINE_MARK_COUNT; i++)
		if (t->at_ns[i] && (!first || t->at_ns[i] < first))
			first = t->at_ns[i];
	return first;
}

static uint64_t ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (to_ns - from_ns) / 1000000 : 0;
}

static void render_windows(struct render *out, const struct end_reason_info *info)
{
	if (info->windows_error)
		render_u64(out, info->windows_error);
	else
		render_none(out);
}

static void render_session(struct render *out, const struct history_record *r)
{
	if (r->session != SESSION_ID_NONE)
		render_hex(out, r->session);
	else
		render_none(out);
}

static void render_method(struct render *out, const struct history_record *r)
{
	if (r->method != AUTH_METHOD_NONE)
		render_word(out, auth_method_name(r->method));
	else
		render_none(out);
}

static void row(struct render *out, const struct history_record *r)
{
	const struct end_reason_info *info = end_reason_info(r->reason);
	uint64_t start = first_ns(&r->timeline);

	render_row_begin(out);
	render_u64(out, r->id);
	render_time(out, r->started_wall_ns);
	render_text(out, span_of(r->user, r->user_len));
	render_endpoint(out, r->client_be, r->client_port_be);
	render_duration(out, r->duration_ns);
	render_word(out, r->phase);
	render_method(out, r);
	render_word(out, r->mppe);
	render_size(out, r->totals.up_bytes);
	render_size(out, r->totals.down_bytes);
	render_word(out, end_side_name(info->side));
	render_windows(out, info);
	render_u64(out, r->n_same);
	render_word(out, info->name);
	render_word(out, info->sentence);
	render_bool(out, r->was_up);
	render_session(out, r);
	render_ipv4(out, r->inner_be);
	render_u64(out, r->totals.up_pkts);
	render_u64(out, r->totals.down_pkts);
	render_word(out, r->detail);
	render_time(out, r->last_wall_ns);
	for (int i = 0; i < TIMELINE_MARK_COUNT; i++) {
		if (r->timeline.at_ns[i])
			render_u64(out, ms_between(start, r->timeline.at_ns[i]));
		else
			render_none(out);
	}
	render_row_end(out);
}

static bool list(struct control *c, struct show *s)
{
	_Static_assert(RTE_DIM(columns) <= RENDER_COLUMNS_MAX, "the columns fit");
	const struct history_record *r = NULL;
	int looks = 0;

	if (s->stage++ == 0) {
		render_table_begin(&s->render, "history", columns, RTE_DIM(columns));
		s->seq = c->history.last_seq + 1;
	}
	while (render_has_room(&s->render) && looks++ < LOOKS_PER_PAGE) {
		r = history_before(&c->history, &s->seq);
		if (!r) {
			render_table_end(&s->render);
			return true;
		}
		if (matches(r, &s->filter))
			row(&s->render, r);
	}
	return false;
}

// ---- one record ---------------------------------------------------------------------------------

static void describe_who(struct render *out, const struct history_record *r)
{
	render_key(out, "id", NULL);
	render_u64(out, r->id);
	render_key(out, "session", NULL);
	render_session(out, r);
	show_who(out, &(struct show_who){.user = span_of(r->user, r->user_len),
			      .client_be = r->client_be,
			      .client_port_be = r->client_port_be,
			      .called_be = r->called_be,
			      .inner_be = r->inner_be});
	render_key(out, "started", NULL);
	render_time(out, r->started_wall_ns);
	render_key(out, "duration", NULL);
	render_duration(out, r->duration_ns);
	render_key(out, "was_up", NULL);
	render_bool(out, r->was_up);
	render_key(out, "phase", NULL);
	render_word(out, r->phase);
	render_key(out, "method", NULL);
	render_method(out, r);
	render_key(out, "mppe", NULL);
	render_word(out, r->mppe);
}

static void describe_end(struct render *out, const struct history_record *r)
{
	const struct end_reason_info *info = end_reason_info(r->reason);

	render_key(out, "reason", NULL);
	render_word(out, info->name);
	render_key(out, "by", NULL);
	render_word(out, end_side_name(info->side));
	render_key(out, "text", NULL);
	render_word(out, info->sentence);
	render_key(out, "detail", NULL);
	if (r->detail[0])
		render_word(out, r->detail);
	else
		render_none(out);
	render_key(out, "windows_error", NULL);
	render_windows(out, info);
	render_key(out, "acct_terminate_cause", NULL);
	render_word(out, end_acct_cause_name(info->acct_cause));
	render_key(out, "more", "further ones like it from the same source");
	render_u64(out, r->n_same);
	render_key(out, "last", NULL);
	render_time(out, r->last_wall_ns);
}

static void describe_traffic(struct render *out, const struct history_record *r)
{
	const struct {
		const char *key;
		uint64_t value;
	} fields[] = {
		{"up_pkts", r->totals.up_pkts},
		{"up_bytes", r->totals.up_bytes},
		{"down_pkts", r->totals.down_pkts},
		{"down_bytes", r->totals.down_bytes},
		{"drops", r->totals.drops},
		{"lost", r->totals.lost},
		{"decrypt_failures", r->totals.decrypt_failures},
		{"clear_refused", r->totals.clear_refused},
	};

	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		render_key(out, fields[i].key, NULL);
		render_u64(out, fields[i].value);
	}
}

static void describe_timeline(struct render *out, const struct timeline *t)
{
	static const struct render_column timeline_columns[] = {
		{"AT-MS", "at_ms", true, false},
		{"STEP-MS", "step_ms", true, false},
		{"WHAT", "what", false, true},
		{"WHAT", "text", false, false},
	};
	static const struct {
		const char *key, *text;
	} names[TIMELINE_MARK_COUNT] = {
#define X(name, key, text) {key, text},
		TIMELINE_LIST(X)
#undef X
	};
	uint64_t start = first_ns(t), last = start;
	bool is_told[TIMELINE_MARK_COUNT] = {false};

	render_table_begin(out, "timeline", timeline_columns, RTE_DIM(timeline_columns));
	for (;;) { // in the order of time
		int next = -1;
		for (int i = 0; i < TIMELINE_MARK_COUNT; i++)
			if (t->at_ns[i] && !is_told[i] &&
				(next < 0 || t->at_ns[i] < t->at_ns[next]))
				next = i;
		if (next < 0)
			break;
		is_told[next] = true;
		render_row_begin(out);
		render_u64(out, ms_between(start, t->at_ns[next]));
		render_u64(out, ms_between(start, t->at_ns[next]) - ms_between(start, last));
		render_word(out, names[next].key);
		render_word(out, names[next].text);
		render_row_end(out);
		last = t->at_ns[next];
	}
	render_table_end(out);
}

static bool describe(struct control *c, struct show *s)
{
	const struct history_record *r = history_find(&c->history, s->id);

	if (!r) // it was pushed out between the check and this page
		return true;
	render_record_begin(&s->render, "record");
	describe_who(&s->render, r);
	describe_end(&s->render, r);
	describe_traffic(&s->render, r);
	render_record_end(&s->render);
	describe_timeline(&s->render, &r->timeline);
	return true;
}

// ---- the command --------------------------------------------------------------------------------

int show_history_check(struct control *c, struct show *s)
{
	char shown[48];

	if (s->argument.len == 0)
		return SHOW_OK;
	log_escape(s->argument, shown, sizeof(shown));
	if (show_parse_id(s->argument, &s->id) && history_find(&c->history, s->id))
		return SHOW_OK;
	snprintf(s->message, sizeof(s->message),
		"There is no record %s. The first column of show history has their numbers; the ID "
		"of "
		"a session that has ended will do, too.\n",
		shown);
	return SHOW_FAILED;
}

bool show_history(struct control *c, struct show *s)
{
	return s->argument.len > 0 ? describe(c, s) : list(c, s);
}
