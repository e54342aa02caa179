// SPDX-License-Identifier: BSD-3-Clause
// The short way: what nearly every packet is, done in a few passes over a burst, without an entry and without
// stages. A pass touches what the next one needs, so that memory is waited for once a burst and not once a packet.
//
// It is an optimisation and nothing else: the stages are the reference, and whatever is not exactly usual (or whose
// session is not) goes through them, untouched, as if there were no short way. tests/flow/short_way_test.c holds the
// two to the same bytes, counters and order. Of one session no packet overtakes another: before one goes the short
// way, those that wait for the long one are sent there if they may be of its session.
#pragma once

#include "dataplane/lane.h"

#include "wire/gre.h"

enum {
	SHORT_ETHER_BYTES = 14,
	SHORT_ETHER_TYPE_BE = 0x0008, // IPv4, as two bytes are loaded
	SHORT_IPV4 = 0x45,	      // without options
	SHORT_IPV4_BYTES = 20,
};

_Static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "headers are compared as they are loaded");

// Packets of a burst that do not go out at once: encrypted ones with their entries, and those that go the long way,
// and of which sessions these may be.
struct short_rest {
	unsigned int n, n_encrypted;
	uint64_t sessions; // bit: slot modulo 64
	struct rte_mbuf *mbufs[LIMIT_BURST_PKTS];
	struct pkt *encrypted[LIMIT_BURST_PKTS];
};

static inline void short_rest_init(struct short_rest *rest)
{
	rest->n = rest->n_encrypted = 0;
	rest->sessions = 0;
}

static inline uint64_t short_bit(uint32_t slot)
{
	return UINT64_C(1) << (slot & 63);
}

// `sessions`: UINT64_MAX where it is not known whose it is.
static inline void short_leave(struct short_rest *rest, struct rte_mbuf *m, uint64_t sessions)
{
	rest->mbufs[rest->n++] = m;
	rest->sessions |= sessions;
}

// All that came before in the burst goes on: to the stage of encrypted packets of this direction, and the long way.
static inline void short_go_on(struct worker *w, uint8_t port, struct short_rest *rest,
	unsigned int (*encrypted)(struct worker *, struct pkt **, unsigned int),
	void (*long_way)(struct worker *, uint8_t, struct rte_mbuf **, unsigned int))
{
	unsigned int n = rest->n, n_encrypted = rest->n_encrypted;

	short_rest_init(rest);
	if (n_encrypted > 0) {
		(void)encrypted(w, rest->encrypted, n_encrypted); // none of them is in the clear
		stage_crypto_run(w);
	}
	if (n > 0)
		long_way(w, port, rest->mbufs, n);
}

static inline uint16_t load16(const uint8_t *at)
{
	uint16_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint32_t load32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint64_t load64(const uint8_t *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static inline void store32(uint8_t *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

static inline void store64(uint8_t *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

// An IPv4 header without options, as it is loaded.
struct short_ip {
	uint64_t first;	 // version to offset
	uint64_t second; // TTL to source
	uint32_t destination_be;
};

static inline struct short_ip short_ip_load(const uint8_t *at)
{
	return (struct short_ip){load64(at), load64(at + 8), load32(at + 16)};
}

static inline uint16_t short_ip_len(const struct short_ip *ip)
{
	return rte_bswap16((uint16_t)(ip->first >> 16));
}

static inline uint8_t short_ip_tos(const struct short_ip *ip)
{
	return (uint8_t)(ip->first >> 8);
}

static inline uint8_t short_ip_ttl(const struct short_ip *ip)
{
	return (uint8_t)ip->second;
}

static inline uint8_t short_ip_protocol(const struct short_ip *ip)
{
	return (uint8_t)(ip->second >> 8);
}

static inline uint32_t short_ip_source_be(const struct short_ip *ip)
{
	return (uint32_t)(ip->second >> 32);
}

static inline bool short_ip_is_fragment(const struct short_ip *ip)
{
	return ip->first & UINT64_C(0xff3f000000000000);
}

// One's complement sums of 64 bits, and one of 16 made of them, in whatever byte order (RFC 1071 2).
static inline uint64_t short_add(uint64_t a, uint64_t b)
{
	uint64_t sum = a + b;

	return sum + (sum < a);
}

// Each half plus the other, with the carry between them in its upper half.
static inline uint16_t short_fold(uint64_t sum)
{
	uint32_t half = (uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32);

	return (uint16_t)((half + (half << 16 | half >> 16)) >> 16);
}

// Would short_fold() give 0xffff, of a sum that is not 0? 2^64 is 1 modulo 65,535, so the carries change nothing: it must
// be a multiple, and of an odd number that is one multiplication by its inverse.
static inline bool short_sum_is_right(uint64_t sum)
{
	const uint64_t inverse = UINT64_C(0xfffefffefffeffff), multiples = UINT64_MAX / 65535;

	return sum * inverse <= multiples;
}

// What inet_ipv4_get() would accept, and without options. len >= SHORT_IPV4_BYTES.
static inline bool short_ip_is_good(const struct short_ip *ip, uint32_t len)
{
	uint32_t total_len = short_ip_len(ip);
	uint64_t sum = short_add(short_add(ip->first, ip->second), ip->destination_be);

	return (uint8_t)ip->first == SHORT_IPV4 &&
	       total_len - SHORT_IPV4_BYTES <= len - SHORT_IPV4_BYTES && short_sum_is_right(sum);
}

// May it be a TCP segment whose MSS option has to be looked at?
static inline bool short_ip_may_be_syn(const struct short_ip *ip, const uint8_t *at)
{
	enum { TCP = 6, TCP_BYTES = 20, TCP_FLAGS = 13, TCP_SYN = 2 };

	if (short_ip_protocol(ip) != TCP)
		return false;
	return short_ip_len(ip) < SHORT_IPV4_BYTES + TCP_BYTES || short_ip_is_fragment(ip) ||
	       at[SHORT_IPV4_BYTES + TCP_FLAGS] & TCP_SYN;
}

// inet_ttl_decrement() on what is loaded already: TTL, protocol and checksum lie in one word, and a one's complement
// sum is the same in whatever byte order. TTL > 0.
static inline void short_ttl_decrement(uint8_t *at, const struct short_ip *ip)
{
	uint32_t word = (uint32_t)ip->second;
	uint32_t carry = word >= 0xfffe0000;

	store32(at + 8, word + 0xffff + (carry << 16));
}

// A frame to this station with IPv4 in it.
static inline bool short_ether_is_good(const uint8_t *frame, uint64_t mac)
{
	return (load64(frame) & UINT64_C(0xffffffffffff)) == mac &&
	       load16(frame + 12) == SHORT_ETHER_TYPE_BE;
}

static inline uint64_t short_mac(const struct rte_ether_addr *mac)
{
	return (uint64_t)load32(mac->addr_bytes) | (uint64_t)load16(mac->addr_bytes + 4) << 32;
}

static inline void short_ether_put(
	uint8_t *at, const struct route *route, const struct worker_port *port)
{
	uint64_t to = short_mac(&route->mac), from = short_mac(&port->mac);

	store64(at, to | from << 48);
	store32(at + 8, (uint32_t)(from >> 16));
	memcpy(at + 12, &(uint16_t){SHORT_ETHER_TYPE_BE}, 2);
}

// By this route without more ado, and not cut to pieces?
static inline bool short_route_is_good(
	const struct worker *w, const struct route *route, uint16_t ip_len)
{
	if (route->kind != ROUTE_FORWARD || route->vlan != 0 || route->port >= w->config.n_ports)
		return false;
	return ip_len <= (route->mtu ? route->mtu : w->config.ports[route->port].mtu);
}

static inline void short_tx(struct worker *w, uint8_t port, struct rte_mbuf *m)
{
	struct lane_tx *tx = &w->tx[port];

	if (unlikely(tx->n == LANE_TX_PKTS))
		stage_tx_frame(w, port, m);
	else
		tx->mbufs[tx->n++] = m;
}
