// SPDX-License-Identifier: BSD-3-Clause
#include "control/history_note.h"

#include "control/conn.h"
#include "control/control_state.h"

#include <stdio.h>

void history_note_link(struct call *call)
{
	const struct link *l = &call->link;
	const struct {
		bool is_there;
		enum timeline_mark mark;
	} marks[] = {
		{fsm_is_open(&l->lcp.fsm), TIMELINE_LCP_OPEN},
		{call->asks_aaa, TIMELINE_AUTH_ASKED},
		{call->is_authenticated, TIMELINE_AUTH_OK},
		{fsm_is_open(&l->ccp.fsm), TIMELINE_CCP_OPEN},
		{fsm_is_open(&l->ipcp.fsm), TIMELINE_IPCP_OPEN},
		{call->was_up, TIMELINE_UP},
		{l->phase >= LINK_TERMINATE, TIMELINE_CLOSING},
	};

	for (size_t i = 0; i < RTE_DIM(marks); i++)
		if (marks[i].is_there)
			timeline_mark(&call->timeline, marks[i].mark, control_now(call->control));
}

static void describe(const struct call *call, char out[HISTORY_DETAIL_BYTES])
{
	const char *text = link_client_text(&call->link);
	char escaped[HISTORY_DETAIL_BYTES - 32];

	(void)log_escape(span_of_text(text), escaped, sizeof(escaped));
	snprintf(out, HISTORY_DETAIL_BYTES, "%s%s%s%s", call->saw_clear ? "clear data came" : "",
		call->saw_clear && text[0] ? ", " : "", text[0] ? "client says " : "",
		text[0] ? escaped : "");
}

void history_note_call(struct call *call, const struct lane_totals *totals)
{
	struct control *c = call->control;
	struct history_record r = {
		.id = call->number,
		.session = call->id,
		.started_wall_ns = call->started_wall_ns,
		.duration_ns = call->ended_ns - (call->was_up ? call->up_ns : call->started_ns),
		.client_be = call->client_be,
		.client_port_be = call->client_port_be,
		.called_be = c->config.owners->listen_be[call->listen],
		.inner_be = call->inner_be,
		.reason = call->end,
		.method = call->link.auth.credentials.method,
		.was_up = call->was_up,
		.is_authenticated = call->is_authenticated,
		.phase = link_phase_name(call->phase),
		.totals = *totals,
		.user_len = call->user_len,
	};

	timeline_mark(&call->timeline, TIMELINE_END, call->ended_ns);
	r.timeline = call->timeline;
	memcpy(r.user, call->user, call->user_len);
	call_describe_mppe(call, r.mppe, sizeof(r.mppe));
	describe(call, r.detail);
	history_add(&c->history, &r);
}

// What all connections that never had a call have in common.
static struct history_record begin(
	struct control *c, uint32_t client_be, uint16_t port_be, enum end_reason reason)
{
	return (struct history_record){
		.id = history_next_id(&c->history),
		.started_wall_ns = control_wall_ns(),
		.client_be = client_be,
		.client_port_be = port_be,
		.reason = reason,
		.mppe = "none",
	};
}

static void add_conn(
	const struct conn *conn, enum end_reason reason, const char *phase, const char *detail)
{
	struct control *c = conn->control;
	struct history_record r = begin(c, conn->client_be, conn->client_port_be, reason);

	r.duration_ns = control_now(c) - conn->accepted_ns;
	r.started_wall_ns -= r.duration_ns;
	r.called_be = c->config.owners->listen_be[conn->listen];
	r.phase = phase;
	r.timeline = conn->timeline;
	timeline_mark(&r.timeline, TIMELINE_END, control_now(c));
	if (detail)
		snprintf(r.detail, sizeof(r.detail), "%s", detail);
	history_add(&c->history, &r);
}

void history_note_refusal(struct conn *conn, enum end_reason reason, const char *limit)
{
	conn->had_refusal = true;
	if (reason != END_PPTP_INCOMING) // which no Outgoing-Call-Request asked for
		timeline_mark(&conn->timeline, TIMELINE_OCRQ, control_now(conn->control));
	add_conn(conn, reason, "call", limit);
}

void history_note_conn(const struct conn *conn)
{
	bool has_spoken = conn->timeline.at_ns[TIMELINE_SCCRQ] != 0;

	if (conn->n_calls_begun == 0 && !conn->had_refusal)
		add_conn(conn, conn->reason, has_spoken ? "call" : "connect", NULL);
}

void history_note_stranger(struct control *c, uint32_t client_be, uint16_t client_port_be,
	enum end_reason reason, const char *detail)
{
	struct history_record r = begin(c, client_be, client_port_be, reason);

	r.phase = "connect";
	snprintf(r.detail, sizeof(r.detail), "%s", detail);
	history_add(&c->history, &r);
}
