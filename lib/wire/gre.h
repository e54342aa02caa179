// SPDX-License-Identifier: BSD-3-Clause
// Enhanced GRE, version 1, as PPTP uses it (RFC 2637 4.1).
//
//   C|R|K|S|s|Recur|A|Flags|Ver   protocol 0x880B   payload length   Call ID   [seq]   [ack]
#pragma once

#include "base/bytes.h"
#include "base/drop_reason.h"

enum {
	GRE_IP_PROTOCOL = 47,
	GRE_PROTOCOL_PPP = 0x880b,
	GRE_HEADER_BYTES_MIN = 8,
	GRE_HEADER_BYTES_MAX = 16,
};

struct gre {
	uint16_t call_id;     // the receiver's
	uint16_t payload_len; // bytes after the header
	uint8_t header_len;   // 8, 12 or 16
	bool has_seq;
	bool has_ack;
	uint32_t seq; // 0 when absent
	uint32_t ack; // 0 when absent
};

// Read the header of a GRE packet; bytes after the payload (Ethernet padding) are allowed.
//
//   bytes    from the first GRE byte to the end of the IP packet
//   returns  DROP_NONE and *out, or DROP_GRE_SHORT, _VERSION, _FLAGS, _PROTOCOL, _NO_SEQ
enum drop_reason gre_get(const uint8_t *bytes, size_t len, struct gre *out);

// Bytes that gre_put() needs: 8, 12 or 16.
static inline uint8_t gre_header_len(bool has_seq, bool has_ack)
{
	return (uint8_t)(GRE_HEADER_BYTES_MIN + 4 * has_seq + 4 * has_ack);
}

// Write a header of gre_header_len() bytes at `at`; g->header_len is not read. Returns its length.
uint8_t gre_put(uint8_t *at, const struct gre *g);
