// SPDX-License-Identifier: BSD-3-Clause
#include "flow.h"
#include "flow_tsan.h"

#include "drivers/crypto/sw/sw.h"
#include "shim/eal.h"
#include "shim/shim.h"

#include <rte_eth_ring.h>
#include <rte_malloc.h>
#include <stdlib.h>
#include <sched.h>

enum {
	POOL_MBUFS = 4095,
	PORT_RING = 1024,
	EVENT_RING = 256,
	HANDOFF_RING = 256,
	POLLS_MAX = 1000,
	MEMORY_MB = 256,
};

// What all tests share: EAL comes up once in a process, and the ports of rings with it.
struct shared {
	struct rte_mempool *pool;
	uint16_t ports[FLOW_PORTS];
	struct rte_ring *rx[FLOW_PORTS][FLOW_WORKERS];
	struct rte_ring *tx[FLOW_PORTS][FLOW_WORKERS];
};

static struct shared shared;

static void start_port(unsigned int port)
{
	const struct rte_eth_conf conf = {0};
	char name[32];

	for (unsigned int q = 0; q < FLOW_WORKERS; q++) {
		snprintf(name, sizeof(name), "rx-%u-%u", port, q);
		shared.rx[port][q] = rte_ring_create(name, PORT_RING, 0, 0);
		snprintf(name, sizeof(name), "tx-%u-%u", port, q);
		shared.tx[port][q] = rte_ring_create(name, PORT_RING, 0, 0);
	}
	snprintf(name, sizeof(name), "port-%u", port);
	int id = rte_eth_from_rings(
		name, shared.rx[port], FLOW_WORKERS, shared.tx[port], FLOW_WORKERS, 0);
	if (id < 0 || rte_eth_dev_configure((uint16_t)id, FLOW_WORKERS, FLOW_WORKERS, &conf) != 0)
		abort();
	shared.ports[port] = (uint16_t)id;
	for (uint16_t q = 0; q < FLOW_WORKERS; q++)
		if (rte_eth_rx_queue_setup((uint16_t)id, q, PORT_RING, 0, NULL, shared.pool) != 0 ||
			rte_eth_tx_queue_setup((uint16_t)id, q, PORT_RING, 0, NULL) != 0)
			abort();
	if (rte_eth_dev_start((uint16_t)id) != 0)
		abort();
	flow_tsan_port((uint16_t)id, shared.rx[port], shared.tx[port]);
}

static void start(void)
{
	if (shared.pool)
		return;
	eal_start(MEMORY_MB);
	shared.pool = rte_pktmbuf_pool_create_by_ops(
		"flow", POOL_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0, flow_tsan_pool_ops());
	if (!shared.pool)
		abort();
	for (unsigned int port = 0; port < FLOW_PORTS; port++)
		start_port(port);
}

// --- open and close ---------------------------------------------------------------------------------

static struct worker_config make_config(struct flow *f, unsigned int index)
{
	const struct flow_options *o = &f->options;
	struct worker_config c = {
		.index = (uint8_t)index,
		.n_workers = (uint8_t)f->n_workers,
		.n_ports = FLOW_PORTS,
		.socket = SOCKET_ID_ANY,
		.pool = f->pool,
		.links = &f->links[index],
		.sessions = &f->sessions[index],
		.owners = f->owners,
		.counters = f->counters[index],
		.crypto = o->crypto ? o->crypto : &crypto_driver_sw,
		.crypto_setup = o->crypto_setup,
		.server_be = flow_be(FLOW_SERVER_INNER),
		.tenant_servers_be = o->tenant_servers_be,
		.exception_rate_pps = o->exception_rate_pps ? o->exception_rate_pps : 100000,
		.pptp_rate_pps = o->pptp_rate_pps,
		.hash_seed = 0x5eed,
		.idle_sleep_us = o->idle_sleep_us,
		.failures_max = o->failures_max ? o->failures_max : 8,
		.has_no_short_way = o->no_short_way || getenv("ADIT_FLOW_LONG_WAY"),
	};

	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		bool is_outside = port == FLOW_OUTSIDE;
		uint16_t mtu = is_outside ? o->outside_mtu : o->inside_mtu;
		c.ports[port] = (struct worker_port){
			.dpdk_port = shared.ports[port],
			.queue = (uint16_t)index,
			.has_rx = !o->one_queue || index == 0,
			.lacks_tx = o->one_queue && index != 0,
			.is_outside = is_outside,
			.accepts_all = is_outside && o->accepts_all,
			.takes_chains = !o->no_chains,
			.mac = {{2, 0, 0, 0, 0, (uint8_t)port}},
			.mtu = mtu ? mtu : 1500,
			.address_be = flow_be(is_outside ? FLOW_LISTEN : FLOW_INSIDE_ADDRESS),
			.tenants = is_outside ? NULL : o->tenants,
		};
	}
	if (o->twin_inside) {
		c.ports[c.n_ports] = c.ports[FLOW_INSIDE];
		c.ports[c.n_ports++].has_rx = false;
	}
	for (unsigned int other = 0; other < f->n_workers; other++) {
		c.handoff_in[other] = f->handoff[other][index];
		c.handoff_out[other] = f->handoff[index][other];
	}
	return c;
}

static void open_rings(struct flow *f, unsigned int i)
{
	const struct flow_options *o = &f->options;
	char name[32];

	snprintf(name, sizeof(name), "commands-%u", i);
	f->links[i].commands = lane_ring_new_commands(name, 256, 0);
	snprintf(name, sizeof(name), "events-%u", i);
	f->links[i].events =
		lane_ring_new_events(name, o->event_ring ? o->event_ring : EVENT_RING, 0);
	snprintf(name, sizeof(name), "exceptions-%u", i);
	f->links[i].exceptions =
		lane_ring_new_events(name, o->exception_ring ? o->exception_ring : EVENT_RING, 0);
	f->links[i].wake = &f->wake;
	for (unsigned int to = 0; to < f->n_workers; to++) {
		if (to == i)
			continue;
		snprintf(name, sizeof(name), "handoff-%u-%u", i, to);
		f->handoff[i][to] =
			rte_ring_create(name, HANDOFF_RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	}
}

void flow_open(struct flow *f, const struct flow_options *options)
{
	const uint32_t listen_be[] = {flow_be(FLOW_LISTEN), flow_be(FLOW_LISTEN_SECOND)};
	int error = 0;

	start();
	memset(f, 0, sizeof(*f));
	if (options)
		f->options = *options;
	f->n_workers = f->options.n_workers ? f->options.n_workers : 1;
	f->pool = shared.pool;
	if (f->options.n_mbufs)
		f->pool = rte_pktmbuf_pool_create(
			"flow-small", f->options.n_mbufs, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, 0);
	f->in_use_before = rte_mempool_in_use_count(f->pool);
	ASSERT_EQ(lane_wake_init(&f->wake), 0);
	f->owners = owner_map_new(listen_be, RTE_DIM(listen_be));
	ASSERT_TRUE(f->owners != NULL);
	for (unsigned int i = 0; i < FLOW_WORKERS; i++)
		f->counters[i] = rte_zmalloc("counters", sizeof(*f->counters[i]), 64);
	for (unsigned int i = 0; i < f->n_workers; i++)
		open_rings(f, i);
	for (unsigned int i = 0; i < f->n_workers; i++) {
		ASSERT_EQ(session_table_init(&f->sessions[i], FLOW_SLOTS, SOCKET_ID_ANY,
				  f->options.may_be_stateful, f->options.may_be_late, true),
			0);
		struct worker_config config = make_config(f, i);
		f->workers[i] = worker_new(&config, &error);
		ASSERT_EQ(error, 0);
	}
	f->is_open = true;
	if (f->options.no_routes)
		return;
	f->routes = flow_routes();
	for (unsigned int i = 0; i < f->n_workers; i++) {
		struct lane_command c = {.kind = COMMAND_TABLE, .routes = f->routes};
		struct lane_event e;
		ASSERT_TRUE(flow_command(f, i, &c));
		ASSERT_TRUE(flow_event(f, i, LANE_TABLE_RETIRED, &e));
		EXPECT_TRUE(e.routes == NULL);
	}
}

static void close_rings(struct flow *f, unsigned int i)
{
	struct rte_mbuf *m;

	lane_ring_free_commands(f->links[i].commands);
	lane_ring_free_events(f->links[i].events);
	lane_ring_free_events(f->links[i].exceptions);
	for (unsigned int to = 0; to < f->n_workers; to++) {
		while (f->handoff[i][to] && rte_ring_dequeue(f->handoff[i][to], (void **)&m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(f->handoff[i][to]);
	}
}

void flow_close(struct flow *f)
{
	struct rte_mbuf *m;

	if (f->is_open)
		flow_poll(f);
	for (unsigned int i = 0; i < f->n_workers; i++) {
		worker_free(f->workers[i]);
		session_table_fini(&f->sessions[i]);
		close_rings(f, i);
	}
	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		(void)flow_discard(f, port);
		for (unsigned int q = 0; q < FLOW_WORKERS; q++)
			while (rte_ring_dequeue(shared.rx[port][q], (void **)&m) == 0)
				rte_pktmbuf_free(m);
	}
	for (unsigned int i = 0; i < FLOW_WORKERS; i++)
		rte_free(f->counters[i]);
	owner_map_free(f->owners);
	route_table_free(f->routes);
	lane_wake_fini(&f->wake);
	EXPECT_EQ(rte_mempool_in_use_count(f->pool), f->in_use_before);
	if (f->pool != shared.pool)
		rte_mempool_free(f->pool);
}

void flow_poll(struct flow *f)
{
	for (unsigned int i = 0, n = 1; n > 0 && i < POLLS_MAX && !f->runs_itself; i++) {
		n = 0;
		for (unsigned int k = 0; k < f->n_workers; k++)
			n += worker_poll(f->workers[k]);
	}
}

static uint64_t loops_of(const struct flow *f, unsigned int worker)
{
	const struct lane_counters *c = f->counters[worker];

	return counter_read(&c->loops_busy) + counter_read(&c->loops_idle);
}

static void wait_taken(struct rte_ring *r)
{
	uint32_t until = __atomic_load_n(&r->prod.tail, __ATOMIC_ACQUIRE);

	while ((int32_t)(__atomic_load_n(&r->cons.tail, __ATOMIC_ACQUIRE) - until) < 0)
		sched_yield();
}

void flow_wait_classified(struct flow *f)
{
	enum { LOOPS = 2 }; // the one that is under way, and a whole one
	uint64_t loops[FLOW_WORKERS];

	for (unsigned int port = 0; port < FLOW_PORTS; port++)
		for (unsigned int q = 0; q < f->n_workers; q++)
			wait_taken(shared.rx[port][q]);
	for (unsigned int i = 0; i < f->n_workers; i++)
		loops[i] = loops_of(f, i);
	for (unsigned int i = 0; i < f->n_workers; i++)
		while (loops_of(f, i) < loops[i] + LOOPS)
			sched_yield();
}

unsigned int flow_waiting(unsigned int port, unsigned int worker)
{
	return rte_ring_count(shared.rx[port][worker]);
}

uint64_t flow_drops(const struct flow *f, enum drop_reason reason)
{
	return flow_count(f, drops[reason]);
}

uint64_t flow_drops_all(const struct flow *f)
{
	uint64_t n = 0;

	for (int reason = 1; reason < DROP_REASON_COUNT; reason++)
		n += flow_drops(f, (enum drop_reason)reason);
	return n;
}

// --- the wire ---------------------------------------------------------------------------------------

struct rte_mbuf *flow_mbuf(struct flow *f, const void *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(f->pool);
	char *at = m ? rte_pktmbuf_append(m, (uint16_t)len) : NULL;

	if (at)
		memcpy(at, bytes, len);
	return m;
}

bool flow_push(
	struct flow *f, unsigned int port, unsigned int worker, const void *frame, size_t len)
{
	struct rte_mbuf *m = flow_mbuf(f, frame, len);

	if (!m)
		return false;
	if (rte_ring_enqueue(shared.rx[port][worker], m) != 0) {
		rte_pktmbuf_free(m);
		return false;
	}
	return true;
}

bool flow_push_pieces(struct flow *f, unsigned int port, const void *frame, size_t len,
	const uint16_t *pieces, unsigned int n)
{
	const uint8_t *at = frame;
	struct rte_mbuf *whole = NULL;

	for (unsigned int i = 0; i <= n && (len > 0 || (i < n && pieces[i] == 0)); i++) {
		size_t piece = i < n && pieces[i] < len ? pieces[i] : len;
		struct rte_mbuf *m = flow_mbuf(f, at, piece);

		if (!m || (whole && rte_pktmbuf_chain(whole, m) != 0))
			return false;
		whole = whole ? whole : m;
		at += piece;
		len -= piece;
	}
	return whole && rte_ring_enqueue(shared.rx[port][0], whole) == 0;
}

bool flow_push_chain(
	struct flow *f, unsigned int port, const void *frame, size_t len, size_t first_len)
{
	const uint16_t first = (uint16_t)first_len;

	return flow_push_pieces(f, port, frame, len, &first, 1);
}

bool flow_put(struct flow *f, unsigned int port, unsigned int worker, const void *frame, size_t len)
{
	bool ok = flow_push(f, port, worker, frame, len);

	flow_poll(f);
	return ok;
}

size_t flow_take(struct flow *f, unsigned int port, uint8_t out[FLOW_FRAME_BYTES])
{
	struct rte_mbuf *m;

	for (unsigned int q = 0; q < FLOW_WORKERS; q++) {
		if (rte_ring_dequeue(shared.tx[port][q], (void **)&m) != 0)
			continue;
		size_t len = rte_pktmbuf_pkt_len(m);
		const void *bytes = rte_pktmbuf_read(m, 0, (uint32_t)len, out);
		if (bytes != out)
			memcpy(out, bytes, len);
		if (m->nb_segs > 1)
			f->n_chains++;
		rte_pktmbuf_free(m);
		return len;
	}
	return 0;
}

unsigned int flow_discard(struct flow *f, unsigned int port)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	unsigned int n = 0;

	while (flow_take(f, port, frame) > 0)
		n++;
	return n;
}

// --- control ----------------------------------------------------------------------------------------

bool flow_command(struct flow *f, unsigned int worker, const struct lane_command *command)
{
	bool ok = lane_ring_put_command(f->links[worker].commands, command);

	flow_poll(f);
	return ok;
}

static bool take_event(struct rte_ring *ring, int kind, struct lane_event *out)
{
	while (lane_ring_take_events(ring, out, 1) == 1) {
		if (kind == FLOW_ANY_KIND || (int)out->kind == kind)
			return true;
		rte_pktmbuf_free(out->packet);
	}
	return false;
}

bool flow_event(struct flow *f, unsigned int worker, int kind, struct lane_event *out)
{
	return take_event(f->links[worker].events, kind, out);
}

bool flow_exception(struct flow *f, unsigned int worker, int kind, struct lane_event *out)
{
	return take_event(f->links[worker].exceptions, kind, out);
}

void flow_add_route(struct route_table *t, uint32_t prefix, uint8_t len, uint8_t kind, uint8_t port,
	uint8_t mac_last, uint32_t gateway)
{
	const struct route route = {
		.kind = kind,
		.port = port,
		.mac = {{2, 0, 0, 0, 1, mac_last}},
		.gateway_be = gateway ? flow_be(gateway) : 0,
	};

	EXPECT_EQ(route_table_add(t, 0, flow_be(prefix), len, &route), 0);
}

struct route_table *flow_routes(void)
{
	struct route_table *t = route_table_new(64);

	flow_add_route(t, FLOW_CLIENT_OUTER, 24, ROUTE_FORWARD, FLOW_OUTSIDE, 0x11, 0xc00002fe);
	flow_add_route(t, FLOW_HOST & 0xffff0000, 16, ROUTE_UNRESOLVED, FLOW_INSIDE, 0, 0);
	flow_add_route(t, FLOW_HOST, 32, ROUTE_FORWARD, FLOW_INSIDE, 0x22, 0);
	flow_add_route(t, FLOW_INSIDE_ADDRESS, 32, ROUTE_LOCAL, FLOW_INSIDE, 0, 0);
	return t;
}
