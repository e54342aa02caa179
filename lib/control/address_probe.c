// SPDX-License-Identifier: BSD-3-Clause
#include "control/address_probe.h"

#include "base/bytes.h"
#include "control/address.h"
#include "control/call.h"
#include "control/control_state.h"

#include <stdlib.h>

enum {
	PROBES = 2,
	ETHER_BYTES = 14,
	TAG_BYTES = 4,
	ETHER_TYPE_ARP = 0x0806,
	ETHER_TYPE_VLAN = 0x8100,
	VLAN_ID_MASK = 0x0fff,
	MAC_BYTES = 6,
	ARP_BYTES = 28,
	ARP_ETHERNET = 1, // RFC 826
	ARP_IPV4 = 0x0800,
	ARP_REQUEST = 1,
	ARP_SENDER_MAC = 8,
	ARP_SENDER = 14,
	ARP_TARGET = 24,
	FRAME_BYTES = 60, // the shortest, without its checksum
	SENDING_WORKER = 0,
};

static const uint64_t PROBE_NS = 75000000; // until the next one, or the end

static void fire(struct timer *t, uint64_t now_ns);

static uint32_t bucket_of(uint32_t address_be)
{
	return rte_be_to_cpu_32(address_be) % ADDRESS_PROBE_BUCKETS;
}

static bool lies_in(uint32_t address_be, uint32_t network_be, uint8_t prefix_len)
{
	uint32_t mask = prefix_len ? UINT32_MAX << (32 - prefix_len) : 0;

	return ((rte_be_to_cpu_32(address_be) ^ rte_be_to_cpu_32(network_be)) & mask) == 0;
}

// The inside network of the tenant that the address is of, NETWORK_NONE: there is none.
static uint16_t find_network(const struct control *c, uint16_t tenant, uint32_t address_be)
{
	const struct config *config = c->config.config;

	for (uint16_t i = 0; i < c->networks.n; i++) {
		if (c->networks.list[i].tenant != tenant)
			continue;
		if (i < c->config.n_ports) {
			const struct config_port *p = &config->ports[i];
			if (p->role == CONFIG_PORT_INSIDE && p->has_address &&
				lies_in(address_be, p->address_be, p->prefix_len))
				return i;
		} else {
			const struct config_vlan *v = &config->vlans[i - c->config.n_ports];
			if (v->has_address && lies_in(address_be, v->address_be, v->prefix_len))
				return i;
		}
	}
	return NETWORK_NONE;
}

static void send_probe(struct address_probe *p)
{
	struct control *c = p->call->control;
	const struct network *network = &c->networks.list[p->network];
	const uint8_t *mac = c->config.ports[network->port].mac.addr_bytes;
	uint8_t frame[FRAME_BYTES + TAG_BYTES] = {0};
	uint8_t *arp = frame + ETHER_BYTES + (network->vlan ? TAG_BYTES : 0);

	memset(frame, 0xff, MAC_BYTES);
	memcpy(frame + MAC_BYTES, mac, MAC_BYTES);
	if (network->vlan) {
		bytes_put_u16(frame + 2 * MAC_BYTES, ETHER_TYPE_VLAN);
		bytes_put_u16(frame + 2 * MAC_BYTES + 2, network->vlan);
	}
	bytes_put_u16(arp - 2, ETHER_TYPE_ARP);
	bytes_put_u16(arp, ARP_ETHERNET);
	bytes_put_u16(arp + 2, ARP_IPV4);
	arp[4] = MAC_BYTES;
	arp[5] = sizeof(uint32_t);
	bytes_put_u16(arp + 6, ARP_REQUEST);
	memcpy(arp + ARP_SENDER_MAC, mac, MAC_BYTES); // its address stays 0: a probe claims nothing
	memcpy(arp + ARP_TARGET, &p->address_be, sizeof(p->address_be));
	size_t len = FRAME_BYTES + (network->vlan ? TAG_BYTES : 0);
	struct rte_mbuf *m = workers_packet(c, span_of(frame, len));
	p->n_sent++;
	if (!m)
		return;
	const struct lane_command command = {
		.kind = COMMAND_SEND_FRAME, .packet = m, .port = network->port};
	workers_send_packet(c, SENDING_WORKER, &command);
}

bool address_probe_begin(struct call *call)
{
	struct control *c = call->control;
	uint16_t network = find_network(c, call->tenant, call->inner_be);
	struct address_probe *p = network == NETWORK_NONE ? NULL : calloc(1, sizeof(*p));

	if (!p)
		return false;
	if (timer_heap_join(&c->loop.timers, &p->timer, fire) != 0) {
		free(p);
		return false;
	}
	p->call = call;
	p->address_be = call->inner_be;
	p->network = network;
	LIST_INSERT_HEAD(&c->probes.buckets[bucket_of(p->address_be)], p, in_bucket);
	c->probes.n++;
	call->probe = p;
	send_probe(p);
	timer_heap_arm(&c->loop.timers, &p->timer, control_now(c) + PROBE_NS);
	return true;
}

void address_probe_cancel(struct call *call)
{
	struct address_probe *p = call->probe;

	if (!p)
		return;
	LIST_REMOVE(p, in_bucket);
	call->control->probes.n--;
	timer_heap_leave(&call->control->loop.timers, &p->timer);
	call->probe = NULL;
	free(p);
}

static void fire(struct timer *t, uint64_t now_ns)
{
	struct address_probe *p = container_of(t, struct address_probe, timer);
	struct call *call = p->call;

	if (p->n_sent < PROBES) {
		send_probe(p);
		timer_heap_arm(&call->control->loop.timers, t, now_ns + PROBE_NS);
		return;
	}
	address_probe_cancel(call);
	address_checked(call, false);
}

// Who says that it has the address, or asks for it by a probe of its own (RFC 5227 2.1.1).
static bool is_of_another(const uint8_t *arp, const uint8_t *our_mac, uint32_t address_be)
{
	uint32_t sender, target;

	if (memcmp(arp + ARP_SENDER_MAC, our_mac, MAC_BYTES) == 0)
		return false;
	memcpy(&sender, arp + ARP_SENDER, sizeof(sender));
	memcpy(&target, arp + ARP_TARGET, sizeof(target));
	return sender == address_be ||
	       (sender == 0 && target == address_be && bytes_get_u16(arp + 6) == ARP_REQUEST);
}

void address_probe_look(struct control *c, uint8_t port, const struct rte_mbuf *frame)
{
	uint8_t copy[ETHER_BYTES + TAG_BYTES + ARP_BYTES];
	uint32_t len = RTE_MIN(rte_pktmbuf_pkt_len(frame), (uint32_t)sizeof(copy));
	uint16_t vlan = 0, at = ETHER_BYTES;

	if (c->probes.n == 0 || len < ETHER_BYTES + ARP_BYTES)
		return;
	const uint8_t *bytes = rte_pktmbuf_read(frame, 0, len, copy);
	if (bytes_get_u16(bytes + 2 * MAC_BYTES) == ETHER_TYPE_VLAN) {
		vlan = bytes_get_u16(bytes + ETHER_BYTES) & VLAN_ID_MASK;
		at += TAG_BYTES;
	}
	if (bytes_get_u16(bytes + at - 2) != ETHER_TYPE_ARP || len < (uint32_t)at + ARP_BYTES ||
		bytes_get_u16(bytes + at) != ARP_ETHERNET ||
		bytes_get_u16(bytes + at + 2) != ARP_IPV4 || bytes[at + 4] != MAC_BYTES ||
		bytes[at + 5] != sizeof(uint32_t))
		return;
	uint16_t network = networks_find(&c->networks, port, vlan);
	const uint32_t at_of[] = {ARP_SENDER, ARP_TARGET};
	for (unsigned int i = 0; i < RTE_DIM(at_of); i++) {
		uint32_t address_be;
		struct address_probe *p, *next;
		memcpy(&address_be, bytes + at + at_of[i], sizeof(address_be));
		// Of one tenant an address has one call, so at most one of these is ended.
		for (p = LIST_FIRST(&c->probes.buckets[bucket_of(address_be)]); p; p = next) {
			struct call *call = p->call;
			next = LIST_NEXT(p, in_bucket);
			if (p->address_be != address_be || p->network != network ||
				!is_of_another(bytes + at, c->config.ports[port].mac.addr_bytes,
					address_be))
				continue;
			address_probe_cancel(call);
			address_checked(call, true);
			return;
		}
	}
}
