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
// events`, also those below the log level.
#pragma once

#include "base/end_reason.h"
#include "config/limits.h"
#include "observe/log.h"

// X(ENUM, "stable-name", LEVEL, lines a second, burst, "what it says"); rate 0: no limit.
// `up` and `down` are the record of a call, so their rate is what a set-up storm of real clients
// needs; what anyone can cause from outside without a password is held much lower.
// clang-format off
#define EVENT_LIST(X)                                                                              \
	X(READY, "ready", NOTICE, 0, 0, "the server accepts clients")                              \
	X(STOPPING, "stopping", NOTICE, 0, 0, "the server ends its calls and stops")               \
	X(STOPPED, "stopped", NOTICE, 0, 0, "the server has stopped")                              \
	X(CONFIG_LOADED, "config-loaded", INFO, 0, 0, "a configuration was read")                  \
	X(CONFIG_WARNING, "config-warning", WARNING, 0, 0, "a configuration is doubtful")          \
	X(CONFIG_ERROR, "config-error", ERROR, 0, 0, "a configuration is wrong")                   \
	X(SELFTEST_FAILED, "selftest-failed", ERROR, 0, 0, "a crypto driver gave a wrong answer")  \
	X(START_FAILED, "start-failed", ERROR, 0, 0, "something needed could not be set up")       \
	X(PORT_UP, "port-up", NOTICE, 10, 20, "the link of a port came up")                        \
	X(PORT_DOWN, "port-down", WARNING, 10, 20, "the link of a port went down")                 \
	X(LANE_STALLED, "lane-stalled", ERROR, 1, 5, "a worker does not answer")                   \
	X(CLIENT_CONNECTED, "client-connected", INFO, 100, 500, "a client opened TCP/1723")        \
	X(CLIENT_REFUSED, "client-refused", WARNING, 10, 50, "a limit kept a connection out")      \
	X(CONNECTION_CLOSED, "connection-closed", INFO, 100, 500, "a control connection ended")    \
	X(CALL_STARTED, "call-started", DEBUG, 1000, 5000, "a client asked for a call")            \
	X(CALL_REFUSED, "call-refused", WARNING, 10, 50, "a call request was refused")             \
	X(AUTHENTICATED, "authenticated", INFO, 1000, 5000, "a user proved who he is")             \
	X(AUTH_FAILED, "auth-failed", WARNING, 100, 500, "wrong name or password")                 \
	X(UP, "up", NOTICE, 1000, 5000, "a call is up and passes traffic")                         \
	X(DOWN, "down", NOTICE, 1000, 5000, "a call ended, with the reason and its counters")      \
	X(DECRYPT_FAILURE, "decrypt-failure", WARNING, 10, 50, "packets decrypt to garbage")       \
	X(POOL_EMPTY, "pool-empty", ERROR, 1, 5, "no address is left in a pool")                   \
	X(NO_RESOURCE, "no-resource", ERROR, 1, 5, "a table, ring or pool ran full")               \
	X(NEGOTIATION, "negotiation", DEBUG, 100, 1000, "a step of PPTP or PPP")                   \
	X(PROTOCOL_ERROR, "protocol-error", INFO, 10, 50, "a client broke the protocol")           \
	X(ADMIN, "admin", NOTICE, 100, 100, "an operator gave an order")                           \
	X(NETWORK, "network", INFO, 10, 50, "an address, route or neighbour changed")              \
	X(NOTE, "note", INFO, 10, 50, "anything else")                                             \
	X(INTERNAL, "internal", ERROR, 10, 50, "what should not happen did")
// clang-format on

enum event_kind {
#define X(name, text, level, rate, burst, help) EVENT_##name,
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
};

// Never NULL; a number that is no kind gives the entry of EVENT_INTERNAL.
const struct event_info *event_kind_info(enum event_kind kind);

struct event {
	enum event_kind kind;
	enum log_level level; // that of the kind; may be changed before it is sent
	struct log_line line;
};

// Starts the line with event=<name of the kind>.
void event_begin(struct event *e, enum event_kind kind);

static inline void event_text(struct event *e, const char *key, struct span value)
{
	log_line_text(&e->line, key, value);
}

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

static inline void event_bytes(struct event *e, const char *key, struct span value)
{
	log_line_bytes(&e->line, key, value);
}

static inline void event_ipv4(struct event *e, const char *key, uint32_t address_be)
{
	log_line_ipv4(&e->line, key, address_be);
}

static inline void event_endpoint(
	struct event *e, const char *key, uint32_t address_be, uint16_t port_be)
{
	log_line_endpoint(&e->line, key, address_be, port_be);
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
	struct event_history history;
};

struct event_log *event_log_new(void);
void event_log_free(struct event_log *events);

// The oldest event still remembered, or next_seq when there is none.
uint64_t event_history_first(const struct event_history *h);

// The event of that number, or NULL when it is forgotten or has not happened.
const struct event_record *event_history_get(const struct event_history *h, uint64_t seq);
