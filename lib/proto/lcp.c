// SPDX-License-Identifier: BSD-3-Clause
#include "proto/lcp.h"

#include "wire/chap.h"
#include "wire/ppp.h"

#include <assert.h>
#include <stdio.h>

// Between two once the burst is used up.
static const uint64_t PROTOCOL_REJECT_NS = 250000000;
static const uint64_t ECHO_REPLY_NS = 100000000;

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
		l->config.random += 0x9e3779b97f4a7c15ULL; // SplitMix64
		uint64_t z = l->config.random;

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

// ---- authentication methods

// Their values of the option.
static const struct {
	uint8_t len;
	uint8_t bytes[3];
} auth_values[] = {
	[AUTH_METHOD_MSCHAPV2] = {3, {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MSCHAPV2}},
	[AUTH_METHOD_MSCHAPV1] = {3, {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MSCHAPV1}},
	[AUTH_METHOD_CHAP_MD5] = {3, {PPP_CHAP >> 8, PPP_CHAP & 0xff, CHAP_MD5}},
	[AUTH_METHOD_PAP] = {2, {PPP_PAP >> 8, PPP_PAP & 0xff}},
};

static struct span auth_value(enum auth_method method)
{
	return span_of(auth_values[method].bytes, auth_values[method].len);
}

// Place in the list of the method with this value, n_methods when it is not allowed (EAP is never).
static uint8_t find_method(const struct lcp *l, struct span value)
{
	uint8_t i = 0;

	while (i < l->config.n_methods && !span_equal(auth_value(l->config.methods[i]), value))
		i++;
	return i;
}

// The peer does not want our method. pppd suggests what it has (PAP, CHAP-MD5, EAP) and, when we
// stay, repeats that up to ten times before it rejects.
static void change_method(struct lcp *l, uint8_t suggested)
{
	uint8_t n = l->config.n_methods, at = find_method(l, auth_value(l->ours.auth));

	if (++l->n_auth_naks >= LCP_AUTH_NAKS_MAX + n - 1)
		fsm_fail(&l->fsm, END_AUTH_NO_COMMON);
	else
		l->ours.auth = l->config.methods[suggested < n && suggested != at ? suggested
										  : (at + 1) % n];
}

// ---- negotiation

static void build(const struct fsm *f, struct writer *w)
{
	const struct lcp_options *o = &((const struct lcp *)f)->ours;

	if (o->has_mru)
		cp_option_put_u16(w, LCP_OPTION_MRU, o->mru);
	if (o->auth != AUTH_METHOD_NONE)
		cp_option_put(w, LCP_OPTION_AUTH, auth_value(o->auth));
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
	case LCP_OPTION_FCS: // GRE has none
	case LCP_OPTION_PADDING:
	case LCP_OPTION_CALLBACK: // Windows asks for it in every first request, and goes on without
	case LCP_OPTION_COMPOUND:
	case LCP_OPTION_MRRU: // no multilink
	case LCP_OPTION_SSNHF:
	case LCP_OPTION_ENDPOINT: // of multilink too; Windows and macOS name themselves
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
	uint8_t suggested = l->config.n_methods;
	bool has_auth = false;

	while (cp_option_next(&options, &option) > 0) {
		struct span v = option.value;
		uint8_t method;

		switch (option.type) {
		case LCP_OPTION_MRU: // smaller is fine; larger is not ours to promise
			if (v.len == 2 && bytes_get_u16(v.bytes) >= LCP_MRU_MIN &&
				bytes_get_u16(v.bytes) < l->ours.mru)
				l->ours.mru = bytes_get_u16(v.bytes);
			break;
		case LCP_OPTION_AUTH:
			has_auth = true;
			method = find_method(l, v);
			suggested = method < suggested ? method : suggested;
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
	if (has_auth)
		change_method(l, suggested);
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

static void keep_text(struct span from, char to[LCP_TEXT_BYTES])
{
	size_t n = from.len < LCP_TEXT_BYTES - 1 ? from.len : LCP_TEXT_BYTES - 1;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = from.bytes[i];

		to[i] = (char)(c >= ' ' && c <= '~' ? c : '.');
	}
	to[n] = '\0';
}

// Windows sends two at the start: "MSRASV5.20" and "MSRAS-0-" with its host name.
static void keep_identification(struct lcp *l, struct span data)
{
	if (data.len >= 4)
		keep_text(span_of(data.bytes + 4, data.len - 4), l->identification);
}

// pppd says it in words. Windows sends its magic number, 00 3C CD 74 and the number of the error that
// its user sees, 0 when he hung up.
static void keep_terminate_text(struct lcp *l, struct span info)
{
	static const uint8_t windows[] = {0x00, 0x3c, 0xcd, 0x74};
	struct cp_packet packet;

	if (cp_packet_get(info, &packet) != 0 || packet.code != CP_TERMINATE_REQUEST)
		return;
	if (packet.data.len == 12 && memcmp(packet.data.bytes + 4, windows, sizeof(windows)) == 0) {
		uint32_t error = bytes_get_u32(packet.data.bytes + 8);

		if (error)
			snprintf(l->terminate_text, LCP_TEXT_BYTES, "Windows error %u", error);
	} else {
		keep_text(packet.data, l->terminate_text);
	}
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

	if (data.len < 4)
		return;
	// With our own magic number it is our own packet that came back: no sign of life of the
	// peer, and a request says that the link was looped back since it opened (RFC 1661 5.8).
	if (is_our_magic(l, bytes_get_u32(data.bytes))) {
		if (packet->code == CP_ECHO_REQUEST && ++l->n_loopbacks >= LCP_LOOPBACKS_MAX)
			fsm_fail(f, END_LCP_LOOPBACK);
		return;
	}
	if (packet->code == CP_ECHO_REPLY)
		l->n_echoes_lost = l->n_loopbacks = 0;
	else if (packet->code == CP_ECHO_REQUEST &&
		 pace_take(&l->echo_replies, LCP_ECHO_REPLIES_BURST, ECHO_REPLY_NS, now_ns))
		send_echo(l, CP_ECHO_REPLY, packet->id, span_of(data.bytes + 4, data.len - 4), out);
}

static void up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct lcp *l = lcp_of(f);

	l->n_echoes_lost = l->n_loopbacks = 0;
	l->n_auth_naks = 0;
	if (l->config.echo_interval_ns > 0)
		l->echo_due_ns = now_ns + l->config.echo_interval_ns;
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

void lcp_init(struct lcp *l, const struct fsm_limits *limits, const struct lcp_config *config)
{
	uint64_t echo_ns = config->echo_interval_ns;

	*l = (struct lcp){
		.ours = {.mru = config->mru, .has_mru = true, .has_pfc = true, .has_acfc = true},
		.peer = {.mru = LCP_MRU_DEFAULT, .accm = UINT32_MAX},
		.config = *config,
		.echo_due_ns = FSM_NEVER,
	};
	if (echo_ns > 0 && echo_ns < STEP_TIMER_MIN_NS)
		l->config.echo_interval_ns = STEP_TIMER_MIN_NS;
	fsm_init(&l->fsm, &lcp_ops, limits);
	l->ours.magic = next_magic(l, 0);
	if (config->n_methods > 0)
		l->ours.auth = config->methods[0];
}

void lcp_start(struct lcp *l, uint64_t now_ns, struct step *out)
{
	if (l->config.n_methods == 0) { // never a link without authentication
		fsm_fail(&l->fsm, END_AUTH_NO_COMMON);
		return;
	}
	fsm_open(&l->fsm, now_ns, out);
	fsm_up(&l->fsm, now_ns, out);
}

void lcp_receive(struct lcp *l, struct span info, uint64_t now_ns, struct step *out)
{
	l->protocol_rejected = 0;
	keep_terminate_text(l, info);
	fsm_receive(&l->fsm, info, now_ns, out);
}

void lcp_close(struct lcp *l, enum end_reason reason, uint64_t now_ns, struct step *out)
{
	fsm_fail(&l->fsm, reason);
	fsm_close(&l->fsm, now_ns, out);
}

void lcp_reject_protocol(
	struct lcp *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out)
{
	size_t room = (size_t)l->fsm.peer_mtu - CP_HEADER_BYTES - 2;
	size_t len = info.len < room ? info.len : room;

	if (!fsm_is_open(&l->fsm) || !pace_take(&l->protocol_rejects, LCP_PROTOCOL_REJECTS_BURST,
					     PROTOCOL_REJECT_NS, now_ns))
		return;
	struct writer w = step_frame_begin(out);

	writer_u8(&w, CP_PROTOCOL_REJECT);
	writer_u8(&w, fsm_next_id(&l->fsm));
	writer_u16(&w, (uint16_t)(CP_HEADER_BYTES + 2 + len));
	writer_u16(&w, protocol);
	writer_bytes(&w, info.bytes, len);
	step_frame_finish(out, PPP_LCP, &w);
}

void lcp_probe(struct lcp *l, struct step *out)
{
	if (fsm_is_open(&l->fsm))
		send_echo(l, CP_ECHO_REQUEST, fsm_next_id(&l->fsm), (struct span){0}, out);
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
	if (l->n_echoes_lost > 0 && l->n_echoes_lost >= l->config.echo_failures) {
		fsm_fail(&l->fsm, END_LCP_ECHO_TIMEOUT);
		l->echo_due_ns = FSM_NEVER;
		return;
	}
	send_echo(l, CP_ECHO_REQUEST, fsm_next_id(&l->fsm), (struct span){0}, out);
	l->n_echoes_lost++;
	l->echo_due_ns = now_ns + l->config.echo_interval_ns;
}

void lcp_expire(struct lcp *l, uint64_t now_ns, struct step *out)
{
	fsm_expire(&l->fsm, now_ns, out);
	expire_echo(l, now_ns, out);
}
