// SPDX-License-Identifier: BSD-3-Clause
// Packets that wait for their key because the crypto driver answers later: a loss costs what was lost, and
// nothing that came after it.
#include "flow.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/inet.h"

enum { LEN_FIRST = 60, LENS = 1000 };

static void open_late(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
	flow_open(f, &(struct flow_options){.crypto = &late_driver, .may_be_stateful = true});
	flow_client_up(f, c, options);
}

// The length tells which packet it is.
static void push_up(struct flow_client *c, unsigned int number)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_push_up(c, ip, flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, LEN_FIRST + number % LENS));
}

static void send_up(struct flow_client *c, unsigned int number)
{
	push_up(c, number);
	flow_poll(c->f);
}

// Number of the next packet that left, or -1.
static int take_up(struct flow *f)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len = flow_take(f, FLOW_INSIDE, frame);

	return len ? (int)(len - FLOW_ETHER_BYTES - LEN_FIRST) : -1;
}

static void turn(struct flow *f)
{
	late_driver_control.turn++;
	(void)worker_poll(f->workers[0]);
}

// One lost packet under load.
TEST(park, a_loss_under_load_is_got_over)
{
	enum { TURNS = 50, PER_TURN = 8 };
	struct flow f;
	struct flow_client c;
	unsigned int n = 0;

	open_late(&f, &c, NULL);
	late_driver_control.is_slow = true;
	for (unsigned int i = 0; i < TURNS; i++) {
		if (i == 1)
			flow_client_lose(&c);
		for (unsigned int k = 0; k < PER_TURN; k++)
			push_up(&c, 0);
		turn(&f);
		n += flow_discard(&f, FLOW_INSIDE);
	}
	late_driver_control.is_slow = false;
	flow_poll(&f);
	n += flow_discard(&f, FLOW_INSIDE);
	EXPECT_EQ(n, TURNS * PER_TURN);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// Every tenth is lost, others by the dozen, and the driver answers when it likes: what was not lost arrives, once and in
// order.
TEST(park, losses_at_random)
{
	enum { PKTS = 900 };
	struct flow f;
	struct flow_client c;
	bool was_sent[LENS] = {false};
	uint32_t random = 2463534242;
	unsigned int n_sent = 0;
	int got, last = -1;

	open_late(&f, &c, NULL);
	late_driver_control.is_slow = true;
	for (unsigned int number = 0; number < PKTS; number++) {
		random = random * 1664525 + 1013904223;
		if ((random >> 16) % 10 == 0) {
			for (unsigned int k = (random >> 24) % 8 ? 1 : 12; k > 0; k--)
				flow_client_lose(&c);
			continue;
		}
		push_up(&c, number);
		was_sent[number] = true;
		n_sent++;
		if ((random >> 8) % 4 == 0)
			turn(&f);
	}
	late_driver_control.is_slow = false;
	flow_poll(&f);
	while ((got = take_up(&f)) >= 0) {
		EXPECT_GT(got, last);
		EXPECT_TRUE(was_sent[got]);
		last = got;
		n_sent--;
	}
	EXPECT_EQ(n_sent, 0);
	EXPECT_EQ(flow_drops_all(&f), 0);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	flow_close(&f);
}

// A jump needs the key to itself.
TEST(park, a_jump_waits_for_packets_in_flight)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.is_holding = true;
	send_up(&c, 0);
	flow_client_lose(&c);
	send_up(&c, 1);
	send_up(&c, 2);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 1);
	EXPECT_EQ(flow_session(&c)->n_parked, 2);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(flow_count(&f, crypto_parked), 2);
	EXPECT_EQ(flow_session(&c)->n_parked, 0);
	EXPECT_FALSE(flow_session(&c)->flags & (SESSION_PARKS | SESSION_HAS_CHECKPOINT));
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(take_up(&f), i);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// Garbage with a count ahead, under load: it costs no packet of the client's.
TEST(park, a_forged_jump_costs_nobody_else)
{
	enum { TURNS = 40, PER_TURN = 4 };
	struct flow f;
	struct flow_client c;
	unsigned int n = 0;

	open_late(&f, &c, NULL);
	late_driver_control.is_slow = true;
	for (unsigned int i = 0; i < TURNS; i++) {
		struct flow_client forger = c;
		for (unsigned int k = 0; k < PER_TURN; k++)
			push_up(&c, 0);
		for (unsigned int k = 0; k < 50; k++)
			forger.up.session_key[0]++, flow_client_lose(&forger);
		forger.seq = c.seq++;
		push_up(&forger, 500);
		turn(&f);
		n += flow_discard(&f, FLOW_INSIDE);
	}
	late_driver_control.is_slow = false;
	flow_poll(&f);
	n += flow_discard(&f, FLOW_INSIDE);
	EXPECT_EQ(n, TURNS * PER_TURN);
	EXPECT_EQ(flow_drops_all(&f), TURNS);
	flow_close(&f);
}

// A session that waits for long takes its share and no more, and is well again after.
TEST(park, no_more_than_a_share)
{
	struct flow f;
	struct flow_client c, other;

	open_late(&f, &c, NULL);
	flow_client_up(&f, &other, &(struct flow_client_options){.number = 3});
	late_driver_control.is_holding = true;
	send_up(&c, 0);
	flow_client_lose(&c);
	for (unsigned int i = 0; i < 380; i++)
		send_up(&c, i);
	unsigned int n_parked = flow_session(&c)->n_parked;
	EXPECT_GT(n_parked, 100);
	EXPECT_LE(n_parked, 200);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 380 - n_parked);
	send_up(&other, 0);
	EXPECT_EQ(flow_session(&other)->rx_in_flight, 1);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1 + n_parked + 1);
	send_up(&c, 1); // a jump over what was dropped
	send_up(&c, 2);
	EXPECT_EQ(take_up(&f), 1);
	EXPECT_EQ(take_up(&f), 2);
	flow_close(&f);
}

static void park_some(struct flow *f, struct flow_client *c, unsigned int n)
{
	late_driver_control.is_holding = true;
	send_up(c, 0);
	flow_client_lose(c);
	for (unsigned int i = 0; i < n; i++)
		push_up(c, i);
	flow_poll(f);
	EXPECT_EQ(flow_session(c)->n_parked, n);
}

TEST(park, ends_with_the_session)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c, NULL);
	park_some(&f, &c, 20);
	flow_client_delete(&c);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 20);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	(void)worker_poll(f.workers[0]);
	EXPECT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.drops, 20);
	EXPECT_TRUE(flow_session(&c) == NULL);
	flow_close(&f);
}

// Also where nothing is in flight and the driver has no room.
TEST(park, ends_with_the_session_alone)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c, NULL);
	late_driver_control.refuses = true;
	for (unsigned int i = 0; i < 20; i++)
		send_up(&c, i);
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.drops, 20);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 20);
	late_driver_control.refuses = false;
	flow_close(&f);
}

TEST(park, ends_with_its_keys)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.refuses = true;
	for (unsigned int i = 0; i < 20; i++)
		send_up(&c, i);
	EXPECT_EQ(flow_session(&c)->n_parked, 20);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	EXPECT_EQ(flow_session(&c)->n_parked, 0);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 20);
	late_driver_control.refuses = false;
	send_up(&c, 7);
	EXPECT_EQ(take_up(&f), 7);
	flow_close(&f);
}

TEST(park, freed_with_packets_parked)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	park_some(&f, &c, 20);
	late_driver_control.is_holding = false;
	f.is_open = false; // no poll before it is freed
	flow_close(&f);
}

// No room: up it waits, down it is dropped before it has a count. Either way nothing has to be made up for.
TEST(park, no_room)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_late(&f, &c, NULL);
	size_t len =
		flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 100));
	late_driver_control.refuses = true;
	for (unsigned int i = 0; i < 10; i++) {
		send_up(&c, i);
		flow_put(&f, FLOW_INSIDE, 0, frame, len);
	}
	EXPECT_EQ(take_up(&f), -1);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 10);
	uint64_t changes = flow_count(&f, mppe_rekeys);
	late_driver_control.refuses = false;
	flow_poll(&f);
	for (int i = 0; i < 10; i++)
		EXPECT_EQ(take_up(&f), i);
	EXPECT_EQ(flow_count(&f, mppe_rekeys) - changes, 10);
	flow_put(&f, FLOW_INSIDE, 0, frame, len);
	EXPECT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(flow_drops_all(&f), 10);
	flow_close(&f);
}

// What the driver refuses although it had room is lost; those behind it are not stuck for that.
TEST(park, a_trial_that_is_not_taken)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	park_some(&f, &c, 5);
	late_driver_control.submit_max = 0;
	late_driver_control.is_holding = false;
	(void)worker_poll(f.workers[0]);
	EXPECT_EQ(take_up(&f), 0);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 5); // each is a trial, and none was taken
	late_driver_control.submit_max = LATE_DRIVER_DEPTH;
	send_up(&c, 9);
	EXPECT_EQ(take_up(&f), 9);
	flow_close(&f);
}

// Many sessions that wait are all looked at.
TEST(park, many_sessions)
{
	enum { N = FLOW_SLOTS - 4 };
	struct flow f;
	struct flow_client c[N];

	open_late(&f, &c[0], NULL);
	for (unsigned int i = 1; i < N; i++)
		flow_client_up(&f, &c[i], &(struct flow_client_options){.number = i + 2});
	late_driver_control.is_holding = true;
	for (unsigned int i = 0; i < N; i++) {
		send_up(&c[i], 0);
		flow_client_lose(&c[i]);
		for (unsigned int k = 0; k < 5; k++)
			send_up(&c[i], k);
	}
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), N * 6);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// Stateful: the gap is judged when all before it has come back, and told; a flushed packet brings back what
// comes behind it, also what came while that was on trial.
static void expect_stateful(bool is_linux)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c,
		&(struct flow_client_options){
			.stateful_up = true, .stateful_down = true, .is_linux = is_linux});
	late_driver_control.is_holding = true;
	send_up(&c, 0);
	flow_client_lose(&c);
	send_up(&c, 1);
	EXPECT_FALSE(flow_event(&f, 0, LANE_DESYNC, &e));
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(take_up(&f), 0);
	EXPECT_TRUE(flow_event(&f, 0, LANE_DESYNC, &e));
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_DESYNC), 1);

	c.up.flush_is_due = true;
	late_driver_control.is_slow = true;
	for (unsigned int i = 0; i < 8; i++) {
		push_up(&c, i);
		turn(&f);
	}
	late_driver_control.is_slow = false;
	flow_poll(&f);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(take_up(&f), i);
	EXPECT_EQ(flow_drops_all(&f), 1);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	flow_close(&f);
}

TEST(park, stateful_loss)
{
	expect_stateful(true);
	expect_stateful(false);
}
