// SPDX-License-Identifier: BSD-3-Clause
#include "proto/ccp.h"

#include "wire/ppp.h"

#include <assert.h>

static_assert(offsetof(struct ccp, fsm) == 0, "the automaton finds CCP by its own address");

static struct ccp *ccp_of(struct fsm *f)
{
	return (struct ccp *)f;
}

// The strongest of these strengths, 0 when there is none (RFC 3078 2.1).
static uint32_t strongest(uint32_t bits)
{
	if (bits & MPPE_OPTION_128)
		return MPPE_OPTION_128;
	if (bits & MPPE_OPTION_56)
		return MPPE_OPTION_56;
	return bits & MPPE_OPTION_40;
}

// The strengths below this one.
static uint32_t weaker_than(uint32_t strength)
{
	if (strength & MPPE_OPTION_128)
		return MPPE_OPTION_56 | MPPE_OPTION_40;
	return strength & MPPE_OPTION_56 ? MPPE_OPTION_40 : 0;
}

static uint32_t stateless(uint32_t strength)
{
	return strength ? strength | MPPE_OPTION_STATELESS : 0;
}

static void build(const struct fsm *f, struct writer *w)
{
	const struct ccp *c = (const struct ccp *)f;

	if (c->ours)
		cp_option_put_u32(w, MPPE_OPTION_TYPE, c->ours);
}

// The one set that we would acknowledge to a peer that asks for these bits.
static uint32_t acceptable(const struct ccp *c, uint32_t asked)
{
	uint32_t common = asked & c->allowed;

	if (common & c->ours) // what we ask for too: both directions get the same
		return stateless(common & c->ours);
	return stateless(strongest(common ? common : c->allowed));
}

// No Ack can come of this request. Suggest what we would take, a few times, then give up.
static void refuse(
	struct ccp *c, const struct cp_option *option, uint32_t wanted, struct fsm_reply *reply)
{
	bool is_last = ++c->n_refused > CCP_NAKS_MAX || !reply->may_nak;

	if (is_last && c->is_required)
		fsm_fail(&c->fsm,
			c->peer_offered ? END_ENCRYPTION_MISMATCH : END_ENCRYPTION_REFUSED);
	if (option && (is_last || !wanted))
		fsm_reject(reply, option);
	else
		cp_option_put_u32(&reply->nak, MPPE_OPTION_TYPE, wanted);
}

static void judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct ccp *c = ccp_of(f);
	struct cp_option option, mppe = {0};

	// pppd adds Deflate (26) and BSD-Compress (21) unless it is told not to.
	while (cp_option_next(&options, &option) > 0) {
		if (option.type == MPPE_OPTION_TYPE)
			mppe = option;
		else
			fsm_reject(reply, &option);
	}
	uint32_t bits = mppe.value.len == 4 ? bytes_get_u32(mppe.value.bytes) : 0;

	if (bits & CCP_STRENGTH_BITS)
		c->peer_offered = true;
	if (reply->reject.len > 0)
		return; // it asks again without them
	if (!mppe.type && !c->is_required) {
		c->peer = 0;
		return;
	}
	// With stateful mode, MPPC, the obsolete bit or two strengths it is not what we take:
	// Windows asks for all that it has and repeats our suggestion.
	uint32_t wanted = acceptable(c, bits);

	if (wanted && bits == wanted)
		c->peer = bits;
	else
		refuse(c, mppe.type ? &mppe : NULL, wanted, reply);
}

// The client may encrypt as soon as it has seen our Ack, and does so within 0.1 ms: the receive
// key must be there first. Before every Ack, since a client that asks again starts again with its
// first key: it was open and our repeated request made it renegotiate, when its own Ack was lost.
static void before_ack(struct fsm *f, struct step *out)
{
	if (ccp_of(f)->peer)
		step_add(out, STEP_KEYS);
}

static void take_nak(struct fsm *f, struct span options)
{
	struct ccp *c = ccp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type != MPPE_OPTION_TYPE)
			continue; // a compression that we did not ask for
		uint32_t bits = option.value.len == 4 ? bytes_get_u32(option.value.bytes) : 0;
		uint32_t strength = strongest(bits & c->allowed);

		c->ours = bits & MPPE_OPTION_STATELESS ? stateless(strength) : 0;
		if (!c->ours && c->is_required)
			fsm_fail(f, END_ENCRYPTION_MISMATCH);
	}
}

// pppd rejects a strength that it does not have instead of suggesting another, so each is tried.
static void take_reject(struct fsm *f, struct span options)
{
	struct ccp *c = ccp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type != MPPE_OPTION_TYPE)
			continue;
		c->ours = stateless(strongest(c->allowed & weaker_than(c->ours)));
		if (!c->ours && c->is_required)
			fsm_fail(f,
				c->peer_offered ? END_ENCRYPTION_MISMATCH : END_ENCRYPTION_REFUSED);
	}
}

static enum fsm_event classify(struct fsm *f, const struct cp_packet *packet)
{
	return packet->code == CP_RESET_REQUEST || packet->code == CP_RESET_ACK ? FSM_RXR : FSM_RUC;
}

// In stateless mode a reset has nothing to reset. Linux waits for the Ack; Windows answers one
// with Code-Reject, after which it gets no more.
static void answer(struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	if (packet->code != CP_RESET_REQUEST || (f->codes_rejected & 1u << CP_RESET_ACK))
		return;
	struct writer w = step_frame_begin(out);

	cp_packet_put(&w, CP_RESET_ACK, packet->id, (struct span){0});
	step_frame_finish(out, PPP_CCP, &w);
}

static void up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	struct ccp *c = ccp_of(f);

	c->was_open = true;
	c->n_refused = 0;
	c->is_encrypting = c->peer && c->ours == c->peer;
	if (c->is_encrypting)
		step_add(out, STEP_ENCRYPT);
	else if (c->is_required)
		fsm_fail(f, END_ENCRYPTION_MISMATCH); // one strength each way
}

static void down(struct fsm *f, struct step *out)
{
	struct ccp *c = ccp_of(f);

	if (c->is_encrypting)
		step_add(out, STEP_STOP_ENCRYPT);
	c->is_encrypting = false;
}

static const struct fsm_ops ccp_ops = {
	.protocol = PPP_CCP,
	.unanswered = END_CCP_FAILED,
	.refused = END_ENCRYPTION_REFUSED,
	.build = build,
	.judge = judge,
	.take_nak = take_nak,
	.take_reject = take_reject,
	.classify = classify,
	.answer = answer,
	.before_ack = before_ack,
	.up = up,
	.down = down,
};

void ccp_init(struct ccp *c, const struct fsm_limits *limits, uint32_t allowed, bool is_required)
{
	*c = (struct ccp){.allowed = allowed & CCP_STRENGTH_BITS, .is_required = is_required};
	c->ours = stateless(strongest(c->allowed));
	fsm_init(&c->fsm, &ccp_ops, limits);
}

void ccp_start(struct ccp *c, uint64_t now_ns, struct step *out)
{
	if (c->is_required && !c->allowed)
		fsm_fail(&c->fsm, END_ENCRYPTION_MISMATCH);
	fsm_open(&c->fsm, now_ns, out);
	fsm_up(&c->fsm, now_ns, out);
}

// Opened with MPPE one way only, where none is required: no half measures.
static void close_if_half_open(struct ccp *c, uint64_t now_ns, struct step *out)
{
	if (!c->is_required && fsm_is_open(&c->fsm) && !c->is_encrypting && (c->ours || c->peer))
		fsm_close(&c->fsm, now_ns, out);
}

void ccp_receive(struct ccp *c, struct span info, uint64_t now_ns, struct step *out)
{
	fsm_receive(&c->fsm, info, now_ns, out);
	close_if_half_open(c, now_ns, out);
}

void ccp_expire(struct ccp *c, uint64_t now_ns, struct step *out)
{
	fsm_expire(&c->fsm, now_ns, out);
	if (!c->is_required && c->fsm.end == END_CCP_FAILED)
		c->fsm.end = END_NONE; // the client may still ask
}

enum end_reason ccp_failure(const struct ccp *c)
{
	enum end_reason end = c->fsm.end;

	if (!c->is_required)
		return end == END_NEGOTIATION_LOOP ? end : END_NONE;
	if (end == END_CCP_FAILED && !c->peer_offered) // never an Ack, never a word of MPPE
		return END_ENCRYPTION_REFUSED;
	if (end == END_NONE && c->fsm.peer_terminated)
		return c->was_open ? END_CCP_CLOSED : END_ENCRYPTION_REFUSED;
	return end;
}

enum mppe_strength ccp_strength(const struct ccp *c)
{
	if (c->peer & MPPE_OPTION_128)
		return MPPE_STRENGTH_128;
	if (c->peer & MPPE_OPTION_56)
		return MPPE_STRENGTH_56;
	return c->peer & MPPE_OPTION_40 ? MPPE_STRENGTH_40 : MPPE_STRENGTH_NONE;
}

bool ccp_is_stateless(const struct ccp *c)
{
	return (c->peer & MPPE_OPTION_STATELESS) != 0;
}
