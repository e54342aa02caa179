// SPDX-License-Identifier: BSD-3-Clause
// Keys and passwords: compared in constant time, wiped by their owner, never logged.
#pragma once

#include "base/span.h"

enum { SECRET_BYTES_MAX = 256 };

struct secret {
	uint16_t len;
	uint8_t bytes[SECRET_BYTES_MAX];
};

// Overwrites p[n] in a way that the compiler may not remove.
void secret_wipe_bytes(void *p, size_t n);

// True if a[n] and b[n] hold the same bytes; the time depends on n only.
bool secret_equal_bytes(const void *a, const void *b, size_t n);

// Returns 0, or -EMSGSIZE when the bytes do not fit (the secret is then empty).
int secret_set(struct secret *s, struct span bytes);

static inline void secret_wipe(struct secret *s)
{
	secret_wipe_bytes(s, sizeof(*s));
}
