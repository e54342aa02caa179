// SPDX-License-Identifier: BSD-3-Clause
// CHAP packets (RFC 1994 4) and what MS-CHAPv1 and v2 put into them (RFC 2433 6 to 8, RFC 2759 4 to 7).
#pragma once

#include "base/bytes.h"

enum chap_code {
	CHAP_CHALLENGE = 1,
	CHAP_RESPONSE = 2,
	CHAP_SUCCESS = 3,
	CHAP_FAILURE = 4,
	CHAP_CHANGE_PASSWORD = 7, // MS-CHAPv2; 5 and 6, of MS-CHAPv1, are not read
};

// The algorithm byte of LCP's Authentication-Protocol option.
enum chap_algorithm { CHAP_MD5 = 5, CHAP_MSCHAPV1 = 0x80, CHAP_MSCHAPV2 = 0x81 };

enum {
	CHAP_HEADER_BYTES = 4,
	CHAP_MSCHAPV2_VALUE_BYTES =
		49, // of a Response: peer challenge 16, zero 8, NT-Response 24, flags 1
	CHAP_MSCHAPV2_CHALLENGE_BYTES = 16,
	CHAP_AUTHENTICATOR_RESPONSE_BYTES = 42, // "S=" and 40 hex digits
	CHAP_MSCHAPV1_VALUE_BYTES = 49,		// of a Response: LM 24, NT 24, flag 1
	CHAP_MSCHAPV1_CHALLENGE_BYTES = 8,
	CHAP_MSCHAPV2_CHANGE_BYTES = 582, // behind the header, RFC 2759 7
};

struct chap_packet {
	uint8_t code;
	uint8_t id;
	struct span value; // of Challenge and Response; all of Change-Password; empty else
	struct span text;  // Name of Challenge and Response; Message of Success and Failure
};

struct chap_mschapv2_response {
	uint8_t peer_challenge[16];
	uint8_t nt_response[24];
	uint8_t flags;
};

struct chap_mschapv1_response {
	uint8_t lm_response[24];
	uint8_t nt_response[24];
	uint8_t use_nt; // 1: the NT response counts
};

struct chap_mschapv2_change {
	uint8_t encrypted_password[516];
	uint8_t encrypted_hash[16];
	uint8_t peer_challenge[16];
	uint8_t nt_response[24];
};

// Returns 0, or -EBADMSG when a length runs past its container or a value has no bytes; -ENOTSUP
// for a code that is none of these.
int chap_packet_get(struct span bytes, struct chap_packet *out);

// Challenge or Response.
void chap_put_value(
	struct writer *w, uint8_t code, uint8_t id, struct span value, struct span name);
// Success or Failure; Change-Password with its body as text.
void chap_put_text(struct writer *w, uint8_t code, uint8_t id, struct span text);

// Split the value of an MS-CHAPv2 Response. Returns 0, or -EBADMSG when it is not 49 bytes long.
int chap_mschapv2_response_get(struct span value, struct chap_mschapv2_response *out);
void chap_mschapv2_response_put(uint8_t value[49], const struct chap_mschapv2_response *in);

// The same for MS-CHAPv1 (RFC 2433 6).
int chap_mschapv1_response_get(struct span value, struct chap_mschapv1_response *out);
void chap_mschapv1_response_put(uint8_t value[49], const struct chap_mschapv1_response *in);

// Split a Change-Password. Returns 0, or -EBADMSG when it is not 582 bytes long.
int chap_mschapv2_change_get(struct span value, struct chap_mschapv2_change *out);
void chap_mschapv2_change_put(uint8_t value[582], const struct chap_mschapv2_change *in);

// Message of an MS-CHAPv1 Failure: "E=691 R=1 C=<16 hex> V=2" (RFC 2433 8). It has no text: that is
// new in MS-CHAPv2.
void chap_mschapv1_failure_put(
	struct writer *w, uint8_t id, uint16_t error, bool retry, const uint8_t challenge[8]);

// Message of an MS-CHAPv2 Failure: "E=691 R=1 C=<32 hex> V=3 M=<text>" (RFC 2759 6). Windows asks
// again without end when it is empty, so it is always written in full.
void chap_mschapv2_failure_put(struct writer *w, uint8_t id, uint16_t error, bool retry,
	const uint8_t challenge[16], struct span message);
// Read such a message. Returns 0 or -EBADMSG; fields that are missing are left as they are.
int chap_mschapv2_failure_get(struct span text, uint16_t *error, bool *retry, uint8_t challenge[16],
	struct span *message);
int chap_mschapv1_failure_get(
	struct span text, uint16_t *error, bool *retry, uint8_t challenge[8], struct span *message);
