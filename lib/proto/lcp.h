// SPDX-License-Identifier: BSD-3-Clause
// LCP as the server speaks it (RFC 1661, 1570): asks for MRU, MS-CHAPv2, a magic number and both
// header compressions; takes MRU, ACCM, magic number and the compressions from the client, and
// rejects the rest.
#pragma once

#include "proto/fsm.h"

enum {
	LCP_LOOPBACKS_MAX = 4, // our own magic number seen this often: the link is looped back
	LCP_AUTH_NAKS_MAX = 3, // Naks of MS-CHAPv2 until we take it that there is nothing in common
	LCP_IDENTIFICATION_BYTES = 64,	// kept of an Identification, with the end
	LCP_PROTOCOL_REJECTS_BURST = 8, // sent at once; after that four a second
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
	LCP_OPTION_CALLBACK = 13,
	LCP_OPTION_MRRU = 17,
	LCP_OPTION_ENDPOINT = 19,
};

// The options of one direction.
struct lcp_options {
	uint16_t mru;
	uint32_t accm;
	uint32_t magic; // 0: none
	bool has_mru;
	bool has_auth; // ours only: MS-CHAPv2
	bool has_pfc;
	bool has_acfc;
};

struct lcp {
	struct fsm fsm;
	struct lcp_options ours; // what our Configure-Request says
	struct lcp_options peer; // what the peer's last acceptable one said
	uint64_t random;	 // of the magic numbers
	uint64_t echo_interval_ns;
	uint64_t echo_due_ns;
	uint64_t reject_due_ns;	    // the bucket of Protocol-Rejects is full again
	uint16_t protocol_rejected; // by the peer with the packet just received, 0: none
	uint8_t echo_failures;
	uint8_t n_echoes_lost; // Echo-Requests in a row without a reply
	uint8_t n_loopbacks;
	uint8_t n_auth_naks;
	char identification[LCP_IDENTIFICATION_BYTES]; // printable, terminated; "" when none came
};

// Make LCP ready.
//
//   mru            what we ask the peer to keep to
//   random         seed of the magic numbers
//   echo_interval  between our Echo-Requests, 0: none
void lcp_init(struct lcp *l, const struct fsm_limits *limits, uint16_t mru, uint64_t random,
	uint64_t echo_interval_ns, uint8_t echo_failures);

// Open and Up: the first Configure-Request leaves.
void lcp_start(struct lcp *l, uint64_t now_ns, struct step *out);

// Sets protocol_rejected when the packet was a Protocol-Reject that came in the Opened state.
void lcp_receive(struct lcp *l, struct span info, uint64_t now_ns, struct step *out);

// Terminate-Request with the reason's text.
void lcp_close(struct lcp *l, enum end_reason reason, uint64_t now_ns, struct step *out);

// Answer a frame of a protocol that we do not speak: at a bounded rate, cut at the peer's MRU,
// and only in the Opened state (RFC 1661 5.7).
void lcp_reject_protocol(
	struct lcp *l, uint16_t protocol, struct span info, uint64_t now_ns, struct step *out);

uint64_t lcp_deadline(const struct lcp *l);
void lcp_expire(struct lcp *l, uint64_t now_ns, struct step *out);
