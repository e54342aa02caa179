// SPDX-License-Identifier: BSD-3-Clause
// A GRE packet from anybody on the Internet.
#include "fuzz/fuzz.h"
#include "wire/gre.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t header[GRE_HEADER_BYTES_MAX];
	struct gre g;

	if (gre_get(data, size, &g) != DROP_NONE)
		return 0;
	REQUIRE((size_t)g.header_len + g.payload_len <= size);
	REQUIRE(g.payload_len == 0 || g.has_seq);
	// Every bit of an accepted header means something, so that it is written as it came.
	REQUIRE(gre_put(header, &g) == g.header_len);
	REQUIRE(memcmp(header, data, g.header_len) == 0);
	return 0;
}
