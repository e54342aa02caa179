// SPDX-License-Identifier: BSD-3-Clause
#include "control/networks.h"

#include "base/bytes.h"
#include "control/control_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
	ADDRESSES_BYTES = 12, // of an Ethernet header
	TAG_BYTES = 4,
	ETHER_BYTES = 14,
	ETHER_TYPE_VLAN = 0x8100,
	VLAN_ID_MASK = 0x0fff,
};

static void add(struct networks *n, const struct network *network)
{
	n->by_tag[network->port][network->vlan] = n->n;
	n->list[n->n++] = *network;
}

int networks_open(struct control *c)
{
	const struct config *config = c->config.config;
	struct networks *n = &c->networks;

	if (c->config.n_ports == 0)
		return 0;
	n->list = calloc(c->config.n_ports + config->n_vlans, sizeof(n->list[0]));
	n->by_tag = malloc(LIMIT_PORTS * sizeof(n->by_tag[0]));
	if (!n->list || !n->by_tag) {
		networks_close(n);
		return -ENOMEM;
	}
	memset(n->by_tag, 0xff, LIMIT_PORTS * sizeof(n->by_tag[0])); // NETWORK_NONE
	for (unsigned int i = 0; i < c->config.n_ports; i++)
		add(n, &(struct network){
			       .port = (uint8_t)i,
			       .tenant = config->ports[i].tenant_number,
			       .tap = &c->config.ports[i].tap,
			       .name = config->ports[i].name,
		       });
	for (unsigned int i = 0; i < config->n_vlans; i++)
		add(n, &(struct network){
			       .port = config->vlans[i].port_index,
			       .vlan = config->vlans[i].id,
			       .tenant = config->vlans[i].tenant_number,
			       .tap = &c->config.vlan_taps[i],
			       .name = config->vlans[i].name,
		       });
	return 0;
}

void networks_close(struct networks *n)
{
	free(n->list);
	free(n->by_tag);
	*n = (struct networks){0};
}

uint16_t networks_find(const struct networks *n, uint8_t port, uint16_t vlan)
{
	return n->n && port < LIMIT_PORTS && vlan < NETWORK_VLAN_IDS ? n->by_tag[port][vlan]
								     : (uint16_t)NETWORK_NONE;
}

int networks_to_kernel(const struct networks *n, uint8_t port, struct rte_mbuf *frame)
{
	uint8_t *at = rte_pktmbuf_mtod(frame, uint8_t *);
	uint16_t vlan = 0;

	if (frame->data_len >= ETHER_BYTES + TAG_BYTES &&
		bytes_get_u16(at + ADDRESSES_BYTES) == ETHER_TYPE_VLAN) {
		vlan = bytes_get_u16(at + ADDRESSES_BYTES + 2) & VLAN_ID_MASK;
		memmove(at + TAG_BYTES, at, ADDRESSES_BYTES);
		rte_pktmbuf_adj(frame, TAG_BYTES);
	}
	uint16_t network = networks_find(n, port, vlan);
	return network == NETWORK_NONE ? -ENODEV : tap_send(n->list[network].tap, frame);
}

bool networks_put_tag(const struct network *network, struct rte_mbuf *frame)
{
	if (network->vlan == 0)
		return true;
	uint8_t *at = frame->data_len >= ETHER_BYTES
			      ? (uint8_t *)rte_pktmbuf_prepend(frame, TAG_BYTES)
			      : NULL;
	if (!at)
		return false;
	memmove(at, at + TAG_BYTES, ADDRESSES_BYTES);
	bytes_put_u16(at + ADDRESSES_BYTES, ETHER_TYPE_VLAN);
	bytes_put_u16(at + ADDRESSES_BYTES + 2, network->vlan);
	return true;
}
