// SPDX-License-Identifier: BSD-3-Clause
#include "perf/pipeline_rig.h"

#include "dataplane/worker.h"
#include "drivers/crypto/ism/ism.h"
#include "drivers/crypto/null/null.h"
#include "drivers/drivers.h"
#include "observe/crypto_counters.h"
#include "perf/engine_thread.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <rte_eal.h>
#include <rte_eth_ring.h>
#include <rte_malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	OUTSIDE = 0,
	INSIDE = 1,
	N_PORTS = 2,
	RING = 2 * RIG_PACKETS,
	N_MBUFS = 8 * RIG_PACKETS - 1,
	MEMORY_MB = 128,
	SWEEP_L2_BYTES = 4 << 20,
	SWEEP_ALL_BYTES = 96 << 20,
	ENGINE_QUEUE = 2 * RIG_PACKETS, // all packets of a run: none is dropped for want of room
	ETHER_BYTES = 14,
	PACKET_BYTES = 1600,
	LISTEN = 0xc0000201,	   // 192.0.2.1
	CLIENT_OUTER = 0xc6130000, // 198.19.0.0/16
	CLIENT_INNER = 0x0a080000, // 10.8.0.0/16
	HOST = 0x0a140009,	   // 10.20.0.9
};

// Small, so that making packets for many sessions leaves theirs in the caches.
struct rig_client {
	uint32_t seq;
	uint16_t count;
};

struct rig {
	struct rte_mempool *pool;
	uint16_t ports[N_PORTS];
	struct rte_ring *rx[N_PORTS], *tx[N_PORTS];
	struct lane_links links;
	struct lane_wake wake;
	struct session_table sessions;
	struct lane_counters *counters;
	struct owner_map *owners;
	struct route_table *routes;
	struct worker *worker;
	struct engine_thread *engine; // of the driver ism, else NULL
	struct crypto_counters crypto;
	double crypto_cycles; // a packet, of the last run
	bool encrypts, is_stateful;
	unsigned int n_sessions;
	unsigned int next[2]; // place in the order of the next packet of a direction
	enum rig_caches caches;
	enum rig_order order;
	uint8_t *swept;		    // swept[SWEEP_ALL_BYTES]
	uint32_t *places;	    // places[n_sessions]: the sessions in their order
	struct rig_client *clients; // clients[n_sessions]
	struct openssl_mppe *keys;  // keys[n_sessions], of what clients encrypt; NULL in the clear
};

// --- EAL and ports ----------------------------------------------------------------------------------

static bool hugepages_are_free(void)
{
	unsigned int n_free = 0;
	FILE *f = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "r");

	if (!f)
		return false;
	if (fscanf(f, "%u", &n_free) != 1)
		n_free = 0;
	fclose(f);
	return n_free >= MEMORY_MB / 2;
}

static void start_eal(bool with_hugepages)
{
	char memory[16], prefix[64], cpu[16];
	char *pages = with_hugepages ? "--in-memory" : "--no-huge";
	char *args[] = {"bench", pages, "--no-shconf", "--no-pci", "--no-telemetry", "--log-level",
		"error", "-m", memory, "--lcores", cpu, "--file-prefix", prefix, NULL};

	snprintf(memory, sizeof(memory), "%d", MEMORY_MB);
	snprintf(cpu, sizeof(cpu), "0@%d", sched_getcpu());
	snprintf(prefix, sizeof(prefix), "adit-bench-%d", (int)getpid());
	if (rte_eal_init((int)RTE_DIM(args) - 1, args) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
}

static void start_port(struct rig *rig, unsigned int port)
{
	const struct rte_eth_conf conf = {0};
	char name[32];

	snprintf(name, sizeof(name), "rx-%u", port);
	rig->rx[port] = rte_ring_create(name, RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "tx-%u", port);
	rig->tx[port] = rte_ring_create(name, RING, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "port-%u", port);
	int id = rte_eth_from_rings(name, &rig->rx[port], 1, &rig->tx[port], 1, 0);
	if (id < 0 || rte_eth_dev_configure((uint16_t)id, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup((uint16_t)id, 0, RING, 0, NULL, rig->pool) != 0 ||
		rte_eth_tx_queue_setup((uint16_t)id, 0, RING, 0, NULL) != 0 ||
		rte_eth_dev_start((uint16_t)id) != 0) {
		fprintf(stderr, "%s does not start\n", name);
		exit(1);
	}
	rig->ports[port] = (uint16_t)id;
}

static void add_route(struct route_table *t, uint32_t prefix, uint8_t len, uint8_t port)
{
	const struct route route = {
		.kind = ROUTE_FORWARD,
		.port = port,
		.mac = {{2, 0, 0, 0, 1, port}},
	};

	if (route_table_add(t, 0, rte_cpu_to_be_32(prefix), len, &route) != 0)
		abort();
}

struct rig *rig_new(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	bool has_hugepages = hugepages_are_free();

	if (!rig)
		abort();
	printf("%s\n\n", has_hugepages
				 ? "packets in hugepages"
				 : "NO HUGEPAGES: packets in pages of 4 KiB, numbers are too high");
	start_eal(has_hugepages);
	rig->pool = rte_pktmbuf_pool_create(
		"rig", N_MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!rig->pool) {
		fprintf(stderr, "no memory for packets\n");
		exit(1);
	}
	for (unsigned int port = 0; port < N_PORTS; port++)
		start_port(rig, port);
	if (lane_wake_init(&rig->wake) != 0)
		abort();
	rig->swept = malloc(SWEEP_ALL_BYTES);
	if (!rig->swept)
		abort();
	memset(rig->swept, 1, SWEEP_ALL_BYTES);
	rig->routes = route_table_new(16);
	add_route(rig->routes, CLIENT_OUTER, 16, OUTSIDE);
	add_route(rig->routes, HOST & 0xffff0000, 16, INSIDE);
	add_route(rig->routes, HOST, 32, INSIDE);
	return rig;
}

void rig_free(struct rig *rig)
{
	route_table_free(rig->routes);
	lane_wake_fini(&rig->wake);
	free(rig->swept);
	free(rig);
	(void)rte_eal_cleanup();
}

const struct crypto_driver *rig_driver(const char *only, unsigned int i)
{
	for (unsigned int d = 0; drivers_get_crypto(d); d++) {
		const struct crypto_driver *driver = drivers_get_crypto(d);

		if (driver->for_production && bench_is_chosen(only, driver->name) && i-- == 0)
			return driver;
	}
	return NULL;
}

// --- a worker with sessions -------------------------------------------------------------------------

static void command(struct rig *rig, const struct lane_command *c)
{
	struct lane_event e;

	if (!lane_ring_put_command(rig->links.commands, c))
		abort();
	(void)worker_poll(rig->worker);
	while (lane_ring_take_events(rig->links.events, &e, 1) == 1)
		rte_pktmbuf_free(e.packet);
}

static void bring_up(struct rig *rig, unsigned int i)
{
	struct rig_client *client = &rig->clients[i];
	struct lane_command c = {.session_id = session_id_make(1, 0, i)};
	uint32_t inner_be = rte_cpu_to_be_32(CLIENT_INNER + 2 + i);
	uint32_t owner = owner_make(0, i);

	c.kind = COMMAND_SESSION_ADD;
	c.add = (struct command_session_add){
		.outer_local_be = rte_cpu_to_be_32(LISTEN),
		.outer_peer_be = rte_cpu_to_be_32(CLIENT_OUTER + 2 + i),
		.call_id = (uint16_t)(i + 1),
		.peer_call_id = (uint16_t)(i + 1),
		.mtu = BENCH_LEN_MAX,
		.require_encryption = rig->encrypts,
		.ack_delay_us = 3600000000, // no lone acks among what is counted
		.gre_jump_max = 1024,
		.mppe_jump_max = 256,
	};
	command(rig, &c);
	if (rig->encrypts) {
		c.kind = COMMAND_SESSION_KEYS;
		c.keys = (struct command_session_keys){
			.receive = {MPPE_STRENGTH_128, !rig->is_stateful},
			.send = {MPPE_STRENGTH_128, !rig->is_stateful},
		};
		for (unsigned int k = 0; k < MPPE_KEY_BYTES_MAX; k++)
			c.keys.start.receive[k] = c.keys.start.send[k] = (uint8_t)(i * 7 + k * 3);
		openssl_mppe_init(&rig->keys[i], c.keys.start.receive);
		command(rig, &c);
		c.kind = COMMAND_SESSION_ENCRYPT;
		c.on = true;
		command(rig, &c);
	}
	c.kind = COMMAND_SESSION_OPEN;
	c.open = (struct command_session_open){
		.on = true, .inner_be = inner_be, .require_encryption = rig->encrypts};
	command(rig, &c);
	owner_map_set_call(rig->owners, 0, (uint16_t)(i + 1), owner);
	if (owner_map_set_inner(rig->owners, 0, inner_be, owner) != 0)
		abort();
	client->seq = 0;
	client->count = 0;
}

// The order that the sessions come in: a shuffle with a fixed seed, the same for each run.
static void place(struct rig *rig)
{
	uint64_t x = UINT64_C(88172645463325252);

	rig->next[RIG_UP] = rig->next[RIG_DOWN] = 0;
	for (uint32_t i = 0; i < rig->n_sessions; i++)
		rig->places[i] = i;
	for (uint32_t i = rig->n_sessions; rig->order == RIG_SCATTERED && i-- > 1;) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		uint32_t k = (uint32_t)(x % (i + 1)), other = rig->places[k];
		rig->places[k] = rig->places[i];
		rig->places[i] = other;
	}
}

void rig_set_caches(struct rig *rig, enum rig_caches caches)
{
	rig->caches = caches;
}

void rig_set_order(struct rig *rig, enum rig_order order)
{
	rig->order = order;
}

bool rig_begin(struct rig *rig, const struct crypto_driver *driver, bool is_stateful,
	unsigned int n_sessions)
{
	const uint32_t listen_be = rte_cpu_to_be_32(LISTEN);
	struct worker_config config = {
		.n_workers = 1,
		.n_ports = N_PORTS,
		.socket = SOCKET_ID_ANY,
		.pool = rig->pool,
		.links = &rig->links,
		.sessions = &rig->sessions,
		.crypto = driver ? driver : &crypto_driver_null,
		.server_be = rte_cpu_to_be_32(CLIENT_INNER + 1),
		.exception_rate_pps = 1000,
		.failures_max = UINT32_MAX, // forged packets are counted, and that is all
	};
	int error = 0;

	for (unsigned int port = 0; port < N_PORTS; port++)
		config.ports[port] = (struct worker_port){
			.dpdk_port = rig->ports[port],
			.has_rx = true,
			.is_outside = port == OUTSIDE,
			.mac = {{2, 0, 0, 0, 0, (uint8_t)port}},
			.mtu = 1500,
		};
	rig->encrypts = driver;
	rig->is_stateful = is_stateful;
	rig->n_sessions = n_sessions;
	rig->clients = calloc(n_sessions, sizeof(*rig->clients));
	rig->places = calloc(n_sessions, sizeof(*rig->places));
	rig->keys = driver ? calloc(n_sessions, sizeof(*rig->keys)) : NULL;
	if (!rig->clients || !rig->places || (driver && !rig->keys))
		return false;
	place(rig);
	rig->links = (struct lane_links){
		.commands = lane_ring_new_commands("commands", 64, SOCKET_ID_ANY),
		.events = lane_ring_new_events("events", 64, SOCKET_ID_ANY),
		.exceptions = lane_ring_new_events("exceptions", 64, SOCKET_ID_ANY),
		.wake = &rig->wake,
	};
	config.owners = rig->owners = owner_map_new(&listen_be, 1);
	config.counters = rig->counters = rte_zmalloc(NULL, sizeof(*rig->counters), 64);
	if (!rig->owners || !rig->counters ||
		session_table_init(
			&rig->sessions, n_sessions, SOCKET_ID_ANY, is_stateful, false, false) != 0)
		return false;
	// With one CPU the driver is its own engine.
	if (driver == &crypto_driver_ism && engine_thread_start(ENGINE_QUEUE, &rig->engine) == 0) {
		config.crypto_setup.shared = engine_thread_ism(rig->engine);
		engine_thread_wake(rig->engine);
	}
	rig->crypto = (struct crypto_counters){0};
	config.crypto_setup.counters = &rig->crypto;
	rig->worker = worker_new(&config, &error);
	if (!rig->worker)
		return false;
	struct lane_command table = {.kind = COMMAND_TABLE, .routes = rig->routes};
	command(rig, &table);
	for (unsigned int i = 0; i < n_sessions; i++)
		bring_up(rig, i);
	return true;
}

void rig_end(struct rig *rig)
{
	worker_free(rig->worker);
	if (rig->engine)
		engine_thread_stop(rig->engine);
	rig->engine = NULL;
	session_table_fini(&rig->sessions);
	free(rig->clients);
	free(rig->keys);
	free(rig->places);
	rte_free(rig->counters);
	owner_map_free(rig->owners);
	lane_ring_free_commands(rig->links.commands);
	lane_ring_free_events(rig->links.events);
	lane_ring_free_events(rig->links.exceptions);
}

// --- packets ----------------------------------------------------------------------------------------

static void put_ether(uint8_t *at, unsigned int port)
{
	const uint8_t ether[ETHER_BYTES] = {2, 0, 0, 0, 0, (uint8_t)port, 2, 0, 0, 0, 1, 1, 8, 0};

	memcpy(at, ether, sizeof(ether));
}

static size_t make_down(const struct rig *rig, unsigned int session, uint8_t *at, size_t len)
{
	put_ether(at, INSIDE);
	inet_ipv4_put(at + ETHER_BYTES, rte_cpu_to_be_32(HOST),
		rte_cpu_to_be_32(CLIENT_INNER + 2 + session), INET_UDP, (uint16_t)len, 1, 64, 0,
		true);
	return ETHER_BYTES + len;
}

static uint8_t *ppp_of(uint8_t *at)
{
	return at + ETHER_BYTES + INET_IPV4_HEADER_BYTES + gre_header_len(true, false);
}

// The headers in front of the PPP frame at ppp_of(at)..end. Returns the frame's length.
static size_t wrap_up(
	unsigned int session, uint8_t *at, const uint8_t *end, uint32_t seq, uint32_t source)
{
	const struct gre gre = {
		.call_id = (uint16_t)(session + 1),
		.has_seq = true,
		.seq = seq,
		.payload_len = (uint16_t)(end - ppp_of(at)),
	};

	(void)gre_put(at + ETHER_BYTES + INET_IPV4_HEADER_BYTES, &gre);
	put_ether(at, OUTSIDE);
	inet_ipv4_put(at + ETHER_BYTES, rte_cpu_to_be_32(source), rte_cpu_to_be_32(LISTEN),
		GRE_IP_PROTOCOL, (uint16_t)(end - at - ETHER_BYTES), 1, 64, 0, false);
	return (size_t)(end - at);
}

static uint8_t *put_inner(uint8_t *end, unsigned int session, size_t len)
{
	end += ppp_put(end, PPP_IP, true, true);
	inet_ipv4_put(end, rte_cpu_to_be_32(CLIENT_INNER + 2 + session), rte_cpu_to_be_32(HOST),
		INET_UDP, (uint16_t)len, 1, 64, 0, true);
	return end + len;
}

static uint8_t *put_mppe(uint8_t *end, uint16_t bits, uint16_t count)
{
	end += ppp_put(end, PPP_COMP, false, true);
	mppe_packet_put(end, (uint16_t)(MPPE_PACKET_ENCRYPTED | bits), count);
	return end + MPPE_HEADER_BYTES;
}

// As Windows frames it: no FF 03, a protocol field of two bytes outside and of one inside.
static size_t make_up(struct rig *rig, unsigned int session, uint8_t *at, size_t len)
{
	struct rig_client *client = &rig->clients[session];
	uint8_t *data = ppp_of(at);

	if (rig->encrypts)
		data = put_mppe(data, rig->is_stateful ? 0 : MPPE_PACKET_FLUSHED, client->count++);
	uint8_t *end = put_inner(data, session, len);
	if (rig->encrypts && rig->is_stateful)
		openssl_mppe_stateful_packet(&rig->keys[session], data, (size_t)(end - data));
	else if (rig->encrypts)
		openssl_mppe_packet(&rig->keys[session], data, (size_t)(end - data));
	return wrap_up(session, at, end, client->seq++, CLIENT_OUTER + 2 + session);
}

// A GRE number that is taken is as if the client had not used it: nothing of the client's is lost for it.
static size_t make_forged(
	struct rig *rig, enum rig_forgery kind, unsigned int session, uint8_t *at, size_t len)
{
	static const uint16_t ahead[RIG_FORGERIES] = {[RIG_FAR_COUNT] = 2000,
		[RIG_NEAR_COUNT] = 200,
		[RIG_FLUSHED] = 5,
		[RIG_FAR_FLUSHED] = 3000};
	struct rig_client *client = &rig->clients[session];
	uint32_t source = CLIENT_OUTER + 2 + session, seq = client->seq;
	bool is_flushed = !rig->is_stateful || kind == RIG_FLUSHED || kind == RIG_FAR_FLUSHED;
	uint8_t *end = ppp_of(at);

	if (kind == RIG_CLEAR_IP) {
		end = put_inner(end, session, len);
	} else {
		end = put_mppe(end, is_flushed ? MPPE_PACKET_FLUSHED : 0,
			(uint16_t)(client->count + ahead[kind]));
		for (size_t i = 0; i <= len; i++)
			*end++ = (uint8_t)(i * 7 + client->seq * 31 + 1);
	}
	if (kind == RIG_FAR_SEQ)
		seq += 100000;
	else if (kind == RIG_REPLAY)
		seq--;
	else if (kind == RIG_WRONG_SOURCE)
		source ^= 0x8000;
	else
		client->seq++;
	return wrap_up(session, at, end, seq, source);
}

static bool queue(struct rig *rig, unsigned int port, const uint8_t *bytes, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(rig->pool);

	if (!m)
		return false;
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), bytes, len);
	return rte_ring_enqueue(rig->rx[port], m) == 0;
}

static unsigned int next_session(struct rig *rig, enum rig_direction direction)
{
	unsigned int *next = &rig->next[direction], session = rig->places[*next];

	*next = *next + 1 < rig->n_sessions ? *next + 1 : 0;
	return session;
}

// Written, not read: a cache may keep what is only read in a way of its own.
static void sweep(const struct rig *rig, size_t n_bytes)
{
	for (size_t i = 0; i < n_bytes; i += RTE_CACHE_LINE_SIZE)
		rig->swept[i]++;
}

// The lines that a worker will need of a session and of its places in the maps.
static void read_session(const struct rig *rig, unsigned int session)
{
	session_touch(&rig->sessions.slots[session]);
	(void)owner_map_call(rig->owners, 0, (uint16_t)(session + 1));
	(void)owner_map_host(rig->owners, 0, rte_cpu_to_be_32(CLIENT_INNER + 2 + session));
}

static bool fill(struct rig *rig, enum rig_direction direction, const struct bench_load *load)
{
	if (rig->caches == RIG_MEMORY)
		sweep(rig, SWEEP_ALL_BYTES);
	for (unsigned int i = 0; i < RIG_PACKETS; i++) {
		uint8_t bytes[PACKET_BYTES] = {0};
		uint16_t inner = bench_load_len(load, i);
		unsigned int session = next_session(rig, direction);
		size_t len = direction == RIG_UP ? make_up(rig, session, bytes, inner)
						 : make_down(rig, session, bytes, inner);

		if (!queue(rig, direction == RIG_UP ? OUTSIDE : INSIDE, bytes, len))
			return false;
		if (rig->caches == RIG_NEAR)
			read_session(rig, session);
	}
	if (rig->caches != RIG_WARM)
		sweep(rig, SWEEP_L2_BYTES);
	return true;
}

// Where packets of a direction come out.
static struct rte_ring *out_of(const struct rig *rig, enum rig_direction direction)
{
	return rig->tx[direction == RIG_UP ? INSIDE : OUTSIDE];
}

// Take what came out; true if it is as many packets as went in and as long as they must be.
static bool check(struct rig *rig, enum rig_direction direction, const struct bench_load *load)
{
	struct rte_mbuf *m;
	unsigned int n = 0;
	bool is_right = true;

	while (rte_ring_dequeue(out_of(rig, direction), (void **)&m) == 0) {
		uint32_t inner = bench_load_len(load, n++);
		uint32_t len = rte_pktmbuf_pkt_len(m) - ETHER_BYTES;
		is_right &= direction == RIG_UP ? len == inner : len > inner && len < inner + 50;
		rte_pktmbuf_free(m);
	}
	return is_right && n == RIG_PACKETS;
}

// Until all have come out of `out`, or, where none must (NULL), nothing is left to do. Returns cycles a packet.
static double work_off(struct rig *rig, const struct rte_ring *out)
{
	// An engine may be without its CPU for a while. Whether it still has forged ones cannot be seen.
	double patience = rig->engine ? bench_tsc_hz() * (out ? 5 : 0.005) : 0;
	uint64_t begin = bench_now_tsc(), last = begin, now;

	do {
		bool is_busy = worker_poll(rig->worker) > 0;

		now = bench_now_tsc();
		if (is_busy)
			last = now;
		if (out && rte_ring_count(out) >= RIG_PACKETS)
			break;
	} while (now == last || (double)(now - last) < patience);
	return (double)(last - begin) / RIG_PACKETS;
}

double rig_run(struct rig *rig, enum rig_direction direction, const struct bench_load *load)
{
	if (!fill(rig, direction, load))
		return -1;
	uint64_t before = rig->crypto.busy_cycles;
	double cycles = work_off(rig, out_of(rig, direction));
	rig->crypto_cycles = (double)(rig->crypto.busy_cycles - before) / RIG_PACKETS;
	return check(rig, direction, load) ? cycles : -1;
}

// A forwarder that does nothing.
static uint64_t forward_plain(const struct rig *rig, unsigned int from, unsigned int to)
{
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS];
	uint64_t sum = 0;
	uint16_t n;

	while ((n = rte_eth_rx_burst(rig->ports[from], 0, mbufs, LIMIT_BURST_PKTS)) > 0) {
		for (uint16_t i = 0; i < n; i++)
			rte_prefetch0(mbufs[i]);
		for (uint16_t i = 0; i < n; i++)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
		for (uint16_t i = 0; i < n; i++)
			sum += *rte_pktmbuf_mtod(mbufs[i], uint64_t *);
		(void)rte_eth_tx_burst(rig->ports[to], 0, mbufs, n);
	}
	return sum;
}

static uint32_t destination_of(const struct rte_mbuf *m)
{
	uint32_t be;

	memcpy(&be, rte_pktmbuf_mtod_offset(m, uint8_t *, ETHER_BYTES + 16), sizeof(be));
	return rte_be_to_cpu_32(be);
}

// A forwarder that brings in all lines that a worker needs, and writes to those of the session, which stays as it is.
static uint64_t forward_lines(const struct rig *rig, unsigned int from, unsigned int to)
{
	const struct owner_table *t = atomic_load(&rig->owners->inner);
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS];
	const struct owner_line *lines[LIMIT_BURST_PKTS];
	struct session *sessions[LIMIT_BURST_PKTS];
	uint64_t sum = 0;
	uint16_t n;

	while ((n = rte_eth_rx_burst(rig->ports[from], 0, mbufs, LIMIT_BURST_PKTS)) > 0) {
		for (uint16_t i = 0; i < n; i++)
			touch(rte_pktmbuf_mtod(mbufs[i], void *));
		for (uint16_t i = 0; i < n; i++) {
			uint64_t key = owner_key(0, 32, destination_of(mbufs[i]));

			lines[i] = &t->lines[owner_table_home(t, key)];
			touch(lines[i]);
		}
		for (uint16_t i = 0; i < n; i++) {
			uint32_t owner = lines[i]->owner[destination_of(mbufs[i]) % OWNER_LINE];

			sessions[i] = &rig->sessions.slots[owner_slot(owner)];
			session_prefetch(sessions[i]);
		}
		for (uint16_t i = 0; i < n; i++)
			session_touch(sessions[i]);
		for (uint16_t i = 0; i < n; i++) {
			sum += sessions[i]->gre.next_seq + 1;
			counter_add(&sessions[i]->counters.down_pkts, 0);
		}
		(void)rte_eth_tx_burst(rig->ports[to], 0, mbufs, n);
	}
	return sum;
}

static double run_without_worker(struct rig *rig, const struct bench_load *load,
	uint64_t (*forward)(const struct rig *, unsigned int, unsigned int))
{
	struct rte_mbuf *m;
	unsigned int n = 0;

	if (!fill(rig, RIG_DOWN, load))
		return -1;
	uint64_t begin = bench_now_tsc();
	uint64_t sum = forward(rig, INSIDE, OUTSIDE);
	double cycles = (double)(bench_now_tsc() - begin) / RIG_PACKETS;
	while (rte_ring_dequeue(rig->tx[OUTSIDE], (void **)&m) == 0) {
		rte_pktmbuf_free(m);
		n++;
	}
	return n == RIG_PACKETS && sum != 0 ? cycles : -1;
}

double rig_run_plain(struct rig *rig, const struct bench_load *load)
{
	return run_without_worker(rig, load, forward_plain);
}

double rig_run_lines(struct rig *rig, const struct bench_load *load)
{
	return run_without_worker(rig, load, forward_lines);
}

double rig_crypto_cycles(const struct rig *rig)
{
	return rig->crypto_cycles;
}

double rig_run_forged(struct rig *rig, enum rig_forgery kind, const struct bench_load *load)
{
	struct lane_event e;

	for (unsigned int i = 0; i < RIG_PACKETS; i++) {
		uint8_t bytes[PACKET_BYTES] = {0};
		size_t len = make_forged(
			rig, kind, next_session(rig, RIG_UP), bytes, bench_load_len(load, i));
		if (!queue(rig, OUTSIDE, bytes, len))
			return -1;
	}
	double cycles = work_off(rig, NULL);
	while (lane_ring_take_events(rig->links.events, &e, 1) == 1)
		rte_pktmbuf_free(e.packet);
	return rte_ring_empty(rig->tx[INSIDE]) ? cycles : -1;
}

uint64_t rig_key_changes(const struct rig *rig)
{
	return counter_read(&rig->counters->mppe_rekeys);
}
