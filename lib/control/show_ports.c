// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"

#include <rte_ethdev.h>

static const struct render_column port_columns[] = {
	{"PORT", "port", false, false},
	{"DEVICE", "device", false, false},
	{"ROLE", "role", false, false},
	{"LINK", "link", false, false},
	{"NODE", "node", true, false},
	{"RX-QUEUES", "rx_queues", true, false},
	{"TX-QUEUES", "tx_queues", true, false},
	{"TO-WORKERS", "spread", false, false},
	{"RULES", "rules", true, false},
	{"RULES-REFUSED", "rules_refused", false, false},
};

static const char *link_word(enum port_link link)
{
	switch (link) {
	case PORT_LINK_UP:
		return "up";
	case PORT_LINK_DOWN:
		return "down";
	case PORT_LINK_UNKNOWN:
		break;
	}
	return "unknown";
}

const char *control_spread_word(enum control_spread spread)
{
	switch (spread) {
	case CONTROL_SPREAD_CALL_ID:
		return "call-id";
	case CONTROL_SPREAD_RSS:
		return "rss";
	case CONTROL_SPREAD_DEVICE:
		return "device";
	case CONTROL_SPREAD_ONE:
		break;
	}
	return "one-queue";
}

static void show_port(struct control *c, struct render *r, unsigned int i)
{
	const struct config_port *port = &c->config.config->ports[i];
	const struct control_port *p = &c->config.ports[i];

	render_row_begin(r);
	render_word(r, port->name);
	render_word(r, port->device);
	render_word(r, port->role == CONFIG_PORT_OUTSIDE ? "outside" : "inside");
	render_word(r, link_word(port_watch_look(port, p->dpdk_port)));
	if (p->node < 0)
		render_none(r);
	else
		render_u64(r, (uint64_t)p->node);
	render_u64(r, p->n_rx);
	render_u64(r, p->n_tx);
	render_word(r, control_spread_word(p->spread));
	render_u64(r, p->n_rules);
	if (p->flow_refused[0])
		render_text(r, span_of_text(p->flow_refused));
	else
		render_none(r);
	render_row_end(r);
}

static const struct render_column traffic_columns[] = {
	{"PORT", "port", false, false},
	{"RX-PKTS", "rx_pkts", true, false},
	{"RX-BYTES", "rx_bytes", true, false},
	{"TX-PKTS", "tx_pkts", true, false},
	{"TX-BYTES", "tx_bytes", true, false},
	{"RX-MISSED", "rx_missed", true, false},
	{"RX-ERRORS", "rx_errors", true, false},
	{"RX-NO-MBUF", "rx_no_mbuf", true, false},
	{"TX-ERRORS", "tx_errors", true, false},
};

// What the workers took from it and gave to it, and what the device lost before or after.
static void show_traffic(struct control *c, struct render *r, unsigned int i)
{
	struct port_counters sum = {0};
	struct rte_eth_stats device = {0};

	for (unsigned int w = 0; w < c->config.n_workers; w++) {
		const struct port_counters *n = &c->config.counters[w]->ports[i];
		sum.rx_pkts += counter_read(&n->rx_pkts);
		sum.rx_bytes += counter_read(&n->rx_bytes);
		sum.tx_pkts += counter_read(&n->tx_pkts);
		sum.tx_bytes += counter_read(&n->tx_bytes);
	}
	(void)rte_eth_stats_get(c->config.ports[i].dpdk_port, &device);
	render_row_begin(r);
	render_word(r, c->config.config->ports[i].name);
	render_u64(r, sum.rx_pkts);
	render_size(r, sum.rx_bytes);
	render_u64(r, sum.tx_pkts);
	render_size(r, sum.tx_bytes);
	render_u64(r, device.imissed);
	render_u64(r, device.ierrors);
	render_u64(r, device.rx_nombuf);
	render_u64(r, device.oerrors);
	render_row_end(r);
}

bool show_ports(struct control *c, struct show *s)
{
	static const struct show_table ports = {
		"ports", port_columns, RTE_DIM(port_columns), show_port};
	static const struct show_table traffic = {
		"traffic", traffic_columns, RTE_DIM(traffic_columns), show_traffic};

	if (s->stage > 0)
		return show_table(c, s, &traffic, c->config.n_ports);
	if (show_table(c, s, &ports, c->config.n_ports)) {
		s->stage++;
		s->cursor = 0;
	}
	return false;
}
