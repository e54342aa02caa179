// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_auth.h"

#include "control/address.h"
#include "control/call_record.h"
#include "control/conn.h"
#include "control/control_state.h"

enum { MS_ERROR_BAD_LOGIN = 691 }; // RFC 2759 6

static bool is_user(const struct call *call, const struct link_credentials *credentials)
{
	return span_equal(span_of(call->user, call->user_len),
		span_of(credentials->user, credentials->user_len));
}

void call_auth_ask(struct call *call)
{
	struct control *c = call->control;
	struct link_credentials credentials;
	struct aaa_request request = {
		.tag = call->id, .method = AAA_MSCHAPV2, .client_be = call->client_be};

	link_get_credentials(&call->link, &credentials);
	// Traffic and address are of the one who authenticated first: nobody else takes over a call.
	if (call->is_authenticated && !is_user(call, &credentials)) {
		call->auth_refusal = END_AUTH_REJECTED;
		secret_wipe_bytes(&credentials, sizeof(credentials));
		return;
	}
	request.chap_id = credentials.chap_id;
	request.user_len = credentials.user_len;
	memcpy(request.user, credentials.user, sizeof(request.user));
	memcpy(request.challenge, credentials.challenge, sizeof(request.challenge));
	memcpy(request.peer_challenge, credentials.peer_challenge, sizeof(request.peer_challenge));
	memcpy(request.nt_response, credentials.nt_response, sizeof(request.nt_response));
	call->user_len = credentials.user_len;
	memcpy(call->user, credentials.user, sizeof(call->user));
	call->asks_aaa = c->config.aaa->submit(c->aaa, &request) == 0;
	call->auth_refusal = call->asks_aaa ? END_NONE : END_AUTH_UNAVAILABLE;
	c->aaa_pending |= call->asks_aaa;
	secret_wipe_bytes(&credentials, sizeof(credentials));
	secret_wipe_bytes(&request, sizeof(request));
}

static void give_verdict(struct call *call, const struct link_verdict *verdict)
{
	struct step step;

	step_clear(&step);
	link_authenticated(&call->link, verdict, control_now(call->control), &step);
	call_run(call, &step);
}

static void refuse(struct link_verdict *verdict, enum end_reason reason, uint16_t ms_error)
{
	verdict->accepted = false;
	verdict->reason = reason;
	verdict->ms_error = ms_error;
}

static void tell_failure(struct call *call, const struct link_verdict *verdict)
{
	counter_add(&call->control->counters.auth_failed, 1);
	call_record_auth_failed(call, verdict->reason, verdict->ms_error);
}

// The user is who he says; that no address is left for him says nothing against him.
static void admit(struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	call->is_authenticated = true;
	conn_trust(call->conn);
	if (address_take(call, reply->framed_address_be) != 0) {
		refuse(verdict, END_NO_ADDRESS, 0);
	} else {
		verdict->accepted = true;
		verdict->has_keys = reply->has_keys;
		verdict->keys = reply->keys;
		verdict->client_be = call->inner_be;
		memcpy(verdict->authenticator_response, reply->authenticator_response,
			sizeof(verdict->authenticator_response));
	}
	counter_add(&call->control->counters.auth_ok, 1);
	call_record_authenticated(call);
}

void call_auth_take_reply(struct call *call, const struct aaa_reply *reply)
{
	struct link_verdict verdict = {0};

	if (!call->asks_aaa || call->end != END_NONE) {
		counter_add(&call->control->counters.stale_events, 1);
		return;
	}
	call->asks_aaa = false;
	// The client has negotiated LCP again since, or hangs up: this answer authenticates nobody,
	// so it gives no trust, no address and no line. The link asks again where there is reason to.
	if (!link_awaits_verdict(&call->link)) {
		counter_add(&call->control->counters.stale_events, 1);
	} else if (reply->result == AAA_ACCEPT) {
		admit(call, reply, &verdict);
	} else {
		bool is_wrong = reply->result == AAA_REJECT;
		refuse(&verdict, is_wrong ? END_AUTH_REJECTED : END_AUTH_UNAVAILABLE,
			is_wrong ? reply->ms_error : 0);
		tell_failure(call, &verdict);
	}
	give_verdict(call, &verdict);
	secret_wipe_bytes(&verdict, sizeof(verdict));
}

void call_auth_give_up(struct call *call)
{
	struct link_verdict verdict = {0};

	refuse(&verdict, call->auth_refusal,
		call->auth_refusal == END_AUTH_REJECTED ? MS_ERROR_BAD_LOGIN : 0);
	call->auth_refusal = END_NONE;
	tell_failure(call, &verdict);
	give_verdict(call, &verdict);
}
