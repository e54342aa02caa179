// SPDX-License-Identifier: BSD-3-Clause
// Late packets that are passed on, while the crypto driver answers later, and in random streams.
#include "flow_trace.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

static struct flow_trace trace;

static void record(struct flow_client *c, unsigned int n)
{
	flow_trace_record(&trace, c, n);
}

static void put(struct flow *f, unsigned int i)
{
	flow_trace_put(&trace, f, i);
}

static void push(struct flow *f, unsigned int i)
{
	flow_trace_push(&trace, f, i);
}

static const struct session_counters *counts(const struct flow_client *c)
{
	return &flow_session(c)->counters;
}

// No sign of wrong keys, whatever came.
static void expect_calm(struct flow *f, struct flow_client *c)
{
	struct lane_event e;

	EXPECT_EQ(counts(c)->decrypt_failures, 0);
	EXPECT_EQ(flow_session(c)->failures_in_a_row, 0);
	EXPECT_FALSE(flow_event(f, 0, LANE_DECRYPT_FAILURES, &e));
}

// --- a driver that answers later --------------------------------------------------------------------

static void open_slow(struct flow *f, struct flow_client *c)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
	flow_open(f, &(struct flow_options){
			     .crypto = &late_driver, .may_be_late = true, .failures_max = 1});
	flow_client_up(f, c, &(struct flow_client_options){.late_pkts = 32});
}

// Its key is made by packets that are still on their way.
TEST(late_stream, behind_packets_in_flight)
{
	struct flow f;
	struct flow_client c;

	open_slow(&f, &c);
	record(&c, 20);
	put(&f, 0);
	put(&f, 2);
	late_driver_control.is_holding = true;
	for (unsigned int i = 3; i < 20; i++)
		push(&f, i);
	push(&f, 1);
	flow_poll(&f);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 18);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 20);
	EXPECT_EQ(flow_drops_all(&f), 0);
	expect_calm(&f, &c);
	flow_close(&f);
}

// While it is not known whether a jump stands, it waits with all others.
TEST(late_stream, during_a_trial)
{
	for (unsigned int is_forged = 0; is_forged < 2; is_forged++) {
		struct flow f;
		struct flow_client c;
		uint8_t ppp[90] = {0, PPP_COMP};

		SHIM_TRACE_CASE(is_forged);
		open_slow(&f, &c);
		record(&c, 30);
		put(&f, 0);
		put(&f, 3);
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
		late_driver_control.is_slow = true;
		mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED, 8);
		if (is_forged)
			flow_send_gre(&c, trace.first + 8, ppp, sizeof(ppp));
		else
			put(&f, 8);
		EXPECT_TRUE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
		push(&f, 2);
		push(&f, 7);
		for (unsigned int turn = 1; turn < 10; turn++) {
			late_driver_control.turn = turn;
			(void)worker_poll(f.workers[0]);
		}
		EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
		// After a trial that stood both are late. After the other 2 is, and 7 is too far ahead.
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), is_forged ? 1 : 3);
		late_driver_control.is_slow = false;
		put(&f, 9);
		put(&f, 10);
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
		EXPECT_EQ(counts(&c)->decrypt_failures, is_forged);
		flow_close(&f);
	}
}

// What the driver does not take was late, and is lost; nothing else is taken back for it.
TEST(late_stream, not_taken_by_the_driver)
{
	struct flow f;
	struct flow_client c;

	open_slow(&f, &c);
	record(&c, 10);
	put(&f, 0);
	put(&f, 3);
	late_driver_control.submit_max = 0;
	struct mppe_sync_place before = flow_session(&c)->rx_sync.at;
	put(&f, 2);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 1);
	EXPECT_EQ(flow_session(&c)->rx_sync.at.count, before.count);
	late_driver_control.submit_max = LATE_DRIVER_DEPTH;
	late_driver_control.fails = true;
	put(&f, 1);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FAILED), 1);
	late_driver_control.fails = false;
	put(&f, 4);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 0);
	expect_calm(&f, &c);
	flow_close(&f);
}

// --- streams ----------------------------------------------------------------------------------------

enum { DELAY_MAX = 30 };

struct path {
	unsigned int n;
	unsigned int at[2 * FLOW_TRACE_FRAMES], which[2 * FLOW_TRACE_FRAMES];
};

static void path_add(struct path *path, unsigned int which, unsigned int at)
{
	unsigned int to = path->n++;

	for (; to > 0 && path->at[to - 1] > at; to--) {
		path->at[to] = path->at[to - 1];
		path->which[to] = path->which[to - 1];
	}
	path->at[to] = at;
	path->which[to] = which;
}

static unsigned int take_all(struct flow *f, const bool *has_come, bool *was_out)
{
	unsigned int n = 0;
	int64_t i;

	for (; (i = flow_trace_take(f)) >= 0; n++) {
		if (i >= FLOW_TRACE_FRAMES || was_out[i] || !has_come[i])
			FAIL("came out twice, or never came");
		was_out[i % FLOW_TRACE_FRAMES] = true;
	}
	return n;
}

// What comes out is what came within the allowance, each once; keys and counts are in step at the end.
static void play(struct xorshift *x, const struct flow_client_options *options, bool is_slow)
{
	static struct path path;
	static bool has_come[FLOW_TRACE_FRAMES], was_out[FLOW_TRACE_FRAMES];
	struct flow f;
	struct flow_client c;
	unsigned int n_due = 0, n_out = 0, highest = 0, lose = xorshift_below(x, 10);

	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH, .is_slow = is_slow};
	flow_open(&f, &(struct flow_options){.may_be_late = true,
			      .failures_max = 1,
			      .crypto = is_slow ? &late_driver : NULL});
	flow_client_up(&f, &c, options);
	record(&c, 0);
	path.n = 0;
	for (unsigned int k = 0; k < FLOW_TRACE_FRAMES; k++) {
		has_come[k] = was_out[k] = false;
		flow_trace_add_data(&trace, &c);
		if (k > 0 && xorshift_below(x, 100) < lose)
			continue;
		for (unsigned int copies = 1 + (xorshift_below(x, 20) == 0); copies > 0; copies--)
			path_add(&path, k,
				k + (k > 0 && xorshift_below(x, 4) == 0
						    ? xorshift_below(x, DELAY_MAX)
						    : 0));
	}
	for (unsigned int k = 0; k < path.n; k++) {
		unsigned int which = path.which[k];
		bool is_due = !has_come[which] && which + options->late_pkts >= highest;

		n_due += is_due;
		has_come[which] |= is_due;
		highest = RTE_MAX(highest, which);
		push(&f, which);
		// A slow driver has several turns for a packet: else more wait than may.
		for (unsigned int turns = is_slow ? xorshift_below(x, 8) : 0; turns > 0; turns--) {
			late_driver_control.turn++;
			(void)worker_poll(f.workers[0]);
		}
		if (!is_slow && xorshift_below(x, 10) == 0)
			flow_poll(&f);
		n_out += take_all(&f, has_come, was_out);
	}
	late_driver_control.is_slow = false;
	flow_poll(&f);
	n_out += take_all(&f, has_come, was_out);
	EXPECT_EQ(n_out, n_due);
	EXPECT_GT(counts(&c)->late_passed, 5);
	EXPECT_EQ(flow_count(&f, gre_late_passed), counts(&c)->late_passed);
	expect_calm(&f, &c);
	flow_close(&f);
}

TEST(late_stream, random_streams)
{
	struct xorshift x = xorshift_seed(7);
	static const uint16_t late_pkts[] = {1, 4, 16, 31};

	for (unsigned int i = 0; i < 4 * RTE_DIM(late_pkts); i++) {
		const struct flow_client_options options = {
			.late_pkts = late_pkts[i / 4], .clear = i % 4 == 3};

		SHIM_TRACE_CASE(i);
		play(&x, &options, i % 4 == 2);
	}
}
