// SPDX-License-Identifier: BSD-3-Clause
// The option negotiation automaton (RFC 1661 4) at work, shared by LCP, CCP and IPCP; its table
// is fsm_table. A protocol brings a struct fsm_ops, and finds itself from the struct fsm that it
// begins with.
//
//   bounds   a packet over FSM_INFO_BYTES_MAX is not read; a negotiation has FSM_ROUNDS_MAX rounds
//   loops    after max_failure Configure-Naks in a row the rest is rejected (RFC 1661 4.6)
//   floods   Code-Rejects leave at a bounded rate
#pragma once

#include "proto/fsm_table.h"
#include "proto/pace.h"
#include "proto/step.h"
#include "wire/cp.h"

#define FSM_NEVER UINT64_MAX

enum {
	FSM_INFO_BYTES_MAX = 1500, // what every implementation can receive (RFC 1661 6.1)
	FSM_ROUNDS_MAX = 64, // Configure-Requests, -Naks and -Rejects taken in one negotiation
	FSM_CODE_REJECTS_BURST = 8, // sent at once; after that four a second
};

// The final value of the restart timer, which may begin at less (RFC 1661 4.6).
#define FSM_RESTART_FINAL_NS 3000000000ULL

#define FSM_STABLE_NS 10000000000ULL // open this long: the next request begins a new negotiation

struct fsm;

// Our answer to a Configure-Request, built by judge(). Rejected options win over Naks; none of
// both is an Ack.
struct fsm_reply {
	struct writer nak;
	struct writer reject;
	bool may_nak; // false: max_failure is used up, what would be Nak'd is to be rejected
};

struct fsm_ops {
	uint16_t protocol;
	enum end_reason unanswered; // TO-: the peer never agreed
	enum end_reason refused;    // RXJ-: the peer cannot do this protocol

	// Write the options of our Configure-Request. Called again, it writes the same until a
	// take_ changes it.
	void (*build)(const struct fsm *f, struct writer *w);
	// Judge the options of the peer's Configure-Request (well-formed) and remember what an
	// Ack would mean. Where that changes what build() writes it sets must_ask_anew.
	void (*judge)(struct fsm *f, struct span options, struct fsm_reply *reply);
	// The peer's Configure-Nak or -Reject of our last request (well-formed): change what
	// build() writes.
	void (*take_nak)(struct fsm *f, struct span options);
	void (*take_reject)(struct fsm *f, struct span options);
	// A code above Code-Reject: which event it is. NULL: they are all unknown.
	enum fsm_event (*classify)(struct fsm *f, const struct cp_packet *packet);
	// Send-Echo-Reply for a packet that classify() called FSM_RXR.
	void (*answer)(
		struct fsm *f, const struct cp_packet *packet, uint64_t now_ns, struct step *out);
	// Called before each Configure-Request leaves, in the state that it leaves the automaton in;
	// before each Configure-Ack; on This-Layer-Up; on This-Layer-Down. Each may be NULL.
	void (*before_request)(struct fsm *f, struct step *out);
	void (*before_ack)(struct fsm *f, struct step *out);
	void (*up)(struct fsm *f, uint64_t now_ns, struct step *out);
	void (*down)(struct fsm *f, struct step *out);
};

struct fsm_limits {
	uint64_t
		restart_ns; // to begin with; doubles to FSM_RESTART_FINAL_NS where requests time out
	uint64_t first_restart_ns; // after the first Configure-Request since Up
	uint8_t max_configure;
	uint8_t max_terminate;
	uint8_t max_failure;
	bool repeats_when_heard; // our first request may be lost: again when the peer speaks
};

struct fsm {
	const struct fsm_ops *ops;
	struct fsm_limits limits;
	enum fsm_state state;
	enum end_reason
		end; // why the protocol cannot go on, and negotiates no more; END_NONE while it can
	uint64_t due_ns; // restart timer, FSM_NEVER when it is not running
	uint64_t opened_ns;
	struct pace code_rejects;
	uint32_t codes_rejected; // bit n: the peer sent a Code-Reject for code n
	uint16_t peer_mtu;	 // nothing that quotes the peer is longer than this
	uint16_t n_rounds;
	uint8_t restart_count;
	uint8_t request_id;   // of our last Configure-Request
	uint8_t last_id;      // last identifier used for anything
	uint8_t n_doublings;  // of the restart timer
	uint8_t n_naks;	      // Configure-Naks sent since our last Configure-Ack
	bool is_first;	      // no Configure-Request has been sent since Up
	bool awaits_reply;    // nothing valid has answered our last Configure-Request
	bool must_ask_anew;   // what our last Configure-Request said no longer holds
	bool is_put_off;      // it was answered by Terminate-Ack: the peer does not speak this yet
	bool heard;	      // a well-formed packet came
	bool peer_terminated; // a Terminate-Request came
};

void fsm_init(struct fsm *f, const struct fsm_ops *ops, const struct fsm_limits *limits);

// The lower layer is there, is gone; the protocol is wanted, is wanted no longer.
void fsm_up(struct fsm *f, uint64_t now_ns, struct step *out);
void fsm_down(struct fsm *f, uint64_t now_ns, struct step *out);
void fsm_open(struct fsm *f, uint64_t now_ns, struct step *out);
// Instead of both: wait for the peer to ask (the passive option of RFC 1661 4.2).
void fsm_listen(struct fsm *f);
// The Terminate-Request carries the text of f->end.
void fsm_close(struct fsm *f, uint64_t now_ns, struct step *out);

// A packet of this protocol came; any bytes.
void fsm_receive(struct fsm *f, struct span info, uint64_t now_ns, struct step *out);
// The peer sent a Protocol-Reject for this protocol.
void fsm_protocol_rejected(struct fsm *f, uint64_t now_ns, struct step *out);
// Run the restart timer if it is due.
void fsm_expire(struct fsm *f, uint64_t now_ns, struct step *out);

// A time that began as `start_ns` after so many doublings.
uint64_t fsm_restart_after(uint64_t start_ns, uint8_t n_doublings);

// Give up: remember why, the first reason stays.
void fsm_fail(struct fsm *f, enum end_reason reason);

// A new identifier for a packet of ours.
static inline uint8_t fsm_next_id(struct fsm *f)
{
	return ++f->last_id;
}

static inline bool fsm_is_open(const struct fsm *f)
{
	return f->state == FSM_OPENED;
}

// Helpers for judge(): refuse an option with a suggestion, or reject it.
void fsm_nak_u16(struct fsm_reply *r, const struct cp_option *option, uint16_t wanted);
void fsm_nak_u32(struct fsm_reply *r, const struct cp_option *option, uint32_t wanted);
void fsm_nak_empty(struct fsm_reply *r, const struct cp_option *option);
void fsm_reject(struct fsm_reply *r, const struct cp_option *option);
