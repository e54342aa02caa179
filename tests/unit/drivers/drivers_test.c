// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/drivers.h"

#include "conf/schema.h"
#include "drivers/crypto/sw/sha1_keys.h"
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
	EXPECT_EQ(drivers_find_aaa("radius") ? 3 : 2, n);
	EXPECT_TRUE(drivers_find_aaa("by-tenant") != NULL); // what control has
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

static const struct schema_word *words_of(const char *key)
{
	return schema_find_item(schema_find_group("encryption"), key)->words;
}

static bool is_word_of(const char *key, const char *name)
{
	for (const struct schema_word *w = words_of(key); w->word; w++)
		if (strcmp(w->word, name) == 0)
			return true;
	return false;
}

// What a configuration may name is there, but for ipsec-mb, and what is there may be named.
TEST(drivers, the_words_of_the_configuration)
{
	const struct crypto_driver *d;
	const struct sha1_keys *k;

	for (unsigned int i = 0; (d = drivers_get_crypto(i)) != NULL; i++)
		EXPECT_TRUE(is_word_of("driver", d->name) == d->for_production);
	for (unsigned int i = 0; (k = sha1_keys_get(i)) != NULL; i++)
		EXPECT_TRUE(is_word_of("sha1", k->name));
	for (const struct schema_word *w = words_of("driver"); w->word; w++)
		EXPECT_TRUE(drivers_find_crypto(w->word) || strcmp(w->word, "imb") == 0);
	for (const struct schema_word *w = words_of("engine"); w->word; w++)
		EXPECT_TRUE(is_word_of("driver", w->word) && strcmp(w->word, "ism") != 0);
}
