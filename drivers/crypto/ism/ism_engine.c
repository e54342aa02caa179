// SPDX-License-Identifier: BSD-3-Clause
// The engine's side: claim packets, run them, give them back.
#include "drivers/crypto/ism/ism_set.h"

#include "observe/counters.h"

#include <string.h>

void ism_engine_begin(struct ism_engine *e, struct ism_channel *c, uint64_t seen)
{
	struct ism_word w = ism_word_unpack(seen);
	uint32_t head = atomic_load_explicit(&c->head, memory_order_acquire);
	uint32_t n = head - w.done;

	if (w.state != ISM_OPEN || n == 0)
		return;
	if (n > BURST_PACKETS - e->n_packets)
		n = BURST_PACKETS - e->n_packets;
	w.state = ISM_BUSY;
	w.n = (uint8_t)n;
	if (!atomic_compare_exchange_strong_explicit(
		    &c->word, &seen, ism_word_pack(w), memory_order_relaxed, memory_order_relaxed))
		return;
	e->claims[e->n_claims++] = (struct ism_claim){
		.channel = c,
		.word = ism_word_pack(w),
		.first = w.done,
		.n = n,
		.at = e->n_packets,
	};
	e->n_packets += n;
}

void ism_engine_claim(struct ism_engine *e)
{
	unsigned int n_workers = e->ism->config.n_workers;
	unsigned int worker = e->next_worker;
	uint32_t beat = atomic_load_explicit(&e->beat, memory_order_relaxed);

	atomic_store_explicit(&e->beat, beat + 1, memory_order_relaxed);
	e->n_claims = e->n_packets = 0;
	for (unsigned int i = 0; i < n_workers && e->n_packets < BURST_PACKETS; i++) {
		struct ism_channel *c = ism_channel(e->ism, worker, e->index);
		// Acquire: `head` is not older than the word. A word that is too old fails in the swap.
		ism_engine_begin(e, c, atomic_load_explicit(&c->word, memory_order_acquire));
		worker = worker + 1 < n_workers ? worker + 1 : 0;
	}
	e->next_worker = e->next_worker + 1 < n_workers ? e->next_worker + 1 : 0;
}

// Packet `at` goes on where the one before it in its context ended: within this batch, or in an earlier one.
static void begin_packet(struct ism_engine *e, const struct ism_claim *claim, unsigned int at)
{
	struct ism_channel *c = claim->channel;
	uint32_t index = claim->first + (at - claim->at);
	struct ism_slot *slot = ism_channel_slot(c, index);
	struct burst_packet *p = &e->packets[at];

	*p = (struct burst_packet){
		.op = &slot->op,
		.key_in = slot->ctx.session_key,
		.key_out = slot->key_after,
		.ring_at = slot->ctx.ring_at,
		.ring_n = slot->ctx.ring_n,
		.before = BURST_FIRST,
	};
	e->goes_on[at] = false;
	if (!slot->is_fresh && slot->before - claim->first < claim->n) {
		p->before = (uint8_t)(claim->at + (slot->before - claim->first));
		e->goes_on[p->before] = true;
		slot->ctx.rc4 = e->packets[p->before].op->ctx->rc4;
		return;
	}
	const struct rc4_state *rc4 = &c->rc4_before[index & c->mask];
	if (!slot->is_fresh) {
		// Copied, because that slot may have been filled again and be of this batch, too.
		const struct ism_slot *before = ism_channel_slot(c, slot->before);
		memcpy(slot->ctx.session_key, before->key_after, sizeof(before->key_after));
		p->ring_at = before->ring_at;
		p->ring_n = before->ring_n;
		rc4 = &c->rc4_after[slot->before & c->mask];
	}
	if (!slot->ctx.is_stateless) {
		e->rc4[at] = *rc4;
		slot->ctx.rc4 = &e->rc4[at];
	}
}

static void end_packet(struct ism_engine *e, const struct ism_claim *claim, unsigned int at)
{
	struct ism_channel *c = claim->channel;
	uint32_t index = claim->first + (at - claim->at);
	struct ism_slot *slot = ism_channel_slot(c, index);

	slot->ring_at = e->packets[at].ring_at;
	slot->ring_n = e->packets[at].ring_n;
	slot->has_rc4 = !slot->ctx.is_stateless && !e->goes_on[at];
	if (slot->has_rc4)
		c->rc4_after[index & c->mask] = *slot->ctx.rc4;
	// Nobody knows when the slot will be used again, and the start key must not outlive its session here.
	memset(slot->ctx.start_key, 0, sizeof(slot->ctx.start_key));
	memset(slot->ctx.session_key, 0, sizeof(slot->ctx.session_key));
}

void ism_engine_work(struct ism_engine *e)
{
	for (unsigned int k = 0; k < e->n_claims; k++)
		for (unsigned int i = 0; i < e->claims[k].n; i++)
			begin_packet(e, &e->claims[k], e->claims[k].at + i);
	burst_run(e->burst, e->packets, e->n_packets, e->counters);
	for (unsigned int k = 0; k < e->n_claims; k++)
		for (unsigned int i = 0; i < e->claims[k].n; i++)
			end_packet(e, &e->claims[k], e->claims[k].at + i);
}

void ism_engine_publish(struct ism_engine *e)
{
	for (unsigned int k = 0; k < e->n_claims; k++) {
		struct ism_claim *claim = &e->claims[k];
		struct ism_word w = ism_word_unpack(claim->word);

		w.state = ISM_OPEN;
		w.done += w.n;
		w.n = 0;
		if (atomic_compare_exchange_strong_explicit(&claim->channel->word, &claim->word,
			    ism_word_pack(w), memory_order_release, memory_order_relaxed))
			continue;
		// Given up meanwhile. Nobody else changes it now.
		w = ism_word_unpack(claim->word);
		w.state = ISM_RETURNED;
		atomic_store_explicit(
			&claim->channel->word, ism_word_pack(w), memory_order_release);
	}
	e->n_claims = e->n_packets = 0;
}

unsigned int ism_engine_turn(struct ism_engine *e)
{
	ism_engine_claim(e);
	unsigned int n = e->n_packets;
	if (n > 0) {
		ism_engine_work(e);
		ism_engine_publish(e);
	}
	return n;
}

int ism_engine_run(void *engine)
{
	struct ism_engine *e = engine;
	const struct ism_config *config = &e->ism->config;
	unsigned int n_idle = 0;

	for (;;) {
		uint64_t begun = ism_cycles();
		// Before the turn: what was submitted before it is still run.
		bool is_stopping = atomic_load_explicit(&e->ism->is_stopping, memory_order_acquire);

		if (ism_engine_turn(e) > 0) {
			n_idle = 0;
			continue;
		}
		if (is_stopping)
			return 0;
		n_idle++;
		if (config->idle)
			config->idle(n_idle, config->idle_sleep_us);
		else
			ism_pause();
		if (e->counters)
			counter_add(&e->counters->idle_cycles, ism_cycles() - begun);
	}
}
