// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/mschap.h"

#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <errno.h>

// RFC 2759 9.2.
static const uint8_t authenticator_challenge[16] = {0x5b, 0x5d, 0x7c, 0x7d, 0x7b, 0x3f, 0x2f, 0x3e,
	0x3c, 0x2c, 0x60, 0x21, 0x32, 0x26, 0x26, 0x28};
static const uint8_t peer_challenge[16] = {0x21, 0x40, 0x23, 0x24, 0x25, 0x5e, 0x26, 0x2a, 0x28,
	0x29, 0x5f, 0x2b, 0x3a, 0x33, 0x7c, 0x7e};
static const uint8_t challenge[8] = {0xd0, 0x2e, 0x43, 0x86, 0xbc, 0xe9, 0x12, 0x26};
static const uint8_t nt_hash[16] = {0x44, 0xeb, 0xba, 0x8d, 0x53, 0x12, 0xb8, 0xd6, 0x11, 0x47,
	0x44, 0x11, 0xf5, 0x69, 0x89, 0xae};
static const uint8_t nt_hash_hash[16] = {0x41, 0xc0, 0x0c, 0x58, 0x4b, 0xd2, 0xd9, 0x1c, 0x40, 0x17,
	0xa2, 0xa1, 0x2f, 0xa5, 0x9f, 0x3f};
static const uint8_t nt_response[24] = {0x82, 0x30, 0x9e, 0xcd, 0x8d, 0x70, 0x8b, 0x5e, 0xa0, 0x8f,
	0xaa, 0x39, 0x81, 0xcd, 0x83, 0x54, 0x42, 0x33, 0x11, 0x4a, 0x3d, 0x85, 0xd6, 0xdf};

TEST(mschap, hashes_of_rfc2759)
{
	uint8_t hash[16], hash_hash[16];

	ASSERT_EQ(0, mschap_nt_hash(span_of_text("clientPass"), hash));
	EXPECT_MEMEQ(nt_hash, hash, 16);
	mschap_nt_hash_hash(hash, hash_hash);
	EXPECT_MEMEQ(nt_hash_hash, hash_hash, 16);
}

// RFC 2759 9.3, and two that every table of NT hashes has.
TEST(mschap, hashes_of_other_passwords)
{
	static const struct {
		const char *password;
		uint8_t hash[16];
	} cases[] = {
		{"", {0x31, 0xd6, 0xcf, 0xe0, 0xd1, 0x6a, 0xe9, 0x31, 0xb7, 0x3c, 0x59, 0xd7, 0xe0,
			     0xc0, 0x89, 0xc0}},
		{"MyPw", {0xfc, 0x15, 0x6a, 0xf7, 0xed, 0xcd, 0x6c, 0x0e, 0xdd, 0xe3, 0x33, 0x7d,
				 0x42, 0x7f, 0x4e, 0xac}},
		{"password", {0x88, 0x46, 0xf7, 0xea, 0xee, 0x8f, 0xb1, 0x17, 0xad, 0x06, 0xbd,
				     0xd8, 0x30, 0xb7, 0x58, 0x6c}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t hash[16];

		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(0, mschap_nt_hash(span_of_text(cases[i].password), hash));
		EXPECT_MEMEQ(cases[i].hash, hash, 16);
	}
}

TEST(mschap, challenge_hash_of_rfc2759)
{
	static const char *const names[] = {"User", "DOMAIN\\User", "A\\B\\User", "\\User"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t out[8];

		SHIM_TRACE_CASE((long long)i);
		mschap_challenge_hash(
			peer_challenge, authenticator_challenge, span_of_text(names[i]), out);
		EXPECT_MEMEQ(challenge, out, 8);
	}
}

TEST(mschap, responses_of_rfc2759)
{
	uint8_t response[24];
	char text[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES];

	mschap_challenge_response(challenge, nt_hash, response);
	EXPECT_MEMEQ(nt_response, response, 24);

	memset(response, 0, sizeof(response));
	mschap_nt_response(authenticator_challenge, peer_challenge, span_of_text("DOM\\User"),
		nt_hash, response);
	EXPECT_MEMEQ(nt_response, response, 24);

	mschap_authenticator_response(nt_hash, nt_response, peer_challenge, authenticator_challenge,
		span_of_text("User"), text);
	EXPECT_MEMEQ("S=407A5589115FD0D6209F510FE9C04566932CDA56", text, sizeof(text));
}

// RFC 2433 B.2: MS-CHAPv1's response is the same function over the challenge itself.
TEST(mschap, response_of_rfc2433)
{
	static const uint8_t v1_challenge[8] = {0x10, 0x2d, 0xb5, 0xdf, 0x08, 0x5d, 0x30, 0x41};
	static const uint8_t wanted[24] = {0x4e, 0x9d, 0x3c, 0x8f, 0x9c, 0xfd, 0x38, 0x5d, 0x5b,
		0xf4, 0xd3, 0x24, 0x67, 0x91, 0x95, 0x6c, 0xa4, 0xc3, 0x51, 0xab, 0x40, 0x9a, 0x3d,
		0x61};
	uint8_t hash[16], response[24];

	ASSERT_EQ(0, mschap_nt_hash(span_of_text("MyPw"), hash));
	mschap_challenge_response(v1_challenge, hash, response);
	EXPECT_MEMEQ(wanted, response, 24);
}

// A hash of zeros gives three weak DES keys; E(0, 0) is 8CA64DE9C1B123A7 (FIPS 81).
TEST(mschap, weak_des_keys_are_used)
{
	static const uint8_t zeros[16];
	static const uint8_t block[8] = {0x8c, 0xa6, 0x4d, 0xe9, 0xc1, 0xb1, 0x23, 0xa7};
	uint8_t response[24];

	mschap_challenge_response(zeros, zeros, response);
	for (int i = 0; i < 3; i++)
		EXPECT_MEMEQ(block, response + 8 * i, 8);
}

TEST(mschap, utf8_becomes_utf16le)
{
	// The hash of a password equals the MD4 of its UTF-16LE bytes, which MD4 of a "hash" cannot give
	// for lengths other than 16: so each case has 16 bytes, and mschap_nt_hash_hash() is the witness.
	static const struct {
		const char *utf8;
		uint8_t utf16le[16];
	} cases[] = {
		{"abcdefgh", {'a', 0, 'b', 0, 'c', 0, 'd', 0, 'e', 0, 'f', 0, 'g', 0, 'h', 0}},
		{"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbfz",
			{0x7f, 0, 0x80, 0, 0xff, 0x07, 0x00, 0x08, 0xff, 0xd7, 0x00, 0xe0, 0xff,
				0xff, 'z', 0}},
		{"\xf0\x90\x80\x80\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\xe2\x82\xacx",
			{0x00, 0xd8, 0x00, 0xdc, 0x3d, 0xd8, 0x00, 0xde, 0xff, 0xdb, 0xff, 0xdf,
				0xac, 0x20, 'x', 0}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t hash[16], wanted[16];

		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(0, mschap_nt_hash(span_of_text(cases[i].utf8), hash));
		mschap_nt_hash_hash(cases[i].utf16le, wanted);
		EXPECT_MEMEQ(wanted, hash, 16);
	}
}

TEST(mschap, bad_utf8_is_refused)
{
	static const char *const cases[] = {
		"\x80",		    // continuation without a start
		"\xbf",		    //
		"a\xc3",	    // cut short
		"\xe2\x82",	    //
		"\xf0\x9f\x98",	    //
		"\xc3(",	    // no continuation
		"\xe2\x28\xa1",	    //
		"\xf0\x9f\x98(",    //
		"\xc0\xaf",	    // overlong
		"\xc1\xbf",	    //
		"\xe0\x9f\xbf",	    //
		"\xf0\x8f\xbf\xbf", //
		"\xed\xa0\x80",	    // surrogates
		"\xed\xbf\xbf",	    //
		"\xf4\x90\x80\x80", // beyond U+10FFFF
		"\xf8\x88\x80\x80\x80",
		"\xff",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t hash[16];

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(-EILSEQ, mschap_nt_hash(span_of_text(cases[i]), hash));
	}
}

TEST(mschap, password_of_at_most_256_units)
{
	char text[260];
	uint8_t hash[16];

	memset(text, 'x', sizeof(text));
	EXPECT_EQ(0, mschap_nt_hash(span_of(text, 256), hash));
	EXPECT_EQ(-EMSGSIZE, mschap_nt_hash(span_of(text, 257), hash));
	memcpy(text + 254, "\xf0\x9f\x98\x80", 4); // two units
	EXPECT_EQ(0, mschap_nt_hash(span_of(text, 258), hash));
	memcpy(text + 255, "\xf0\x9f\x98\x80", 4);
	text[254] = 'x';
	EXPECT_EQ(-EMSGSIZE, mschap_nt_hash(span_of(text, 259), hash));
}

TEST(mschap, user_without_domain)
{
	static const struct {
		const char *user, *wanted;
	} cases[] = {
		{"user", "user"},
		{"DOM\\user", "user"},
		{"A\\B\\user", "user"},
		{"\\user", "user"},
		{"DOM\\", ""},
		{"", ""},
		{"user@realm", "user@realm"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_TRUE(span_equal(span_of_text(cases[i].wanted),
			mschap_user_without_domain(span_of_text(cases[i].user))));
	}
}

// Numbers of MD5 itself (RFC 1321 A.5): id, secret and challenge are one message of it.
TEST(mschap, chap_md5)
{
	static const uint8_t of_abc[16] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6,
		0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72};
	static const uint8_t of_message_digest[16] = {0xf9, 0x6b, 0x69, 0x7d, 0x7c, 0xb7, 0x93,
		0x8d, 0x52, 0x5a, 0x2f, 0x31, 0xaa, 0xf1, 0x61, 0xd0};
	static const uint8_t of_a[16] = {0x0c, 0xc1, 0x75, 0xb9, 0xc0, 0xf1, 0xb6, 0xa8, 0x31, 0xc3,
		0x99, 0xe2, 0x69, 0x77, 0x26, 0x61};
	uint8_t out[16];

	mschap_chap_md5('a', span_of_text("b"), span_of_text("c"), out);
	EXPECT_MEMEQ(of_abc, out, 16);
	mschap_chap_md5('m', span_of_text("essage "), span_of_text("digest"), out);
	EXPECT_MEMEQ(of_message_digest, out, 16);
	mschap_chap_md5('a', span_of(NULL, 0), span_of(NULL, 0), out);
	EXPECT_MEMEQ(of_a, out, 16);
}

TEST(mschap, nt_hash_of_utf16le)
{
	static const uint8_t my_pw[] = {'M', 0, 'y', 0, 'P', 0, 'w', 0};
	uint8_t hash[16], wanted[16];

	mschap_nt_hash_utf16le(span_of(my_pw, sizeof(my_pw)), hash);
	ASSERT_EQ(0, mschap_nt_hash(span_of_text("MyPw"), wanted));
	EXPECT_MEMEQ(wanted, hash, 16);
	mschap_nt_hash_utf16le((struct span){0}, hash);
	ASSERT_EQ(0, mschap_nt_hash((struct span){0}, wanted));
	EXPECT_MEMEQ(wanted, hash, 16);
}

// RFC 3079 2.5.1, and what every table of LM hashes has.
TEST(mschap, lm_hashes)
{
	static const struct {
		const char *password;
		uint8_t hash[16];
	} cases[] = {
		{"clientPass", {0x76, 0xa1, 0x52, 0x93, 0x60, 0x96, 0xd7, 0x83, 0x0e, 0x23, 0x90,
				       0x22, 0x74, 0x04, 0xaf, 0xd2}},
		{"CLIENTPASS", {0x76, 0xa1, 0x52, 0x93, 0x60, 0x96, 0xd7, 0x83, 0x0e, 0x23, 0x90,
				       0x22, 0x74, 0x04, 0xaf, 0xd2}},
		{"", {0xaa, 0xd3, 0xb4, 0x35, 0xb5, 0x14, 0x04, 0xee, 0xaa, 0xd3, 0xb4, 0x35, 0xb5,
			     0x14, 0x04, 0xee}},
	};
	uint8_t hash[16];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		ASSERT_EQ(0, mschap_lm_hash(span_of_text(cases[i].password), hash));
		EXPECT_MEMEQ(cases[i].hash, hash, 16);
	}
	EXPECT_EQ(0, mschap_lm_hash(span_of_text("12345678901234"), hash));
	EXPECT_EQ(-ERANGE, mschap_lm_hash(span_of_text("123456789012345"), hash));
	EXPECT_EQ(-ERANGE, mschap_lm_hash(span_of_text("p\xc3\xa4ss"), hash));
}

// "newPass" with a euro sign and one beyond 16 bits, under the hash of "clientPass"; computed by OpenSSL
// with the bytes 0, 1, 2 ... in front.
TEST(mschap, new_password_is_decrypted)
{
	static const uint8_t new_utf16le[] = {'n', 0, 'e', 0, 'w', 0, 'P', 0, 'a', 0, 's', 0, 's',
		0, 0xac, 0x20, 0x3d, 0xd8, 0x00, 0xde};
	static const uint8_t begins[16] = {0x92, 0xe3, 0xc9, 0xec, 0xb7, 0xfc, 0xf6, 0x13, 0x20,
		0x05, 0xf1, 0x83, 0x6c, 0x3c, 0x39, 0xef};
	static const uint8_t ends[24] = {0xc8, 0xec, 0xa3, 0x2c, 0xb2, 0x22, 0x42, 0xdf, 0x3b, 0xec,
		0x47, 0x7f, 0x7a, 0x18, 0x63, 0x5f, 0xbc, 0x9d, 0xfb, 0x86, 0xa6, 0x34, 0x3a, 0x7c};
	static const uint8_t new_hash[16] = {0x53, 0xaf, 0xd7, 0x1e, 0xd1, 0xe9, 0xa7, 0x2c, 0x40,
		0x9d, 0xb3, 0x38, 0x2d, 0x50, 0xc8, 0x93};
	uint8_t block[MSCHAP_PASSWORD_BLOCK_BYTES], clear[MSCHAP_PASSWORD_UTF16_BYTES_MAX];
	uint8_t hash[16];
	size_t len = 0;

	// What lies between is random filling: only the ends are known answers.
	memset(block, 0x5a, sizeof(block));
	memcpy(block, begins, sizeof(begins));
	memcpy(block + sizeof(block) - sizeof(ends), ends, sizeof(ends));
	ASSERT_EQ(0, mschap_password_decrypt(block, nt_hash, clear, &len));
	ASSERT_EQ(sizeof(new_utf16le), len);
	EXPECT_MEMEQ(new_utf16le, clear, len);
	mschap_nt_hash_utf16le(span_of(clear, len), hash);
	EXPECT_MEMEQ(new_hash, hash, 16);
}

// RC4 is its own inverse, so blocks of any length can be made; the length is what is judged.
TEST(mschap, new_password_of_any_length)
{
	static const struct {
		uint32_t len;
		int rc;
	} cases[] = {
		{0, 0},
		{2, 0},
		{512, 0},
		{1, -EBADMSG},
		{511, -EBADMSG},
		{513, -EBADMSG},
		{514, -EBADMSG},
		{0x10000, -EBADMSG},
		{0x1000002, -EBADMSG},
		{UINT32_MAX, -EBADMSG},
		{UINT32_MAX - 1, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t block[MSCHAP_PASSWORD_BLOCK_BYTES], clear[MSCHAP_PASSWORD_UTF16_BYTES_MAX];
		struct arcfour_ctx rc4;
		size_t len = 77;

		SHIM_TRACE_CASE((long long)i);
		memset(block, 0x61, sizeof(block));
		for (int k = 0; k < 4; k++)
			block[512 + k] = (uint8_t)(cases[i].len >> (8 * k));
		arcfour_set_key(&rc4, 16, nt_hash);
		arcfour_crypt(&rc4, sizeof(block), block, block);
		EXPECT_EQ(cases[i].rc, mschap_password_decrypt(block, nt_hash, clear, &len));
		EXPECT_EQ(cases[i].rc ? 77 : cases[i].len, len);
		for (size_t k = 0; cases[i].rc == 0 && k < len; k++)
			ASSERT_EQ(0x61, clear[k]);
	}
}

// The hash of "clientPass" under that of the new password above, by OpenSSL.
TEST(mschap, hash_under_a_hash)
{
	static const uint8_t new_hash[16] = {0x53, 0xaf, 0xd7, 0x1e, 0xd1, 0xe9, 0xa7, 0x2c, 0x40,
		0x9d, 0xb3, 0x38, 0x2d, 0x50, 0xc8, 0x93};
	static const uint8_t wanted[16] = {0x48, 0x80, 0xba, 0xcc, 0x30, 0x5e, 0xe3, 0x6f, 0x34,
		0xb5, 0x4b, 0xbd, 0xc3, 0xee, 0x42, 0x9a};
	uint8_t out[16];

	mschap_hash_encrypt(nt_hash, new_hash, out);
	EXPECT_MEMEQ(wanted, out, 16);
}
