// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of calls that have ended or failed: who, from where, how far it came, when, and
// why it ended, in bounded memory.
//
//   rings  one of those that had authenticated, one of all others. Whoever fills the second from
//          outside, without a password, pushes no user's record out of the first.
//   ids    one count for calls and for connections that never had one; a call has its number from
//          its start, which is the N of "ViN" in debug lines
#pragma once

#include "aaa/aaa.h"
#include "base/end_reason.h"
#include "config/limits.h"
#include "control/timeline.h"
#include "msg/msg.h"

#include <stdbool.h>

enum { HISTORY_MPPE_BYTES = 48, HISTORY_DETAIL_BYTES = 96 };

struct history_record {
	uint64_t id;
	uint64_t session;   // SESSION_ID_NONE: it never was a call
	uint64_t ended_seq; // order of the ends, 1 for the first
	uint64_t started_wall_ns;
	uint64_t duration_ns; // since it came up, or since it began when it never did
	uint32_t client_be;
	uint16_t client_port_be;
	uint32_t called_be; // 0: not known
	uint32_t inner_be;
	uint32_t
		n_same; // further ones like it, of the same source, which have no record of their own
	uint64_t last_wall_ns; // when the last of them began; history_add() sees to it
	enum end_reason reason;
	enum auth_method method; // AUTH_METHOD_NONE: it did not come to that
	bool was_up;
	bool is_authenticated;
	uint16_t ms_error; // E= that the client was told, 0: none
	const char *phase; // that it reached; static text
	char mppe[HISTORY_MPPE_BYTES];
	char detail[HISTORY_DETAIL_BYTES]; // what more there is to say, "": nothing
	struct lane_totals totals;
	struct timeline timeline;
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1];
};

struct history_ring {
	struct history_record *records; // records[n_max]
	uint32_t n_max;
	uint64_t n_added;
};

enum history_class { HISTORY_USERS, HISTORY_STRANGERS, HISTORY_CLASS_COUNT };

struct history {
	struct history_ring rings[HISTORY_CLASS_COUNT];
	uint64_t last_id;
	uint64_t last_seq;
};

// Room for n_max records of each class; 0: nothing is remembered. Returns 0 or -ENOMEM.
int history_init(struct history *h, uint32_t n_max);
void history_fini(struct history *h);

// A number that nothing had before; the first is 1.
uint64_t history_next_id(struct history *h);

// Remember a copy; its is_authenticated says in which ring. A stranger's that has no user and differs
// from a recent one of the same source in nothing but the time is counted there.
void history_add(struct history *h, const struct history_record *record);

// Walk all of them, the latest end first: begin with *before = UINT64_MAX. Returns NULL at the end.
// What is added meanwhile is not seen, and what is pushed out meanwhile is passed over.
const struct history_record *history_before(const struct history *h, uint64_t *before);

// The record of that id, or of that session; NULL when there is none, or none any more.
const struct history_record *history_find(const struct history *h, uint64_t id);
