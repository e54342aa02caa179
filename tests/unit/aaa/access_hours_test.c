// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/access_hours.h"

#include "conf/config.h"
#include "shim/shim.h"

enum { SUN, MON, TUE, WED, THU, FRI, SAT, DAY = 24 * 60, EVERY_DAY = 0x7f, WORK_DAYS = 0x3e };

#define AT(day, hour, minute) ((day)*DAY + (hour)*60 + (minute))

static const struct {
	uint16_t n;
	struct config_hours_span spans[3];
	uint32_t now;
	int32_t left;
} cases[] = {
	// office hours
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(MON, 8, 0), 600},
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(MON, 7, 59), 0},
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(FRI, 17, 59), 1},
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(FRI, 18, 0), 0},
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(SAT, 12, 0), 0},
	{1, {{WORK_DAYS, 8 * 60, 18 * 60}}, AT(SUN, 12, 0), 0},
	// over midnight, and over the end of the week
	{1, {{1 << FRI, 22 * 60, 6 * 60}}, AT(FRI, 23, 0), 420},
	{1, {{1 << FRI, 22 * 60, 6 * 60}}, AT(SAT, 5, 59), 1},
	{1, {{1 << FRI, 22 * 60, 6 * 60}}, AT(FRI, 5, 0), 0},
	{1, {{1 << SAT, 22 * 60, 6 * 60}}, AT(SUN, 1, 0), 300},
	{1, {{1 << SAT, 22 * 60, 6 * 60}}, AT(SAT, 21, 59), 0},
	// one that ends where the next begins, and two that overlap
	{2, {{1 << MON, 8 * 60, 12 * 60}, {1 << MON, 12 * 60, 13 * 60}}, AT(MON, 9, 0), 240},
	{2, {{1 << MON, 8 * 60, 12 * 60}, {1 << MON, 11 * 60, 14 * 60}}, AT(MON, 9, 0), 300},
	{2, {{1 << MON, 8 * 60, 12 * 60}, {1 << MON, 12 * 60 + 1, 14 * 60}}, AT(MON, 9, 0), 180},
	{2, {{1 << MON, 8 * 60, DAY}, {1 << TUE, 0, 60}}, AT(MON, 23, 0), 120},
	{3, {{1 << SAT, 0, DAY}, {1 << SUN, 0, DAY}, {1 << MON, 0, 60}}, AT(SAT, 0, 0),
		2 * DAY + 60},
	// all day, written in both ways; all week
	{1, {{1 << WED, 0, DAY}}, AT(WED, 0, 0), DAY},
	{1, {{1 << WED, 0, 0}}, AT(WED, 0, 0), DAY},
	{1, {{1 << WED, 0, 0}}, AT(THU, 0, 0), 0},
	{1, {{EVERY_DAY, 0, DAY}}, AT(THU, 3, 0), ACCESS_HOURS_ALWAYS},
	{1, {{EVERY_DAY, 5 * 60, 5 * 60}}, AT(SUN, 3, 0), ACCESS_HOURS_ALWAYS},
	{2, {{EVERY_DAY, 0, 12 * 60}, {EVERY_DAY, 12 * 60, DAY}}, AT(SAT, 23, 59),
		ACCESS_HOURS_ALWAYS},
	// never
	{0, {{0}}, AT(MON, 0, 0), 0},
	{1, {{0, 0, DAY}}, AT(MON, 0, 0), 0},
};

TEST(access_hours, last_until_nothing_allows_it)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_hours h = {.n_spans = cases[i].n};

		SHIM_TRACE_CASE((long long)i);
		memcpy(h.spans, cases[i].spans, sizeof(cases[i].spans));
		EXPECT_EQ(access_hours_left(&h, cases[i].now), cases[i].left);
	}
}

// For every minute of the week: as long as is said it is allowed, and then not.
TEST(access_hours, say_the_same_minute_by_minute)
{
	const struct config_hours h = {.n_spans = 3,
		.spans = {{WORK_DAYS, 8 * 60, 18 * 60}, {1 << SAT, 22 * 60, 6 * 60},
			{1 << FRI, 17 * 60, 2 * 60}}};

	for (uint32_t now = 0; now < ACCESS_HOURS_WEEK_MIN; now++) {
		int32_t left = access_hours_left(&h, now);
		uint32_t next = (now + 1) % ACCESS_HOURS_WEEK_MIN;

		if (left > 0)
			ASSERT_EQ(access_hours_left(&h, next), left - 1);
		else
			ASSERT_EQ(left, 0);
	}
}
