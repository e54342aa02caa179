// SPDX-License-Identifier: BSD-3-Clause
// What a client asks its server inside the tunnel, taken out of it by its worker: DHCP.
#pragma once

struct call;
struct rte_mbuf;

// Takes the packet, an IPv4 packet of the client. A DHCPINFORM is answered as the policy of the user says, all
// else is dropped and counted.
void call_inner_receive(struct call *call, struct rte_mbuf *packet);
