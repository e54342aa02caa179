// SPDX-License-Identifier: BSD-3-Clause
// Accounting records that no server has taken yet, on disk: for each group of servers a queue of segment files
// `NAME.NUMBER.spool`. Bounded all together: when there is no room, the oldest segment of the longest queue goes.
//
// Whatever blocks is done here, so all of it runs on one thread at a time that may (spool_thread.h).
#pragma once

#include "base/span.h"
#include "drivers/aaa/radius/spool_format.h"

struct spools;
struct spool; // of one group

// Where a record lies.
struct spool_mark {
	uint64_t segment;
	uint32_t at;
};

struct spool_record {
	struct spool_mark mark;
	uint16_t len;
	uint8_t bytes[SPOOL_FORMAT_RECORD_BYTES_MAX];
};

struct spool_stats {
	uint64_t n_waiting; // records
	uint64_t n_bytes;   // of all files
	uint64_t n_dropped; // records that had to go for newer ones
	uint64_t n_corrupt; // stretches of files that hold no record
	uint64_t n_cut;	    // files that end within a record
};

// What earlier runs left is found. dir_fd is borrowed. Returns 0 or -errno.
int spools_open(int dir_fd, uint64_t max_bytes, struct spools **out);
// What was not synced is.
void spools_close(struct spools *s);

// The queue of the group of that name; made if there is none. NULL: no memory.
struct spool *spools_get(struct spools *s, const char *group);

// Put it at the end. It is safe once spools_sync() has said so. Returns 0 or -errno.
int spool_append(struct spool *q, struct span record);
int spools_sync(struct spools *s);

// Fetch up to n records that wait, in order, from where the last call ended; all that it gave has been sent by now
// (spool_sent). *n_out is 0: nothing waits any more.
//
//   returns  0, or -errno when a file could not be read now, with *n_out 0 or what was before it
int spool_read(struct spool *q, struct spool_record *out, unsigned int n, unsigned int *n_out);

// A server has it. Harmless for one that is not there any more.
void spool_sent(struct spool *q, const struct spool_mark *mark);

uint64_t spool_n_waiting(const struct spool *q);
void spools_get_stats(const struct spools *s, struct spool_stats *out);
