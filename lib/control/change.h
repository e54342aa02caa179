// SPDX-License-Identifier: BSD-3-Clause
// Orders of an AAA server about calls that are up (RFC 5176): which calls are meant, and what becomes of them.
//
//   which    calls of the order's tenant that have authenticated and match all its keys; several are all meant, up to
//            CHANGE_CALLS_MAX: one more, and the order is refused as a whole (508)
//   cost     a call is found by the key that says most: none looks at calls that it does not mean but for a few that
//            share a bucket, and those of the same user or source address
//   change   all of it for all calls, or nothing for none: what can fail is done first
//   end      answered when the worker has let go of each call
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum {
	CHANGE_BUCKETS = 16384,
	CHANGE_CALLS_MAX = 256,	     // of one order
	CHANGE_CALLS_PER_TURN = 256, // begun; then the loop has its turn
};

enum change_index { CHANGE_BY_NUMBER, CHANGE_BY_TUNNEL, CHANGE_BY_CLIENT, CHANGE_INDICES };

struct aaa_change;
struct call;
struct control;
struct change_order;
struct change_waiter;
LIST_HEAD(change_calls, call);
LIST_HEAD(change_waiters, change_waiter);
LIST_HEAD(change_orders, change_order);

// Of the lane.
struct changes {
	uint64_t seed;
	struct change_calls *buckets[CHANGE_INDICES]; // buckets[i][CHANGE_BUCKETS]
	struct change_orders open;		      // that wait for workers
};

// Returns 0 or -ENOMEM.
int change_open(struct control *c, uint64_t seed);
void change_close(struct control *c);

// Fetch orders from the driver and carry them out, some in each turn. Returns whether there may be more.
bool change_take(struct control *c);

// A call begins; a call is about to be freed: the worker has let go of it.
void change_add_call(struct call *call);
void change_remove_call(struct call *call);
