// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/mppe_key.h"

#include "shim/shim.h"

#include <nettle/arcfour.h>

// RFC 3079 3.5: user "User", password "clientPass".
static const uint8_t nt_hash_hash[16] = {0x41, 0xc0, 0x0c, 0x58, 0x4b, 0xd2, 0xd9, 0x1c, 0x40, 0x17,
	0xa2, 0xa1, 0x2f, 0xa5, 0x9f, 0x3f};
static const uint8_t nt_response[24] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0, 0x8f,
	0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};
static const uint8_t send_start_key[16] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1,
	0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};

static const struct vector {
	enum mppe_strength strength;
	uint8_t session_key[16];
	uint8_t message[12];
	uint8_t after_one[16]; // the key after one change, by an implementation in Python
} vectors[] = {
	{MPPE_STRENGTH_40, {0xd1, 0x26, 0x9e, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e},
		{0x92, 0x91, 0x37, 0x91, 0x7e, 0x58, 0x03, 0xd6, 0x68, 0xd7, 0x58, 0x98},
		{0xd1, 0x26, 0x9e, 0xce, 0x4d, 0x98, 0xd1, 0x81}},
	// The RFC prints 58 for the last byte of the 56 bit message; B8 is right.
	{MPPE_STRENGTH_56, {0xd1, 0x5c, 0x00, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e},
		{0x3f, 0x10, 0x68, 0x33, 0xfa, 0x44, 0x8d, 0xa8, 0x42, 0xbc, 0x57, 0xb8},
		{0xd1, 0x61, 0x82, 0xa2, 0xab, 0x48, 0x14, 0x07}},
	{MPPE_STRENGTH_128,
		{0x40, 0x5c, 0xb2, 0x24, 0x7a, 0x79, 0x56, 0xe6, 0xe2, 0x11, 0x00, 0x7a, 0xe2, 0x7b,
			0x22, 0xd4},
		{0x81, 0x84, 0x83, 0x17, 0xdf, 0x68, 0x84, 0x62, 0x72, 0xfb, 0x5a, 0xbe},
		{0x72, 0x6f, 0x10, 0x50, 0x0e, 0x2b, 0x54, 0x13, 0x5b, 0x1b, 0x74, 0xd7, 0x68, 0x2f,
			0x04, 0x71}},
};

enum { N_VECTORS = sizeof(vectors) / sizeof(vectors[0]) };

TEST(mppe_key, start_keys_of_rfc3079)
{
	struct mppe_start_keys server, client;

	mppe_key_start_mschapv2(nt_hash_hash, nt_response, true, &server);
	mppe_key_start_mschapv2(nt_hash_hash, nt_response, false, &client);
	EXPECT_MEMEQ(send_start_key, server.send, 16);
	EXPECT_MEMEQ(server.send, client.receive, 16);
	EXPECT_MEMEQ(server.receive, client.send, 16);
	EXPECT_NE(0, memcmp(server.send, server.receive, 16));
}

// RFC 3079 2.5: user's password "clientPass". Step 3 of 2.5.3 prints the eighth byte of the start key
// as ca, step 4 as c1; c1 is right.
TEST(mppe_key, mschapv1_keys_of_rfc3079)
{
	static const uint8_t challenge[8] = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41};
	static const uint8_t lm_hash[16] = {0x76, 0xa1, 0x52, 0x93, 0x60, 0x96, 0xd7, 0x83, 0x0e,
		0x23, 0x90, 0x22, 0x74, 0x04, 0xaf, 0xd2};
	static const uint8_t start[16] = {0xa8, 0x94, 0x78, 0x50, 0xcf, 0xc0, 0xac, 0xc1, 0xd1,
		0x78, 0x9f, 0xb6, 0x2d, 0xdc, 0xdd, 0xb0};
	static const uint8_t key_128[16] = {0x59, 0xd1, 0x59, 0xbc, 0x09, 0xf7, 0x6f, 0x1d, 0xa2,
		0xa8, 0x6a, 0x28, 0xff, 0xec, 0x0b, 0x1e};
	static const uint8_t key_56[8] = {0xd1, 0x08, 0x01, 0x53, 0x8c, 0xec, 0x4a, 0x08};
	static const uint8_t key_40[8] = {0xd1, 0x26, 0x9e, 0x53, 0x8c, 0xec, 0x4a, 0x08};
	struct mppe_start_keys keys;
	uint8_t key[16];

	mppe_key_start_mschapv1(challenge, nt_hash_hash, lm_hash, &keys);
	EXPECT_TRUE(keys.is_v1);
	EXPECT_TRUE(keys.has_lm);
	EXPECT_MEMEQ(start, keys.send, 16);
	EXPECT_MEMEQ(start, keys.receive, 16);
	mppe_key_initial(MPPE_STRENGTH_128, keys.send, key);
	EXPECT_MEMEQ(key_128, key, 16);
	mppe_key_initial(MPPE_STRENGTH_56, keys.lm, key);
	EXPECT_MEMEQ(key_56, key, 8);
	mppe_key_initial(MPPE_STRENGTH_40, keys.lm, key);
	EXPECT_MEMEQ(key_40, key, 8);

	memset(&keys, 0xa5, sizeof(keys));
	mppe_key_start_mschapv1(challenge, nt_hash_hash, NULL, &keys);
	EXPECT_TRUE(keys.is_v1);
	EXPECT_FALSE(keys.has_lm);
	EXPECT_MEMEQ(start, keys.receive, 16);

	memset(&keys, 0xa5, sizeof(keys));
	mppe_key_start_mschapv2(nt_hash_hash, nt_response, true, &keys);
	EXPECT_FALSE(keys.is_v1);
	EXPECT_FALSE(keys.has_lm);
}

TEST(mppe_key, initial_keys_and_messages_of_rfc3079)
{
	for (int i = 0; i < N_VECTORS; i++) {
		uint8_t key[16], message[12];
		struct arcfour_ctx rc4;

		SHIM_TRACE_CASE(i);
		mppe_key_initial(vectors[i].strength, send_start_key, key);
		EXPECT_MEMEQ(vectors[i].session_key, key, 16);
		arcfour_set_key(&rc4, mppe_key_len(vectors[i].strength), key);
		arcfour_crypt(&rc4, 12, message, (const uint8_t *)"test message");
		EXPECT_MEMEQ(vectors[i].message, message, 12);
	}
}

TEST(mppe_key, change)
{
	for (int i = 0; i < N_VECTORS; i++) {
		uint8_t key[16];

		SHIM_TRACE_CASE(i);
		memcpy(key, vectors[i].session_key, 16);
		mppe_key_change(vectors[i].strength, send_start_key, key);
		EXPECT_MEMEQ(vectors[i].after_one, key, 16);
	}
}

// 70 changes on; the numbers are from an implementation in Python that shares no code with this.
TEST(mppe_key, chain_of_changes)
{
	static const uint8_t wanted[N_VECTORS][16] = {
		{0xd1, 0x26, 0x9e, 0x18, 0x16, 0x3e, 0xb7, 0x8a},
		{0xd1, 0xd6, 0xc8, 0xe6, 0x87, 0x96, 0xd9, 0xc4},
		{0xf7, 0x6e, 0x03, 0xdb, 0xe8, 0xe1, 0x0c, 0x38, 0xc4, 0xec, 0x33, 0xe1, 0xe7, 0xec,
			0xe2, 0x98}};

	for (int i = 0; i < N_VECTORS; i++) {
		uint8_t key[16];

		SHIM_TRACE_CASE(i);
		mppe_key_initial(vectors[i].strength, send_start_key, key);
		for (int n = 0; n < 70; n++)
			mppe_key_change(vectors[i].strength, send_start_key, key);
		EXPECT_MEMEQ(wanted[i], key, 16);
	}
}

// 40 and 56 bit use 8 bytes of the start key and of the session key, and leave the rest zero.
TEST(mppe_key, short_keys_do_not_read_the_second_half)
{
	uint8_t start[16], key[16], other_start[16], other_key[16];
	static const uint8_t zeros[8];

	memcpy(start, send_start_key, 16);
	memcpy(other_start, send_start_key, 8);
	memset(other_start + 8, 0xee, 8);
	mppe_key_initial(MPPE_STRENGTH_40, start, key);
	mppe_key_initial(MPPE_STRENGTH_40, other_start, other_key);
	EXPECT_MEMEQ(key, other_key, 16);
	memset(other_key + 8, 0xee, 8);
	mppe_key_change(MPPE_STRENGTH_40, start, key);
	mppe_key_change(MPPE_STRENGTH_40, other_start, other_key);
	EXPECT_MEMEQ(key, other_key, 16);
	EXPECT_MEMEQ(zeros, key + 8, 8);
}

TEST(mppe_key, salt)
{
	static const struct {
		enum mppe_strength strength;
		uint8_t wanted[4];
	} cases[] = {
		{MPPE_STRENGTH_NONE, {1, 2, 3, 4}},
		{MPPE_STRENGTH_40, {0xd1, 0x26, 0x9e, 4}},
		{MPPE_STRENGTH_56, {0xd1, 2, 3, 4}},
		{MPPE_STRENGTH_128, {1, 2, 3, 4}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t key[16] = {1, 2, 3, 4};

		SHIM_TRACE_CASE((long long)i);
		mppe_key_salt(cases[i].strength, key);
		EXPECT_MEMEQ(cases[i].wanted, key, 4);
	}
}

TEST(mppe_key, lengths)
{
	EXPECT_EQ(8, mppe_key_len(MPPE_STRENGTH_40));
	EXPECT_EQ(8, mppe_key_len(MPPE_STRENGTH_56));
	EXPECT_EQ(16, mppe_key_len(MPPE_STRENGTH_128));
}
