// SPDX-License-Identifier: BSD-3-Clause
// What it costs to hand a packet to another worker: the ring between two workers, filled and emptied in bursts of the
// size that a worker has, one thread doing both sides in turn so that each can be timed alone; beside it a ring
// for many producers and consumers, as the reference. Where there is a second CPU, also with the other side on
// it: then the ring's and the packets' lines move between caches, which is what a handed-over packet really pays.
#include "perf/bench.h"
#include "perf/bench_json.h"

#include "config/limits.h"

#include <rte_eal.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_ring.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	N_MBUFS = 4095,
	RUN_PKTS = 1024, // no more than a ring has room for
	MEMORY_MB = 32,
	TOUCHED_BYTES = 64, // of a packet, by whoever gets it: its headers
	ACROSS_DEADLINE_S = 5,
};

enum side { SIDE_PUT, SIDE_TAKE, SIDE_BOTH, SIDE_ACROSS_PUT, SIDE_ACROSS_TAKE, SIDES };

static const char *const side_names[SIDES] = {
	"put", "take", "put and take", "put, other CPU takes", "take, other CPU puts"};

struct setup {
	const char *name;
	unsigned int flags;
	unsigned int burst;
	struct rte_ring *ring;
	struct bench_series cycles[SIDES]; // a packet
};

struct bench {
	struct rte_mempool *pool;
	struct rte_mbuf *mbufs[RUN_PKTS];
	unsigned int other_lcore; // RTE_MAX_LCORE: none
	uint32_t sum;		  // so that no look at a packet is optimised away
};

// --- one thread -------------------------------------------------------------------------------------

static unsigned int put_all(const struct setup *s, struct rte_mbuf **mbufs)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUN_PKTS; i += s->burst)
		n += rte_ring_enqueue_burst(s->ring, (void **)&mbufs[i], s->burst, NULL);
	return n;
}

static unsigned int take_all(const struct setup *s, struct rte_mbuf **mbufs)
{
	unsigned int n = 0, got;

	while ((got = rte_ring_dequeue_burst(s->ring, (void **)&mbufs[n], s->burst, NULL)) > 0)
		n += got;
	return n;
}

static bool run_alone(struct bench *b, struct setup *s)
{
	uint64_t begin = bench_now_tsc();
	unsigned int n_put = put_all(s, b->mbufs);
	uint64_t middle = bench_now_tsc();
	unsigned int n_taken = take_all(s, b->mbufs);
	uint64_t end = bench_now_tsc();

	bench_series_add(&s->cycles[SIDE_PUT], (double)(middle - begin) / RUN_PKTS);
	bench_series_add(&s->cycles[SIDE_TAKE], (double)(end - middle) / RUN_PKTS);
	bench_series_add(&s->cycles[SIDE_BOTH], (double)(end - begin) / RUN_PKTS);
	return n_put == RUN_PKTS && n_taken == RUN_PKTS;
}

// --- two threads ------------------------------------------------------------------------------------

// What the other CPU does: it writes the headers of each packet and puts it on the ring, or takes it and
// reads them, as often as told.
struct other {
	struct setup *setup;
	struct rte_mbuf **mbufs;
	bool puts;
	_Atomic bool is_ready; // other: w, main: r
	_Atomic bool go;       // main: w, other: r
	bool ok;
	uint32_t sum;
};

static void touch(struct rte_mbuf *m, uint32_t *sum)
{
	*sum += *rte_pktmbuf_mtod(m, const uint32_t *);
}

static uint64_t deadline(void)
{
	return bench_now_tsc() + (uint64_t)(bench_tsc_hz() * ACROSS_DEADLINE_S);
}

static unsigned int put_written(struct setup *s, struct rte_mbuf **mbufs, uint64_t until)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RUN_PKTS; i++)
		memset(rte_pktmbuf_mtod(mbufs[i], void *), (int)i, TOUCHED_BYTES);
	while (n < RUN_PKTS && bench_now_tsc() < until) {
		unsigned int left = RUN_PKTS - n;

		n += rte_ring_enqueue_burst(
			s->ring, (void **)&mbufs[n], left < s->burst ? left : s->burst, NULL);
	}
	return n;
}

static unsigned int take_reading(
	struct setup *s, struct rte_mbuf **mbufs, uint64_t until, uint32_t *sum)
{
	unsigned int n = 0;

	while (n < RUN_PKTS && bench_now_tsc() < until) {
		unsigned int got =
			rte_ring_dequeue_burst(s->ring, (void **)&mbufs[n], s->burst, NULL);

		for (unsigned int i = n; i < n + got; i++)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
		for (unsigned int i = n; i < n + got; i++)
			touch(mbufs[i], sum);
		n += got;
	}
	return n;
}

static int other_main(void *arg)
{
	struct other *o = arg;
	uint64_t until = deadline();

	atomic_store(&o->is_ready, true);
	while (!atomic_load(&o->go) && bench_now_tsc() < until)
		rte_pause();
	unsigned int n = o->puts ? put_written(o->setup, o->mbufs, until)
				 : take_reading(o->setup, o->mbufs, until, &o->sum);
	o->ok = n == RUN_PKTS;
	return 0;
}

// The packets' lines lie in the other CPU's cache when its side is `put`, here when it is `take`. The other side is
// done before (it puts) or begins after (it takes), so that no waiting is timed: only what moves.
static bool run_across(struct bench *b, struct setup *s, bool other_puts)
{
	static struct rte_mbuf *others[RUN_PKTS];
	struct other o = {.setup = s, .mbufs = other_puts ? b->mbufs : others, .puts = other_puts};
	uint64_t until = deadline(), begin, end;
	unsigned int n = 0;

	if (rte_eal_remote_launch(other_main, &o, b->other_lcore) != 0)
		return false;
	while (!atomic_load(&o.is_ready))
		rte_pause();
	if (other_puts) {
		atomic_store(&o.go, true);
		(void)rte_eal_wait_lcore(b->other_lcore);
		begin = bench_now_tsc();
		n = take_reading(s, b->mbufs, until, &b->sum);
		end = bench_now_tsc();
	} else {
		begin = bench_now_tsc();
		n = put_all(s, b->mbufs);
		end = bench_now_tsc();
		atomic_store(&o.go, true);
		(void)rte_eal_wait_lcore(b->other_lcore);
		memcpy(b->mbufs, others, sizeof(others));
	}
	b->sum += o.sum;
	bench_series_add(&s->cycles[other_puts ? SIDE_ACROSS_TAKE : SIDE_ACROSS_PUT],
		(double)(end - begin) / RUN_PKTS);
	return n == RUN_PKTS && o.ok;
}

// --- all --------------------------------------------------------------------------------------------

// Of those that we may use; -1: there is none.
static int another_cpu(const cpu_set_t *usable)
{
	int own = sched_getcpu();

	for (int i = 1; i < CPU_SETSIZE; i++)
		if (CPU_ISSET((own + i) % CPU_SETSIZE, usable))
			return (own + i) % CPU_SETSIZE;
	return -1;
}

static void start_eal(const cpu_set_t *usable)
{
	char memory[16], prefix[64], lcores[48];
	char *args[] = {"bench", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
		"--log-level", "error", "-m", memory, "--lcores", lcores, "--file-prefix", prefix,
		NULL};
	int other = another_cpu(usable);

	snprintf(memory, sizeof(memory), "%d", MEMORY_MB);
	snprintf(lcores, sizeof(lcores), other >= 0 ? "0@%d,1@%d" : "0@%d", sched_getcpu(), other);
	snprintf(prefix, sizeof(prefix), "adit-handoff-%d", (int)getpid());
	if (rte_eal_init((int)RTE_DIM(args) - 1, args) < 0) {
		fprintf(stderr, "EAL does not start\n");
		exit(1);
	}
}

static bool measure(struct bench *b, struct setup *setups, unsigned int n, unsigned int n_samples)
{
	bool ok = true;

	for (unsigned int i = 0; i < n_samples && ok; i++)
		for (unsigned int k = 0; k < n && ok; k++) {
			ok = run_alone(b, &setups[k]);
			if (ok && b->other_lcore < RTE_MAX_LCORE)
				ok = run_across(b, &setups[k], true) &&
				     run_across(b, &setups[k], false);
		}
	return ok;
}

static void print_table(struct setup *setups, unsigned int n)
{
	static struct bench_table table;

	bench_table_add(&table, "ring, burst|side|cycles/packet|p10|p90");
	for (unsigned int k = 0; k < n; k++)
		for (unsigned int side = 0; side < SIDES; side++)
			if (setups[k].cycles[side].n)
				bench_table_add(&table, "%s, %u|%s|%.1f|%.1f|%.1f", setups[k].name,
					setups[k].burst, side_names[side],
					bench_median(&setups[k].cycles[side]),
					bench_quantile(&setups[k].cycles[side], 0.1),
					bench_quantile(&setups[k].cycles[side], 0.9));
	bench_table_print(&table, stdout);
}

static bool write_json(const char *path, struct setup *setups, unsigned int n)
{
	struct json j = {.out = fopen(path, "w")};

	if (!j.out)
		return false;
	json_open_object(&j, NULL);
	json_put_string(&j, "benchmark", "bench_handoff");
	json_put_number(&j, "tsc_hz", bench_tsc_hz());
	json_put_number(&j, "core_per_tsc", bench_core_per_tsc());
	json_open_array(&j, "results");
	for (unsigned int k = 0; k < n; k++)
		for (unsigned int side = 0; side < SIDES; side++) {
			struct bench_series *cycles = &setups[k].cycles[side];

			if (!cycles->n)
				continue;
			json_open_object(&j, NULL);
			json_put_string(&j, "ring", setups[k].name);
			json_put_number(&j, "burst", setups[k].burst);
			json_put_string(&j, "side", side_names[side]);
			json_put_number(&j, "samples", cycles->n);
			json_put_number(&j, "tsc_cycles", bench_median(cycles));
			json_put_number(&j, "p10", bench_quantile(cycles, 0.1));
			json_put_number(&j, "p90", bench_quantile(cycles, 0.9));
			json_close_object(&j);
		}
	json_close_array(&j);
	json_close_object(&j);
	bool ok = !ferror(j.out);
	return fclose(j.out) == 0 && ok;
}

int main(int argc, char **argv)
{
	// As app/adit makes those between workers, and the ring that DPDK gives who asks for nothing special.
	struct setup setups[] = {
		{.name = "SP/SC",
			.flags = RING_F_SP_ENQ | RING_F_SC_DEQ,
			.burst = LIMIT_BURST_PKTS},
		{.name = "SP/SC", .flags = RING_F_SP_ENQ | RING_F_SC_DEQ, .burst = 8},
		{.name = "SP/SC", .flags = RING_F_SP_ENQ | RING_F_SC_DEQ, .burst = 1},
		{.name = "MP/MC", .flags = 0, .burst = LIMIT_BURST_PKTS},
	};
	const unsigned int n = RTE_DIM(setups);
	const char *path = bench_take_option(&argc, argv, "--json");
	cpu_set_t usable;

	// Before bench_begin() settles on one.
	if (sched_getaffinity(0, sizeof(usable), &usable) != 0)
		CPU_ZERO(&usable);
	struct bench_options options = bench_begin(argc, argv,
		"A packet on its way from one worker to another: TSC cycles a packet of the ring "
		"between them");
	struct bench b = {.other_lcore = RTE_MAX_LCORE};

	start_eal(&usable);
	b.other_lcore = rte_get_next_lcore(rte_get_main_lcore(), 1, 0);
	b.pool = rte_pktmbuf_pool_create(
		"packets", N_MBUFS, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!b.pool || rte_pktmbuf_alloc_bulk(b.pool, b.mbufs, RUN_PKTS) != 0) {
		fprintf(stderr, "no memory for packets\n");
		return 1;
	}
	for (unsigned int k = 0; k < n; k++) {
		char name[32];

		snprintf(name, sizeof(name), "handoff-%u", k);
		// One more place than a run has packets: a ring of 2^n holds one less.
		setups[k].ring =
			rte_ring_create(name, 2 * RUN_PKTS, SOCKET_ID_ANY, setups[k].flags);
		if (!setups[k].ring)
			return 1;
	}
	bool ok = measure(&b, setups, n, options.n_samples);
	if (!ok)
		fprintf(stderr, "PACKETS LOST\n");
	print_table(setups, n);
	if (path && !write_json(path, setups, n)) {
		fprintf(stderr, "%s cannot be written\n", path);
		ok = false;
	}
	for (unsigned int k = 0; k < n; k++) {
		rte_ring_free(setups[k].ring);
		for (unsigned int side = 0; side < SIDES; side++)
			bench_series_free(&setups[k].cycles[side]);
	}
	rte_mempool_free(b.pool);
	(void)rte_eal_cleanup();
	return ok ? 0 : 1;
}
