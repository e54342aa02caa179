// SPDX-License-Identifier: BSD-3-Clause
// The server's data path in a simulated call: the real worker, by the rings of tests/flow, with the
// simulator's clock in the place of its own. One worker serves all calls, one after the other.
#pragma once

#include "flow/flow.h"
#include "sim/sim_data.h"
#include "sim/sim_path.h"

enum { SIM_CLIENT_OUTER = FLOW_CLIENT_OUTER + 9 };

struct sim_worker {
	uint64_t id; // of the session, SESSION_ID_NONE: there is none
	uint16_t call_id;
	uint32_t owned; // inner address that points to the session, 0: none
	uint64_t reorder_due_ns, ack_due_ns;
	uint16_t outer_ip_id;
	bool requires_encryption;
};

// A new call; the clock of the worker goes on from the end of the last one.
void sim_worker_begin(struct sim_worker *w);
void sim_worker_set_time(uint64_t now_ns);

void sim_worker_add(struct sim_worker *w, uint16_t call_id, uint16_t peer_call_id,
	bool require_encryption, uint16_t late_pkts);
void sim_worker_command(struct sim_worker *w, const struct lane_command *command);
void sim_worker_send_frame(struct sim_worker *w, uint16_t protocol, struct span info);
// inner: host order
void sim_worker_open(struct sim_worker *w, bool on, uint32_t inner);
// Forget the session. Checks that it leaves nothing behind.
void sim_worker_delete(struct sim_worker *w);

// GRE of the client came; what the host behind the server sends.
void sim_worker_receive(struct sim_worker *w, struct span gre, uint64_t now_ns);
void sim_worker_receive_inside(struct sim_worker *w, struct span ip);

// The next event for control; GRE that left for the client; what left for the host. False, 0 when
// there is none.
bool sim_worker_take_event(struct sim_worker *w, struct lane_event *out);
size_t sim_worker_take_gre(struct sim_worker *w, uint8_t out[FLOW_FRAME_BYTES]);
size_t sim_worker_take_inside(struct sim_worker *w, uint8_t out[FLOW_FRAME_BYTES]);

uint64_t sim_worker_deadline(const struct sim_worker *w);
void sim_worker_expire(struct sim_worker *w, uint64_t now_ns);

// NULL when there is none.
struct session *sim_worker_session(const struct sim_worker *w);
uint64_t sim_worker_drops(enum drop_reason reason); // of all calls so far
