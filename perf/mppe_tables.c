// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_tables.h"

#include "perf/method_driver.h"

#include <stdlib.h>
#include <string.h>

enum { CELL = BENCH_CELL_BYTES };

static const unsigned int session_counts[] = {MPPE_WORK_SESSIONS, 1};

static void print_title(bool is_stateless, unsigned int n_sessions, const char *what)
{
	printf("### %s, %u session%s%s\n\n", is_stateless ? "Stateless" : "Stateful", n_sessions,
		n_sessions == 1 ? "" : "s", what);
}

void tables_print_noise(struct results *results)
{
	unsigned int n_quiet = 0, n_busy = 0, n_all = 0;

	for (unsigned int i = 0; i < results->n; i++) {
		const struct race_result *r = &results->all[i];
		n_quiet += results_cycles(results, r, BENCH_QUIET).n;
		n_busy += results_cycles(results, r, BENCH_BUSY).n;
		n_all += r->passed.n;
	}
	printf("Core at %.3f GHz, time-stamp counter at %.3f GHz; cycles below are the core's. "
	       "Best "
	       "canary %.4f\nTSC cycles a nop. Of %u samples %u quiet (canary up to 1.2 times the "
	       "best), %u busy, %u thrown away\n(the kernel took the CPU).\n\n",
		results_core_hz(results) / 1e9, bench_tsc_hz() / 1e9, results->noise.best, n_all,
		n_quiet, n_busy, n_all - n_quiet - n_busy);
	if (bench_store_cycles() > 0)
		printf("Stores to lines in turn take %.2f cycles each here. RC4 has two a byte: "
		       "%.2f "
		       "cycles a byte of key stream\nand %.0f a key schedule are the least that "
		       "one "
		       "core can do this way.\n\n",
			bench_store_cycles(), 2 * bench_store_cycles(), 512 * bench_store_cycles());
	if (!results->is_smoke && n_quiet * 20 < n_all)
		printf("WARNING: hardly a sample is quiet: somebody shares this core. Look at the "
		       "columns of the busy state.\n\n");
}

static void put_ratio(char cell[CELL], struct figure f)
{
	if (f.n == 0)
		snprintf(cell, CELL, "-");
	else
		snprintf(cell, CELL, "%.2f (%.2f-%.2f)", f.median, f.p10, f.p90);
}

static void put_number(char cell[CELL], unsigned int n, double number, int n_digits)
{
	if (n == 0)
		snprintf(cell, CELL, "-");
	else
		snprintf(cell, CELL, "%.*f", n_digits, number);
}

// One method at one load.
static void add_packets_row(
	struct bench_table *table, struct results *results, const struct race_result *r)
{
	struct figure quiet = results_cycles(results, r, BENCH_QUIET);
	struct figure busy = results_cycles(results, r, BENCH_BUSY);
	double hz = results_core_hz(results), mpps = hz / quiet.median / 1e6;
	double bits = bench_load_mean_bytes(r->work.load) * 8;
	char ratios[4][CELL], c[7][CELL];

	for (unsigned int k = 0; k < 4; k++)
		put_ratio(ratios[k],
			results_ratio(results, SECTION_PACKETS, r, k % 2 ? "linux" : "openssl",
				k < 2 ? BENCH_QUIET : BENCH_BUSY));
	put_number(c[0], quiet.n, quiet.median, 0);
	put_number(c[1], quiet.n, quiet.p10, 0);
	put_number(c[2], quiet.n, quiet.median / hz * 1e9, 0);
	put_number(c[3], quiet.n, mpps, 2);
	put_number(c[4], quiet.n, mpps * bits / 1000, 2);
	put_number(c[5], busy.n, busy.median, 0);
	put_number(c[6], busy.n, hz / busy.median * bits / 1e9, 2);
	bench_table_add(table, "%s|%s%s|%u|%s|%s|%s|%s|%s|%s|%s|%u|%s|%s|%s|%s", r->work.load->name,
		r->method->name, r->is_right ? "" : " WRONG ANSWER", quiet.n, c[0], c[1], c[2],
		c[3], c[4], ratios[0], ratios[1], busy.n, c[5], c[6], ratios[2], ratios[3]);
	if (r->worked.n) {
		quiet = results_worked(results, r, BENCH_QUIET);
		busy = results_worked(results, r, BENCH_BUSY);
		put_number(c[0], quiet.n, quiet.median, 0);
		put_number(c[1], quiet.n, quiet.p10, 0);
		put_number(c[5], busy.n, busy.median, 0);
		bench_table_add(table, "%s|%s, worker|%u|%s|%s|-|-|-|-|-|%u|%s|-|-|-",
			r->work.load->name, r->method->name, quiet.n, c[0], c[1], busy.n, c[5]);
	}
}

static void print_packets_table(struct results *results, bool is_stateless, unsigned int n_sessions)
{
	struct bench_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	bench_table_add(table, "bytes|method|quiet: n|cycles|p10|ns|Mpps|Gbit/s|of openssl "
			       "(p10-p90)|of linux (p10-p90)|busy: n|cycles|Gbit/s|of openssl "
			       "(p10-p90)|of linux (p10-p90)");
	for (unsigned int i = 0; i < results->n; i++) {
		const struct race_result *r = &results->all[i];

		if (results->sections[i] == SECTION_PACKETS &&
			r->work.is_stateless == is_stateless && r->work.n_sessions == n_sessions)
			add_packets_row(table, results, r);
	}
	if (table->n_rows > 1) {
		print_title(is_stateless, n_sessions, "");
		bench_table_print(table, stdout);
	}
	free(table);
}

void tables_print_packets(struct results *results)
{
	for (unsigned int mode = 0; mode < 4; mode++)
		print_packets_table(results, mode < 2, session_counts[mode % 2]);
}

static void add_line(
	struct bench_table *table, struct results *results, const struct race_result *first)
{
	double bytes[BENCH_LOADS], cycles[BENCH_LOADS], slope, intercept;
	unsigned int n = 0;
	enum bench_state state = results_best_state(results, first);

	for (unsigned int i = 0; i < BENCH_LOADS; i++) {
		struct mppe_work work = first->work;
		const struct race_result *r;
		struct figure f;

		work.load = &bench_loads[i];
		r = results_find(results, SECTION_PACKETS, first->method->name, &work);
		if (!work.load->is_uniform || !r)
			continue;
		f = results_cycles(results, r, state);
		if (f.n == 0)
			return;
		bytes[n] = work.load->lens[0];
		cycles[n++] = f.median;
	}
	if (n < 2)
		return;
	bench_fit(bytes, cycles, n, &slope, &intercept);
	bench_table_add(table, "%s, %u|%s|%s|%.2f|%.0f",
		first->work.is_stateless ? "stateless" : "stateful", first->work.n_sessions,
		first->method->name, bench_state_names[state], slope, intercept);
}

void tables_print_lines(struct results *results)
{
	struct bench_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	bench_table_add(table, "sessions|method|state|cycles/byte|cycles/packet of 0 bytes");
	for (unsigned int i = 0; i < results->n; i++)
		if (results->sections[i] == SECTION_PACKETS &&
			results->all[i].work.load == &bench_loads[0])
			add_line(table, results, &results->all[i]);
	if (table->n_rows > 1) {
		printf("### Lines through the sizes\n\n");
		bench_table_print(table, stdout);
	}
	free(table);
}

void tables_print_bursts(struct results *results)
{
	struct bench_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	bench_table_add(table, "bytes|burst|quiet: n|cycles|p10|of openssl (p10-p90)|of linux "
			       "(p10-p90)|busy: n|cycles|of openssl (p10-p90)|of linux (p10-p90)");
	for (unsigned int i = 0; i < results->n; i++) {
		const struct race_result *r = &results->all[i];
		struct figure f[BENCH_STATES];
		char ratios[4][CELL], c[3][CELL];

		if (results->sections[i] != SECTION_BURSTS || r->method->is_reference)
			continue;
		for (unsigned int s = 0; s < BENCH_STATES; s++)
			f[s] = results_cycles(results, r, (enum bench_state)s);
		for (unsigned int k = 0; k < 4; k++)
			put_ratio(ratios[k], results_ratio(results, SECTION_BURSTS, r,
						     k % 2 ? "linux" : "openssl",
						     k < 2 ? BENCH_QUIET : BENCH_BUSY));
		put_number(c[0], f[0].n, f[0].median, 0);
		put_number(c[1], f[0].n, f[0].p10, 0);
		put_number(c[2], f[1].n, f[1].median, 0);
		bench_table_add(table, "%s|%u%s|%u|%s|%s|%s|%s|%u|%s|%s|%s", r->work.load->name,
			r->work.burst, r->is_right ? "" : " WRONG ANSWER", f[0].n, c[0], c[1],
			ratios[0], ratios[1], f[1].n, c[2], ratios[2], ratios[3]);
	}
	if (table->n_rows > 1) {
		print_title(true, MPPE_WORK_SESSIONS, ", sw by packets handed over at once");
		bench_table_print(table, stdout);
	}
	free(table);
}

bool tables_parts_work(unsigned int i, struct mppe_work *work)
{
	static const struct mppe_work works[] = {
		{.n_sessions = MPPE_WORK_SESSIONS, .burst = TABLE_BURST, .is_stateless = true},
		{.n_sessions = TABLE_WARM_SESSIONS, .burst = TABLE_BURST, .is_stateless = true},
		{.n_sessions = MPPE_WORK_SESSIONS, .burst = TABLE_BURST},
	};

	if (i == sizeof(works) / sizeof(works[0]))
		return false;
	*work = works[i];
	return true;
}

bool tables_find_parts(struct results *results, const struct mppe_work *work, struct parts *out)
{
	const struct race_result *whole = results_find(results, SECTION_PARTS, "sw", work);
	double part[PARTS];

	if (!whole)
		return false;
	out->state = results_best_state(results, whole);
	out->whole = results_cycles(results, whole, out->state).median;
	for (unsigned int i = 0; i < PARTS; i++) {
		const struct race_result *r =
			results_find(results, SECTION_PARTS, method_part_get(i)->name, work);
		struct figure f = {0};

		if (r)
			f = results_cycles(results, r, out->state);
		if (f.n == 0)
			return false;
		part[i] = f.median;
	}
	out->loop = part[PART_LOOP];
	out->bookkeeping = part[PART_AROUND] - part[PART_LOOP];
	out->hash = part[PART_HASH] - part[PART_AROUND];
	// One schedule changes the key, another one begins the packet.
	out->schedule = (part[PART_BEGIN] - part[PART_AROUND]) / 2;
	out->rekey = out->schedule + part[PART_REKEY] - part[PART_BEGIN];
	out->stream = part[PART_STREAMS] - part[PART_REKEY];
	out->mix = part[PART_XOR] - part[PART_AROUND];
	return true;
}

static void print_parts_table(struct results *results, struct mppe_work *work)
{
	struct bench_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	bench_table_add(table, "bytes|state|loop|bookkeeping|hash|re-key|key schedule|key "
			       "stream|xor|sum|sw");
	for (unsigned int i = 0; i < BENCH_LOADS; i++) {
		struct parts p;

		work->load = &bench_loads[i];
		if (!tables_find_parts(results, work, &p))
			continue;
		bench_table_add(table, "%s|%s|%.0f|%.0f|%.0f|%.0f|%.0f|%.0f|%.0f|%.0f|%.0f",
			work->load->name, bench_state_names[p.state], p.loop, p.bookkeeping, p.hash,
			p.rekey, p.schedule, p.stream, p.mix,
			p.loop + p.bookkeeping + p.hash + p.rekey + p.schedule + p.stream + p.mix,
			p.whole);
	}
	if (table->n_rows > 1) {
		print_title(work->is_stateless, work->n_sessions, ", what the parts of sw cost");
		bench_table_print(table, stdout);
	}
	free(table);
}

void tables_print_parts(struct results *results)
{
	struct mppe_work work;

	for (unsigned int i = 0; tables_parts_work(i, &work); i++)
		print_parts_table(results, &work);
}
