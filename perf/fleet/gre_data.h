// SPDX-License-Identifier: BSD-3-Clause
// Inner packets into tunnels and out of them: between gre.c, which knows GRE and MPPE, and traffic.c and check.c, which
// know what is inside.
#pragma once

#include "perf/fleet/fleet.h"

// A packet up under way.
struct gre_data {
	struct fleet_client *client;
	struct rte_mbuf *packet; // begins with PPP
	uint8_t *inner;		 // inner packet, for the caller to fill
	struct crypto_op op;
};

// Make room for an inner packet and put PPP and MPPE in front of it. Returns false when there is no mbuf. The order of
// these calls is the order of the packets, however they leave.
bool gre_data_begin(
	struct fleet *f, struct fleet_client *c, uint16_t inner_len, struct gre_data *d);

// Encrypt packets whose inner packets are filled: data[n], at most FLEET_BURST.
void gre_data_encrypt(struct fleet *f, struct gre_data *data, unsigned int n);

// Put GRE and IPv4 in front of a packet that begins with PPP.
void gre_data_wrap(struct fleet *f, struct fleet_client *c, struct rte_mbuf *m);

// Acks that no packet has taken along. Returns whether one was sent.
bool gre_send_acks(struct fleet *f, uint64_t now_ns);

// What gre.c has counted, for the report.
struct gre_counts {
	uint64_t received;	// with data, of clients that have a call
	uint64_t nobodys;	// for no call that there is
	uint64_t broken;	// headers that cannot be, wrong source
	uint64_t missing;	// GRE numbers left out
	uint64_t late, twice;	// GRE numbers
	uint64_t clear;		// data that should have been encrypted
	uint64_t undecryptable; // stateful, lost after a gap
	uint64_t lone_acks;
};

const struct gre_counts *gre_counts_of(const struct fleet *f);
