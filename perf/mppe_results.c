// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_results.h"

#include <stdlib.h>
#include <string.h>

enum { SAMPLES_ENOUGH = 5 };

const char *const results_section_names[SECTIONS] = {"packets", "bursts", "parts"};

void results_add(
	struct results *results, enum results_section section, const struct race_result *result)
{
	if (results->n == results->cap) {
		results->cap = results->cap ? 2 * results->cap : 256;
		results->all = realloc(results->all, results->cap * sizeof(*results->all));
		results->sections =
			realloc(results->sections, results->cap * sizeof(*results->sections));
		if (!results->all || !results->sections)
			abort();
	}
	results->sections[results->n] = section;
	results->all[results->n++] = *result;
}

void results_free(struct results *results)
{
	for (unsigned int i = 0; i < results->n; i++)
		race_result_free(&results->all[i]);
	free(results->all);
	free(results->sections);
	bench_series_free(&results->noise.core);
	*results = (struct results){0};
}

const struct race_result *results_find(const struct results *results, enum results_section section,
	const char *method, const struct mppe_work *work)
{
	for (unsigned int i = 0; i < results->n; i++) {
		const struct race_result *r = &results->all[i];

		if (results->sections[i] == section && strcmp(r->method->name, method) == 0 &&
			r->work.load == work->load && r->work.n_sessions == work->n_sessions &&
			r->work.burst == work->burst && r->work.is_stateless == work->is_stateless)
			return r;
	}
	return NULL;
}

static struct figure figure_of(struct bench_series s, double unit)
{
	struct figure f = {
		.n = s.n,
		.median = bench_median(&s) * unit,
		.p10 = bench_quantile(&s, 0.1) * unit,
		.p90 = bench_quantile(&s, 0.9) * unit,
	};

	bench_series_free(&s);
	return f;
}

struct figure results_cycles(
	struct results *results, const struct race_result *result, enum bench_state state)
{
	return figure_of(bench_samples_select(&result->passed, &results->noise, state),
		bench_noise_core_per_tsc(&results->noise));
}

struct figure results_worked(
	struct results *results, const struct race_result *result, enum bench_state state)
{
	return figure_of(bench_samples_select(&result->worked, &results->noise, state),
		bench_noise_core_per_tsc(&results->noise));
}

struct figure results_ratio(struct results *results, enum results_section section,
	const struct race_result *result, const char *reference, enum bench_state state)
{
	const struct race_result *r = results_find(results, section, reference, &result->work);

	if (!r)
		return (struct figure){0};
	return figure_of(
		bench_samples_ratio(&r->passed, &result->passed, &results->noise, state), 1);
}

enum bench_state results_best_state(struct results *results, const struct race_result *result)
{
	return results_cycles(results, result, BENCH_QUIET).n >= SAMPLES_ENOUGH ? BENCH_QUIET
										: BENCH_BUSY;
}

double results_core_hz(struct results *results)
{
	return bench_tsc_hz() * bench_noise_core_per_tsc(&results->noise);
}
