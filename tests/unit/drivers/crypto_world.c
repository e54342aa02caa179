// SPDX-License-Identifier: BSD-3-Clause
#include "crypto_world.h"

#include "shim/shim.h"

#include <stdio.h>
#include <stdlib.h>

const struct world_shape world_mixed = {
	.ops_max = WORLD_OPS,
	.sessions_max = WORLD_SESSIONS,
	.len_max = 1600,
	.len_short = 300,
	.long_rate = 400,
	.more_rate = 10,
	.jump_rate = 40,
	.jump_max = 12,
	.late_rate = 12,
	.restart_rate = 12,
	.bad_rate = 200,
};

enum {
	POLLS_MAX = 100 * 1000 * 1000,
	BEHIND = 64, // bytes of nobody behind the last packet
};

static const enum mppe_strength strengths[] = {
	MPPE_STRENGTH_128, MPPE_STRENGTH_40, MPPE_STRENGTH_56};

static unsigned int below(struct world *w, unsigned int n)
{
	return xorshift_below(&w->random, n);
}

static bool is_rare(struct world *w, unsigned int rate)
{
	return rate > 0 && below(w, rate) == 0;
}

static void begin_session(struct world *w, unsigned int i)
{
	struct world_session *s = &w->sessions[i];

	s->strength = strengths[i % 3];
	s->is_stateless = i % 4 != 3;
	s->has_ring = s->is_stateless && i % 8 != 0;
	xorshift_fill(&w->random, s->start_key, sizeof(s->start_key));
	mppe_key_initial(s->strength, s->start_key, s->session_key);
	arcfour_set_key(&s->rc4, mppe_key_len(s->strength), s->session_key);
}

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		abort();
	w->random = xorshift_seed(seed);
	xorshift_fill(&w->random, w->plain, sizeof(w->plain));
	for (unsigned int i = 0; i < WORLD_SESSIONS; i++)
		begin_session(w, i);
	return w;
}

void world_free(struct world *w)
{
	for (unsigned int i = 0; i < w->n_subjects; i++)
		w->subjects[i].driver->close(w->subjects[i].state);
	free(w);
}

int world_add(struct world *w, const char *name, const struct crypto_driver *driver,
	const struct crypto_setup *setup)
{
	struct world_subject *subject = &w->subjects[w->n_subjects];
	int rc = driver->open(setup, &subject->state);

	if (rc != 0)
		return rc;
	subject->name = name;
	subject->driver = driver;
	for (unsigned int i = 0; i < WORLD_SESSIONS; i++) {
		const struct world_session *s = &w->sessions[i];
		struct mppe_context *ctx = &subject->contexts[i];

		mppe_context_init(
			ctx, s->strength, s->is_stateless, s->start_key, &subject->rc4[i]);
		ctx->ring = s->has_ring ? &subject->rings[i] : NULL;
	}
	w->n_subjects++;
	return 0;
}

// Lay out a packet of len bytes, in one piece or several, with bytes of nobody around each.
static void lay_out(struct world *w, struct world_op *op, unsigned int len, unsigned int n_pieces)
{
	uint32_t from = w->arena_used;

	op->n_pieces = n_pieces;
	for (unsigned int i = 0; i < n_pieces; i++) {
		unsigned int left = i + 1 == n_pieces ? len : below(w, len + 1);

		w->arena_used += 1 + below(w, 70);
		op->pieces[i] = (struct world_piece){.at = w->arena_used, .len = (uint16_t)left};
		w->arena_used += left;
		len -= left;
	}
	memcpy(w->wanted + from, w->plain + from, w->arena_used - from);
}

static unsigned int pick_len(struct world *w, const struct world_shape *shape)
{
	if (is_rare(w, shape->long_rate))
		return below(w, 9001);
	if (is_rare(w, 10))
		return 15 + below(w, 4) * 16 + below(w, 3); // around whole blocks
	return below(w, (below(w, 4) ? shape->len_short : shape->len_max) + 1);
}

static void plan_op(struct world *w, const struct world_shape *shape, struct world_op *op,
	unsigned int n_sessions, unsigned int first)
{
	const struct world_session *s;
	unsigned int len = pick_len(w, shape);

	*op = (struct world_op){.session = (first + below(w, n_sessions)) % WORLD_SESSIONS};
	s = &w->sessions[op->session];
	lay_out(w, op, len, is_rare(w, shape->more_rate) ? 2 + below(w, WORLD_PIECES - 1) : 1);
	op->status = CRYPTO_DONE;
	op->restart = !s->is_stateless && is_rare(w, shape->restart_rate);
	if (is_rare(w, s->is_stateless ? shape->jump_rate : shape->restart_rate))
		op->n_changes = (uint16_t)below(w, shape->jump_max + 1);
	else
		op->n_changes = s->is_stateless;
	if (s->is_stateless && is_rare(w, shape->late_rate)) {
		op->late = (uint8_t)(1 + below(w, is_rare(w, 10) ? 255 : MPPE_KEY_RING - 1));
		op->n_changes = 0;
		if (op->late >= s->n_past || !s->has_ring)
			op->status = CRYPTO_ERROR;
	}
	if (is_rare(w, shape->bad_rate)) {
		op->status = CRYPTO_ERROR;
		if (below(w, 2))
			op->n_changes = (uint16_t)(CRYPTO_CHANGES_MAX + 1 + below(w, 1000));
		else
			op->late = op->n_changes = 1;
	}
}

static void change_key(struct world_session *s)
{
	mppe_key_change(s->strength, s->start_key, s->session_key);
	memmove(s->past[1], s->past[0], sizeof(s->past) - sizeof(s->past[0]));
	memcpy(s->past[0], s->session_key, sizeof(s->past[0]));
	if (s->n_past < MPPE_KEY_RING)
		s->n_past++;
}

// The answer: keys of the session and w->wanted.
static void answer(struct world *w, const struct world_op *op)
{
	struct world_session *s = &w->sessions[op->session];
	uint8_t key_len = mppe_key_len(s->strength);
	struct arcfour_ctx late, *rc4 = &s->rc4;

	if (op->status != CRYPTO_DONE)
		return;
	for (unsigned int i = 0; i < op->n_changes; i++)
		change_key(s);
	if (op->late) {
		rc4 = &late;
		arcfour_set_key(rc4, key_len, s->past[op->late]);
	} else if (s->is_stateless || op->restart || op->n_changes) {
		arcfour_set_key(rc4, key_len, s->session_key);
	}
	for (unsigned int i = 0; i < op->n_pieces; i++) {
		uint8_t *data = w->wanted + op->pieces[i].at;
		arcfour_crypt(rc4, op->pieces[i].len, data, data);
		w->n_bytes += op->pieces[i].len;
	}
}

static void plan(struct world *w, const struct world_shape *shape)
{
	// Often few sessions, so that many packets of a burst are of one.
	unsigned int n_sessions = 1 + below(w, below(w, 2) ? shape->sessions_max : 4);
	unsigned int first = below(w, WORLD_SESSIONS);
	unsigned int n_ops = 1 + below(w, below(w, 4) ? shape->ops_max : 8);

	if (n_sessions > shape->sessions_max)
		n_sessions = shape->sessions_max;
	w->arena_used = 0;
	for (w->n_ops = 0; w->n_ops < n_ops && w->n_ops < shape->ops_max; w->n_ops++) {
		if (w->arena_used + 9001 + 71 * WORLD_PIECES + BEHIND > WORLD_ARENA)
			break;
		plan_op(w, shape, &w->ops[w->n_ops], n_sessions, first);
		answer(w, &w->ops[w->n_ops]);
	}
	memcpy(w->wanted + w->arena_used, w->plain + w->arena_used, BEHIND);
	w->arena_used += BEHIND;
	w->n_done += w->n_ops;
}

static bool tell(const struct world *w, const struct world_subject *subject, const char *what,
	unsigned int op)
{
	char text[300];
	const struct world_op *o = &w->ops[op];
	const struct world_session *s = &w->sessions[o->session];

	snprintf(text, sizeof(text),
		"%s: %s; packet %u of %u, session %u (%d bit, %s), %u changes, restart %u, late "
		"%u, %u pieces, the first of %u bytes; %llu packets were right",
		subject->name, what, op, w->n_ops, o->session, (int)s->strength,
		s->is_stateless ? "stateless" : "stateful", o->n_changes, o->restart, o->late,
		o->n_pieces, o->pieces[0].len, (unsigned long long)(w->n_done - w->n_ops));
	FAIL(text);
	return false;
}

static void make_ops(struct world *w, struct world_subject *subject, struct crypto_op *ops,
	struct crypto_segment (*more)[WORLD_PIECES])
{
	for (unsigned int i = 0; i < w->n_ops; i++) {
		const struct world_op *o = &w->ops[i];

		for (unsigned int k = 1; k < o->n_pieces; k++)
			more[i][k - 1] = (struct crypto_segment){
				.data = w->arena + o->pieces[k].at, .len = o->pieces[k].len};
		ops[i] = (struct crypto_op){.ctx = &subject->contexts[o->session],
			.data = w->arena + o->pieces[0].at,
			.len = o->pieces[0].len,
			.n_changes = o->n_changes,
			.direction = i % 2 ? CRYPTO_ENCRYPT : CRYPTO_DECRYPT,
			.restart = o->restart,
			.late = o->late,
			.n_more = (uint8_t)(o->n_pieces - 1),
			.more = more[i]};
	}
}

static bool run(struct world *w, struct world_subject *subject, struct crypto_op *ops)
{
	const struct crypto_driver *driver = subject->driver;
	struct crypto_op *burst[WORLD_OPS], *done[WORLD_OPS];
	bool is_back[WORLD_OPS] = {false};
	unsigned int n_submitted = 0, n_done = 0, n_in_vain = 0;

	for (unsigned int i = 0; i < w->n_ops; i++)
		burst[i] = &ops[i];
	while (n_done < w->n_ops) {
		n_submitted +=
			driver->submit(subject->state, burst + n_submitted, w->n_ops - n_submitted);
		unsigned int n = driver->poll(subject->state, done, WORLD_OPS);

		for (unsigned int i = 0; i < n; i++) {
			unsigned int op = (unsigned int)(done[i] - ops);
			if (op >= w->n_ops || is_back[op])
				return tell(w, subject, "an op that is not there", 0);
			is_back[op] = true;
		}
		n_done += n;
		n_in_vain = n ? 0 : n_in_vain + 1;
		if (n_in_vain > POLLS_MAX)
			return tell(w, subject, "no answer", 0);
	}
	return true;
}

static bool check(
	const struct world *w, const struct world_subject *subject, const struct crypto_op *ops)
{
	for (unsigned int i = 0; i < w->n_ops; i++)
		if (ops[i].status != w->ops[i].status)
			return tell(w, subject, "wrong status", i);
	if (memcmp(w->arena, w->wanted, w->arena_used) == 0)
		return true;
	for (unsigned int i = 0; i < w->n_ops; i++)
		for (unsigned int k = 0; k < w->ops[i].n_pieces; k++) {
			const struct world_piece *p = &w->ops[i].pieces[k];
			if (memcmp(w->arena + p->at, w->wanted + p->at, p->len) != 0)
				return tell(w, subject, "wrong bytes", i);
		}
	return tell(w, subject, "bytes beside the packets were written", 0);
}

bool world_step(struct world *w, const struct world_shape *shape)
{
	static struct crypto_segment more[WORLD_OPS][WORLD_PIECES];
	struct crypto_op ops[WORLD_OPS];

	plan(w, shape);
	for (unsigned int i = 0; i < w->n_subjects; i++) {
		struct world_subject *subject = &w->subjects[i];

		memcpy(w->arena, w->plain, w->arena_used);
		make_ops(w, subject, ops, more);
		if (!run(w, subject, ops) || !check(w, subject, ops))
			return false;
	}
	return true;
}

static const char *check_session(
	const struct world_session *s, const struct mppe_context *ctx, const struct rc4_state *rc4)
{
	if (memcmp(ctx->session_key, s->session_key, sizeof(s->session_key)) != 0)
		return "session key";
	if (memcmp(ctx->start_key, s->start_key, mppe_key_len(s->strength)) != 0)
		return "start key";
	if (!s->is_stateless) {
		bool is_right = memcmp(rc4->s, s->rc4.S, sizeof(rc4->s)) == 0 &&
				rc4->i == s->rc4.i && rc4->j == s->rc4.j;
		return is_right ? NULL : "stream";
	}
	if (!s->has_ring)
		return NULL;
	if (ctx->ring_n != s->n_past)
		return "keys in the ring";
	for (unsigned int i = 0; i < s->n_past; i++)
		if (memcmp(ctx->ring->keys[(ctx->ring_at - i) % MPPE_KEY_RING], s->past[i],
			    sizeof(s->past[i])) != 0)
			return "key ring";
	return NULL;
}

bool world_check_keys(struct world *w)
{
	for (unsigned int k = 0; k < w->n_subjects; k++) {
		const struct world_subject *subject = &w->subjects[k];

		for (unsigned int i = 0; i < WORLD_SESSIONS; i++) {
			const char *wrong = check_session(
				&w->sessions[i], &subject->contexts[i], &subject->rc4[i]);
			char text[100];

			if (!wrong)
				continue;
			snprintf(text, sizeof(text), "%s: wrong %s of session %u at the end",
				subject->name, wrong, i);
			FAIL(text);
			return false;
		}
	}
	return true;
}
