// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/impair.h"

#include "shim/shim.h"

enum { PACKETS = 1000000 };

static void count(const struct impair *i, unsigned int n[4])
{
	memset(n, 0, 4 * sizeof(n[0]));
	for (unsigned int k = 0; k < PACKETS; k++)
		n[impair_fate(i, k % 777, k / 777)]++;
}

TEST(fleet_impair, shares_are_kept)
{
	static const double shares[][3] = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.01, 0, 0},
		{0.1, 0.2, 0.3}, {0, 0.001, 0.5}};

	for (unsigned int c = 0; c < sizeof(shares) / sizeof(shares[0]); c++) {
		struct impair i = impair_make(7, shares[c][0], shares[c][1], shares[c][2]);
		unsigned int n[4];

		SHIM_TRACE_CASE(c);
		count(&i, n);
		for (unsigned int k = 0; k < 3; k++) {
			double p = shares[c][k], sigma = __builtin_sqrt(PACKETS * p * (1 - p));

			EXPECT_NEAR(n[IMPAIR_LOSE + k], PACKETS * p, 5 * sigma);
		}
	}
}

TEST(fleet_impair, the_same_packet_meets_the_same_fate)
{
	struct impair a = impair_make(1, 0.1, 0.1, 0.1), b = impair_make(1, 0.1, 0.1, 0.1),
		      other = impair_make(2, 0.1, 0.1, 0.1);
	unsigned int n_other = 0, n_next_call = 0;

	for (unsigned int k = 0; k < 10000; k++) {
		EXPECT_EQ(impair_fate(&a, 5, k), impair_fate(&b, 5, k));
		n_other += impair_fate(&a, 5, k) != impair_fate(&other, 5, k);
		n_next_call += impair_fate(&a, 5, k) != impair_fate(&a, 6, k);
	}
	EXPECT_GT(n_other, 4000);
	EXPECT_GT(n_next_call, 4000);
}

static unsigned int bits_between(const uint8_t *a, const uint8_t *b, unsigned int n)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < n; i++)
		bits += (unsigned int)__builtin_popcount(a[i] ^ b[i]);
	return bits;
}

TEST(fleet_impair, damage_is_one_bit_anywhere)
{
	struct impair i = impair_make(3, 0, 0, 1);
	uint8_t clean[40] = {0}, damaged[40], touched[40] = {0};

	for (unsigned int k = 0; k < 10000; k++) {
		memcpy(damaged, clean, sizeof(clean));
		impair_damage(&i, 9, k, damaged, sizeof(damaged));
		EXPECT_EQ(bits_between(clean, damaged, sizeof(clean)), 1);
		for (unsigned int b = 0; b < sizeof(clean); b++)
			touched[b] |= damaged[b];
	}
	for (unsigned int b = 0; b < sizeof(touched); b++)
		EXPECT_EQ(touched[b], 0xff);
}
