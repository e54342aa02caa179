// SPDX-License-Identifier: BSD-3-Clause
// One end of the tunnel, as a worker does it: GRE with its window, PPP framing, MPPE with its count
// and keys. Client and server each have one; test data goes from one to the other and is checked.
#pragma once

#include "base/drop_reason.h"
#include "crypto/op.h"
#include "proto/gre_window.h"
#include "proto/mppe_sync.h"
#include "sim/sim_path.h"

enum { SIM_GRE_JUMP_MAX = 1000, SIM_MPPE_JUMP_MAX = 1000 };

struct sim_direction {
	struct mppe_context keys;
	struct mppe_sync sync;
	bool has_keys;
};

struct sim_tunnel {
	struct sim_path *path;
	enum sim_side side;
	bool is_open; // packets are taken
	uint16_t call_id, peer_call_id;
	bool send_pfc, send_acfc;
	struct gre_window window;
	struct sim_direction out, in;
	// test data
	uint32_t n_sent;	// numbers of test packets begin at 1
	uint32_t last_received; // number of the last one
	uint32_t n_received;
	uint32_t n_wrong; // decrypted, plausible, and not what was sent
	uint32_t n_dropped[DROP_REASON_COUNT];
};

void sim_tunnel_init(struct sim_tunnel *t, struct sim_path *path, enum sim_side side);
void sim_tunnel_open(struct sim_tunnel *t, uint16_t call_id, uint16_t peer_call_id);

// Begin with these start keys and count 0.
void sim_tunnel_key(struct sim_direction *d, const uint8_t start[16]);

// Send a frame of a control protocol.
void sim_tunnel_send_frame(
	struct sim_tunnel *t, uint16_t protocol, struct span info, uint64_t now_ns);
// Send the next test packet, encrypted, `len` bytes of inner packet.
void sim_tunnel_send_data(struct sim_tunnel *t, size_t len, uint64_t now_ns);

// A GRE packet came. Returns true when it holds a frame for the PPP machines; test data is checked
// here.
bool sim_tunnel_receive(struct sim_tunnel *t, struct span packet, uint64_t now_ns,
	uint16_t *protocol, struct span *info);

// Lone acks.
uint64_t sim_tunnel_deadline(const struct sim_tunnel *t);
void sim_tunnel_expire(struct sim_tunnel *t, uint64_t now_ns);
