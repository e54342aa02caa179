// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_auth.h"

#include "control/address.h"
#include "control/call_inner.h"
#include "control/call_record.h"
#include "control/call_routes.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/lockout_watch.h"
#include "control/supersede.h"

#include <errno.h>

enum {
	MS_ERROR_HOURS = 646, // RFC 2759 6
	MS_ERROR_DISABLED = 647,
	MS_ERROR_EXPIRED = 648,
	MS_ERROR_NO_PERMISSION = 649,
	MS_ERROR_BAD_LOGIN = 691,
	MS_ERROR_CHANGING = 709,
};

static bool is_user(const struct call *call, const struct auth_credentials *credentials)
{
	return span_equal(span_of(call->user, call->user_len),
		span_of(credentials->user, credentials->user_len));
}

static enum end_reason judge_before_asking(
	struct call *call, const struct auth_credentials *credentials)
{
	// Traffic and address are of the one who authenticated first: nobody else takes over a call.
	if (call->is_authenticated && !is_user(call, credentials))
		return END_AUTH_REJECTED;
	call->user_len = credentials->user_len;
	memcpy(call->user, credentials->user, sizeof(call->user));
	return lockout_watch_refuses(call) ? END_AUTH_LOCKED : END_NONE;
}

void call_auth_ask(struct call *call)
{
	struct control *c = call->control;
	struct aaa_request request = {.tag = call->id, .client_be = call->client_be};

	conn_progress(call->conn, ADMISSION_STEP_NAME);
	link_get_credentials(&call->link, &request.credentials);
	call->auth_refusal = judge_before_asking(call, &request.credentials);
	if (call->auth_refusal == END_NONE) {
		call->asks_aaa = c->config.aaa->submit(c->aaa, &request) == 0;
		call->auth_refusal = call->asks_aaa ? END_NONE : END_AUTH_UNAVAILABLE;
		c->aaa_pending |= call->asks_aaa;
		debug_aaa_asked(call, &request);
	}
	aaa_request_wipe(&request);
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

static void tell_failure(struct call *call, const struct link_verdict *verdict, const char *why)
{
	counter_add(&call->control->counters.auth_failed, 1);
	call_record_auth_failed(call, verdict->reason, verdict->ms_error, why);
}

static enum end_reason reason_of(uint16_t ms_error)
{
	switch (ms_error) {
	case MS_ERROR_HOURS:
		return END_AUTH_HOURS;
	case MS_ERROR_DISABLED:
		return END_AUTH_DISABLED;
	case MS_ERROR_EXPIRED:
		return END_AUTH_EXPIRED;
	case MS_ERROR_NO_PERMISSION:
		return END_AUTH_NO_PERMISSION;
	case MS_ERROR_CHANGING:
		return END_AUTH_CHANGE_FAILED;
	default:
		return END_AUTH_REJECTED;
	}
}

// Only a wrong name or password is a guess: who is told anything else knew both, or tried none.
static void reject(struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	enum end_reason reason = reason_of(reply->ms_error);

	refuse(verdict, reason, reply->ms_error);
	tell_failure(call, verdict, reply->why);
	if (reason == END_AUTH_REJECTED && !reply->is_no_guess)
		lockout_watch_fail(call);
}

static void set_name_servers(const struct config_group *group, struct link_verdict *verdict)
{
	verdict->n_dns = (uint8_t)group->n_dns;
	verdict->n_nbns = (uint8_t)group->n_nbns;
	memcpy(verdict->dns_be, group->dns_be, sizeof(verdict->dns_be));
	memcpy(verdict->nbns_be, group->nbns_be, sizeof(verdict->nbns_be));
}

// The user is who he says; that no address is left for him says nothing against him.
static void admit(struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	bool is_first = !call->is_authenticated;

	call->is_authenticated = true;
	call->group = reply->group;
	if (is_first)
		call_routes_take(call, reply);
	conn_trust(call->conn);
	lockout_watch_succeed(call);
	if (is_first)
		supersede_begin(call);
	int rc = address_take(call, reply->framed_address_be);
	if (rc != 0) {
		refuse(verdict, rc == -EADDRINUSE ? END_ADDRESS_IN_USE : END_NO_ADDRESS, 0);
	} else {
		verdict->accepted = true;
		verdict->has_keys = reply->has_keys;
		verdict->keys = reply->keys;
		verdict->client_be = call->inner_be;
		verdict->client_chooses = address_may_be_chosen(reply->framed_address_be);
		set_name_servers(&call->control->config.config->groups[call->group], verdict);
		call_inner_names(call, verdict);
		memcpy(verdict->authenticator_response, reply->authenticator_response,
			sizeof(verdict->authenticator_response));
	}
	counter_add(&call->control->counters.auth_ok, 1);
	call_record_authenticated(call);
	if (reply->password_changed)
		call_record_password_changed(call, reply->why);
}

void call_auth_take_reply(struct call *call, const struct aaa_reply *reply)
{
	struct link_verdict verdict = {0};

	if (!call->asks_aaa || call->end != END_NONE) {
		counter_add(&call->control->counters.stale_events, 1);
		return;
	}
	call->asks_aaa = false;
	debug_aaa_answered(call, reply);
	// The client has negotiated LCP again since, or hangs up: this answer authenticates nobody,
	// so it gives no trust, no address and no line. The link asks again where there is reason to.
	if (!link_awaits_verdict(&call->link)) {
		counter_add(&call->control->counters.stale_events, 1);
	} else if (reply->result == AAA_ACCEPT) {
		admit(call, reply, &verdict);
	} else if (reply->result == AAA_REJECT) {
		reject(call, reply, &verdict);
	} else {
		refuse(&verdict, END_AUTH_UNAVAILABLE, 0);
		tell_failure(call, &verdict, reply->why);
	}
	give_verdict(call, &verdict);
	secret_wipe_bytes(&verdict, sizeof(verdict));
}

void call_auth_give_up(struct call *call)
{
	struct link_verdict verdict = {0};

	refuse(&verdict, call->auth_refusal,
		call->auth_refusal == END_AUTH_UNAVAILABLE ? 0 : MS_ERROR_BAD_LOGIN);
	call->auth_refusal = END_NONE;
	tell_failure(call, &verdict, NULL);
	give_verdict(call, &verdict);
}
