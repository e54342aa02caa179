// SPDX-License-Identifier: BSD-3-Clause
#include "adit/ports.h"

#include "adit/eal.h"
#include "adit/hint.h"
#include "adit/port_rss.h"

#include <errno.h>
#include <stdio.h>

static int fail_with_hint(
	struct log *log, const struct config_port *p, const char *what, int error, const char *hint)
{
	struct event e;

	event_begin(&e, EVENT_START_FAILED);
	event_text(&e, "port", span_of_text(p->name));
	event_text(&e, "device", span_of_text(p->device));
	event_text(&e, "tap", span_of_text(p->tap));
	event_word(&e, "what", what);
	event_text(&e, "error", span_of_text(strerror(-error)));
	if (hint)
		event_word(&e, "hint", hint);
	event_send(log, &e);
	return error;
}

static int fail(struct log *log, const struct config_port *p, const char *what, int error)
{
	return fail_with_hint(log, p, what, error, NULL);
}

// The fast transmit functions of NICs know no chains, and a port seldom gets one: it is copied then. Here they cost
// nothing, since af_packet copies all that it sends.
static uint64_t chain_offloads(const struct rte_eth_dev_info *info, const struct config_port *p)
{
	return p->kind == CONFIG_DEVICE_INTERFACE
		       ? info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS
		       : 0;
}

// A NIC of its own that cannot spread is asked for one queue: the others would stay empty.
static void look_at_port(
	const struct config *config, unsigned int index, uint16_t id, struct port_limits *out)
{
	const struct config_port *p = &config->ports[index];
	struct rte_eth_dev_info info;

	*out = (struct port_limits){.wanted = config_port_queues(config, p)};
	if (rte_eth_dev_info_get(id, &info) != 0)
		return;
	out->max_rx = info.max_rx_queues;
	out->max_tx = info.max_tx_queues;
	if (p->kind == CONFIG_DEVICE_PCI &&
		!port_rss_fields(info.flow_type_rss_offloads, p->role == CONFIG_PORT_OUTSIDE))
		out->max_rx = 1;
}

static int configure(struct control_port *out, const struct config_port *p,
	const struct port_queues *q, struct log *log)
{
	uint8_t key[PORT_RSS_KEY_BYTES_MAX];
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int error = rte_eth_dev_info_get(out->dpdk_port, &info);

	if (error)
		return fail(log, p, "device-info", error);
	uint64_t fields =
		port_rss_fields(info.flow_type_rss_offloads, p->role == CONFIG_PORT_OUTSIDE);
	out->spread = q->n_rx > 1 ? CONTROL_SPREAD_DEVICE : CONTROL_SPREAD_ONE;
	if (q->n_rx > 1 && fields) {
		out->spread = CONTROL_SPREAD_RSS;
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = fields;
		if (info.hash_key_size > 0 && info.hash_key_size <= sizeof(key)) {
			port_rss_key(key, info.hash_key_size);
			conf.rx_adv_conf.rss_conf.rss_key = key;
			conf.rx_adv_conf.rss_conf.rss_key_len = info.hash_key_size;
		}
	}
	conf.txmode.offloads = chain_offloads(&info, p);
	error = rte_eth_dev_configure(out->dpdk_port, q->n_rx, q->n_tx, &conf);
	return error ? fail(log, p, "configure", error) : 0;
}

// Rings and buffers lie with the worker that has the queue.
static int set_up_queues(uint16_t id, const struct config_port *p, const struct port_queues *q,
	const struct packet_pools *pools, const struct numa_topology *t, struct log *log)
{
	uint16_t n_rx = p->rx_descriptors, n_tx = p->tx_descriptors;
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &n_rx, &n_tx);

	if (error)
		return fail(log, p, "descriptors", error);
	for (uint16_t i = 0; !error && i < q->n_rx; i++) {
		int node = t->worker_nodes[port_plan_worker(q, i)];
		error = rte_eth_rx_queue_setup(
			id, i, n_rx, (unsigned int)node, NULL, packet_pools_on(pools, node));
	}
	for (uint16_t i = 0; !error && i < q->n_tx; i++)
		error = rte_eth_tx_queue_setup(
			id, i, n_tx, (unsigned int)t->worker_nodes[port_plan_worker(q, i)], NULL);
	return error ? fail(log, p, "queue", error) : 0;
}

static int find_port(
	struct control_port *out, const struct config *config, unsigned int index, struct log *log)
{
	const struct config_port *p = &config->ports[index];
	char device[CONFIG_DEVICE_BYTES + 16];
	int error;

	if (p->kind == CONFIG_DEVICE_INTERFACE) {
		error = tap_claim_interface(p->device);
		if (error)
			return fail_with_hint(log, p, "interface", error, hint_interface(error));
	}
	eal_device_name(config, index, device, sizeof(device));
	error = rte_eth_dev_get_port_by_name(device, &out->dpdk_port);
	if (error) {
		out->dpdk_port = RTE_MAX_ETHPORTS;
		return fail_with_hint(log, p, "no-such-device", error,
			"see the lines of EAL above; an interface needs CAP_NET_RAW, a PCI device "
			"a driver "
			"for user space (vfio-pci)");
	}
	// What a virtual device says is where its memory happens to be.
	out->node = p->kind == CONFIG_DEVICE_PCI ? rte_eth_dev_socket_id(out->dpdk_port)
						 : NUMA_NODE_UNKNOWN;
	return 0;
}

static int open_port(struct ports *ports, unsigned int index, const struct config *config,
	const struct packet_pools *pools, const struct numa_topology *t, struct log *log)
{
	struct control_port *out = &ports->control[index];
	const struct port_queues *q = &ports->queues[index];
	const struct config_port *p = &config->ports[index];
	uint16_t id = out->dpdk_port;
	int error = configure(out, p, q, log);

	if (!error)
		error = set_up_queues(id, p, q, pools, t, log);
	if (error)
		return error;
	error = rte_eth_dev_set_mtu(id, p->mtu);
	if (error && error != -ENOTSUP)
		return fail(log, p, "mtu", error);
	error = rte_eth_macaddr_get(id, &out->mac);
	if (error)
		return fail(log, p, "mac-address", error);
	error = rte_eth_dev_start(id);
	if (error)
		return fail(log, p, "start", error);
	out->n_rx = q->n_rx;
	out->n_tx = q->n_tx;
	error = tap_open(&out->tap, p->tap, &out->mac, p->mtu);
	return error ? fail_with_hint(log, p, "tap", error, hint_tap(error)) : 0;
}

// By Call ID where the NIC can, so that nothing has to be handed over: each worker needs a queue then.
static void steer(struct ports *ports, unsigned int index, const struct config *config)
{
	struct control_port *out = &ports->control[index];
	struct port_flow *flow = &ports->flows[index];
	uint16_t queues[LIMIT_WORKERS];

	if (config->ports[index].role != CONFIG_PORT_OUTSIDE || config->n_workers < 2 ||
		out->n_rx < config->n_workers || config->ports[index].kind != CONFIG_DEVICE_PCI)
		return;
	for (unsigned int i = 0; i < config->n_workers; i++)
		queues[i] = port_plan_queue(&ports->queues[index], i);
	int error =
		port_flow_open(flow, &port_flow_dpdk, out->dpdk_port, queues, config->n_workers);
	snprintf(out->flow_refused, sizeof(out->flow_refused), "%s", flow->why);
	if (error)
		return;
	out->spread = CONTROL_SPREAD_CALL_ID;
	out->n_rules = (uint16_t)flow->n_rules;
	ports->call_classes = (uint16_t)flow->n_rules;
}

static void tell_port(
	const struct ports *ports, unsigned int index, const struct config *config, struct log *log)
{
	const struct config_port *p = &config->ports[index];
	const struct control_port *out = &ports->control[index];
	bool is_poor = p->kind == CONFIG_DEVICE_PCI && out->spread == CONTROL_SPREAD_ONE &&
		       config->n_workers > 1;
	struct event e;

	event_begin(&e, EVENT_PORT_READY);
	event_text(&e, "port", span_of_text(p->name));
	event_text(&e, "device", span_of_text(p->device));
	if (out->node != NUMA_NODE_UNKNOWN)
		event_i64(&e, "node", out->node);
	event_u64(&e, "workers", config->n_workers);
	event_u64(&e, "rx-queues", out->n_rx);
	event_u64(&e, "tx-queues", out->n_tx);
	event_word(&e, "to-workers", control_spread_word(out->spread));
	if (out->n_rules > 0)
		event_u64(&e, "rules", out->n_rules);
	if (out->flow_refused[0])
		event_text(&e, "rules-refused", span_of_text(out->flow_refused));
	if (is_poor) {
		e.level = LOG_LEVEL_WARNING;
		event_word(&e, "text",
			"all packets come by one worker: the NIC has too few queues, or cannot "
			"spread by IPv4 addresses");
	}
	event_send(log, &e);
}

static void tell_mismatches(
	const struct numa_topology *t, const struct config *config, struct log *log)
{
	struct numa_mismatch list[LIMIT_PORTS];
	unsigned int n = numa_plan_mismatches(t, list);

	for (unsigned int i = 0; i < n; i++) {
		char workers[LIMIT_WORKERS * 3] = "", cpus[LIMIT_WORKERS * 5] = "";
		size_t w = 0, c = 0;
		struct event e;

		for (unsigned int k = 0; k < config->n_workers; k++) {
			if (!(list[i].workers >> k & 1))
				continue;
			const char *comma = w ? "," : "";
			w += (size_t)snprintf(workers + w, sizeof(workers) - w, "%s%u", comma, k);
			c += (size_t)snprintf(
				cpus + c, sizeof(cpus) - c, "%s%u", comma, config->worker_cpus[k]);
		}
		event_begin(&e, EVENT_NUMA_MISMATCH);
		event_text(&e, "port", span_of_text(config->ports[list[i].port].name));
		event_i64(&e, "node", t->port_nodes[list[i].port]);
		event_word(&e, "workers", workers);
		event_word(&e, "cpus", cpus);
		event_word(&e, "text",
			"these workers are on another NUMA node than the port: their packets cross "
			"between the sockets");
		event_send(log, &e);
	}
}

int ports_open(struct ports *p, const struct config *config, const struct packet_pools *pools,
	struct numa_topology *t, struct log *log)
{
	struct port_limits limits[LIMIT_PORTS];
	int error;

	*p = (struct ports){0};
	t->n_ports = config->n_ports;
	for (unsigned int i = 0; i < config->n_ports; i++) {
		p->control[i].dpdk_port = RTE_MAX_ETHPORTS;
		p->control[i].tap.fd = -1;
		p->n = i + 1;
		error = find_port(&p->control[i], config, i, log);
		if (error)
			return error;
		t->port_nodes[i] = p->control[i].node;
		look_at_port(config, i, p->control[i].dpdk_port, &limits[i]);
	}
	tell_mismatches(t, config, log);
	port_plan_queues(limits, config->n_ports, config->n_workers, p->queues);
	for (unsigned int i = 0; i < config->n_ports; i++) {
		error = open_port(p, i, config, pools, t, log);
		if (error)
			return error;
		steer(p, i, config);
		tell_port(p, i, config, log);
	}
	return vlans_open(&p->vlans, config, p->control, log);
}

void ports_close(struct ports *p)
{
	vlans_close(&p->vlans);
	for (unsigned int i = 0; i < p->n; i++) {
		tap_close(&p->control[i].tap);
		if (p->control[i].dpdk_port == RTE_MAX_ETHPORTS)
			continue;
		port_flow_close(&p->flows[i], &port_flow_dpdk, p->control[i].dpdk_port);
		(void)rte_eth_dev_stop(p->control[i].dpdk_port);
		(void)rte_eth_dev_close(p->control[i].dpdk_port);
	}
	p->n = 0;
}

void ports_for_worker(const struct ports *p, const struct config *config, unsigned int index,
	struct worker_port out[LIMIT_PORTS])
{
	for (unsigned int i = 0; i < p->n; i++) {
		const struct config_port *c = &config->ports[i];
		const struct port_queues *q = &p->queues[i];
		struct rte_eth_dev_info info;
		bool is_known = rte_eth_dev_info_get(p->control[i].dpdk_port, &info) == 0;

		out[i] = (struct worker_port){
			.dpdk_port = p->control[i].dpdk_port,
			.queue = port_plan_queue(q, index),
			.has_rx = port_plan_has_rx(q, index),
			.lacks_tx = !port_plan_has_tx(q, index),
			.tx_worker = (uint8_t)port_plan_sender(q, index),
			.is_outside = c->role == CONFIG_PORT_OUTSIDE,
			.takes_chains = is_known && chain_offloads(&info, c) != 0,
			.accepts_all = c->accept == CONFIG_ACCEPT_ALL,
			.mac = p->control[i].mac,
			.mtu = c->mtu,
			.address_be = c->has_address ? c->address_be : 0,
			.tenants = p->vlans.tenants[i],
		};
	}
}
