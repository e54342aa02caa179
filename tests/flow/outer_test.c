// SPDX-License-Identifier: BSD-3-Clause
// What an outside and an inside port let in, and fragments of the tunnel.
#include "flow.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

struct policy {
	uint16_t type; // Ethernet
	uint32_t to;
	uint8_t protocol; // IPv4
	uint16_t port;
	uint16_t fragment; // flags and offset
	enum drop_reason
		closed;	       // by an outside port that takes PPTP alone; DROP_NONE: to the kernel
	enum drop_reason open; // by one that takes all
};

static const struct policy policies[] = {
	{0x0806, 0, 0, 0, 0, DROP_NONE, DROP_NONE},
	{0x86dd, 0, 0, 0, 0, DROP_ETHER_TYPE, DROP_NONE},
	{0x8864, 0, 0, 0, 0, DROP_ETHER_TYPE, DROP_NONE},
	{0x0800, FLOW_LISTEN, 6, 1723, 0, DROP_NONE, DROP_NONE},
	{0x0800, FLOW_LISTEN_SECOND, 6, 1723, 0, DROP_NONE, DROP_NONE},
	{0x0800, FLOW_LISTEN, 6, 22, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_LISTEN, 17, 1723, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_LISTEN, 1, 0, 0, DROP_NONE, DROP_NONE},
	{0x0800, FLOW_HOST, 1, 0, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_HOST, 6, 1723, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_HOST, 47, 0, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_LISTEN, 50, 0, 0, DROP_OUTSIDE_POLICY, DROP_NONE},
	{0x0800, FLOW_LISTEN, 6, 1723, 0x2000, DROP_OUTER_FRAGMENT, DROP_NONE},
	{0x0800, FLOW_LISTEN, 6, 1723, 0x0010, DROP_OUTER_FRAGMENT, DROP_NONE},
	{0x0800, FLOW_LISTEN, 1, 0, 0x0010, DROP_OUTER_FRAGMENT, DROP_NONE},
};

static void check_policy(bool accepts_all)
{
	struct flow f;
	struct lane_event e;

	flow_open(&f, &(struct flow_options){.accepts_all = accepts_all});
	for (unsigned int i = 0; i < RTE_DIM(policies); i++) {
		const struct policy *p = &policies[i];
		uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
		enum drop_reason reason = accepts_all ? p->open : p->closed;
		uint64_t before = flow_drops(&f, reason);

		SHIM_TRACE_CASE(i);
		flow_ip(ip, FLOW_CLIENT_OUTER + 9, p->to, p->protocol, 60);
		bytes_put_u16(ip + 22, p->port);
		bytes_put_u16(ip + 6, p->fragment);
		bytes_put_u16(ip + 10, 0);
		bytes_put_u16(ip + 10, inet_checksum(ip, 20));
		size_t len = flow_frame(frame, FLOW_OUTSIDE, ip, 60);
		bytes_put_u16(frame + 12, p->type);
		EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
		if (reason != DROP_NONE) {
			EXPECT_EQ(flow_drops(&f, reason), before + 1);
			EXPECT_FALSE(flow_exception(&f, 0, FLOW_ANY_KIND, &e));
			continue;
		}
		ASSERT_TRUE(flow_exception(&f, 0, FLOW_ANY_KIND, &e));
		EXPECT_EQ(e.kind, LANE_EXCEPTION);
		EXPECT_EQ(e.port, FLOW_OUTSIDE);
		ASSERT_EQ(rte_pktmbuf_pkt_len(e.packet), len);
		EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), frame, len);
		rte_pktmbuf_free(e.packet);
	}
	flow_close(&f);
}

TEST(outer, closed_port)
{
	check_policy(false);
}

TEST(outer, open_port)
{
	check_policy(true);
}

TEST(outer, short_and_foreign_frames)
{
	struct flow f;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		size_t len = flow_ip(ip, FLOW_HOST, FLOW_LISTEN, 6, 60);
		flow_frame(frame, port, ip, len);
		EXPECT_TRUE(flow_put(&f, port, 0, frame, 13));
		EXPECT_EQ(flow_drops(&f, DROP_ETHER_SHORT), port + 1);
		frame[5] ^= 0x40;
		EXPECT_TRUE(flow_put(&f, port, 0, frame, FLOW_ETHER_BYTES + len));
		EXPECT_EQ(flow_drops(&f, DROP_ETHER_ADDRESS), port + 1);
		frame[5] ^= 0x40;
		frame[FLOW_ETHER_BYTES + 10] ^= 1; // checksum
		EXPECT_TRUE(flow_put(&f, port, 0, frame, FLOW_ETHER_BYTES + len));
	}
	EXPECT_EQ(flow_drops(&f, DROP_OUTER_IP_BAD), 1);
	EXPECT_EQ(flow_drops(&f, DROP_INNER_IP_BAD), 1);
	flow_close(&f);
}

// A packet for one host in a frame for many is nobody's (RFC 1122 3.3.6, RFC 1812 5.3.4).
TEST(outer, unicast_in_a_broadcast_frame)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
	len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
	memset(frame, 0xff, 6);
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
	len = flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 100));
	memset(frame, 0xff, 6);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&f, DROP_ETHER_ADDRESS), 2);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

TEST(outer, inside_port_passes_to_the_kernel_what_is_for_no_client)
{
	struct flow f;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	size_t len = flow_ip(ip, FLOW_HOST, FLOW_INSIDE_ADDRESS, INET_TCP, 60);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	ASSERT_TRUE(flow_exception(&f, 0, LANE_EXCEPTION, &e));
	EXPECT_EQ(e.port, FLOW_INSIDE);
	rte_pktmbuf_free(e.packet);
	bytes_put_u16(frame + 12, 0x86dd);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	ASSERT_TRUE(flow_exception(&f, 0, LANE_EXCEPTION, &e));
	rte_pktmbuf_free(e.packet);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// One fragment of the IPv4 packet ip[len]: payload bytes from..to.
static size_t cut(uint8_t *out, const uint8_t *ip, size_t len, size_t from, size_t to)
{
	memcpy(out, ip, 20);
	memcpy(out + 20, ip + 20 + from, to - from);
	bytes_put_u16(out + 2, (uint16_t)(20 + to - from));
	bytes_put_u16(out + 6, (uint16_t)((20 + to < len ? 0x2000 : 0) | from / 8));
	bytes_put_u16(out + 10, 0);
	bytes_put_u16(out + 10, inet_checksum(out, 20));
	return 20 + to - from;
}

static void send_fragment(struct flow *f, const uint8_t *frame, size_t len, size_t from, size_t to)
{
	uint8_t part[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	size_t part_len = cut(part, frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES, from, to);

	EXPECT_TRUE(
		flow_put(f, FLOW_OUTSIDE, 0, out, flow_frame(out, FLOW_OUTSIDE, part, part_len)));
}

TEST(outer, fragments_of_the_tunnel_are_put_together)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int order = 0; order < 3; order++) {
		SHIM_TRACE_CASE(order);
		size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1400);
		len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
		len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
		bytes_put_u16(frame + FLOW_ETHER_BYTES + 4, (uint16_t)(100 + order));
		size_t payload = len - FLOW_ETHER_BYTES - 20;
		const size_t at[] = {0, 800, 1200, payload};
		for (unsigned int i = 0; i < 3; i++) {
			unsigned int k = (i + order) % 3;
			send_fragment(&f, frame, len, at[k], at[k + 1]);
		}
		ASSERT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 1400);
		inet_ttl_decrement(ip);
		EXPECT_MEMEQ(frame + FLOW_ETHER_BYTES, ip, 1400);
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(outer, fragments_reach_the_worker_that_owns_the_session)
{
	const struct flow_client_options owner = {.worker = 1};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	flow_client_up(&f, &c, &owner);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1400);
	len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
	len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
	send_fragment(&f, frame, len, 0, 800);
	send_fragment(&f, frame, len, 800, len - FLOW_ETHER_BYTES - 20);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// First fragments for which nothing more ever comes: bounded, the oldest make room, and all mbufs are back
// at the end.
TEST(outer, a_flood_of_fragments_is_bounded)
{
	struct flow f;
	struct flow_client c;
	uint8_t ppp[100] = {0}, frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 2000; i++) {
		size_t len = flow_gre_frame(&c, frame, i, ppp, sizeof(ppp));
		bytes_put_u16(frame + FLOW_ETHER_BYTES + 4, (uint16_t)i);
		send_fragment(&f, frame, len, 0, 64);
	}
	EXPECT_LE(rte_mempool_in_use_count(f.pool) - f.in_use_before, 64 * 8);
	EXPECT_GE(flow_drops(&f, DROP_OUTER_FRAGMENT), 2000 - 64 * 8);
	flow_close(&f);
}

TEST(outer, a_flood_of_fragments_leaves_room_for_a_client)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	uint8_t flood[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 2000; i++) {
		size_t len = flow_ip(ip, FLOW_CLIENT_OUTER + 99, FLOW_LISTEN, 47, 100);
		bytes_put_u16(ip + 4, (uint16_t)i);
		len = flow_frame(flood, FLOW_OUTSIDE, ip, len);
		send_fragment(&f, flood, len, 0, 64);
		if (i % 100 != 99)
			continue;
		len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1400);
		len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
		len = flow_gre_frame(&c, frame, c.seq++, ppp, len);
		bytes_put_u16(frame + FLOW_ETHER_BYTES + 4, (uint16_t)i);
		send_fragment(&f, frame, len, 0, 800);
		send_fragment(&f, flood, 20 + FLOW_ETHER_BYTES + 80, 0, 64); // and one between
		send_fragment(&f, frame, len, 800, len - FLOW_ETHER_BYTES - 20);
	}
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 20);
	flow_close(&f);
}

TEST(outer, overlapping_fragments_do_no_harm)
{
	struct flow f;
	struct flow_client c;
	uint8_t ppp[400] = {0}, frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_gre_frame(&c, frame, 1, ppp, sizeof(ppp));
	size_t payload = len - FLOW_ETHER_BYTES - 20;
	for (unsigned int i = 0; i < 20; i++) {
		bytes_put_u16(frame + FLOW_ETHER_BYTES + 4, (uint16_t)(i / 5));
		send_fragment(&f, frame, len, 0, 200);
		send_fragment(&f, frame, len, 8 * (i % 9), 208);
		send_fragment(&f, frame, len, 104, payload - (i & 1));
	}
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	flow_close(&f);
}
