// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_targets.h"

#include "perf/mppe_tables.h"

#include <math.h>
#include <stdlib.h>

enum target_kind {
	TARGET_OF_OPENSSL, // ratio, at least
	TARGET_OF_LINUX,   // ratio, at least
	TARGET_GBPS,	   // at least
	TARGET_STREAM,	   // core cycles a byte of key stream, at most
	TARGET_BOOKKEEPING // core cycles a packet around the kernels, at most
};

// Stateless, 128 bit, driver `sw`.
static const struct target {
	const char *name;
	enum target_kind kind;
	const char *load;
	unsigned int n_sessions;
	double bounds[BENCH_STATES]; // 0: none for this state
} targets[] = {
	{"1400 bytes, many sessions, of linux", TARGET_OF_LINUX, "1400", 1024, {3.6, 2.4}},
	{"1400 bytes, many sessions, of openssl", TARGET_OF_OPENSSL, "1400", 1024, {3.6, 1.9}},
	{"1400 bytes, many sessions, Gbit/s", TARGET_GBPS, "1400", 1024, {12, 0}},
	{"IMIX, many sessions, of linux", TARGET_OF_LINUX, "IMIX", 1024, {3.4, 2.2}},
	{"IMIX, many sessions, of openssl", TARGET_OF_OPENSSL, "IMIX", 1024, {3.8, 2.0}},
	{"64 bytes, many sessions, of linux", TARGET_OF_LINUX, "64", 1024, {3.6, 2.4}},
	{"64 bytes, many sessions, of openssl", TARGET_OF_OPENSSL, "64", 1024, {4.3, 2.5}},
	{"1400 bytes, one session, of linux", TARGET_OF_LINUX, "1400", 1, {3.1, 2.2}},
	{"1400 bytes, one session, of openssl", TARGET_OF_OPENSSL, "1400", 1, {3.1, 1.7}},
	{"key stream at 8 lanes, cycles a byte", TARGET_STREAM, "1400", 1024, {1.6, 0}},
	// At 64 bytes: with longer packets the burst code also fetches their memory ahead.
	{"bookkeeping, 64 sessions, cycles", TARGET_BOOKKEEPING, "64", 64, {80, 0}},
	{"bookkeeping, 1024 sessions, cycles", TARGET_BOOKKEEPING, "64", 1024, {80, 0}},
};

enum { N_TARGETS = sizeof(targets) / sizeof(targets[0]) };

static bool is_at_most(const struct target *t)
{
	return t->kind == TARGET_STREAM || t->kind == TARGET_BOOKKEEPING;
}

// Cycles a byte of key stream: the slope through the sizes.
static double stream_slope(struct results *results, enum bench_state state)
{
	double bytes[BENCH_LOADS], cycles[BENCH_LOADS], slope, intercept;
	unsigned int n = 0;

	for (unsigned int i = 0; i < BENCH_LOADS; i++) {
		const struct mppe_work work = {
			&bench_loads[i], MPPE_WORK_SESSIONS, TABLE_BURST, true};
		struct parts p;

		if (!bench_loads[i].is_uniform || !tables_find_parts(results, &work, &p) ||
			p.state != state)
			continue;
		bytes[n] = bench_loads[i].lens[0];
		cycles[n++] = p.stream;
	}
	if (n < 2)
		return NAN;
	bench_fit(bytes, cycles, n, &slope, &intercept);
	return slope;
}

// NaN where it was not measured in this state.
static double measured(struct results *results, const struct target *t, enum bench_state state)
{
	const struct bench_load *load = bench_load_find(t->load);
	const struct mppe_work work = {load, t->n_sessions, TABLE_BURST, true};
	const struct race_result *r = results_find(results, SECTION_PACKETS, "sw", &work);
	struct figure f = {0};
	struct parts p;

	switch (t->kind) {
	case TARGET_OF_OPENSSL:
	case TARGET_OF_LINUX:
		if (r)
			f = results_ratio(results, SECTION_PACKETS, r,
				t->kind == TARGET_OF_LINUX ? "linux" : "openssl", state);
		return f.n ? f.median : NAN;
	case TARGET_GBPS:
		if (r)
			f = results_cycles(results, r, state);
		return f.n ? bench_load_mean_bytes(load) * 8 * results_core_hz(results) / f.median /
				       1e9
			   : NAN;
	case TARGET_STREAM:
		return stream_slope(results, state);
	case TARGET_BOOKKEEPING:
		return tables_find_parts(results, &work, &p) && p.state == state ? p.bookkeeping
										 : NAN;
	}
	return NAN;
}

static bool is_reached(const struct target *t, enum bench_state state, double value)
{
	return is_at_most(t) ? value <= t->bounds[state] : value >= t->bounds[state];
}

static void put_cells(
	char *cells, size_t size, const struct target *t, enum bench_state state, double value)
{
	double bound = t->bounds[state];
	char here[BENCH_CELL_BYTES] = "not seen";

	if (!isnan(value))
		snprintf(here, sizeof(here), "%.2f", value);
	if (bound == 0)
		snprintf(cells, size, "-|%s|-", here);
	else if (isnan(value))
		snprintf(cells, size, "%s %g|%s|-", is_at_most(t) ? "<=" : ">=", bound, here);
	else
		snprintf(cells, size, "%s %g|%s|%s by %.0f %%", is_at_most(t) ? "<=" : ">=", bound,
			here, is_reached(t, state, value) ? "reached" : "MISSED",
			fabs(value / bound - 1) * 100);
}

void targets_print(struct results *results)
{
	struct bench_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	bench_table_add(table, "sw, stateless|quiet core|here||sibling busy|here|");
	for (unsigned int i = 0; i < N_TARGETS; i++) {
		char cells[BENCH_STATES][3 * BENCH_CELL_BYTES];

		for (unsigned int s = 0; s < BENCH_STATES; s++)
			put_cells(cells[s], sizeof(cells[s]), &targets[i], (enum bench_state)s,
				measured(results, &targets[i], (enum bench_state)s));
		bench_table_add(
			table, "%s|%s|%s", targets[i].name, cells[BENCH_QUIET], cells[BENCH_BUSY]);
	}
	printf("### Targets\n\n");
	bench_table_print(table, stdout);
	free(table);
}

void targets_put_json(struct results *results, struct json *j)
{
	json_open_array(j, "targets");
	for (unsigned int i = 0; i < N_TARGETS; i++) {
		const struct target *t = &targets[i];

		json_open_object(j, NULL);
		json_put_string(j, "name", t->name);
		json_put_bool(j, "at_most", is_at_most(t));
		for (unsigned int s = 0; s < BENCH_STATES; s++) {
			double value = measured(results, t, (enum bench_state)s);

			json_open_object(j, bench_state_names[s]);
			json_put_number(j, "target", t->bounds[s] != 0 ? t->bounds[s] : NAN);
			json_put_number(j, "measured", value);
			if (t->bounds[s] != 0 && !isnan(value))
				json_put_bool(
					j, "reached", is_reached(t, (enum bench_state)s, value));
			json_close_object(j);
		}
		json_close_object(j);
	}
	json_close_array(j);
}
