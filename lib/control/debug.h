// SPDX-License-Identifier: BSD-3-Clause
// Debug output followed live: the ten debug commands of IOS, each line to those who follow its
// category and whose filter it passes.
//
//   cost    one test of a bit where nobody follows; the workers know nothing of it
//   bounds  a follower has a buffer of its own; what a slow one misses is counted and told
//   log     the event log follows too where its severities ask for a debug class
#pragma once

#include "base/span.h"
#include "config/limits.h"
#include "observe/events.h"

#include <stdbool.h>
#include <sys/queue.h>

struct call;
struct conn;
struct control;

// X(ENUM, "words of the command", event kind in the log, "what it shows")
// clang-format off
#define DEBUG_LIST(X)                                                                              \
	X(AAA_AUTHENTICATION, "aaa authentication", AUTH_DEBUG, "who was asked about whom, and the answer") \
	X(AAA_AUTHORIZATION, "aaa authorization", AUTH_DEBUG, "what a user may have: group, address")      \
	X(RADIUS, "radius", AUTH_DECODE, "what goes to RADIUS servers and comes back")                      \
	X(PPP_NEGOTIATION, "ppp negotiation", PPP_DECODE, "every LCP, CCP and IPCP packet with its options") \
	X(PPP_AUTHENTICATION, "ppp authentication", AUTH_DECODE, "CHAP and PAP packets, phases")            \
	X(VPDN_EVENTS, "vpdn events", PPTP_DEBUG, "connections and calls that come, change and go")        \
	X(VPDN_ERRORS, "vpdn errors", PPTP_DEBUG, "what was refused or went wrong, and why")               \
	X(VPDN_L2X_PACKET, "vpdn l2x-packet", PPTP_DECODE, "every PPTP message in hex and with its fields") \
	X(PPP_MPPE_EVENTS, "ppp mppe events", PPP_DEBUG, "keys installed, modes, resets, wrong keys")      \
	X(PPP_CHAP, "ppp chap", AUTH_DECODE, "CHAP packets")
// clang-format on

enum debug_category {
#define X(name, words, event, help) DEBUG_##name,
	DEBUG_LIST(X)
#undef X
		DEBUG_CATEGORY_COUNT
};

enum { DEBUG_BUFFER_BYTES = 65536, DEBUG_LINE_BYTES = 1024 };

struct debug_filter {
	uint32_t categories; // 1 << enum debug_category, or-ed
	uint32_t client_be;  // 0: any
	uint16_t user_len;   // 0: any
	char user[LIMIT_USER_NAME_BYTES + 1];
};

// One who follows; it lies inside its owner.
struct debug_follower {
	struct debug_filter filter;
	void (*wake)(struct debug_follower *f); // there is something to take
	uint64_t n_lost; // lines that found no room, since this was last told
	uint32_t len;
	char *buffer; // buffer[DEBUG_BUFFER_BYTES], whole lines
	TAILQ_ENTRY(debug_follower) in_all;
};

struct debug {
	uint32_t wanted; // categories that anybody follows
	uint32_t n_followers;
	TAILQ_HEAD(, debug_follower) followers;
};

// What a line is about: its client's address, and the call, or else the calls of the connection,
// whose user a filter may ask for.
struct debug_subject {
	uint32_t client_be;
	const struct conn *conn; // may be NULL
	const struct call *call; // may be NULL
	struct span user;	 // where neither is known; may be empty
};

void debug_init(struct debug *d, const struct log *log);

static inline bool debug_is_on(const struct debug *d, enum debug_category category)
{
	return d->wanted & 1u << category;
}

// The words of a category, "ppp negotiation".
const char *debug_category_words(enum debug_category category);
const char *debug_category_help(enum debug_category category);

// Read what stands behind "debug": categories, then "user NAME" or "address A".
//
//   returns  0, or -EINVAL with why[cap]: a sentence with its end
int debug_parse(
	const struct span *words, size_t n_words, struct debug_filter *out, char *why, size_t cap);

// Begin to follow; f->filter and f->wake are set by the caller. Returns 0, -EBUSY when
// LIMIT_DEBUG_FOLLOWERS do, or -ENOMEM.
int debug_follow(struct control *c, struct debug_follower *f);
void debug_unfollow(struct control *c, struct debug_follower *f);

// Take whole lines out of the buffer, at most cap bytes. Returns how many bytes.
size_t debug_take(struct debug_follower *f, char *out, size_t cap);

// Pass lines on: `text` is any number of lines with their ends; before each come the time since the
// start and `prefix`.
void debug_say(struct control *c, enum debug_category category, const struct debug_subject *about,
	const char *prefix, const char *text);
