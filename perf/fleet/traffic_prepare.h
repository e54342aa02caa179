// SPDX-License-Identifier: BSD-3-Clause
// Packets up that were made and encrypted before the traffic began, so that the fleet is not the bottleneck of what it
// measures. They lie one after the other in the order in which they leave; their time is put in as they do.
#pragma once

#include "perf/fleet/fleet.h"

struct prepared;

struct prepared_packet {
	struct fleet_client *client;
	struct rte_mbuf *packet; // begins with PPP
	uint8_t *payload;	 // of the inner packet
	uint32_t seq;
	uint16_t len; // of the inner packet
};

// As many as --prepare has room for. NULL, with a line on stderr, when there is no memory.
struct prepared *prepared_make(struct fleet *f);
void prepared_free(struct prepared *p);

bool prepared_is_empty(const struct prepared *p);

// The next one, of a client that still has its call. False: there is none, or no mbuf for it.
bool prepared_take(struct prepared *p, struct fleet *f, struct prepared_packet *out);
