// SPDX-License-Identifier: BSD-3-Clause
// The worker's side, which is the crypto driver: fill channels, and take back what is done.
#include "drivers/crypto/ism/ism_lane.h"

#include "base/secret.h"
#include "observe/counters.h"

#include <string.h>

enum { OWN_QUEUE = 512 }; // of an instance without engines on other lanes

// --- open and close ---------------------------------------------------------------------------------

static int open_own(struct ism_lane *l, const struct crypto_setup *setup)
{
	const struct ism_config config = {
		.n_workers = 1,
		.n_engines = 1,
		.queue = OWN_QUEUE,
		.sha1 = setup->sha1,
		.counters = {setup->counters},
	};
	int error = ism_new(&config, &l->own);

	l->ism = l->own;
	return error;
}

static void ism_lane_close(void *state)
{
	struct ism_lane *l = state;

	if (!l)
		return;
	sw_close(l->sw);
	done_ring_free(&l->done);
	ism_free(l->own);
	if (l->scratch)
		secret_wipe_bytes(l->scratch, ISM_SCRATCH_BYTES); // has key streams
	free(l->scratch);
	free(l);
}

static int ism_lane_open(const struct crypto_setup *setup, void **state)
{
	struct crypto_setup inline_setup = *setup;
	unsigned int lane = setup->shared ? setup->lane : 0;

	if (setup->depth == 0 || setup->depth > DONE_RING_DEPTH_MAX / 2)
		return -EINVAL;
	struct ism_lane *l = calloc(1, sizeof(*l));
	int error = -ENOMEM;
	if (!l)
		return error;
	l->ism = setup->shared;
	l->depth = setup->depth;
	l->scratch = malloc(ISM_SCRATCH_BYTES);
	if (!l->scratch)
		goto close_lane;
	// An op that was lost is there once more when it is returned.
	error = done_ring_init(&l->done, 2 * setup->depth);
	if (error)
		goto close_lane;
	inline_setup.depth = BURST_PACKETS;
	error = sw_open_with(&inline_setup, setup->sha1, &l->sw);
	if (!error && !l->ism)
		error = open_own(l, setup);
	if (!error && lane >= l->ism->config.n_workers)
		error = -EINVAL;
	if (error)
		goto close_lane;
	l->n_engines = l->ism->config.n_engines;
	l->channels = ism_channel(l->ism, lane, 0);
	l->next_engine = lane % l->n_engines; // not all workers begin with the same
	*state = l;
	return 0;

close_lane:
	ism_lane_close(l);
	return error;
}

// --- inline -----------------------------------------------------------------------------------------

static void run_inline(struct ism_lane *l, struct crypto_op **ops, unsigned int n)
{
	while (n > 0) {
		unsigned int n_run = sw_submit(l->sw, ops, n < BURST_PACKETS ? n : BURST_PACKETS);

		(void)sw_poll(l->sw, ops, n_run);
		done_ring_put_all(&l->done, ops, n_run);
		ops += n_run;
		n -= n_run;
	}
}

void ism_lane_flush_inline(struct ism_lane *l)
{
	run_inline(l, l->inline_ops, l->n_inline);
	l->n_inline = 0;
}

void ism_lane_put_inline(struct ism_lane *l, struct crypto_op *op)
{
	l->inline_ops[l->n_inline++] = op;
	if (l->n_inline == BURST_PACKETS)
		ism_lane_flush_inline(l);
}

// --- the channel ------------------------------------------------------------------------------------

uint64_t ism_lane_now(const struct ism_lane *l)
{
	const struct ism_config *config = &l->ism->config;

	return config->clock ? config->clock(config->clock_context) : ism_cycles();
}

static uint32_t channel_room(const struct ism_channel *c)
{
	return c->mask + 1 - (c->filled - c->tail);
}

static void fill(struct ism_channel *c, struct crypto_op *op)
{
	struct ism_slot *slot = ism_channel_slot(c, c->filled);
	struct mppe_context *ctx = op->ctx;

	slot->op = *op;
	slot->op.ctx = &slot->ctx;
	slot->ctx = *ctx;
	slot->origin = op;
	slot->is_fresh = ctx->n_at_engine == 0;
	slot->before = ctx->engine_slot;
	if (!ctx->is_stateless && slot->is_fresh) {
		c->rc4_before[c->filled & c->mask] = *ctx->rc4;
		c->is_stateful = true;
	}
	ctx->n_at_engine++;
	ctx->engine_slot = c->filled++;
}

// Let the engine see what was filled.
static void publish(struct ism_lane *l, struct ism_channel *c)
{
	uint32_t head = atomic_load_explicit(&c->head, memory_order_relaxed);
	uint32_t n = c->filled - head;

	if (n == 0)
		return;
	if (head == c->tail) { // it had nothing to do: its time begins now
		c->seen_word = atomic_load_explicit(&c->word, memory_order_relaxed);
		c->seen_at = c->watched_at = ism_lane_now(l);
	}
	atomic_store_explicit(&c->head, c->filled, memory_order_release);
	counter_add(&c->counters.submitted, n);
	ism_count_to(&c->counters.depth, c->filled - c->tail);
	if (c->filled - c->tail > counter_read(&c->counters.depth_max))
		ism_count_to(&c->counters.depth_max, c->filled - c->tail);
}

static void take_back(struct ism_lane *l, struct ism_channel *c, const struct ism_slot *slot)
{
	struct crypto_op *op = slot->origin;
	struct mppe_context *ctx = op->ctx;

	memcpy(ctx->session_key, slot->key_after, sizeof(slot->key_after));
	ctx->ring_at = slot->ring_at;
	ctx->ring_n = slot->ring_n;
	if (slot->has_rc4)
		*ctx->rc4 = c->rc4_after[slot - c->slots];
	ctx->n_at_engine--;
	op->status = slot->op.status;
	done_ring_put(&l->done, op);
}

// What the engine has done so far. Returns the word that said so.
static uint64_t collect(struct ism_lane *l, struct ism_channel *c)
{
	uint64_t word = atomic_load_explicit(&c->word, memory_order_acquire);
	uint32_t done = ism_word_unpack(word).done;

	while (c->tail != done)
		take_back(l, c, ism_channel_slot(c, c->tail++));
	ism_count_to(&c->counters.depth, c->filled - c->tail);
	return word;
}

// --- submit and poll --------------------------------------------------------------------------------

// The engine with the least to do, in turn where that is the same.
static unsigned int choose_engine(const struct ism_lane *l)
{
	unsigned int best = l->next_engine;

	for (unsigned int i = 0; i < l->n_engines; i++) {
		unsigned int k = (l->next_engine + i) % l->n_engines;
		const struct ism_channel *c = &l->channels[k], *b = &l->channels[best];

		if (!c->is_bypassed && (b->is_bypassed || channel_room(c) > channel_room(b)))
			best = k;
	}
	return best;
}

static struct ism_channel *channel_of(struct ism_lane *l, const struct mppe_context *ctx)
{
	return &l->channels[ctx->engine ? ctx->engine - 1U : choose_engine(l)];
}

static void pin(struct ism_lane *l, struct mppe_context *ctx, const struct ism_channel *c)
{
	if (ctx->engine)
		return;
	ctx->engine = (uint8_t)(1 + (c - l->channels));
	l->next_engine = ctx->engine % l->n_engines;
}

static bool has_room(struct ism_lane *l, struct ism_channel *c, uint32_t n)
{
	if (c->is_bypassed || channel_room(c) >= n)
		return true;
	(void)collect(l, c);
	if (channel_room(c) >= n)
		return true;
	counter_add(&c->counters.full, 1);
	return false;
}

static bool take(struct ism_lane *l, struct crypto_op *op)
{
	struct mppe_context *ctx = op->ctx;

	if (!crypto_op_is_valid(op)) {
		// The answer must not come before those of packets ahead of it.
		if (ctx && ctx->n_at_engine > 0)
			return false;
		ism_lane_put_inline(l, op);
		return true;
	}
	struct ism_channel *c = channel_of(l, ctx);
	if (!has_room(l, c, 1))
		return false;
	pin(l, ctx, c);
	if (c->is_bypassed) {
		counter_add(&c->counters.bypassed_ops, 1);
		ism_lane_put_inline(l, op);
	} else {
		fill(c, op);
	}
	return true;
}

static unsigned int ism_lane_submit(void *state, struct crypto_op **ops, unsigned int n)
{
	struct ism_lane *l = state;
	unsigned int n_taken = 0;

	while (n_taken < n && l->n_in_flight < l->depth && take(l, ops[n_taken])) {
		l->n_in_flight++;
		n_taken++;
	}
	ism_lane_flush_inline(l);
	for (unsigned int i = 0; i < l->n_engines; i++)
		publish(l, &l->channels[i]);
	return n_taken;
}

static unsigned int ism_lane_poll(void *state, struct crypto_op **ops, unsigned int n)
{
	struct ism_lane *l = state;

	if (l->own)
		(void)ism_engine_turn(&l->own->engines[0]);
	for (unsigned int i = 0; i < l->n_engines; i++) {
		struct ism_channel *c = &l->channels[i];

		if (c->is_bypassed) {
			ism_bypass_hold(l, c);
		} else if (c->tail != c->filled) {
			uint64_t word = collect(l, c);
			if (c->tail != c->filled)
				ism_bypass_watch(l, c, word);
		}
	}
	n = done_ring_take(&l->done, ops, n);
	for (unsigned int i = 0; i < n; i++) {
		if (ops[i]->status == CRYPTO_LOST)
			l->n_lost_untold--;
		else
			l->n_in_flight--;
	}
	return n;
}

// So much room that the packets of a whole burst, asked for one by one before they are submitted, are all taken.
static bool ism_lane_has_room(void *state, const struct mppe_context *ctx)
{
	struct ism_lane *l = state;

	return l->n_in_flight < l->depth && has_room(l, channel_of(l, ctx), LIMIT_BURST_PKTS);
}

const struct crypto_driver crypto_driver_ism = {
	.name = "ism",
	.description = "on engine lanes beside the workers",
	.for_production = true,
	.open = ism_lane_open,
	.close = ism_lane_close,
	.submit = ism_lane_submit,
	.poll = ism_lane_poll,
	.has_room = ism_lane_has_room,
};
