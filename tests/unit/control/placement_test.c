// SPDX-License-Identifier: BSD-3-Clause
#include "control/placement.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <stdbool.h>

static int owners[16];

TEST(placement, spreads_over_workers_by_load)
{
	const uint32_t n_slots[] = {8, 8, 4};
	struct placement p;
	uint32_t n[3] = {0};

	ASSERT_EQ(0, placement_init(&p, n_slots, 3));
	for (int i = 0; i < 10; i++) {
		uint64_t id = placement_take(&p, &owners[0]);
		ASSERT_NE(SESSION_ID_NONE, id);
		n[session_id_worker(id)]++;
	}
	EXPECT_EQ(4, n[0]);
	EXPECT_EQ(4, n[1]);
	EXPECT_EQ(2, n[2]);
	EXPECT_EQ(10, placement_count(&p));
	for (int i = 10; i < 20; i++)
		EXPECT_NE(SESSION_ID_NONE, placement_take(&p, &owners[0]));
	EXPECT_EQ(SESSION_ID_NONE, placement_take(&p, &owners[0]));
	placement_fini(&p);
}

TEST(placement, a_slot_in_use_again_has_another_id)
{
	const uint32_t n_slots[] = {2};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	uint64_t a = placement_take(&p, &owners[0]);
	uint64_t b = placement_take(&p, &owners[1]);
	EXPECT_TRUE(placement_find(&p, a) == &owners[0]);
	EXPECT_TRUE(placement_find(&p, b) == &owners[1]);
	placement_release(&p, a);
	EXPECT_NULL(placement_find(&p, a));
	uint64_t c = placement_take(&p, &owners[2]);
	EXPECT_EQ(session_id_slot(a), session_id_slot(c));
	EXPECT_NE(a, c);
	EXPECT_NULL(placement_find(&p, a));
	EXPECT_TRUE(placement_find(&p, c) == &owners[2]);
	placement_fini(&p);
}

TEST(placement, generations_never_become_zero)
{
	const uint32_t n_slots[] = {1};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	p.workers[0].generations[0] = UINT32_MAX;
	uint64_t id = placement_take(&p, &owners[0]);
	EXPECT_EQ(1, session_id_generation(id));
	EXPECT_NE(SESSION_ID_NONE, id);
	placement_fini(&p);
}

TEST(placement, the_slot_that_was_free_for_longest_comes_first)
{
	const uint32_t n_slots[] = {3};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	uint64_t a = placement_take(&p, &owners[0]); // slot 0
	uint64_t b = placement_take(&p, &owners[0]); // slot 1
	placement_release(&p, b);
	placement_release(&p, a);
	EXPECT_EQ(2, session_id_slot(placement_take(&p, &owners[0])));
	EXPECT_EQ(1, session_id_slot(placement_take(&p, &owners[0])));
	EXPECT_EQ(0, session_id_slot(placement_take(&p, &owners[0])));
	placement_fini(&p);
}

TEST(placement, ids_of_nobody_find_nothing)
{
	const uint32_t n_slots[] = {4};
	const uint64_t ids[] = {SESSION_ID_NONE, session_id_make(1, 0, 0), session_id_make(1, 0, 4),
		session_id_make(1, 1, 0), session_id_make(0, 0, 1), UINT64_MAX};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 1));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_NULL(placement_find(&p, ids[i]));
	}
	placement_fini(&p);
}

// Whatever the size of the steps, each owner comes once.
TEST(placement, next_visits_all_in_bounded_steps)
{
	const uint32_t n_slots[] = {5, 1, 7};

	for (uint32_t step = 1; step < 20; step++) {
		struct placement p;
		uint32_t cursor = 0, n = 0, n_turns = 0;
		bool is_end = false;
		SHIM_TRACE_CASE(step);
		ASSERT_EQ(0, placement_init(&p, n_slots, 3));
		for (int i = 0; i < 9; i++)
			ASSERT_NE(SESSION_ID_NONE, placement_take(&p, &owners[i]));
		while (!is_end) {
			n += placement_next(&p, &cursor, step, &is_end) != NULL;
			ASSERT_LT(++n_turns, 100);
		}
		EXPECT_EQ(9, n);
		EXPECT_NULL(placement_next(&p, &cursor, step, &is_end));
		EXPECT_TRUE(is_end);
		placement_fini(&p);
	}
}

// ---- by load: sessions that come, go, and are heavy or light ----------------------------------------

enum { SIM_SLOTS = 2000, SIM_WORKERS_MAX = 8, SIM_LIVE = 8000 };

// What the workers would do if they could: PLACEMENT_WHOLE is all that one can.
struct sim {
	struct placement p;
	struct xorshift random;
	uint32_t n_workers;
	double wanted[SIM_WORKERS_MAX];
	struct {
		uint64_t id;
		double load;
	} live[SIM_LIVE];
	uint32_t n_live;
};

static void sim_open(struct sim *s, uint32_t n_workers, uint64_t seed)
{
	uint32_t n_slots[SIM_WORKERS_MAX];

	memset(s, 0, sizeof(*s));
	s->n_workers = n_workers;
	s->random = xorshift_seed(seed);
	for (uint32_t i = 0; i < n_workers; i++)
		n_slots[i] = SIM_SLOTS;
	ASSERT_EQ(0, placement_init(&s->p, n_slots, n_workers));
}

static uint8_t sim_add(struct sim *s, double load)
{
	uint64_t id = placement_take(&s->p, s);
	uint8_t worker = session_id_worker(id);

	EXPECT_NE(SESSION_ID_NONE, id);
	s->live[s->n_live].id = id;
	s->live[s->n_live++].load = load;
	s->wanted[worker] += load;
	return worker;
}

static void sim_remove(struct sim *s, uint32_t i)
{
	s->wanted[session_id_worker(s->live[i].id)] -= s->live[i].load;
	placement_release(&s->p, s->live[i].id);
	s->live[i] = s->live[--s->n_live];
}

// A second: what is beyond all a worker can, it drops. A load of 1 is 1 MB.
static void sim_second(struct sim *s)
{
	for (uint32_t i = 0; i < s->n_workers; i++) {
		double done = s->wanted[i] < PLACEMENT_WHOLE ? s->wanted[i] : PLACEMENT_WHOLE;
		placement_tell(&s->p, i, (uint32_t)(done + 0.5), (uint64_t)(done * 1e6));
	}
	placement_weigh(&s->p);
}

static double sim_spread(const struct sim *s)
{
	double least = s->wanted[0], most = s->wanted[0];

	for (uint32_t i = 1; i < s->n_workers; i++) {
		least = s->wanted[i] < least ? s->wanted[i] : least;
		most = s->wanted[i] > most ? s->wanted[i] : most;
	}
	return most - least;
}

static struct sim sim;

// Small differences change nothing: equal workers take turns as if nothing had been told.
TEST(placement, light_loads_take_turns)
{
	uint32_t n[4] = {0};

	sim_open(&sim, 4, 1);
	for (int second = 0; second < 10; second++) {
		for (uint32_t i = 0; i < 4; i++)
			placement_tell(&sim.p, i, 20 + 25 * i, 1000000 * (20 + i));
		placement_weigh(&sim.p);
		for (int i = 0; i < 40; i++)
			n[sim_add(&sim, 0)]++;
	}
	for (uint32_t i = 0; i < 4; i++)
		EXPECT_EQ(100, n[i]);
	placement_fini(&sim.p);
}

// One heavy session has filled its worker: it gets no further one, until it has come down well below.
TEST(placement, a_full_worker_gets_none)
{
	sim_open(&sim, 3, 2);
	uint8_t full = sim_add(&sim, 2000);
	for (int i = 0; i < 20; i++)
		sim_second(&sim);
	EXPECT_TRUE(sim.p.workers[full].is_full);
	for (int i = 0; i < 1000; i++)
		EXPECT_NE(full, sim_add(&sim, 0));
	// Hysteresis: a little less is still full.
	sim.wanted[full] = 800;
	for (int i = 0; i < 20; i++)
		sim_second(&sim);
	EXPECT_TRUE(sim.p.workers[full].is_full);
	sim.wanted[full] = 10;
	for (int i = 0; i < 20; i++)
		sim_second(&sim);
	EXPECT_FALSE(sim.p.workers[full].is_full);
	EXPECT_EQ(full, sim_add(&sim, 0)); // it has the fewest sessions by far
	placement_fini(&sim.p);
}

// Where all are full it is by sessions again: nobody is turned away while there are slots.
TEST(placement, when_all_are_full_sessions_count)
{
	uint32_t n[2] = {0};

	sim_open(&sim, 2, 3);
	for (int i = 0; i < 30; i++) {
		placement_tell(&sim.p, 0, 1000, 5);
		placement_tell(&sim.p, 1, 1000, 5);
	}
	placement_weigh(&sim.p);
	for (int i = 0; i < 100; i++)
		n[sim_add(&sim, 0)]++;
	EXPECT_EQ(50, n[0]);
	EXPECT_EQ(50, n[1]);
	placement_fini(&sim.p);
}

// A worker without a free slot gets none, whatever its load.
TEST(placement, no_slot_no_session)
{
	const uint32_t n_slots[] = {2, 100};
	struct placement p;

	ASSERT_EQ(0, placement_init(&p, n_slots, 2));
	for (int i = 0; i < 30; i++)
		placement_tell(&p, 1, 1000, 1000000);
	placement_weigh(&p);
	EXPECT_TRUE(p.workers[1].is_full);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(0, session_id_worker(placement_take(&p, &owners[0])));
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(1, session_id_worker(placement_take(&p, &owners[0])));
	EXPECT_EQ(SESSION_ID_NONE, placement_take(&p, &owners[0]));
	placement_fini(&p);
}

// Clients come and go; one in twenty is a hundred times as heavy as the others. The workers stay closer together than
// by numbers of sessions alone, also when one of them has had bad luck at the start.
static double run(uint64_t seed, bool is_told)
{
	double sum = 0;

	sim_open(&sim, 4, seed);
	for (int i = 0; i < 10; i++)
		sim.wanted[0] += 40; // heavy ones from before
	for (int second = 0; second < 300; second++) {
		for (int i = 0; i < 10; i++)
			(void)sim_add(&sim, xorshift_next(&sim.random) % 20 ? 0.2 : 20);
		while (sim.n_live > 1200)
			sim_remove(&sim, (uint32_t)(xorshift_next(&sim.random) % sim.n_live));
		if (is_told)
			sim_second(&sim);
		if (second >= 200)
			sum += sim_spread(&sim);
	}
	placement_fini(&sim.p);
	return sum / 100;
}

TEST(placement, loads_come_together)
{
	double told = 0, untold = 0;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		told += run(seed, true) / 8;
		untold += run(seed, false) / 8;
	}
	// The level below which differences are none, and what a second brings.
	EXPECT_LT(told, 2 * PLACEMENT_LEVEL);
	EXPECT_LT(told, untold / 2);
}

// The load of a worker that nothing happens on decays to none, so an idle night leaves no trace.
TEST(placement, old_load_is_forgotten)
{
	sim_open(&sim, 2, 9);
	for (int i = 0; i < 20; i++)
		placement_tell(&sim.p, 0, 950, 1000000000);
	for (int i = 0; i < 100; i++) {
		placement_tell(&sim.p, 0, 0, 0);
		placement_tell(&sim.p, 1, 0, 0);
	}
	placement_weigh(&sim.p);
	EXPECT_EQ(0, sim.p.workers[0].busy);
	EXPECT_EQ(0, sim.p.workers[0].bytes_ps);
	EXPECT_EQ(0, sim.p.workers[0].burden);
	EXPECT_FALSE(sim.p.workers[0].is_full);
	placement_fini(&sim.p);
}
