// SPDX-License-Identifier: BSD-3-Clause
// Is what comes out what went in, and in its order?
#pragma once

#include "perf/fleet/fleet.h"
#include "perf/fleet/impair.h"
#include "perf/fleet/latency.h"
#include "perf/fleet/payload.h"

enum {
	CHECK_INNER_BYTES = 20 + 8,
	CHECK_INNER_MIN = CHECK_INNER_BYTES + PAYLOAD_STAMP_BYTES,
	// What --check headers looks at, with a protocol field of PPP in front.
	CHECK_FRONT_BYTES = 2 + CHECK_INNER_BYTES + PAYLOAD_HEAD_BYTES,
	CHECK_TIME_SHIFT = 5, // times in packets: units of 32 cycles, which come round after 53 s
};

// What became of the packets that were sent in one interval, in one direction.
struct check_counts {
	uint64_t sent, sent_bytes; // inner
	uint64_t lost_on_purpose, damaged_on_purpose, reordered_on_purpose;
	uint64_t good, good_bytes;
	uint64_t good_though_damaged; // the bit that was turned round did not matter
	uint64_t bad;		      // damaged, or another client's
	uint64_t foreign;	      // of these another client's
	uint64_t twice;
	uint64_t late; // good, but behind later ones
	struct latency latency;
};

// Neither was it lost on purpose nor damaged on purpose, and yet it is not there.
static inline uint64_t check_lost(const struct check_counts *c)
{
	uint64_t explained = c->lost_on_purpose + c->damaged_on_purpose - c->good_though_damaged;

	return c->sent > c->good + explained ? c->sent - c->good - explained : 0;
}

// Bad ones that nobody damaged on purpose.
static inline uint64_t check_bad(const struct check_counts *c)
{
	uint64_t explained = c->damaged_on_purpose - c->good_though_damaged;

	return c->bad > explained ? c->bad - explained : 0;
}

// Write an inner packet of the client with the time 0: up from it to the inside host, or down.
//
//   len  CHECK_INNER_MIN..
void check_put(const struct payload *p, const struct fleet *f, struct fleet_client *c,
	enum payload_direction direction, uint8_t *at, uint16_t len);

// Where check_put() has put its payload.
static inline uint8_t *check_payload(uint8_t *inner)
{
	return inner + CHECK_INNER_BYTES;
}

enum check_verdict {
	CHECK_GOOD,
	CHECK_BAD,
	CHECK_FOREIGN,
	CHECK_OTHER, // a packet that is not the fleet's at all
};

struct check_seen {
	struct fleet_client *client; // whose it is, or who got it
	struct payload_seen payload;
	uint16_t len;
};

// Look at an inner packet, which has come down to `to`, or, where that is NULL, up to the inside host.
//
//   n_bytes  that are there: all of it, or with only_front at least CHECK_FRONT_BYTES less 2 of a longer one
//   len      of the packet
enum check_verdict check_inner(const struct payload *p, const struct fleet *f,
	struct fleet_client *to, const uint8_t *inner, size_t n_bytes, size_t len, bool only_front,
	struct check_seen *out);
