// SPDX-License-Identifier: BSD-3-Clause
#include "session/session.h"

#include "shim/shim.h"

#include <errno.h>
#include <rte_memory.h>

void unit_eal(void);

enum { SLOTS = 8 };

TEST(session, hot_fields_lie_together)
{
	EXPECT_EQ(SESSION_HOT_END - SESSION_HOT_AT, 2 * RTE_CACHE_LINE_SIZE);
	EXPECT_GE(offsetof(struct session, outer_route), SESSION_HOT_AT);
	EXPECT_LT(offsetof(struct session, counters.last_up_ns), SESSION_HOT_END);
	EXPECT_EQ(offsetof(struct session, rx_key) % RTE_CACHE_LINE_SIZE, 0);
	EXPECT_EQ(offsetof(struct session, tx_key) % RTE_CACHE_LINE_SIZE, 0);
	EXPECT_EQ(sizeof(struct session) % RTE_CACHE_LINE_SIZE, 0);
}

TEST(session, found_by_id_of_its_generation_alone)
{
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, false, false, false), 0);
	uint64_t id = session_id_make(5, 2, 3);
	EXPECT_TRUE(session_table_find(&t, id) == NULL);
	t.slots[3].id = id;
	t.n_used = 1;
	EXPECT_TRUE(session_table_find(&t, id) == &t.slots[3]);
	EXPECT_TRUE(session_table_find(&t, session_id_make(4, 2, 3)) == NULL);
	EXPECT_TRUE(session_table_find(&t, session_id_make(6, 2, 3)) == NULL);
	EXPECT_TRUE(session_table_find(&t, session_id_make(5, 1, 3)) == NULL); // another worker's
	EXPECT_TRUE(session_table_find(&t, session_id_make(5, 2, SLOTS)) == NULL);
	EXPECT_TRUE(session_table_find(&t, session_id_make(5, 2, 0xffffff)) == NULL);
	EXPECT_TRUE(session_table_find(&t, SESSION_ID_NONE) == NULL); // slot 0 is free

	memset(&t.slots[3].rx_key, 0xaa, sizeof(t.slots[3].rx_key));
	session_table_release(&t, &t.slots[3]);
	static const struct session empty;
	EXPECT_MEMEQ(&t.slots[3], &empty, sizeof(empty));
	EXPECT_EQ(t.n_used, 0);
	EXPECT_TRUE(session_table_find(&t, id) == NULL);
	session_table_fini(&t);
	EXPECT_TRUE(t.slots == NULL);
	session_table_fini(&t); // twice does no harm
}

TEST(session, table_that_does_not_fit)
{
	struct session_table t = {0};

	unit_eal();
	EXPECT_EQ(session_table_init(&t, 0xffffff, SOCKET_ID_ANY, false, false, false), -ENOMEM);
	session_table_fini(&t);
}

static const struct mppe_mode stateless = {MPPE_STRENGTH_128, true};
static const struct mppe_mode stateful = {MPPE_STRENGTH_40, false};
static const struct mppe_mode none = {MPPE_STRENGTH_NONE, false};
static const struct mppe_start_keys start_keys = {.send = {1, 2, 3}, .receive = {4, 5, 6}};

TEST(session, keys_of_each_mode_and_direction)
{
	static const struct session_rc4 wiped;
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, true, false, false), 0);
	struct session *s = &t.slots[2];
	struct session_rc4 *rc4 = session_table_rc4(&t, s);
	ASSERT_TRUE(rc4 == &t.rc4[2]);
	s->rx_sync.jump_max = 99;

	EXPECT_TRUE(session_table_set_keys(&t, s, &stateful, &stateless, &start_keys));
	EXPECT_EQ(s->rx_key.strength, MPPE_STRENGTH_40);
	EXPECT_TRUE(s->rx_key.rc4 == &rc4->rx);
	EXPECT_EQ(s->rx_key.start_key[0], 4);
	EXPECT_FALSE(s->rx_sync.is_stateless);
	EXPECT_EQ(s->rx_sync.jump_max, 99);
	EXPECT_EQ(s->tx_key.strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(s->tx_key.rc4 == NULL);
	EXPECT_EQ(s->tx_key.start_key[0], 1);
	EXPECT_TRUE(s->tx_sync.is_stateless);

	EXPECT_TRUE(session_table_set_keys(&t, s, &none, &stateful, &start_keys));
	EXPECT_EQ(s->rx_key.strength, MPPE_STRENGTH_NONE);
	EXPECT_MEMEQ(&rc4->rx, &wiped.rx, sizeof(wiped.rx)); // the old one is gone
	EXPECT_TRUE(s->tx_key.rc4 == &rc4->tx);

	t.n_used = 1;
	session_table_release(&t, s);
	EXPECT_MEMEQ(rc4, &wiped, sizeof(wiped));
	session_table_fini(&t);
	EXPECT_TRUE(t.rc4 == NULL);
}

TEST(session, a_trial_of_the_receive_key_can_be_taken_back)
{
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, true, false, false), 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct session *s = &t.slots[i];

		SHIM_TRACE_CASE(i);
		ASSERT_TRUE(session_table_set_keys(
			&t, s, i ? &stateful : &stateless, &stateless, &start_keys));
		struct mppe_context key = s->rx_key;
		struct rc4_state rc4 = t.rc4[i].rx;
		session_table_save_rx(&t, s);
		memset(s->rx_key.session_key, 0xaa, sizeof(s->rx_key.session_key));
		if (i)
			memset(t.rc4[i].rx.s, 0xaa, sizeof(t.rc4[i].rx.s));
		session_table_restore_rx(&t, s);
		EXPECT_MEMEQ(&s->rx_key, &key, sizeof(key));
		EXPECT_MEMEQ(&t.rc4[i].rx, &rc4, sizeof(rc4));
		// The saved key goes with the keys.
		static const struct mppe_context wiped;
		ASSERT_TRUE(session_table_set_keys(&t, s, &none, &none, &start_keys));
		EXPECT_MEMEQ(&s->checkpoint_key, &wiped, sizeof(wiped));
	}
	session_table_fini(&t);
}

TEST(session, rings_of_stateless_receive_keys_alone)
{
	static const struct mppe_key_ring wiped;
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, true, true, false), 0);
	struct session *s = &t.slots[2];
	EXPECT_TRUE(session_table_set_keys(&t, s, &stateless, &stateless, &start_keys));
	EXPECT_TRUE(s->rx_key.ring == &t.rings[2]);
	EXPECT_EQ(s->rx_key.ring_n, 0);
	EXPECT_TRUE(s->tx_key.ring == NULL);

	// What walks has none; what it becomes has the key's, with nothing of it in it yet.
	s->rx_key.ring_n = 20;
	s->rx_key.ring_at = 7;
	session_begin_walk(s);
	EXPECT_TRUE(s->checkpoint_key.ring == NULL);
	EXPECT_EQ(s->checkpoint_key.ring_n, 0);
	EXPECT_TRUE(s->rx_key.ring == &t.rings[2]);
	s->rx_key.ring_at = 12; // packets in order came meanwhile
	session_swap_checkpoint(s);
	EXPECT_TRUE(s->rx_key.ring == &t.rings[2]);
	EXPECT_EQ(s->rx_key.ring_n, 0);
	EXPECT_EQ(s->rx_key.ring_at, 12);
	session_table_restore_rx(&t, s);
	EXPECT_TRUE(s->rx_key.ring == &t.rings[2]);
	EXPECT_EQ(s->rx_key.ring_n, 20);
	EXPECT_EQ(s->rx_key.ring_at, 12);

	memset(&t.rings[2], 0xaa, sizeof(t.rings[2]));
	EXPECT_TRUE(session_table_set_keys(&t, s, &stateful, &stateless, &start_keys));
	EXPECT_TRUE(s->rx_key.ring == NULL);
	EXPECT_MEMEQ(&t.rings[2], &wiped, sizeof(wiped));
	EXPECT_TRUE(session_table_set_keys(&t, s, &none, &stateless, &start_keys));
	EXPECT_TRUE(s->rx_key.ring == NULL);
	memset(&t.rings[2], 0xaa, sizeof(t.rings[2]));
	t.n_used = 1;
	session_table_release(&t, s);
	EXPECT_MEMEQ(&t.rings[2], &wiped, sizeof(wiped));
	session_table_fini(&t);
	EXPECT_TRUE(t.rings == NULL);

	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, false, false, false), 0);
	EXPECT_TRUE(session_table_set_keys(&t, &t.slots[1], &stateless, &none, &start_keys));
	EXPECT_TRUE(t.slots[1].rx_key.ring == NULL);
	session_table_fini(&t);
}

TEST(session, no_stateful_keys_without_room_for_them)
{
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY, false, false, false), 0);
	EXPECT_TRUE(session_table_rc4(&t, &t.slots[1]) == NULL);
	EXPECT_TRUE(session_table_set_keys(&t, &t.slots[1], &stateless, &none, &start_keys));
	EXPECT_FALSE(session_table_set_keys(&t, &t.slots[1], &stateless, &stateful, &start_keys));
	EXPECT_EQ(t.slots[1].rx_key.strength, MPPE_STRENGTH_NONE);
	EXPECT_EQ(t.slots[1].tx_key.strength, MPPE_STRENGTH_NONE);
	session_table_fini(&t);
	EXPECT_EQ(session_table_init(&t, 0x7fffff, SOCKET_ID_ANY, true, false, false), -ENOMEM);
	EXPECT_EQ(session_table_init(&t, 0x7fffff, SOCKET_ID_ANY, false, true, false), -ENOMEM);
	EXPECT_TRUE(t.slots == NULL);
}
