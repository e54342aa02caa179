// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_table.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

static struct call_table table;

TEST(call_table, every_id_once_and_never_zero)
{
	static bool seen[LIMIT_CALL_IDS];
	struct xorshift x = xorshift_seed(3);

	call_table_init(&table);
	memset(seen, 0, sizeof(seen));
	for (int i = 1; i < LIMIT_CALL_IDS; i++) {
		int32_t id = call_table_take(&table, (uint16_t)xorshift_next(&x));
		ASSERT_GT(id, 0);
		ASSERT_LT(id, LIMIT_CALL_IDS);
		ASSERT_FALSE(seen[id]);
		seen[id] = true;
	}
	EXPECT_EQ(LIMIT_CALL_IDS - 1, table.n_used);
	EXPECT_EQ(-1, call_table_take(&table, 77));
	call_table_release(&table, 40000);
	EXPECT_EQ(40000, call_table_take(&table, 40001)); // all the way round
	EXPECT_EQ(-1, call_table_take(&table, 40001));
}

TEST(call_table, takes_the_first_free_from_the_random_number_on)
{
	static const struct {
		uint16_t random;
		int32_t wanted;
	} cases[] = {{0, 1}, {1, 2}, {63, 63}, {63, 64}, {64, 65}, {65535, 65535}, {65535, 3}};

	call_table_init(&table);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].wanted, call_table_take(&table, cases[i].random));
	}
}
