// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/source_gate.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

static struct source_gate gate;

TEST(source_gate, one_source_has_its_rate)
{
	uint64_t now = UINT64_C(1000000000000);
	unsigned int n = 0;

	source_gate_init(&gate, 100, 10, 0x1234567890abcdef);
	for (int i = 0; i < 1000; i++)
		n += source_gate_pass(&gate, 7, now);
	EXPECT_EQ(10, n);
	for (int ms = 0; ms < 10000; ms++) // ten seconds
		n += source_gate_pass(&gate, 7, now += 1000000);
	EXPECT_GE(n, 1005);
	EXPECT_LE(n, 1015);
}

// Ten sources flood, each many times its rate: hardly any of 20,000 others is kept out.
TEST(source_gate, floods_leave_the_others_alone)
{
	struct xorshift x = xorshift_seed(4);
	uint64_t now = UINT64_C(1000000000000);
	unsigned int n_out = 0;

	source_gate_init(&gate, 100, 10, 0xfedcba9876543210);
	for (uint32_t i = 0; i < 20000; i++) {
		for (int k = 0; k < 20; k++)
			(void)source_gate_pass(&gate, 0x0a000001 + xorshift_below(&x, 10), now);
		n_out += !source_gate_pass(&gate, 0xc0000000 + i * 77, now += 1000000);
	}
	EXPECT_LE(n_out, 20);
}

// The seed decides who shares a bucket: no set of addresses is bad under all seeds.
TEST(source_gate, seeds_differ)
{
	uint64_t now = UINT64_C(1000000000000);
	unsigned int n_both = 0;

	for (uint64_t seed = 1; seed <= 64; seed++) {
		source_gate_init(&gate, 100, 1, seed * UINT64_C(0x9e3779b97f4a7c15));
		for (uint32_t i = 0; i < SOURCE_GATE_BUCKETS; i++)
			(void)source_gate_pass(&gate, i << 8, now);
		n_both += !source_gate_pass(&gate, 0xdeadbeef, now);
	}
	EXPECT_GT(n_both, 5);
	EXPECT_LT(n_both, 60);
}
