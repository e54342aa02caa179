// SPDX-License-Identifier: BSD-3-Clause
// The access lists of the configuration, compiled and given to the workers: a set is freed when each of them has said
// that it no longer looks at it. The lists stand in the set in the order of the configuration.
#pragma once

#include "conf/config.h"
#include "msg/acl.h"

#include <stdint.h>

struct control;

// Sets that exist at a time: the present one and those that some worker has not given up yet.
enum { ACLS_LIVE_MAX = 2 };

struct acls {
	uint32_t n_live;
	struct {
		struct acl_set *set;
		uint32_t n_retired; // workers that gave it up
	} live[ACLS_LIVE_MAX];	    // the last is the present one
};

// The lists as workers take them. NULL when out of memory.
struct acl_set *acls_compile(const struct config *config);

// Give the workers the lists that the configuration has now; without any there is nothing to give.
// Returns 0, -ENOMEM, -EAGAIN while ACLS_LIVE_MAX sets are in use.
int acls_publish(struct control *c);
// The workers have stopped.
void acls_close(struct control *c);

// A worker gave up a set; NULL when it had none.
void acls_retired(struct control *c, struct acl_set *set);
