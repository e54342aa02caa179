// SPDX-License-Identifier: BSD-3-Clause
#include "proto/auth_server.h"

#include "base/secret.h"
#include "proto/fsm.h"
#include "wire/pap.h"
#include "wire/ppp.h"

#include <assert.h>

enum {
	FAILURE_EXPIRED = 648, // E= of RFC 2759 6
	FAILURE_AUTHENTICATION = 691,
	FAILURE_CHANGING = 709,
	MD5_VALUE_BYTES = 16,
	SUCCESSES_MAX = 10, // times that Success is sent to a client that says nothing
};

static const char success_text[] = "Access granted";

static_assert(CHAP_HEADER_BYTES + CHAP_AUTHENTICATOR_RESPONSE_BYTES + sizeof(" M=") +
			      LIMIT_FAILURE_TEXT_BYTES <=
		      AUTH_SERVER_TEXT_BYTES_MAX,
	"Success fits");
static_assert(CHAP_HEADER_BYTES + sizeof("E=65535 R=1 C= V=3 M=") +
			      2 * CHAP_MSCHAPV2_CHALLENGE_BYTES + LIMIT_FAILURE_TEXT_BYTES <=
		      AUTH_SERVER_TEXT_BYTES_MAX,
	"Failure fits");

// The M= of a Failure; Windows shows its own text for the number, others show this.
static const char *failure_text(uint16_t error)
{
	switch (error) {
	case 646:
		return "Not allowed at this time";
	case 647:
		return "Account disabled";
	case FAILURE_EXPIRED:
		return "Password expired";
	case 649:
		return "No permission to dial in";
	case FAILURE_AUTHENTICATION:
		return "Access denied";
	case FAILURE_CHANGING:
		return "Password change failed";
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

// What the client answered but for its name; the challenge stays.
static void wipe_answer(struct auth_credentials *c)
{
	secret_wipe_bytes(c->peer_challenge, sizeof(c->peer_challenge));
	secret_wipe_bytes(c->nt_response, sizeof(c->nt_response));
	secret_wipe_bytes(c->lm_response, sizeof(c->lm_response));
	secret_wipe_bytes(c->md5_response, sizeof(c->md5_response));
	secret_wipe_bytes(c->password, sizeof(c->password));
	secret_wipe_bytes(c->encrypted_password, sizeof(c->encrypted_password));
	secret_wipe_bytes(c->encrypted_hash, sizeof(c->encrypted_hash));
	c->password_len = 0;
	c->has_nt = c->has_change = false;
}

void auth_server_wipe(struct auth_server *a)
{
	secret_wipe_bytes(&a->credentials, sizeof(a->credentials));
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

// Each has an identifier and a value of its own (RFC 1994 4.1), and the next comes later. pppd
// answers every Challenge anew, with another peer challenge, and then believes a Success for its last
// answer only: over a path slower than the timer (GPRS, a full uplink) the Success for the first one
// would look forged to it (778 where Windows does the same). So an answer to any but the last
// Challenge does not count, and in the end one arrives before the next Challenge leaves.
static void send_challenge(struct auth_server *a, uint64_t now_ns, struct step *out)
{
	struct writer w = step_frame_begin(out);

	chap_put_value(&w, CHAP_CHALLENGE, a->id,
		span_of(a->credentials.challenge, a->credentials.challenge_len), a->config.name);
	step_frame_finish(out, PPP_CHAP, &w);
	a->due_ns = now_ns + fsm_restart_after(a->config.restart_ns, a->n_doublings);
	if (a->n_doublings < UINT8_MAX)
		a->n_doublings++;
}

static bool is_pap(const struct auth_server *a)
{
	return a->credentials.method == AUTH_METHOD_PAP;
}

// The last answer, byte for byte.
static void send_answer(struct auth_server *a, struct step *out)
{
	struct writer w = step_frame_begin(out);

	writer_bytes(&w, a->answer, a->answer_len);
	step_frame_finish(out, is_pap(a) ? PPP_PAP : PPP_CHAP, &w);
}

static void keep_answer(struct auth_server *a, const struct writer *w)
{
	assert(!w->failed && w->len <= sizeof(a->answer));
	a->answer_code = a->answer[0];
	a->answer_id = a->id;
	a->answer_len = (uint8_t)w->len;
}

// What AAA wants to have said, or else what fits; never nothing: Windows asks again without end when
// the text of a Failure is empty.
static struct span choose_text(struct span message, const char *otherwise)
{
	if (message.len == 0)
		return span_of_text(otherwise);
	if (message.len > LIMIT_FAILURE_TEXT_BYTES)
		message.len = LIMIT_FAILURE_TEXT_BYTES;
	return message;
}

static void send_success(struct auth_server *a, const char authenticator_response[42],
	struct span message, struct step *out)
{
	uint8_t text[AUTH_SERVER_TEXT_BYTES_MAX];
	struct writer t = writer_of(text, sizeof(text));
	struct writer w = writer_of(a->answer, sizeof(a->answer));

	message = choose_text(message, success_text);
	if (a->credentials.method == AUTH_METHOD_MSCHAPV2) {
		writer_bytes(&t, authenticator_response, CHAP_AUTHENTICATOR_RESPONSE_BYTES);
		writer_bytes(&t, " M=", strlen(" M="));
	}
	writer_bytes(&t, message.bytes, message.len);
	if (is_pap(a))
		pap_put_reply(&w, PAP_AUTHENTICATE_ACK, a->id, span_of(text, t.len));
	else
		chap_put_text(&w, CHAP_SUCCESS, a->id, span_of(text, t.len));
	keep_answer(a, &w);
	send_answer(a, out);
}

static void send_failure(struct auth_server *a, const struct auth_server_refusal *refusal,
	bool may_retry, struct step *out)
{
	struct span message = choose_text(refusal->message, failure_text(refusal->error));
	struct writer w = writer_of(a->answer, sizeof(a->answer));

	switch (a->credentials.method) {
	case AUTH_METHOD_MSCHAPV2:
		chap_mschapv2_failure_put(
			&w, a->id, refusal->error, may_retry, refusal->challenge, message);
		break;
	case AUTH_METHOD_MSCHAPV1:
		chap_mschapv1_failure_put(&w, a->id, refusal->error, may_retry, refusal->challenge);
		break;
	case AUTH_METHOD_CHAP_MD5:
		chap_put_text(&w, CHAP_FAILURE, a->id, message);
		break;
	case AUTH_METHOD_PAP:
		pap_put_reply(&w, PAP_AUTHENTICATE_NAK, a->id, message);
		break;
	case AUTH_METHOD_NONE:
		return;
	}
	keep_answer(a, &w);
	send_answer(a, out);
}

// ---- what the link calls

static void set_challenge(struct auth_server *a, const uint8_t challenge[16])
{
	a->credentials.challenge_len = a->credentials.method == AUTH_METHOD_MSCHAPV1
					       ? CHAP_MSCHAPV1_CHALLENGE_BYTES
					       : CHAP_MSCHAPV2_CHALLENGE_BYTES;
	memcpy(a->credentials.challenge, challenge, a->credentials.challenge_len);
}

void auth_server_start(struct auth_server *a, enum auth_method method, const uint8_t challenge[16],
	uint64_t now_ns, struct step *out)
{
	auth_server_reset(a);
	a->state = AUTH_SERVER_CHALLENGING;
	a->credentials.method = method;
	a->deadline_ns = now_ns + a->config.timeout_ns;
	if (is_pap(a))
		return;
	a->id++;
	set_challenge(a, challenge);
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
	struct span message, uint64_t now_ns, struct step *out)
{
	if (a->state != AUTH_SERVER_DECIDING)
		return;
	send_success(a, authenticator_response, message, out);
	wipe_answer(&a->credentials);
	a->state = AUTH_SERVER_ACCEPTED;
	a->refusal = END_NONE;
	a->n_retries_left = a->config.n_retries;
	a->deadline_ns = AUTH_SERVER_NEVER;
	// A client of PAP asks again until it has the Ack (RFC 1334 2.2.1).
	a->due_ns = is_pap(a) ? AUTH_SERVER_NEVER : now_ns + a->config.restart_ns;
	a->n_successes = 1;
}

// "Response retry is never allowed after Change Password" (RFC 2759 9.1).
static bool may_retry(const struct auth_server *a, const struct auth_server_refusal *refusal)
{
	return auth_method_has_keys(a->credentials.method) && !a->credentials.has_change &&
	       refusal->reason == END_AUTH_REJECTED && refusal->error == FAILURE_AUTHENTICATION &&
	       a->n_retries_left > 0;
}

static bool may_change(const struct auth_server *a, const struct auth_server_refusal *refusal)
{
	return a->config.may_change_password && refusal->error == FAILURE_EXPIRED &&
	       a->credentials.method == AUTH_METHOD_MSCHAPV2 && !a->credentials.has_change;
}

void auth_server_refuse(struct auth_server *a, const struct auth_server_refusal *refusal,
	uint64_t now_ns, struct step *out)
{
	bool retries = may_retry(a, refusal);
	bool changes = may_change(a, refusal);

	if (a->state != AUTH_SERVER_DECIDING)
		return;
	// A change is no retry: Windows offers it where R is 0 (RFC 2759 9.1.6), and with R=1 asks for
	// the old password again.
	if (refusal->error)
		send_failure(a, refusal, retries, out);
	wipe_answer(&a->credentials);
	if (!retries && !changes) {
		fail(a, refusal->reason);
		return;
	}
	// RFC 2759 6, 7 and 9.1.4: what comes next answers the challenge in the Failure, one
	// identifier on. No timer but the last one: a person is typing.
	a->n_retries_left -= retries;
	a->state = retries ? AUTH_SERVER_CHALLENGING : AUTH_SERVER_CHANGING;
	a->refusal = refusal->reason;
	a->due_ns = AUTH_SERVER_NEVER;
	a->id++;
	a->deadline_ns =
		now_ns + (a->config.timeout_ns > AUTH_SERVER_PERSON_NS ? a->config.timeout_ns
								       : AUTH_SERVER_PERSON_NS);
	set_challenge(a, refusal->challenge);
}

enum end_reason auth_server_refused(const struct auth_server *a)
{
	return a->refusal;
}

bool auth_server_awaits_person(const struct auth_server *a)
{
	return a->refusal != END_NONE &&
	       (a->state == AUTH_SERVER_CHALLENGING || a->state == AUTH_SERVER_CHANGING);
}

void auth_server_confirm(struct auth_server *a)
{
	if (a->state == AUTH_SERVER_ACCEPTED)
		a->due_ns = AUTH_SERVER_NEVER;
}

// ---- what the client sends

// Keep the client's name and ask. Nobody has a name that is too long, and half of it may be
// somebody else's.
static void take_answer(struct auth_server *a, struct span name, struct step *out)
{
	struct auth_credentials *c = &a->credentials;

	a->state = AUTH_SERVER_DECIDING;
	a->due_ns = AUTH_SERVER_NEVER;
	c->chap_id = a->id;
	if (name.len > LIMIT_USER_NAME_BYTES) {
		struct auth_server_refusal refusal = {.error = FAILURE_AUTHENTICATION};

		memcpy(refusal.challenge, c->challenge, c->challenge_len);
		send_failure(a, &refusal, false, out);
		wipe_answer(c);
		fail(a, END_AUTH_REJECTED);
		return;
	}
	c->user_len = (uint16_t)name.len;
	if (name.len)
		memcpy(c->user, name.bytes, name.len);
	c->user[name.len] = '\0';
	if (!a->is_asking)
		ask(a, out);
}

// The value of a Response, as the agreed method has it. Returns false when it is of no use.
static bool take_value(struct auth_server *a, struct span value)
{
	struct auth_credentials *c = &a->credentials;
	struct chap_mschapv2_response v2;
	struct chap_mschapv1_response v1;

	if (c->method == AUTH_METHOD_CHAP_MD5) {
		if (value.len != sizeof(c->md5_response))
			return false;
		memcpy(c->md5_response, value.bytes, value.len);
		return true;
	}
	if (c->method == AUTH_METHOD_MSCHAPV1) {
		if (chap_mschapv1_response_get(value, &v1) != 0)
			return false;
		c->has_nt = v1.use_nt != 0;
		memcpy(c->nt_response, v1.nt_response, sizeof(c->nt_response));
		memcpy(c->lm_response, v1.lm_response, sizeof(c->lm_response));
		return true;
	}
	if (chap_mschapv2_response_get(value, &v2) != 0)
		return false;
	c->has_nt = true;
	memcpy(c->peer_challenge, v2.peer_challenge, sizeof(c->peer_challenge));
	memcpy(c->nt_response, v2.nt_response, sizeof(c->nt_response));
	return true;
}

// A Response of the length that another algorithm has, whatever LCP agreed on.
static bool is_of_other_method(const struct auth_server *a, size_t value_len)
{
	bool has_md5 = value_len == MD5_VALUE_BYTES;
	bool has_mschap = value_len == CHAP_MSCHAPV2_VALUE_BYTES;

	return a->credentials.method == AUTH_METHOD_CHAP_MD5 ? has_mschap : has_md5;
}

static void take_response(struct auth_server *a, const struct chap_packet *packet, struct step *out)
{
	if (is_of_other_method(a, packet->value.len))
		fail(a, END_AUTH_NO_COMMON);
	else if (take_value(a, packet->value))
		take_answer(a, packet->text, out);
}

// The name is that of the Response before (RFC 2759 7).
static void take_change(struct auth_server *a, const struct chap_packet *packet, struct step *out)
{
	struct auth_credentials *c = &a->credentials;
	struct chap_mschapv2_change change;

	if (chap_mschapv2_change_get(packet->value, &change) != 0)
		return;
	a->state = AUTH_SERVER_DECIDING;
	c->chap_id = a->id;
	c->has_nt = c->has_change = true;
	memcpy(c->peer_challenge, change.peer_challenge, sizeof(c->peer_challenge));
	memcpy(c->nt_response, change.nt_response, sizeof(c->nt_response));
	memcpy(c->encrypted_password, change.encrypted_password, sizeof(c->encrypted_password));
	memcpy(c->encrypted_hash, change.encrypted_hash, sizeof(c->encrypted_hash));
	secret_wipe_bytes(&change, sizeof(change));
	if (!a->is_asking)
		ask(a, out);
}

void auth_server_receive_chap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out)
{
	bool awaited_person = auth_server_awaits_person(a);
	struct chap_packet packet;

	if (a->state == AUTH_SERVER_IDLE || a->state == AUTH_SERVER_FAILED || is_pap(a))
		return;
	if (chap_packet_get(info, &packet) != 0 ||
		(packet.code != CHAP_RESPONSE && packet.code != CHAP_CHANGE_PASSWORD))
		return;
	if (a->answer_code && packet.id == a->answer_id)
		send_answer(a, out); // the answer was lost, or not there yet when this was sent
	else if (packet.id != a->id)
		return;
	else if (a->state == AUTH_SERVER_CHALLENGING && packet.code == CHAP_RESPONSE)
		take_response(a, &packet, out);
	else if (a->state == AUTH_SERVER_CHANGING && packet.code == CHAP_CHANGE_PASSWORD)
		take_change(a, &packet, out);
	if (awaited_person && a->state == AUTH_SERVER_DECIDING) // AAA is no person
		a->deadline_ns = now_ns + a->config.timeout_ns;
}

// Where CHAP was agreed. One link is worth a few of these.
static void refuse_pap(struct auth_server *a, uint8_t id, struct step *out)
{
	if (a->state != AUTH_SERVER_CHALLENGING || a->n_pap_naks == AUTH_SERVER_PAP_NAKS_MAX)
		return;
	a->n_pap_naks++;
	struct writer w = step_frame_begin(out);

	pap_put_reply(&w, PAP_AUTHENTICATE_NAK, id, span_of_text("PAP is not allowed here"));
	step_frame_finish(out, PPP_PAP, &w);
}

static bool is_same_request(const struct auth_credentials *c, const struct pap_packet *packet)
{
	return span_equal(packet->peer_id, span_of(c->user, c->user_len)) &&
	       packet->password.len == c->password_len &&
	       secret_equal_bytes(packet->password.bytes, c->password, c->password_len);
}

// RFC 1334 2.2.1: every Request has an identifier of its own, also one that is sent again because
// the Ack was lost or AAA is slow. The answer carries that of the last.
void auth_server_receive_pap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out)
{
	struct auth_credentials *c = &a->credentials;
	struct pap_packet packet;

	if (pap_packet_get(info, &packet) != 0 || packet.code != PAP_AUTHENTICATE_REQUEST)
		return;
	if (!is_pap(a)) {
		refuse_pap(a, packet.id, out);
	} else if (a->state == AUTH_SERVER_CHALLENGING) {
		a->id = packet.id;
		c->password_len = (uint8_t)packet.password.len;
		if (packet.password.len)
			memcpy(c->password, packet.password.bytes, packet.password.len);
		c->password[packet.password.len] = '\0';
		take_answer(a, packet.peer_id, out);
	} else if (a->state == AUTH_SERVER_DECIDING && is_same_request(c, &packet)) {
		a->id = packet.id;
	} else if (a->state == AUTH_SERVER_ACCEPTED) {
		a->answer[1] = packet.id;
		send_answer(a, out);
	}
}

// ---- time

uint64_t auth_server_deadline(const struct auth_server *a)
{
	return a->due_ns < a->deadline_ns ? a->due_ns : a->deadline_ns;
}

bool auth_server_expire(
	struct auth_server *a, const uint8_t challenge[16], uint64_t now_ns, struct step *out)
{
	if (now_ns >= a->deadline_ns) {
		// AAA has said nothing, or the client has not; to a Failure, or at all.
		if (a->state == AUTH_SERVER_DECIDING)
			fail(a, END_AUTH_UNAVAILABLE);
		else
			fail(a, a->refusal != END_NONE ? a->refusal : END_AUTH_TIMEOUT);
		return false;
	}
	if (now_ns < a->due_ns)
		return false;
	if (a->state == AUTH_SERVER_CHALLENGING) {
		a->id++;
		set_challenge(a, challenge);
		send_challenge(a, now_ns, out);
		return true;
	}
	// Success may be lost. pppd repeats no Response, and drops CCP and IPCP until it has seen
	// Success.
	send_answer(a, out);
	a->due_ns = ++a->n_successes < SUCCESSES_MAX ? now_ns + a->config.restart_ns
						     : AUTH_SERVER_NEVER;
	return false;
}
