// SPDX-License-Identifier: BSD-3-Clause
// What gre.c and gre_in.c share.
#pragma once

#include "crypto/driver.h"
#include "perf/fleet/gre_data.h"

struct lone_ack {
	uint32_t client;
	uint64_t due_ns;
};

// An encrypted packet down under way.
struct received {
	struct fleet_client *client;
	struct rte_mbuf *packet;
	uint8_t *data; // behind the MPPE header
	uint16_t len;
	struct crypto_op op;
};

struct gre_half {
	const struct crypto_driver *driver;
	void *driver_state;
	bool only_front; // of a packet down no more is decrypted than is looked at

	struct received received[FLEET_BURST];
	unsigned int n_received;
	uint64_t arrived; // TSC

	// In the order in which they are due; a client stands in it at most once.
	struct lone_ack *acks;
	uint32_t ack_first, n_acks;

	struct gre_counts counts;
};

// All of ops[n], at most FLEET_BURST.
void gre_run_crypto(struct gre_half *g, struct crypto_op **ops, unsigned int n);

// A packet with data has come.
void gre_owe_ack(struct fleet *f, struct fleet_client *c);
