// SPDX-License-Identifier: BSD-3-Clause
// Publishes the kernel's routes and neighbours to the workers: a table is built, given to all of
// them, and freed when each has said that it no longer looks at it.
#pragma once

#include "config/limits.h"
#include "msg/route_table.h"

#include <rte_mbuf.h>
#include <stdbool.h>

struct control;

// Tables that exist at a time: the present one and those that some worker has not given up yet.
enum { ROUTES_LIVE_MAX = 4 };

struct routes {
	uint32_t n_live;
	struct {
		struct route_table *table;
		uint32_t n_retired; // workers that gave it up
	} live[ROUTES_LIVE_MAX];    // the last is the present one
	uint64_t published_ns;
	uint64_t n_published;
	bool has_held; // a packet was held since the last look at what is resolved
};

// Open netlink and the TAPs of the ports. Returns 0 or -errno; logs what failed.
int routes_open(struct control *c);
// The workers have stopped.
void routes_close(struct control *c);

// Publish what changed, at most once in 5 ms, and send on what waited for it.
void routes_publish(struct control *c);

// When routes_publish() has something to do: TIMER_NEVER when nothing changed.
uint64_t routes_due(const struct control *c);

// A worker gave up a table; NULL when it had none.
void routes_retired(struct control *c, struct route_table *table);

// A worker has no link address for this packet's next hop: hold it, it moves. Returns 0, or
// -ENOBUFS when it was freed.
int routes_hold(struct control *c, uint8_t port, uint16_t vlan, uint32_t next_hop_be,
	struct rte_mbuf *packet);

// Once a second.
void routes_check(struct control *c);
