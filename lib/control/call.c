// SPDX-License-Identifier: BSD-3-Clause
#include "control/call.h"

#include "control/address.h"
#include "control/call_auth.h"
#include "control/call_command.h"
#include "control/call_policy.h"
#include "control/call_record.h"
#include "control/call_routes.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/history_note.h"
#include "control/supersede.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { CLEAR_REFUSED_MIN = 8 };

#define SECOND_NS UINT64_C(1000000000)

static const uint64_t CLEAR_WATCH_NS = 10 * SECOND_NS;

// ---- what the link asks for ---------------------------------------------------------------------

static void come_up(struct call *call)
{
	struct control *c = call->control;

	call_command_policy(call); // before the first packet passes
	call_command_open(call, true);
	if (call->was_up)
		return;
	call->was_up = true;
	conn_is_up(call->conn);
	tenants_note_up(call);
	call->up_ns = control_now(c);
	call_policy_arm(call);
	counter_add(&c->counters.calls_up, 1);
	call_record_up(call);
	accounting_up(call);
}

static void watch_clear_data(struct call *call)
{
	struct lane_totals totals;

	call_read_totals(call, &totals);
	call->clear_refused = totals.clear_refused;
	call->clear_up_pkts = totals.up_pkts;
	call->clear_due_ns = control_now(call->control) + CLEAR_WATCH_NS;
}

// The Call Statistics of Call-Disconnect-Notify: why first, should the rest not fit.
static void describe_end(const struct call *call, char *out, size_t cap)
{
	struct lane_totals n;

	call_read_totals(call, &n);
	snprintf(out, cap,
		"%s, %" PRIu64 " s, in %" PRIu64 "/%" PRIu64 ", out %" PRIu64 "/%" PRIu64,
		end_reason_info(call->end)->name, (call->ended_ns - call->started_ns) / SECOND_NS,
		n.up_pkts, n.up_bytes, n.down_pkts, n.down_bytes);
}

// All that a worker and a connection know of the call is taken back; what it holds stays taken
// until the worker has answered.
static void finish(struct call *call, enum end_reason reason)
{
	struct control *c = call->control;
	struct conn *conn = call->conn;
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	char statistics[PPTP_STATISTICS_BYTES];

	call->end = reason;
	call->ended_ns = control_now(c);
	call->is_open = false;
	call->clear_due_ns = call->no_gre_due_ns = call->stale_due_ns = TIMER_NEVER;
	call->policy_due_ns = call->address_due_ns = TIMER_NEVER;
	timer_heap_leave(&c->loop.timers, &call->timer);
	supersede_forget(call);
	logins_remove(call);
	(void)owner_map_set_call(c->config.owners, call->listen, call->pptp.call_id, OWNER_NONE);
	call_routes_remove(call);
	call_command_delete(call);

	debug_call_ending(call, reason);
	describe_end(call, statistics, sizeof(statistics));
	pptp_call_disconnect(&call->pptp, reason, statistics, &w);
	call->conn = NULL;
	conn_write(conn, span_of(bytes, w.len));
	conn_call_ended(conn, call);
}

static void act(struct call *call, const struct step *step, const struct step_item *item)
{
	switch (item->kind) {
	case STEP_FRAME:
		call_command_frame(call, item->protocol, step_frame_info(step, item));
		break;
	case STEP_LINK_AGREED:
		call_command_link(call);
		break;
	case STEP_AUTHENTICATE:
		call_auth_ask(call);
		break;
	case STEP_KEYS:
		call_command_keys(call);
		break;
	case STEP_ENCRYPT:
		call_command_encrypt(call, true);
		break;
	case STEP_STOP_ENCRYPT:
		call_command_encrypt(call, false);
		break;
	case STEP_FLUSH:
		call_command_flush(call);
		break;
	case STEP_ADDRESS:
		address_choose(call);
		break;
	case STEP_UP:
		come_up(call);
		break;
	case STEP_DOWN:
		call_command_open(call, false);
		break;
	case STEP_ENDED:
		finish(call, item->reason);
		break;
	}
	debug_step(call, step, item);
}

void call_rearm(struct call *call)
{
	const uint64_t others[] = {call->clear_due_ns, call->no_gre_due_ns, call->stale_due_ns,
		call->account.interim_due_ns, call->policy_due_ns, call->address_due_ns};
	uint64_t due = link_deadline(&call->link);

	for (size_t i = 0; i < RTE_DIM(others); i++)
		if (due > others[i])
			due = others[i];
	timer_heap_arm(&call->control->loop.timers, &call->timer, due);
}

static void note_phase(struct call *call)
{
	if (call->link.phase >= LINK_TERMINATE)
		return;
	call->phase = call->link.phase;
	if (call->conn && call->link.phase > LINK_ESTABLISH)
		conn_progress(call->conn, ADMISSION_STEP_LINK);
}

void call_run(struct call *call, struct step *step)
{
	note_phase(call);
	if (step->overflowed) {
		struct event e;
		event_begin(&e, EVENT_INTERNAL);
		event_word(&e, "what", "step overflowed");
		event_hex(&e, "session", call->id);
		event_send(call->control->config.log, &e);
	}
	for (int i = 0; i < step->n_items && call->end == END_NONE; i++)
		act(call, step, &step->items[i]);
	history_note_link(call);
	debug_link(call);
	if (call->end != END_NONE)
		return;
	if (call->out_of_room) {
		call_record_no_resource(call, "command backlog of a worker");
		call_end(call, END_NO_RESOURCE);
		return;
	}
	if (call->auth_refusal != END_NONE) {
		call_auth_give_up(call);
		return;
	}
	if (call->link.phase == LINK_OPEN && call->saw_clear && call->clear_due_ns == TIMER_NEVER)
		watch_clear_data(call);
	call_rearm(call);
}

// ---- events -------------------------------------------------------------------------------------

void call_receive(struct call *call, uint16_t protocol, struct span info)
{
	struct step step;

	if (call->end != END_NONE) {
		counter_add(&call->control->counters.stale_events, 1);
		return;
	}
	call->n_ppp_in++;
	timeline_mark(&call->timeline, TIMELINE_GRE, control_now(call->control));
	debug_ppp_in(call, protocol, info);
	step_clear(&step);
	link_receive(&call->link, protocol, info, control_now(call->control), &step);
	call_run(call, &step);
}

void call_close(struct call *call, enum end_reason reason)
{
	struct step step;

	if (call->end != END_NONE)
		return;
	step_clear(&step);
	link_close(&call->link, reason, control_now(call->control), &step);
	call_run(call, &step);
}

void call_end(struct call *call, enum end_reason reason)
{
	struct step step;

	if (call->end != END_NONE)
		return;
	// If it was about to end anyway, the first reason is the true one.
	if (call->link.phase >= LINK_TERMINATE && call->link.end != END_NONE)
		reason = call->link.end;
	step_clear(&step);
	link_close(&call->link, reason, control_now(call->control), &step);
	for (int i = 0; i < step.n_items; i++)
		if (step.items[i].kind == STEP_FRAME)
			act(call, &step, &step.items[i]);
	finish(call, reason);
}

void call_take_message(struct call *call, const struct pptp_message *message)
{
	enum end_reason reason = pptp_call_receive(&call->pptp, message);

	if (reason != END_NONE)
		call_end(call, reason);
}

void call_saw_clear_data(struct call *call)
{
	if (call->end != END_NONE || call->saw_clear)
		return;
	call->saw_clear = true;
	call_record_clear_data(call);
	if (call->link.phase == LINK_OPEN) {
		watch_clear_data(call);
		call_rearm(call);
	}
}

void call_cannot_decrypt(struct call *call)
{
	if (call->end != END_NONE)
		return;
	call_record_decrypt_failures(call);
	call_close(call, END_DECRYPT_FAILURES);
}

void call_lost_sync(struct call *call)
{
	struct step step;

	if (call->end != END_NONE)
		return;
	step_clear(&step);
	debug_mppe(call, "MPPE: I lost a packet, out of step");
	link_desync(&call->link, control_now(call->control), &step);
	call_run(call, &step);
}

void call_moved(struct call *call, uint32_t outer_peer_be)
{
	call->gre_be = outer_peer_be;
	call_record_moved(call);
}

void call_idle(struct call *call)
{
	if (call->is_open)
		call_close(call, END_IDLE_TIMEOUT);
}

static void check_clear_data(struct call *call)
{
	uint64_t refused = call->clear_refused, up_pkts = call->clear_up_pkts;

	watch_clear_data(call);
	if (call->link.phase == LINK_OPEN && call->clear_up_pkts == up_pkts &&
		call->clear_refused - refused >= CLEAR_REFUSED_MIN)
		call_close(call, END_CLIENT_CLEAR_DATA);
}

// That GRE comes is all that is asked here: a client may be heard without PPP, by its acks alone.
static void check_gre(struct call *call)
{
	const struct session_table *table =
		call->control->config.sessions[session_id_worker(call->id)];
	const struct session *s = &table->slots[session_id_slot(call->id)];

	call->no_gre_due_ns = TIMER_NEVER;
	if (call->link.heard || counter_read(&s->counters.lone_acks_received))
		return;
	counter_add(&call->control->counters.calls_without_gre, 1);
	call_record_no_gre(call);
}

static void fire(struct timer *t, uint64_t now_ns)
{
	struct call *call = container_of(t, struct call, timer);
	struct step step;

	if (now_ns >= call->clear_due_ns)
		check_clear_data(call);
	if (call->end == END_NONE && now_ns >= call->no_gre_due_ns)
		check_gre(call);
	if (call->end == END_NONE && now_ns >= call->stale_due_ns)
		supersede_expire(call, now_ns);
	if (call->end == END_NONE && now_ns >= call->address_due_ns)
		call_auth_retry_address(call);
	if (call->end == END_NONE && now_ns >= call->policy_due_ns)
		call_policy_expire(call);
	if (call->end == END_NONE && now_ns >= call->account.interim_due_ns)
		accounting_expire(call, now_ns);
	if (call->end != END_NONE)
		return;
	step_clear(&step);
	if (now_ns >= link_deadline(&call->link))
		link_expire(&call->link, now_ns, &step);
	call_run(call, &step);
}

// ---- birth and death ----------------------------------------------------------------------------

static void release(struct call *call)
{
	struct control *c = call->control;

	change_remove_call(call);
	timer_heap_leave(&c->loop.timers, &call->timer);
	if (call->id != SESSION_ID_NONE)
		placement_release(&c->placement, call->id);
	if (call->pptp.call_id != 0)
		call_table_release(&c->call_tables[call->listen], call->pptp.call_id);
	address_release(call);
	tenants_leave(call);
	call_policy_release(call);
	call_auth_release(call);
	link_wipe(&call->link);
	secret_wipe_bytes(call, sizeof(*call));
	free(call);
}

// A Call ID, a slot, random numbers. Returns false with an event when one of them is not to be had.
static bool take_resources(struct call *call, const struct pptp_ocrq *request)
{
	struct control *c = call->control;
	struct {
		uint64_t seed;
		uint8_t challenge[16];
		uint16_t call_id;
	} random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		call_record_no_resource(call, "random numbers");
		return false;
	}
	call->id = placement_take(&c->placement, call);
	if (call->id == SESSION_ID_NONE) {
		call_record_no_resource(call, "session slots");
		return false;
	}
	int32_t call_id = call_table_take(&c->call_tables[call->listen], random.call_id,
		call_table_places(
			c->config.call_classes, c->config.n_workers, session_id_worker(call->id)));
	if (call_id < 0) {
		call_record_no_resource(call, "Call IDs of the listen address");
		return false;
	}
	call->pptp.call_id = (uint16_t)call_id;
	if (owner_map_set_call(c->config.owners, call->listen, call->pptp.call_id, OWNER_NONE) !=
		0) {
		call_record_no_resource(call, "owners of calls");
		return false;
	}
	call->pptp.peer_call_id = request->call_id;
	call->pool = tenants_first_pool(c, call->tenant);
	link_init(&call->link, &c->link_configs[call->pool], random.seed, random.challenge);
	secret_wipe_bytes(&random, sizeof(random));
	return true;
}

enum end_reason call_new(struct conn *conn, const struct pptp_ocrq *request)
{
	struct control *c = conn->control;
	struct call *call = calloc(1, sizeof(*call));
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct step step;

	if (!call)
		return END_NO_RESOURCE;
	call->control = c;
	call->client_be = conn->client_be;
	call->client_port_be = conn->client_port_be;
	call->gre_be = conn->client_be;
	call->listen = conn->listen;
	call->tenant = c->config.config->listen_tenants[conn->listen];
	call->mtu = c->config.config->mtu;
	call->clear_due_ns = call->stale_due_ns = call->policy_due_ns = TIMER_NEVER;
	call->address_due_ns = TIMER_NEVER;
	call->started_ns = control_now(c);
	call->no_gre_due_ns = call->started_ns + c->config.config->no_gre_notice_s * SECOND_NS;
	call->started_wall_ns = control_wall_ns();
	accounting_init_call(call);
	call->number = history_next_id(&c->history);
	call->tunnel = conn->number;
	call->timeline = conn->timeline;
	timeline_mark(&call->timeline, TIMELINE_OCRQ, call->started_ns);
	enum end_reason limited = tenants_begin(call);
	if (limited != END_NONE) {
		release(call);
		return limited;
	}
	if (timer_heap_join(&c->loop.timers, &call->timer, fire) != 0 ||
		!take_resources(call, request)) {
		release(call);
		return END_NO_RESOURCE;
	}
	change_add_call(call);
	// The worker knows the session before the client can send to it.
	call_command_add(call);
	if (call->out_of_room) {
		call_record_no_resource(call, "command backlog of a worker");
		release(call);
		return END_NO_RESOURCE;
	}
	(void)owner_map_set_call(c->config.owners, call->listen, call->pptp.call_id, // has room
		owner_make(session_id_worker(call->id), session_id_slot(call->id)));
	const struct pptp_call_offer offer = {.call_id = call->pptp.call_id,
		.window = c->config.config->receive_window,
		.delay = c->config.config->processing_delay};
	pptp_call_accept(&call->pptp, request, &offer, &w);
	call->conn = conn;
	conn->n_calls_begun++;
	conn_calls_add(&conn->calls, call);
	conn->n_calls_most = RTE_MAX(conn->n_calls_most, conn->calls.n);
	pptp_conn_set_calls(&conn->pptp, conn->calls.n, control_now(c));
	counter_add(&c->counters.calls_started, 1);
	conn_write(conn, span_of(bytes, w.len));
	call_record_started(call);

	step_clear(&step);
	link_start(&call->link, control_now(c), &step);
	call_run(call, &step);
	return END_NONE;
}

void call_read_totals(const struct call *call, struct lane_totals *out)
{
	const struct session_table *table =
		call->control->config.sessions[session_id_worker(call->id)];
	const struct session *s = &table->slots[session_id_slot(call->id)];
	const struct session_counters *n = &s->counters;

	*out = (struct lane_totals){
		.up_pkts = counter_read(&n->up_pkts),
		.up_bytes = counter_read(&n->up_bytes),
		.down_pkts = counter_read(&n->down_pkts),
		.down_bytes = counter_read(&n->down_bytes),
		.drops = counter_read(&n->drops),
		.lost = counter_read(&n->lost),
		.decrypt_failures = counter_read(&n->decrypt_failures),
		.clear_refused = counter_read(&n->clear_refused),
	};
}

void call_gone(struct call *call, const struct lane_totals *totals)
{
	struct control *c = call->control;

	if (call->end == END_NONE) { // nobody asked for it
		counter_add(&c->counters.stale_events, 1);
		return;
	}
	counter_add(call->was_up ? &c->counters.calls_ended[call->end]
				 : &c->counters.calls_failed[call->end],
		1);
	tenants_note_gone(call, totals);
	call_record_down(call, totals);
	accounting_down(call, totals);
	release(call);
}

void call_abandon(struct call *call)
{
	struct lane_totals totals;

	call_end(call, END_ADMIN_SHUTDOWN);
	call_read_totals(call, &totals);
	call_gone(call, &totals);
}

void call_describe_mppe(const struct call *call, char *out, size_t cap)
{
	const struct mppe_mode *in = &call->receive, *to = &call->send;
	const char *in_mode = in->is_stateless ? "stateless" : "stateful";
	const char *to_mode = to->is_stateless ? "stateless" : "stateful";

	if (to->strength == MPPE_STRENGTH_NONE)
		snprintf(out, cap, "none");
	else if (in->strength == to->strength && in->is_stateless == to->is_stateless)
		snprintf(out, cap, "%d %s", (int)in->strength, in_mode);
	else
		snprintf(out, cap, "%d %s in, %d %s out", (int)in->strength, in_mode,
			(int)to->strength, to_mode);
}
