// SPDX-License-Identifier: BSD-3-Clause
// The contract of a crypto driver. One instance serves one lane.
//
//   1. ops of one context complete in the order of submission
//   2. submit takes a prefix of the burst and says how many; the rest stays the caller's
//   3. each op taken comes back from poll exactly once with its status; one that is lost comes once more
//   4. an inline driver may do the work in submit, and still answers through poll
//   5. key state is touched by one lane only: the driver's while ops of the context are with it
#pragma once

#include "crypto/op.h"

struct crypto_counters;

// What a driver is opened with. All zero but the depth: no counters, the best SHA-1 that needs no trial,
// an engine of its own where it wants one.
struct crypto_setup {
	unsigned int depth; // ops that may be in flight at once
	unsigned int lane;  // index of the worker that it serves
	const char *sha1;   // name of the key hash (drivers/crypto/sw/sha1_keys.h); NULL: see there
	void *shared;	    // what the lanes of this driver have in common (struct ism); NULL: none
	struct crypto_counters
		*counters; // observe/crypto_counters.h, written by this lane; may be NULL
};

struct crypto_driver {
	const char *name;
	const char *description;
	bool for_production; // false: perf isolation only, refused by the appliance

	// out: *state. Returns 0, -EINVAL for a depth of 0 or beyond reason or an unknown SHA-1, -ENOTSUP for
	// one that this CPU does not have, -ENOMEM.
	int (*open)(const struct crypto_setup *setup, void **state);
	void (*close)(void *state);
	unsigned int (*submit)(void *state, struct crypto_op **ops, unsigned int n);
	unsigned int (*poll)(void *state, struct crypto_op **ops, unsigned int n);
	// Would an op of this context be taken now? To be asked before its coherency count is used, and since ops are
	// submitted some at a time, yes means that there is room for a whole burst. NULL: always, up to the
	// depth.
	bool (*has_room)(void *state, const struct mppe_context *ctx);
};

// Known-answer test of a driver through its own submit and poll: RFC 3079 vectors and chains of key changes
// against mppe_key_change(), with late packets, packets in pieces, lengths 0 and 1 among them.
//
//   setup    what to open it with; the depth is the test's own
//   returns  0, -EBADMSG for a wrong answer, or what open returned; *failed names the case
int crypto_driver_selftest(
	const struct crypto_driver *driver, const struct crypto_setup *setup, const char **failed);
