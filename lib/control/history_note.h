// SPDX-License-Identifier: BSD-3-Clause
// What the history is told of calls and connections as they live and end.
#pragma once

#include "control/call.h"

struct conn;
struct control;

// After each step of the link: when it came to what.
void history_note_link(struct call *call);

// The call has ended and its worker has said what went through it.
void history_note_call(struct call *call, const struct lane_totals *totals);

// A request for a call was refused.
//
//   limit  the key of the configuration that says no, or NULL
void history_note_refusal(struct conn *conn, enum end_reason reason, const char *limit);

// A connection ended; nothing is remembered where it had a call or a refusal.
void history_note_conn(const struct conn *conn);

// A connection was not taken at all.
void history_note_stranger(struct control *c, uint32_t client_be, uint16_t client_port_be,
	enum end_reason reason, const char *detail);
