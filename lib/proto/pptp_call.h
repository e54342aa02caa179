// SPDX-License-Identifier: BSD-3-Clause
// The server's side of one PPTP call, opened by the client's Outgoing-Call-Request (RFC 2637 3.2).
// The client is the PNS in the RFC's words, so Call-Clear-Request carries the client's Call ID and
// Call-Disconnect-Notify ours, and Set-Link-Info comes from the client only. WAN-Error-Notify is the
// server's to send by the RFC, about the line that it dialled: a voluntary tunnel has none, so we send
// none, and keep what a client sends.
#pragma once

#include "base/end_reason.h"
#include "wire/pptp.h"

enum pptp_call_state { PPTP_CALL_IDLE, PPTP_CALL_ESTABLISHED, PPTP_CALL_ENDED };

struct pptp_call {
	enum pptp_call_state state;
	uint16_t call_id;      // ours: what GRE to us carries
	uint16_t peer_call_id; // the client's: what GRE to it carries
	uint16_t serial;       // Call Serial Number: the client's name for the call in its log
	uint16_t peer_window;  // packets, what the client takes unacknowledged
	uint16_t peer_delay;   // its packet processing delay, tenths of a second
	uint32_t send_accm, receive_accm; // of Set-Link-Info; kept for show, GRE has no escapes
	uint32_t n_link_infos;
	uint32_t n_wan_errors;		 // messages
	struct pptp_wan_error wan_error; // the last one: its counts are of the whole call
};

// What our Outgoing-Call-Reply says of us.
struct pptp_call_offer {
	uint16_t call_id;
	uint16_t window; // receive window, packets
	uint16_t delay;	 // packet processing delay, tenths of a second
};

// Why an Outgoing-Call-Request cannot be taken for what it says itself: END_NONE when it can, else
// the reason: END_PPTP_BAD_VALUE for a window of 0 or a phone number longer than its field. Bearer,
// framing and line speeds mean nothing in a voluntary tunnel and real clients put anything there.
// Limits are the caller's to check.
enum end_reason pptp_call_check(const struct pptp_ocrq *request);

// Take the request: OCRP "connected" is appended to w.
void pptp_call_accept(struct pptp_call *call, const struct pptp_ocrq *request,
	const struct pptp_call_offer *offer, struct writer *w);

// Refuse a request: OCRP with the result, general error and cause that fit the reason (limit: 4 busy;
// no resource: 2 with error 4; ...), our Call ID 0.
void pptp_call_refuse(const struct pptp_ocrq *request, enum end_reason reason, struct writer *w);

// The general error of RFC 2637 2.16 that a reason is, never PPTP_ERROR_NONE.
uint8_t pptp_call_general_error(enum end_reason reason);

// The Cause Code of OCRP and CDN for a reason. The RFC leaves it to the kind of call; we give what a
// Q.931 switch would, which is what IOS logs and a help desk can look up.
uint16_t pptp_call_cause(enum end_reason reason);

// Does this message (Call-Clear-Request, Call-Disconnect-Notify, Set-Link-Info, WAN-Error-Notify) name
// this call? Never one that is not established.
bool pptp_call_matches(const struct pptp_call *call, const struct pptp_message *message);

// A message for this call: one that pptp_call_matches(), or that the caller holds to be meant for it.
//
//   returns  END_NONE, or the reason for which the call is to end: what is said then, is said by
//            pptp_call_disconnect(). After a Call-Disconnect-Notify nothing is: the client holds the
//            call to be gone
//   client   IOS clears with Call-Disconnect-Notify, although that is the server's to send
enum end_reason pptp_call_receive(struct pptp_call *call, const struct pptp_message *message);

// End it from our side: Call-Disconnect-Notify, once; nothing if it has ended already.
//
//   statistics  text for the Call Statistics field, cut at 127 bytes; may be NULL
void pptp_call_disconnect(
	struct pptp_call *call, enum end_reason reason, const char *statistics, struct writer *w);
