// SPDX-License-Identifier: BSD-3-Clause
// Engines that stop to answer and answer again, by the counters of their channels.
#include "control/crypto_watch.h"

#include "control/lab.h"
#include "shim/shim.h"

static struct lab lab;

// In the order in which a worker writes them.
static void give_up(struct crypto_channel_counters *n)
{
	n->state = CRYPTO_CHANNEL_BYPASSED;
	n->bypasses++;
}

static void take_back(struct crypto_channel_counters *n, uint64_t ops)
{
	n->bypassed_ops += ops;
	n->state = CRYPTO_CHANNEL_OPEN;
}

TEST(crypto_watch, an_engine_goes_and_comes_back)
{
	lab_open(&lab, NULL);
	lab_run(&lab, 150);
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, ""));
	give_up(&lab.channels[1][0]);
	lab_run(&lab, 250);
	EXPECT_EQ(1,
		lab_count_events(&lab, EVENT_ENGINE_BYPASSED, "engine=0 worker=1 cpu=6 times=1"));
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, ""));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_ENGINE_BACK, ""));
	take_back(&lab.channels[1][0], 1000);
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BACK, "engine=0 worker=1 cpu=6 after=3."));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BACK, "bypassed-packets=1000"));
	// Again: what is told is of this time.
	give_up(&lab.channels[1][0]);
	lab_skip(&lab, 1000);
	take_back(&lab.channels[1][0], 50);
	lab_skip(&lab, 1000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, "times=2"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BACK, "bypassed-packets=50"));
	EXPECT_EQ(2, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, "engine="));
	lab_close(&lab);
}

// Each channel is of its own, and what is over before control looks is told all the same.
TEST(crypto_watch, channels_and_moments)
{
	lab_open(&lab, NULL);
	give_up(&lab.channels[0][1]);
	give_up(&lab.channels[1][1]);
	take_back(&lab.channels[1][1], 3);
	lab_skip(&lab, 500);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, "engine=1 worker=0 cpu=7"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, "engine=1 worker=1 cpu=7"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_ENGINE_BACK, "worker=0"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BACK, "worker=1 cpu=7 after=0.0"));
	lab_close(&lab);
}

// Counters of a lane run while they are read: a state that is ahead of its count is no event yet.
TEST(crypto_watch, a_state_without_its_count_waits)
{
	lab_open(&lab, NULL);
	lab.channels[0][0].state = CRYPTO_CHANNEL_BYPASSED;
	lab_skip(&lab, 500);
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, ""));
	lab.channels[0][0].bypasses++;
	lab_skip(&lab, 500);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ENGINE_BYPASSED, ""));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_ENGINE_BACK, ""));
	lab_close(&lab);
}

static bool is_sampled(struct lab *l, void *n)
{
	return l->control->samples.n == *(unsigned int *)n;
}

// One billion cycles a second: busy cycles of a worker are nanoseconds.
TEST(crypto_watch, utilisation)
{
	unsigned int n = 1;
	struct crypto_utilisation u;

	lab_open(&lab, NULL);
	u = crypto_watch_engine(lab.control, 0);
	EXPECT_EQ(-1, u.all); // nothing counted yet
	EXPECT_EQ(-1, u.second);
	EXPECT_EQ(-1, crypto_watch_worker(lab.control, 0).second);
	ASSERT_TRUE(lab_until(&lab, is_sampled, &n, 2000));
	lab.worker_crypto[0].busy_cycles = 500000000;
	lab.engine_crypto[1].busy_cycles = 300;
	lab.engine_crypto[1].idle_cycles = 100;
	n = 2;
	ASSERT_TRUE(lab_until(&lab, is_sampled, &n, 2000));
	// As long as it was: a second may be longer on a busy machine.
	const struct samples *samples = &lab.control->samples;
	uint64_t second_ns = samples_span_ns(samples, 1);
	uint64_t all_ns = control_now(lab.control) - lab.control->started_ns;
	u = crypto_watch_worker(lab.control, 0);
	EXPECT_NEAR(500e9 / (double)second_ns, u.second, 0.6);
	EXPECT_NEAR(500e9 / (double)all_ns, u.all, 0.6);
	u = crypto_watch_engine(lab.control, 1);
	EXPECT_EQ(750, u.all);
	EXPECT_EQ(750, u.second);
	EXPECT_EQ(-1, crypto_watch_engine(lab.control, 0).all);
	// Another second in which it is stuck.
	uint32_t before = samples->at;
	while (samples->at == before)
		lab_turn(&lab);
	u = crypto_watch_engine(lab.control, 1);
	EXPECT_EQ(750, u.all);
	EXPECT_EQ(-1, u.second);
	EXPECT_EQ(0, crypto_watch_worker(lab.control, 0).second);
	// More than there is time for: the counters are not read at one instant.
	lab.worker_crypto[0].busy_cycles = UINT64_MAX;
	EXPECT_EQ(1000, crypto_watch_worker(lab.control, 0).all);
	lab_close(&lab);
}
