// SPDX-License-Identifier: BSD-3-Clause
// What is checked and changed in inner packets.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

static size_t inside_frame(uint8_t *frame, const uint8_t *ip, size_t len)
{
	return flow_frame(frame, FLOW_INSIDE, ip, len);
}

static void send_inside(struct flow *f, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	EXPECT_TRUE(flow_put(f, FLOW_INSIDE, 0, frame, inside_frame(frame, ip, len)));
}

// An ICMP error of this type and code from `from` about `cause`.
static void expect_icmp(const uint8_t *ip, size_t len, uint32_t from, uint8_t type, uint8_t code,
	uint16_t mtu, const uint8_t *cause)
{
	struct inet_ipv4 header;
	const uint8_t *icmp = ip + INET_IPV4_HEADER_BYTES;

	ASSERT_EQ(inet_ipv4_get(ip, len, DROP_INNER_IP_BAD, &header), DROP_NONE);
	EXPECT_EQ(header.protocol, INET_ICMP);
	EXPECT_EQ(header.source_be, flow_be(from));
	EXPECT_MEMEQ(&header.destination_be, cause + 12, 4);
	EXPECT_EQ(inet_checksum(icmp, len - INET_IPV4_HEADER_BYTES), 0);
	EXPECT_EQ(icmp[0], type);
	EXPECT_EQ(icmp[1], code);
	EXPECT_EQ(bytes_get_u16(icmp + 6), mtu);
	EXPECT_MEMEQ(icmp + 8 + 12, cause + 12, 16); // addresses and 8 bytes of the payload
}

struct refused {
	uint32_t from, to;
	uint8_t protocol;
	enum drop_reason reason;
};

static const struct refused refused[] = {
	{FLOW_CLIENT_INNER + 3, FLOW_HOST, INET_UDP, DROP_SPOOFED},
	{FLOW_HOST, FLOW_HOST, INET_UDP, DROP_SPOOFED},
	{0, FLOW_HOST, INET_UDP, DROP_SPOOFED},
	{FLOW_CLIENT_INNER + 2, FLOW_LISTEN, INET_UDP, DROP_ROUTING_LOOP},
	{FLOW_CLIENT_INNER + 2, FLOW_LISTEN_SECOND, 47, DROP_ROUTING_LOOP},
	{FLOW_CLIENT_INNER + 2, 0xe0000005, INET_UDP, DROP_INNER_MULTICAST},
	{FLOW_CLIENT_INNER + 2, 0xffffffff, INET_UDP, DROP_INNER_BROADCAST},
	{FLOW_CLIENT_INNER + 2, FLOW_SERVER_INNER, INET_UDP, DROP_INNER_LOCAL},
	{FLOW_CLIENT_INNER + 2, FLOW_SERVER_INNER, INET_TCP, DROP_INNER_LOCAL},
	{FLOW_CLIENT_INNER + 2, FLOW_INSIDE_ADDRESS, INET_TCP, DROP_INNER_LOCAL},
	{FLOW_CLIENT_INNER + 2, FLOW_NOWHERE, INET_UDP, DROP_NO_ROUTE},
};

TEST(inner, what_a_client_may_not_send)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < RTE_DIM(refused); i++) {
		uint64_t before = flow_drops(&f, refused[i].reason);
		SHIM_TRACE_CASE(i);
		size_t len = flow_ip(ip, refused[i].from, refused[i].to, refused[i].protocol, 60);
		flow_send_up(&c, ip, len);
		EXPECT_EQ(flow_drops(&f, refused[i].reason), before + 1);
		EXPECT_EQ(flow_drops_all(&f), i + 1);
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	}
	EXPECT_EQ(flow_session(&c)->counters.drops, RTE_DIM(refused));
	flow_close(&f);
}

TEST(inner, malformed_header)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 4; i++) {
		SHIM_TRACE_CASE(i);
		size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 60);
		if (i == 0)
			ip[10] ^= 1; // checksum
		if (i == 1)
			len = 50; // shorter than it says
		if (i == 2)
			ip[0] = 0x4f; // header longer than it is
		if (i == 3)
			len = 10;
		flow_send_up(&c, ip, len);
		EXPECT_EQ(flow_drops(&f, DROP_INNER_IP_BAD), i + 1);
	}
	flow_close(&f);
}

// PPP padding behind the IP packet (RFC 1661 2) does not leave by the inside port.
TEST(inner, padding_is_cut_off)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 60);
	flow_send_up(&c, ip, len + 10);
	EXPECT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 60);
	flow_close(&f);
}

TEST(inner, echo_to_our_own_addresses_is_answered)
{
	const uint32_t own[] = {FLOW_SERVER_INNER, FLOW_INSIDE_ADDRESS};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < RTE_DIM(own); i++) {
		SHIM_TRACE_CASE(i);
		size_t len = flow_echo_request(ip, c.inner, own[i], 84);
		flow_send_up(&c, ip, len);
		ASSERT_TRUE(flow_take_down(&c, &down));
		struct inet_ipv4 header;
		ASSERT_EQ(
			inet_ipv4_get(down.bytes, down.len, DROP_INNER_IP_BAD, &header), DROP_NONE);
		EXPECT_EQ(header.source_be, flow_be(own[i]));
		EXPECT_EQ(header.destination_be, flow_be(c.inner));
		EXPECT_EQ(down.bytes[20], 0);
		EXPECT_EQ(inet_checksum(down.bytes + 20, down.len - 20), 0);
		EXPECT_MEMEQ(down.bytes + 24, ip + 24, len - 24);
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	EXPECT_EQ(flow_count(&f, icmp_sent), 2);
	flow_close(&f);
}

TEST(inner, ttl_exceeded_up)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 80);
	for (uint8_t ttl = 0; ttl < 2; ttl++) {
		flow_ip_set(ip, ttl, 0, true);
		flow_send_up(&c, ip, len);
		EXPECT_EQ(flow_drops(&f, DROP_TTL_EXCEEDED), ttl + 1);
		ASSERT_TRUE(flow_take_down(&c, &down));
		expect_icmp(down.bytes, down.len, FLOW_SERVER_INNER, 11, 0, 0, ip);
	}
	flow_ip_set(ip, 2, 0, true);
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}

TEST(inner, ttl_exceeded_down)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 80);
	flow_ip_set(ip, 1, 0, true);
	send_inside(&f, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_TTL_EXCEEDED), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	len = flow_take(&f, FLOW_INSIDE, frame);
	ASSERT_GT(len, FLOW_ETHER_BYTES);
	expect_icmp(frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES, FLOW_INSIDE_ADDRESS, 11, 0, 0,
		ip);
	flow_close(&f);
}

TEST(inner, no_route_is_told)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_NOWHERE, INET_UDP, 80);
	flow_send_up(&c, ip, len);
	ASSERT_TRUE(flow_take_down(&c, &down));
	inet_ttl_decrement(ip);
	expect_icmp(down.bytes, down.len, FLOW_SERVER_INNER, 3, 0, 0, ip);
	flow_close(&f);
}

TEST(inner, icmp_errors_have_a_rate)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 80);
	flow_ip_set(ip, 1, 0, true);
	for (unsigned int i = 0; i < 400; i++)
		flow_push_up(&c, ip, len);
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 100); // a burst
	EXPECT_EQ(flow_drops(&f, DROP_TTL_EXCEEDED), 400);
	flow_pass_us(20000); // 1,000 a second
	for (unsigned int i = 0; i < 400; i++)
		flow_push_up(&c, ip, len);
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 20);
	flow_close(&f);
}

TEST(inner, mss_is_clamped_both_ways)
{
	const struct flow_client_options options = {.mss_max = 1360};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	flow_send_up(&c, ip, flow_tcp_syn(ip, c.inner, FLOW_HOST, 1460));
	ASSERT_GT(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES);
	EXPECT_EQ(bytes_get_u16(frame + FLOW_ETHER_BYTES + 42), 1360);
	EXPECT_TRUE(flow_tcp_checksum_is_right(frame + FLOW_ETHER_BYTES));

	send_inside(&f, ip, flow_tcp_syn(ip, FLOW_HOST, c.inner, 1460));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(bytes_get_u16(down.bytes + 42), 1360);
	EXPECT_TRUE(flow_tcp_checksum_is_right(down.bytes));
	EXPECT_EQ(flow_count(&f, mss_clamped), 2);

	send_inside(&f, ip, flow_tcp_syn(ip, FLOW_HOST, c.inner, 1200));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(bytes_get_u16(down.bytes + 42), 1200);
	EXPECT_EQ(flow_count(&f, mss_clamped), 2);
	flow_close(&f);
}

TEST(inner, dscp_is_copied_but_not_ecn)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 80);
	flow_ip_set(ip, 64, 0xb8 | 2, true);
	send_inside(&f, ip, len);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.tos, 0xb8);
	EXPECT_EQ(down.bytes[1], 0xb8 | 2);
	flow_close(&f);
}

TEST(inner, too_big_for_the_tunnel_with_df)
{
	const struct flow_client_options options = {.mtu = 1000};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 1001);
	send_inside(&f, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_TOO_BIG), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	len = flow_take(&f, FLOW_INSIDE, frame);
	ASSERT_GT(len, FLOW_ETHER_BYTES);
	inet_ttl_decrement(ip);
	expect_icmp(frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES, FLOW_INSIDE_ADDRESS, 3, 4,
		1000, ip);
	flow_close(&f);
}

TEST(inner, too_big_for_the_inside_port_with_df)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.inside_mtu = 1200});
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1300);
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_TOO_BIG), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	ASSERT_TRUE(flow_take_down(&c, &down));
	inet_ttl_decrement(ip);
	expect_icmp(down.bytes, down.len, FLOW_SERVER_INNER, 3, 4, 1200, ip);
	flow_close(&f);
}

// Puts fragments together as they come, in order; returns the length of the whole.
struct whole {
	uint8_t payload[4096];
	size_t len;
	unsigned int n;
	bool is_done;
};

static void join(struct whole *w, const uint8_t *ip, size_t len, uint16_t mtu)
{
	struct inet_ipv4 header;

	ASSERT_EQ(inet_ipv4_get(ip, len, DROP_INNER_IP_BAD, &header), DROP_NONE);
	EXPECT_EQ(header.total_len, len);
	EXPECT_LE(len, mtu);
	EXPECT_FALSE(header.dont_fragment);
	EXPECT_EQ((bytes_get_u16(ip + 6) & 0x1fff) * 8, w->len);
	memcpy(w->payload + w->len, ip + header.header_len, len - header.header_len);
	w->len += len - header.header_len;
	w->n++;
	w->is_done = !(bytes_get_u16(ip + 6) & 0x2000);
}

TEST(inner, fragments_for_the_tunnel_without_df)
{
	const struct flow_client_options options = {.mtu = 576};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	struct whole whole = {.n = 0};
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 1500);
	flow_ip_set(ip, 64, 0, false);
	send_inside(&f, ip, len);
	while (!whole.is_done && flow_take_down(&c, &down))
		join(&whole, down.bytes, down.len, 576);
	EXPECT_TRUE(whole.is_done);
	EXPECT_EQ(whole.n, 3);
	EXPECT_EQ(whole.len, len - 20);
	EXPECT_MEMEQ(whole.payload, ip + 20, whole.len);
	EXPECT_EQ(flow_count(&f, fragments_made), 3);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(inner, fragments_for_the_inside_port_without_df)
{
	struct flow f;
	struct flow_client c;
	struct whole whole = {.n = 0};
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t frame_len;

	flow_open(&f, &(struct flow_options){.inside_mtu = 700});
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 1400);
	flow_ip_set(ip, 64, 0, false);
	flow_send_up(&c, ip, len);
	while (!whole.is_done && (frame_len = flow_take(&f, FLOW_INSIDE, frame)) > 0)
		join(&whole, frame + FLOW_ETHER_BYTES, frame_len - FLOW_ETHER_BYTES, 700);
	EXPECT_TRUE(whole.is_done);
	EXPECT_EQ(whole.len, len - 20);
	EXPECT_MEMEQ(whole.payload, ip + 20, whole.len);
	flow_close(&f);
}

// A fragment that is cut again keeps its offset and its flag (RFC 791 3.2).
TEST(inner, a_fragment_is_cut_again)
{
	const struct flow_client_options options = {.mtu = 576};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];
	const uint16_t offsets[] = {100, 100 + 69, 100 + 138};

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 20 + 1200);
	bytes_put_u16(ip + 6, 0x2000 | 100);
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, 20));
	send_inside(&f, ip, len);
	for (unsigned int i = 0; i < RTE_DIM(offsets); i++) {
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(bytes_get_u16(down.bytes + 6), 0x2000 | offsets[i]);
	}
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

// Options: a router alert is copied into every fragment, a record route only into the first.
TEST(inner, options_of_fragments)
{
	const struct flow_client_options options = {.mtu = 576};
	const uint8_t given[] = {0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 0};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 1000);
	ip[0] = 0x48;
	memcpy(ip + 20, given, sizeof(given));
	bytes_put_u16(ip + 6, 0);
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, 32));
	send_inside(&f, ip, len);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.bytes[0], 0x48);
	EXPECT_MEMEQ(down.bytes + 20, given, sizeof(given));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.bytes[0], 0x46);
	EXPECT_MEMEQ(down.bytes + 20, given, 4);
	flow_close(&f);
}

// The tunnel's own packets may be fragmented where the outside is narrow.
TEST(inner, outer_packets_are_fragmented_for_a_narrow_port)
{
	struct flow f;
	struct flow_client c;
	struct whole whole = {.n = 0};
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t frame_len;

	flow_open(&f, &(struct flow_options){.outside_mtu = 1280});
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 1400);
	send_inside(&f, ip, len);
	while (!whole.is_done && (frame_len = flow_take(&f, FLOW_OUTSIDE, frame)) > 0)
		join(&whole, frame + FLOW_ETHER_BYTES, frame_len - FLOW_ETHER_BYTES, 1280);
	EXPECT_TRUE(whole.is_done);
	EXPECT_EQ(whole.n, 2);
	EXPECT_EQ(whole.len, 12 + 4 + 2 + 2 + len); // GRE, PPP, MPPE, inner protocol
	flow_close(&f);
}
