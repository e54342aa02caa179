// SPDX-License-Identifier: BSD-3-Clause
// The whole way of a packet through a worker, from rx to tx over rings, in both directions, without and
// with MPPE, beside OpenSSL's RC4 and SHA-1 over the same payload alone.
#include "perf/bench.h"
#include "perf/bench_pair.h"
#include "perf/pipeline_clear.h"
#include "perf/pipeline_rig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS_MANY = 1024 };

// What one row is made of.
struct row {
	struct bench_pair pair;	     // OpenSSL and the whole way
	struct bench_series crypto;  // the driver's own cycles a packet in the same runs
	struct bench_series rest;    // what is not crypto
	struct bench_series percent; // of the whole
};

// What a row is about.
struct setup {
	const char *name;
	const struct crypto_driver *driver; // NULL: in the clear
	bool is_stateful;
	unsigned int n_sessions;
};

static double sample_openssl(
	const struct bench_load *load, bool is_stateful, unsigned int n_sessions)
{
	static struct openssl_mppe contexts[SESSIONS_MANY];
	static uint8_t data[RIG_PACKETS][BENCH_LEN_MAX + 8];
	uint64_t begin = bench_now_tsc();

	for (unsigned int i = 0, session = 0; i < RIG_PACKETS; i++) {
		size_t len = bench_load_len(load, i) + 1U;

		if (is_stateful)
			openssl_mppe_stateful_packet(&contexts[session], data[i], len);
		else
			openssl_mppe_packet(&contexts[session], data[i], len);
		if (++session == n_sessions)
			session = 0;
	}
	return (double)(bench_now_tsc() - begin) / RIG_PACKETS;
}

static bool measure(struct rig *rig, enum rig_direction direction, const struct bench_load *load,
	const struct setup *setup, unsigned int n_samples, struct row *row)
{
	bool ok = true;

	for (unsigned int i = 0; i < n_samples + 1; i++) {
		double ours = rig_run(rig, direction, load);
		double crypto = rig_crypto_cycles(rig);
		double theirs = sample_openssl(load, setup->is_stateful, setup->n_sessions);

		ok = ok && ours >= 0;
		if (i == 0)
			continue; // warms caches and clock
		bench_pair_add(&row->pair, theirs, ours);
		bench_series_add(&row->crypto, crypto);
		bench_series_add(&row->rest, ours - crypto);
		bench_series_add(&row->percent, (ours - crypto) * 100 / ours);
	}
	return ok;
}

static void row_free(struct row *row)
{
	bench_pair_free(&row->pair);
	bench_series_free(&row->crypto);
	bench_series_free(&row->rest);
	bench_series_free(&row->percent);
}

static void add_row(struct bench_table *table, const char *what, const struct bench_load *load,
	bool ok, struct row *row)
{
	struct bench_pair *pair = &row->pair;
	double cycles = bench_median(&pair->under);
	double mpps = bench_tsc_hz() / cycles / 1e6;
	char shares[BENCH_CELL_BYTES] = "-|-|-";

	if (!ok) {
		bench_table_add(table, "%s|%s|PACKETS LOST", what, load->name);
		return;
	}
	if (bench_median(&row->crypto) > 0)
		snprintf(shares, sizeof(shares), "%.0f|%.0f|%.1f", bench_median(&row->crypto),
			bench_median(&row->rest), bench_median(&row->percent));
	bench_table_add(table, "%s|%s|%.0f|%.0f|%.0f|%s|%.0f|%.2f|%.2f|%.2f|%.3f", what, load->name,
		cycles, bench_quantile(&pair->under, 0.1), bench_quantile(&pair->under, 0.9),
		shares, bench_median(&pair->over), bench_median(&pair->ratio), mpps,
		mpps * bench_load_mean_bytes(load) * 8 / 1000, bench_median(&pair->canary));
}

static bool measure_loads(struct rig *rig, const struct setup *setup, enum rig_direction direction,
	unsigned int n_samples, struct bench_table *tables)
{
	double bytes[BENCH_LOADS], cycles[BENCH_LOADS], slope, intercept;
	unsigned int n = 0;
	char what[BENCH_CELL_BYTES];
	bool ok = true;

	snprintf(what, sizeof(what), "%s%s %s, %u", setup->name,
		setup->is_stateful ? " stateful" : "", direction == RIG_UP ? "up" : "down",
		setup->n_sessions);
	for (unsigned int i = 0; i < BENCH_LOADS; i++) {
		const struct bench_load *load = &bench_loads[i];
		struct row row = {0};
		bool is_right = measure(rig, direction, load, setup, n_samples, &row);

		ok = ok && is_right;
		add_row(&tables[0], what, load, is_right, &row);
		if (load->is_uniform) {
			bytes[n] = load->lens[0];
			cycles[n++] = bench_median(&row.pair.under);
		}
		row_free(&row);
	}
	bench_fit(bytes, cycles, n, &slope, &intercept);
	bench_table_add(&tables[1], "%s|%.2f|%.0f", what, slope, intercept);
	return ok;
}

static bool measure_setup(struct rig *rig, const struct setup *setup, unsigned int n_samples,
	struct bench_table *tables)
{
	if (!rig_begin(rig, setup->driver, setup->is_stateful, setup->n_sessions)) {
		fprintf(stderr, "%s: no memory, or the driver does not open\n", setup->name);
		return false;
	}
	bool ok = measure_loads(rig, setup, RIG_UP, n_samples, tables);
	ok = measure_loads(rig, setup, RIG_DOWN, n_samples, tables) && ok;
	rig_end(rig);
	return ok;
}

static bool measure_driver(struct rig *rig, const char *name, const struct crypto_driver *driver,
	unsigned int n_samples, struct bench_table *tables)
{
	const struct setup setups[] = {
		{name, driver, false, SESSIONS_MANY},
		{name, driver, false, 1},
		{name, driver, true, SESSIONS_MANY},
	};
	bool ok = true;

	for (unsigned int i = 0; i < sizeof(setups) / sizeof(setups[0]); i++)
		ok = measure_setup(rig, &setups[i], n_samples, tables) && ok;
	return ok;
}

// MPPE through the drivers that `only` names, NULL: all.
static bool run_crypto(struct rig *rig, const char *only, unsigned int n_samples)
{
	static struct bench_table tables[2]; // packets, lines
	bool ok = true;

	bench_table_add(&tables[0], "driver, sessions|bytes|cycles/packet|p10|p90|crypto|rest|%% "
				    "rest|OpenSSL|ratio|Mpps|Gbit/s|canary");
	bench_table_add(&tables[1], "driver, sessions|cycles/byte|cycles/packet of 0 bytes");
	for (unsigned int d = 0; rig_driver(only, d); d++) {
		const struct crypto_driver *driver = rig_driver(only, d);

		ok = measure_driver(rig, driver->name, driver, n_samples, tables) && ok;
	}
	bench_table_print(&tables[0], stdout);
	bench_table_print(&tables[1], stdout);
	return ok;
}

int main(int argc, char **argv)
{
	const char *sections = bench_take_option(&argc, argv, "--section");
	const char *path = bench_take_option(&argc, argv, "--json");
	struct bench_options options = bench_begin(argc, argv,
		"The way of a packet through a worker, rx to tx over rings, one core; bytes are "
		"those "
		"of the inner packet; OpenSSL: SHA-1 and RC4 of the same payload alone; "
		"--section clear,crypto, --json FILE (of clear)");
	struct json json = {.out = path ? fopen(path, "w") : NULL};
	bool ok = true;

	if (path && !json.out) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	struct rig *rig = rig_new();
	if (json.out)
		json_open_object(&json, NULL);
	if (bench_is_chosen(sections, "clear") && bench_is_chosen(options.name, "clear"))
		ok = pipeline_clear_run(rig, options.n_samples, json.out ? &json : NULL);
	if (bench_is_chosen(sections, "crypto"))
		ok = run_crypto(rig, options.name, options.n_samples) && ok;
	if (json.out) {
		json_close_object(&json);
		ok = fclose(json.out) == 0 && ok;
	}
	rig_free(rig);
	return ok ? 0 : 1;
}
