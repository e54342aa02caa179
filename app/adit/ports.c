// SPDX-License-Identifier: BSD-3-Clause
#include "adit/ports.h"

#include "adit/eal.h"
#include "adit/hint.h"

#include <errno.h>

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

static int configure(
	uint16_t id, const struct config_port *p, unsigned int n_queues, struct log *log)
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf = {0};
	int error = rte_eth_dev_info_get(id, &info);

	if (error)
		return fail(log, p, "device-info", error);
	if (info.max_rx_queues < n_queues || info.max_tx_queues < n_queues)
		return fail(log, p, "fewer-queues-than-workers", -ENOSPC);
	if (n_queues > 1 && (info.flow_type_rss_offloads & RTE_ETH_RSS_IP)) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & RTE_ETH_RSS_IP;
	}
	conf.txmode.offloads = chain_offloads(&info, p);
	error = rte_eth_dev_configure(id, (uint16_t)n_queues, (uint16_t)n_queues, &conf);
	return error ? fail(log, p, "configure", error) : 0;
}

static int set_up_queues(uint16_t id, const struct config_port *p, unsigned int n_queues,
	struct rte_mempool *pool, struct log *log)
{
	uint16_t n_rx = p->rx_descriptors, n_tx = p->tx_descriptors;
	int socket = rte_eth_dev_socket_id(id);
	int error = rte_eth_dev_adjust_nb_rx_tx_desc(id, &n_rx, &n_tx);

	if (error)
		return fail(log, p, "descriptors", error);
	for (uint16_t q = 0; q < n_queues; q++) {
		error = rte_eth_rx_queue_setup(id, q, n_rx, (unsigned int)socket, NULL, pool);
		if (!error)
			error = rte_eth_tx_queue_setup(id, q, n_tx, (unsigned int)socket, NULL);
		if (error)
			return fail(log, p, "queue", error);
	}
	return 0;
}

static int open_port(struct control_port *out, const struct config *config, unsigned int index,
	struct rte_mempool *pool, struct log *log)
{
	const struct config_port *p = &config->ports[index];
	char device[CONFIG_DEVICE_BYTES + 16];
	uint16_t id;
	int error;

	if (p->kind == CONFIG_DEVICE_INTERFACE) {
		error = tap_claim_interface(p->device);
		if (error)
			return fail_with_hint(log, p, "interface", error, hint_interface(error));
	}
	eal_device_name(config, index, device, sizeof(device));
	error = rte_eth_dev_get_port_by_name(device, &id);
	if (error)
		return fail_with_hint(log, p, "no-such-device", error,
			"see the lines of EAL above; an interface needs CAP_NET_RAW, a PCI device "
			"a driver "
			"for user space (vfio-pci)");
	error = configure(id, p, config->n_workers, log);
	if (!error)
		error = set_up_queues(id, p, config->n_workers, pool, log);
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
	out->dpdk_port = id;
	error = tap_open(&out->tap, p->tap, &out->mac, p->mtu);
	return error ? fail_with_hint(log, p, "tap", error, hint_tap(error)) : 0;
}

int ports_open(
	struct ports *p, const struct config *config, struct rte_mempool *pool, struct log *log)
{
	*p = (struct ports){0};
	for (unsigned int i = 0; i < config->n_ports; i++) {
		p->control[i].dpdk_port = RTE_MAX_ETHPORTS;
		p->control[i].tap.fd = -1;
		p->n = i + 1;
		int error = open_port(&p->control[i], config, i, pool, log);
		if (error)
			return error;
	}
	return 0;
}

void ports_close(struct ports *p)
{
	for (unsigned int i = 0; i < p->n; i++) {
		tap_close(&p->control[i].tap);
		if (p->control[i].dpdk_port == RTE_MAX_ETHPORTS)
			continue;
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
		struct rte_eth_dev_info info;
		bool is_known = rte_eth_dev_info_get(p->control[i].dpdk_port, &info) == 0;

		out[i] = (struct worker_port){
			.dpdk_port = p->control[i].dpdk_port,
			.queue = (uint16_t)index,
			.has_rx = true,
			.is_outside = c->role == CONFIG_PORT_OUTSIDE,
			.takes_chains = is_known && chain_offloads(&info, c) != 0,
			.accepts_all = c->accept == CONFIG_ACCEPT_ALL,
			.mac = p->control[i].mac,
			.mtu = c->mtu,
			.address_be = c->has_address ? c->address_be : 0,
		};
	}
}
