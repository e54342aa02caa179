// SPDX-License-Identifier: BSD-3-Clause
// Bytes in a heap block of exactly their size, so that a sanitizer or valgrind sees a read or write
// one byte beyond the end.
#pragma once

#include <stdlib.h>
#include <string.h>

// Copies p[n]; the caller frees. Of 0 bytes it is a block of its own too, and not NULL.
static inline void *exact_copy(const void *p, size_t n)
{
	void *copy = malloc(n);

	if (!copy)
		abort();
	if (n)
		memcpy(copy, p, n);
	return copy;
}
