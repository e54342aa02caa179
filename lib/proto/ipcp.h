// SPDX-License-Identifier: BSD-3-Clause
// IPCP as the server speaks it (RFC 1332, 1877): tells our address, gives the client its address
// and the name servers that are configured, and rejects VJ compression, IP-Addresses and what it
// does not know.
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
	uint8_t n_address_naks; // the peer's Naks of our address
};

void ipcp_init(
	struct ipcp *i, const struct fsm_limits *limits, const struct ipcp_addresses *addresses);
void ipcp_start(struct ipcp *i, uint64_t now_ns, struct step *out);
