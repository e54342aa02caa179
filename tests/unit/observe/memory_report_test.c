// SPDX-License-Identifier: BSD-3-Clause
#include "observe/memory_report.h"

#include "shim/shim.h"

#include <stdio.h>

TEST(memory_report, lines_of_one_name_become_one)
{
	struct memory_report r = {0};

	memory_report_add(&r, MEMORY_DPDK, "sessions", 1000, 10, 3);
	memory_report_add(&r, MEMORY_HEAP, "sessions", 7, 0, 0);
	memory_report_add(&r, MEMORY_DPDK, "rings", 50, 0, 0);
	memory_report_add(&r, MEMORY_DPDK, "sessions", 500, 5, 4);
	EXPECT_EQ(3, r.n);
	const struct memory_line *line = memory_report_find(&r, MEMORY_DPDK, "sessions");
	ASSERT_TRUE(line != NULL);
	EXPECT_EQ(1500, line->bytes);
	EXPECT_EQ(15, line->n);
	EXPECT_EQ(7, line->n_used);
	EXPECT_EQ(1550, memory_report_sum(&r, MEMORY_DPDK));
	EXPECT_EQ(7, memory_report_sum(&r, MEMORY_HEAP));
	EXPECT_NULL(memory_report_find(&r, MEMORY_HEAP, "rings"));
}

// Nothing is lost when there is no room for another line.
TEST(memory_report, full)
{
	static char names[MEMORY_LINES_MAX + 3][8];
	struct memory_report r = {0};

	for (int i = 0; i < MEMORY_LINES_MAX + 3; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		memory_report_add(&r, MEMORY_DPDK, names[i], 10, 0, 0);
	}
	EXPECT_EQ(MEMORY_LINES_MAX, r.n);
	EXPECT_EQ(10 * (MEMORY_LINES_MAX + 3), memory_report_sum(&r, MEMORY_DPDK));
}
