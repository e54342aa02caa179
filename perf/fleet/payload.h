// SPDX-License-Identifier: BSD-3-Clause
// What the packets of the fleet hold behind UDP: whose they are, their number, when they were sent, and a pattern.
//
//   tag (32)  number (32)  time (32)  [owner (64)]  [pattern]      in the byte order of the machine
//
// 12 bytes always, so that an inner packet of 40 bytes holds them; owner and pattern as far as there is room. The tag
// is a hash of seed, owner and number, exclusive-or the time: so the time can be put into a packet that is encrypted
// already, by the same exclusive-or (RC4 passes it through). The pattern is a window into random bytes whose place the
// hash says. Whichever byte is damaged, or comes from another packet, one of the comparisons fails.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	PAYLOAD_STAMP_BYTES = 12,
	PAYLOAD_HEAD_BYTES = PAYLOAD_STAMP_BYTES + 8,
	PAYLOAD_BYTES_MAX = 1536,
	PAYLOAD_PLACES = 4096,
};

struct payload {
	uint64_t seed;
	uint8_t pattern[PAYLOAD_PLACES + PAYLOAD_BYTES_MAX];
};

enum payload_direction { PAYLOAD_UP, PAYLOAD_DOWN };

struct payload_owner {
	uint32_t client;
	uint16_t incarnation; // how often the client has dialled
	uint8_t direction;    // enum payload_direction
};

enum payload_verdict {
	PAYLOAD_GOOD,
	PAYLOAD_FOREIGN, // whole, as far as can be seen, and somebody else's
	PAYLOAD_DAMAGED,
};

struct payload_seen {
	uint32_t seq;
	uint32_t time;
	struct payload_owner owner; // of a foreign one
};

void payload_init(struct payload *p, uint64_t seed);

// Write it with the time 0.
//
//   len  PAYLOAD_STAMP_BYTES..PAYLOAD_BYTES_MAX
void payload_put(const struct payload *p, const struct payload_owner *owner, uint32_t seq,
	uint8_t *at, size_t len);

// Put the time into a packet, encrypted or not.
//
//   at  of its payload, which was written with the time 0
static inline void payload_put_time(uint8_t *at, uint32_t time)
{
	uint32_t words[3];

	memcpy(words, at, sizeof(words));
	words[0] ^= time;
	words[2] ^= time;
	memcpy(at, words, sizeof(words));
}

// Is it what payload_put() wrote for this owner, whatever its number?
//
//   only_head  the bytes after PAYLOAD_HEAD_BYTES are not looked at, and need not be there
//   out        number and time of a good one; owner of a foreign one
enum payload_verdict payload_check(const struct payload *p, const struct payload_owner *owner,
	const uint8_t *at, size_t len, bool only_head, struct payload_seen *out);
