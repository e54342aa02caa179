// SPDX-License-Identifier: BSD-3-Clause
// When a call came to each of its steps for the first time, for the record that outlives it.
#pragma once

#include <stdint.h>

// X(ENUM, "key", "what happened"), in the order in which a good call goes through them.
#define TIMELINE_LIST(X)                                            \
	X(TCP, "tcp", "TCP/1723 opened")                            \
	X(SCCRQ, "sccrq", "Start-Control-Connection-Request taken") \
	X(OCRQ, "ocrq", "Outgoing-Call-Request")                    \
	X(GRE, "gre", "first PPP frame from the client")            \
	X(LCP_OPEN, "lcp_open", "LCP open")                         \
	X(AUTH_ASKED, "auth_asked", "client answered, AAA asked")   \
	X(AUTH_OK, "auth_ok", "authenticated")                      \
	X(CCP_OPEN, "ccp_open", "CCP open, keys in place")          \
	X(IPCP_OPEN, "ipcp_open", "IPCP open")                      \
	X(UP, "up", "up")                                           \
	X(CLOSING, "closing", "ending began")                       \
	X(END, "end", "ended")

enum timeline_mark {
#define X(name, key, text) TIMELINE_##name,
	TIMELINE_LIST(X)
#undef X
		TIMELINE_MARK_COUNT
};

struct timeline {
	uint64_t at_ns[TIMELINE_MARK_COUNT]; // 0: has not happened
};

// The first time counts.
static inline void timeline_mark(struct timeline *t, enum timeline_mark mark, uint64_t now_ns)
{
	if (t->at_ns[mark] == 0)
		t->at_ns[mark] = now_ns;
}
