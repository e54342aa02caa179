// SPDX-License-Identifier: BSD-3-Clause
#include "proto/auth_server.h"

#include "base/secret.h"
#include "proto/fsm.h"
#include "wire/pap.h"
#include "wire/ppp.h"

#include <assert.h>

enum {
	FAILURE_AUTHENTICATION = 691, // E= of RFC 2759 6
	MD5_VALUE_BYTES = 16,
	SUCCESSES_MAX = 10, // times that Success is sent to a client that says nothing
};

static const char success_text[] = " M=Access granted";

static_assert(
	CHAP_AUTHENTICATOR_RESPONSE_BYTES + sizeof(success_text) <= AUTH_SERVER_TEXT_BYTES_MAX,
	"Success fits");

// The M= of a Failure; Windows shows its own text for the number, others show this.
static const char *failure_text(uint16_t error)
{
	switch (error) {
	case 646:
		return "Not allowed at this time";
	case 647:
		return "Account disabled";
	case 648:
		return "Password expired";
	case 649:
		return "No permission to dial in";
	case FAILURE_AUTHENTICATION:
		return "Access denied";
	default:
		return "Authentication failed";
	}
}

void auth_server_init(struct auth_server *a, const struct auth_server_config *config)
{
	*a = (struct auth_server){
		.config = *config,
		.state = AUTH_SERVER_IDLE,
		.due_ns = AUTH_SERVER_NEVER,
		.deadline_ns = AUTH_SERVER_NEVER,
		.n_retries_left = config->n_retries,
	};
	if (a->config.restart_ns < STEP_TIMER_MIN_NS)
		a->config.restart_ns = STEP_TIMER_MIN_NS;
}

void auth_server_wipe(struct auth_server *a)
{
	secret_wipe_bytes(a->challenge, sizeof(a->challenge));
	secret_wipe_bytes(&a->response, sizeof(a->response));
	secret_wipe_bytes(a->answer, sizeof(a->answer));
	a->answer_code = 0;
}

void auth_server_reset(struct auth_server *a)
{
	struct auth_server_config config = a->config;
	uint8_t id = a->id;
	uint8_t n_retries_left = a->n_retries_left;
	bool is_asking = a->is_asking;

	auth_server_wipe(a);
	auth_server_init(a, &config);
	a->id = id;
	a->n_retries_left = n_retries_left;
	a->is_asking = is_asking;
	a->is_stale = is_asking;
}

static void fail(struct auth_server *a, enum end_reason reason)
{
	a->state = AUTH_SERVER_FAILED;
	a->end = reason;
	a->due_ns = AUTH_SERVER_NEVER;
	a->deadline_ns = AUTH_SERVER_NEVER;
}

// ---- what is sent

// Each has an identifier of its own (RFC 1994 4.1), and the next comes later. pppd answers every
// Challenge anew, with another peer challenge, and then believes a Success for its last answer only:
// over a path slower than the timer (GPRS, a full uplink) the Success for the first one would look
// forged to it (778 where Windows does the same). So an answer to any but the last Challenge does not
// count, and in the end one arrives before the next Challenge leaves.
static void send_challenge(struct auth_server *a, uint64_t now_ns, struct step *out)
{
	struct writer w = step_frame_begin(out);

	chap_put_value(&w, CHAP_CHALLENGE, a->id, span_of(a->challenge, sizeof(a->challenge)),
		a->config.name);
	step_frame_finish(out, PPP_CHAP, &w);
	a->due_ns = now_ns + fsm_restart_after(a->config.restart_ns, a->n_doublings);
	if (a->n_doublings < UINT8_MAX)
		a->n_doublings++;
}

// The last Success or Failure, byte for byte.
static void send_answer(struct auth_server *a, struct step *out)
{
	struct writer w = step_frame_begin(out);

	writer_bytes(&w, a->answer, a->answer_len);
	step_frame_finish(out, PPP_CHAP, &w);
}

static void keep_answer(struct auth_server *a, uint8_t code, const struct writer *w)
{
	assert(!w->failed && w->len <= sizeof(a->answer));
	a->answer_code = code;
	a->answer_id = a->id;
	a->answer_len = (uint8_t)w->len;
}

static void send_failure(struct auth_server *a, uint16_t error, bool may_retry,
	const uint8_t challenge[16], struct step *out)
{
	struct writer w = writer_of(a->answer, sizeof(a->answer));

	chap_mschapv2_failure_put(
		&w, a->id, error, may_retry, challenge, span_of_text(failure_text(error)));
	keep_answer(a, CHAP_FAILURE, &w);
	send_answer(a, out);
}

// ---- what the link calls

void auth_server_start(
	struct auth_server *a, const uint8_t challenge[16], uint64_t now_ns, struct step *out)
{
	auth_server_reset(a);
	a->state = AUTH_SERVER_CHALLENGING;
	a->id++;
	a->deadline_ns = now_ns + a->config.timeout_ns;
	memcpy(a->challenge, challenge, sizeof(a->challenge));
	send_challenge(a, now_ns, out);
}

static void ask(struct auth_server *a, struct step *out)
{
	a->is_asking = true;
	step_add(out, STEP_AUTHENTICATE);
}

// Without this a slow yes to one user name would let in the name of a later Response.
bool auth_server_take_verdict(struct auth_server *a, struct step *out)
{
	bool is_current = !a->is_stale;

	a->is_asking = false;
	a->is_stale = false;
	if (!is_current && a->state == AUTH_SERVER_DECIDING)
		ask(a, out);
	return is_current;
}

void auth_server_accept(struct auth_server *a, const char authenticator_response[42],
	uint64_t now_ns, struct step *out)
{
	uint8_t text[CHAP_AUTHENTICATOR_RESPONSE_BYTES + sizeof(success_text)];
	struct writer t = writer_of(text, sizeof(text));
	struct writer w = writer_of(a->answer, sizeof(a->answer));

	if (a->state != AUTH_SERVER_DECIDING)
		return;
	writer_bytes(&t, authenticator_response, CHAP_AUTHENTICATOR_RESPONSE_BYTES);
	writer_bytes(&t, success_text, strlen(success_text));
	chap_put_text(&w, CHAP_SUCCESS, a->id, span_of(text, t.len));
	keep_answer(a, CHAP_SUCCESS, &w);
	a->state = AUTH_SERVER_ACCEPTED;
	a->n_retries_left = a->config.n_retries;
	a->deadline_ns = AUTH_SERVER_NEVER;
	a->due_ns = now_ns + a->config.restart_ns;
	a->n_successes = 1;
	send_answer(a, out);
}

void auth_server_refuse(struct auth_server *a, enum end_reason reason, uint16_t error,
	const uint8_t challenge[16], uint64_t now_ns, struct step *out)
{
	bool may_retry = reason == END_AUTH_REJECTED && error == FAILURE_AUTHENTICATION &&
			 a->n_retries_left > 0;

	if (a->state != AUTH_SERVER_DECIDING)
		return;
	if (error)
		send_failure(a, error, may_retry, challenge, out);
	if (!may_retry) {
		fail(a, reason);
		return;
	}
	// RFC 2759 6 and 9.1.4: the next Response answers the challenge in the Failure, one
	// identifier on. No timer but the last one: a person is typing.
	a->n_retries_left--;
	a->state = AUTH_SERVER_CHALLENGING;
	a->due_ns = AUTH_SERVER_NEVER;
	a->id++;
	a->deadline_ns = now_ns + a->config.timeout_ns;
	memcpy(a->challenge, challenge, sizeof(a->challenge));
}

void auth_server_confirm(struct auth_server *a)
{
	if (a->state == AUTH_SERVER_ACCEPTED)
		a->due_ns = AUTH_SERVER_NEVER;
}

// ---- what the client sends

static void take_response(
	struct auth_server *a, const struct chap_packet *packet, uint64_t now_ns, struct step *out)
{
	if (packet->value.len ==
		MD5_VALUE_BYTES) { // CHAP with MD5: policy has no use for it, whatever it says
		fail(a, END_AUTH_NO_COMMON);
		return;
	}
	if (chap_mschapv2_response_get(packet->value, &a->response) != 0)
		return;
	a->state = AUTH_SERVER_DECIDING;
	a->due_ns = AUTH_SERVER_NEVER;
	if (packet->text.len > LIMIT_USER_NAME_BYTES) {
		// Nobody has such a name, and half of it may be somebody else's.
		send_failure(a, FAILURE_AUTHENTICATION, false, a->challenge, out);
		fail(a, END_AUTH_REJECTED);
		return;
	}
	a->user_len = (uint16_t)packet->text.len;
	if (a->user_len)
		memcpy(a->user, packet->text.bytes, a->user_len);
	a->user[a->user_len] = '\0';
	if (!a->is_asking)
		ask(a, out);
}

void auth_server_receive_chap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out)
{
	struct chap_packet packet;

	if (a->state == AUTH_SERVER_IDLE || a->state == AUTH_SERVER_FAILED)
		return;
	if (chap_packet_get(info, &packet) != 0 || packet.code != CHAP_RESPONSE)
		return;
	if (a->answer_code && packet.id == a->answer_id)
		send_answer(a, out); // the answer was lost, or not there yet when this was sent
	else if (a->state == AUTH_SERVER_CHALLENGING && packet.id == a->id)
		take_response(a, &packet, now_ns, out);
}

void auth_server_receive_pap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out)
{
	struct pap_packet packet;

	if (a->state != AUTH_SERVER_CHALLENGING || pap_packet_get(info, &packet) != 0)
		return;
	if (packet.code != PAP_AUTHENTICATE_REQUEST || a->n_pap_naks == AUTH_SERVER_PAP_NAKS_MAX)
		return;
	a->n_pap_naks++;
	struct writer w = step_frame_begin(out);

	pap_put_reply(&w, PAP_AUTHENTICATE_NAK, packet.id, span_of_text("PAP is not allowed here"));
	step_frame_finish(out, PPP_PAP, &w);
}

// ---- time

uint64_t auth_server_deadline(const struct auth_server *a)
{
	return a->due_ns < a->deadline_ns ? a->due_ns : a->deadline_ns;
}

void auth_server_expire(struct auth_server *a, uint64_t now_ns, struct step *out)
{
	if (now_ns >= a->deadline_ns) {
		// Either the client has said nothing, or AAA has not.
		fail(a, a->state == AUTH_SERVER_DECIDING ? END_AUTH_UNAVAILABLE : END_AUTH_TIMEOUT);
		return;
	}
	if (now_ns < a->due_ns)
		return;
	if (a->state == AUTH_SERVER_CHALLENGING) {
		a->id++;
		send_challenge(a, now_ns, out);
		return;
	}
	// Success may be lost. pppd repeats no Response, and drops CCP and IPCP until it has seen
	// Success.
	send_answer(a, out);
	a->due_ns = ++a->n_successes < SUCCESSES_MAX ? now_ns + a->config.restart_ns
						     : AUTH_SERVER_NEVER;
}
