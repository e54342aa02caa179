// SPDX-License-Identifier: BSD-3-Clause
// MPPE of 128 bit through our drivers beside OpenSSL and what a Linux kernel computes, sample by sample in turn:
// by size, sessions, mode, size of burst, and by the parts of the work. perf/README.md says how to read it.
#include "perf/bench.h"
#include "perf/method_driver.h"
#include "perf/method_reference.h"
#include "perf/mppe_json.h"
#include "perf/mppe_race.h"
#include "perf/mppe_results.h"
#include "perf/mppe_tables.h"
#include "perf/mppe_targets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct program {
	struct bench_options options;
	const char *sections; // --section LIST
	const char *json;     // --json FILE
	const char *date;     // --date TEXT
	struct results results;
	bool is_right; // so far
};

static void add_method(struct program *p, struct race *race, const struct mppe_method *method)
{
	int rc = race_add(race, method);

	if (rc == 0)
		return;
	fprintf(stderr, "%s: %s\n", method->name,
		rc == -ENOTSUP ? "not to be had here" : strerror(-rc));
	p->is_right = p->is_right && rc == -ENOTSUP;
}

static void add_references(struct program *p, struct race *race, unsigned int n)
{
	for (unsigned int i = 0; i < n && method_reference_get(i); i++)
		add_method(p, race, method_reference_get(i));
}

static void run(struct program *p, struct race *race, enum results_section section,
	const struct mppe_work *work)
{
	struct race_result results[RACE_METHODS_MAX];

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s, %s, %u sessions, %s bytes, bursts of %u   ",
			results_section_names[section],
			work->is_stateless ? "stateless" : "stateful", work->n_sessions,
			work->load->name, work->burst);
	race_run(race, work, p->options.n_samples, results);
	for (unsigned int i = 0; i < race->n; i++) {
		p->is_right = p->is_right && results[i].is_right;
		results_add(&p->results, section, &results[i]);
	}
}

static void measure_packets(struct program *p)
{
	struct race race = {.noise = &p->results.noise};

	for (unsigned int i = 0; method_driver_get(i); i++)
		if (bench_is_chosen(p->options.name, method_driver_get(i)->name))
			add_method(p, &race, method_driver_get(i));
	add_references(p, &race, RACE_METHODS_MAX);
	for (unsigned int i = 0; i < race.n; i++)
		printf("- `%s`: %s\n", race.runners[i].method->name,
			race.runners[i].method->description);
	printf("\n");
	for (unsigned int mode = 0; mode < 4; mode++)
		for (unsigned int i = 0; i < BENCH_LOADS; i++) {
			const struct mppe_work work = {
				.load = &bench_loads[i],
				.n_sessions = mode % 2 ? 1 : MPPE_WORK_SESSIONS,
				.burst = TABLE_BURST,
				.is_stateless = mode < 2,
			};
			if (p->options.is_smoke && bench_loads[i].is_uniform && i > 0)
				continue;
			run(p, &race, SECTION_PACKETS, &work);
		}
	race_free(&race);
}

static void measure_bursts(struct program *p)
{
	static const char *const loads[] = {"64", "1400"};
	struct race race = {.noise = &p->results.noise};

	add_method(p, &race, method_driver_get(0));
	add_references(p, &race, REFERENCES_OF_RATIOS);
	for (unsigned int i = 0; i < 2; i++)
		for (unsigned int burst = 1; burst <= 64; burst *= 2) {
			const struct mppe_work work = {
				.load = bench_load_find(loads[i]),
				.n_sessions = MPPE_WORK_SESSIONS,
				.burst = burst,
				.is_stateless = true,
			};
			if (p->options.is_smoke && (i > 0 || (burst != 1 && burst != 64)))
				continue;
			run(p, &race, SECTION_BURSTS, &work);
		}
	race_free(&race);
}

static void measure_parts(struct program *p)
{
	struct race race = {.noise = &p->results.noise};
	struct mppe_work work;

	add_method(p, &race, method_driver_get(0));
	for (unsigned int i = 0; method_part_get(i); i++)
		add_method(p, &race, method_part_get(i));
	for (unsigned int k = 0; tables_parts_work(k, &work); k++)
		for (unsigned int i = 0; i < BENCH_LOADS; i++) {
			if (p->options.is_smoke && i > 0)
				continue;
			work.load = &bench_loads[i];
			run(p, &race, SECTION_PARTS, &work);
		}
	race_free(&race);
}

static bool is_section(const char *sections)
{
	for (unsigned int i = 0; i < SECTIONS; i++)
		if (bench_is_chosen(sections, results_section_names[i]))
			return true;
	return false;
}

static void measure(struct program *p)
{
	static void (*const measures[SECTIONS])(struct program *) = {
		[SECTION_PACKETS] = measure_packets,
		[SECTION_BURSTS] = measure_bursts,
		[SECTION_PARTS] = measure_parts,
	};

	for (unsigned int i = 0; i < SECTIONS; i++)
		if (bench_is_chosen(p->sections, results_section_names[i]))
			measures[i](p);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\n");
}

static void print(struct program *p)
{
	tables_print_noise(&p->results);
	tables_print_packets(&p->results);
	tables_print_lines(&p->results);
	tables_print_bursts(&p->results);
	tables_print_parts(&p->results);
	targets_print(&p->results);
	if (!p->is_right)
		printf("WRONG: methods made different things of the same packets and keys, or one "
		       "does "
		       "not open.\n");
}

int main(int argc, char **argv)
{
	static struct program p = {.is_right = true};
	int rc;

	p.json = bench_take_option(&argc, argv, "--json");
	p.date = bench_take_option(&argc, argv, "--date");
	p.sections = bench_take_option(&argc, argv, "--section");
	p.options = bench_begin(argc, argv,
		"MPPE 128 bit, 1,024 packets a sample: SHA-1 and RC4 of the changes of key, RC4 of "
		"the packets");
	if (!is_section(p.sections)) {
		fprintf(stderr, "--section is of packets, bursts, parts\n");
		return 2;
	}
	p.results.is_smoke = p.options.is_smoke;
	p.results.n_samples = p.options.n_samples;
	bench_noise_begin(&p.results.noise, p.options.is_smoke ? 1 : 300);
	measure(&p);
	print(&p);
	if (p.json) {
		rc = mppe_json_write(
			&p.results, &(struct mppe_json_origin){.date = p.date}, p.json);
		if (rc != 0) {
			fprintf(stderr, "%s: %s\n", p.json, strerror(-rc));
			return 1;
		}
	}
	results_free(&p.results);
	return p.is_right ? 0 : 1;
}
