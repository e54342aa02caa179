// SPDX-License-Identifier: BSD-3-Clause
// TAPs, netlink and neighbours against the real kernel, in a network namespace of the test's own. The test
// holds the wire's end of each TAP: what the kernel sends it reads, what it writes the kernel receives.
#include "control/neighbor.h"
#include "control/tap.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <rte_arp.h>
#include <rte_eal.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 3000, N_MBUFS = 1023 };

static const struct rte_ether_addr tap_mac = {{0x02, 0xad, 0x17, 0, 0, 1}};
static const struct rte_ether_addr host_mac = {{0x02, 0xad, 0x17, 0, 0, 9}};

struct world {
	struct tap outside, inside;
	struct neighbor *neighbor;
	struct rte_mempool *pool;
};

static uint32_t ip(const char *text)
{
	return inet_addr(text);
}

// One EAL and one namespace for the program: neither can be left again. Returns NULL or why not.
static const char *enter(struct rte_mempool **pool)
{
	static struct rte_mempool *made;
	static const char *why;
	char prefix[64];
	char *argv[] = {"t", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m", "64",
		"--lcores=0", "--log-level=lib.*:error", prefix, NULL};

	if (!made && !why) {
		if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET) < 0)
			why = "no network namespaces here";
		else if (access("/dev/net/tun", R_OK | W_OK) < 0)
			why = "no /dev/net/tun here";
		snprintf(prefix, sizeof(prefix), "--file-prefix=netns%d", getpid());
		if (!why && rte_eal_init(10, argv) < 0)
			why = "no EAL here";
		if (!why)
			made = rte_pktmbuf_pool_create(
				"netns", N_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	}
	*pool = made;
	return why;
}

static const char *world_open(struct world *w)
{
	struct neighbor_network ports[2] = {
		{.address_be = ip("198.18.0.1"),
			.prefix_len = 24,
			.gateway_be = ip("198.18.0.254")},
		{.port = 1, .address_be = ip("10.20.0.1"), .prefix_len = 24},
	};
	int port;
	const char *why = enter(&w->pool);

	if (why)
		return why;
	EXPECT_EQ(tap_open(&w->outside, "t-out", &tap_mac, 1500), 0);
	EXPECT_EQ(tap_open(&w->inside, "t-in", &tap_mac, 1400), 0);
	ports[0].tap_ifindex = w->outside.ifindex;
	ports[1].tap_ifindex = w->inside.ifindex;
	EXPECT_EQ(neighbor_open(&w->neighbor, ports, 2, &port), 0);
	EXPECT_EQ(port, -1);
	return NULL;
}

static void world_close(struct world *w)
{
	neighbor_close(w->neighbor);
	tap_close(&w->outside);
	tap_close(&w->inside);
	EXPECT_EQ(rte_mempool_in_use_count(w->pool), 0);
}

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// The next frame of this Ethernet type that the kernel sends, or NULL after `ms`.
static struct rte_mbuf *wire_receive(struct world *w, struct tap *t, uint16_t type, int ms)
{
	uint64_t end = now_ns() + (uint64_t)ms * 1000000u;
	int error;

	while (now_ns() < end) {
		struct pollfd p = {.fd = t->fd, .events = POLLIN};
		if (poll(&p, 1, 20) <= 0)
			continue;
		struct rte_mbuf *m = tap_receive(t, w->pool, &error);
		if (m && rte_pktmbuf_mtod(m, struct rte_ether_hdr *)->ether_type ==
				 rte_cpu_to_be_16(type))
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

// Answer the kernel's question about `address_be`. False when it did not ask.
static bool answer_arp(struct world *w, struct tap *t, uint32_t address_be)
{
	struct rte_mbuf *m;

	while ((m = wire_receive(w, t, RTE_ETHER_TYPE_ARP, PATIENCE_MS))) {
		struct rte_ether_hdr *e = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
		struct rte_arp_hdr *a = (struct rte_arp_hdr *)(e + 1);
		bool is_it = a->arp_opcode == rte_cpu_to_be_16(RTE_ARP_OP_REQUEST) &&
			     a->arp_data.arp_tip == address_be;
		if (is_it) {
			e->dst_addr = e->src_addr;
			e->src_addr = host_mac;
			a->arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REPLY);
			a->arp_data.arp_tha = a->arp_data.arp_sha;
			a->arp_data.arp_tip = a->arp_data.arp_sip;
			a->arp_data.arp_sha = host_mac;
			a->arp_data.arp_sip = address_be;
			EXPECT_EQ(tap_send(t, m), 0);
		}
		rte_pktmbuf_free(m);
		if (is_it)
			return true;
	}
	return false;
}

// Read netlink until a table says what is wanted of this destination, or patience ends.
static struct route route_of_tenant(
	struct world *w, uint16_t tenant, const char *to, enum route_kind wanted)
{
	uint64_t end = now_ns() + PATIENCE_MS * UINT64_C(1000000);
	struct route r = {0};

	do {
		struct pollfd p = {.fd = neighbor_fd(w->neighbor), .events = POLLIN};
		struct route_table *t = neighbor_build(w->neighbor, 0);
		if (!t)
			return r;
		r = *route_table_lookup(t, tenant, ip(to));
		route_table_free(t);
		if (r.kind == wanted)
			return r;
		if (poll(&p, 1, 50) > 0)
			EXPECT_EQ(neighbor_read(w->neighbor), 0);
	} while (now_ns() < end);
	return r;
}

static struct route route_of(struct world *w, const char *to, enum route_kind wanted)
{
	return route_of_tenant(w, 0, to, wanted);
}

static struct rte_mbuf *packet_to_hold(struct world *w)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	char *bytes = m ? rte_pktmbuf_append(m, 64) : NULL;
	if (bytes)
		memset(bytes, 0, 64);
	return m;
}

TEST(kernel_mirror, routes_of_the_kernel)
{
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	struct route r = route_of(&w, "10.20.0.77", ROUTE_UNRESOLVED);
	EXPECT_EQ(r.kind, ROUTE_UNRESOLVED);
	EXPECT_EQ(r.port, 1);
	EXPECT_EQ(r.gateway_be, 0);
	r = route_of(&w, "8.8.8.8", ROUTE_UNRESOLVED);
	EXPECT_EQ(r.kind, ROUTE_UNRESOLVED);
	EXPECT_EQ(r.port, 0);
	EXPECT_EQ(r.gateway_be, ip("198.18.0.254"));
	EXPECT_EQ(route_of(&w, "10.20.0.1", ROUTE_LOCAL).kind, ROUTE_LOCAL);
	r = route_of(&w, "10.20.0.255", ROUTE_BROADCAST);
	EXPECT_EQ(r.kind, ROUTE_BROADCAST);
	EXPECT_EQ(r.port, 1);
	world_close(&w);
}

TEST(kernel_mirror, a_held_packet_leaves_when_its_neighbour_answers)
{
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	struct rte_mbuf *m = packet_to_hold(&w);
	uint16_t tenant;
	EXPECT_EQ(neighbor_hold(w.neighbor, 1, ip("10.20.0.2"), m, now_ns()), 0);
	EXPECT_NULL(neighbor_take_resolved(w.neighbor, &tenant));
	EXPECT_TRUE(answer_arp(&w, &w.inside, ip("10.20.0.2")));
	struct route r = route_of(&w, "10.20.0.2", ROUTE_FORWARD);
	EXPECT_EQ(r.kind, ROUTE_FORWARD);
	EXPECT_EQ(r.port, 1);
	EXPECT_MEMEQ(&r.mac, &host_mac, sizeof(host_mac));
	struct rte_mbuf *out = neighbor_take_resolved(w.neighbor, &tenant);
	EXPECT_EQ(out, m);
	rte_pktmbuf_free(out);
	EXPECT_EQ(neighbor_count(w.neighbor), 1);
	world_close(&w);
}

TEST(kernel_mirror, a_route_takes_the_link_address_of_its_gateway)
{
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	uint16_t tenant;
	EXPECT_EQ(
		neighbor_hold(w.neighbor, 0, ip("198.18.0.254"), packet_to_hold(&w), now_ns()), 0);
	EXPECT_TRUE(answer_arp(&w, &w.outside, ip("198.18.0.254")));
	struct route r = route_of(&w, "203.0.113.5", ROUTE_FORWARD);
	EXPECT_EQ(r.kind, ROUTE_FORWARD);
	EXPECT_EQ(r.port, 0);
	EXPECT_MEMEQ(&r.mac, &host_mac, sizeof(host_mac));
	rte_pktmbuf_free(neighbor_take_resolved(w.neighbor, &tenant));
	world_close(&w);
}

// The kernel refuses a question (here because the link has gone): its refusal must not stand in the way of later answers.
TEST(kernel_mirror, a_refused_question_leaves_the_routes_alone)
{
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	tap_close(&w.inside);
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(neighbor_hold(w.neighbor, 1, ip("10.20.0.2") + htonl((uint32_t)i),
				  packet_to_hold(&w), now_ns()),
			0);
	// Ours no more: by the default route.
	EXPECT_EQ(route_of(&w, "10.20.0.1", ROUTE_UNRESOLVED).kind, ROUTE_UNRESOLVED);
	struct route r = route_of(&w, "10.20.0.77", ROUTE_UNRESOLVED);
	EXPECT_EQ(r.port, 0);
	EXPECT_EQ(r.gateway_be, ip("198.18.0.254"));
	world_close(&w);
}

TEST(kernel_mirror, what_is_held_is_bounded_and_expires)
{
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	int n_held = 0;
	for (int i = 0; i < 40; i++)
		n_held += neighbor_hold(w.neighbor, 1, ip("10.20.0.3"), packet_to_hold(&w), 1000) ==
			  0;
	EXPECT_EQ(n_held, 16);
	EXPECT_EQ(rte_mempool_in_use_count(w.pool), 16);
	EXPECT_EQ(
		neighbor_hold(w.neighbor, 7, ip("10.20.0.3"), packet_to_hold(&w), 1000), -ENOBUFS);
	EXPECT_EQ(neighbor_expire(w.neighbor, 2000), 0);
	EXPECT_EQ(neighbor_expire(w.neighbor, 1000 + UINT64_C(1000000000)), 16);
	world_close(&w);
}

// A SYN to a listening port of the kernel behind the TAP, its checksum field as asked.
enum checksum { CHECKSUM_WHOLE, CHECKSUM_PARTIAL, CHECKSUM_WRONG };

static struct rte_mbuf *syn(struct world *w, uint16_t port, enum checksum how)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(w->pool);
	const uint16_t len = sizeof(struct rte_ipv4_hdr) + sizeof(struct rte_tcp_hdr);
	struct rte_ether_hdr *e = (void *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*e) + len));
	struct rte_ipv4_hdr *i = (void *)(e + 1);
	struct rte_tcp_hdr *t = (void *)(i + 1);

	if (!e)
		abort();
	memset(e, 0, sizeof(*e) + len);
	e->dst_addr = tap_mac;
	e->src_addr = host_mac;
	e->ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	i->version_ihl = 0x45;
	i->total_length = rte_cpu_to_be_16(len);
	i->time_to_live = 64;
	i->next_proto_id = IPPROTO_TCP;
	i->src_addr = ip("198.18.0.9");
	i->dst_addr = ip("198.18.0.1");
	i->hdr_checksum = rte_ipv4_cksum(i);
	t->src_port = rte_cpu_to_be_16(40000);
	t->dst_port = rte_cpu_to_be_16(port);
	t->data_off = 5 << 4;
	t->tcp_flags = RTE_TCP_SYN_FLAG;
	t->rx_win = 0xffff;
	t->cksum =
		how == CHECKSUM_PARTIAL ? rte_ipv4_phdr_cksum(i, 0) : rte_ipv4_udptcp_cksum(i, t);
	if (how == CHECKSUM_WRONG)
		t->cksum ^= 0x0100;
	return m;
}

TEST(kernel_mirror, a_partial_checksum_is_completed_and_a_wrong_one_is_not)
{
	static const struct {
		enum checksum how;
		bool is_answered;
	} cases[] = {{CHECKSUM_WHOLE, true}, {CHECKSUM_PARTIAL, true}, {CHECKSUM_WRONG, false}};
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(1723)};
	struct world w = {0};
	const char *why = world_open(&w);
	if (why)
		SKIP(why);

	int fd = socket(AF_INET, SOCK_STREAM, 0);
	a.sin_addr.s_addr = ip("198.18.0.1");
	EXPECT_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	EXPECT_EQ(listen(fd, 4), 0);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE((long long)i);
		struct rte_mbuf *m = syn(&w, 1723, cases[i].how);
		EXPECT_EQ(tap_send(&w.outside, m), 0);
		rte_pktmbuf_free(m);
		// The kernel's SYN/ACK wants the client's link address first: its question is answer enough.
		bool is_asked = answer_arp(&w, &w.outside, ip("198.18.0.9"));
		EXPECT_EQ(is_asked, cases[i].is_answered);
		if (is_asked) {
			// A fresh world, so that the next case has to ask again.
			close(fd);
			world_close(&w);
			w = (struct world){0};
			ASSERT_NULL(world_open(&w));
			fd = socket(AF_INET, SOCK_STREAM, 0);
			ASSERT_EQ(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
			ASSERT_EQ(listen(fd, 4), 0);
		}
	}
	close(fd);
	world_close(&w);
}

// --- tenants: networks that are the same, behind TAPs of their own ------------------------------------

struct tenants {
	struct world w; // outside is red's, inside blue's
	struct tap port;
};

static const char *tenants_open(struct tenants *t)
{
	struct neighbor_network networks[] = {
		{.address_be = ip("198.18.0.1"),
			.prefix_len = 24,
			.gateway_be = ip("198.18.0.254")},
		{.port = 1,
			.vlan = 100,
			.tenant = 1,
			.mtu = 1400,
			.address_be = ip("10.0.0.1"),
			.prefix_len = 16,
			.gateway_be = ip("10.0.0.254")},
		{.port = 1,
			.vlan = 200,
			.tenant = 2,
			.address_be = ip("10.0.0.1"),
			.prefix_len = 16,
			.gateway_be = ip("10.0.0.254")},
	};
	int failed;
	const char *why = enter(&t->w.pool);

	if (why)
		return why;
	EXPECT_EQ(tap_open(&t->port, "t-port", &tap_mac, 1500), 0);
	EXPECT_EQ(tap_open(&t->w.outside, "t-red", &tap_mac, 1400), 0);
	EXPECT_EQ(tap_open(&t->w.inside, "t-blue", &tap_mac, 1500), 0);
	tap_share_network(&t->w.outside);
	tap_share_network(&t->w.inside);
	networks[0].tap_ifindex = t->port.ifindex;
	networks[1].tap_ifindex = t->w.outside.ifindex;
	networks[2].tap_ifindex = t->w.inside.ifindex;
	EXPECT_EQ(neighbor_open(&t->w.neighbor, networks, RTE_DIM(networks), &failed), 0);
	EXPECT_EQ(failed, -1);
	return NULL;
}

static void tenants_close(struct tenants *t)
{
	tap_close(&t->port);
	world_close(&t->w);
}

TEST(kernel_mirror, tenants_have_the_same_network_and_gateway)
{
	struct tenants t = {0};
	const char *why = tenants_open(&t);
	if (why)
		SKIP(why);

	for (uint16_t tenant = 1; tenant <= 2; tenant++) {
		SHIM_TRACE_CASE(tenant);
		struct route r = route_of_tenant(&t.w, tenant, "10.0.7.7", ROUTE_UNRESOLVED);
		EXPECT_EQ(r.kind, ROUTE_UNRESOLVED);
		EXPECT_EQ(r.port, 1);
		EXPECT_EQ(r.vlan, 100 * tenant);
		EXPECT_EQ(r.mtu, tenant == 1 ? 1400 : 0);
		EXPECT_EQ(r.gateway_be, 0);
		EXPECT_EQ(r.prefix_len, 16);
		r = route_of_tenant(&t.w, tenant, "8.8.8.8", ROUTE_UNRESOLVED);
		EXPECT_EQ(r.vlan, 100 * tenant);
		EXPECT_EQ(r.gateway_be, ip("10.0.0.254"));
		EXPECT_EQ(route_of_tenant(&t.w, tenant, "10.0.0.1", ROUTE_LOCAL).kind, ROUTE_LOCAL);
		EXPECT_EQ(route_of_tenant(&t.w, tenant, "10.0.255.255", ROUTE_BROADCAST).kind,
			ROUTE_BROADCAST);
	}
	// The default tenant has none of it, and the box's own default route is the outside's.
	struct route r = route_of(&t.w, "10.0.7.7", ROUTE_UNRESOLVED);
	EXPECT_EQ(r.gateway_be, ip("198.18.0.254"));
	EXPECT_EQ(r.port, 0);
	EXPECT_EQ(system("ip route show default | grep -q 'via 198.18.0.254 dev t-port' && "
			 "test $(ip route show default | wc -l) = 1"),
		0);
	tenants_close(&t);
}

// The gateway of each answers on its own wire, with its own link address.
TEST(kernel_mirror, the_gateway_of_a_tenant_is_asked_on_its_own_network)
{
	struct tenants t = {0};
	uint16_t tenant = 0;
	const char *why = tenants_open(&t);
	if (why)
		SKIP(why);

	EXPECT_EQ(neighbor_hold(t.w.neighbor, 2, ip("10.0.0.254"), packet_to_hold(&t.w), now_ns()),
		0);
	EXPECT_TRUE(answer_arp(&t.w, &t.w.inside, ip("10.0.0.254")));
	struct route r = route_of_tenant(&t.w, 2, "8.8.8.8", ROUTE_FORWARD);
	EXPECT_EQ(r.kind, ROUTE_FORWARD);
	EXPECT_EQ(r.vlan, 200);
	EXPECT_MEMEQ(&r.mac, &host_mac, sizeof(host_mac));
	r = route_of_tenant(&t.w, 2, "10.0.0.254", ROUTE_FORWARD);
	EXPECT_EQ(r.kind, ROUTE_FORWARD);
	EXPECT_EQ(r.vlan, 200);
	EXPECT_EQ(route_of_tenant(&t.w, 1, "8.8.8.8", ROUTE_UNRESOLVED).kind, ROUTE_UNRESOLVED);
	rte_pktmbuf_free(neighbor_take_resolved(t.w.neighbor, &tenant));
	EXPECT_EQ(tenant, 2);
	EXPECT_NULL(wire_receive(&t.w, &t.w.outside, RTE_ETHER_TYPE_ARP, 100));
	tenants_close(&t);
}

// A host of either asks for the address that both have: the kernel answers on the wire that the question came by.
TEST(kernel_mirror, the_kernel_answers_arp_of_each_tenant)
{
	struct tenants t = {0};
	const char *why = tenants_open(&t);
	if (why)
		SKIP(why);

	struct tap *taps[] = {&t.w.outside, &t.w.inside};
	for (unsigned int i = 0; i < 2; i++) {
		SHIM_TRACE_CASE(i);
		struct rte_mbuf *m = rte_pktmbuf_alloc(t.w.pool);
		struct rte_ether_hdr *e = (void *)rte_pktmbuf_append(
			m, sizeof(struct rte_ether_hdr) + sizeof(struct rte_arp_hdr));
		struct rte_arp_hdr *a = (void *)(e + 1);
		*e = (struct rte_ether_hdr){
			.src_addr = host_mac, .ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_ARP)};
		memset(&e->dst_addr, 0xff, sizeof(e->dst_addr));
		*a = (struct rte_arp_hdr){.arp_hardware = rte_cpu_to_be_16(RTE_ARP_HRD_ETHER),
			.arp_protocol = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4),
			.arp_hlen = 6,
			.arp_plen = 4,
			.arp_opcode = rte_cpu_to_be_16(RTE_ARP_OP_REQUEST)};
		a->arp_data.arp_sha = host_mac;
		a->arp_data.arp_sip = ip("10.0.0.9");
		a->arp_data.arp_tip = ip("10.0.0.1");
		EXPECT_EQ(tap_send(taps[i], m), 0);
		rte_pktmbuf_free(m);
		m = wire_receive(&t.w, taps[i], RTE_ETHER_TYPE_ARP, PATIENCE_MS);
		EXPECT_TRUE(m != NULL);
		if (m) {
			a = rte_pktmbuf_mtod_offset(
				m, struct rte_arp_hdr *, sizeof(struct rte_ether_hdr));
			EXPECT_EQ(a->arp_opcode, rte_cpu_to_be_16(RTE_ARP_OP_REPLY));
			EXPECT_EQ(a->arp_data.arp_sip, ip("10.0.0.1"));
		}
		rte_pktmbuf_free(m);
		EXPECT_NULL(wire_receive(&t.w, taps[1 - i], RTE_ETHER_TYPE_ARP, 50));
	}
	tenants_close(&t);
}
