// SPDX-License-Identifier: BSD-3-Clause
#include "control/neighbor.h"

#include "control/netlink.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

enum {
	NONE = UINT16_MAX,
	HELD_MAX = 256,		// packets, in all
	HELD_PER_NEXT_HOP = 16, // packets
	READ_TRIES = 6,		// dumps in one go
	TENANT_METRIC = 10000,
	EVENTS_PER_READ = 64, // netlink datagrams taken in one go
	STATES_KNOWN =
		NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP,
};

static const uint64_t HELD_NS = 1000000000;

struct entry { // one neighbour of one of our TAPs
	uint32_t address_be;
	uint16_t state;
	uint16_t network;
	uint16_t next; // of the same network, NONE: the last
	struct rte_ether_addr mac;
};

struct kernel_route {
	uint32_t prefix_be;
	uint32_t gateway_be;
	uint32_t metric;
	uint16_t tenant;
	uint16_t network;
	uint8_t prefix_len;
	uint8_t kind; // enum route_kind; ROUTE_FORWARD through a gateway, ROUTE_UNRESOLVED connected
};

struct held {
	struct rte_mbuf *packet;
	uint64_t since_ns;
	uint32_t next_hop_be;
	uint16_t network;
};

struct device { // in order of ifindex
	unsigned int ifindex;
	uint16_t network;
};

struct neighbor {
	struct netlink ask;
	struct netlink hear;
	unsigned int n_networks;
	struct neighbor_network networks[LIMIT_NETWORKS];
	struct device devices[LIMIT_NETWORKS];
	bool is_dirty;
	bool routes_changed; // to be read anew, as neighbors_changed
	bool neighbors_changed;
	unsigned int n_entries;
	uint16_t first[LIMIT_NETWORKS]; // entry of each network, NONE: it has none
	struct entry entries[LIMIT_NEXT_HOPS];
	unsigned int n_routes;
	struct kernel_route routes[LIMIT_ROUTES];
	unsigned int n_held;
	struct held held[HELD_MAX];
};

static int compare_devices(const void *x, const void *y)
{
	const struct device *a = x, *b = y;

	return a->ifindex < b->ifindex ? -1 : a->ifindex > b->ifindex;
}

// Index of the network whose TAP it is, or -1.
static int network_of(const struct neighbor *n, unsigned int ifindex)
{
	const struct device wanted = {.ifindex = ifindex};
	const struct device *d =
		bsearch(&wanted, n->devices, n->n_networks, sizeof(n->devices[0]), compare_devices);

	return d ? d->network : -1;
}

static struct entry *find_entry(struct neighbor *n, uint16_t network, uint32_t address_be)
{
	for (uint16_t i = n->first[network]; i != NONE; i = n->entries[i].next)
		if (n->entries[i].address_be == address_be)
			return &n->entries[i];
	return NULL;
}

static void forget_entries(struct neighbor *n)
{
	n->n_entries = 0;
	for (unsigned int i = 0; i < n->n_networks; i++)
		n->first[i] = NONE;
}

static struct entry *add_entry(struct neighbor *n, uint16_t network, uint32_t address_be)
{
	if (n->n_entries == LIMIT_NEXT_HOPS)
		return NULL;
	uint16_t i = (uint16_t)n->n_entries++;
	n->entries[i] = (struct entry){
		.address_be = address_be, .network = network, .next = n->first[network]};
	n->first[network] = i;
	return &n->entries[i];
}

// What leads to the entry, in the list of its network.
static uint16_t *link_to(struct neighbor *n, uint16_t i)
{
	uint16_t *link = &n->first[n->entries[i].network];

	while (*link != i)
		link = &n->entries[*link].next;
	return link;
}

static bool is_known(const struct entry *e)
{
	return e && (e->state & STATES_KNOWN) != 0;
}

// ---- what the kernel says --------------------------------------------------------------------------

static void forget_entry(struct neighbor *n, struct entry *e)
{
	uint16_t i = (uint16_t)(e - n->entries), last = (uint16_t)(n->n_entries - 1);

	n->is_dirty |= is_known(e);
	*link_to(n, i) = e->next;
	if (i != last) {
		*link_to(n, last) = i;
		*e = n->entries[last];
	}
	n->n_entries--;
}

static int take_neighbor(const struct nlmsghdr *h, void *context)
{
	struct neighbor *n = context;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	uint32_t address_be = 0;
	const uint8_t *mac = NULL;
	int network = m->ndm_family == AF_INET ? network_of(n, (unsigned int)m->ndm_ifindex) : -1;

	if (network < 0)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		if (mnl_attr_get_type(a) == NDA_DST && mnl_attr_get_payload_len(a) == 4)
			address_be = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == NDA_LLADDR && mnl_attr_get_payload_len(a) == 6)
			mac = mnl_attr_get_payload(a);
	}
	struct entry *e = find_entry(n, (uint16_t)network, address_be);
	bool is_usable = h->nlmsg_type == RTM_NEWNEIGH && mac && (m->ndm_state & STATES_KNOWN);
	if (!is_usable) {
		if (e)
			forget_entry(n, e);
		return MNL_CB_OK;
	}
	if (!e) {
		e = add_entry(n, (uint16_t)network, address_be);
		if (!e)
			return MNL_CB_OK;
		n->is_dirty = true;
	}
	if (memcmp(e->mac.addr_bytes, mac, RTE_ETHER_ADDR_LEN) != 0) {
		memcpy(e->mac.addr_bytes, mac, RTE_ETHER_ADDR_LEN);
		n->is_dirty = true;
	}
	e->state = m->ndm_state;
	return MNL_CB_OK;
}

// A route that leads elsewhere than to our ports stays in the table as "none": what the kernel would
// send out of its own interfaces, the workers cannot.
static uint8_t route_kind_of(const struct rtmsg *m, int network, uint32_t gateway_be)
{
	switch (m->rtm_type) {
	case RTN_UNICAST:
		return network < 0 ? ROUTE_NONE : gateway_be ? ROUTE_FORWARD : ROUTE_UNRESOLVED;
	case RTN_LOCAL:
		return ROUTE_LOCAL;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		return ROUTE_BLACKHOLE;
	case RTN_BROADCAST:
		return network < 0 ? ROUTE_BLACKHOLE : ROUTE_BROADCAST;
	default:
		return ROUTE_NONE;
	}
}

static bool is_table_of(uint32_t table, uint16_t tenant)
{
	return table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL ||
	       (tenant != 0 && table == NEIGHBOR_TABLE + (uint32_t)tenant);
}

static int take_route(const struct nlmsghdr *h, void *context)
{
	struct neighbor *n = context;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a;
	struct kernel_route r = {.prefix_len = m->rtm_dst_len};
	uint32_t table = m->rtm_table;
	int network = -1;

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_family != AF_INET || m->rtm_src_len != 0)
		return MNL_CB_OK;
	mnl_attr_for_each(a, h, sizeof(*m))
	{
		if (mnl_attr_get_payload_len(a) < sizeof(uint32_t))
			continue;
		switch (mnl_attr_get_type(a)) {
		case RTA_TABLE:
			table = mnl_attr_get_u32(a);
			break;
		case RTA_DST:
			r.prefix_be = mnl_attr_get_u32(a);
			break;
		case RTA_GATEWAY:
			r.gateway_be = mnl_attr_get_u32(a);
			break;
		case RTA_PRIORITY:
			r.metric = mnl_attr_get_u32(a);
			break;
		case RTA_OIF:
			network = network_of(n, mnl_attr_get_u32(a));
			break;
		default:
			break;
		}
	}
	r.tenant = network < 0 ? 0 : n->networks[network].tenant;
	if (!is_table_of(table, r.tenant) || n->n_routes == LIMIT_ROUTES)
		return MNL_CB_OK;
	r.kind = route_kind_of(m, network, r.gateway_be);
	r.network = network < 0 ? 0 : (uint16_t)network;
	n->routes[n->n_routes++] = r;
	return MNL_CB_OK;
}

static bool is_same_prefix(const struct kernel_route *a, const struct kernel_route *b)
{
	return a->tenant == b->tenant && a->prefix_be == b->prefix_be &&
	       a->prefix_len == b->prefix_len;
}

// By tenant, prefix, then metric: of several routes to one prefix the kernel uses the first in this order.
static int compare_routes(const void *x, const void *y)
{
	const struct kernel_route *a = x, *b = y;

	if (a->tenant != b->tenant)
		return a->tenant < b->tenant ? -1 : 1;
	if (a->prefix_be != b->prefix_be)
		return a->prefix_be < b->prefix_be ? -1 : 1;
	if (a->prefix_len != b->prefix_len)
		return a->prefix_len < b->prefix_len ? -1 : 1;
	return a->metric < b->metric ? -1 : a->metric > b->metric;
}

// Read what is marked as changed. A daemon may be changing routes while we read: then again, a few times now and the
// next second after that. Until it is done no table is built, and the workers keep theirs.
static int read_changed(struct neighbor *n)
{
	int error = 0;

	for (int i = 0; i < READ_TRIES && (n->neighbors_changed || n->routes_changed); i++) {
		if (n->neighbors_changed) {
			forget_entries(n);
			error = netlink_dump(&n->ask, RTM_GETNEIGH, take_neighbor, n);
			n->neighbors_changed = error != 0;
		} else {
			n->n_routes = 0;
			error = netlink_dump(&n->ask, RTM_GETROUTE, take_route, n);
			n->routes_changed = error != 0;
			qsort(n->routes, n->n_routes, sizeof(n->routes[0]), compare_routes);
		}
		n->is_dirty = true;
	}
	return n->neighbors_changed || n->routes_changed ? error : 0;
}

static int read_all(struct neighbor *n)
{
	n->neighbors_changed = true;
	n->routes_changed = true;
	return read_changed(n);
}

static int take_notification(const struct nlmsghdr *h, void *context)
{
	struct neighbor *n = context;

	switch (h->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return take_neighbor(h, n);
	default: // links, addresses, routes
		n->routes_changed = true;
		return MNL_CB_OK;
	}
}

int neighbor_read(struct neighbor *n)
{
	char buf[16384];

	for (int i = 0; i < EVENTS_PER_READ; i++) {
		ssize_t len = mnl_socket_recvfrom(n->hear.socket, buf, sizeof(buf));
		if (len < 0 && errno == ENOBUFS)
			return read_all(n);
		if (len < 0 && errno == EAGAIN)
			break;
		if (len < 0)
			return -errno;
		if (mnl_cb_run(buf, (size_t)len, 0, 0, take_notification, n) < 0)
			return -errno;
	}
	return read_changed(n);
}

// ---- open and close --------------------------------------------------------------------------------

// The networks of tenants may be the same, and the kernel has one table of them: none is better than one of the
// default tenant.
static int set_up_network(struct neighbor *n, unsigned int index)
{
	const struct neighbor_network *p = &n->networks[index];
	uint32_t metric = p->tenant ? TENANT_METRIC + index : 0;
	uint32_t table = p->tenant ? NEIGHBOR_TABLE + (uint32_t)p->tenant : RT_TABLE_MAIN;
	int error = netlink_link_up(&n->ask, p->tap_ifindex);

	if (!error && p->address_be)
		error = netlink_address_add(
			&n->ask, p->tap_ifindex, p->address_be, p->prefix_len, metric);
	if (!error && p->gateway_be)
		error = netlink_default_route_add(&n->ask, p->tap_ifindex, p->gateway_be, table);
	return error;
}

static void take_networks(
	struct neighbor *n, const struct neighbor_network *networks, unsigned int n_networks)
{
	memcpy(n->networks, networks, n_networks * sizeof(*networks));
	n->n_networks = n_networks;
	for (unsigned int i = 0; i < n_networks; i++)
		n->devices[i] = (struct device){networks[i].tap_ifindex, (uint16_t)i};
	qsort(n->devices, n_networks, sizeof(n->devices[0]), compare_devices);
	forget_entries(n);
}

int neighbor_open(struct neighbor **out, const struct neighbor_network *networks,
	unsigned int n_networks, int *error_network)
{
	const unsigned int groups =
		RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE;

	*error_network = -1;
	if (n_networks > LIMIT_NETWORKS)
		return -EINVAL;
	struct neighbor *n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	take_networks(n, networks, n_networks);
	int error = netlink_open(&n->ask, 0);
	if (!error)
		error = netlink_open(&n->hear, groups);
	for (unsigned int i = 0; i < n_networks && !error; i++) {
		error = set_up_network(n, i);
		if (error)
			*error_network = (int)i;
	}
	if (!error)
		error = read_all(n);
	if (error) {
		neighbor_close(n);
		return error;
	}
	*out = n;
	return 0;
}

void neighbor_close(struct neighbor *n)
{
	if (!n)
		return;
	for (unsigned int i = 0; i < n->n_held; i++)
		rte_pktmbuf_free(n->held[i].packet);
	netlink_close(&n->ask);
	netlink_close(&n->hear);
	free(n);
}

int neighbor_fd(const struct neighbor *n)
{
	return mnl_socket_get_fd(n->hear.socket);
}

bool neighbor_is_dirty(const struct neighbor *n)
{
	return n->is_dirty && !n->routes_changed && !n->neighbors_changed;
}

void neighbor_touch(struct neighbor *n)
{
	n->is_dirty = true;
}

unsigned int neighbor_count(const struct neighbor *n)
{
	return n->n_entries;
}

// ---- tables ----------------------------------------------------------------------------------------

static struct route route_by(const struct neighbor *n, uint16_t network)
{
	const struct neighbor_network *p = &n->networks[network];

	return (struct route){.port = p->port, .vlan = p->vlan, .mtu = p->mtu};
}

static int add_route(struct neighbor *n, struct route_table *t, const struct kernel_route *r)
{
	struct route route = route_by(n, r->network);

	route.kind = r->kind;
	route.gateway_be = r->gateway_be;
	if (r->kind == ROUTE_FORWARD) {
		const struct entry *e = find_entry(n, r->network, r->gateway_be);
		if (is_known(e))
			route.mac = e->mac;
		else
			route.kind = ROUTE_UNRESOLVED;
	}
	return route_table_add(t, r->tenant, r->prefix_be, r->prefix_len, &route);
}

static int add_neighbor(const struct neighbor *n, struct route_table *t, const struct entry *e)
{
	uint16_t tenant = n->networks[e->network].tenant;
	struct route route = route_by(n, e->network);
	const struct route *r = route_table_lookup(t, tenant, e->address_be);

	route.kind = ROUTE_FORWARD;
	route.mac = e->mac;
	// Only where the kernel would deliver directly: a /32 of its own may say otherwise.
	if (!is_known(e) || r->kind != ROUTE_UNRESOLVED || r->port != route.port ||
		r->vlan != route.vlan || r->gateway_be != 0)
		return 0;
	return route_table_add(t, tenant, e->address_be, 32, &route);
}

struct route_table *neighbor_build(struct neighbor *n, unsigned int n_more)
{
	struct route_table *t = route_table_new(n->n_routes + n->n_entries + n_more + 1);
	int error = 0;

	if (!t)
		return NULL;
	for (unsigned int i = 0; i < n->n_routes && !error; i++)
		if (i == 0 || !is_same_prefix(&n->routes[i - 1], &n->routes[i]))
			error = add_route(n, t, &n->routes[i]);
	for (unsigned int i = 0; i < n->n_entries && !error; i++)
		error = add_neighbor(n, t, &n->entries[i]);
	if (error) {
		route_table_free(t);
		return NULL;
	}
	n->is_dirty = false;
	return t;
}

// ---- packets that wait for their neighbour ---------------------------------------------------------

int neighbor_hold(struct neighbor *n, uint16_t network, uint32_t next_hop_be,
	struct rte_mbuf *packet, uint64_t now_ns)
{
	unsigned int n_same = 0;

	for (unsigned int i = 0; i < n->n_held; i++)
		n_same += n->held[i].network == network && n->held[i].next_hop_be == next_hop_be;
	if (network >= n->n_networks || n->n_held == HELD_MAX || n_same == HELD_PER_NEXT_HOP) {
		rte_pktmbuf_free(packet);
		return -ENOBUFS;
	}
	n->held[n->n_held++] = (struct held){packet, now_ns, next_hop_be, network};
	// One question a next hop at a time: the kernel repeats it by itself.
	if (n_same == 0 && !is_known(find_entry(n, network, next_hop_be)))
		(void)netlink_neighbor_use(&n->ask, n->networks[network].tap_ifindex, next_hop_be);
	return 0;
}

// Order is kept: the packets of one flow leave as they came.
static struct rte_mbuf *take_held(struct neighbor *n, unsigned int i)
{
	struct rte_mbuf *packet = n->held[i].packet;

	n->n_held--;
	memmove(&n->held[i], &n->held[i + 1], (n->n_held - i) * sizeof(n->held[0]));
	return packet;
}

struct rte_mbuf *neighbor_take_resolved(struct neighbor *n, uint16_t *tenant)
{
	for (unsigned int i = 0; i < n->n_held; i++) {
		uint16_t network = n->held[i].network;
		if (!is_known(find_entry(n, network, n->held[i].next_hop_be)))
			continue;
		*tenant = n->networks[network].tenant;
		return take_held(n, i);
	}
	return NULL;
}

unsigned int neighbor_expire(struct neighbor *n, uint64_t now_ns)
{
	unsigned int n_freed = 0;

	(void)read_changed(n); // does nothing unless it failed before

	for (unsigned int i = 0; i < n->n_held;) {
		if (now_ns - n->held[i].since_ns < HELD_NS) {
			i++;
			continue;
		}
		rte_pktmbuf_free(take_held(n, i));
		n_freed++;
	}
	// The kernel sees none of the workers' traffic: without a push a stale entry would never be confirmed, and a
	// host that moved to another link address never noticed.
	for (unsigned int i = 0; i < n->n_entries; i++)
		if (n->entries[i].state == NUD_STALE)
			(void)netlink_neighbor_use(&n->ask,
				n->networks[n->entries[i].network].tap_ifindex,
				n->entries[i].address_be);
	return n_freed;
}
