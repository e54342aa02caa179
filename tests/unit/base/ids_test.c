// SPDX-License-Identifier: BSD-3-Clause
#include "base/ids.h"

#include "shim/shim.h"

TEST(ids, parts_come_back)
{
	static const struct {
		uint32_t generation;
		uint8_t worker;
		uint32_t slot;
		uint64_t id;
	} cases[] = {
		/* 0 */ {1, 0, 0, 0x0000000100000000},
		/* 1 */ {1, 2, 3, 0x0000000102000003},
		/* 2 */ {0xffffffff, 255, 0xffffff, 0xffffffffffffffff},
		/* 3 */ {0x80000000, 128, 0x800000, 0x8000000080800000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t id = session_id_make(cases[i].generation, cases[i].worker, cases[i].slot);

		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(id, cases[i].id);
		EXPECT_EQ(session_id_generation(id), cases[i].generation);
		EXPECT_EQ(session_id_worker(id), cases[i].worker);
		EXPECT_EQ(session_id_slot(id), cases[i].slot);
	}
}

TEST(ids, an_oversized_slot_does_not_spill_into_the_worker)
{
	uint64_t id = session_id_make(1, 2, 0xff000003);

	EXPECT_EQ(session_id_worker(id), 2);
	EXPECT_EQ(session_id_slot(id), 3);
}

TEST(ids, none_is_no_session)
{
	EXPECT_NE(session_id_make(1, 0, 0), (uint64_t)SESSION_ID_NONE);
}
