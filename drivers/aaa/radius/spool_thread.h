// SPDX-License-Identifier: BSD-3-Clause
// The thread that may wait for a disk, so that the control lane never does: it writes, reads and syncs the spool, and syncs
// the journal now and then. It touches the spool's files, its queue, and nothing else.
#pragma once

#include "drivers/aaa/radius/spool.h"

#include <stdbool.h>

struct journal;
struct spool_thread;

enum {
	SPOOL_THREAD_JOBS = 1024,    // under way at a time
	SPOOL_THREAD_SYNC_MS = 5000, // how long the journal is not synced
};

enum spool_job_kind {
	SPOOL_JOB_APPEND, // `bytes`; done when they are safe
	SPOOL_JOB_READ,	  // up to n_records to `records`, which are the thread's until it is done
	SPOOL_JOB_SENT,	  // `mark`
	SPOOL_JOB_AGAIN,  // `record`, which is the caller's until it is done: to the end with it
	SPOOL_JOB_QUEUE,  // find that of the group whose name is `bytes`, or make it
};

struct spool_job {
	enum spool_job_kind kind;
	struct spool *queue;
	void *context; // the caller's, as is
	union {
		const struct spool_record *record;
		struct {
			uint16_t len;
			uint8_t bytes[SPOOL_FORMAT_RECORD_BYTES_MAX];
		};
		struct {
			uint32_t n_records;
			struct spool_record *records;
		};
		struct spool_mark mark;
	};
};

struct spool_done {
	enum spool_job_kind kind;
	void *context;
	int rc;		    // APPEND, READ, AGAIN
	uint32_t n_records; // READ
	struct spool *queue;
	uint64_t n_waiting; // in that queue, now
};

// `spools` and the journal (may be NULL) are borrowed, and the spools the thread's until spool_thread_stop().
int spool_thread_start(
	struct spools *spools, const struct journal *journal, struct spool_thread **out);
// All jobs are done first. What they gave may be fetched after that too; then free it.
void spool_thread_stop(struct spool_thread *t);
void spool_thread_free(struct spool_thread *t);

// Readable when something is done.
int spool_thread_fd(const struct spool_thread *t);

// Room for a job? Never where there is no thread (NULL).
bool spool_thread_has_room(const struct spool_thread *t);
// Takes a copy; there is room.
void spool_thread_submit(struct spool_thread *t, const struct spool_job *job);
// Returns whether there was one.
bool spool_thread_fetch(struct spool_thread *t, struct spool_done *done);
// Jobs whose end has not been fetched.
uint32_t spool_thread_pending(const struct spool_thread *t);
void spool_thread_get_stats(struct spool_thread *t, struct spool_stats *out);
