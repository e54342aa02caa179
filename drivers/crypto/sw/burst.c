// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/burst.h"

#include "base/secret.h"
#include "drivers/crypto/sw/burst_scratch.h"
#include "observe/counters.h"

#include <errno.h>
#include <stdlib.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

// Of the time-stamp counter; 0 where there is none.
static uint64_t cycles_now(void)
{
#ifdef __x86_64__
	return __rdtsc();
#else
	return 0;
#endif
}

static void form_init(struct key_form *form, enum mppe_strength strength)
{
	uint8_t none[MPPE_KEY_BYTES_MAX] = {0}, all[MPPE_KEY_BYTES_MAX];

	form->is_long = mppe_key_len(strength) == MPPE_KEY_BYTES_MAX ? UINT64_MAX : 0;
	memset(all, 0xff, sizeof(all));
	mppe_key_salt(strength, none);
	mppe_key_salt(strength, all);
	memcpy(&form->salt_low, none, sizeof(form->salt_low));
	// A bit of the salt is one that comes out the same whatever was there.
	memcpy(&form->keep_low, all, sizeof(form->keep_low));
	form->keep_low ^= form->salt_low;
}

static burst_xor_fn *widest_xor(void)
{
	for (unsigned int i = 0;; i++) {
		const struct burst_xor *x = burst_xor_get(i);
		if (x->is_supported())
			return x->run;
	}
}

int burst_open_with(const struct burst_parts *parts, struct burst **out)
{
	const struct sha1_keys *sha1 = parts->sha1 ? parts->sha1 : sha1_keys_find(NULL);
	struct burst *b;
	int rc = 0;

	if (!sha1->is_supported())
		return -ENOTSUP;
	b = aligned_alloc(64, sizeof(*b));
	if (!b)
		return -ENOMEM;
	memset(b, 0, sizeof(*b));
	b->rc4 = parts->rc4 ? parts->rc4 : rc4_kernels_best();
	b->sha1 = sha1;
	b->xor_run = parts->xor_run ? parts->xor_run : widest_xor();
	form_init(&b->forms[FORM_128], MPPE_STRENGTH_128);
	form_init(&b->forms[FORM_56], MPPE_STRENGTH_56);
	form_init(&b->forms[FORM_40], MPPE_STRENGTH_40);
	for (unsigned int i = 0; i < RC4_LANES; i++)
		b->stream_starts[i] = b->streams[i];
	for (unsigned int i = 0; i < BURST_PACKETS; i++)
		b->hash_starts[i] = b->hashes[i];
	if (sha1->open)
		rc = sha1->open(&b->sha1_state);
	if (rc != 0) {
		free(b);
		return rc;
	}
	*out = b;
	return 0;
}

int burst_open(const char *sha1, const char *kernels, struct burst **out)
{
	struct burst_parts parts = {.sha1 = sha1_keys_find(sha1)};

	if (kernels)
		parts.rc4 = rc4_kernels_find(kernels);
	if (!parts.sha1 || (kernels && !parts.rc4))
		return -EINVAL;
	return burst_open_with(&parts, out);
}

void burst_close(struct burst *b)
{
	if (!b)
		return;
	if (b->sha1->close)
		b->sha1->close(b->sha1_state);
	secret_wipe_bytes(b, sizeof(*b));
	free(b);
}

static void count(const struct burst *b, struct crypto_counters *c, unsigned int n,
	uint64_t n_bytes, uint64_t cycles)
{
	counter_add(&c->ops, n);
	counter_add(&c->bytes, n_bytes);
	counter_add(&c->key_changes, b->n_keys);
	counter_add(&c->late, b->n_late);
	counter_add(&c->errors, b->n_errors);
	counter_add(&c->batches[crypto_batch_class(n)], 1);
	counter_add(&c->busy_cycles, cycles);
}

void burst_run(struct burst *b, struct burst_packet *packets, unsigned int n,
	struct crypto_counters *counters)
{
	uint64_t begin = cycles_now(), n_bytes;

	if (n == 0)
		return;
	burst_keys(b, packets, n);
	n_bytes = burst_streams(b, packets, n);
	if (counters)
		count(b, counters, n, n_bytes, cycles_now() - begin);
}
