// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_reorder.h"

#include "proto/gre_window.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

#include <string.h>

enum { JUMP_MAX = 256, HOLD_NS = 1000, HELD_MAX = 32 };

// A packet as a stage has it.
struct item {
	struct gre_held held; // first: an item is its gre_held
	bool is_held;
};

// What stage_reorder.c does with the machine, on a clock of the test's.
struct receiver {
	struct gre_window window;
	struct gre_reorder reorder;
	uint64_t now_ns;
	unsigned int n_held, n_held_most, n_passed, n_duplicates;
	uint64_t held_longest_ns;
	bool has_last, is_out_of_order;
	uint32_t last;
	struct item *items[HELD_MAX + 1]; // held
};

static void receiver_init(struct receiver *r, uint8_t pkts_max)
{
	memset(r, 0, sizeof(*r));
	gre_window_init(&r->window, JUMP_MAX, 0);
	r->reorder.pkts_max = pkts_max;
}

static void unhold(struct receiver *r, struct item *p)
{
	unsigned int i = 0;

	while (r->items[i] != p)
		i++;
	r->items[i] = r->items[--r->n_held];
	p->is_held = false;
	uint64_t waited_ns = r->now_ns - (p->held.due_ns - HOLD_NS);
	if (waited_ns > r->held_longest_ns)
		r->held_longest_ns = waited_ns;
}

static void pass(struct receiver *r, struct item *p)
{
	if (p->is_held)
		unhold(r, p);
	if (gre_window_receive(&r->window, p->held.seq, r->now_ns) != DROP_NONE)
		return;
	if (r->has_last && !seq_is_after(p->held.seq, r->last))
		r->is_out_of_order = true;
	r->has_last = true;
	r->last = p->held.seq;
	r->n_passed++;
}

static void pass_all(struct receiver *r, struct gre_held *list)
{
	while (list) {
		struct item *p = (struct item *)list;
		list = list->next;
		pass(r, p);
	}
}

static void expire(struct receiver *r)
{
	for (;;) {
		struct item *due = NULL;
		for (unsigned int i = 0; i < r->n_held; i++)
			if (r->items[i]->held.due_ns <= r->now_ns)
				due = r->items[i];
		if (!due)
			return;
		pass_all(r, gre_reorder_release(&r->reorder, &due->held));
	}
}

static void put(struct receiver *r, struct item *p, uint32_t seq, bool has_room)
{
	int32_t ahead = seq_distance(r->window.highest, seq);

	*p = (struct item){.held = {.seq = seq, .due_ns = r->now_ns + HOLD_NS}};
	if (!r->window.has_received || ahead <= 0 || ahead > JUMP_MAX) {
		if (gre_window_receive(&r->window, seq, r->now_ns) == DROP_NONE) {
			struct gre_held *gone = gre_reorder_release(&r->reorder, NULL);
			for (; gone; gone = gone->next)
				unhold(r, (struct item *)gone);
			r->has_last = true;
			r->last = seq;
			r->n_passed++;
		}
		return;
	}
	struct gre_reorder_result result =
		gre_reorder_put(&r->reorder, &p->held, r->window.highest, has_room);
	if (result.fate == GRE_REORDER_DUPLICATE) {
		EXPECT_TRUE(result.out == NULL);
		r->n_duplicates++;
		return;
	}
	if (result.fate == GRE_REORDER_HOLD) {
		ASSERT_LE(r->n_held, HELD_MAX);
		p->is_held = true;
		r->items[r->n_held++] = p;
	}
	pass_all(r, result.out);
	if (r->n_held > r->n_held_most)
		r->n_held_most = r->n_held;
}

// --- one after the other ----------------------------------------------------------------------------

TEST(gre_reorder, sequences)
{
	// Offsets that come one after the other, then those that must have gone out at once, in order.
	static const struct {
		uint8_t pkts_max;
		int8_t in[10];
		uint8_t n_in;
		uint8_t n_out;
		int8_t last; // the last that went out
		uint8_t n_held;
	} cases[] = {
		{4, {0, 1, 2, 3}, 4, 4, 3, 0}, {4, {0, 2}, 2, 1, 0, 1}, {4, {0, 2, 1}, 3, 3, 2, 0},
		{4, {0, 2, 3, 4, 5}, 5, 1, 0, 4},
		{4, {0, 2, 3, 4, 5, 6}, 6, 6, 6, 0}, // 1 is given up: there is no more room
		{4, {0, 2, 4, 6}, 4, 2, 2, 2},	     // 1 is given up for 6, 3 is not
		{4, {0, 5, 6}, 3, 3, 6, 0},	     // 6 is too far: 1 to 4 are given up
		{4, {0, 3, 3}, 3, 1, 0, 1}, {4, {0, 3, 2, 1}, 4, 4, 3, 0},
		{4, {0, 5, 3, 1, 2}, 5, 4, 3, 1},
		{4, {0, 100}, 2, 2, 100, 0}, // far: not waited for
		{4, {0, 2, 100}, 3, 3, 100, 0}, {1, {0, 2, 1}, 3, 3, 2, 0}, {1, {0, 3}, 2, 2, 3, 0},
		{1, {0, 2, 3}, 3, 3, 3, 0}, {32, {0, 33}, 2, 1, 0, 1}, {32, {0, 34}, 2, 2, 34, 0},
		{0, {0, 2, 1}, 3, 2, 2, 0}, // as if it were not there
	};
	static const uint32_t starts[] = {0, 1, 0xffffffff, 0xfffffffe, 0x7fffffff, 12345};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (size_t k = 0; k < sizeof(starts) / sizeof(starts[0]); k++) {
			struct receiver r;
			struct item items[10];

			SHIM_TRACE_CASE(i);
			receiver_init(&r, cases[i].pkts_max);
			for (unsigned int n = 0; n < cases[i].n_in; n++)
				put(&r, &items[n], starts[k] + (uint32_t)cases[i].in[n], true);
			EXPECT_EQ(r.n_passed, cases[i].n_out);
			EXPECT_EQ(r.last, starts[k] + (uint32_t)cases[i].last);
			EXPECT_EQ(r.n_held, cases[i].n_held);
			EXPECT_FALSE(r.is_out_of_order);
		}
	}
}

TEST(gre_reorder, what_is_overtaken_is_told)
{
	struct gre_reorder r = {.pkts_max = 8};
	struct gre_held p[4] = {{.seq = 12}, {.seq = 15}, {.seq = 13}, {.seq = 11}};
	static const bool is_overtaken[] = {false, false, true, true};

	for (unsigned int i = 0; i < 4; i++) {
		struct gre_reorder_result result = gre_reorder_put(&r, &p[i], 10, true);
		EXPECT_EQ(result.is_overtaken, is_overtaken[i]);
		EXPECT_EQ(result.fate, i == 3 ? GRE_REORDER_PASS : GRE_REORDER_HOLD);
	}
	EXPECT_EQ(r.first->seq, 15);
}

TEST(gre_reorder, a_held_number_that_comes_again_is_a_duplicate)
{
	struct receiver r;
	struct item items[4];

	receiver_init(&r, 8);
	put(&r, &items[0], 0, true);
	put(&r, &items[1], 2, true);
	put(&r, &items[2], 2, true);
	EXPECT_EQ(r.n_duplicates, 1);
	EXPECT_EQ(r.n_held, 1);
	put(&r, &items[3], 1, true);
	EXPECT_EQ(r.n_passed, 3);
}

TEST(gre_reorder, without_room_nothing_waits)
{
	struct receiver r;
	struct item items[8];

	receiver_init(&r, 8);
	put(&r, &items[0], 0, true);
	put(&r, &items[1], 2, true);
	put(&r, &items[2], 6, true);
	put(&r, &items[3], 4, false); // 2 and 4 go, 6 still waits for 5
	EXPECT_EQ(r.last, 4);
	EXPECT_EQ(r.n_held, 1);
	put(&r, &items[4], 5, false);
	EXPECT_EQ(r.last, 6);
	EXPECT_EQ(r.n_passed, 5);
	EXPECT_FALSE(r.is_out_of_order);
}

TEST(gre_reorder, release_gives_what_is_due_and_what_follows)
{
	struct gre_reorder r = {.pkts_max = 32};
	static const uint32_t seqs[] = {3, 5, 6, 9, 10, 12};
	struct gre_held p[6];

	for (unsigned int i = 0; i < 6; i++) {
		p[i] = (struct gre_held){.seq = seqs[i]};
		EXPECT_EQ(gre_reorder_put(&r, &p[i], 1, true).fate, GRE_REORDER_HOLD);
	}
	struct gre_held *out = gre_reorder_release(&r, &p[1]);
	for (unsigned int i = 0; i < 3; i++, out = out->next) {
		ASSERT_TRUE(out != NULL);
		EXPECT_EQ(out->seq, seqs[i]);
	}
	EXPECT_TRUE(out == NULL);
	out = gre_reorder_release(&r, NULL);
	for (unsigned int i = 3; i < 6; i++, out = out->next) {
		ASSERT_TRUE(out != NULL);
		EXPECT_EQ(out->seq, seqs[i]);
	}
	EXPECT_TRUE(out == NULL);
	EXPECT_TRUE(gre_reorder_release(&r, NULL) == NULL);
	EXPECT_TRUE(r.first == NULL);
}

// --- streams ----------------------------------------------------------------------------------------

enum { STREAM_PKTS = 3000 };

struct stream {
	struct item items[2 * STREAM_PKTS];
	uint64_t at_ns[2 * STREAM_PKTS];
	uint32_t seq[2 * STREAM_PKTS];
	unsigned int n;
};

static void stream_add(struct stream *s, uint32_t seq, uint64_t at_ns)
{
	unsigned int i = s->n++;

	for (; i > 0 && s->at_ns[i - 1] > at_ns; i--) {
		s->at_ns[i] = s->at_ns[i - 1];
		s->seq[i] = s->seq[i - 1];
	}
	s->at_ns[i] = at_ns;
	s->seq[i] = seq;
}

// A packet every 100 ns; `late_max_ns` is how much later than its time one may come.
static void stream_make(struct stream *s, struct xorshift *x, uint32_t start, uint32_t lose,
	uint32_t repeat, uint32_t reorder, uint32_t late_max_ns)
{
	s->n = 0;
	for (uint32_t i = 0; i < STREAM_PKTS; i++) {
		uint64_t at_ns = 100ULL * i;

		if (i > 0 && xorshift_below(x, 100) < lose)
			continue;
		if (i > 0 && xorshift_below(x, 100) < reorder)
			at_ns += xorshift_below(x, late_max_ns + 1);
		stream_add(s, start + i, at_ns);
		if (i > 0 && xorshift_below(x, 100) < repeat)
			stream_add(s, start + i, at_ns + xorshift_below(x, late_max_ns + 1));
	}
}

static void play(struct receiver *r, struct stream *s, struct xorshift *x, uint32_t no_room)
{
	for (unsigned int i = 0; i < s->n; i++) {
		// The lane looks at its list between bursts: here every 10 ns.
		for (; r->now_ns < s->at_ns[i]; r->now_ns += 10)
			if (r->n_held > 0)
				expire(r);
		put(r, &s->items[i], s->seq[i], xorshift_below(x, 100) >= no_room);
	}
	for (uint64_t end_ns = r->now_ns + HOLD_NS; r->now_ns <= end_ns; r->now_ns += 10)
		expire(r);
}

static const uint32_t stream_starts[] = {0, 1, 0xfffffc00, 0x7ffffc00, 987654321};

TEST(gre_reorder, whatever_comes_goes_out_in_order_in_time_and_bounded)
{
	static struct stream s;
	struct xorshift x = xorshift_seed(20261121);
	uint64_t n_held_ever = 0;

	for (unsigned int run = 0; run < 200; run++) {
		struct receiver r;
		uint8_t pkts_max = (uint8_t)xorshift_below(&x, HELD_MAX + 1);
		uint32_t start = stream_starts[run % 5];

		SHIM_TRACE_CASE(run);
		receiver_init(&r, pkts_max);
		stream_make(&s, &x, start, xorshift_below(&x, 30), xorshift_below(&x, 30),
			xorshift_below(&x, 60), 100 * xorshift_below(&x, 60));
		play(&r, &s, &x, xorshift_below(&x, 3) ? 0 : 20);
		EXPECT_FALSE(r.is_out_of_order); // so each number went at most once
		EXPECT_LE(r.n_held_most, pkts_max);
		EXPECT_LE(r.held_longest_ns, HOLD_NS + 10);
		EXPECT_EQ(r.n_held, 0);
		EXPECT_TRUE(r.reorder.first == NULL);
		EXPECT_GT(r.n_passed, STREAM_PKTS / 4);
		n_held_ever += r.n_held_most;
	}
	EXPECT_GT(n_held_ever, 1000);
}

// Deep and patient enough: nothing is lost, whatever is late or comes twice.
TEST(gre_reorder, loses_nothing_that_is_not_later_than_it_waits)
{
	static struct stream s;
	struct xorshift x = xorshift_seed(7);

	for (unsigned int run = 0; run < 100; run++) {
		struct receiver r;

		SHIM_TRACE_CASE(run);
		receiver_init(&r, 16);
		stream_make(&s, &x, stream_starts[run % 5], 0, 30, 50, HOLD_NS - 100);
		play(&r, &s, &x, 0);
		EXPECT_EQ(r.n_passed, STREAM_PKTS);
		EXPECT_FALSE(r.is_out_of_order);
	}
}

// What somebody forges far ahead holds up nobody and costs what it cost without the buffer.
TEST(gre_reorder, forged_numbers_do_not_make_the_client_wait)
{
	static const uint32_t ahead[] = {10, 40, 100, JUMP_MAX, JUMP_MAX + 1, 0x40000000};

	for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		struct receiver r;
		struct item items[600], forged;

		SHIM_TRACE_CASE(i);
		receiver_init(&r, 16);
		for (uint32_t n = 0; n < 300; n++)
			put(&r, &items[n], n, true);
		put(&r, &forged, 299 + ahead[i], true);
		unsigned int before = r.n_passed;
		for (uint32_t n = 300; n < 500; n++)
			put(&r, &items[n], n, true);
		bool is_taken = ahead[i] > 17 && ahead[i] <= JUMP_MAX; // as by the window alone
		EXPECT_GE(r.n_passed - before, is_taken ? 200 - GRE_WINDOW_RESYNC_RUN : 200);
		EXPECT_EQ(r.n_held, 0);
	}
}
