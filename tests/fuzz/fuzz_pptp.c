// SPDX-License-Identifier: BSD-3-Clause
// A stream of PPTP control messages as TCP/1723 may bring it.
#include "fuzz/fuzz.h"
#include "wire/pptp.h"

// However few bytes are there yet, the verdict is "more" or the one that all of them give.
static void check_prefixes(struct span stream, int len)
{
	for (size_t n = 0; n <= stream.len && n <= PPTP_HEADER_BYTES; n++) {
		int early = pptp_message_len(span_of(stream.bytes, n));

		REQUIRE(early == 0 || early == len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span rest = span_of(data, size);
	int len;

	while ((len = pptp_message_len(rest)) > 0 && (size_t)len <= rest.len) {
		uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
		struct writer w = writer_of(bytes, sizeof(bytes));
		struct pptp_message a, b;

		check_prefixes(rest, len);
		REQUIRE(pptp_get(rest, &a) == 0);
		REQUIRE(len == pptp_type_len(a.type) && len >= PPTP_MESSAGE_BYTES_MIN);
		pptp_put(&w, &a);
		REQUIRE(!w.failed && w.len == (size_t)len);
		REQUIRE(pptp_get(span_of(bytes, w.len), &b) == 0);
		REQUIRE(memcmp(&a, &b, sizeof(a)) == 0);
		rest = span_of(rest.bytes + len, rest.len - (size_t)len);
	}
	check_prefixes(rest, len);
	struct pptp_message m;
	REQUIRE(pptp_get(rest, &m) < 0); // broken or not all there
	return 0;
}
