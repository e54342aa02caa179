// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/peer.h"

#include "crypto/mschap.h"
#include "proto/ipcp.h"
#include "proto/lcp.h"
#include "wire/chap.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#define PEER_OF(f, member) ((struct peer *)((char *)(f)-offsetof(struct peer, member)))

static const uint8_t AUTH_MSCHAPV2[] = {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MSCHAPV2};

static uint64_t next_random(struct peer *p) // SplitMix64
{
	uint64_t z = p->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static void fail(struct peer *p, enum fleet_reason reason)
{
	if (!p->reason)
		p->reason = (uint8_t)reason;
}

static void send(struct peer *p, uint16_t protocol, uint8_t code, uint8_t id, struct span data,
	struct step *out)
{
	struct writer w = step_frame_begin(out);

	cp_packet_put(&w, code, id, data);
	step_frame_finish(out, protocol, &w);
}

static void start(struct fsm *f, uint64_t now_ns, struct step *out)
{
	fsm_open(f, now_ns, out);
	fsm_up(f, now_ns, out);
}

// ---- LCP

static void lcp_build(const struct fsm *f, struct writer *w)
{
	const struct peer *p = PEER_OF(f, lcp);

	if (p->asks_mru)
		cp_option_put_u16(w, LCP_OPTION_MRU, p->shared->mru);
	if (p->magic)
		cp_option_put_u32(w, LCP_OPTION_MAGIC, p->magic);
	if (p->asks_pfc)
		cp_option_put(w, LCP_OPTION_PFC, (struct span){0});
	if (p->asks_acfc)
		cp_option_put(w, LCP_OPTION_ACFC, (struct span){0});
}

static void lcp_judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct peer *p = PEER_OF(f, lcp);
	struct cp_option o;
	bool has_auth = false;

	p->server_mru = LCP_MRU_DEFAULT;
	p->server_pfc = p->server_acfc = false;
	while (cp_option_next(&options, &o) > 0) {
		switch (o.type) {
		case LCP_OPTION_MRU:
			if (o.value.len == 2 && bytes_get_u16(o.value.bytes) >= LCP_MRU_MIN)
				p->server_mru = bytes_get_u16(o.value.bytes);
			else
				fsm_nak_u16(reply, &o, LCP_MRU_DEFAULT);
			break;
		case LCP_OPTION_AUTH:
			has_auth =
				span_equal(o.value, span_of(AUTH_MSCHAPV2, sizeof(AUTH_MSCHAPV2)));
			if (!has_auth && reply->may_nak)
				cp_option_put(&reply->nak, LCP_OPTION_AUTH,
					span_of(AUTH_MSCHAPV2, sizeof(AUTH_MSCHAPV2)));
			else if (!has_auth)
				fsm_reject(reply, &o);
			break;
		case LCP_OPTION_PFC:
			p->server_pfc = true;
			break;
		case LCP_OPTION_ACFC:
			p->server_acfc = true;
			break;
		case LCP_OPTION_MAGIC:
		case LCP_OPTION_ACCM:
			break;
		default:
			fsm_reject(reply, &o);
			break;
		}
	}
	// Without MS-CHAP there are no keys.
	if (!has_auth && reply->nak.len == 0 && reply->reject.len == 0)
		fail(p, FLEET_LCP_FAILED);
}

static void lcp_take_nak(struct fsm *f, struct span options)
{
	struct peer *p = PEER_OF(f, lcp);
	struct cp_option o;

	while (cp_option_next(&options, &o) > 0) {
		if (o.type == LCP_OPTION_MAGIC)
			p->magic = (uint32_t)next_random(p) | 1;
		else
			fail(p, FLEET_LCP_FAILED); // adit takes what a client asks for here
	}
}

static void lcp_take_reject(struct fsm *f, struct span options)
{
	struct peer *p = PEER_OF(f, lcp);
	struct cp_option o;

	while (cp_option_next(&options, &o) > 0) {
		p->asks_mru &= o.type != LCP_OPTION_MRU;
		p->asks_pfc &= o.type != LCP_OPTION_PFC;
		p->asks_acfc &= o.type != LCP_OPTION_ACFC;
		if (o.type == LCP_OPTION_MAGIC)
			p->magic = 0;
	}
}

static enum fsm_event lcp_classify(struct fsm *f, const struct cp_packet *packet)
{
	struct peer *p = PEER_OF(f, lcp);

	switch (packet->code) {
	case CP_PROTOCOL_REJECT:
		if (packet->data.len >= 2)
			p->rejected = bytes_get_u16(packet->data.bytes);
		return FSM_RXJ_PLUS;
	case CP_ECHO_REQUEST:
	case CP_ECHO_REPLY:
	case CP_DISCARD_REQUEST:
	case CP_IDENTIFICATION:
	case CP_TIME_REMAINING:
		return FSM_RXR;
	default:
		return FSM_RUC;
	}
}

static void send_echo(struct peer *p, uint8_t code, uint8_t id, struct span rest, struct step *out)
{
	uint8_t data[256];
	struct writer w = writer_of(data, sizeof(data));

	writer_u32(&w, p->magic);
	if (rest.len <= sizeof(data) - 4)
		writer_bytes(&w, rest.bytes, rest.len);
	send(p, PPP_LCP, code, id, span_of(data, w.len), out);
}

static void lcp_answer(
	struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	struct peer *p = PEER_OF(f, lcp);

	if (packet->code == CP_ECHO_REPLY)
		p->n_echoes_lost = 0;
	if (packet->code == CP_ECHO_REQUEST && packet->data.len >= 4)
		send_echo(p, CP_ECHO_REPLY, packet->id,
			span_of(packet->data.bytes + 4, packet->data.len - 4), out);
}

static void lcp_up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct peer *p = PEER_OF(f, lcp);

	step_add(out, STEP_LINK_AGREED);
	p->phase = PEER_AUTHENTICATE;
	p->n_echoes_lost = 0;
	p->echo_due_ns =
		p->shared->echo_interval_ns ? now_ns + p->shared->echo_interval_ns : FSM_NEVER;
}

static void lcp_down(struct fsm *f, struct step *out)
{
	struct peer *p = PEER_OF(f, lcp);

	p->has_answered = false;
	p->echo_due_ns = FSM_NEVER;
	fsm_down(&p->ccp, 0, out);
	fsm_down(&p->ipcp, 0, out);
	if (p->phase < PEER_CLOSING)
		p->phase = PEER_ESTABLISH;
}

static const struct fsm_ops lcp_ops = {
	.protocol = PPP_LCP,
	.unanswered = END_NO_LCP,
	.refused = END_LCP_FAILED,
	.build = lcp_build,
	.judge = lcp_judge,
	.take_nak = lcp_take_nak,
	.take_reject = lcp_take_reject,
	.classify = lcp_classify,
	.answer = lcp_answer,
	.up = lcp_up,
	.down = lcp_down,
};

// ---- CCP

static uint32_t wanted_bits(const struct peer *p)
{
	uint32_t bits = p->shared->is_stateful ? 0 : MPPE_OPTION_STATELESS;

	switch (p->shared->strength) {
	case MPPE_STRENGTH_40:
		return bits | MPPE_OPTION_40;
	case MPPE_STRENGTH_56:
		return bits | MPPE_OPTION_56;
	case MPPE_STRENGTH_128:
		return bits | MPPE_OPTION_128;
	case MPPE_STRENGTH_NONE:
		break;
	}
	return 0;
}

static void ccp_build(const struct fsm *f, struct writer *w)
{
	cp_option_put_u32(w, MPPE_OPTION_TYPE, wanted_bits(PEER_OF(f, ccp)));
}

static void ccp_judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct peer *p = PEER_OF(f, ccp);
	uint32_t wanted = wanted_bits(p);
	struct cp_option o;
	bool has_mppe = false;

	while (cp_option_next(&options, &o) > 0) {
		if (o.type != MPPE_OPTION_TYPE || o.value.len != 4) {
			fsm_reject(reply, &o);
			continue;
		}
		has_mppe = true;
		if (bytes_get_u32(o.value.bytes) != wanted)
			fsm_nak_u32(reply, &o, wanted);
	}
	if (!has_mppe && reply->may_nak)
		cp_option_put_u32(&reply->nak, MPPE_OPTION_TYPE, wanted);
	else if (!has_mppe)
		fail(p, FLEET_CCP_FAILED);
}

// What was asked for is what the run is to measure: nothing else will do.
static void ccp_take_refusal(struct fsm *f, struct span options)
{
	fail(PEER_OF(f, ccp), FLEET_CCP_FAILED);
}

static enum fsm_event ccp_classify(struct fsm *f, const struct cp_packet *packet)
{
	return packet->code == CP_RESET_REQUEST || packet->code == CP_RESET_ACK ? FSM_RXR : FSM_RUC;
}

static void ccp_answer(
	struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	if (packet->code != CP_RESET_REQUEST)
		return;
	step_add(out, STEP_FLUSH);
	send(PEER_OF(f, ccp), PPP_CCP, CP_RESET_ACK, packet->id, (struct span){0}, out);
}

static void ccp_up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct peer *p = PEER_OF(f, ccp);

	step_add(out, STEP_KEYS);
	if (p->phase == PEER_ENCRYPT) {
		p->phase = PEER_NETWORK;
		start(&p->ipcp, now_ns, out);
	}
}

static const struct fsm_ops ccp_ops = {
	.protocol = PPP_CCP,
	.unanswered = END_LINK_SILENT,
	.refused = END_NEGOTIATION_LOOP,
	.build = ccp_build,
	.judge = ccp_judge,
	.take_nak = ccp_take_refusal,
	.take_reject = ccp_take_refusal,
	.classify = ccp_classify,
	.answer = ccp_answer,
	.up = ccp_up,
};

// ---- IPCP

static void ipcp_build(const struct fsm *f, struct writer *w)
{
	const struct peer *p = PEER_OF(f, ipcp);

	cp_option_put(w, IPCP_OPTION_ADDRESS, span_of(&p->address_be, sizeof(p->address_be)));
}

static void ipcp_judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct cp_option o;

	while (cp_option_next(&options, &o) > 0)
		if (o.type != IPCP_OPTION_ADDRESS || o.value.len != 4)
			fsm_reject(reply, &o);
}

static void ipcp_take_nak(struct fsm *f, struct span options)
{
	struct peer *p = PEER_OF(f, ipcp);
	struct cp_option o;

	while (cp_option_next(&options, &o) > 0)
		if (o.type == IPCP_OPTION_ADDRESS && o.value.len == 4)
			memcpy(&p->address_be, o.value.bytes, 4);
	if (!p->address_be)
		fail(p, FLEET_IPCP_FAILED);
}

static void ipcp_take_reject(struct fsm *f, struct span options)
{
	fail(PEER_OF(f, ipcp), FLEET_IPCP_FAILED);
}

static void ipcp_up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct peer *p = PEER_OF(f, ipcp);

	p->phase = PEER_UP;
	p->was_up = true;
	step_add(out, STEP_UP);
}

static void ipcp_down(struct fsm *f, struct step *out)
{
	struct peer *p = PEER_OF(f, ipcp);

	if (p->phase == PEER_UP)
		p->phase = PEER_NETWORK;
	step_add(out, STEP_DOWN);
}

static const struct fsm_ops ipcp_ops = {
	.protocol = PPP_IPCP,
	.unanswered = END_LINK_SILENT,
	.refused = END_NEGOTIATION_LOOP,
	.build = ipcp_build,
	.judge = ipcp_judge,
	.take_nak = ipcp_take_nak,
	.take_reject = ipcp_take_reject,
	.up = ipcp_up,
	.down = ipcp_down,
};

// ---- CHAP

static void answer_challenge(struct peer *p, const struct chap_packet *packet, struct step *out)
{
	struct chap_mschapv2_response response = {0};
	uint8_t value[CHAP_MSCHAPV2_VALUE_BYTES];

	if (packet->value.len != CHAP_MSCHAPV2_CHALLENGE_BYTES)
		return;
	// The same Challenge once more gets the same Response: the first may have been lost, or taken.
	if (!p->has_answered || memcmp(p->server_challenge, packet->value.bytes, 16) != 0) {
		memcpy(p->server_challenge, packet->value.bytes, 16);
		bytes_put_u32(p->peer_challenge, (uint32_t)next_random(p));
		bytes_put_u32(p->peer_challenge + 4, (uint32_t)next_random(p));
		bytes_put_u32(p->peer_challenge + 8, (uint32_t)next_random(p));
		bytes_put_u32(p->peer_challenge + 12, (uint32_t)next_random(p));
		mschap_nt_response(p->server_challenge, p->peer_challenge, span_of_text(p->user),
			p->shared->nt_hash, p->nt_response);
		p->has_answered = true;
	}
	memcpy(response.peer_challenge, p->peer_challenge, sizeof(p->peer_challenge));
	memcpy(response.nt_response, p->nt_response, sizeof(p->nt_response));
	chap_mschapv2_response_put(value, &response);
	struct writer w = step_frame_begin(out);
	chap_put_value(&w, CHAP_RESPONSE, packet->id, span_of(value, sizeof(value)),
		span_of_text(p->user));
	step_frame_finish(out, PPP_CHAP, &w);
}

static void take_success(
	struct peer *p, const struct chap_packet *packet, uint64_t now_ns, struct step *out)
{
	char expected[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];

	if (!p->has_answered || p->phase != PEER_AUTHENTICATE)
		return;
	mschap_authenticator_response(p->shared->nt_hash, p->nt_response, p->peer_challenge,
		p->server_challenge, span_of_text(p->user), expected);
	if (packet->text.len < sizeof(expected) ||
		memcmp(packet->text.bytes, expected, sizeof(expected)) != 0) {
		fail(p, FLEET_AUTH_FALSE);
		return;
	}
	if (p->shared->strength == MPPE_STRENGTH_NONE) {
		p->phase = PEER_NETWORK;
		start(&p->ipcp, now_ns, out);
		return;
	}
	p->phase = PEER_ENCRYPT;
	start(&p->ccp, now_ns, out);
}

// "E=691 R=0" of "E=691 R=0 C=<challenge> V=3 M=<text>": what equal failures have in common.
static struct span failure_kind(struct span text)
{
	const uint8_t *challenge = memmem(text.bytes, text.len, " C=", 3);

	return challenge ? span_of(text.bytes, (size_t)(challenge - text.bytes)) : text;
}

static void receive_chap(
	struct peer *p, struct span info, uint64_t now_ns, struct step *out, struct span *text)
{
	struct chap_packet packet;

	if (chap_packet_get(info, &packet) != 0)
		return;
	if (packet.code == CHAP_CHALLENGE && p->phase >= PEER_AUTHENTICATE) {
		answer_challenge(p, &packet, out);
	} else if (packet.code == CHAP_SUCCESS) {
		take_success(p, &packet, now_ns, out);
	} else if (packet.code == CHAP_FAILURE && p->phase == PEER_AUTHENTICATE) {
		*text = failure_kind(packet.text);
		fail(p, FLEET_AUTH_FAILED);
	}
}

void peer_get_keys(const struct peer *p, struct mppe_start_keys *out)
{
	mppe_key_start_mschapv2(p->shared->nt_hash_hash, p->nt_response, false, out);
}

struct mppe_mode peer_mode(const struct peer *p)
{
	return (struct mppe_mode){p->shared->strength, !p->shared->is_stateful};
}

// ---- the whole

void peer_init(struct peer *p, const struct peer_shared *shared, const char *user, uint64_t random)
{
	*p = (struct peer){
		.shared = shared,
		.user = user,
		.random = random,
		.echo_due_ns = FSM_NEVER,
		.server_mru = LCP_MRU_DEFAULT,
		.asks_mru = true,
		.asks_pfc = true,
		.asks_acfc = true,
	};
	p->magic = (uint32_t)next_random(p) | 1;
	fsm_init(&p->lcp, &lcp_ops, &shared->limits);
	fsm_init(&p->ccp, &ccp_ops, &shared->limits);
	fsm_init(&p->ipcp, &ipcp_ops, &shared->limits);
}

static void end(struct peer *p, struct step *out)
{
	p->phase = PEER_ENDED;
	step_add(out, STEP_ENDED);
}

static enum fleet_reason reason_of(const struct peer *p)
{
	if (p->reason)
		return (enum fleet_reason)p->reason;
	if (p->lcp.end != END_NONE)
		return p->lcp.end == END_NO_LCP ? FLEET_LCP_TIMEOUT : FLEET_LCP_FAILED;
	if (p->ccp.end != END_NONE)
		return p->ccp.end == END_LINK_SILENT ? FLEET_CCP_TIMEOUT : FLEET_CCP_FAILED;
	if (p->ipcp.end != END_NONE)
		return p->ipcp.end == END_LINK_SILENT ? FLEET_IPCP_TIMEOUT : FLEET_IPCP_FAILED;
	return FLEET_NONE;
}

// What an event led to: the end, perhaps.
static void settle(struct peer *p, uint64_t now_ns, struct step *out)
{
	if (p->phase == PEER_ENDED)
		return;
	if (p->phase == PEER_CLOSING) {
		if (p->lcp.state <= FSM_STOPPED) {
			if (!p->is_acknowledged)
				fail(p, FLEET_TERMINATE_TIMEOUT);
			end(p, out);
		}
		return;
	}
	enum fleet_reason reason = p->lcp.peer_terminated ? FLEET_LCP_TERMINATED : reason_of(p);
	if (reason == FLEET_NONE)
		return;
	fail(p, reason);
	p->phase = PEER_CLOSING; // a word to the server, without waiting for what it says
	fsm_close(&p->lcp, now_ns, out);
	end(p, out);
}

void peer_start(struct peer *p, uint64_t now_ns, struct step *out)
{
	start(&p->lcp, now_ns, out);
}

static void receive_lcp(
	struct peer *p, struct span info, uint64_t now_ns, struct step *out, struct span *text)
{
	bool had_ended = p->lcp.peer_terminated;
	struct cp_packet packet;

	p->rejected = 0;
	fsm_receive(&p->lcp, info, now_ns, out);
	p->is_acknowledged |= p->phase == PEER_CLOSING && p->lcp.state <= FSM_STOPPED;
	if (!had_ended && p->lcp.peer_terminated && cp_packet_get(info, &packet) == 0)
		*text = packet.data;
	if (p->rejected == PPP_CCP)
		fsm_protocol_rejected(&p->ccp, now_ns, out);
	if (p->rejected == PPP_IPCP)
		fsm_protocol_rejected(&p->ipcp, now_ns, out);
}

static void reject_protocol(struct peer *p, uint16_t protocol, struct span info, struct step *out)
{
	uint8_t data[128];
	struct writer w = writer_of(data, sizeof(data));

	if (!fsm_is_open(&p->lcp))
		return;
	writer_u16(&w, protocol);
	writer_bytes(&w, info.bytes, info.len < 64 ? info.len : 64);
	send(p, PPP_LCP, CP_PROTOCOL_REJECT, fsm_next_id(&p->lcp), span_of(data, w.len), out);
}

void peer_receive(struct peer *p, uint16_t protocol, struct span info, uint64_t now_ns,
	struct step *out, struct span *text)
{
	*text = (struct span){0};
	if (p->phase == PEER_ENDED)
		return;
	if (protocol == PPP_LCP)
		receive_lcp(p, info, now_ns, out, text);
	else if (protocol == PPP_CHAP)
		receive_chap(p, info, now_ns, out, text);
	else if (protocol == PPP_CCP && p->shared->strength != MPPE_STRENGTH_NONE)
		fsm_receive(&p->ccp, info, now_ns, out);
	else if (protocol == PPP_IPCP)
		fsm_receive(&p->ipcp, info, now_ns, out);
	else
		reject_protocol(p, protocol, info, out);
	settle(p, now_ns, out);
}

static uint64_t min_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t peer_deadline(const struct peer *p)
{
	if (p->phase == PEER_ENDED)
		return FSM_NEVER;
	return min_of(min_of(p->lcp.due_ns, p->ccp.due_ns), min_of(p->ipcp.due_ns, p->echo_due_ns));
}

static void expire_echo(struct peer *p, uint64_t now_ns, struct step *out)
{
	if (now_ns < p->echo_due_ns)
		return;
	if (p->n_echoes_lost++ >= PEER_ECHOES_LOST_MAX)
		fail(p, FLEET_LCP_ECHO);
	p->echo_due_ns = now_ns + p->shared->echo_interval_ns;
	send_echo(p, CP_ECHO_REQUEST, fsm_next_id(&p->lcp), (struct span){0}, out);
}

void peer_expire(struct peer *p, uint64_t now_ns, struct step *out)
{
	if (p->phase == PEER_ENDED)
		return;
	fsm_expire(&p->lcp, now_ns, out);
	fsm_expire(&p->ccp, now_ns, out);
	fsm_expire(&p->ipcp, now_ns, out);
	expire_echo(p, now_ns, out);
	settle(p, now_ns, out);
}

void peer_close(struct peer *p, uint64_t now_ns, struct step *out)
{
	if (p->phase >= PEER_CLOSING)
		return;
	p->phase = PEER_CLOSING;
	fsm_close(&p->lcp, now_ns, out);
	settle(p, now_ns, out);
}

void peer_desync(struct peer *p, struct step *out)
{
	if (fsm_is_open(&p->ccp))
		send(p, PPP_CCP, CP_RESET_REQUEST, fsm_next_id(&p->ccp), (struct span){0}, out);
}
