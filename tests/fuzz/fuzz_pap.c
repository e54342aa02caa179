// SPDX-License-Identifier: BSD-3-Clause
// A PAP packet.
#include "fuzz/fuzz.h"
#include "wire/pap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[600];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct pap_packet a, b;

	if (pap_packet_get(span_of(data, size), &a) != 0)
		return 0;
	REQUIRE(a.peer_id.len + a.password.len + a.message.len <= size);
	if (a.code == PAP_AUTHENTICATE_REQUEST)
		pap_put_request(&w, a.id, a.peer_id, a.password);
	else
		pap_put_reply(&w, a.code, a.id, a.message);
	REQUIRE(!w.failed && pap_packet_get(span_of(bytes, w.len), &b) == 0);
	REQUIRE(a.code == b.code && a.id == b.id);
	REQUIRE(span_equal(a.peer_id, b.peer_id) && span_equal(a.password, b.password));
	REQUIRE(span_equal(a.message, b.message));
	return 0;
}
