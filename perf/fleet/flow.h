// SPDX-License-Identifier: BSD-3-Clause
// What a client's tunnel holds: GRE numbers, MPPE keys, numbers of its traffic. Set up by gre.c, used packet by
// packet.
#pragma once

#include "base/bytes.h"
#include "crypto/op.h"
#include "perf/fleet/order.h"

struct rte_mbuf;

struct fleet_flow {
	// GRE
	uint32_t send_seq;	// number of the next packet
	struct order received;	// numbers of the server's
	uint8_t n_unacked;	// received since the last ack left
	bool owes_ack, in_acks; // in_acks: it stands in the list of lone acks
	uint64_t owes_since_ns;

	// MPPE
	struct mppe_context up, down;
	uint16_t up_count;     // coherency count of the next packet
	uint16_t down_count;   // of the last one
	bool flush_is_due;     // the next packet up is flushed
	bool is_lost;	       // stateful: nothing can be read until a flushed packet comes
	struct rc4_state *rc4; // rc4[2], up and down; NULL while no direction is stateful

	// traffic
	uint16_t incarnation;
	bool is_offered;	   // it takes part in the traffic
	uint32_t place;		   // where it stands among those that do
	uint32_t up_seq, down_seq; // of the next packet
	struct order up_order, down_order;
	struct rte_mbuf *held; // up, to leave behind the next one
};
