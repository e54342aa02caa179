// SPDX-License-Identifier: BSD-3-Clause
// Reconnect over a stale call: the client's machine or path died, the user dials again, and the old
// call would hold its place for minutes until echoes find it dead (policy pptp.supersede).
//
//   who      calls of the same user of a tenant from the same outer address, over another control connection
//   alive    an old call that is heard from stays, whatever it looks like: a home may have two
//            machines of one user behind its NAT, which must not fight each other. It is asked by LCP
//            Echo-Requests, three in 3 s, and ended if nothing came back
//   same ID  where the new call has the old one's client Call ID too, GRE to either reaches one and
//            the same place, and numbers of the old call would make a client drop the new one's
//            packets (Linux drops what is behind the highest number seen). So nothing is asked or
//            told by GRE: an old call that was silent for a second ends at once, another one if it
//            stays silent for 3 s
//   cost     a login looks at RIVALS_MAX calls at most, the oldest; a call is asked once a second at
//            most. An account with more calls than that behind one address is a shared one
#pragma once

#include "base/span.h"

#include <stdint.h>
#include <sys/queue.h>

enum { SUPERSEDE_BUCKETS = 4096 };

struct call;
struct control;
TAILQ_HEAD(supersede_list, call);

// The calls that have authenticated, by user and outer address.
struct supersede {
	uint64_t seed;
	struct supersede_list buckets[SUPERSEDE_BUCKETS];
};

void supersede_init(struct supersede *s, uint64_t seed);

// This call has authenticated, for the first time: look for stale ones, and remember it.
void supersede_begin(struct call *fresh);

// It has ended.
void supersede_forget(struct call *call);

// stale_due_ns of an old call has come: ask again, leave it alone, or end it.
void supersede_expire(struct call *old, uint64_t now_ns);
