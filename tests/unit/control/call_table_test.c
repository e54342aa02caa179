// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_table.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

static const uint64_t ANY = UINT64_MAX;

static struct call_table table;

TEST(call_table, every_id_once_and_never_zero)
{
	static bool seen[LIMIT_CALL_IDS];
	struct xorshift x = xorshift_seed(3);

	ASSERT_EQ(0, call_table_init(&table, LIMIT_CALL_IDS));
	memset(seen, 0, sizeof(seen));
	for (int i = 1; i < LIMIT_CALL_IDS; i++) {
		int32_t id = call_table_take(&table, (uint16_t)xorshift_next(&x), ANY);
		ASSERT_GT(id, 0);
		ASSERT_LT(id, LIMIT_CALL_IDS);
		ASSERT_FALSE(seen[id]);
		seen[id] = true;
	}
	EXPECT_EQ(LIMIT_CALL_IDS - 1, table.n_used);
	EXPECT_EQ(-1, call_table_take(&table, 77, ANY));
	call_table_release(&table, 40000);
	EXPECT_EQ(40000, call_table_take(&table, 40001, ANY)); // all the way round
	EXPECT_EQ(-1, call_table_take(&table, 40001, ANY));
	call_table_fini(&table);
}

TEST(call_table, takes_the_first_free_from_the_random_number_on)
{
	static const struct {
		uint16_t random;
		int32_t wanted;
	} cases[] = {{0, 1}, {1, 2}, {63, 63}, {63, 64}, {64, 65}, {65535, 65535}, {65535, 3}};

	ASSERT_EQ(0, call_table_init(&table, LIMIT_CALL_IDS));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].wanted, call_table_take(&table, cases[i].random, ANY));
	}
	call_table_fini(&table);
}

// Whatever the number of workers, each place is of exactly one of them, and an id of a place is the worker's by the
// rule that NICs are given.
TEST(call_table, places_divide_the_ids)
{
	for (uint32_t n_workers = 1; n_workers <= LIMIT_WORKERS; n_workers++) {
		uint64_t all = 0;
		SHIM_TRACE_CASE(n_workers);
		for (uint32_t worker = 0; worker < n_workers; worker++) {
			uint64_t places = call_table_places(64, n_workers, worker);
			EXPECT_NE(0, places);
			EXPECT_EQ(0, all & places);
			all |= places;
		}
		EXPECT_EQ(UINT64_MAX, all);
	}
	EXPECT_EQ(UINT64_MAX, call_table_places(0, 4, 2));
	EXPECT_EQ(UINT64_C(0x4444444444444444), call_table_places(4, 4, 2));
}

// A worker gets its own ids as long as there are any, then those of others.
TEST(call_table, own_places_first)
{
	enum { WORKERS = 3, CLASSES = 16 };
	const uint64_t places = call_table_places(CLASSES, WORKERS, 1);
	struct xorshift x = xorshift_seed(5);
	uint32_t n_own = 0;

	ASSERT_EQ(0, call_table_init(&table, LIMIT_CALL_IDS));
	for (int i = 0; i < LIMIT_CALL_IDS; i++)
		n_own += i % CLASSES % WORKERS == 1;
	for (uint32_t i = 0; i < n_own; i++) {
		int32_t id = call_table_take(&table, (uint16_t)xorshift_next(&x), places);
		ASSERT_GT(id, 0);
		ASSERT_EQ(1, id % CLASSES % WORKERS);
	}
	int32_t other = call_table_take(&table, 100, places);
	ASSERT_GT(other, 0);
	EXPECT_NE(1, other % CLASSES % WORKERS);
	for (uint32_t i = n_own + 1; i < LIMIT_CALL_IDS - 1; i++)
		ASSERT_GT(call_table_take(&table, (uint16_t)xorshift_next(&x), places), 0);
	EXPECT_EQ(-1, call_table_take(&table, 9, places));
	call_table_fini(&table);
}

// Of a table that begins small each id is handed out once too, and it grows no faster than it fills.
TEST(call_table, grows_with_the_calls)
{
	static bool seen[LIMIT_CALL_IDS];
	struct xorshift x = xorshift_seed(7);

	memset(seen, 0, sizeof(seen));
	ASSERT_EQ(0, call_table_init(&table, 64));
	for (uint32_t i = 0; i < LIMIT_CALL_IDS - 1; i++) {
		int32_t id = call_table_take(&table, (uint16_t)xorshift_next(&x), ANY);
		ASSERT_GT(id, 0);
		ASSERT_FALSE(seen[id]);
		seen[id] = true;
		ASSERT_LE(table.n_ids, 8 * table.n_used > 64 ? 8 * table.n_used : 64);
	}
	EXPECT_EQ(LIMIT_CALL_IDS, table.n_ids);
	EXPECT_EQ(-1, call_table_take(&table, 77, ANY));
	call_table_fini(&table);
}
