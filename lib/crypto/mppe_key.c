// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/mppe_key.h"

#include "base/secret.h"

#include <nettle/arcfour.h>
#include <nettle/sha1.h>

#include <assert.h>
#include <string.h>

enum { PAD_BYTES = 40 };

static const char magic_master[] = "This is the MPPE Master Key";
static const char magic_client_sends[] = "On the client side, this is the send key; "
					 "on the server side, it is the receive key.";
static const char magic_server_sends[] = "On the client side, this is the receive key; "
					 "on the server side, it is the send key.";

static const uint8_t pad_1[PAD_BYTES];
static const uint8_t pad_2[PAD_BYTES] = {
	0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, //
	0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, //
	0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, //
	0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, 0xf2, //
};

// SHA-1(a, pad 1, b, pad 2), cut to `len` bytes and zero-padded: both derivations have this shape.
static void padded_sha1(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len, uint8_t len,
	uint8_t out[MPPE_KEY_BYTES_MAX])
{
	struct sha1_ctx sha;
	uint8_t digest[MPPE_KEY_BYTES_MAX];

	sha1_init(&sha);
	sha1_update(&sha, a_len, a);
	sha1_update(&sha, PAD_BYTES, pad_1);
	sha1_update(&sha, b_len, b);
	sha1_update(&sha, PAD_BYTES, pad_2);
	sha1_digest(&sha, len, digest);

	memset(out, 0, MPPE_KEY_BYTES_MAX);
	memcpy(out, digest, len);
	secret_wipe_bytes(digest, sizeof(digest));
	secret_wipe_bytes(&sha, sizeof(sha));
}

// GetAsymmetricStartKey of RFC 3079 3.4, always all 16 bytes.
static void asymmetric_start_key(const uint8_t master[MPPE_KEY_BYTES_MAX], bool client_sends,
	uint8_t out[MPPE_KEY_BYTES_MAX])
{
	const char *magic = client_sends ? magic_client_sends : magic_server_sends;

	// Both sentences have the same length.
	static_assert(sizeof(magic_client_sends) == sizeof(magic_server_sends), "magic");
	padded_sha1(master, MPPE_KEY_BYTES_MAX, (const uint8_t *)magic,
		sizeof(magic_client_sends) - 1, MPPE_KEY_BYTES_MAX, out);
}

void mppe_key_start_mschapv2(const uint8_t nt_hash_hash[16], const uint8_t nt_response[24],
	bool is_server, struct mppe_start_keys *out)
{
	struct sha1_ctx sha;
	uint8_t master[MPPE_KEY_BYTES_MAX];

	sha1_init(&sha);
	sha1_update(&sha, 16, nt_hash_hash);
	sha1_update(&sha, 24, nt_response);
	sha1_update(&sha, sizeof(magic_master) - 1, (const uint8_t *)magic_master);
	sha1_digest(&sha, sizeof(master), master);

	memset(out, 0, sizeof(*out));
	asymmetric_start_key(master, !is_server, out->send);
	asymmetric_start_key(master, is_server, out->receive);
	secret_wipe_bytes(master, sizeof(master));
	secret_wipe_bytes(&sha, sizeof(sha));
}

void mppe_key_start_mschapv1(const uint8_t challenge[8], const uint8_t nt_hash_hash[16],
	const uint8_t *lm_hash, struct mppe_start_keys *out)
{
	struct sha1_ctx sha;

	memset(out, 0, sizeof(*out));
	sha1_init(&sha);
	sha1_update(&sha, 16, nt_hash_hash);
	sha1_update(&sha, 16, nt_hash_hash);
	sha1_update(&sha, 8, challenge);
	sha1_digest(&sha, sizeof(out->send), out->send);
	memcpy(out->receive, out->send, sizeof(out->receive));
	out->is_v1 = true;
	if (lm_hash) {
		memcpy(out->lm, lm_hash, sizeof(out->lm));
		out->has_lm = true;
	}
	secret_wipe_bytes(&sha, sizeof(sha));
}

void mppe_key_from_sha(const uint8_t *start_key, const uint8_t *session_key, uint8_t key_len,
	uint8_t out[MPPE_KEY_BYTES_MAX])
{
	padded_sha1(start_key, key_len, session_key, key_len, key_len, out);
}

void mppe_key_salt(enum mppe_strength strength, uint8_t session_key[MPPE_KEY_BYTES_MAX])
{
	switch (strength) {
	case MPPE_STRENGTH_40:
		session_key[0] = 0xd1;
		session_key[1] = 0x26;
		session_key[2] = 0x9e;
		break;
	case MPPE_STRENGTH_56:
		session_key[0] = 0xd1;
		break;
	case MPPE_STRENGTH_128:
	case MPPE_STRENGTH_NONE:
		break;
	}
}

void mppe_key_initial(enum mppe_strength strength, const uint8_t *start_key,
	uint8_t session_key[MPPE_KEY_BYTES_MAX])
{
	mppe_key_from_sha(start_key, start_key, mppe_key_len(strength), session_key);
	mppe_key_salt(strength, session_key);
}

void mppe_key_change(enum mppe_strength strength, const uint8_t *start_key,
	uint8_t session_key[MPPE_KEY_BYTES_MAX])
{
	uint8_t key_len = mppe_key_len(strength);
	struct arcfour_ctx rc4;

	mppe_key_from_sha(start_key, session_key, key_len, session_key);
	arcfour_set_key(&rc4, key_len, session_key);
	arcfour_crypt(&rc4, key_len, session_key, session_key);
	mppe_key_salt(strength, session_key);
	secret_wipe_bytes(&rc4, sizeof(rc4));
}
