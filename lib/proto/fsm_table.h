// SPDX-License-Identifier: BSD-3-Clause
// The option negotiation automaton of PPP as a table of state and event (RFC 1661 4.1).
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum fsm_state {
	FSM_INITIAL,
	FSM_STARTING,
	FSM_CLOSED,
	FSM_STOPPED,
	FSM_CLOSING,
	FSM_STOPPING,
	FSM_REQUEST_SENT,
	FSM_ACK_RECEIVED,
	FSM_ACK_SENT,
	FSM_OPENED,
	FSM_STATE_COUNT
};

// The RFC's short names stand beside; RCR+ is a request that we acknowledge.
enum fsm_event {
	FSM_UP,
	FSM_DOWN,
	FSM_OPEN,
	FSM_CLOSE,
	FSM_TIMEOUT_PLUS,  // TO+: the restart counter is above zero
	FSM_TIMEOUT_MINUS, // TO-
	FSM_RCR_PLUS,
	FSM_RCR_MINUS,
	FSM_RCA,
	FSM_RCN, // Configure-Nak or -Reject
	FSM_RTR,
	FSM_RTA,
	FSM_RUC,       // a code that is unknown
	FSM_RXJ_PLUS,  // a rejection that does no harm
	FSM_RXJ_MINUS, // one that ends the protocol
	FSM_RXR,       // Echo and Discard; CCP's Reset
	FSM_EVENT_COUNT
};

// Carried out in this order, which is one that RFC 1661 4.1 allows ("any convenient order").
enum fsm_action {
	FSM_TLD = 1 << 0,  // This-Layer-Down
	FSM_IRC = 1 << 1,  // Initialize-Restart-Count
	FSM_ZRC = 1 << 2,  // Zero-Restart-Count
	FSM_SCR = 1 << 3,  // Send-Configure-Request
	FSM_SCA = 1 << 4,  // Send-Configure-Ack
	FSM_SCN = 1 << 5,  // Send-Configure-Nak or -Reject
	FSM_STR = 1 << 6,  // Send-Terminate-Request
	FSM_STA = 1 << 7,  // Send-Terminate-Ack
	FSM_SCJ = 1 << 8,  // Send-Code-Reject
	FSM_SER = 1 << 9,  // Send-Echo-Reply
	FSM_TLU = 1 << 10, // This-Layer-Up
	FSM_TLS = 1 << 11, // This-Layer-Started
	FSM_TLF = 1 << 12, // This-Layer-Finished
};

struct fsm_transition {
	bool is_legal;
	uint8_t next;	  // enum fsm_state
	uint16_t actions; // enum fsm_action
};

// What happens in a state at an event. Not legal: "an event that cannot occur"; nothing happens.
const struct fsm_transition *fsm_table_lookup(enum fsm_state state, enum fsm_event event);

// "initial", "request-sent", ...
const char *fsm_table_state_name(enum fsm_state state);
