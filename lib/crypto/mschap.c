// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/mschap.h"

#include "base/bytes.h"

#include <nettle/arcfour.h>
#include <nettle/des.h>
#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha1.h>

#include <errno.h>

enum { PASSWORD_UNITS_MAX = 256 }; // RFC 2759 8: a password has 0 to 256 Unicode characters

static const uint32_t utf8_bad = UINT32_MAX;

// The next code point of well-formed UTF-8 (RFC 3629 4), or utf8_bad.
static uint32_t utf8_take(struct reader *r)
{
	// Of sequences with 1, 2 and 3 continuation bytes: the least code point that needs so many.
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint8_t first = reader_u8(r);
	unsigned int n;
	uint32_t cp;

	if (first < 0x80)
		return first;
	if ((first & 0xe0) == 0xc0)
		n = 1;
	else if ((first & 0xf0) == 0xe0)
		n = 2;
	else if ((first & 0xf8) == 0xf0)
		n = 3;
	else
		return utf8_bad;

	cp = first & (0x3fU >> n);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t c = reader_u8(r);
		if ((c & 0xc0) != 0x80)
			return utf8_bad;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return utf8_bad;
	return cp;
}

// UTF-16LE of a code point; returns its number of 16-bit units.
static unsigned int utf16le_put(uint32_t cp, uint8_t out[4])
{
	uint32_t units[2] = {cp, 0};
	unsigned int n = 1;

	if (cp >= 0x10000) {
		units[0] = 0xd800 + ((cp - 0x10000) >> 10);
		units[1] = 0xdc00 + ((cp - 0x10000) & 0x3ff);
		n = 2;
	}
	for (unsigned int i = 0; i < n; i++) {
		out[2 * i] = (uint8_t)units[i];
		out[2 * i + 1] = (uint8_t)(units[i] >> 8);
	}
	return n;
}

int mschap_nt_hash(struct span password_utf8, uint8_t out[MSCHAP_HASH_BYTES])
{
	struct reader r = reader_of(password_utf8);
	struct md4_ctx md4;
	uint8_t unit_bytes[4];
	unsigned int n_units = 0;
	int rc = 0;

	md4_init(&md4);
	while (r.left) {
		uint32_t cp = utf8_take(&r);
		if (cp == utf8_bad) {
			rc = -EILSEQ;
			break;
		}
		unsigned int n = utf16le_put(cp, unit_bytes);
		n_units += n;
		if (n_units > PASSWORD_UNITS_MAX) {
			rc = -EMSGSIZE;
			break;
		}
		md4_update(&md4, 2 * n, unit_bytes);
	}
	if (rc == 0)
		md4_digest(&md4, MSCHAP_HASH_BYTES, out);
	secret_wipe_bytes(unit_bytes, sizeof(unit_bytes));
	secret_wipe_bytes(&md4, sizeof(md4));
	return rc;
}

void mschap_nt_hash_utf16le(struct span password, uint8_t out[MSCHAP_HASH_BYTES])
{
	struct md4_ctx md4;

	md4_init(&md4);
	if (password.len)
		md4_update(&md4, password.len, password.bytes);
	md4_digest(&md4, MSCHAP_HASH_BYTES, out);
	secret_wipe_bytes(&md4, sizeof(md4));
}

void mschap_nt_hash_hash(const uint8_t nt_hash[16], uint8_t out[16])
{
	struct md4_ctx md4;

	md4_init(&md4);
	md4_update(&md4, MSCHAP_HASH_BYTES, nt_hash);
	md4_digest(&md4, MSCHAP_HASH_BYTES, out);
	secret_wipe_bytes(&md4, sizeof(md4));
}

struct span mschap_user_without_domain(struct span user)
{
	for (size_t i = user.len; i > 0; i--)
		if (user.bytes[i - 1] == '\\')
			return span_of(user.bytes + i, user.len - i);
	return user;
}

void mschap_challenge_hash(const uint8_t peer_challenge[16],
	const uint8_t authenticator_challenge[16], struct span user, uint8_t out[8])
{
	struct span name = mschap_user_without_domain(user);
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, 16, peer_challenge);
	sha1_update(&sha, 16, authenticator_challenge);
	if (name.len)
		sha1_update(&sha, name.len, name.bytes);
	sha1_digest(&sha, 8, out);
}

// A DES key of 56 bits with a place for parity after each seven; nettle does not look at the parity.
static void des_key_expand(const uint8_t in[7], uint8_t out[8])
{
	uint64_t bits = 0;

	for (unsigned int i = 0; i < 7; i++)
		bits = bits << 8 | in[i];
	for (unsigned int i = 0; i < 8; i++)
		out[i] = (uint8_t)((bits >> (49 - 7 * i) & 0x7f) << 1);
}

static void des_encrypt_block(const uint8_t key_bits[7], const uint8_t in[8], uint8_t out[8])
{
	uint8_t key[8];
	struct des_ctx des;

	des_key_expand(key_bits, key);
	// It returns 0 for a weak key and sets it all the same, as MS-CHAP wants it.
	(void)des_set_key(&des, key);
	des_encrypt(&des, DES_BLOCK_SIZE, out, in);
	secret_wipe_bytes(key, sizeof(key));
	secret_wipe_bytes(&des, sizeof(des));
}

int mschap_lm_hash(struct span password, uint8_t out[MSCHAP_HASH_BYTES])
{
	enum { LM_CHARACTERS = 14 };
	static const uint8_t text[] = "KGS!@#$%";
	uint8_t upper[LM_CHARACTERS] = {0};
	bool is_ascii = true;

	if (password.len > LM_CHARACTERS)
		return -ERANGE;
	for (size_t i = 0; i < password.len; i++) {
		uint8_t c = password.bytes[i];

		upper[i] = c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
		is_ascii &= c < 0x80;
	}
	des_encrypt_block(upper, text, out);
	des_encrypt_block(upper + 7, text, out + 8);
	secret_wipe_bytes(upper, sizeof(upper));
	return is_ascii ? 0 : -ERANGE;
}

void mschap_challenge_response(const uint8_t challenge[8], const uint8_t hash[16], uint8_t out[24])
{
	uint8_t padded[21] = {0};

	memcpy(padded, hash, MSCHAP_HASH_BYTES);
	for (unsigned int i = 0; i < 3; i++)
		des_encrypt_block(padded + 7 * i, challenge, out + 8 * i);
	secret_wipe_bytes(padded, sizeof(padded));
}

void mschap_nt_response(const uint8_t authenticator_challenge[16], const uint8_t peer_challenge[16],
	struct span user, const uint8_t nt_hash[16], uint8_t out[24])
{
	uint8_t challenge[8];

	mschap_challenge_hash(peer_challenge, authenticator_challenge, user, challenge);
	mschap_challenge_response(challenge, nt_hash, out);
}

void mschap_authenticator_response(const uint8_t nt_hash[16], const uint8_t nt_response[24],
	const uint8_t peer_challenge[16], const uint8_t authenticator_challenge[16],
	struct span user, char out[MSCHAP_AUTHENTICATOR_RESPONSE_BYTES])
{
	static const char magic_1[] = "Magic server to client signing constant";
	static const char magic_2[] = "Pad to make it do more than one iteration";
	static const char digits[] = "0123456789ABCDEF";
	uint8_t hash_hash[MSCHAP_HASH_BYTES], challenge[8], digest[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;

	mschap_nt_hash_hash(nt_hash, hash_hash);
	sha1_init(&sha);
	sha1_update(&sha, sizeof(hash_hash), hash_hash);
	sha1_update(&sha, MSCHAP_RESPONSE_BYTES, nt_response);
	sha1_update(&sha, sizeof(magic_1) - 1, (const uint8_t *)magic_1);
	sha1_digest(&sha, sizeof(digest), digest);

	mschap_challenge_hash(peer_challenge, authenticator_challenge, user, challenge);
	sha1_update(&sha, sizeof(digest), digest);
	sha1_update(&sha, sizeof(challenge), challenge);
	sha1_update(&sha, sizeof(magic_2) - 1, (const uint8_t *)magic_2);
	sha1_digest(&sha, sizeof(digest), digest);

	*out++ = 'S';
	*out++ = '=';
	for (unsigned int i = 0; i < sizeof(digest); i++) {
		*out++ = digits[digest[i] >> 4];
		*out++ = digits[digest[i] & 15];
	}
	secret_wipe_bytes(hash_hash, sizeof(hash_hash));
	secret_wipe_bytes(&sha, sizeof(sha));
}

void mschap_chap_md5(uint8_t id, struct span secret, struct span challenge, uint8_t out[16])
{
	struct md5_ctx md5;

	md5_init(&md5);
	md5_update(&md5, 1, &id);
	if (secret.len)
		md5_update(&md5, secret.len, secret.bytes);
	if (challenge.len)
		md5_update(&md5, challenge.len, challenge.bytes);
	md5_digest(&md5, MD5_DIGEST_SIZE, out);
	secret_wipe_bytes(&md5, sizeof(md5));
}

int mschap_password_decrypt(const uint8_t block[MSCHAP_PASSWORD_BLOCK_BYTES],
	const uint8_t old_nt_hash[16], uint8_t utf16le[MSCHAP_PASSWORD_UTF16_BYTES_MAX],
	size_t *len)
{
	uint8_t clear[MSCHAP_PASSWORD_BLOCK_BYTES];
	const uint8_t *end = clear + MSCHAP_PASSWORD_UTF16_BYTES_MAX;
	struct arcfour_ctx rc4;
	uint32_t n;
	int rc = -EBADMSG;

	arcfour_set_key(&rc4, MSCHAP_HASH_BYTES, old_nt_hash);
	arcfour_crypt(&rc4, sizeof(clear), clear, block);
	// The length is little-endian, and the password stands right before it.
	n = (uint32_t)end[3] << 24 | (uint32_t)end[2] << 16 | (uint32_t)end[1] << 8 | end[0];
	if (n <= MSCHAP_PASSWORD_UTF16_BYTES_MAX && n % 2 == 0) {
		memcpy(utf16le, end - n, n);
		*len = n;
		rc = 0;
	}
	secret_wipe_bytes(clear, sizeof(clear));
	secret_wipe_bytes(&rc4, sizeof(rc4));
	return rc;
}

void mschap_hash_encrypt(const uint8_t hash[16], const uint8_t key[16], uint8_t out[16])
{
	des_encrypt_block(key, hash, out);
	des_encrypt_block(key + 7, hash + 8, out + 8);
}
