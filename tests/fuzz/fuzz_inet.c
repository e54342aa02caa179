// SPDX-License-Identifier: BSD-3-Clause
// An IPv4 packet and every edit of the data path. The first byte says whether to mend the header's
// checksum, which no mutation gets right, the next two are the MSS to clamp to.
#include "fuzz/fuzz.h"
#include "wire/inet.h"

enum { PARAMETER_BYTES = 3, PSEUDO_BYTES = 12 };

// Sum over pseudo header and transport bytes. Right is 0xFFFF; a TCP sum is never 0.
static uint16_t transport_sum(const uint8_t *packet, const struct inet_ipv4 *ip)
{
	static uint8_t bytes[PSEUDO_BYTES + UINT16_MAX];
	size_t len = (size_t)ip->total_len - ip->header_len;

	memcpy(bytes, packet + 12, 8);
	bytes[8] = 0;
	bytes[9] = ip->protocol;
	bytes_put_u16(bytes + 10, (uint16_t)len);
	memcpy(bytes + PSEUDO_BYTES, packet + ip->header_len, len);
	return (uint16_t)~inet_checksum(bytes, PSEUDO_BYTES + len);
}

static uint8_t *copy_of(const uint8_t *packet, size_t len)
{
	uint8_t *copy = malloc(len);

	REQUIRE(copy);
	memcpy(copy, packet, len);
	return copy;
}

static void check_clamp(const uint8_t *packet, const struct inet_ipv4 *ip, uint16_t mss_max)
{
	uint8_t *copy = copy_of(packet, ip->total_len);

	if (inet_mss_clamp(copy, ip, mss_max)) {
		REQUIRE(transport_sum(copy, ip) == transport_sum(packet, ip));
		REQUIRE(!inet_mss_clamp(copy, ip, mss_max));
	} else {
		REQUIRE(memcmp(copy, packet, ip->total_len) == 0);
	}
	REQUIRE(memcmp(copy, packet, ip->header_len) == 0);
	free(copy);
}

static void check_echo(const uint8_t *packet, const struct inet_ipv4 *ip)
{
	uint8_t *copy = copy_of(packet, ip->total_len);
	size_t len = (size_t)ip->total_len - ip->header_len;
	struct inet_ipv4 reply;

	if (inet_icmp_echo_reply(copy, ip)) {
		REQUIRE(inet_ipv4_get(copy, ip->total_len, DROP_INNER_IP_BAD, &reply) == DROP_NONE);
		REQUIRE(reply.source_be == ip->destination_be);
		REQUIRE(reply.destination_be == ip->source_be);
		REQUIRE((inet_checksum(packet + ip->header_len, len) == 0) ==
			(inet_checksum(copy + ip->header_len, len) == 0));
		REQUIRE(!inet_icmp_echo_reply(copy, &reply)); // no answer to an answer
	} else {
		REQUIRE(memcmp(copy, packet, ip->total_len) == 0);
	}
	free(copy);
}

static void check_error(const uint8_t *packet, size_t size)
{
	uint8_t *out = malloc(INET_ICMP_ERROR_BYTES_MAX), again[INET_ICMP_ERROR_BYTES_MAX];
	struct inet_ipv4 ip;

	REQUIRE(out);
	size_t len = inet_icmp_error_put(out, 3, 4, 1400, 1, packet, size);
	if (len > 0) {
		REQUIRE(len <= INET_ICMP_ERROR_BYTES_MAX);
		REQUIRE(inet_ipv4_get(out, len, DROP_INNER_IP_BAD, &ip) == DROP_NONE);
		REQUIRE(ip.total_len == len);
		REQUIRE(inet_checksum(out + ip.header_len, len - ip.header_len) == 0);
		// Never an error about an error, or two routers could talk for ever.
		REQUIRE(inet_icmp_error_put(again, 3, 4, 1400, 1, out, len) == 0);
	}
	free(out);
}

static void check_ttl(const uint8_t *packet, const struct inet_ipv4 *ip)
{
	uint8_t *copy = copy_of(packet, ip->total_len);

	if (ip->ttl > 0) {
		inet_ttl_decrement(copy);
		REQUIRE(copy[8] == ip->ttl - 1 && inet_checksum(copy, ip->header_len) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inet_ipv4 ip;

	if (size < PARAMETER_BYTES)
		return 0;
	uint16_t mss_max = bytes_get_u16(data + 1);
	uint8_t *packet = copy_of(data + PARAMETER_BYTES, size - PARAMETER_BYTES);
	size_t len = size - PARAMETER_BYTES;
	size_t header_len = len ? (size_t)(packet[0] & 15) * 4 : 0;
	if (data[0] & 1 && header_len >= INET_IPV4_HEADER_BYTES && header_len <= len) {
		bytes_put_u16(packet + 10, 0);
		bytes_put_u16(packet + 10, inet_checksum(packet, header_len));
	}

	check_error(packet, len);
	if (inet_ipv4_get(packet, len, DROP_INNER_IP_BAD, &ip) == DROP_NONE) {
		REQUIRE(ip.header_len <= ip.total_len && ip.total_len <= len);
		REQUIRE(ip.is_fragment || !ip.is_later_fragment);
		check_ttl(packet, &ip);
		check_clamp(packet, &ip, mss_max);
		check_echo(packet, &ip);
	}
	free(packet);
	return 0;
}
