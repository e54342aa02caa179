// SPDX-License-Identifier: BSD-3-Clause
// Where calls and connections tell debug what they do. Each returns at once where nobody follows.
//
//   names  "Tnl 17" is the 17th connection since the start, "Vi3" the third call, which is call 3 of
//          the history; "Tnl/Cl 17/9" has our Call ID, the one that is on the wire
#pragma once

#include "aaa/aaa.h"
#include "control/debug.h"
#include "proto/link.h"
#include "wire/pptp.h"

// What was last seen of a link, so that changes can be told; all zero for a new one.
struct debug_seen {
	enum fsm_state lcp, ccp, ipcp;
	enum link_phase phase;
};

void debug_conn_opened(const struct conn *conn);
void debug_conn_closed(const struct conn *conn);
// A message came, whole or found malformed; bytes behind it are not looked at.
void debug_pptp_in(const struct conn *conn, struct span message);
// Messages that leave.
void debug_pptp_out(const struct conn *conn, struct span messages);
void debug_call_refused(
	const struct conn *conn, const struct pptp_ocrq *request, enum end_reason reason);

void debug_call_started(struct call *call);
void debug_ppp_in(const struct call *call, uint16_t protocol, struct span info);
// One item of a step, once it was acted on.
void debug_step(struct call *call, const struct step *step, const struct step_item *item);
// After each step: what has changed in the link.
void debug_link(struct call *call);
void debug_call_up(const struct call *call);
void debug_call_ending(const struct call *call, enum end_reason reason);

void debug_aaa_asked(const struct call *call, const struct aaa_request *request);
void debug_aaa_answered(const struct call *call, const struct aaa_reply *reply);
void debug_address(const struct call *call);

// Something about encryption, or something that went wrong: one line.
__attribute__((format(printf, 2, 3))) void debug_mppe(
	const struct call *call, const char *format, ...);
__attribute__((format(printf, 2, 3))) void debug_error(
	const struct call *call, const char *format, ...);
