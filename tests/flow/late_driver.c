// SPDX-License-Identifier: BSD-3-Clause
#include "late_driver.h"

#include <nettle/arcfour.h>

#include <stdlib.h>
#include <string.h>

struct late_driver_control late_driver_control;

struct late {
	unsigned int n;
	unsigned int n_ripe; // of them were taken in an earlier turn
	unsigned int turn;
	struct crypto_op *ops[LATE_DRIVER_DEPTH];
};

static int late_open(unsigned int depth, void **state)
{
	*state = calloc(1, sizeof(struct late));
	return *state ? 0 : -12;
}

static void late_close(void *state)
{
	free(state);
}

static void take_turn(struct late *late)
{
	if (late->turn != late_driver_control.turn || !late_driver_control.is_slow)
		late->n_ripe = late->n;
	late->turn = late_driver_control.turn;
}

static unsigned int late_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	struct late *late = state;
	unsigned int taken = 0;

	take_turn(late);
	while (taken < n && taken < late_driver_control.submit_max &&
		late->n < late_driver_control.room)
		late->ops[late->n++] = ops[taken++];
	return taken;
}

static void load(struct arcfour_ctx *rc4, const struct rc4_state *from)
{
	memcpy(rc4->S, from->s, sizeof(rc4->S));
	rc4->i = from->i;
	rc4->j = from->j;
}

static void store(struct rc4_state *to, const struct arcfour_ctx *rc4)
{
	memcpy(to->s, rc4->S, sizeof(to->s));
	to->i = rc4->i;
	to->j = rc4->j;
}

static void transform(struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;
	enum mppe_strength strength = (enum mppe_strength)ctx->strength;
	struct arcfour_ctx rc4;

	if (late_driver_control.fails || !crypto_op_is_valid(op)) {
		op->status = CRYPTO_ERROR;
		return;
	}
	for (unsigned int i = 0; i < op->n_changes; i++)
		mppe_key_change(strength, ctx->start_key, ctx->session_key);
	if (ctx->is_stateless || op->restart || op->n_changes)
		arcfour_set_key(&rc4, mppe_key_len(strength), ctx->session_key);
	else
		load(&rc4, ctx->rc4);
	arcfour_crypt(&rc4, op->len, op->data, op->data);
	if (!ctx->is_stateless)
		store(ctx->rc4, &rc4);
	op->status = CRYPTO_DONE;
}

static unsigned int late_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	struct late *late = state;

	if (late_driver_control.is_holding)
		return 0;
	take_turn(late);
	if (n > late->n_ripe)
		n = late->n_ripe;
	late->n_ripe -= n;
	for (unsigned int i = 0; i < n; i++) {
		ops[i] = late->ops[i];
		transform(ops[i]);
	}
	late->n -= n;
	for (unsigned int i = 0; i < late->n; i++)
		late->ops[i] = late->ops[i + n];
	return n;
}

const struct crypto_driver late_driver = {
	.name = "late",
	.description = "answers when told",
	.for_production = false,
	.open = late_open,
	.close = late_close,
	.submit = late_submit,
	.poll = late_poll,
};
