// SPDX-License-Identifier: BSD-3-Clause
#include "wire/udp.h"

#include <assert.h>
#include <errno.h>

enum {
	SOURCE_PORT = 0,
	DESTINATION_PORT = 2,
	LENGTH = 4,
	CHECKSUM = 6,
	PSEUDO_HEADER_BYTES = 12,
	TTL_OWN = 64,
};

// Over the pseudo header and the datagram; 0 if the checksum in it is right.
static uint16_t checksum(
	uint32_t source_be, uint32_t destination_be, const uint8_t *udp, uint16_t len)
{
	uint8_t pseudo[PSEUDO_HEADER_BYTES] = {[9] = INET_UDP};

	memcpy(pseudo, &source_be, 4);
	memcpy(pseudo + 4, &destination_be, 4);
	bytes_put_u16(pseudo + 10, len);
	uint32_t sum = (uint32_t)(uint16_t)~inet_checksum(pseudo, sizeof(pseudo)) +
		       (uint16_t)~inet_checksum(udp, len);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int udp_get(const uint8_t *packet, const struct inet_ipv4 *ip, struct udp_datagram *out)
{
	const uint8_t *udp = packet + ip->header_len;
	uint16_t room = (uint16_t)(ip->total_len - ip->header_len);

	if (ip->protocol != INET_UDP || ip->is_fragment)
		return -ENOTSUP;
	if (room < UDP_HEADER_BYTES)
		return -EBADMSG;
	uint16_t len = bytes_get_u16(udp + LENGTH);
	if (len < UDP_HEADER_BYTES || len > room)
		return -EBADMSG;
	if (bytes_get_u16(udp + CHECKSUM) != 0 && // 0: the sender made none
		checksum(ip->source_be, ip->destination_be, udp, len) != 0)
		return -EBADMSG;
	*out = (struct udp_datagram){
		.source_port = bytes_get_u16(udp + SOURCE_PORT),
		.destination_port = bytes_get_u16(udp + DESTINATION_PORT),
		.data = span_of(udp + UDP_HEADER_BYTES, (size_t)len - UDP_HEADER_BYTES),
	};
	return 0;
}

size_t udp_put(uint8_t *packet, uint32_t source_be, uint32_t destination_be, uint16_t source_port,
	uint16_t destination_port, size_t data_len)
{
	uint8_t *udp = packet + INET_IPV4_HEADER_BYTES;
	uint16_t len = (uint16_t)(UDP_HEADER_BYTES + data_len);

	assert(data_len <= UINT16_MAX - UDP_HEADERS_BYTES);
	inet_ipv4_put(packet, source_be, destination_be, INET_UDP,
		(uint16_t)(INET_IPV4_HEADER_BYTES + len), 0, TTL_OWN, 0, true);
	bytes_put_u16(udp + SOURCE_PORT, source_port);
	bytes_put_u16(udp + DESTINATION_PORT, destination_port);
	bytes_put_u16(udp + LENGTH, len);
	bytes_put_u16(udp + CHECKSUM, 0);
	uint16_t sum = checksum(source_be, destination_be, udp, len);
	bytes_put_u16(udp + CHECKSUM, sum ? sum : 0xffff); // 0 would mean that there is none
	return (size_t)INET_IPV4_HEADER_BYTES + len;
}
