// SPDX-License-Identifier: BSD-3-Clause
// The client's end of the tunnel: GRE, PPP framing and MPPE, written apart from the server's.
#pragma once

#include "base/drop_reason.h"
#include "sim/sim_data.h"
#include "sim/sim_mppe.h"
#include "sim/sim_path.h"

enum sim_direction { SIM_OUT, SIM_IN, SIM_DIRECTIONS };

struct sim_tunnel {
	struct sim_path *path;
	bool is_open; // packets are taken
	uint16_t call_id, peer_call_id;
	bool send_pfc, send_acfc;
	// GRE: like Linux, what comes late is dropped
	uint32_t next_seq, last_seq;
	bool has_seq;
	bool owes_ack;
	uint64_t ack_due_ns;
	// MPPE
	struct sim_mppe mppe[SIM_DIRECTIONS];
	bool has_keys[SIM_DIRECTIONS];
	bool wants_reset; // a stateful packet was lost: the PPP peer is to say so
	// data
	uint32_t address; // the client's, inside
	struct sim_data data;
	unsigned int n_unread; // encrypted packets for which there were no keys
};

void sim_tunnel_init(struct sim_tunnel *t, struct sim_path *path);
void sim_tunnel_open(struct sim_tunnel *t, uint16_t call_id, uint16_t peer_call_id);

// Begin with this start key and count 0.
void sim_tunnel_key(struct sim_tunnel *t, enum sim_direction direction,
	const struct mppe_mode *mode, enum sim_mppe_kind kind, const uint8_t start[16]);

// Send a frame of a control protocol.
void sim_tunnel_send_frame(
	struct sim_tunnel *t, uint16_t protocol, struct span info, uint64_t now_ns);
// Send the next test packet, of `len` bytes; encrypted if there are keys.
void sim_tunnel_send_data(struct sim_tunnel *t, size_t len, uint64_t now_ns);

// A GRE packet came. Returns true when it holds a frame for the PPP machines; test data is checked
// here.
bool sim_tunnel_receive(struct sim_tunnel *t, struct span packet, uint64_t now_ns,
	uint16_t *protocol, struct span *info);

// Lone acks.
uint64_t sim_tunnel_deadline(const struct sim_tunnel *t);
void sim_tunnel_expire(struct sim_tunnel *t, uint64_t now_ns);
