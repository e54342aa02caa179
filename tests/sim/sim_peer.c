// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_peer.h"

#include "crypto/mschap.h"
#include "shim/shim.h"
#include "sim/sim_peer_options.h"
#include "wire/chap.h"
#include "wire/cp.h"
#include "wire/ppp.h"

enum { TRIES_MAX = 10, TERMINATES_MAX = 2 };

static const uint16_t protocols[SIM_CP_KINDS] = {PPP_LCP, PPP_CCP, PPP_IPCP};

// ---- frames

static void send_packet(struct sim_peer *p, enum sim_cp_kind kind, uint8_t code, uint8_t id,
	struct span data, uint64_t now_ns)
{
	uint8_t bytes[SIM_PACKET_BYTES_MAX - 32];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (data.len > sizeof(bytes) - CP_HEADER_BYTES)
		data.len = sizeof(bytes) - CP_HEADER_BYTES;
	cp_packet_put(&w, code, id, data);
	sim_tunnel_send_frame(p->tunnel, protocols[kind], span_of(bytes, w.len), now_ns);
}

static void send_request(struct sim_peer *p, enum sim_cp_kind kind, bool is_repeat, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];
	uint8_t bytes[128], value[4];
	struct writer w = writer_of(bytes, sizeof(bytes));

	for (uint8_t i = 0; i < cp->n_options; i++) {
		bytes_put_u32(value, cp->values[i]);
		cp_option_put(&w, cp->types[i], span_of(value + 4 - cp->lens[i], cp->lens[i]));
	}
	if (!is_repeat)
		cp->id++;
	if (kind == SIM_CCP) // deaf until the Ack, as Linux is
		p->tunnel->in.has_keys = false;
	cp->awaits_reply = true;
	cp->n_tries++;
	cp->due_ns = now_ns + p->profile->restart_ns;
	send_packet(p, kind, CP_CONFIGURE_REQUEST, cp->id, span_of(bytes, w.len), now_ns);
}

static void start(struct sim_peer *p, enum sim_cp_kind kind, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];
	uint8_t id = cp->id;

	if (cp->is_started)
		return;
	*cp = (struct sim_cp){.is_started = true, .id = id, .due_ns = SIM_NEVER};
	sim_peer_options_ask(p, kind, cp);
	send_request(p, kind, false, now_ns);
}

static void stop(struct sim_peer *p, enum sim_cp_kind kind)
{
	p->cps[kind] = (struct sim_cp){.id = p->cps[kind].id, .due_ns = SIM_NEVER};
}

static void give_up(struct sim_peer *p)
{
	p->is_up = false;
	p->has_ended = true;
}

// ---- up and down

static bool wants_encryption(const struct sim_peer *p)
{
	return p->profile->ccp == SIM_CCP_MPPE;
}

static bool is_encrypting(const struct sim_peer *p)
{
	const struct sim_cp *ccp = &p->cps[SIM_CCP];

	return ccp->is_open && p->server_bits;
}

static void judge_up(struct sim_peer *p)
{
	p->is_up = p->cps[SIM_IPCP].is_open && (!wants_encryption(p) || is_encrypting(p));
}

static void start_network(struct sim_peer *p, uint64_t now_ns)
{
	p->is_authenticated = true;
	if (p->profile->ccp != SIM_CCP_REJECTS_PROTOCOL)
		start(p, SIM_CCP, now_ns);
	if (!p->profile->waits_for_ccp)
		start(p, SIM_IPCP, now_ns);
	if (p->profile->asks_ipv6cp) {
		static const uint8_t request[] = {1, 1, 0, 14, 1, 10, 2, 0, 0, 0xff, 0xfe, 0, 0, 1};

		sim_tunnel_send_frame(
			p->tunnel, PPP_IPV6CP, span_of(request, sizeof(request)), now_ns);
	}
}

static void protocol_is_open(struct sim_peer *p, enum sim_cp_kind kind, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];

	cp->is_open = true;
	cp->due_ns = SIM_NEVER;
	cp->n_tries = 0;
	if (kind == SIM_LCP) {
		p->tunnel->send_pfc = p->tunnel->send_acfc = true; // the server takes both
		p->echo_due_ns = p->profile->echo_interval_ns
					 ? now_ns + p->profile->echo_interval_ns
					 : SIM_NEVER;
		if (p->profile->sends_identification) {
			uint8_t text[] = "....MSRASV5.20";

			bytes_put_u32(text, p->magic);
			send_packet(p, SIM_LCP, CP_IDENTIFICATION, 90,
				span_of(text, sizeof(text) - 1), now_ns);
		}
	}
	if (kind == SIM_CCP && p->profile->waits_for_ccp)
		start(p, SIM_IPCP, now_ns);
	judge_up(p);
}

static void protocol_is_down(struct sim_peer *p, enum sim_cp_kind kind)
{
	p->cps[kind].is_open = false;
	p->is_up = false;
	if (kind != SIM_LCP)
		return;
	stop(p, SIM_CCP);
	stop(p, SIM_IPCP);
	p->is_authenticated = p->has_response = false;
	p->tunnel->out.has_keys = p->tunnel->in.has_keys = false;
}

// Linux starts a direction's key afresh at the Ack of its request: sending at the one that it sends,
// receiving at the one that comes.
static void take_keys(struct sim_peer *p, bool is_ours)
{
	struct sim_cp *ccp = &p->cps[SIM_CCP];
	uint32_t *bits = sim_peer_options_find(ccp, MPPE_OPTION_TYPE);

	if (is_ours && bits && *bits == SIM_MPPE_WANTED)
		sim_tunnel_key(&p->tunnel->in, p->start.receive);
	if (!is_ours && p->server_bits == SIM_MPPE_WANTED)
		sim_tunnel_key(&p->tunnel->out, p->start.send);
}

// ---- the server's requests

static void receive_request(
	struct sim_peer *p, enum sim_cp_kind kind, const struct cp_packet *packet, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];
	struct sim_peer_answer answer;

	if (!cp->is_started) {
		// pppd says that it is not ready; others say nothing.
		if (p->profile->waits_for_ccp)
			send_packet(
				p, kind, CP_TERMINATE_ACK, packet->id, (struct span){0}, now_ns);
		return;
	}
	if (cp->is_open) { // the server negotiates again
		protocol_is_down(p, kind);
		cp->was_acked = false;
		cp->n_tries = 0;
		send_request(p, kind, false, now_ns);
	}
	sim_peer_options_judge(p, kind, packet->data, &answer);
	cp->has_acked = false;
	if (kind == SIM_CCP)
		p->tunnel->out.has_keys = false;
	if (answer.reject.len > 0) {
		send_packet(p, kind, CP_CONFIGURE_REJECT, packet->id,
			span_of(answer.reject_bytes, answer.reject.len), now_ns);
	} else if (answer.nak.len > 0) {
		send_packet(p, kind, CP_CONFIGURE_NAK, packet->id,
			span_of(answer.nak_bytes, answer.nak.len), now_ns);
	} else {
		cp->has_acked = true;
		if (kind == SIM_CCP) {
			p->server_bits = answer.server_bits;
			take_keys(p, false);
		}
		send_packet(p, kind, CP_CONFIGURE_ACK, packet->id, packet->data, now_ns);
		if (cp->was_acked)
			protocol_is_open(p, kind, now_ns);
	}
}

// ---- the server's answers

static void receive_ack(struct sim_peer *p, enum sim_cp_kind kind, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];

	cp->was_acked = true;
	if (kind == SIM_CCP)
		take_keys(p, true);
	if (kind == SIM_IPCP)
		p->address = *sim_peer_options_find(cp, SIM_IPCP_ADDRESS);
	if (cp->has_acked)
		protocol_is_open(p, kind, now_ns);
}

static void take_refusal(
	struct sim_peer *p, enum sim_cp_kind kind, const struct cp_packet *packet, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];
	struct span options = packet->data;
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		uint32_t *value = sim_peer_options_find(cp, option.type);

		if (packet->code == CP_CONFIGURE_REJECT)
			sim_peer_options_drop(cp, option.type);
		else if (kind == SIM_IPCP && value && option.value.len == 4)
			*value = bytes_get_u32(option.value.bytes);
		else if (kind == SIM_CCP && value && option.value.len == 4 && wants_encryption(p))
			*value = SIM_MPPE_WANTED;
	}
	// Without an address, or without the encryption that it wants, a client hangs up.
	if ((kind == SIM_IPCP && !sim_peer_options_find(cp, SIM_IPCP_ADDRESS)) ||
		(kind == SIM_CCP && wants_encryption(p) &&
			!sim_peer_options_find(cp, MPPE_OPTION_TYPE))) {
		sim_peer_terminate(p, now_ns);
		return;
	}
	cp->was_acked = false;
	send_request(p, kind, false, now_ns);
}

static void receive_lcp_extra(struct sim_peer *p, const struct cp_packet *packet, uint64_t now_ns)
{
	uint8_t bytes[SIM_PACKET_BYTES_MAX];

	if (packet->code != CP_ECHO_REQUEST || packet->data.len < 4 ||
		packet->data.len > sizeof(bytes) || !p->cps[SIM_LCP].is_open)
		return;
	memcpy(bytes, packet->data.bytes, packet->data.len);
	bytes_put_u32(bytes, p->magic);
	send_packet(
		p, SIM_LCP, CP_ECHO_REPLY, packet->id, span_of(bytes, packet->data.len), now_ns);
}

static void receive_cp(struct sim_peer *p, enum sim_cp_kind kind, struct span info, uint64_t now_ns)
{
	struct sim_cp *cp = &p->cps[kind];
	struct cp_packet packet;

	if (cp_packet_get(info, &packet) != 0) {
		FAIL("the server sent a malformed packet");
		return;
	}
	switch (packet.code) {
	case CP_CONFIGURE_REQUEST:
		if (!p->is_terminating)
			receive_request(p, kind, &packet, now_ns);
		break;
	case CP_CONFIGURE_ACK:
	case CP_CONFIGURE_NAK:
	case CP_CONFIGURE_REJECT:
		if (!cp->awaits_reply || packet.id != cp->id || p->is_terminating)
			break;
		cp->awaits_reply = false;
		if (packet.code == CP_CONFIGURE_ACK)
			receive_ack(p, kind, now_ns);
		else
			take_refusal(p, kind, &packet, now_ns);
		break;
	case CP_TERMINATE_REQUEST:
		send_packet(p, kind, CP_TERMINATE_ACK, packet.id, (struct span){0}, now_ns);
		protocol_is_down(p, kind);
		stop(p, kind);
		if (kind == SIM_LCP || (kind == SIM_CCP && wants_encryption(p)))
			give_up(p);
		break;
	case CP_TERMINATE_ACK:
		if (p->is_terminating && kind == SIM_LCP)
			give_up(p);
		break;
	default:
		if (kind == SIM_LCP)
			receive_lcp_extra(p, &packet, now_ns);
		break;
	}
}

// ---- CHAP

static void respond(struct sim_peer *p, const struct chap_packet *challenge, uint64_t now_ns)
{
	struct span user = mschap_user_without_domain(span_of_text(p->user));
	struct chap_mschapv2_response response = {0};
	uint8_t hash[16], hash_hash[16], value[CHAP_MSCHAPV2_VALUE_BYTES], bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	bool is_same = p->has_response && challenge->id == p->response_challenge_id &&
		       memcmp(p->server_challenge, challenge->value.bytes, 16) == 0;

	EXPECT_EQ(mschap_nt_hash(span_of_text(p->password), hash), 0);
	if (!is_same || p->profile->answers_afresh)
		sim_random_fill(p->random, p->peer_challenge, 16);
	memcpy(p->server_challenge, challenge->value.bytes, 16);
	p->response_challenge_id = challenge->id;
	p->has_response = p->has_responded = true;
	mschap_nt_response(p->server_challenge, p->peer_challenge, user, hash, p->nt_response);
	mschap_nt_hash_hash(hash, hash_hash);
	mppe_key_start_mschapv2(hash_hash, p->nt_response, false, &p->start);

	memcpy(response.peer_challenge, p->peer_challenge, 16);
	memcpy(response.nt_response, p->nt_response, 24);
	chap_mschapv2_response_put(value, &response);
	chap_put_value(&w, CHAP_RESPONSE, challenge->id, span_of(value, sizeof(value)),
		span_of_text(p->user));
	sim_tunnel_send_frame(p->tunnel, PPP_CHAP, span_of(bytes, w.len), now_ns);
}

static bool is_success_right(const struct sim_peer *p, struct span text)
{
	struct span user = mschap_user_without_domain(span_of_text(p->user));
	char wanted[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];
	uint8_t hash[16];

	EXPECT_EQ(mschap_nt_hash(span_of_text(p->password), hash), 0);
	mschap_authenticator_response(
		hash, p->nt_response, p->peer_challenge, p->server_challenge, user, wanted);
	return text.len >= sizeof(wanted) && memcmp(text.bytes, wanted, sizeof(wanted)) == 0;
}

static void receive_chap(struct sim_peer *p, struct span info, uint64_t now_ns)
{
	struct chap_packet packet;

	if (chap_packet_get(info, &packet) != 0) {
		FAIL("the server sent a malformed CHAP packet");
		return;
	}
	if (!p->cps[SIM_LCP].is_open || p->is_terminating)
		return;
	switch (packet.code) {
	case CHAP_CHALLENGE:
		if (packet.value.len == 16 && !p->is_authenticated)
			respond(p, &packet, now_ns);
		break;
	case CHAP_SUCCESS:
		if (p->is_authenticated || !p->has_response ||
			packet.id != p->response_challenge_id)
			break;
		if (is_success_right(p, packet.text))
			start_network(p, now_ns);
		else // what Windows calls error 778
			sim_peer_terminate(p, now_ns);
		break;
	case CHAP_FAILURE:
		EXPECT_GT(packet.text.len, 0);
		p->was_refused = true;
		sim_peer_terminate(p, now_ns);
		break;
	}
}

// ---- from outside

void sim_peer_init(struct sim_peer *p, const struct sim_peer_profile *profile,
	struct sim_random *random, struct sim_tunnel *tunnel, const char *user,
	const char *password)
{
	memset(p, 0, sizeof(*p));
	p->profile = profile;
	p->random = random;
	p->tunnel = tunnel;
	p->user = user;
	p->password = password;
	p->magic = (uint32_t)sim_random_u64(random) | 1;
	p->echo_due_ns = p->terminate_due_ns = SIM_NEVER;
	for (int i = 0; i < SIM_CP_KINDS; i++) {
		p->cps[i].due_ns = SIM_NEVER;
		p->cps[i].id = (uint8_t)sim_random_u64(random);
	}
}

void sim_peer_start(struct sim_peer *p, uint64_t now_ns)
{
	start(p, SIM_LCP, now_ns);
}

static void reject_protocol(
	struct sim_peer *p, uint16_t protocol, struct span info, uint64_t now_ns)
{
	uint8_t bytes[SIM_PACKET_BYTES_MAX];

	if (!p->cps[SIM_LCP].is_open || info.len > sizeof(bytes) - 2)
		return;
	bytes_put_u16(bytes, protocol);
	memcpy(bytes + 2, info.bytes, info.len);
	send_packet(p, SIM_LCP, CP_PROTOCOL_REJECT, ++p->cps[SIM_LCP].id,
		span_of(bytes, info.len + 2), now_ns);
}

void sim_peer_receive(struct sim_peer *p, uint16_t protocol, struct span info, uint64_t now_ns)
{
	if (p->has_ended)
		return;
	switch (protocol) {
	case PPP_LCP:
		receive_cp(p, SIM_LCP, info, now_ns);
		break;
	case PPP_CHAP:
		receive_chap(p, info, now_ns);
		break;
	case PPP_CCP:
	case PPP_IPCP:
		if (!p->is_authenticated)
			break; // not yet (RFC 1661 3.5)
		if (protocol == PPP_CCP && p->profile->ccp == SIM_CCP_REJECTS_PROTOCOL)
			reject_protocol(p, protocol, info, now_ns);
		else
			receive_cp(p, protocol == PPP_CCP ? SIM_CCP : SIM_IPCP, info, now_ns);
		break;
	default:
		FAIL("the server sent a protocol that it does not speak");
		break;
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sim_peer_deadline(const struct sim_peer *p)
{
	uint64_t next = earlier(p->echo_due_ns, p->terminate_due_ns);

	if (p->has_ended)
		return SIM_NEVER;
	for (int i = 0; i < SIM_CP_KINDS; i++)
		next = earlier(next, p->cps[i].due_ns);
	return next;
}

void sim_peer_expire(struct sim_peer *p, uint64_t now_ns)
{
	if (p->has_ended)
		return;
	if (now_ns >= p->terminate_due_ns) {
		sim_peer_terminate(p, now_ns);
		return;
	}
	for (int kind = 0; kind < SIM_CP_KINDS; kind++) {
		struct sim_cp *cp = &p->cps[kind];

		if (now_ns < cp->due_ns)
			continue;
		if (cp->n_tries >= TRIES_MAX) {
			give_up(p);
			return;
		}
		// The server may have forgotten an Ack of ours, never one of its own.
		send_request(p, (enum sim_cp_kind)kind, cp->awaits_reply, now_ns);
		cp->was_acked = false;
	}
	if (now_ns >= p->echo_due_ns) {
		uint8_t magic[4];

		bytes_put_u32(magic, p->magic);
		send_packet(p, SIM_LCP, CP_ECHO_REQUEST, 77, span_of(magic, 4), now_ns);
		p->echo_due_ns = now_ns + p->profile->echo_interval_ns;
	}
}

void sim_peer_renegotiate(struct sim_peer *p, enum sim_cp_kind kind, uint64_t now_ns)
{
	if (p->has_ended || p->is_terminating || !p->cps[kind].is_open)
		return;
	protocol_is_down(p, kind);
	stop(p, kind);
	if (kind == SIM_IPCP)
		p->address = 0;
	start(p, kind, now_ns);
}

void sim_peer_terminate(struct sim_peer *p, uint64_t now_ns)
{
	if (p->has_ended)
		return;
	if (p->n_terminates++ >= TERMINATES_MAX) {
		give_up(p);
		return;
	}
	p->is_terminating = true;
	p->is_up = false;
	p->echo_due_ns = SIM_NEVER;
	for (int i = 0; i < SIM_CP_KINDS; i++)
		p->cps[i].due_ns = SIM_NEVER;
	p->terminate_due_ns = now_ns + 3 * SIM_SEC;
	send_packet(p, SIM_LCP, CP_TERMINATE_REQUEST, ++p->cps[SIM_LCP].id,
		span_of_text("User request"), now_ns);
}
