// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/op.h"

#include "base/secret.h"

#include <nettle/arcfour.h>

#include <assert.h>
#include <string.h>

static void rc4_start(struct rc4_state *rc4, const uint8_t *key, uint8_t key_len)
{
	struct arcfour_ctx begun;

	static_assert(sizeof(begun.S) == sizeof(rc4->s), "RC4 permutation");
	arcfour_set_key(&begun, key_len, key);
	memcpy(rc4->s, begun.S, sizeof(rc4->s));
	rc4->i = begun.i;
	rc4->j = begun.j;
	secret_wipe_bytes(&begun, sizeof(begun));
}

void mppe_context_init(struct mppe_context *ctx, enum mppe_strength strength, bool is_stateless,
	const uint8_t *start_key, struct rc4_state *rc4)
{
	uint8_t key_len = mppe_key_len(strength);

	assert(is_stateless || rc4);
	memset(ctx, 0, sizeof(*ctx));
	memcpy(ctx->start_key, start_key, key_len);
	mppe_key_initial(strength, start_key, ctx->session_key);
	ctx->strength = (uint8_t)strength;
	ctx->is_stateless = is_stateless;
	if (!is_stateless) {
		ctx->rc4 = rc4;
		rc4_start(rc4, ctx->session_key, key_len);
	}
}

void mppe_context_peek(const struct mppe_context *ctx, uint16_t n_changes, bool restart,
	const uint8_t *in, uint8_t *out, size_t len)
{
	enum mppe_strength strength = (enum mppe_strength)ctx->strength;
	uint8_t key[MPPE_KEY_BYTES_MAX];
	struct arcfour_ctx rc4;

	memcpy(key, ctx->session_key, sizeof(key));
	for (unsigned int i = 0; i < n_changes; i++)
		mppe_key_change(strength, ctx->start_key, key);
	if (ctx->is_stateless || restart || n_changes > 0) {
		arcfour_set_key(&rc4, mppe_key_len(strength), key);
	} else {
		memcpy(rc4.S, ctx->rc4->s, sizeof(rc4.S));
		rc4.i = ctx->rc4->i;
		rc4.j = ctx->rc4->j;
	}
	arcfour_crypt(&rc4, len, out, in);
	secret_wipe_bytes(key, sizeof(key));
	secret_wipe_bytes(&rc4, sizeof(rc4));
}

void mppe_context_wipe(struct mppe_context *ctx)
{
	if (ctx->rc4)
		secret_wipe_bytes(ctx->rc4, sizeof(*ctx->rc4));
	secret_wipe_bytes(ctx, sizeof(*ctx));
}
