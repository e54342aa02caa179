// SPDX-License-Identifier: BSD-3-Clause
// Who has tried too many wrong passwords, and may not try for a while.
//
//   counts   failures of a user from one source (PAIR), of a user from anywhere (USER), of a source as
//            whoever (SOURCE). A full count locks, the next for twice as long; of a PAIR each further
//            failure does. What is refused because of a lock counts for nothing, so a lock always ends
//   strangers  a lock is a weapon against the user whose name it bears. One source locks a user out for
//            itself only: the count of a USER is LOCKOUT_USER_FACTOR times as high. And a pair that has
//            logged in before is known: only its own count locks it, neither that of its user nor that
//            of its source (one address of many users behind NAT). For the same reason a USER or a
//            SOURCE that was locked has a whole count again: one failure every few minutes, of one
//            forgotten machine, does not keep the others out
//   success  clears the counts of pair and user, not that of the source: else a source with one good
//            account could try others without end
//   room     bounded, for each kind apart: the entry that was used least lately goes, a locked one
//            never. Where all are locked a new one is not counted; n_full says how often
//
// Pure: time is an argument.
#pragma once

#include "base/span.h"
#include "config/limits.h"

#include <sys/queue.h>

enum { LOCKOUT_USER_FACTOR = 10 };

enum lockout_kind { LOCKOUT_PAIR, LOCKOUT_USER, LOCKOUT_SOURCE, LOCKOUT_KINDS };

struct lockout_limits {
	uint32_t user_failures;	  // of a pair; 0: neither pairs nor users are locked
	uint32_t source_failures; // 0: sources are not locked
	uint64_t first_ns;	  // the first lock lasts
	uint64_t max_ns;	  // no lock lasts longer
	uint64_t forget_ns;	  // without failure, after the last lock: all is forgotten
};

struct lockout_entry {
	enum lockout_kind kind;
	bool is_used;
	bool is_locked;	     // until until_ns, or till it is told: see lockout_next_end()
	bool is_known;	     // PAIR: has logged in
	uint16_t tenant;     // PAIR, USER: whose user
	uint32_t source_be;  // PAIR, SOURCE
	uint32_t n_failures; // since the last lock
	uint32_t n_locks;
	uint64_t failed_ns; // the last time
	uint64_t until_ns;  // of the last lock
	uint32_t next;	    // in its bucket: index plus 1
	TAILQ_ENTRY(lockout_entry) in_list;
	uint16_t user_len; // PAIR, USER
	char user[LIMIT_USER_NAME_BYTES];
};

TAILQ_HEAD(lockout_list, lockout_entry);

struct lockout {
	struct lockout_limits limits;
	uint32_t n_entries;
	uint32_t n_buckets; // power of two
	uint64_t hash_seed;
	uint64_t n_full; // failures that found no room
	uint32_t *buckets;
	struct lockout_entry *entries;			 // entries[n_entries]
	struct lockout_list free_to_take[LOCKOUT_KINDS]; // not locked, the least lately used first
	struct lockout_list locked;
};

// All memory that it will ever need. hash_seed is random. Returns 0 or -ENOMEM.
int lockout_init(struct lockout *l, const struct lockout_limits *limits, uint32_t n_entries,
	uint64_t hash_seed);
void lockout_fini(struct lockout *l);

// May this user try from there? NULL, or the entry whose lock says no.
//
//   tenant  whose user: the same name with another tenant is somebody else. A SOURCE counts for all
//   user    as login_account() has it, at most LIMIT_USER_NAME_BYTES
const struct lockout_entry *lockout_find(
	struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be, uint64_t now_ns);

// He tried, and was wrong.
//
//   begun    out: begun[LOCKOUT_KINDS], entries that are locked by this
//   returns  how many
unsigned int lockout_fail(struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be,
	uint64_t now_ns, const struct lockout_entry **begun);

// He has logged in.
void lockout_succeed(
	struct lockout *l, uint16_t tenant, struct span user, uint32_t source_be, uint64_t now_ns);

// The next lock that is over and was not told yet, NULL: none. To be called once a second until then.
const struct lockout_entry *lockout_next_end(struct lockout *l, uint64_t now_ns);

// Take back the locks and counts of a user, of a source, or (both NULL) all. A pair goes with either.
//
//   cleared  called for each that was locked
//   returns  how many entries had a count or a lock
unsigned int lockout_clear(struct lockout *l, const struct span *user, const uint32_t *source_be,
	uint64_t now_ns, void (*cleared)(void *context, const struct lockout_entry *entry),
	void *context);

// Is there something to show of this entry?
bool lockout_has_count(const struct lockout *l, const struct lockout_entry *e, uint64_t now_ns);

static inline bool lockout_is_locked(const struct lockout_entry *e, uint64_t now_ns)
{
	return e->is_locked && now_ns < e->until_ns;
}

// "user-and-source", "user", "source".
const char *lockout_kind_name(enum lockout_kind kind);
