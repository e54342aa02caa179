// SPDX-License-Identifier: BSD-3-Clause
// `aditctl reload`: what is different, what is wrong, what became of it, and of the calls.
#include "control/control_state.h"
#include "control/show.h"

#include <errno.h>
#include <stdio.h>

static int begin(struct control *c, struct show *s, bool is_dry_run)
{
	struct event e;
	int rc = reload_begin(c, is_dry_run);

	if (rc != 0) {
		const char *why = rc == -EBUSY	   ? "The last reload is not done yet"
				  : rc == -ENOTSUP ? "Nobody said which file"
						   : strerror(-rc);
		snprintf(s->message, sizeof(s->message), "%s.\n", why);
		return SHOW_FAILED;
	}
	s->id = c->reload.number;
	event_begin(&e, EVENT_ADMIN);
	event_word(&e, "order", is_dry_run ? "reload --dry-run" : "reload");
	event_u64(&e, "uid", s->uid);
	event_send(c->config.log, &e);
	return SHOW_OK;
}

int show_reload_begin(struct control *c, struct show *s)
{
	return begin(c, s, false);
}

int show_reload_dry_run(struct control *c, struct show *s)
{
	return begin(c, s, true);
}

static void error_row(struct control *c, struct render *r, unsigned int i)
{
	const struct config_error *e = &c->reload.job->errors.entries[i];

	render_row_begin(r);
	render_word(r, e->severity == CONFIG_ERROR ? "error" : "warning");
	render_word(r, e->text);
	render_row_end(r);
}

static void change_row(struct control *c, struct render *r, unsigned int i)
{
	const struct conf_change *change = &c->reload.job->diff.changes[i];

	render_row_begin(r);
	render_word(r, change->key);
	render_word(r, change->old_value);
	render_word(r, change->new_value);
	render_word(r, conf_diff_takes_name(change->takes));
	render_row_end(r);
}

static void ended_row(struct control *c, struct render *r, unsigned int i)
{
	const struct reload_ended *e = &c->reload.job->ended[i];

	render_row_begin(r);
	render_hex(r, e->session);
	render_text(r, span_of(e->user, e->user_len));
	render_ipv4(r, e->client_be);
	render_ipv4(r, e->inner_be);
	render_word(r, e->why);
	render_row_end(r);
}

static void put_result(const struct reload *job, struct render *r)
{
	render_record_begin(r, "reload");
	render_key(r, "result", NULL);
	render_word(r, reload_result_name(job->result));
	render_key(r, "changes", NULL);
	render_u64(r, job->job->diff.n);
	render_key(r, "need_restart", NULL);
	render_u64(r, job->job->diff.n_restart);
	if (job->result == RELOAD_APPLIED || job->result == RELOAD_SHOWN) {
		render_key(r, "kept", NULL);
		render_u64(r, job->n_kept);
		render_key(r, "changed", NULL);
		render_u64(r, job->n_changed);
		render_key(r, "ended", NULL);
		render_u64(r, job->n_ended);
	}
	if (job->error) {
		render_key(r, "error", NULL);
		render_word(r, strerror(-job->error));
	}
	render_record_end(r);
}

bool show_reload(struct control *c, struct show *s)
{
	static const struct render_column error_columns[] = {
		{"WHAT", "severity", false, false},
		{"WHERE AND WHY", "text", false, false},
	};
	static const struct render_column change_columns[] = {
		{"KEY", "key", false, false},
		{"OLD", "old", false, false},
		{"NEW", "new", false, false},
		{"TAKES", "takes", false, false},
	};
	static const struct render_column ended_columns[] = {
		{"ENDED", "session", false, false},
		{"USER", "user", false, false},
		{"CLIENT", "client", false, false},
		{"ADDRESS", "address", false, false},
		{"WHY", "why", false, false},
	};
	static const struct show_table tables[] = {
		{.name = "errors",
			.columns = error_columns,
			.n_columns = RTE_DIM(error_columns),
			.row = error_row},
		{.name = "changes",
			.columns = change_columns,
			.n_columns = RTE_DIM(change_columns),
			.row = change_row},
		{.name = "ended",
			.columns = ended_columns,
			.n_columns = RTE_DIM(ended_columns),
			.row = ended_row},
	};
	const struct reload *r = &c->reload;

	s->is_waiting = r->number == s->id && (r->result == RELOAD_READING || r->is_walking);
	if (s->is_waiting)
		return false;
	if (r->number != s->id)
		return true; // the next one has begun
	s->code = r->result == RELOAD_APPLIED || r->result == RELOAD_SHOWN ? SHOW_OK : SHOW_FAILED;
	const uint32_t counts[] = {
		r->job->errors.n, r->job->diff.n, RTE_MIN(r->n_ended, (uint32_t)RELOAD_ENDED_TOLD)};
	while (s->stage < RTE_DIM(tables)) {
		uint32_t n = counts[s->stage];
		if (n > 0 && !show_table(c, s, &tables[s->stage], n))
			return false;
		s->stage++;
		s->cursor = 0;
	}
	if (!render_has_room(&s->render))
		return false;
	put_result(r, &s->render);
	return true;
}
