// SPDX-License-Identifier: BSD-3-Clause
#include "adit/port_rss.h"

static const uint8_t key_bytes[40] = {
	0x6d,
	0x5a,
	0x56,
	0xda,
	0x25,
	0x5b,
	0x0e,
	0xc2,
	0x41,
	0x67,
	0x25,
	0x3d,
	0x43,
	0xa3, //
	0x8f,
	0xb0,
	0xd0,
	0xca,
	0x2b,
	0xcb,
	0xae,
	0x7b,
	0x30,
	0xb4,
	0x77,
	0xcb,
	0x2d,
	0xa3, //
	0x80,
	0x30,
	0xf2,
	0x0c,
	0x6a,
	0x42,
	0xb7,
	0x3b,
	0xbe,
	0xac,
	0x01,
	0xfa,
};

// GRE is "IPv4, nothing known behind it" to the older NICs, plain IPv4 to others; fragments of it are a type of their own.
static const uint64_t addresses =
	RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER;
// Each is a type of its own on some NICs, and what is not named goes to queue 0.
static const uint64_t transports = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;

uint64_t port_rss_fields(uint64_t offloads, bool is_outside)
{
	// A NIC that hashes TCP but not the rest would leave all GRE on one queue: no better than none.
	if (!(offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER)))
		return 0;
	return offloads & (is_outside ? addresses : addresses | transports);
}

void port_rss_key(uint8_t *key, unsigned int n)
{
	for (unsigned int i = 0; i < n && i < PORT_RSS_KEY_BYTES_MAX; i++)
		key[i] = key_bytes[i % sizeof(key_bytes)];
}
