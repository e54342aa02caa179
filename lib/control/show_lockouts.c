// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "aaa/login.h"
#include "control/control_state.h"
#include "control/lockout_watch.h"

#include <arpa/inet.h>

// The first one is left out where there are no tenants.
static const struct render_column columns[] = {
	{"TENANT", "tenant", false, false},
	{"WHAT", "what", false, false},
	{"USER", "user", false, false},
	{"SOURCE", "source", false, false},
	{"FAILURES", "failures", true, false},
	{"LOCKS", "locks", true, false},
	{"LOCKED-FOR", "locked_for", true, false},
	{"LAST-FAILURE", "last_failure", true, false},
};

static bool has_tenants(const struct control *c)
{
	return c->config.config->n_tenants > 1;
}

static void render_entry(
	const struct control *c, struct render *r, const struct lockout_entry *e, uint64_t now_ns)
{
	render_row_begin(r);
	if (has_tenants(c) && e->kind == LOCKOUT_SOURCE)
		render_none(r);
	else if (has_tenants(c))
		show_tenant(c, r, e->tenant);
	render_word(r, lockout_kind_name(e->kind));
	if (e->kind == LOCKOUT_SOURCE)
		render_none(r);
	else
		render_text(r, span_of(e->user, e->user_len));
	if (e->kind == LOCKOUT_USER)
		render_none(r);
	else
		render_ipv4(r, e->source_be);
	render_u64(r, e->n_failures);
	render_u64(r, e->n_locks);
	if (lockout_is_locked(e, now_ns))
		render_duration(r, e->until_ns - now_ns);
	else
		render_none(r);
	render_duration(r, now_ns - e->failed_ns);
	render_row_end(r);
}

bool show_lockouts(struct control *c, struct show *s)
{
	enum { LOOKS_PER_PAGE = 4096 }; // the table is mostly empty: it must not hold the lane
	const struct lockout *l = &c->lockout;
	struct render *r = &s->render;
	uint64_t now_ns = control_now(c);
	int looks = 0;

	if (s->stage++ == 0)
		render_table_begin(r, "lockouts", columns + !has_tenants(c),
			RTE_DIM(columns) - !has_tenants(c));
	for (; s->cursor < l->n_entries && render_has_room(r) && looks < LOOKS_PER_PAGE;
		s->cursor++, looks++)
		if (lockout_has_count(l, &l->entries[s->cursor], now_ns))
			render_entry(c, r, &l->entries[s->cursor], now_ns);
	if (s->cursor < l->n_entries)
		return false;
	render_table_end(r);
	return true;
}

static void record_order(struct control *c, const struct show *s, unsigned int n)
{
	struct event e;

	event_begin(&e, EVENT_ADMIN);
	event_word(&e, "order", "clear lockouts");
	if (s->filter.has_user)
		event_text(&e, "user", s->filter.user);
	if (s->filter.has_address)
		event_ipv4(&e, "address", s->filter.address_be);
	event_u64(&e, "uid", s->uid);
	event_u64(&e, "entries", n);
	event_send(c->config.log, &e);
}

// "CORP\anna" is found under the name that it is counted under.
int show_clear_lockouts(struct control *c, struct show *s)
{
	const struct span account = s->filter.has_user
					    ? login_account(c->config.config, 0, s->filter.user)
					    : (struct span){0};
	unsigned int n = lockout_watch_clear(c, s->filter.has_user ? &account : NULL,
		s->filter.has_address ? &s->filter.address_be : NULL);
	if (n == 0 && s->filter.has_user) // of a tenant's user who is known by the whole name
		n = lockout_watch_clear(
			c, &s->filter.user, s->filter.has_address ? &s->filter.address_be : NULL);

	if (n == 0) {
		snprintf(s->message, sizeof(s->message), "There is nothing to clear.\n");
		return s->filter.has_user || s->filter.has_address ? SHOW_FAILED : SHOW_OK;
	}
	snprintf(s->message, sizeof(s->message), "%u cleared.\n", n);
	record_order(c, s, n);
	return SHOW_OK;
}
