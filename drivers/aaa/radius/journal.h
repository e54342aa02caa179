// SPDX-License-Identifier: BSD-3-Clause
// What is owed to the accounting servers if adit dies this moment: a slot for each call, in a file that is mapped. What is
// written there is in the kernel's page cache at once, so kill -9 loses nothing; somebody else may sync it to the disk now
// and then, for the loss of power.
//
//   slot      who the call is (written once), what is owed, and its counters twice: each note overwrites the older one,
//             so that a torn write leaves the other. All of it has checksums
//   life      journal_take (a Start is owed) -> JOURNAL_START_SAFE -> journal_note ... -> JOURNAL_STOPPED, with the last
//             counters -> journal_free: a server or the spool has the Stop
//   the rest  what a run leaves in its slots the next one gives to journal_recover's visitor
#pragma once

#include "base/span.h"

#include <stdbool.h>

enum {
	JOURNAL_SLOT_BYTES = 1280,
	JOURNAL_IDENTITY_BYTES_MAX = 1024,
	JOURNAL_NO_SLOT = UINT32_MAX,
};

// What is not owed any more, or is known.
enum journal_state {
	JOURNAL_IN_USE = 1,
	JOURNAL_START_SAFE = 2, // a server or the spool has the Start
	JOURNAL_STOPPED = 4,	// the counters are the last ones
};

struct journal_counters {
	uint64_t up_bytes, up_pkts, down_bytes, down_pkts;
	uint64_t wall_ns; // when that was so
	uint32_t session_s;
	uint32_t cause; // Acct-Terminate-Cause, with JOURNAL_STOPPED
};

struct journal_entry {
	uint32_t state; // enum journal_state, or-ed
	struct span identity;
	bool has_counters; // neither copy was torn, or one of them
	struct journal_counters counters;
};

struct journal;

// The file is made, or made larger or smaller, as n_slots says, with all its blocks: a write to a mapped hole of a full
// disk would be SIGBUS.
//
//   dir_fd   -1: no file, memory alone
//   returns  0, or -errno; -EBADMSG: the file is there and is no journal of this format; *out is NULL then
int journal_open(int dir_fd, uint32_t n_slots, struct journal **out);
// What is in the slots stays there.
void journal_close(struct journal *j);

// Give each slot that the last run left to `visit`. Then they are the visitor's business: journal_clear() when what it
// made of them is safe. Returns how many could not be read.
uint32_t journal_recover(struct journal *j,
	void (*visit)(void *context, const struct journal_entry *entry), void *context);
// Empty all slots, n_slots of them from now on. Returns 0 or -errno.
int journal_clear(struct journal *j);

// A slot for a call that begins, or JOURNAL_NO_SLOT. identity: 1..JOURNAL_IDENTITY_BYTES_MAX bytes.
uint32_t journal_take(struct journal *j, struct span identity, uint32_t state,
	const struct journal_counters *counters);
void journal_note(struct journal *j, uint32_t slot, const struct journal_counters *counters);
void journal_add_state(struct journal *j, uint32_t slot, uint32_t state);
void journal_free(struct journal *j, uint32_t slot);

uint32_t journal_n_free(const struct journal *j);
// What a slot in use says. The spans are borrowed until it is freed.
void journal_get(const struct journal *j, uint32_t slot, struct journal_entry *out);

// To the disk; may take long. The only function here that another thread may call beside this one's.
int journal_sync(const struct journal *j);

// Read one slot as it lies in a file.
//
//   bytes    bytes[JOURNAL_SLOT_BYTES]
//   returns  0 | -ENOENT it is free | -EBADMSG it cannot be read
int journal_read_slot(const uint8_t *bytes, struct journal_entry *out);
