// SPDX-License-Identifier: BSD-3-Clause
#include "msg/lane_ring.h"

#include "shim/shim.h"
#include "unit_eal.h"

#include <unistd.h>

TEST(lane_ring, commands_come_in_order_and_whole)
{
	(void)unit_eal_pool();
	struct rte_ring *r = lane_ring_new_commands("c", 8, SOCKET_ID_ANY);
	struct lane_command c;
	ASSERT_TRUE(r != NULL);
	EXPECT_FALSE(lane_ring_take_command(r, &c));
	// Twice, so that they go over the end of the ring.
	for (int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < 7; i++) {
			struct lane_command one = {
				.kind = COMMAND_SESSION_KEYS, .session_id = 100 + i};
			memset(&one.keys.start, (int)(i + 1), sizeof(one.keys.start));
			EXPECT_TRUE(lane_ring_put_command(r, &one));
		}
		struct lane_command eighth = {.kind = COMMAND_SESSION_DELETE};
		EXPECT_FALSE(lane_ring_put_command(r, &eighth)); // full: told, not silent
		for (unsigned int i = 0; i < 7; i++) {
			ASSERT_TRUE(lane_ring_take_command(r, &c));
			EXPECT_EQ(c.kind, COMMAND_SESSION_KEYS);
			EXPECT_EQ(c.session_id, 100 + i);
			EXPECT_EQ(c.keys.start.receive[15], i + 1);
		}
		EXPECT_FALSE(lane_ring_take_command(r, &c));
		EXPECT_TRUE(lane_ring_put_command(r, &eighth));
		EXPECT_TRUE(lane_ring_take_command(r, &c));
		EXPECT_EQ(c.kind, COMMAND_SESSION_DELETE);
	}
	lane_ring_free_commands(r);
}

static unsigned int count_keys(const struct rte_ring *r, uint8_t octet)
{
	const uint8_t *at = r->memzone->addr;
	uint8_t key[MPPE_KEY_BYTES_MAX];
	unsigned int n = 0;

	memset(key, octet, sizeof(key));
	for (size_t i = 0; i + sizeof(key) <= r->memzone->len; i++)
		n += memcmp(at + i, key, sizeof(key)) == 0;
	return n;
}

// A key that the worker has taken is nowhere on the ring any more; one that waits is whole.
TEST(lane_ring, keys_leave_nothing_behind)
{
	enum { SIZE = 8 };

	(void)unit_eal_pool();
	struct rte_ring *r = lane_ring_new_commands("k", SIZE, SOCKET_ID_ANY);
	struct lane_command c = {.kind = COMMAND_SESSION_KEYS};
	ASSERT_TRUE(r != NULL);
	for (int i = 0; i < 3 * SIZE; i++) {
		memset(&c.keys, 0xa1, sizeof(c.keys));
		ASSERT_TRUE(lane_ring_put_command(r, &c));
		memset(&c.keys, 0xb2, sizeof(c.keys));
		ASSERT_TRUE(lane_ring_put_command(r, &c));
		EXPECT_GT(count_keys(r, 0xa1), 0);
		unsigned int waiting = count_keys(r, 0xb2);
		ASSERT_TRUE(lane_ring_take_command(r, &c));
		EXPECT_EQ(0xa1, c.keys.start.send[0]);
		EXPECT_EQ(0, count_keys(r, 0xa1));
		EXPECT_EQ(waiting, count_keys(r, 0xb2));
		ASSERT_TRUE(lane_ring_take_command(r, &c));
		EXPECT_EQ(0xb2, c.keys.start.send[0]);
		EXPECT_EQ(0, count_keys(r, 0xb2));
	}
	lane_ring_free_commands(r);
}

TEST(lane_ring, freed_with_the_packets_that_are_on_it)
{
	struct rte_mempool *pool = unit_eal_pool();
	unsigned int before = rte_mempool_in_use_count(pool);
	struct rte_ring *commands = lane_ring_new_commands("c", 8, SOCKET_ID_ANY);
	struct rte_ring *events = lane_ring_new_events("e", 8, SOCKET_ID_ANY);
	struct lane_command c = {.kind = COMMAND_SEND_PPP, .packet = rte_pktmbuf_alloc(pool)};
	struct lane_event e = {.kind = LANE_PPP, .packet = rte_pktmbuf_alloc(pool)};

	EXPECT_TRUE(lane_ring_put_command(commands, &c));
	const struct route route = {.kind = ROUTE_FORWARD, .port = 3};
	struct route_table *routes = route_table_new(4);
	EXPECT_EQ(route_table_add(routes, 0, 0, 0, &route), 0);
	c = (struct lane_command){.kind = COMMAND_TABLE, .routes = routes};
	EXPECT_TRUE(lane_ring_put_command(commands, &c));
	EXPECT_TRUE(lane_ring_put_event(events, &e));
	e = (struct lane_event){.kind = LANE_GONE};
	EXPECT_TRUE(lane_ring_put_event(events, &e));
	lane_ring_free_commands(commands);
	lane_ring_free_events(events);
	lane_ring_free_commands(NULL);
	lane_ring_free_events(NULL);
	EXPECT_EQ(rte_mempool_in_use_count(pool), before);
	// One table is on the rings of all workers: it is still there, and control's to free.
	EXPECT_EQ(route_table_lookup(routes, 0, 1)->port, 3);
	route_table_free(routes);
}

static uint64_t read_wake(const struct lane_wake *w)
{
	uint64_t n = 0;

	return read(w->event_fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

TEST(lane_ring, wakes_only_who_said_that_it_sleeps)
{
	struct lane_wake w;

	ASSERT_EQ(lane_wake_init(&w), 0);
	lane_wake_kick(&w);
	EXPECT_EQ(read_wake(&w), 0);
	lane_wake_prepare(&w);
	lane_wake_kick(&w);
	lane_wake_kick(&w); // one is enough
	EXPECT_EQ(read_wake(&w), 1);
	lane_wake_prepare(&w);
	lane_wake_kick(&w);
	lane_wake_finish(&w); // awake: the descriptor is empty, and no kick fills it
	EXPECT_EQ(read_wake(&w), 0);
	lane_wake_kick(&w);
	EXPECT_EQ(read_wake(&w), 0);
	lane_wake_prepare(&w);
	lane_wake_finish(&w);
	lane_wake_kick(&w);
	EXPECT_EQ(read_wake(&w), 0);
	lane_wake_fini(&w);
	lane_wake_fini(&w);
}
