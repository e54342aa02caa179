// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/burst_scratch.h"

// The packets whose next key is to be made, one of a chain: those with keys of 16 bytes first, since a hash is over
// keys of one length.
struct active {
	unsigned int n;
	unsigned int n_long;
	uint8_t packets[BURST_PACKETS];
};

static uint8_t form_of(const struct mppe_context *ctx)
{
	if (ctx->strength == MPPE_STRENGTH_128)
		return FORM_128;
	return ctx->strength == MPPE_STRENGTH_56 ? FORM_56 : FORM_40;
}

// The key of a packet that comes after later ones, if the ring still has it.
static void take_late_key(struct burst *b, const struct burst_packet *p, unsigned int i)
{
	const struct mppe_context *ctx = p->op->ctx;
	unsigned int late = p->op->late;

	b->n_late++;
	if (ctx->is_stateless && ctx->ring && late < p->ring_n) {
		memcpy(b->keys[i], ctx->ring->keys[(p->ring_at - late) % MPPE_KEY_RING],
			MPPE_KEY_BYTES_MAX);
		return;
	}
	p->op->status = CRYPTO_ERROR;
	b->n_errors++;
}

// Packet i changes no key; before it the session key is *key.
static inline void settle(
	struct burst *b, const struct burst_packet *p, unsigned int i, const uint8_t *key)
{
	p->op->status = CRYPTO_DONE;
	if (p->op->late == 0)
		memcpy(b->keys[i], key, MPPE_KEY_BYTES_MAX);
	else
		take_late_key(b, p, i);
	if (p->key_out != key)
		memcpy(p->key_out, key, MPPE_KEY_BYTES_MAX);
}

// Packet i has the session key and the ring of the one before it in its chain. Says whether it has changes to wait
// for.
static inline bool begin_packet(
	struct burst *b, const struct burst_packet *p, unsigned int i, const uint8_t *key)
{
	b->key_now[i] = key;
	b->n_left[i] = p->op->n_changes;
	if (b->n_left[i] == 0)
		settle(b, p, i, key);
	return b->n_left[i] > 0;
}

// Packet `i` of a chain has all its changes. Returns the next of it with changes, or BURST_NONE.
static unsigned int go_on(struct burst *b, struct burst_packet *packets, unsigned int i)
{
	for (unsigned int next = b->next[i]; next != BURST_NONE; i = next, next = b->next[i]) {
		packets[next].ring_at = packets[i].ring_at;
		packets[next].ring_n = packets[i].ring_n;
		if (begin_packet(b, &packets[next], next, b->key_now[i]))
			return next;
	}
	return BURST_NONE;
}

// Where the next key goes. A store that misses the cache holds up all stores of the schedules behind it: 2 to 4 % of a
// packet of 64 bytes from 512 sessions on, and nothing with few.
static inline void prefetch_ring(const struct burst_packet *p)
{
	const struct mppe_key_ring *ring = p->op->ctx->ring;

	if (ring)
		__builtin_prefetch(ring->keys[(p->ring_at + 1) % MPPE_KEY_RING], 1);
}

// Find the chains, and their first packets with changes.
static void begin_chains(
	struct burst *b, struct burst_packet *packets, unsigned int n, struct active *active)
{
	uint8_t shorts[BURST_PACKETS];
	unsigned int n_long = 0, n_shorts = 0;

	memset(b->next, BURST_NONE, n);
	for (unsigned int i = 0; i < n; i++) {
		struct burst_packet *p = &packets[i];
		const uint8_t *key = p->key_in;

		b->form[i] = form_of(p->op->ctx);
		if (p->before != BURST_FIRST) {
			b->next[p->before] = (uint8_t)i;
			b->n_left[i] = b->n_left[p->before];
			if (b->n_left[i] > 0)
				continue; // go_on() comes to it
			key = b->key_now[p->before];
			p->ring_at = packets[p->before].ring_at;
			p->ring_n = packets[p->before].ring_n;
		}
		if (!begin_packet(b, p, i, key))
			continue;
		prefetch_ring(p);
		if (b->form[i] == FORM_128)
			active->packets[n_long++] = (uint8_t)i;
		else
			shorts[n_shorts++] = (uint8_t)i;
	}
	memcpy(active->packets + n_long, shorts, n_shorts);
	active->n_long = n_long;
	active->n = n_long + n_shorts;
}

// hashes[from..to) of active packets from..to, whose keys have one length.
static void hash(struct burst *b, const struct burst_packet *packets, const struct active *active,
	unsigned int from, unsigned int to, uint8_t key_len)
{
	const uint8_t *start[SHA1_KEYS_MAX], *session[SHA1_KEYS_MAX];

	while (from < to) {
		unsigned int n = to - from < SHA1_KEYS_MAX ? to - from : SHA1_KEYS_MAX;

		for (unsigned int k = 0; k < n; k++) {
			unsigned int i = active->packets[from + k];
			start[k] = packets[i].op->ctx->start_key;
			session[k] = b->key_now[i];
		}
		b->sha1->run(b->sha1_state, start, session, b->hash_starts + from, key_len, n);
		from += n;
	}
}

// The new key of packet i: its hash, encrypted with itself, and the salt over it (RFC 3078 7.3). Returns the packet
// of its chain whose key comes next, or BURST_NONE.
static unsigned int take_key(struct burst *b, struct burst_packet *packets, unsigned int i,
	const uint8_t *hashed, const uint8_t *stream)
{
	struct burst_packet *p = &packets[i];
	struct mppe_key_ring *ring = p->op->ctx->ring;
	const struct key_form *form = &b->forms[b->form[i]];
	uint64_t key[2], with[2];

	memcpy(key, hashed, sizeof(key));
	memcpy(with, stream, sizeof(with));
	key[0] = ((key[0] ^ with[0]) & form->keep_low) | form->salt_low;
	key[1] = (key[1] ^ with[1]) & form->is_long;
	memcpy(b->keys[i], key, sizeof(key));
	if (ring) {
		unsigned int at = (p->ring_at + 1) % MPPE_KEY_RING;

		memcpy(ring->keys[at], key, sizeof(key));
		p->ring_at = (uint8_t)at;
		if (p->ring_n < MPPE_KEY_RING)
			p->ring_n++;
	}
	b->key_now[i] = b->keys[i];
	if (--b->n_left[i] > 0)
		return i;
	memcpy(p->key_out, key, sizeof(key));
	p->op->status = CRYPTO_DONE;
	return b->next[i] == BURST_NONE ? BURST_NONE : go_on(b, packets, i);
}

// One change for each chain that still has any.
static void change_keys(struct burst *b, struct burst_packet *packets, struct active *active)
{
	unsigned int n_kept = 0, n_long = active->n_long;

	b->n_keys += active->n;
	hash(b, packets, active, 0, n_long, 16);
	hash(b, packets, active, n_long, active->n, 8);
	active->n_long = 0;
	for (unsigned int from = 0, n; from < active->n; from += n) {
		n = burst_group(active->n - from);
		for (unsigned int k = 0; k < n; k++)
			burst_lane_key(b, k, b->hashes[from + k],
				&b->forms[b->form[active->packets[from + k]]]);
		b->rc4->begin(&b->lanes, n);
		b->rc4->stream(&b->lanes, n, 0, 1, b->stream_starts);
		for (unsigned int k = 0; k < n; k++) {
			unsigned int i = take_key(b, packets, active->packets[from + k],
				b->hashes[from + k], b->streams[k]);
			if (i == BURST_NONE)
				continue;
			active->packets[n_kept++] = (uint8_t)i;
			active->n_long += b->form[i] == FORM_128;
		}
	}
	active->n = n_kept;
}

void burst_keys(struct burst *b, struct burst_packet *packets, unsigned int n)
{
	struct active active;

	b->n_keys = b->n_late = b->n_errors = 0;
	begin_chains(b, packets, n, &active);
	while (active.n > 0)
		change_keys(b, packets, &active);
}
