// SPDX-License-Identifier: BSD-3-Clause
#include "aaa/access_hours.h"

#include "conf/config.h"

enum { DAY_MIN = 24 * 60, WEEK_MIN = ACCESS_HOURS_WEEK_MIN };

// How long a span that began on this day still lasts, 0 where it does not cover the minute.
static int32_t left_of(const struct config_hours_span *span, uint32_t day, uint32_t week_min)
{
	uint32_t from = day * DAY_MIN + span->from_min;
	uint32_t len = span->to_min - span->from_min + (span->to_min <= span->from_min) * DAY_MIN;
	uint32_t since =
		(week_min + WEEK_MIN - from) % WEEK_MIN; // Saturday night goes on on Sunday

	return since < len ? (int32_t)(len - since) : 0;
}

static int32_t longest(const struct config_hours *hours, uint32_t week_min)
{
	int32_t most = 0;

	for (uint16_t i = 0; i < hours->n_spans; i++) {
		for (uint32_t day = 0; day < 7; day++) {
			int32_t left = hours->spans[i].days & 1 << day
					       ? left_of(&hours->spans[i], day, week_min)
					       : 0;
			most = left > most ? left : most;
		}
	}
	return most;
}

// What ends at midnight may go on then by another span.
int32_t access_hours_left(const struct config_hours *hours, uint32_t week_min)
{
	int32_t left = 0, more;

	do {
		more = longest(hours, (week_min + (uint32_t)left) % WEEK_MIN);
		left += more;
	} while (more > 0 && left < WEEK_MIN);
	return left < WEEK_MIN ? left : ACCESS_HOURS_ALWAYS;
}
