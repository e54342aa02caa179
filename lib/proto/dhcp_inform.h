// SPDX-License-Identifier: BSD-3-Clause
// A client that has an address asks for the rest: DHCPINFORM in, DHCPACK out (RFC 2131 3.4, 4.3.5). Nothing is
// remembered between the two.
//
//   Windows     sends it as a broadcast once IPCP is open, several times until it is answered. It uses routes
//               (249; since Vista 121, too) where "Use default gateway on remote network" is off, and the
//               domain always.
//   macOS       the same from pppd where the configuration says so, with 249 alone; it takes option 53
//               only as the first one.
//   VPN 3000    answered it as "DHCP Intercept": netmask 255.255.255.255, domain, routes.
#pragma once

#include "wire/dhcp.h"

enum {
	DHCP_INFORM_ROUTES_MAX = 32,
	DHCP_INFORM_SERVERS_MAX = 2,
	DHCP_INFORM_BYTES_MIN = 300, // of BOOTP; what is shorter some drop (RFC 1542 2.1)
};

// What the client of a call may know.
struct dhcp_inform_params {
	uint32_t client_be;  // its inner address
	uint32_t server_be;  // ours in the tunnel
	uint32_t netmask_be; // 0: 255.255.255.255
	uint8_t n_dns;
	uint8_t n_nbns;
	uint8_t n_routes;
	uint32_t dns_be[DHCP_INFORM_SERVERS_MAX];
	uint32_t nbns_be[DHCP_INFORM_SERVERS_MAX];
	const char *domain;		 // "": none
	const struct dhcp_route *routes; // routes[n_routes]
};

// Answer `message`, the data of a UDP datagram from the client's address. What the client did not ask for is not
// in the answer; nor is what does not fit, from the end of this order: netmask, routes, DNS, NBNS and node type,
// domain.
//
//   bytes_max  of the answer, as the tunnel's MTU has it; what the client says it can take counts, too
//   out        DHCP message
//   returns    0 | -EBADMSG malformed | -EOPNOTSUPP another message than INFORM
//              | -EADDRNOTAVAIL it asks for another address than its own | -ENOSPC no room for the least answer
int dhcp_inform_answer(struct span message, const struct dhcp_inform_params *params,
	size_t bytes_max, struct writer *out);
