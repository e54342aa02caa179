// SPDX-License-Identifier: BSD-3-Clause
// The server's side of one PPTP control connection (RFC 2637 3.1): Start, Echo, Stop, and the order
// in which messages may come. Messages that concern a call are handed on.
//
//   use      feed received bytes by pptp_conn_receive() until it takes none; act on the step each
//            time; arm a timer for pptp_conn_deadline() and call pptp_conn_expire()
//
// What bad input gets (RFC 2637 3: an invalid message is logged and the connection closed; 3.1.2,
// 3.1.4; a refusal is said before the close wherever a message for it exists):
//
//   before SCCRQ    wrong cookie          close (RFC 2637 1.4: out of step, at once)
//                   length, type          SCCRP result 2, error 2 or 3; close
//                   version not 1.x       SCCRP result 5; close
//                   another message       its reply with result 2, error 1 "not connected",
//                                         where it has one; close
//   established     wrong cookie          close
//                   length, type          StopCCRQ reason 2; close
//                   SCCRQ                 SCCRP result 3; goes on
//                   ICRQ                  ICRP result 3: compulsory tunnels are not served; told, and
//                                         goes on
//                   Echo-Reply unasked    taken as a sign of life
//                   Call-Disconnect-Notify is the server's to send; IOS clears its calls with it
//                   SCCRP, StopCCRP, OCRP, ICRP, ICCN: what only a server, or the asked side, sends,
//                   and an ICCN would follow an ICRP that we never send: StopCCRQ reason 2; close
//                   message half-way for handshake_timeout_ns: StopCCRQ reason 1; close
//   after a stop    all but Stop messages is ignored
//
// A close here ends the calls with it; RFC 2637 2.3 lets a StopCCRQ clear them without a CDN each.
#pragma once

#include "base/end_reason.h"
#include "wire/pptp.h"

#define PPTP_CONN_NEVER UINT64_MAX

// Borrowed by each connection for its life.
struct pptp_conn_config {
	char host_name[PPTP_NAME_BYTES];
	char vendor[PPTP_NAME_BYTES];
	uint16_t firmware;
	uint16_t max_channels; // calls that we have room for in all; the client is to ignore it
	// SCCRQ must be complete this long after the accept, else END_PPTP_SILENT; and any later
	// message this long after its first byte, else END_PPTP_STALLED.
	uint64_t handshake_timeout_ns;
	// Established without calls this long: stopped, END_IDLE_CONNECTION. 0: never.
	uint64_t idle_timeout_ns;
	// Nothing received this long: Echo-Request. 0: never.
	uint64_t echo_interval_ns;
	// Nothing received this long after it: END_ECHO_TIMEOUT.
	uint64_t echo_timeout_ns;
	// A stop is not answered, or TCP not closed after one: then we close.
	uint64_t stop_timeout_ns;
};

enum pptp_conn_state {
	PPTP_CONN_IDLE, // waits for SCCRQ
	PPTP_CONN_ESTABLISHED,
	PPTP_CONN_STOPPING,  // our StopCCRQ is out, waits for the reply
	PPTP_CONN_LINGERING, // said all there is to say, waits for the peer to close TCP
	PPTP_CONN_CLOSED,
};

enum pptp_conn_notice {
	PPTP_CONN_NOTHING,
	PPTP_CONN_OPENED,   // SCCRQ accepted
	PPTP_CONN_CALL,	    // step.message concerns a call: OCRQ, Call-Clear-Request,
			    // Call-Disconnect-Notify, Set-Link-Info, WAN-Error-Notify
	PPTP_CONN_INCOMING, // step.message is an Incoming-Call-Request, and was refused
	PPTP_CONN_STOPPED,  // the client sent StopCCRQ: end all calls (their CDNs first), then
			    // pptp_conn_answer_stop(), within stop_timeout_ns
	PPTP_CONN_CLOSE,    // write the bytes, then close TCP; step.reason says why. Comes once
};

struct pptp_conn_step {
	enum pptp_conn_notice notice;
	enum end_reason reason;
	struct pptp_message message;
	uint16_t n_bytes; // to write to TCP, before the notice is acted on
	uint8_t bytes[2 * PPTP_MESSAGE_BYTES_MAX];
};

struct pptp_conn {
	const struct pptp_conn_config *config;
	enum pptp_conn_state state;
	enum end_reason end;
	enum end_reason refusal; // END_NONE, or why SCCRQ will be refused
	uint8_t stop_code;	 // reason of the client's StopCCRQ, 0: none came
	uint64_t since_ns;	 // of the state
	uint64_t heard_ns;	 // last message
	uint64_t echo_sent_ns;	 // 0: none is out
	uint64_t idle_since_ns;	 // 0: there are calls
	uint64_t partial_ns;	 // first byte of the message that is half-way
	bool is_asked_to_stop;	 // STOPPED was told, pptp_conn_answer_stop() is awaited
	uint32_t echo_identifier;
	uint16_t n_partial;
	uint8_t partial[PPTP_MESSAGE_BYTES_MAX];
	struct pptp_start client; // its SCCRQ
	uint32_t n_messages_in[PPTP_TYPE_COUNT];
};

void pptp_conn_init(struct pptp_conn *c, const struct pptp_conn_config *config, uint64_t now_ns);

// The client is not wanted, for a limit or for who it is: its SCCRQ is answered by an SCCRP that says so
// and a close, with this reason. Result 4, not authorized, for a source that is locked out, else 2 with
// the general error that fits. To be called before anything was received.
void pptp_conn_refuse(struct pptp_conn *c, enum end_reason reason);

// Take bytes of the stream, at most up to the end of one message.
//
//   returns  bytes taken; 0 when the connection takes no more (closed). Call again with the rest.
size_t pptp_conn_receive(
	struct pptp_conn *c, struct span bytes, uint64_t now_ns, struct pptp_conn_step *out);

// Time of the next thing to do, PPTP_CONN_NEVER when there is none.
uint64_t pptp_conn_deadline(const struct pptp_conn *c);
void pptp_conn_expire(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out);

// Begin to stop from our side, after the CDN of each call was written: StopCCRQ. `reason` chooses
// the stop reason (1 none, 2 protocol, 3 local shutdown; 0 is not legal). A connection that is not
// established is closed at once; one that is stopping already goes on with it, and one that only
// waits for the peer to close waits no longer.
void pptp_conn_stop(
	struct pptp_conn *c, enum end_reason reason, uint64_t now_ns, struct pptp_conn_step *out);

// Answer the client's StopCCRQ, after the CDN of each call was written; then linger until it
// closes. Nothing happens when no StopCCRQ waits for its answer.
void pptp_conn_answer_stop(struct pptp_conn *c, uint64_t now_ns, struct pptp_conn_step *out);

// How many calls the connection has now: drives the idle timer.
void pptp_conn_set_calls(struct pptp_conn *c, unsigned int n_calls, uint64_t now_ns);
