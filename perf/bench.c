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
	{"256", true, 1, {256}},
	{"576", true, 1, {576}},
	{"1400", true, 1, {1400}},
	{"IMIX", false, 12, {40, 576, 40, 40, 576, 40, 1400, 40, 576, 40, 40, 576}},
};

const char *bench_take_option(int *argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < *argc; i++) {
		const char *value = argv[i + 1];

		if (strcmp(argv[i], name) != 0)
			continue;
		for (int k = i; k + 2 <= *argc; k++)
			argv[k] = argv[k + 2]; // the NULL at the end too
		*argc -= 2;
		return value;
	}
	return NULL;
}

bool bench_is_chosen(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; at; at = strchr(at, ','), at += at ? 1 : 0)
		if (strncmp(at, name, len) == 0 && (at[len] == 0 || at[len] == ','))
			return true;
	return !list;
}

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
				"usage: %s [--smoke] [--samples N] [--only NAME] [--cpu N]; "
				"perf/README.md knows what else it takes\n",
				argv[0]);
			exit(2);
		}
	}
	pin_to_cpu(cpu);
	printf("%s\n%u samples; the time-stamp counter runs at %.3f GHz, the core at %.3f GHz "
	       "now\n\n",
		what, options.n_samples, bench_tsc_hz() / 1e9,
		bench_tsc_hz() * bench_core_per_tsc() / 1e9);
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

double bench_core_per_tsc(void)
{
#ifdef __x86_64__
	enum { ROUNDS = 256, CHAIN = 16, LATENCY = 3 };
	uint64_t x = 3, begin = bench_now_tsc();

	for (unsigned int i = 0; i < ROUNDS; i++)
		__asm__ volatile(".rept 16\n\timul %0, %0\n\t.endr" : "+r"(x));
	return (double)(ROUNDS * CHAIN * LATENCY) / (double)(bench_now_tsc() - begin);
#else
	return 1;
#endif
}

double bench_store_cycles(void)
{
#ifdef __x86_64__
	enum { ROUNDS = 256, LANES = 8, STRIDE = 320 };
	static uint8_t lines[LANES * STRIDE] __attribute__((aligned(64)));
	double best = 0;

	for (unsigned int k = 0; k < 32; k++) {
		uint64_t begin = bench_now_tsc();

		for (unsigned int i = 0; i < ROUNDS; i++)
			__asm__ volatile("movb $1, (%0)\n\tmovb $1, 320(%0)\n\t"
					 "movb $1, 640(%0)\n\tmovb $1, 960(%0)\n\t"
					 "movb $1, 1280(%0)\n\tmovb $1, 1600(%0)\n\t"
					 "movb $1, 1920(%0)\n\tmovb $1, 2240(%0)"
					 :
					 : "r"(lines)
					 : "memory");
		double cycles =
			(double)(bench_now_tsc() - begin) * bench_core_per_tsc() / (ROUNDS * LANES);
		if (k == 0 || cycles < best)
			best = cycles;
	}
	return best;
#else
	return 0;
#endif
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

const struct bench_load *bench_load_find(const char *name)
{
	for (unsigned int i = 0; i < BENCH_LOADS; i++)
		if (strcmp(bench_loads[i].name, name) == 0)
			return &bench_loads[i];
	abort();
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
