// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_peer_auth.h"

#include "crypto/mschap.h"
#include "shim/shim.h"
#include "wire/chap.h"
#include "wire/pap.h"
#include "wire/ppp.h"

enum { RETRIES_MAX = 5 };

bool sim_peer_auth_knows(const struct sim_peer_profile *profile, enum auth_method method)
{
	if (profile->methods[0] == AUTH_METHOD_NONE)
		return method == AUTH_METHOD_MSCHAPV2;
	for (int i = 0; profile->methods[i] != AUTH_METHOD_NONE; i++)
		if (profile->methods[i] == method)
			return true;
	return false;
}

uint8_t sim_peer_auth_option(enum auth_method method, uint8_t value[3])
{
	static const uint8_t algorithms[] = {[AUTH_METHOD_MSCHAPV2] = 0x81,
		[AUTH_METHOD_MSCHAPV1] = 0x80,
		[AUTH_METHOD_CHAP_MD5] = 5};

	bytes_put_u16(value, method == AUTH_METHOD_PAP ? PPP_PAP : PPP_CHAP);
	if (method == AUTH_METHOD_PAP)
		return 2;
	value[2] = algorithms[method];
	return 3;
}

// ---- PAP

static void send_pap(struct sim_peer *p, uint64_t now_ns)
{
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	pap_put_request(
		&w, ++p->response_challenge_id, span_of_text(p->user), span_of_text(p->password));
	p->pap_due_ns = now_ns + p->profile->restart_ns;
	sim_tunnel_send_frame(p->tunnel, PPP_PAP, span_of(bytes, w.len), now_ns);
}

void sim_peer_auth_start(struct sim_peer *p, uint64_t now_ns)
{
	p->pap_due_ns = SIM_NEVER;
	if (p->method == AUTH_METHOD_PAP && !p->is_authenticated)
		send_pap(p, now_ns);
}

void sim_peer_auth_expire(struct sim_peer *p, uint64_t now_ns)
{
	if (now_ns >= p->pap_due_ns)
		send_pap(p, now_ns);
}

void sim_peer_auth_receive_pap(struct sim_peer *p, struct span info, struct sim_peer_auth_out *out)
{
	struct pap_packet packet;

	if (pap_packet_get(info, &packet) != 0 || packet.code == PAP_AUTHENTICATE_REQUEST) {
		FAIL("the server sent a malformed PAP packet");
		return;
	}
	if (p->pap_due_ns == SIM_NEVER || packet.id != p->response_challenge_id)
		return;
	p->pap_due_ns = SIM_NEVER;
	out->is_accepted = packet.code == PAP_AUTHENTICATE_ACK;
	out->hangs_up = p->was_refused = !out->is_accepted;
}

// ---- CHAP

static void respond_v2(struct sim_peer *p, const struct chap_packet *challenge, struct writer *w)
{
	struct span user = mschap_user_without_domain(span_of_text(p->user));
	struct chap_mschapv2_response response = {0};
	uint8_t hash[16], hash_hash[16], value[CHAP_MSCHAPV2_VALUE_BYTES];
	bool is_same = p->has_response && challenge->id == p->response_challenge_id &&
		       memcmp(p->server_challenge, challenge->value.bytes, 16) == 0;

	EXPECT_EQ(mschap_nt_hash(span_of_text(p->password), hash), 0);
	if (!is_same || p->profile->answers_afresh)
		sim_random_fill(p->random, p->peer_challenge, 16);
	memcpy(p->server_challenge, challenge->value.bytes, 16);
	mschap_nt_response(p->server_challenge, p->peer_challenge, user, hash, p->nt_response);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, p->nt_response, false, &p->start);

	memcpy(response.peer_challenge, p->peer_challenge, 16);
	memcpy(response.nt_response, p->nt_response, 24);
	chap_mschapv2_response_put(value, &response);
	chap_put_value(w, CHAP_RESPONSE, challenge->id, span_of(value, sizeof(value)),
		span_of_text(p->user));
}

// Both responses and "use NT", as NT 4 sends them; pppd and Windows 2000 leave the LM response empty.
static void respond_v1(struct sim_peer *p, const struct chap_packet *challenge, struct writer *w)
{
	struct chap_mschapv1_response response = {.use_nt = 1};
	uint8_t hash[16], hash_hash[16], lm[16], value[CHAP_MSCHAPV1_VALUE_BYTES];
	bool has_lm = mschap_lm_hash(span_of_text(p->password), lm) == 0;

	EXPECT_EQ(mschap_nt_hash(span_of_text(p->password), hash), 0);
	memcpy(p->server_challenge, challenge->value.bytes, 8);
	mschap_challenge_response(p->server_challenge, hash, response.nt_response);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv1(p->server_challenge, hash_hash, has_lm ? lm : NULL, &p->start);
	chap_mschapv1_response_put(value, &response);
	chap_put_value(w, CHAP_RESPONSE, challenge->id, span_of(value, sizeof(value)),
		span_of_text(p->user));
}

static void respond_md5(struct sim_peer *p, const struct chap_packet *challenge, struct writer *w)
{
	uint8_t value[16];

	mschap_chap_md5(challenge->id, span_of_text(p->password), challenge->value, value);
	chap_put_value(w, CHAP_RESPONSE, challenge->id, span_of(value, sizeof(value)),
		span_of_text(p->user));
}

static void respond(struct sim_peer *p, const struct chap_packet *challenge, uint64_t now_ns)
{
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	size_t wanted = p->method == AUTH_METHOD_MSCHAPV1 ? 8 : 16;

	if (p->method != AUTH_METHOD_CHAP_MD5 && challenge->value.len != wanted) {
		FAIL("the server sent a Challenge of a wrong length");
		return;
	}
	if (p->method == AUTH_METHOD_MSCHAPV2)
		respond_v2(p, challenge, &w);
	else if (p->method == AUTH_METHOD_MSCHAPV1)
		respond_v1(p, challenge, &w);
	else if (p->method == AUTH_METHOD_CHAP_MD5)
		respond_md5(p, challenge, &w);
	else
		return;
	if (p->profile->has_wrong_keys)
		p->start.send[3] ^= 1, p->start.receive[3] ^= 1;
	p->response_challenge_id = challenge->id;
	p->has_response = p->has_responded = true;
	sim_tunnel_send_frame(p->tunnel, PPP_CHAP, span_of(bytes, w.len), now_ns);
}

static bool is_success_right(const struct sim_peer *p, struct span text)
{
	struct span user = mschap_user_without_domain(span_of_text(p->user));
	char wanted[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];
	uint8_t hash[16];

	if (p->method != AUTH_METHOD_MSCHAPV2)
		return true;
	EXPECT_EQ(mschap_nt_hash(span_of_text(p->password), hash), 0);
	mschap_authenticator_response(
		hash, p->nt_response, p->peer_challenge, p->server_challenge, user, wanted);
	return text.len >= sizeof(wanted) && memcmp(text.bytes, wanted, sizeof(wanted)) == 0;
}

// "... R=1 ..." lets the user try again; this one knows no other password.
static void take_failure(
	struct sim_peer *p, const struct chap_packet *packet, struct sim_peer_auth_out *out)
{
	EXPECT_GT(packet->text.len, 0);
	if (p->method != AUTH_METHOD_CHAP_MD5)
		EXPECT_TRUE(packet->text.len > 5 && memcmp(packet->text.bytes, "E=", 2) == 0);
	p->was_refused = true;
	out->hangs_up = true;
}

void sim_peer_auth_receive_chap(
	struct sim_peer *p, struct span info, uint64_t now_ns, struct sim_peer_auth_out *out)
{
	struct chap_packet packet;
	bool is_answer;

	if (chap_packet_get(info, &packet) != 0) {
		FAIL("the server sent a malformed CHAP packet");
		return;
	}
	is_answer =
		!p->is_authenticated && p->has_response && packet.id == p->response_challenge_id;
	switch (packet.code) {
	case CHAP_CHALLENGE:
		if (!p->is_authenticated)
			respond(p, &packet, now_ns);
		break;
	case CHAP_SUCCESS:
		if (!is_answer)
			break;
		out->is_accepted = is_success_right(p, packet.text);
		out->hangs_up = !out->is_accepted; // what Windows calls error 778
		break;
	case CHAP_FAILURE:
		if (is_answer)
			take_failure(p, &packet, out);
		break;
	}
}
