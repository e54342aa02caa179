// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_auth.h"

#include "aaa/login.h"
#include "control/accounting.h"
#include "control/address.h"
#include "control/call_command.h"
#include "control/call_policy.h"
#include "control/call_record.h"
#include "control/call_routes.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "control/lockout_watch.h"
#include "control/supersede.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	MS_ERROR_HOURS = 646, // RFC 2759 6
	MS_ERROR_DISABLED = 647,
	MS_ERROR_EXPIRED = 648,
	MS_ERROR_NO_PERMISSION = 649,
	MS_ERROR_BAD_LOGIN = 691,
	MS_ERROR_CHANGING = 709,
};

// Longer than a call may be in doubt, shorter than clients wait.
static const uint64_t ADDRESS_RETRY_NS = 20000000, ADDRESS_PATIENCE_NS = 4000000000;

static bool is_user(const struct call *call, const struct auth_credentials *credentials)
{
	return span_equal(span_of(call->user, call->user_len),
		span_of(credentials->user, credentials->user_len));
}

// Of the realm, where the listen address is everybody's. What it holds for a tenant, it gets once it is authenticated.
static uint16_t tenant_of_call(const struct call *call)
{
	const struct config *config = call->control->config.config;

	return tenant_of_login(
		config, config->listen_tenants[call->listen], span_of(call->user, call->user_len));
}

static enum end_reason judge_before_asking(
	struct call *call, const struct auth_credentials *credentials)
{
	// Traffic and address are of the one who authenticated first: nobody else takes over a call.
	if (call->is_authenticated && !is_user(call, credentials))
		return END_AUTH_REJECTED;
	call->user_len = credentials->user_len;
	memcpy(call->user, credentials->user, sizeof(call->user));
	if (!call->is_authenticated) {
		enum end_reason limited = tenants_assign(call, tenant_of_call(call));
		if (limited != END_NONE)
			return limited;
		if (accounting_is_full(call))
			return END_NO_ACCOUNTING;
	}
	return lockout_watch_refuses(call) ? END_AUTH_LOCKED : END_NONE;
}

static void describe_call(const struct call *call, struct aaa_request *request)
{
	request->tenant = call->tenant;
	request->client_be = call->client_be;
	request->server_be = call->control->config.owners->listen_be[call->listen];
	request->nas_port = accounting_nas_port(call);
	accounting_session_id(call, request->session_id);
}

void call_auth_ask(struct call *call)
{
	struct control *c = call->control;
	struct aaa_request request = {.tag = call->id};

	conn_progress(call->conn, ADMISSION_STEP_NAME);
	// One that still waited for an address is of another exchange: it proves nothing of this one.
	call_auth_release(call);
	link_get_credentials(&call->link, &request.credentials);
	call->auth_refusal = judge_before_asking(call, &request.credentials);
	if (call->auth_refusal == END_NONE) {
		describe_call(call, &request);
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

// That no address is left for the user says nothing against him.
static void put_address(struct call *call, int rc, struct link_verdict *verdict)
{
	debug_address(call);
	if (rc != 0) {
		refuse(verdict, rc == -EADDRINUSE ? END_ADDRESS_IN_USE : END_NO_ADDRESS, 0);
		return;
	}
	verdict->client_be = call->inner_be;
	address_tell(call, verdict);
}

static void drop_verdict(struct link_verdict *verdict)
{
	if (verdict)
		secret_wipe_bytes(verdict, sizeof(*verdict));
	free(verdict);
}

// He knew his password, and yet may not come in: a reason of our own, in words of its own.
static void turn_away(struct call *call, struct link_verdict *verdict, enum end_reason reason,
	uint16_t ms_error, const char *why)
{
	refuse(verdict, reason, ms_error);
	snprintf(verdict->message, sizeof(verdict->message), "%s",
		end_reason_info(reason)->lcp_text);
	tell_failure(call, verdict, why);
}

static uint32_t method_bit(enum auth_method method)
{
	switch (method) {
	case AUTH_METHOD_MSCHAPV2:
		return CONFIG_AUTH_MSCHAPV2;
	case AUTH_METHOD_MSCHAPV1:
		return CONFIG_AUTH_MSCHAPV1;
	case AUTH_METHOD_CHAP_MD5:
		return CONFIG_AUTH_CHAP;
	case AUTH_METHOD_PAP:
		return CONFIG_AUTH_PAP;
	case AUTH_METHOD_NONE:
		break;
	}
	return 0;
}

// The policy of the user, and whether he may come in by it. For an account that may not do what it tries Windows has but
// one number, 649.
static bool judge_by_policy(
	struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	enum config_policy_key missing = CONFIG_POLICY_KEYS;
	int rc = call_policy_set(call, reply->group, &reply->policy,
		reply->server[0] ? POLICY_RADIUS : POLICY_USER, &missing);

	if (rc == -ENOENT)
		turn_away(call, verdict, END_AUTH_POLICY, MS_ERROR_NO_PERMISSION,
			policy_key_name(missing));
	else if (rc != 0)
		turn_away(call, verdict, END_NO_RESOURCE, 0, NULL);
	else if (!(call->policy.auth_methods & method_bit(call->link.auth.credentials.method)))
		turn_away(call, verdict, END_AUTH_METHOD, MS_ERROR_NO_PERMISSION, NULL);
	else if (!call_policy_is_hour(call))
		turn_away(call, verdict, END_AUTH_HOURS, MS_ERROR_HOURS, NULL);
	else
		return true;
	return false;
}

// A stale call of his is looked for first: it is no second login.
static bool take_login(struct call *call, struct link_verdict *verdict)
{
	supersede_begin(call);
	if (!logins_make_room(call))
		turn_away(call, verdict, END_AUTH_LOGINS, MS_ERROR_NO_PERMISSION, NULL);
	else if (logins_add(call) != 0)
		turn_away(call, verdict, END_NO_RESOURCE, 0, NULL);
	else
		return true;
	return false;
}

static void fill_verdict(
	const struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	const struct policy *p = &call->policy;

	verdict->accepted = true;
	verdict->has_keys = reply->has_keys;
	verdict->keys = reply->keys;
	verdict->client_chooses = address_may_be_chosen(reply->framed_address_be);
	verdict->has_policy = true;
	verdict->policy = call_policy_link(p);
	verdict->n_dns = p->n_dns;
	verdict->n_nbns = p->n_nbns;
	memcpy(verdict->dns_be, p->dns_be, sizeof(verdict->dns_be));
	memcpy(verdict->nbns_be, p->nbns_be, sizeof(verdict->nbns_be));
	memcpy(verdict->authenticator_response, reply->authenticator_response,
		sizeof(verdict->authenticator_response));
}

// It waits for the address. Returns 0 | -ENOMEM
static int keep_verdict(struct call *call, const struct link_verdict *verdict)
{
	drop_verdict(call->verdict); // he authenticates again meanwhile
	call->verdict = malloc(sizeof(*call->verdict));
	if (!call->verdict)
		return -ENOMEM;
	*call->verdict = *verdict;
	return 0;
}

// A call of his that makes room for this one has his own address until its worker has let go of it.
static int wait_for_address(struct call *call, uint32_t framed_be)
{
	uint64_t now_ns = control_now(call->control);

	call->framed_be = framed_be;
	call->address_due_ns = now_ns + ADDRESS_RETRY_NS;
	call->address_until_ns = now_ns + ADDRESS_PATIENCE_NS;
	call_rearm(call);
	return -EINPROGRESS;
}

void call_auth_retry_address(struct call *call)
{
	uint64_t now_ns = control_now(call->control);

	if (now_ns < call->address_until_ns && address_is_leaving(call, call->framed_be)) {
		call->address_due_ns = now_ns + ADDRESS_RETRY_NS;
		return;
	}
	call->address_due_ns = TIMER_NEVER;
	int rc = address_take(call, call->framed_be);
	if (rc != -EINPROGRESS)
		call_auth_address(call, rc);
}

// Returns false while the address is another call's that ends, or the inside is asked whether somebody has it: the verdict
// waits for it.
static bool take_address(struct call *call, uint32_t framed_be, struct link_verdict *verdict)
{
	int rc = address_is_leaving(call, framed_be) ? wait_for_address(call, framed_be)
						     : address_take(call, framed_be);

	if (rc == -EINPROGRESS) {
		rc = keep_verdict(call, verdict);
		if (rc == 0)
			return false;
		call->address_due_ns = TIMER_NEVER;
	}
	put_address(call, rc, verdict);
	return true;
}

// The user is who he says. Returns false when the verdict has to wait.
static bool admit(struct call *call, const struct aaa_reply *reply, struct link_verdict *verdict)
{
	bool is_first = !call->is_authenticated;

	if (!judge_by_policy(call, reply, verdict) || (is_first && !take_login(call, verdict)))
		return true;
	call->is_authenticated = true;
	if (is_first) {
		call_routes_take(call, reply);
		call->netmask_be = reply->framed_netmask_be;
	}
	conn_trust(call->conn);
	lockout_watch_succeed(call);
	accounting_take_reply(call, reply);
	call_policy_arm(call);
	call_command_mtu(call);
	fill_verdict(call, reply, verdict);
	counter_add(&call->control->counters.auth_ok, 1);
	call_record_authenticated(call, reply->server);
	if (reply->password_changed)
		call_record_password_changed(call, reply->why);
	return take_address(call, reply->framed_address_be, verdict);
}

void call_auth_address(struct call *call, int rc)
{
	struct link_verdict *verdict = call->verdict;

	if (!verdict || call->end != END_NONE)
		return;
	call->verdict = NULL;
	put_address(call, rc, verdict);
	give_verdict(call, verdict);
	drop_verdict(verdict);
}

void call_auth_release(struct call *call)
{
	drop_verdict(call->verdict);
	call->verdict = NULL;
	call->address_due_ns = TIMER_NEVER;
}

void call_auth_take_reply(struct call *call, const struct aaa_reply *reply)
{
	struct link_verdict verdict = {0};
	bool is_decided = true;

	if (!call->asks_aaa || call->end != END_NONE) {
		counter_add(&call->control->counters.stale_events, 1);
		return;
	}
	call->asks_aaa = false;
	debug_aaa_answered(call, reply);
	memcpy(verdict.message, reply->message,
		sizeof(verdict.message)); // a Reply-Message of RADIUS
	// The client has negotiated LCP again since, or hangs up: this answer authenticates nobody,
	// so it gives no trust, no address and no line. The link asks again where there is reason to.
	if (!link_awaits_verdict(&call->link)) {
		counter_add(&call->control->counters.stale_events, 1);
	} else if (reply->result == AAA_ACCEPT) {
		is_decided = admit(call, reply, &verdict);
	} else if (reply->result == AAA_REJECT) {
		reject(call, reply, &verdict);
	} else {
		refuse(&verdict, END_AUTH_UNAVAILABLE, 0);
		tell_failure(call, &verdict, reply->why);
	}
	if (is_decided)
		give_verdict(call, &verdict);
	secret_wipe_bytes(&verdict, sizeof(verdict));
}

void call_auth_give_up(struct call *call)
{
	struct link_verdict verdict = {0};

	bool is_guess =
		call->auth_refusal == END_AUTH_REJECTED || call->auth_refusal == END_AUTH_LOCKED;
	refuse(&verdict, call->auth_refusal, is_guess ? MS_ERROR_BAD_LOGIN : 0);
	call->auth_refusal = END_NONE;
	tell_failure(call, &verdict, NULL);
	give_verdict(call, &verdict);
}
