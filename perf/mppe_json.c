// SPDX-License-Identifier: BSD-3-Clause
#include "perf/mppe_json.h"

#include "perf/bench_json.h"
#include "perf/mppe_tables.h"
#include "perf/mppe_targets.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#ifdef __clang__
#define COMPILER __VERSION__ // which begins with its name
#else
#define COMPILER "gcc " __VERSION__
#endif

// The value of a line of /proc/cpuinfo, of the first CPU.
static void put_cpuinfo(struct json *j, const char *key, const char *field)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, field, strlen(field)) != 0 ||
			strspn(line + strlen(field), " \t") !=
				(size_t)(colon - line) - strlen(field))
			continue;
		colon[strcspn(colon, "\n")] = 0;
		json_put_string(j, key, colon[1] ? colon + 2 : "");
		break;
	}
	if (f)
		fclose(f);
}

static void put_machine(struct results *results, struct json *j)
{
	struct utsname system = {0};

	(void)uname(&system);
	json_open_object(j, "machine");
	put_cpuinfo(j, "cpu", "model name");
	put_cpuinfo(j, "cpu_family", "cpu family");
	put_cpuinfo(j, "cpu_model", "model");
	json_put_string(j, "architecture", system.machine);
	json_put_string(j, "kernel", system.release);
	json_put_number(j, "tsc_hz", bench_tsc_hz());
	json_put_number(j, "core_hz", results_core_hz(results));
	json_put_number(j, "store_core_cycles", bench_store_cycles());
	json_put_number(j, "canary_best", results->noise.best);
	json_close_object(j);
}

static void put_figure(struct json *j, const char *key, struct figure f)
{
	if (f.n == 0)
		return;
	json_open_object(j, key);
	json_put_number(j, "median", f.median);
	json_put_number(j, "p10", f.p10);
	json_put_number(j, "p90", f.p90);
	json_close_object(j);
}

static void put_state(struct results *results, struct json *j, enum results_section section,
	const struct race_result *r, enum bench_state state)
{
	static const char *const references[] = {"openssl", "linux", "evp"};
	struct figure cycles = results_cycles(results, r, state);
	double pps = results_core_hz(results) / cycles.median;

	json_open_object(j, bench_state_names[state]);
	json_put_number(j, "samples", cycles.n);
	if (cycles.n) {
		put_figure(j, "core_cycles", cycles);
		put_figure(j, "core_cycles_of_worker", results_worked(results, r, state));
		json_put_number(j, "ns", 1e9 / pps);
		json_put_number(j, "mpps", pps / 1e6);
		json_put_number(j, "gbps", pps * bench_load_mean_bytes(r->work.load) * 8 / 1e9);
		json_open_object(j, "ratio_of");
		for (unsigned int i = 0; i < sizeof(references) / sizeof(references[0]); i++)
			put_figure(j, references[i],
				results_ratio(results, section, r, references[i], state));
		json_close_object(j);
	}
	json_close_object(j);
}

static void put_result(struct results *results, struct json *j, enum results_section section,
	const struct race_result *r)
{
	json_open_object(j, NULL);
	json_put_string(j, "section", results_section_names[section]);
	json_put_string(j, "method", r->method->name);
	json_put_bool(j, "is_reference", r->method->is_reference);
	json_put_number(j, "cores", r->method->n_cores);
	json_put_string(j, "mode", r->work.is_stateless ? "stateless" : "stateful");
	json_put_number(j, "sessions", r->work.n_sessions);
	json_put_string(j, "load", r->work.load->name);
	json_put_number(j, "mean_bytes", bench_load_mean_bytes(r->work.load));
	json_put_number(j, "burst", r->work.burst);
	json_put_bool(j, "is_right", r->is_right);
	for (unsigned int s = 0; s < BENCH_STATES; s++)
		put_state(results, j, section, r, (enum bench_state)s);
	json_put_numbers(j, "tsc_cycles", r->passed.values, r->passed.n);
	json_put_numbers(j, "tsc_cycles_of_worker", r->worked.values, r->worked.n);
	json_put_numbers(j, "canaries", r->passed.canaries, r->passed.n);
	json_close_object(j);
}

static void put_parts_of(struct results *results, struct json *j, const struct mppe_work *work)
{
	struct parts p;

	if (!tables_find_parts(results, work, &p))
		return;
	json_open_object(j, NULL);
	json_put_string(j, "mode", work->is_stateless ? "stateless" : "stateful");
	json_put_number(j, "sessions", work->n_sessions);
	json_put_string(j, "load", work->load->name);
	json_put_string(j, "state", bench_state_names[p.state]);
	json_put_number(j, "loop", p.loop);
	json_put_number(j, "bookkeeping", p.bookkeeping);
	json_put_number(j, "hash", p.hash);
	json_put_number(j, "rekey", p.rekey);
	json_put_number(j, "schedule", p.schedule);
	json_put_number(j, "stream", p.stream);
	json_put_number(j, "xor", p.mix);
	json_put_number(j, "sw", p.whole);
	json_close_object(j);
}

static void put_parts(struct results *results, struct json *j)
{
	struct mppe_work work;

	json_open_array(j, "parts");
	for (unsigned int k = 0; tables_parts_work(k, &work); k++)
		for (unsigned int i = 0; i < BENCH_LOADS; i++) {
			work.load = &bench_loads[i];
			put_parts_of(results, j, &work);
		}
	json_close_array(j);
}

int mppe_json_write(
	struct results *results, const struct mppe_json_origin *origin, const char *path)
{
	struct json j = {.out = fopen(path, "w")};
	int rc = 0;

	if (!j.out)
		return -errno;
	json_open_object(&j, NULL);
	json_put_string(&j, "benchmark", "bench_crypto");
	if (origin->date)
		json_put_string(&j, "date", origin->date);
	json_put_string(&j, "compiler", COMPILER);
	json_put_number(&j, "samples", results->n_samples);
	put_machine(results, &j);
	targets_put_json(results, &j);
	put_parts(results, &j);
	json_open_array(&j, "results");
	for (unsigned int i = 0; i < results->n; i++)
		put_result(results, &j, results->sections[i], &results->all[i]);
	json_close_array(&j);
	json_close_object(&j);
	if (ferror(j.out))
		rc = -EIO;
	if (fclose(j.out) != 0 && rc == 0)
		rc = -errno;
	return rc;
}
