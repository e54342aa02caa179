// SPDX-License-Identifier: BSD-3-Clause
#include "observe/counters.h"

#include <assert.h>

const struct counter_info counter_lane_infos[COUNTER_LANE_COUNT] = {
#define X(field, text, about)      \
	[COUNTER_LANE_##field] = { \
		.name = text, .help = about, .offset = offsetof(struct lane_counters, field)},
	LANE_COUNTER_LIST(X)
#undef X
};

const struct counter_info counter_control_infos[COUNTER_CONTROL_COUNT] = {
#define X(field, text, about)         \
	[COUNTER_CONTROL_##field] = { \
		.name = text, .help = about, .offset = offsetof(struct control_counters, field)},
	CONTROL_COUNTER_LIST(X)
#undef X
};

void counter_sum_lanes(struct lane_counters *sum, const struct lane_counters *part)
{
	// Every member is a uint64_t or made of them, so the struct is an array of them.
	static_assert(sizeof(struct port_counters) == 4 * sizeof(uint64_t), "no padding");
	static_assert(offsetof(struct lane_counters, drops) ==
			      sizeof(uint64_t) * COUNTER_LANE_COUNT +
				      sizeof(struct port_counters) * LIMIT_PORTS,
		"no padding");

	uint64_t *to = (uint64_t *)sum;
	const uint64_t *from = (const uint64_t *)part;
	size_t n = offsetof(struct lane_counters, drops) / sizeof(uint64_t) + DROP_REASON_COUNT;
	for (size_t i = 0; i < n; i++)
		to[i] += counter_read(&from[i]);
}
