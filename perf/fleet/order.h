// SPDX-License-Identifier: BSD-3-Clause
// The order in which numbered packets come: what is missing, late, or there twice.
#pragma once

#include <stdint.h>

struct order {
	uint32_t next; // number expected
	uint64_t seen; // bit n: next - 1 - n has come
};

enum order_kind {
	ORDER_NEXT,  // as expected, or further: *skipped are missing so far
	ORDER_LATE,  // behind others that were sent after it
	ORDER_TWICE, // it had come
};

enum {
	ORDER_MEMORY = 64
}; // numbers; what is further behind is taken for late, not for a second one

static inline enum order_kind order_take(struct order *o, uint32_t seq, uint32_t *skipped)
{
	int32_t ahead = (int32_t)(seq - o->next);

	*skipped = 0;
	if (ahead >= 0) {
		*skipped = (uint32_t)ahead;
		o->seen = ahead + 1 < ORDER_MEMORY ? o->seen << (ahead + 1) | 1 : 1;
		o->next = seq + 1;
		return ORDER_NEXT;
	}
	uint32_t behind = (uint32_t)~ahead; // 0: the last one again
	if (behind >= ORDER_MEMORY)
		return ORDER_LATE;
	if (o->seen >> behind & 1)
		return ORDER_TWICE;
	o->seen |= UINT64_C(1) << behind;
	return ORDER_LATE;
}
