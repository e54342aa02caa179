// SPDX-License-Identifier: BSD-3-Clause
// What a forged packet costs beside one of a client: runs of both in turn through a worker, and after each
// run of forged ones every packet of the clients must come out.
#include "drivers/drivers.h"
#include "perf/bench.h"
#include "perf/pipeline_rig.h"

#include <string.h>

static const struct forgery {
	const char *name;
	enum rig_forgery kind;
} forgeries[] = {
	{"GRE number far ahead", RIG_FAR_SEQ},
	{"GRE number of old", RIG_REPLAY},
	{"wrong source", RIG_WRONG_SOURCE},
	{"clear IP", RIG_CLEAR_IP},
	{"count 2000 ahead", RIG_FAR_COUNT},
	{"count 200 ahead", RIG_NEAR_COUNT},
	{"flushed, 5 ahead", RIG_FLUSHED},
	{"flushed, 3000 ahead", RIG_FAR_FLUSHED},
};

enum { N_FORGERIES = sizeof(forgeries) / sizeof(forgeries[0]), LOADS = 2 };

// Of bench_loads: 64 and 1400 bytes.
static const unsigned int loads[LOADS] = {0, 2};

struct result {
	struct bench_series good, forged, ratio, canary;
	uint64_t n_changes; // for the forged ones
	uint64_t n_forged;
};

static bool measure(struct rig *rig, enum rig_forgery kind, const struct bench_load *load,
	unsigned int n_samples, struct result *r)
{
	bool ok = rig_run(rig, RIG_UP, load) >= 0; // a first number may be anything

	for (unsigned int i = 0; i < n_samples + 1; i++) {
		uint64_t before = rig_key_changes(rig);
		double forged = rig_run_forged(rig, kind, load);
		uint64_t n_changes = rig_key_changes(rig) - before;
		double good = rig_run(rig, RIG_UP, load);

		ok = ok && forged >= 0 && good >= 0;
		if (i == 0)
			continue; // warms caches and clock
		r->n_changes += n_changes;
		r->n_forged += RIG_PACKETS;
		bench_series_add(&r->good, good);
		bench_series_add(&r->forged, forged);
		bench_series_add(&r->ratio, forged / good);
		bench_series_add(&r->canary, bench_canary());
	}
	return ok;
}

static void add_row(struct bench_table *table, const char *what, const struct bench_load *load,
	bool ok, struct result *r)
{
	if (!ok)
		bench_table_add(
			table, "%s|%s|GOOD PACKETS LOST, OR FORGED ONES PASSED", what, load->name);
	else
		bench_table_add(table, "%s|%s|%.0f|%.0f|%.0f|%.0f|%.2f|%.2f|%.2f|%.2f|%.3f", what,
			load->name, bench_median(&r->forged), bench_quantile(&r->forged, 0.1),
			bench_quantile(&r->forged, 0.9), bench_median(&r->good),
			bench_median(&r->ratio), bench_quantile(&r->ratio, 0.1),
			bench_quantile(&r->ratio, 0.9), (double)r->n_changes / (double)r->n_forged,
			bench_median(&r->canary));
	bench_series_free(&r->good);
	bench_series_free(&r->forged);
	bench_series_free(&r->ratio);
	bench_series_free(&r->canary);
}

static bool measure_mode(struct rig *rig, const struct crypto_driver *driver, bool is_stateful,
	unsigned int n_sessions, const struct bench_options *options)
{
	static struct bench_table table;
	bool ok = true;

	memset(&table, 0, sizeof(table));
	printf("\n%s, %s, %s\n\n", driver->name, is_stateful ? "stateful" : "stateless",
		n_sessions == 1
			? "1,024 forged packets in a row to one session, then 1,024 good ones"
			: "1,024 sessions, to each a forged and a good packet in turn");
	bench_table_add(
		&table, "forged|bytes|cycles|p10|p90|good packet|ratio|p10|p90|key changes|canary");
	for (unsigned int i = 0; i < N_FORGERIES; i++) {
		for (unsigned int n = 0; n < (options->is_smoke ? 1 : LOADS); n++) {
			const struct bench_load *load = &bench_loads[loads[n]];
			struct result r = {0};

			// A new one for each row: the credit for key changes is full.
			if (!rig_begin(rig, driver, is_stateful, n_sessions)) {
				fprintf(stderr, "no memory, or the driver does not open\n");
				return false;
			}
			bool is_right =
				measure(rig, forgeries[i].kind, load, options->n_samples, &r);
			rig_end(rig);
			add_row(&table, forgeries[i].name, load, is_right, &r);
			ok = ok && is_right;
		}
	}
	bench_table_print(&table, stdout);
	return ok;
}

int main(int argc, char **argv)
{
	struct bench_options options = bench_begin(argc, argv,
		"Forged packets beside good ones (up) through a worker, one core; key changes: "
		"MPPE "
		"key changes a forged packet, of which it may cost 17 in the long run");
	bool has_hugepages, ok = true;
	struct rig *rig = rig_new(&has_hugepages);

	printf("%s\n", has_hugepages
			       ? "packets in hugepages"
			       : "NO HUGEPAGES: packets in pages of 4 KiB, numbers are too high");
	for (unsigned int d = 0; drivers_get_crypto(d); d++) {
		const struct crypto_driver *driver = drivers_get_crypto(d);

		if (!driver->for_production || (options.name && strcmp(options.name, driver->name)))
			continue;
		for (unsigned int mode = 0; mode < 4; mode++)
			ok = measure_mode(rig, driver, mode % 2, mode / 2 ? 1 : RIG_SESSIONS_MAX,
				     &options) &&
			     ok;
	}
	rig_free(rig);
	return ok ? 0 : 1;
}
