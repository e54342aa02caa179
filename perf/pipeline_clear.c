// SPDX-License-Identifier: BSD-3-Clause
#include "perf/pipeline_clear.h"

#include "perf/bench_noise.h"

#include <math.h>

enum { SIZES = 4, DIRECTIONS = 2, CACHES = 4, NOISE_MS = 300 };

static const unsigned int sizes[SIZES] = {1, 1000, 10000, RIG_SESSIONS_MAX};
static const char *const direction_names[DIRECTIONS] = {"up", "down"};
static const char *const caches_names[CACHES] = {"warm", "near", "cold", "memory"};
static const char *const load_name = "64";

// TSC cycles a packet at most at 60,000 sessions, cold; and how much more than with one session.
static const double bounds[DIRECTIONS] = {60, 70};
static const double growth_max = 2;

struct cell {
	struct bench_samples worker, plain, lines;
	double p10, median, p90; // of the worker, quiet samples; of all where none was quiet
	double plain_p10, plain_median, plain_p90;
	double lines_p10, lines_median;
	double ratio; // median of worker over plain
	unsigned int n_quiet;
};

struct grid {
	struct cell cells[SIZES][DIRECTIONS][CACHES];
	struct bench_noise noise;
	double core; // core cycles per TSC cycle
};

static void measure_cell(struct rig *rig, struct grid *g, struct cell *c,
	enum rig_direction direction, const struct bench_load *load, bool *ok)
{
	double plain = rig_run_plain(rig, load);
	double canary = bench_noise_after_sample(&g->noise);
	double lines = rig_run_lines(rig, load);
	double canary_lines = bench_noise_after_sample(&g->noise);
	double ours = rig_run(rig, direction, load);
	double canary_ours = bench_noise_after_sample(&g->noise);

	*ok = *ok && plain >= 0 && lines >= 0 && ours >= 0;
	bench_samples_add(&c->plain, plain, canary);
	bench_samples_add(&c->lines, lines, canary_lines);
	bench_samples_add(&c->worker, ours, canary_ours);
}

// Once round all sessions first, so that none is in its first packet.
static bool go_round(struct rig *rig, unsigned int size, const struct bench_load *load)
{
	bool ok = true;

	rig_set_caches(rig, RIG_WARM);
	for (unsigned int i = 0; i <= sizes[size] / RIG_PACKETS; i++)
		ok = rig_run(rig, RIG_UP, load) >= 0 && rig_run(rig, RIG_DOWN, load) >= 0 && ok;
	return ok;
}

// The runs that sweep everything come last: L3 would have to fill again after each of them.
static bool measure_size(struct rig *rig, struct grid *g, unsigned int size, unsigned int n_samples)
{
	const struct bench_load *load = bench_load_find(load_name);

	rig_set_order(rig, RIG_SCATTERED);
	if (!rig_begin(rig, NULL, false, sizes[size])) {
		fprintf(stderr, "%u sessions: no memory\n", sizes[size]);
		return false;
	}
	bool ok = go_round(rig, size, load);
	for (unsigned int k = 0; k < CACHES; k++)
		for (unsigned int i = 0; i < n_samples; i++) {
			rig_set_caches(rig, (enum rig_caches)k);
			for (unsigned int d = 0; d < DIRECTIONS; d++)
				measure_cell(rig, g, &g->cells[size][d][k], (enum rig_direction)d,
					load, &ok);
		}
	rig_set_caches(rig, RIG_WARM);
	rig_end(rig);
	return ok;
}

static struct bench_series choose(
	const struct bench_samples *s, const struct bench_noise *noise, unsigned int *n_quiet)
{
	struct bench_series quiet = bench_samples_select(s, noise, BENCH_QUIET);

	*n_quiet = quiet.n;
	if (quiet.n > 0)
		return quiet;
	bench_series_free(&quiet);
	return bench_samples_select(s, noise, BENCH_BUSY);
}

static void reckon(struct grid *g, struct cell *c)
{
	unsigned int n_plain, n_lines;
	struct bench_series worker = choose(&c->worker, &g->noise, &c->n_quiet);
	struct bench_series plain = choose(&c->plain, &g->noise, &n_plain);
	struct bench_series lines = choose(&c->lines, &g->noise, &n_lines);

	c->p10 = bench_quantile(&worker, 0.1);
	c->median = bench_median(&worker);
	c->p90 = bench_quantile(&worker, 0.9);
	c->plain_p10 = bench_quantile(&plain, 0.1);
	c->plain_median = bench_median(&plain);
	c->plain_p90 = bench_quantile(&plain, 0.9);
	c->lines_p10 = bench_quantile(&lines, 0.1);
	c->lines_median = bench_median(&lines);
	c->ratio = c->plain_median > 0 ? c->median / c->plain_median : 0;
	bench_series_free(&worker);
	bench_series_free(&plain);
	bench_series_free(&lines);
}

static void print_cells(const struct grid *g)
{
	static struct bench_table table;

	bench_table_add(&table,
		"clear, 64 bytes|sessions|caches|TSC/packet|p10|p90|core|plain|p10|lines|p10|ratio"
		"|Mpps|quiet");
	for (unsigned int d = 0; d < DIRECTIONS; d++)
		for (unsigned int k = 0; k < CACHES; k++)
			for (unsigned int i = 0; i < SIZES; i++) {
				const struct cell *c = &g->cells[i][d][k];
				bench_table_add(&table,
					"%s|%u|%s|%.1f|%.1f|%.1f|%.1f|%.1f|%.1f|%.1f|%.1f|%.1f|%."
					"1f|"
					"%u/%u",
					direction_names[d], sizes[i], caches_names[k], c->median,
					c->p10, c->p90, c->median * g->core, c->plain_median,
					c->plain_p10, c->lines_median, c->lines_p10, c->ratio,
					bench_tsc_hz() / c->median / 1e6, c->n_quiet, c->worker.n);
			}
	bench_table_print(&table, stdout);
}

static void print_growth(const struct grid *g)
{
	static struct bench_table table;

	bench_table_add(
		&table, "growth from 1 session|caches|1,000|10,000|60,000|60,000 cold to 1 warm");
	for (unsigned int d = 0; d < DIRECTIONS; d++)
		for (unsigned int k = 0; k < CACHES; k++) {
			double one = g->cells[0][d][k].median,
			       warm = g->cells[0][d][RIG_WARM].median;
			bench_table_add(&table, "%s|%s|%.2f|%.2f|%.2f|%.2f", direction_names[d],
				caches_names[k], g->cells[1][d][k].median / one,
				g->cells[2][d][k].median / one, g->cells[3][d][k].median / one,
				g->cells[3][d][k].median / warm);
		}
	bench_table_print(&table, stdout);
}

static void print_targets(const struct grid *g, struct json *json)
{
	static struct bench_table table;

	if (json)
		json_open_array(json, "targets");
	bench_table_add(&table, "target|at most|plain|lines|one session|median|p10|");
	for (unsigned int d = 0; d < DIRECTIONS; d++) {
		const struct cell *c = &g->cells[SIZES - 1][d][RIG_COLD];
		const struct cell *one = &g->cells[0][d][RIG_COLD];
		const double is[2] = {c->median, c->median / one->median};
		const double low[2] = {c->p10, c->p10 / one->p10};
		const double most[2] = {bounds[d], growth_max};
		const char *const what[2] = {
			"TSC cycles at 60,000 cold", "growth from 1 to 60,000"};

		for (unsigned int i = 0; i < 2; i++) {
			char floors[BENCH_CELL_BYTES] = "-|-|-";
			if (i == 0)
				snprintf(floors, sizeof(floors), "%.1f|%.1f|%.1f", c->plain_median,
					c->lines_median, one->median);
			bench_table_add(&table, "%s, %s|%.0f|%s|%.2f|%.2f|%s", direction_names[d],
				what[i], most[i], floors, is[i], low[i],
				is[i] <= most[i] ? "met" : "missed");
			if (!json)
				continue;
			json_open_object(json, NULL);
			json_put_string(json, "direction", direction_names[d]);
			json_put_string(json, "what", what[i]);
			json_put_number(json, "at_most", most[i]);
			json_put_number(json, "value", is[i]);
			json_put_bool(json, "met", is[i] <= most[i]);
			json_close_object(json);
		}
	}
	bench_table_print(&table, stdout);
	if (json)
		json_close_array(json);
}

static void put_cells(struct grid *g, struct json *json)
{
	json_put_number(json, "core_per_tsc", g->core);
	json_put_number(json, "canary_best", g->noise.best);
	json_open_array(json, "cells");
	for (unsigned int i = 0; i < SIZES; i++)
		for (unsigned int d = 0; d < DIRECTIONS; d++)
			for (unsigned int k = 0; k < CACHES; k++) {
				const struct cell *c = &g->cells[i][d][k];
				json_open_object(json, NULL);
				json_put_string(json, "direction", direction_names[d]);
				json_put_string(json, "caches", caches_names[k]);
				json_put_number(json, "sessions", sizes[i]);
				json_put_number(json, "median", c->median);
				json_put_number(json, "p10", c->p10);
				json_put_number(json, "p90", c->p90);
				json_put_number(json, "plain_median", c->plain_median);
				json_put_number(json, "plain_p10", c->plain_p10);
				json_put_number(json, "plain_p90", c->plain_p90);
				json_put_number(json, "lines_median", c->lines_median);
				json_put_number(json, "lines_p10", c->lines_p10);
				json_put_number(json, "n_quiet", c->n_quiet);
				json_close_object(json);
			}
	json_close_array(json);
}

static void grid_free(struct grid *g)
{
	for (unsigned int i = 0; i < SIZES; i++)
		for (unsigned int d = 0; d < DIRECTIONS; d++)
			for (unsigned int k = 0; k < CACHES; k++) {
				bench_samples_free(&g->cells[i][d][k].worker);
				bench_samples_free(&g->cells[i][d][k].plain);
				bench_samples_free(&g->cells[i][d][k].lines);
			}
	bench_series_free(&g->noise.core);
}

bool pipeline_clear_run(struct rig *rig, unsigned int n_samples, struct json *json)
{
	static struct grid g;
	bool ok = true;

	bench_noise_begin(&g.noise, NOISE_MS);
	for (unsigned int i = 0; i < SIZES; i++)
		ok = measure_size(rig, &g, i, n_samples) && ok;
	g.core = bench_noise_core_per_tsc(&g.noise);
	for (unsigned int i = 0; i < SIZES; i++)
		for (unsigned int d = 0; d < DIRECTIONS; d++)
			for (unsigned int k = 0; k < CACHES; k++)
				reckon(&g, &g.cells[i][d][k]);
	printf("Sessions in a scattered order, %u packets a run. What was in the caches:\n"
	       "- warm: as the run before left them\n"
	       "- near: L1 and L2 swept (4 MiB written), but what the packets need of sessions and "
	       "maps "
	       "read just before, so L3 holds it\n"
	       "- cold: L1 and L2 swept, sessions and maps from L3 as far as it still holds them\n"
	       "- memory: 96 MiB written before the packets are made, L2 swept after: sessions and "
	       "maps "
	       "from memory, packets from L3\n\n"
	       "plain: rx, a look at the first line, tx over the same rings. lines: that, and the "
	       "place "
	       "in the map of owners and both lines of the session brought in, but nothing "
	       "decided.%s\n\n",
		RIG_PACKETS, ok ? "" : " PACKETS LOST");
	print_cells(&g);
	print_growth(&g);
	if (json) {
		json_open_object(json, "clear");
		put_cells(&g, json);
	}
	print_targets(&g, json);
	if (json)
		json_close_object(json);
	grid_free(&g);
	return ok;
}
