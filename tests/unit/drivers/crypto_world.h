// SPDX-License-Identifier: BSD-3-Clause
// Random sessions and bursts of packets for crypto drivers, and what comes out of them by nettle's RC4 and
// mppe_key_change(), which no driver shares code with. The answers are made once and tried on as many drivers
// as there are.
#pragma once

#include "crypto/driver.h"
#include "shim/xorshift.h"

#include <nettle/arcfour.h>

enum {
	WORLD_SESSIONS = 80, // more than packets in a burst
	WORLD_OPS = 160,     // more than two bursts
	WORLD_PIECES = 6,    // of one packet
	WORLD_ARENA = 640 * 1024,
	WORLD_SUBJECTS = 24,
};

// What bursts are like. Rates: one packet of so many; 0: none.
struct world_shape {
	unsigned int ops_max;	   // packets submitted at once: 1 to so many
	unsigned int sessions_max; // of so many sessions, at most WORLD_SESSIONS
	unsigned int len_max;	   // bytes, three quarters of them up to len_short
	unsigned int len_short;
	unsigned int long_rate; // packets of up to 9000 bytes
	unsigned int more_rate; // packets in several pieces
	unsigned int jump_rate; // stateless: more changes than one, up to jump_max
	unsigned int jump_max;
	unsigned int late_rate;	   // stateless
	unsigned int restart_rate; // stateful: restarts, and as often changes
	unsigned int bad_rate;	   // refused
};

extern const struct world_shape world_mixed;

// A driver under test, with its own contexts of all the sessions.
struct world_subject {
	const char *name;
	const struct crypto_driver *driver;
	void *state;
	struct mppe_context contexts[WORLD_SESSIONS];
	struct rc4_state rc4[WORLD_SESSIONS];
	struct mppe_key_ring rings[WORLD_SESSIONS];
};

// A session as the reference sees it.
struct world_session {
	enum mppe_strength strength;
	bool is_stateless;
	bool has_ring;
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	struct arcfour_ctx rc4;
	uint8_t past[MPPE_KEY_RING]
		    [MPPE_KEY_BYTES_MAX]; // the key of k changes ago, past[0] the last
	unsigned int n_past;
};

struct world_piece {
	uint32_t at; // in the arena
	uint16_t len;
};

struct world_op {
	unsigned int session;
	unsigned int n_pieces;
	struct world_piece pieces[WORLD_PIECES];
	uint16_t n_changes;
	uint8_t restart, late;
	enum crypto_status status; // that is wanted
};

struct world {
	struct xorshift random;
	struct world_session sessions[WORLD_SESSIONS];
	unsigned int n_ops;
	struct world_op ops[WORLD_OPS];
	uint32_t arena_used;
	uint8_t plain[WORLD_ARENA];  // packets with bytes between them that nobody may touch
	uint8_t wanted[WORLD_ARENA]; // the same after the burst
	uint8_t arena[WORLD_ARENA];
	unsigned int n_subjects;
	struct world_subject subjects[WORLD_SUBJECTS];
	uint64_t n_done, n_bytes;
};

struct world *world_new(uint64_t seed);
void world_free(struct world *w); // and closes its subjects

// Another driver to be tried; it has seen no packet yet. Returns what open returned.
int world_add(struct world *w, const char *name, const struct crypto_driver *driver,
	const struct crypto_setup *setup);

// Make up the next burst and its answers, and put it through every subject. False, and told by the test, at the
// first difference.
bool world_step(struct world *w, const struct world_shape *shape);

// At the end: keys, rings and streams of all subjects are what they have to be.
bool world_check_keys(struct world *w);
