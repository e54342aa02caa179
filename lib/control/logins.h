// SPDX-License-Identifier: BSD-3-Clause
// Who is logged in how many times: the calls of each user of a tenant, the oldest first, found in one step.
//
//   user   as failed logins are counted (aaa/login.h): "CORP\anna" and "anna" are one where the domain is stripped.
//          Capitals do not count: RADIUS servers that keep their users in a directory do not tell them apart, and a
//          limit that is got round by the shift key is none
//   memory a user with calls costs 32 bytes, and each call the links
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum { LOGINS_BUCKETS = 16384 };

struct call;
struct control;
TAILQ_HEAD(logins_calls, call);

struct logins_user {
	struct logins_user *next; // in the bucket
	uint32_t bucket;
	uint32_t n_calls; // at least one; its name is that of the first
	struct logins_calls calls;
};

struct logins {
	uint64_t seed;
	struct logins_user *buckets[LOGINS_BUCKETS];
};

void logins_init(struct logins *l, uint64_t seed);
// Calls must have left.
void logins_fini(struct logins *l);

// The user whom a name means, or NULL: no call of his lives.
//
//   name  as a client sent it
struct logins_user *logins_find(struct control *c, uint16_t tenant, struct span name);

// This call has authenticated as call->user. Returns 0 | -ENOMEM
int logins_add(struct call *call);

// It has ended; nothing if it was never added.
void logins_remove(struct call *call);

// Whether one more call of the user may come up, by that call's policy. Where the oldest is to make room for it, that is
// ended here. Calls in doubt (control/supersede.h) do not count, so that who dials again after a crash is let in, nor do
// calls that are hanging up.
bool logins_make_room(struct call *fresh);

// An old call that was in doubt lives: if the user has more than his policy allows now, one is ended, the newest or the
// oldest as his policy says.
void logins_recount(struct call *old);
