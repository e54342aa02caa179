// SPDX-License-Identifier: BSD-3-Clause
// Engine lanes one thing at a time; ism_race_test.c has them all at once.
#include "drivers/crypto/ism/ism.h"
#include "drivers/crypto/ism/ism_lane.h"
#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUEUE = ISM_QUEUE_MIN, N = 8, STALL = 1000, HOLD = 10000, LEN = 100 };

struct rig {
	uint64_t clock;
	struct ism *ism;
	struct crypto_counters inline_counters, engine_counters;
	void *driver;
	struct mppe_context ctx[N];
	struct rc4_state rc4[N];
	struct crypto_op ops[4 * QUEUE];
	uint8_t data[4 * QUEUE][LEN];
	struct crypto_op *out[4 * QUEUE]; // of the last poll
};

static const uint8_t start_key[MPPE_KEY_BYTES_MAX] = {1, 2, 3};

static uint64_t rig_clock(void *rig)
{
	return ((struct rig *)rig)->clock;
}

static struct rig *rig_open(unsigned int n_engines, bool is_stateless)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct ism_config config = {
		.n_workers = 1,
		.n_engines = n_engines,
		.queue = QUEUE,
		.stall_cycles = STALL,
		.hold_cycles = HOLD,
		.clock = rig_clock,
		.clock_context = r,
	};

	r->clock = 1000000; // it has run for long before
	config.counters[0] = &r->engine_counters;
	if (ism_new(&config, &r->ism) != 0)
		abort();
	const struct crypto_setup setup = {
		.depth = 4 * QUEUE, .shared = r->ism, .counters = &r->inline_counters};
	if (crypto_driver_ism.open(&setup, &r->driver) != 0)
		abort();
	for (unsigned int i = 0; i < N; i++)
		mppe_context_init(
			&r->ctx[i], MPPE_STRENGTH_128, is_stateless, start_key, &r->rc4[i]);
	return r;
}

static void rig_close(struct rig *r)
{
	crypto_driver_ism.close(r->driver);
	ism_free(r->ism);
	free(r);
}

// Ops first..first+n-1, all of context `ctx`, of LEN zeros; returns how many are taken.
static unsigned int put(struct rig *r, unsigned int first, unsigned int n, unsigned int ctx)
{
	struct crypto_op *ops[4 * QUEUE];

	for (unsigned int i = 0; i < n; i++) {
		struct crypto_op *op = &r->ops[first + i];
		*op = (struct crypto_op){.ctx = &r->ctx[ctx],
			.data = r->data[first + i],
			.len = LEN,
			.n_changes = r->ctx[ctx].is_stateless};
		memset(op->data, 0, LEN);
		ops[i] = op;
	}
	return crypto_driver_ism.submit(r->driver, ops, n);
}

static unsigned int get(struct rig *r)
{
	return crypto_driver_ism.poll(r->driver, r->out, 4 * QUEUE);
}

// Time passes, and the worker looks now and then.
static unsigned int wait(struct rig *r, uint64_t time)
{
	for (uint64_t step = STALL / 8; time > 0; time -= step) {
		step = time < step ? time : step;
		r->clock += step;
		unsigned int n = get(r);
		if (n > 0)
			return n;
	}
	return 0;
}

// The same, and engine 0 makes a turn whenever `pause` has passed.
static void live(struct rig *r, uint64_t time, uint64_t pause)
{
	for (uint64_t passed = 0; passed < time; passed += pause) {
		EXPECT_EQ(0, ism_engine_turn(ism_engine(r->ism, 0)));
		EXPECT_EQ(0, wait(r, pause));
	}
}

static struct crypto_channel_counters counters(const struct rig *r, unsigned int engine)
{
	return *ism_channel_counters(r->ism, 0, engine);
}

// The n-th packet of a stateless context that began with start_key.
static void wanted_packet(unsigned int n, uint8_t out[LEN])
{
	uint8_t key[MPPE_KEY_BYTES_MAX];
	struct arcfour_ctx rc4;

	mppe_key_initial(MPPE_STRENGTH_128, start_key, key);
	for (unsigned int i = 0; i <= n; i++)
		mppe_key_change(MPPE_STRENGTH_128, start_key, key);
	memset(out, 0, LEN);
	arcfour_set_key(&rc4, 16, key);
	arcfour_crypt(&rc4, LEN, out, out);
}

#define EXPECT_PACKET(r, i, n)                                \
	do {                                                  \
		uint8_t wanted_[LEN];                         \
		wanted_packet(n, wanted_);                    \
		EXPECT_EQ(CRYPTO_DONE, (r)->ops[i].status);   \
		EXPECT_MEMEQ(wanted_, (r)->ops[i].data, LEN); \
	} while (0)

TEST(ism, refuses_numbers_that_cannot_be)
{
	static const struct ism_config bad[] = {
		{.n_workers = 0, .n_engines = 1, .queue = 64},
		{.n_workers = LIMIT_WORKERS + 1, .n_engines = 1, .queue = 64},
		{.n_workers = 1, .n_engines = 0, .queue = 64},
		{.n_workers = 1, .n_engines = LIMIT_ENGINES + 1, .queue = 64},
		{.n_workers = 1, .n_engines = 1, .queue = 32},
		{.n_workers = 1, .n_engines = 1, .queue = 100},
		{.n_workers = 1, .n_engines = 1, .queue = 65536},
		{.n_workers = 1, .n_engines = 1, .queue = 64, .sha1 = "none such"},
		{.n_workers = 1, .n_engines = 1, .queue = 64, .stall_cycles = 10, .hold_cycles = 9},
	};
	struct ism *ism = NULL;
	void *state = NULL;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(-EINVAL, ism_new(&bad[i], &ism));
		EXPECT_NULL(ism);
	}
	const struct ism_config good = {.n_workers = 2, .n_engines = 1, .queue = 64};
	ASSERT_EQ(0, ism_new(&good, &ism));
	struct crypto_setup setup = {.depth = 1, .lane = 2, .shared = ism};
	EXPECT_EQ(-EINVAL, crypto_driver_ism.open(&setup, &state));
	EXPECT_NULL(state);
	ism_free(ism);
	ism_free(NULL);
}

static size_t resident_mb(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%*u %lu", &pages) != 1)
		abort();
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE) >> 20;
}

// Room for all channels that there can be is address space; memory is what is used (and a sanitizer's shadow).
TEST(ism, what_is_not_used_takes_no_memory)
{
	const struct ism_config config = {
		.n_workers = LIMIT_WORKERS, .n_engines = LIMIT_ENGINES, .queue = 1024};
	size_t room_mb = (sizeof(struct ism_slot) + 2 * sizeof(struct rc4_state)) * config.queue *
				 LIMIT_WORKERS * LIMIT_ENGINES >>
			 20;
	size_t before_mb = resident_mb();
	struct ism *ism;

	ASSERT_EQ(0, ism_new(&config, &ism));
	EXPECT_LT(resident_mb(), before_mb + room_mb / 4);
	ism_free(ism);
	EXPECT_LT(resident_mb(), before_mb + room_mb / 4);
}

TEST(ism, contexts_are_spread_and_each_keeps_its_engine)
{
	struct rig *r = rig_open(3, true);
	unsigned int n_of[3] = {0};

	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < N; i++) {
			EXPECT_EQ(2, put(r, 2 * i, 2, i));
			if (round == 0)
				n_of[r->ctx[i].engine - 1]++;
		}
		for (unsigned int k = 0; k < 3; k++) {
			EXPECT_EQ(2 * n_of[k], counters(r, k).depth);
			EXPECT_EQ(2 * n_of[k], ism_engine_turn(ism_engine(r->ism, k)));
			EXPECT_EQ(0, ism_engine_turn(ism_engine(r->ism, k)));
		}
		EXPECT_EQ(2 * N, get(r));
		for (unsigned int i = 0; i < N; i++) {
			EXPECT_PACKET(r, 2 * i, 2 * round);
			EXPECT_PACKET(r, 2 * i + 1, 2 * round + 1);
		}
	}
	for (unsigned int k = 0; k < 3; k++) {
		EXPECT_GE(n_of[k], N / 3);
		EXPECT_EQ(6 * n_of[k], counters(r, k).submitted);
		EXPECT_EQ(2 * n_of[k], counters(r, k).depth_max);
		EXPECT_EQ(0, counters(r, k).depth);
	}
	EXPECT_EQ(6 * n_of[0], r->engine_counters.ops);
	EXPECT_EQ(3, r->engine_counters.batches[crypto_batch_class(2 * n_of[0])]);
	EXPECT_EQ(0, r->inline_counters.ops);
	rig_close(r);
}

TEST(ism, a_full_channel_takes_a_prefix_and_says_so_before)
{
	struct rig *r = rig_open(1, true);

	// Room is room for a whole burst.
	EXPECT_EQ(QUEUE - LIMIT_BURST_PKTS, put(r, 0, QUEUE - LIMIT_BURST_PKTS, 0));
	EXPECT_TRUE(crypto_driver_ism.has_room(r->driver, &r->ctx[0]));
	EXPECT_EQ(1, put(r, QUEUE - LIMIT_BURST_PKTS, 1, 0));
	EXPECT_EQ(0, counters(r, 0).full);
	EXPECT_FALSE(crypto_driver_ism.has_room(r->driver, &r->ctx[0]));
	EXPECT_EQ(LIMIT_BURST_PKTS - 1,
		put(r, QUEUE - LIMIT_BURST_PKTS + 1, LIMIT_BURST_PKTS + 9, 0));
	EXPECT_EQ(2, counters(r, 0).full);
	EXPECT_FALSE(crypto_driver_ism.has_room(r->driver, &r->ctx[1]));
	EXPECT_EQ(0, put(r, QUEUE, 1, 1));
	EXPECT_EQ(4, counters(r, 0).full);
	ism_engine_turn(ism_engine(r->ism, 0));
	// What the engine has done makes room, whether it was fetched or not.
	EXPECT_TRUE(crypto_driver_ism.has_room(r->driver, &r->ctx[1]));
	EXPECT_EQ(10, put(r, QUEUE, 10, 0));
	ism_engine_turn(ism_engine(r->ism, 0));
	EXPECT_EQ(QUEUE + 10, get(r));
	for (unsigned int i = 0; i < QUEUE + 10; i++) {
		EXPECT_TRUE(r->out[i] == &r->ops[i]);
		EXPECT_PACKET(r, i, i);
	}
	rig_close(r);
}

// Nothing begun: all packets are the worker's, none is lost.
TEST(ism, an_engine_that_never_looks_is_bypassed)
{
	struct rig *r = rig_open(2, true);

	EXPECT_EQ(5, put(r, 0, 5, 0));
	EXPECT_EQ(0, wait(r, STALL - 1));
	EXPECT_EQ(0, counters(r, 0).bypasses);
	EXPECT_EQ(5, wait(r, STALL / 4));
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_TRUE(r->out[i] == &r->ops[i]);
		EXPECT_PACKET(r, i, i);
	}
	EXPECT_EQ(CRYPTO_CHANNEL_BYPASSED, counters(r, 0).state);
	EXPECT_EQ(1, counters(r, 0).bypasses);
	EXPECT_EQ(5, counters(r, 0).bypassed_ops);
	EXPECT_EQ(0, counters(r, 0).lost);
	EXPECT_EQ(5, r->inline_counters.ops);
	// From now on inline, at once; a new context gets an engine that works.
	EXPECT_EQ(1, put(r, 5, 1, 0));
	EXPECT_EQ(1, get(r));
	EXPECT_PACKET(r, 5, 5);
	EXPECT_EQ(1, put(r, 6, 1, 1));
	EXPECT_EQ(2, r->ctx[1].engine);
	EXPECT_EQ(1, ism_engine_turn(ism_engine(r->ism, 1)));
	EXPECT_EQ(1, get(r));
	// The other engine is not suspected of anything.
	EXPECT_EQ(0, counters(r, 1).bypasses);
	rig_close(r);
}

// Begun: lost, and the session goes on without them. The engine finds nothing of what it had, when it comes back.
static void lose_and_return(bool is_stateless, bool does_work_first)
{
	struct rig *r = rig_open(1, is_stateless);
	struct ism_engine *e = ism_engine(r->ism, 0);
	struct rig *same = rig_open(1, is_stateless); // where nothing happens
	uint8_t late[LEN];

	EXPECT_EQ(12, put(same, 0, 12, 0));
	ism_engine_turn(ism_engine(same->ism, 0));
	EXPECT_EQ(12, get(same));

	EXPECT_EQ(3, put(r, 0, 3, 0));
	EXPECT_EQ(3, ism_engine_turn(e));
	EXPECT_EQ(4, put(r, 3, 4, 0));
	ism_engine_claim(e);
	if (does_work_first)
		ism_engine_work(e);
	EXPECT_EQ(3, put(r, 7, 3, 0));
	EXPECT_EQ(3, get(r));
	EXPECT_EQ(7, wait(r, 2 * STALL));
	for (unsigned int i = 0; i < 7; i++) {
		EXPECT_TRUE(r->out[i] == &r->ops[3 + i]);
		EXPECT_EQ(i < 4 ? CRYPTO_LOST : CRYPTO_DONE, r->out[i]->status);
	}
	EXPECT_EQ(4, counters(r, 0).lost);
	EXPECT_EQ(3, counters(r, 0).bypassed_ops);
	EXPECT_MEMEQ(same->data[7], r->data[7], 3 * sizeof(r->data[0]));

	// The keys are the session's alone: they may change while the engine hangs.
	struct mppe_context kept = r->ctx[0];
	struct rc4_state kept_rc4 = r->rc4[0];
	memset(&r->ctx[0], 0x55, sizeof(r->ctx[0]));
	memset(&r->rc4[0], 0x55, sizeof(r->rc4[0]));
	EXPECT_EQ(0, wait(r, 2 * HOLD));
	if (!does_work_first)
		ism_engine_work(e);
	EXPECT_EQ(0, get(r));
	ism_engine_publish(e);
	EXPECT_EQ(0x55, r->ctx[0].session_key[0]);
	EXPECT_EQ(0x55, r->rc4[0].s[0]);
	EXPECT_EQ(0x55, r->rc4[0].j);
	r->ctx[0] = kept;
	r->rc4[0] = kept_rc4;
	EXPECT_EQ(4, get(r));
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_TRUE(r->out[i] == &r->ops[3 + i]);
		EXPECT_EQ(CRYPTO_RETURNED, r->out[i]->status);
	}
	memcpy(late, r->data[3], LEN);

	// It is alive for a while, and then trusted again.
	live(r, 2 * HOLD, STALL / 2);
	EXPECT_EQ(CRYPTO_CHANNEL_OPEN, counters(r, 0).state);
	EXPECT_EQ(2, put(r, 10, 2, 0));
	EXPECT_EQ(0, get(r));
	EXPECT_EQ(2, ism_engine_turn(e));
	EXPECT_EQ(2, get(r));
	EXPECT_MEMEQ(same->data[10], r->data[10], 2 * sizeof(r->data[0]));
	EXPECT_MEMEQ(same->ctx[0].session_key, r->ctx[0].session_key, MPPE_KEY_BYTES_MAX);
	EXPECT_MEMEQ(&same->rc4[0], &r->rc4[0], is_stateless ? 0 : sizeof(r->rc4[0]));
	EXPECT_MEMEQ(late, r->data[3], LEN);
	rig_close(same);
	rig_close(r);
}

TEST(ism, what_an_engine_had_begun_is_lost_and_returned)
{
	lose_and_return(true, false);
	lose_and_return(true, true);
}

TEST(ism, a_stateful_stream_goes_on_behind_what_was_lost)
{
	lose_and_return(false, false);
	lose_and_return(false, true);
}

TEST(ism, stays_bypassed_while_the_engine_is_dead)
{
	struct rig *r = rig_open(1, true);

	EXPECT_EQ(1, put(r, 0, 1, 0));
	EXPECT_EQ(1, wait(r, 2 * STALL));
	EXPECT_EQ(0, wait(r, 20 * HOLD));
	EXPECT_EQ(CRYPTO_CHANNEL_BYPASSED, counters(r, 0).state);
	// Alive again, but not for long enough.
	live(r, HOLD / 2, STALL / 2);
	EXPECT_EQ(CRYPTO_CHANNEL_BYPASSED, counters(r, 0).state);
	// Nor is it when it moves now and then, as on a CPU that others have: it would be given up again at once, with
	// packets that it had begun.
	live(r, 10 * HOLD, 2 * STALL);
	EXPECT_EQ(CRYPTO_CHANNEL_BYPASSED, counters(r, 0).state);
	live(r, 2 * HOLD, STALL / 2);
	EXPECT_EQ(CRYPTO_CHANNEL_OPEN, counters(r, 0).state);
	rig_close(r);
}

// An engine that sleeps between its look at the word and the swap finds nothing that it may begin, wherever the channel
// is when it wakes up: given up, open again, with new packets.
TEST(ism, an_engine_that_looked_long_ago_begins_nothing)
{
	struct rig *r = rig_open(1, true);
	struct ism_engine *e = ism_engine(r->ism, 0);
	struct ism_channel *c = ism_channel(r->ism, 0, 0);
	uint64_t seen = atomic_load(&c->word);

	EXPECT_EQ(3, put(r, 0, 3, 0));
	EXPECT_EQ(3, wait(r, 2 * STALL));
	ism_engine_begin(e, c, seen);
	EXPECT_EQ(0, e->n_packets);
	EXPECT_EQ(ISM_TAKEN, ism_word_unpack(atomic_load(&c->word)).state);
	live(r, 2 * HOLD, STALL / 2);
	ASSERT_EQ(CRYPTO_CHANNEL_OPEN, counters(r, 0).state);
	ism_engine_begin(e, c, seen);
	EXPECT_EQ(0, e->n_packets);
	EXPECT_EQ(3, put(r, 3, 3, 0));
	ism_engine_begin(e, c, seen);
	EXPECT_EQ(0, e->n_packets);
	EXPECT_EQ(3, ism_engine_turn(e));
	EXPECT_EQ(3, get(r));
	for (unsigned int i = 0; i < 6; i++)
		EXPECT_PACKET(r, i, i);
	rig_close(r);
}

// And a worker that slept since it looked gives up nobody who has moved since, however little.
TEST(ism, a_worker_that_looked_long_ago_gives_nobody_up)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct rig *r = rig_open(1, true);
		struct ism_engine *e = ism_engine(r->ism, 0);
		struct ism_channel *c = ism_channel(r->ism, 0, 0);

		EXPECT_EQ(3, put(r, 0, 3, 0));
		if (i)
			ism_engine_claim(e);
		EXPECT_EQ(0, wait(r, STALL - STALL / 8));
		uint64_t seen = atomic_load(&c->word);
		EXPECT_EQ(seen, c->seen_word);
		if (!i)
			ism_engine_claim(e);
		ism_engine_work(e);
		if (i)
			ism_engine_publish(e);
		r->clock += STALL / 4;
		ism_bypass_watch(r->driver, c, seen);
		EXPECT_EQ(0, counters(r, 0).bypasses);
		if (!i)
			ism_engine_publish(e);
		EXPECT_EQ(3, get(r));
		EXPECT_PACKET(r, 2, 2);
		rig_close(r);
	}
}

// Its answer would be there before those of packets ahead of it.
TEST(ism, what_cannot_be_waits_for_those_ahead_of_it)
{
	struct rig *r = rig_open(1, true);
	struct crypto_op bad = {
		.ctx = &r->ctx[0], .data = r->data[1], .n_changes = CRYPTO_CHANGES_MAX + 1};
	struct crypto_op *ops[1] = {&bad};

	EXPECT_EQ(1, put(r, 0, 1, 0));
	EXPECT_EQ(0, crypto_driver_ism.submit(r->driver, ops, 1));
	EXPECT_EQ(1, ism_engine_turn(ism_engine(r->ism, 0)));
	EXPECT_EQ(1, get(r));
	EXPECT_EQ(1, crypto_driver_ism.submit(r->driver, ops, 1));
	EXPECT_EQ(1, get(r));
	EXPECT_EQ(CRYPTO_ERROR, bad.status);
	rig_close(r);
}

static bool has_start_key(const struct rig *r)
{
	const struct ism_channel *c = ism_channel(r->ism, 0, 0);

	return memmem(c->slots, QUEUE * sizeof(*c->slots), start_key, sizeof(start_key)) != NULL;
}

// A channel may be idle for days; what went through it must not be there to be read.
TEST(ism, start_keys_do_not_outlive_their_packets_in_a_channel)
{
	struct rig *r = rig_open(1, true);
	struct ism_engine *e = ism_engine(r->ism, 0);

	EXPECT_EQ(3, put(r, 0, 3, 0));
	EXPECT_TRUE(has_start_key(r));
	ism_engine_turn(e);
	EXPECT_FALSE(has_start_key(r));
	EXPECT_EQ(3, get(r));

	// Some begun and some not when the engine is given up.
	EXPECT_EQ(3, put(r, 0, 3, 0));
	ism_engine_claim(e);
	EXPECT_EQ(3, put(r, 3, 3, 1));
	EXPECT_EQ(6, wait(r, 2 * STALL));
	EXPECT_TRUE(has_start_key(r));
	ism_engine_work(e);
	ism_engine_publish(e);
	EXPECT_FALSE(has_start_key(r));
	rig_close(r);
}

// All lanes stood still together, as when a hypervisor stops the machine.
TEST(ism, a_worker_that_was_away_blames_nobody)
{
	struct rig *r = rig_open(1, true);

	EXPECT_EQ(1, put(r, 0, 1, 0));
	r->clock += 100 * STALL;
	EXPECT_EQ(0, get(r));
	EXPECT_EQ(0, counters(r, 0).bypasses);
	EXPECT_EQ(1, ism_engine_turn(ism_engine(r->ism, 0)));
	EXPECT_EQ(1, get(r));
	rig_close(r);
}

// An engine with much to do for others is not dead: what moves is enough.
TEST(ism, a_slow_engine_is_not_bypassed)
{
	struct rig *r = rig_open(1, true);
	struct ism_engine *e = ism_engine(r->ism, 0);
	unsigned int n_taken = 0, n_back = 0;

	for (unsigned int i = 0; i < 20; i++) {
		n_taken += put(r, 0, 1, 0);
		n_back += wait(r, STALL / 2);
		ism_engine_claim(e);
		n_back += wait(r, STALL / 2);
		ism_engine_work(e);
		ism_engine_publish(e);
		n_back += get(r);
	}
	EXPECT_EQ(20, n_taken);
	EXPECT_EQ(20, n_back);
	EXPECT_EQ(0, counters(r, 0).bypasses);
	rig_close(r);
}

static void *run(void *engine)
{
	(void)ism_engine_run(engine);
	return NULL;
}

TEST(ism, an_engine_that_is_told_to_stop_does_what_is_left)
{
	struct rig *r = rig_open(1, true);
	pthread_t thread;

	EXPECT_EQ(QUEUE, put(r, 0, QUEUE, 0));
	ism_stop(r->ism);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run, ism_engine(r->ism, 0)));
	pthread_join(thread, NULL);
	EXPECT_EQ(QUEUE, get(r));
	for (unsigned int i = 0; i < QUEUE; i++)
		EXPECT_PACKET(r, i, i);
	rig_close(r);
}

// The driver's own check, with an engine on a thread.
TEST(ism, selftest_over_an_engine)
{
	const struct ism_config config = {.n_workers = 1, .n_engines = 2, .queue = 64};
	struct ism *ism;
	pthread_t threads[2];
	const char *failed = NULL;

	ASSERT_EQ(0, ism_new(&config, &ism));
	for (unsigned int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, run, ism_engine(ism, i)));
	EXPECT_EQ(0, crypto_driver_selftest(
			     &crypto_driver_ism, &(struct crypto_setup){.shared = ism}, &failed));
	EXPECT_NULL(failed);
	ism_stop(ism);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ism_free(ism);
}
