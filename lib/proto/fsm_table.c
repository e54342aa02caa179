// SPDX-License-Identifier: BSD-3-Clause
#include "proto/fsm_table.h"

// clang-format off
#define NO { false, FSM_INITIAL, 0 }
#define TO(next, ...) { true, FSM_##next, (0 __VA_ARGS__) }
#define DO(action) | FSM_##action
// RFC 1661 4.1, row by row. States from left to right: Initial, Starting, Closed, Stopped,
// Closing, Stopping; then Request-Sent, Ack-Received, Ack-Sent, Opened. The RFC's restart
// option is not taken; the passive one is fsm_listen().
static const struct fsm_transition table[FSM_EVENT_COUNT][FSM_STATE_COUNT] = {
	[FSM_UP] = {
		TO(CLOSED), TO(REQUEST_SENT, DO(IRC) DO(SCR)), NO, NO, NO, NO,
		NO, NO, NO, NO,
	},
	[FSM_DOWN] = {
		NO, NO, TO(INITIAL), TO(STARTING, DO(TLS)), TO(INITIAL), TO(STARTING),
		TO(STARTING), TO(STARTING), TO(STARTING), TO(STARTING, DO(TLD)),
	},
	[FSM_OPEN] = {
		TO(STARTING, DO(TLS)), TO(STARTING), TO(REQUEST_SENT, DO(IRC) DO(SCR)),
		TO(STOPPED), TO(STOPPING), TO(STOPPING),
		TO(REQUEST_SENT), TO(ACK_RECEIVED), TO(ACK_SENT), TO(OPENED),
	},
	[FSM_CLOSE] = {
		TO(INITIAL), TO(INITIAL, DO(TLF)), TO(CLOSED), TO(CLOSED), TO(CLOSING), TO(CLOSING),
		TO(CLOSING, DO(IRC) DO(STR)), TO(CLOSING, DO(IRC) DO(STR)),
		TO(CLOSING, DO(IRC) DO(STR)), TO(CLOSING, DO(TLD) DO(IRC) DO(STR)),
	},
	[FSM_TIMEOUT_PLUS] = {
		NO, NO, NO, NO, TO(CLOSING, DO(STR)), TO(STOPPING, DO(STR)),
		TO(REQUEST_SENT, DO(SCR)), TO(REQUEST_SENT, DO(SCR)), TO(ACK_SENT, DO(SCR)), NO,
	},
	[FSM_TIMEOUT_MINUS] = {
		NO, NO, NO, NO, TO(CLOSED, DO(TLF)), TO(STOPPED, DO(TLF)),
		TO(STOPPED, DO(TLF)), TO(STOPPED, DO(TLF)), TO(STOPPED, DO(TLF)), NO,
	},
	[FSM_RCR_PLUS] = {
		NO, NO, TO(CLOSED, DO(STA)), TO(ACK_SENT, DO(IRC) DO(SCR) DO(SCA)),
		TO(CLOSING), TO(STOPPING),
		TO(ACK_SENT, DO(SCA)), TO(OPENED, DO(SCA) DO(TLU)), TO(ACK_SENT, DO(SCA)),
		TO(ACK_SENT, DO(TLD) DO(SCR) DO(SCA)),
	},
	[FSM_RCR_MINUS] = {
		NO, NO, TO(CLOSED, DO(STA)), TO(REQUEST_SENT, DO(IRC) DO(SCR) DO(SCN)),
		TO(CLOSING), TO(STOPPING),
		TO(REQUEST_SENT, DO(SCN)), TO(ACK_RECEIVED, DO(SCN)), TO(REQUEST_SENT, DO(SCN)),
		TO(REQUEST_SENT, DO(TLD) DO(SCR) DO(SCN)),
	},
	[FSM_RCA] = {
		NO, NO, TO(CLOSED, DO(STA)), TO(STOPPED, DO(STA)), TO(CLOSING), TO(STOPPING),
		TO(ACK_RECEIVED, DO(IRC)), TO(REQUEST_SENT, DO(SCR)),
		TO(OPENED, DO(IRC) DO(TLU)), TO(REQUEST_SENT, DO(TLD) DO(SCR)),
	},
	[FSM_RCN] = {
		NO, NO, TO(CLOSED, DO(STA)), TO(STOPPED, DO(STA)), TO(CLOSING), TO(STOPPING),
		TO(REQUEST_SENT, DO(IRC) DO(SCR)), TO(REQUEST_SENT, DO(SCR)),
		TO(ACK_SENT, DO(IRC) DO(SCR)), TO(REQUEST_SENT, DO(TLD) DO(SCR)),
	},
	[FSM_RTR] = {
		NO, NO, TO(CLOSED, DO(STA)), TO(STOPPED, DO(STA)),
		TO(CLOSING, DO(STA)), TO(STOPPING, DO(STA)),
		TO(REQUEST_SENT, DO(STA)), TO(REQUEST_SENT, DO(STA)), TO(REQUEST_SENT, DO(STA)),
		TO(STOPPING, DO(TLD) DO(ZRC) DO(STA)),
	},
	[FSM_RTA] = {
		NO, NO, TO(CLOSED), TO(STOPPED), TO(CLOSED, DO(TLF)), TO(STOPPED, DO(TLF)),
		TO(REQUEST_SENT), TO(REQUEST_SENT), TO(ACK_SENT), TO(REQUEST_SENT, DO(TLD) DO(SCR)),
	},
	[FSM_RUC] = {
		NO, NO, TO(CLOSED, DO(SCJ)), TO(STOPPED, DO(SCJ)),
		TO(CLOSING, DO(SCJ)), TO(STOPPING, DO(SCJ)),
		TO(REQUEST_SENT, DO(SCJ)), TO(ACK_RECEIVED, DO(SCJ)), TO(ACK_SENT, DO(SCJ)),
		TO(OPENED, DO(SCJ)),
	},
	[FSM_RXJ_PLUS] = {
		NO, NO, TO(CLOSED), TO(STOPPED), TO(CLOSING), TO(STOPPING),
		TO(REQUEST_SENT), TO(REQUEST_SENT), TO(ACK_SENT), TO(OPENED),
	},
	[FSM_RXJ_MINUS] = {
		NO, NO, TO(CLOSED, DO(TLF)), TO(STOPPED, DO(TLF)),
		TO(CLOSED, DO(TLF)), TO(STOPPED, DO(TLF)),
		TO(STOPPED, DO(TLF)), TO(STOPPED, DO(TLF)), TO(STOPPED, DO(TLF)),
		TO(STOPPING, DO(TLD) DO(IRC) DO(STR)),
	},
	[FSM_RXR] = {
		NO, NO, TO(CLOSED), TO(STOPPED), TO(CLOSING), TO(STOPPING),
		TO(REQUEST_SENT), TO(ACK_RECEIVED), TO(ACK_SENT), TO(OPENED, DO(SER)),
	},
};
#undef DO
#undef NO
#undef TO
// clang-format on

const struct fsm_transition *fsm_table_lookup(enum fsm_state state, enum fsm_event event)
{
	return &table[event][state];
}

const char *fsm_table_state_name(enum fsm_state state)
{
	static const char *const names[FSM_STATE_COUNT] = {
		[FSM_INITIAL] = "initial",
		[FSM_STARTING] = "starting",
		[FSM_CLOSED] = "closed",
		[FSM_STOPPED] = "stopped",
		[FSM_CLOSING] = "closing",
		[FSM_STOPPING] = "stopping",
		[FSM_REQUEST_SENT] = "request-sent",
		[FSM_ACK_RECEIVED] = "ack-received",
		[FSM_ACK_SENT] = "ack-sent",
		[FSM_OPENED] = "opened",
	};

	return names[state];
}
