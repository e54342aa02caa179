// SPDX-License-Identifier: BSD-3-Clause
// Frames of a session as its peers would send them: Ethernet, IPv4, GRE with number and ack, PPP, MPPE with the right
// key, inner IPv4 with UDP. Encryption is that of drivers/crypto/sw, so what comes out is checked by
// another implementation (tests/).
#pragma once

#include "crypto/driver.h"
#include "perf/session_keys.h"

enum gre_maker_direction {
	GRE_MAKER_UP,	  // client to server, encrypted: for the outside port
	GRE_MAKER_DOWN,	  // server to client, encrypted: what the server sends
	GRE_MAKER_INSIDE, // host to client, inner packets alone: for the inside port
};

enum {
	GRE_MAKER_INNER_MIN = 28, // IPv4 and UDP
	GRE_MAKER_INNER_MAX = 1472,
	GRE_MAKER_FRAME_BYTES = 14 + 20 + 16 + 4 + 2 + 2 + GRE_MAKER_INNER_MAX,
};

struct gre_maker_options {
	enum gre_maker_direction direction;
	bool has_acks; // each packet acknowledges what its session's file says was received
	uint8_t source_mac[6], destination_mac[6];
	const struct crypto_driver *crypto;
	void *crypto_state; // opened by the caller
};

struct gre_maker {
	const struct session_keys *keys;
	struct mppe_context context;
	struct rc4_state rc4;
	uint32_t seq, count;
	uint32_t n_made;
};

// Ready for the first packet of `keys`, which stay the caller's. Where a direction has had packets before, its key is
// walked to there.
void gre_maker_init(
	struct gre_maker *m, const struct session_keys *keys, const struct gre_maker_options *o);
void gre_maker_fini(struct gre_maker *m);

// The next frame, whose inner packet has inner_len bytes.
//
//   inner_len  GRE_MAKER_INNER_MIN to _MAX
//   at         out: at[GRE_MAKER_FRAME_BYTES]
//   returns    bytes of the frame, or 0 when the driver did not do its work
size_t gre_maker_next(
	struct gre_maker *m, const struct gre_maker_options *o, uint16_t inner_len, uint8_t *at);
