// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/rc4.h"

#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <stdlib.h>

TEST(rc4, classical_vectors)
{
	static const struct {
		const char *key, *text;
		uint8_t wanted[14];
	} cases[] = {
		{"Key", "Plaintext", {0xbb, 0xf3, 0x16, 0xe8, 0xd9, 0x40, 0xaf, 0x0a, 0xd3}},
		{"Wiki", "pedia", {0x10, 0x21, 0xbf, 0x04, 0x20}},
		{"Secret", "Attack at dawn",
			{0x45, 0xa0, 0x1f, 0x64, 0x5f, 0xc3, 0x5b, 0x38, 0x35, 0x52, 0x54, 0x4b,
				0x9b, 0xf5}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[14] = {0};
		size_t len = strlen(cases[i].text);
		struct rc4_state rc4;

		SHIM_TRACE_CASE((long long)i);
		memcpy(data, cases[i].text, len);
		rc4_begin(&rc4, (const uint8_t *)cases[i].key, (uint8_t)strlen(cases[i].key));
		rc4_crypt(&rc4, data, len);
		EXPECT_MEMEQ(cases[i].wanted, data, sizeof(data));
	}
}

TEST(rc4, agrees_with_nettle_at_every_length)
{
	uint8_t ours[2001], theirs[2001], key[16];

	srandom(4);
	for (size_t len = 0; len <= 2000; len++) {
		uint8_t key_len = len % 2 ? 8 : 16;
		struct rc4_state rc4;
		struct arcfour_ctx nettle;

		for (unsigned int i = 0; i < sizeof(key); i++)
			key[i] = (uint8_t)(random() >> 8);
		for (size_t i = 0; i < sizeof(ours); i++)
			theirs[i] = ours[i] = (uint8_t)i;
		rc4_begin(&rc4, key, key_len);
		rc4_crypt(&rc4, ours, len);
		arcfour_set_key(&nettle, key_len, key);
		arcfour_crypt(&nettle, len, theirs, theirs);
		SHIM_TRACE_CASE((long long)len);
		ASSERT_MEMEQ(theirs, ours, sizeof(ours));
	}
}

TEST(rc4, stream_in_pieces)
{
	uint8_t whole[1000] = {0}, pieces[1000] = {0};
	struct rc4_state a, b;
	const uint8_t key[16] = "sixteen bytes :)";

	srandom(5);
	rc4_begin(&a, key, 16);
	rc4_crypt(&a, whole, sizeof(whole));
	rc4_begin(&b, key, 16);
	for (size_t at = 0; at < sizeof(pieces);) {
		size_t n = (size_t)random() % 40;
		if (n > sizeof(pieces) - at)
			n = sizeof(pieces) - at;
		rc4_crypt(&b, pieces + at, n);
		at += n;
	}
	EXPECT_MEMEQ(whole, pieces, sizeof(whole));
	EXPECT_MEMEQ(a.s, b.s, 256);
	EXPECT_EQ(a.i, b.i);
	EXPECT_EQ(a.j, b.j);
}
