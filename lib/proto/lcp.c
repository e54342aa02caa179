// SPDX-License-Identifier: BSD-3-Clause
#include "proto/lcp.h"

#include "wire/chap.h"
#include "wire/ppp.h"

#include <assert.h>

#define LCP_PROTOCOL_REJECT_NS 250000000ULL // between two once the burst is used up

static_assert(offsetof(struct lcp, fsm) == 0, "the automaton finds LCP by its own address");

static struct lcp *lcp_of(struct fsm *f)
{
	return (struct lcp *)f;
}

// A magic number that is not 0 and not `other` (RFC 1661 6.4). It must be unlikely to repeat, not
// secret.
static uint32_t next_magic(struct lcp *l, uint32_t other)
{
	uint32_t magic;

	do {
		l->random += 0x9e3779b97f4a7c15ULL; // SplitMix64
		uint64_t z = l->random;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		magic = (uint32_t)(z >> 32);
	} while (magic == 0 || magic == other);
	return magic;
}

static bool is_our_magic(const struct lcp *l, uint32_t magic)
{
	return l->ours.magic != 0 && magic == l->ours.magic;
}

// ---- negotiation

static void build(const struct fsm *f, struct writer *w)
{
	const struct lcp_options *o = &((const struct lcp *)f)->ours;
	static const uint8_t mschapv2[] = {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MSCHAPV2};

	if (o->has_mru)
		cp_option_put_u16(w, LCP_OPTION_MRU, o->mru);
	if (o->has_auth)
		cp_option_put(w, LCP_OPTION_AUTH, span_of(mschapv2, sizeof(mschapv2)));
	if (o->magic)
		cp_option_put_u32(w, LCP_OPTION_MAGIC, o->magic);
	if (o->has_pfc)
		cp_option_put(w, LCP_OPTION_PFC, (struct span){0});
	if (o->has_acfc)
		cp_option_put(w, LCP_OPTION_ACFC, (struct span){0});
}

static void judge_option(struct lcp *l, const struct cp_option *option, struct lcp_options *asked,
	struct fsm_reply *reply)
{
	struct span v = option->value;

	switch (option->type) {
	case LCP_OPTION_MRU:
		asked->mru = v.len == 2 ? bytes_get_u16(v.bytes) : 0;
		asked->has_mru = true;
		if (asked->mru < LCP_MRU_MIN)
			fsm_nak_u16(reply, option, LCP_MRU_DEFAULT);
		return;
	case LCP_OPTION_ACCM: // GRE has no escapes: any map will do
		if (v.len == 4)
			asked->accm = bytes_get_u32(v.bytes);
		else
			fsm_nak_u32(reply, option, 0);
		return;
	case LCP_OPTION_MAGIC:
		asked->magic = v.len == 4 ? bytes_get_u32(v.bytes) : 0;
		if (asked->magic == 0) // RFC 1661 6.4: zero is to be Nak'd
			fsm_nak_u32(reply, option, next_magic(l, l->ours.magic));
		return;
	case LCP_OPTION_PFC:
		asked->has_pfc = true;
		if (v.len != 0)
			fsm_nak_empty(reply, option);
		return;
	case LCP_OPTION_ACFC:
		asked->has_acfc = true;
		if (v.len != 0)
			fsm_nak_empty(reply, option);
		return;
	case LCP_OPTION_AUTH: // we do not authenticate ourselves but by MS-CHAPv2's own proof
	case LCP_OPTION_QUALITY:
	case LCP_OPTION_CALLBACK: // Windows asks for it in every first request, and goes on without
	case LCP_OPTION_MRRU:
	case LCP_OPTION_ENDPOINT:
	default:
		fsm_reject(reply, option);
		return;
	}
}

// Our own magic number in the peer's request: the link is looped back, or both drew the same.
// Only that is Nak'd; rejecting our own options too would hide the loop (RFC 1661 6.4).
static bool judge_loopback(struct lcp *l, struct span options, struct fsm_reply *reply)
{
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type != LCP_OPTION_MAGIC || option.value.len != 4)
			continue;
		if (!is_our_magic(l, bytes_get_u32(option.value.bytes)))
			continue;
		if (++l->n_loopbacks >= LCP_LOOPBACKS_MAX)
			fsm_fail(&l->fsm, END_LCP_LOOPBACK);
		cp_option_put_u32(&reply->nak, LCP_OPTION_MAGIC, next_magic(l, l->ours.magic));
		return true;
	}
	l->n_loopbacks = 0;
	return false;
}

static void judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct lcp *l = lcp_of(f);
	struct lcp_options asked = {.mru = LCP_MRU_DEFAULT, .accm = UINT32_MAX};
	struct cp_option option;

	if (judge_loopback(l, options, reply))
		return;
	while (cp_option_next(&options, &option) > 0)
		judge_option(l, &option, &asked, reply);
	if (reply->nak.len > 0 || reply->reject.len > 0)
		return;
	l->peer = asked;
	f->peer_mtu = asked.mru < FSM_INFO_BYTES_MAX ? asked.mru : FSM_INFO_BYTES_MAX;
}

static void take_nak(struct fsm *f, struct span options)
{
	struct lcp *l = lcp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		struct span v = option.value;

		switch (option.type) {
		case LCP_OPTION_MRU: // smaller is fine; larger is not ours to promise
			if (v.len == 2 && bytes_get_u16(v.bytes) >= LCP_MRU_MIN &&
				bytes_get_u16(v.bytes) < l->ours.mru)
				l->ours.mru = bytes_get_u16(v.bytes);
			break;
		case LCP_OPTION_AUTH:
			// pppd suggests what it has (PAP, CHAP-MD5, EAP) and, when we stay,
			// repeats that up to ten times before it rejects.
			if (++l->n_auth_naks >= LCP_AUTH_NAKS_MAX)
				fsm_fail(f, END_AUTH_NO_COMMON);
			break;
		case LCP_OPTION_MAGIC:
			l->ours.magic = next_magic(l, l->ours.magic);
			break;
		case LCP_OPTION_PFC:
			l->ours.has_pfc = false;
			break;
		case LCP_OPTION_ACFC:
			l->ours.has_acfc = false;
			break;
		default: // what the peer would like us to ask for: we do not
			break;
		}
	}
}

static void take_reject(struct fsm *f, struct span options)
{
	struct lcp *l = lcp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		switch (option.type) {
		case LCP_OPTION_MRU:
			l->ours.has_mru = false;
			break;
		case LCP_OPTION_AUTH:
			fsm_fail(f, END_AUTH_NO_COMMON);
			break;
		case LCP_OPTION_MAGIC:
			l->ours.magic = 0;
			break;
		case LCP_OPTION_PFC:
			l->ours.has_pfc = false;
			break;
		case LCP_OPTION_ACFC:
			l->ours.has_acfc = false;
			break;
		default:
			break;
		}
	}
}

// ---- codes of LCP alone

// Windows sends two at the start: "MSRASV5.20" and "MSRAS-0-" with its host name.
static void keep_identification(struct lcp *l, struct span data)
{
	size_t n = 0;

	if (data.len < 4)
		return;
	for (size_t i = 4; i < data.len && n < sizeof(l->identification) - 1; i++) {
		uint8_t c = data.bytes[i];

		l->identification[n++] = (char)(c >= ' ' && c <= '~' ? c : '.');
	}
	l->identification[n] = '\0';
}

static enum fsm_event classify(struct fsm *f, const struct cp_packet *packet)
{
	struct lcp *l = lcp_of(f);

	switch (packet->code) {
	case CP_PROTOCOL_REJECT:
		if (!fsm_is_open(f) ||
			packet->data.len < 2) // RFC 1661 5.7: only in the Opened state
			return FSM_RXR;
		l->protocol_rejected = bytes_get_u16(packet->data.bytes);
		if (l->protocol_rejected != PPP_LCP)
			return FSM_RXJ_PLUS;
		fsm_fail(f, f->ops->refused);
		return FSM_RXJ_MINUS;
	case CP_IDENTIFICATION: // in any state (RFC 1570 2.1)
		keep_identification(l, packet->data);
		return FSM_RXR;
	case CP_ECHO_REQUEST:
	case CP_ECHO_REPLY:
	case CP_DISCARD_REQUEST:
	case CP_TIME_REMAINING:
		return FSM_RXR;
	default:
		return FSM_RUC;
	}
}

// Echo-Request or Echo-Reply: our magic number, then the data that is to come back, cut at the
// MRU.
static void send_echo(struct lcp *l, uint8_t code, uint8_t id, struct span data, struct step *out)
{
	size_t room = (size_t)l->fsm.peer_mtu - CP_HEADER_BYTES - 4;
	size_t len = data.len < room ? data.len : room;
	struct writer w = step_frame_begin(out);

	writer_u8(&w, code);
	writer_u8(&w, id);
	writer_u16(&w, (uint16_t)(CP_HEADER_BYTES + 4 + len));
	writer_u32(&w, l->ours.magic);
	writer_bytes(&w, data.bytes, len);
	step_frame_finish(out, PPP_LCP, &w);
}

static void answer(struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	struct lcp *l = lcp_of(f);
	struct span data = packet->data;

	// With our own magic number it is our own packet that came back: no sign of life of the
	// peer.
	if (data.len < 4 || is_our_magic(l, bytes_get_u32(data.bytes)))
		return;
	if (packet->code == CP_ECHO_REQUEST)
		send_echo(l, CP_ECHO_REPLY, packet->id, span_of(data.bytes + 4, data.len - 4), out);
	else if (packet->code == CP_ECHO_REPLY)
		l->n_echoes_lost = 0;
}

static void up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct lcp *l = lcp_of(f);

	l->n_echoes_lost = 0;
	l->n_auth_naks = 0;
	if (l->echo_interval_ns > 0)
		l->echo_due_ns = now_ns + l->echo_interval_ns;
}

static void down(struct fsm *f, struct step *out)
{
	lcp_of(f)->echo_due_ns = FSM_NEVER;
}

static const struct fsm_ops lcp_ops = {
	.protocol = PPP_LCP,
	.unanswered = END_NO_LCP,
	.refused = END_LCP_FAILED,
	.build = build,
	.judge = judge,
	.take_nak = take_nak,
	.take_reject = take_reject,
	.classify = classify,
	.answer = answer,
	.up = up,
	.down = down,
};

// ---- what the link calls

void lcp_init(struct lcp *l, const struct fsm_limits *limits, uint16_t mru, uint64_t random,
	uint64_t echo_interval_ns, uint8_t echo_failures)
{
	*l = (struct lcp){
		.ours = {.mru = mru,
			.has_mru = true,
			.has_auth = true,
			.has_pfc = true,
			.has_acfc = true},
		.peer = {.mru = LCP_MRU_DEFAULT, .accm = UINT32_MAX},
		.random = random,
		.echo_interval_ns = echo_interval_ns,
		.echo_due_ns = FSM_NEVER,
		.echo_failures = echo_failures,
	};
	if (echo_interval_ns > 0 && echo_interval_ns < STEP_TIMER_MIN_NS)
		l->echo_interval_ns = STEP_TIMER_MIN_NS;
	fsm_init(&l->fsm, &lcp_ops, limits);
	l->ours.magic = next_magic(l, 0);
}

void lcp_start(struct lcp *l, uint64_t now_ns, struct step *out)
{
	fsm_open(&l->fsm, now_ns, out);
	fsm_up(&l->fsm, now_ns, out);
}

void lcp_receive(struct lcp *l, struct span info, uint64_t now_ns, struct step *out)
{
	l->protocol_rejected = 0;
	fsm_receive(&l->fsm, info, now_ns, out);
}

void lcp_close(struct lcp *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	fsm_fail(&l->fsm, reason);
	fsm_close(&l->fsm, now_ns, out);
}

// A bucket kept as the time at which it was empty: each reject moves it on, a burst may run
// ahead.
static bool may_reject_protocol(struct lcp *l, uint64_t now_ns)
{
	uint64_t full_ns = LCP_PROTOCOL_REJECTS_BURST * LCP_PROTOCOL_REJECT_NS;
	uint64_t due_ns = l->reject_due_ns > now_ns ? l->reject_due_ns : now_ns;

	if (due_ns + LCP_PROTOCOL_REJECT_NS > now_ns + full_ns)
		return false;
	l->reject_due_ns = due_ns + LCP_PROTOCOL_REJECT_NS;
	return true;
}

void lcp_reject_protocol(
	struct lcp *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out)
{
	size_t room = (size_t)l->fsm.peer_mtu - CP_HEADER_BYTES - 2;
	size_t len = info.len < room ? info.len : room;

	if (!fsm_is_open(&l->fsm) || !may_reject_protocol(l, now_ns))
		return;
	struct writer w = step_frame_begin(out);

	writer_u8(&w, CP_PROTOCOL_REJECT);
	writer_u8(&w, fsm_next_id(&l->fsm));
	writer_u16(&w, (uint16_t)(CP_HEADER_BYTES + 2 + len));
	writer_u16(&w, protocol);
	writer_bytes(&w, info.bytes, len);
	step_frame_finish(out, PPP_LCP, &w);
}

uint64_t lcp_deadline(const struct lcp *l)
{
	return l->echo_due_ns < l->fsm.due_ns ? l->echo_due_ns : l->fsm.due_ns;
}

static void expire_echo(struct lcp *l, uint64_t now_ns, struct step *out)
{
	if (now_ns < l->echo_due_ns)
		return;
	if (l->fsm.codes_rejected & 1u << CP_ECHO_REQUEST) { // a peer that has no echo, but lives
		l->echo_due_ns = FSM_NEVER;
		return;
	}
	if (l->n_echoes_lost > 0 && l->n_echoes_lost >= l->echo_failures) {
		fsm_fail(&l->fsm, END_LCP_ECHO_TIMEOUT);
		l->echo_due_ns = FSM_NEVER;
		return;
	}
	send_echo(l, CP_ECHO_REQUEST, fsm_next_id(&l->fsm), (struct span){0}, out);
	l->n_echoes_lost++;
	l->echo_due_ns = now_ns + l->echo_interval_ns;
}

void lcp_expire(struct lcp *l, uint64_t now_ns, struct step *out)
{
	fsm_expire(&l->fsm, now_ns, out);
	expire_echo(l, now_ns, out);
}
