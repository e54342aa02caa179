// SPDX-License-Identifier: BSD-3-Clause
#include "proto/ccp.h"

#include "wire/ppp.h"

#include <assert.h>

static const uint64_t FLUSH_NS = 50000000; // between two once the burst is used up
static const uint64_t RESET_REQUEST_NS = 100000000;

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

static uint32_t with_mode(uint32_t strength, bool is_stateless)
{
	return strength && is_stateless ? strength | MPPE_OPTION_STATELESS : strength;
}

// All that policy allows, as RFC 3078 2.1 wants it: the client picks one by Configure-Nak. pppd that
// requires MPPE and is asked for one strength that it does not have rejects that and hangs up.
static uint32_t first_choice(const struct ccp *c)
{
	return with_mode(c->policy.allowed, true);
}

static void build(const struct fsm *f, struct writer *w)
{
	const struct ccp *c = (const struct ccp *)f;

	if (c->ours)
		cp_option_put_u32(w, MPPE_OPTION_TYPE, c->ours);
}

// The one set that we would acknowledge to a peer that asks for these bits. The mode is its choice
// where policy has none; a request without any strength says nothing of the mode either.
static uint32_t acceptable(const struct ccp *c, uint32_t asked)
{
	uint32_t common = asked & c->policy.allowed;
	bool is_stateless = !c->policy.is_stateful_taken || asked & MPPE_OPTION_STATELESS ||
			    !(asked & CCP_STRENGTH_BITS);

	if (common & c->ours) // what we ask for too: both directions get the same
		common &= c->ours;
	return with_mode(strongest(common ? common : c->policy.allowed), is_stateless);
}

// No Ack can come of this request. Suggest what we would take, a few times, then give up.
static void refuse(
	struct ccp *c, const struct cp_option *option, uint32_t wanted, struct fsm_reply *reply)
{
	bool is_last = ++c->n_refused > CCP_NAKS_MAX || !reply->may_nak;

	if (is_last && c->policy.is_required)
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

	// From now on we ask too: both directions or none. Before all else, for our request leaves now
	// whatever the answer to this one is; and once, for what was refused is not asked for again.
	if (bits & CCP_STRENGTH_BITS && !c->peer_offered && !c->policy.asks) {
		c->ours = with_mode(acceptable(c, bits), true);
		f->must_ask_anew = true;
	}
	if (bits & CCP_STRENGTH_BITS)
		c->peer_offered = true;
	if (reply->reject.len > 0)
		return; // it asks again without them
	if (!mppe.type && !c->policy.is_required) {
		c->peer = 0;
		return;
	}
	// With MPPC, the obsolete bit or two strengths it is not what we take: Windows asks for all
	// that it has and repeats our suggestion. Who names no strength (MPPC alone: Windows that may
	// not encrypt) gets none suggested unless we would ask too: he may hang up (RFC 3078 2.1).
	bool may_suggest =
		c->policy.asks || c->policy.is_required || bits & CCP_STRENGTH_BITS || !bits;
	uint32_t wanted = may_suggest ? acceptable(c, bits) : 0;

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
	struct ccp *c = ccp_of(f);

	if (!c->peer || !c->ours)
		return;
	c->keyed = c->ours;
	step_add(out, STEP_KEYS);
}

// The client has our Ack, and will have ours open with its own: with this request, not the last one.
static void before_request(struct fsm *f, struct step *out)
{
	const struct ccp *c = ccp_of(f);

	if (f->state == FSM_ACK_SENT && c->keyed && c->keyed != c->ours)
		before_ack(f, out);
}

// What to ask for when this was rejected: one strength after the other from the top down, then, where
// the mode does not matter, the same without stateless. 0 when that was all.
static uint32_t next_choice(const struct ccp *c)
{
	uint32_t ours = c->ours & CCP_STRENGTH_BITS;
	bool is_several = ours & (ours - 1);
	bool is_stateless = c->ours & MPPE_OPTION_STATELESS;
	uint32_t strength = strongest(is_several ? ours : c->policy.allowed & weaker_than(c->ours));

	if (!strength && is_stateless && c->policy.is_stateful_taken)
		return strongest(c->policy.allowed);
	return with_mode(strength, is_stateless);
}

static void take_nak(struct fsm *f, struct span options)
{
	struct ccp *c = ccp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type != MPPE_OPTION_TYPE)
			continue; // a compression that we did not ask for
		uint32_t bits = option.value.len == 4 ? bytes_get_u32(option.value.bytes) : 0;
		uint32_t strengths = bits & c->policy.allowed;
		bool is_stateless = bits & MPPE_OPTION_STATELESS;

		if (with_mode(strengths, is_stateless) == c->ours) // it would go round for ever
			strengths = strongest(strengths);
		// What it suggests, or what comes next where that cannot be: Windows names all that it
		// would rather have, a router the one thing that it was set to. Several strengths are
		// asked for as they are named: pppd suggests another mode first, and says only then
		// which strength it has.
		if (strengths && (is_stateless || c->policy.is_stateful_taken))
			c->ours = with_mode(strengths, is_stateless);
		else
			c->ours = next_choice(c);
		if (!c->ours && c->policy.is_required)
			fsm_fail(f, END_ENCRYPTION_MISMATCH);
	}
}

// Some reject a strength or a mode that they do not have instead of suggesting another, pppd stateful
// without "mppe-stateful", so each is tried.
static void take_reject(struct fsm *f, struct span options)
{
	struct ccp *c = ccp_of(f);
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type != MPPE_OPTION_TYPE)
			continue;
		c->ours = next_choice(c);
		if (!c->ours && c->policy.is_required)
			fsm_fail(f,
				c->peer_offered ? END_ENCRYPTION_MISMATCH : END_ENCRYPTION_REFUSED);
	}
}

static enum fsm_event classify(struct fsm *f, const struct cp_packet *packet)
{
	return packet->code == CP_RESET_REQUEST || packet->code == CP_RESET_ACK ? FSM_RXR : FSM_RUC;
}

static void answer(struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out)
{
	struct ccp *c = ccp_of(f);

	if (packet->code != CP_RESET_REQUEST ||
		!pace_take(&c->flushes, CCP_FLUSHES_BURST, FLUSH_NS, now_ns))
		return;
	if (c->is_encrypting)
		step_add(out, STEP_FLUSH);
	if (f->codes_rejected & 1u << CP_RESET_ACK)
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
	c->is_encrypting = c->peer && c->ours;
	f->peer_terminated = false;
	if (!c->is_encrypting)
		return;
	c->policy.is_required = true;
	step_add(out, STEP_ENCRYPT);
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
	.before_request = before_request,
	.before_ack = before_ack,
	.up = up,
	.down = down,
};

void ccp_init(struct ccp *c, const struct fsm_limits *limits, const struct ccp_policy *policy)
{
	*c = (struct ccp){.policy = *policy};
	c->policy.allowed &= CCP_STRENGTH_BITS;
	c->policy.asks |= policy->is_required;
	if (c->policy.asks)
		c->ours = first_choice(c);
	fsm_init(&c->fsm, &ccp_ops, limits);
}

void ccp_start(struct ccp *c, uint64_t now_ns, struct step *out)
{
	if (!c->policy.asks) {
		fsm_listen(&c->fsm);
		return;
	}
	if (c->policy.is_required && !c->policy.allowed)
		fsm_fail(&c->fsm, END_ENCRYPTION_MISMATCH);
	fsm_open(&c->fsm, now_ns, out);
	fsm_up(&c->fsm, now_ns, out);
}

// Opened with MPPE one way only, where none is required: no half measures.
static void close_if_half_open(struct ccp *c, uint64_t now_ns, struct step *out)
{
	if (!c->policy.is_required && fsm_is_open(&c->fsm) && !c->is_encrypting &&
		(c->ours || c->peer))
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
	if (!c->policy.is_required && c->fsm.end == END_CCP_FAILED)
		c->fsm.end = END_NONE; // the client may still ask
}

enum end_reason ccp_failure(const struct ccp *c)
{
	enum end_reason end = c->fsm.end;

	if (!c->policy.is_required)
		return end == END_NEGOTIATION_LOOP ? end : END_NONE;
	if (end == END_CCP_FAILED && !c->peer_offered) // never an Ack, never a word of MPPE
		return END_ENCRYPTION_REFUSED;
	if (end == END_NONE && c->fsm.peer_terminated)
		return c->was_open ? END_CCP_CLOSED : END_ENCRYPTION_REFUSED;
	return end;
}

void ccp_desync(struct ccp *c, uint64_t now_ns, struct step *out)
{
	if (!c->is_encrypting ||
		!pace_take(&c->reset_requests, CCP_RESET_REQUESTS_BURST, RESET_REQUEST_NS, now_ns))
		return;
	// A client that encrypts and knows no resets: it would never be understood again.
	if (c->fsm.codes_rejected & 1u << CP_RESET_REQUEST) {
		fsm_fail(&c->fsm, END_CCP_FAILED);
		return;
	}
	struct writer w = step_frame_begin(out);

	cp_packet_put(&w, CP_RESET_REQUEST, fsm_next_id(&c->fsm), (struct span){0});
	step_frame_finish(out, PPP_CCP, &w);
}

static struct mppe_mode mode_of(uint32_t bits)
{
	struct mppe_mode mode = {.is_stateless = bits & MPPE_OPTION_STATELESS};

	if (bits & MPPE_OPTION_128)
		mode.strength = MPPE_STRENGTH_128;
	else if (bits & MPPE_OPTION_56)
		mode.strength = MPPE_STRENGTH_56;
	else if (bits & MPPE_OPTION_40)
		mode.strength = MPPE_STRENGTH_40;
	return mode;
}

struct mppe_mode ccp_receive_mode(const struct ccp *c)
{
	return mode_of(c->keyed);
}

struct mppe_mode ccp_send_mode(const struct ccp *c)
{
	return mode_of(c->peer);
}
