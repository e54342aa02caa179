// SPDX-License-Identifier: BSD-3-Clause
// The IPv4, TCP, UDP and ICMP of the data path: checked reads, checksums, and small edits in place
// (RFC 791, 792, 1071, 1191, 1624, 9293). Addresses are in network order (`_be`).
#pragma once

#include "base/bytes.h"
#include "base/drop_reason.h"

enum {
	INET_IPV4_HEADER_BYTES = 20,
	INET_ICMP = 1,
	INET_TCP = 6,
	INET_UDP = 17,
	INET_ICMP_ERROR_BYTES_MAX = 20 + 8 + 60 + 8, // with the header and 8 bytes of the cause
};

struct inet_ipv4 {
	uint32_t source_be;
	uint32_t destination_be;
	uint16_t total_len;
	uint8_t header_len;
	uint8_t protocol;
	uint8_t ttl;
	uint8_t tos;
	bool dont_fragment;
	bool is_fragment;	// more-fragments set or offset not 0
	bool is_later_fragment; // offset not 0: no transport header
};

// Check and read a header: version 4, header length, total length within len, checksum.
// Returns DROP_NONE or `bad`, the caller's reason for a malformed header.
enum drop_reason inet_ipv4_get(
	const uint8_t *bytes, size_t len, enum drop_reason bad, struct inet_ipv4 *out);

// Write a 20-byte header with checksum: DF as told, no options.
void inet_ipv4_put(uint8_t *at, uint32_t source_be, uint32_t destination_be, uint8_t protocol,
	uint16_t total_len, uint16_t id, uint8_t ttl, uint8_t tos, bool dont_fragment);

// One's complement sum of bytes[len] folded and inverted (RFC 1071), as a number: write it with
// bytes_put_u16(). Over bytes that contain a right checksum it is 0; compare in this way and never
// by value, since 0 has two forms on the wire.
uint16_t inet_checksum(const uint8_t *bytes, size_t len);

// Decrement the TTL in place and mend the checksum (RFC 1624). The TTL must be above 0.
void inet_ttl_decrement(uint8_t *header);

// Lower the MSS option of a TCP SYN or SYN/ACK to at most mss_max, in place, checksum mended.
//
//   packet   an IPv4 packet whose header inet_ipv4_get() has accepted
//   returns  true if the packet was changed. Malformed TCP options are left alone: never an error.
bool inet_mss_clamp(uint8_t *packet, const struct inet_ipv4 *ip, uint16_t mss_max);

// Build an ICMP error about `cause` (an accepted IPv4 packet) at out: IPv4 header, ICMP header, then
// the cause's header and 8 bytes.
//
//   type, code     3/4 fragmentation needed (mtu is set in it), 11/0 time exceeded, ...
//   cause_len      may be more than its total length; a cause that inet_ipv4_get() refuses gives 0
//   returns        bytes written, or 0 when no error may be sent about this packet (RFC 1122 3.2.2:
//                  an ICMP error, a later fragment, a multicast or broadcast or zero source)
size_t inet_icmp_error_put(uint8_t out[INET_ICMP_ERROR_BYTES_MAX], uint8_t type, uint8_t code,
	uint16_t mtu, uint32_t source_be, const uint8_t *cause, size_t cause_len);

// Turn an ICMP echo request into its reply in place (addresses swapped, TTL 64, checksums mended).
// Returns false and changes nothing if it is not a whole, unfragmented echo request without IP
// options from one host to one host. A wrong ICMP checksum stays wrong, for the asker to drop.
bool inet_icmp_echo_reply(uint8_t *packet, const struct inet_ipv4 *ip);
