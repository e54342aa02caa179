// SPDX-License-Identifier: BSD-3-Clause
// The part of a reload that changes something.
#pragma once

struct call;
struct config;
struct control;

// Let `fresh` hold in place of c->config.config, whose numbers it has.
//
//   returns  0 | -errno and all is as it was
int reload_apply(struct control *c, struct config *fresh);

// A call that is up: what its policy says now, or its end.
enum reload_call { RELOAD_CALL_KEPT, RELOAD_CALL_CHANGED, RELOAD_CALL_ENDED };
enum reload_call reload_apply_call(struct call *call);
