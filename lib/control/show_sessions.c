// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/show_policy.h"
#include "proto/fsm_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS_PER_PAGE = 4096 };

static const struct render_column columns[] = {
	{"ID", "id", false, false}, {"USER", "user", false, false},
	{"CLIENT", "client", false, false}, {"INNER", "inner", false, false},
	{"PHASE", "phase", false, false}, {"SINCE", "since", false, true},
	{"TIME", "duration", true, false}, {"MPPE", "mppe", false, false},
	{"UP-BYTES", "up_bytes", true, false}, {"UP-PKTS", "up_pkts", true, false},
	{"DOWN-BYTES", "down_bytes", true, false}, {"DOWN-PKTS", "down_pkts", true, false},
	{"WORKER", "worker", true, false},
	{"TENANT", "tenant", false, false}, // where tenants are configured
};

static const char *phase_of(const struct call *call)
{
	return call->end != END_NONE ? "ended" : link_phase_name(call->link.phase);
}

static uint64_t age_of(const struct control *c, const struct call *call)
{
	uint64_t end = call->end != END_NONE ? call->ended_ns : control_now(c);

	return end - (call->was_up ? call->up_ns : call->started_ns);
}

static void row(struct control *c, struct render *r, const struct call *call)
{
	struct lane_totals totals;
	char mppe[CALL_MPPE_TEXT_BYTES];

	call_read_totals(call, &totals);
	call_describe_mppe(call, mppe, sizeof(mppe));
	render_row_begin(r);
	render_hex(r, call->id);
	render_text(r, span_of(call->user, call->user_len));
	render_endpoint(r, call->client_be, call->client_port_be);
	render_ipv4(r, call->inner_be);
	render_word(r, phase_of(call));
	render_time(r, call->started_wall_ns);
	render_duration(r, age_of(c, call));
	render_word(r, mppe);
	render_size(r, totals.up_bytes);
	render_u64(r, totals.up_pkts);
	render_size(r, totals.down_bytes);
	render_u64(r, totals.down_pkts);
	render_u64(r, session_id_worker(call->id));
	if (c->config.config->n_tenants > 1)
		show_tenant(c, r, call->tenant);
	render_row_end(r);
}

bool show_sessions(struct control *c, struct show *s)
{
	bool is_end = false;

	if (s->stage++ == 0)
		render_table_begin(&s->render, "sessions", columns,
			RTE_DIM(columns) - (c->config.config->n_tenants == 1));
	while (render_has_room(&s->render)) {
		const struct call *call =
			placement_next(&c->placement, &s->cursor, SLOTS_PER_PAGE, &is_end);
		if (!call)
			break;
		row(c, &s->render, call);
		// Measuring fills no page, so it is bounded by itself.
		if (s->render.is_measuring && ++s->counts[0] % 256 == 0)
			break;
	}
	if (is_end)
		render_table_end(&s->render);
	return is_end;
}

// ---- one session --------------------------------------------------------------------------------

bool show_parse_id(struct span text, uint64_t *id)
{
	char copy[32], *end;

	if (text.len == 0 || text.len >= sizeof(copy) || text.bytes[0] < '0' || text.bytes[0] > '9')
		return false;
	memcpy(copy, text.bytes, text.len);
	copy[text.len] = '\0';
	errno = 0;
	*id = strtoull(copy, &end, copy[1] == 'x' || copy[1] == 'X' ? 16 : 10); // 010 is ten
	return errno == 0 && *end == '\0';
}

// The call that the argument names, or NULL with a message.
static struct call *find_call(struct control *c, struct show *s)
{
	struct call *call;
	char shown[48];

	log_escape(s->argument, shown, sizeof(shown));
	if (!show_parse_id(s->argument, &s->id)) {
		snprintf(s->message, sizeof(s->message),
			"%s is no session ID. It looks like 0x100000001, see show sessions.\n",
			shown);
		return NULL;
	}
	call = placement_find(&c->placement, s->id);
	if (!call)
		snprintf(s->message, sizeof(s->message), "There is no session %s.\n", shown);
	return call;
}

int show_session_check(struct control *c, struct show *s)
{
	return find_call(c, s) ? SHOW_OK : SHOW_FAILED;
}

void show_who(struct render *r, const struct show_who *who)
{
	render_key(r, "user", NULL);
	render_text(r, who->user);
	render_key(r, "client", NULL);
	render_endpoint(r, who->client_be, who->client_port_be);
	render_key(r, "called", NULL);
	render_ipv4(r, who->called_be);
	render_key(r, "inner", NULL);
	render_ipv4(r, who->inner_be);
}

static void describe_client(struct control *c, struct render *r, const struct call *call)
{
	char mppe[CALL_MPPE_TEXT_BYTES];

	call_describe_mppe(call, mppe, sizeof(mppe));
	render_record_begin(r, "session");
	render_key(r, "id", NULL);
	render_hex(r, call->id);
	show_who(r, &(struct show_who){.user = span_of(call->user, call->user_len),
			    .client_be = call->client_be,
			    .client_port_be = call->client_port_be,
			    .called_be = c->config.owners->listen_be[call->listen],
			    .inner_be = call->inner_be});
	if (c->config.config->n_tenants > 1) {
		render_key(r, "tenant", NULL);
		show_tenant(c, r, call->tenant);
	}
	render_key(r, "gre_from", "address that its GRE comes from");
	render_ipv4(r, call->gre_be);
	render_key(r, "phase", NULL);
	render_word(r, phase_of(call));
	render_key(r, "since", NULL);
	render_time(r, call->started_wall_ns);
	render_key(r, "duration", NULL);
	render_duration(r, age_of(c, call));
	render_key(r, "setup", NULL);
	if (call->was_up)
		render_duration(r, call->up_ns - call->started_ns);
	else
		render_none(r);
	render_key(r, "worker", NULL);
	render_u64(r, session_id_worker(call->id));
	render_key(r, "mppe", NULL);
	render_word(r, mppe);
	render_record_end(r);
}

static struct span padded_text(const uint8_t bytes[PPTP_NAME_BYTES])
{
	return span_of(bytes, strnlen((const char *)bytes, PPTP_NAME_BYTES));
}

// Set-Link-Info and WAN-Error-Notify: what the client says of a line that a tunnel does not have.
static void describe_link_info(struct render *r, const struct pptp_call *p)
{
	const struct pptp_wan_error *e = &p->wan_error;
	const struct {
		const char *key;
		uint32_t value;
	} errors[] = {
		{"wan_errors", p->n_wan_errors},
		{"wan_crc_errors", e->crc},
		{"wan_framing_errors", e->framing},
		{"wan_hardware_overruns", e->hardware_overruns},
		{"wan_buffer_overruns", e->buffer_overruns},
		{"wan_timeouts", e->timeouts},
		{"wan_alignment_errors", e->alignment},
	};

	render_key(r, "link_infos", NULL);
	render_u64(r, p->n_link_infos);
	render_key(r, "send_accm", NULL);
	render_hex(r, p->send_accm);
	render_key(r, "receive_accm", NULL);
	render_hex(r, p->receive_accm);
	for (size_t i = 0; i < (p->n_wan_errors ? RTE_DIM(errors) : 1); i++) {
		render_key(r, errors[i].key, NULL);
		render_u64(r, errors[i].value);
	}
}

static void describe_pptp(struct control *c, struct render *r, const struct call *call)
{
	render_record_begin(r, "pptp");
	render_key(r, "call_id", NULL);
	render_u64(r, call->pptp.call_id);
	render_key(r, "client_call_id", NULL);
	render_u64(r, call->pptp.peer_call_id);
	render_key(r, "serial", NULL);
	render_u64(r, call->pptp.serial);
	render_key(r, "client_window", NULL);
	render_u64(r, call->pptp.peer_window);
	render_key(r, "client_delay", "tenths of a second");
	render_u64(r, call->pptp.peer_delay);
	describe_link_info(r, &call->pptp);
	if (call->conn) {
		const struct pptp_conn *p = &call->conn->pptp;
		render_key(r, "client_host_name", NULL);
		render_text(r, padded_text(p->client.host_name));
		render_key(r, "client_vendor", NULL);
		render_text(r, padded_text(p->client.vendor));
		render_key(r, "client_firmware", NULL);
		render_u64(r, p->client.firmware);
		render_key(r, "connected", NULL);
		render_duration(r, control_now(c) - call->conn->accepted_ns);
		render_key(r, "last_message", NULL);
		render_duration(r, control_now(c) - p->heard_ns);
		render_key(r, "calls_of_connection", NULL);
		render_u64(r, call->conn->calls.n);
	}
	render_record_end(r);
}

static void describe_timer(struct control *c, struct render *r, const char *key, uint64_t due_ns)
{
	uint64_t now = control_now(c);

	render_key(r, key, NULL);
	if (due_ns == TIMER_NEVER)
		render_none(r);
	else
		render_duration(r, due_ns > now ? due_ns - now : 0);
}

static void describe_mode(struct render *r, const char *key, struct mppe_mode mode)
{
	char text[24];

	render_key(r, key, NULL);
	if (mode.strength == MPPE_STRENGTH_NONE) {
		render_none(r);
		return;
	}
	snprintf(text, sizeof(text), "%d %s", (int)mode.strength,
		mode.is_stateless ? "stateless" : "stateful");
	render_word(r, text);
}

static void describe_ppp(struct control *c, struct render *r, const struct call *call)
{
	const struct link *l = &call->link;

	render_record_begin(r, "ppp");
	render_key(r, "lcp", NULL);
	render_word(r, fsm_table_state_name(l->lcp.fsm.state));
	render_key(r, "ccp", NULL);
	render_word(r, fsm_table_state_name(l->ccp.fsm.state));
	render_key(r, "ipcp", NULL);
	render_word(r, fsm_table_state_name(l->ipcp.fsm.state));
	render_key(r, "auth", NULL);
	render_word(r, auth_method_name(lcp_auth_method(&l->lcp)));
	describe_mode(r, "mppe_in", call->receive);
	describe_mode(r, "mppe_out", call->send);
	render_key(r, "identification", NULL);
	render_text(r, span_of_text(l->lcp.identification));
	render_key(r, "mtu", NULL);
	render_u64(r, call->mtu);
	render_key(r, "client_mru", NULL);
	render_u64(r, l->lcp.peer.mru);
	render_key(r, "our_mru", NULL);
	render_u64(r, l->lcp.ours.mru);
	render_key(r, "protocol_compression", NULL);
	render_bool(r, call->agreed.send_pfc);
	render_key(r, "header_compression", NULL);
	render_bool(r, call->agreed.send_acfc);
	render_key(r, "client_magic", NULL);
	render_hex(r, l->lcp.peer.magic);
	render_key(r, "echoes_lost", NULL);
	render_u64(r, l->lcp.n_echoes_lost);
	render_key(r, "frames_in", NULL);
	render_u64(r, call->n_ppp_in);
	render_key(r, "frames_out", NULL);
	render_u64(r, call->n_ppp_out);
	describe_timer(c, r, "next_timer", call->end == END_NONE ? link_deadline(l) : TIMER_NEVER);
	render_record_end(r);
}

static void describe_counters(struct control *c, struct render *r, const struct call *call)
{
	const struct session_table *table = c->config.sessions[session_id_worker(call->id)];
	const struct session_counters *n = &table->slots[session_id_slot(call->id)].counters;
	const struct {
		const char *key, *help;
		const uint64_t *value;
	} fields[] = {
		{"up_pkts", NULL, &n->up_pkts},
		{"up_bytes", NULL, &n->up_bytes},
		{"down_pkts", NULL, &n->down_pkts},
		{"down_bytes", NULL, &n->down_bytes},
		{"up_control_frames", NULL, &n->up_control_frames},
		{"down_control_frames", NULL, &n->down_control_frames},
		{"drops", "packets dropped, for whatever reason", &n->drops},
		{"lost", "sequence numbers that did not come in time", &n->lost},
		{"duplicates", "came twice", &n->duplicates},
		{"late", "came after a later one had been passed on", &n->late},
		{"jumps", "gaps in the numbers", &n->jumps},
		{"out_of_window", "numbers too far ahead or behind", &n->out_of_window},
		{"out_of_sequence", "came after a later one", &n->out_of_sequence},
		{"reordered", "of these, put back in order", &n->reordered},
		{"late_passed", "late ones that were passed on all the same", &n->late_passed},
		{"decrypt_failures", "decrypted to garbage", &n->decrypt_failures},
		{"clear_refused", "in the clear, where that is not allowed", &n->clear_refused},
		{"lone_acks_sent", "acknowledgements without data", &n->lone_acks_sent},
		{"lone_acks_received", "the same, of the client", &n->lone_acks_received},
		{"ack_timeouts", "the client did not acknowledge in time", &n->ack_timeouts},
		{"flow_off", "dropped: the client's receive window was full", &n->flow_off},
		{"resets_sent", "CCP Reset-Requests, stateful MPPE", &n->resets_sent},
		{"resets_received", "the same, of the client", &n->resets_received},
		{"moves", "changes of the address that GRE comes from", &n->moves},
		{"key_changes", NULL, &n->key_changes},
	};
	uint64_t now = control_now(c), last = counter_read(&n->last_up_ns);

	render_record_begin(r, "counters");
	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		render_key(r, fields[i].key, fields[i].help);
		render_u64(r, counter_read(fields[i].value));
	}
	render_key(r, "last_packet", NULL);
	if (last)
		render_duration(r, now > last ? now - last : 0);
	else
		render_none(r);
	render_record_end(r);
}

bool show_session(struct control *c, struct show *s)
{
	const struct call *call = placement_find(&c->placement, s->id);

	if (!call) // it went between the check and this page
		return true;
	describe_client(c, &s->render, call);
	describe_pptp(c, &s->render, call);
	describe_ppp(c, &s->render, call);
	show_policy_describe(c, &s->render, call);
	describe_counters(c, &s->render, call);
	return true;
}

// ---- orders -------------------------------------------------------------------------------------

static void record_order(struct control *c, const struct show *s, uint32_t n)
{
	struct event e;

	event_begin(&e, EVENT_ADMIN);
	event_word(&e, "order", s->command->words[0]);
	event_text(&e, s->command->words[1], s->argument);
	if (s->tenant_name.len)
		event_text(&e, "tenant", s->tenant_name);
	event_u64(&e, "uid", s->uid);
	event_u64(&e, "sessions", n);
	event_send(c->config.log, &e);
}

int show_clear_session(struct control *c, struct show *s)
{
	struct call *call = find_call(c, s);

	if (!call)
		return SHOW_FAILED;
	record_order(c, s, 1);
	call_close(call, END_ADMIN_CLEAR);
	snprintf(s->message, sizeof(s->message), "1 session is being ended.\n");
	return SHOW_OK;
}

int show_clear_user(struct control *c, struct show *s)
{
	int tenant = s->tenant_name.len ? show_tenant_by_name(c, s) : -1;

	if (s->tenant_name.len && tenant < 0)
		return SHOW_FAILED;
	uint32_t n = clear_user_begin(c, s->argument, tenant);
	if (n == 0) {
		char shown[80];
		log_escape(s->argument, shown, sizeof(shown));
		snprintf(s->message, sizeof(s->message), "User %s has no session.\n", shown);
		return SHOW_FAILED;
	}
	record_order(c, s, n);
	snprintf(s->message, sizeof(s->message), "%u session%s of the user %s being ended.\n", n,
		n == 1 ? "" : "s", n == 1 ? "is" : "are");
	return SHOW_OK;
}
