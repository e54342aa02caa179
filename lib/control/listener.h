// SPDX-License-Identifier: BSD-3-Clause
// TCP/1723 on each listen address: takes connections as long as the limits allow; what they do not is
// refused, see control/refusal.h.
#pragma once

#include "config/limits.h"
#include "control/loop.h"

struct control;

struct listener {
	struct control *control;
	struct loop_source source;
	uint8_t listen; // index of the address in the owner map
};

struct listeners {
	uint32_t n;
	struct listener entries[LIMIT_LISTEN_ADDRESSES];
	int reserve_fd; // given up for a moment when descriptors run out, to refuse with
};

// Listen on all addresses of the owner map. Returns 0 or -errno; logs what failed.
int listener_open_all(struct control *c);
// Once a second: listen again after a shortage.
void listener_check(struct control *c);

void listener_close_all(struct control *c);
