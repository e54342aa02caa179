// SPDX-License-Identifier: BSD-3-Clause
// PPP as a client speaks it: LCP, MS-CHAPv2, CCP for MPPE, IPCP. Pure, and built on adit's own automaton
// (proto/fsm.h), with a client's options: it is made to be many, not to be independent; tests/sim has the peer that
// shares nothing with the server.
//
//   step  STEP_FRAME, STEP_LINK_AGREED, STEP_KEYS, STEP_FLUSH, STEP_UP, STEP_DOWN, STEP_ENDED (read p->reason, and
//         p->text for what the server said)
#pragma once

#include "crypto/mppe_key.h"
#include "perf/fleet/fleet_reason.h"
#include "proto/fsm.h"

enum {
	PEER_USER_BYTES = 64,
	PEER_ECHOES_LOST_MAX = 4,
};

// What all clients have in common.
struct peer_shared {
	struct fsm_limits limits;
	uint8_t nt_hash[16], nt_hash_hash[16]; // one password for all: hashed once
	enum mppe_strength strength;
	bool is_stateful;
	uint16_t mru;
	uint64_t echo_interval_ns;
};

enum peer_phase {
	PEER_ESTABLISH,
	PEER_AUTHENTICATE,
	PEER_ENCRYPT, // CCP
	PEER_NETWORK, // IPCP
	PEER_UP,
	PEER_CLOSING,
	PEER_ENDED,
};

struct peer {
	struct fsm lcp, ccp, ipcp;
	const struct peer_shared *shared;
	const char *user;
	uint64_t random;
	uint64_t echo_due_ns;
	uint32_t magic; // 0: none
	uint32_t address_be;
	uint16_t server_mru;
	uint8_t phase;	// enum peer_phase
	uint8_t reason; // enum fleet_reason, when ended
	uint8_t n_echoes_lost;
	bool server_pfc, server_acfc; // it takes them
	bool asks_mru, asks_pfc, asks_acfc, asks_address;
	bool has_answered; // a Challenge
	bool was_up;
	bool is_acknowledged; // our Terminate-Request
	uint16_t rejected;    // by the Protocol-Reject that just came, 0: none
	uint8_t server_challenge[16], peer_challenge[16], nt_response[24];
};

void peer_init(struct peer *p, const struct peer_shared *shared, const char *user, uint64_t random);

// GRE is there: the first Configure-Request.
void peer_start(struct peer *p, uint64_t now_ns, struct step *out);
// text: out, when it ended: what the server said about it, within info; empty else.
void peer_receive(struct peer *p, uint16_t protocol, struct span info, uint64_t now_ns,
	struct step *out, struct span *text);
uint64_t peer_deadline(const struct peer *p);
void peer_expire(struct peer *p, uint64_t now_ns, struct step *out);
// Terminate-Request; STEP_ENDED follows when it is acknowledged or given up.
void peer_close(struct peer *p, uint64_t now_ns, struct step *out);
// CCP Reset-Request.
void peer_desync(struct peer *p, struct step *out);

// At STEP_KEYS; the client's view.
void peer_get_keys(const struct peer *p, struct mppe_start_keys *out);
struct mppe_mode peer_mode(const struct peer *p); // both ways
