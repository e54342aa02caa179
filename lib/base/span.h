// SPDX-License-Identifier: BSD-3-Clause
// A borrowed run of bytes: pointer and length, never owned.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *bytes;
	size_t len;
};

static inline struct span span_of(const void *bytes, size_t len)
{
	return (struct span){.bytes = bytes, .len = len};
}

static inline struct span span_of_text(const char *text)
{
	return span_of(text, strlen(text));
}

// Not constant time: never for secrets (see secret.h).
static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.bytes, b.bytes, a.len) == 0);
}
