// SPDX-License-Identifier: BSD-3-Clause
// What the exchange is made of, for its own files: exchange.c decides who is asked and how often, exchange_setup.c takes
// over configurations, radius_path.c has the sockets and the identifiers, radius_tls.c what is different with TLS,
// exchange_report.c the words for people.
//
//   server  as configured; a peer  its authentication or its accounting; a path  a source port of ours to it, with 256
//   identifiers (with TLS: a connection); a call  one request under way
#pragma once

#include "drivers/aaa/radius/exchange.h"

#include <sys/queue.h>

enum {
	EXCHANGE_IDS = 256,
	EXCHANGE_PENDING_MAX = 16384, // of each kind, those that wait for an identifier among them
};

enum exchange_peer_state {
	EXCHANGE_PEER_ALIVE,
	EXCHANGE_PEER_DEAD,
	EXCHANGE_PEER_TRIAL, // was dead long enough: one request may find out
};

// X(name, "words")
#define EXCHANGE_COUNTER_LIST(X)                                      \
	X(requests, "requests")                                       \
	X(answers, "answers")                                         \
	X(retransmits, "retransmits")                                 \
	X(timeouts, "timeouts")                                       \
	X(failed_over, "failed-over")                                 \
	X(late, "late")                                               \
	X(malformed, "malformed")                                     \
	X(wrong_code, "wrong-code")                                   \
	X(wrong_authenticator, "wrong-authenticator")                 \
	X(no_message_authenticator, "no-message-authenticator")       \
	X(wrong_message_authenticator, "wrong-message-authenticator") \
	X(unreachable, "unreachable")                                 \
	X(not_sent, "not-sent")                                       \
	X(probes, "probes")                                           \
	X(deaths, "deaths")

struct exchange_counters {
#define X(name, words) uint64_t name;
	EXCHANGE_COUNTER_LIST(X)
#undef X
};

struct exchange_peer;
struct radius_tls;

struct radius_path {
	struct radius_source source; // fd -1: not open
	struct exchange_peer *peer;
	struct radius_tls *tls; // NULL: UDP
	struct exchange_call *by_id[EXCHANGE_IDS];
	uint16_t n_used;
	uint8_t next_id; // round and round, so that an identifier rests as long as can be
};

struct exchange_call {
	struct radius_timer timer;
	struct exchange *x;
	LIST_ENTRY(exchange_call) in_all;
	TAILQ_ENTRY(exchange_call) in_peer; // in calls, waiting or leaving
	struct exchange_peer *peer;
	struct radius_path *path; // NULL: waits for an identifier
	void (*done)(void *context, const struct exchange_answer *answer);
	void *context;
	const char *trouble; // of the peers that were asked before; NULL: none is known
	uint64_t began_ns;   // at this peer
	uint64_t wait_ns;
	uint32_t sent;	// times, to this peer
	uint32_t round; // of the peer, when it came; another one now: it is leaving
	uint16_t group;
	uint8_t kind; // enum exchange_kind
	uint8_t id;
	uint8_t tried; // members of the group, 1 << place
	bool is_trial;
	bool is_probe;
	uint16_t len;
	uint8_t bytes[]; // bytes[2 * len]: as it came, and sealed
};

TAILQ_HEAD(exchange_calls, exchange_call);

struct exchange_peer {
	struct exchange *x;
	struct exchange_server *server;
	uint8_t kind;
	enum exchange_peer_state state;
	bool has_trial; // somebody finds out
	uint64_t
		unheard_since_ns; // of the first request since the last good answer; 0: all is answered
	uint64_t asked_ns;
	uint64_t changed_ns;	   // its state
	uint64_t answer_ns;	   // how long answers take, smoothed
	struct radius_timer timer; // dead: when it is to be asked again
	uint32_t n_calls;	   // under way, those that wait for an identifier among them
	struct exchange_calls calls;
	struct exchange_calls waiting; // for an identifier, or for a socket
	struct exchange_calls leaving; // for the next server: this one is dead, or gone
	uint32_t round;		       // counts how often all had to leave
	struct radius_timer leave;     // goes on with those that are leaving
	const char *trouble; // why nothing is heard, as far as can be told; a constant or NULL
	struct radius_path *paths; // paths[server->config.sockets]; NULL: never used
	uint16_t next_path;
	struct exchange_counters counters;
};

struct exchange_server {
	struct config_radius_server config; // a copy
	struct secret secret;		    // what packets are sealed with
	struct exchange_peer peers[EXCHANGE_KINDS];
	struct radius_tls_context *tls; // NULL: UDP
	bool is_gone;			// from the configuration; it is freed with its last call
	LIST_ENTRY(exchange_server) in_gone;
};

struct exchange_group {
	char name[CONFIG_RADIUS_NAME_BYTES];
	enum config_radius_mode mode;
	uint16_t n;
	struct exchange_server *members[LIMIT_RADIUS_GROUP_SERVERS];
	bool was_alive[EXCHANGE_KINDS]; // as the watchers were told
};

struct exchange {
	struct radius_core *core;
	struct exchange_server **servers; // servers[n_servers]
	uint16_t n_servers;
	struct exchange_group *groups; // groups[n_groups], as config.radius_groups
	uint16_t n_groups;
	uint32_t n_pending[EXCHANGE_KINDS];
	LIST_HEAD(, exchange_call) all;
	LIST_HEAD(, exchange_server) gone;
	struct exchange_watcher *watchers;
};

// ---- exchange.c ---------------------------------------------------------------------------------

// A datagram, or a packet out of a stream, has come.
void exchange_take(struct radius_path *path, struct span packet);

// Does a server of it take this kind, and may it be asked?
bool exchange_group_is_alive(const struct exchange_group *g, enum exchange_kind kind);

// Give up the call's place at its peer. Who waits for an identifier there comes next.
void exchange_leave(struct exchange_call *call);

// The call has had its tries here, or its server is dead or gone: to the next one, or to its end.
void exchange_ask_next(struct exchange_call *call);

// All that are under way there go to the next of their group, some in each turn: they may be thousands.
void exchange_evacuate(struct exchange_peer *p);

// Of the timer of a peer that is dead, and of the one for who is leaving.
void exchange_dead_due(struct radius_timer *t, uint64_t now_ns);
void exchange_leave_due(struct radius_timer *t, uint64_t now_ns);

// Overwrite it and free it.
void exchange_free_call(struct exchange_call *call);

// ---- exchange_setup.c ---------------------------------------------------------------------------

// Free a server that is gone, if nothing is under way there any more.
void exchange_bury(struct exchange_server *s);

// ---- radius_path.c ------------------------------------------------------------------------------

// Give the call an identifier and send it for the first time. Returns 0, -EAGAIN when all identifiers are in use, or
// another -errno: there is no socket.
int radius_path_begin(struct exchange_call *call);

// Send the bytes of before once more.
void radius_path_repeat(struct exchange_call *call);

// The identifier is free again.
void radius_path_end(struct exchange_call *call);

// Close it; the calls on it must have ended.
void radius_path_close(struct radius_path *path);

// ---- radius_tls.c -------------------------------------------------------------------------------

// Open a connection and begin the handshake; nothing waits. Returns 0 or -errno.
int radius_tls_open(struct radius_path *path);
void radius_tls_close(struct radius_path *path);

// Send a packet now, or nothing if the handshake is not done: when it is, all calls of the path are sent.
void radius_tls_send(struct radius_path *path, struct span packet);

bool radius_tls_is_open(const struct radius_path *path);

// Certificates and key are read once: later adit may not be allowed to any more. Returns 0, or -errno, told to the log.
int radius_tls_context_new(const struct config_radius_server *config, struct log *log,
	struct radius_tls_context **out);
void radius_tls_context_free(struct radius_tls_context *context);

// ---- exchange_report.c --------------------------------------------------------------------------

void exchange_report_death(const struct exchange_peer *peer);
void exchange_report_revival(const struct exchange_peer *peer, uint64_t dead_ns);
// Where the log is to have packets (class AUTHDECODE), or somebody follows them: a packet of the call, its attributes by
// name.
void exchange_report_packet(
	const struct exchange_call *call, bool is_sent, const struct radius_view *v);
// An answer that was not taken.
void exchange_report_wrong(struct exchange_peer *peer, const char *what);
