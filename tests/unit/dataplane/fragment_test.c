// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/lane.h"

#include "shim/eal.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// For lane_clock_test.c too.
void unit_eal(void);
void unit_eal(void)
{
	eal_start(64);
}

static struct rte_mempool *pool(void)
{
	static struct rte_mempool *p;

	unit_eal();
	if (!p)
		p = rte_pktmbuf_pool_create(
			"fragments", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!p)
		abort();
	return p;
}

static struct rte_mbuf *make(const uint8_t *options, uint8_t options_len, uint16_t payload_len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool());
	uint16_t len = (uint16_t)(INET_IPV4_HEADER_BYTES + options_len + payload_len);
	uint8_t *ip = (uint8_t *)rte_pktmbuf_append(m, len);

	inet_ipv4_put(ip, 1, 2, INET_UDP, len, 9, 64, 0, false);
	ip[0] = (uint8_t)(0x45 + options_len / 4);
	if (options_len > 0)
		memcpy(ip + INET_IPV4_HEADER_BYTES, options, options_len);
	for (uint16_t i = 0; i < payload_len; i++)
		ip[INET_IPV4_HEADER_BYTES + options_len + i] = (uint8_t)(i * 13 + (i >> 8));
	return m;
}

// Every part is a good packet no longer than the MTU, and together they are the payload.
static void check(const struct rte_mbuf *m, uint8_t header_len, uint16_t mtu,
	struct rte_mbuf **parts, unsigned int n)
{
	const uint8_t *whole = rte_pktmbuf_mtod(m, const uint8_t *) + header_len;
	uint32_t at = 0;

	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *ip = rte_pktmbuf_mtod(parts[i], const uint8_t *);
		struct inet_ipv4 header;
		ASSERT_EQ(inet_ipv4_get(
				  ip, rte_pktmbuf_data_len(parts[i]), DROP_INNER_IP_BAD, &header),
			DROP_NONE);
		ASSERT_EQ(header.total_len, rte_pktmbuf_data_len(parts[i]));
		ASSERT_LE(header.total_len, mtu);
		ASSERT_EQ((bytes_get_u16(ip + 6) & 0x1fff) * 8, at);
		ASSERT_EQ(bytes_get_u16(ip + 6) >> 13, i + 1 < n);
		ASSERT_MEMEQ(
			ip + header.header_len, whole + at, header.total_len - header.header_len);
		at += header.total_len - header.header_len;
	}
	EXPECT_EQ(at + header_len, rte_pktmbuf_data_len(m));
}

TEST(fragment, parts_are_the_whole)
{
	// strict source route (copied), record route (not), end
	static const uint8_t options[] = {0x89, 7, 4, 1, 2, 3, 4, 7, 7, 4, 0, 0, 0, 0, 1, 0};
	struct xorshift x = xorshift_seed(3);
	struct rte_mbuf *parts[LANE_FRAGMENTS_MAX];

	for (unsigned int i = 0; i < 2000; i++) {
		SHIM_TRACE_CASE(i);
		uint8_t options_len = xorshift_below(&x, 2) ? sizeof(options) : 0;
		uint16_t payload_len = (uint16_t)(1 + xorshift_below(&x, 1700));
		uint16_t mtu = (uint16_t)(100 + xorshift_below(&x, 1500));
		struct rte_mbuf *m = make(options, options_len, payload_len);
		unsigned int n = fragment_ipv4(pool(), m, mtu, parts);
		if (n > 0)
			check(m, (uint8_t)(INET_IPV4_HEADER_BYTES + options_len), mtu, parts, n);
		else
			EXPECT_GT(payload_len / (mtu - 28 - options_len), LANE_FRAGMENTS_MAX - 4);
		rte_pktmbuf_free_bulk(parts, n);
		rte_pktmbuf_free(m);
	}
	EXPECT_EQ(rte_mempool_in_use_count(pool()), 0);
}

TEST(fragment, what_cannot_be_done_leaves_nothing_behind)
{
	struct rte_mbuf *parts[LANE_FRAGMENTS_MAX], *hoard[64];
	struct rte_mbuf *m = make(NULL, 0, 1400);
	unsigned int n = 0;

	EXPECT_EQ(fragment_ipv4(pool(), m, 20, parts), 0); // no room for a payload
	EXPECT_EQ(fragment_ipv4(pool(), m, 27, parts), 0); // not for a unit of 8 bytes
	EXPECT_EQ(fragment_ipv4(pool(), m, 0, parts), 0);
	EXPECT_EQ(fragment_ipv4(pool(), m, 28, parts), 0); // more than LANE_FRAGMENTS_MAX
	EXPECT_EQ(rte_mempool_in_use_count(pool()), 1);
	while (n < 60)
		hoard[n++] = rte_pktmbuf_alloc(pool());
	EXPECT_EQ(fragment_ipv4(pool(), m, 576, parts), 0); // two left, three needed
	EXPECT_EQ(rte_mempool_in_use_count(pool()), 61);
	rte_pktmbuf_free_bulk(hoard, n);
	rte_pktmbuf_free(m);
}

// Options that contradict themselves end the copying, not the packet.
TEST(fragment, malformed_options)
{
	static const uint8_t malformed[][8] = {{0x89, 0}, {0x89, 1}, {0x89, 9},
		{1, 1, 1, 1, 1, 1, 1, 0x89}, {0x89, 7, 1, 1, 1, 1, 1}};
	struct rte_mbuf *parts[LANE_FRAGMENTS_MAX];

	for (unsigned int i = 0; i < RTE_DIM(malformed); i++) {
		SHIM_TRACE_CASE(i);
		struct rte_mbuf *m = make(malformed[i], sizeof(malformed[i]), 1000);
		unsigned int n = fragment_ipv4(pool(), m, 576, parts);
		ASSERT_EQ(n, 2);
		check(m, INET_IPV4_HEADER_BYTES + sizeof(malformed[i]), 576, parts, n);
		rte_pktmbuf_free_bulk(parts, n);
		rte_pktmbuf_free(m);
	}
}
