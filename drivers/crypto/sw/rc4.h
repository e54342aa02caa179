// SPDX-License-Identifier: BSD-3-Clause
// RC4, one stream at a time.
#pragma once

#include "crypto/op.h"

// The key schedule: 256 steps over key[key_len].
void rc4_begin(struct rc4_state *rc4, const uint8_t *key, uint8_t key_len);

// Exclusive-or of data[len] with the next bytes of the key stream.
void rc4_crypt(struct rc4_state *rc4, uint8_t *data, size_t len);
