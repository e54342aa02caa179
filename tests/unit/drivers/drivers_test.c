// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/drivers.h"

#include "shim/shim.h"

TEST(drivers, found_by_name)
{
	unsigned int n = 0;

	for (; drivers_get_crypto(n); n++)
		EXPECT_TRUE(
			drivers_find_crypto(drivers_get_crypto(n)->name) == drivers_get_crypto(n));
	EXPECT_TRUE(drivers_find_crypto("ism") != NULL);
	EXPECT_EQ(drivers_find_crypto("imb") ? 4 : 3, n); // where libipsec-mb is to be had
	for (n = 0; drivers_get_aaa(n); n++)
		EXPECT_TRUE(drivers_find_aaa(drivers_get_aaa(n)->name) == drivers_get_aaa(n));
	EXPECT_EQ(1, n);
}

TEST(drivers, unknown_names)
{
	EXPECT_NULL(drivers_find_crypto("aes"));
	EXPECT_NULL(drivers_find_crypto(""));
	EXPECT_NULL(drivers_find_aaa("tacacs"));
	EXPECT_NULL(drivers_find_aaa(""));
}

TEST(drivers, the_one_that_does_nothing_is_not_for_production)
{
	ASSERT_TRUE(drivers_find_crypto("null") != NULL);
	EXPECT_FALSE(drivers_find_crypto("null")->for_production);
	ASSERT_TRUE(drivers_find_crypto("sw") != NULL);
	EXPECT_TRUE(drivers_find_crypto("sw")->for_production);
}
