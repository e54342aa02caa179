// SPDX-License-Identifier: BSD-3-Clause
#include "wire/udp.h"

#include <errno.h>

#include "shim/hex.h"
#include "shim/shim.h"

// A DNS query of 4 bytes of "data" from 10.0.0.2 to 10.0.0.1; the sums are of a program that is not ours.
static const char datagram_hex[] = "45000020 00004000 401126cb 0a000002 0a000001"
				   "c0000035 000c52db 64617461";

static const uint8_t from[4] = {10, 0, 0, 2};
static const uint8_t to[4] = {10, 0, 0, 1};

static uint32_t be(const uint8_t address[4])
{
	uint32_t v;

	memcpy(&v, address, 4);
	return v;
}

static int get(const uint8_t *packet, size_t len, struct udp_datagram *out)
{
	struct inet_ipv4 ip;

	if (inet_ipv4_get(packet, len, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return -EINVAL;
	return udp_get(packet, &ip, out);
}

TEST(udp, known_datagram)
{
	uint8_t bytes[64], out[64] = {0};
	struct udp_datagram d;
	size_t len = hex_bytes(bytes, sizeof(bytes), datagram_hex);

	memcpy(out + UDP_HEADERS_BYTES, "data", 4);
	EXPECT_EQ(udp_put(out, be(from), be(to), 0xc000, 53, 4), len);
	EXPECT_MEMEQ(out, bytes, len);
	ASSERT_EQ(get(bytes, len, &d), 0);
	EXPECT_EQ(d.source_port, 0xc000);
	EXPECT_EQ(d.destination_port, 53);
	EXPECT_TRUE(span_equal(d.data, span_of_text("data")));
}

// Each byte of the datagram, and the addresses, are under the checksum.
TEST(udp, every_changed_byte_is_seen)
{
	uint8_t bytes[64];
	struct udp_datagram d;
	size_t len = hex_bytes(bytes, sizeof(bytes), datagram_hex);

	for (size_t i = INET_IPV4_HEADER_BYTES; i < len; i++) {
		SHIM_TRACE_CASE((long long)i);
		bytes[i] ^= 0x10;
		EXPECT_EQ(get(bytes, len, &d), -EBADMSG);
		bytes[i] ^= 0x10;
	}
	struct inet_ipv4 ip;
	ASSERT_EQ(inet_ipv4_get(bytes, len, DROP_INNER_IP_BAD, &ip), DROP_NONE);
	ip.source_be ^= 1;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -EBADMSG);
}

TEST(udp, lengths_and_what_is_no_datagram)
{
	enum { LENGTH = 25 };
	uint8_t bytes[64];
	struct udp_datagram d;
	struct inet_ipv4 ip;
	size_t len = hex_bytes(bytes, sizeof(bytes), datagram_hex);

	ASSERT_EQ(inet_ipv4_get(bytes, len, DROP_INNER_IP_BAD, &ip), DROP_NONE);
	memset(bytes + 26, 0, 2); // no checksum: then nothing tells of a change
	bytes[31] ^= 1;
	EXPECT_EQ(udp_get(bytes, &ip, &d), 0);
	bytes[LENGTH] = 10; // padding behind it
	EXPECT_EQ(udp_get(bytes, &ip, &d), 0);
	EXPECT_EQ(d.data.len, 2);
	bytes[LENGTH] = 8;
	EXPECT_EQ(udp_get(bytes, &ip, &d), 0);
	EXPECT_EQ(d.data.len, 0);
	bytes[LENGTH] = 7;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -EBADMSG);
	bytes[LENGTH] = 13;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -EBADMSG);
	ip.total_len = INET_IPV4_HEADER_BYTES + 7;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -EBADMSG);
	ip.protocol = INET_TCP;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -ENOTSUP);
	ip.protocol = INET_UDP;
	ip.is_fragment = true;
	EXPECT_EQ(udp_get(bytes, &ip, &d), -ENOTSUP);
}

// The sum that comes out as zero is written as its other form (RFC 768).
TEST(udp, a_checksum_of_zero_is_not_none)
{
	uint8_t out[32] = {0};
	struct udp_datagram d;
	size_t n_zero = 0;

	for (uint32_t v = 0; v <= UINT16_MAX; v++) {
		bytes_put_u16(out + UDP_HEADERS_BYTES, (uint16_t)v);
		size_t len = udp_put(out, be(from), be(to), 1, 2, 2);
		ASSERT_NE(bytes_get_u16(out + 26), 0);
		n_zero += bytes_get_u16(out + 26) == 0xffff;
		ASSERT_EQ(get(out, len, &d), 0);
	}
	EXPECT_GT(n_zero, 0);
}
