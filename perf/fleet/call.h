// SPDX-License-Identifier: BSD-3-Clause
// One call: OCRQ, PPP, and the way down. Its tunnel is there already.
#pragma once

#include "perf/fleet/dial_state.h"

// Begin it, now or when its tunnel is open.
void call_begin(struct call *c);
// OCRQ. Returns 0, or -ENOBUFS when the tunnel has no room at the moment.
int call_ask(struct call *c);
void call_hang_up(struct call *c);
// Over: failed, lost, or hung up, according to where it was.
void call_end(struct call *c, enum fleet_reason reason, struct span text);

void call_receive_ocrp(struct call *c, const struct pptp_ocrp *reply);
void call_receive_disconnect(struct call *c, const struct pptp_call_disconnect *message);
void call_expire(struct call *c);
