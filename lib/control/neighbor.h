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

// A network of a port, tagged or not, with the TAP that the kernel sees it by.
struct neighbor_network {
	unsigned int tap_ifindex;
	uint8_t port;	     // as in route tables, like the two below
	uint16_t vlan;	     // 0: untagged
	uint16_t mtu;	     // 0: the port's
	uint16_t tenant;     // whose routes the kernel's routes by this TAP are
	uint32_t address_be; // configured address to set on the TAP, 0: leave it to the operator
	uint8_t prefix_len;
	uint32_t gateway_be; // default route to set through this network, 0: none
};

// Open netlink, bring the TAPs up with their addresses and routes, subscribe, and read the present state.
//
// Default routes of tenants lie in kernel tables of their own (NEIGHBOR_TABLE), where the kernel itself never looks: the
// box does not send by a tenant's gateway what is its own. Routes in its main table by their TAPs count too.
//
//   networks[n]  copied
//   returns      0 or -errno; *error_network tells which one failed, -1 when none in particular
enum { NEIGHBOR_TABLE = 1000000 }; // and the tenant's number

int neighbor_open(struct neighbor **out, const struct neighbor_network *networks, unsigned int n,
	int *error_network);
void neighbor_close(struct neighbor *n);

int neighbor_fd(const struct neighbor *n);

// Take in what the kernel has to say. Returns 0 or -errno; an overrun (ENOBUFS) is answered by reading all anew.
int neighbor_read(struct neighbor *n);

bool neighbor_is_dirty(const struct neighbor *n);
// What is put into the table beside what is known here is another: make it dirty.
void neighbor_touch(struct neighbor *n);

// Build a table of what is known and clear the dirty mark. NULL when out of memory (still dirty then).
//
//   n_more  room for so many prefixes of the caller's own
struct route_table *neighbor_build(struct neighbor *n, unsigned int n_more);

// A worker found no link address for next_hop_be in a network (index): hold the packet (it moves here) and ask the kernel to resolve.
// What does not fit (16 packets a next hop, 256 in all) is freed; returns -ENOBUFS for it, else 0.
int neighbor_hold(struct neighbor *n, uint16_t network, uint32_t next_hop_be,
	struct rte_mbuf *packet, uint64_t now_ns);

// Fetch a held packet whose next hop has been resolved since, or NULL; *tenant is its network's.
struct rte_mbuf *neighbor_take_resolved(struct neighbor *n, uint16_t *tenant);

// Free what was held for over a second. Returns how many packets. Call about once a second; it also asks the kernel to
// confirm stale entries.
unsigned int neighbor_expire(struct neighbor *n, uint64_t now_ns);

unsigned int neighbor_count(const struct neighbor *n);
