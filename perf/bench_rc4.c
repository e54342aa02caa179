// SPDX-License-Identifier: BSD-3-Clause
// RC4 alone, by kernel and number of lanes, beside OpenSSL's: cycles a key schedule and cycles a byte of key stream, of
// streams from their begin and of resumed ones.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "drivers/crypto/sw/rc4_lanes.h"
#include "perf/bench_noise.h"

#include <math.h>
#include <openssl/rc4.h>
#include <stdlib.h>
#include <string.h>

enum {
	KERNELS_MAX = 4,
	STREAM_BLOCKS = 88,
	STREAM_BYTES = STREAM_BLOCKS * RC4_BLOCK_BYTES,
	ROW_BYTES = STREAM_BYTES + 3 * 64, // not a power of two, as packets in scratch
	RESUME_I = 77,			   // where the resumed streams stand
};

enum what { BEGIN, STREAM, RESUME, LOAD_STORE, WHATS };

struct way {
	const struct rc4_kernels *kernels;
	unsigned int n_lanes;
	struct bench_series cycles[WHATS]; // a lane; of STREAM and RESUME a lane and byte
	struct bench_series ratio[WHATS];
};

struct race {
	struct way ways[KERNELS_MAX * RC4_LANES];
	unsigned int n_ways;
	struct bench_series reference[WHATS], canary;
	struct bench_noise noise;
	struct rc4_lanes lanes;
	struct rc4_state states[RC4_LANES];
	uint8_t keys[RC4_LANES][MPPE_KEY_BYTES_MAX];
	uint8_t data[RC4_LANES][ROW_BYTES] __attribute__((aligned(64)));
	uint8_t *out[RC4_LANES];
};

static struct race *race_new(const char *only)
{
	static const char *const names[] = {"c", "x86"};
	struct race *r = aligned_alloc(64, (sizeof(*r) + 63) / 64 * 64);

	if (!r) {
		perror("bench_rc4");
		exit(1);
	}
	memset(r, 0, sizeof(*r));
	for (unsigned int k = 0; k < RC4_LANES; k++)
		r->out[k] = r->data[k];
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct rc4_kernels *kernels = rc4_kernels_find(names[i]);

		if (only && strcmp(only, names[i]) != 0)
			continue;
		if (!kernels)
			printf("%s: not on this CPU\n", names[i]);
		for (unsigned int n = 1; kernels && n <= RC4_LANES; n++)
			r->ways[r->n_ways++] = (struct way){.kernels = kernels, .n_lanes = n};
	}
	return r;
}

static void race_free(struct race *r)
{
	for (unsigned int w = 0; w < WHATS; w++) {
		for (unsigned int i = 0; i < r->n_ways; i++) {
			bench_series_free(&r->ways[i].cycles[w]);
			bench_series_free(&r->ways[i].ratio[w]);
		}
		bench_series_free(&r->reference[w]);
	}
	bench_series_free(&r->canary);
	free(r);
}

static void new_keys(struct race *r)
{
	for (unsigned int k = 0; k < RC4_LANES; k++)
		for (unsigned int i = 0; i < MPPE_KEY_BYTES_MAX; i++)
			r->keys[k][i] = (uint8_t)(random() >> 8);
}

static void sample_reference(struct race *r, double cycles[WHATS])
{
	RC4_KEY rc4;

	memset(r->data[0], 0, STREAM_BYTES);
	uint64_t t0 = bench_now_tsc();
	RC4_set_key(&rc4, MPPE_KEY_BYTES_MAX, r->keys[0]);
	uint64_t t1 = bench_now_tsc();
	RC4(&rc4, STREAM_BYTES, r->data[0], r->data[0]);
	uint64_t t2 = bench_now_tsc();

	cycles[BEGIN] = (double)(t1 - t0);
	cycles[STREAM] = cycles[RESUME] = (double)(t2 - t1) / STREAM_BYTES;
	cycles[LOAD_STORE] = 0;
}

static void sample_way(struct race *r, const struct way *w, double cycles[WHATS])
{
	const struct rc4_kernels *kernels = w->kernels;
	struct rc4_lanes *l = &r->lanes;
	unsigned int n = w->n_lanes;

	for (unsigned int k = 0; k < n; k++)
		memcpy(l->lanes[k].key, r->keys[k], MPPE_KEY_BYTES_MAX);
	uint64_t t0 = bench_now_tsc();
	kernels->begin(l, n);
	uint64_t t1 = bench_now_tsc();
	kernels->stream(l, n, 0, STREAM_BLOCKS, r->out);
	uint64_t t2 = bench_now_tsc();

	for (unsigned int k = 0; k < n; k++) {
		memcpy(r->states[k].s, l->lanes[k].s, sizeof(r->states[k].s));
		r->states[k].i = RESUME_I;
		r->states[k].j = (uint8_t)l->lanes[k].j;
	}
	uint64_t t3 = bench_now_tsc();
	for (unsigned int k = 0; k < n; k++)
		rc4_lanes_load(l, k, &r->states[k]);
	uint64_t t4 = bench_now_tsc();
	kernels->resume(l, n, 0, STREAM_BLOCKS, r->out);
	uint64_t t5 = bench_now_tsc();
	for (unsigned int k = 0; k < n; k++)
		rc4_lanes_store(l, k, STREAM_BYTES, &r->states[k], r->out[k] + STREAM_BYTES);
	uint64_t t6 = bench_now_tsc();

	cycles[BEGIN] = (double)(t1 - t0) / n;
	cycles[STREAM] = (double)(t2 - t1) / (n * STREAM_BYTES);
	cycles[RESUME] = (double)(t5 - t4) / (n * STREAM_BYTES);
	cycles[LOAD_STORE] = (double)(t4 - t3 + t6 - t5) / n;
}

// Each way has a sample of OpenSSL's of its own right before it, so that what disturbs one disturbs both. The
// first of each is not counted: it fetches the code, which is as long as the key schedule is short.
static void run_round(struct race *r)
{
	for (unsigned int i = 0; i < r->n_ways; i++) {
		struct way *way = &r->ways[i];
		double theirs[WHATS], ours[WHATS], canary;

		new_keys(r);
		sample_reference(r, theirs);
		sample_way(r, way, ours);
		bench_noise_after_sample(&r->noise);
		sample_reference(r, theirs);
		sample_way(r, way, ours);
		sample_way(r, way, ours);
		canary = bench_noise_after_sample(&r->noise);
		if (isinf(canary))
			continue;
		bench_series_add(&r->canary, canary);
		for (unsigned int w = 0; w < WHATS; w++) {
			bench_series_add(&r->reference[w], theirs[w]);
			bench_series_add(&way->cycles[w], ours[w]);
			bench_series_add(&way->ratio[w], theirs[w] / ours[w]);
		}
	}
}

// A stream whose first packet begins it and whose second resumes it, against OpenSSL's.
static bool is_right(struct race *r, const struct way *w)
{
	enum { FIRST = 3 * RC4_BLOCK_BYTES, LEN = STREAM_BYTES };
	struct rc4_lanes *l = &r->lanes;

	new_keys(r);
	for (unsigned int k = 0; k < w->n_lanes; k++)
		memcpy(l->lanes[k].key, r->keys[k], MPPE_KEY_BYTES_MAX);
	w->kernels->begin(l, w->n_lanes);
	w->kernels->stream(l, w->n_lanes, 0, FIRST / RC4_BLOCK_BYTES, r->out);
	for (unsigned int k = 0; k < w->n_lanes; k++) {
		rc4_lanes_store(l, k, FIRST, &r->states[k], r->out[k] + FIRST);
		rc4_lanes_load(l, k, &r->states[k]);
		r->out[k] += FIRST;
	}
	w->kernels->resume(l, w->n_lanes, 0, (LEN - FIRST) / RC4_BLOCK_BYTES, r->out);
	for (unsigned int k = 0; k < w->n_lanes; k++)
		r->out[k] -= FIRST;

	for (unsigned int k = 0; k < w->n_lanes; k++) {
		uint8_t right[LEN] = {0};
		RC4_KEY rc4;

		RC4_set_key(&rc4, MPPE_KEY_BYTES_MAX, r->keys[k]);
		RC4(&rc4, LEN, right, right);
		if (memcmp(right, r->out[k], LEN) != 0)
			return false;
	}
	return true;
}

static void print(struct race *r)
{
	double core_per_tsc = bench_noise_core_per_tsc(&r->noise);
	struct bench_table table = {0};

	bench_table_add(&table, "kernel, lanes|key schedule|core|ratio|p10|p90|stream, a byte|core|"
				"ratio|p10|p90|resumed, a byte|core|ratio|load and store");
	bench_table_add(&table, "OpenSSL, 1|%.0f|%.0f|-|-|-|%.2f|%.2f|-|-|-|-|-|-|-",
		bench_median(&r->reference[BEGIN]),
		bench_median(&r->reference[BEGIN]) * core_per_tsc,
		bench_median(&r->reference[STREAM]),
		bench_median(&r->reference[STREAM]) * core_per_tsc);
	for (unsigned int i = 0; i < r->n_ways; i++) {
		struct way *w = &r->ways[i];
		double begin = bench_median(&w->cycles[BEGIN]);
		double stream = bench_median(&w->cycles[STREAM]);
		double resume = bench_median(&w->cycles[RESUME]);

		bench_table_add(&table,
			"%s, %u|%.0f|%.0f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%.2f|%."
			"0f",
			w->kernels->name, w->n_lanes, begin, begin * core_per_tsc,
			bench_median(&w->ratio[BEGIN]), bench_quantile(&w->ratio[BEGIN], 0.1),
			bench_quantile(&w->ratio[BEGIN], 0.9), stream, stream * core_per_tsc,
			bench_median(&w->ratio[STREAM]), bench_quantile(&w->ratio[STREAM], 0.1),
			bench_quantile(&w->ratio[STREAM], 0.9), resume, resume * core_per_tsc,
			bench_median(&w->ratio[RESUME]), bench_median(&w->cycles[LOAD_STORE]));
	}
	bench_table_print(&table, stdout);
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_begin(argc, argv,
		"RC4 alone, a lane: key schedules, key stream of 1,408 bytes; TSC cycles, the "
		"core's beside them, OpenSSL's over ours");
	struct race *r = race_new(options.name);
	bool ok = true;

	for (unsigned int i = 0; i < r->n_ways; i++) {
		if (is_right(r, &r->ways[i]))
			continue;
		printf("%s, %u: WRONG ANSWER\n", r->ways[i].kernels->name, r->ways[i].n_lanes);
		ok = false;
	}
	bench_noise_begin(&r->noise, options.is_smoke ? 1 : 200);
	for (unsigned int s = 0; s < options.n_samples; s++)
		run_round(r);
	print(r);
	printf("canary %.3f (%.3f-%.3f)\n", bench_median(&r->canary),
		bench_quantile(&r->canary, 0.1), bench_quantile(&r->canary, 0.9));
	race_free(r);
	return ok ? 0 : 1;
}
