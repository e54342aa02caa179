// SPDX-License-Identifier: BSD-3-Clause
// The yardstick: MPPE 128 bit on OpenSSL's low-level SHA-1 and RC4, packet after packet, as
// any program would write it that has only that library. Its EVP interface costs over a thousand cycles a
// packet more (evp_mppe.h) and would flatter us.
#pragma once

#include "crypto/mppe_key.h"

// OpenSSL 3 marks its low-level calls deprecated; they are its fastest.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rc4.h>

struct openssl_mppe {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	uint16_t n_packets; // stateful
	RC4_KEY rc4;	    // stateful
};

void openssl_mppe_init(struct openssl_mppe *m, const uint8_t start_key[MPPE_KEY_BYTES_MAX]);

// Stateless: one change of key, then data[len] in place.
void openssl_mppe_packet(struct openssl_mppe *m, uint8_t *data, size_t len);

// Stateful: a change of key only where the count of packets ends in FF.
void openssl_mppe_stateful_packet(struct openssl_mppe *m, uint8_t *data, size_t len);

// GetNewKeyFromSHA (RFC 3078 7.1) for 16 bytes, in place.
void openssl_mppe_key_from_sha(const uint8_t *start_key, uint8_t *session_key);
