// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/crypto/sw/burst_scratch.h"

enum {
	CACHE_LINE_BYTES = 64,
	STEP_BLOCKS = 16, // of key stream made in one go, while the bytes for the next step come
};

// What comes of one key in one go: a stateless packet, or packets of a stateful context that follow each other. Its
// number is that of its first packet.
struct stream {
	uint32_t n_bytes;
	uint32_t n_blocks; // of them from the kernels

	// where its next byte goes
	uint32_t at;
	uint8_t piece; // 0: data of the op, then those of more[]
	uint8_t packet;

	bool is_resumed; // goes on with the RC4 of the context
	bool is_kept;	 // and the context goes on with it
};

// Streams by length: a set for each number of blocks up to SETS - 1, which also has all that are longer. It takes no
// time to make it empty.
enum { SETS = 128 };

struct sorted {
	unsigned int n;
	uint64_t used[SETS / 64]; // sets that have something; what stands in others means nothing
	uint64_t sets[SETS];	  // a bit for each stream
};

struct streams {
	struct stream all[BURST_PACKETS];
	struct sorted begun, resumed;
};

static uint32_t op_bytes(const struct crypto_op *op)
{
	uint32_t n = op->len;

	for (unsigned int i = 0; i < op->n_more; i++)
		n += op->more[i].len;
	return n;
}

static void sorted_init(struct sorted *s)
{
	s->n = 0;
	memset(s->used, 0, sizeof(s->used));
}

static inline void sorted_put(struct sorted *s, uint32_t n_blocks, unsigned int i)
{
	unsigned int set = n_blocks < SETS ? n_blocks : SETS - 1;
	uint64_t *used = &s->used[set / 64], bit = 1ull << (set % 64);

	s->sets[set] = (*used & bit ? s->sets[set] : 0) | 1ull << i;
	*used |= bit;
	s->n++;
}

// The longest of the streams in a set.
static unsigned int longest_of(const struct stream *all, uint64_t set)
{
	unsigned int longest = (unsigned int)__builtin_ctzll(set);

	while (set &= set - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(set);
		if (all[i].n_blocks > all[longest].n_blocks)
			longest = i;
	}
	return longest;
}

// The n longest, in their order, to out[n].
static void sorted_take(struct sorted *s, const struct stream *all, unsigned int n, uint8_t *out)
{
	s->n -= n;
	while (n > 0) {
		unsigned int half = s->used[1] != 0;
		unsigned int bit = 63 - (unsigned int)__builtin_clzll(s->used[half]);
		unsigned int which = half * 64 + bit;
		uint64_t set = s->sets[which];

		do {
			unsigned int i = which < SETS - 1 ? (unsigned int)__builtin_ctzll(set)
							  : longest_of(all, set);
			*out++ = (uint8_t)i;
			set &= ~(1ull << i);
		} while (--n > 0 && set);
		s->sets[which] = set;
		if (!set)
			s->used[half] &= ~(1ull << bit);
	}
}

// A packet of a stateful context goes on with the stream of the one before it, unless RC4 starts again. Returns the
// stream that the one after it goes on with.
static unsigned int add_stateful(struct streams *s, const struct crypto_op *op, unsigned int i,
	unsigned int before, uint32_t n_bytes)
{
	bool is_begun = op->n_changes || op->restart;

	if (op->status != CRYPTO_DONE)
		return before;
	if (before != BURST_NONE && !is_begun) {
		s->all[before].n_bytes += n_bytes;
		return before;
	}
	if (before != BURST_NONE)
		s->all[before].is_kept = false;
	s->all[i] = (struct stream){
		.n_bytes = n_bytes, .packet = (uint8_t)i, .is_resumed = !is_begun, .is_kept = true};
	return i;
}

// The stateful packets of the burst, whose bits are set in `which`.
static void find_stateful(struct streams *s, const struct burst_packet *packets, uint64_t which)
{
	uint8_t stream_of[BURST_PACKETS];
	uint64_t streams = 0;

	for (; which; which &= which - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(which);
		const struct burst_packet *p = &packets[i];
		unsigned int before = p->before == BURST_FIRST ? BURST_NONE : stream_of[p->before];

		stream_of[i] = (uint8_t)add_stateful(s, p->op, i, before, op_bytes(p->op));
		if (stream_of[i] == i)
			streams |= 1ull << i;
	}
	for (; streams; streams &= streams - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(streams);
		struct stream *stream = &s->all[i];
		unsigned int round_up = stream->is_kept ? 0 : RC4_BLOCK_BYTES - 1;

		stream->n_blocks = (stream->n_bytes + round_up) / RC4_BLOCK_BYTES;
		if (stream->is_resumed && stream->n_bytes > 0)
			sorted_put(&s->resumed, stream->n_blocks, i);
		else if (!stream->is_resumed && (stream->n_bytes > 0 || stream->is_kept))
			sorted_put(&s->begun, stream->n_blocks, i);
	}
}

// What streams the burst needs. Returns the bytes of all packets.
static uint64_t find_streams(struct streams *s, const struct burst_packet *packets, unsigned int n)
{
	uint64_t n_all = 0, stateful = 0;

	sorted_init(&s->begun);
	sorted_init(&s->resumed);
	for (unsigned int i = 0; i < n; i++) {
		const struct crypto_op *op = packets[i].op;
		uint32_t n_bytes = op_bytes(op);

		n_all += n_bytes;
		if (!op->ctx->is_stateless) {
			stateful |= 1ull << i;
		} else if (op->status == CRYPTO_DONE && n_bytes > 0) {
			uint32_t n_blocks = (n_bytes + RC4_BLOCK_BYTES - 1) / RC4_BLOCK_BYTES;

			s->all[i] = (struct stream){
				.n_bytes = n_bytes, .n_blocks = n_blocks, .packet = (uint8_t)i};
			sorted_put(&s->begun, n_blocks, i);
		}
	}
	find_stateful(s, packets, stateful);
	return n_all;
}

// The next n bytes of key stream into the packets of s.
static void xor_on(struct burst *b, const struct burst_packet *packets, struct stream *s,
	const uint8_t *from, uint32_t n)
{
	for (;;) {
		const struct crypto_op *op = packets[s->packet].op;
		const struct crypto_segment *more = s->piece ? &op->more[s->piece - 1] : NULL;
		uint32_t left = (more ? more->len : op->len) - s->at;
		uint32_t m = n < left ? n : left;

		if (m > 0)
			b->xor_run((more ? more->data : op->data) + s->at, from, m);
		s->at += m;
		from += m;
		n -= m;
		if (n == 0)
			return;
		s->at = 0;
		if (s->piece++ == op->n_more) {
			s->piece = 0;
			do
				s->packet = b->next[s->packet];
			while (packets[s->packet].op->status != CRYPTO_DONE);
		}
	}
}

// A stream is done: what is left of it is in the scratch of its lane, from block `base` on.
static inline void finish(struct burst *b, const struct burst_packet *packets, unsigned int lane,
	struct stream *s, uint32_t base)
{
	const struct crypto_op *op = packets[s->packet].op;
	uint32_t done = base * RC4_BLOCK_BYTES;

	if (s->is_kept)
		rc4_lanes_store(&b->lanes, lane, s->n_bytes, op->ctx->rc4,
			b->streams[lane] + (s->n_blocks * RC4_BLOCK_BYTES - done));
	if (s->n_bytes == done)
		return;
	if (s->n_bytes == op->len && done == 0)
		b->xor_run(op->data, b->streams[lane], op->len);
	else
		xor_on(b, packets, s, b->streams[lane], s->n_bytes - done);
}

// Streams side by side, the longest in lane 0.
struct group {
	unsigned int n;
	struct stream *streams[RC4_LANES];
};

// Bytes that a NIC has just written are not in our cache: the first come while the schedules are made, and the next
// while the key stream of those before them is. Left to the CPU, which sees them coming, 1400 bytes take 5 % longer, 10 %
// in stateful mode, when others keep the L3 cache busy (alone it is the same within 1 %); all asked for at once
// they are more misses than it can have under way.
static inline void prefetch_data(const struct crypto_op *op, uint32_t from)
{
	uint32_t end = from + STEP_BLOCKS * RC4_BLOCK_BYTES;

	if (end > op->len)
		end = op->len;
	for (uint32_t at = from; at < end; at += CACHE_LINE_BYTES)
		__builtin_prefetch(op->data + at, 1);
}

static void prefetch_group(const struct burst_packet *packets, const struct group *g, uint32_t from)
{
	for (unsigned int k = 0; k < g->n; k++)
		prefetch_data(packets[g->streams[k]->packet].op, from);
}

static inline __attribute__((always_inline)) void run_group(
	struct burst *b, const struct burst_packet *packets, struct group *g, bool is_resumed)
{
	uint32_t base = 0, done = 0; // blocks: where scratch begins, how far the lanes are

	while (g->n > 0) {
		uint32_t stop = g->streams[g->n - 1]->n_blocks;
		uint32_t full = base + STREAM_BLOCKS;
		uint32_t step = (done / STEP_BLOCKS + 1) * STEP_BLOCKS;

		if (stop > full)
			stop = full;
		if (stop > step && g->n > 1) // one alone loses 2 % by the steps
			stop = step;
		if (stop > done) {
			uint8_t *out[RC4_LANES];
			for (unsigned int k = 0; k < g->n; k++)
				out[k] = b->streams[k] + (done - base) * RC4_BLOCK_BYTES;
			if (stop < g->streams[0]->n_blocks)
				prefetch_group(packets, g, stop * RC4_BLOCK_BYTES);
			(is_resumed ? b->rc4->resume : b->rc4->stream)(
				&b->lanes, g->n, done * RC4_BLOCK_BYTES, stop - done, out);
			done = stop;
		}
		while (g->n > 0 && g->streams[g->n - 1]->n_blocks == done) {
			g->n--;
			finish(b, packets, g->n, g->streams[g->n], base);
		}
		if (done < full)
			continue;
		for (unsigned int k = 0; k < g->n; k++)
			xor_on(b, packets, g->streams[k], b->streams[k],
				STREAM_BLOCKS * RC4_BLOCK_BYTES);
		base = done;
	}
}

// A copy of it for each kind of stream.
static inline __attribute__((always_inline)) void run_sorted(struct burst *b,
	const struct burst_packet *packets, struct streams *s, struct sorted *sorted,
	bool is_resumed)
{
	while (sorted->n > 0) {
		uint8_t longest[RC4_LANES];
		struct group g;

		g.n = burst_group(sorted->n);
		sorted_take(sorted, s->all, g.n, longest);
		for (unsigned int k = 0; k < g.n; k++) {
			unsigned int i = longest[k];

			prefetch_data(packets[i].op, 0);
			g.streams[k] = &s->all[i];
			if (is_resumed)
				rc4_lanes_load(&b->lanes, k, packets[i].op->ctx->rc4);
			else
				burst_lane_key(b, k, b->keys[i], &b->forms[b->form[i]]);
		}
		if (!is_resumed)
			b->rc4->begin(&b->lanes, g.n);
		run_group(b, packets, &g, is_resumed);
	}
}

uint64_t burst_streams(struct burst *b, const struct burst_packet *packets, unsigned int n)
{
	struct streams s;
	uint64_t n_bytes = find_streams(&s, packets, n);

	// Resumed ones first: a stream that begins anew in the same burst is what its context goes on with.
	run_sorted(b, packets, &s, &s.resumed, true);
	run_sorted(b, packets, &s, &s.begun, false);
	return n_bytes;
}
