// SPDX-License-Identifier: BSD-3-Clause
// How the client proves who it is, by the method that was agreed.
#pragma once

#include "sim/sim_peer.h"

struct sim_peer_auth_out {
	bool is_accepted; // go on
	bool hangs_up;
};

// LCP is open.
void sim_peer_auth_start(struct sim_peer *p, uint64_t now_ns);
void sim_peer_auth_receive_chap(
	struct sim_peer *p, struct span info, uint64_t now_ns, struct sim_peer_auth_out *out);
void sim_peer_auth_receive_pap(struct sim_peer *p, struct span info, struct sim_peer_auth_out *out);
// The next PAP request.
void sim_peer_auth_expire(struct sim_peer *p, uint64_t now_ns);

// Does the client answer to this method?
bool sim_peer_auth_knows(const struct sim_peer_profile *profile, enum auth_method method);
// The value of LCP's option 3 for it; returns its length, 2 or 3.
uint8_t sim_peer_auth_option(enum auth_method method, uint8_t value[3]);
