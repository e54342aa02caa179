// SPDX-License-Identifier: BSD-3-Clause
#include "base/secret.h"

#include <errno.h>

void secret_wipe_bytes(void *p, size_t n)
{
	if (n == 0)
		return;
	memset(p, 0, n);
	__asm__ volatile("" : : "r"(p) : "memory");
}

bool secret_equal_bytes(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}

int secret_set(struct secret *s, struct span bytes)
{
	secret_wipe(s);
	if (bytes.len > sizeof(s->bytes))
		return -EMSGSIZE;
	if (bytes.len)
		memcpy(s->bytes, bytes.bytes, bytes.len);
	s->len = (uint16_t)bytes.len;
	return 0;
}
