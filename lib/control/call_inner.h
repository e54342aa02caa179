// SPDX-License-Identifier: BSD-3-Clause
// What a client asks its server inside the tunnel, taken out of it by its worker: DHCP.
#pragma once

#include "proto/link.h"

struct call;
struct rte_mbuf;

// Takes the packet, an IPv4 packet of the client. A DHCPINFORM is answered as the group of the user says, all
// else is dropped and counted.
void call_inner_receive(struct call *call, struct rte_mbuf *packet);

// The name servers of the user's group, for IPCP; those of the pool stay where the group has none.
void call_inner_names(const struct call *call, struct link_verdict *verdict);
