// SPDX-License-Identifier: BSD-3-Clause
// The control lane's table of wrong passwords: what calls add to it, and what of it is told.
#pragma once

#include "control/lockout.h"

struct call;
struct control;

// Returns 0 or -ENOMEM.
int lockout_watch_open(struct control *c);
void lockout_watch_configure(struct control *c); // limits of another configuration
void lockout_watch_close(struct control *c);

// Is the user of this call, or where he calls from, locked out?
bool lockout_watch_refuses(const struct call *call);

// AAA has judged his answer.
void lockout_watch_fail(const struct call *call);
void lockout_watch_succeed(const struct call *call);

// Once a second: tell which locks are over.
void lockout_watch_check(struct control *c);

// An operator takes them back; see lockout_clear(). Returns how many.
unsigned int lockout_watch_clear(
	struct control *c, const struct span *user, const uint32_t *source_be);
