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
	struct crypto_op *lost[LATE_DRIVER_DEPTH];
};

static int late_open(const struct crypto_setup *setup, void **state)
{
	*state = calloc(1, sizeof(struct late));
	late_driver_control.n_lost = 0;
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

static void change_key(struct mppe_context *ctx)
{
	mppe_key_change((enum mppe_strength)ctx->strength, ctx->start_key, ctx->session_key);
	if (!ctx->ring)
		return;
	ctx->ring_at = (uint8_t)((ctx->ring_at + 1) % MPPE_KEY_RING);
	memcpy(ctx->ring->keys[ctx->ring_at], ctx->session_key, MPPE_KEY_BYTES_MAX);
	ctx->ring_n += ctx->ring_n < MPPE_KEY_RING;
}

static void transform(struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;
	enum mppe_strength strength = (enum mppe_strength)ctx->strength;
	struct arcfour_ctx rc4;

	if (late_driver_control.fails || !crypto_op_is_valid(op) ||
		(op->late > 0 && op->late >= ctx->ring_n)) {
		op->status = CRYPTO_ERROR;
		return;
	}
	for (unsigned int i = 0; i < op->n_changes; i++)
		change_key(ctx);
	if (op->late > 0)
		arcfour_set_key(&rc4, mppe_key_len(strength),
			ctx->ring->keys[(ctx->ring_at + MPPE_KEY_RING - op->late) % MPPE_KEY_RING]);
	else if (ctx->is_stateless || op->restart || op->n_changes)
		arcfour_set_key(&rc4, mppe_key_len(strength), ctx->session_key);
	else
		load(&rc4, ctx->rc4);
	arcfour_crypt(&rc4, op->len, op->data, op->data);
	for (unsigned int i = 0; i < op->n_more; i++)
		arcfour_crypt(&rc4, op->more[i].len, op->more[i].data, op->more[i].data);
	if (!ctx->is_stateless)
		store(ctx->rc4, &rc4);
	op->status = CRYPTO_DONE;
}

// Keys and stream move on, and the data is nothing any more.
static void lose(struct late *late, struct crypto_op *op)
{
	static uint8_t scratch[65536];
	struct crypto_op shadow = *op;

	shadow.data = scratch;
	shadow.n_more = 0;
	for (unsigned int i = 0; i < op->n_more; i++)
		shadow.len = (uint16_t)(shadow.len + op->more[i].len);
	transform(&shadow);
	memset(op->data, 0xee, op->len);
	op->status = CRYPTO_LOST;
	late->lost[late_driver_control.n_lost++] = op;
	late_driver_control.last_lost = op;
	late_driver_control.lose--;
}

static unsigned int return_lost(struct late *late, struct crypto_op **ops, unsigned int n)
{
	unsigned int n_lost = late_driver_control.n_lost;

	if (late_driver_control.keeps_lost)
		return 0;
	n = n < n_lost ? n : n_lost;
	for (unsigned int i = 0; i < n; i++) {
		ops[i] = late->lost[--n_lost];
		ops[i]->status = CRYPTO_RETURNED;
		ops[i]->ctx = NULL; // whose it was may have gone
	}
	late_driver_control.n_lost = n_lost;
	return n;
}

static unsigned int late_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	struct late *late = state;

	if (late_driver_control.is_holding)
		return 0;
	if (late_driver_control.n_holding > 0) {
		late_driver_control.n_holding--;
		return 0;
	}
	unsigned int n_returned = return_lost(late, ops, n);
	if (n_returned > 0)
		return n_returned;
	take_turn(late);
	if (n > late->n_ripe)
		n = late->n_ripe;
	late->n_ripe -= n;
	for (unsigned int i = 0; i < n; i++) {
		ops[i] = late->ops[i];
		if (late_driver_control.lose > 0)
			lose(late, ops[i]);
		else
			transform(ops[i]);
	}
	late->n -= n;
	for (unsigned int i = 0; i < late->n; i++)
		late->ops[i] = late->ops[i + n];
	return n;
}

static bool late_has_room(void *state, const struct mppe_context *ctx)
{
	return !late_driver_control.refuses;
}

const struct crypto_driver late_driver = {
	.name = "late",
	.description = "answers when told",
	.for_production = false,
	.open = late_open,
	.close = late_close,
	.submit = late_submit,
	.poll = late_poll,
	.has_room = late_has_room,
};
