// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_window.h"

#include "shim/shim.h"

#include <string.h>

enum { JUMP_MAX = 256, DELAY_NS = 50000 };

static uint32_t rng_next(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

static bool rng_chance(uint64_t *state, uint32_t percent)
{
	return rng_next(state) % 100 < percent;
}

static enum drop_reason give(struct gre_window *w, uint32_t seq)
{
	return gre_window_receive(w, seq, 1000);
}

// Numbers accepted one after the other, from `from` on.
static void feed(struct gre_window *w, uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ASSERT_EQ(give(w, from + i), DROP_NONE);
}

TEST(gre_window, verdicts)
{
	// A window that has accepted `start`, then `seq` comes.
	static const struct {
		uint32_t start;
		int64_t step;
		enum drop_reason verdict;
	} cases[] = {
		{0, 0, DROP_GRE_DUPLICATE},
		{0, 1, DROP_NONE},
		{1, 1, DROP_NONE},
		{0xffffffff, 1, DROP_NONE}, // wraps
		{0xfffffff0, 32, DROP_NONE},
		{7, 63, DROP_NONE},
		{7, 64, DROP_NONE},
		{7, JUMP_MAX, DROP_NONE},
		{7, JUMP_MAX + 1, DROP_GRE_JUMP},
		{0xffffff80, JUMP_MAX + 1, DROP_GRE_JUMP},
		{7, INT32_MAX, DROP_GRE_JUMP},
		{7, -1, DROP_GRE_LATE},
		{0, -1, DROP_GRE_LATE},
		{7, -63, DROP_GRE_LATE},
		{7, -64, DROP_GRE_LATE},
		{7, INT32_MIN, DROP_GRE_LATE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		EXPECT_EQ(give(&w, cases[i].start), DROP_NONE);
		EXPECT_EQ(give(&w, cases[i].start + (uint32_t)cases[i].step), cases[i].verdict);
	}
}

TEST(gre_window, tells_duplicates_from_late_ones)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	feed(&w, 100, 3); // 100, 101, 102
	EXPECT_EQ(give(&w, 110), DROP_NONE);
	EXPECT_EQ(give(&w, 110), DROP_GRE_DUPLICATE);
	EXPECT_EQ(give(&w, 102), DROP_GRE_DUPLICATE);
	EXPECT_EQ(give(&w, 100), DROP_GRE_DUPLICATE);
	EXPECT_EQ(give(&w, 105), DROP_GRE_LATE);
	EXPECT_EQ(give(&w, 99), DROP_GRE_LATE);
	EXPECT_EQ(give(&w, 110 + 63), DROP_NONE);
	EXPECT_EQ(give(&w, 110), DROP_GRE_DUPLICATE); // the oldest that is remembered
	EXPECT_EQ(give(&w, 110 + 64), DROP_NONE);
	EXPECT_EQ(give(&w, 110), DROP_GRE_LATE);
}

TEST(gre_window, bound_of_jumps_is_itself_bounded)
{
	struct gre_window w;

	gre_window_init(&w, UINT32_MAX, DELAY_NS);
	EXPECT_EQ(give(&w, 0), DROP_NONE);
	EXPECT_EQ(give(&w, INT32_MAX), DROP_NONE);
	EXPECT_EQ(give(&w, 0), DROP_GRE_LATE);
}

TEST(gre_window, one_forged_far_packet_changes_nothing)
{
	static const uint32_t forged[] = {
		5000, 0x7fffffff, 0x80000000, 0x90000000, 0xffff0000, 50 + JUMP_MAX};

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		feed(&w, 0, 50);
		EXPECT_NE(give(&w, forged[i]), DROP_NONE);
		feed(&w, 50, 500);
	}
}

TEST(gre_window, forged_packets_between_good_ones_never_add_up_to_a_run)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	for (uint32_t i = 0; i < 100; i++) {
		ASSERT_EQ(give(&w, i), DROP_NONE);
		ASSERT_EQ(give(&w, 1000000 + i), DROP_GRE_JUMP);
	}
}

TEST(gre_window, a_run_wins_after_a_long_outage)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	feed(&w, 0, 10);
	EXPECT_EQ(give(&w, 5000), DROP_GRE_JUMP);
	EXPECT_EQ(give(&w, 5001), DROP_GRE_JUMP);
	EXPECT_EQ(give(&w, 5003), DROP_GRE_JUMP); // a gap: the run begins again
	EXPECT_EQ(give(&w, 5004), DROP_GRE_JUMP);
	EXPECT_EQ(give(&w, 5005), DROP_GRE_JUMP);
	EXPECT_EQ(give(&w, 5006), DROP_NONE);
	feed(&w, 5007, 100);
	EXPECT_EQ(give(&w, 5005), DROP_GRE_LATE);
	EXPECT_EQ(give(&w, 9), DROP_GRE_LATE);
}

TEST(gre_window, a_forged_run_does_not_keep_the_client_out)
{
	// Where the forged run takes the window, seen from the client's last number.
	static const uint32_t targets[] = {1000, 0x10000000, 0x7ffffff0};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		feed(&w, 0, 200);
		for (uint32_t k = 0; k < GRE_WINDOW_RESYNC_RUN; k++)
			give(&w, targets[i] + k);
		ASSERT_EQ(w.highest, targets[i] + GRE_WINDOW_RESYNC_RUN - 1);

		for (uint32_t k = 0; k + 1 < GRE_WINDOW_RESYNC_RUN; k++)
			EXPECT_EQ(give(&w, 200 + k), DROP_GRE_LATE);
		feed(&w, 200 + GRE_WINDOW_RESYNC_RUN - 1, 100);
	}
}

TEST(gre_window, a_run_of_old_numbers_stays_refused)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	feed(&w, 0, 1000);
	for (uint32_t i = 0; i < 100; i++) // a replay of what came before, with nothing between
		ASSERT_EQ(give(&w, i), DROP_GRE_LATE);

	for (uint32_t i = 0; i < GRE_WINDOW_RESYNC_RUN; i++)
		give(&w, 100000 + i);
	ASSERT_EQ(w.highest, 100003);
	for (uint32_t i = 0; i < 1000; i++) // nor after a move
		ASSERT_EQ(give(&w, i), DROP_GRE_LATE);
}

TEST(gre_window, a_forged_first_packet_does_not_keep_the_client_out)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	EXPECT_EQ(give(&w, 0x40000000), DROP_NONE);
	EXPECT_EQ(give(&w, 0), DROP_GRE_LATE);
	EXPECT_EQ(give(&w, 1), DROP_GRE_LATE);
	EXPECT_EQ(give(&w, 2), DROP_GRE_LATE);
	feed(&w, 3, 10);
}

// The client goes on at `next` and is let in again after the packets of one run.
static void expect_back(struct gre_window *w, uint32_t next)
{
	for (uint32_t i = 0; i + 1 < GRE_WINDOW_RESYNC_RUN; i++)
		EXPECT_NE(give(w, next + i), DROP_NONE);
	feed(w, next + GRE_WINDOW_RESYNC_RUN - 1, 100);
}

TEST(gre_window, several_forged_runs_do_not_keep_the_client_out)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	feed(&w, 0, 200);
	for (uint32_t i = 1; i <= 10; i++)
		for (uint32_t k = 0; k < GRE_WINDOW_RESYNC_RUN; k++)
			give(&w, i * 1000000 + k);
	ASSERT_EQ(w.highest, 10000003);
	expect_back(&w, 200);
	EXPECT_EQ(give(&w, 199), DROP_GRE_LATE); // nor may its old numbers come again
	for (uint32_t i = 0; i < 200; i++)
		ASSERT_NE(give(&w, i), DROP_NONE);
}

TEST(gre_window, forged_steps_within_the_bound_do_not_keep_the_client_out)
{
	static const uint32_t steps[] = {GRE_WINDOW_TRACK_JUMP + 1, 63, 64, JUMP_MAX};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		feed(&w, 0, 200);
		for (uint32_t k = 1; k <= 60; k++)
			ASSERT_EQ(give(&w, 199 + k * steps[i]), DROP_NONE);
		expect_back(&w, 200);
	}
}

TEST(gre_window, forged_packets_before_the_first_do_not_keep_the_client_out)
{
	static const uint32_t firsts[] = {5, 40, 63, 64, 0x40000000};

	for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		EXPECT_EQ(give(&w, firsts[i]), DROP_NONE);
		expect_back(&w, 0);

		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		EXPECT_EQ(give(&w, firsts[i]), DROP_NONE);
		for (uint32_t k = 0; k < GRE_WINDOW_RESYNC_RUN; k++)
			give(&w, 0x50000000 + k);
		ASSERT_EQ(w.highest, 0x50000003);
		expect_back(&w, 0);
	}
}

// A client's stream through a path that loses, repeats and reorders.
enum { STREAM_PKTS = 4000, REORDER_MAX = 40 };

struct stream {
	uint32_t seq[2 * STREAM_PKTS];
	uint32_t at[2 * STREAM_PKTS]; // when it arrives
	size_t n;
};

static void stream_add(struct stream *s, uint32_t seq, uint32_t at)
{
	size_t i = s->n++;

	for (; i > 0 && s->at[i - 1] > at; i--) {
		s->at[i] = s->at[i - 1];
		s->seq[i] = s->seq[i - 1];
	}
	s->at[i] = at;
	s->seq[i] = seq;
}

static void stream_make(struct stream *s, uint32_t start, uint64_t *rng)
{
	uint32_t lose = rng_next(rng) % 30, repeat = rng_next(rng) % 30,
		 reorder = rng_next(rng) % 30;
	uint32_t outage = 0;

	s->n = 0;
	for (uint32_t i = 0; i < STREAM_PKTS; i++) {
		uint32_t at = 4 * i;

		if (outage == 0 && rng_next(rng) % 1000 == 0)
			outage = rng_next(rng) % (3 * JUMP_MAX);
		if (outage > 0) {
			outage--;
			continue;
		}
		if (rng_chance(rng, lose))
			continue;
		if (rng_chance(rng, reorder))
			at += rng_next(rng) % (4 * REORDER_MAX);
		stream_add(s, start + i, at);
		if (rng_chance(rng, repeat))
			stream_add(s, start + i, at + rng_next(rng) % (4 * REORDER_MAX));
	}
}

TEST(gre_window, accepts_a_number_at_most_once_and_only_forward)
{
	static const uint32_t starts[] = {0, 1, 0xffffff00, 0x7fffff00, 12345678};
	static struct stream s;
	uint64_t rng = 1;

	for (size_t run = 0; run < 200; run++) {
		struct gre_window w;
		bool has_last = false;
		uint32_t start = starts[run % (sizeof(starts) / sizeof(starts[0]))], last = 0;
		unsigned int n_accepted = 0;

		SHIM_TRACE_CASE(run);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		stream_make(&s, start, &rng);
		for (size_t i = 0; i < s.n; i++) {
			if (give(&w, s.seq[i]) != DROP_NONE)
				continue;
			// Strictly forward is at most once, too.
			ASSERT_TRUE(!has_last || seq_is_after(s.seq[i], last));
			has_last = true;
			last = s.seq[i];
			n_accepted++;
		}
		EXPECT_GT(n_accepted, STREAM_PKTS / 20);
	}
}

TEST(gre_window, accepts_all_that_arrives_in_order)
{
	uint64_t rng = 2;

	for (uint32_t run = 0; run < 50; run++) {
		struct gre_window w;
		uint32_t lose = rng_next(&rng) % 60, start = rng_next(&rng);

		SHIM_TRACE_CASE(run);
		gre_window_init(&w, JUMP_MAX, DELAY_NS);
		for (uint32_t i = 0; i < STREAM_PKTS; i++)
			if (!rng_chance(&rng, lose))
				ASSERT_EQ(give(&w, start + i), DROP_NONE);
	}
}

// --- late ones --------------------------------------------------------------------------------------

enum { LATE_MAX = 32 };

static void begin_late(struct gre_window *w, uint8_t late_max)
{
	gre_window_init(w, JUMP_MAX, DELAY_NS);
	w->late_max = late_max;
}

// As a worker does it.
static bool pass(struct gre_window *w, uint32_t seq)
{
	enum drop_reason verdict = give(w, seq);

	return verdict == DROP_NONE || (verdict == DROP_GRE_LATE && gre_window_take_late(w, seq));
}

TEST(gre_window, takes_late_numbers_within_bounds)
{
	// A window at `start` that has jumped ahead by `step`, then what is `behind` that comes.
	static const struct {
		uint32_t start, step, behind;
		uint8_t late_max;
		bool is_taken;
	} cases[] = {
		{100, 2, 1, 0, false}, // not asked for
		{100, 2, 1, 1, true}, {100, 3, 2, 1, false}, {100, 32, 31, 31, true},
		{100, 32, 31, 30, false}, {100, 32, 1, 32, true},
		{100, 2, 0, 32, false},		// the last one
		{100, 2, 2, 32, false},		// the one before
		{100, 2, 3, 32, false},		// before the first
		{0, 2, 3, 32, false},		// the same across the wrap
		{0xfffffff0, 32, 31, 32, true}, // 0xfffffff1
		{0xfffffff0, 32, 15, 32, true}, // 1
		{0xfffffff0, 32, 32, 32, false},
		{100, 33, 1, 32, false}, // a new track begins with 133
		{100, 63, 62, 63, false}, {100, 32, 0x80000000, 63, false},
		{100, 32, 0xffffffff, 63, false}, // ahead
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gre_window w;

		SHIM_TRACE_CASE(i);
		begin_late(&w, cases[i].late_max);
		EXPECT_FALSE(gre_window_take_late(&w, 0)); // before anything has come
		EXPECT_EQ(give(&w, cases[i].start), DROP_NONE);
		EXPECT_EQ(give(&w, cases[i].start + cases[i].step), DROP_NONE);
		EXPECT_EQ(
			gre_window_take_late(&w, cases[i].start + cases[i].step - cases[i].behind),
			cases[i].is_taken);
	}
}

TEST(gre_window, takes_a_late_number_once)
{
	struct gre_window w;

	begin_late(&w, LATE_MAX);
	feed(&w, 100, 2); // 100, 101
	EXPECT_EQ(give(&w, 105), DROP_NONE);
	EXPECT_TRUE(pass(&w, 103));
	EXPECT_EQ(give(&w, 103), DROP_GRE_DUPLICATE);
	EXPECT_FALSE(gre_window_take_late(&w, 103));
	EXPECT_TRUE(pass(&w, 102));
	feed(&w, 106, 20);
	EXPECT_EQ(give(&w, 103), DROP_GRE_DUPLICATE);
	EXPECT_TRUE(pass(&w, 104));
	EXPECT_FALSE(pass(&w, 104));
	feed(&w, 126, 60);
	EXPECT_EQ(give(&w, 104), DROP_GRE_LATE); // forgotten, and too far behind
	EXPECT_FALSE(gre_window_take_late(&w, 104));
}

TEST(gre_window, a_late_number_moves_nothing)
{
	struct gre_window w, before;
	uint32_t ack;

	begin_late(&w, LATE_MAX);
	feed(&w, 100, 1);
	EXPECT_EQ(give(&w, 110), DROP_NONE);
	EXPECT_EQ(give(&w, 90000), DROP_GRE_JUMP); // a run is under way
	EXPECT_TRUE(gre_window_take_ack(&w, &ack));
	before = w;
	EXPECT_TRUE(pass(&w, 104));
	EXPECT_EQ(gre_window_ack_due(&w), GRE_WINDOW_NEVER);
	EXPECT_NE(w.seen, before.seen);
	before.seen = w.seen;
	EXPECT_MEMEQ(&w, &before, sizeof(w));
}

// A track that was forged gets neither longer nor the client's numbers before it, however many of its own come late:
// else it would become the home, and the client's numbers be behind it.
TEST(gre_window, late_numbers_do_not_help_a_forged_track)
{
	static const uint32_t targets[] = {
		200 + GRE_WINDOW_TRACK_JUMP, 200 + 63, 200 + JUMP_MAX - 1};

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct gre_window w;
		uint32_t at = targets[i];

		SHIM_TRACE_CASE(i);
		begin_late(&w, GRE_WINDOW_LATE_MAX);
		feed(&w, 0, 200);
		for (uint32_t k = 0; k < 40; k++, at += GRE_WINDOW_TRACK_JUMP) {
			EXPECT_EQ(give(&w, at), DROP_NONE);
			for (uint32_t behind = 1; behind < GRE_WINDOW_TRACK_JUMP; behind++)
				EXPECT_EQ(pass(&w, at - behind), k > 0);
		}
		EXPECT_EQ(w.n_track, 40);
		EXPECT_EQ(give(&w, at + JUMP_MAX / 2), DROP_NONE); // and leaves it for the next
		EXPECT_EQ(w.home, 199);
		expect_back(&w, 200);
		EXPECT_FALSE(pass(&w, 199));
	}
}

// Numbers of before a track begins are never late, or the client's own would not be the run that takes it back.
TEST(gre_window, what_is_before_a_track_is_not_late)
{
	struct gre_window w;

	begin_late(&w, GRE_WINDOW_LATE_MAX);
	EXPECT_EQ(give(&w, 5), DROP_NONE); // forged, or the first that got through
	for (uint32_t k = 0; k + 1 < GRE_WINDOW_RESYNC_RUN; k++)
		EXPECT_FALSE(pass(&w, k));
	EXPECT_TRUE(pass(&w, 3));
	EXPECT_EQ(w.highest, 3);
	for (uint32_t k = 0; k < 3; k++)
		EXPECT_FALSE(pass(&w, k));
	feed(&w, 4, 100);
}

// Late packets, the client's or forged, between the client's own do not break the run that takes it back.
TEST(gre_window, late_numbers_do_not_break_a_run)
{
	struct gre_window w;

	begin_late(&w, GRE_WINDOW_LATE_MAX);
	feed(&w, 0, 200);
	EXPECT_EQ(give(&w, 300), DROP_NONE);
	EXPECT_EQ(give(&w, 320), DROP_NONE);
	for (uint32_t k = 0; k + 1 < GRE_WINDOW_RESYNC_RUN; k++) {
		EXPECT_FALSE(pass(&w, 200 + k));
		EXPECT_TRUE(pass(&w, 301 + k));
	}
	EXPECT_TRUE(pass(&w, 203));
	EXPECT_EQ(w.highest, 203);
}

// All that comes is passed on once if it is at most late_max behind, and nothing else is.
TEST(gre_window, passes_each_number_within_the_allowance_once)
{
	static uint8_t n_passed[STREAM_PKTS];
	static struct stream s;
	unsigned int n_late = 0;
	uint64_t rng = 3;

	for (size_t run = 0; run < 300; run++) {
		struct gre_window w;
		uint32_t start = rng_next(&rng);
		uint8_t late_max = (uint8_t)(rng_next(&rng) % (GRE_WINDOW_LATE_MAX + 1));

		SHIM_TRACE_CASE(run);
		begin_late(&w, late_max);
		memset(n_passed, 0, sizeof(n_passed));
		stream_make(&s, start, &rng);
		for (size_t i = 0; i < s.n; i++) {
			int32_t ahead = seq_distance(w.highest, s.seq[i]);
			uint32_t base = w.base;
			bool has_received = w.has_received;
			uint8_t *n = &n_passed[s.seq[i] - start];
			bool is_passed = pass(&w, s.seq[i]);

			*n += is_passed;
			ASSERT_LE(*n, 1);
			if (!has_received || ahead > 0 || w.base != base)
				continue; // in order, or by force of a run
			bool is_due = -ahead <= late_max && !seq_is_after(base, s.seq[i]);
			ASSERT_EQ(*n, is_passed || (is_due ? 1 : *n));
			ASSERT_FALSE(is_passed && !is_due);
			n_late += is_passed;
		}
	}
	EXPECT_GT(n_late, 10000);
}

TEST(gre_window, an_ack_waits_for_its_delay_and_rides_when_it_can)
{
	struct gre_window w;
	uint32_t ack = 77;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	EXPECT_EQ(gre_window_ack_due(&w), GRE_WINDOW_NEVER);
	EXPECT_FALSE(gre_window_take_ack(&w, &ack));
	EXPECT_EQ(ack, 77);

	EXPECT_EQ(gre_window_receive(&w, 10, 1000), DROP_NONE);
	EXPECT_EQ(gre_window_receive(&w, 11, 1020), DROP_NONE); // does not put it off
	EXPECT_EQ(gre_window_ack_due(&w), 1000 + DELAY_NS);
	EXPECT_TRUE(gre_window_take_ack(&w, &ack));
	EXPECT_EQ(ack, 11);
	EXPECT_EQ(gre_window_ack_due(&w), GRE_WINDOW_NEVER);
	EXPECT_FALSE(gre_window_take_ack(&w, &ack));

	// What was refused is not acknowledged again.
	EXPECT_EQ(gre_window_receive(&w, 11, 2000), DROP_GRE_DUPLICATE);
	EXPECT_EQ(gre_window_receive(&w, 9, 2000), DROP_GRE_LATE);
	EXPECT_EQ(gre_window_receive(&w, 90000, 2000), DROP_GRE_JUMP);
	EXPECT_EQ(gre_window_ack_due(&w), GRE_WINDOW_NEVER);

	EXPECT_EQ(gre_window_receive(&w, 12, 3000), DROP_NONE);
	EXPECT_EQ(gre_window_ack_due(&w), 3000 + DELAY_NS);
}

TEST(gre_window, acks_of_the_client)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	EXPECT_FALSE(gre_window_acked(&w, 0)); // nothing was sent
	EXPECT_FALSE(gre_window_acked(&w, 0xffffffff));
	EXPECT_FALSE(w.has_peer_ack);

	for (uint32_t i = 0; i < 10; i++)
		EXPECT_EQ(gre_window_next_seq(&w), i);
	EXPECT_FALSE(gre_window_acked(&w, 10));
	EXPECT_FALSE(gre_window_acked(&w, 0xfffffff0));
	EXPECT_TRUE(gre_window_acked(&w, 5));
	EXPECT_EQ(w.peer_acked, 5);
	EXPECT_TRUE(gre_window_acked(&w, 4)); // overtaken on its way
	EXPECT_EQ(w.peer_acked, 5);
	EXPECT_TRUE(gre_window_acked(&w, 9));
	EXPECT_EQ(w.peer_acked, 9);
	EXPECT_FALSE(gre_window_acked(&w, 10));
	EXPECT_FALSE(gre_window_acked(&w, 0x80000000));
	EXPECT_EQ(w.peer_acked, 9);
}

TEST(gre_window, acks_of_the_client_across_the_wrap)
{
	struct gre_window w;

	gre_window_init(&w, JUMP_MAX, DELAY_NS);
	w.next_seq = 0xfffffffe;
	EXPECT_TRUE(gre_window_acked(&w, 0xfffffffd));
	for (int i = 0; i < 4; i++)
		gre_window_next_seq(&w);
	EXPECT_EQ(w.next_seq, 2);
	EXPECT_FALSE(gre_window_acked(&w, 2));
	EXPECT_TRUE(gre_window_acked(&w, 0xffffffff));
	EXPECT_TRUE(gre_window_acked(&w, 0xfffffffe));
	EXPECT_EQ(w.peer_acked, 0xffffffff);
	EXPECT_TRUE(gre_window_acked(&w, 1));
	EXPECT_EQ(w.peer_acked, 1);
}

// The short form for numbers in order changes what the long one changes, whatever came before.
TEST(gre_window, follow_is_receive)
{
	uint64_t rng = 77;
	struct gre_window a, b;
	uint32_t seq = 0xfffffff0, n_short = 0;

	gre_window_init(&a, JUMP_MAX, DELAY_NS);
	gre_window_init(&b, JUMP_MAX, DELAY_NS);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t ack;
		seq = rng_chance(&rng, 90) ? seq + 1 : seq + rng_next(&rng) % 600 - 200;
		if (gre_window_is_next(&a, seq)) {
			gre_window_follow(&a, i);
			n_short++;
		} else {
			(void)gre_window_receive(&a, seq, i);
		}
		(void)gre_window_receive(&b, seq, i);
		if (rng_chance(&rng, 30)) {
			(void)gre_window_take_ack(&a, &ack);
			(void)gre_window_take_ack(&b, &ack);
		}
		ASSERT_MEMEQ(&a, &b, sizeof(a));
	}
	EXPECT_GT(n_short, 5000);
}
