// SPDX-License-Identifier: BSD-3-Clause
// A worker and a control lane in two threads: each event is answered by a command. `tools/dev tsan` runs it too.
#include "msg/lane_ring.h"

#include "unit_eal.h"

#include "shim/shim.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>

enum { MESSAGES = 20000, RING = 16, LOST_WAKE_MS = 10000 };

struct lanes_two {
	struct lane_links links;
	struct lane_wake wake;
	unsigned int n_slept;
};

static struct lane_event event_of(uint32_t i)
{
	return (struct lane_event){.kind = LANE_GONE,
		.session_id = i,
		.totals = {.up_pkts = i, .clear_refused = ~(uint64_t)i}};
}

static void *run_worker(void *context)
{
	struct lanes_two *l = context;
	struct lane_command c;

	for (uint32_t sent = 0, answered = 0; answered < MESSAGES;) {
		const struct lane_event e = event_of(sent);
		if (sent < MESSAGES && lane_ring_put_event(l->links.events, &e)) {
			sent++;
			lane_wake_kick(l->links.wake);
		} else {
			sched_yield();
		}
		while (lane_ring_take_command(l->links.commands, &c)) {
			EXPECT_EQ(COMMAND_SESSION_KEYS, c.kind);
			EXPECT_EQ(answered, c.session_id);
			EXPECT_EQ((uint8_t)answered, c.keys.start.send[MPPE_KEY_BYTES_MAX - 1]);
			answered++;
		}
	}
	return NULL;
}

static bool sleep_until_kicked(struct lanes_two *l)
{
	struct pollfd fd = {.fd = l->wake.event_fd, .events = POLLIN};
	bool is_woken = true;

	lane_wake_prepare(&l->wake);
	if (rte_ring_empty(l->links.events)) {
		is_woken = poll(&fd, 1, LOST_WAKE_MS) == 1;
		l->n_slept++;
	}
	lane_wake_finish(&l->wake);
	return is_woken;
}

static void answer(struct lanes_two *l, const struct lane_event *e)
{
	struct lane_command c = {.kind = COMMAND_SESSION_KEYS, .session_id = e->session_id};

	c.keys.start.send[MPPE_KEY_BYTES_MAX - 1] = (uint8_t)e->session_id;
	while (!lane_ring_put_command(l->links.commands, &c))
		sched_yield();
}

TEST(lane_threads, every_event_is_answered_and_no_wake_is_lost)
{
	struct lanes_two l = {0};
	struct lane_event e;
	pthread_t worker;

	(void)unit_eal_pool();
	ASSERT_EQ(0, lane_wake_init(&l.wake));
	l.links = (struct lane_links){
		.commands = lane_ring_new_commands("two-c", RING, SOCKET_ID_ANY),
		.events = lane_ring_new_events("two-e", RING, SOCKET_ID_ANY),
		.wake = &l.wake,
	};
	ASSERT_EQ(0, pthread_create(&worker, NULL, run_worker, &l));
	for (uint32_t n = 0; n < MESSAGES;) {
		if (lane_ring_take_events(l.links.events, &e, 1) == 0) {
			if (sleep_until_kicked(&l))
				continue;
			FAIL("a wake was lost");
			break;
		}
		const struct lane_event wanted = event_of(n++);
		EXPECT_MEMEQ(&wanted.totals, &e.totals, sizeof(e.totals));
		answer(&l, &e);
	}
	pthread_join(worker, NULL);
	EXPECT_GT(l.n_slept, 0);
	lane_ring_free_commands(l.links.commands);
	lane_ring_free_events(l.links.events);
	lane_wake_fini(&l.wake);
}
