// SPDX-License-Identifier: BSD-3-Clause
// PPP framing inside GRE: no flags, no FCS, no escapes; address/control FF 03 and the first byte of
// the protocol field may be missing in any combination (RFC 1661 2, 6.5, 6.6).
#pragma once

#include "base/bytes.h"
#include "base/drop_reason.h"

enum ppp_protocol {
	PPP_IP = 0x0021,
	PPP_VJ_COMPRESSED = 0x002d,
	PPP_VJ_UNCOMPRESSED = 0x002f,
	PPP_IPV6 = 0x0057,
	PPP_COMP = 0x00fd, // MPPE and MPPC packets
	PPP_IPCP = 0x8021,
	PPP_IPV6CP = 0x8057,
	PPP_CCP = 0x80fd,
	PPP_LCP = 0xc021,
	PPP_PAP = 0xc023,
	PPP_CHAP = 0xc223,
	PPP_CBCP = 0xc029,
	PPP_EAP = 0xc227,
};

enum { PPP_HEADER_BYTES_MAX = 4 };

// True for a number that PPP allows: low byte odd, high byte even (RFC 1661 2).
static inline bool ppp_protocol_is_valid(uint16_t protocol)
{
	return (protocol & 0x0101) == 0x0001;
}

// True for protocols of network layer data, which MPPE may carry (RFC 3078 section 3).
static inline bool ppp_protocol_is_data(uint16_t protocol)
{
	return protocol >= 0x0021 && protocol <= 0x00fa;
}

// Read the header: FF 03 is optional, the protocol field has one byte when that byte is odd.
//
//   out      *protocol; *header_len: 1..4
//   returns  DROP_NONE, DROP_PPP_SHORT or DROP_PPP_PROTOCOL
enum drop_reason ppp_get(const uint8_t *bytes, size_t len, uint16_t *protocol, uint8_t *header_len);

// Bytes of header for this protocol with these compressions: 1..4.
static inline uint8_t ppp_header_len(uint16_t protocol, bool pfc, bool acfc)
{
	return (uint8_t)((acfc ? 0 : 2) + (pfc && protocol < 0x100 ? 1 : 2));
}

// Write the header at `at`, ppp_header_len() bytes, which is returned. LCP is never compressed,
// whatever pfc and acfc say: the caller passes false for it (RFC 1661 6.5, 6.6).
uint8_t ppp_put(uint8_t *at, uint16_t protocol, bool pfc, bool acfc);
