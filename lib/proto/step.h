// SPDX-License-Identifier: BSD-3-Clause
// What a PPP machine asks of its caller: an ordered list of frames to send and notices to act on.
// The order matters: keys that stand before a frame must be in place before the frame leaves.
#pragma once

#include "base/bytes.h"
#include "base/end_reason.h"

enum {
	STEP_ITEMS_MAX = 16,
	STEP_BYTES_MAX = 6144,
};

// No timer of a machine is shorter, whatever the configuration says: a caller that expires it
// cannot spin.
#define STEP_TIMER_MIN_NS 10000000ULL

enum step_kind {
	STEP_FRAME,	   // send info as PPP protocol `protocol`, never encrypted or compressed
	STEP_LINK_AGREED,  // LCP is open: read link_agreed() and tell the data path
	STEP_AUTHENTICATE, // read link_credentials(), ask AAA, answer by link_authenticated()
	STEP_ADDRESS,	   // read link_address_asked(), answer by link_address_chosen()
	STEP_KEYS,	   // install link_keys() for both directions; receive works from now on
	STEP_ENCRYPT,	   // CCP is open both ways: encrypt all data from now on
	STEP_STOP_ENCRYPT, // CCP left the open state: no data may pass until STEP_ENCRYPT
	STEP_FLUSH, // the client lost a packet (CCP Reset-Request): the next one sent is flushed
	STEP_UP,    // IPCP is open (and CCP, where required): data may pass
	STEP_DOWN,  // IPCP left the open state: no data may pass until STEP_UP
	STEP_ENDED, // the link is closed for good, for `reason`; nothing follows
};

struct step_item {
	enum step_kind kind;
	uint16_t protocol; // STEP_FRAME
	uint16_t offset;   // STEP_FRAME: info is step->bytes[offset .. offset + len)
	uint16_t len;
	enum end_reason reason; // STEP_ENDED
};

struct step {
	uint8_t n_items;
	bool overflowed; // an item did not fit: a defect of the machine, counted by the caller
	uint16_t n_bytes;
	struct step_item items[STEP_ITEMS_MAX];
	uint8_t bytes[STEP_BYTES_MAX];
};

static inline void step_clear(struct step *s)
{
	s->n_items = 0;
	s->overflowed = false;
	s->n_bytes = 0;
}

void step_add(struct step *s, enum step_kind kind);
void step_add_end(struct step *s, enum end_reason reason);

// Begin a frame; write its information field (from the code octet on) with the writer, then
// finish.
struct writer step_frame_begin(struct step *s);
void step_frame_finish(struct step *s, uint16_t protocol, const struct writer *w);

static inline struct span step_frame_info(const struct step *s, const struct step_item *item)
{
	return span_of(s->bytes + item->offset, item->len);
}
