// SPDX-License-Identifier: BSD-3-Clause
// The authentication protocols of LCP's option 3 (RFC 1661 6.2, RFC 1994, RFC 2433, RFC 2759), and what
// a client answers with.
#pragma once

#include "config/limits.h"

#include <stdbool.h>
#include <stdint.h>

enum auth_method {
	AUTH_METHOD_NONE,
	AUTH_METHOD_MSCHAPV2, // CHAP, algorithm 0x81
	AUTH_METHOD_MSCHAPV1, // CHAP, algorithm 0x80
	AUTH_METHOD_CHAP_MD5, // CHAP, algorithm 5
	AUTH_METHOD_PAP,
};

enum {
	AUTH_METHODS_MAX = 4,
	AUTH_PASSWORD_BYTES_MAX = 255,	     // of PAP, RFC 1334 2.2.1
	AUTH_ENCRYPTED_PASSWORD_BYTES = 516, // RFC 2759 7
};

// What the client answered. Secret as a whole: wipe after use.
struct auth_credentials {
	enum auth_method method;
	uint8_t chap_id;
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES + 1]; // terminated; may hold any other byte
	uint8_t challenge_len;		      // 16; MS-CHAPv1: 8
	uint8_t challenge[16];		      // ours
	uint8_t peer_challenge[16];	      // MS-CHAPv2
	uint8_t nt_response[24];	      // MS-CHAPv2, and MS-CHAPv1 where has_nt
	uint8_t lm_response[24];	      // MS-CHAPv1 where not has_nt
	bool has_nt;			      // MS-CHAPv1: "use Windows NT response"
	uint8_t md5_response[16];	      // CHAP with MD5
	uint8_t password_len;		      // PAP
	char password[AUTH_PASSWORD_BYTES_MAX + 1];
	// MS-CHAPv2 Change-Password (RFC 2759 7): nt_response is made with the new password.
	bool has_change;
	uint8_t encrypted_password[AUTH_ENCRYPTED_PASSWORD_BYTES];
	uint8_t encrypted_hash[16];
};

// As logs print them: "none", "mschapv2", "mschapv1", "chap", "pap".
const char *auth_method_name(enum auth_method method);

// Does it give MPPE keys (RFC 3079)?
static inline bool auth_method_has_keys(enum auth_method method)
{
	return method == AUTH_METHOD_MSCHAPV2 || method == AUTH_METHOD_MSCHAPV1;
}
