// SPDX-License-Identifier: BSD-3-Clause
// What the stages make of a crypto driver that answers later, takes only a part, or fails.
#include "flow.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

static void open_late_as(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
	flow_open(f, &(struct flow_options){.crypto = &late_driver, .may_be_stateful = true});
	flow_client_up(f, c, options);
}

static void open_late(struct flow *f, struct flow_client *c)
{
	open_late_as(f, c, NULL);
}

static void push_both_ways(struct flow_client *c, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < n; i++) {
		flow_push_up(c, ip, flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100 + i));
		size_t len = flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, 300 + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_push(c->f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(c->f);
}

static void expect_both_ways(struct flow_client *c, unsigned int n)
{
	uint8_t frame[FLOW_FRAME_BYTES];
	struct flow_down down;

	for (unsigned int i = 0; i < n; i++) {
		ASSERT_EQ(flow_take(c->f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 100 + i);
		ASSERT_TRUE(flow_take_down(c, &down));
		ASSERT_EQ(down.len, 300 + i);
	}
}

TEST(driver, answers_in_a_later_poll)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c);
	late_driver_control.is_holding = true;
	push_both_ways(&c, 100);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 100);
	EXPECT_EQ(flow_session(&c)->tx_in_flight, 100);
	late_driver_control.is_holding = false;
	(void)worker_poll(f.workers[0]);
	expect_both_ways(&c, 100);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 0);
	EXPECT_EQ(flow_session(&c)->tx_in_flight, 0);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// All entries are with the driver: packets stay in the port's queue, none is lost.
TEST(driver, full_worker_stops_receiving)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c);
	late_driver_control.is_holding = true;
	push_both_ways(&c, 900);
	EXPECT_EQ(flow_session(&c)->rx_in_flight + flow_session(&c)->tx_in_flight, 1024);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	expect_both_ways(&c, 900);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// What is not taken is dropped, and its count with it: the next packet carries on where the last one
// that was taken left off.
TEST(driver, takes_only_a_part)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_late(&f, &c);
	flow_send_up(&c, ip,
		flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100)); // the first goes a way of its own
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	late_driver_control.submit_max = 3;
	for (unsigned int i = 0; i < 10; i++) {
		size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 300 + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 7);
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_TRUE(flow_take_down(&c, &down)); // decrypts: keys and counts agree
	for (unsigned int i = 0; i < 10; i++)
		flow_push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 3);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FULL), 14);

	late_driver_control.submit_max = LATE_DRIVER_DEPTH;
	flow_put(&f, FLOW_INSIDE, 0, frame,
		flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 100)));
	EXPECT_TRUE(flow_take_down(&c, &down));
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100)); // a jump of 8
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	flow_close(&f);
}

TEST(driver, errors_are_drops)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c);
	late_driver_control.fails = true;
	push_both_ways(&c, 5);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FAILED), 10);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE) + flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_close(&f);
}

// Deletion and new keys wait for the packets that the driver still holds.
TEST(driver, commands_wait_for_packets_in_flight)
{
	struct flow f;
	struct flow_client c, other;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_late(&f, &c);
	late_driver_control.is_holding = true;
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_client_delete(&c);
	flow_client_up(&f, &other, &(struct flow_client_options){.number = 3});
	EXPECT_FALSE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_TRUE(flow_session(&c) != NULL);
	EXPECT_TRUE(flow_session(&other) == NULL); // order is kept
	late_driver_control.is_holding = false;
	flow_poll(&f);
	(void)worker_poll(f.workers[0]);
	flow_poll(&f);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.up_pkts, 1);
	EXPECT_TRUE(flow_session(&c) == NULL);
	EXPECT_TRUE(flow_session(&other) != NULL);
	flow_close(&f);
}

// A session that has packets with the driver at every turn does not put off its own deletion, nor what
// control wants after it.
static void expect_command_under_load(struct flow_client *c, const struct lane_command *command)
{
	struct rte_ring *commands = c->f->links[0].commands;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < 20; i++) {
		flow_push_up(c, ip, flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100));
		size_t len = flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, 100);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_push(c->f, FLOW_INSIDE, 0, frame, len));
		if (i == 5) {
			EXPECT_GT(flow_session(c)->rx_in_flight, 0);
			EXPECT_GT(flow_session(c)->tx_in_flight, 0);
			EXPECT_TRUE(lane_ring_put_command(commands, command));
		}
		late_driver_control.turn = i;
		(void)worker_poll(c->f->workers[0]);
	}
	EXPECT_GT(flow_drops(c->f, DROP_CRYPTO_FULL), 0);
	late_driver_control.is_slow = false;
	flow_poll(c->f);
}

TEST(driver, deletion_of_a_busy_session)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c);
	late_driver_control.is_slow = true;
	expect_command_under_load(
		&c, &(struct lane_command){.kind = COMMAND_SESSION_DELETE, .session_id = c.id});
	EXPECT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_TRUE(flow_session(&c) == NULL);
	flow_close(&f);
}

TEST(driver, new_keys_of_a_busy_session)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_late(&f, &c);
	late_driver_control.is_slow = true;
	expect_command_under_load(&c, &(struct lane_command){
					      .kind = COMMAND_SESSION_KEYS,
					      .session_id = c.id,
					      .keys = {.receive = {MPPE_STRENGTH_128, true},
						      .send = {MPPE_STRENGTH_128, true}},
				      });
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_ENCRYPT); // as new keys leave it
	(void)flow_discard(&f, FLOW_INSIDE);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}

static const struct flow_client_options stateful = {
	.stateful_up = true, .stateful_down = true, .is_linux = true};

TEST(driver, stateful_streams_keep_their_order)
{
	struct flow f;
	struct flow_client c;

	open_late_as(&f, &c, &stateful);
	late_driver_control.is_holding = true;
	push_both_ways(&c, 300);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	expect_both_ways(&c, 300);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// What it does not take was never there: the same flushed packet goes again, up and down.
TEST(driver, stateful_packets_that_are_not_taken)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_late_as(&f, &c, &stateful);
	size_t len =
		flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 100));
	flow_client_reset(&c);
	late_driver_control.submit_max = 0;
	flow_put(&f, FLOW_INSIDE, 0, frame, len);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	late_driver_control.submit_max = LATE_DRIVER_DEPTH;
	flow_put(&f, FLOW_INSIDE, 0, frame, len);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_TRUE(c.down.was_flushed);

	len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	flow_client_lose(&c);
	flow_send_up(&c, ip, len);
	struct flow_direction up = c.up;
	c.up.flush_is_due = true;
	late_driver_control.submit_max = 0;
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	c.up = up;
	c.up.flush_is_due = true;
	late_driver_control.submit_max = LATE_DRIVER_DEPTH;
	flow_send_up(&c, ip, len);
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	flow_close(&f);
}

// An error in the middle of a trial leaves the key as it was.
TEST(driver, error_in_a_trial)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_late(&f, &c);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100);
	flow_send_up(&c, ip, len);
	flow_client_lose(&c);
	late_driver_control.fails = true;
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_FAILED), 1);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	late_driver_control.fails = false;
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	flow_close(&f);
}

// From client to client: what comes out of the driver at the beginning of a poll goes on in the same one.
TEST(driver, client_to_client_waits_for_no_other_packet)
{
	struct flow f;
	struct flow_client a, b;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_late(&f, &a);
	flow_client_up(&f, &b, &(struct flow_client_options){.number = 3});
	late_driver_control.is_holding = true;
	flow_send_up(&a, ip, flow_ip(ip, a.inner, b.inner, INET_UDP, 100));
	late_driver_control.is_holding = false;
	(void)worker_poll(f.workers[0]);
	EXPECT_TRUE(flow_take_down(&b, &down));
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// A worker that is freed with packets in its driver gives them back.
TEST(driver, freed_with_packets_in_flight)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c);
	late_driver_control.is_holding = true;
	push_both_ways(&c, 20);
	late_driver_control.is_holding = false;
	f.is_open = false; // no poll before it is freed
	flow_close(&f);
}

// What was for another client and comes back at once is more than the list of packets to clients takes.
TEST(driver, much_for_another_client_comes_back_at_once)
{
	enum { PKTS = 700 };
	struct flow f;
	struct flow_client c, to;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];
	unsigned int n = 0;

	open_late(&f, &c);
	flow_client_up(&f, &to, &(struct flow_client_options){.number = 3});
	late_driver_control.is_holding = true;
	for (unsigned int i = 0; i < PKTS; i++)
		flow_push_up(&c, ip, flow_ip(ip, c.inner, to.inner, INET_UDP, 100));
	flow_poll(&f);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	while (flow_take_down(&to, &down))
		n++;
	EXPECT_EQ(n, PKTS);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// What comes back for a client in the middle of a poll fills the list of packets to clients. What came by in the clear
// meanwhile, or was handed over, must find room there too.
enum { BACK = 300, BESIDE = 20 };

static void open_beside(struct flow *f, struct flow_client *from, struct flow_client *to)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH, .is_holding = true};
	flow_open(f, &(struct flow_options){.crypto = &late_driver, .n_workers = 2});
	flow_client_up(f, from, NULL);
	flow_client_up(f, to, &(struct flow_client_options){.clear = true, .number = 3});
	for (unsigned int i = 0; i < BACK; i++) {
		uint8_t ip[FLOW_FRAME_BYTES];
		flow_push_up(from, ip, flow_ip(ip, from->inner, to->inner, INET_UDP, 100));
	}
	flow_poll(f);
}

static void close_beside(struct flow *f, struct flow_client *to, unsigned int n_expected)
{
	struct flow_down down;
	unsigned int n = 0;

	late_driver_control.is_holding = false;
	late_driver_control.n_holding = 1; // not at the beginning of the poll
	flow_poll(f);
	while (flow_take_down(to, &down))
		n++;
	EXPECT_EQ(n, n_expected);
	EXPECT_EQ(flow_drops_all(f), 0);
	flow_close(f);
}

TEST(driver, much_comes_back_beside_packets_in_the_clear)
{
	struct flow f;
	struct flow_client from, to, clear;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_beside(&f, &from, &to);
	flow_client_up(&f, &clear, &(struct flow_client_options){.clear = true, .number = 4});
	for (unsigned int i = 0; i < BESIDE; i++)
		flow_push_up(&clear, ip, flow_ip(ip, clear.inner, to.inner, INET_UDP, 100));
	close_beside(&f, &to, BACK + BESIDE);
}

TEST(driver, much_comes_back_beside_packets_that_are_handed_over)
{
	struct flow f;
	struct flow_client from, to;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	open_beside(&f, &from, &to);
	for (unsigned int i = 0; i < BESIDE; i++) {
		size_t len = flow_ip(ip, FLOW_HOST, to.inner, INET_UDP, 100);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_push(&f, FLOW_INSIDE, 1, frame, len));
	}
	size_t len = flow_ip(ip, from.inner, to.inner, INET_UDP, 100);
	len = flow_ppp_data(&from, ppp, PPP_IP, ip, len);
	len = flow_gre_frame(&from, frame, from.seq++, ppp, len);
	EXPECT_TRUE(flow_push(&f, FLOW_OUTSIDE, 1, frame, len));
	(void)worker_poll(f.workers[1]);
	close_beside(&f, &to, BACK + BESIDE + 1);
}
