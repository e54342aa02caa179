// SPDX-License-Identifier: BSD-3-Clause
#include "session/session.h"

#include "shim/shim.h"

#include <errno.h>
#include <rte_memory.h>

void unit_eal(void);

enum { SLOTS = 8 };

TEST(session, hot_fields_come_first)
{
	EXPECT_LE(offsetof(struct session, rx_sync), RTE_CACHE_LINE_SIZE);
	EXPECT_EQ(offsetof(struct session, rx_key) % RTE_CACHE_LINE_SIZE, 0);
	EXPECT_EQ(offsetof(struct session, counters) % RTE_CACHE_LINE_SIZE, 0);
	EXPECT_EQ(sizeof(struct session) % RTE_CACHE_LINE_SIZE, 0);
}

TEST(session, found_by_id_of_its_generation_alone)
{
	struct session_table t;

	unit_eal();
	ASSERT_EQ(session_table_init(&t, SLOTS, SOCKET_ID_ANY), 0);
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
	EXPECT_EQ(session_table_init(&t, 0xffffff, SOCKET_ID_ANY), -ENOMEM);
	session_table_fini(&t);
}
