// SPDX-License-Identifier: BSD-3-Clause
// The authenticator of PAP (RFC 1334), CHAP with MD5 (RFC 1994), MS-CHAPv1 (RFC 2433) and MS-CHAPv2
// (RFC 2759), of which one is agreed: takes what the client answers, asks its caller for the
// verdict, tells the client.
//
//   asks     one STEP_AUTHENTICATE at a time, each wants its own verdict
//   repeats  each Response is judged once; a Response that comes again gets the same answer again,
//            since the answer may have been lost (RFC 1994 4.2)
//   retries  of MS-CHAP alone: PAP and CHAP cannot say that one is allowed, and their clients hang up
//   change   of a password that has expired, by MS-CHAPv2 (RFC 2759 7)
#pragma once

#include "config/limits.h"
#include "proto/auth_method.h"
#include "proto/step.h"
#include "wire/chap.h"

#define AUTH_SERVER_NEVER UINT64_MAX

// At least so long may a client take for a retry or a new password: somebody types it, twice, so the
// short timeouts are off (RFC 2433 8, RFC 2759 6).
#define AUTH_SERVER_PERSON_NS UINT64_C(120000000000)

enum {
	AUTH_SERVER_TEXT_BYTES_MAX = 160, // Message of Success or Failure
	AUTH_SERVER_PAP_NAKS_MAX = 4,	  // Authenticate-Naks that one link is worth
};

enum auth_server_state {
	AUTH_SERVER_IDLE,
	AUTH_SERVER_CHALLENGING, // a Challenge, or a Failure with R=1, waits for a Response; or
				 // nothing was said, and PAP waits for a Request
	AUTH_SERVER_CHANGING,	 // a Failure with E=648 waits for a Change-Password
	AUTH_SERVER_DECIDING,	 // the caller asks AAA
	AUTH_SERVER_ACCEPTED,
	AUTH_SERVER_FAILED, // `end` says why
};

struct auth_server_config {
	struct span name; // of the Challenge; borrowed
	uint64_t restart_ns;
	uint64_t timeout_ns; // for all of it; after a Failure that allows more anew, but see above
	uint8_t n_retries;   // tries beyond the first
	bool may_change_password;
};

struct auth_server {
	struct auth_server_config config;
	enum auth_server_state state;
	enum end_reason end;
	uint64_t due_ns;      // Challenge or Success is repeated
	uint64_t deadline_ns; // the end of patience
	uint8_t id;	      // that the next Response must carry; PAP: of the Request
	uint8_t n_retries_left;
	uint8_t n_pap_naks;
	uint8_t n_doublings;	 // of the time to the next Challenge
	uint8_t n_successes;	 // times that Success was sent
	bool is_asking;		 // STEP_AUTHENTICATE is out, its verdict has not come
	bool is_stale;		 // and it is about a Response from before the last reset
	enum end_reason refusal; // of the last answer, where the client may try again
	struct auth_credentials credentials; // method and challenge; what the client answered to it
	// the last answer, to be given again
	uint8_t answer_code; // CHAP_SUCCESS, CHAP_FAILURE or that of PAP; 0: none yet
	uint8_t answer_id;
	uint8_t answer_len;
	uint8_t answer[AUTH_SERVER_TEXT_BYTES_MAX];
};

void auth_server_init(struct auth_server *a, const struct auth_server_config *config);
void auth_server_wipe(struct auth_server *a);

// Forget what was said: LCP is not open any more. Identifiers go on, and tries that were used up stay
// so: a client does not get new ones by negotiating LCP again.
void auth_server_reset(struct auth_server *a);

// Begin, in whatever state: a Challenge leaves, but for PAP.
//
//   method     what LCP has agreed on, never AUTH_METHOD_NONE
//   challenge  16 random bytes, of which MS-CHAPv1 uses 8
void auth_server_start(struct auth_server *a, enum auth_method method, const uint8_t challenge[16],
	uint64_t now_ns, struct step *out);

void auth_server_receive_chap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out);
void auth_server_receive_pap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out);

// A verdict has come. False when it is about a Response from before the last reset: somebody else
// may have answered since. It is to be ignored; what waits for it is asked now.
bool auth_server_take_verdict(struct auth_server *a, struct step *out);

// AAA said yes: Success.
//
//   authenticator_response  of MS-CHAPv2
//   message                 for the user; empty: one that fits. Cut at LIMIT_FAILURE_TEXT_BYTES
void auth_server_accept(struct auth_server *a, const char authenticator_response[42],
	struct span message, uint64_t now_ns, struct step *out);

// AAA said no.
//
//   error      E= of the Failure, for all methods the number of a text; 0: none is sent, the reason
//              has nothing to do with the password
//   message    as above
//   challenge  a fresh one, for the retry or the change that the Failure may allow
struct auth_server_refusal {
	enum end_reason reason;
	uint16_t error;
	struct span message;
	uint8_t challenge[16];
};

void auth_server_refuse(struct auth_server *a, const struct auth_server_refusal *refusal,
	uint64_t now_ns, struct step *out);

// Why the client was refused last, while it may try again or change its password: what it then goes
// away for. END_NONE: it was not.
enum end_reason auth_server_refused(const struct auth_server *a);

// The client speaks a network protocol: it has seen our Success.
void auth_server_confirm(struct auth_server *a);

// Is a person asked now, by a Failure that allows a retry or a change?
bool auth_server_awaits_person(const struct auth_server *a);

uint64_t auth_server_deadline(const struct auth_server *a);

// Run the timer if it is due.
//
//   challenge  a fresh one, in case that the Challenge is sent again
//   returns    whether it was taken
bool auth_server_expire(
	struct auth_server *a, const uint8_t challenge[16], uint64_t now_ns, struct step *out);
