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

enum reload_result {
	RELOAD_NONE, // none was asked for
	RELOAD_READING,
	RELOAD_BAD_FILE,
	RELOAD_NEEDS_RESTART,
	RELOAD_FAILED, // no memory, or a driver could not follow
	RELOAD_SHOWN,  // --dry-run: it would be applied
	RELOAD_APPLIED,
};

// What the thread is given and leaves behind.
struct reload_job {
	const char *path;
	const struct config *old; // nobody writes to it
	struct config *fresh;	  // NULL once it holds
	struct config_errors errors;
	struct conf_diff diff;
	int rc;
	int event_fd;
	uint64_t took_ns;
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
	bool is_walking;
	uint32_t cursor;
	uint32_t n_kept, n_changed, n_ended;
	uint64_t applied_ns; // the turn in which it came to hold
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
