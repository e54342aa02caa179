// SPDX-License-Identifier: BSD-3-Clause
// PAP packets (RFC 1334 2.2).
#pragma once

#include "base/bytes.h"

enum pap_code { PAP_AUTHENTICATE_REQUEST = 1, PAP_AUTHENTICATE_ACK = 2, PAP_AUTHENTICATE_NAK = 3 };

struct pap_packet {
	uint8_t code;
	uint8_t id;
	struct span peer_id;  // of a request
	struct span password; // of a request; a secret: never log it
	struct span message;  // of ack and nak
};

// Returns 0, -EBADMSG, or -ENOTSUP for an unknown code.
int pap_packet_get(struct span bytes, struct pap_packet *out);
void pap_put_request(struct writer *w, uint8_t id, struct span peer_id, struct span password);
void pap_put_reply(struct writer *w, uint8_t code, uint8_t id, struct span message);
