// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/burst.h"

#include <string.h>

static bool always(void)
{
	return true;
}

static void xor_c(uint8_t *data, const uint8_t *stream, size_t len)
{
	uint64_t a[4], b[4];

	for (; len >= sizeof(a); len -= sizeof(a), data += sizeof(a), stream += sizeof(a)) {
		memcpy(a, data, sizeof(a));
		memcpy(b, stream, sizeof(b));
		for (unsigned int i = 0; i < 4; i++)
			a[i] ^= b[i];
		memcpy(data, a, sizeof(a));
	}
	for (; len >= sizeof(a[0]);
		len -= sizeof(a[0]), data += sizeof(a[0]), stream += sizeof(a[0])) {
		memcpy(a, data, sizeof(a[0]));
		memcpy(b, stream, sizeof(b[0]));
		a[0] ^= b[0];
		memcpy(data, a, sizeof(a[0]));
	}
	for (size_t i = 0; i < len; i++)
		data[i] ^= stream[i];
}

static const struct burst_xor plain_c = {"c", always, xor_c};

#ifdef __x86_64__

#include <immintrin.h>

static bool has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

__attribute__((target("avx2"))) static void xor_avx2(
	uint8_t *data, const uint8_t *stream, size_t len)
{
	for (; len >= 32; len -= 32, data += 32, stream += 32) {
		__m256i a = _mm256_loadu_si256((const __m256i *)data);
		__m256i b = _mm256_loadu_si256((const __m256i *)stream);
		_mm256_storeu_si256((__m256i *)data, _mm256_xor_si256(a, b));
	}
	xor_c(data, stream, len);
}

// What is left over in the end goes by a mask: bytes that it leaves out are neither read nor written.
__attribute__((target("avx512f,avx512bw"))) static void xor_avx512(
	uint8_t *data, const uint8_t *stream, size_t len)
{
	for (; len >= 64; len -= 64, data += 64, stream += 64) {
		__m512i a = _mm512_loadu_si512(data);
		__m512i b = _mm512_loadu_si512(stream);
		_mm512_storeu_si512(data, _mm512_xor_si512(a, b));
	}
	if (len > 0) {
		__mmask64 mask = ~0ull >> (64 - len);
		__m512i a = _mm512_maskz_loadu_epi8(mask, data);
		__m512i b = _mm512_maskz_loadu_epi8(mask, stream);
		_mm512_mask_storeu_epi8(data, mask, _mm512_xor_si512(a, b));
	}
}

static const struct burst_xor avx2 = {"avx2", has_avx2, xor_avx2};
static const struct burst_xor avx512 = {"avx512", has_avx512, xor_avx512};

static const struct burst_xor *const all[] = {&avx512, &avx2, &plain_c};

#else

static const struct burst_xor *const all[] = {&plain_c};

#endif

const struct burst_xor *burst_xor_get(unsigned int i)
{
	return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}
