// SPDX-License-Identifier: BSD-3-Clause
#include "wire/cp.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

// tests/pcap, badpass: LCP Configure-Request of pppd: MRU 1400, ACCM 0, magic, PFC, ACFC.
static const char configure_request[] =
	"01 01 0018 0104 0578 0206 00000000 0506 b34c0bba 0702 0802";

TEST(cp, reads_a_configure_request_of_pppd)
{
	static const struct {
		uint8_t type;
		const char *value;
	} options[] = {{1, "0578"}, {2, "00000000"}, {5, "b34c0bba"}, {7, ""}, {8, ""}};
	uint8_t bytes[64], value[8];
	size_t len = hex_bytes(bytes, sizeof(bytes), configure_request);
	struct cp_packet p;
	struct cp_option o;

	ASSERT_EQ(cp_packet_get(span_of(bytes, len), &p), 0);
	EXPECT_EQ(p.code, CP_CONFIGURE_REQUEST);
	EXPECT_EQ(p.id, 1);
	EXPECT_EQ(p.data.len, 20);

	struct span list = p.data;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t n = hex_bytes(value, sizeof(value), options[i].value);

		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(cp_option_next(&list, &o), 1);
		EXPECT_EQ(o.type, options[i].type);
		EXPECT_EQ(o.value.len, n);
		EXPECT_MEMEQ(o.value.bytes, value, n);
		EXPECT_EQ(o.whole.len, n + CP_OPTION_HEADER_BYTES);
		EXPECT_EQ(o.whole.bytes[0], o.type);
		EXPECT_EQ(o.whole.bytes[1], o.whole.len);
	}
	EXPECT_EQ(cp_option_next(&list, &o), 0);
	EXPECT_EQ(cp_option_next(&list, &o), 0);
}

TEST(cp, writes_the_same_configure_request)
{
	uint8_t wanted[64], options[64], out[64];
	size_t len = hex_bytes(wanted, sizeof(wanted), configure_request);
	const uint8_t magic[] = {0xb3, 0x4c, 0x0b, 0xba};
	struct writer o = writer_of(options, sizeof(options));
	struct writer w = writer_of(out, sizeof(out));

	cp_option_put_u16(&o, 1, 1400);
	cp_option_put_u32(&o, 2, 0);
	cp_option_put(&o, 5, span_of(magic, sizeof(magic)));
	cp_option_put(&o, 7, (struct span){0});
	cp_option_put(&o, 8, (struct span){0});
	cp_packet_put(&w, CP_CONFIGURE_REQUEST, 1, span_of(options, o.len));
	EXPECT_FALSE(o.failed);
	EXPECT_FALSE(w.failed);
	ASSERT_EQ(w.len, len);
	EXPECT_MEMEQ(out, wanted, len);
}

TEST(cp, a_length_that_lies_is_refused_and_padding_is_ignored)
{
	static const struct {
		const char *hex;
		int want;
		size_t data_len;
	} cases[] = {
		/* 0 */ {"09 01 0008 11223344", 0, 4},
		/* 1 */ {"09 01 0008 11223344 0000", 0, 4}, // padding
		/* 2 */ {"05 01 0004", 0, 0},
		/* 3 */ {"05 01 0004 ff", 0, 0},
		/* 4 */ {"09 01 0009 11223344", -EBADMSG, 0}, // one byte too long
		/* 5 */ {"05 01 0003", -EBADMSG, 0},
		/* 6 */ {"05 01 0000", -EBADMSG, 0},
		/* 7 */ {"05 01 ffff 00", -EBADMSG, 0},
		/* 8 */ {"05 01 00", -EBADMSG, 0},
		/* 9 */ {"", -EBADMSG, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[16];
		size_t len = hex_bytes(bytes, sizeof(bytes), cases[i].hex);
		uint8_t *exact = exact_copy(bytes, len);
		struct cp_packet p = {.code = 0x55};

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(cp_packet_get(span_of(exact, len), &p), cases[i].want);
		EXPECT_EQ(p.data.len, cases[i].data_len);
		if (cases[i].want)
			EXPECT_EQ(p.code, 0x55);
		free(exact);
	}
}

TEST(cp, every_truncation_is_refused)
{
	uint8_t bytes[64];
	size_t len = hex_bytes(bytes, sizeof(bytes), configure_request);
	struct cp_packet p;

	for (size_t n = 0; n < len; n++) {
		uint8_t *exact = exact_copy(bytes, n);

		SHIM_TRACE_CASE((long long)n);
		EXPECT_EQ(cp_packet_get(span_of(exact, n), &p), -EBADMSG);
		free(exact);
	}
}

TEST(cp, a_malformed_option_ends_the_list)
{
	static const char *const lists[] = {
		/* 0 */ "01",	// no length
		/* 1 */ "0100", // length below 2
		/* 2 */ "0101",
		/* 3 */ "010405", // beyond the list
		/* 4 */ "01ff0578",
		/* 5 */ "07020802 0506", // good ones before it are taken
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		uint8_t bytes[16];
		size_t len = hex_bytes(bytes, sizeof(bytes), lists[i]);
		uint8_t *exact = exact_copy(bytes, len);
		struct span list = span_of(exact, len);
		struct cp_option o;
		int n = 0, err;

		while ((err = cp_option_next(&list, &o)) == 1)
			n++;
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(err, -EBADMSG);
		EXPECT_EQ(n, i == 5 ? 2 : 0);
		EXPECT_EQ(list.len, 0);
		EXPECT_EQ(cp_option_next(&list, &o), 0);
		free(exact);
	}
}

// Whatever the bytes, options lie one behind the other inside the list and the walk ends.
TEST(cp, options_of_random_lists_tile_the_list)
{
	struct xorshift x = xorshift_seed(4);

	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[48];
		size_t len = xorshift_below(&x, sizeof(bytes) + 1);
		struct span list = span_of(bytes, len);
		struct cp_option o;
		size_t at = 0;
		int err;

		xorshift_fill(&x, bytes, len);
		for (size_t k = 1; k < len; k += 2)
			bytes[k] &= 7; // or hardly any length would fit
		SHIM_TRACE_CASE(i);
		while ((err = cp_option_next(&list, &o)) == 1) {
			ASSERT_TRUE(o.whole.bytes == bytes + at);
			ASSERT_EQ(o.value.len + CP_OPTION_HEADER_BYTES, o.whole.len);
			at += o.whole.len;
			ASSERT_LE(at, len);
		}
		if (err == 0)
			EXPECT_EQ(at, len);
	}
}

TEST(cp, put_then_get_gives_the_same)
{
	struct xorshift x = xorshift_seed(5);

	for (int i = 0; i < 5000; i++) {
		uint8_t data[300], out[300];
		size_t len = xorshift_below(&x, 297);
		uint8_t code = (uint8_t)xorshift_next(&x), id = (uint8_t)xorshift_next(&x);
		struct writer w = writer_of(out, sizeof(out));
		struct cp_packet p;

		xorshift_fill(&x, data, len);
		cp_packet_put(&w, code, id, span_of(data, len));
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(cp_packet_get(span_of(out, w.len), &p), 0);
		EXPECT_EQ(p.code, code);
		EXPECT_EQ(p.id, id);
		EXPECT_TRUE(span_equal(p.data, span_of(data, len)));
	}
}

TEST(cp, what_does_not_fit_is_a_sticky_error)
{
	static const uint8_t big[65536];
	static uint8_t longest[65536];
	uint8_t out[300];
	struct writer w = writer_of(out, 7);

	cp_packet_put(&w, CP_ECHO_REPLY, 1, span_of(big, 4));
	EXPECT_TRUE(w.failed);
	w = writer_of(out, sizeof(out));
	cp_packet_put(&w, CP_ECHO_REPLY, 1, span_of(big, 65532)); // no length field holds it
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	w = writer_of(longest, sizeof(longest));
	cp_packet_put(&w, CP_ECHO_REPLY, 1, span_of(big, 65531));
	EXPECT_FALSE(w.failed);
	EXPECT_EQ(bytes_get_u16(longest + 2), 65535);
	w = writer_of(out, sizeof(out));
	cp_option_put(&w, 5, span_of(big, 253));
	EXPECT_FALSE(w.failed);
	EXPECT_EQ(out[1], 255);
	w = writer_of(out, sizeof(out));
	cp_option_put(&w, 5, span_of(big, 254));
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 0);
	w = writer_of(out, 3);
	cp_option_put_u16(&w, 1, 1);
	EXPECT_TRUE(w.failed);
	w = writer_of(out, 5);
	cp_option_put_u32(&w, 1, 1);
	EXPECT_TRUE(w.failed);
}
