// SPDX-License-Identifier: BSD-3-Clause
// The short way up: Ethernet, IPv4 without options, GRE with a number that follows the last one, PPP with IPv4 in it
// or MPPE. In the clear the packet goes out from here; what is encrypted goes on to mppe_in with its entry made, and
// goes out from here when it comes back.
#include "dataplane/short_way.h"

#include "wire/ppp.h"

enum {
	OUTER_AT = SHORT_ETHER_BYTES,
	GRE_AT = OUTER_AT + SHORT_IPV4_BYTES,
	SEQ_AT = GRE_AT + 8,
	// K, S and version 1, with or without A, and PPP (RFC 2637 4.1), as they are loaded
	GRE_FIRST = 0x0b880130,
	GRE_ACK = 0x8000,
	LEN_MIN = SEQ_AT + 4 + 4 +
		  SHORT_IPV4_BYTES, // ether, IPv4, GRE with an ack, any 20 bytes: loads are inside
};

// A packet between the passes.
struct up {
	struct session *s; // NULL: the long way
	uint8_t *data;
	uint64_t match; // what its session must have
	uint32_t slot;
	uint16_t ppp_len;
	uint16_t listen;
	bool has_ack;
};

// What is common to a burst.
struct burst {
	struct worker *w;
	uint8_t port;
	uint64_t n_acks; // received
	struct short_rest rest;
};

static inline bool read_outer(
	const struct owner_map *owners, uint64_t mac, const struct rte_mbuf *m, struct up *u)
{
	uint8_t *data = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t len = m->data_len;

	if (m->nb_segs != 1 || len < LEN_MIN || !short_ether_is_good(data, mac))
		return false;
	struct short_ip ip = short_ip_load(data + OUTER_AT);
	uint64_t gre = load64(data + GRE_AT);
	if (!short_ip_is_good(&ip, len - OUTER_AT) || short_ip_is_fragment(&ip) ||
		short_ip_protocol(&ip) != GRE_IP_PROTOCOL ||
		((uint32_t)gre & ~GRE_ACK) != GRE_FIRST)
		return false;
	int listen = owner_map_listen(owners, ip.destination_be);
	uint16_t ppp_len = rte_bswap16((uint16_t)(gre >> 32));
	bool has_ack = gre & GRE_ACK;
	if (listen < 0 || SHORT_IPV4_BYTES + 12U + 4U * has_ack + ppp_len > short_ip_len(&ip))
		return false;
	u->data = data;
	u->ppp_len = ppp_len;
	u->has_ack = has_ack;
	u->listen = (uint16_t)listen;
	u->match = short_ip_source_be(&ip) | (uint64_t)rte_bswap16((uint16_t)(gre >> 48)) << 32 |
		   (uint64_t)listen << 48;
	return true;
}

static inline uint16_t call_id_of(const struct up *u)
{
	return (uint16_t)(u->match >> 32);
}

static inline struct session *find(
	const struct session_table *t, const struct owner_map *owners, uint8_t index, struct up *u)
{
	uint32_t owner = owner_map_call(owners, u->listen, call_id_of(u));

	u->slot = owner_slot(owner);
	if (owner == OWNER_NONE || owner_worker(owner) != index || u->slot >= t->n_slots)
		return NULL;
	return &t->slots[u->slot];
}

// Length of a PPP header of the forms that clients send in front of this protocol, 0: of another form.
static inline unsigned int ppp_header_of(uint32_t first, uint8_t protocol)
{
	unsigned int at = (uint16_t)first == 0x03ff ? 2 : 0;
	uint32_t rest = first >> 8 * at;

	if ((uint8_t)rest == protocol)
		return at + 1;
	return (uint16_t)rest == (uint16_t)(protocol << 8) ? at + 2 : 0;
}

// What stage_gre_in.c does for a packet that comes in order.
static inline void receive(struct burst *b, struct session *s, const struct up *u)
{
	struct worker *w = b->w;

	if (u->has_ack) {
		(void)gre_window_acked(&s->gre, bytes_get_u32(u->data + SEQ_AT + 4));
		b->n_acks++;
	}
	gre_window_follow(&s->gre, w->now_ns);
	__atomic_store_n(&s->counters.last_up_ns, w->now_ns, __ATOMIC_RELAXED);
	if (unlikely(!(s->flags & SESSION_ACK_QUEUED)))
		stage_ack_owe(w, s);
}

static inline void cut(struct rte_mbuf *m, const uint8_t *from, uint16_t len)
{
	m->data_off = (uint16_t)(from - (const uint8_t *)m->buf_addr);
	m->data_len = len;
	m->pkt_len = len;
}

// Has no client the address that the memo is of?
static inline bool is_outside(struct worker *w, struct lane_route_memo *memo)
{
	uint64_t number = owner_map_inner_number(w->config.owners);

	if (likely(memo->owners_number == number))
		return true;
	if (lane_owner(w, memo->tenant, memo->destination_be) != OWNER_NONE)
		return false;
	memo->owners_number = number;
	return true;
}

// All checks of the stages from ip_in to route, for an inner packet of len_max bytes at most. Returns where it goes;
// NULL: not the short way, and nothing has been touched.
static inline const struct lane_route_memo *way_of(struct worker *w, const struct session *s,
	const struct short_ip *ip, const uint8_t *at, uint32_t len_max)
{
	if (!short_ip_is_good(ip, len_max) || short_ip_source_be(ip) != s->inner_be ||
		short_ip_ttl(ip) <= 1 || (s->mss_max && short_ip_may_be_syn(ip, at)))
		return NULL;
	struct lane_route_memo *memo =
		&w->route_memos[lane_route_place(s->tenant, ip->destination_be)];
	if (!lane_route_is_known(w, memo, s->tenant, ip->destination_be) ||
		short_ip_len(ip) > memo->mtu || !is_outside(w, memo))
		return NULL;
	return memo;
}

static inline void send_inner(struct worker *w, struct session *s, struct rte_mbuf *m, uint8_t *at,
	const struct short_ip *ip, const struct lane_route_memo *memo)
{
	uint16_t len = short_ip_len(ip);

	s->failures_in_a_row = 0;
	counter_add(&s->counters.up_pkts, 1);
	counter_add(&s->counters.up_bytes, len);
	short_ttl_decrement(at, ip);
	at -= SHORT_ETHER_BYTES;
	store64(at, load64(memo->ether));
	store64(at + 6, load64(memo->ether + 6));
	cut(m, at, (uint16_t)(SHORT_ETHER_BYTES + len));
	short_tx(w, memo->port, m);
}

static void count_sent(struct worker *w, uint64_t n_pkts, uint64_t n_bytes)
{
	if (n_pkts == 0)
		return;
	counter_add(&lane_count(w)->upstream_pkts, n_pkts);
	counter_add(&lane_count(w)->upstream_bytes, n_bytes);
}

// In the clear: all checks of the stages from ppp_in to route first; what fails one has not been touched. Returns the
// bytes that went out, 0: none.
static inline unsigned int pass_clear(
	struct burst *b, struct rte_mbuf *m, const struct up *u, struct session *s)
{
	const uint32_t unusual = SESSION_OPEN | SESSION_REQUIRE_ENCRYPTION | SESSION_ENCRYPT |
				 SESSION_HAS_KEYS | SESSION_POLICY | SESSION_LONG_WAY;
	struct worker *w = b->w;
	uint8_t *ppp = u->data + SEQ_AT + 4 + 4 * u->has_ack;
	unsigned int header_len = ppp_header_of(load32(ppp), PPP_IP);
	uint8_t *at = ppp + header_len;

	if (header_len == 0 || (s->flags & unusual) != SESSION_OPEN ||
		u->ppp_len < header_len + SHORT_IPV4_BYTES)
		return 0;
	struct short_ip ip = short_ip_load(at);
	const struct lane_route_memo *memo = way_of(w, s, &ip, at, u->ppp_len - header_len);
	if (!memo)
		return 0;
	receive(b, s, u);
	send_inner(w, s, m, at, &ip, memo);
	return short_ip_len(&ip);
}

// Encrypted: to where stage_ppp_in.c would have it go.
static inline bool pass_encrypted(
	struct burst *b, struct rte_mbuf *m, const struct up *u, struct session *s)
{
	const uint8_t *ppp = u->data + SEQ_AT + 4 + 4 * u->has_ack;
	unsigned int header_len = ppp_header_of(load32(ppp), PPP_COMP);

	if (header_len == 0 || !(s->flags & SESSION_HAS_KEYS) || s->flags & SESSION_LONG_WAY ||
		u->ppp_len < header_len)
		return false;
	struct pkt *p = pkt_new(b->w, m);
	if (!p)
		return false;
	receive(b, s, u);
	p->s = s;
	p->port = b->port;
	p->listen = u->listen;
	p->held.seq = s->gre.highest;
	p->protocol = PPP_COMP;
	cut(m, ppp + header_len, (uint16_t)(u->ppp_len - header_len));
	b->rest.encrypted[b->rest.n_encrypted++] = p;
	return true;
}

static void go_long(struct burst *b)
{
	short_go_on(b->w, b->port, &b->rest, stage_mppe_in, worker_outside);
}

// Returns the bytes that went out in the clear, 0: none.
static inline unsigned int go(struct burst *b, struct rte_mbuf *m, const struct up *u)
{
	struct session *s = u->s;
	unsigned int n_bytes;

	if (unlikely(!s)) {
		short_leave(&b->rest, m, UINT64_MAX);
		return 0;
	}
	if (unlikely(b->rest.sessions & short_bit(u->slot)))
		go_long(b);
	if (unlikely(load64((const uint8_t *)&s->outer_peer_be) != u->match ||
		     !gre_window_is_next(&s->gre, bytes_get_u32(u->data + SEQ_AT)))) {
		short_leave(&b->rest, m, short_bit(u->slot));
		return 0;
	}
	n_bytes = pass_clear(b, m, u, s);
	if (n_bytes == 0 && !pass_encrypted(b, m, u, s))
		short_leave(&b->rest, m, short_bit(u->slot));
	return n_bytes;
}

void short_up(struct worker *w, uint8_t port, struct rte_mbuf **mbufs, unsigned int n)
{
	const struct owner_map *owners = w->config.owners;
	const struct session_table *t = w->config.sessions;
	uint8_t index = w->config.index;
	uint64_t n_pkts = 0, n_bytes = 0;
	uint64_t mac = short_mac(&w->config.ports[port].mac);
	struct up ups[LIMIT_BURST_PKTS];
	struct burst b;

	b.w = w;
	b.port = port;
	b.n_acks = 0;
	short_rest_init(&b.rest);
	for (unsigned int i = 0; i < n; i++) {
		ups[i].data = NULL;
		if (read_outer(owners, mac, mbufs[i], &ups[i]))
			owner_map_call_prefetch(owners, ups[i].listen, call_id_of(&ups[i]));
	}
	for (unsigned int i = 0; i < n; i++) {
		ups[i].s = ups[i].data ? find(t, owners, index, &ups[i]) : NULL;
		if (ups[i].s)
			session_prefetch(ups[i].s); // before its turn, if its page is known
	}
	for (unsigned int i = 0; i < n; i++)
		if (ups[i].s)
			session_touch(ups[i].s);
	for (unsigned int i = 0; i < n; i++) {
		unsigned int n_out = go(&b, mbufs[i], &ups[i]);

		n_pkts += n_out > 0;
		n_bytes += n_out;
	}
	count_sent(w, n_pkts, n_bytes);
	if (b.n_acks > 0)
		counter_add(&lane_count(w)->acks_in, b.n_acks);
	go_long(&b);
}

static inline bool pass_decrypted(struct worker *w, const struct pkt *p)
{
	const uint32_t unusual = SESSION_OPEN | SESSION_POLICY | SESSION_LONG_WAY;
	struct session *s = p->s;
	struct rte_mbuf *m = p->m;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	if (m->nb_segs != 1 || m->data_len < SHORT_IPV4_BYTES || m->data_off < SHORT_ETHER_BYTES ||
		p->flags & PKT_LATE || (s->flags & unusual) != SESSION_OPEN)
		return false;
	struct short_ip ip = short_ip_load(at);
	const struct lane_route_memo *memo = way_of(w, s, &ip, at, m->data_len);
	if (!memo)
		return false;
	send_inner(w, s, m, at, &ip, memo);
	return true;
}

unsigned int short_up_decrypted(struct worker *w, struct pkt **pkts, unsigned int n)
{
	uint64_t n_pkts = 0, n_bytes = 0, sessions = 0;
	unsigned int n_rest = 0;

	if (w->config.has_no_short_way)
		return n;
	for (unsigned int i = 0; i < n; i++) {
		struct pkt *p = pkts[i];
		uint64_t bit = short_bit((uint32_t)(p->s - w->config.sessions->slots));

		if (sessions & bit || !pass_decrypted(w, p)) {
			sessions |= bit;
			pkts[n_rest++] = p;
			continue;
		}
		n_pkts++;
		n_bytes += rte_pktmbuf_data_len(p->m) - SHORT_ETHER_BYTES;
		pkt_free(w, p);
	}
	count_sent(w, n_pkts, n_bytes);
	return n_rest;
}
