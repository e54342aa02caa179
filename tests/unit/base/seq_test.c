// SPDX-License-Identifier: BSD-3-Clause
#include "base/seq.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

TEST(seq, distance_wraps)
{
	static const struct {
		uint32_t from, to;
		int32_t distance;
	} cases[] = {
		/* 0 */ {0, 0, 0},
		/* 1 */ {0, 1, 1},
		/* 2 */ {1, 0, -1},
		/* 3 */ {0xffffffff, 0, 1},
		/* 4 */ {0, 0xffffffff, -1},
		/* 5 */ {0xfffffff0, 0x10, 0x20},
		/* 6 */ {0x10, 0xfffffff0, -0x20},
		/* 7 */ {0, 0x7fffffff, INT32_MAX},
		/* 8 */ {0, 0x80000000, INT32_MIN}, // as far ahead as behind: counts as behind
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(seq_distance(cases[i].from, cases[i].to), cases[i].distance);
		EXPECT_EQ(seq_is_after(cases[i].to, cases[i].from), cases[i].distance > 0);
	}
}

TEST(seq, is_after_is_a_strict_order_between_near_numbers)
{
	struct xorshift x = xorshift_seed(2);

	for (int i = 0; i < 10000; i++) {
		uint32_t a = (uint32_t)xorshift_next(&x);
		uint32_t b = a + 1 + xorshift_below(&x, 0x7ffffffe);

		SHIM_TRACE_CASE(i);
		EXPECT_TRUE(seq_is_after(b, a));
		EXPECT_FALSE(seq_is_after(a, b));
		EXPECT_FALSE(seq_is_after(a, a));
		EXPECT_EQ(a + (uint32_t)seq_distance(a, b), b);
	}
}

TEST(seq, coherency_counts_modulo_4096)
{
	EXPECT_EQ(seq_coherency_ahead(0, 0), 0);
	EXPECT_EQ(seq_coherency_ahead(0, 1), 1);
	EXPECT_EQ(seq_coherency_ahead(4095, 0), 1);
	EXPECT_EQ(seq_coherency_ahead(0, 4095), 4095);
	EXPECT_EQ(seq_coherency_ahead(1, 0), 4095);
	for (uint16_t from = 0; from < 4096; from += 7) {
		for (uint16_t n = 0; n < 4096; n += 5) {
			uint16_t to = (from + n) & SEQ_COHERENCY_MASK;

			EXPECT_EQ(seq_coherency_ahead(from, to), n);
		}
	}
}
