// SPDX-License-Identifier: BSD-3-Clause
// The data half of a call. It lives in the table of one worker, which alone reads and writes it, but
// for `counters`, which control reads while it changes.
#pragma once

#include "base/drop_reason.h"
#include "base/ids.h"
#include "crypto/op.h"
#include "proto/gre_window.h"
#include "proto/mppe_sync.h"

#include <rte_common.h>

struct route;

// worker: w, control: r (relaxed, one 64-bit number at a time). "up" is client to server.
struct session_counters {
	uint64_t up_pkts, up_bytes;	// inner packets taken from the client
	uint64_t down_pkts, down_bytes; // inner packets sent to the client
	uint64_t up_control_frames, down_control_frames;
	uint64_t drops; // of all reasons; the lane's counters tell which
	uint64_t lost;	// sequence numbers that never came
	uint64_t duplicates, late, jumps;
	uint64_t decrypt_failures;
	uint64_t clear_refused; // clear data from the client where encryption is required
	uint64_t lone_acks_sent, lone_acks_received;
	uint64_t key_changes;
	uint64_t last_up_ns; // monotonic time of the last packet from the client
};

enum session_flag {
	SESSION_REQUIRE_ENCRYPTION = 1 << 0,
	SESSION_HAS_KEYS = 1 << 1, // receive decrypts
	SESSION_ENCRYPT = 1 << 2,  // send encrypts
	SESSION_OPEN = 1 << 3,	   // IPCP is open: data may pass
	SESSION_SEND_PFC = 1 << 4,
	SESSION_SEND_ACFC = 1 << 5,
	SESSION_HAS_CHECKPOINT = 1 << 6,
	SESSION_FAILURES_TOLD = 1 << 7, // control was told of the decrypt failures
	SESSION_CLEAR_TOLD = 1 << 8,	// control was told of clear data
	SESSION_ACK_QUEUED = 1 << 9,	// in the worker's list of acks owed
	SESSION_QUIESCES = 1 << 10,	// a command waits for the crypto driver: it gets no more
};

struct session {
	// what every packet touches
	uint64_t id; // SESSION_ID_NONE: the slot is free
	uint32_t outer_local_be;
	uint32_t outer_peer_be;
	uint16_t call_id;      // ours
	uint16_t peer_call_id; // the client's
	uint16_t flags;	       // enum session_flag
	uint16_t mtu;	       // largest inner packet to the client
	uint32_t inner_be;     // the client's inner address, 0 until IPCP
	uint16_t mss_max;      // 0: no clamp
	uint16_t listen;       // index of the listen address
	uint32_t failures_in_a_row;
	uint16_t ip_id; // of outer packets
	struct mppe_sync rx_sync;
	struct mppe_sync tx_sync;
	struct gre_window gre;
	const struct route
		*outer_route; // to the client, of the worker's table number `routes_number`
	uint32_t routes_number;

	// the worker's own bookkeeping
	uint16_t rx_in_flight; // packets that the crypto driver holds
	uint16_t tx_in_flight;
	uint32_t ack_next; // slots of the neighbours in the list of acks owed
	uint32_t ack_prev;
	uint64_t ack_at_ns;   // when the list of acks owed gets to this session
	uint64_t ppp_gate_ns; // what the rate of frames to control has used up

	struct mppe_context rx_key __rte_cache_aligned;
	struct mppe_context tx_key;

	// the receive side as it was before a jump, until a packet proves the jump right
	struct mppe_context checkpoint_key __rte_cache_aligned;
	uint16_t checkpoint_count; // rx_sync.last of then

	struct session_counters counters __rte_cache_aligned;
} __rte_cache_aligned;

_Static_assert(sizeof(struct session) <= 1024, "a session stays within 1 KiB");

// A worker's table: allocated once at start.
struct session_table {
	struct session *slots; // slots[n_slots]
	uint32_t n_slots;
	uint32_t n_used;
};

// The live session of this id, or NULL when it has gone or never was.
static inline struct session *session_table_find(const struct session_table *t, uint64_t id)
{
	uint32_t slot = session_id_slot(id);
	if (id == SESSION_ID_NONE || slot >= t->n_slots || t->slots[slot].id != id)
		return NULL;
	return &t->slots[slot];
}

// Allocates the slots on a NUMA socket (rte_malloc). Returns 0 or -ENOMEM.
int session_table_init(struct session_table *t, uint32_t n_slots, int socket);
void session_table_fini(struct session_table *t);

// Wipe the keys and free the slot.
void session_table_release(struct session_table *t, struct session *s);
