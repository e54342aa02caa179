// SPDX-License-Identifier: BSD-3-Clause
// What every benchmark needs: a clock, series of samples, loads, a table. perf/README.md says how to
// read the numbers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// --- the command line -----------------------------------------------------------------------------

struct bench_options {
	bool is_smoke;		// --smoke: a few samples, only to see that it runs
	unsigned int n_samples; // --samples N
	const char *name;	// --only NAME: NULL for all
};

// Reads the options, pins the thread to the CPU that it is on (or --cpu N), and prints what the
// numbers mean. Ends the program on a wrong option.
struct bench_options bench_begin(int argc, char **argv, const char *what);

// For options that only one benchmark has: takes "name VALUE" out of the arguments, before bench_begin().
// Returns VALUE, or NULL when it is not there.
const char *bench_take_option(int *argc, char **argv, const char *name);

// Is the name one of the comma-separated list? True for a NULL list.
bool bench_is_chosen(const char *list, const char *name);

// --- time -----------------------------------------------------------------------------------------

// Cycles of the time-stamp counter, which runs at a fixed rate whatever the core does; after all
// instructions before it. Nanoseconds where there is no such counter.
uint64_t bench_now_tsc(void);

// Rate of bench_now_tsc(), measured once against the monotonic clock (20 ms).
double bench_tsc_hz(void);

// TSC cycles per instruction of a run of nops: near its minimum when the core is ours alone, up to
// twice that while somebody else uses the other thread of the same core.
double bench_canary(void);

// Cycles of the core per TSC cycle, by a chain of multiplications that each wait for the one before
// (3 cycles on every x86 of the last 15 years). 1 where there is no such counter.
double bench_core_per_tsc(void);

// Core cycles that a core of this kind takes at least for a store to another line than the one before: 1 with
// one store a cycle, 0.5 with two. RC4 has two such stores a byte, so this bounds it. 0 where there is no such counter.
double bench_store_cycles(void);

// --- samples --------------------------------------------------------------------------------------

struct bench_series {
	double *values; // values[n], sorted by the first quantile
	unsigned int n;
	unsigned int cap;
	bool is_sorted;
};

void bench_series_add(struct bench_series *s, double value);
void bench_series_free(struct bench_series *s);

// q in 0..1, between the samples linearly; 0 for an empty series.
double bench_quantile(struct bench_series *s, double q);
double bench_median(struct bench_series *s);

// The straight line through (x[i], y[i]) with the least squares.
void bench_fit(const double *x, const double *y, unsigned int n, double *slope, double *intercept);

// --- loads ----------------------------------------------------------------------------------------

// Packet lengths in the order in which they come, again and again.
struct bench_load {
	const char *name;
	bool is_uniform;
	uint16_t n_lens;
	uint16_t lens[12];
};

enum { BENCH_LOADS = 5, BENCH_LEN_MAX = 1400 };

// 64, 256, 576 and 1400 bytes, and IMIX: 7 of 40, 4 of 576, 1 of 1400.
extern const struct bench_load bench_loads[BENCH_LOADS];

static inline uint16_t bench_load_len(const struct bench_load *load, unsigned int i)
{
	return load->lens[i % load->n_lens];
}

// Ends the program when there is none of this name.
const struct bench_load *bench_load_find(const char *name);

double bench_load_mean_bytes(const struct bench_load *load);

// --- a table --------------------------------------------------------------------------------------

enum { BENCH_COLUMNS = 16, BENCH_ROWS = 160, BENCH_CELL_BYTES = 40 };

struct bench_table {
	unsigned int n_columns;
	unsigned int n_rows; // the head among them
	char cells[BENCH_ROWS][BENCH_COLUMNS][BENCH_CELL_BYTES];
};

// `text` holds the cells of one row, parted by '|'; the first row is the head.
__attribute__((format(printf, 2, 3))) void bench_table_add(
	struct bench_table *t, const char *text, ...);

// As Markdown: the first column to the left, the others to the right.
void bench_table_print(const struct bench_table *t, FILE *out);
