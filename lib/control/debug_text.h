// SPDX-License-Identifier: BSD-3-Clause
// PPTP messages and PPP frames as the debug commands of IOS print them. Pure: bytes in, lines out,
// without the time and the interface, which stand before each line. Nothing secret is printed: no
// password, no challenge response, no changed password.
#pragma once

#include "base/span.h"
#include "proto/auth_method.h"
#include "proto/fsm_table.h"

#include <stdbool.h>

enum { DEBUG_TEXT_BYTES = 8192 };

// Whole lines, each with its end. What does not fit is left out, and the last line says so.
struct debug_text {
	bool is_full;
	uint16_t len;
	char bytes[DEBUG_TEXT_BYTES]; // terminated
};

static inline void debug_text_clear(struct debug_text *t)
{
	t->is_full = false;
	t->len = 0;
	t->bytes[0] = '\0';
}

// One line; its end is added.
__attribute__((format(printf, 2, 3))) void debug_text_line(
	struct debug_text *t, const char *format, ...);

// "PPTP: CC I 001000011A2B3C4D...": the message byte by byte.
void debug_text_pptp_hex(struct debug_text *t, char direction, struct span message);

// "PPTP: CC I SCCRQ", by the type at bytes 9 and 10, and a line for each field of it.
void debug_text_pptp(struct debug_text *t, char direction, struct span message);

// LCP, CCP, IPCP and what has no name here: "LCP: O CONFREQ [REQsent] id 1 len 20" and a line for
// each option. CHAP and PAP are not taken: nothing is printed.
//
//   state  of the automaton of that protocol, before the frame
void debug_text_ppp(struct debug_text *t, char direction, uint16_t protocol, enum fsm_state state,
	struct span info);

// CHAP and PAP: who, and what became of it.
//
//   method  what was agreed on, for the name; AUTH_METHOD_NONE: not known
void debug_text_auth(struct debug_text *t, char direction, uint16_t protocol,
	enum auth_method method, struct span info);

// "Open", "REQsent", ...
const char *debug_text_state(enum fsm_state state);

// "LCP", "IPCP", ...; NULL for what has no name here.
const char *debug_text_protocol(uint16_t protocol);
