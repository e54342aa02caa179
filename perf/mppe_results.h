// SPDX-License-Identifier: BSD-3-Clause
// All that bench_crypto has measured, and figures made of it.
#pragma once

#include "perf/bench_noise.h"
#include "perf/mppe_race.h"

enum results_section {
	SECTION_PACKETS, // every load, many sessions and one, stateless and stateful
	SECTION_BURSTS,	 // sizes of bursts
	SECTION_PARTS,	 // what the parts of `sw` cost
	SECTIONS
};

extern const char *const results_section_names[SECTIONS];

struct results {
	struct bench_noise noise;
	bool is_smoke;
	unsigned int n_samples;
	unsigned int n, cap;
	struct race_result *all;
	enum results_section *sections; // sections[n], of each of all[n]
};

void results_add(
	struct results *results, enum results_section section, const struct race_result *result);
void results_free(struct results *results);

// NULL when it was not measured.
const struct race_result *results_find(const struct results *results, enum results_section section,
	const char *method, const struct mppe_work *work);

// Of one series: how many samples, and how they spread. All 0 where there are none.
struct figure {
	unsigned int n;
	double median, p10, p90;
};

// Core cycles a packet.
struct figure results_cycles(
	struct results *results, const struct race_result *result, enum bench_state state);

// The same of the calling thread alone, where another core helps.
struct figure results_worked(
	struct results *results, const struct race_result *result, enum bench_state state);

// How much faster than the reference of this name, in the same rounds.
struct figure results_ratio(struct results *results, enum results_section section,
	const struct race_result *result, const char *reference, enum bench_state state);

// The state to show where there is place for one: quiet, if there are samples enough to say anything.
enum bench_state results_best_state(struct results *results, const struct race_result *result);

double results_core_hz(struct results *results);
