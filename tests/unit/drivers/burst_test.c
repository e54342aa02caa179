// SPDX-License-Identifier: BSD-3-Clause
// What the burst asks of its kernels: how many lanes, how many keys, for how many blocks. The kernels under test are
// the portable ones, with a look at each call. That the answers are right is crypto_driver_test's and
// crypto_cross_test's.
#include "drivers/crypto/sw/burst.h"
#include "drivers/crypto/sw/sw.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <nettle/arcfour.h>

#include <errno.h>
#include <stdlib.h>

enum { CALLS_MAX = 4096, LEN_MAX = 9000 };

struct call {
	char what; // b: begin, s: stream, r: resume, h: hash
	unsigned int n;
	unsigned int blocks; // of hashes the key length
};

static struct call calls[CALLS_MAX];
static unsigned int n_calls;

static void note(char what, unsigned int n, unsigned int blocks)
{
	if (n_calls < CALLS_MAX)
		calls[n_calls++] = (struct call){what, n, blocks};
}

static void seen_begin(struct rc4_lanes *l, unsigned int n)
{
	note('b', n, 0);
	rc4_kernels_c.begin(l, n);
}

static void seen_stream(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	note('s', n, n_blocks);
	rc4_kernels_c.stream(l, n, at, n_blocks, out);
}

static void seen_resume(struct rc4_lanes *l, unsigned int n, unsigned int at, unsigned int n_blocks,
	uint8_t *const out[])
{
	note('r', n, n_blocks);
	rc4_kernels_c.resume(l, n, at, n_blocks, out);
}

static const struct rc4_kernels seen_rc4 = {"seen", seen_begin, seen_stream, seen_resume};

static bool has_it = true;
static int open_error;
static int n_open;

static bool is_supported(void)
{
	return has_it;
}

static int seen_open(void **state)
{
	*state = &n_open;
	n_open += open_error == 0;
	return open_error;
}

static void seen_close(void *state)
{
	EXPECT_TRUE(state == &n_open);
	n_open--;
}

static void seen_hash(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	EXPECT_TRUE(state == &n_open);
	note('h', n, key_len);
	for (unsigned int i = 0; i < n; i++)
		mppe_key_from_sha(start[i], session[i], key_len, key[i]);
}

static const struct sha1_keys seen_sha1 = {
	.name = "seen",
	.is_supported = is_supported,
	.open = seen_open,
	.close = seen_close,
	.run = seen_hash,
};

// Packets of a session each unless a test makes `before` and the context another.
struct rig {
	struct burst *burst;
	struct crypto_counters counters;
	struct mppe_context contexts[BURST_PACKETS];
	struct rc4_state rc4[BURST_PACKETS];
	struct crypto_op ops[BURST_PACKETS];
	struct burst_packet packets[BURST_PACKETS];
	uint8_t data[BURST_PACKETS][LEN_MAX];
};

static struct rig *rig_new(enum mppe_strength strength, bool is_stateless)
{
	const struct burst_parts parts = {.rc4 = &seen_rc4, .sha1 = &seen_sha1};
	struct rig *r = calloc(1, sizeof(*r));

	EXPECT_EQ(0, burst_open_with(&parts, &r->burst));
	for (unsigned int i = 0; i < BURST_PACKETS; i++) {
		const uint8_t key[MPPE_KEY_BYTES_MAX] = {(uint8_t)i, 77};
		mppe_context_init(&r->contexts[i], strength, is_stateless, key, &r->rc4[i]);
		r->ops[i] = (struct crypto_op){
			.ctx = &r->contexts[i], .data = r->data[i], .n_changes = is_stateless};
		r->packets[i] = (struct burst_packet){.op = &r->ops[i],
			.key_in = r->contexts[i].session_key,
			.key_out = r->contexts[i].session_key,
			.before = BURST_FIRST};
	}
	n_calls = 0;
	return r;
}

static void rig_free(struct rig *r)
{
	burst_close(r->burst);
	EXPECT_EQ(0, n_open);
	free(r);
}

static void rig_run(struct rig *r, unsigned int n)
{
	n_calls = 0;
	burst_run(r->burst, r->packets, n, &r->counters);
	ASSERT_LT(n_calls, CALLS_MAX);
	for (unsigned int i = 0; i < n; i++)
		EXPECT_EQ(CRYPTO_DONE, r->ops[i].status);
}

// Lanes times blocks of all calls of one kind, or the keys of all hashes.
static unsigned int total(char what)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < n_calls; i++)
		if (calls[i].what == what)
			sum += calls[i].n * (what == 's' || what == 'r' ? calls[i].blocks : 1);
	return sum;
}

TEST(burst, open)
{
	const struct burst_parts parts = {.rc4 = &seen_rc4, .sha1 = &seen_sha1};
	struct burst *b = NULL;

	EXPECT_EQ(-EINVAL, burst_open("no such hash", NULL, &b));
	EXPECT_EQ(-EINVAL, burst_open(NULL, "no such kernels", &b));
	EXPECT_NULL(b);
	burst_close(NULL);
	EXPECT_EQ(0, burst_open("c", "c", &b));
	burst_close(b);
	EXPECT_EQ(0, burst_open(NULL, NULL, &b));
	burst_close(b);
	has_it = false;
	EXPECT_EQ(-ENOTSUP, burst_open_with(&parts, &b));
	has_it = true;
	open_error = -ENOMEM;
	EXPECT_EQ(-ENOMEM, burst_open_with(&parts, &b));
	open_error = 0;
	EXPECT_EQ(0, n_open);
}

// One or two lanes are slow: what is left over after eight goes in two halves.
TEST(burst, lanes_are_shared_out_evenly)
{
	static const struct {
		unsigned int n, lanes[9];
	} cases[] = {
		{1, {1}},
		{8, {8}},
		{9, {5, 4}},
		{15, {8, 7}},
		{16, {8, 8}},
		{17, {8, 5, 4}},
		{64, {8, 8, 8, 8, 8, 8, 8, 8}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *r = rig_new(MPPE_STRENGTH_128, true);
		unsigned int n_begun = 0, n_groups = 0;

		SHIM_TRACE_CASE((long long)i);
		while (n_groups < 9 && cases[i].lanes[n_groups])
			n_groups++;
		for (unsigned int k = 0; k < cases[i].n; k++)
			r->ops[k].len = 100;
		rig_run(r, cases[i].n);
		for (unsigned int k = 0; k < n_calls; k++)
			if (calls[k].what == 'b') // first for the keys, then for the streams
				EXPECT_EQ(cases[i].lanes[n_begun++ % n_groups], calls[k].n);
		EXPECT_EQ(2 * n_groups, n_begun);
		rig_free(r);
	}
}

// Whatever the lengths, no block more than it takes is made, and lanes only ever leave.
TEST(burst, a_lane_leaves_when_its_stream_is_done)
{
	struct xorshift random = xorshift_seed(3);

	for (unsigned int round = 0; round < 50; round++) {
		struct rig *r = rig_new(MPPE_STRENGTH_128, true);
		unsigned int wanted = 0, n = 1 + xorshift_below(&random, BURST_PACKETS), lanes = 0;

		SHIM_TRACE_CASE(round);
		for (unsigned int i = 0; i < n; i++) {
			unsigned int max = xorshift_below(&random, 10) ? 1600 : LEN_MAX;
			r->ops[i].len = (uint16_t)xorshift_below(&random, max);
			wanted += (r->ops[i].len + 15u) / 16;
		}
		rig_run(r, n);
		EXPECT_EQ(wanted + n, total('s')); // one more for each new key
		for (unsigned int i = 0; i < n_calls; i++) {
			if (calls[i].what == 's')
				EXPECT_LE(calls[i].n, lanes);
			lanes = calls[i].n;
		}
		rig_free(r);
	}
}

TEST(burst, a_packet_of_no_bytes_costs_no_schedule)
{
	struct rig *r = rig_new(MPPE_STRENGTH_40, true);

	rig_run(r, 8);
	EXPECT_EQ(8, total('b')); // of the keys
	for (unsigned int i = 0; i < 8; i++)
		r->ops[i].n_changes = 0;
	rig_run(r, 8);
	EXPECT_EQ(0, n_calls);
	rig_free(r);
}

// Hashes are of one length of key and of 32 at most.
TEST(burst, keys_are_hashed_by_their_length)
{
	struct rig *r = rig_new(MPPE_STRENGTH_128, true);
	unsigned int n_long = 0, n_short = 0;

	for (unsigned int i = 0; i < BURST_PACKETS; i += 4)
		r->contexts[i].strength = i % 8 ? MPPE_STRENGTH_40 : MPPE_STRENGTH_56;
	rig_run(r, BURST_PACKETS);
	for (unsigned int i = 0; i < n_calls; i++) {
		if (calls[i].what != 'h')
			continue;
		EXPECT_LE(calls[i].n, SHA1_KEYS_MAX);
		if (calls[i].blocks == 16)
			n_long += calls[i].n;
		else if (calls[i].blocks == 8)
			n_short += calls[i].n;
	}
	EXPECT_EQ(BURST_PACKETS / 4 * 3, n_long);
	EXPECT_EQ(BURST_PACKETS / 4, n_short);
	rig_free(r);
}

// A jump costs its own changes and nobody else's; several go side by side.
TEST(burst, jumps)
{
	struct rig *r = rig_new(MPPE_STRENGTH_128, true);
	unsigned int n_hashes = 0;

	r->ops[5].n_changes = 100;
	rig_run(r, 16);
	EXPECT_EQ(15 + 100, total('h'));
	EXPECT_EQ(15 + 100, total('b'));
	EXPECT_EQ(15 + 100, r->counters.key_changes);

	for (unsigned int i = 0; i < 8; i++)
		r->ops[i].n_changes = CRYPTO_CHANGES_MAX / 16;
	rig_run(r, 8);
	for (unsigned int i = 0; i < n_calls; i++) {
		n_hashes += calls[i].what == 'h';
		EXPECT_EQ(8, calls[i].n);
	}
	EXPECT_EQ(CRYPTO_CHANGES_MAX / 16, n_hashes);
	rig_free(r);
}

static void chain(struct rig *r, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		r->ops[i].ctx = &r->contexts[0];
		r->packets[i].before = (uint8_t)(i - 1);
		r->packets[i].key_in = NULL; // not read
	}
}

// The keys of one session come one after the other, its streams eight at a time.
TEST(burst, packets_of_one_stateless_session)
{
	struct rig *r = rig_new(MPPE_STRENGTH_56, true);
	uint8_t keys[16][MPPE_KEY_BYTES_MAX], wanted[MPPE_KEY_BYTES_MAX],
		before[MPPE_KEY_BYTES_MAX];
	unsigned int n_ones = 0, n_eights = 0;

	chain(r, 16);
	memcpy(wanted, r->contexts[0].session_key, sizeof(wanted));
	memcpy(before, r->contexts[0].session_key, sizeof(before));
	for (unsigned int i = 0; i < 16; i++) {
		r->ops[i].len = 1400;
		r->packets[i].key_out = keys[i]; // as an engine has it: not in the context
	}
	rig_run(r, 16);
	EXPECT_MEMEQ(before, r->contexts[0].session_key, sizeof(before));
	for (unsigned int i = 0; i < 16; i++) {
		mppe_key_change(MPPE_STRENGTH_56, r->contexts[0].start_key, wanted);
		EXPECT_MEMEQ(wanted, keys[i], sizeof(wanted));
	}
	for (unsigned int i = 0; i < n_calls; i++)
		if (calls[i].what == 'b') {
			n_ones += calls[i].n == 1;
			n_eights += calls[i].n == 8;
		}
	EXPECT_EQ(16, n_ones);
	EXPECT_EQ(2, n_eights);
	rig_free(r);
}

// What a stateful session's packets take from one key is one stream: loaded once, stored once.
TEST(burst, packets_of_one_stateful_session)
{
	struct rig *r = rig_new(MPPE_STRENGTH_128, false);

	chain(r, 12);
	for (unsigned int i = 0; i < 12; i++)
		r->ops[i].len = 100;
	rig_run(r, 12);
	EXPECT_EQ(1200 / 16, total('r'));
	EXPECT_EQ(0, total('b'));

	// A restart in the middle: the first half to the byte, since nobody goes on with it, then a new schedule.
	r->ops[5].restart = 1;
	rig_run(r, 12);
	EXPECT_EQ((500 + 15) / 16, total('r'));
	EXPECT_EQ(1, total('b'));
	EXPECT_EQ(700 / 16, total('s'));
	rig_free(r);
}

TEST(burst, counters)
{
	struct rig *r = rig_new(MPPE_STRENGTH_128, true);
	struct crypto_segment more[2] = {{r->data[20], 11}, {r->data[21], 22}};
	struct mppe_key_ring ring = {0};

	for (unsigned int i = 0; i < 20; i++)
		r->ops[i].len = 10;
	r->ops[3].more = more;
	r->ops[3].n_more = 2;
	r->contexts[4].ring = &ring;
	rig_run(r, 20);
	EXPECT_EQ(20, r->counters.ops);
	EXPECT_EQ(20 * 10 + 33, r->counters.bytes);
	EXPECT_EQ(20, r->counters.key_changes);
	EXPECT_EQ(1, r->counters.batches[crypto_batch_class(20)]);
	EXPECT_EQ(0, r->counters.late + r->counters.errors + r->counters.idle_cycles);
#ifdef __x86_64__
	EXPECT_GT(r->counters.busy_cycles, 0);
#endif
	EXPECT_EQ(1, r->packets[4].ring_n);
	r->ops[4].n_changes = 0;
	r->ops[4].late = 1; // the ring has one key, which is the session key
	burst_run(r->burst, r->packets + 4, 1, &r->counters);
	EXPECT_EQ(CRYPTO_ERROR, r->ops[4].status);
	EXPECT_EQ(21, r->counters.ops);
	EXPECT_EQ(1, r->counters.late);
	EXPECT_EQ(1, r->counters.errors);
	burst_run(r->burst, r->packets, 0, &r->counters);
	EXPECT_EQ(21, r->counters.ops);
	burst_run(r->burst, r->packets, 1, NULL);
	rig_free(r);
}

// Pieces of no byte and of 64 KiB, many to a packet and beside short ones: what is longer than any set of lengths and
// than the scratch, again and again.
static void run_pieces(const char *kernels, bool is_stateless)
{
	enum { N = 12, PIECES = 6, MOST = 65535, ROOM = MOST + 3 * MOST + 100 };
	static const uint16_t lens[PIECES] = {MOST, 0, MOST, 1, MOST, 63};
	struct crypto_segment more[N][PIECES - 1];
	struct rig *r = rig_new(MPPE_STRENGTH_128, is_stateless);
	struct arcfour_ctx stream;
	uint8_t *data = calloc(N, ROOM), *wanted = calloc(1, ROOM);

	burst_close(r->burst);
	ASSERT_EQ(0, burst_open("c", kernels, &r->burst));
	chain(r, N);
	for (unsigned int i = 0; i < N; i++) {
		uint8_t *at = data + i * ROOM;
		struct crypto_op *op = &r->ops[i];
		unsigned int first = i % PIECES;

		op->data = at;
		op->len = lens[first];
		at += op->len;
		op->more = more[i];
		op->n_more = i % 3 == 2 ? 0 : PIECES - 1;
		for (unsigned int k = 0; k < op->n_more; k++) {
			more[i][k] = (struct crypto_segment){at, lens[(first + 1 + k) % PIECES]};
			at += more[i][k].len;
		}
	}
	uint8_t key[MPPE_KEY_BYTES_MAX];
	memcpy(key, r->contexts[0].session_key, sizeof(key));
	rig_run(r, N);
	arcfour_set_key(&stream, sizeof(key), key);
	for (unsigned int i = 0; i < N; i++) {
		size_t len = r->ops[i].len;

		for (unsigned int k = 0; k < r->ops[i].n_more; k++)
			len += more[i][k].len;
		if (is_stateless) {
			mppe_key_change(MPPE_STRENGTH_128, r->contexts[0].start_key, key);
			arcfour_set_key(&stream, sizeof(key), key);
		}
		memset(wanted, 0, ROOM);
		arcfour_crypt(&stream, len, wanted, wanted);
		SHIM_TRACE_CASE(i);
		EXPECT_MEMEQ(wanted, data + i * ROOM, ROOM);
	}
	if (!is_stateless) {
		EXPECT_MEMEQ(stream.S, r->rc4[0].s, sizeof(r->rc4[0].s));
		EXPECT_EQ(stream.i, r->rc4[0].i);
		EXPECT_EQ(stream.j, r->rc4[0].j);
	}
	free(data);
	free(wanted);
	rig_free(r);
}

TEST(burst, pieces_of_any_length)
{
	static const char *const kernels[] = {NULL, "c"};

	for (unsigned int i = 0; i < 2; i++) {
		run_pieces(kernels[i], true);
		run_pieces(kernels[i], false);
	}
}

// Each way to exclusive-or, at each length and offset, with bytes around that must stay.
TEST(burst, xor_touches_its_bytes_only)
{
	const struct burst_xor *x;
	bool is_c_there = false;

	for (unsigned int i = 0; (x = burst_xor_get(i)) != NULL; i++) {
		is_c_there = strcmp(x->name, "c") == 0;
		if (!x->is_supported())
			continue;
		for (unsigned int len = 0; len <= 300; len++) {
			uint8_t data[512], wanted[512], stream[512];
			unsigned int at = 64 + len % 67, from = len % 31;

			for (unsigned int k = 0; k < sizeof(data); k++) {
				wanted[k] = data[k] = (uint8_t)(k * 7);
				stream[k] = (uint8_t)(k * 13 + 1);
			}
			for (unsigned int k = 0; k < len; k++)
				wanted[at + k] ^= stream[from + k];
			x->run(data + at, stream + from, len);
			SHIM_TRACE_CASE(len);
			ASSERT_MEMEQ(wanted, data, sizeof(data));
		}
	}
	EXPECT_TRUE(is_c_there); // the last, which ends every search
}

// The mark in a context names a packet of some burst of some driver; each looks whether it is one of its own.
TEST(burst, two_drivers_take_turns_with_one_session)
{
	const uint8_t key[MPPE_KEY_BYTES_MAX] = {5};
	struct mppe_context ctx[2];
	uint8_t wanted[MPPE_KEY_BYTES_MAX], data[8][40] = {{0}};
	struct crypto_op ops[8], *burst[8], *done[8];
	void *drivers[2];

	for (unsigned int i = 0; i < 2; i++) {
		mppe_context_init(&ctx[i], MPPE_STRENGTH_128, true, key, NULL);
		ASSERT_EQ(
			0, crypto_driver_sw.open(&(struct crypto_setup){.depth = 64}, &drivers[i]));
	}
	mppe_key_initial(MPPE_STRENGTH_128, key, wanted);
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int n = 1 + round % 8;

		for (unsigned int i = 0; i < 8; i++) {
			ops[i] = (struct crypto_op){.ctx = &ctx[(i + round) % 2],
				.data = data[i],
				.len = sizeof(data[i]),
				.n_changes = 1};
			burst[i] = &ops[i];
		}
		EXPECT_EQ(n, sw_submit(drivers[round % 2], burst, n));
		EXPECT_EQ(n, sw_poll(drivers[round % 2], done, 8));
		for (unsigned int i = 0; i < n; i++)
			if ((i + round) % 2 == 0)
				mppe_key_change(MPPE_STRENGTH_128, key, wanted);
		SHIM_TRACE_CASE(round);
		ASSERT_MEMEQ(wanted, ctx[0].session_key, sizeof(wanted));
	}
	sw_close(drivers[0]);
	sw_close(drivers[1]);
}
