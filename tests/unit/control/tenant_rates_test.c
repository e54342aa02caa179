// SPDX-License-Identifier: BSD-3-Clause
#include "control/tenant_rates.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

TEST(tenant_rates, shares_follow_what_is_asked_for)
{
	static const struct {
		uint64_t rate;
		unsigned int n;
		uint64_t asked[4], shares[4];
	} cases[] = {
		{1600, 1, {0}, {1600}},
		{1600, 1, {99999}, {1600}},
		{1600, 2, {0, 0}, {800, 800}},
		{1600, 4, {0, 0, 0, 0}, {400, 400, 400, 400}},
		{1600, 2, {9999, 9999}, {800, 800}},
		{1600, 2, {9999, 0}, {1550, 50}}, // 1/16 of an equal part is everybody's
		{1600, 2, {0, 9999}, {50, 1550}},
		{1600, 2, {400, 200}, {900, 700}}, // what is left goes to both
		{3200, 4, {100, 1000, 9999, 9999}, {100, 1000, 1050, 1050}},
		{3200, 4, {100, 1500, 9999, 9999}, {100, 1033, 1033, 1033}},
		{0, 2, {10, 10}, {0, 0}},
		{1, 2, {10, 10}, {0, 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t shares[4] = {0};
		SHIM_TRACE_CASE(i);
		tenant_rates_split(cases[i].rate, cases[i].asked, shares, cases[i].n);
		for (unsigned int k = 0; k < cases[i].n; k++)
			EXPECT_EQ(cases[i].shares[k], shares[k]);
	}
}

// Whatever is asked for: never more than the rate in all, nearly all of it, nobody without a part, and nobody who is
// cut short has less than another gets.
TEST(tenant_rates, the_sum_is_never_more_than_the_rate)
{
	struct xorshift x = xorshift_seed(11);

	for (int round = 0; round < 20000; round++) {
		unsigned int n = 1 + (unsigned int)xorshift_below(&x, LIMIT_WORKERS);
		uint64_t rate = 64000 + xorshift_below(&x, UINT32_MAX), sum = 0, most = 0;
		uint64_t asked[LIMIT_WORKERS], shares[LIMIT_WORKERS];
		for (unsigned int i = 0; i < n; i++)
			asked[i] = xorshift_below(&x, 3) == 0
					   ? 0
					   : 2 * (uint64_t)xorshift_below(
							 &x, (uint32_t)(rate / n / 2) + 1);
		tenant_rates_split(rate, asked, shares, n);
		for (unsigned int i = 0; i < n; i++) {
			sum += shares[i];
			most = shares[i] > most ? shares[i] : most;
			ASSERT_GE(shares[i], rate / n / 16 - 1);
		}
		ASSERT_LE(sum, rate);
		ASSERT_GE(sum + n + 1, rate);
		for (unsigned int i = 0; i < n; i++)
			if (shares[i] + 1 < asked[i])
				ASSERT_GE(shares[i] + 1, most);
	}
}
