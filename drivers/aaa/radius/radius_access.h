// SPDX-License-Identifier: BSD-3-Clause
// Authentication as packets: what a client has answered becomes an Access-Request (RFC 2865, RFC 2548), and what the
// server says to it an aaa_reply. Pure.
#pragma once

#include "aaa/aaa.h"
#include "drivers/aaa/radius/radius_packet.h"

enum { RADIUS_STATE_BYTES_MAX = 253 };

// What has to be known of a request to understand the answer. The challenge is no secret.
struct radius_asked {
	uint64_t tag;
	uint16_t tenant;
	enum auth_method method;
	uint8_t chap_id;
	bool has_change;
	uint8_t challenge[8]; // MS-CHAPv1
};

// Write the request.
//
//   state    of the server's last answer to this call, empty: none
//   asked    out
//   returns  0; -EMSGSIZE: a password that RADIUS has no room for; -EINVAL: a name with a zero byte, behind which
//            servers written in C see nothing: anna could log in under any number of names
int radius_access_write(const struct config *config, const struct aaa_request *request,
	struct span state, struct radius_packet *p, struct radius_asked *asked);

// Understand an answer that has been checked.
//
//   out      all of it but `server`; wipe it after use
//   state    out: what the next request of the call has to bring along, empty: nothing. Borrows the packet
void radius_access_read(const struct config *config, const struct radius_asked *asked,
	const struct radius_view *v, const uint8_t request_authenticator[16],
	const struct secret *secret, struct aaa_reply *out, struct span *state);
