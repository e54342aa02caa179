// SPDX-License-Identifier: BSD-3-Clause
// A PPP frame, and the MPPE header in it.
#include "fuzz/fuzz.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[PPP_HEADER_BYTES_MAX], len;
	uint16_t protocol;
	struct mppe_packet mppe;

	if (ppp_get(data, size, &protocol, &len) != DROP_NONE)
		return 0;
	REQUIRE(len >= 1 && len <= PPP_HEADER_BYTES_MAX && len <= size);
	REQUIRE(ppp_protocol_is_valid(protocol));
	bool acfc = data[0] != 0xff, pfc = len == (acfc ? 1 : 3);
	REQUIRE(ppp_header_len(protocol, pfc, acfc) == len);
	REQUIRE(ppp_put(again, protocol, pfc, acfc) == len);
	REQUIRE(memcmp(again, data, len) == 0);

	if (mppe_packet_get(data + len, size - len, &mppe) == DROP_NONE) {
		mppe_packet_put(again, mppe.bits, mppe.count);
		REQUIRE(memcmp(again, data + len, MPPE_HEADER_BYTES) == 0);
	}
	return 0;
}
