// SPDX-License-Identifier: BSD-3-Clause
#include "wire/gre.h"

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

TEST(gre, reads_what_clients_send)
{
	// Bytes, then Call ID, payload, header, S, A and the numbers.
	static const struct {
		const char *hex;
		struct gre want;
	} cases[] = {
		// tests/pcap, badpass: LCP Echo-Reply of pptpd, nothing acknowledged
		/* 0 */ {"3001880b000acfaf00000003 c0210a0000081138448c",
			{0xcfaf, 10, 12, true, false, 3, 0}},
		// echo: LCP Echo-Request of pppd with both numbers
		/* 1 */
		{"3081880b000a00000000000300000001 c021090000086cb0001b",
			{0, 10, 16, true, true, 3, 1}},
		// echo: a lone acknowledgment
		/* 2 */ {"2081880b0000000000000004", {0, 0, 12, false, true, 0, 4}},
		// neither number nor payload: says nothing, but is well formed
		/* 3 */ {"2001880b0000ffff", {0xffff, 0, 8, false, false, 0, 0}},
		// a sequence number without payload
		/* 4 */ {"3001880b00000007ffffffff", {7, 0, 12, true, false, UINT32_MAX, 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[80];
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		const struct gre *want = &cases[i].want;
		struct gre g;

		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(gre_get(bytes, len, &g), DROP_NONE);
		EXPECT_EQ(g.call_id, want->call_id);
		EXPECT_EQ(g.payload_len, want->payload_len);
		EXPECT_EQ(g.header_len, want->header_len);
		EXPECT_EQ(g.has_seq, want->has_seq);
		EXPECT_EQ(g.has_ack, want->has_ack);
		EXPECT_EQ(g.seq, want->seq);
		EXPECT_EQ(g.ack, want->ack);
		EXPECT_EQ(g.header_len + g.payload_len, len);

		uint8_t again[GRE_HEADER_BYTES_MAX];
		EXPECT_EQ(gre_put(again, &g), g.header_len);
		EXPECT_MEMEQ(again, bytes, g.header_len);
	}
}

// Every one of the 65,536 values of the first two bytes against the words of RFC 2637 4.1.
TEST(gre, accepts_exactly_the_flags_of_the_rfc)
{
	uint8_t bytes[GRE_HEADER_BYTES_MAX] = {0, 0, 0x88, 0x0b};

	for (uint32_t v = 0; v <= 0xffff; v++) {
		bool c = v & 0x8000, r = v & 0x4000, k = v & 0x2000, strict = v & 0x0800;
		unsigned recur = v >> 8 & 7, flags = v >> 3 & 15, version = v & 7;
		bool seq = v & 0x1000, ack = v & 0x0080;
		enum drop_reason want = DROP_NONE;
		struct gre g;

		if (version != 1)
			want = DROP_GRE_VERSION;
		else if (c || r || !k || strict || recur || flags)
			want = DROP_GRE_FLAGS;
		bytes_put_u16(bytes, (uint16_t)v);
		SHIM_TRACE_CASE(v);
		EXPECT_EQ(gre_get(bytes, sizeof(bytes), &g), want);
		if (want == DROP_NONE) {
			EXPECT_EQ(g.has_seq, seq);
			EXPECT_EQ(g.has_ack, ack);
		}
	}
}

TEST(gre, refuses_malformed_headers)
{
	static const struct {
		const char *hex;
		enum drop_reason want;
	} cases[] = {
		/* 0 */ {"", DROP_GRE_SHORT},
		/* 1 */ {"3001880b000000", DROP_GRE_SHORT},
		/* 2 */ {"0000080045000000", DROP_GRE_VERSION},		  // plain GRE, RFC 1701
		/* 3 */ {"3001080000000000 00000000", DROP_GRE_PROTOCOL}, // IPv4 inside
		/* 4 */ {"3001880b00000000 000000", DROP_GRE_SHORT},	  // half a number
		/* 5 */ {"3081880b00000000 00000000 000000", DROP_GRE_SHORT},
		/* 6 */ {"2001880b00010000 21", DROP_GRE_NO_SEQ},
		/* 7 */ {"2081880b00010000 00000000 21", DROP_GRE_NO_SEQ},
		/* 8 */ {"3001880b00020000 00000000 21", DROP_GRE_SHORT},
		/* 9 */ {"2001880b00020000 21", DROP_GRE_SHORT},
		/* 10 */ {"3001880bffff0000 00000000 21", DROP_GRE_SHORT},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[32];
		struct gre g = {.call_id = 0x5555};
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(gre_get(exact, len, &g), cases[i].want);
		EXPECT_EQ(g.call_id, 0x5555); // untouched
		free(exact);
	}
}

TEST(gre, every_truncation_is_short_and_padding_is_not)
{
	uint8_t bytes[64];
	struct gre g;
	size_t len = hex_bytes(
		bytes, sizeof(bytes), "3081880b000a00000000000300000001 c021090000086cb0001b");

	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = exact_copy(bytes, n);

		SHIM_TRACE_CASE((long long)n);
		EXPECT_EQ(gre_get(exact, n, &g), DROP_GRE_SHORT);
		free(exact);
	}
	// Ethernet pads a lone acknowledgment to 46 bytes behind the IP packet.
	EXPECT_EQ(gre_get(bytes, sizeof(bytes), &g), DROP_NONE);
	EXPECT_EQ(g.payload_len, 10);
}

TEST(gre, put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(3);

	for (int i = 0; i < 20000; i++) {
		struct gre in = {
			.call_id = (uint16_t)xorshift_next(&x),
			.has_seq = xorshift_below(&x, 2),
			.has_ack = xorshift_below(&x, 2),
		};
		struct gre out;
		uint8_t bytes[GRE_HEADER_BYTES_MAX + 64];

		if (in.has_seq) {
			in.seq = (uint32_t)xorshift_next(&x);
			in.payload_len = (uint16_t)xorshift_below(&x, 65);
		}
		if (in.has_ack)
			in.ack = (uint32_t)xorshift_next(&x);
		memset(bytes, 0xee, sizeof(bytes));
		uint8_t len = gre_put(bytes, &in);

		SHIM_TRACE_CASE(i);
		EXPECT_EQ(len, gre_header_len(in.has_seq, in.has_ack));
		EXPECT_EQ(bytes[len], 0xee);
		ASSERT_EQ(gre_get(bytes, (size_t)len + in.payload_len, &out), DROP_NONE);
		EXPECT_EQ(out.header_len, len);
		EXPECT_EQ(out.call_id, in.call_id);
		EXPECT_EQ(out.payload_len, in.payload_len);
		EXPECT_EQ(out.has_seq, in.has_seq);
		EXPECT_EQ(out.has_ack, in.has_ack);
		EXPECT_EQ(out.seq, in.seq);
		EXPECT_EQ(out.ack, in.ack);
	}
}
