// SPDX-License-Identifier: BSD-3-Clause
#include "perf/openssl_mppe.h"

#include <openssl/sha.h>

#include <string.h>

void openssl_mppe_key_from_sha(const uint8_t *start_key, uint8_t *session_key)
{
	static const uint8_t pads[80] = {
		[40 ... 79] = 0xf2,
	};
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX sha;

	SHA1_Init(&sha);
	SHA1_Update(&sha, start_key, MPPE_KEY_BYTES_MAX);
	SHA1_Update(&sha, pads, 40);
	SHA1_Update(&sha, session_key, MPPE_KEY_BYTES_MAX);
	SHA1_Update(&sha, pads + 40, 40);
	SHA1_Final(digest, &sha);
	memcpy(session_key, digest, MPPE_KEY_BYTES_MAX);
}

void openssl_mppe_init(struct openssl_mppe *m, const uint8_t start_key[MPPE_KEY_BYTES_MAX])
{
	memcpy(m->start_key, start_key, MPPE_KEY_BYTES_MAX);
	memcpy(m->session_key, start_key, MPPE_KEY_BYTES_MAX);
	openssl_mppe_key_from_sha(m->start_key, m->session_key);
	m->n_packets = 0;
	RC4_set_key(&m->rc4, MPPE_KEY_BYTES_MAX, m->session_key);
}

static void change_key(struct openssl_mppe *m, RC4_KEY *rc4)
{
	openssl_mppe_key_from_sha(m->start_key, m->session_key);
	RC4_set_key(rc4, MPPE_KEY_BYTES_MAX, m->session_key);
	RC4(rc4, MPPE_KEY_BYTES_MAX, m->session_key, m->session_key);
	RC4_set_key(rc4, MPPE_KEY_BYTES_MAX, m->session_key);
}

void openssl_mppe_packet(struct openssl_mppe *m, uint8_t *data, size_t len)
{
	RC4_KEY rc4;

	change_key(m, &rc4);
	RC4(&rc4, len, data, data);
}

void openssl_mppe_stateful_packet(struct openssl_mppe *m, uint8_t *data, size_t len)
{
	if ((m->n_packets++ & 0xff) == 0xff)
		change_key(m, &m->rc4);
	RC4(&m->rc4, len, data, data);
}
