// SPDX-License-Identifier: BSD-3-Clause
#include "wire/gre.h"

// The first 16 bits; what is neither S, A, K nor version must be zero.
enum {
	KEY = 0x2000,
	SEQ = 0x1000,
	ACK = 0x0080,
	VERSION_MASK = 0x0007,
	VERSION = 1,
};

enum drop_reason gre_get(const uint8_t *bytes, size_t len, struct gre *out)
{
	if (len < GRE_HEADER_BYTES_MIN)
		return DROP_GRE_SHORT;

	uint16_t flags = bytes_get_u16(bytes);
	if ((flags & ~(SEQ | ACK)) != (KEY | VERSION))
		return (flags & VERSION_MASK) != VERSION ? DROP_GRE_VERSION : DROP_GRE_FLAGS;
	if (bytes_get_u16(bytes + 2) != GRE_PROTOCOL_PPP)
		return DROP_GRE_PROTOCOL;

	struct gre g = {
		.payload_len = bytes_get_u16(bytes + 4),
		.call_id = bytes_get_u16(bytes + 6),
		.has_seq = flags & SEQ,
		.has_ack = flags & ACK,
	};
	g.header_len = gre_header_len(g.has_seq, g.has_ack);
	if (len < (size_t)g.header_len + g.payload_len)
		return DROP_GRE_SHORT;
	// The other way round, a sequence number without payload, is legal on the wire: RFC 2637 4.1
	// ties S to the payload, but an empty packet with a number does no harm and takes its place
	// in the window.
	if (g.payload_len > 0 && !g.has_seq)
		return DROP_GRE_NO_SEQ;
	if (g.has_seq)
		g.seq = bytes_get_u32(bytes + GRE_HEADER_BYTES_MIN);
	if (g.has_ack)
		g.ack = bytes_get_u32(bytes + g.header_len - 4);
	*out = g;
	return DROP_NONE;
}

uint8_t gre_put(uint8_t *at, const struct gre *g)
{
	uint8_t len = gre_header_len(g->has_seq, g->has_ack);

	bytes_put_u16(
		at, (uint16_t)(KEY | VERSION | (g->has_seq ? SEQ : 0) | (g->has_ack ? ACK : 0)));
	bytes_put_u16(at + 2, GRE_PROTOCOL_PPP);
	bytes_put_u16(at + 4, g->payload_len);
	bytes_put_u16(at + 6, g->call_id);
	if (g->has_seq)
		bytes_put_u32(at + GRE_HEADER_BYTES_MIN, g->seq);
	if (g->has_ack)
		bytes_put_u32(at + len - 4, g->ack);
	return len;
}
