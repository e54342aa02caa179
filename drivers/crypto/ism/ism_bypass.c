// SPDX-License-Identifier: BSD-3-Clause
// An engine that stops answering: its worker takes over, and gives back later (the table of ism_channel.h).
#include "drivers/crypto/ism/ism_lane.h"

#include "base/secret.h"

static void run_shadow(struct ism_lane *l, struct crypto_op *shadow)
{
	struct crypto_op *ops[1] = {shadow};

	(void)sw_submit(l->sw, ops, 1);
	(void)sw_poll(l->sw, ops, 1);
}

// The key changes of a lost packet, and the key stream that it used up: so its context goes on as if it had been
// transformed. Its own data may be written by the engine at any time.
static void make_up_for(struct ism_lane *l, const struct crypto_op *op)
{
	struct crypto_op shadow = *op;

	if (op->late)
		return;
	shadow.data = l->scratch;
	shadow.n_more = 0;
	if (op->ctx->is_stateless)
		shadow.len = 0;
	run_shadow(l, &shadow);
	shadow.n_changes = 0;
	shadow.restart = 0;
	for (unsigned int i = 0; i < op->n_more && !op->ctx->is_stateless; i++) {
		shadow.len = op->more[i].len;
		run_shadow(l, &shadow);
	}
}

static void begin_hold(struct ism_lane *l, struct ism_channel *c, uint64_t at)
{
	const struct ism_engine *e = &l->ism->engines[c - l->channels];

	c->held_beat = atomic_load_explicit(&e->beat, memory_order_relaxed);
	c->held_at = c->held_since = at;
}

// Packets up to the word's `done` are collected; these are all that are left, in their order.
static void run_left(struct ism_lane *l, struct ism_channel *c, struct ism_word w)
{
	uint32_t n_lost = w.n;

	for (; c->tail != c->filled; c->tail++) {
		struct ism_slot *slot = ism_channel_slot(c, c->tail);
		struct crypto_op *op = slot->origin;

		op->ctx->n_at_engine--;
		if (c->tail - w.done >= n_lost) {
			secret_wipe_bytes(&slot->ctx, sizeof(slot->ctx));
			ism_lane_put_inline(l, op);
			continue;
		}
		make_up_for(l, op);
		op->status = CRYPTO_LOST;
		l->n_lost_untold++;
		done_ring_put(&l->done, op);
	}
	counter_add(&c->counters.lost, n_lost);
	counter_add(&c->counters.bypassed_ops, c->filled - w.done - n_lost);
	ism_lane_flush_inline(l);
}

static void take_over(struct ism_lane *l, struct ism_channel *c, uint64_t at)
{
	uint64_t seen = c->seen_word;
	struct ism_word w = ism_word_unpack(seen), taken = w;

	taken.state = w.state == ISM_BUSY ? ISM_LOST : ISM_TAKEN;
	if (!atomic_compare_exchange_strong_explicit(&c->word, &seen, ism_word_pack(taken),
		    memory_order_relaxed, memory_order_relaxed))
		return; // it does answer
	c->is_bypassed = true;
	run_left(l, c, w);
	begin_hold(l, c, at);
	ism_count_to(&c->counters.depth, w.n);
	ism_count_to(&c->counters.state, CRYPTO_CHANNEL_BYPASSED);
	// Release: who reads the new count reads the new state too.
	__atomic_store_n(
		&c->counters.bypasses, counter_read(&c->counters.bypasses) + 1, __ATOMIC_RELEASE);
}

static void give_back_lost(struct ism_lane *l, struct ism_channel *c, struct ism_word w)
{
	for (uint32_t i = 0; i < w.n; i++) {
		struct crypto_op *op = ism_channel_slot(c, w.done + i)->origin;
		op->status = CRYPTO_RETURNED;
		done_ring_put(&l->done, op);
	}
	w.n = 0;
	w.state = ISM_TAKEN;
	ism_count_to(&c->counters.depth, 0);
	atomic_store_explicit(&c->word, ism_word_pack(w), memory_order_relaxed);
}

static void open_again(struct ism_channel *c, struct ism_word w)
{
	w.done = c->filled;
	w.state = ISM_OPEN;
	c->is_bypassed = false;
	atomic_store_explicit(&c->head, c->filled, memory_order_relaxed);
	atomic_store_explicit(&c->word, ism_word_pack(w), memory_order_release);
	ism_count_to(&c->counters.state, CRYPTO_CHANNEL_OPEN);
}

// Since it was given up, or was last seen to do nothing for as long as that takes.
static bool is_alive_for_long(struct ism_lane *l, struct ism_channel *c)
{
	const struct ism_engine *e = &l->ism->engines[c - l->channels];
	uint32_t beat = atomic_load_explicit(&e->beat, memory_order_relaxed);
	uint64_t at = ism_lane_now(l);

	if (beat != c->held_beat) {
		c->held_beat = beat;
		c->held_at = at;
	} else if (at - c->held_at >= l->ism->config.stall_cycles) {
		c->held_since = at;
	}
	return at - c->held_since >= l->ism->config.hold_cycles;
}

void ism_bypass_hold(struct ism_lane *l, struct ism_channel *c)
{
	struct ism_word w = ism_word_unpack(atomic_load_explicit(&c->word, memory_order_acquire));

	if (w.state == ISM_RETURNED && l->n_lost_untold == 0) {
		give_back_lost(l, c, w);
		w.state = ISM_TAKEN;
		w.n = 0;
	}
	if (is_alive_for_long(l, c) && w.state == ISM_TAKEN)
		open_again(c, w);
}

// A worker that was away itself, as all lanes are when their machine was stopped, cannot tell what the engine did
// meanwhile: of a long time between two looks only a quarter of the patience counts.
void ism_bypass_watch(struct ism_lane *l, struct ism_channel *c, uint64_t word)
{
	uint64_t stall = l->ism->config.stall_cycles;
	if (stall == 0)
		return;
	uint64_t at = ism_lane_now(l), away = at - c->watched_at;
	c->watched_at = at;
	if (word != c->seen_word) {
		c->seen_word = word;
		c->seen_at = at;
		return;
	}
	if (away > stall / 4)
		c->seen_at += away - stall / 4;
	if (at - c->seen_at >= stall)
		take_over(l, c, at);
}
