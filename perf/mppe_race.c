// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_race.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	PACKETS_BYTES = MPPE_WORK_PACKETS * MPPE_WORK_PACKET_BYTES,
	HUGEPAGE_BYTES = 2 << 20, // packets lie in hugepages in life, too
};

int race_add(struct race *race, const struct mppe_method *method)
{
	struct race_runner *r = &race->runners[race->n];
	int rc;

	if (race->n == RACE_METHODS_MAX)
		abort();
	rc = method->open(method, &r->state);
	if (rc != 0)
		return rc;
	r->method = method;
	r->packets = aligned_alloc(HUGEPAGE_BYTES,
		(PACKETS_BYTES + HUGEPAGE_BYTES - 1) / HUGEPAGE_BYTES * HUGEPAGE_BYTES);
	if (!r->packets)
		abort();
	(void)madvise(r->packets, PACKETS_BYTES, MADV_HUGEPAGE);
	race->n++;
	return 0;
}

void race_free(struct race *race)
{
	for (unsigned int i = 0; i < race->n; i++) {
		race->runners[i].method->close(race->runners[i].state);
		free(race->runners[i].packets);
	}
	race->n = 0;
}

void race_result_free(struct race_result *result)
{
	bench_samples_free(&result->passed);
	bench_samples_free(&result->worked);
}

static void sample(struct race *race, struct race_runner *r, struct race_result *result)
{
	uint64_t begin, passed, worked;
	double canary;

	if (r->method->wake)
		r->method->wake(r->state);
	(void)bench_noise_after_sample(race->noise); // waking is none of the sample
	begin = bench_now_tsc();
	worked = r->method->run(r->state, &result->work, r->packets);
	passed = bench_now_tsc() - begin;
	canary = bench_noise_after_sample(race->noise);
	if (r->method->rest)
		r->method->rest(r->state);
	bench_samples_add(&result->passed, (double)passed / MPPE_WORK_PACKETS, canary);
	if (worked)
		bench_samples_add(&result->worked, (double)worked / MPPE_WORK_PACKETS, canary);
}

static bool agree(const struct race *race, const struct race_runner *a, const struct race_runner *b)
{
	if (memcmp(a->packets, b->packets, PACKETS_BYTES) != 0)
		return false;
	for (unsigned int i = 0; i < MPPE_WORK_SESSIONS; i++) {
		uint8_t key_a[MPPE_KEY_BYTES_MAX], key_b[MPPE_KEY_BYTES_MAX];

		a->method->session_key(a->state, i, key_a);
		b->method->session_key(b->state, i, key_b);
		if (memcmp(key_a, key_b, sizeof(key_a)) != 0)
			return false;
	}
	return true;
}

// Who is right is said by the first reference; without one there is nothing to be wrong.
static void judge(const struct race *race, struct race_result *results)
{
	const struct race_runner *judge = NULL;

	for (unsigned int i = 0; i < race->n && !judge; i++)
		if (race->runners[i].method->is_reference)
			judge = &race->runners[i];
	for (unsigned int i = 0; i < race->n; i++) {
		const struct race_runner *r = &race->runners[i];
		results[i].is_right = !judge || r->method->is_part || agree(race, r, judge);
	}
}

// Round after round each begins once, and every other round goes backwards, so that each also comes after any.
static unsigned int in_turn(unsigned int round, unsigned int k, unsigned int n)
{
	unsigned int at = round % 2 ? n - 1 - k : k;

	return (at + round) % n;
}

void race_run(struct race *race, const struct mppe_work *work, unsigned int n_samples,
	struct race_result *results)
{
	for (unsigned int i = 0; i < race->n; i++) {
		struct race_runner *r = &race->runners[i];

		results[i] = (struct race_result){.method = r->method, .work = *work};
		memset(r->packets, 0x45, PACKETS_BYTES);
		r->method->begin(r->state, work);
	}
	for (unsigned int round = 0; round < n_samples + 1; round++) {
		for (unsigned int k = 0; k < race->n; k++) {
			unsigned int i = in_turn(round, k, race->n);
			sample(race, &race->runners[i], &results[i]);
		}
		// The first warms caches and clock.
		for (unsigned int i = 0; round == 0 && i < race->n; i++)
			results[i].passed.n = results[i].worked.n = 0;
	}
	judge(race, results);
}
