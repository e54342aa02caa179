// SPDX-License-Identifier: BSD-3-Clause
#include "proto/fsm.h"

static const uint64_t CODE_REJECT_NS = 250000000; // between two once the burst is used up

// What an action needs to know of the packet that caused it.
struct cause {
	enum fsm_event event;
	const struct cp_packet *packet; // NULL: none did
	struct span quoted;		// the whole packet, for Code-Reject
	const struct fsm_reply *reply;	// of a Configure-Request
};

void fsm_init(struct fsm *f, const struct fsm_ops *ops, const struct fsm_limits *limits)
{
	*f = (struct fsm){
		.ops = ops,
		.limits = *limits,
		.state = FSM_INITIAL,
		.end = END_NONE,
		.due_ns = FSM_NEVER,
		.peer_mtu = FSM_INFO_BYTES_MAX,
		.is_first = true,
	};
	if (f->limits.restart_ns < STEP_TIMER_MIN_NS)
		f->limits.restart_ns = STEP_TIMER_MIN_NS;
	if (f->limits.first_restart_ns < STEP_TIMER_MIN_NS)
		f->limits.first_restart_ns = f->limits.restart_ns;
}

void fsm_fail(struct fsm *f, enum end_reason reason)
{
	if (f->end == END_NONE)
		f->end = reason;
}

// ---- frames

// Code, identifier and a length to be filled in by finish().
static struct writer begin(struct step *out, uint8_t code, uint8_t id)
{
	struct writer w = step_frame_begin(out);

	writer_u8(&w, code);
	writer_u8(&w, id);
	writer_u16(&w, 0);
	return w;
}

static void finish(struct fsm *f, struct writer *w, struct step *out)
{
	if (!w->failed)
		bytes_put_u16(w->start + 2, (uint16_t)w->len);
	step_frame_finish(out, f->ops->protocol, w);
}

static void transmit(struct fsm *f, uint8_t code, uint8_t id, struct span data, struct step *out)
{
	struct writer w = begin(out, code, id);

	writer_bytes(&w, data.bytes, data.len);
	finish(f, &w, out);
}

static void start_timer(struct fsm *f, uint64_t after_ns, uint64_t now_ns)
{
	f->due_ns = now_ns + after_ns;
}

uint64_t fsm_restart_after(uint64_t start_ns, uint8_t n_doublings)
{
	uint64_t final_ns = start_ns > FSM_RESTART_FINAL_NS ? start_ns : FSM_RESTART_FINAL_NS;
	uint64_t after_ns = start_ns;

	while (n_doublings-- > 0 && after_ns < final_ns)
		after_ns *= 2;
	return after_ns < final_ns ? after_ns : final_ns;
}

static void count_down(struct fsm *f)
{
	if (f->restart_count > 0)
		f->restart_count--;
}

// RFC 1661 5.1: the identifier changes when the options change or a reply has come; a mere
// repetition keeps it, so that a late Ack of the first copy counts. What was repeated too early finds
// the peer open and makes it begin again, so over a path slower than the timer no negotiation would
// end: the timer grows with each time-out, and stays so while the peer begins again and again.
static void send_configure_request(struct fsm *f, bool is_repeat, uint64_t now_ns, struct step *out)
{
	uint64_t after_ns = fsm_restart_after(f->limits.restart_ns, f->n_doublings);

	if (!is_repeat)
		f->request_id = fsm_next_id(f);
	if (f->ops->before_request)
		f->ops->before_request(f, out);
	struct writer w = begin(out, CP_CONFIGURE_REQUEST, f->request_id);

	f->ops->build(f, &w);
	finish(f, &w, out);
	f->awaits_reply = true;
	f->must_ask_anew = f->is_put_off = false;
	count_down(f);
	start_timer(f, f->is_first ? f->limits.first_restart_ns : after_ns, now_ns);
	f->is_first = false;
}

static void send_configure_nak(struct fsm *f, const struct cause *cause, struct step *out)
{
	const struct writer *reject = &cause->reply->reject;
	const struct writer *nak = &cause->reply->nak;

	if (reject->len > 0) {
		transmit(f, CP_CONFIGURE_REJECT, cause->packet->id,
			span_of(reject->start, reject->len), out);
		return;
	}
	transmit(f, CP_CONFIGURE_NAK, cause->packet->id, span_of(nak->start, nak->len), out);
	if (f->n_naks < UINT8_MAX)
		f->n_naks++;
}

static void send_code_reject(struct fsm *f, struct span quoted, uint64_t now_ns, struct step *out)
{
	size_t room = f->peer_mtu - CP_HEADER_BYTES;

	if (!pace_take(&f->code_rejects, FSM_CODE_REJECTS_BURST, CODE_REJECT_NS, now_ns))
		return;
	if (quoted.len > room)
		quoted.len = room;
	transmit(f, CP_CODE_REJECT, fsm_next_id(f), quoted, out);
}

// ---- the automaton

static void send_for(struct fsm *f, uint16_t actions, const struct cause *cause, uint64_t now_ns,
	struct step *out)
{
	if (actions & FSM_SCR) {
		bool is_late = cause->event == FSM_TIMEOUT_PLUS;

		send_configure_request(f, is_late && f->awaits_reply, now_ns, out);
		if (is_late && f->n_doublings < UINT8_MAX)
			f->n_doublings++;
	}
	if (actions & FSM_SCA) {
		if (f->ops->before_ack)
			f->ops->before_ack(f, out);
		transmit(f, CP_CONFIGURE_ACK, cause->packet->id, cause->packet->data, out);
		f->n_naks = 0;
	}
	if (actions & FSM_SCN)
		send_configure_nak(f, cause, out);
	if (actions & FSM_STR) {
		struct span text = span_of_text(end_reason_info(f->end)->lcp_text);

		transmit(f, CP_TERMINATE_REQUEST, fsm_next_id(f), text, out);
		count_down(f);
		start_timer(f, f->limits.restart_ns, now_ns);
	}
	if (actions & FSM_STA)
		transmit(f, CP_TERMINATE_ACK, cause->packet->id, (struct span){0}, out);
	if (actions & FSM_SCJ)
		send_code_reject(f, cause->quoted, now_ns, out);
	if ((actions & FSM_SER) && f->ops->answer)
		f->ops->answer(f, cause->packet, now_ns, out);
}

static bool has_timer(enum fsm_state state)
{
	return state >= FSM_CLOSING && state <= FSM_ACK_SENT;
}

static void run(struct fsm *f, const struct cause *cause, uint64_t now_ns, struct step *out)
{
	const struct fsm_transition *t = fsm_table_lookup(f->state, cause->event);

	if (!t->is_legal)
		return;
	f->state = (enum fsm_state)t->next;
	if ((t->actions & FSM_TLD) && f->ops->down)
		f->ops->down(f, out);
	if (t->actions & FSM_IRC)
		f->restart_count =
			(t->actions & FSM_STR) ? f->limits.max_terminate : f->limits.max_configure;
	if (t->actions & FSM_ZRC) {
		f->restart_count = 0;
		start_timer(f, f->limits.restart_ns, now_ns);
	}
	send_for(f, t->actions, cause, now_ns, out);
	if (!has_timer(f->state))
		f->due_ns = FSM_NEVER;
	if (t->actions & FSM_TLU) {
		f->opened_ns = now_ns;
		f->n_naks = 0;
		if (f->ops->up)
			f->ops->up(f, now_ns, out);
	}
}

static void run_event(struct fsm *f, enum fsm_event event, uint64_t now_ns, struct step *out)
{
	struct cause cause = {.event = event};

	run(f, &cause, now_ns, out);
}

void fsm_up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	f->is_first = true;
	run_event(f, FSM_UP, now_ns, out);
}

void fsm_down(struct fsm *f, uint64_t now_ns, struct step *out)
{
	run_event(f, FSM_DOWN, now_ns, out);
}

void fsm_open(struct fsm *f, uint64_t now_ns, struct step *out)
{
	run_event(f, FSM_OPEN, now_ns, out);
}

void fsm_listen(struct fsm *f)
{
	if (f->state <= FSM_STARTING)
		f->state = FSM_STOPPED;
}

void fsm_close(struct fsm *f, uint64_t now_ns, struct step *out)
{
	run_event(f, FSM_CLOSE, now_ns, out);
}

void fsm_expire(struct fsm *f, uint64_t now_ns, struct step *out)
{
	if (now_ns < f->due_ns)
		return;
	if (f->restart_count > 0) {
		run_event(f, FSM_TIMEOUT_PLUS, now_ns, out);
		return;
	}
	if (f->state >= FSM_REQUEST_SENT)
		fsm_fail(f, f->ops->unanswered);
	run_event(f, FSM_TIMEOUT_MINUS, now_ns, out);
}

void fsm_protocol_rejected(struct fsm *f, uint64_t now_ns, struct step *out)
{
	if (f->state >= FSM_REQUEST_SENT)
		fsm_fail(f, f->ops->refused);
	run_event(f, FSM_RXJ_MINUS, now_ns, out);
}

// ---- packets

static bool options_are_well_formed(struct span options)
{
	struct cp_option option;
	int more;

	while ((more = cp_option_next(&options, &option)) > 0)
		;
	return more == 0;
}

// One more round, unless there were too many.
static bool may_negotiate(struct fsm *f, uint64_t now_ns)
{
	if (f->state == FSM_OPENED && now_ns - f->opened_ns >= FSM_STABLE_NS)
		f->n_rounds = f->n_doublings = 0;
	if (++f->n_rounds <= FSM_ROUNDS_MAX)
		return true;
	f->n_rounds = FSM_ROUNDS_MAX;
	fsm_fail(f, END_NEGOTIATION_LOOP);
	return false;
}

// The peer has begun to speak, so it listens now, and may not have when our request came:
// pptp-linux opens its GRE socket some time after the OCRP, pppd that requires encryption answers
// IPCP by Terminate-Ack until it has it. Before our Ack, since a request that
// follows the Ack would find the peer open and make it begin again.
static void repeat_request(struct fsm *f, uint64_t now_ns, struct step *out)
{
	f->is_first = true; // for the timer
	send_configure_request(f, true, now_ns, out);
}

// What the peer asks for has changed what we do, and our request that is on its way or acknowledged
// says something else. RFC 1661 5.1: the new one has an identifier of its own; an Ack of the other
// counts no more.
static void ask_anew(struct fsm *f, uint64_t now_ns, struct step *out)
{
	if (f->state == FSM_ACK_RECEIVED)
		f->state = FSM_REQUEST_SENT;
	send_configure_request(f, false, now_ns, out);
}

static bool is_negotiating(const struct fsm *f)
{
	return f->state >= FSM_REQUEST_SENT && f->state <= FSM_ACK_SENT;
}

static void receive_request(
	struct fsm *f, struct cause *cause, bool is_first_word, uint64_t now_ns, struct step *out)
{
	uint8_t nak[FSM_INFO_BYTES_MAX - CP_HEADER_BYTES];
	uint8_t reject[FSM_INFO_BYTES_MAX - CP_HEADER_BYTES];
	struct fsm_reply reply = {
		.nak = writer_of(nak, sizeof(nak)),
		.reject = writer_of(reject, sizeof(reject)),
		.may_nak = f->n_naks < f->limits.max_failure,
	};

	cause->event = FSM_RCR_PLUS;
	if (f->state == FSM_STOPPED || f->state >= FSM_REQUEST_SENT) {
		if (!options_are_well_formed(cause->packet->data) || !may_negotiate(f, now_ns))
			return;
		f->ops->judge(f, cause->packet->data, &reply);
		if (f->end != END_NONE || reply.nak.failed || reply.reject.failed)
			return;
		if (reply.nak.len > 0 || reply.reject.len > 0)
			cause->event = FSM_RCR_MINUS;
		cause->reply = &reply;
		is_first_word &= f->limits.repeats_when_heard;
		if (f->must_ask_anew && is_negotiating(f)) // else the table sends one
			ask_anew(f, now_ns, out);
		else if ((is_first_word || f->is_put_off) && f->state == FSM_REQUEST_SENT)
			repeat_request(f, now_ns, out);
	}
	run(f, cause, now_ns, out);
}

// An Ack, Nak or Reject counts once, for the last request, and while one is awaited: a copy that
// the network made must not renegotiate an open link (pppd does the same). In Closed and Stopped
// there is nothing to compare with; the table answers with a Terminate-Ack.
static bool is_reply_valid(const struct fsm *f, const struct cp_packet *packet)
{
	if (f->state < FSM_REQUEST_SENT)
		return true;
	return f->awaits_reply && packet->id == f->request_id;
}

static void receive_ack(struct fsm *f, struct cause *cause, uint64_t now_ns, struct step *out)
{
	uint8_t sent[FSM_INFO_BYTES_MAX];
	struct writer w = writer_of(sent, sizeof(sent));

	if (!is_reply_valid(f, cause->packet))
		return;
	if (f->state >= FSM_REQUEST_SENT) {
		f->ops->build(f, &w);
		if (!span_equal(span_of(sent, w.len), cause->packet->data))
			return;
		f->awaits_reply = false;
	}
	cause->event = FSM_RCA;
	run(f, cause, now_ns, out);
}

static void receive_nak(struct fsm *f, struct cause *cause, uint64_t now_ns, struct step *out)
{
	const struct cp_packet *packet = cause->packet;

	if (!is_reply_valid(f, packet))
		return;
	if (f->state >= FSM_REQUEST_SENT) {
		if (!options_are_well_formed(packet->data) || !may_negotiate(f, now_ns))
			return;
		f->awaits_reply = false;
		if (packet->code == CP_CONFIGURE_NAK)
			f->ops->take_nak(f, packet->data);
		else
			f->ops->take_reject(f, packet->data);
		if (f->end != END_NONE)
			return;
	}
	cause->event = FSM_RCN;
	run(f, cause, now_ns, out);
}

// RFC 1661 5.6: without the codes of negotiation itself the protocol cannot live; any other is
// merely not sent again.
static void receive_code_reject(
	struct fsm *f, struct cause *cause, uint64_t now_ns, struct step *out)
{
	struct span data = cause->packet->data;
	uint8_t code = data.len > 0 ? data.bytes[0] : 0;

	cause->event = FSM_RXJ_PLUS;
	if (code >= CP_CONFIGURE_REQUEST && code <= CP_TERMINATE_ACK) {
		cause->event = FSM_RXJ_MINUS;
		if (f->state >= FSM_REQUEST_SENT)
			fsm_fail(f, f->ops->refused);
	} else if (code < 32) {
		f->codes_rejected |= 1u << code;
	}
	run(f, cause, now_ns, out);
}

void fsm_receive(struct fsm *f, struct span info, uint64_t now_ns, struct step *out)
{
	struct cp_packet packet;

	if (f->state <= FSM_STARTING || info.len > FSM_INFO_BYTES_MAX ||
		cp_packet_get(info, &packet) != 0)
		return;
	bool is_first_word = !f->heard;

	f->heard = true;
	struct cause cause = {.packet = &packet,
		.quoted = span_of(info.bytes, CP_HEADER_BYTES + packet.data.len)};

	switch (packet.code) {
	case CP_CONFIGURE_REQUEST:
		receive_request(f, &cause, is_first_word, now_ns, out);
		return;
	case CP_CONFIGURE_ACK:
		receive_ack(f, &cause, now_ns, out);
		return;
	case CP_CONFIGURE_NAK:
	case CP_CONFIGURE_REJECT:
		receive_nak(f, &cause, now_ns, out);
		return;
	case CP_TERMINATE_REQUEST:
		f->peer_terminated = true;
		cause.event = FSM_RTR;
		break;
	case CP_TERMINATE_ACK:
		cause.event = FSM_RTA;
		f->is_put_off |= f->state == FSM_REQUEST_SENT && f->awaits_reply;
		break;
	case CP_CODE_REJECT:
		receive_code_reject(f, &cause, now_ns, out);
		return;
	default:
		cause.event = f->ops->classify ? f->ops->classify(f, &packet) : FSM_RUC;
		break;
	}
	run(f, &cause, now_ns, out);
}

// ---- helpers of judge()

// "No": with a suggestion while Naks are left, for good after that.
static bool may_suggest(struct fsm_reply *r, const struct cp_option *option)
{
	if (r->may_nak)
		return true;
	fsm_reject(r, option);
	return false;
}

void fsm_nak_u16(struct fsm_reply *r, const struct cp_option *option, uint16_t wanted)
{
	if (may_suggest(r, option))
		cp_option_put_u16(&r->nak, option->type, wanted);
}

void fsm_nak_u32(struct fsm_reply *r, const struct cp_option *option, uint32_t wanted)
{
	if (may_suggest(r, option))
		cp_option_put_u32(&r->nak, option->type, wanted);
}

void fsm_nak_empty(struct fsm_reply *r, const struct cp_option *option)
{
	if (may_suggest(r, option))
		cp_option_put(&r->nak, option->type, (struct span){0});
}

void fsm_reject(struct fsm_reply *r, const struct cp_option *option)
{
	writer_bytes(&r->reject, option->whole.bytes, option->whole.len);
}
