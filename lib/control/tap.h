// SPDX-License-Identifier: BSD-3-Clause
// The TAP of a port: the kernel's end of it, with the port's MAC. We own the descriptor ourselves: the
// net_tap driver costs a signal a packet.
#pragma once

#include "base/bytes.h"

#include <net/if.h>
#include <rte_ether.h>
#include <rte_mbuf.h>

struct tap {
	int fd;
	unsigned int ifindex;
	char name[IFNAMSIZ];
};

// Make the interface (not persistent: it goes with the process), set MAC and MTU. Returns 0 or -errno.
int tap_open(struct tap *t, const char *name, const struct rte_ether_addr *mac, uint16_t mtu);
void tap_close(struct tap *t);

// The network behind it may be that of another TAP too, so the way back need not lead through this one.
void tap_share_network(const struct tap *t);

// Make a kernel interface that serves as a port ours alone, and bring it up: the kernel sees its frames too, and
// must neither answer ARP on it nor take its IP packets, or each would be handled twice. Its addresses belong on the
// TAP. Returns 0 or -errno.
int tap_claim_interface(const char *name);

// Hand a frame to the kernel, completing a TCP or UDP checksum that the sender left to hardware (veth does).
// The packet stays the caller's. Returns 0 or -errno.
int tap_send(struct tap *t, struct rte_mbuf *packet);

// Take one frame that the kernel sends. NULL and *error: -EAGAIN none there, -ENOMEM no mbuf (the frame is lost),
// else -errno.
struct rte_mbuf *tap_receive(struct tap *t, struct rte_mempool *pool, int *error);
