// SPDX-License-Identifier: BSD-3-Clause
#include "perf/evp_mppe.h"

#include <openssl/provider.h>

#include <stdlib.h>
#include <string.h>

struct evp_library {
	OSSL_PROVIDER *legacy, *standard;
	EVP_MD *sha1;
	EVP_CIPHER *rc4;
	EVP_MD_CTX *hash;
	EVP_CIPHER_CTX *scratch; // of stateless packets and changes of key
};

struct evp_library *evp_library_new(void)
{
	struct evp_library *library = calloc(1, sizeof(*library));

	if (!library)
		abort();
	library->legacy = OSSL_PROVIDER_load(NULL, "legacy");
	library->standard = OSSL_PROVIDER_load(NULL, "default");
	library->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	library->rc4 = library->legacy ? EVP_CIPHER_fetch(NULL, "RC4", NULL) : NULL;
	library->hash = EVP_MD_CTX_new();
	library->scratch = EVP_CIPHER_CTX_new();
	if (!library->sha1 || !library->rc4 || !library->hash || !library->scratch) {
		evp_library_free(library);
		return NULL;
	}
	return library;
}

void evp_library_free(struct evp_library *library)
{
	if (!library)
		return;
	EVP_CIPHER_CTX_free(library->scratch);
	EVP_MD_CTX_free(library->hash);
	EVP_CIPHER_free(library->rc4);
	EVP_MD_free(library->sha1);
	if (library->legacy)
		OSSL_PROVIDER_unload(library->legacy);
	if (library->standard)
		OSSL_PROVIDER_unload(library->standard);
	free(library);
}

// A failure shows in the comparison of what comes out.
static void key_from_sha(
	struct evp_library *library, const uint8_t *start_key, uint8_t *session_key)
{
	static const uint8_t pads[80] = {
		[40 ... 79] = 0xf2,
	};
	uint8_t digest[EVP_MAX_MD_SIZE];

	EVP_DigestInit_ex(library->hash, library->sha1, NULL);
	EVP_DigestUpdate(library->hash, start_key, MPPE_KEY_BYTES_MAX);
	EVP_DigestUpdate(library->hash, pads, 40);
	EVP_DigestUpdate(library->hash, session_key, MPPE_KEY_BYTES_MAX);
	EVP_DigestUpdate(library->hash, pads + 40, 40);
	EVP_DigestFinal_ex(library->hash, digest, NULL);
	memcpy(session_key, digest, MPPE_KEY_BYTES_MAX);
}

static void crypt(EVP_CIPHER_CTX *rc4, uint8_t *data, size_t len)
{
	int n = 0;

	EVP_EncryptUpdate(rc4, data, &n, data, (int)len);
}

static void change_key(struct evp_mppe *m, struct evp_library *library, EVP_CIPHER_CTX *rc4)
{
	key_from_sha(library, m->start_key, m->session_key);
	EVP_EncryptInit_ex(rc4, library->rc4, NULL, m->session_key, NULL);
	crypt(rc4, m->session_key, MPPE_KEY_BYTES_MAX);
	EVP_EncryptInit_ex(rc4, NULL, NULL, m->session_key, NULL);
}

void evp_mppe_init(struct evp_mppe *m, struct evp_library *library,
	const uint8_t start_key[MPPE_KEY_BYTES_MAX])
{
	memcpy(m->start_key, start_key, MPPE_KEY_BYTES_MAX);
	memcpy(m->session_key, start_key, MPPE_KEY_BYTES_MAX);
	key_from_sha(library, m->start_key, m->session_key);
	m->n_packets = 0;
	m->rc4 = EVP_CIPHER_CTX_new();
	if (!m->rc4)
		abort();
	EVP_EncryptInit_ex(m->rc4, library->rc4, NULL, m->session_key, NULL);
}

void evp_mppe_fini(struct evp_mppe *m)
{
	EVP_CIPHER_CTX_free(m->rc4);
	m->rc4 = NULL;
}

void evp_mppe_packet(struct evp_mppe *m, struct evp_library *library, uint8_t *data, size_t len)
{
	change_key(m, library, library->scratch);
	crypt(library->scratch, data, len);
}

void evp_mppe_stateful_packet(
	struct evp_mppe *m, struct evp_library *library, uint8_t *data, size_t len)
{
	if ((m->n_packets++ & 0xff) == 0xff)
		change_key(m, library, m->rc4);
	crypt(m->rc4, data, len);
}
