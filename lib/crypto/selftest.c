// SPDX-License-Identifier: BSD-3-Clause
#include "crypto/driver.h"

#include <nettle/arcfour.h>

#include <errno.h>
#include <string.h>

// Every answer is checked against nettle's RC4 and mppe_key_change(), so a driver passes only if its
// kernels agree with code that they share nothing with; the RFC cases tie both to the RFC.

enum {
	N_CONTEXTS = 12, // more than the lanes of a wide kernel, so that lanes run out unevenly
	N_OPS = 32,
	N_ROUNDS = 8,
	DEPTH = 24, // less than N_OPS: submit has to take a prefix
	DATA_BYTES = 1504,
	N_PIECES = 3,		      // of a packet that lies in several
	POLLS_MAX = 20 * 1000 * 1000, // in vain; a driver on another lane needs microseconds
};

// What a context has to do, kept by the reference.
struct reference {
	uint8_t start_key[MPPE_KEY_BYTES_MAX];
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	struct arcfour_ctx rc4;
	uint8_t past[MPPE_KEY_RING][MPPE_KEY_BYTES_MAX]; // key number n at n mod MPPE_KEY_RING
	unsigned int n_changes;
};

struct selftest {
	const struct crypto_driver *driver;
	void *state;
	const char *failed;
	uint32_t random;
	struct mppe_context contexts[N_CONTEXTS];
	struct rc4_state rc4[N_CONTEXTS];
	struct mppe_key_ring rings[N_CONTEXTS];
	struct reference references[N_CONTEXTS];
	struct crypto_op ops[N_OPS];
	struct crypto_segment more[N_OPS][N_PIECES - 1];
	uint8_t data[N_OPS][DATA_BYTES];
};

// RFC 3079 3.5.1 to 3.5.3. The last byte of the 56 bit message is B8, not the 58 that is printed there
// (all independent implementations agree).
static const struct rfc_case {
	const char *name;
	enum mppe_strength strength;
	uint8_t session_key[MPPE_KEY_BYTES_MAX];
	uint8_t message[12];
} rfc_cases[] = {
	{"RFC 3079 3.5.1, 40 bit", MPPE_STRENGTH_40,
		{0xd1, 0x26, 0x9e, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e},
		{0x92, 0x91, 0x37, 0x91, 0x7e, 0x58, 0x03, 0xd6, 0x68, 0xd7, 0x58, 0x98}},
	{"RFC 3079 3.5.2, 56 bit", MPPE_STRENGTH_56,
		{0xd1, 0x5c, 0x00, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e},
		{0x3f, 0x10, 0x68, 0x33, 0xfa, 0x44, 0x8d, 0xa8, 0x42, 0xbc, 0x57, 0xb8}},
	{"RFC 3079 3.5.3, 128 bit", MPPE_STRENGTH_128,
		{0x40, 0x5c, 0xb2, 0x24, 0x7a, 0x79, 0x56, 0xe6, 0xe2, 0x11, 0x00, 0x7a, 0xe2, 0x7b,
			0x22, 0xd4},
		{0x81, 0x84, 0x83, 0x17, 0xdf, 0x68, 0x84, 0x62, 0x72, 0xfb, 0x5a, 0xbe}},
};

static const uint8_t rfc_start_key[MPPE_KEY_BYTES_MAX] = {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a,
	0x1b, 0xa1, 0x18, 0xcb, 0x15, 0x3f, 0x56, 0xdc, 0xcb};

static bool fail(struct selftest *t, const char *what)
{
	t->failed = what;
	return false;
}

// Numbers without pattern, the same in every run (xorshift32).
static uint32_t next(struct selftest *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 17;
	t->random ^= t->random << 5;
	return t->random;
}

// Take what the driver has finished: each op of ops[0..n) once, in order within its context.
static bool collect(struct selftest *t, unsigned int n, unsigned int *n_done)
{
	struct crypto_op *done[N_OPS];
	unsigned int n_polled = t->driver->poll(t->state, done, N_OPS);

	if (n_polled > n - *n_done)
		return fail(t, "poll gave more than was submitted");
	for (unsigned int i = 0; i < n_polled; i++) {
		struct crypto_op *op = done[i];
		if (op < t->ops || op >= t->ops + n || op->packet)
			return fail(t, "poll gave an op twice, or one that is not ours");
		for (const struct crypto_op *before = t->ops; before < op; before++)
			if (before->ctx == op->ctx && !before->packet)
				return fail(t, "ops of one context out of order");
		op->packet = op;
	}
	*n_done += n_polled;
	return true;
}

// Put ops[0..n) through submit and poll.
static bool run(struct selftest *t, unsigned int n)
{
	struct crypto_op *burst[N_OPS];
	unsigned int n_submitted = 0, n_done = 0, n_in_vain = 0;

	for (unsigned int i = 0; i < n; i++) {
		burst[i] = &t->ops[i];
		t->ops[i].packet = NULL;
	}
	while (n_done < n) {
		unsigned int before = n_submitted + n_done;

		if (n_submitted < n)
			n_submitted +=
				t->driver->submit(t->state, burst + n_submitted, n - n_submitted);
		if (n_submitted > n)
			return fail(t, "submit took more than it was given");
		if (!collect(t, n_submitted, &n_done))
			return false;
		n_in_vain = n_submitted + n_done == before ? n_in_vain + 1 : 0;
		if (n_in_vain > POLLS_MAX)
			return fail(t, "no answer");
	}
	return t->driver->poll(t->state, burst, N_OPS) == 0 || fail(t, "poll gave an op too many");
}

static bool check_rfc(struct selftest *t, const struct rfc_case *c)
{
	static const char text[] = "test message";
	struct mppe_context *ctx = &t->contexts[0];
	struct crypto_op *op = &t->ops[0];

	mppe_context_init(ctx, c->strength, true, rfc_start_key, NULL);
	memcpy(t->data[0], text, sizeof(text));
	*op = (struct crypto_op){.ctx = ctx, .data = t->data[0], .len = sizeof(c->message)};
	if (!run(t, 1))
		return false;
	return (op->status == CRYPTO_DONE &&
		       memcmp(t->data[0], c->message, sizeof(c->message)) == 0 &&
		       memcmp(ctx->session_key, c->session_key, sizeof(c->session_key)) == 0 &&
		       t->data[0][sizeof(c->message)] == '\0') ||
	       fail(t, c->name);
}

// A context whose keys are gone is refused and the data left alone.
static bool check_wiped(struct selftest *t)
{
	struct mppe_context *ctx = &t->contexts[0];

	mppe_context_wipe(ctx);
	t->data[0][0] = 0x5a;
	t->ops[0] = (struct crypto_op){.ctx = ctx, .data = t->data[0], .len = 1, .n_changes = 1};
	if (!run(t, 1))
		return false;
	return (t->ops[0].status == CRYPTO_ERROR && t->data[0][0] == 0x5a) ||
	       fail(t, "wiped context is used");
}

static void begin_contexts(struct selftest *t)
{
	static const enum mppe_strength strengths[] = {
		MPPE_STRENGTH_128, MPPE_STRENGTH_56, MPPE_STRENGTH_40};

	for (unsigned int i = 0; i < N_CONTEXTS; i++) {
		struct reference *ref = &t->references[i];
		struct mppe_context *ctx = &t->contexts[i];

		for (unsigned int k = 0; k < MPPE_KEY_BYTES_MAX; k++)
			ref->start_key[k] = (uint8_t)(next(t) >> 8);
		mppe_context_init(
			ctx, strengths[i % 3], i / 3 % 2 == 0, ref->start_key, &t->rc4[i]);
		if (ctx->is_stateless)
			ctx->ring = &t->rings[i];
		mppe_key_initial(strengths[i % 3], ref->start_key, ref->session_key);
		arcfour_set_key(&ref->rc4, mppe_key_len(strengths[i % 3]), ref->session_key);
	}
}

static uint8_t plain_byte(unsigned int op, unsigned int at)
{
	return (uint8_t)(37 * op + at);
}

// Some packets lie in three pieces, which follow each other in data[] as the whole would: the answer is the same.
static void cut(struct selftest *t, unsigned int i)
{
	struct crypto_op *op = &t->ops[i];
	uint16_t len = op->len;

	op->len = (uint16_t)(next(t) % (len + 1u));
	t->more[i][0].data = op->data + op->len;
	t->more[i][0].len = (uint16_t)(next(t) % (len - op->len + 1u));
	t->more[i][1].data = t->more[i][0].data + t->more[i][0].len;
	t->more[i][1].len = (uint16_t)(len - op->len - t->more[i][0].len);
	op->more = t->more[i];
	op->n_more = N_PIECES - 1;
}

static void make_ops(struct selftest *t)
{
	static const uint16_t lens[] = {
		0, 1, 2, 15, 16, 17, 40, 63, 64, 65, 127, 256, 257, 575, 1399, 1500};

	for (unsigned int i = 0; i < N_OPS; i++) {
		struct mppe_context *ctx = &t->contexts[next(t) % N_CONTEXTS];
		bool is_rare = next(t) % 4 == 0;
		uint16_t n_changes = is_rare ? (uint16_t)(next(t) % 5) : ctx->is_stateless;

		for (unsigned int k = 0; k < DATA_BYTES; k++)
			t->data[i][k] = plain_byte(i, k);
		t->ops[i] = (struct crypto_op){.ctx = ctx,
			.data = t->data[i],
			.len = lens[next(t) % (sizeof(lens) / sizeof(lens[0]))],
			.n_changes = n_changes,
			.restart = !ctx->is_stateless && next(t) % 8 == 0,
			.direction = i % 2 ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT,
			.status = CRYPTO_PENDING};
		if (ctx->is_stateless && next(t) % 32 == 0)
			t->ops[i].n_changes = MPPE_KEY_RING + 1; // round the ring
		if (ctx->is_stateless && next(t) % 5 == 0) {
			t->ops[i].n_changes = 0;
			t->ops[i].late = (uint8_t)(1 + next(t) % (MPPE_KEY_RING + 10));
		}
		if (next(t) % 4 == 0)
			cut(t, i);
	}
}

static void change_key(struct reference *ref, enum mppe_strength strength)
{
	mppe_key_change(strength, ref->start_key, ref->session_key);
	memcpy(ref->past[++ref->n_changes % MPPE_KEY_RING], ref->session_key,
		sizeof(ref->session_key));
}

// The ring has the last MPPE_KEY_RING keys that came of a change, the session key among them.
static bool has_late_key(const struct reference *ref, unsigned int late)
{
	return late < MPPE_KEY_RING && late < ref->n_changes;
}

static bool check_op(struct selftest *t, unsigned int i)
{
	const struct crypto_op *op = &t->ops[i];
	const struct mppe_context *ctx = op->ctx;
	struct reference *ref = &t->references[ctx - t->contexts];
	enum mppe_strength strength = (enum mppe_strength)ctx->strength;
	bool is_readable = op->late == 0 || has_late_key(ref, op->late);
	unsigned int len = op->len;
	uint8_t wanted[DATA_BYTES];

	for (unsigned int k = 0; k < op->n_more; k++)
		len += op->more[k].len;
	for (unsigned int k = 0; k < op->n_changes; k++)
		change_key(ref, strength);
	if (op->late)
		arcfour_set_key(&ref->rc4, mppe_key_len(strength),
			ref->past[(ref->n_changes - op->late) % MPPE_KEY_RING]);
	else if (ctx->is_stateless || op->restart || op->n_changes)
		arcfour_set_key(&ref->rc4, mppe_key_len(strength), ref->session_key);
	for (unsigned int k = 0; k < DATA_BYTES; k++)
		wanted[k] = plain_byte(i, k);
	if (is_readable)
		arcfour_crypt(&ref->rc4, len, wanted, wanted);

	if (op->status == (is_readable ? CRYPTO_DONE : CRYPTO_ERROR) &&
		memcmp(t->data[i], wanted, DATA_BYTES) == 0)
		return true;
	if (op->late)
		return fail(t, "late packet");
	return fail(t, ctx->is_stateless ? "stateless stream" : "stateful stream");
}

static bool check_streams(struct selftest *t)
{
	begin_contexts(t);
	for (unsigned int round = 0; round < N_ROUNDS; round++) {
		make_ops(t);
		if (!run(t, N_OPS))
			return false;
		for (unsigned int i = 0; i < N_OPS; i++)
			if (!check_op(t, i))
				return false;
	}
	// The last keys: a wrong one would show in the next packet only.
	for (unsigned int i = 0; i < N_CONTEXTS; i++)
		if (memcmp(t->contexts[i].session_key, t->references[i].session_key,
			    mppe_key_len((enum mppe_strength)t->contexts[i].strength)) != 0)
			return fail(t, "session key after the stream");
	return true;
}

int crypto_driver_selftest(
	const struct crypto_driver *driver, const struct crypto_setup *setup, const char **failed)
{
	struct crypto_setup own = *setup;
	struct selftest t = {.driver = driver, .random = 2463534242};
	bool ok = true;
	int rc;

	*failed = NULL;
	own.depth = DEPTH;
	rc = driver->open(&own, &t.state);
	if (rc != 0) {
		*failed = "open";
		return rc;
	}
	for (unsigned int i = 0; ok && i < sizeof(rfc_cases) / sizeof(rfc_cases[0]); i++)
		ok = check_rfc(&t, &rfc_cases[i]);
	ok = ok && check_wiped(&t) && check_streams(&t);
	driver->close(t.state);
	*failed = t.failed;
	return ok ? 0 : -EBADMSG;
}
