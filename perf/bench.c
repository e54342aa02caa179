// SPDX-License-Identifier: BSD-3-Clause
#include "perf/bench.h"

#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __x86_64__
#include <x86intrin.h>
#endif

const struct bench_load bench_loads[BENCH_LOADS] = {
	{"64", true, 1, {64}},
	{"576", true, 1, {576}},
	{"1400", true, 1, {1400}},
	{"IMIX", false, 12, {40, 576, 40, 40, 576, 40, 1400, 40, 576, 40, 40, 576}},
};

static void pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? sched_getcpu() : cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		fprintf(stderr, "warning: cannot stay on one CPU, expect noise\n");
}

struct bench_options bench_begin(int argc, char **argv, const char *what)
{
	static const struct option longs[] = {
		{"smoke", no_argument, NULL, 's'},
		{"samples", required_argument, NULL, 'n'},
		{"only", required_argument, NULL, 'o'},
		{"cpu", required_argument, NULL, 'c'},
		{0},
	};
	struct bench_options options = {.n_samples = 200};
	int cpu = -1;

	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == 's') {
			options.is_smoke = true;
			options.n_samples = 3;
		} else if (c == 'n' && atoi(optarg) > 0) {
			options.n_samples = (unsigned int)atoi(optarg);
		} else if (c == 'o') {
			options.name = optarg;
		} else if (c == 'c' && atoi(optarg) >= 0) {
			cpu = atoi(optarg);
		} else {
			fprintf(stderr,
				"usage: %s [--smoke] [--samples N] [--only NAME] [--cpu N]\n",
				argv[0]);
			exit(2);
		}
	}
	pin_to_cpu(cpu);
	printf("%s\n%u samples, cycles of the time-stamp counter at %.3f GHz (not of the core, "
	       "whose "
	       "clock varies)\n\n",
		what, options.n_samples, bench_tsc_hz() / 1e9);
	return options;
}

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t bench_now_tsc(void)
{
#ifdef __x86_64__
	_mm_lfence();
	uint64_t now = __rdtsc();
	_mm_lfence();
	return now;
#else
	return monotonic_ns();
#endif
}

double bench_tsc_hz(void)
{
	static double hz;

	if (hz == 0) {
		uint64_t ns = monotonic_ns(), tsc = bench_now_tsc(), passed;
		while ((passed = monotonic_ns() - ns) < 20 * 1000 * 1000)
			;
		hz = (double)(bench_now_tsc() - tsc) * 1e9 / (double)passed;
	}
	return hz;
}

double bench_canary(void)
{
	enum { ROUNDS = 512, NOPS = 64 };
	uint64_t begin = bench_now_tsc();

	for (unsigned int i = 0; i < ROUNDS; i++)
		__asm__ volatile(".rept 64\n\tnop\n\t.endr");
	return (double)(bench_now_tsc() - begin) / (ROUNDS * NOPS);
}

void bench_series_add(struct bench_series *s, double value)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 256;
		s->values = realloc(s->values, s->cap * sizeof(*s->values));
		if (!s->values)
			abort();
	}
	s->values[s->n++] = value;
	s->is_sorted = false;
}

void bench_series_free(struct bench_series *s)
{
	free(s->values);
	*s = (struct bench_series){0};
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_quantile(struct bench_series *s, double q)
{
	if (s->n == 0)
		return 0;
	if (!s->is_sorted)
		qsort(s->values, s->n, sizeof(*s->values), compare_doubles);
	s->is_sorted = true;

	double at = q * (s->n - 1);
	unsigned int below = (unsigned int)at;
	unsigned int above = below + 1 < s->n ? below + 1 : below;
	return s->values[below] + (at - below) * (s->values[above] - s->values[below]);
}

double bench_median(struct bench_series *s)
{
	return bench_quantile(s, 0.5);
}

void bench_fit(const double *x, const double *y, unsigned int n, double *slope, double *intercept)
{
	double sx = 0, sy = 0, sxx = 0, sxy = 0;

	for (unsigned int i = 0; i < n; i++) {
		sx += x[i];
		sy += y[i];
		sxx += x[i] * x[i];
		sxy += x[i] * y[i];
	}
	*slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
	*intercept = (sy - *slope * sx) / n;
}

double bench_load_mean_bytes(const struct bench_load *load)
{
	double sum = 0;

	for (unsigned int i = 0; i < load->n_lens; i++)
		sum += load->lens[i];
	return sum / load->n_lens;
}

void bench_table_add(struct bench_table *t, const char *text, ...)
{
	char row[BENCH_COLUMNS * BENCH_CELL_BYTES];
	char *rest = row;
	va_list args;

	va_start(args, text);
	vsnprintf(row, sizeof(row), text, args);
	va_end(args);
	if (t->n_rows == BENCH_ROWS)
		abort();
	for (unsigned int c = 0; rest && c < BENCH_COLUMNS; c++) {
		const char *cell = strsep(&rest, "|");
		snprintf(t->cells[t->n_rows][c], BENCH_CELL_BYTES, "%s", cell);
		if (c >= t->n_columns)
			t->n_columns = c + 1;
	}
	t->n_rows++;
}

void bench_table_print(const struct bench_table *t, FILE *out)
{
	int width[BENCH_COLUMNS] = {0};

	for (unsigned int r = 0; r < t->n_rows; r++)
		for (unsigned int c = 0; c < t->n_columns; c++)
			if ((int)strlen(t->cells[r][c]) > width[c])
				width[c] = (int)strlen(t->cells[r][c]);
	for (unsigned int r = 0; r < t->n_rows; r++) {
		for (unsigned int c = 0; c < t->n_columns; c++)
			fprintf(out, "| %*s ", c ? width[c] : -width[c], t->cells[r][c]);
		fprintf(out, "|\n");
		for (unsigned int c = 0; r == 0 && c < t->n_columns; c++)
			fprintf(out, "|%.*s%c", width[c] + 1,
				"----------------------------------------", c ? ':' : '-');
		if (r == 0)
			fprintf(out, "|\n");
	}
	fprintf(out, "\n");
	fflush(out);
}
