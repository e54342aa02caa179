// SPDX-License-Identifier: BSD-3-Clause
// One direction of a client's MPPE, written apart from lib/proto so that it shares no mistake with the
// server's: the two kinds of stateful clients that there are, and stateless mode, in which they agree.
//
//   SIM_MPPE_RFC    RFC 3078 8 as it stands: a flushed packet starts RC4 again with the key of now
//   SIM_MPPE_LINUX  pppd and its kernel: a flushed packet, and each whose count ends in FF, changes
//                   the key and says so by A; a lost packet makes it deaf until a flushed one comes
#pragma once

#include "crypto/mppe_key.h"

#include <nettle/arcfour.h>

enum sim_mppe_kind { SIM_MPPE_RFC, SIM_MPPE_LINUX };

enum sim_mppe_result {
	SIM_MPPE_TAKEN,
	SIM_MPPE_OLD,  // seen before, or overtaken
	SIM_MPPE_LOST, // stateful: not to be read until a flushed packet comes
	SIM_MPPE_BAD,  // bits that the mode forbids
};

struct sim_mppe {
	struct mppe_mode mode;
	enum sim_mppe_kind kind;
	uint8_t start[16], key[16];
	struct arcfour_ctx rc4; // stateful
	uint16_t count;		// of the last packet
	bool flushes;		// sending: the next one is flushed
	bool is_deaf;		// receiving: waits for a flushed one
};

void sim_mppe_begin(struct sim_mppe *m, const struct mppe_mode *mode, enum sim_mppe_kind kind,
	const uint8_t start[16]);

// Encrypt data[len] in place; `header` is what stands before it.
void sim_mppe_seal(struct sim_mppe *m, uint8_t header[2], uint8_t *data, size_t len);
enum sim_mppe_result sim_mppe_open(
	struct sim_mppe *m, const uint8_t header[2], uint8_t *data, size_t len);
