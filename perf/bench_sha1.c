// SPDX-License-Identifier: BSD-3-Clause
// The key hash of MPPE in every way that there is, by how many keys are hashed at once, beside OpenSSL and nettle
// one key after the other. Of ipsec-mb what it takes for this CPU, and what it would take on others.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "drivers/crypto/sw/sha1_keys.h"
#if defined(HAVE_IPSEC_MB)
#include "drivers/crypto/imb/sha1_imb.h"
#endif
#include "perf/bench.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

enum {
	WAYS_MAX = 24,
	COUNTS = 6,
	LENS = 2,
	KEYS_A_SAMPLE = 128,
	REFERENCE = 0, // OpenSSL
};

static const unsigned int counts[COUNTS] = {1, 2, 4, 8, 16, SHA1_KEYS_MAX};
static const uint8_t lens[LENS] = {16, 8};

struct way {
	const struct sha1_keys *keys;
	void *state;
	struct bench_series cycles[LENS][COUNTS], ratio[LENS][COUNTS];
};

struct race {
	struct way ways[WAYS_MAX];
	unsigned int n_ways;
	struct bench_series canary;
	uint8_t start[SHA1_KEYS_MAX][MPPE_KEY_BYTES_MAX];
	uint8_t session[SHA1_KEYS_MAX][MPPE_KEY_BYTES_MAX];
	uint8_t key[SHA1_KEYS_MAX][MPPE_KEY_BYTES_MAX];
	const uint8_t *starts[SHA1_KEYS_MAX], *sessions[SHA1_KEYS_MAX];
	uint8_t *keys[SHA1_KEYS_MAX];
};

// --- references -----------------------------------------------------------------------------------

static bool always(void)
{
	return true;
}

static void openssl_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	static const uint8_t pads[80] = {[40 ... 79] = 0xf2};
	uint8_t digest[SHA_DIGEST_LENGTH];
	SHA_CTX sha;

	for (unsigned int i = 0; i < n; i++) {
		SHA1_Init(&sha);
		SHA1_Update(&sha, start[i], key_len);
		SHA1_Update(&sha, pads, 40);
		SHA1_Update(&sha, session[i], key_len);
		SHA1_Update(&sha, pads + 40, 40);
		SHA1_Final(digest, &sha);
		memset(key[i], 0, MPPE_KEY_BYTES_MAX);
		memcpy(key[i], digest, key_len);
	}
}

static void nettle_run(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		mppe_key_from_sha(start[i], session[i], key_len, key[i]);
}

static const struct sha1_keys openssl = {
	.name = "OpenSSL", .is_supported = always, .run = openssl_run};
static const struct sha1_keys nettle = {
	.name = "nettle", .is_supported = always, .run = nettle_run};

// --- the race -------------------------------------------------------------------------------------

static void add_way(struct race *r, const struct sha1_keys *keys, const char *only)
{
	struct way *w = &r->ways[r->n_ways];

	if (r->n_ways > REFERENCE && only && strcmp(only, keys->name) != 0)
		return;
	if (r->n_ways == WAYS_MAX || !keys->is_supported() ||
		(keys->open && keys->open(&w->state) != 0)) {
		printf("%s: not on this CPU\n", keys->name);
		return;
	}
	w->keys = keys;
	r->n_ways++;
}

static struct race *race_new(const char *only)
{
	struct race *r = calloc(1, sizeof(*r));

	if (!r) {
		perror("bench_sha1");
		exit(1);
	}
	for (unsigned int i = 0; i < SHA1_KEYS_MAX; i++) {
		for (unsigned int b = 0; b < MPPE_KEY_BYTES_MAX; b++) {
			r->start[i][b] = (uint8_t)random();
			r->session[i][b] = (uint8_t)random();
		}
		r->starts[i] = r->start[i];
		r->sessions[i] = r->session[i];
		r->keys[i] = r->key[i];
	}
	add_way(r, &openssl, only);
	add_way(r, &nettle, only);
	for (unsigned int i = 0; sha1_keys_get(i); i++)
		add_way(r, sha1_keys_get(i), only);
#if defined(HAVE_IPSEC_MB)
	for (unsigned int i = 0; sha1_imb_variant(i); i++)
		add_way(r, sha1_imb_variant(i), only);
#endif
	return r;
}

static void race_free(struct race *r)
{
	for (unsigned int i = 0; i < r->n_ways; i++) {
		struct way *w = &r->ways[i];

		if (w->keys->close)
			w->keys->close(w->state);
		for (unsigned int l = 0; l < LENS; l++) {
			for (unsigned int c = 0; c < COUNTS; c++) {
				bench_series_free(&w->cycles[l][c]);
				bench_series_free(&w->ratio[l][c]);
			}
		}
	}
	bench_series_free(&r->canary);
	free(r);
}

static bool is_right(struct race *r, const struct way *w)
{
	for (unsigned int l = 0; l < LENS; l++) {
		for (unsigned int n = 1; n <= SHA1_KEYS_MAX; n++) {
			w->keys->run(w->state, r->starts, r->sessions, r->keys, lens[l], n);
			for (unsigned int i = 0; i < n; i++) {
				uint8_t right[MPPE_KEY_BYTES_MAX];

				mppe_key_from_sha(r->start[i], r->session[i], lens[l], right);
				if (memcmp(right, r->key[i], sizeof(right)) != 0)
					return false;
			}
		}
	}
	return true;
}

// Cycles a key, in calls of `n` keys that do not wait for each other's answers.
static double sample(struct race *r, const struct way *w, uint8_t key_len, unsigned int n)
{
	uint64_t begin = bench_now_tsc();

	for (unsigned int done = 0; done < KEYS_A_SAMPLE; done += n)
		w->keys->run(w->state, r->starts, r->sessions, r->keys, key_len, n);
	return (double)(bench_now_tsc() - begin) / KEYS_A_SAMPLE;
}

// All ways in turn, so that what disturbs one disturbs all.
static void run_round(struct race *r, unsigned int l, unsigned int c, bool is_counted)
{
	double reference = 0;

	for (unsigned int i = 0; i < r->n_ways; i++) {
		struct way *w = &r->ways[i];
		double cycles = sample(r, w, lens[l], counts[c]);

		if (i == REFERENCE)
			reference = cycles;
		if (!is_counted)
			continue;
		bench_series_add(&w->cycles[l][c], cycles);
		bench_series_add(&w->ratio[l][c], reference / cycles);
	}
	if (is_counted)
		bench_series_add(&r->canary, bench_canary());
}

static void print(struct race *r, unsigned int l)
{
	struct bench_table table = {0};

	bench_table_add(&table, "%u byte keys, cycles a key|1|2|4|8|16|32|OpenSSL / it, at 16",
		(unsigned int)lens[l]);
	for (unsigned int i = 0; i < r->n_ways; i++) {
		struct bench_series *cycles = r->ways[i].cycles[l];
		struct bench_series *ratio = &r->ways[i].ratio[l][4];

		bench_table_add(&table, "%s|%.0f|%.0f|%.0f|%.0f|%.0f|%.0f|%.2f (%.2f-%.2f)",
			r->ways[i].keys->name, bench_median(&cycles[0]), bench_median(&cycles[1]),
			bench_median(&cycles[2]), bench_median(&cycles[3]),
			bench_median(&cycles[4]), bench_median(&cycles[5]), bench_median(ratio),
			bench_quantile(ratio, 0.1), bench_quantile(ratio, 0.9));
	}
	bench_table_print(&table, stdout);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_begin(argc, argv,
		"The key hash of MPPE: TSC cycles a key, median, by keys at once; the ratio with "
		"its "
		"quantiles 0.1 and 0.9");
	struct race *r = race_new(options.name);
	bool ok = true;

	for (unsigned int i = 0; i < r->n_ways; i++) {
		if (is_right(r, &r->ways[i]))
			continue;
		printf("%s: WRONG ANSWER\n", r->ways[i].keys->name);
		ok = false;
	}
	for (unsigned int s = 0; s < options.n_samples + 1; s++)
		for (unsigned int l = 0; l < LENS; l++)
			for (unsigned int c = 0; c < COUNTS; c++)
				run_round(r, l, c, s > 0); // the first warms caches and clock
	for (unsigned int l = 0; l < LENS; l++)
		print(r, l);
	printf("canary %.3f (%.3f-%.3f)\n", bench_median(&r->canary),
		bench_quantile(&r->canary, 0.1), bench_quantile(&r->canary, 0.9));
	race_free(r);
	return ok ? 0 : 1;
}
