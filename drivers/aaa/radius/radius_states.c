// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_states.h"

static size_t place_of(uint64_t tag)
{
	return (size_t)((tag * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % RADIUS_STATES;
}

void radius_states_keep(struct radius_states *s, uint64_t tag, struct span state)
{
	struct radius_state *e = &s->entries[place_of(tag)];

	if (state.len == 0 || state.len > sizeof(e->bytes)) {
		if (e->tag == tag)
			e->len = 0;
		return;
	}
	e->tag = tag;
	e->len = (uint8_t)state.len;
	memcpy(e->bytes, state.bytes, state.len);
}

struct span radius_states_of(const struct radius_states *s, uint64_t tag)
{
	const struct radius_state *e = &s->entries[place_of(tag)];

	return e->len && e->tag == tag ? span_of(e->bytes, e->len) : (struct span){0};
}
