// SPDX-License-Identifier: BSD-3-Clause
#include "base/secret.h"

#include <errno.h>

#include "shim/shim.h"

TEST(secret, wipe_clears_every_byte_and_no_more)
{
	uint8_t bytes[8];
	const uint8_t expected[8] = {0xaa, 0, 0, 0, 0, 0, 0xaa, 0xaa};

	memset(bytes, 0xaa, sizeof(bytes));
	secret_wipe_bytes(bytes + 1, 5);
	EXPECT_MEMEQ(bytes, expected, sizeof(bytes));
	secret_wipe_bytes(bytes, 0);
	secret_wipe_bytes(NULL, 0);
	EXPECT_MEMEQ(bytes, expected, sizeof(bytes));
}

TEST(secret, equal_sees_a_difference_anywhere)
{
	uint8_t a[32], b[32];

	for (size_t i = 0; i < sizeof(a); i++)
		a[i] = b[i] = (uint8_t)(i * 7);
	EXPECT_TRUE(secret_equal_bytes(a, b, sizeof(a)));
	for (size_t i = 0; i < sizeof(a); i++) {
		for (int bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1 << bit);
			EXPECT_FALSE(secret_equal_bytes(a, b, sizeof(a)));
			EXPECT_TRUE(secret_equal_bytes(a, b, i));
			b[i] ^= (uint8_t)(1 << bit);
		}
	}
	EXPECT_TRUE(secret_equal_bytes(a, b, 0));
	EXPECT_TRUE(secret_equal_bytes(NULL, NULL, 0));
}

TEST(secret, set_replaces_all_that_was_there)
{
	struct secret s;
	uint8_t zeros[SECRET_BYTES_MAX] = {0};

	EXPECT_EQ(secret_set(&s, span_of_text("a long password")), 0);
	EXPECT_EQ(s.len, 15);
	EXPECT_EQ(secret_set(&s, span_of_text("short")), 0);
	EXPECT_EQ(s.len, 5);
	EXPECT_MEMEQ(s.bytes, "short", 5);
	EXPECT_MEMEQ(s.bytes + 5, zeros, sizeof(s.bytes) - 5);
	EXPECT_EQ(secret_set(&s, (struct span){0}), 0);
	EXPECT_EQ(s.len, 0);
	EXPECT_MEMEQ(s.bytes, zeros, sizeof(s.bytes));
}

TEST(secret, set_takes_256_bytes_and_refuses_257)
{
	struct secret s;
	uint8_t bytes[SECRET_BYTES_MAX + 1], zeros[SECRET_BYTES_MAX] = {0};

	memset(bytes, 'x', sizeof(bytes));
	EXPECT_EQ(secret_set(&s, span_of(bytes, SECRET_BYTES_MAX)), 0);
	EXPECT_EQ(s.len, SECRET_BYTES_MAX);
	EXPECT_EQ(secret_set(&s, span_of(bytes, SECRET_BYTES_MAX + 1)), -EMSGSIZE);
	EXPECT_EQ(s.len, 0);
	EXPECT_MEMEQ(s.bytes, zeros, sizeof(s.bytes));
	secret_set(&s, span_of_text("x"));
	secret_wipe(&s);
	EXPECT_EQ(s.len, 0);
	EXPECT_EQ(s.bytes[0], 0);
}
