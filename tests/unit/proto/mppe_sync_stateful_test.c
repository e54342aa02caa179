// SPDX-License-Identifier: BSD-3-Clause
// Stateful mode: rules one by one, and streams over a path that loses, in both directions, against models
// of the two kinds of peer there are. A key is the number of its changes so far, RC4 the key that it
// was started with and the bytes since: a packet can be read if both are the same at both ends.
#include "proto/mppe_sync.h"

#include "shim/shim.h"

enum { JUMP_MAX = 256, ENCRYPTED = MPPE_PACKET_ENCRYPTED, FLUSHED = MPPE_PACKET_FLUSHED };

#define MS UINT64_C(1000000)

struct rc4 {
	uint32_t key;
	uint32_t bytes;
};

struct wire {
	struct mppe_packet mppe;
	uint32_t seq;
	struct rc4 at; // where the sender's RC4 was: what must be known to read it
	uint32_t len;
};

static uint32_t next_random(uint64_t *rng)
{
	*rng = *rng * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*rng >> 33);
}

// Move RC4 over a packet; returns where it was.
static struct rc4 crypt(struct rc4 *rc4, uint32_t n_changes, bool restart, uint32_t len)
{
	rc4->key += n_changes;
	if (n_changes > 0 || restart)
		rc4->bytes = 0;
	struct rc4 at = *rc4;
	rc4->bytes += len;
	return at;
}

static bool same(struct rc4 a, struct rc4 b)
{
	return a.key == b.key && a.bytes == b.bytes;
}

// --- ours -------------------------------------------------------------------------------------------

struct ours {
	struct mppe_sync sync;
	struct rc4 rc4;
	uint32_t n_changes;
};

// As the worker does it; the proof is that the packet can be read.
static enum drop_reason receive(struct ours *o, const struct wire *p)
{
	struct mppe_sync_place before = o->sync.at;
	struct rc4 checkpoint = o->rc4;
	struct mppe_sync_verdict v = {0};
	enum drop_reason drop = mppe_sync_receive(&o->sync, &p->mppe, p->seq, &v);

	if (drop != DROP_NONE)
		return drop;
	EXPECT_NE(v.kind, MPPE_SYNC_WALK);
	o->n_changes += v.n_changes;
	bool is_right = same(crypt(&o->rc4, v.n_changes, v.restart, p->len), p->at);
	if (v.kind == MPPE_SYNC_NEXT) {
		if (!is_right)
			mppe_sync_lose(&o->sync);
		return is_right ? DROP_NONE : DROP_MPPE_GARBAGE;
	}
	uint8_t n_tried = 0;
	while (!is_right && n_tried < v.n_tries) {
		n_tried++;
		o->n_changes++;
		is_right = same(crypt(&o->rc4, 1, true, p->len), p->at);
	}
	if (is_right) {
		mppe_sync_proved(&o->sync, n_tried);
		return DROP_NONE;
	}
	o->rc4 = checkpoint;
	mppe_sync_failed(&o->sync, before);
	return DROP_MPPE_GARBAGE;
}

static struct wire send(struct ours *o, enum mppe_flush flush, uint32_t seq, uint32_t len)
{
	struct wire p = {.seq = seq, .len = len};
	struct mppe_sync_verdict todo;

	mppe_sync_send(&o->sync, flush, &p.mppe, &todo);
	p.at = crypt(&o->rc4, todo.n_changes, todo.restart, len);
	return p;
}

// --- theirs -----------------------------------------------------------------------------------------

enum kind { RFC, LINUX, N_KINDS };

struct peer {
	enum kind kind;
	uint16_t count;
	struct rc4 rc4;
	bool flush_is_due;
	bool discards;	  // a packet was lost: until one with A
	bool is_deaf;	  // Linux: until the Reset-Ack
	uint32_t n_wrong; // read, and garbage: nothing tells it
};

static struct wire peer_send(struct peer *s, uint32_t seq, uint32_t len)
{
	struct wire p = {.seq = seq, .len = len};

	s->count = (s->count + 1) & MPPE_COHERENCY_MASK;
	bool flag = (s->count & 0xff) == 0xff;
	p.mppe.count = s->count;
	p.mppe.bits = ENCRYPTED;
	if (s->flush_is_due || (flag && s->kind == LINUX))
		p.mppe.bits |= FLUSHED;
	uint32_t n_changes = flag || (s->flush_is_due && s->kind == LINUX);
	p.at = crypt(&s->rc4, n_changes, s->flush_is_due, len);
	s->flush_is_due = false;
	return p;
}

static uint32_t flags_between(uint16_t from, uint16_t to)
{
	uint32_t n = 0;

	while (from != to) {
		from = (from + 1) & MPPE_COHERENCY_MASK;
		n += (from & 0xff) == 0xff;
	}
	return n;
}

// Returns true when it wants a Reset-Request sent. The kernel's mppe_decompress() and RFC 3078 8.2 agree
// but for the last step.
static bool peer_receive(struct peer *r, const struct wire *p)
{
	bool flushed = p->mppe.bits & FLUSHED;
	bool flag = (p->mppe.count & 0xff) == 0xff;
	bool is_next = p->mppe.count == ((r->count + 1) & MPPE_COHERENCY_MASK);

	if (r->kind == LINUX && r->is_deaf)
		return true;
	if ((!r->discards && !is_next && !(r->kind == RFC && flushed)) ||
		(r->discards && !flushed)) {
		r->discards = true;
		r->is_deaf = true;
		return true;
	}
	uint32_t n_changes = flags_between(r->count, p->mppe.count);
	if (r->kind == LINUX && flushed && !flag)
		n_changes++;
	r->count = p->mppe.count;
	r->discards = false;
	r->n_wrong += !same(crypt(&r->rc4, n_changes, flushed, p->len), p->at);
	return false;
}

// --- rules ------------------------------------------------------------------------------------------

static enum drop_reason give(
	struct mppe_sync *s, uint32_t count, uint16_t bits, struct mppe_sync_verdict *v)
{
	const struct mppe_packet packet = {
		.bits = (uint16_t)(ENCRYPTED | bits), .count = count & MPPE_COHERENCY_MASK};

	*v = (struct mppe_sync_verdict){0};
	return mppe_sync_receive(s, &packet, 7 + count, v);
}

static void feed(struct mppe_sync *s, uint32_t from, uint32_t n)
{
	struct mppe_sync_verdict v;

	for (uint32_t i = from; i < from + n; i++) {
		ASSERT_EQ(give(s, i, 0, &v), DROP_NONE);
		ASSERT_EQ(v.kind, MPPE_SYNC_NEXT);
		ASSERT_EQ(v.n_changes, i % 256 == 255);
	}
}

TEST(mppe_stateful, the_key_changes_where_the_count_ends_in_ff)
{
	struct ours sender, receiver;

	memset(&sender, 0, sizeof(sender));
	memset(&receiver, 0, sizeof(receiver));
	mppe_sync_init(&sender.sync, false, JUMP_MAX);
	mppe_sync_init(&receiver.sync, false, JUMP_MAX);
	for (uint32_t i = 0; i < 3 * 4096; i++) {
		struct wire p = send(&sender, MPPE_FLUSH_UNKNOWN, i, 100);

		ASSERT_EQ(p.mppe.count, i % 4096);
		ASSERT_EQ(p.mppe.bits, ENCRYPTED | (i % 256 == 255 ? FLUSHED : 0));
		ASSERT_TRUE(mppe_sync_is_next(&receiver.sync, &p.mppe, i));
		ASSERT_EQ(receive(&receiver, &p), DROP_NONE);
	}
	EXPECT_EQ(receiver.n_changes, 3 * 16);
}

// RFC 3078 does not ask for A there, Linux does.
TEST(mppe_stateful, flag_packets_may_have_a_or_not)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, false, JUMP_MAX);
	feed(&s, 0, 255);
	EXPECT_EQ(give(&s, 255, FLUSHED, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_NEXT);
	EXPECT_EQ(v.n_changes, 1);
	feed(&s, 256, 300);
}

TEST(mppe_stateful, what_a_packet_asks_for)
{
	static const struct {
		uint16_t last, count;
		uint16_t bits;
		enum drop_reason drop;
		enum mppe_sync_kind kind;
		uint16_t n_changes;
		bool restart;
		uint8_t n_tries;
	} cases[] = {
		{10, 11, 0, DROP_NONE, MPPE_SYNC_NEXT, 0, false, 0},
		{10, 11, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 0, true, 1},
		{0x0fe, 0x0ff, 0, DROP_NONE, MPPE_SYNC_NEXT, 1, true, 0},
		{0x0fe, 0x0ff, FLUSHED, DROP_NONE, MPPE_SYNC_NEXT, 1, true, 0},
		{10, 12, 0, DROP_MPPE_DESYNC, 0, 0, false, 0},
		{10, 12, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 0, true, 1},
		{0x0f0, 0x0ff, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 1, true, 0},
		{0x0f0, 0x105, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 1, true, 1},
		{0x0f0, 0x305, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 3, true, 1},
		{0xff0, 0x005, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 1, true, 1},
		{10, 10, 0, DROP_MPPE_JUMP, 0, 0, false, 0},
		{10, 10, FLUSHED, DROP_MPPE_JUMP, 0, 0, false, 0},
		{10, 9, 0, DROP_MPPE_DESYNC, 0, 0, false,
			0}, // nobody can tell it from a loss of 4095
		{10, 9, FLUSHED, DROP_NONE, MPPE_SYNC_TRIAL, 16, true, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_sync s;
		struct mppe_sync_verdict v;
		struct mppe_packet packet = {
			.bits = (uint16_t)(ENCRYPTED | cases[i].bits), .count = cases[i].count};

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, false, JUMP_MAX);
		s.at.count = cases[i].last;
		EXPECT_EQ(mppe_sync_is_next(&s, &packet, 0),
			cases[i].drop == DROP_NONE && cases[i].kind == MPPE_SYNC_NEXT);
		EXPECT_EQ(give(&s, cases[i].count, cases[i].bits, &v), cases[i].drop);
		EXPECT_EQ(v.kind, cases[i].kind);
		EXPECT_EQ(v.n_changes, cases[i].n_changes);
		EXPECT_EQ(v.restart, cases[i].restart);
		EXPECT_EQ(v.n_tries, cases[i].n_tries);
		EXPECT_EQ(s.at.count, cases[i].drop == DROP_NONE ? cases[i].count : cases[i].last);
		EXPECT_EQ(s.is_lost, cases[i].drop == DROP_MPPE_DESYNC);
	}
}

// The client's next packet proves that nothing was lost.
TEST(mppe_stateful, a_forged_far_count_costs_no_packet)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;

	mppe_sync_init(&s, false, JUMP_MAX);
	feed(&s, 0, 10);
	EXPECT_EQ(give(&s, 1000, 0, &v), DROP_MPPE_DESYNC);
	EXPECT_EQ(give(&s, 10, 0, &v), DROP_NONE);
	EXPECT_EQ(v.kind, MPPE_SYNC_TRIAL);
	EXPECT_FALSE(v.restart);
	mppe_sync_proved(&s, 0);
	EXPECT_EQ(s.flush, MPPE_FLUSH_UNKNOWN);
	feed(&s, 11, 10);
}

TEST(mppe_stateful, forged_flushed_packets_cost_a_bounded_number_of_changes_each)
{
	enum { FORGED = 20000 };
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	uint64_t n_changes = 0;

	mppe_sync_init(&s, false, JUMP_MAX);
	for (uint32_t i = 0; i < FORGED; i++) {
		struct mppe_sync_place before = s.at;
		const struct mppe_packet packet = {
			.bits = ENCRYPTED | FLUSHED, .count = i * 997 & MPPE_COHERENCY_MASK};

		if (mppe_sync_is_due(&s, i * MS))
			(void)mppe_sync_told(&s, i * MS);
		if (mppe_sync_receive(&s, &packet, i * 5000, &v) != DROP_NONE)
			continue;
		n_changes += v.n_changes + v.n_tries;
		mppe_sync_failed(&s, before);
		ASSERT_EQ(s.at.count, before.count);
	}
	EXPECT_LE(n_changes, MPPE_SYNC_CREDIT_MAX + (uint64_t)FORGED * MPPE_SYNC_CREDIT_PER_PACKET);
	EXPECT_GT(n_changes, FORGED);
}

TEST(mppe_stateful, control_hears_at_once_then_ever_more_seldom)
{
	struct mppe_sync s;
	struct mppe_sync_verdict v;
	static const uint64_t told_ms[] = {0, 100, 300, 700, 1500, 2500, 3500};
	size_t n = 0;

	mppe_sync_init(&s, false, JUMP_MAX);
	EXPECT_FALSE(mppe_sync_is_due(&s, 5000 * MS));
	(void)give(&s, 5, 0, &v);
	for (uint64_t ms = 0; ms < 4000; ms += 10) {
		if (!mppe_sync_is_due(&s, (5000 + ms) * MS))
			continue;
		ASSERT_LT(n, sizeof(told_ms) / sizeof(told_ms[0]));
		EXPECT_EQ(ms, told_ms[n]);
		EXPECT_EQ(mppe_sync_told(&s, (5000 + ms) * MS), n > 0);
		n++;
	}
	EXPECT_EQ(n, sizeof(told_ms) / sizeof(told_ms[0]));

	// The next loss is told at once, but not more than so many losses a second.
	mppe_sync_proved(&s, 0);
	EXPECT_FALSE(mppe_sync_is_due(&s, 9000 * MS));
	mppe_sync_lose(&s);
	EXPECT_TRUE(mppe_sync_is_due(&s, 9000 * MS));
	EXPECT_FALSE(mppe_sync_told(&s, 9000 * MS));
	mppe_sync_proved(&s, 0);
	mppe_sync_lose(&s);
	EXPECT_FALSE(mppe_sync_is_due(&s, 9000 * MS + MPPE_SYNC_TELL_NS - 1));
	EXPECT_TRUE(mppe_sync_is_due(&s, 9000 * MS + MPPE_SYNC_TELL_NS));
	for (int i = 0; i < 1000; i++)
		(void)mppe_sync_told(&s, 9000 * MS);
	EXPECT_EQ(s.n_told, UINT8_MAX);
}

TEST(mppe_stateful, what_is_sent_after_a_reset_request)
{
	static const struct {
		enum mppe_flush flush;
		uint16_t last, count, n_changes;
	} cases[] = {
		{MPPE_FLUSH_RESTARTS, 0x010, 0x011, 0},
		{MPPE_FLUSH_CHANGES, 0x010, 0x0ff, 1},
		{MPPE_FLUSH_UNKNOWN, 0x010, 0x0ff, 1},
		{MPPE_FLUSH_RESTARTS, 0x0fe, 0x0ff, 1},
		{MPPE_FLUSH_CHANGES, 0x0fe, 0x0ff, 1},
		{MPPE_FLUSH_UNKNOWN, 0x0fe, 0x0ff, 1},
		{MPPE_FLUSH_UNKNOWN, 0x0ff, 0x1ff, 1},
		{MPPE_FLUSH_UNKNOWN, 0xfff, 0x0ff, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mppe_sync s;
		struct mppe_sync_verdict todo;
		struct mppe_sync_place before;
		struct mppe_packet p;

		SHIM_TRACE_CASE(i);
		mppe_sync_init(&s, false, JUMP_MAX);
		s.at.count = cases[i].last;
		mppe_sync_flush(&s, cases[i].flush, MS);
		before = s.at;
		// The second time because the driver did not take the first.
		for (unsigned int n = 0; n < 2; n++) {
			s.at = before;
			mppe_sync_send(&s, cases[i].flush, &p, &todo);
			EXPECT_EQ(p.bits, ENCRYPTED | FLUSHED);
			EXPECT_EQ(p.count, cases[i].count);
			EXPECT_EQ(todo.n_changes, cases[i].n_changes);
			EXPECT_TRUE(todo.restart);
		}
		mppe_sync_send(&s, cases[i].flush, &p, &todo);
		EXPECT_EQ(p.bits, ENCRYPTED);
		EXPECT_FALSE(todo.restart);
		EXPECT_EQ(todo.n_changes, 0);
	}
}

// A packet that an engine has lost takes RC4 with it: the next one is flushed, without a request.
TEST(mppe_stateful, what_is_sent_after_a_packet_was_lost_here)
{
	static const enum mppe_flush kinds[] = {MPPE_FLUSH_RESTARTS, MPPE_FLUSH_CHANGES};
	struct mppe_packet packet;
	struct mppe_sync_verdict todo;
	struct mppe_sync s;

	for (unsigned int i = 0; i < 2; i++) {
		mppe_sync_init(&s, false, JUMP_MAX);
		for (unsigned int k = 0; k < 5; k++)
			mppe_sync_send(&s, kinds[i], &packet, &todo);
		EXPECT_FALSE(packet.bits & MPPE_PACKET_FLUSHED);
		mppe_sync_lose_sent(&s);
		mppe_sync_send(&s, kinds[i], &packet, &todo);
		EXPECT_TRUE(packet.bits & MPPE_PACKET_FLUSHED);
		EXPECT_EQ(packet.count, i ? 0xff : 5);
		EXPECT_TRUE(todo.restart);
		mppe_sync_send(&s, kinds[i], &packet, &todo);
		EXPECT_FALSE(todo.restart);
	}
	mppe_sync_init(&s, true, JUMP_MAX);
	mppe_sync_lose_sent(&s);
	EXPECT_FALSE(s.at.flush_is_due);
}

// One was lost while the next was on its way to a driver that then refuses that: the flush is still to come.
TEST(mppe_stateful, what_is_taken_back_leaves_a_flush_due)
{
	struct mppe_packet packet;
	struct mppe_sync_verdict todo;
	struct mppe_sync s;

	mppe_sync_init(&s, false, JUMP_MAX);
	struct mppe_sync_place before = s.at;
	mppe_sync_send(&s, MPPE_FLUSH_RESTARTS, &packet, &todo);
	mppe_sync_lose_sent(&s);
	mppe_sync_undo(&s, before);
	mppe_sync_send(&s, MPPE_FLUSH_RESTARTS, &packet, &todo);
	EXPECT_EQ(packet.count, 0);
	EXPECT_TRUE(packet.bits & MPPE_PACKET_FLUSHED);
	EXPECT_TRUE(todo.restart);
}

TEST(mppe_stateful, a_second_request_at_once_does_not_move_the_count_on)
{
	struct mppe_sync s;
	struct mppe_sync_verdict todo;
	struct mppe_packet p;

	mppe_sync_init(&s, false, JUMP_MAX);
	mppe_sync_flush(&s, MPPE_FLUSH_UNKNOWN, 50 * MS);
	mppe_sync_send(&s, MPPE_FLUSH_UNKNOWN, &p, &todo);
	EXPECT_EQ(p.count, 0x0ff);
	mppe_sync_flush(&s, MPPE_FLUSH_UNKNOWN, 60 * MS);
	mppe_sync_send(&s, MPPE_FLUSH_UNKNOWN, &p, &todo);
	EXPECT_EQ(p.count, 0x100);
	mppe_sync_flush(&s, MPPE_FLUSH_RESTARTS, 70 * MS); // known by now: no harm in it
	mppe_sync_send(&s, MPPE_FLUSH_RESTARTS, &p, &todo);
	EXPECT_EQ(p.count, 0x101);
	EXPECT_EQ(p.bits, ENCRYPTED | FLUSHED);
	EXPECT_EQ(todo.n_changes, 0);
	mppe_sync_flush(&s, MPPE_FLUSH_UNKNOWN, 50 * MS + MPPE_SYNC_FLUSH_AGAIN_NS);
	mppe_sync_send(&s, MPPE_FLUSH_UNKNOWN, &p, &todo);
	EXPECT_EQ(p.count, 0x1ff);
}

// --- streams ----------------------------------------------------------------------------------------

// A client of each kind sends a packet a millisecond; of data, requests and flushed packets alike some are
// lost. A request takes 20 ms to come to something.
static void run_up(enum kind kind, uint32_t loss_percent, uint64_t seed)
{
	struct ours server = {0};
	struct peer client = {.kind = kind, .count = MPPE_COHERENCY_MASK};
	uint64_t rng = seed, request_at = 0;
	uint32_t n_read = 0, n_since_read = 0, n_longest = 0;

	mppe_sync_init(&server.sync, false, JUMP_MAX);
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t now_ns = (1000 + i) * MS;
		// Half-time: a path that works, so that what is wrong then stays wrong.
		uint32_t loss = i < 10000 ? loss_percent : 0;
		n_since_read = i == 10000 ? 0 : n_since_read;
		uint32_t len = 40 + next_random(&rng) % 1400;

		if (request_at && now_ns >= request_at) {
			request_at = 0;
			client.flush_is_due = true;
		}
		struct wire p = peer_send(&client, 7 + i, len);
		n_since_read++;
		if (next_random(&rng) % 100 < loss)
			continue;
		enum drop_reason drop = receive(&server, &p);
		if (drop == DROP_NONE) {
			n_read++;
			if (i > 10000 && n_since_read > n_longest)
				n_longest = n_since_read;
			n_since_read = 0;
		}
		ASSERT_NE(drop, DROP_MPPE_BITS);
		if (mppe_sync_is_due(&server.sync, now_ns)) {
			(void)mppe_sync_told(&server.sync, now_ns);
			if (next_random(&rng) % 100 >= loss)
				request_at = now_ns + 20 * MS;
		}
	}
	EXPECT_EQ(n_since_read, 0);
	EXPECT_LE(n_longest, 1100); // a told loss, at its slowest
	EXPECT_GT(n_read, 10000 - 1100);
	if (loss_percent)
		EXPECT_EQ(server.sync.flush,
			kind == LINUX ? MPPE_FLUSH_CHANGES : MPPE_FLUSH_RESTARTS);
}

TEST(mppe_stateful, upstream_recovers_with_clients_of_both_kinds)
{
	static const uint32_t losses[] = {0, 1, 8, 30};

	for (unsigned int kind = 0; kind < N_KINDS; kind++)
		for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
			for (uint64_t seed = 1; seed <= 20; seed++) {
				SHIM_TRACE_CASE(kind * 1000 + i * 100 + seed);
				run_up((enum kind)kind, losses[i], seed);
			}
}

// The same the other way. A client of Linux is deaf until the Reset-Ack, which goes before the flushed
// packet; it repeats its request after a second. Returns packets that were read as garbage.
static void run_down(enum kind kind, bool is_known, uint32_t loss_percent, uint64_t seed)
{
	enum mppe_flush flush = !is_known	? MPPE_FLUSH_UNKNOWN
				: kind == LINUX ? MPPE_FLUSH_CHANGES
						: MPPE_FLUSH_RESTARTS;
	struct ours server = {0};
	struct peer client = {.kind = kind, .count = MPPE_COHERENCY_MASK};
	uint64_t rng = seed, asked_ns = 0, request_at = 0;
	uint32_t n_since_read = 0, n_longest = 0;

	mppe_sync_init(&server.sync, false, JUMP_MAX);
	for (uint32_t i = 0; i < 20000; i++) {
		// Faster than this, and Linux may miss so many counts that it never comes back.
		uint64_t now_ns = (1000 + 4 * i) * MS;
		uint32_t loss = i < 10000 ? loss_percent : 0;
		n_since_read = i == 10000 ? 0 : n_since_read;

		if (request_at && now_ns >= request_at) {
			request_at = 0;
			if (next_random(&rng) % 100 >= loss)
				client.is_deaf = false; // the Reset-Ack came
			mppe_sync_flush(&server.sync, flush, now_ns);
		}
		struct wire p = send(&server, flush, i, 40 + next_random(&rng) % 1400);
		n_since_read++;
		if (next_random(&rng) % 100 < loss)
			continue;
		bool was_deaf = client.is_deaf;
		if (!peer_receive(&client, &p)) {
			if (i > 10000 && n_since_read > n_longest)
				n_longest = n_since_read;
			n_since_read = 0;
			asked_ns = 0;
			continue;
		}
		if (was_deaf && asked_ns && now_ns - asked_ns < 1000 * MS)
			continue;
		asked_ns = now_ns;
		if (next_random(&rng) % 100 >= loss)
			request_at = now_ns + 20 * MS;
	}
	EXPECT_EQ(client.n_wrong, 0);
	EXPECT_EQ(n_since_read, 0);
	EXPECT_LE(n_longest, 2500 / 4);
}

TEST(mppe_stateful, downstream_recovers_with_clients_of_both_kinds)
{
	static const uint32_t losses[] = {0, 1, 8};

	for (unsigned int kind = 0; kind < 2 * N_KINDS; kind++)
		for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
			for (uint64_t seed = 1; seed <= 20; seed++) {
				SHIM_TRACE_CASE(kind * 1000 + i * 100 + seed);
				run_down((enum kind)(kind / 2), kind % 2, losses[i], seed);
			}
}

// Over a path that takes longer than the second in which Linux asks again, the second request is for what the
// first one has mended already. That costs one more reset, and then no more.
TEST(mppe_stateful, a_path_longer_than_the_second_of_linux)
{
	enum { EVERY_MS = 4, ONE_WAY = 850 / EVERY_MS, N = 5000 };
	struct ours server = {0};
	struct peer client = {.kind = LINUX, .count = MPPE_COHERENCY_MASK};
	static struct wire path[N];
	uint8_t asks[N + ONE_WAY] = {0}, acks[N + ONE_WAY] = {0};
	uint32_t asked = 0, n_read = 0;

	mppe_sync_init(&server.sync, false, JUMP_MAX);
	for (uint32_t i = 0; i < N; i++) {
		uint64_t now_ns = (1000 + EVERY_MS * (uint64_t)i) * MS;

		if (asks[i]) {
			acks[i + ONE_WAY] = 1;
			mppe_sync_flush(&server.sync, MPPE_FLUSH_UNKNOWN, now_ns);
		}
		path[i] = send(&server, MPPE_FLUSH_UNKNOWN, i, 100);
		if (acks[i])
			client.is_deaf = false;
		if (i < ONE_WAY || i == ONE_WAY + 100) // that one is lost
			continue;
		if (!peer_receive(&client, &path[i - ONE_WAY])) {
			n_read++;
			asked = 0;
		} else if (!asked || (i - asked) * EVERY_MS >= 1000) {
			asked = i;
			asks[i + ONE_WAY] = 1;
		}
	}
	EXPECT_EQ(client.n_wrong, 0);
	EXPECT_FALSE(client.discards);
	EXPECT_GT(n_read, N - 5 * ONE_WAY - 100);
}

// Once around and more.
TEST(mppe_stateful, comes_back_after_thousands_of_lost_packets)
{
	static const uint32_t losses[] = {255, 256, 4000, 4095, 4096, 5000, 30000};

	for (unsigned int n = 0; n < 14; n++) {
		struct ours server = {0};
		struct peer client = {.kind = (enum kind)(n % 2), .count = MPPE_COHERENCY_MASK};
		uint32_t seq = 0;

		SHIM_TRACE_CASE(n);
		mppe_sync_init(&server.sync, false, JUMP_MAX);
		for (; seq < 10; seq++) {
			struct wire p = peer_send(&client, seq, 100);
			ASSERT_EQ(receive(&server, &p), DROP_NONE);
		}
		for (uint32_t i = 0; i < losses[n / 2]; i++)
			(void)peer_send(&client, seq++, 100);
		seq += 300; // control frames
		client.flush_is_due = true;
		// Where it looks like the next one a second reset is needed.
		struct wire p = peer_send(&client, seq++, 100);
		if (receive(&server, &p) != DROP_NONE) {
			EXPECT_LT((losses[n / 2] + 1) % 4096, JUMP_MAX);
			client.flush_is_due = true;
			(void)mppe_sync_told(&server.sync, 1);
			p = peer_send(&client, seq++, 100);
			ASSERT_EQ(receive(&server, &p), DROP_NONE);
		}
		p = peer_send(&client, seq++, 100);
		ASSERT_EQ(receive(&server, &p), DROP_NONE);
	}
}
