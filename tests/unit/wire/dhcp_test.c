// SPDX-License-Identifier: BSD-3-Clause
#include "wire/dhcp.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"

static uint32_t be(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = {a, b, c, d};
	uint32_t v;

	memcpy(&v, bytes, 4);
	return v;
}

TEST(dhcp, header_round_trip)
{
	uint8_t bytes[300];
	struct dhcp_message a = {
		.op = DHCP_BOOTREQUEST,
		.htype = 8,
		.hlen = 6,
		.hops = 1,
		.xid = 0x12345678,
		.secs = 0x0102,
		.flags = 0x8000,
		.ciaddr_be = be(10, 30, 0, 10),
		.yiaddr_be = be(1, 2, 3, 4),
		.siaddr_be = be(5, 6, 7, 8),
		.giaddr_be = be(9, 10, 11, 12),
		.chaddr = {0, 0x53, 0x45, 0, 0, 1},
	};
	struct dhcp_message b;
	struct writer w = writer_of(bytes, sizeof(bytes));

	dhcp_message_put(&w, &a);
	ASSERT_EQ(w.len, DHCP_HEADER_BYTES);
	EXPECT_MEMEQ(bytes, "\x01\x08\x06\x01\x12\x34\x56\x78\x01\x02\x80\x00\x0a\x1e\x00\x0a", 16);
	EXPECT_MEMEQ(bytes + 28, "\x00\x53\x45\x00\x00\x01", 6);
	EXPECT_MEMEQ(bytes + 236, "\x63\x82\x53\x63", 4);
	writer_u8(&w, DHCP_OPTION_END);
	ASSERT_EQ(dhcp_message_get(span_of(bytes, w.len), &b), 0);
	EXPECT_EQ(b.options.len, 1);
	b.options = (struct span){0};
	EXPECT_MEMEQ(&a, &b, sizeof(a));
}

TEST(dhcp, malformed_headers)
{
	uint8_t bytes[300] = {0};
	struct dhcp_message m = {.hlen = 16};
	struct writer w = writer_of(bytes, sizeof(bytes));

	dhcp_message_put(&w, &m);
	for (size_t len = 0; len < w.len; len++) {
		uint8_t *exact = exact_copy(bytes, len);
		EXPECT_EQ(dhcp_message_get(span_of(exact, len), &m), -EBADMSG);
		free(exact);
	}
	EXPECT_EQ(dhcp_message_get(span_of(bytes, w.len), &m), 0);
	bytes[2] = 17; // hardware address longer than its field
	EXPECT_EQ(dhcp_message_get(span_of(bytes, w.len), &m), -EBADMSG);
	bytes[2] = 6;
	bytes[239] ^= 1; // BOOTP of another kind
	EXPECT_EQ(dhcp_message_get(span_of(bytes, w.len), &m), -EBADMSG);
}

TEST(dhcp, options)
{
	static const struct {
		const char *hex;
		const char *codes; // in hex, one byte each, of what is read
		int end;
	} cases[] = {
		/* 0 */ {"", "", 0},
		/* 1 */ {"ff", "", 0},
		/* 2 */ {"350108 ff", "35", 0},
		/* 3 */ {"350108", "35", 0}, // no END
		/* 4 */ {"0000 350108 00 0f00 ff", "350f", 0},
		/* 5 */ {"350108 ff 0c0161", "35", 0}, // what is behind END is padding
		/* 6 */ {"35", "", -EBADMSG},
		/* 7 */ {"3502 08", "", -EBADMSG},
		/* 8 */ {"350108 37", "35", -EBADMSG},
		/* 9 */ {"0000", "", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		uint8_t bytes[64], codes[8];
		size_t n_codes = hex_bytes(codes, sizeof(codes), cases[i].codes);
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);
		struct span list = span_of(exact, len);
		struct dhcp_option o;
		size_t n = 0;
		int rc;
		while ((rc = dhcp_option_next(&list, &o)) == 1) {
			ASSERT_LT(n, n_codes);
			EXPECT_EQ(o.code, codes[n++]);
		}
		EXPECT_EQ(n, n_codes);
		EXPECT_EQ(rc, cases[i].end);
		EXPECT_EQ(list.len, 0);
		EXPECT_EQ(dhcp_option_next(&list, &o), 0); // it stays at its end
		free(exact);
	}
}

TEST(dhcp, option_put)
{
	uint8_t bytes[600], value[256] = {7};
	struct writer w = writer_of(bytes, sizeof(bytes));

	dhcp_option_put(&w, 15, span_of_text("corp"));
	EXPECT_EQ(w.len, 6);
	EXPECT_MEMEQ(bytes,
		"\x0f\x04"
		"corp",
		6);
	dhcp_option_put(&w, 15, span_of(value, 255));
	EXPECT_FALSE(w.failed);
	dhcp_option_put(&w, 15, span_of(value, 256));
	EXPECT_TRUE(w.failed);
}

// The table of RFC 3442, "Classless Route Option Format".
TEST(dhcp, routes_of_rfc_3442)
{
	static const struct {
		uint8_t prefix[4];
		uint8_t len;
		const char *hex;
	} cases[] = {
		/* 0 */ {{0, 0, 0, 0}, 0, "00"},
		/* 1 */ {{10, 0, 0, 0}, 8, "08 0a"},
		/* 2 */ {{10, 0, 0, 0}, 24, "18 0a0000"},
		/* 3 */ {{10, 17, 0, 0}, 16, "10 0a11"},
		/* 4 */ {{10, 27, 129, 0}, 24, "18 0a1b81"},
		/* 5 */ {{10, 229, 0, 128}, 25, "19 0ae50080"},
		/* 6 */ {{10, 198, 122, 47}, 32, "20 0ac67a2f"},
		/* 7 */ {{128, 0, 0, 0}, 1, "01 80"},
		/* 8 */ {{10, 128, 0, 0}, 9, "09 0a80"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		uint8_t bytes[16], want[16];
		struct writer w = writer_of(bytes, sizeof(bytes));
		size_t len = hex_bytes(want, sizeof(want), cases[i].hex);
		const struct dhcp_route route = {be(cases[i].prefix[0], cases[i].prefix[1],
							 cases[i].prefix[2], cases[i].prefix[3]),
			cases[i].len};
		dhcp_route_put(&w, &route, be(10, 30, 0, 1));
		ASSERT_EQ(w.len, len + 4);
		EXPECT_LE(w.len, DHCP_ROUTE_BYTES_MAX);
		EXPECT_MEMEQ(bytes, want, len);
		EXPECT_MEMEQ(bytes + len, "\x0a\x1e\x00\x01", 4);
	}
}
