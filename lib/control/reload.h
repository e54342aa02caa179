// SPDX-License-Identifier: BSD-3-Clause
// Another configuration while calls are up: SIGHUP, `aditctl reload`. A thread of its own reads and checks the file and
// compares it with what holds; what follows from that is done here, all of it or nothing.
//
//   refused  the file is wrong, or something in it takes a restart: everything is as it was
//   applied  in one turn for all that comes from then on; then the calls that are up are looked at, some in each turn:
//            they get what their policy says now, and those that may not be any more are ended
//   numbers  tenants, pools, groups, access lists and hours keep theirs (conf/conf_settle.h), so nothing else moves
#pragma once

#include "conf/conf_diff.h"
#include "conf/load.h"
#include "control/loop.h"

#include <pthread.h>

struct control;

enum { RELOAD_ENDED_TOLD = 50 };

enum reload_result {
	RELOAD_NONE, // none was asked for
	RELOAD_READING,
	RELOAD_BAD_FILE,
	RELOAD_NEEDS_RESTART,
	RELOAD_FAILED, // no memory, or a driver could not follow
	RELOAD_SHOWN,  // --dry-run: it would be applied
	RELOAD_APPLIED,
};

// A call that may not go on.
struct reload_ended {
	uint64_t session;
	uint32_t client_be, inner_be;
	const char *why;
	uint16_t user_len;
	char user[LIMIT_USER_NAME_BYTES];
};

// What is to be wiped and freed, which of many users takes long: a thread does it.
struct reload_waste {
	struct config *config;
	const struct aaa_driver *aaa;
	void *aaa_state, *prepared; // of the driver
};

// What the thread is given and leaves behind.
struct reload_job {
	const char *path;
	const struct config *old; // nobody writes to it
	struct config *fresh;	  // NULL once it holds
	const struct aaa_driver *aaa;
	void *aaa_state;
	void *prepared; // by the driver, for fresh; then what it needs no more
	pthread_t sweeper;
	bool has_sweeper; // of the reload before, to be joined
	struct config_errors errors;
	struct conf_diff diff;
	int rc;
	int event_fd;
	uint64_t took_ns;
	struct reload_ended ended[RELOAD_ENDED_TOLD]; // the first of them
};

struct reload {
	enum reload_result result; // of the last one
	bool is_dry_run;
	bool is_again;		// SIGHUP came meanwhile
	bool has_rates;		// rates of tenants are others: all calls are told
	uint64_t number;	// of the last one
	int error;		// RELOAD_FAILED
	struct reload_job *job; // its, until the next one begins
	pthread_t thread;
	struct loop_source source;
	struct config *config; // that holds, if it came by a reload: to be freed
	struct config
		*before; // the one that it took the place of, until all calls have been looked at

	struct timer timer; // of the walk through the calls
	bool is_walking;    // also of --dry-run, which looks only
	uint32_t cursor;
	uint32_t n_kept, n_changed, n_ended;
	uint64_t applied_ns; // the turn in which it came to hold
	uint64_t slice_ns;   // the longest one of the walk

	pthread_t sweeper;
	bool has_sweeper;
};

int reload_open(struct control *c); // 0 or -ENOMEM
void reload_close(struct control *c);
// After everything that borrows the configuration.
void reload_free(struct control *c);

// Returns 0 | -EBUSY the last one is not done yet | -ENOTSUP nobody said which file | -errno
int reload_begin(struct control *c, bool is_dry_run);

// SIGHUP: as soon as it is possible.
void reload_signal(struct control *c);

// "applied", ...
const char *reload_result_name(enum reload_result result);
