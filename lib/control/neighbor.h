// SPDX-License-Identifier: BSD-3-Clause
// The kernel is the router's brain: its links, addresses, routes and neighbours of our TAPs are
// mirrored by netlink into route tables for the workers; and what the workers cannot resolve is held here,
// bounded, while the kernel asks.
//
//   use      neighbor_read() when neighbor_fd() is readable; if neighbor_is_dirty(), build a table and publish it, then
//            inject what neighbor_take_resolved() gives
#pragma once

#include "config/limits.h"
#include "msg/route_table.h"

#include <rte_mbuf.h>

struct neighbor;

struct neighbor_port {
	unsigned int tap_ifindex;
	uint32_t address_be; // configured address to set on the TAP, 0: leave it to the operator
	uint8_t prefix_len;
	uint32_t gateway_be; // default route to set through this port, 0: none
};

// Open netlink, bring the TAPs up with their addresses and routes, subscribe, and read the present state.
//
//   ports[n_ports]  index is the port index of route tables
//   returns         0 or -errno; *error_port tells which port failed, -1 when none in particular
int neighbor_open(struct neighbor **out, const struct neighbor_port *ports, unsigned int n_ports,
	int *error_port);
void neighbor_close(struct neighbor *n);

int neighbor_fd(const struct neighbor *n);

// Take in what the kernel has to say. Returns 0 or -errno; an overrun (ENOBUFS) is answered by reading all anew.
int neighbor_read(struct neighbor *n);

bool neighbor_is_dirty(const struct neighbor *n);

// Build a table of what is known and clear the dirty mark. NULL when out of memory (still dirty then).
//
//   n_more  room for so many prefixes of the caller's own
struct route_table *neighbor_build(struct neighbor *n, unsigned int n_more);

// A worker found no link address for next_hop_be on port: hold the packet (it moves here) and ask the kernel to resolve.
// What does not fit (16 packets a next hop, 256 in all) is freed; returns -ENOBUFS for it, else 0.
int neighbor_hold(struct neighbor *n, uint8_t port, uint32_t next_hop_be, struct rte_mbuf *packet,
	uint64_t now_ns);

// Fetch a held packet whose next hop has been resolved since, or NULL.
struct rte_mbuf *neighbor_take_resolved(struct neighbor *n);

// Free what was held for over a second. Returns how many packets. Call about once a second; it also asks the kernel to
// confirm stale entries.
unsigned int neighbor_expire(struct neighbor *n, uint64_t now_ns);

unsigned int neighbor_count(const struct neighbor *n);
