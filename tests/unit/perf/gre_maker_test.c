// SPDX-License-Identifier: BSD-3-Clause
// Captures that mkpcap makes, read again: every frame parses, numbers go up by one, and what another implementation
// (nettle's RC4 with the key schedule of lib/crypto) decrypts is the packet that went in.
#include "perf/gre_maker.h"
#include "perf/pcap_writer.h"

#include "drivers/drivers.h"
#include "pcap/pcap_reader.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <nettle/arcfour.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { N_SESSIONS = 3, N_PACKETS = 900 };

static const uint16_t lens[] = {28, 31, 64, 576, 1400, 1472};

enum { N_LENS = sizeof(lens) / sizeof(lens[0]) };

static const struct test_case {
	enum mppe_strength strength;
	bool is_stateless;
	enum gre_maker_direction direction;
	uint32_t seq, count; // of the direction, before
	uint32_t received;   // of the other
	bool has_acks, pfc, acfc;
} cases[] = {
	{MPPE_STRENGTH_128, true, GRE_MAKER_UP, 0, 0, 0, false, false, true},
	{MPPE_STRENGTH_128, true, GRE_MAKER_UP, 4294967200, 4090, 17, true, true, true},
	{MPPE_STRENGTH_128, true, GRE_MAKER_DOWN, 5, 5000, 0, true, false, false},
	{MPPE_STRENGTH_56, true, GRE_MAKER_UP, 1, 0, 9, false, false, true},
	{MPPE_STRENGTH_40, true, GRE_MAKER_DOWN, 1, 0, 9, true, true, false},
	{MPPE_STRENGTH_128, false, GRE_MAKER_UP, 0, 0, 0, false, false, true},
	{MPPE_STRENGTH_128, false, GRE_MAKER_DOWN, 7, 700, 3, true, true, true},
	{MPPE_STRENGTH_40, false, GRE_MAKER_UP, 0, 255, 0, false, false, true},
	{MPPE_STRENGTH_NONE, true, GRE_MAKER_UP, 0, 0, 4, true, true, true},
	{MPPE_STRENGTH_128, true, GRE_MAKER_INSIDE, 0, 0, 0, false, false, true},
};

static struct session_keys keys_of(const struct test_case *c, unsigned int i)
{
	bool is_up = c->direction == GRE_MAKER_UP;
	struct session_keys k = {.client_be = htonl(0xc6130002 + i),
		.server_be = htonl(0xc6120001),
		.inner_be = htonl(0x0a1e000a + i),
		.host_be = htonl(0x0a140002),
		.client_call_id = (uint16_t)(100 + i),
		.server_call_id = (uint16_t)(7000 + i),
		.mode = {c->strength, c->is_stateless},
		.up_seq = is_up ? c->seq : c->received,
		.up_count = is_up ? c->count : 0,
		.down_seq = is_up ? c->received : c->seq,
		.down_count = is_up ? 0 : c->count,
		.pfc = c->pfc,
		.acfc = c->acfc};

	for (unsigned int b = 0; b < MPPE_KEY_BYTES_MAX; b++) {
		k.up[b] = (uint8_t)(i * 31 + b);
		k.down[b] = (uint8_t)(i * 57 + b * 3 + 1);
	}
	return k;
}

static uint16_t len_of(unsigned int n)
{
	return lens[(n / N_SESSIONS + n) % N_LENS];
}

// A capture of N_PACKETS frames, one of each session in turn.
static void write_capture(
	const struct test_case *c, const struct session_keys *keys, const char *path)
{
	struct gre_maker_options o = {.direction = c->direction,
		.has_acks = c->has_acks,
		.source_mac = {2, 0, 0, 0, 0, 1},
		.destination_mac = {2, 0, 0, 0, 0, 2},
		.crypto = drivers_find_crypto("sw")};
	struct gre_maker makers[N_SESSIONS];
	struct pcap_writer w;
	uint8_t frame[GRE_MAKER_FRAME_BYTES];

	ASSERT_EQ(0, o.crypto->open(&(struct crypto_setup){.depth = 1}, &o.crypto_state));
	ASSERT_EQ(0, pcap_writer_open(&w, path));
	for (unsigned int i = 0; i < N_SESSIONS; i++)
		gre_maker_init(&makers[i], &keys[i], &o);
	for (unsigned int n = 0; n < N_PACKETS; n++) {
		size_t len = gre_maker_next(&makers[n % N_SESSIONS], &o, len_of(n), frame);

		EXPECT_TRUE(len > 0 && len <= sizeof(frame));
		EXPECT_EQ(0, pcap_writer_put(&w, n * 1000000, frame, len));
	}
	EXPECT_EQ(0, pcap_writer_close(&w));
	for (unsigned int i = 0; i < N_SESSIONS; i++)
		gre_maker_fini(&makers[i]);
	o.crypto->close(o.crypto_state);
}

// The other end of a direction.
struct receiver {
	const struct session_keys *keys;
	uint8_t key[MPPE_KEY_BYTES_MAX];
	struct arcfour_ctx rc4;
	uint32_t seq, count, n;
};

static const uint8_t *start_key_of(const struct receiver *r, const struct test_case *c)
{
	return c->direction == GRE_MAKER_UP ? r->keys->up : r->keys->down;
}

static bool changes_key(const struct test_case *c, uint32_t count)
{
	return c->is_stateless || (count & 0xff) == 0xff;
}

static void receiver_init(
	struct receiver *r, const struct test_case *c, const struct session_keys *keys)
{
	*r = (struct receiver){.keys = keys, .seq = c->seq, .count = c->count};
	if (c->strength == MPPE_STRENGTH_NONE)
		return;
	mppe_key_initial(c->strength, start_key_of(r, c), r->key);
	for (uint32_t i = 0; i < c->count; i++)
		if (changes_key(c, i))
			mppe_key_change(c->strength, start_key_of(r, c), r->key);
	arcfour_set_key(&r->rc4, mppe_key_len(c->strength), r->key);
}

static void check_inner(
	const struct receiver *r, const struct test_case *c, struct span ip, uint16_t wanted_len)
{
	struct inet_ipv4 header;
	bool is_up = c->direction == GRE_MAKER_UP;

	ASSERT_EQ(wanted_len, ip.len);
	ASSERT_EQ(DROP_NONE, inet_ipv4_get(ip.bytes, ip.len, DROP_INNER_IP_BAD, &header));
	EXPECT_EQ(is_up ? r->keys->inner_be : r->keys->host_be, header.source_be);
	EXPECT_EQ(is_up ? r->keys->host_be : r->keys->inner_be, header.destination_be);
	ASSERT_EQ(INET_UDP, header.protocol);

	// UDP's checksum is over the addresses, the protocol and the length too (RFC 768).
	uint8_t summed[12 + GRE_MAKER_INNER_MAX] = {0};
	size_t udp_len = ip.len - INET_IPV4_HEADER_BYTES;
	memcpy(summed, &header.source_be, 4);
	memcpy(summed + 4, &header.destination_be, 4);
	summed[9] = INET_UDP;
	bytes_put_u16(summed + 10, (uint16_t)udp_len);
	memcpy(summed + 12, ip.bytes + INET_IPV4_HEADER_BYTES, udp_len);
	EXPECT_EQ(0, inet_checksum(summed, 12 + udp_len));
	EXPECT_EQ(udp_len, bytes_get_u16(ip.bytes + 24));
	if (udp_len >= 12)
		EXPECT_EQ(r->n, bytes_get_u32(ip.bytes + 28)); // its number in its session
}

static struct span decrypt(
	struct receiver *r, const struct test_case *c, struct span frame, uint8_t *clear)
{
	struct mppe_packet packet;

	if (mppe_packet_get(frame.bytes, frame.len, &packet) != DROP_NONE)
		return span_of(NULL, 0);
	EXPECT_EQ(r->count & MPPE_COHERENCY_MASK, packet.count);
	EXPECT_TRUE((packet.bits & MPPE_PACKET_ENCRYPTED) != 0);
	EXPECT_EQ(c->is_stateless || r->n == 0 || changes_key(c, r->count),
		(packet.bits & MPPE_PACKET_FLUSHED) != 0);
	if (changes_key(c, r->count)) {
		mppe_key_change(c->strength, start_key_of(r, c), r->key);
		arcfour_set_key(&r->rc4, mppe_key_len(c->strength), r->key);
	}
	r->count++;
	frame = span_of(frame.bytes + MPPE_HEADER_BYTES, frame.len - MPPE_HEADER_BYTES);
	arcfour_crypt(&r->rc4, frame.len, clear, frame.bytes);
	return span_of(clear, frame.len);
}

static void check_gre(
	struct receiver *r, const struct test_case *c, struct span payload, uint16_t len)
{
	uint8_t clear[2048];
	struct gre gre;
	uint16_t protocol;
	uint8_t header_len;
	bool is_up = c->direction == GRE_MAKER_UP;

	ASSERT_EQ(DROP_NONE, gre_get(payload.bytes, payload.len, &gre));
	EXPECT_EQ(is_up ? r->keys->server_call_id : r->keys->client_call_id, gre.call_id);
	EXPECT_EQ(r->seq, gre.seq);
	EXPECT_EQ(c->has_acks && c->received > 0, gre.has_ack);
	EXPECT_EQ(gre.has_ack ? c->received - 1 : 0, gre.ack);
	EXPECT_EQ(payload.len, (size_t)gre.header_len + gre.payload_len);
	struct span ppp = span_of(payload.bytes + gre.header_len, gre.payload_len);
	ASSERT_EQ(DROP_NONE, ppp_get(ppp.bytes, ppp.len, &protocol, &header_len));
	ASSERT_EQ(c->strength == MPPE_STRENGTH_NONE ? PPP_IP : PPP_COMP, protocol);
	EXPECT_EQ(ppp_header_len(protocol, c->pfc, c->acfc), header_len);
	ppp = span_of(ppp.bytes + header_len, ppp.len - header_len);
	if (protocol == PPP_COMP) {
		ppp = decrypt(r, c, ppp, clear);
		ASSERT_EQ(DROP_NONE, ppp_get(ppp.bytes, ppp.len, &protocol, &header_len));
		ASSERT_EQ(PPP_IP, protocol);
		ppp = span_of(ppp.bytes + header_len, ppp.len - header_len);
	}
	check_inner(r, c, ppp, len);
	r->seq++;
}

static void check_case(const struct test_case *c)
{
	struct session_keys keys[N_SESSIONS];
	struct receiver receivers[N_SESSIONS];
	struct pcap_reader reader;
	struct pcap_packet p;
	char path[] = "/tmp/gre-maker.XXXXXX";
	int fd = mkstemp(path);
	unsigned int n = 0;

	ASSERT_TRUE(fd >= 0);
	close(fd);
	for (unsigned int i = 0; i < N_SESSIONS; i++) {
		keys[i] = keys_of(c, i);
		receiver_init(&receivers[i], c, &keys[i]);
	}
	write_capture(c, keys, path);
	int rc = pcap_reader_open_path(&reader, path);
	unlink(path);
	ASSERT_EQ(0, rc);
	for (; pcap_reader_next(&reader, &p) == 1; n++) {
		struct receiver *r = &receivers[n % N_SESSIONS];

		EXPECT_EQ((uint64_t)n * 1000000000, p.time_ns);
		if (c->direction == GRE_MAKER_INSIDE) {
			check_inner(r, c, p.ip, len_of(n));
		} else {
			EXPECT_EQ(GRE_IP_PROTOCOL, p.protocol);
			EXPECT_EQ(ntohl(c->direction == GRE_MAKER_UP ? r->keys->client_be
								     : r->keys->server_be),
				p.source);
			check_gre(r, c, p.payload, len_of(n));
		}
		r->n++;
	}
	EXPECT_EQ(N_PACKETS, n);
	pcap_reader_close(&reader);
}

TEST(gre_maker, captures_decrypt_by_the_reference)
{
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		check_case(&cases[i]);
	}
}
