// SPDX-License-Identifier: BSD-3-Clause
// State attributes (RFC 2865 5.24) that the next request of a call has to bring along. As many as there is room for: a
// later call takes the place of one that has not tried again.
#pragma once

#include "base/span.h"

enum { RADIUS_STATES = 256, RADIUS_STATES_BYTES = 253 };

struct radius_state {
	uint64_t tag;
	uint8_t len; // 0: none is kept here
	uint8_t bytes[RADIUS_STATES_BYTES];
};

struct radius_states {
	struct radius_state entries[RADIUS_STATES];
};

// state may be empty: forget the one of the call.
void radius_states_keep(struct radius_states *s, uint64_t tag, struct span state);

// The one of the call, or an empty span. It is the table's until the next keep.
struct span radius_states_of(const struct radius_states *s, uint64_t tag);
