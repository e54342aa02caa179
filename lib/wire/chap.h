// SPDX-License-Identifier: BSD-3-Clause
// CHAP packets (RFC 1994 4) and the MS-CHAPv2 payloads in them (RFC 2759 4 to 6).
#pragma once

#include "base/bytes.h"

enum chap_code { CHAP_CHALLENGE = 1, CHAP_RESPONSE = 2, CHAP_SUCCESS = 3, CHAP_FAILURE = 4 };

// The algorithm byte of LCP's Authentication-Protocol option.
enum chap_algorithm { CHAP_MD5 = 5, CHAP_MSCHAPV1 = 0x80, CHAP_MSCHAPV2 = 0x81 };

enum {
	CHAP_HEADER_BYTES = 4,
	CHAP_MSCHAPV2_VALUE_BYTES =
		49, // of a Response: peer challenge 16, zero 8, NT-Response 24, flags 1
	CHAP_MSCHAPV2_CHALLENGE_BYTES = 16,
	CHAP_AUTHENTICATOR_RESPONSE_BYTES = 42, // "S=" and 40 hex digits
};

struct chap_packet {
	uint8_t code;
	uint8_t id;
	struct span value; // of Challenge and Response; empty else
	struct span text;  // Name of Challenge and Response; Message of Success and Failure
};

struct chap_mschapv2_response {
	uint8_t peer_challenge[16];
	uint8_t nt_response[24];
	uint8_t flags;
};

// Returns 0, or -EBADMSG when a length runs past its container or a value has no bytes; -ENOTSUP
// for a code that is none of the four.
int chap_packet_get(struct span bytes, struct chap_packet *out);

// Challenge or Response.
void chap_put_value(
	struct writer *w, uint8_t code, uint8_t id, struct span value, struct span name);
// Success or Failure.
void chap_put_text(struct writer *w, uint8_t code, uint8_t id, struct span text);

// Split the value of an MS-CHAPv2 Response. Returns 0, or -EBADMSG when it is not 49 bytes long.
int chap_mschapv2_response_get(struct span value, struct chap_mschapv2_response *out);
void chap_mschapv2_response_put(uint8_t value[49], const struct chap_mschapv2_response *in);

// Message of an MS-CHAPv2 Failure: "E=691 R=1 C=<32 hex> V=3 M=<text>" (RFC 2759 6). Windows asks
// again without end when it is empty, so it is always written in full.
void chap_mschapv2_failure_put(struct writer *w, uint8_t id, uint16_t error, bool retry,
	const uint8_t challenge[16], struct span message);
// Read such a message. Returns 0 or -EBADMSG; fields that are missing are left as they are.
int chap_mschapv2_failure_get(struct span text, uint16_t *error, bool *retry, uint8_t challenge[16],
	struct span *message);
