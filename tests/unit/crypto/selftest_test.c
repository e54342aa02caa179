// SPDX-License-Identifier: BSD-3-Clause
// The self-test must pass a driver that is right, and catch each way of being wrong.
#include "crypto/driver.h"

#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <assert.h>
#include <errno.h>

enum fault {
	NO_FAULT,
	OPEN_FAILS,
	WRONG_RC4,
	WRITES_BEHIND,
	NO_CHANGE,
	ONE_CHANGE_ONLY,
	WRONG_SALT,
	NO_RESTART,
	NO_RESTART_AT_CHANGE,
	KEEPS_NO_STREAM,
	IGNORES_LATE,
	LATE_ONE_OFF,
	LATE_TOO_OLD,
	LATE_BEFORE_FIRST,
	NO_RING,
	ONE_PIECE_ONLY,
	PIECES_ANEW,
	LAST_PIECE_SHORT,
	USES_WIPED,
	WRONG_LAST_KEY,
	STATUS_ERROR,
	ANSWERS_TWICE,
	ANSWERS_STRANGE_OP,
	ANSWERS_TOO_MANY,
	ANSWERS_LATE_AGAIN,
	LAST_FIRST,
	LOSES_ONE,
	TAKES_NOTHING,
	TAKES_TOO_MANY,
	N_FAULTS,
};

enum {
	QUEUE = 64,
	N_TRANSFORMS =
		3 + 8 * 32, // the RFC's cases and the rounds: nothing is encrypted after these
};

struct fake {
	unsigned int depth, n, n_seen;
	struct crypto_op *queue[QUEUE];
	struct crypto_op strange;
};

static enum fault fault;
static struct fake fake;

static int fake_open(const struct crypto_setup *setup, void **state)
{
	fake = (struct fake){.depth = setup->depth};
	*state = &fake;
	return fault == OPEN_FAILS ? -ENODEV : 0;
}

static void fake_close(void *state)
{
	EXPECT_TRUE(state == &fake);
	fake.depth = 0;
}

static void change_keys(struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;
	unsigned int n = fault == NO_CHANGE			     ? 0
			 : fault == ONE_CHANGE_ONLY && op->n_changes ? 1
								     : op->n_changes;

	for (unsigned int i = 0; i < n; i++) {
		mppe_key_change(
			(enum mppe_strength)ctx->strength, ctx->start_key, ctx->session_key);
		if (!ctx->ring || fault == NO_RING)
			continue;
		ctx->ring_at = (uint8_t)((ctx->ring_at + 1) % MPPE_KEY_RING);
		ctx->ring_n = (uint8_t)(ctx->ring_n + (ctx->ring_n < MPPE_KEY_RING));
		memcpy(ctx->ring->keys[ctx->ring_at], ctx->session_key, MPPE_KEY_BYTES_MAX);
	}
	if (fault == WRONG_SALT && n && ctx->strength == MPPE_STRENGTH_56)
		ctx->session_key[1] = 0x26;
}

static bool has_late_key(const struct crypto_op *op)
{
	const struct mppe_context *ctx = op->ctx;

	if (fault == LATE_TOO_OLD && ctx->ring_n == MPPE_KEY_RING)
		return true;
	if (fault == LATE_BEFORE_FIRST && op->late < MPPE_KEY_RING)
		return true;
	return fault == IGNORES_LATE || fault == NO_RING || op->late < ctx->ring_n;
}

static const uint8_t *key_of(const struct crypto_op *op)
{
	const struct mppe_context *ctx = op->ctx;
	unsigned int late = op->late - (fault == LATE_ONE_OFF);

	if (op->late == 0 || fault == IGNORES_LATE)
		return ctx->session_key;
	return ctx->ring->keys[(ctx->ring_at - late) % MPPE_KEY_RING];
}

static void crypt_pieces(struct crypto_op *op, struct arcfour_ctx *rc4)
{
	const struct arcfour_ctx begun = *rc4;

	if (op->len)
		arcfour_crypt(rc4, op->len, op->data, op->data);
	for (unsigned int i = 0; i < op->n_more && fault != ONE_PIECE_ONLY; i++) {
		size_t len = op->more[i].len;

		if (fault == PIECES_ANEW)
			*rc4 = begun;
		if (fault == LAST_PIECE_SHORT && i + 1u == op->n_more && len > 0)
			len--;
		if (len)
			arcfour_crypt(rc4, len, op->more[i].data, op->more[i].data);
	}
}

static void transform_op(struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;
	struct arcfour_ctx rc4;
	bool begin;

	if (!crypto_op_is_valid(op) ? fault != USES_WIPED : op->late && !has_late_key(op)) {
		op->status = CRYPTO_ERROR;
		return;
	}
	change_keys(op);
	begin = ctx->is_stateless || (op->restart && fault != NO_RESTART) ||
		(op->n_changes && fault != NO_RESTART_AT_CHANGE);
	if (begin || fault == KEEPS_NO_STREAM || !ctx->rc4) {
		arcfour_set_key(&rc4, mppe_key_len((enum mppe_strength)ctx->strength), key_of(op));
	} else {
		memcpy(rc4.S, ctx->rc4->s, 256);
		rc4.i = ctx->rc4->i;
		rc4.j = ctx->rc4->j;
	}
	crypt_pieces(op, &rc4);
	if (ctx->rc4) {
		memcpy(ctx->rc4->s, rc4.S, 256);
		ctx->rc4->i = rc4.i;
		ctx->rc4->j = rc4.j;
	}
	if (fault == WRONG_RC4 && op->len > 1000)
		op->data[op->len - 1] ^= 1;
	if (fault == WRITES_BEHIND)
		op->data[op->len] ^= 1;
	op->status = fault == STATUS_ERROR ? CRYPTO_ERROR : CRYPTO_DONE;
}

static void transform(struct crypto_op *op)
{
	transform_op(op);
	fake.n_seen += crypto_op_is_valid(op);
	if (fault == WRONG_LAST_KEY && fake.n_seen == N_TRANSFORMS)
		op->ctx->session_key[7] ^= 1;
}

static unsigned int fake_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	unsigned int room = fake.depth - fake.n;

	if (fault == TAKES_NOTHING)
		return 0;
	if (n > room)
		n = room;
	for (unsigned int i = 0; i < n; i++) {
		transform(ops[i]);
		if (fault == LOSES_ONE && i == 0)
			continue;
		fake.queue[fake.n++] = ops[i];
	}
	return fault == TAKES_TOO_MANY ? n + 1 : n;
}

static unsigned int fake_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	unsigned int n_took = fake.n;

	if (n_took > n)
		n_took = n;
	for (unsigned int i = 0; i < n_took; i++)
		ops[i] = fake.queue[fault == LAST_FIRST ? fake.n - 1 - i : i];
	fake.n -= n_took;
	memmove(fake.queue, fake.queue + n_took, fake.n * sizeof(fake.queue[0]));
	if (fault == ANSWERS_TWICE && n_took > 1)
		ops[1] = ops[0];
	if (fault == ANSWERS_STRANGE_OP && n_took)
		ops[0] = &fake.strange;
	if (fault == ANSWERS_TOO_MANY && n_took && n_took < n)
		ops[n_took++] = &fake.strange;
	if (fault == ANSWERS_LATE_AGAIN && n_took == 0) {
		ops[0] = &fake.strange;
		return 1;
	}
	return n_took;
}

static const struct crypto_driver fake_driver = {
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.submit = fake_submit,
	.poll = fake_poll,
};

TEST(selftest, passes_a_driver_that_is_right)
{
	const char *failed = "unset";

	fault = NO_FAULT;
	EXPECT_EQ(0, crypto_driver_selftest(&fake_driver, &(struct crypto_setup){0}, &failed));
	EXPECT_NULL(failed);
	EXPECT_EQ(0, fake.depth); // closed
}

TEST(selftest, passes_on_what_open_returned)
{
	const char *failed = NULL;

	fault = OPEN_FAILS;
	EXPECT_EQ(
		-ENODEV, crypto_driver_selftest(&fake_driver, &(struct crypto_setup){0}, &failed));
	EXPECT_STREQ("open", failed);
}

TEST(selftest, catches_every_fault)
{
	static const struct {
		enum fault fault;
		const char *failed;
	} cases[] = {
		{WRONG_RC4, "stream"},
		{WRITES_BEHIND, "RFC 3079 3.5.1"},
		{NO_CHANGE, "stream"},
		{ONE_CHANGE_ONLY, "stream"},
		{WRONG_SALT, "stream"},
		{NO_RESTART, "stateful stream"},
		{NO_RESTART_AT_CHANGE, "stateful stream"},
		{KEEPS_NO_STREAM, "stateful stream"},
		{IGNORES_LATE, "late packet"},
		{LATE_ONE_OFF, "late packet"},
		{LATE_TOO_OLD, "late packet"},
		{LATE_BEFORE_FIRST, "late packet"},
		{NO_RING, "late packet"},
		{ONE_PIECE_ONLY, "stream"},
		{PIECES_ANEW, "stream"},
		{LAST_PIECE_SHORT, "stream"},
		{USES_WIPED, "wiped"},
		{WRONG_LAST_KEY, "session key after"},
		{STATUS_ERROR, "RFC 3079 3.5.1"},
		{ANSWERS_TWICE, "twice"},
		{ANSWERS_STRANGE_OP, "not ours"},
		{ANSWERS_TOO_MANY, "more than was submitted"},
		{ANSWERS_LATE_AGAIN, "too many"},
		{LAST_FIRST, "out of order"},
		{LOSES_ONE, "no answer"},
		{TAKES_NOTHING, "no answer"},
		{TAKES_TOO_MANY, "took more"},
	};

	static_assert(sizeof(cases) / sizeof(cases[0]) == N_FAULTS - 2, "all but the first two");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *failed = NULL;

		SHIM_TRACE_CASE((long long)i);
		fault = cases[i].fault;
		EXPECT_EQ(-EBADMSG,
			crypto_driver_selftest(&fake_driver, &(struct crypto_setup){0}, &failed));
		EXPECT_STRCONTAINS(failed, cases[i].failed);
		EXPECT_EQ(0, fake.depth);
	}
}
