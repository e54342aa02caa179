// SPDX-License-Identifier: BSD-3-Clause
// The keys of sessions in a text file: who exports them (a client simulator that holds the calls) and who makes
// packets for them (mkpcap) need nothing else of each other. A line a session, key=value, in any order:
//
//   session client=198.18.0.2 server=192.0.2.1 client_call_id=7 server_call_id=12 inner=10.30.0.10
//           host=10.20.0.2 mppe=128 mode=stateless up=<32 hex> down=<32 hex>
//
//   client, server     outer addresses             inner, host  inner addresses of the client and of whom it talks to
//   mppe               128, 56, 40 or none         mode         stateless or stateful
//   up, down           start keys of the direction (RFC 3079), 16 bytes, for 40 and 56 bit 8; or in their place
//   user, password, challenge, peer_challenge      what MS-CHAPv2 made them of (RFC 2759), challenges of 16 bytes
//   up_seq, up_count, down_seq, down_count         the next GRE number and how many MPPE packets there were, default 0
//   pfc, acfc          0 or 1: the PPP header's fields are compressed; default 0 and 1, as Windows does
//
// '#' begins a comment. These are real keys: a file of them opens the recorded traffic of its sessions.
#pragma once

#include "crypto/mppe_key.h"

#include <stdio.h>

struct session_keys {
	uint32_t client_be, server_be; // outer
	uint32_t inner_be, host_be;
	uint16_t client_call_id, server_call_id;
	struct mppe_mode mode;
	uint8_t up[MPPE_KEY_BYTES_MAX];	  // what the client sends
	uint8_t down[MPPE_KEY_BYTES_MAX]; // what the server sends
	uint32_t up_seq, up_count;	  // the counts are not cut to 12 bits: each is a key change
	uint32_t down_seq, down_count;
	bool pfc, acfc;
};

struct session_keys_error {
	unsigned int line; // from 1; 0: the file as a whole
	char text[160];
};

// All sessions of a file.
//
//   out      sessions[n] on the heap, to be wiped and freed by session_keys_free(); NULL when there are none
//   returns  0, -EBADMSG with *error, -ENOMEM, -EIO
int session_keys_read(FILE *in, struct session_keys **sessions, unsigned int *n,
	struct session_keys_error *error);
void session_keys_free(struct session_keys *sessions, unsigned int n);

// One line. Returns 0 or -EIO.
int session_keys_write(FILE *out, const struct session_keys *s);
