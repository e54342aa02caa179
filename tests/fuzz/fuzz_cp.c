// SPDX-License-Identifier: BSD-3-Clause
// A packet of LCP, CCP, IPCP or IPv6CP with its options.
#include "fuzz/fuzz.h"
#include "wire/cp.h"

// Options lie one behind the other from the first byte on; all of them, unless one is malformed.
static void check_options(struct span all)
{
	struct span list = all;
	struct cp_option o;
	size_t at = 0;
	int err;

	while ((err = cp_option_next(&list, &o)) == 1) {
		uint8_t bytes[UINT8_MAX];
		struct writer w = writer_of(bytes, sizeof(bytes));

		REQUIRE(o.whole.bytes == all.bytes + at);
		REQUIRE(o.value.bytes + o.value.len == o.whole.bytes + o.whole.len);
		cp_option_put(&w, o.type, o.value);
		REQUIRE(!w.failed && span_equal(span_of(bytes, w.len), o.whole));
		at += o.whole.len;
		REQUIRE(at <= all.len);
	}
	REQUIRE(list.len == 0 && (err < 0 || at == all.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[UINT16_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct cp_packet p;

	check_options(span_of(data, size));
	if (cp_packet_get(span_of(data, size), &p) != 0)
		return 0;
	REQUIRE(p.data.bytes == data + CP_HEADER_BYTES || p.data.len == 0);
	REQUIRE(CP_HEADER_BYTES + p.data.len <= size);
	check_options(p.data);
	cp_packet_put(&w, p.code, p.id, p.data);
	REQUIRE(!w.failed && memcmp(bytes, data, w.len) == 0);
	return 0;
}
