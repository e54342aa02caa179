// SPDX-License-Identifier: BSD-3-Clause
#include "wire/mppe.h"

#include "shim/shim.h"

TEST(mppe, splits_bits_and_count)
{
	static const struct {
		uint8_t bytes[3];
		uint16_t bits, count;
	} cases[] = {
		// The first packet of a stateless session: flushed and encrypted, count 0.
		/* 0 */ {{0x90, 0x00, 0xaa}, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED, 0},
		/* 1 */ {{0x9f, 0xff, 0xaa}, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED, 4095},
		/* 2 */ {{0x10, 0x01, 0xaa}, MPPE_PACKET_ENCRYPTED, 1},
		/* 3 */ {{0xf1, 0x23, 0xaa}, 0xf000, 0x123},
		/* 4 */ {{0x60, 0x00, 0xaa}, MPPE_PACKET_RESTART | MPPE_PACKET_COMPRESSED, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_packet p;
		uint8_t again[MPPE_HEADER_BYTES];

		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(mppe_packet_get(cases[i].bytes, 3, &p), DROP_NONE);
		EXPECT_EQ(p.bits, cases[i].bits);
		EXPECT_EQ(p.count, cases[i].count);
		mppe_packet_put(again, p.bits, p.count);
		EXPECT_MEMEQ(again, cases[i].bytes, MPPE_HEADER_BYTES);
	}
}

TEST(mppe, a_packet_without_data_is_short)
{
	const uint8_t bytes[2] = {0x90, 0x00};
	struct mppe_packet p;

	for (size_t len = 0; len <= 2; len++)
		EXPECT_EQ(mppe_packet_get(bytes, len, &p), DROP_MPPE_SHORT);
}

TEST(mppe, an_oversized_count_does_not_spill_into_the_bits)
{
	uint8_t bytes[2];

	mppe_packet_put(bytes, MPPE_PACKET_ENCRYPTED, 0xf001);
	EXPECT_EQ(bytes_get_u16(bytes), 0x1001);
}
