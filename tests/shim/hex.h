// SPDX-License-Identifier: BSD-3-Clause
// Bytes written as hex in a test, as RFCs and dissectors print them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// Decodes pairs of hex digits; spaces between pairs are allowed. A mistake in the text or more than
// cap bytes abort: it is the test that is wrong. Returns the number of bytes.
static inline size_t hex_bytes(uint8_t *out, size_t cap, const char *text)
{
	size_t n = 0;

	while (*text) {
		if (*text == ' ') {
			text++;
			continue;
		}
		char pair[3] = {text[0], text[1], 0};
		char *end;
		unsigned long v = strtoul(pair, &end, 16);

		if (end != pair + 2 || n == cap)
			abort();
		out[n++] = (uint8_t)v;
		text += 2;
	}
	return n;
}
