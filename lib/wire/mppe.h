// SPDX-License-Identifier: BSD-3-Clause
// The MPPE packet header and the MPPE/MPPC option of CCP (RFC 3078 2.1, 3.1).
//
// Packet, after PPP protocol 0x00FD:  A|B|C|D  coherency count (12 bits)  data
#pragma once

#include "base/bytes.h"
#include "base/drop_reason.h"

enum {
	MPPE_HEADER_BYTES = 2,
	MPPE_COHERENCY_MASK = 0x0fff,
	MPPE_OPTION_TYPE = 18, // CCP configuration option, length 6
	MPPE_OPTION_LEN = 6,
};

enum mppe_packet_bit {
	MPPE_PACKET_FLUSHED = 0x8000,	 // A: the sender re-initialised its tables
	MPPE_PACKET_RESTART = 0x4000,	 // B: MPPC history restarted
	MPPE_PACKET_COMPRESSED = 0x2000, // C: MPPC
	MPPE_PACKET_ENCRYPTED = 0x1000,	 // D
};

// Supported Bits of the option.
enum mppe_option_bit {
	MPPE_OPTION_STATELESS = 0x01000000, // H
	MPPE_OPTION_56 = 0x80,		    // M
	MPPE_OPTION_128 = 0x40,		    // S
	MPPE_OPTION_40 = 0x20,		    // L
	MPPE_OPTION_OBSOLETE = 0x10,	    // D
	MPPE_OPTION_MPPC = 0x01,	    // C
};

struct mppe_packet {
	uint16_t bits; // enum mppe_packet_bit
	uint16_t count;
};

// Returns DROP_NONE or DROP_MPPE_SHORT. What the bits must be depends on the mode: mppe_sync decides.
static inline enum drop_reason mppe_packet_get(
	const uint8_t *bytes, size_t len, struct mppe_packet *out)
{
	if (len < MPPE_HEADER_BYTES + 1)
		return DROP_MPPE_SHORT;
	uint16_t v = bytes_get_u16(bytes);
	out->bits = (uint16_t)(v & ~MPPE_COHERENCY_MASK);
	out->count = v & MPPE_COHERENCY_MASK;
	return DROP_NONE;
}

static inline void mppe_packet_put(uint8_t *at, uint16_t bits, uint16_t count)
{
	bytes_put_u16(at, (uint16_t)(bits | (count & MPPE_COHERENCY_MASK)));
}
