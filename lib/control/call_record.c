// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_record.h"

#include "control/conn.h"
#include "control/control_state.h"
#include "control/history_note.h"

static void begin(struct event *e, enum event_kind kind, const struct call *call)
{
	event_begin(e, kind);
	if (call->id != SESSION_ID_NONE)
		event_hex(e, "session", call->id);
	if (call->user_len)
		event_text(e, "user", span_of(call->user, call->user_len));
	event_endpoint(e, "client", call->client_be, call->client_port_be);
	if (call->inner_be)
		event_ipv4(e, "inner", call->inner_be);
	if (call->tenant)
		event_word(e, "tenant",
			config_tenant_name(call->control->config.config, call->tenant));
}

static void finish(struct event *e, const struct call *call)
{
	event_send(call->control->config.log, e);
}

void call_record_moved(const struct call *call)
{
	struct event e;

	begin(&e, EVENT_NETWORK, call);
	event_ipv4(&e, "gre_from", call->gre_be);
	finish(&e, call);
}

void call_record_started(struct call *call)
{
	struct event e;

	begin(&e, EVENT_CALL_STARTED, call);
	event_u64(&e, "call-id", call->pptp.call_id);
	event_u64(&e, "client-call-id", call->pptp.peer_call_id);
	event_u64(&e, "serial", call->pptp.serial);
	event_u64(&e, "window", call->pptp.peer_window);
	finish(&e, call);
	debug_call_started(call);
}

const char *call_record_aaa(const struct call *call)
{
	const struct config *config = call->control->config.config;

	return config->tenants[call->tenant].aaa == CONFIG_AAA_LOCAL ? "local" : "radius";
}

void call_record_authenticated(const struct call *call, const char *server)
{
	struct event e;

	begin(&e, EVENT_AUTHENTICATED, call);
	event_word(&e, "method", auth_method_name(call->link.auth.credentials.method));
	event_word(&e, "by", server[0] ? "radius" : "local");
	if (server[0])
		event_word(&e, "server", server);
	finish(&e, call);
}

void call_record_password_changed(const struct call *call, const char *why)
{
	struct event e;

	begin(&e, EVENT_PASSWORD_CHANGED, call);
	if (why)
		event_word(&e, "why", why);
	finish(&e, call);
}

void call_record_auth_failed(
	const struct call *call, enum end_reason reason, uint16_t ms_error, const char *why)
{
	const struct span claimed =
		span_of(call->link.auth.credentials.user, call->link.auth.credentials.user_len);
	struct event e;

	if (!tenants_limit_name(reason))
		tenants_note_auth_failed(call);
	begin(&e, EVENT_AUTH_FAILED, call);
	event_word(&e, "method", auth_method_name(call->link.auth.credentials.method));
	event_word(&e, "by", call_record_aaa(call));
	event_word(&e, "reason", end_reason_info(reason)->name);
	if (ms_error)
		event_u64(&e, "windows-error", ms_error);
	if (why)
		event_word(&e, "why", why);
	if (!span_equal(claimed, span_of(call->user, call->user_len)))
		event_text(&e, "claimed", claimed); // in the call of another
	finish(&e, call);
}

void call_record_up(const struct call *call)
{
	struct event e;
	char mppe[CALL_MPPE_TEXT_BYTES];

	call_describe_mppe(call, mppe, sizeof(mppe));
	begin(&e, EVENT_UP, call);
	event_word(&e, "mppe", mppe);
	event_u64(&e, "mtu", call->mtu);
	event_u64(&e, "worker", session_id_worker(call->id));
	event_duration(&e, "setup", call->up_ns - call->started_ns);
	finish(&e, call);
	debug_call_up(call);
}

void call_record_down(struct call *call, const struct lane_totals *totals)
{
	struct event e;

	begin(&e, call->is_authenticated ? EVENT_DOWN : EVENT_CALL_FAILED, call);
	event_end_reason(&e, call->end);
	event_word(&e, "phase", link_phase_name(call->phase));
	event_duration(
		&e, "duration", call->ended_ns - (call->was_up ? call->up_ns : call->started_ns));
	event_traffic(&e, totals->up_pkts, totals->up_bytes, totals->down_pkts, totals->down_bytes);
	if (totals->drops)
		event_u64(&e, "drops", totals->drops);
	if (totals->lost)
		event_u64(&e, "lost", totals->lost);
	if (totals->decrypt_failures)
		event_u64(&e, "decrypt-failures", totals->decrypt_failures);
	if (call->saw_clear)
		event_word(&e, "saw", "clear-data");
	if (link_client_text(&call->link)[0])
		event_text(&e, "client-says", span_of_text(link_client_text(&call->link)));
	finish(&e, call);
	history_note_call(call, totals);
}

void call_record_clear_data(const struct call *call)
{
	struct event e;

	begin(&e, EVENT_PROTOCOL_ERROR, call);
	event_word(&e, "what", "clear data where encryption is required");
	event_word(&e, "phase", link_phase_name(call->phase));
	finish(&e, call);
	debug_mppe(call, "MPPE: I clear data where encryption is required");
}

void call_record_decrypt_failures(const struct call *call)
{
	struct event e;
	char text[LIMIT_USER_NAME_BYTES + 96];

	// The words of the VPN 3000's PPP/4 event, which operators know.
	snprintf(text, sizeof(text),
		"User [ %.*s ] disconnected. Experiencing excessive packet decrypt failure.",
		call->user_len, call->user);
	begin(&e, EVENT_DECRYPT_FAILURE, call);
	event_word(&e, "text", text);
	finish(&e, call);
	debug_mppe(call, "MPPE: I excessive packet decrypt failure");
}

void call_record_no_resource(const struct call *call, const char *what)
{
	struct event e;

	begin(&e, EVENT_NO_RESOURCE, call);
	event_word(&e, "what", what);
	finish(&e, call);
	debug_error(call, "PPTP: No resource: %s", what);
}

void call_record_no_gre(const struct call *call)
{
	const struct end_reason_info *info = end_reason_info(END_NO_GRE);
	struct event e;

	begin(&e, EVENT_NO_GRE, call);
	event_u64(&e, "call-id", call->pptp.call_id);
	event_duration(&e, "after", control_now(call->control) - call->started_ns);
	event_word(&e, "windows-error", "619,721,806");
	event_word(&e, "text", info->sentence);
	finish(&e, call);
}

void call_record_route_refused(
	const struct call *call, uint32_t prefix_be, uint8_t prefix_len, const char *why)
{
	struct event e;

	begin(&e, EVENT_ROUTE_REFUSED, call);
	event_ipv4(&e, "network", prefix_be);
	event_u64(&e, "prefix-len", prefix_len);
	event_word(&e, "why", why);
	finish(&e, call);
	debug_error(call, "PPTP: Network behind the client refused: %s", why);
}

void call_record_pool_empty(const struct call *call)
{
	struct event e;

	begin(&e, EVENT_POOL_EMPTY, call);
	event_word(&e, "pool", call->control->pools[call->pool].config->name);
	finish(&e, call);
}

void call_record_address_in_use(const struct call *call)
{
	struct event e;

	begin(&e, EVENT_ADDRESS_IN_USE, call); // inner= is the one
	finish(&e, call);
}
