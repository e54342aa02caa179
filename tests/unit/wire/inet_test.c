// SPDX-License-Identifier: BSD-3-Clause
#include "wire/inet.h"

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

enum { CLIENT = 0x0a4d000a, SERVER = 0x0a4d0001 }; // 10.77.0.10 and 10.77.0.1

static uint32_t be(uint32_t address)
{
	uint8_t bytes[4];
	uint32_t out;

	bytes_put_u32(bytes, address);
	memcpy(&out, bytes, 4);
	return out;
}

// The sum as RFC 1071 words it, a byte pair at a time, with no cleverness: the reference.
static uint32_t plain_sum(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static bool ipv4_checksum_is_right(const uint8_t *header)
{
	return plain_sum(0, header, (size_t)(header[0] & 15) * 4) == 0xffff;
}

// Of a TCP or UDP packet, over its pseudo header.
static uint32_t transport_sum(const uint8_t *packet, const struct inet_ipv4 *ip)
{
	uint8_t pseudo[12] = {0};

	memcpy(pseudo, packet + 12, 8);
	pseudo[9] = ip->protocol;
	bytes_put_u16(pseudo + 10, (uint16_t)(ip->total_len - ip->header_len));
	return plain_sum(plain_sum(0, pseudo, sizeof(pseudo)), packet + ip->header_len,
		(size_t)ip->total_len - ip->header_len);
}

static struct inet_ipv4 read_header(const uint8_t *packet, size_t len)
{
	struct inet_ipv4 ip = {0};

	EXPECT_EQ(inet_ipv4_get(packet, len, DROP_INNER_IP_BAD, &ip), DROP_NONE);
	return ip;
}

TEST(inet, checksum_of_known_bytes)
{
	uint8_t bytes[64];
	size_t len;

	// The example of RFC 1071 3: sum DDF2, so the checksum is its complement.
	len = hex_bytes(bytes, sizeof(bytes), "0001f203f4f5f6f7");
	EXPECT_EQ(inet_checksum(bytes, len), 0x220d);
	// The outer header of a PPTP Start message in tests/pcap, badpass: right, so 0.
	len = hex_bytes(bytes, sizeof(bytes), "450000d0d1924000400653cd0a6300020a630001");
	EXPECT_EQ(inet_checksum(bytes, len), 0);
	bytes_put_u16(bytes + 10, 0);
	EXPECT_EQ(inet_checksum(bytes, len), 0x53cd);
	// Nothing, and zeros, sum to 0; all ones to the other zero.
	EXPECT_EQ(inet_checksum(bytes, 0), 0xffff);
	memset(bytes, 0, sizeof(bytes));
	EXPECT_EQ(inet_checksum(bytes, 64), 0xffff);
	memset(bytes, 0xff, sizeof(bytes));
	EXPECT_EQ(inet_checksum(bytes, 64), 0);
	EXPECT_EQ(inet_checksum(bytes, 1), 0x00ff); // an odd byte is the high half of a word
}

TEST(inet, checksum_agrees_with_the_plain_sum_at_every_length)
{
	struct xorshift x = xorshift_seed(10);
	uint8_t bytes[1600];

	for (size_t len = 0; len <= sizeof(bytes); len += len < 70 ? 1 : 101) {
		uint8_t *exact;

		xorshift_fill(&x, bytes, len);
		if (len % 3 == 0)
			memset(bytes, 0xff, len); // carries everywhere
		exact = exact_copy(bytes, len);
		SHIM_TRACE_CASE((long long)len);
		EXPECT_EQ(inet_checksum(exact, len), (uint16_t)~plain_sum(0, bytes, len));
		free(exact);
	}
}

TEST(inet, reads_a_header)
{
	uint8_t bytes[208];
	struct inet_ipv4 ip;

	hex_bytes(bytes, sizeof(bytes), "450000d0d1924000400653cd0a6300020a630001");
	ip = read_header(bytes, sizeof(bytes));
	EXPECT_EQ(ip.source_be, be(0x0a630002));
	EXPECT_EQ(ip.destination_be, be(0x0a630001));
	EXPECT_EQ(ip.total_len, 208);
	EXPECT_EQ(ip.header_len, 20);
	EXPECT_EQ(ip.protocol, INET_TCP);
	EXPECT_EQ(ip.ttl, 64);
	EXPECT_EQ(ip.tos, 0);
	EXPECT_TRUE(ip.dont_fragment);
	EXPECT_FALSE(ip.is_fragment);
	EXPECT_FALSE(ip.is_later_fragment);
}

TEST(inet, refuses_a_malformed_header_with_the_callers_reason)
{
	static const struct {
		uint8_t at, value;
		bool fix_checksum;
		size_t len;
		enum drop_reason want;
	} cases[] = {
		/* 0 */ {0, 0x45, true, 40, DROP_NONE},
		/* 1 */ {0, 0x55, true, 40, DROP_OUTER_IP_BAD}, // version 5
		/* 2 */ {0, 0x65, true, 40, DROP_OUTER_IP_BAD}, // version 6
		/* 3 */ {0, 0x44, true, 40, DROP_OUTER_IP_BAD}, // header of 16 bytes
		/* 4 */ {0, 0x40, true, 40, DROP_OUTER_IP_BAD},
		/* 5 */ {0, 0x4a, true, 40, DROP_NONE},		 // header of 40: the whole packet
		/* 6 */ {0, 0x4b, false, 40, DROP_OUTER_IP_BAD}, // longer than the packet
		/* 7 */ {3, 41, true, 40, DROP_OUTER_IP_BAD},	 // total length beyond the bytes
		/* 8 */ {3, 39, true, 40, DROP_NONE},		 // less: padding
		/* 9 */ {3, 20, true, 40, DROP_NONE},
		/* 10 */ {3, 19, true, 40, DROP_OUTER_IP_BAD},
		/* 11 */ {8, 65, false, 40, DROP_OUTER_IP_BAD}, // checksum
		/* 12 */ {0, 0x45, true, 39, DROP_OUTER_IP_BAD},
		/* 13 */ {0, 0x45, true, 20, DROP_OUTER_IP_BAD},
		/* 14 */ {0, 0x45, true, 19, DROP_OUTER_IP_BAD},
		/* 15 */ {0, 0x45, true, 0, DROP_OUTER_IP_BAD},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[40] = {0};
		struct inet_ipv4 ip;

		inet_ipv4_put(bytes, be(CLIENT), be(SERVER), INET_UDP, 40, 1, 64, 0, true);
		bytes[cases[i].at] = cases[i].value;
		if (cases[i].fix_checksum) {
			size_t n = (size_t)(bytes[0] & 15) * 4;

			bytes_put_u16(bytes + 10, 0);
			bytes_put_u16(bytes + 10, inet_checksum(bytes, n < 12 ? 20 : n));
		}
		uint8_t *exact = exact_copy(bytes, cases[i].len);
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(
			inet_ipv4_get(exact, cases[i].len, DROP_OUTER_IP_BAD, &ip), cases[i].want);
		free(exact);
	}
}

TEST(inet, tells_fragments_apart)
{
	static const struct {
		uint16_t fragment;
		bool dont, any, later;
	} cases[] = {
		/* 0 */ {0x0000, false, false, false},
		/* 1 */ {0x4000, true, false, false},
		/* 2 */ {0x2000, false, true, false},
		/* 3 */ {0x2001, false, true, true},
		/* 4 */ {0x1fff, false, true, true},
		/* 5 */ {0x6000, true, true, false},
		/* 6 */ {0x8000, false, false, false}, // the reserved bit means nothing
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[20];

		inet_ipv4_put(bytes, be(CLIENT), be(SERVER), INET_UDP, 20, 1, 64, 0, false);
		bytes_put_u16(bytes + 6, cases[i].fragment);
		bytes_put_u16(bytes + 10, 0);
		bytes_put_u16(bytes + 10, inet_checksum(bytes, 20));
		SHIM_TRACE_CASE((long long)i);
		struct inet_ipv4 ip = read_header(bytes, 20);
		EXPECT_EQ(ip.dont_fragment, cases[i].dont);
		EXPECT_EQ(ip.is_fragment, cases[i].any);
		EXPECT_EQ(ip.is_later_fragment, cases[i].later);
	}
}

TEST(inet, put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(11);

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[21] = {[20] = 0xee};
		uint32_t source = (uint32_t)xorshift_next(&x), dest = (uint32_t)xorshift_next(&x);
		uint16_t total = (uint16_t)(20 + xorshift_below(&x, 65516));
		uint16_t id = (uint16_t)xorshift_next(&x);
		uint8_t protocol = (uint8_t)xorshift_next(&x), ttl = (uint8_t)xorshift_next(&x);
		uint8_t tos = (uint8_t)xorshift_next(&x);
		bool df = xorshift_below(&x, 2);
		struct inet_ipv4 ip;

		inet_ipv4_put(bytes, source, dest, protocol, total, id, ttl, tos, df);
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(bytes[20], 0xee);
		EXPECT_TRUE(ipv4_checksum_is_right(bytes));
		ASSERT_EQ(inet_ipv4_get(bytes, total, DROP_INNER_IP_BAD, &ip), DROP_NONE);
		EXPECT_EQ(ip.source_be, source);
		EXPECT_EQ(ip.destination_be, dest);
		EXPECT_EQ(ip.total_len, total);
		EXPECT_EQ(ip.protocol, protocol);
		EXPECT_EQ(ip.ttl, ttl);
		EXPECT_EQ(ip.tos, tos);
		EXPECT_EQ(ip.dont_fragment, df);
		EXPECT_EQ(bytes_get_u16(bytes + 4), id);
	}
}

// From every TTL down to 0, over headers whose other words take the sum through 0x0000 and 0xFFFF.
TEST(inet, ttl_decrement_keeps_the_checksum_right)
{
	struct xorshift x = xorshift_seed(12);

	for (int i = 0; i < 3000; i++) {
		uint8_t bytes[20];

		inet_ipv4_put(bytes, (uint32_t)xorshift_next(&x), (uint32_t)xorshift_next(&x),
			(uint8_t)xorshift_next(&x), 20, (uint16_t)xorshift_next(&x), 255, 0, true);
		SHIM_TRACE_CASE(i);
		for (int ttl = 254; ttl >= 0; ttl--) {
			inet_ttl_decrement(bytes);
			ASSERT_EQ(bytes[8], ttl);
			ASSERT_TRUE(ipv4_checksum_is_right(bytes));
		}
	}
}

// All 65,536 identifications: among them are the headers whose checksum is 0x0000, 0x0001, 0xFEFF
// and 0xFFFE, where equations that drop a carry go wrong (RFC 1624 3).
TEST(inet, ttl_decrement_is_right_for_every_sum)
{
	int zero = 0;

	for (uint32_t id = 0; id <= 0xffff; id++) {
		uint8_t bytes[20], scratch[20];

		inet_ipv4_put(
			bytes, be(CLIENT), be(SERVER), INET_TCP, 60, (uint16_t)id, 64, 0, false);
		inet_ipv4_put(
			scratch, be(CLIENT), be(SERVER), INET_TCP, 60, (uint16_t)id, 63, 0, false);
		inet_ttl_decrement(bytes);
		SHIM_TRACE_CASE(id);
		ASSERT_MEMEQ(bytes, scratch, 20); // the very form that a new sum has
		zero += bytes_get_u16(bytes + 10) == 0;
	}
	EXPECT_EQ(zero, 1);
}

// A TCP packet with the given options at out[cap]; returns its length. The checksum is right.
static size_t tcp_put(uint8_t *out, uint8_t flags, const uint8_t *options, size_t n, uint32_t seq)
{
	size_t header = (20 + n + 3) / 4 * 4, total = 20 + header + 4;
	uint8_t *tcp = out + 20;

	memset(out, 0, total);
	inet_ipv4_put(out, be(CLIENT), be(SERVER), INET_TCP, (uint16_t)total, 7, 64, 0, true);
	bytes_put_u16(tcp, 40000);
	bytes_put_u16(tcp + 2, 80);
	bytes_put_u32(tcp + 4, seq);
	tcp[12] = (uint8_t)(header / 4 << 4);
	tcp[13] = flags;
	bytes_put_u16(tcp + 14, 64240);
	memcpy(tcp + 20, options, n);
	memset(tcp + header, 0xff, 4); // data that would be a large MSS, were it taken for one
	struct inet_ipv4 ip = read_header(out, total);
	bytes_put_u16(tcp + 16, (uint16_t)~transport_sum(out, &ip));
	return total;
}

TEST(inet, mss_clamp_edits_syns_only)
{
	enum { ACK = 0x10, SYN = 0x02, FIN = 0x01, RST = 0x04 };
	static const struct {
		const char *options;
		uint8_t flags;
		uint16_t max;
		bool changed;
		const char *after;
	} cases[] = {
		// Linux: MSS, SACK, timestamps, NOP, window scale
		/* 0 */ {"020405b40402080a696e57ea00000000 01030305", SYN, 1360, true,
			"020405500402080a696e57ea00000000 01030305"},
		/* 1 */ {"020405b4", SYN | ACK, 1360, true, "02040550"},
		/* 2 */ {"020405b4", ACK, 1360, false, "020405b4"},
		/* 3 */ {"020405b4", FIN | ACK, 1360, false, "020405b4"},
		/* 4 */ {"020405b4", SYN, 1460, false, "020405b4"}, // equal
		/* 5 */ {"02040218", SYN, 1360, false, "02040218"}, // below: never raised
		/* 6 */ {"01 020405b4 010101", SYN, 1360, true, "01 02040550 010101"}, // odd offset
		/* 7 */ {"0101 020405b4 0101", SYN, 1360, true, "0101 02040550 0101"},
		/* 8 */ {"010101 020405b4 01", SYN, 1360, true, "010101 02040550 01"},
		/* 9 */
		{"00 020405b4 000000", SYN, 1360, false, "00 020405b4 000000"}, // past the end
		/* 10 */ {"0200 05b4", SYN, 1360, false, "0200 05b4"},		// length 0
		/* 11 */ {"0201 05b4", SYN, 1360, false, "0201 05b4"},
		/* 12 */ {"0203 05b4", SYN, 1360, false, "0203 05b4"}, // an MSS of 3 bytes
		/* 13 */ {"0205 05b4", SYN, 1360, false, "0205 05b4"}, // beyond the header
		/* 14 */ {"0206 05b4 0000 0101", SYN, 1360, false, "0206 05b4 0000 0101"},
		/* 15 */ {"08ff 020405b4 0101", SYN, 1360, false, "08ff 020405b4 0101"},
		/* 16 */ {"01010102", SYN, 1360, false, "01010102"}, // kind without length
		/* 17 */ {"020405b4 020405b4", SYN, 1360, true, "02040550 02040550"}, // twice
		/* 18 */ {"0204ffff", SYN, 536, true, "02040218"},
		/* 19 */ {"0204ffff", SYN, 0, true, "02040000"},
		/* 20 */ {"", SYN, 1360, false, ""},
		/* 21 */ {"0402 020405b4 0101", SYN, 1360, true, "0402 02040550 0101"},
		/* 22 */ {"0002 020405b4 0000", SYN, 1360, false, "0002 020405b4 0000"},
		/* 23 */ {"0101 0204", SYN, 1360, false, "0101 0204"}, // would reach into the data
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t options[40], after[40], packet[128];
		size_t n = hex_bytes(options, sizeof(options), cases[i].options);
		size_t total = tcp_put(packet, cases[i].flags, options, n, 0x713c4228);
		uint8_t *exact = exact_copy(packet, total);
		struct inet_ipv4 ip = read_header(exact, total);

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(inet_mss_clamp(exact, &ip, cases[i].max), cases[i].changed);
		EXPECT_EQ(hex_bytes(after, sizeof(after), cases[i].after), n);
		EXPECT_MEMEQ(exact + 40, after, n);
		EXPECT_EQ(transport_sum(exact, &ip), 0xffff);
		if (!cases[i].changed)
			EXPECT_MEMEQ(exact, packet, total);
		free(exact);
	}
}

TEST(inet, mss_clamp_leaves_other_packets_alone)
{
	const uint8_t options[] = {2, 4, 5, 0xb4};
	uint8_t good[64], packet[64];
	size_t total = tcp_put(good, 2, options, sizeof(options), 1);
	struct inet_ipv4 ip;

	memcpy(packet, good, total);
	ip = read_header(packet, total);
	ip.protocol = INET_UDP;
	EXPECT_FALSE(inet_mss_clamp(packet, &ip, 500));
	ip = read_header(packet, total);
	ip.is_later_fragment = true;
	EXPECT_FALSE(inet_mss_clamp(packet, &ip, 500));
	ip = read_header(packet, total);
	ip.total_len = 20 + 19; // no whole TCP header
	EXPECT_FALSE(inet_mss_clamp(packet, &ip, 500));
	ip.total_len = 20 + 20; // the data offset points beyond it
	EXPECT_FALSE(inet_mss_clamp(packet, &ip, 500));
	EXPECT_MEMEQ(packet, good, total);
	packet[20 + 12] = 4 << 4; // data offset of 16: no options
	ip = read_header(packet, total);
	EXPECT_FALSE(inet_mss_clamp(packet, &ip, 500));
	packet[20 + 12] = good[20 + 12];
	EXPECT_TRUE(inet_mss_clamp(packet, &ip, 500));
	ip.total_len = 20 + 24; // a SYN without data: the header is all there is
	EXPECT_TRUE(inet_mss_clamp(packet, &ip, 400));
}

// Random MSS, place and sequence number; the checksum is right after, and stays wrong by the same
// amount when it was wrong before (the receiver must still see the damage).
TEST(inet, mss_clamp_keeps_the_sum)
{
	struct xorshift x = xorshift_seed(13);

	for (int i = 0; i < 50000; i++) {
		uint8_t options[40], packet[128];
		size_t pad = xorshift_below(&x, 8), n = pad;
		uint16_t mss = (uint16_t)xorshift_next(&x), max = (uint16_t)xorshift_next(&x);

		memset(options, 1, sizeof(options));
		options[n] = 2;
		options[n + 1] = 4;
		bytes_put_u16(options + n + 2, mss);
		n += 4 + xorshift_below(&x, 8);
		size_t total = tcp_put(packet, 2, options, n, (uint32_t)xorshift_next(&x));
		struct inet_ipv4 ip = read_header(packet, total);
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(inet_mss_clamp(packet, &ip, max), mss > max);
		EXPECT_EQ(bytes_get_u16(packet + 40 + pad + 2), mss > max ? max : mss);
		EXPECT_EQ(transport_sum(packet, &ip), 0xffff);

		packet[20] ^= 1;
		uint32_t wrong = transport_sum(packet, &ip);
		inet_mss_clamp(packet, &ip, max / 2);
		EXPECT_EQ(transport_sum(packet, &ip), wrong);
	}
}

// 0x0000 and 0xFFFF are both right in a TCP header where the rest sums to 0xFFFF; a clamp that
// starts from either must end in a right one. 65,536 sequence numbers reach every sum.
TEST(inet, mss_clamp_takes_both_zeros)
{
	const uint8_t options[] = {2, 4, 5, 0xb4};
	uint8_t packet[64];
	int zeros = 0;

	for (uint32_t seq = 0; seq <= 0xffff; seq++) {
		size_t total = tcp_put(packet, 2, options, sizeof(options), seq);
		struct inet_ipv4 ip = read_header(packet, total);

		if (bytes_get_u16(packet + 36) == 0) {
			bytes_put_u16(packet + 36, 0xffff);
			zeros++;
		}
		SHIM_TRACE_CASE(seq);
		ASSERT_EQ(transport_sum(packet, &ip), 0xffff);
		ASSERT_TRUE(inet_mss_clamp(packet, &ip, 1360));
		ASSERT_EQ(transport_sum(packet, &ip), 0xffff);
	}
	EXPECT_EQ(zeros, 1);
}

// The cause of an ICMP error: an IPv4 packet of total bytes with random content.
static void cause_put(uint8_t *out, size_t total, uint8_t protocol, uint32_t source, uint32_t dest)
{
	struct xorshift x = xorshift_seed(total);

	xorshift_fill(&x, out, total);
	inet_ipv4_put(out, be(source), be(dest), protocol, (uint16_t)total, 9, 1, 0x2e, true);
}

TEST(inet, icmp_error_quotes_the_cause)
{
	uint8_t cause[1400], out[INET_ICMP_ERROR_BYTES_MAX];

	cause_put(cause, sizeof(cause), INET_UDP, CLIENT, 0x08080808);
	size_t len = inet_icmp_error_put(out, 3, 4, 1280, be(SERVER), cause, sizeof(cause));
	ASSERT_EQ(len, 20 + 8 + 20 + 8);
	struct inet_ipv4 ip = read_header(out, len);
	EXPECT_EQ(ip.source_be, be(SERVER));
	EXPECT_EQ(ip.destination_be, be(CLIENT));
	EXPECT_EQ(ip.protocol, INET_ICMP);
	EXPECT_EQ(ip.total_len, len);
	EXPECT_EQ(ip.ttl, 64);
	EXPECT_EQ(ip.tos, 0xcc); // network control, and the cause's 0x0c without its ECN bits
	EXPECT_EQ(out[20], 3);
	EXPECT_EQ(out[21], 4);
	EXPECT_EQ(bytes_get_u16(out + 24), 0);
	EXPECT_EQ(bytes_get_u16(out + 26), 1280);
	EXPECT_EQ(plain_sum(0, out + 20, len - 20), 0xffff);
	EXPECT_MEMEQ(out + 28, cause, 28);

	// The MTU is a field of that one message.
	len = inet_icmp_error_put(out, 11, 0, 1280, be(SERVER), cause, sizeof(cause));
	ASSERT_GT(len, 0);
	EXPECT_EQ(bytes_get_u32(out + 24), 0);
	len = inet_icmp_error_put(out, 3, 1, 1280, be(SERVER), cause, sizeof(cause));
	EXPECT_EQ(bytes_get_u32(out + 24), 0);
}

TEST(inet, icmp_error_quotes_no_more_than_there_is)
{
	for (size_t total = 20; total <= 40; total++) {
		uint8_t cause[64], out[INET_ICMP_ERROR_BYTES_MAX];

		memset(cause, 0xee, sizeof(cause));
		cause_put(cause, total, INET_UDP, CLIENT, SERVER);
		uint8_t *exact = exact_copy(cause, total);
		SHIM_TRACE_CASE((long long)total);
		size_t quoted = total < 28 ? total : 28;
		EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), exact, total), 28 + quoted);
		EXPECT_MEMEQ(out + 28, cause, quoted);
		// Padding behind the packet is not quoted.
		EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), cause, sizeof(cause)),
			28 + quoted);
		free(exact);
	}
}

TEST(inet, icmp_error_quotes_options_in_full)
{
	uint8_t cause[100] = {0}, *out = exact_copy(cause, INET_ICMP_ERROR_BYTES_MAX);

	cause_put(cause, sizeof(cause), INET_UDP, CLIENT, SERVER);
	cause[0] = 0x4f; // 60 bytes of header
	memset(cause + 20, 1, 40);
	bytes_put_u16(cause + 10, 0);
	bytes_put_u16(cause + 10, inet_checksum(cause, 60));
	EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), cause, sizeof(cause)),
		INET_ICMP_ERROR_BYTES_MAX);
	EXPECT_MEMEQ(out + 28, cause, 68);
	free(out);
}

TEST(inet, icmp_error_is_not_sent_about_everything)
{
	static const struct {
		uint32_t source, dest;
		uint16_t fragment;
		uint8_t protocol, icmp_type;
		bool sent;
	} cases[] = {
		/* 0 */ {CLIENT, SERVER, 0, INET_UDP, 0, true},
		/* 1 */ {CLIENT, SERVER, 0x2000, INET_UDP, 0, true}, // first fragment
		/* 2 */ {CLIENT, SERVER, 0x2001, INET_UDP, 0, false},
		/* 3 */ {CLIENT, SERVER, 0x0001, INET_UDP, 0, false},
		/* 4 */ {0, SERVER, 0, INET_UDP, 0, false},
		/* 5 */ {0x7f000001, SERVER, 0, INET_UDP, 0, false},
		/* 6 */ {0xe0000001, SERVER, 0, INET_UDP, 0, false},
		/* 7 */ {0xffffffff, SERVER, 0, INET_UDP, 0, false},
		/* 8 */ {0xf0000001, SERVER, 0, INET_UDP, 0, false},
		/* 9 */ {CLIENT, 0xe00000fb, 0, INET_UDP, 0, false},
		/* 10 */ {CLIENT, 0xffffffff, 0, INET_UDP, 0, false},
		/* 11 */ {CLIENT, SERVER, 0, INET_ICMP, 8, true}, // echo
		/* 12 */ {CLIENT, SERVER, 0, INET_ICMP, 0, true},
		/* 13 */ {CLIENT, SERVER, 0, INET_ICMP, 13, true}, // timestamp
		/* 14 */ {CLIENT, SERVER, 0, INET_ICMP, 3, false},
		/* 15 */ {CLIENT, SERVER, 0, INET_ICMP, 4, false},
		/* 16 */ {CLIENT, SERVER, 0, INET_ICMP, 5, false},
		/* 17 */ {CLIENT, SERVER, 0, INET_ICMP, 11, false},
		/* 18 */ {CLIENT, SERVER, 0, INET_ICMP, 12, false},
		/* 19 */ {CLIENT, SERVER, 0, INET_ICMP, 200, false}, // unknown: perhaps an error
		/* 20 */ {0xdfffffff, SERVER, 0, INET_UDP, 0, true}, // the last of class C
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t cause[64], out[INET_ICMP_ERROR_BYTES_MAX];

		cause_put(cause, sizeof(cause), cases[i].protocol, cases[i].source, cases[i].dest);
		bytes_put_u16(cause + 6, cases[i].fragment);
		bytes_put_u16(cause + 10, 0);
		bytes_put_u16(cause + 10, inet_checksum(cause, 20));
		cause[20] = cases[i].icmp_type;
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(inet_icmp_error_put(out, 11, 0, 0, be(SERVER), cause, sizeof(cause)) > 0,
			cases[i].sent);
	}
}

TEST(inet, icmp_error_needs_a_whole_cause)
{
	uint8_t cause[64], out[INET_ICMP_ERROR_BYTES_MAX];

	cause_put(cause, 64, INET_UDP, CLIENT, SERVER);
	EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), cause, 63), 0);
	cause[8] ^= 1; // checksum
	EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), cause, 64), 0);
	cause_put(cause, 20, INET_ICMP, CLIENT, SERVER); // not even a type to judge by
	EXPECT_EQ(inet_icmp_error_put(out, 3, 1, 0, be(SERVER), cause, 64), 0);
}

// An echo request of total bytes, its checksums right.
static void echo_put(uint8_t *out, size_t total, struct xorshift *x)
{
	xorshift_fill(x, out, total);
	inet_ipv4_put(out, be(CLIENT), be(SERVER), INET_ICMP, (uint16_t)total,
		(uint16_t)xorshift_next(x), (uint8_t)(1 + xorshift_below(x, 255)), 0, false);
	out[20] = 8;
	out[21] = 0;
	bytes_put_u16(out + 22, 0);
	bytes_put_u16(out + 22, inet_checksum(out + 20, total - 20));
}

TEST(inet, echo_reply_keeps_both_sums)
{
	struct xorshift x = xorshift_seed(14);

	for (int i = 0; i < 20000; i++) {
		uint8_t packet[220], before[220];
		size_t total = 28 + xorshift_below(&x, (uint32_t)sizeof(packet) - 27);

		echo_put(packet, total, &x);
		memcpy(before, packet, total);
		struct inet_ipv4 ip = read_header(packet, total);
		SHIM_TRACE_CASE(i);
		ASSERT_TRUE(inet_icmp_echo_reply(packet, &ip));
		ip = read_header(packet, total);
		EXPECT_TRUE(ipv4_checksum_is_right(packet));
		EXPECT_EQ(plain_sum(0, packet + 20, total - 20), 0xffff);
		EXPECT_EQ(ip.source_be, be(SERVER));
		EXPECT_EQ(ip.destination_be, be(CLIENT));
		EXPECT_EQ(ip.ttl, 64);
		EXPECT_EQ(packet[20], 0);
		EXPECT_MEMEQ(packet + 24, before + 24, total - 24); // id, sequence, data
	}
}

// Identifier 0, number 0 and data of zeros: the reply is zeros but for its checksum. And with data
// that sums to the other zero, 0x0000 is the checksum that stays.
TEST(inet, echo_reply_of_zeros_has_the_right_zero)
{
	static const struct {
		size_t n_data;
		uint16_t word, want;
	} cases[] = {
		/* 0 */ {0, 0, 0xffff},
		/* 1 */ {32, 0, 0xffff},
		/* 2 */ {33, 0, 0xffff},
		/* 3 */ {32, 0xffff, 0x0000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t packet[64] = {0};
		size_t total = 28 + cases[i].n_data;

		inet_ipv4_put(packet, be(CLIENT), be(SERVER), INET_ICMP, (uint16_t)total, 0, 64, 0,
			false);
		packet[20] = 8;
		if (cases[i].n_data)
			bytes_put_u16(packet + 28, cases[i].word);
		bytes_put_u16(packet + 22, inet_checksum(packet + 20, total - 20));
		struct inet_ipv4 ip = read_header(packet, total);
		SHIM_TRACE_CASE((long long)i);
		ASSERT_TRUE(inet_icmp_echo_reply(packet, &ip));
		EXPECT_EQ(bytes_get_u16(packet + 22), cases[i].want);
		EXPECT_EQ(plain_sum(0, packet + 20, total - 20), 0xffff);
	}
}

TEST(inet, echo_reply_leaves_other_packets_alone)
{
	static const struct {
		int at, value;
		bool answered;
	} cases[] = {
		/* 0 */ {20, 8, true},
		/* 1 */ {20, 0, false},	 // a reply
		/* 2 */ {20, 13, false}, // another query
		/* 3 */ {21, 1, false},	 // a code that echo does not have
		/* 4 */ {9, INET_UDP, false},
		/* 5 */ {6, 0x20, false}, // a first fragment
		/* 6 */ {7, 1, false},	  // a later one
		/* 7 */ {12, 0, false},	  // source 0
		/* 8 */ {12, 127, false},
		/* 9 */ {12, 224, false},
		/* 10 */ {16, 224, false}, // to a group
		/* 11 */ {16, 255, false},
		/* 12 */ {3, 27, false},   // too short for an ICMP header
		/* 13 */ {0, 0x46, false}, // options
	};
	struct xorshift x = xorshift_seed(15);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t packet[64], before[64];

		echo_put(packet, sizeof(packet), &x);
		packet[cases[i].at] = (uint8_t)cases[i].value;
		bytes_put_u16(packet + 10, 0);
		bytes_put_u16(packet + 10, inet_checksum(packet, (size_t)(packet[0] & 15) * 4));
		memcpy(before, packet, sizeof(packet));
		struct inet_ipv4 ip = read_header(packet, sizeof(packet));
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(inet_icmp_echo_reply(packet, &ip), cases[i].answered);
		if (!cases[i].answered)
			EXPECT_MEMEQ(packet, before, sizeof(packet));
	}
}
