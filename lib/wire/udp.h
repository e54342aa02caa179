// SPDX-License-Identifier: BSD-3-Clause
// UDP in IPv4 (RFC 768), for the few datagrams that adit reads and writes itself.
#pragma once

#include "base/span.h"
#include "wire/inet.h"

enum { UDP_HEADER_BYTES = 8, UDP_HEADERS_BYTES = INET_IPV4_HEADER_BYTES + UDP_HEADER_BYTES };

struct udp_datagram {
	uint16_t source_port;
	uint16_t destination_port;
	struct span data; // in the packet
};

// Read the datagram of an IPv4 packet whose header inet_ipv4_get() has accepted. Bytes behind its length are
// padding.
//
//   returns  0 | -ENOTSUP no UDP, or a fragment | -EBADMSG wrong length or checksum
int udp_get(const uint8_t *packet, const struct inet_ipv4 *ip, struct udp_datagram *out);

// Write the headers, with checksum, in front of data that lies at packet[UDP_HEADERS_BYTES] already.
//
//   data_len  at most 65,507
//   returns   the length of the packet
size_t udp_put(uint8_t *packet, uint32_t source_be, uint32_t destination_be, uint16_t source_port,
	uint16_t destination_port, size_t data_len);
