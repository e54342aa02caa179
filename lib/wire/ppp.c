// SPDX-License-Identifier: BSD-3-Clause
#include "wire/ppp.h"

enum {
	ADDRESS = 0xff, // All-Stations
	CONTROL = 0x03, // Unnumbered Information
	PROTOCOL_RESERVED = 0x00ff,
};

enum drop_reason ppp_get(const uint8_t *bytes, size_t len, uint16_t *protocol, uint8_t *header_len)
{
	size_t at = len >= 2 && bytes[0] == ADDRESS && bytes[1] == CONTROL ? 2 : 0;
	uint16_t value;

	if (at >= len)
		return DROP_PPP_SHORT;
	if (bytes[at] & 1) {
		value = bytes[at++];
	} else {
		if (at + 2 > len)
			return DROP_PPP_SHORT;
		value = bytes_get_u16(bytes + at);
		at += 2;
	}
	// 0x00FF is never a protocol: it could not be told from an address byte (RFC 1661 6.6).
	if (!ppp_protocol_is_valid(value) || value == PROTOCOL_RESERVED)
		return DROP_PPP_PROTOCOL;
	*protocol = value;
	*header_len = (uint8_t)at;
	return DROP_NONE;
}

uint8_t ppp_put(uint8_t *at, uint16_t protocol, bool pfc, bool acfc)
{
	uint8_t *end = at;

	if (!acfc) {
		*end++ = ADDRESS;
		*end++ = CONTROL;
	}
	if (!pfc || protocol >= 0x100)
		*end++ = (uint8_t)(protocol >> 8);
	*end++ = (uint8_t)protocol;
	return (uint8_t)(end - at);
}
