// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/sw.h"

#include "base/secret.h"
#include "drivers/crypto/done_ring.h"
#include "drivers/crypto/sw/rc4.h"

struct sw {
	struct done_ring done;
	struct rc4_state scratch; // of stateless packets and re-keys; wiped at close
};

static int sw_open(unsigned int depth, void **state)
{
	struct sw *sw = calloc(1, sizeof(*sw));
	int rc;

	if (!sw)
		return -ENOMEM;
	rc = done_ring_init(&sw->done, depth);
	if (rc != 0) {
		free(sw);
		return rc;
	}
	*state = sw;
	return 0;
}

static void sw_close(void *state)
{
	struct sw *sw = state;

	if (!sw)
		return;
	done_ring_free(&sw->done);
	secret_wipe_bytes(sw, sizeof(*sw));
	free(sw);
}

static void change_key(struct rc4_state *scratch, struct mppe_context *ctx)
{
	enum mppe_strength strength = (enum mppe_strength)ctx->strength;
	uint8_t key_len = mppe_key_len(strength);

	mppe_key_from_sha(ctx->start_key, ctx->session_key, key_len, ctx->session_key);
	rc4_begin(scratch, ctx->session_key, key_len);
	rc4_crypt(scratch, ctx->session_key, key_len);
	mppe_key_salt(strength, ctx->session_key);
}

static void transform(struct rc4_state *scratch, struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;
	struct rc4_state *rc4;

	if (!crypto_op_is_valid(op)) {
		op->status = CRYPTO_ERROR;
		return;
	}
	for (unsigned int i = 0; i < op->n_changes; i++)
		change_key(scratch, ctx);
	rc4 = ctx->is_stateless ? scratch : ctx->rc4;
	if (ctx->is_stateless || op->restart || op->n_changes)
		rc4_begin(rc4, ctx->session_key, mppe_key_len((enum mppe_strength)ctx->strength));
	rc4_crypt(rc4, op->data, op->len);
	op->status = CRYPTO_DONE;
}

static unsigned int sw_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	struct sw *sw = state;

	if (n > done_ring_room(&sw->done))
		n = done_ring_room(&sw->done);
	for (unsigned int i = 0; i < n; i++) {
		transform(&sw->scratch, ops[i]);
		done_ring_put(&sw->done, ops[i]);
	}
	return n;
}

static unsigned int sw_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	struct sw *sw = state;

	return done_ring_take(&sw->done, ops, n);
}

const struct crypto_driver crypto_driver_sw = {
	.name = "sw",
	.description = "software, on the worker itself",
	.for_production = true,
	.open = sw_open,
	.close = sw_close,
	.submit = sw_submit,
	.poll = sw_poll,
};
