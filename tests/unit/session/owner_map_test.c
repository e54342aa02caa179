// SPDX-License-Identifier: BSD-3-Clause
#include "session/owner_map.h"

#include "shim/eal.h"
#include "shim/shim.h"

// For session_test.c too.
void unit_eal(void);
void unit_eal(void)
{
	eal_start(256);
}

TEST(owner_map, owner_packs_worker_and_slot)
{
	const uint8_t workers[] = {0, 1, LIMIT_WORKERS - 1};
	const uint32_t slots[] = {0, 1, LIMIT_SESSIONS_PER_WORKER - 1, 0xffffff};

	for (size_t i = 0; i < RTE_DIM(workers); i++)
		for (size_t k = 0; k < RTE_DIM(slots); k++) {
			uint32_t owner = owner_make(workers[i], slots[k]);
			EXPECT_NE(owner, OWNER_NONE);
			EXPECT_EQ(owner_worker(owner), workers[i]);
			EXPECT_EQ(owner_slot(owner), slots[k]);
		}
}

TEST(owner_map, calls_of_each_listen_address_are_their_own)
{
	const uint32_t listen[] = {RTE_BE32(0xc0000201), RTE_BE32(0xc0000202)};

	unit_eal();
	struct owner_map *m = owner_map_new(listen, RTE_DIM(listen));
	ASSERT_TRUE(m != NULL);
	EXPECT_EQ(owner_map_listen(m, listen[0]), 0);
	EXPECT_EQ(owner_map_listen(m, listen[1]), 1);
	EXPECT_EQ(owner_map_listen(m, RTE_BE32(0xc0000203)), -1);
	for (uint32_t id = 0; id < LIMIT_CALL_IDS; id++)
		ASSERT_EQ(owner_map_call(m, 0, (uint16_t)id), OWNER_NONE);

	// Call ID 0 is a good one, as 65535 is.
	owner_map_set_call(m, 0, 0, owner_make(0, 0));
	owner_map_set_call(m, 0, 65535, owner_make(3, 77));
	EXPECT_EQ(owner_map_call(m, 0, 0), owner_make(0, 0));
	EXPECT_EQ(owner_map_call(m, 0, 65535), owner_make(3, 77));
	EXPECT_EQ(owner_map_call(m, 1, 0), OWNER_NONE);
	EXPECT_EQ(owner_map_call(m, 1, 65535), OWNER_NONE);
	owner_map_set_call(m, 0, 0, OWNER_NONE);
	EXPECT_EQ(owner_map_call(m, 0, 0), OWNER_NONE);
	owner_map_free(m);
}

TEST(owner_map, inner_addresses_over_pages)
{
	const uint32_t listen = RTE_BE32(0xc0000201);
	const uint32_t addresses[] = {0, 1, 0x0a080002, 0x0a08ffff, 0x0a090000, 0xffffffff};

	unit_eal();
	struct owner_map *m = owner_map_new(&listen, 1);
	ASSERT_TRUE(m != NULL);
	for (uint32_t i = 0; i < RTE_DIM(addresses); i++) {
		uint32_t be = rte_cpu_to_be_32(addresses[i]);
		EXPECT_EQ(owner_map_inner(m, be), OWNER_NONE);
		EXPECT_EQ(owner_map_set_inner(m, be, owner_make(1, i)), 0);
	}
	for (uint32_t i = 0; i < RTE_DIM(addresses); i++)
		EXPECT_EQ(owner_map_inner(m, rte_cpu_to_be_32(addresses[i])), owner_make(1, i));
	EXPECT_EQ(owner_map_inner(m, RTE_BE32(0x0a080003)), OWNER_NONE);

	// Clearing needs no page, and leaves one that there is.
	EXPECT_EQ(owner_map_set_inner(m, RTE_BE32(0x0b000000), OWNER_NONE), 0);
	EXPECT_TRUE(atomic_load(&m->inner[0x0b00]) == NULL);
	EXPECT_EQ(owner_map_set_inner(m, RTE_BE32(0x0a080002), OWNER_NONE), 0);
	EXPECT_EQ(owner_map_inner(m, RTE_BE32(0x0a080002)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, RTE_BE32(0x0a08ffff)), owner_make(1, 3));
	owner_map_free(m);
}

TEST(owner_map, too_many_listen_addresses)
{
	uint32_t listen[LIMIT_LISTEN_ADDRESSES + 1] = {0};

	unit_eal();
	EXPECT_TRUE(owner_map_new(listen, RTE_DIM(listen)) == NULL);
	owner_map_free(NULL);
}
