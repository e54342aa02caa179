// SPDX-License-Identifier: BSD-3-Clause
// MPPE 128 bit as a program writes it that keeps to OpenSSL's documented interface (EVP): fetched once, contexts
// used again. RC4 is in OpenSSL's legacy provider, which not every installation has.
#pragma once

#include "crypto/mppe_key.h"

#include <openssl/evp.h>

struct evp_library; // what all sessions have in common

// NULL when OpenSSL has no RC4 here.
struct evp_library *evp_library_new(void);
void evp_library_free(struct evp_library *library);

struct evp_mppe {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	uint16_t n_packets;  // stateful
	EVP_CIPHER_CTX *rc4; // stateful; owned
};

void evp_mppe_init(struct evp_mppe *m, struct evp_library *library,
	const uint8_t start_key[MPPE_KEY_BYTES_MAX]);
void evp_mppe_fini(struct evp_mppe *m);

// As openssl_mppe_packet() and openssl_mppe_stateful_packet().
void evp_mppe_packet(struct evp_mppe *m, struct evp_library *library, uint8_t *data, size_t len);
void evp_mppe_stateful_packet(
	struct evp_mppe *m, struct evp_library *library, uint8_t *data, size_t len);
