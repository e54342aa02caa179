// SPDX-License-Identifier: BSD-3-Clause
// A way to do the MPPE of 1,024 packets: one of our drivers, a part of one, or a reference. All do the same
// work on memory of their own, so that what comes out can be compared byte for byte.
#pragma once

#include "crypto/mppe_key.h"
#include "perf/bench.h"

enum {
	MPPE_WORK_SESSIONS = 1024,
	MPPE_WORK_PACKETS = 1024, // a sample
	MPPE_WORK_PACKET_BYTES = 1600,
};

struct mppe_work {
	const struct bench_load *load;
	unsigned int n_sessions; // packet i is of session i % n_sessions
	unsigned int burst;	 // packets handed over at once; references take them one by one
	bool is_stateless;
};

struct mppe_method {
	const char *name;
	const char *description;
	bool is_reference;
	bool is_part;	      // of the work only, so what comes out is nothing
	unsigned int n_cores; // that it keeps busy
	unsigned int lanes;   // streams side by side at most; 0: as many as the driver likes
	const void *detail;   // for its open

	// out: *state. Returns 0 or -errno; -ENOTSUP where this machine or build does not have it.
	int (*open)(const struct mppe_method *method, void **state);
	void (*close)(void *state);

	// Keys and counts from the start: mppe_work_key(), mppe_work_count().
	void (*begin)(void *state, const struct mppe_work *work);

	// Before and after each sample, not timed; both may be NULL.
	void (*wake)(void *state);
	void (*rest)(void *state);

	// One sample. Returns the TSC cycles in which the calling thread had work, or 0 for all that passed.
	uint64_t (*run)(void *state, const struct mppe_work *work,
		uint8_t packets[][MPPE_WORK_PACKET_BYTES]);

	void (*session_key)(
		const void *state, unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX]);
};

// The start key of a session.
void mppe_work_key(unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX]);

// Packets that a session has behind it at the start. Stateful ones stand anywhere between two changes of key, so
// that each sample holds as many changes as in life: 1 in 256 packets.
static inline uint16_t mppe_work_count(unsigned int session)
{
	return (uint16_t)(session & 0xff);
}

// Stateful: does a session's key change before the packet of this count (RFC 3078 7.2)?
static inline bool mppe_work_changes_key(uint16_t count)
{
	return (count & 0xff) == 0xff;
}
