// SPDX-License-Identifier: BSD-3-Clause
// The authenticator of MS-CHAPv2 (RFC 1994 4, RFC 2759): challenges, asks its caller for the
// verdict, tells the client. PAP and CHAP with MD5 are read only to refuse them.
//
//   asks     one STEP_AUTHENTICATE at a time, each wants its own verdict
//   repeats  each Response is judged once; a Response that comes again gets the same answer again,
//            since the answer may have been lost (RFC 1994 4.2)
#pragma once

#include "config/limits.h"
#include "proto/step.h"
#include "wire/chap.h"

#define AUTH_SERVER_NEVER UINT64_MAX

enum {
	AUTH_SERVER_TEXT_BYTES_MAX = 160, // Message of Success or Failure
	AUTH_SERVER_PAP_NAKS_MAX = 4,	  // Authenticate-Naks that one link is worth
};

enum auth_server_state {
	AUTH_SERVER_IDLE,
	AUTH_SERVER_CHALLENGING, // a Challenge, or a Failure with R=1, waits for a Response
	AUTH_SERVER_DECIDING,	 // the caller asks AAA
	AUTH_SERVER_ACCEPTED,
	AUTH_SERVER_FAILED, // `end` says why
};

struct auth_server_config {
	struct span name; // of the Challenge; borrowed
	uint64_t restart_ns;
	uint64_t timeout_ns; // for all of it
	uint8_t n_retries;   // tries beyond the first
};

struct auth_server {
	struct auth_server_config config;
	enum auth_server_state state;
	enum end_reason end;
	uint64_t due_ns;      // Challenge or Success is repeated
	uint64_t deadline_ns; // the end of patience
	uint8_t id;	      // that the next Response must carry
	uint8_t n_retries_left;
	uint8_t n_pap_naks;
	uint8_t n_doublings; // of the time to the next Challenge
	uint8_t n_successes; // times that Success was sent
	bool is_asking;	     // STEP_AUTHENTICATE is out, its verdict has not come
	bool is_stale;	     // and it is about a Response from before the last reset
	uint8_t challenge[CHAP_MSCHAPV2_CHALLENGE_BYTES];
	struct chap_mschapv2_response response;
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1];
	// the last answer, to be given again
	uint8_t answer_code; // CHAP_SUCCESS, CHAP_FAILURE, 0: none yet
	uint8_t answer_id;
	uint8_t answer_len;
	uint8_t answer[AUTH_SERVER_TEXT_BYTES_MAX];
};

void auth_server_init(struct auth_server *a, const struct auth_server_config *config);
void auth_server_wipe(struct auth_server *a);

// Forget what was said: LCP is not open any more. Identifiers go on, and tries that were used up stay
// so: a client does not get new ones by negotiating LCP again.
void auth_server_reset(struct auth_server *a);

// Send a Challenge, in whatever state.
void auth_server_start(
	struct auth_server *a, const uint8_t challenge[16], uint64_t now_ns, struct step *out);

void auth_server_receive_chap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out);
void auth_server_receive_pap(
	struct auth_server *a, struct span info, uint64_t now_ns, struct step *out);

// A verdict has come. False when it is about a Response from before the last reset: somebody else
// may have answered since. It is to be ignored; what waits for it is asked now.
bool auth_server_take_verdict(struct auth_server *a, struct step *out);

// AAA said yes: Success.
void auth_server_accept(struct auth_server *a, const char authenticator_response[42],
	uint64_t now_ns, struct step *out);

// AAA said no.
//
//   error      E= of the Failure; 0: none is sent, the reason has nothing to do with the password
//   challenge  a fresh one, for the retry that the Failure may allow
void auth_server_refuse(struct auth_server *a, enum end_reason reason, uint16_t error,
	const uint8_t challenge[16], uint64_t now_ns, struct step *out);

// The client speaks a network protocol: it has seen our Success.
void auth_server_confirm(struct auth_server *a);

uint64_t auth_server_deadline(const struct auth_server *a);
void auth_server_expire(struct auth_server *a, uint64_t now_ns, struct step *out);
