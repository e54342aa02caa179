// SPDX-License-Identifier: BSD-3-Clause
// What came by a port: ours, the kernel's, or nobody's. Ours go on without their Ethernet header, cut to
// the length that IPv4 says.
#include "dataplane/lane.h"

#include "wire/gre.h"

enum {
	ETHER_HEADER_BYTES = 14,
	ETHER_TYPE = 12,
	ETHER_TYPE_IPV4 = 0x0800,
	ETHER_TYPE_ARP = 0x0806,
	ETHER_TYPE_VLAN = 0x8100,
	VLAN_TAG_BYTES = 4,
	VLAN_ID_MASK = 0x0fff,
	PPTP_PORT = 1723,
	ICMP_TIME_EXCEEDED = 11,
};

// RFC 1122 3.3.6, RFC 1812 5.3.4: a packet for one host in a frame for many is not taken, and not
// answered by ICMP either.
static bool is_frame_for_many(const uint8_t *frame)
{
	return frame[0] & 1;
}

// A switch floods frames for others, and af_packet delivers all that the interface sees.
static bool is_for_us(const uint8_t *frame, const struct worker_port *port)
{
	return is_frame_for_many(frame) ||
	       memcmp(frame, port->mac.addr_bytes, RTE_ETHER_ADDR_LEN) == 0;
}

static bool is_address_of(const struct worker *w, const struct worker_port *port, uint32_t be)
{
	return be == port->address_be || owner_map_listen(w->config.owners, be) >= 0;
}

static bool is_pptp(const struct worker *w, const struct pkt *p, const uint8_t *frame)
{
	const uint8_t *payload = frame + ETHER_HEADER_BYTES + p->ip.header_len;
	uint16_t pptp_port = w->config.pptp_port ? w->config.pptp_port : PPTP_PORT;

	return p->ip.protocol == INET_TCP && !p->ip.is_fragment &&
	       p->ip.total_len >= p->ip.header_len + 4 && bytes_get_u16(payload + 2) == pptp_port;
}

// Too short for flags is as good as a SYN: neither belongs to a connection that there is.
static enum exception_kind pptp_kind(const struct pkt *p, const uint8_t *frame)
{
	enum { FLAGS = 13, SYN = 0x02 };
	const uint8_t *tcp = frame + ETHER_HEADER_BYTES + p->ip.header_len;
	bool is_syn = p->ip.total_len <= p->ip.header_len + FLAGS || (tcp[FLAGS] & SYN);

	return is_syn ? EXCEPTION_SYN : EXCEPTION_PPTP;
}

// TCP/1723 and ICMP to our addresses, whole: what the kernel of a closed port may see. A TCP segment is
// never fragmented by a stack of today (RFC 1191), so a later fragment, which has no port number, has
// no case to be let through.
static uint8_t classify_for_kernel(
	struct worker *w, struct pkt *p, const struct worker_port *port, const uint8_t *frame)
{
	bool is_ours = is_address_of(w, port, p->ip.destination_be);

	if (is_ours && is_pptp(w, p, frame))
		return punt_exception(w, p, pptp_kind(p, frame));
	if (port->accepts_all)
		return punt_exception(w, p, EXCEPTION_OTHER);
	if (!is_ours || (p->ip.protocol != INET_TCP && p->ip.protocol != INET_ICMP))
		return DROP_OUTSIDE_POLICY;
	if (p->ip.is_fragment)
		return DROP_OUTER_FRAGMENT;
	return p->ip.protocol == INET_ICMP ? punt_exception(w, p, EXCEPTION_OTHER)
					   : DROP_OUTSIDE_POLICY;
}

// What every packet of a session touches, so that it is there when its stage comes.
static void prefetch_owner(const struct worker *w, uint32_t owner)
{
	if (owner == OWNER_NONE || owner_worker(owner) != w->config.index ||
		owner_slot(owner) >= w->config.sessions->n_slots)
		return;
	session_prefetch(&w->config.sessions->slots[owner_slot(owner)]);
}

static void prefetch_call(const struct worker *w, const struct pkt *p)
{
	enum { CALL_ID = 6 }; // in the GRE header

	if (p->ip.total_len >= p->ip.header_len + CALL_ID + 2)
		prefetch_owner(w, owner_map_call(w->config.owners, p->listen,
					  bytes_get_u16(pkt_data(p) + p->ip.header_len + CALL_ID)));
}

static uint8_t classify_outside(struct worker *w, struct pkt *p)
{
	const struct worker_port *port = &w->config.ports[p->port];
	const uint8_t *frame = pkt_data(p);
	uint16_t len = pkt_len(p);

	if (len < ETHER_HEADER_BYTES)
		return DROP_ETHER_SHORT;
	if (!is_for_us(frame, port))
		return DROP_ETHER_ADDRESS;
	uint16_t type = bytes_get_u16(frame + ETHER_TYPE);
	if (type == ETHER_TYPE_ARP)
		return punt_exception(w, p, EXCEPTION_ARP);
	if (type != ETHER_TYPE_IPV4)
		return port->accepts_all ? punt_exception(w, p, EXCEPTION_OTHER) : DROP_ETHER_TYPE;

	uint8_t bad = inet_ipv4_get(
		frame + ETHER_HEADER_BYTES, len - ETHER_HEADER_BYTES, DROP_OUTER_IP_BAD, &p->ip);
	if (bad)
		return bad;
	int listen = owner_map_listen(w->config.owners, p->ip.destination_be);
	if (p->ip.protocol != GRE_IP_PROTOCOL || listen < 0)
		return classify_for_kernel(w, p, port, frame);
	if (is_frame_for_many(frame))
		return DROP_ETHER_ADDRESS;
	p->listen = (uint16_t)listen;
	pkt_pull(p, ETHER_HEADER_BYTES);
	pkt_trim(p, p->ip.total_len);
	if (p->ip.is_fragment)
		return stage_reassemble(w, p);
	prefetch_call(w, p);
	return PKT_NEXT;
}

unsigned int stage_classify_outside(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = classify_outside(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}

// What is for no client is the kernel's: it answers for the box and routes what it may. Of a tenant's networks it
// gets ARP alone, since it has one table for all of them and would answer the host of another; we answer the echo
// request ourselves.
static uint8_t classify_for_box(struct worker *w, struct pkt *p, uint16_t header_bytes)
{
	if (p->tenant == 0)
		return punt_exception(w, p, EXCEPTION_OTHER);
	if (is_frame_for_many(pkt_data(p)))
		return DROP_ETHER_ADDRESS;
	bool is_ours = route_find(w, p->tenant, p->ip.destination_be)->kind == ROUTE_LOCAL;
	if (!is_ours)
		return DROP_NO_ROUTE;
	pkt_pull(p, header_bytes);
	pkt_trim(p, p->ip.total_len);
	return icmp_answer(w, p);
}

// Whose network a frame is of, and where its IPv4 header is. A tag with id 0 says priority alone (IEEE 802.1Q 9.6).
static uint8_t take_tag(
	const struct worker_port *port, struct pkt *p, uint16_t *type, uint16_t *header_bytes)
{
	const uint8_t *frame = pkt_data(p);
	uint16_t vlan = 0;

	*header_bytes = ETHER_HEADER_BYTES;
	if (*type == ETHER_TYPE_VLAN) {
		if (pkt_len(p) < ETHER_HEADER_BYTES + VLAN_TAG_BYTES)
			return DROP_ETHER_SHORT;
		vlan = bytes_get_u16(frame + ETHER_HEADER_BYTES) & VLAN_ID_MASK;
		*type = bytes_get_u16(frame + ETHER_TYPE + VLAN_TAG_BYTES);
		*header_bytes += VLAN_TAG_BYTES;
	}
	p->tenant = port->tenants ? port->tenants[vlan] : vlan ? (uint16_t)TENANT_NONE : 0;
	return p->tenant == TENANT_NONE ? DROP_VLAN_UNKNOWN : PKT_NEXT;
}

static uint8_t classify_inside(struct worker *w, struct pkt *p)
{
	const uint8_t *frame = pkt_data(p);
	uint16_t len = pkt_len(p);

	if (len < ETHER_HEADER_BYTES)
		return DROP_ETHER_SHORT;
	if (!is_for_us(frame, &w->config.ports[p->port]))
		return DROP_ETHER_ADDRESS;
	uint16_t type = bytes_get_u16(frame + ETHER_TYPE);
	uint16_t header_bytes;
	uint8_t bad = take_tag(&w->config.ports[p->port], p, &type, &header_bytes);
	if (bad)
		return bad;
	if (type == ETHER_TYPE_ARP)
		return punt_exception(w, p, EXCEPTION_ARP);
	if (type != ETHER_TYPE_IPV4)
		return p->tenant == 0 ? punt_exception(w, p, EXCEPTION_OTHER) : DROP_ETHER_TYPE;

	bad = inet_ipv4_get(frame + header_bytes, len - header_bytes, DROP_INNER_IP_BAD, &p->ip);
	if (bad)
		return bad;
	uint32_t owner = lane_owner(w, p->tenant, p->ip.destination_be);
	if (owner == OWNER_NONE)
		return classify_for_box(w, p, header_bytes);
	if (is_frame_for_many(frame))
		return DROP_ETHER_ADDRESS;
	prefetch_owner(w, owner);
	pkt_pull(p, header_bytes);
	pkt_trim(p, p->ip.total_len);
	p->flags |= PKT_FROM_INSIDE;
	if (p->ip.ttl <= 1) {
		icmp_error(w, p, ICMP_TIME_EXCEEDED, 0, 0);
		return DROP_TTL_EXCEEDED;
	}
	inet_ttl_decrement(pkt_data(p));
	if (owner_worker(owner) != w->config.index)
		return handoff_put(w, p, owner_worker(owner), PKT_HANDED_INNER);
	return pkt_list_put(&w->down, p);
}

unsigned int stage_classify_inside(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		pkts[i]->verdict = classify_inside(w, pkts[i]);
	return pkt_settle(w, pkts, n);
}

// Another worker has done the checks of its port: read the header again and go on.
unsigned int stage_classify_handed_outer(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		p->flags |= PKT_HANDED;
		p->verdict = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_OUTER_IP_BAD, &p->ip);
		int listen = owner_map_listen(w->config.owners, p->ip.destination_be);
		if (p->verdict == PKT_NEXT && listen < 0)
			p->verdict = DROP_NO_SESSION;
		p->listen = (uint16_t)listen;
	}
	return pkt_settle(w, pkts, n);
}

unsigned int stage_classify_handed_inner(struct worker *w, struct pkt **pkts, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];

		p->flags |= p->m->packet_type == PKT_HANDED_OURS ? PKT_HANDED | PKT_POLICED
								 : PKT_HANDED;
		p->tenant = p->m->vlan_tci;
		p->verdict = inet_ipv4_get(pkt_data(p), pkt_len(p), DROP_INNER_IP_BAD, &p->ip);
		if (p->verdict == PKT_NEXT)
			p->verdict = pkt_list_put(&w->down, p);
	}
	return pkt_settle(w, pkts, n);
}
