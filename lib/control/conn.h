// SPDX-License-Identifier: BSD-3-Clause
// One control connection: the socket, its PPTP machine, its calls.
//
//   life  conn_new, conn_start, at once or when it is its turn; whatever goes wrong dooms it, and conn_reap frees the doomed at the
//         end of the turn, so that no one up the stack holds a pointer to a connection that has
//         gone
#pragma once

#include "control/admission.h"
#include "control/conn_calls.h"
#include "control/loop.h"
#include "control/timeline.h"
#include "proto/pptp_conn.h"

struct control;

struct conn {
	struct control *control;
	struct loop_source source;
	struct timer timer;
	struct admission_ticket ticket;
	struct pptp_conn pptp;
	uint64_t number; // of all connections since the start: in debug lines
	struct timeline timeline;
	uint32_t client_be;
	uint16_t client_port_be;
	uint16_t listen; // index of the address that it called
	bool is_doomed;
	bool is_broken;	    // nothing can be written any more
	bool is_closing;    // nothing is read any more; what is left is written, then TCP is closed
	bool told_incoming; // that it offered incoming calls
	bool had_refusal;   // of a call, which the history has
	enum end_reason stop;	// not END_NONE: we stop it as soon as its calls have ended
	enum end_reason reason; // why it is closing or doomed
	uint64_t accepted_ns;
	uint64_t begun_ns;    // it may have had to wait
	uint64_t close_by_ns; // closing: patience of the last bytes
	struct conn_calls calls;
	uint32_t n_calls_begun;
	uint32_t n_calls_most; // at a time
	uint8_t *out;	       // what the socket did not take, out[n_out]; NULL until it is needed
	uint32_t n_out, out_room;
	TAILQ_ENTRY(conn) in_all;
	TAILQ_ENTRY(conn) in_doomed;
};

// For an accepted socket, which it owns from now on. NULL when out of memory.
struct conn *conn_new(
	struct control *c, int fd, uint32_t client_be, uint16_t client_port_be, uint16_t listen);
// Free one that was never started, without a word. Its socket is the caller's again: returned.
int conn_give_up(struct conn *conn);
void conn_start(struct conn *conn);

// Its place went to a newer one.
void conn_evict(struct conn *conn);

// Write whole PPTP messages.
void conn_write(struct conn *conn, struct span messages);

// A call of this connection has ended: CDN was written. Takes it off the list.
void conn_call_ended(struct conn *conn, struct call *call);

// Its client has come as far as this on its way to a name.
void conn_progress(struct conn *conn, enum admission_step step);

// Its client has proved who it is.
void conn_trust(struct conn *conn);

// A call of it is up.
void conn_is_up(struct conn *conn);

// End the calls, then stop the connection, with all the messages that belong to it.
void conn_stop(struct conn *conn, enum end_reason reason);

// Close at the end of this turn.
void conn_doom(struct conn *conn, enum end_reason reason);

// Free the doomed, as many as a turn has time for.
void conn_reap(struct control *c);
