// SPDX-License-Identifier: BSD-3-Clause
// The short way down: Ethernet and IPv4 without options to a client of this worker. In the clear PPP, GRE, outer IPv4
// and Ethernet are written at once in front of it; what is to be encrypted goes to mppe_out with its entry made, and
// what comes back from there gets its headers here too.
#include "dataplane/short_way.h"

#include "wire/ppp.h"

enum {
	IP_AT = SHORT_ETHER_BYTES,
	LEN_MIN = IP_AT + SHORT_IPV4_BYTES,
	GRE_BYTES = 12,
	ROOM = SHORT_ETHER_BYTES + SHORT_IPV4_BYTES + GRE_BYTES + 4 + 4, // with an ack, and PPP
};

// A packet between the passes.
struct down {
	struct session *s; // NULL: the long way
	uint8_t *data;
	uint32_t at; // place in the owner map, where the receiver's line is as a rule
	uint32_t slot;
	struct short_ip ip;
};

struct burst {
	struct worker *w;
	uint8_t port;
	uint16_t tenant; // of the port's untagged network
	struct short_rest rest;
};

static inline bool read_inner(uint64_t mac, const struct rte_mbuf *m, struct down *d)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len;

	if (m->nb_segs != 1 || len < LEN_MIN || !short_ether_is_good(data, mac))
		return false;
	d->data = data;
	d->ip = short_ip_load(data + IP_AT);
	return short_ip_is_good(&d->ip, len - IP_AT) && short_ip_ttl(&d->ip) > 1 &&
	       m->data_off >= ROOM;
}

static inline uint32_t place_of(const struct owner_table *t, uint16_t tenant, const struct down *d)
{
	return owner_table_home(t, owner_key(tenant, 32, rte_be_to_cpu_32(d->ip.destination_be)));
}

static inline struct session *session_of(struct worker *w, uint32_t owner, struct down *d)
{
	const struct session_table *t = w->config.sessions;

	d->slot = owner_slot(owner);
	if (owner == OWNER_NONE || owner_worker(owner) != w->config.index || d->slot >= t->n_slots)
		return NULL;
	return &t->slots[d->slot];
}

static inline struct session *find(struct worker *w, uint16_t tenant, struct down *d)
{
	return session_of(w, lane_owner(w, tenant, d->ip.destination_be), d);
}

// Who stands where the receiver does as a rule. The line's key is not looked at, which would be one more to wait for: the
// session itself says whose address it has.
static inline struct session *guess(
	struct worker *w, const struct owner_table *owners, uint16_t tenant, struct down *d)
{
	uint32_t number = rte_be_to_cpu_32(d->ip.destination_be);
	uint32_t owner = atomic_load_explicit(
		&owners->lines[d->at].owner[number % OWNER_LINE], memory_order_acquire);
	struct session *s = session_of(w, owner, d);

	return likely(s) ? s : find(w, tenant, d);
}

static inline bool is_for(const struct session *s, uint16_t tenant, const struct down *d)
{
	return d->ip.destination_be == s->inner_be && tenant == s->tenant;
}

// FF 03 00 21 with what the session leaves out of it cut off: its last bytes count.
static inline uint32_t ppp_header_of(uint32_t flags, unsigned int *len)
{
	bool pfc = flags & SESSION_SEND_PFC, acfc = flags & SESSION_SEND_ACFC;

	*len = 4 - pfc - 2 * acfc;
	return pfc ? 0x2103ff00 : 0x210003ff;
}

// Ethernet, IPv4 and GRE in front of the PPP frame at ppp[ppp_len]. Returns where they begin.
static inline uint8_t *wrap(struct worker *w, struct session *s, const struct route *route,
	uint8_t *ppp, uint16_t ppp_len, uint8_t dscp)
{
	bool has_ack = s->gre.owes_ack;
	uint16_t gre_len = (uint16_t)(GRE_BYTES + 4 * has_ack);
	uint16_t total_len = (uint16_t)(SHORT_IPV4_BYTES + gre_len + ppp_len);
	uint8_t *at = ppp - gre_len;
	uint64_t id = s->ip_id++;

	store64(at, (has_ack ? 0x0b888130 : 0x0b880130) | (uint64_t)rte_bswap16(ppp_len) << 32 |
			    (uint64_t)rte_bswap16(s->peer_call_id) << 48);
	store32(at + 8, rte_bswap32(s->gre.next_seq++));
	if (has_ack) {
		store32(at + 12, rte_bswap32(s->gre.highest));
		s->gre.owes_ack = false;
	}
	at -= SHORT_IPV4_BYTES;
	uint64_t first = SHORT_IPV4 | (uint64_t)dscp << 8 | (uint64_t)rte_bswap16(total_len) << 16 |
			 (uint64_t)rte_bswap16((uint16_t)id) << 32;
	uint64_t second = 64 | GRE_IP_PROTOCOL << 8 | // TTL
			  (uint64_t)s->outer_local_be << 32;
	uint16_t sum = short_fold(short_add(short_add(first, second), s->outer_peer_be));
	store64(at, first);
	store64(at + 8, second | (uint64_t)(uint16_t)~sum << 16);
	store32(at + 16, s->outer_peer_be);
	at -= SHORT_ETHER_BYTES;
	short_ether_put(at, route, &w->config.ports[route->port]);
	return at;
}

static inline void grow(struct rte_mbuf *m, const uint8_t *from, uint16_t len)
{
	m->data_off = (uint16_t)(from - (const uint8_t *)m->buf_addr);
	m->data_len = len;
	m->pkt_len = len;
}

// The route to the client, if it is the usual one for a packet of this length, else NULL.
static inline const struct route *route_of(
	const struct worker *w, const struct session *s, uint16_t outer_len)
{
	if (unlikely(!w->routes || s->routes_number != w->routes_number))
		return NULL;
	return short_route_is_good(w, s->outer_route, outer_len) ? s->outer_route : NULL;
}

static inline unsigned int send_clear(struct burst *b, struct rte_mbuf *m, struct down *d,
	struct session *s, const struct route *route)
{
	uint8_t *ip = d->data + IP_AT;
	uint16_t len = short_ip_len(&d->ip);
	unsigned int ppp_len;
	uint32_t ppp = ppp_header_of(s->flags, &ppp_len);

	short_ttl_decrement(ip, &d->ip);
	store32(ip - 4, ppp);
	uint8_t *at = wrap(b->w, s, route, ip - ppp_len, (uint16_t)(ppp_len + len),
		short_ip_tos(&d->ip) & 0xfc);
	grow(m, at, (uint16_t)(ip + len - at));
	counter_add(&s->counters.down_pkts, 1);
	counter_add(&s->counters.down_bytes, len);
	short_tx(b->w, route->port, m);
	return len;
}

// As stage_ip_out.c hands it on.
static inline bool encrypt(struct burst *b, struct rte_mbuf *m, struct down *d, struct session *s)
{
	struct pkt *p = pkt_new(b->w, m);
	uint8_t *ip = d->data + IP_AT;

	if (!p)
		return false;
	short_ttl_decrement(ip, &d->ip);
	p->s = s;
	p->port = b->port;
	p->flags = PKT_FROM_INSIDE;
	p->tenant = s->tenant;
	p->ip = (struct inet_ipv4){
		.source_be = short_ip_source_be(&d->ip),
		.destination_be = d->ip.destination_be,
		.total_len = short_ip_len(&d->ip),
		.header_len = SHORT_IPV4_BYTES,
		.protocol = short_ip_protocol(&d->ip),
		.ttl = short_ip_ttl(&d->ip),
		.tos = short_ip_tos(&d->ip),
	};
	grow(m, ip, p->ip.total_len);
	b->rest.encrypted[b->rest.n_encrypted++] = p;
	return true;
}

static void go_long(struct burst *b)
{
	short_go_on(b->w, b->port, &b->rest, stage_mppe_out, worker_inside);
}

enum { LONG = -1 };

// Returns the bytes that went out in the clear, 0: it is to be encrypted, LONG: untouched.
static inline int pass(struct burst *b, struct rte_mbuf *m, struct down *d, struct session *s)
{
	const uint32_t unusual = SESSION_OPEN | SESSION_REQUIRE_ENCRYPTION | SESSION_ENCRYPT |
				 SESSION_POLICY | SESSION_LONG_WAY;
	uint16_t len = short_ip_len(&d->ip);
	uint32_t flags = s->flags & unusual;

	if (!is_for(s, b->tenant, d) || len > s->mtu ||
		(s->mss_max && short_ip_may_be_syn(&d->ip, d->data + IP_AT)))
		return LONG;
	if (flags == SESSION_OPEN) {
		const struct route *route =
			route_of(b->w, s, (uint16_t)(len + SHORT_IPV4_BYTES + GRE_BYTES + 4 + 4));
		return route ? (int)send_clear(b, m, d, s, route) : LONG;
	}
	if ((flags & ~SESSION_REQUIRE_ENCRYPTION) != (SESSION_OPEN | SESSION_ENCRYPT))
		return LONG;
	return encrypt(b, m, d, s) ? 0 : LONG;
}

// Returns the bytes that went out in the clear.
static inline unsigned int go(struct burst *b, struct rte_mbuf *m, struct down *d)
{
	struct session *s = d->s;

	if (unlikely(s && !is_for(s, b->tenant, d)))
		s = find(b->w, b->tenant, d);
	if (unlikely(!s)) {
		short_leave(&b->rest, m, UINT64_MAX);
		return 0;
	}
	if (unlikely(b->rest.sessions & short_bit(d->slot)))
		go_long(b);
	int n_bytes = pass(b, m, d, s);
	if (likely(n_bytes >= 0))
		return (unsigned int)n_bytes;
	short_leave(&b->rest, m, short_bit(d->slot));
	return 0;
}

void short_down(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n)
{
	const struct worker_port *from = &w->config.ports[port];
	uint64_t mac = short_mac(&from->mac);
	uint16_t tenant = from->tenants ? from->tenants[0] : 0;
	const struct owner_table *owners =
		atomic_load_explicit(&w->config.owners->inner, memory_order_acquire);
	struct down downs[LIMIT_BURST_PKTS];
	uint64_t n_pkts = 0, n_bytes = 0;
	struct burst b;

	b.w = w;
	b.port = port;
	b.tenant = tenant;
	short_rest_init(&b.rest);
	for (unsigned int i = 0; i < n; i++) {
		bool is_good = tenant != TENANT_NONE && read_inner(mac, mbufs[i], &downs[i]);

		downs[i].data = is_good ? downs[i].data : NULL;
		if (is_good) {
			rte_prefetch0(downs[i].data - RTE_CACHE_LINE_SIZE); // where headers come
			downs[i].at = place_of(owners, tenant, &downs[i]);
		}
	}
	for (unsigned int i = 0; i < n; i++)
		if (downs[i].data)
			touch(&owners->lines[downs[i].at]);
	for (unsigned int i = 0; i < n; i++) {
		downs[i].s = downs[i].data ? guess(w, owners, tenant, &downs[i]) : NULL;
		if (downs[i].s)
			session_prefetch(downs[i].s); // as in short_up.c
	}
	for (unsigned int i = 0; i < n; i++)
		if (downs[i].s)
			session_touch(downs[i].s);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int n_out = go(&b, mbufs[i], &downs[i]);

		n_pkts += n_out > 0;
		n_bytes += n_out;
	}
	if (n_pkts > 0) {
		counter_add(&lane_count(w)->downstream_pkts, n_pkts);
		counter_add(&lane_count(w)->downstream_bytes, n_bytes);
	}
	go_long(&b);
}

bool short_down_encrypted(struct worker *w, struct pkt *p)
{
	struct session *s = p->s;
	struct rte_mbuf *m = p->m;

	if (w->config.has_no_short_way || m->nb_segs != 1 || m->data_off < ROOM ||
		p->protocol != PPP_IP || s->limits_transmit)
		return false;
	const struct route *route =
		route_of(w, s, (uint16_t)(m->data_len + SHORT_IPV4_BYTES + GRE_BYTES + 4));
	if (!route)
		return false;
	uint8_t *ppp = rte_pktmbuf_mtod(m, uint8_t *), *end = ppp + m->data_len;
	uint8_t *at = wrap(w, s, route, ppp, m->data_len, p->ip.tos & 0xfc);
	grow(m, at, (uint16_t)(end - at));
	short_tx(w, route->port, m);
	return true;
}
