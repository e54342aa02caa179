// SPDX-License-Identifier: BSD-3-Clause
#include "control/sticky.h"

#include "shim/shim.h"

#include <stdio.h>

static struct sticky sticky;

static struct span user(uint32_t i)
{
	static char name[32];

	snprintf(name, sizeof(name), "user%u", i);
	return span_of_text(name);
}

TEST(sticky, a_user_of_a_tenant_is_remembered)
{
	ASSERT_EQ(0, sticky_init(&sticky, 5));
	EXPECT_EQ(0, sticky_find(&sticky, 1, user(1)));
	sticky_note(&sticky, 1, user(1), 11, 100);
	sticky_note(&sticky, 2, user(1), 21, 100);
	sticky_note(&sticky, 1, user(2), 12, 100);
	EXPECT_EQ(11, sticky_find(&sticky, 1, user(1)));
	EXPECT_EQ(21, sticky_find(&sticky, 2, user(1)));
	EXPECT_EQ(12, sticky_find(&sticky, 1, user(2)));
	EXPECT_EQ(0, sticky_find(&sticky, 3, user(1)));
	sticky_note(&sticky, 1, user(1), 13, 101);
	EXPECT_EQ(13, sticky_find(&sticky, 1, user(1)));
	sticky_fini(&sticky);
}

TEST(sticky, nobody_is_remembered_where_there_is_no_table)
{
	sticky = (struct sticky){0};
	sticky_note(&sticky, 1, user(1), 11, 100);
	EXPECT_EQ(0, sticky_find(&sticky, 1, user(1)));
	sticky_fini(&sticky);
}

// However many call, memory is bounded: what is kept is of those who called last, and nobody gets another's.
TEST(sticky, the_oldest_are_forgotten_first)
{
	enum { USERS = 200000, RECENT = 20000 };
	uint32_t n_recent = 0, n_old = 0;

	ASSERT_EQ(0, sticky_init(&sticky, 9));
	for (uint32_t i = 1; i <= USERS; i++)
		sticky_note(&sticky, 1, user(i), i, i);
	for (uint32_t i = 1; i <= USERS; i++) {
		uint32_t address = sticky_find(&sticky, 1, user(i));
		if (!address)
			continue;
		ASSERT_EQ(i, address);
		if (i > USERS - RECENT)
			n_recent++;
		else
			n_old++;
	}
	EXPECT_GT(n_recent, RECENT * 95 / 100);
	EXPECT_LE(n_recent + n_old, 65536);
	sticky_fini(&sticky);
}
