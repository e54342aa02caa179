// SPDX-License-Identifier: BSD-3-Clause
// LCP as the server speaks it (RFC 1661, 1570): asks for MRU, an authentication method, a magic
// number and both header compressions; takes MRU, ACCM, magic number and the compressions from the
// client, and rejects the rest.
//
//   method  the first of the list; a client that suggests another one that is allowed gets it, the
//           best of those that it names; one that suggests none that is gets the next of the list
#pragma once

#include "proto/auth_method.h"
#include "proto/fsm.h"

enum {
	LCP_LOOPBACKS_MAX = 4, // our own magic number seen this often: the link is looped back
	// Naks of the method until we take it that there is nothing in common; one more for each
	// method after the first.
	LCP_AUTH_NAKS_MAX = 3,
	LCP_TEXT_BYTES = 64, // kept of an Identification or a Terminate-Request, with the end
	LCP_PROTOCOL_REJECTS_BURST = 8, // sent at once; after that four a second
	LCP_ECHO_REPLIES_BURST = 16,	// sent at once; after that ten a second
	LCP_MRU_DEFAULT = 1500,
	LCP_MRU_MIN = 68,
};

enum lcp_option {
	LCP_OPTION_MRU = 1,
	LCP_OPTION_ACCM = 2,
	LCP_OPTION_AUTH = 3,
	LCP_OPTION_QUALITY = 4,
	LCP_OPTION_MAGIC = 5,
	LCP_OPTION_PFC = 7,
	LCP_OPTION_ACFC = 8,
	LCP_OPTION_FCS = 9,
	LCP_OPTION_PADDING = 10, // self-describing
	LCP_OPTION_CALLBACK = 13,
	LCP_OPTION_COMPOUND = 15,
	LCP_OPTION_MRRU = 17,
	LCP_OPTION_SSNHF = 18,
	LCP_OPTION_ENDPOINT = 19,
};

// The options of one direction.
struct lcp_options {
	uint16_t mru;
	uint32_t accm;
	uint32_t magic; // 0: none
	bool has_mru;
	enum auth_method auth; // ours only
	bool has_pfc;
	bool has_acfc;
};

// What LCP is made of.
struct lcp_config {
	uint16_t mru;				    // what we ask the peer to keep to
	uint64_t random;			    // seed of the magic numbers
	uint64_t echo_interval_ns;		    // between our Echo-Requests, 0: none
	uint8_t echo_failures;			    // that many unanswered end it
	enum auth_method methods[AUTH_METHODS_MAX]; // that policy allows, the best first
	uint8_t n_methods;			    // 0: nothing can be agreed on
};

struct lcp {
	struct fsm fsm;
	struct lcp_options ours; // what our Configure-Request says
	struct lcp_options peer; // what the peer's last acceptable one said
	struct lcp_config config;
	uint64_t echo_due_ns;
	struct pace protocol_rejects, echo_replies;
	uint16_t protocol_rejected; // by the peer with the packet just received, 0: none
	uint8_t n_echoes_lost;	    // Echo-Requests in a row without a reply
	uint8_t n_loopbacks;
	uint8_t n_auth_naks;
	// Printable, terminated; "" when none came.
	char identification[LCP_TEXT_BYTES];
	char terminate_text[LCP_TEXT_BYTES]; // why the peer hangs up
};

void lcp_init(struct lcp *l, const struct fsm_limits *limits, const struct lcp_config *config);

// The method that our Configure-Request says: in the Opened state the one that is agreed.
static inline enum auth_method lcp_auth_method(const struct lcp *l)
{
	return l->ours.auth;
}

// Open and Up: the first Configure-Request leaves. Without a method it fails instead.
void lcp_start(struct lcp *l, uint64_t now_ns, struct step *out);

// Sets protocol_rejected when the packet was a Protocol-Reject that came in the Opened state.
void lcp_receive(struct lcp *l, struct span info, uint64_t now_ns, struct step *out);

// Terminate-Request with the reason's text.
void lcp_close(struct lcp *l, enum end_reason reason, uint64_t now_ns, struct step *out);

// Answer a frame of a protocol that we do not speak: at a bounded rate, cut at the peer's MRU,
// and only in the Opened state (RFC 1661 5.7).
void lcp_reject_protocol(
	struct lcp *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out);

// One Echo-Request out of turn, which counts for nothing: is the peer there? Only in the Opened state.
void lcp_probe(struct lcp *l, struct step *out);

uint64_t lcp_deadline(const struct lcp *l);
void lcp_expire(struct lcp *l, uint64_t now_ns, struct step *out);
