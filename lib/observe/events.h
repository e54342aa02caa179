// SPDX-License-Identifier: BSD-3-Clause
// Events: what an operator would act on, one line of `key=value` each.
//
//   struct event e;
//   event_begin(&e, EVENT_UP);
//   event_u64(&e, "session", id);
//   event_text(&e, "user", name);
//   event_ipv4(&e, "client", client_be);
//   event_send(log, &e);
//
// Every kind has a rate of its own; what is over it is held back and counted on the next line of
// that kind as suppressed=N. The last LIMIT_EVENT_HISTORY events are kept for `aditctl show
// events`, also those below the log level, but not those ON_DEMAND, which are many.
#pragma once

#include "base/end_reason.h"
#include "config/limits.h"
#include "observe/log.h"

// X(ENUM, "stable-name", LEVEL, lines a second, burst, CLASS, number, severity, "what it says"); rate 0:
// no limit. Class, number and severity (1..13) are how the VPN 3000 names events; where it has an event
// for the same thing, its number is taken. A kind that is ON_DEMAND is made only for a sink whose
// severities ask for its class.
//
// `up` and `down` are the record of a call that authenticated, so their rate is what a set-up storm of
// real clients needs. What anyone can cause from outside without a password is held much lower: the
// end of a call that never authenticated is `call-failed`, so that strangers cannot push out `down`.
// clang-format off
#define EVENT_LIST(X)                                                                                             \
	X(READY, "ready", NOTICE, 0, 0, GENERAL, 1, 4, "the server accepts clients")                              \
	X(STOPPING, "stopping", NOTICE, 0, 0, GENERAL, 2, 4, "the server ends its calls and stops")               \
	X(STOPPED, "stopped", NOTICE, 0, 0, GENERAL, 3, 4, "the server has stopped")                              \
	X(CONFIG_LOADED, "config-loaded", INFO, 0, 0, CONFIG, 1, 5, "a configuration was read")                   \
	X(CONFIG_WARNING, "config-warning", WARNING, 0, 0, CONFIG, 2, 3, "a configuration is doubtful")           \
	X(CONFIG_ERROR, "config-error", ERROR, 0, 0, CONFIG, 3, 2, "a configuration is wrong")                    \
	X(RELOADED, "reloaded", NOTICE, 0, 0, CONFIG, 4, 4, "the configuration was read again")                    \
	X(RELOAD_REFUSED, "reload-refused", ERROR, 0, 0, CONFIG, 5, 2, "a configuration was not taken: the old one holds") \
	X(RELOAD_DONE, "reload-done", NOTICE, 0, 0, CONFIG, 6, 4, "all calls have what the new configuration says")  \
	X(SELFTEST_FAILED, "selftest-failed", ERROR, 0, 0, HARDWARE, 1, 1, "a crypto driver gave a wrong answer") \
	X(CRYPTO_READY, "crypto-ready", INFO, 0, 0, HARDWARE, 6, 5, "what encrypts, and what it costs here")      \
	X(START_FAILED, "start-failed", ERROR, 0, 0, GENERAL, 4, 1, "something needed could not be set up")       \
	X(PORT_UP, "port-up", NOTICE, 10, 20, IP, 1, 4, "the link of a port came up")                             \
	X(PORT_DOWN, "port-down", WARNING, 10, 20, IP, 2, 3, "the link of a port went down")                      \
	X(PORT_READY, "port-ready", INFO, 0, 0, IP, 4, 5, "how a port's packets get to the workers")               \
	X(NUMA_MISMATCH, "numa-mismatch", WARNING, 0, 0, HARDWARE, 7, 3, "a port and its workers lie apart")      \
	X(UNENCRYPTED, "unencrypted", ERROR, 0, 0, HARDWARE, 8, 1, "nothing is encrypted: --perf-unsafe-null")    \
	X(LANE_STALLED, "lane-stalled", ERROR, 1, 5, HARDWARE, 2, 1, "a worker or an engine does not answer")     \
	X(ENGINE_BYPASSED, "engine-bypassed", ERROR, 1, 32, HARDWARE, 4, 2, "a worker does without its engine")   \
	X(ENGINE_BACK, "engine-back", NOTICE, 1, 32, HARDWARE, 5, 4, "an engine answers a worker again")          \
	X(CLIENT_CONNECTED, "client-connected", INFO, 100, 500, PPTP, 47, 5, "a client opened TCP/1723")          \
	X(CLIENT_REFUSED, "client-refused", WARNING, 10, 50, PPTP, 40, 3, "a limit kept a connection out")        \
	X(CONNECTION_CLOSED, "connection-closed", INFO, 100, 500, PPTP, 34, 5, "a control connection ended")      \
	X(STORM_BEGAN, "storm-began", WARNING, 1, 5, PPTP, 60, 3, "more clients dial at once than may: they wait") \
	X(STORM_ENDED, "storm-ended", NOTICE, 1, 5, PPTP, 61, 4, "nobody who dials has to wait any more")         \
	X(CALL_STARTED, "call-started", DEBUG, 1000, 5000, PPTP, 42, 7, "a client asked for a call")              \
	X(CALL_REFUSED, "call-refused", WARNING, 10, 50, PPTP, 43, 3, "a call request was refused")               \
	X(AUTHENTICATED, "authenticated", INFO, 1000, 5000, PPP, 8, 5, "a user proved who he is")                 \
	X(AUTH_FAILED, "auth-failed", WARNING, 100, 500, AUTH, 5, 3, "wrong name or password")                    \
	X(LOCKED_OUT, "locked-out", WARNING, 10, 50, AUTH, 20, 3, "too many wrong passwords: a lock begins")      \
	X(LOCKOUT_ENDED, "lockout-ended", NOTICE, 10, 50, AUTH, 21, 4, "a lock is over, or was cleared")          \
	X(PASSWORD_CHANGED, "password-changed", NOTICE, 10, 50, AUTH, 22, 4, "a user changed his password")       \
	X(UP, "up", NOTICE, 1000, 5000, PPP, 20, 4, "a call is up and passes traffic")                            \
	X(DOWN, "down", NOTICE, 1000, 5000, PPP, 21, 4, "a call ended, with the reason and its counters")         \
	X(CALL_FAILED, "call-failed", NOTICE, 100, 500, PPP, 22, 4, "a call ended that had never authenticated")  \
	X(NO_GRE, "no-gre", WARNING, 10, 50, PPTP, 50, 3, "TCP/1723 works for a client, but no GRE comes")        \
	X(DECRYPT_FAILURE, "decrypt-failure", WARNING, 10, 50, PPP, 4, 6, "packets decrypt to garbage")           \
	X(POOL_EMPTY, "pool-empty", ERROR, 1, 5, IP, 10, 2, "no address is left in a pool")                       \
	X(ADDRESS_IN_USE, "address-in-use", WARNING, 10, 50, IP, 13, 3, "a host of the inside has an address of a pool") \
	X(ROUTE_REFUSED, "route-refused", WARNING, 10, 50, IP, 12, 3, "a network behind a client is not routed")   \
	X(NO_RESOURCE, "no-resource", ERROR, 1, 5, HARDWARE, 3, 2, "a table, ring or pool ran full")              \
	X(SPOOL_BEGAN, "spool-began", WARNING, 1, 10, AUTH, 40, 3, "no server takes accounting records: they go to disk") \
	X(SPOOL_DRAINED, "spool-drained", NOTICE, 1, 10, AUTH, 41, 4, "all accounting records on disk have been sent")   \
	X(SPOOL_FULL, "spool-full", ERROR, 1, 10, AUTH, 42, 2, "accounting records were dropped")                        \
	X(SPOOL_FAILED, "spool-failed", ERROR, 1, 10, AUTH, 43, 1, "accounting records cannot be written to disk")       \
	X(ACCOUNTING_RECOVERED, "accounting-recovered", WARNING, 0, 0, AUTH, 44, 3, "calls that adit did not live to end") \
	X(RADIUS_DEAD, "radius-dead", WARNING, 10, 50, AUTH, 30, 3, "a RADIUS server does not answer: others are asked") \
	X(RADIUS_ALIVE, "radius-alive", NOTICE, 10, 50, AUTH, 31, 4, "a RADIUS server answers again")              \
	X(RADIUS_BAD_ANSWER, "radius-bad-answer", WARNING, 1, 10, AUTH, 32, 3, "an answer of a RADIUS server was not taken") \
	X(COA, "coa", NOTICE, 100, 500, AUTH, 50, 4, "an AAA server changed or ended calls, or was refused")      \
	X(COA_DROPPED, "coa-dropped", WARNING, 1, 10, AUTH, 51, 3, "an order of an AAA server: forged, or too old") \
	X(COA_STRANGER, "coa-stranger", WARNING, 1, 5, AUTH, 52, 3, "who may not do so sends orders about calls") \
	X(AUTH_DEBUG, "auth-debug", ON_DEMAND, 1000, 1000, AUTHDBG, 1, 8, "a step of authentication")             \
	X(AUTH_DECODE, "auth-decode", ON_DEMAND, 1000, 1000, AUTHDECODE, 1, 10, "a packet of authentication")     \
	X(PPP_DEBUG, "ppp-debug", ON_DEMAND, 1000, 1000, PPPDBG, 2, 8, "a step of PPP or MPPE")                   \
	X(PPP_DECODE, "ppp-decode", ON_DEMAND, 1000, 1000, PPPDECODE, 1, 10, "a PPP packet")                      \
	X(PPTP_DEBUG, "pptp-debug", ON_DEMAND, 1000, 1000, PPTPDBG, 1, 7, "a step of PPTP")                       \
	X(PPTP_DECODE, "pptp-decode", ON_DEMAND, 1000, 1000, PPTPDECODE, 1, 10, "a PPTP message")                 \
	X(LOG_FILE, "log-file", WARNING, 1, 5, EVENT, 1, 3, "the log file was opened again, or cannot be")        \
	X(PROTOCOL_ERROR, "protocol-error", INFO, 10, 50, PPTP, 44, 5, "a client broke the protocol")             \
	X(ADMIN, "admin", NOTICE, 100, 100, GENERAL, 10, 4, "an operator gave an order")                          \
	X(NETWORK, "network", INFO, 10, 50, IP, 11, 5, "an address, route or neighbour changed")                  \
	X(NOTE, "note", INFO, 10, 50, GENERAL, 11, 5, "anything else")                                            \
	X(INTERNAL, "internal", ERROR, 10, 50, GENERAL, 12, 1, "what should not happen did")
// clang-format on

enum event_kind {
#define X(name, ...) EVENT_##name,
	EVENT_LIST(X)
#undef X
		EVENT_KIND_COUNT
};

struct event_info {
	const char *name;
	const char *help;
	enum log_level level;
	uint32_t rate; // lines a second, 0: no limit
	uint32_t burst;
	enum log_class class;
	uint16_t number;  // of the class
	uint8_t severity; // 1..LOG_SEVERITY_MAX
};

// Never NULL; a number that is no kind gives the entry of EVENT_INTERNAL.
const struct event_info *event_kind_info(enum event_kind kind);

// A key with its value in a line.
struct event_field {
	uint16_t at; // of the key
	uint16_t value_at;
	uint16_t end; // 0: not there
};

struct event {
	enum event_kind kind;
	enum log_level level; // that of the kind; may be changed before it is sent
	struct log_line line;
	// what the VPN 3000 form sets apart
	uint32_t client_be;				   // value of "client", 0: none
	struct event_field kind_field, client, user, text; // where they stand in the line
};

// Is any sink of the log to get events of this kind? Who makes one that is ON_DEMAND asks before.
bool event_is_wanted(const struct log *log, enum event_kind kind);

// Starts the line with event=<name of the kind>.
void event_begin(struct event *e, enum event_kind kind);

void event_text(struct event *e, const char *key, struct span value);
// text=, the last field, of as many bytes as the line has room for; escaped already where it is a
// client's.
void event_decoded(struct event *e, struct span value);
void event_ipv4(struct event *e, const char *key, uint32_t address_be);
void event_endpoint(struct event *e, const char *key, uint32_t address_be, uint16_t port_be);

static inline void event_word(struct event *e, const char *key, const char *value)
{
	log_line_word(&e->line, key, value);
}

static inline void event_u64(struct event *e, const char *key, uint64_t value)
{
	log_line_u64(&e->line, key, value);
}

static inline void event_i64(struct event *e, const char *key, int64_t value)
{
	log_line_i64(&e->line, key, value);
}

static inline void event_hex(struct event *e, const char *key, uint64_t value)
{
	log_line_hex(&e->line, key, value);
}

static inline void event_duration(struct event *e, const char *key, uint64_t ns)
{
	log_line_duration(&e->line, key, ns);
}

// reason=, by=, windows-error= (when the user sees one) and text= with the sentence.
void event_end_reason(struct event *e, enum end_reason reason);

// in-pkts= in-bytes= out-pkts= out-bytes=, seen from the server: in is from the client.
void event_traffic(struct event *e, uint64_t in_pkts, uint64_t in_bytes, uint64_t out_pkts,
	uint64_t out_bytes);

// Count it against the rate of its kind, keep it in the history, write it to the log. The first
// form asks the clocks.
//
//   mono_ns  a clock that never steps, for the rate
//   wall_ns  nanoseconds since 1970, for the record
//   returns  true if it was passed on, false if it was held back
bool event_send(struct log *log, struct event *e);
bool event_send_at(struct log *log, struct event *e, uint64_t mono_ns, uint64_t wall_ns);

// One remembered event.
struct event_record {
	uint64_t seq; // 1 for the first event of the process
	uint64_t wall_ns;
	enum event_kind kind;
	enum log_level level;
	uint16_t len;
	char text[LOG_LINE_BYTES];
};

struct event_history {
	uint64_t next_seq; // of the event that comes next
	struct event_record records[LIMIT_EVENT_HISTORY];
};

// Tokens are in units of 1/rate s, so that no fraction is lost.
struct event_bucket {
	bool is_started;
	uint64_t filled_at_ns;
	uint64_t tokens_ns;
	uint64_t suppressed; // since the last line
};

// The memory of events: set as log->events. About 1 MiB.
struct event_log {
	uint64_t sent;
	uint64_t suppressed;
	struct event_bucket buckets[EVENT_KIND_COUNT];
	uint32_t repeats
		[EVENT_KIND_COUNT]; // how often each has happened, those held back among them
	struct event_history history;
};

struct event_log *event_log_new(void);
void event_log_free(struct event_log *events);

// The oldest event still remembered, or next_seq when there is none.
uint64_t event_history_first(const struct event_history *h);

// The event of that number, or NULL when it is forgotten or has not happened.
const struct event_record *event_history_get(const struct event_history *h, uint64_t seq);
