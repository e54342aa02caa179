// SPDX-License-Identifier: BSD-3-Clause
// The part of a reload that changes something.
#pragma once

#include "base/end_reason.h"

#include <stdbool.h>

struct call;
struct config;
struct control;

// Let `fresh` hold in place of c->config.config, whose numbers it has.
//
//   prepared  what the driver of AAA has made ready, and then what it needs no more
//   returns   0 | -errno and all is as it was
int reload_apply(struct control *c, struct config *fresh, void **prepared);

enum reload_call { RELOAD_CALL_KEPT, RELOAD_CALL_CHANGED, RELOAD_CALL_ENDED };

// Why a call may not go on; reason END_NONE: it may.
struct reload_why {
	enum end_reason reason;
	const char *text;
};

// What becomes of a call that is up.
//
//   fresh    what holds, or is to hold
//   is_told  it holds: the worker is told what the policy says now, or the call is ended. Else nothing changes
//   why      out
enum reload_call reload_apply_call(
	struct call *call, const struct config *fresh, bool is_told, struct reload_why *why);
