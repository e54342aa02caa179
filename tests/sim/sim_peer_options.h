// SPDX-License-Identifier: BSD-3-Clause
// What the client's control protocols ask for, and what they think of the server's requests.
#pragma once

#include "sim/sim_peer.h"
#include "wire/cp.h"
#include "wire/mppe.h"

enum {
	SIM_MPPE_STRENGTHS = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128,
	SIM_IPCP_ADDRESS = 3,
};

// Nothing in `reject` and `nak`: an Ack.
struct sim_peer_answer {
	struct writer nak, reject;
	uint8_t nak_bytes[128], reject_bytes[SIM_PACKET_BYTES_MAX];
	uint32_t server_bits; // of the server's MPPE option, when it is acceptable
};

// Fill cp with the options of the first Configure-Request.
void sim_peer_options_ask(const struct sim_peer *p, enum sim_cp_kind kind, struct sim_cp *cp);

// The value of an option that is still asked for, or NULL.
uint32_t *sim_peer_options_find(struct sim_cp *cp, uint8_t type);
void sim_peer_options_drop(struct sim_cp *cp, uint8_t type);

// What the client asks for after the server has suggested these MPPE bits: them, if it takes them,
// else what it would rather have.
uint32_t sim_peer_options_choose(const struct sim_peer *p, uint32_t suggested);

// Judge the options of the server's Configure-Request; *a is borrowed by its writers.
void sim_peer_options_judge(
	struct sim_peer *p, enum sim_cp_kind kind, struct span options, struct sim_peer_answer *a);
