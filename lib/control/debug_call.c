// SPDX-License-Identifier: BSD-3-Clause
#include "control/debug_call.h"

#include "control/call.h"
#include "control/call_record.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/debug_text.h"
#include "wire/ppp.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { PREFIX_BYTES = 80, NAME_BYTES = 96 };

static bool is_on(const struct control *c, enum debug_category category)
{
	return debug_is_on(&c->debug, category);
}

// ---- one line or many, about a call or a connection ----------------------------------------------

static void say_call(
	const struct call *call, enum debug_category category, const char *prefix, const char *text)
{
	const struct debug_subject about = {
		.client_be = call->client_be, .conn = call->conn, .call = call};

	debug_say(call->control, category, &about, prefix, text);
}

// "Vi3 " before each line.
static void say_vi(const struct call *call, enum debug_category category, const char *text)
{
	char prefix[PREFIX_BYTES];

	snprintf(prefix, sizeof(prefix), "Vi%" PRIu64 " ", call->number);
	say_call(call, category, prefix, text);
}

// "Vi3 Tnl/Cl 17/9 " before each line.
static void say_cl(const struct call *call, enum debug_category category, const char *text)
{
	char prefix[PREFIX_BYTES];

	snprintf(prefix, sizeof(prefix), "Vi%" PRIu64 " Tnl/Cl %" PRIu64 "/%u ", call->number,
		call->tunnel, call->pptp.call_id);
	say_call(call, category, prefix, text);
}

static void say_tnl(const struct conn *conn, enum debug_category category, const char *text)
{
	const struct debug_subject about = {.client_be = conn->client_be, .conn = conn};
	char prefix[PREFIX_BYTES];

	snprintf(prefix, sizeof(prefix), "Tnl %" PRIu64 " ", conn->number);
	debug_say(conn->control, category, &about, prefix, text);
}

static const char *user_of(const struct call *call, char out[NAME_BYTES])
{
	(void)log_escape(span_of(call->user, call->user_len), out, NAME_BYTES);
	return out;
}

#define FORMAT_LINES(text, format)                  \
	do {                                        \
		va_list args;                       \
		va_start(args, format);             \
		format_line(&(text), format, args); \
		va_end(args);                       \
	} while (0)

static void format_line(struct debug_text *t, const char *format, va_list args)
{
	char line[DEBUG_LINE_BYTES];

	vsnprintf(line, sizeof(line), format, args);
	debug_text_clear(t);
	debug_text_line(t, "%s", line);
}

void debug_mppe(const struct call *call, const char *format, ...)
{
	struct debug_text t;

	if (!is_on(call->control, DEBUG_PPP_MPPE_EVENTS))
		return;
	FORMAT_LINES(t, format);
	say_vi(call, DEBUG_PPP_MPPE_EVENTS, t.bytes);
}

void debug_error(const struct call *call, const char *format, ...)
{
	struct debug_text t;

	if (!is_on(call->control, DEBUG_VPDN_ERRORS))
		return;
	FORMAT_LINES(t, format);
	say_cl(call, DEBUG_VPDN_ERRORS, t.bytes);
}

// ---- connections --------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static void tell_tnl(
	const struct conn *conn, enum debug_category category, const char *format, ...)
{
	struct debug_text t;

	FORMAT_LINES(t, format);
	say_tnl(conn, category, t.bytes);
}

void debug_conn_opened(const struct conn *conn)
{
	char address[INET_ADDRSTRLEN];

	if (!is_on(conn->control, DEBUG_VPDN_EVENTS))
		return;
	inet_ntop(AF_INET, &conn->client_be, address, sizeof(address));
	tell_tnl(conn, DEBUG_VPDN_EVENTS, "PPTP: Tunnel created; peer initiated, %s:%u", address,
		ntohs(conn->client_port_be));
}

void debug_conn_closed(const struct conn *conn)
{
	const struct end_reason_info *info = end_reason_info(conn->reason);

	if (is_on(conn->control, DEBUG_VPDN_EVENTS))
		tell_tnl(conn, DEBUG_VPDN_EVENTS, "PPTP: Tunnel destroyed; %s (%s)", info->name,
			end_side_name(info->side));
	if (is_on(conn->control, DEBUG_VPDN_ERRORS) && info->side != END_BY_CLIENT &&
		info->side != END_BY_ADMIN)
		tell_tnl(conn, DEBUG_VPDN_ERRORS, "PPTP: %s", info->sentence);
}

// The call that a message of this connection names, or NULL.
static const struct call *call_of(const struct conn *conn, const struct pptp_message *m)
{
	if (m->type == PPTP_OCRP)
		return m->ocrp.result == PPTP_OCRP_CONNECTED
			       ? conn_calls_by_ours(&conn->calls, m->ocrp.call_id)
			       : NULL;
	if (m->type == PPTP_CALL_DISCONNECT_NOTIFY)
		return conn_calls_by_ours(&conn->calls, m->call_disconnect.call_id);
	return conn_calls_named(&conn->calls, m);
}

static void tell_message(const struct conn *conn, char direction, struct span message)
{
	const struct call *call = NULL;
	struct pptp_message m;
	struct debug_text t;

	debug_text_clear(&t);
	debug_text_pptp_hex(&t, direction, message);
	say_tnl(conn, DEBUG_VPDN_L2X_PACKET, t.bytes);
	debug_text_clear(&t);
	debug_text_pptp(&t, direction, message);
	if (pptp_get(message, &m) == 0)
		call = call_of(conn, &m);
	if (call)
		say_cl(call, DEBUG_VPDN_L2X_PACKET, t.bytes);
	else
		say_tnl(conn, DEBUG_VPDN_L2X_PACKET, t.bytes);
}

void debug_pptp_in(const struct conn *conn, struct span message)
{
	if (!is_on(conn->control, DEBUG_VPDN_L2X_PACKET))
		return;
	int len = pptp_message_len(message);
	if (len <= 0) // what there is of a header says what is wrong
		len = PPTP_HEADER_BYTES;
	if ((size_t)len < message.len)
		message.len = (size_t)len;
	tell_message(conn, 'I', message);
}

void debug_pptp_out(const struct conn *conn, struct span messages)
{
	if (!is_on(conn->control, DEBUG_VPDN_L2X_PACKET))
		return;
	while (messages.len > 0) {
		int len = pptp_message_len(messages);
		if (len <= 0 || (size_t)len > messages.len)
			return;
		tell_message(conn, 'O', span_of(messages.bytes, (size_t)len));
		messages = span_of(messages.bytes + len, messages.len - (size_t)len);
	}
}

void debug_call_refused(
	const struct conn *conn, const struct pptp_ocrq *request, enum end_reason reason)
{
	if (is_on(conn->control, DEBUG_VPDN_ERRORS))
		tell_tnl(conn, DEBUG_VPDN_ERRORS, "PPTP: OCRQ with call id 0x%X refused; %s",
			request->call_id, end_reason_info(reason)->sentence);
}

// ---- calls --------------------------------------------------------------------------------------

__attribute__((format(printf, 3, 4))) static void tell_cl(
	const struct call *call, enum debug_category category, const char *format, ...)
{
	struct debug_text t;

	FORMAT_LINES(t, format);
	say_cl(call, category, t.bytes);
}

__attribute__((format(printf, 3, 4))) static void tell_vi(
	const struct call *call, enum debug_category category, const char *format, ...)
{
	struct debug_text t;

	FORMAT_LINES(t, format);
	say_vi(call, category, t.bytes);
}

void debug_call_started(struct call *call)
{
	if (is_on(call->control, DEBUG_VPDN_EVENTS))
		tell_cl(call, DEBUG_VPDN_EVENTS, "PPTP: Session created; client's call id 0x%X",
			call->pptp.peer_call_id);
	// Said here, for it comes before the first frame.
	call->seen.phase = LINK_ESTABLISH;
	if (is_on(call->control, DEBUG_PPP_NEGOTIATION))
		tell_vi(call, DEBUG_PPP_NEGOTIATION, "PPP: Phase is ESTABLISHING, Active Open");
}

static enum auth_method method_of(const struct call *call)
{
	return lcp_auth_method(&call->link.lcp);
}

// Both commands show these; who follows both sees them twice, as on the old gear.
static void tell_auth(const struct call *call, char direction, uint16_t protocol, struct span info)
{
	const struct control *c = call->control;
	struct debug_text t;

	if (!is_on(c, DEBUG_PPP_AUTHENTICATION) && !is_on(c, DEBUG_PPP_CHAP))
		return;
	debug_text_clear(&t);
	debug_text_auth(&t, direction, protocol, method_of(call), info);
	if (is_on(c, DEBUG_PPP_AUTHENTICATION))
		say_vi(call, DEBUG_PPP_AUTHENTICATION, t.bytes);
	if (is_on(c, DEBUG_PPP_CHAP) && protocol == PPP_CHAP)
		say_vi(call, DEBUG_PPP_CHAP, t.bytes);
}

static void tell_ppp(const struct call *call, char direction, uint16_t protocol, struct span info)
{
	const struct link *l = &call->link;
	struct debug_text t;

	if (protocol == PPP_CHAP || protocol == PPP_PAP) {
		tell_auth(call, direction, protocol, info);
		return;
	}
	if (!is_on(call->control, DEBUG_PPP_NEGOTIATION))
		return;
	// A step has moved on when its frames leave: they belong to the state before it.
	bool is_in = direction == 'I';
	enum fsm_state state = protocol == PPP_LCP   ? is_in ? l->lcp.fsm.state : call->seen.lcp
			       : protocol == PPP_CCP ? is_in ? l->ccp.fsm.state : call->seen.ccp
			       : is_in		     ? l->ipcp.fsm.state
						     : call->seen.ipcp;
	if (state == FSM_INITIAL) // which the old gear calls so
		state = FSM_CLOSED;
	debug_text_clear(&t);
	debug_text_ppp(&t, direction, protocol, state, info);
	say_vi(call, DEBUG_PPP_NEGOTIATION, t.bytes);
}

void debug_ppp_in(const struct call *call, uint16_t protocol, struct span info)
{
	tell_ppp(call, 'I', protocol, info);
}

static void tell_direction(const struct call *call, const char *what, const struct mppe_mode *mode)
{
	if (mode->strength != MPPE_STRENGTH_NONE)
		debug_mppe(call, "MPPE: %s [%d bit encryption]  [%s mode]", what,
			(int)mode->strength, mode->is_stateless ? "stateless" : "stateful");
	else
		debug_mppe(call, "MPPE: %s [no encryption]", what);
}

static void tell_keys(const struct call *call)
{
	if (!is_on(call->control, DEBUG_PPP_MPPE_EVENTS))
		return;
	debug_mppe(call, "MPPE: Generate keys using %s database",
		call->account.is_local ? "local" : "radius");
	debug_mppe(call, "MPPE: Initialize keys");
	tell_direction(call, "I", &call->receive);
	tell_direction(call, "O", &call->send);
}

void debug_step(struct call *call, const struct step *step, const struct step_item *item)
{
	switch (item->kind) {
	case STEP_FRAME:
		tell_ppp(call, 'O', item->protocol, step_frame_info(step, item));
		break;
	case STEP_KEYS:
		tell_keys(call);
		break;
	case STEP_LINK_AGREED: // what follows in the step belongs to the new state
	case STEP_UP:
		debug_link(call);
		break;
	case STEP_ENCRYPT:
		debug_link(call);
		debug_mppe(call, "MPPE: O encryption on");
		break;
	case STEP_STOP_ENCRYPT:
		debug_mppe(call, "MPPE: CCP left the open state, nothing passes");
		break;
	case STEP_FLUSH:
		debug_mppe(call, "MPPE: I RESETREQ, the next packet is flushed");
		break;
	case STEP_AUTHENTICATE:
	case STEP_ADDRESS:
	case STEP_DOWN:
	case STEP_ENDED:
		break;
	}
}

static const char *phase_text(enum link_phase phase)
{
	switch (phase) {
	case LINK_DEAD:
	case LINK_ENDED:
		return "DOWN";
	case LINK_ESTABLISH:
		return "ESTABLISHING";
	case LINK_AUTHENTICATE:
		return "AUTHENTICATING, by this end";
	case LINK_NETWORK:
		return "NEGOTIATING NETWORK PROTOCOLS";
	case LINK_OPEN:
		return "UP";
	case LINK_TERMINATE:
		return "TERMINATING";
	}
	return "?";
}

static void tell_open(
	const struct call *call, const char *name, enum fsm_state before, enum fsm_state now)
{
	if (now != before && now == FSM_OPENED)
		tell_vi(call, DEBUG_PPP_NEGOTIATION, "%s: State is Open", name);
	else if (now != before && before == FSM_OPENED)
		tell_vi(call, DEBUG_PPP_NEGOTIATION, "%s: State is %s", name,
			debug_text_state(now));
}

void debug_link(struct call *call)
{
	const struct link *l = &call->link;
	const struct debug_seen now = {
		l->lcp.fsm.state, l->ccp.fsm.state, l->ipcp.fsm.state, l->phase};
	const struct debug_seen before = call->seen;

	call->seen = now;
	if (is_on(call->control, DEBUG_PPP_NEGOTIATION)) {
		tell_open(call, "LCP", before.lcp, now.lcp);
		tell_open(call, "CCP", before.ccp, now.ccp);
		tell_open(call, "IPCP", before.ipcp, now.ipcp);
		if (now.phase != before.phase)
			tell_vi(call, DEBUG_PPP_NEGOTIATION, "PPP: Phase is %s",
				phase_text(now.phase));
	}
	if (is_on(call->control, DEBUG_PPP_AUTHENTICATION) && now.phase != before.phase &&
		now.phase == LINK_AUTHENTICATE)
		tell_vi(call, DEBUG_PPP_AUTHENTICATION, "PPP: Phase is %s", phase_text(now.phase));
}

void debug_call_up(const struct call *call)
{
	char address[INET_ADDRSTRLEN], user[NAME_BYTES];

	inet_ntop(AF_INET, &call->inner_be, address, sizeof(address));
	if (is_on(call->control, DEBUG_PPP_NEGOTIATION))
		tell_vi(call, DEBUG_PPP_NEGOTIATION, "IPCP: Install route to %s", address);
	if (is_on(call->control, DEBUG_VPDN_EVENTS))
		tell_cl(call, DEBUG_VPDN_EVENTS, "PPTP: Session up; user %s, address %s",
			user_of(call, user), address);
}

// Which protocol could not come to terms, by the reason; NULL: it did not end by that.
static const char *failed_protocol(enum end_reason reason)
{
	static const char *const names[END_REASON_COUNT] = {
		[END_LCP_FAILED] = "LCP",
		[END_LCP_LOOPBACK] = "LCP",
		[END_NO_LCP] = "LCP",
		[END_AUTH_NO_COMMON] = "LCP",
		[END_NEGOTIATION_LOOP] = "LCP",
		[END_ENCRYPTION_REFUSED] = "CCP",
		[END_ENCRYPTION_MISMATCH] = "CCP",
		[END_CCP_FAILED] = "CCP",
		[END_IPCP_FAILED] = "IPCP",
	};

	return (unsigned)reason < END_REASON_COUNT ? names[reason] : NULL;
}

void debug_call_ending(const struct call *call, enum end_reason reason)
{
	const struct end_reason_info *info = end_reason_info(reason);
	const char *protocol = failed_protocol(reason);
	char user[NAME_BYTES] = "-";

	if (protocol && is_on(call->control, DEBUG_PPP_NEGOTIATION))
		tell_vi(call, DEBUG_PPP_NEGOTIATION, "%s: Failed to negotiate with peer", protocol);
	if (call->user_len)
		user_of(call, user);
	if (is_on(call->control, DEBUG_VPDN_EVENTS))
		tell_cl(call, DEBUG_VPDN_EVENTS, "PPTP: Session destroyed; user %s, %s (%s)", user,
			info->name, end_side_name(info->side));
	if (info->side != END_BY_CLIENT && info->side != END_BY_ADMIN)
		debug_error(call, "PPTP: %s", info->sentence);
}

// ---- AAA ----------------------------------------------------------------------------------------

void debug_aaa_asked(const struct call *call, const struct aaa_request *request)
{
	char user[NAME_BYTES], address[INET_ADDRSTRLEN];

	if (!is_on(call->control, DEBUG_AAA_AUTHENTICATION))
		return;
	inet_ntop(AF_INET, &request->client_be, address, sizeof(address));
	tell_vi(call, DEBUG_AAA_AUTHENTICATION,
		"AAA/AUTHEN/START (%" PRIu64 "): user=%s method=%s%s service=PPP rem_addr=%s "
		"by=%s",
		call->number, user_of(call, user), auth_method_name(request->credentials.method),
		request->credentials.has_change ? " change-password" : "", address,
		call_record_aaa(call));
}

void debug_aaa_answered(const struct call *call, const struct aaa_reply *reply)
{
	static const char *const status[] = {
		[AAA_ACCEPT] = "PASS", [AAA_REJECT] = "FAIL", [AAA_UNAVAILABLE] = "ERROR"};
	const struct config *config = call->control->config.config;
	char error[24] = "";

	if (reply->ms_error)
		snprintf(error, sizeof(error), " E=%u", reply->ms_error);
	if (is_on(call->control, DEBUG_AAA_AUTHENTICATION))
		tell_vi(call, DEBUG_AAA_AUTHENTICATION, "AAA/AUTHEN (%" PRIu64 "): status = %s%s%s",
			call->number, status[reply->result], error,
			reply->password_changed ? ", the password was changed" : "");
	if (reply->result == AAA_ACCEPT && is_on(call->control, DEBUG_AAA_AUTHORIZATION))
		tell_vi(call, DEBUG_AAA_AUTHORIZATION,
			"AAA/AUTHOR/PPP (%" PRIu64 "): group=%s mppe-keys=%s", call->number,
			reply->group < config->n_groups ? config->groups[reply->group].name : "-",
			reply->has_keys ? "yes" : "no");
}

void debug_address(const struct call *call)
{
	char address[INET_ADDRSTRLEN];

	if (!is_on(call->control, DEBUG_AAA_AUTHORIZATION))
		return;
	inet_ntop(AF_INET, &call->inner_be, address, sizeof(address));
	if (call->inner_be)
		tell_vi(call, DEBUG_AAA_AUTHORIZATION, "AAA/AUTHOR/IPCP (%" PRIu64 "): address %s",
			call->number, address);
	else
		tell_vi(call, DEBUG_AAA_AUTHORIZATION, "AAA/AUTHOR/IPCP (%" PRIu64 "): no address",
			call->number);
}
