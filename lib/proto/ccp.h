// SPDX-License-Identifier: BSD-3-Clause
// CCP for MPPE (RFC 1962, 3078 2): knows every bit of the MPPE option, agrees on one strength and
// mode a direction, without MPPC, and rejects every other compression.
//
//   modes  an option says what its sender can receive (RFC 1962 2): ours is the client's way of
//          sending, the client's is ours. They may differ.
//   keys   STEP_KEYS stands before each Configure-Ack of ours: the client may send encrypted data
//          as soon as it sees that Ack, and has its first key then. It stands before our
//          Configure-Request too when that says something else than before, and only the client's
//          Ack is missing: data may overtake that Ack.
//   reset  of a stateful direction (RFC 3078 7): Reset-Request is passed on as STEP_FLUSH and
//          answered by a Reset-Ack, of which the RFC knows nothing: Linux waits for one, Windows
//          answers one with Code-Reject and gets no more. Ours does not depend on getting one.
#pragma once

#include "crypto/mppe_key.h"
#include "proto/fsm.h"
#include "wire/mppe.h"

enum {
	CCP_STRENGTH_BITS = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128,
	CCP_NAKS_MAX = 5, // suggestions to a client that asks for something else; some get lost
	CCP_FLUSHES_BURST = 16,	      // Reset-Requests heeded at once; after that twenty a second
	CCP_RESET_REQUESTS_BURST = 2, // sent at once; after that ten a second
};

struct ccp_policy {
	uint32_t allowed;	// MPPE_OPTION_40, _56, _128
	bool is_required;	// no call without MPPE; implies `asks`
	bool asks;		// else only a client that asks for MPPE gets it
	bool is_stateful_taken; // else stateless or nothing
};

struct ccp {
	struct fsm fsm;
	struct ccp_policy policy;
	uint32_t ours;	// bits that our Configure-Request says, 0: no option; should the peer
			// acknowledge several strengths, the strongest counts
	uint32_t peer;	// bits of the peer's last acceptable request, 0: it has none
	uint32_t keyed; // `ours` at the last STEP_KEYS
	bool is_encrypting;
	bool was_open;
	bool peer_offered; // the peer asked for MPPE at all, in whatever form
	uint8_t n_refused; // requests of the peer that were not acceptable
	struct pace flushes, reset_requests;
};

void ccp_init(struct ccp *c, const struct fsm_limits *limits, const struct ccp_policy *policy);
void ccp_start(struct ccp *c, uint64_t now_ns, struct step *out);
void ccp_receive(struct ccp *c, struct span info, uint64_t now_ns, struct step *out);
void ccp_expire(struct ccp *c, uint64_t now_ns, struct step *out);

// A packet of a stateful direction was lost: Reset-Request, at a bounded rate. Said again while data
// cannot be read, since the request, or the packet that it is for, may be lost too.
void ccp_desync(struct ccp *c, uint64_t now_ns, struct step *out);

// CCP is open and both directions agreed on MPPE.
static inline bool ccp_is_encrypting(const struct ccp *c)
{
	return c->is_encrypting;
}

// Policy wants MPPE, or this link had it: whoever can forge a packet of CCP must not bring a call
// back to clear text.
static inline bool ccp_is_required(const struct ccp *c)
{
	return c->policy.is_required;
}

// Why CCP cannot give what is required; END_NONE while it may or when nothing is required.
enum end_reason ccp_failure(const struct ccp *c);

// What the last STEP_KEYS is about: how the client encrypts what we receive, and how we encrypt.
struct mppe_mode ccp_receive_mode(const struct ccp *c);
struct mppe_mode ccp_send_mode(const struct ccp *c);
