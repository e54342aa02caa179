// SPDX-License-Identifier: BSD-3-Clause
// Where to send an IPv4 packet: an immutable table that control builds from the kernel's routes and
// neighbours and swaps into the workers whole. One longest-prefix match gives all that tx needs. Each tenant
// has routes of its own in it.
//
// A neighbour stands in it as a /32 with its link address. A route through a gateway carries the
// gateway's link address. A connected prefix has kind ROUTE_UNRESOLVED: a packet that matches it
// and nothing longer needs a neighbour that the kernel has not resolved yet.
#pragma once

#include <rte_ether.h>
#include <stdbool.h>
#include <stdint.h>

enum route_kind {
	ROUTE_NONE,	  // nothing matches
	ROUTE_FORWARD,	  // send to link address `mac` on `port`
	ROUTE_UNRESOLVED, // the next hop's link address is not known: ask control to resolve
	ROUTE_LOCAL,	  // an address of the box itself
	ROUTE_BLACKHOLE,
	ROUTE_BROADCAST, // the directed broadcast of a network of `port`
};

struct route {
	uint8_t kind; // enum route_kind
	uint8_t port; // index in the configuration's list of ports
	struct rte_ether_addr mac;
	uint16_t vlan;	     // id of the tag, 0: untagged
	uint16_t mtu;	     // of the network, 0: the port's
	uint8_t prefix_len;  // of what it stands for; route_table_add() sets it
	uint32_t gateway_be; // next hop; 0: the destination itself
};

struct route_table;

// Room for n_routes_max prefixes of all tenants. Returns NULL when out of memory.
struct route_table *route_table_new(uint32_t n_routes_max);
void route_table_free(struct route_table *t);

// Add or replace one prefix. Returns 0, -EINVAL, -ENOSPC.
int route_table_add(struct route_table *t, uint16_t tenant, uint32_t prefix_be, uint8_t prefix_len,
	const struct route *route);

// Never NULL: an entry of kind ROUTE_NONE when nothing matches. tenant < LIMIT_TENANTS.
const struct route *route_table_lookup(
	const struct route_table *t, uint16_t tenant, uint32_t destination_be);

// Memory that it takes.
uint64_t route_table_bytes(const struct route_table *t);
// What a table for n_routes_max takes.
uint64_t route_table_bytes_for(uint32_t n_routes_max);
