// SPDX-License-Identifier: BSD-3-Clause
// CCP for MPPE (RFC 1962, 3078 2): knows every bit of the MPPE option, accepts one strength that
// policy allows, stateless and without MPPC, and rejects every other compression.
//
//   keys   STEP_KEYS stands before each Configure-Ack of ours: the client may send encrypted data
//          as soon as it sees that Ack, and has its first key then
#pragma once

#include "crypto/mppe_key.h"
#include "proto/fsm.h"
#include "wire/mppe.h"

enum {
	CCP_STRENGTH_BITS = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128,
	CCP_NAKS_MAX = 5, // suggestions to a client that asks for something else; some get lost
};

struct ccp {
	struct fsm fsm;
	uint32_t allowed; // MPPE_OPTION_* strengths
	uint32_t ours;	  // bits that our Configure-Request says, 0: no option
	uint32_t peer;	  // bits of the peer's last acceptable request, 0: it has none
	bool is_required;
	bool is_encrypting;
	bool was_open;
	bool peer_offered; // the peer asked for MPPE at all, in whatever form
	uint8_t n_refused; // requests of the peer that were not acceptable
};

//   allowed   strengths, MPPE_OPTION_40, _56, _128
void ccp_init(struct ccp *c, const struct fsm_limits *limits, uint32_t allowed, bool is_required);
void ccp_start(struct ccp *c, uint64_t now_ns, struct step *out);
void ccp_receive(struct ccp *c, struct span info, uint64_t now_ns, struct step *out);
void ccp_expire(struct ccp *c, uint64_t now_ns, struct step *out);

// CCP is open and both directions agreed on MPPE.
static inline bool ccp_is_encrypting(const struct ccp *c)
{
	return c->is_encrypting;
}

// Why CCP cannot give what is required; END_NONE while it may or when nothing is required.
enum end_reason ccp_failure(const struct ccp *c);

// What the Ack that follows STEP_KEYS agrees to.
enum mppe_strength ccp_strength(const struct ccp *c);
bool ccp_is_stateless(const struct ccp *c);
