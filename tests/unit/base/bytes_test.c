// SPDX-License-Identifier: BSD-3-Clause
#include "base/bytes.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

TEST(bytes, reader_reads_big_endian_and_fails_sticky)
{
	const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct reader r = reader_of(span_of(wire, sizeof(wire)));

	EXPECT_EQ(reader_u8(&r), 1);
	EXPECT_EQ(reader_u16(&r), 0x0203);
	EXPECT_EQ(reader_u32(&r), 0x04050607);
	EXPECT_EQ(r.left, 1);
	EXPECT_FALSE(r.failed);
	EXPECT_EQ(reader_u16(&r), 0);
	EXPECT_TRUE(r.failed);
	EXPECT_EQ(reader_u8(&r), 0); // the byte that was left is not given after an error
}

TEST(bytes, every_read_fails_on_an_empty_reader)
{
	uint8_t copy[4] = {1, 2, 3, 4};
	const uint8_t zeros[4] = {0};
	struct reader r;

	r = reader_of((struct span){0});
	EXPECT_EQ(reader_u8(&r), 0);
	EXPECT_TRUE(r.failed);
	r = reader_of((struct span){0});
	EXPECT_EQ(reader_u16(&r), 0);
	EXPECT_TRUE(r.failed);
	r = reader_of((struct span){0});
	EXPECT_EQ(reader_u32(&r), 0);
	EXPECT_TRUE(r.failed);
	r = reader_of((struct span){0});
	reader_skip(&r, 1);
	EXPECT_TRUE(r.failed);
	r = reader_of((struct span){0});
	reader_copy(&r, copy, sizeof(copy));
	EXPECT_TRUE(r.failed);
	EXPECT_MEMEQ(copy, zeros, sizeof(copy));
}

TEST(bytes, taking_nothing_is_no_error)
{
	uint8_t copy[1] = {7};
	struct reader r = reader_of((struct span){0});

	reader_skip(&r, 0);
	reader_copy(&r, copy, 0);
	EXPECT_EQ(reader_rest(&r).len, 0);
	EXPECT_FALSE(r.failed);
	EXPECT_EQ(copy[0], 7);
}

TEST(bytes, take_copy_and_rest_walk_on)
{
	const uint8_t wire[] = {1, 2, 3, 4, 5, 6};
	uint8_t copy[2];
	struct reader r = reader_of(span_of(wire, sizeof(wire)));

	struct span s = reader_take(&r, 2);
	EXPECT_TRUE(s.bytes == wire);
	EXPECT_EQ(s.len, 2);
	reader_copy(&r, copy, sizeof(copy));
	EXPECT_MEMEQ(copy, wire + 2, 2);
	s = reader_rest(&r);
	EXPECT_TRUE(s.bytes == wire + 4);
	EXPECT_EQ(s.len, 2);
	EXPECT_EQ(r.left, 0);
	EXPECT_FALSE(r.failed);
}

TEST(bytes, an_absurd_length_does_not_wrap)
{
	const uint8_t wire[4] = {0};
	struct reader r = reader_of(span_of(wire, sizeof(wire)));

	EXPECT_EQ(reader_take(&r, SIZE_MAX).len, 0);
	EXPECT_TRUE(r.failed);

	uint8_t out[4];
	struct writer w = writer_of(out, sizeof(out));
	writer_u8(&w, 1);
	EXPECT_NULL(writer_reserve(&w, SIZE_MAX));
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 1);
}

TEST(bytes, writer_stops_at_capacity)
{
	uint8_t out[4] = {0};
	struct writer w = writer_of(out, sizeof(out));

	writer_u16(&w, 0xabcd);
	writer_u32(&w, 1);
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(w.len, 2);
	writer_u8(&w, 9);
	EXPECT_EQ(w.len, 2);
	EXPECT_EQ(out[2], 0);
}

TEST(bytes, every_write_fails_when_full)
{
	uint8_t out[1] = {0x55};
	struct writer w;

	w = writer_of(out, 0);
	writer_u8(&w, 1);
	EXPECT_TRUE(w.failed);
	w = writer_of(out, 0);
	writer_u16(&w, 1);
	EXPECT_TRUE(w.failed);
	w = writer_of(out, 0);
	writer_u32(&w, 1);
	EXPECT_TRUE(w.failed);
	w = writer_of(out, 0);
	writer_bytes(&w, "x", 1);
	EXPECT_TRUE(w.failed);
	w = writer_of(out, 0);
	writer_zeros(&w, 1);
	EXPECT_TRUE(w.failed);
	EXPECT_EQ(out[0], 0x55);
	w = writer_of(out, 0);
	writer_bytes(&w, NULL, 0);
	writer_zeros(&w, 0);
	EXPECT_FALSE(w.failed);
}

TEST(bytes, writer_writes_big_endian)
{
	const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 'a', 'b', 0, 0};
	uint8_t out[sizeof(expected)];
	struct writer w = writer_of(out, sizeof(out));

	memset(out, 0xee, sizeof(out));
	writer_u8(&w, 1);
	writer_u16(&w, 0x0203);
	writer_u32(&w, 0x04050607);
	writer_bytes(&w, "ab", 2);
	writer_zeros(&w, 2);
	EXPECT_FALSE(w.failed);
	EXPECT_EQ(w.len, sizeof(expected));
	EXPECT_MEMEQ(out, expected, sizeof(expected));
}

TEST(bytes, fixed_offset_numbers_round_trip)
{
	struct xorshift x = xorshift_seed(1);
	uint8_t at[4];

	for (int i = 0; i < 1000; i++) {
		uint32_t v = (uint32_t)xorshift_next(&x);

		SHIM_TRACE_CASE(i);
		bytes_put_u32(at, v);
		EXPECT_EQ(bytes_get_u32(at), v);
		EXPECT_EQ(at[0], v >> 24);
		EXPECT_EQ(at[3], v & 0xff);
		bytes_put_u16(at, (uint16_t)v);
		EXPECT_EQ(bytes_get_u16(at), (uint16_t)v);
		EXPECT_EQ(at[1], v & 0xff);
	}
}
