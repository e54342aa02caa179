// SPDX-License-Identifier: BSD-3-Clause
// Everything that real clients and servers said in the captures parses, comes out of the writers as
// the bytes that went in, and is as much as tshark counts.
#include "pcap/pcap_reader.h"
#include "wire/chap.h"
#include "wire/cp.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/pap.h"
#include "wire/ppp.h"
#include "wire/pptp.h"

#include "shim/exact.h"
#include "shim/shim.h"

struct counts {
	unsigned frames, pptp, gre, lone_acks, lcp, chap, pap, ccp, ipcp, ipv6cp, comp, ip, vj,
		options;
};

// As tshark counts them: frames, control messages, GRE packets, those without a sequence number, PPP
// packets by protocol, and the options in all Configure packets but those that a Protocol-Reject quotes.
static const struct capture {
	const char *name;
	struct counts want;
} captures[] = {
	/* 0 */ {"badpass", {27, 5, 12, 0, 9, 3, 0, 0, 0, 0, 0, 0, 0, 22}},
	/* 1 */ {"chap-badpass", {29, 5, 13, 0, 10, 3, 0, 0, 0, 0, 0, 0, 0, 22}},
	/* 2 */ {"pap-badpass", {27, 5, 12, 0, 10, 0, 2, 0, 0, 0, 0, 0, 0, 22}},
	/* 3 */ {"auth-mismatch", {28, 5, 11, 1, 9, 0, 0, 0, 1, 0, 0, 0, 0, 29}},
	/* 4 */ {"mppe-vs-none", {33, 5, 18, 1, 8, 3, 0, 4, 2, 0, 0, 0, 0, 26}},
	/* 5 */ {"128-vs-40", {34, 5, 19, 2, 10, 3, 0, 4, 0, 0, 0, 0, 0, 26}},
	/* 6 */ {"echo", {65, 12, 41, 6, 11, 3, 0, 4, 6, 1, 10, 0, 0, 38}},
	/* 7 */ {"server-term", {59, 5, 41, 5, 12, 3, 0, 4, 6, 1, 10, 0, 0, 38}},
	/* 8 */ {"clear", {66, 4, 54, 4, 7, 3, 0, 0, 6, 1, 0, 14, 19, 34}},
	/* 9 */ {"stateless", {300, 4, 288, 7, 7, 3, 0, 4, 6, 1, 260, 0, 0, 38}},
	/* 10 */ {"stateless-loss", {120, 5, 103, 6, 11, 3, 0, 4, 6, 1, 72, 0, 0, 38}},
	/* 11 */ {"stateful", {120, 4, 107, 9, 8, 3, 0, 4, 6, 1, 76, 0, 0, 43}},
	/* 12 */ {"stateful-loss", {122, 5, 105, 10, 23, 3, 0, 10, 8, 1, 50, 0, 0, 47}},
	/* 13 */ {"client-wants-stateful", {120, 4, 108, 2, 7, 3, 0, 4, 6, 1, 85, 0, 0, 38}},
	/* 14 */ {"40-stateless", {120, 4, 107, 4, 7, 3, 0, 4, 6, 1, 82, 0, 0, 38}},
	/* 15 */ {"40-stateful", {120, 4, 108, 4, 8, 3, 0, 4, 6, 1, 82, 0, 0, 43}},
	/* 16 */ {"reorder", {150, 4, 138, 2, 7, 3, 0, 4, 6, 1, 115, 0, 0, 38}},
	/* 17 */ {"nopcomp-noaccomp", {150, 4, 138, 4, 9, 3, 0, 4, 6, 1, 111, 0, 0, 38}},
	/* 18 */ {"kernelclient", {120, 4, 108, 0, 9, 3, 0, 4, 6, 1, 85, 0, 0, 36}},
	/* 19 */ {"kernelclient-stateful", {120, 4, 107, 1, 10, 3, 0, 4, 6, 1, 82, 0, 0, 38}},
	/* 20 */ {"3clients", {300, 12, 264, 15, 21, 9, 0, 12, 18, 3, 186, 0, 0, 114}},
};

enum { STREAMS_MAX = 16, STREAM_BYTES_MAX = 4096, TCP_HEADER_BYTES = 20 };

// One direction of one TCP connection.
struct stream {
	uint32_t source, destination;
	uint32_t ports;
	uint32_t next; // sequence number
	size_t len;
	uint8_t bytes[STREAM_BYTES_MAX];
};

struct walk {
	struct counts counts;
	size_t n_streams;
	struct stream streams[STREAMS_MAX];
};

static struct stream *find_stream(struct walk *walk, const struct pcap_packet *p)
{
	uint32_t ports = bytes_get_u32(p->payload.bytes);

	for (size_t i = 0; i < walk->n_streams; i++) {
		struct stream *s = &walk->streams[i];

		if (s->source == p->source && s->destination == p->destination && s->ports == ports)
			return s;
	}
	if (walk->n_streams == STREAMS_MAX)
		return NULL;
	struct stream *s = &walk->streams[walk->n_streams++];
	*s = (struct stream){
		.source = p->source,
		.destination = p->destination,
		.ports = ports,
		.next = bytes_get_u32(p->payload.bytes + 4) + 1, // behind the SYN
	};
	return s;
}

static void take_tcp(struct walk *walk, const struct pcap_packet *p)
{
	ASSERT_GE(p->payload.len, TCP_HEADER_BYTES);
	struct stream *s = find_stream(walk, p);
	ASSERT_TRUE(s != NULL);

	size_t header_len = (size_t)(p->payload.bytes[12] >> 4) * 4;
	ASSERT_LE(header_len, p->payload.len);
	struct span data = span_of(p->payload.bytes + header_len, p->payload.len - header_len);
	if (data.len == 0 || bytes_get_u32(p->payload.bytes + 4) != s->next)
		return; // no data, or data that was there before
	ASSERT_LE(data.len, sizeof(s->bytes) - s->len);
	memcpy(s->bytes + s->len, data.bytes, data.len);
	s->len += data.len;
	s->next += (uint32_t)data.len;
}

// The whole stream is messages, one behind the other, and pptp_put() writes the same bytes: these
// peers leave reserved fields zero.
static void check_stream(struct walk *walk, const struct stream *s)
{
	size_t at = 0;

	while (at < s->len) {
		struct span rest = span_of(s->bytes + at, s->len - at);
		uint8_t again[PPTP_MESSAGE_BYTES_MAX];
		struct writer w = writer_of(again, sizeof(again));
		struct pptp_message m;
		int len = pptp_message_len(rest);

		ASSERT_GT(len, 0);
		ASSERT_EQ(pptp_get(rest, &m), 0);
		EXPECT_NE(pptp_type_name(m.type)[0], '?');
		pptp_put(&w, &m);
		ASSERT_EQ(w.len, len);
		EXPECT_MEMEQ(again, s->bytes + at, w.len);
		at += w.len;
		walk->counts.pptp++;
	}
}

static void check_options(struct walk *walk, struct span list)
{
	struct cp_option o;
	int err;

	while ((err = cp_option_next(&list, &o)) == 1) {
		uint8_t again[255];
		struct writer w = writer_of(again, sizeof(again));

		cp_option_put(&w, o.type, o.value);
		ASSERT_EQ(w.len, o.whole.len);
		EXPECT_MEMEQ(again, o.whole.bytes, w.len);
		walk->counts.options++;
	}
	EXPECT_EQ(err, 0);
}

static void check_cp(struct walk *walk, struct span info)
{
	uint8_t again[1500];
	struct writer w = writer_of(again, sizeof(again));
	struct cp_packet p;

	ASSERT_EQ(cp_packet_get(info, &p), 0);
	EXPECT_EQ(p.data.len + CP_HEADER_BYTES, info.len);
	EXPECT_TRUE(p.code >= CP_CONFIGURE_REQUEST && p.code <= CP_RESET_ACK);
	cp_packet_put(&w, p.code, p.id, p.data);
	ASSERT_EQ(w.len, info.len);
	EXPECT_MEMEQ(again, info.bytes, w.len);
	if (p.code >= CP_CONFIGURE_REQUEST && p.code <= CP_CONFIGURE_REJECT)
		check_options(walk, p.data);
}

static void check_chap(struct span info)
{
	uint8_t again[1500];
	struct writer w = writer_of(again, sizeof(again));
	struct chap_packet p;

	ASSERT_EQ(chap_packet_get(info, &p), 0);
	if (p.code == CHAP_CHALLENGE || p.code == CHAP_RESPONSE)
		chap_put_value(&w, p.code, p.id, p.value, p.text);
	else
		chap_put_text(&w, p.code, p.id, p.text);
	ASSERT_EQ(w.len, info.len);
	EXPECT_MEMEQ(again, info.bytes, w.len);
	if (p.code == CHAP_RESPONSE && p.value.len == CHAP_MSCHAPV2_VALUE_BYTES) {
		uint8_t value[CHAP_MSCHAPV2_VALUE_BYTES];
		struct chap_mschapv2_response r;

		ASSERT_EQ(chap_mschapv2_response_get(p.value, &r), 0);
		chap_mschapv2_response_put(value, &r);
		EXPECT_MEMEQ(value, p.value.bytes, sizeof(value));
	}
}

static void check_pap(struct span info)
{
	uint8_t again[1500];
	struct writer w = writer_of(again, sizeof(again));
	struct pap_packet p;

	ASSERT_EQ(pap_packet_get(info, &p), 0);
	if (p.code == PAP_AUTHENTICATE_REQUEST)
		pap_put_request(&w, p.id, p.peer_id, p.password);
	else
		pap_put_reply(&w, p.code, p.id, p.message);
	ASSERT_EQ(w.len, info.len);
	EXPECT_MEMEQ(again, info.bytes, w.len);
}

static void check_mppe(struct span info)
{
	uint8_t again[MPPE_HEADER_BYTES];
	struct mppe_packet p = {0};

	ASSERT_EQ(mppe_packet_get(info.bytes, info.len, &p), DROP_NONE);
	EXPECT_TRUE(p.bits & MPPE_PACKET_ENCRYPTED);
	mppe_packet_put(again, p.bits, p.count);
	EXPECT_MEMEQ(again, info.bytes, sizeof(again));
}

static void check_ip(struct span info)
{
	struct inet_ipv4 ip;

	ASSERT_EQ(inet_ipv4_get(info.bytes, info.len, DROP_INNER_IP_BAD, &ip), DROP_NONE);
	EXPECT_EQ(ip.total_len, info.len);
}

static void check_information(struct walk *walk, uint16_t protocol, struct span info)
{
	struct counts *n = &walk->counts;

	switch (protocol) {
	case PPP_LCP:
		n->lcp++;
		check_cp(walk, info);
		break;
	case PPP_CCP:
		n->ccp++;
		check_cp(walk, info);
		break;
	case PPP_IPCP:
		n->ipcp++;
		check_cp(walk, info);
		break;
	case PPP_IPV6CP:
		n->ipv6cp++;
		check_cp(walk, info);
		break;
	case PPP_CHAP:
		n->chap++;
		check_chap(info);
		break;
	case PPP_PAP:
		n->pap++;
		check_pap(info);
		break;
	case PPP_COMP:
		n->comp++;
		check_mppe(info);
		break;
	case PPP_IP:
		n->ip++;
		check_ip(info);
		break;
	case PPP_VJ_COMPRESSED:
	case PPP_VJ_UNCOMPRESSED:
		n->vj++;
		break;
	default:
		FAIL("a PPP protocol that no capture has");
	}
}

static void check_gre(struct walk *walk, const struct pcap_packet *packet)
{
	uint8_t again[GRE_HEADER_BYTES_MAX], ppp_again[PPP_HEADER_BYTES_MAX], ppp_header_len;
	uint16_t protocol;
	struct gre g;

	ASSERT_EQ(gre_get(packet->payload.bytes, packet->payload.len, &g), DROP_NONE);
	EXPECT_EQ(g.header_len + g.payload_len, packet->payload.len);
	ASSERT_EQ(gre_put(again, &g), g.header_len);
	EXPECT_MEMEQ(again, packet->payload.bytes, g.header_len);
	walk->counts.gre++;
	if (!g.has_seq) {
		walk->counts.lone_acks++;
		return;
	}

	struct span frame = span_of(packet->payload.bytes + g.header_len, g.payload_len);
	ASSERT_EQ(ppp_get(frame.bytes, frame.len, &protocol, &ppp_header_len), DROP_NONE);
	bool acfc = frame.bytes[0] != 0xff;
	bool pfc = ppp_header_len == (acfc ? 1 : 3);
	ASSERT_EQ(ppp_put(ppp_again, protocol, pfc, acfc), ppp_header_len);
	EXPECT_MEMEQ(ppp_again, frame.bytes, ppp_header_len);
	check_information(
		walk, protocol, span_of(frame.bytes + ppp_header_len, frame.len - ppp_header_len));
}

static void check_outer_ip(const struct pcap_packet *p)
{
	struct inet_ipv4 ip;

	ASSERT_EQ(inet_ipv4_get(p->ip.bytes, p->frame.len - 14, DROP_OUTER_IP_BAD, &ip), DROP_NONE);
	EXPECT_EQ(ip.total_len, p->ip.len);
	EXPECT_EQ(ip.protocol, p->protocol);
	EXPECT_EQ(bytes_get_u32((const uint8_t *)&ip.source_be), p->source);
	EXPECT_EQ(bytes_get_u32((const uint8_t *)&ip.destination_be), p->destination);
	EXPECT_FALSE(ip.is_fragment);
}

static void expect_counts(const struct counts *got, const struct counts *want)
{
	EXPECT_EQ(got->frames, want->frames);
	EXPECT_EQ(got->pptp, want->pptp);
	EXPECT_EQ(got->gre, want->gre);
	EXPECT_EQ(got->lone_acks, want->lone_acks);
	EXPECT_EQ(got->lcp, want->lcp);
	EXPECT_EQ(got->chap, want->chap);
	EXPECT_EQ(got->pap, want->pap);
	EXPECT_EQ(got->ccp, want->ccp);
	EXPECT_EQ(got->ipcp, want->ipcp);
	EXPECT_EQ(got->ipv6cp, want->ipv6cp);
	EXPECT_EQ(got->comp, want->comp);
	EXPECT_EQ(got->ip, want->ip);
	EXPECT_EQ(got->vj, want->vj);
	EXPECT_EQ(got->options, want->options);
}

static void check_capture(struct walk *walk, const struct capture *capture)
{
	struct pcap_reader r;
	struct pcap_packet p;
	int err;

	ASSERT_EQ(pcap_reader_open(&r, capture->name), 0);
	while ((err = pcap_reader_next(&r, &p)) == 1) {
		walk->counts.frames++;
		if (p.ip.len == 0)
			continue;
		check_outer_ip(&p);
		if (p.protocol == INET_TCP)
			take_tcp(walk, &p);
		else if (p.protocol == GRE_IP_PROTOCOL)
			check_gre(walk, &p);
	}
	EXPECT_EQ(err, 0);
	for (size_t i = 0; i < walk->n_streams; i++)
		check_stream(walk, &walk->streams[i]);
	expect_counts(&walk->counts, &capture->want);
	pcap_reader_close(&r);
}

TEST(pcap, everything_parses_and_counts_are_those_of_tshark)
{
	static struct walk walk;

	for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		memset(&walk, 0, sizeof(walk));
		check_capture(&walk, &captures[i]);
	}
}

// The nth clear IPv4 packet of the capture: a copy in a block of its own, or NULL.
static uint8_t *clear_packet(unsigned n, struct inet_ipv4 *ip)
{
	struct pcap_reader r;
	struct pcap_packet p;
	uint8_t *copy = NULL;

	if (pcap_reader_open(&r, "clear"))
		return NULL;
	while (!copy && pcap_reader_next(&r, &p) == 1) {
		uint8_t header_len;
		uint16_t protocol;
		struct gre g;

		if (p.protocol != GRE_IP_PROTOCOL ||
			gre_get(p.payload.bytes, p.payload.len, &g) != DROP_NONE)
			continue;
		const uint8_t *frame = p.payload.bytes + g.header_len;
		if (ppp_get(frame, g.payload_len, &protocol, &header_len) == DROP_NONE &&
			protocol == PPP_IP && n-- == 0)
			copy = exact_copy(frame + header_len, (size_t)g.payload_len - header_len);
		if (copy && inet_ipv4_get(copy, (size_t)g.payload_len - header_len,
				    DROP_INNER_IP_BAD, ip) != DROP_NONE)
			FAIL("an inner header does not parse");
	}
	pcap_reader_close(&r);
	return copy;
}

// Sum over the pseudo header and the segment: 0xFFFF when the checksum is right (RFC 9293 3.1).
static uint16_t tcp_sum(const uint8_t *packet, const struct inet_ipv4 *ip)
{
	uint8_t bytes[12 + 1500] = {0};
	size_t len = (size_t)ip->total_len - ip->header_len;

	memcpy(bytes, packet + 12, 8);
	bytes[9] = ip->protocol;
	bytes_put_u16(bytes + 10, (uint16_t)len);
	memcpy(bytes + 12, packet + ip->header_len, len);
	return (uint16_t)~inet_checksum(bytes, 12 + len);
}

// Pings and SYNs of a real stack go through the edits of the data path; the answer to a ping is that
// of the real server but for the IP identification.
TEST(pcap, inner_packets_survive_the_edits)
{
	unsigned n_requests = 0, n_syns = 0;
	uint8_t reply[1500];
	size_t reply_len = 0;

	for (unsigned n = 0; n < 14; n++) {
		struct inet_ipv4 ip;
		uint8_t *packet = clear_packet(n, &ip);

		SHIM_TRACE_CASE(n);
		ASSERT_TRUE(packet != NULL);
		inet_ttl_decrement(packet);
		EXPECT_EQ(inet_checksum(packet, ip.header_len), 0);
		if (ip.protocol == INET_TCP) {
			ASSERT_EQ(tcp_sum(packet, &ip), 0xffff);
			EXPECT_TRUE(inet_mss_clamp(packet, &ip, 1300));
			EXPECT_FALSE(inet_mss_clamp(packet, &ip, 1300));
			EXPECT_EQ(tcp_sum(packet, &ip), 0xffff);
			n_syns++;
		} else if (inet_icmp_echo_reply(packet, &ip)) {
			EXPECT_EQ(inet_checksum(packet, ip.header_len), 0);
			memcpy(reply, packet, ip.total_len);
			reply_len = ip.total_len;
			n_requests++;
		} else { // the server's reply to the request before it
			ASSERT_EQ(ip.total_len, reply_len);
			EXPECT_MEMEQ(packet + 12, reply + 12, reply_len - 12);
		}
		free(packet);
	}
	EXPECT_EQ(n_requests, 5);
	EXPECT_EQ(n_syns, 4);
}

TEST(pcap, a_missing_capture_is_an_error)
{
	struct pcap_reader r;

	EXPECT_LT(pcap_reader_open(&r, "no-such-capture"), 0);
}
