// SPDX-License-Identifier: BSD-3-Clause
// The networks of all ports, each with a TAP: the ports' untagged ones first, in the order of the ports, then the
// VLANs in the order of the configuration. The kernel sees them without tags; they are taken off and put on here.
#pragma once

#include "config/limits.h"

#include <rte_mbuf.h>

struct control;
struct tap;

enum { NETWORK_NONE = UINT16_MAX, NETWORK_VLAN_IDS = 4096 };

struct networks {
	uint16_t n; // 0: there are no ports
	struct network {
		uint8_t port;
		uint16_t vlan; // 0: untagged
		uint16_t tenant;
		struct tap *tap;
		const char *name;
	} * list;			      // list[n]
	uint16_t (*by_tag)[NETWORK_VLAN_IDS]; // by_tag[LIMIT_PORTS]
};

// Returns 0 or -ENOMEM.
int networks_open(struct control *c);
void networks_close(struct networks *n);

// Index of a network, or NETWORK_NONE.
uint16_t networks_find(const struct networks *n, uint8_t port, uint16_t vlan);

// To the kernel: a frame of a port, which loses its tag. The packet stays the caller's. Returns 0 or -errno.
int networks_to_kernel(const struct networks *n, uint8_t port, struct rte_mbuf *frame);

// From the kernel: put the tag of the network on a frame. False: there is no room for it.
bool networks_put_tag(const struct network *network, struct rte_mbuf *frame);
