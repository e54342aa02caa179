// SPDX-License-Identifier: BSD-3-Clause
// The server's side of one PPTP call, opened by the client's Outgoing-Call-Request (RFC 2637 3.2).
// The client is the PNS in the RFC's words, so Call-Clear-Request carries the client's Call ID and
// Call-Disconnect-Notify ours.
#pragma once

#include "base/end_reason.h"
#include "wire/pptp.h"

enum pptp_call_state { PPTP_CALL_IDLE, PPTP_CALL_ESTABLISHED, PPTP_CALL_ENDED };

struct pptp_call {
	enum pptp_call_state state;
	uint16_t call_id;		  // ours: what GRE to us carries
	uint16_t peer_call_id;		  // the client's: what GRE to it carries
	uint16_t peer_window;		  // packets, what the client takes unacknowledged
	uint32_t send_accm, receive_accm; // of Set-Link-Info; kept for show, GRE has no escapes
	uint32_t n_wan_errors;
};

// Why an Outgoing-Call-Request cannot be taken for what it says itself: END_NONE when it can, else
// the reason: END_PPTP_BAD_VALUE for a window of 0 or a phone number longer than its field. Bearer,
// framing and line speeds mean nothing in a voluntary tunnel and real clients put anything there.
// Limits are the caller's to check.
enum end_reason pptp_call_check(const struct pptp_ocrq *request);

// Take the request: OCRP "connected" is appended to w.
//
//   window  receive window that we advertise, packets
void pptp_call_accept(struct pptp_call *call, const struct pptp_ocrq *request, uint16_t call_id,
	uint16_t window, struct writer *w);

// Refuse a request: OCRP with the result and general error that fit the reason (limit: 4 busy; no
// resource: 2 with error 4; ...), our Call ID 0.
void pptp_call_refuse(const struct pptp_ocrq *request, enum end_reason reason, struct writer *w);

// Does this message (Call-Clear-Request, Set-Link-Info, WAN-Error-Notify) name this call? Never one
// that is not established.
bool pptp_call_matches(const struct pptp_call *call, const struct pptp_message *message);

// A message for this call.
//
//   out      frames appended to w (CDN for a Call-Clear-Request)
//   returns  END_NONE, or the reason for which the call has ended
enum end_reason pptp_call_receive(
	struct pptp_call *call, const struct pptp_message *message, struct writer *w);

// End it from our side: Call-Disconnect-Notify, once; nothing if it has ended already.
//
//   statistics  text for the Call Statistics field, cut at 127 bytes; may be NULL
void pptp_call_disconnect(
	struct pptp_call *call, enum end_reason reason, const char *statistics, struct writer *w);
