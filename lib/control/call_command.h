// SPDX-License-Identifier: BSD-3-Clause
// What a call tells its worker. A command that does not fit sets call->out_of_room.
#pragma once

#include "control/call.h"

void call_command_add(struct call *call);
void call_command_link(struct call *call); // what LCP agreed on
void call_command_mtu(struct call *call);  // the policy may have another one
void call_command_keys(struct call *call);
void call_command_encrypt(struct call *call, bool on);
// The next packet to the client is flushed.
void call_command_flush(struct call *call);

// Rates, access lists and idle time of its policy; nothing where it has none.
void call_command_policy(struct call *call);
struct command_session_policy call_command_limits(const struct call *call);
void call_command_open(struct call *call, bool on);
void call_command_delete(struct call *call); // always fits
void call_command_frame(
	struct call *call, uint16_t protocol, struct span info); // may be lost: PPP repeats
