// SPDX-License-Identifier: BSD-3-Clause
// What a client sends to no single host: DHCP, broadcasts, multicast; and what control sends to a client.
#include "flow.h"

#include "shim/shim.h"
#include "wire/dhcp.h"
#include "wire/udp.h"

enum {
	EVERYBODY = 0xffffffff,
	NETWORK_EVERYBODY = 0x0a14ffff, // 10.20.255.255, of the inside
	OUTSIDE_EVERYBODY = 0xc00002ff, // 192.0.2.255
	NETBIOS = 137,
};

struct world {
	struct flow f;
	struct flow_client c;
};

static void open_world_with(
	struct world *w, const struct flow_options *flow, const struct flow_client_options *options)
{
	flow_open(&w->f, flow);
	flow_add_route(w->f.routes, NETWORK_EVERYBODY, 32, ROUTE_BROADCAST, FLOW_INSIDE, 0, 0);
	flow_add_route(w->f.routes, OUTSIDE_EVERYBODY, 32, ROUTE_BROADCAST, FLOW_OUTSIDE, 0, 0);
	flow_client_up(&w->f, &w->c, options);
}

static void open_world(struct world *w, const struct flow_client_options *options)
{
	open_world_with(w, NULL, options);
}

// UDP of the client from `port` to `port`, but DHCP comes from 68.
static size_t udp(struct world *w, uint8_t *ip, uint32_t to, uint16_t port)
{
	memset(ip + UDP_HEADERS_BYTES, 'x', 100);
	return udp_put(ip, flow_be(w->c.inner), flow_be(to),
		port == DHCP_SERVER_PORT ? DHCP_CLIENT_PORT : port, port, 100);
}

static void send_udp(struct world *w, uint32_t to, uint16_t port)
{
	uint8_t ip[FLOW_FRAME_BYTES];
	size_t len = udp(w, ip, to, port);

	flow_send_up(&w->c, ip, len);
}

static unsigned int count_inner_events(struct world *w)
{
	struct lane_event e;
	unsigned int n = 0;

	for (; flow_event(&w->f, 0, LANE_INNER, &e); n++)
		rte_pktmbuf_free(e.packet);
	return n;
}

TEST(broadcast, dhcp_comes_to_control_decrypted)
{
	static const uint32_t to[] = {EVERYBODY, FLOW_SERVER_INNER};
	struct world w;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_world(&w, &(struct flow_client_options){.dhcp_inform = true});
	for (unsigned int i = 0; i < RTE_DIM(to); i++) {
		SHIM_TRACE_CASE(i);
		size_t len = udp(&w, ip, to[i], DHCP_SERVER_PORT);
		flow_send_up(&w.c, ip, len + i); // the second with padding of PPP
		ASSERT_TRUE(flow_event(&w.f, 0, LANE_INNER, &e));
		EXPECT_EQ(e.session_id, w.c.id);
		ASSERT_EQ(rte_pktmbuf_data_len(e.packet), len);
		EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), ip, len);
		rte_pktmbuf_free(e.packet);
	}
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	EXPECT_EQ(flow_drops_all(&w.f), 0);
	flow_close(&w.f);
}

// To a DHCP server of the inside it goes like any packet.
TEST(broadcast, dhcp_to_another_host_is_none_of_ours)
{
	struct world w;

	open_world(&w, &(struct flow_client_options){.dhcp_inform = true});
	send_udp(&w, FLOW_HOST, DHCP_SERVER_PORT);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 1);
	EXPECT_EQ(count_inner_events(&w), 0);
	flow_close(&w.f);
}

TEST(broadcast, dhcp_where_policy_has_none)
{
	struct world w;

	open_world(&w, &(struct flow_client_options){.relays = true});
	send_udp(&w, EVERYBODY, DHCP_SERVER_PORT);
	send_udp(&w, FLOW_SERVER_INNER, DHCP_SERVER_PORT);
	EXPECT_EQ(flow_drops(&w.f, DROP_DHCP_REFUSED), 2);
	EXPECT_EQ(count_inner_events(&w), 0);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	flow_close(&w.f);
}

TEST(broadcast, dhcp_has_a_rate)
{
	struct world w;

	open_world(&w, &(struct flow_client_options){.dhcp_inform = true});
	for (int i = 0; i < 50; i++)
		send_udp(&w, EVERYBODY, DHCP_SERVER_PORT);
	EXPECT_EQ(count_inner_events(&w), 4); // the burst
	EXPECT_EQ(flow_drops(&w.f, DROP_TRAFFIC_LIMIT), 46);
	flow_close(&w.f);
}

TEST(broadcast, is_dropped_with_its_reason)
{
	static const struct {
		uint32_t to;
		enum drop_reason reason;
	} cases[] = {
		{EVERYBODY, DROP_INNER_BROADCAST}, {NETWORK_EVERYBODY, DROP_INNER_BROADCAST},
		{OUTSIDE_EVERYBODY, DROP_INNER_BROADCAST},
		{0xe00000fb, DROP_INNER_MULTICAST}, // mDNS
		{0xeffffffa, DROP_INNER_MULTICAST}, // SSDP
		{0xf0000001, DROP_INNER_MULTICAST}, // class E
	};
	struct world w;

	open_world(&w, &(struct flow_client_options){.dhcp_inform = true});
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		uint64_t before = flow_drops(&w.f, cases[i].reason);
		send_udp(&w, cases[i].to, NETBIOS);
		EXPECT_EQ(flow_drops(&w.f, cases[i].reason), before + 1);
		EXPECT_EQ(flow_drops_all(&w.f), i + 1);
	}
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	EXPECT_EQ(count_inner_events(&w), 0);
	flow_close(&w.f);
}

// By an inside port to all, with one hop less; the directed one by the port of its network.
TEST(broadcast, is_relayed_where_the_group_says_so)
{
	static const uint32_t to[] = {EVERYBODY, NETWORK_EVERYBODY};
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_world(&w, &(struct flow_client_options){.relays = true});
	for (unsigned int i = 0; i < RTE_DIM(to); i++) {
		SHIM_TRACE_CASE(i);
		size_t len = udp(&w, ip, to[i], NETBIOS);
		flow_send_up(&w.c, ip, len);
		ASSERT_EQ(flow_take(&w.f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + len);
		EXPECT_MEMEQ(frame, "\xff\xff\xff\xff\xff\xff", 6);
		EXPECT_EQ(frame[FLOW_ETHER_BYTES + 8], ip[8] - 1);
		EXPECT_EQ(inet_checksum(frame + FLOW_ETHER_BYTES, INET_IPV4_HEADER_BYTES), 0);
		EXPECT_MEMEQ(frame + FLOW_ETHER_BYTES + 12, ip + 12, len - 12);
		EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
		EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
		EXPECT_EQ(flow_count(&w.f, broadcasts_relayed), i + 1);
		EXPECT_EQ(flow_session(&w.c)->counters.up_pkts, i + 1);
		EXPECT_EQ(flow_count(&w.f, upstream_pkts), i + 1);
	}
	EXPECT_EQ(flow_drops_all(&w.f), 0);
	flow_close(&w.f);
}

// To all networks of the inside the same; the directed one has but one.
TEST(broadcast, is_relayed_by_every_inside_port)
{
	struct world w;
	uint8_t frames[2][FLOW_FRAME_BYTES];

	open_world_with(&w, &(struct flow_options){.twin_inside = true},
		&(struct flow_client_options){.relays = true});
	send_udp(&w, EVERYBODY, NETBIOS);
	size_t len = flow_take(&w.f, FLOW_INSIDE, frames[0]);
	EXPECT_EQ(len, FLOW_ETHER_BYTES + UDP_HEADERS_BYTES + 100);
	ASSERT_EQ(flow_take(&w.f, FLOW_INSIDE, frames[1]), len);
	EXPECT_MEMEQ(frames[0], frames[1], len);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	EXPECT_EQ(flow_count(&w.f, broadcasts_relayed), 2);
	EXPECT_EQ(flow_session(&w.c)->counters.up_pkts, 1);
	send_udp(&w, NETWORK_EVERYBODY, NETBIOS);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 1);
	flow_close(&w.f);
}

TEST(broadcast, what_is_not_relayed_even_so)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_world(&w, &(struct flow_client_options){.relays = true});
	send_udp(&w, EVERYBODY, DHCP_CLIENT_PORT);
	send_udp(&w, NETWORK_EVERYBODY, DHCP_SERVER_PORT);
	send_udp(&w, OUTSIDE_EVERYBODY, NETBIOS);
	size_t len = flow_echo_request(ip, w.c.inner, EVERYBODY, 84);
	flow_send_up(&w.c, ip, len);
	len = flow_echo_request(ip, w.c.inner, NETWORK_EVERYBODY, 84);
	flow_send_up(&w.c, ip, len);
	len = udp(&w, ip, EVERYBODY, NETBIOS);
	ip[6] = 0x20; // more fragments
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, INET_IPV4_HEADER_BYTES));
	flow_send_up(&w.c, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_INNER_BROADCAST), 6);
	len = udp(&w, ip, EVERYBODY, NETBIOS);
	flow_ip_set(ip, 1, 0, false);
	flow_send_up(&w.c, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_TTL_EXCEEDED), 1);
	send_udp(&w, 0xe00000fb, NETBIOS);
	EXPECT_EQ(flow_drops(&w.f, DROP_INNER_MULTICAST), 1);
	EXPECT_EQ(flow_drops_all(&w.f), 8);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	flow_close(&w.f);
}

TEST(broadcast, relay_has_a_rate)
{
	struct world w;

	open_world(&w, &(struct flow_client_options){.relays = true});
	for (int i = 0; i < 30; i++) {
		send_udp(&w, EVERYBODY, NETBIOS);
		send_udp(&w, NETWORK_EVERYBODY, NETBIOS);
	}
	unsigned int n = flow_discard(&w.f, FLOW_INSIDE);
	EXPECT_GE(n, 20); // the burst of a session
	EXPECT_LE(n, 22);
	EXPECT_EQ(flow_drops(&w.f, DROP_TRAFFIC_LIMIT), 60 - n);
	flow_close(&w.f);
}

// Neither comes into a tunnel from the inside.
TEST(broadcast, of_the_inside_stays_there)
{
	static const uint32_t to[] = {EVERYBODY, NETWORK_EVERYBODY};
	struct world w;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_world(&w, &(struct flow_client_options){.relays = true});
	for (unsigned int i = 0; i < RTE_DIM(to); i++) {
		size_t len = flow_ip(ip, FLOW_HOST, to[i], INET_UDP, 100);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, len));
	}
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	while (flow_exception(
		&w.f, 0, FLOW_ANY_KIND, &e)) // to the kernel, as all that is not for clients
		rte_pktmbuf_free(e.packet);
	flow_close(&w.f);
}

static void send_ip(struct world *w, uint64_t id, const uint8_t *ip, size_t len)
{
	const struct lane_command command = {
		.kind = COMMAND_SEND_IP, .session_id = id, .packet = flow_mbuf(&w->f, ip, len)};

	EXPECT_TRUE(flow_command(&w->f, 0, &command));
	flow_poll(&w->f);
}

TEST(broadcast, what_control_sends_reaches_the_client_encrypted)
{
	struct world w;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_world(&w, NULL);
	memset(ip + UDP_HEADERS_BYTES, 'y', 300);
	size_t len = udp_put(ip, flow_be(FLOW_SERVER_INNER), flow_be(w.c.inner), DHCP_SERVER_PORT,
		DHCP_CLIENT_PORT, 300);
	send_ip(&w, w.c.id, ip, len);
	ASSERT_TRUE(flow_take_down(&w.c, &down));
	ASSERT_EQ(down.len, len);
	EXPECT_MEMEQ(down.bytes, ip, len);
	EXPECT_EQ(down.protocol, 0x00fd);
	EXPECT_EQ(flow_drops_all(&w.f), 0);
	flow_close(&w.f);
}

TEST(broadcast, what_control_sends_to_nobody)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_world(&w, NULL);
	size_t len = flow_ip(ip, FLOW_SERVER_INNER, w.c.inner, INET_UDP, 100);
	send_ip(&w, w.c.id + (UINT64_C(1) << 40), ip, len); // a session that has gone
	EXPECT_EQ(flow_drops(&w.f, DROP_STALE_COMMAND), 1);
	EXPECT_EQ(flow_count(&w.f, stale_commands), 1);
	len = flow_ip(ip, FLOW_SERVER_INNER, w.c.inner + 1, INET_UDP, 100);
	send_ip(&w, w.c.id, ip, len); // not the client's address
	EXPECT_EQ(flow_drops(&w.f, DROP_STALE_COMMAND), 2);
	ip[10] ^= 1;
	send_ip(&w, w.c.id, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_INNER_IP_BAD), 1);
	const struct lane_command no_packet = {.kind = COMMAND_SEND_IP, .session_id = w.c.id};
	EXPECT_TRUE(flow_command(&w.f, 0, &no_packet));
	flow_poll(&w.f);
	flow_client_open(&w.c, false);
	len = flow_ip(ip, FLOW_SERVER_INNER, w.c.inner, INET_UDP, 100);
	send_ip(&w, w.c.id, ip, len); // IPCP has closed meanwhile
	EXPECT_EQ(flow_drops(&w.f, DROP_STALE_COMMAND), 3);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	flow_close(&w.f);
}
