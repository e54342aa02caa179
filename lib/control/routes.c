// SPDX-License-Identifier: BSD-3-Clause
#include "control/routes.h"

#include "control/control_state.h"
#include "control/pool_routes.h"

#include <errno.h>
#include <stdlib.h>

static const uint64_t PUBLISH_NS = 5000000;

enum {
	TAP_FRAMES_PER_TURN = 32, // a port
	SENDING_WORKER = 0,	  // every worker has a transmit queue on every port
};

int routes_hold(struct control *c, uint8_t port, uint16_t vlan, uint32_t next_hop_be,
	struct rte_mbuf *packet)
{
	if (!c->neighbor) {
		rte_pktmbuf_free(packet);
		return -ENOBUFS;
	}
	c->routes.has_held = true;
	return neighbor_hold(c->neighbor, networks_find(&c->networks, port, vlan), next_hop_be,
		packet, control_now(c));
}

// ---- the kernel to the ports --------------------------------------------------------------------

static void tap_ready(struct loop_source *s, uint32_t events)
{
	struct control_tap *t = container_of(s, struct control_tap, source);
	struct control *c = t->control;

	for (int i = 0; i < TAP_FRAMES_PER_TURN; i++) {
		int error = 0;
		struct rte_mbuf *m = tap_receive(t->network->tap, c->config.pool, &error);
		if (m && !networks_put_tag(t->network, m)) {
			counter_add(&c->counters.drops[DROP_TAP_FAILED], 1);
			rte_pktmbuf_free(m);
		} else if (m) {
			counter_add(&c->counters.tap_in, 1);
			const struct lane_command command = {
				.kind = COMMAND_SEND_FRAME, .packet = m, .port = t->network->port};
			workers_send_packet(c, SENDING_WORKER, &command);
		} else if (error == -ENOMEM) {
			counter_add(&c->counters.drops[DROP_NO_MBUF], 1);
		} else {
			if (error != -EAGAIN)
				counter_add(&c->counters.drops[DROP_TAP_FAILED], 1);
			return;
		}
	}
}

static void neighbor_ready(struct loop_source *s, uint32_t events)
{
	struct control *c = container_of(s, struct control, neighbor_source);
	int rc = neighbor_read(c->neighbor);

	counter_add(&c->counters.netlink_updates, 1);
	if (rc == 0)
		return;
	struct event e;
	event_begin(&e, EVENT_INTERNAL);
	event_word(&e, "what", "netlink");
	event_word(&e, "error", strerror(-rc));
	event_send(c->config.log, &e);
}

static void tell_failure(struct control *c, const char *what, int network, int rc)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", what);
	if (network >= 0)
		event_word(&e, "port", c->networks.list[network].name);
	event_word(&e, "error", strerror(-rc));
	event_send(c->config.log, &e);
}

static int open_taps(struct control *c)
{
	for (unsigned int i = 0; i < c->networks.n; i++) {
		struct control_tap *t = &c->taps[i];
		t->control = c;
		t->network = &c->networks.list[i];
		t->source = (struct loop_source){
			.fd = t->network->tap->fd, .events = EPOLLIN, .ready = tap_ready};
		int rc = loop_add(&c->loop, &t->source);
		if (rc != 0) {
			tell_failure(c, "tap", (int)i, rc);
			return rc;
		}
		c->n_taps++;
	}
	return 0;
}

static struct neighbor_network describe_network(const struct control *c, unsigned int i)
{
	const struct config *config = c->config.config;
	const struct network *network = &c->networks.list[i];
	struct neighbor_network out = {
		.tap_ifindex = network->tap->ifindex,
		.port = network->port,
		.vlan = network->vlan,
		.tenant = network->tenant,
	};

	if (i < c->config.n_ports) {
		const struct config_port *p = &config->ports[i];
		out.address_be = p->has_address ? p->address_be : 0;
		out.prefix_len = p->prefix_len;
		out.gateway_be = p->has_gateway ? p->gateway_be : 0;
	} else {
		const struct config_vlan *v = &config->vlans[i - c->config.n_ports];
		out.mtu = v->mtu;
		out.address_be = v->has_address ? v->address_be : 0;
		out.prefix_len = v->prefix_len;
		out.gateway_be = v->has_gateway ? v->gateway_be : 0;
	}
	return out;
}

static int open_neighbor(struct control *c)
{
	struct neighbor_network *networks = calloc(c->networks.n, sizeof(*networks));
	int error_network = -1;
	int rc = -ENOMEM;

	for (unsigned int i = 0; networks && i < c->networks.n; i++)
		networks[i] = describe_network(c, i);
	if (networks)
		rc = neighbor_open(&c->neighbor, networks, c->networks.n, &error_network);
	free(networks);
	if (rc != 0)
		tell_failure(c, "netlink", error_network, rc);
	return rc;
}

int routes_open(struct control *c)
{
	int rc = networks_open(c);

	if (rc != 0 || c->networks.n == 0)
		return rc;
	rc = open_neighbor(c);
	if (rc != 0)
		return rc;
	c->neighbor_source = (struct loop_source){
		.fd = neighbor_fd(c->neighbor), .events = EPOLLIN, .ready = neighbor_ready};
	rc = loop_add(&c->loop, &c->neighbor_source);
	if (rc != 0) {
		tell_failure(c, "netlink", -1, rc);
		return rc;
	}
	return open_taps(c);
}

void routes_close(struct control *c)
{
	for (unsigned int i = 0; i < c->n_taps; i++)
		loop_remove(&c->loop, &c->taps[i].source);
	c->n_taps = 0;
	networks_close(&c->networks);
	if (c->neighbor) {
		loop_remove(&c->loop, &c->neighbor_source);
		neighbor_close(c->neighbor);
		c->neighbor = NULL;
	}
	for (uint32_t i = 0; i < c->routes.n_live; i++)
		route_table_free(c->routes.live[i].table);
	c->routes.n_live = 0;
}

// ---- tables to the workers ----------------------------------------------------------------------

static bool may_publish(const struct control *c)
{
	return c->neighbor && neighbor_is_dirty(c->neighbor) && c->routes.n_live < ROUTES_LIVE_MAX;
}

uint64_t routes_due(const struct control *c)
{
	if (!may_publish(c))
		return TIMER_NEVER;
	return c->routes.n_published ? c->routes.published_ns + PUBLISH_NS : 0;
}

// What was held for a neighbour goes to a worker, after the table that has the neighbour.
static void send_resolved(struct control *c)
{
	struct rte_mbuf *m;
	uint16_t tenant;

	c->routes.has_held = false;
	while ((m = neighbor_take_resolved(c->neighbor, &tenant))) {
		const struct lane_command command = {
			.kind = COMMAND_INJECT, .packet = m, .tenant = tenant};
		workers_send_packet(c, SENDING_WORKER, &command);
	}
}

// The kernel's routes, and the pools: what is for a client that is not there ends here and does not leave in the clear
// by the default route; the server's address of each pool is ours.
static struct route_table *build_table(struct control *c)
{
	const struct config *config = c->config.config;
	struct route_table *t =
		neighbor_build(c->neighbor, config->n_pools * (POOL_ROUTES_MAX + 1u));
	int error = 0;

	for (unsigned int i = 0; t && i < config->n_pools && !error; i++) {
		const struct route ours = {.kind = ROUTE_LOCAL};
		uint16_t tenant = config->pools[i].tenant_number;
		if (!config->pools[i].name[0])
			continue; // an empty place
		error = pool_routes_add(t, tenant, config->pools[i].first, config->pools[i].last);
		if (!error)
			error = route_table_add(
				t, tenant, config->pools[i].server_inner_be, 32, &ours);
	}
	if (!error)
		return t;
	route_table_free(t);
	return NULL;
}

void routes_publish(struct control *c)
{
	struct routes *r = &c->routes;

	if (control_now(c) < routes_due(c)) {
		// A worker asked for what had been resolved already: its table was an older one.
		if (r->has_held && !neighbor_is_dirty(c->neighbor))
			send_resolved(c);
		return;
	}
	struct route_table *table = build_table(c);
	if (!table) {
		struct event e;
		event_begin(&e, EVENT_NO_RESOURCE);
		event_word(&e, "what", "route table");
		event_send(c->config.log, &e);
		r->published_ns = control_now(c); // memory may come back: again in 5 ms
		r->n_published++;
		return;
	}
	r->live[r->n_live].table = table;
	r->live[r->n_live].n_retired = 0;
	r->n_live++;
	for (unsigned int i = 0; i < c->config.n_workers; i++) {
		struct lane_command command = {.kind = COMMAND_TABLE, .routes = table};
		(void)workers_send(c, (uint8_t)i, &command);
	}
	r->published_ns = control_now(c);
	r->n_published++;
	send_resolved(c);
}

void routes_retired(struct control *c, struct route_table *table)
{
	struct routes *r = &c->routes;

	for (uint32_t i = 0; table && i < r->n_live; i++) {
		if (r->live[i].table != table)
			continue;
		if (++r->live[i].n_retired < c->config.n_workers)
			return;
		route_table_free(table);
		r->n_live--;
		for (uint32_t k = i; k < r->n_live; k++)
			r->live[k] = r->live[k + 1];
		return;
	}
}

void routes_check(struct control *c)
{
	if (!c->neighbor)
		return;
	unsigned int n = neighbor_expire(c->neighbor, control_now(c));
	if (n)
		counter_add(&c->counters.drops[DROP_NO_NEIGHBOR], n);
}
