// SPDX-License-Identifier: BSD-3-Clause
// Tenants whose inner addresses are the same, their networks as VLANs of one port, and networks behind clients.
#include "flow.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"
#include "wire/udp.h"

enum {
	RED = 1, // tenants
	BLUE = 2,
	RED_VLAN = 100,
	BLUE_VLAN = 200,
	RED_SECOND_VLAN = 101,
	VLAN_BYTES = 4,
	INNER = 0x0a000063,	// 10.0.0.99, of a client of each tenant
	BLUE_ONLY = 0x0a000064, // 10.0.0.100, of a client of blue
	HOST = 0x0a000009,	// 10.0.0.9, a host of each tenant
	SERVER = 0x0a0000fe,	// 10.0.0.254, the server of each
	BLUE_SERVER = 0x0a0000fd,
	TAP_ADDRESS = 0x0a000001,
	NETWORK_EVERYBODY = 0x0a0000ff,
	UNKNOWN = 0x0a000033,
	NARROW_HOST = 0x0a010009, // 10.1.0.9, behind an MTU of 1000
	BEHIND = 0x0a630000,	  // 10.99.0.0/24, behind a client
	NARROW_BYTES = 1000,
};

struct world {
	struct flow f;
	struct flow_client red, blue;
	uint16_t tenants[WORKER_VLANS];
	uint32_t servers_be[3];
};

static void add_route(struct flow *f, uint16_t tenant, uint32_t prefix, uint8_t len, uint8_t kind,
	uint16_t vlan, uint16_t mtu)
{
	const struct route route = {
		.kind = kind,
		.port = FLOW_INSIDE,
		.vlan = vlan,
		.mtu = mtu,
		.mac = {{2, 0, 0, 0, 2, (uint8_t)tenant}},
	};

	EXPECT_EQ(route_table_add(f->routes, tenant, flow_be(prefix), len, &route), 0);
}

static void open_world(struct world *w, const struct flow_options *flow,
	const struct flow_client_options *red, const struct flow_client_options *blue)
{
	struct flow_options o = flow ? *flow : (struct flow_options){0};
	struct flow_client_options r = red ? *red : (struct flow_client_options){0};
	struct flow_client_options b = blue ? *blue : (struct flow_client_options){0};

	memset(w->tenants, 0xff, sizeof(w->tenants));
	w->tenants[0] = 0;
	w->tenants[RED_VLAN] = w->tenants[RED_SECOND_VLAN] = RED;
	w->tenants[BLUE_VLAN] = BLUE;
	w->servers_be[0] = flow_be(FLOW_SERVER_INNER);
	w->servers_be[RED] = flow_be(SERVER);
	w->servers_be[BLUE] = flow_be(BLUE_SERVER);
	o.tenants = w->tenants;
	o.tenant_servers_be = w->servers_be;
	flow_open(&w->f, &o);
	for (uint16_t tenant = RED; tenant <= BLUE; tenant++) {
		uint16_t vlan = tenant == RED ? RED_VLAN : BLUE_VLAN;
		add_route(&w->f, tenant, HOST, 32, ROUTE_FORWARD, vlan, 1500);
		add_route(&w->f, tenant, NARROW_HOST, 32, ROUTE_FORWARD, vlan, NARROW_BYTES);
		add_route(&w->f, tenant, TAP_ADDRESS, 32, ROUTE_LOCAL, vlan, 1500);
		add_route(&w->f, tenant, NETWORK_EVERYBODY, 32, ROUTE_BROADCAST, vlan, 1500);
		add_route(&w->f, tenant, UNKNOWN, 32, ROUTE_UNRESOLVED, vlan, 1500);
	}
	r.tenant = RED;
	b.tenant = BLUE;
	r.inner = b.inner = INNER;
	b.number = 3;
	flow_client_up(&w->f, &w->red, &r);
	flow_client_up(&w->f, &w->blue, &b);
}

static size_t tagged(uint8_t *out, uint16_t vlan, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];

	flow_frame(frame, FLOW_INSIDE, ip, len);
	memcpy(out, frame, 12);
	bytes_put_u16(out + 12, 0x8100);
	bytes_put_u16(out + 14, vlan);
	memcpy(out + 16, frame + 12, 2 + len);
	return FLOW_ETHER_BYTES + VLAN_BYTES + len;
}

static void send_tagged(struct flow *f, uint16_t vlan, const uint8_t *ip, size_t len)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t n = tagged(frame, vlan, ip, len);

	ASSERT_TRUE(flow_put(f, FLOW_INSIDE, 0, frame, n));
}

// The next frame that left by the inside port: its VLAN, and the packet in it. 0 when there is none.
static size_t take_tagged(struct flow *f, uint16_t *vlan, uint8_t *mac_last, uint8_t *ip)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len = flow_take(f, FLOW_INSIDE, frame);

	*vlan = 0;
	*mac_last = 0;
	if (len == 0)
		return 0;
	*mac_last = frame[5];
	if (bytes_get_u16(frame + 12) != 0x8100) {
		memcpy(ip, frame + FLOW_ETHER_BYTES, len - FLOW_ETHER_BYTES);
		return len - FLOW_ETHER_BYTES;
	}
	*vlan = bytes_get_u16(frame + 14);
	EXPECT_EQ(bytes_get_u16(frame + 16), 0x0800);
	memcpy(ip, frame + 18, len - 18);
	return len - 18;
}

TEST(tenant, the_same_inner_address_twice_and_nothing_crosses)
{
	struct world w;
	struct flow_client *clients[] = {&w.red, &w.blue};
	const uint16_t vlans[] = {RED_VLAN, BLUE_VLAN};
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	struct flow_down down;
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, NULL, NULL);
	for (unsigned int i = 0; i < 40; i++) {
		struct flow_client *c = clients[i % 2], *other = clients[1 - i % 2];
		SHIM_TRACE_CASE(i);
		size_t len = flow_ip(ip, INNER, HOST, INET_UDP, 100 + i);
		flow_send_up(c, ip, len);
		ASSERT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
		EXPECT_EQ(vlan, vlans[i % 2]);
		EXPECT_EQ(mac_last, i % 2 ? BLUE : RED);
		EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);

		len = flow_ip(ip, HOST, INNER, INET_UDP, 200 + i);
		send_tagged(&w.f, vlans[i % 2], ip, len);
		ASSERT_TRUE(flow_take_down(c, &down));
		inet_ttl_decrement(ip);
		ASSERT_EQ(down.len, len);
		EXPECT_MEMEQ(down.bytes, ip, len);
		EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
		EXPECT_EQ(flow_session(c)->counters.down_pkts, i / 2 + 1);
		EXPECT_LE(flow_session(other)->counters.down_pkts, (i + 1) / 2);
	}
	EXPECT_EQ(flow_drops_all(&w.f), 0);

	// The session that has gone takes only its own address with it.
	flow_client_delete(&w.red);
	size_t len = flow_ip(ip, HOST, INNER, INET_UDP, 100);
	send_tagged(&w.f, BLUE_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&w.blue, &down));
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_ROUTE), 1);
	flow_close(&w.f);
}

TEST(tenant, a_client_reaches_no_client_of_another)
{
	struct world w;
	struct flow_client second;
	uint8_t ip[FLOW_FRAME_BYTES];
	struct flow_down down;

	open_world(&w, NULL, NULL, NULL);
	flow_client_up(&w.f, &second,
		&(struct flow_client_options){.tenant = BLUE, .number = 4, .inner = BLUE_ONLY});
	size_t len = flow_ip(ip, INNER, BLUE_ONLY, INET_UDP, 100);
	flow_send_up(&w.blue, ip, len);
	EXPECT_TRUE(flow_take_down(&second, &down));
	EXPECT_EQ(flow_drops_all(&w.f), 0);

	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_ROUTE), 1);
	EXPECT_EQ(flow_session(&second)->counters.down_pkts, 1);
	// And he is told so, by the server of his tenant.
	ASSERT_TRUE(flow_take_down(&w.red, &down));
	EXPECT_EQ(down.bytes[9], INET_ICMP);
	uint32_t from_be;
	memcpy(&from_be, down.bytes + 12, 4);
	EXPECT_EQ(from_be, flow_be(SERVER));
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	flow_close(&w.f);
}

TEST(tenant, what_comes_by_an_unknown_vlan_is_dropped)
{
	struct world w;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_world(&w, NULL, NULL, NULL);
	size_t len = flow_ip(ip, HOST, INNER, INET_UDP, 100);
	send_tagged(&w.f, 300, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_VLAN_UNKNOWN), 1);
	// A tag that says priority alone is none: the default tenant's network, where nobody has that address.
	send_tagged(&w.f, 0xe000, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_VLAN_UNKNOWN), 1);
	ASSERT_TRUE(flow_exception(&w.f, 0, LANE_EXCEPTION, &e));
	rte_pktmbuf_free(e.packet);
	// Priority bits before an id do not count.
	send_tagged(&w.f, 0xe000 | BLUE_VLAN, ip, len);
	EXPECT_EQ(flow_session(&w.blue)->counters.down_pkts, 1);
	// Cut off in the tag.
	tagged(frame, RED_VLAN, ip, len);
	EXPECT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, 17));
	EXPECT_EQ(flow_drops(&w.f, DROP_ETHER_SHORT), 1);
	EXPECT_EQ(flow_drops_all(&w.f), 2);
	flow_discard(&w.f, FLOW_OUTSIDE);
	flow_close(&w.f);
}

TEST(tenant, a_port_without_vlans_takes_none)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 100);
	send_tagged(&f, 5, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_VLAN_UNKNOWN), 1);
	send_tagged(&f, 0, ip, len);
	EXPECT_EQ(flow_session(&c)->counters.down_pkts, 1);
	flow_discard(&f, FLOW_OUTSIDE);
	flow_close(&f);
}

TEST(tenant, the_kernel_gets_arp_of_a_tenant_and_nothing_else)
{
	struct world w;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, NULL, NULL);
	size_t len = flow_ip(ip, HOST, TAP_ADDRESS, INET_UDP, 100);
	size_t n = tagged(frame, RED_VLAN, ip, len);
	bytes_put_u16(frame + 16, 0x0806);
	EXPECT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, n));
	ASSERT_TRUE(flow_exception(&w.f, 0, LANE_EXCEPTION, &e));
	EXPECT_EQ(e.port, FLOW_INSIDE);
	ASSERT_EQ(rte_pktmbuf_data_len(e.packet), n);
	EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), frame, n); // with its tag
	rte_pktmbuf_free(e.packet);

	send_tagged(&w.f, RED_VLAN, ip, len); // UDP to the box
	EXPECT_EQ(flow_drops(&w.f, DROP_INNER_LOCAL), 1);
	bytes_put_u16(frame + 16, 0x86dd);
	EXPECT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, n));
	EXPECT_EQ(flow_drops(&w.f, DROP_ETHER_TYPE), 1);
	len = flow_ip(ip, HOST, 0x08080808, INET_UDP, 100); // through the box
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_ROUTE), 1);
	EXPECT_FALSE(flow_exception(&w.f, 0, FLOW_ANY_KIND, &e));

	len = flow_echo_request(ip, HOST, TAP_ADDRESS, 84);
	send_tagged(&w.f, BLUE_VLAN, ip, len);
	ASSERT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
	EXPECT_EQ(vlan, BLUE_VLAN);
	EXPECT_EQ(mac_last, BLUE);
	EXPECT_EQ(out[20], 0); // Echo Reply
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	flow_close(&w.f);
}

TEST(tenant, each_has_a_server_of_its_own)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES];
	struct flow_down down;

	open_world(&w, NULL, NULL, NULL);
	size_t len = flow_echo_request(ip, INNER, SERVER, 84);
	flow_send_up(&w.red, ip, len);
	ASSERT_TRUE(flow_take_down(&w.red, &down));
	EXPECT_EQ(down.bytes[20], 0);
	EXPECT_EQ(flow_drops_all(&w.f), 0);
	flow_send_up(&w.blue, ip, len); // that of another is nobody
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_ROUTE), 1);
	flow_discard(&w.f, FLOW_OUTSIDE);
	flow_close(&w.f);
}

TEST(tenant, too_big_for_a_network_is_answered_or_cut)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	struct flow_down down;
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, NULL, NULL);
	size_t len = flow_ip(ip, INNER, NARROW_HOST, INET_UDP, 1400);
	flow_send_up(&w.red, ip, len); // DF
	EXPECT_EQ(flow_drops(&w.f, DROP_TOO_BIG), 1);
	ASSERT_TRUE(flow_take_down(&w.red, &down));
	EXPECT_EQ(down.bytes[20], 3);
	EXPECT_EQ(down.bytes[21], 4);
	EXPECT_EQ(bytes_get_u16(down.bytes + 26), NARROW_BYTES);
	uint32_t from_be;
	memcpy(&from_be, down.bytes + 12, 4);
	EXPECT_EQ(from_be, flow_be(SERVER));

	flow_ip_set(ip, 64, 0, false);
	flow_send_up(&w.blue, ip, len);
	size_t sum = 0, n;
	unsigned int n_parts = 0;
	while ((n = take_tagged(&w.f, &vlan, &mac_last, out)) > 0) {
		EXPECT_LE(n, NARROW_BYTES);
		EXPECT_EQ(vlan, BLUE_VLAN);
		EXPECT_EQ(mac_last, BLUE);
		sum += n - INET_IPV4_HEADER_BYTES;
		n_parts++;
	}
	EXPECT_EQ(n_parts, 2);
	EXPECT_EQ(sum, len - INET_IPV4_HEADER_BYTES);

	// Down: to a client whose MTU is 1400.
	len = flow_ip(ip, HOST, INNER, INET_UDP, 1450);
	send_tagged(&w.f, RED_VLAN, ip, len);
	ASSERT_TRUE(take_tagged(&w.f, &vlan, &mac_last, out) > 0);
	EXPECT_EQ(vlan, RED_VLAN);
	EXPECT_EQ(out[20], 3);
	EXPECT_EQ(out[21], 4);
	memcpy(&from_be, out + 12, 4);
	EXPECT_EQ(from_be, flow_be(SERVER));
	flow_ip_set(ip, 64, 0, false);
	send_tagged(&w.f, BLUE_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&w.blue, &down));
	EXPECT_TRUE(flow_take_down(&w.blue, &down));
	EXPECT_EQ(flow_session(&w.red)->counters.down_pkts, 1); // the ICMP error above
	flow_close(&w.f);
}

TEST(tenant, broadcasts_stay_in_the_tenants_networks)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	uint16_t vlan;
	uint8_t mac_last;
	bool seen[WORKER_VLANS] = {0};
	const struct flow_client_options relays = {.relays = true};

	open_world(&w, NULL, &relays, &relays);
	memset(ip + UDP_HEADERS_BYTES, 'x', 100);
	size_t len = udp_put(ip, flow_be(INNER), UINT32_MAX, 137, 137, 100);
	flow_send_up(&w.red, ip, len);
	while (take_tagged(&w.f, &vlan, &mac_last, out) > 0) {
		EXPECT_FALSE(seen[vlan]);
		EXPECT_EQ(mac_last, 0xff);
		seen[vlan] = true;
	}
	EXPECT_TRUE(seen[RED_VLAN] && seen[RED_SECOND_VLAN]);
	EXPECT_FALSE(seen[0] || seen[BLUE_VLAN]);

	len = udp_put(ip, flow_be(INNER), flow_be(NETWORK_EVERYBODY), 137, 137, 100);
	flow_send_up(&w.blue, ip, len);
	ASSERT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
	EXPECT_EQ(vlan, BLUE_VLAN);
	EXPECT_EQ(mac_last, 0xff);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	flow_close(&w.f);
}

TEST(tenant, what_is_held_for_a_neighbour_comes_back_to_its_tenant)
{
	struct world w;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, NULL, NULL);
	size_t len = flow_ip(ip, INNER, UNKNOWN, INET_UDP, 100);
	flow_send_up(&w.blue, ip, len);
	ASSERT_TRUE(flow_exception(&w.f, 0, LANE_UNRESOLVED, &e));
	EXPECT_EQ(e.port, FLOW_INSIDE);
	EXPECT_EQ(e.vlan, BLUE_VLAN);
	EXPECT_EQ(e.next_hop_be, flow_be(UNKNOWN));

	struct route_table *old = w.f.routes;
	w.f.routes = flow_routes();
	add_route(&w.f, RED, UNKNOWN, 32, ROUTE_FORWARD, RED_VLAN, 1500);
	add_route(&w.f, BLUE, UNKNOWN, 32, ROUTE_FORWARD, BLUE_VLAN, 1500);
	struct lane_command table = {.kind = COMMAND_TABLE, .routes = w.f.routes};
	struct lane_event retired;
	ASSERT_TRUE(flow_command(&w.f, 0, &table));
	ASSERT_TRUE(flow_event(&w.f, 0, LANE_TABLE_RETIRED, &retired));
	route_table_free(old);
	struct lane_command inject = {.kind = COMMAND_INJECT, .packet = e.packet, .tenant = BLUE};
	ASSERT_TRUE(flow_command(&w.f, 0, &inject));
	ASSERT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
	EXPECT_EQ(vlan, BLUE_VLAN);
	EXPECT_EQ(mac_last, BLUE);
	flow_close(&w.f);
}

// The frame comes by the worker that the client is not of, where the other tenant's client is.
TEST(tenant, a_packet_that_is_handed_over_stays_its_tenants)
{
	struct world w;
	struct flow_client second;
	uint8_t ip[FLOW_FRAME_BYTES];
	struct flow_down down;

	open_world(&w, &(struct flow_options){.n_workers = 2},
		&(struct flow_client_options){.worker = 1}, NULL);
	size_t len = flow_ip(ip, HOST, INNER, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&w.red, &down));
	EXPECT_EQ(flow_session(&w.blue)->counters.down_pkts, 0);
	EXPECT_EQ(flow_count(&w.f, handoffs_out), 1);
	send_tagged(&w.f, BLUE_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&w.blue, &down));

	// From client to client.
	flow_client_up(&w.f, &second,
		&(struct flow_client_options){
			.tenant = RED, .number = 4, .inner = BLUE_ONLY, .worker = 0});
	len = flow_ip(ip, BLUE_ONLY, INNER, INET_UDP, 100);
	flow_send_up(&second, ip, len);
	EXPECT_TRUE(flow_take_down(&w.red, &down));
	EXPECT_EQ(flow_session(&w.blue)->counters.down_pkts, 1);
	EXPECT_EQ(flow_drops_all(&w.f), 0);
	flow_close(&w.f);
}

// --- networks behind clients --------------------------------------------------------------------------

static uint32_t owner_of(const struct flow_client *c)
{
	return owner_make((uint8_t)c->options.worker, session_id_slot(c->id));
}

TEST(tenant, a_network_behind_a_client_is_reached_and_may_send)
{
	struct world w;
	const struct flow_client_options routes = {.has_routes = true};
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	struct flow_down down;
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, &routes, NULL);
	ASSERT_EQ(owner_map_add_route(w.f.owners, RED, flow_be(BEHIND), 24, owner_of(&w.red)), 0);
	size_t len = flow_ip(ip, HOST, BEHIND + 7, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	ASSERT_TRUE(flow_take_down(&w.red, &down));
	inet_ttl_decrement(ip);
	EXPECT_MEMEQ(down.bytes, ip, len);
	send_tagged(&w.f, BLUE_VLAN, ip, len); // blue has no such network
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_ROUTE), 1);

	len = flow_ip(ip, BEHIND + 7, HOST, INET_UDP, 100);
	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
	EXPECT_EQ(vlan, RED_VLAN);
	flow_send_up(&w.blue, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_SPOOFED), 1);
	len = flow_ip(ip, BEHIND + 0x100, HOST, INET_UDP, 100); // beside it
	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_SPOOFED), 2);

	owner_map_remove_route(w.f.owners, RED, flow_be(BEHIND), 24, owner_of(&w.red));
	len = flow_ip(ip, BEHIND + 7, HOST, INET_UDP, 100);
	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_SPOOFED), 3);
	flow_close(&w.f);
}

// Of what lies behind two clients the longer prefix counts, and a network of ours as long as that counts more.
TEST(tenant, the_longest_prefix_decides)
{
	struct world w;
	struct flow_client second;
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];
	struct flow_down down;
	uint16_t vlan;
	uint8_t mac_last;

	open_world(&w, NULL, &(struct flow_client_options){.has_routes = true}, NULL);
	flow_client_up(&w.f, &second,
		&(struct flow_client_options){
			.tenant = RED, .number = 4, .inner = BLUE_ONLY, .has_routes = true});
	ASSERT_EQ(owner_map_add_route(w.f.owners, RED, flow_be(BEHIND), 16, owner_of(&w.red)), 0);
	ASSERT_EQ(owner_map_add_route(w.f.owners, RED, flow_be(BEHIND), 24, owner_of(&second)), 0);
	size_t len = flow_ip(ip, HOST, BEHIND + 7, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&second, &down));
	len = flow_ip(ip, HOST, BEHIND + 0x107, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_TRUE(flow_take_down(&w.red, &down));
	// His neighbour's network is not his to send from.
	len = flow_ip(ip, BEHIND + 7, HOST, INET_UDP, 100);
	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_SPOOFED), 1);

	// HOST is a /32 of ours: a client that says that it has 10.0.0.0/24 behind it does not take it.
	ASSERT_EQ(owner_map_add_route(w.f.owners, RED, flow_be(HOST), 24, owner_of(&second)), 0);
	len = flow_ip(ip, INNER, HOST, INET_UDP, 100);
	flow_send_up(&w.red, ip, len);
	EXPECT_EQ(take_tagged(&w.f, &vlan, &mac_last, out), len);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	flow_close(&w.f);
}

// The map still says so, but the session does not have it.
TEST(tenant, a_session_without_networks_gets_nothing_for_them)
{
	struct world w;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_world(&w, NULL, NULL, NULL);
	ASSERT_EQ(owner_map_add_route(w.f.owners, RED, flow_be(BEHIND), 24, owner_of(&w.red)), 0);
	size_t len = flow_ip(ip, HOST, BEHIND + 7, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 1);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	flow_close(&w.f);
}

// What the map says is asked of the session itself: an entry may be of one that was in the slot before.
TEST(tenant, an_entry_of_the_map_that_is_wrong_leads_to_nobody)
{
	struct world w;
	struct flow_client plain;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_world(&w, NULL, NULL, NULL);
	flow_client_up(&w.f, &plain, &(struct flow_client_options){.number = 4});
	// Another tenant's, by the tagged and by the untagged network.
	owner_map_set_inner(w.f.owners, RED, flow_be(INNER), owner_of(&w.blue));
	owner_map_set_inner(w.f.owners, 0, flow_be(INNER), owner_of(&w.blue));
	size_t len = flow_ip(ip, HOST, INNER, INET_UDP, 100);
	send_tagged(&w.f, RED_VLAN, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 1);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	ASSERT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 2);
	// Of the same tenant, with another address; and nobody's.
	owner_map_set_inner(w.f.owners, 0, flow_be(INNER), owner_of(&plain));
	ASSERT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 3);
	owner_map_set_inner(w.f.owners, 0, flow_be(INNER), owner_make(0, FLOW_SLOTS - 1));
	ASSERT_TRUE(flow_put(&w.f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 4);
	// A Call ID likewise.
	owner_map_set_call(w.f.owners, 0, plain.call_id, owner_of(&w.red));
	len = flow_ip(ip, plain.inner, FLOW_HOST, INET_UDP, 100);
	flow_send_up(&plain, ip, len);
	EXPECT_EQ(flow_drops(&w.f, DROP_NO_SESSION), 5);
	EXPECT_EQ(flow_drops_all(&w.f), 5);
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	EXPECT_EQ(flow_discard(&w.f, FLOW_INSIDE), 0);
	flow_close(&w.f);
}

// One packet each way, by the networks of `tenant`; and what comes by those of the others is not for it.
static void goes_by(struct world *w, struct flow_client *c, uint16_t tenant)
{
	const uint16_t vlans[] = {0, RED_VLAN, BLUE_VLAN};
	uint8_t ip[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES], mac_last;
	struct flow_down down;
	uint16_t vlan;

	size_t len = flow_ip(ip, c->inner, tenant ? HOST : FLOW_HOST, INET_UDP, 100);
	flow_send_up(c, ip, len);
	ASSERT_EQ(take_tagged(&w->f, &vlan, &mac_last, out), len);
	EXPECT_EQ(vlan, vlans[tenant]);
	EXPECT_EQ(flow_discard(&w->f, FLOW_INSIDE), 0);
	for (uint16_t by = 0; by < RTE_DIM(vlans); by++) {
		uint8_t frame[FLOW_FRAME_BYTES];
		SHIM_TRACE_CASE(by);
		uint64_t n_drops = flow_drops_all(&w->f);
		len = flow_ip(ip, by ? HOST : FLOW_HOST, c->inner, INET_UDP, 200);
		if (by)
			send_tagged(&w->f, vlans[by], ip, len);
		else
			ASSERT_TRUE(flow_put(&w->f, FLOW_INSIDE, 0, frame,
				flow_frame(frame, FLOW_INSIDE, ip, len)));
		EXPECT_EQ(flow_take_down(c, &down), by == tenant);
		EXPECT_EQ(flow_discard(&w->f, FLOW_OUTSIDE), 0);
		if (by == 0 && tenant != 0) { // for nobody of the default tenant: the kernel's
			struct lane_event e;
			ASSERT_TRUE(flow_exception(&w->f, 0, LANE_EXCEPTION, &e));
			rte_pktmbuf_free(e.packet);
		}
		EXPECT_EQ(flow_drops_all(&w->f) - n_drops, by != 0 && by != tenant);
	}
}

// The realm of a user name is known only after the session was added, and IPCP may open it anew.
TEST(tenant, a_session_has_the_tenant_that_it_is_opened_with)
{
	static const uint16_t turns[] = {BLUE, 0, RED, BLUE, RED, 0};

	for (unsigned int clear = 0; clear < 2; clear++) {
		struct flow_client_options o = {
			.number = 5, .inner = BLUE_ONLY, .not_open = true, .clear = clear};
		struct flow_client c;
		struct world w;

		open_world(&w, NULL, NULL, NULL);
		flow_client_up(&w.f, &c, &o);
		for (unsigned int i = 0; i < RTE_DIM(turns); i++) {
			SHIM_TRACE_CASE(i);
			flow_client_open(&c, false); // as the tenant before
			c.options.tenant = turns[i];
			flow_client_open(&c, true);
			goes_by(&w, &c, turns[i]);
			goes_by(&w, &c, turns[i]); // by routes that are remembered now
		}
		flow_close(&w.f);
	}
}

// Without being closed in between, as when control has moved the address already.
TEST(tenant, what_waits_for_a_window_does_not_go_to_another_tenants_session)
{
	const struct flow_client_options o = {
		.number = 5, .inner = BLUE_ONLY, .clear = true, .tenant = BLUE, .peer_window = 1};
	uint8_t ip[FLOW_FRAME_BYTES];
	struct flow_client c;
	struct flow_down down;
	struct world w;

	open_world(&w, NULL, NULL, NULL);
	flow_client_up(&w.f, &c, &o);
	size_t len = flow_ip(ip, HOST, BLUE_ONLY, INET_UDP, 100);
	for (unsigned int i = 0; i < 4; i++)
		send_tagged(&w.f, BLUE_VLAN, ip, len);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(flow_discard(&w.f, FLOW_OUTSIDE), 0);
	EXPECT_EQ(flow_session(&c)->n_waiting, 3);
	flow_client_open(&c, true); // the same once more: they stay
	EXPECT_EQ(flow_session(&c)->n_waiting, 3);
	c.options.tenant = RED;
	flow_client_open(&c, true);
	EXPECT_EQ(flow_session(&c)->n_waiting, 0);
	flow_close(&w.f);
}
