// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/coa_orders.h"

#include "shim/shim.h"

#include <errno.h>
#include <string.h>

static struct coa_key key_of(uint32_t n)
{
	struct coa_key key = {.address_be = 1, .port = 3799, .source_be = 2, .id = (uint8_t)n};

	memcpy(key.authenticator, &n, sizeof(n));
	return key;
}

TEST(coa_orders, found_by_the_whole_key)
{
	struct coa_orders o;
	struct coa_key key = key_of(1);

	ASSERT_EQ(0, coa_orders_init(&o, 10));
	EXPECT_NULL(coa_orders_find(&o, &key));
	struct coa_order *order = coa_orders_add(&o, &key, 0, 100);
	EXPECT_TRUE(coa_orders_find(&o, &key) == order);
	for (int i = 0; i < 6; i++) {
		struct coa_key other = key;
		SHIM_TRACE_CASE(i);
		other.address_be += i == 0;
		other.port = (uint16_t)(other.port + (i == 1));
		other.source_be += i == 2;
		other.source_port_be = (uint16_t)(other.source_port_be + (i == 3));
		other.id = (uint8_t)(other.id + (i == 4));
		other.authenticator[15] ^= i == 5;
		EXPECT_NULL(coa_orders_find(&o, &other));
	}
	coa_orders_fini(&o);
	coa_orders_fini(&o);
}

TEST(coa_orders, full_until_they_are_old)
{
	struct coa_orders o;
	struct coa_key key;

	ASSERT_EQ(0, coa_orders_init(&o, 10));
	for (uint32_t i = 0; i < 10; i++) {
		key = key_of(i);
		EXPECT_TRUE(coa_orders_add(&o, &key, i, 100 + i) != NULL);
	}
	key = key_of(10);
	EXPECT_NULL(coa_orders_add(&o, &key, 99, 200));
	EXPECT_TRUE(coa_orders_add(&o, &key, 100, 200) != NULL);
	key = key_of(0);
	EXPECT_NULL(coa_orders_find(&o, &key));
	key = key_of(1);
	EXPECT_TRUE(coa_orders_find(&o, &key) != NULL);
	// Two old ones go for a new one.
	key = key_of(11);
	EXPECT_TRUE(coa_orders_add(&o, &key, 150, 250) != NULL);
	EXPECT_EQ(9, o.n);
	coa_orders_fini(&o);
}

TEST(coa_orders, life)
{
	struct coa_orders o;
	struct coa_key key = key_of(1);
	struct aaa_change change = {.nas_port = 7}, out;

	ASSERT_EQ(0, coa_orders_init(&o, 10));
	struct coa_order *order = coa_orders_add(&o, &key, 0, 100);
	EXPECT_FALSE(coa_orders_fetch(&o, &out));
	EXPECT_EQ(0, coa_orders_queue(&o, order, &change));
	EXPECT_TRUE(coa_orders_fetch(&o, &out));
	EXPECT_EQ(7, out.nas_port);
	EXPECT_FALSE(coa_orders_fetch(&o, &out));
	EXPECT_NULL(coa_orders_open(&o, 0));
	EXPECT_NULL(coa_orders_open(&o, out.tag + COA_ORDERS_OPEN_MAX));
	EXPECT_TRUE(coa_orders_open(&o, out.tag) == order);
	coa_orders_close(&o, order, (const uint8_t *)"answer", 6);
	EXPECT_NULL(coa_orders_open(&o, out.tag));
	EXPECT_EQ(6, order->n_reply);
	EXPECT_MEMEQ("answer", order->reply, 6);
	EXPECT_EQ(0, o.n_open);
	coa_orders_fini(&o);
}

// One that hangs keeps its tag; the others go round it.
TEST(coa_orders, as_many_as_may_be_open)
{
	struct coa_orders o;
	struct aaa_change change = {0}, out;
	uint64_t first = 0;

	ASSERT_EQ(0, coa_orders_init(&o, 4 * COA_ORDERS_OPEN_MAX));
	for (uint32_t i = 0; i < 3 * COA_ORDERS_OPEN_MAX; i++) {
		struct coa_key key = key_of(i);
		struct coa_order *order = coa_orders_add(&o, &key, 0, 100);
		ASSERT_EQ(0, coa_orders_queue(&o, order, &change));
		ASSERT_TRUE(coa_orders_fetch(&o, &out));
		ASSERT_TRUE(coa_orders_open(&o, out.tag) == order);
		if (i == 0)
			first = out.tag;
		else
			coa_orders_close(&o, order, (const uint8_t *)"a", 1);
	}
	EXPECT_TRUE(coa_orders_open(&o, first) != NULL);
	for (uint32_t i = 0; i < COA_ORDERS_OPEN_MAX; i++) {
		struct coa_key key = key_of(100000 + i);
		struct coa_order *order = coa_orders_add(&o, &key, 0, 100);
		ASSERT_TRUE(order != NULL);
		EXPECT_EQ(i == COA_ORDERS_OPEN_MAX - 1 ? -EBUSY : 0,
			coa_orders_queue(&o, order, &change));
	}
	coa_orders_fini(&o); // queued ones and open ones go too
}
