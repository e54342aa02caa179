// SPDX-License-Identifier: BSD-3-Clause
#include "perf/gre_maker.h"

#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include <string.h>

enum {
	ETHER_BYTES = 14,
	UDP_HEADER_BYTES = 8,
	PORT = 5001,
	COUNT_BYTES = 4, // number of the packet in its session, in front of the payload
	STATEFUL_CHANGE = 0xff,
	TTL = 64,
};

static bool is_up(const struct gre_maker_options *o)
{
	return o->direction == GRE_MAKER_UP;
}

// Key changes that the packet with this count asks for (crypto/op.h).
static uint16_t changes_of(const struct gre_maker *m, uint32_t count)
{
	return m->context.is_stateless || (count & 0xff) == STATEFUL_CHANGE;
}

void gre_maker_init(
	struct gre_maker *m, const struct session_keys *keys, const struct gre_maker_options *o)
{
	*m = (struct gre_maker){
		.keys = keys,
		.seq = is_up(o) ? keys->up_seq : keys->down_seq,
		.count = is_up(o) ? keys->up_count : keys->down_count,
	};
	if (keys->mode.strength == MPPE_STRENGTH_NONE || o->direction == GRE_MAKER_INSIDE)
		return;
	mppe_context_init(&m->context, keys->mode.strength, keys->mode.is_stateless,
		is_up(o) ? keys->up : keys->down, &m->rc4);
	for (uint32_t count = 0; count < m->count; count++)
		if (changes_of(m, count))
			mppe_key_change(
				keys->mode.strength, m->context.start_key, m->context.session_key);
}

void gre_maker_fini(struct gre_maker *m)
{
	mppe_context_wipe(&m->context);
	memset(&m->rc4, 0, sizeof(m->rc4));
}

static void put_udp(uint8_t *at, uint32_t source_be, uint32_t destination_be, uint16_t len)
{
	uint8_t pseudo[12];

	bytes_put_u16(at, PORT);
	bytes_put_u16(at + 2, PORT);
	bytes_put_u16(at + 4, len);
	bytes_put_u16(at + 6, 0);
	memcpy(pseudo, &source_be, 4);
	memcpy(pseudo + 4, &destination_be, 4);
	pseudo[8] = 0;
	pseudo[9] = INET_UDP;
	bytes_put_u16(pseudo + 10, len);
	// A checksum over both is the one over the pseudo header as data in front; as a sum that is one addition.
	uint32_t sum = (uint32_t)(uint16_t)~inet_checksum(pseudo, sizeof(pseudo)) +
		       (uint16_t)~inet_checksum(at, len);
	sum = (sum & 0xffff) + (sum >> 16);
	uint16_t check = (uint16_t)~sum;
	bytes_put_u16(at + 6, check ? check : 0xffff); // RFC 768: 0 means none
}

// An inner packet whose bytes say which it is. Returns its end.
static uint8_t *put_inner(
	const struct gre_maker *m, const struct gre_maker_options *o, uint16_t len, uint8_t *at)
{
	uint32_t source_be = is_up(o) ? m->keys->inner_be : m->keys->host_be;
	uint32_t destination_be = is_up(o) ? m->keys->host_be : m->keys->inner_be;
	uint8_t *udp = at + INET_IPV4_HEADER_BYTES, *payload = udp + UDP_HEADER_BYTES;

	inet_ipv4_put(
		at, source_be, destination_be, INET_UDP, len, (uint16_t)m->n_made, TTL, 0, true);
	for (uint8_t *p = payload; p < at + len; p++)
		*p = (uint8_t)(p - payload + m->n_made);
	if (at + len - payload >= COUNT_BYTES)
		bytes_put_u32(payload, m->n_made);
	put_udp(udp, source_be, destination_be, (uint16_t)(len - INET_IPV4_HEADER_BYTES));
	return at + len;
}

static bool encrypt(
	struct gre_maker *m, const struct gre_maker_options *o, uint8_t *data, size_t len)
{
	struct crypto_op op = {.ctx = &m->context,
		.data = data,
		.len = (uint16_t)len,
		.n_changes = changes_of(m, m->count),
		.restart = m->n_made == 0 && !m->context.is_stateless,
		.direction = CRYPTO_ENCRYPT};
	struct crypto_op *burst[1] = {&op};

	if (o->crypto->submit(o->crypto_state, burst, 1) != 1)
		return false;
	while (o->crypto->poll(o->crypto_state, burst, 1) == 0)
		;
	return op.status == CRYPTO_DONE;
}

// The PPP frame at `at`. Returns its end, NULL when it could not be encrypted.
static uint8_t *put_ppp(
	struct gre_maker *m, const struct gre_maker_options *o, uint16_t inner_len, uint8_t *at)
{
	const struct session_keys *k = m->keys;

	if (k->mode.strength == MPPE_STRENGTH_NONE) {
		at += ppp_put(at, PPP_IP, k->pfc, k->acfc);
		return put_inner(m, o, inner_len, at);
	}
	at += ppp_put(at, PPP_COMP, k->pfc, k->acfc);
	// Stateful: the first packet of a capture says that its tables are new, since nobody knows what was before it.
	bool is_flushed = k->mode.is_stateless || m->n_made == 0 || changes_of(m, m->count);
	mppe_packet_put(at,
		(uint16_t)(MPPE_PACKET_ENCRYPTED | (is_flushed ? MPPE_PACKET_FLUSHED : 0)),
		(uint16_t)m->count);
	at += MPPE_HEADER_BYTES;
	uint8_t *end = at + ppp_put(at, PPP_IP, k->pfc, true);
	end = put_inner(m, o, inner_len, end);
	if (!encrypt(m, o, at, (size_t)(end - at)))
		return NULL;
	m->count++;
	return end;
}

static uint8_t *put_gre(
	struct gre_maker *m, const struct gre_maker_options *o, uint16_t inner_len, uint8_t *at)
{
	const struct session_keys *k = m->keys;
	uint32_t received = is_up(o) ? k->down_seq : k->up_seq;
	struct gre gre = {
		.call_id = is_up(o) ? k->server_call_id : k->client_call_id,
		.has_seq = true,
		.seq = m->seq++,
		.has_ack = o->has_acks && received > 0,
		.ack = received - 1,
	};
	uint8_t *outer = at, *ppp;

	at += INET_IPV4_HEADER_BYTES;
	ppp = at + gre_header_len(gre.has_seq, gre.has_ack);
	uint8_t *end = put_ppp(m, o, inner_len, ppp);
	if (!end)
		return NULL;
	gre.payload_len = (uint16_t)(end - ppp);
	(void)gre_put(at, &gre);
	inet_ipv4_put(outer, is_up(o) ? k->client_be : k->server_be,
		is_up(o) ? k->server_be : k->client_be, GRE_IP_PROTOCOL, (uint16_t)(end - outer),
		(uint16_t)m->n_made, TTL, 0, false);
	return end;
}

size_t gre_maker_next(
	struct gre_maker *m, const struct gre_maker_options *o, uint16_t inner_len, uint8_t *at)
{
	uint8_t *end = at + ETHER_BYTES;

	memcpy(at, o->destination_mac, 6);
	memcpy(at + 6, o->source_mac, 6);
	bytes_put_u16(at + 12, 0x0800);
	end = o->direction == GRE_MAKER_INSIDE ? put_inner(m, o, inner_len, end)
					       : put_gre(m, o, inner_len, end);
	m->n_made++;
	return end ? (size_t)(end - at) : 0;
}
