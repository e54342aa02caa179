// SPDX-License-Identifier: BSD-3-Clause
// IPCP as the server speaks it (RFC 1332, 1877): tells our address, gives the client its address
// and the name servers that are configured, and rejects VJ compression, IP-Addresses and what it
// does not know.
//
//   choice  where the client may choose its address, the caller looks at each request with
//           ipcp_asks_for() before it goes in, and changes addresses.client_be if it agrees
#pragma once

#include "proto/fsm.h"

enum ipcp_option {
	IPCP_OPTION_ADDRESSES = 1, // deprecated by RFC 1332 3.1
	IPCP_OPTION_COMPRESSION = 2,
	IPCP_OPTION_ADDRESS = 3,
	IPCP_OPTION_DNS_1 = 129,
	IPCP_OPTION_NBNS_1 = 130,
	IPCP_OPTION_DNS_2 = 131,
	IPCP_OPTION_NBNS_2 = 132,
};

struct ipcp_addresses {
	uint32_t server_be;
	uint32_t client_be;
	uint32_t dns_be[2]; // 0: none
	uint32_t nbns_be[2];
};

struct ipcp {
	struct fsm fsm;
	struct ipcp_addresses addresses;
	bool says_address;	// our request has our address: the peer did not reject it
	bool has_refused;	// the caller did not agree to the address that the peer wants
	uint8_t n_address_naks; // the peer's Naks of our address
};

void ipcp_init(
	struct ipcp *i, const struct fsm_limits *limits, const struct ipcp_addresses *addresses);
void ipcp_start(struct ipcp *i, uint64_t now_ns, struct step *out);

// The address that a Configure-Request asks for, when it is another one than the peer has, or 0.
uint32_t ipcp_asks_for(const struct ipcp *i, struct span info);

// What the peer gets, now that it has asked for `asked_be`.
void ipcp_choose(struct ipcp *i, uint32_t asked_be, uint32_t client_be);
