// SPDX-License-Identifier: BSD-3-Clause
// The packet format shared by LCP, CCP, IPCP: code, identifier, length, data; and lists of options
// type, length, value (RFC 1661 5, 6).
#pragma once

#include "base/bytes.h"

enum cp_code {
	CP_CONFIGURE_REQUEST = 1,
	CP_CONFIGURE_ACK = 2,
	CP_CONFIGURE_NAK = 3,
	CP_CONFIGURE_REJECT = 4,
	CP_TERMINATE_REQUEST = 5,
	CP_TERMINATE_ACK = 6,
	CP_CODE_REJECT = 7,
	CP_PROTOCOL_REJECT = 8, // LCP only, as are the rest
	CP_ECHO_REQUEST = 9,
	CP_ECHO_REPLY = 10,
	CP_DISCARD_REQUEST = 11,
	CP_IDENTIFICATION = 12, // RFC 1570 2.1
	CP_TIME_REMAINING = 13,
	CP_RESET_REQUEST = 14, // CCP only, RFC 1962 4
	CP_RESET_ACK = 15,
};

enum { CP_HEADER_BYTES = 4, CP_OPTION_HEADER_BYTES = 2 };

struct cp_packet {
	uint8_t code;
	uint8_t id;
	struct span data; // after the header, as long as the length field says
};

struct cp_option {
	uint8_t type;
	struct span value; // without type and length
	struct span whole; // with them
};

// Read one packet. Bytes after its length are padding and are ignored (RFC 1661 5).
// Returns 0 or -EBADMSG when the length field is below 4 or beyond the bytes.
int cp_packet_get(struct span bytes, struct cp_packet *out);

// Append header and data. The writer's sticky error tells when it did not fit.
void cp_packet_put(struct writer *w, uint8_t code, uint8_t id, struct span data);

// Take the next option off *list. Returns 1 and *out, 0 at the end, -EBADMSG when malformed (length
// below 2 or beyond the list); *list is then empty.
int cp_option_next(struct span *list, struct cp_option *out);

void cp_option_put(struct writer *w, uint8_t type, struct span value);
void cp_option_put_u16(struct writer *w, uint8_t type, uint16_t value);
void cp_option_put_u32(struct writer *w, uint8_t type, uint32_t value);
