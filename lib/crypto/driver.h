// SPDX-License-Identifier: BSD-3-Clause
// The contract of a crypto driver. One instance serves one lane.
//
//   1. ops of one context complete in the order of submission
//   2. submit takes a prefix of the burst and says how many; the rest stays the caller's
//   3. each op taken comes back from poll exactly once with its status
//   4. an inline driver may do the work in submit, and still answers through poll
//   5. key state is touched by one lane only
#pragma once

#include "crypto/op.h"

struct crypto_driver {
	const char *name;
	const char *description;
	bool for_production; // false: perf isolation only, refused by the appliance

	// out: *state. Returns 0 or -errno. `depth`: ops that may be in flight at once.
	int (*open)(unsigned int depth, void **state);
	void (*close)(void *state);
	unsigned int (*submit)(void *state, struct crypto_op **ops, unsigned int n);
	unsigned int (*poll)(void *state, struct crypto_op **ops, unsigned int n);
};

// Known-answer test of a driver through its own submit and poll: RFC 3079 vectors and a chain of key
// changes against mppe_key_change(), lengths 0 and 1 among them.
//
//   returns  0, -EBADMSG for a wrong answer, or what open returned; *failed names the case
int crypto_driver_selftest(const struct crypto_driver *driver, const char **failed);
