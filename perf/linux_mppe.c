// SPDX-License-Identifier: BSD-3-Clause
#include "perf/linux_mppe.h"

#include "perf/openssl_mppe.h"

#include <string.h>

static void set_key(struct linux_arc4 *arc4, const uint8_t key[MPPE_KEY_BYTES_MAX])
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < 256; i++)
		arc4->s[i] = i;
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t a = arc4->s[i];

		j = (j + a + key[i % MPPE_KEY_BYTES_MAX]) & 0xff;
		arc4->s[i] = arc4->s[j];
		arc4->s[j] = a;
	}
	arc4->i = 0;
	arc4->j = 0;
}

// The loads of the next step stand before the output of this one, as in the kernel: the compiler may not move
// them over the stores by itself, and it is worth about a cycle a byte.
static void crypt(struct linux_arc4 *arc4, uint8_t *data, size_t len)
{
	uint32_t *s = arc4->s;
	uint32_t i = (arc4->i + 1) & 0xff, a = s[i];
	uint32_t j = (arc4->j + a) & 0xff, b = s[j];

	if (len == 0)
		return;
	for (;;) {
		uint32_t next_i = (i + 1) & 0xff, next_a, next_j, next_b;

		s[i] = b;
		s[j] = a;
		next_a = s[next_i];
		next_j = (j + next_a) & 0xff;
		next_b = s[next_j];
		*data++ ^= (uint8_t)s[(a + b) & 0xff];
		if (--len == 0)
			break;
		i = next_i;
		j = next_j;
		a = next_a;
		b = next_b;
	}
	arc4->i = i;
	arc4->j = j;
}

static void change_key(struct linux_mppe *m)
{
	openssl_mppe_key_from_sha(m->start_key, m->session_key);
	set_key(&m->arc4, m->session_key);
	crypt(&m->arc4, m->session_key, MPPE_KEY_BYTES_MAX);
	set_key(&m->arc4, m->session_key);
}

void linux_mppe_init(struct linux_mppe *m, const uint8_t start_key[MPPE_KEY_BYTES_MAX])
{
	memcpy(m->start_key, start_key, MPPE_KEY_BYTES_MAX);
	memcpy(m->session_key, start_key, MPPE_KEY_BYTES_MAX);
	openssl_mppe_key_from_sha(m->start_key, m->session_key);
	m->n_packets = 0;
	set_key(&m->arc4, m->session_key);
}

void linux_mppe_packet(struct linux_mppe *m, uint8_t *data, size_t len)
{
	change_key(m);
	crypt(&m->arc4, data, len);
}

void linux_mppe_stateful_packet(struct linux_mppe *m, uint8_t *data, size_t len)
{
	if ((m->n_packets++ & 0xff) == 0xff)
		change_key(m);
	crypt(&m->arc4, data, len);
}
