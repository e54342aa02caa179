// SPDX-License-Identifier: BSD-3-Clause
#include "adit/memory_plan.h"

#include "adit/packet_pools.h"
#include "control/routes.h"
#include "dataplane/worker.h"
#include "msg/lane_ring.h"
#include "observe/crypto_counters.h"
#include "session/table_report.h"

#include <errno.h>
#include <inttypes.h>

enum {
	MIB = 1 << 20,
	// The map of inner addresses has a line of 64 bytes, a key of 8 and a count for each 16 neighbours, at most four
	// places for one in use; it grows by doubling, and the smaller ones stay.
	OWNER_BYTES_A_LINE = 2 * 4 * (8 + 64 + 1),
	OWNER_BASE_BYTES = 256 * 1024,
	FRAGMENTS_BYTES = 256 * 1024, // of a worker: DPDK's table
	// What a driver keeps of a queue: rings of hardware descriptors and of buffers.
	DESCRIPTOR_BYTES = 64,
	EAL_BYTES = 2 * MIB,
	// Bookkeeping of DPDK's heap, and what lies between blocks that want to be aligned.
	OVERHEAD_PERCENT = 2,
	WARN_SHARE = 8, // told to people: parts larger than 1/8 MiB
};

static void add(struct memory_plan *p, int node, const char *what, uint64_t bytes, uint64_t n)
{
	memory_report_add(&p->lines, MEMORY_DPDK, what, bytes, n, 0);
	p->node_bytes[node >= 0 && node < NUMA_NODES_MAX ? node : 0] += bytes;
	p->bytes += bytes;
}

static uint64_t ring_bytes(unsigned int size)
{
	return (uint64_t)rte_ring_get_memsize(size);
}

static void add_worker(struct memory_plan *p, const struct config *c, int node)
{
	uint64_t n_slots = config_sessions_per_worker(c);
	uint64_t slot_bytes = table_report_slot_bytes(
		config_may_be_stateful(c), c->late_pkts > 0, config_has_policy(c));

	p->slots += n_slots;
	add(p, node, "sessions", n_slots * slot_bytes, n_slots);
	if (config_has_tenant_rates(c))
		add(p, node, "rates of tenants", LIMIT_TENANTS * sizeof(struct session_tenant),
			LIMIT_TENANTS);
	add(p, node, "workers", worker_bytes(), 1);
	add(p, node, "fragments of packets", FRAGMENTS_BYTES, 0);
	add(p, node, "command rings", lane_ring_bytes_commands(LIMIT_COMMAND_RING), 0);
	add(p, node, "event rings",
		lane_ring_bytes_events(LIMIT_EVENT_RING) +
			lane_ring_bytes_events(LIMIT_EXCEPTION_RING),
		0);
	add(p, node, "hand-over rings", (c->n_workers - 1U) * ring_bytes(LIMIT_HANDOFF_RING), 0);
	add(p, node, "counters", sizeof(struct lane_counters) + sizeof(struct crypto_counters), 1);
}

static uint64_t owner_lines(const struct config *c)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < c->n_pools; i++)
		n += (c->pools[i].last - c->pools[i].first) / OWNER_LINE + 2;
	return RTE_MIN(n, (uint64_t)c->max_calls);
}

// Small tables have at least an eighth of their Call IDs in use once they have grown (control/call_table.h), and what
// they replaced stays.
static uint64_t owner_calls_bytes(const struct config *c)
{
	uint64_t n = c->n_listen * (uint64_t)LIMIT_CALL_IDS;

	if (c->n_listen > OWNER_LISTEN_LARGE)
		n = RTE_MIN(
			n, c->n_listen * (uint64_t)OWNER_CALLS_MIN + 16 * (uint64_t)c->max_calls);
	return n * sizeof(uint32_t);
}

static void add_shared(struct memory_plan *p, const struct config *c, int node)
{
	add(p, node, "owners of calls", owner_calls_bytes(c), 0);
	add(p, node, "owners of inner addresses",
		OWNER_BASE_BYTES + OWNER_BYTES_A_LINE * owner_lines(c), 0);
	add(p, node, "route tables",
		ROUTES_LIVE_MAX * route_table_bytes_for(LIMIT_ROUTES + LIMIT_NEXT_HOPS), 0);
	add(p, node, "DPDK itself", EAL_BYTES, 0);
}

// Buffers that lie in queues and with workers when all of them are full: fewer, and ports starve.
static uint64_t count_mbufs(const struct config *c, unsigned int n_workers)
{
	uint64_t n = (uint64_t)n_workers * (WORKER_PKTS_MAX + PACKET_POOLS_CACHE);

	for (unsigned int i = 0; i < c->n_ports; i++) {
		const struct config_port *port = &c->ports[i];
		uint64_t n_queues = RTE_MIN(config_port_queues(c, port), c->n_workers);
		if (port->kind != CONFIG_DEVICE_PCI) // the others copy, or hold a burst
			continue;
		// With two nodes each has its part of the queues.
		n += n_queues * (port->rx_descriptors + port->tx_descriptors) * n_workers /
		     c->n_workers;
	}
	return n;
}

static void add_ports(struct memory_plan *p, const struct config *c, int node)
{
	for (unsigned int i = 0; i < c->n_ports; i++) {
		const struct config_port *port = &c->ports[i];
		uint64_t n_queues = RTE_MIN(config_port_queues(c, port), c->n_workers);
		add(p, node, "queues of ports",
			n_queues * DESCRIPTOR_BYTES * (port->rx_descriptors + port->tx_descriptors),
			0);
	}
}

void memory_plan_make(struct memory_plan *p, const struct config *config, const int *worker_nodes)
{
	unsigned int n_on_node[NUMA_NODES_MAX] = {0};

	*p = (struct memory_plan){0};
	for (unsigned int i = 0; i < config->n_workers; i++) {
		int node = worker_nodes[i] >= 0 && worker_nodes[i] < NUMA_NODES_MAX
				   ? worker_nodes[i]
				   : 0;
		add_worker(p, config, node);
		n_on_node[node]++;
	}
	for (int node = 0; node < NUMA_NODES_MAX; node++) {
		if (n_on_node[node] == 0)
			continue;
		add(p, node, "packets",
			packet_pools_bytes(config->n_mbufs, packet_pools_mbuf_bytes(config),
				config->hugepages),
			config->n_mbufs);
		p->mbufs_needed = RTE_MAX(p->mbufs_needed, count_mbufs(config, n_on_node[node]));
	}
	add_shared(p, config, worker_nodes[0]);
	add_ports(p, config, worker_nodes[0]);
	for (int node = 0; node < NUMA_NODES_MAX; node++)
		if (p->node_bytes[node] > 0)
			add(p, node, "room between", p->node_bytes[node] * OVERHEAD_PERCENT / 100,
				0);
}

uint32_t memory_plan_mb(const struct memory_plan *p)
{
	return (uint32_t)((p->bytes + MIB - 1) / MIB);
}

bool memory_plan_fits(const struct memory_plan *p, const struct config *config)
{
	return memory_plan_mb(p) <= config->memory_mb;
}

void memory_plan_print(const struct memory_plan *p, const struct config *config, FILE *out)
{
	fprintf(out,
		"memory: about %u MiB needed of memory.size_mb = %u; %" PRIu64
		" sessions on %u workers\n",
		memory_plan_mb(p), config->memory_mb, p->slots, config->n_workers);
	for (unsigned int i = 0; i < p->lines.n; i++) {
		const struct memory_line *line = &p->lines.lines[i];
		if (line->bytes >= MIB / WARN_SHARE)
			fprintf(out, "  %8.1f MiB  %s\n", (double)line->bytes / MIB, line->what);
	}
	if (p->mbufs_needed > config->n_mbufs)
		fprintf(out, "  memory.mbufs = %u: up to %" PRIu64 " may be under way\n",
			config->n_mbufs, p->mbufs_needed);
}

static uint64_t mb_of(const struct memory_plan *p, const char *what)
{
	const struct memory_line *line = memory_report_find(&p->lines, MEMORY_DPDK, what);

	return line ? (line->bytes + MIB - 1) / MIB : 0;
}

static void warn_mbufs(const struct memory_plan *p, const struct config *config, struct log *log)
{
	struct event e;

	event_begin(&e, EVENT_CONFIG_WARNING);
	event_word(&e, "key", "memory.mbufs");
	event_u64(&e, "mbufs", config->n_mbufs);
	event_u64(&e, "under-way-at-most", p->mbufs_needed);
	event_word(&e, "text",
		"when all queues are full there are too few packet buffers, and ports drop");
	event_send(log, &e);
}

int memory_plan_check(const struct memory_plan *p, const struct config *config, struct log *log)
{
	struct event e;

	if (p->mbufs_needed > config->n_mbufs)
		warn_mbufs(p, config, log);
	if (memory_plan_fits(p, config))
		return 0;
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", "memory");
	event_u64(&e, "needed-mb", memory_plan_mb(p));
	event_u64(&e, "size-mb", config->memory_mb);
	event_u64(&e, "sessions-mb", mb_of(p, "sessions"));
	event_u64(&e, "packets-mb", mb_of(p, "packets"));
	event_u64(&e, "sessions", p->slots);
	event_u64(&e, "mbufs", config->n_mbufs);
	event_word(&e, "hint",
		"raise memory.size_mb, or lower pptp.max_calls, memory.sessions_per_worker or "
		"memory.mbufs; adit -t shows all parts");
	event_send(log, &e);
	return -ENOMEM;
}
