// SPDX-License-Identifier: BSD-3-Clause
#include "perf/bench_noise.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

const char *const bench_state_names[BENCH_STATES] = {"quiet", "busy"};

// The two clean states of a core with two threads lie at 1 and at 1.4 to 2.
static const double quiet_max = 1.2;

static long count_preemptions(void)
{
	struct rusage usage = {0};

	(void)getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

// The better of two: a timer interrupt in one of them says nothing about the neighbour.
static double look(struct bench_noise *noise)
{
	double one = bench_canary(), two = bench_canary();
	double canary = one < two ? one : two;

	if (canary < noise->best)
		noise->best = canary;
	return canary;
}

void bench_noise_begin(struct bench_noise *noise, unsigned int ms)
{
	double cycles = bench_tsc_hz() * ms / 1000;
	uint64_t begin = bench_now_tsc();

	*noise = (struct bench_noise){.best = INFINITY};
	do
		noise->before = look(noise);
	while ((double)(bench_now_tsc() - begin) < cycles);
	noise->n_preempted = count_preemptions();
}

double bench_noise_after_sample(struct bench_noise *noise)
{
	long n_preempted = count_preemptions();
	bool is_whole = n_preempted == noise->n_preempted;
	double after = look(noise), before = noise->before;

	bench_series_add(&noise->core, bench_core_per_tsc());
	noise->before = after;
	noise->n_preempted = count_preemptions();
	if (!is_whole)
		return INFINITY;
	return before > after ? before : after;
}

double bench_noise_core_per_tsc(struct bench_noise *noise)
{
	return bench_median(&noise->core);
}

void bench_samples_add(struct bench_samples *s, double value, double canary)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->values = realloc(s->values, s->cap * sizeof(*s->values));
		s->canaries = realloc(s->canaries, s->cap * sizeof(*s->canaries));
		if (!s->values || !s->canaries)
			abort();
	}
	s->values[s->n] = value;
	s->canaries[s->n++] = canary;
}

void bench_samples_free(struct bench_samples *s)
{
	free(s->values);
	free(s->canaries);
	*s = (struct bench_samples){0};
}

static bool is_in(double canary, const struct bench_noise *noise, enum bench_state state)
{
	if (isinf(canary))
		return false;
	return (canary <= noise->best * quiet_max) == (state == BENCH_QUIET);
}

struct bench_series bench_samples_select(
	const struct bench_samples *s, const struct bench_noise *noise, enum bench_state state)
{
	struct bench_series out = {0};

	for (unsigned int i = 0; i < s->n; i++)
		if (is_in(s->canaries[i], noise, state))
			bench_series_add(&out, s->values[i]);
	return out;
}

struct bench_series bench_samples_ratio(const struct bench_samples *over,
	const struct bench_samples *under, const struct bench_noise *noise, enum bench_state state)
{
	struct bench_series out = {0};

	for (unsigned int i = 0; i < over->n && i < under->n; i++)
		if (is_in(over->canaries[i], noise, state) &&
			is_in(under->canaries[i], noise, state))
			bench_series_add(&out, over->values[i] / under->values[i]);
	return out;
}
