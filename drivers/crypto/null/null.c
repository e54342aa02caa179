// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/null/null.h"

#include "drivers/crypto/done_ring.h"

static int null_open(const struct crypto_setup *setup, void **state)
{
	struct done_ring *done = malloc(sizeof(*done));
	int rc;

	if (!done)
		return -ENOMEM;
	rc = done_ring_init(done, setup->depth);
	if (rc != 0) {
		free(done);
		return rc;
	}
	*state = done;
	return 0;
}

static void null_close(void *state)
{
	if (!state)
		return;
	done_ring_free(state);
	free(state);
}

static unsigned int null_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	struct done_ring *done = state;

	if (n > done_ring_room(done))
		n = done_ring_room(done);
	for (unsigned int i = 0; i < n; i++) {
		ops[i]->status = crypto_op_is_valid(ops[i]) ? CRYPTO_DONE : CRYPTO_ERROR;
		done_ring_put(done, ops[i]);
	}
	return n;
}

static unsigned int null_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	return done_ring_take(state, ops, n);
}

const struct crypto_driver crypto_driver_null = {
	.name = "null",
	.description = "no cryptography at all, for benchmarks of the rest",
	.for_production = false,
	.open = null_open,
	.close = null_close,
	.submit = null_submit,
	.poll = null_poll,
};
