// SPDX-License-Identifier: BSD-3-Clause
#include "proto/gre_transmit.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <math.h>

#define MS UINT64_C(1000000)

enum { MAX_US = 3000000 };

struct sender {
	struct gre_transmit t;
	uint32_t next_seq;
	uint64_t now_ns;
};

static void sender_init(struct sender *s, uint16_t window, uint32_t first_seq)
{
	gre_transmit_init(&s->t, window, 100000, MAX_US);
	s->t.unacked = first_seq;
	s->next_seq = first_seq;
	s->now_ns = 1000 * MS;
}

static void send(struct sender *s)
{
	gre_transmit_sent(&s->t, s->next_seq, s->now_ns);
	s->next_seq++;
}

// As much as the window lets through.
static unsigned int send_all(struct sender *s)
{
	unsigned int n = 0;

	for (; gre_transmit_has_credit(&s->t, s->next_seq); n++)
		send(s);
	return n;
}

static void acked(struct sender *s, uint32_t ack)
{
	gre_transmit_acked(&s->t, ack, s->next_seq, s->now_ns);
}

TEST(gre_transmit, window_begins_at_half_of_what_the_client_takes)
{
	static const struct {
		uint16_t max, first;
	} cases[] = {{1, 1}, {2, 1}, {3, 1}, {16, 8}, {64, 32}, {65535, 32767}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sender s;

		SHIM_TRACE_CASE(i);
		sender_init(&s, cases[i].max, 0);
		EXPECT_EQ(send_all(&s), cases[i].first);
	}
}

TEST(gre_transmit, window_opens_by_one_for_each_window_that_is_acknowledged)
{
	struct sender s;

	sender_init(&s, 8, 0xfffffff0); // and over the wrap
	for (uint16_t window = 4; window <= 8; window++) {
		EXPECT_EQ(s.t.window, window);
		EXPECT_EQ(send_all(&s), window);
		s.now_ns += 10 * MS;
		acked(&s, s.next_seq - 2); // all but one: not yet
		EXPECT_EQ(s.t.window, window);
		acked(&s, s.next_seq - 1);
	}
	EXPECT_EQ(s.t.window, 8); // not beyond what the client takes
	EXPECT_EQ(send_all(&s), 8);
	EXPECT_EQ(s.t.expires_ns, s.now_ns + 1000ULL * s.t.timeout_us);
}

TEST(gre_transmit, what_is_admitted_counts_as_sent)
{
	struct sender s;

	sender_init(&s, 8, 5);
	s.t.n_admitted = 3;
	EXPECT_EQ(send_all(&s), 1);
	s.t.n_admitted = 0;
	EXPECT_EQ(send_all(&s), 3);
}

TEST(gre_transmit, time_out_halves_the_window_and_goes_on)
{
	static const uint16_t windows[] = {8, 4, 2, 1, 1, 1};
	struct sender s;

	sender_init(&s, 16, 0);
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(s.t.window, windows[i]);
		EXPECT_EQ(send_all(&s), windows[i]);
		s.now_ns += 1000ULL * s.t.timeout_us - 1;
		EXPECT_FALSE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
		EXPECT_FALSE(gre_transmit_has_credit(&s.t, s.next_seq));
		s.now_ns += 1;
		EXPECT_TRUE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
		EXPECT_FALSE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns)); // once
	}
	EXPECT_EQ(s.t.timeout_us, MAX_US);
}

TEST(gre_transmit, half_of_an_odd_window_is_rounded_up)
{
	struct sender s;

	sender_init(&s, 10, 0);
	EXPECT_EQ(send_all(&s), 5);
	s.now_ns += MAX_US * 1000ULL;
	EXPECT_TRUE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
	EXPECT_EQ(s.t.window, 3);
}

// RFC 2637 4.4.1 in floating point.
struct reference {
	double rtt, dev, ato;
};

static void reference_clamp(struct reference *r)
{
	double ato = r->rtt + 4 * r->dev;

	if (r->rtt > MAX_US)
		r->rtt = MAX_US;
	ato = fmin(ato, MAX_US);
	r->ato = fmax(ato, GRE_TRANSMIT_TIMEOUT_MIN_US);
}

static void reference_sample(struct reference *r, double sample)
{
	double diff = sample - r->rtt;

	r->dev += 0.25 * (fabs(diff) - r->dev);
	r->rtt += 0.125 * diff;
	reference_clamp(r);
}

TEST(gre_transmit, time_out_follows_the_formula)
{
	struct xorshift x = xorshift_seed(3);

	for (unsigned int run = 0; run < 20; run++) {
		struct reference r = {.rtt = 100000};
		struct sender s;

		SHIM_TRACE_CASE(run);
		reference_clamp(&r);
		sender_init(&s, 4, (uint32_t)xorshift_next(&x));
		EXPECT_EQ(s.t.timeout_us, (uint32_t)r.ato);
		for (unsigned int i = 0; i < 300; i++) {
			uint64_t sample_us = 200000 + xorshift_below(&x, 300000);
			send(&s);
			if (xorshift_below(&x, 20) == 0) {
				s.now_ns += 1000ULL * s.t.timeout_us;
				EXPECT_TRUE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
				r.rtt *= 2;
				reference_clamp(&r);
			} else {
				s.now_ns += 1000 * sample_us;
				acked(&s, s.next_seq - 1);
				reference_sample(&r, (double)sample_us);
			}
			EXPECT_NEAR((double)s.t.timeout_us, r.ato, 40.0);
		}
	}
}

// Several packets in one ack: the time of the highest counts, not of the first.
TEST(gre_transmit, sample_is_of_the_highest_number)
{
	struct sender s;

	sender_init(&s, 16, 0);
	for (unsigned int i = 0; i < 4; i++) {
		send(&s);
		s.now_ns += 100 * MS;
	}
	acked(&s, 3); // sent 100 ms ago, as the first estimate says: nothing changes
	EXPECT_EQ(s.t.rtt_8_us, 8 * 100000);
	EXPECT_EQ(s.t.dev_4_us, 0);
}

TEST(gre_transmit, late_ack_of_what_was_given_up_is_a_sample_and_no_credit)
{
	struct sender s;

	sender_init(&s, 4, 0);
	EXPECT_EQ(send_all(&s), 2);
	s.now_ns += 600 * MS;
	EXPECT_TRUE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
	uint32_t rtt_8_us = s.t.rtt_8_us;
	s.now_ns += 400 * MS;
	EXPECT_EQ(send_all(&s), 1);
	acked(&s, 0);
	EXPECT_EQ(s.t.unacked, 2);
	acked(&s, 1);
	EXPECT_GT(s.t.rtt_8_us, rtt_8_us);
	EXPECT_EQ(s.t.window, 1);
	EXPECT_FALSE(gre_transmit_has_credit(&s.t, s.next_seq));
	acked(&s, 2);
	EXPECT_TRUE(gre_transmit_has_credit(&s.t, s.next_seq));
}

// The timer runs for the oldest packet without an ack, and starts again when one comes.
TEST(gre_transmit, each_ack_starts_the_timer_again)
{
	struct sender s;

	sender_init(&s, 8, 0);
	EXPECT_EQ(s.t.expires_ns, GRE_TRANSMIT_NEVER);
	EXPECT_EQ(send_all(&s), 4);
	for (uint32_t i = 0; i < 3; i++) {
		s.now_ns += 500 * MS;
		EXPECT_FALSE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
		acked(&s, i);
	}
	s.now_ns += 500 * MS;
	acked(&s, 3);
	EXPECT_EQ(s.t.expires_ns, GRE_TRANSMIT_NEVER);
	s.now_ns += 3600 * 1000 * MS;
	EXPECT_FALSE(gre_transmit_expire(&s.t, s.next_seq, s.now_ns));
}

// A window of many: the stamps are shared, and a sample is off by its group at most.
TEST(gre_transmit, large_windows_share_stamps)
{
	static const uint16_t windows[] = {16, 17, 64, 1000, 65535};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct sender s;
		uint32_t n_spread_us = 0;

		SHIM_TRACE_CASE(i);
		sender_init(&s, windows[i], 77);
		EXPECT_LT((windows[i] - 1) >> s.t.stamp_bits, GRE_TRANSMIT_STAMPS);
		n_spread_us = 10U << s.t.stamp_bits;
		for (unsigned int k = 0; k < windows[i] / 2U + 1; k++) {
			send(&s);
			s.now_ns += 10000;
		}
		s.now_ns += 100 * MS;
		uint32_t last = s.next_seq - 1;
		acked(&s, last); // 100.01 ms ago
		EXPECT_LE(s.t.rtt_8_us, 8U * 100000 + 10 + n_spread_us);
		EXPECT_GE(s.t.rtt_8_us, 8U * 100000);
	}
}

TEST(gre_transmit, control_frames_beyond_the_window_do_not_spoil_the_stamps)
{
	struct sender s;

	sender_init(&s, 4, 0);
	for (unsigned int i = 0; i < 100; i++)
		send(&s);
	s.now_ns += 2000 * MS;
	acked(&s, 3); // its stamp is another's by now
	EXPECT_EQ(s.t.rtt_8_us, 8 * 100000);
	EXPECT_EQ(s.t.unacked, 4);
	acked(&s, 99);
	EXPECT_GT(s.t.rtt_8_us, 8 * 100000);
}

TEST(gre_transmit, extremes_do_not_overflow)
{
	struct gre_transmit t;

	gre_transmit_init(&t, 1, UINT32_MAX, UINT32_MAX);
	for (unsigned int i = 0; i < 100; i++) {
		gre_transmit_sent(&t, i, 0);
		EXPECT_TRUE(gre_transmit_expire(&t, i + 1, UINT64_MAX - 1));
		EXPECT_GE(t.timeout_us, GRE_TRANSMIT_TIMEOUT_MIN_US);
		EXPECT_LE(t.timeout_us, t.timeout_max_us);
	}
	gre_transmit_sent(&t, 100, UINT64_MAX - 2);
	gre_transmit_acked(&t, 100, 101, UINT64_MAX - 1);
	EXPECT_LE(t.timeout_us, t.timeout_max_us);
	gre_transmit_init(&t, 1, 0, 0);
	EXPECT_EQ(t.timeout_us, GRE_TRANSMIT_TIMEOUT_MIN_US);
}

// A client that acknowledges after some delay and loses acks: the window is never overrun, sending never
// stops for longer than the longest time-out.
TEST(gre_transmit, never_more_than_the_window_and_never_for_ever)
{
	struct xorshift x = xorshift_seed(11);

	for (unsigned int run = 0; run < 50; run++) {
		uint16_t max = (uint16_t)(1 + xorshift_below(&x, 64));
		uint32_t lose = xorshift_below(&x, 101), start = (uint32_t)xorshift_next(&x);
		uint64_t last_sent_ns = 0, acked_to = 0;
		struct sender s;

		SHIM_TRACE_CASE(run);
		sender_init(&s, max, start);
		last_sent_ns = s.now_ns;
		for (unsigned int i = 0; i < 3000; i++) {
			s.now_ns += 5 * MS;
			(void)gre_transmit_expire(&s.t, s.next_seq, s.now_ns);
			if (send_all(&s) > 0)
				last_sent_ns = s.now_ns;
			ASSERT_LE(s.next_seq - s.t.unacked, max);
			ASSERT_LE(s.now_ns - last_sent_ns, 1000ULL * MAX_US + 5 * MS);
			uint32_t n = s.next_seq - start;
			if (n > acked_to && xorshift_below(&x, 100) >= lose) {
				acked_to += 1 + xorshift_below(&x, (uint32_t)(n - acked_to));
				acked(&s, start + (uint32_t)acked_to - 1);
			}
		}
		EXPECT_GE(s.t.window, 1);
		EXPECT_LE(s.t.window, max);
	}
}
