// SPDX-License-Identifier: BSD-3-Clause
// DPDK's environment and the fleet's two ports: Ethernet, ARP and ICMP echo. Outside the fleet is a router with the
// clients behind it, inside it is a host.
#pragma once

#include "perf/fleet/fleet.h"

// Start EAL. Returns 0 or -errno, with a line on stderr, as all of these.
int ports_start_eal(const struct fleet_options *o);

// Open both ports, wait for their links, and find adit's link addresses.
int ports_open(struct fleet *f);
void ports_close(struct fleet *f);

// Take what has come, and hand it on: GRE to gre_receive(), TCP to dial_receive_tcp(), what is for the inside host to
// inside_receive(). Returns how many frames there were.
unsigned int ports_receive(struct fleet *f);

// Send what was gathered.
void ports_flush(struct fleet *f);
