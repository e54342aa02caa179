// SPDX-License-Identifier: BSD-3-Clause
#include "adit/port_rss.h"

#include "shim/shim.h"

#include <rte_thash.h>

enum { KEY = 40, RETA = 128 };

TEST(port_rss, fields)
{
	const uint64_t old_nic = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_IPV6;
	const uint64_t typed_nic = RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |
				   RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP |
				   RTE_ETH_RSS_NVGRE;

	EXPECT_EQ(RTE_ETH_RSS_IPV4, port_rss_fields(old_nic, true));
	EXPECT_EQ(RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP, port_rss_fields(old_nic, false));
	EXPECT_EQ(RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER,
		port_rss_fields(typed_nic, true));
	EXPECT_EQ(RTE_ETH_RSS_FRAG_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_OTHER |
			  RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP,
		port_rss_fields(typed_nic, false));
	// What would leave GRE on one queue is none.
	EXPECT_EQ(0, port_rss_fields(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_IPV6, true));
	EXPECT_EQ(0, port_rss_fields(0, false));
}

static uint32_t ipv4(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return a << 24 | b << 16 | c << 8 | d;
}

static uint32_t hash(uint32_t source, uint32_t destination)
{
	uint32_t tuple[2] = {source, destination}; // host order, as rte_softrss() wants it
	uint8_t key[KEY];

	port_rss_key(key, KEY);
	return rte_softrss(tuple, 2, key);
}

// The published vectors of "Verifying the RSS Hash Calculation", IPv4 without ports.
TEST(port_rss, key_is_the_verification_suites)
{
	EXPECT_EQ(0x323e8fc2, hash(ipv4(66, 9, 149, 187), ipv4(161, 142, 100, 80)));
	EXPECT_EQ(0xd718262a, hash(ipv4(199, 92, 111, 2), ipv4(65, 69, 140, 83)));
	EXPECT_EQ(0xd2d0a5de, hash(ipv4(24, 19, 198, 95), ipv4(12, 22, 207, 184)));
}

TEST(port_rss, longer_keys_repeat)
{
	uint8_t key[PORT_RSS_KEY_BYTES_MAX + 1] = {0};

	port_rss_key(key, 52);
	EXPECT_EQ(key[0], key[40]);
	EXPECT_EQ(key[11], key[51]);
	EXPECT_EQ(0, key[52]);
	port_rss_key(key, 1000);
	EXPECT_EQ(0, key[PORT_RSS_KEY_BYTES_MAX]);
}

// Neighbouring clients of one server spread over the queues: none has more than twice its share.
TEST(port_rss, neighbours_spread)
{
	enum { CLIENTS = 4096 };

	for (unsigned int n_queues = 2; n_queues <= 32; n_queues *= 2) {
		unsigned int count[32] = {0};
		SHIM_TRACE_CASE(n_queues);
		for (uint32_t i = 0; i < CLIENTS; i++)
			count[hash(ipv4(198, 51, 100, 0) + i, ipv4(192, 0, 2, 1)) % RETA %
				n_queues]++;
		for (unsigned int q = 0; q < n_queues; q++)
			EXPECT_LE(count[q], 2 * CLIENTS / n_queues);
	}
}
