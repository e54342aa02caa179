// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/rc4.h"

void rc4_begin(struct rc4_state *rc4, const uint8_t *key, uint8_t key_len)
{
	uint8_t *s = rc4->s;
	uint8_t j = 0;

	for (unsigned int i = 0; i < 256; i++)
		s[i] = (uint8_t)i;
	for (unsigned int i = 0, k = 0; i < 256; i++) {
		uint8_t si = s[i];
		j = (uint8_t)(j + si + key[k]);
		s[i] = s[j];
		s[j] = si;
		if (++k == key_len)
			k = 0;
	}
	rc4->i = 0;
	rc4->j = 0;
}

void rc4_crypt(struct rc4_state *rc4, uint8_t *data, size_t len)
{
	uint8_t *s = rc4->s;
	uint8_t i = rc4->i, j = rc4->j;

	for (size_t n = 0; n < len; n++) {
		uint8_t si = s[++i];
		uint8_t sj = s[j = (uint8_t)(j + si)];
		s[i] = sj;
		s[j] = si;
		data[n] ^= s[(uint8_t)(si + sj)];
	}
	rc4->i = i;
	rc4->j = j;
}
