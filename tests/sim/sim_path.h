// SPDX-License-Identifier: BSD-3-Clause
// What lies between client and server: a TCP connection (in order, cut into random segments,
// delayed) and a GRE path (loses, repeats, reorders, delays). Both keep their packets in one queue
// by time.
#pragma once

#include "base/span.h"
#include "sim/sim_random.h"

#define SIM_NEVER UINT64_MAX
#define SIM_US	  1000ULL
#define SIM_MS	  1000000ULL
#define SIM_SEC	  1000000000ULL

enum sim_side { SIM_SERVER, SIM_CLIENT, SIM_SIDES };

enum {
	SIM_PACKET_BYTES_MAX = 700,
	SIM_PACKETS_MAX = 1024, // on their way at once; more are lost, as in a router
	SIM_STREAM_BYTES_MAX = 8192,
};

struct sim_conditions {
	uint32_t loss_permille, repeat_permille, reorder_permille; // of GRE
	uint64_t delay_ns, jitter_ns;				   // of both
	bool is_cut[SIM_SIDES];	 // GRE to that side is lost altogether
	bool is_dead[SIM_SIDES]; // that side's host has vanished: neither sends nor receives
};

enum sim_arrival_kind { SIM_TCP_BYTES, SIM_TCP_END, SIM_GRE };

struct sim_arrival {
	enum sim_arrival_kind kind;
	enum sim_side to;
	uint16_t len;
	uint8_t bytes[SIM_STREAM_BYTES_MAX];
};

struct sim_packet {
	uint64_t at_ns;
	uint64_t order; // of two at the same time the first sent is the first there
	enum sim_arrival_kind kind;
	enum sim_side to;
	uint16_t len; // GRE only
	uint8_t bytes[SIM_PACKET_BYTES_MAX];
};

// One direction of TCP: its bytes, and how many deliveries for them are in the queue.
struct sim_stream {
	uint8_t bytes[SIM_STREAM_BYTES_MAX];
	size_t len;
	unsigned int n_deliveries;
	uint64_t last_ns;
	bool is_ended;
};

struct sim_path {
	struct sim_conditions conditions;
	struct sim_random *random;
	bool is_traced; // frames and messages are printed as they arrive
	struct sim_stream to[SIM_SIDES];
	uint64_t last_ns[SIM_SIDES]; // when the last GRE packet to that side arrives
	uint64_t order;
	size_t n_queued;
	size_t n_free;
	uint16_t heap[SIM_PACKETS_MAX]; // indices of packets, soonest first
	uint16_t free[SIM_PACKETS_MAX];
	struct sim_packet packets[SIM_PACKETS_MAX];
};

void sim_path_init(struct sim_path *p, struct sim_random *random);

void sim_path_write(struct sim_path *p, enum sim_side to, struct span bytes, uint64_t now_ns);
void sim_path_close(struct sim_path *p, enum sim_side to, uint64_t now_ns);
void sim_path_send(struct sim_path *p, enum sim_side to, struct span packet, uint64_t now_ns);

// When the next thing arrives, SIM_NEVER when nothing is on its way.
uint64_t sim_path_next(const struct sim_path *p);

// Take it. Returns false when it arrives at a dead host.
bool sim_path_take(struct sim_path *p, struct sim_arrival *out);
