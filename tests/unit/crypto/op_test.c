// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/op.h"

#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <string.h>

static const uint8_t start_key[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const enum mppe_strength strengths[] = {
	MPPE_STRENGTH_40, MPPE_STRENGTH_56, MPPE_STRENGTH_128};

TEST(op, stateless_context)
{
	for (int i = 0; i < 3; i++) {
		struct mppe_context ctx;
		struct rc4_state rc4;
		uint8_t wanted[16];

		SHIM_TRACE_CASE(i);
		mppe_context_init(&ctx, strengths[i], true, start_key, &rc4);
		mppe_key_initial(strengths[i], start_key, wanted);
		EXPECT_EQ(strengths[i], ctx.strength);
		EXPECT_EQ(1, ctx.is_stateless);
		EXPECT_NULL(ctx.rc4);
		EXPECT_MEMEQ(wanted, ctx.session_key, 16);
		EXPECT_MEMEQ(start_key, ctx.start_key, mppe_key_len(strengths[i]));
	}
}

TEST(op, stateful_context_has_begun_rc4)
{
	for (int i = 0; i < 3; i++) {
		struct mppe_context ctx;
		struct rc4_state rc4;
		struct arcfour_ctx wanted;

		SHIM_TRACE_CASE(i);
		mppe_context_init(&ctx, strengths[i], false, start_key, &rc4);
		ASSERT_TRUE(ctx.rc4 == &rc4);
		EXPECT_EQ(0, ctx.is_stateless);
		arcfour_set_key(&wanted, mppe_key_len(strengths[i]), ctx.session_key);
		EXPECT_MEMEQ(wanted.S, rc4.s, 256);
		EXPECT_EQ(0, rc4.i);
		EXPECT_EQ(0, rc4.j);
	}
}

// What the next packet would be, for each way to get at its key: the context goes on as if nobody had looked.
TEST(op, peek_leaves_no_trace)
{
	static const struct {
		bool is_stateless, restart;
		uint16_t n_changes;
	} cases[] = {
		{true, false, 0},
		{true, false, 1},
		{true, false, 7},
		{false, false, 0}, // RC4 goes on where it was
		{false, true, 0},
		{false, false, 1},
		{false, true, 3},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int k = 0; k < 3; k++) {
			struct mppe_context ctx, before;
			struct rc4_state rc4, rc4_before;
			struct arcfour_ctx stream;
			uint8_t key[16], in[40], out[40], wanted[40];
			uint8_t key_len = mppe_key_len(strengths[k]);

			SHIM_TRACE_CASE(i);
			mppe_context_init(
				&ctx, strengths[k], cases[i].is_stateless, start_key, &rc4);
			memset(in, 0x5a, sizeof(in));
			memcpy(key, ctx.session_key, sizeof(key));
			arcfour_set_key(&stream, key_len, key);
			if (!cases[i].is_stateless) { // some packets have passed
				arcfour_crypt(&stream, sizeof(wanted), wanted, in);
				memcpy(rc4.s, stream.S, sizeof(rc4.s));
				rc4.i = stream.i;
				rc4.j = stream.j;
				rc4_before = rc4;
			}
			before = ctx;
			for (unsigned int n = 0; n < cases[i].n_changes; n++)
				mppe_key_change(strengths[k], start_key, key);
			if (cases[i].is_stateless || cases[i].restart || cases[i].n_changes)
				arcfour_set_key(&stream, key_len, key);
			arcfour_crypt(&stream, sizeof(wanted), wanted, in);

			mppe_context_peek(
				&ctx, cases[i].n_changes, cases[i].restart, in, out, sizeof(out));
			EXPECT_MEMEQ(wanted, out, sizeof(out));
			EXPECT_MEMEQ(&before, &ctx, sizeof(ctx));
			if (!cases[i].is_stateless)
				EXPECT_MEMEQ(&rc4_before, &rc4, sizeof(rc4));
		}
	}
}

TEST(op, wipe)
{
	static const struct rc4_state no_rc4;
	static const struct mppe_context no_context;
	struct mppe_context ctx;
	struct rc4_state rc4;

	mppe_context_init(&ctx, MPPE_STRENGTH_128, false, start_key, &rc4);
	mppe_context_wipe(&ctx);
	EXPECT_MEMEQ(&no_rc4, &rc4, sizeof(rc4));
	EXPECT_MEMEQ(&no_context, &ctx, sizeof(ctx));
	mppe_context_wipe(&ctx); // twice does no harm
	mppe_context_init(&ctx, MPPE_STRENGTH_40, true, start_key, NULL);
	mppe_context_wipe(&ctx);
	EXPECT_MEMEQ(&no_context, &ctx, sizeof(ctx));
}

TEST(op, validity)
{
	struct mppe_context ctx;
	struct rc4_state rc4;
	struct mppe_key_ring ring;
	struct crypto_op op = {.ctx = &ctx};

	mppe_context_init(&ctx, MPPE_STRENGTH_128, false, start_key, &rc4);
	EXPECT_TRUE(crypto_op_is_valid(&op));
	op.n_changes = CRYPTO_CHANGES_MAX;
	EXPECT_TRUE(crypto_op_is_valid(&op));
	op.n_changes = CRYPTO_CHANGES_MAX + 1;
	EXPECT_FALSE(crypto_op_is_valid(&op));
	op.n_changes = 0;
	ctx.rc4 = NULL;
	EXPECT_FALSE(crypto_op_is_valid(&op));
	ctx.is_stateless = true;
	EXPECT_TRUE(crypto_op_is_valid(&op));
	op.late = 1;
	EXPECT_FALSE(crypto_op_is_valid(&op)); // without a ring
	ctx.ring = &ring;
	EXPECT_TRUE(crypto_op_is_valid(&op));
	op.n_changes = 1;
	EXPECT_FALSE(crypto_op_is_valid(&op)); // it changes nothing
	op.n_changes = 0;
	ctx.is_stateless = false;
	ctx.rc4 = &rc4;
	EXPECT_FALSE(crypto_op_is_valid(&op));
	op.late = 0;
	EXPECT_TRUE(crypto_op_is_valid(&op));
	mppe_context_wipe(&ctx);
	EXPECT_FALSE(crypto_op_is_valid(&op));
	op.ctx = NULL;
	EXPECT_FALSE(crypto_op_is_valid(&op));
}
