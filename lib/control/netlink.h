// SPDX-License-Identifier: BSD-3-Clause
// Requests to the kernel over rtnetlink: answered at once, or sent and forgotten.
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

struct netlink {
	struct mnl_socket *socket;
	uint32_t port;
	uint32_t sequence;
};

// Returns 0 or -errno. `groups`: RTMGRP_* to hear of, 0 for a socket that only asks.
int netlink_open(struct netlink *n, unsigned int groups);
void netlink_close(struct netlink *n);

int netlink_link_up(struct netlink *n, unsigned int ifindex);
// `metric`: of the route to its network, 0: the kernel's choice.
int netlink_address_add(struct netlink *n, unsigned int ifindex, uint32_t address_be,
	uint8_t prefix_len, uint32_t metric);
int netlink_default_route_add(
	struct netlink *n, unsigned int ifindex, uint32_t gateway_be, uint32_t table);

// Ask for all objects of a type (RTM_GETROUTE, RTM_GETNEIGH); `take` sees each answer. -EINTR: they changed meanwhile, what
// `take` saw is not one state, ask again. Returns 0 or -errno.
int netlink_dump(struct netlink *n, uint16_t type, mnl_cb_t take, void *context);

// Make the kernel resolve (or confirm) a neighbour; the answer is a notification. Not waited for.
int netlink_neighbor_use(struct netlink *n, unsigned int ifindex, uint32_t address_be);
