// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_peer.h"

#include "shim/shim.h"
#include "sim/sim_peer_auth.h"
#include "sim/sim_peer_options.h"
#include "wire/cp.h"
#include "wire/ppp.h"

enum {
	TRIES_MAX = 10,
	TERMINATES_MAX = 2,
	ACSP = 0x8235, // of macOS: routes and domains that Apple's server pushes
};

static const uint64_t reset_interval_ns = 200 * SIM_MS;

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
		p->tunnel->has_keys[SIM_IN] = false;
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

static bool needs_encryption(const struct sim_peer *p)
{
	return p->profile->ccp == SIM_CCP_MPPE && !p->profile->may_go_clear;
}

static void judge_up(struct sim_peer *p)
{
	p->is_up = p->cps[SIM_IPCP].is_open && (!needs_encryption(p) || sim_peer_is_encrypting(p));
	if (p->cps[SIM_IPCP].is_open)
		p->tunnel->address = p->address;
}

static void ask_for_protocol(
	struct sim_peer *p, uint16_t protocol, struct span request, uint64_t now_ns)
{
	p->n_protocols++;
	sim_tunnel_send_frame(p->tunnel, protocol, request, now_ns);
}

// IPCP, and what else the client would have: once, so that Protocol-Rejects can be counted.
static void start_ip(struct sim_peer *p, uint64_t now_ns)
{
	static const uint8_t ipv6cp[] = {1, 1, 0, 14, 1, 10, 2, 0, 0, 0xff, 0xfe, 0, 0, 1};
	static const uint8_t acsp[] = {1, 1, 0, 10, 1, 6, 0, 0, 0, 1};

	if (p->cps[SIM_IPCP].is_started)
		return;
	start(p, SIM_IPCP, now_ns);
	if (p->profile->asks_ipv6cp)
		ask_for_protocol(p, PPP_IPV6CP, span_of(ipv6cp, sizeof(ipv6cp)), now_ns);
	if (p->profile->asks_acsp)
		ask_for_protocol(p, ACSP, span_of(acsp, sizeof(acsp)), now_ns);
}

static void start_network(struct sim_peer *p, uint64_t now_ns)
{
	p->is_authenticated = true;
	if (p->profile->ccp != SIM_CCP_REJECTS_PROTOCOL)
		start(p, SIM_CCP, now_ns);
	if (!p->profile->waits_for_ccp || !needs_encryption(p))
		start_ip(p, now_ns);
}

static void identify(struct sim_peer *p, uint8_t id, const char *text, uint64_t now_ns)
{
	uint8_t bytes[64];
	struct writer w = writer_of(bytes, sizeof(bytes));

	writer_u32(&w, p->magic);
	writer_bytes(&w, text, strlen(text));
	send_packet(p, SIM_LCP, CP_IDENTIFICATION, id, span_of(bytes, w.len), now_ns);
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
		if (p->profile->identification) {
			identify(p, 2, p->profile->identification, now_ns);
			identify(p, 3, "MSRAS-0-FLEET", now_ns);
		}
		sim_peer_auth_start(p, now_ns);
	}
	if (kind == SIM_CCP && p->profile->waits_for_ccp)
		start_ip(p, now_ns);
	judge_up(p);
}

static void protocol_is_down(struct sim_peer *p, enum sim_cp_kind kind)
{
	p->cps[kind].is_open = false;
	if (kind != SIM_CCP || needs_encryption(p) || p->server_bits)
		p->is_up = false;
	if (kind != SIM_IPCP) {
		p->tunnel->has_keys[SIM_OUT] = p->tunnel->has_keys[SIM_IN] = false;
		p->server_bits = 0;
	}
	if (kind != SIM_LCP)
		return;
	stop(p, SIM_CCP);
	stop(p, SIM_IPCP);
	p->is_authenticated = p->has_response = false;
	p->pap_due_ns = SIM_NEVER;
}

static struct mppe_mode mode_of(uint32_t bits)
{
	struct mppe_mode mode = {
		.strength = MPPE_STRENGTH_40, .is_stateless = bits & MPPE_OPTION_STATELESS};

	if (bits & MPPE_OPTION_128)
		mode.strength = MPPE_STRENGTH_128;
	else if (bits & MPPE_OPTION_56)
		mode.strength = MPPE_STRENGTH_56;
	return mode;
}

// MS-CHAPv1 has start keys of their own for 40 and 56 bit.
static void key(struct sim_peer *p, enum sim_direction direction, uint32_t bits)
{
	const struct mppe_mode mode = mode_of(bits);
	const uint8_t *start = direction == SIM_OUT ? p->start.send : p->start.receive;
	uint8_t lm[16] = {0};

	if (p->start.is_v1 && mode.strength != MPPE_STRENGTH_128) {
		memcpy(lm, p->start.lm, sizeof(p->start.lm));
		start = lm;
	}
	sim_tunnel_key(p->tunnel, direction, &mode, p->profile->mppe, start);
}

// Linux starts a direction's key afresh at the Ack of its request: sending at the one that it sends,
// receiving at the one that comes. What a request says is what its sender receives.
static void take_keys(struct sim_peer *p, bool is_ours)
{
	struct sim_cp *ccp = &p->cps[SIM_CCP];
	uint32_t *bits = sim_peer_options_find(ccp, MPPE_OPTION_TYPE);

	if (is_ours && bits && *bits)
		key(p, SIM_IN, *bits);
	if (!is_ours && p->server_bits)
		key(p, SIM_OUT, p->server_bits);
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
		p->tunnel->has_keys[SIM_OUT] = false;
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
		else if (kind == SIM_CCP && value && option.value.len == 4)
			*value = sim_peer_options_choose(p, bytes_get_u32(option.value.bytes));
	}
	// Without an address, or without the encryption that it wants, a client hangs up.
	if ((kind == SIM_IPCP && !sim_peer_options_find(cp, SIM_IPCP_ADDRESS)) ||
		(kind == SIM_CCP && needs_encryption(p) &&
			!sim_peer_options_find(cp, MPPE_OPTION_TYPE))) {
		sim_peer_terminate(p, now_ns);
		return;
	}
	cp->was_acked = false;
	send_request(p, kind, false, now_ns);
}

// The server does not speak a protocol: without encryption who needs it hangs up.
static void take_protocol_reject(
	struct sim_peer *p, const struct cp_packet *packet, uint64_t now_ns)
{
	uint16_t protocol = packet->data.len < 2 ? 0 : bytes_get_u16(packet->data.bytes);

	if ((protocol == PPP_IPV6CP && p->profile->asks_ipv6cp) ||
		(protocol == ACSP && p->profile->asks_acsp))
		p->n_rejected++;
	if (protocol != PPP_CCP || !p->cps[SIM_CCP].is_started)
		return;
	protocol_is_down(p, SIM_CCP);
	stop(p, SIM_CCP);
	if (needs_encryption(p))
		sim_peer_terminate(p, now_ns);
	else
		judge_up(p);
}

static void receive_lcp_extra(struct sim_peer *p, const struct cp_packet *packet, uint64_t now_ns)
{
	uint8_t bytes[SIM_PACKET_BYTES_MAX];

	if (packet->code == CP_PROTOCOL_REJECT) {
		take_protocol_reject(p, packet, now_ns);
		return;
	}

	if (packet->code != CP_ECHO_REQUEST || packet->data.len < 4 ||
		packet->data.len > sizeof(bytes) || !p->cps[SIM_LCP].is_open)
		return;
	memcpy(bytes, packet->data.bytes, packet->data.len);
	bytes_put_u32(bytes, p->magic);
	send_packet(
		p, SIM_LCP, CP_ECHO_REPLY, packet->id, span_of(bytes, packet->data.len), now_ns);
}

// The server lost a packet of ours, or answers that it will flush.
static void receive_ccp_extra(struct sim_peer *p, const struct cp_packet *packet, uint64_t now_ns)
{
	static const uint8_t ack[] = {CP_RESET_ACK, 0, 0, 4};

	// Windows does not know it.
	if (packet->code == CP_RESET_ACK && p->profile->mppe == SIM_MPPE_RFC)
		send_packet(p, SIM_CCP, CP_CODE_REJECT, ++p->cps[SIM_CCP].id,
			span_of(ack, sizeof(ack)), now_ns);
	if (!p->cps[SIM_CCP].is_open || packet->code != CP_RESET_REQUEST)
		return;
	p->tunnel->mppe[SIM_OUT].flushes = true;
	if (p->profile->mppe == SIM_MPPE_LINUX)
		send_packet(p, SIM_CCP, CP_RESET_ACK, packet->id, (struct span){0}, now_ns);
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
		if (kind == SIM_CCP)
			judge_up(p);
		if (kind == SIM_LCP || (kind == SIM_CCP && needs_encryption(p)))
			give_up(p);
		break;
	case CP_TERMINATE_ACK:
		if (p->is_terminating && kind == SIM_LCP)
			give_up(p);
		break;
	default:
		if (kind == SIM_LCP)
			receive_lcp_extra(p, &packet, now_ns);
		else if (kind == SIM_CCP)
			receive_ccp_extra(p, &packet, now_ns);
		break;
	}
}

// ---- authentication

static void receive_auth(struct sim_peer *p, uint16_t protocol, struct span info, uint64_t now_ns)
{
	struct sim_peer_auth_out out = {0};

	if (!p->cps[SIM_LCP].is_open || p->is_terminating)
		return;
	if (protocol == PPP_CHAP)
		sim_peer_auth_receive_chap(p, info, now_ns, &out);
	else
		sim_peer_auth_receive_pap(p, info, &out);
	if (out.is_accepted)
		start_network(p, now_ns);
	else if (out.hangs_up)
		sim_peer_terminate(p, now_ns);
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
	p->echo_due_ns = p->terminate_due_ns = p->pap_due_ns = SIM_NEVER;
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
	case PPP_PAP:
		receive_auth(p, protocol, info, now_ns);
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
	uint64_t next = earlier(p->pap_due_ns, earlier(p->echo_due_ns, p->terminate_due_ns));

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
	sim_peer_auth_expire(p, now_ns);
	if (now_ns >= p->echo_due_ns) {
		uint8_t magic[4];

		bytes_put_u32(magic, p->magic);
		send_packet(p, SIM_LCP, CP_ECHO_REQUEST, 77, span_of(magic, 4), now_ns);
		p->echo_due_ns = now_ns + p->profile->echo_interval_ns;
	}
}

void sim_peer_reset(struct sim_peer *p, uint64_t now_ns)
{
	struct sim_cp *ccp = &p->cps[SIM_CCP];

	if (p->has_ended || p->is_terminating || !ccp->is_open || now_ns < p->reset_due_ns)
		return;
	p->reset_due_ns = now_ns + reset_interval_ns;
	send_packet(p, SIM_CCP, CP_RESET_REQUEST, ++ccp->id, (struct span){0}, now_ns);
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
	p->echo_due_ns = p->pap_due_ns = SIM_NEVER;
	for (int i = 0; i < SIM_CP_KINDS; i++)
		p->cps[i].due_ns = SIM_NEVER;
	p->terminate_due_ns = now_ns + 3 * SIM_SEC;
	send_packet(p, SIM_LCP, CP_TERMINATE_REQUEST, ++p->cps[SIM_LCP].id,
		span_of_text("User request"), now_ns);
}
