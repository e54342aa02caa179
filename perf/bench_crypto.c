// SPDX-License-Identifier: BSD-3-Clause
// MPPE 128 bit stateless through each crypto driver, beside OpenSSL: cycles a packet by size, with
// many sessions and with one.
#include "drivers/drivers.h"
#include "perf/bench.h"
#include "perf/openssl_mppe.h"

#include <stdlib.h>
#include <string.h>

enum {
	N_CONTEXTS = 1024,
	N_PACKETS = 1024, // a sample
	BURST = 32,
	PACKET_STRIDE = 1600,
};

struct run {
	const struct crypto_driver *driver;
	void *state;
	unsigned int n_contexts;
	const struct bench_load *load;
	struct mppe_context contexts[N_CONTEXTS];
	struct openssl_mppe references[N_CONTEXTS];
	struct crypto_op ops[BURST];
	uint8_t ours[N_PACKETS][PACKET_STRIDE];
	uint8_t theirs[N_PACKETS][PACKET_STRIDE];
};

struct result {
	struct bench_series ours, theirs, ratio; // cycles a packet; theirs / ours
	struct bench_series canary;
};

static void reset(struct run *run)
{
	uint8_t key[MPPE_KEY_BYTES_MAX];

	srandom(1);
	for (unsigned int i = 0; i < N_CONTEXTS; i++) {
		for (unsigned int k = 0; k < sizeof(key); k++)
			key[k] = (uint8_t)(random() >> 8);
		mppe_context_init(&run->contexts[i], MPPE_STRENGTH_128, true, key, NULL);
		openssl_mppe_init(&run->references[i], key);
	}
	memset(run->ours, 0x45, sizeof(run->ours));
	memset(run->theirs, 0x45, sizeof(run->theirs));
}

static void submit_and_poll(struct run *run, struct crypto_op **burst, unsigned int n)
{
	struct crypto_op *done[BURST];
	unsigned int n_submitted = 0, n_done = 0;

	while (n_done < n) {
		n_submitted +=
			run->driver->submit(run->state, burst + n_submitted, n - n_submitted);
		n_done += run->driver->poll(run->state, done, BURST);
	}
}

static double sample_ours(struct run *run)
{
	struct crypto_op *burst[BURST];
	uint64_t begin = bench_now_tsc();

	for (unsigned int at = 0; at < N_PACKETS; at += BURST) {
		for (unsigned int i = 0; i < BURST; i++) {
			unsigned int packet = at + i;
			run->ops[i] = (struct crypto_op){
				.ctx = &run->contexts[packet % run->n_contexts],
				.data = run->ours[packet],
				.len = bench_load_len(run->load, packet),
				.n_changes = 1,
			};
			burst[i] = &run->ops[i];
		}
		submit_and_poll(run, burst, BURST);
	}
	return (double)(bench_now_tsc() - begin) / N_PACKETS;
}

static double sample_theirs(struct run *run)
{
	uint64_t begin = bench_now_tsc();

	for (unsigned int packet = 0; packet < N_PACKETS; packet++)
		openssl_mppe_packet(&run->references[packet % run->n_contexts], run->theirs[packet],
			bench_load_len(run->load, packet));
	return (double)(bench_now_tsc() - begin) / N_PACKETS;
}

// The two go in turn, and each goes first as often as the other. What they compute must agree at the
// end, over all samples: a driver that is fast and wrong has no number here.
static bool measure(struct run *run, unsigned int n_samples, struct result *result)
{
	reset(run);
	for (unsigned int i = 0; i < n_samples + 1; i++) {
		double ours, theirs;

		if (i % 2) {
			ours = sample_ours(run);
			theirs = sample_theirs(run);
		} else {
			theirs = sample_theirs(run);
			ours = sample_ours(run);
		}
		if (i == 0)
			continue; // warms caches and clock
		bench_series_add(&result->ours, ours);
		bench_series_add(&result->theirs, theirs);
		bench_series_add(&result->ratio, theirs / ours);
		bench_series_add(&result->canary, bench_canary());
	}
	return !run->driver->for_production ||
	       memcmp(run->ours, run->theirs, sizeof(run->ours)) == 0;
}

static void add_row(
	struct bench_table *table, const struct run *run, struct result *result, bool is_right)
{
	double cycles = bench_median(&result->ours);
	double gbps = bench_load_mean_bytes(run->load) * 8 * bench_tsc_hz() / cycles / 1e9;

	if (!is_right)
		bench_table_add(table, "%s, %u|%s|WRONG ANSWER", run->driver->name, run->n_contexts,
			run->load->name);
	else if (!run->driver->for_production)
		bench_table_add(table, "%s, %u|%s|%.0f|%.0f|%.0f|-|-|-|-|%.3f", run->driver->name,
			run->n_contexts, run->load->name, cycles,
			bench_quantile(&result->ours, 0.1), bench_median(&result->theirs),
			bench_median(&result->canary));
	else
		bench_table_add(table, "%s, %u|%s|%.0f|%.0f|%.0f|%.2f|%.2f|%.2f|%.2f|%.3f",
			run->driver->name, run->n_contexts, run->load->name, cycles,
			bench_quantile(&result->ours, 0.1), bench_median(&result->theirs),
			bench_median(&result->ratio), bench_quantile(&result->ratio, 0.1),
			bench_quantile(&result->ratio, 0.9), gbps, bench_median(&result->canary));
}

static void add_line(struct bench_table *lines, const struct run *run, const char *who,
	const double *bytes, const double *cycles, unsigned int n)
{
	double slope, intercept;

	bench_fit(bytes, cycles, n, &slope, &intercept);
	bench_table_add(lines, "%s, %u|%s|%.2f|%.0f", run->driver->name, run->n_contexts, who,
		slope, intercept);
}

static bool measure_loads(struct run *run, unsigned int n_samples, struct bench_table *table,
	struct bench_table *lines)
{
	double bytes[BENCH_LOADS], ours[BENCH_LOADS], theirs[BENCH_LOADS];
	unsigned int n = 0;
	bool ok = true;

	for (unsigned int i = 0; i < BENCH_LOADS; i++) {
		struct result result = {0};
		bool is_right;

		run->load = &bench_loads[i];
		is_right = measure(run, n_samples, &result);
		ok = ok && is_right;
		add_row(table, run, &result, is_right);
		if (run->load->is_uniform) {
			bytes[n] = run->load->lens[0];
			ours[n] = bench_median(&result.ours);
			theirs[n++] = bench_median(&result.theirs);
		}
		bench_series_free(&result.ours);
		bench_series_free(&result.theirs);
		bench_series_free(&result.ratio);
		bench_series_free(&result.canary);
	}
	add_line(lines, run, "driver", bytes, ours, n);
	add_line(lines, run, "OpenSSL", bytes, theirs, n);
	return ok;
}

int main(int argc, char **argv)
{
	static const unsigned int n_contexts[] = {N_CONTEXTS, 1};
	static struct run run;
	struct bench_table table = {0}, lines = {0};
	struct bench_options options = bench_begin(argc, argv,
		"MPPE 128 bit stateless, one core: SHA-1 and RC4 re-key, RC4 set-up and stream of "
		"each packet");
	bool ok = true;

	bench_table_add(&table,
		"driver, sessions|bytes|cycles/packet|p10|OpenSSL|ratio|p10|p90|Gbit/s|canary");
	bench_table_add(&lines, "driver, sessions|of|cycles/byte|cycles/packet of 0 bytes");
	for (unsigned int d = 0; drivers_get_crypto(d); d++) {
		run.driver = drivers_get_crypto(d);
		if (options.name && strcmp(options.name, run.driver->name) != 0)
			continue;
		if (run.driver->open(BURST, &run.state) != 0) {
			fprintf(stderr, "%s: does not open\n", run.driver->name);
			return 1;
		}
		for (unsigned int i = 0; i < sizeof(n_contexts) / sizeof(n_contexts[0]); i++) {
			run.n_contexts = n_contexts[i];
			ok = measure_loads(&run, options.n_samples, &table, &lines) && ok;
		}
		run.driver->close(run.state);
	}
	bench_table_print(&table, stdout);
	bench_table_print(&lines, stdout);
	return ok ? 0 : 1;
}
