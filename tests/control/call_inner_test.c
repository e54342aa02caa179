// SPDX-License-Identifier: BSD-3-Clause
// What a client asks its server inside the tunnel: DHCPINFORM, answered as the user's group says.
#include "control/call_inner.h"

#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"
#include "wire/dhcp.h"
#include "wire/udp.h"

#include <arpa/inet.h>

enum { CLIENT_INNER = 0x0a090001, SERVER_INNER = 0x0a0900fe };

static struct lab lab;
static struct lab_client client;

static void a_group(struct config *c)
{
	struct config_policy *g = &c->groups[c->base_group].policy;

	snprintf(g->domain, sizeof(g->domain), "corp.example");
	g->n_routes = 1;
	g->routes[0] = (struct config_prefix){htonl(0x0a140000), 16};
	g->n_nbns = 1;
	g->nbns_be[0] = htonl(0x0a140004);
	g->broadcasts = CONFIG_BROADCASTS_RELAY;
}

static void its_own_dns(struct config *c)
{
	struct config_policy *g = &c->groups[c->base_group].policy;

	g->n_dns = 2;
	g->dns_be[0] = htonl(0x0a140002);
	g->dns_be[1] = htonl(0x0a140003);
	g->dhcp_inform = false;
}

static struct lab_session *come_up(void (*change)(struct config *c))
{
	lab_open(&lab, change);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "secret", 1);
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	struct lab_session *s = lab_find_session(&lab, client.session_id);
	if (!s)
		abort(); // there is no test without it
	return s;
}

// The client's message of this type, with all the options that we know in its list.
static size_t message(uint8_t *packet, uint8_t type, uint32_t ciaddr)
{
	static const uint8_t wanted[] = {DHCP_OPTION_NETMASK, DHCP_OPTION_DNS, DHCP_OPTION_DOMAIN,
		DHCP_OPTION_NBNS, DHCP_OPTION_NODE_TYPE, DHCP_OPTION_ROUTES,
		DHCP_OPTION_ROUTES_MICROSOFT};
	const struct dhcp_message m = {.op = DHCP_BOOTREQUEST,
		.htype = 8,
		.hlen = 6,
		.xid = 0x01020304,
		.ciaddr_be = htonl(ciaddr)};
	struct writer w = writer_of(packet + UDP_HEADERS_BYTES, 600);

	dhcp_message_put(&w, &m);
	dhcp_option_put(&w, DHCP_OPTION_TYPE, span_of(&type, 1));
	dhcp_option_put(&w, DHCP_OPTION_REQUESTED, span_of(wanted, sizeof(wanted)));
	writer_u8(&w, DHCP_OPTION_END);
	return udp_put(packet, htonl(CLIENT_INNER), INADDR_BROADCAST, DHCP_CLIENT_PORT,
		DHCP_SERVER_PORT, w.len);
}

static void put_inner(const uint8_t *packet, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab.pool);

	ASSERT_TRUE(m != NULL);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), packet, len);
	const struct lane_event e = {.kind = LANE_INNER,
		.worker = session_id_worker(client.session_id),
		.session_id = client.session_id,
		.packet = m};
	lab_put_event(&lab, &e);
	lab_run(&lab, 20);
}

static bool get_answer(const struct lab_session *s, struct udp_datagram *d, struct dhcp_message *m)
{
	struct inet_ipv4 ip;

	if (inet_ipv4_get(s->packet, s->packet_len, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return false;
	EXPECT_EQ(ip.source_be, htonl(SERVER_INNER));
	EXPECT_EQ(ip.destination_be, htonl(CLIENT_INNER));
	return udp_get(s->packet, &ip, d) == 0 && dhcp_message_get(d->data, m) == 0;
}

// S13: the row as Windows sees it, every option of it; with a real kernel asking, tests/e2e/dhcp_inform_test.
TEST(call_inner, s13_dhcp_inform_is_answered_with_the_routes_of_the_group)
{
	// 53, 54, 1, 121 and 249 (10.20/16 by the client's own address), 6, 44, 46, 15
	static const char options[] = "\x35\x01\x05\x36\x04\x0a\x09\x00\xfe\x01\x04\xff\xff\xff\xff"
				      "\x79\x07\x10\x0a\x14\x0a\x09\x00\x01"
				      "\xf9\x07\x10\x0a\x14\x0a\x09\x00\x01"
				      "\x06\x04\x0a\x09\x00\x35\x2c\x04\x0a\x14\x00\x04\x2e\x01\x08"
				      "\x0f\x0c"
				      "corp.example\xff";
	struct lab_session *s = come_up(a_group);
	uint8_t packet[700];
	struct udp_datagram d;
	struct dhcp_message m;

	EXPECT_TRUE(s->open.dhcp_inform);
	EXPECT_TRUE(s->open.relay_broadcasts);
	put_inner(packet, message(packet, DHCP_INFORM, CLIENT_INNER));
	ASSERT_EQ(s->n_packets, 1);
	ASSERT_TRUE(get_answer(s, &d, &m));
	EXPECT_EQ(d.source_port, DHCP_SERVER_PORT);
	EXPECT_EQ(d.destination_port, DHCP_CLIENT_PORT);
	EXPECT_EQ(m.op, DHCP_BOOTREPLY);
	EXPECT_EQ(m.xid, 0x01020304);
	EXPECT_EQ(m.ciaddr_be, htonl(CLIENT_INNER));
	ASSERT_GE(m.options.len, sizeof(options) - 1);
	EXPECT_MEMEQ(m.options.bytes, options, sizeof(options) - 1);
	EXPECT_EQ(lab.control->counters.dhcp_answered, 1);
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], 0);
	lab_close(&lab);
}

TEST(call_inner, what_is_refused)
{
	struct lab_session *s = come_up(NULL);
	uint8_t packet[700];
	uint64_t n = 0;

	EXPECT_FALSE(s->open.relay_broadcasts);
	put_inner(packet, message(packet, DHCP_DISCOVER, 0));
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	put_inner(packet, message(packet, DHCP_REQUEST, CLIENT_INNER));
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	put_inner(packet, message(packet, DHCP_INFORM, CLIENT_INNER + 1));
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	size_t len = message(packet, DHCP_INFORM, CLIENT_INNER);
	packet[len - 1] ^= 1; // checksum
	put_inner(packet, len);
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	put_inner(packet, 19); // no IPv4
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	memset(packet, 0, sizeof(packet));
	put_inner(packet, udp_put(packet, htonl(CLIENT_INNER), INADDR_BROADCAST, 137, 137, 100));
	EXPECT_EQ(lab.control->counters.drops[DROP_DHCP_REFUSED], ++n);
	EXPECT_EQ(s->n_packets, 0);
	EXPECT_EQ(lab.control->counters.dhcp_answered, 0);
	lab_close(&lab);
}

TEST(call_inner, a_group_without_it)
{
	struct lab_session *s = come_up(its_own_dns);
	uint8_t packet[700];

	EXPECT_FALSE(s->open.dhcp_inform);
	put_inner(packet, message(packet, DHCP_INFORM, CLIENT_INNER));
	EXPECT_EQ(s->n_packets, 0);
	EXPECT_EQ(lab.control->counters.drops[DROP_PPP_NOT_OPEN], 1);
	lab_close(&lab);
}

// The name servers of the group are what IPCP tells; where it has none, those of the pool.
TEST(call_inner, names_of_the_group)
{
	come_up(its_own_dns);
	const struct call *call = placement_find(&lab.control->placement, client.session_id);
	ASSERT_TRUE(call != NULL);
	EXPECT_EQ(call->link.verdict.n_dns, 2);
	EXPECT_EQ(call->link.verdict.dns_be[0], htonl(0x0a140002));
	EXPECT_EQ(call->link.verdict.dns_be[1], htonl(0x0a140003));
	EXPECT_EQ(call->link.verdict.n_nbns, 0);
	lab_close(&lab);

	come_up(NULL);
	call = placement_find(&lab.control->placement, client.session_id);
	ASSERT_TRUE(call != NULL);
	EXPECT_EQ(call->link.verdict.n_dns, 1);
	EXPECT_EQ(call->link.verdict.dns_be[0], htonl(0x0a090035));
	EXPECT_EQ(call->link.verdict.server_be, htonl(SERVER_INNER));
	lab_close(&lab);
}
