// SPDX-License-Identifier: BSD-3-Clause
// What a forged packet costs beside one of a client: runs of both in turn through a worker, and after each
// run of forged ones every packet of the clients must come out.
#include "perf/bench.h"
#include "perf/bench_pair.h"
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

static const char *const loads[LOADS] = {"64", "1400"};

struct result {
	struct bench_pair pair; // forged over good
	uint64_t n_changes;	// for the forged ones
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
		bench_pair_add(&r->pair, forged, good);
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
			load->name, bench_median(&r->pair.over), bench_quantile(&r->pair.over, 0.1),
			bench_quantile(&r->pair.over, 0.9), bench_median(&r->pair.under),
			bench_median(&r->pair.ratio), bench_quantile(&r->pair.ratio, 0.1),
			bench_quantile(&r->pair.ratio, 0.9),
			(double)r->n_changes / (double)r->n_forged, bench_median(&r->pair.canary));
	bench_pair_free(&r->pair);
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
			const struct bench_load *load = bench_load_find(loads[n]);
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
	bool ok = true;
	struct rig *rig = rig_new();

	// What is refused never gets to a driver, so one is enough. One with engines has only so much room for packets
	// of one session that wait for it, and would lose some of a flood of good ones here.
	const char *names = options.name ? options.name : "sw";

	for (unsigned int d = 0; rig_driver(names, d); d++) {
		const struct crypto_driver *driver = rig_driver(names, d);

		for (unsigned int mode = 0; mode < 4; mode++)
			ok = measure_mode(rig, driver, mode % 2, mode / 2 ? 1 : RIG_SESSIONS_MAX,
				     &options) &&
			     ok;
	}
	rig_free(rig);
	return ok ? 0 : 1;
}
