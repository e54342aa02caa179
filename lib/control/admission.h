// SPDX-License-Identifier: BSD-3-Clause
// Who may open a control connection, and who a call: limits in all and per source address, whose turn
// it is when many come at once, and which connection goes when strangers have taken all the room that
// there is for strangers.
//
//   classes  waiting: was taken and not listened to yet; silent: no Start-Control-Connection-Request
//            yet; talking: no authenticated call yet; known: has authenticated, its call is not up yet;
//            trusted: was up. The first three are strangers, the unauthenticated.
//   set-ups  those between waiting and trusted that still have their grace. There are max_setups at most; who
//            comes while there are so many waits. Those who wait are let in source by source, each
//            source's in the order in which they came: a thousand dials of one source delay that of
//            another by one set-up, not by a thousand.
//   grace    begins when a connection is let in, when it first speaks, and at each later step towards
//            its user's name: who makes progress, however slowly, is not the one to go.
//   room     where a limit of the unauthenticated is reached, the oldest silent one that had its
//            grace goes, else the oldest talking one that had its own: so half-open connections,
//            however slowly they feed us bytes, cannot keep a good client out. One that waits never
//            goes: it had no chance to speak.
#pragma once

#include "base/end_reason.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

enum admission_class {
	ADMISSION_WAITING,
	ADMISSION_SILENT,
	ADMISSION_TALKING,
	ADMISSION_KNOWN,
	ADMISSION_TRUSTED,
};
enum { ADMISSION_QUEUES = ADMISSION_TRUSTED }; // of each class before that, the oldest first

// How far a talking one has come.
enum admission_step {
	ADMISSION_STEP_NONE,
	ADMISSION_STEP_CALL, // it asked for a call
	ADMISSION_STEP_LINK, // PPP is there
	ADMISSION_STEP_NAME, // it said who it is
};

enum admission_verdict {
	ADMISSION_OK,
	ADMISSION_FULL,			 // max_connections
	ADMISSION_SOURCE_FULL,		 // max_connections_per_source
	ADMISSION_STRANGERS_FULL,	 // max_unauthenticated
	ADMISSION_SOURCE_STRANGERS_FULL, // max_unauthenticated_per_source
	ADMISSION_SOURCE_CALLS_FULL,	 // max_calls_per_source
	ADMISSION_RATE,			 // setups_per_second_per_source
	ADMISSION_VERDICT_COUNT,
};

struct admission_limits {
	uint32_t max_connections;
	uint32_t max_per_source;
	uint32_t max_strangers;
	uint32_t max_strangers_per_source;
	uint32_t setups_per_second; // of connections, and as many of calls; per source, 0: no limit
	uint64_t silent_grace_ns;
	uint64_t talking_grace_ns;
	uint32_t max_calls_per_source;
	uint32_t max_setups; // 0: no limit
};

// One connection's place; it lies inside the connection.
struct admission_ticket {
	struct admission_source *source; // NULL: holds no place
	enum admission_class class;
	enum admission_step step;
	bool is_setup;	   // counted among those under way
	uint64_t since_ns; // its grace began; waiting: it came
	uint32_t n_calls;
	TAILQ_ENTRY(admission_ticket) in_class;
	TAILQ_ENTRY(admission_ticket) in_source;
};

TAILQ_HEAD(admission_list, admission_ticket);

struct admission_source;

struct admission {
	struct admission_limits limits;
	uint32_t n_connections;
	uint32_t n_strangers;
	uint32_t n_sources; // room
	uint32_t n_buckets; // power of two
	uint64_t hash_seed;
	uint32_t *buckets;		  // of source index plus 1
	struct admission_source *sources; // sources[n_sources]
	struct admission_list queues[ADMISSION_QUEUES];
	uint32_t n_waiting;
	uint32_t n_setups;
	// The oldest that is counted in n_setups: those before it in its queue had their grace.
	struct admission_ticket *first_setup[ADMISSION_QUEUES];
	TAILQ_HEAD(, admission_source)
	turns; // those who have somebody waiting, whose turn it is first
	TAILQ_HEAD(, admission_source) idle; // without a connection, the longest idle first
	uint64_t n_verdicts[ADMISSION_VERDICT_COUNT]; // of connections and of calls
};

// All memory that it will ever need. hash_seed is random, so that no one can aim at one bucket.
// Returns 0 or -ENOMEM.
int admission_init(struct admission *a, const struct admission_limits *limits, uint64_t hash_seed);
void admission_fini(struct admission *a);

// Is there a place for another unauthenticated connection? Asked before one is taken from the kernel, who
// keeps those for whom there is none.
bool admission_has_room(const struct admission *a, uint64_t now_ns);

// A connection came from source_be: give it a place. It may begin if its class is ADMISSION_SILENT then,
// else it waits for admission_next().
//
//   evicted  out: a ticket that has lost its place for this one, or NULL; the caller closes its
//            connection. Always NULL when the verdict is not ADMISSION_OK.
enum admission_verdict admission_enter(struct admission *a, struct admission_ticket *ticket,
	uint32_t source_be, uint64_t now_ns, struct admission_ticket **evicted);

// Who has waited longest of the source whose turn it is, if there is room for one more set-up: it is
// ADMISSION_SILENT from now on. NULL: nobody waits, or nobody may begin.
struct admission_ticket *admission_next(struct admission *a, uint64_t now_ns);

// When time alone makes more room than there is now, for a set-up or for a stranger; UINT64_MAX: never.
uint64_t admission_deadline(const struct admission *a, uint64_t now_ns);

// The connection has come as far as this; only the first time counts.
void admission_progress(struct admission *a, struct admission_ticket *ticket,
	enum admission_step step, uint64_t now_ns);

// The connection spoke or authenticated. Classes only go up.
void admission_promote(struct admission *a, struct admission_ticket *ticket,
	enum admission_class class, uint64_t now_ns);

// Give the place back; harmless when it holds none.
void admission_leave(struct admission *a, struct admission_ticket *ticket);

// The connection asks for one more call. Its rate has a bucket beside that of connections: whoever
// asks and clears without end on one connection would use up slots, and lines of the log.
enum admission_verdict admission_enter_call(
	struct admission *a, struct admission_ticket *ticket, uint64_t now_ns);

// One of its calls has ended. admission_leave() counts for those that are left.
void admission_leave_call(struct admission_ticket *ticket);

// Connections that this source has now.
uint32_t admission_source_count(const struct admission *a, uint32_t source_be);

// The key of the configuration whose limit said no, for logs.
const char *admission_verdict_name(enum admission_verdict verdict);

// What it means for who was kept out.
enum end_reason admission_verdict_reason(enum admission_verdict verdict);
