// SPDX-License-Identifier: BSD-3-Clause
// A crypto engine that gets stuck with packets: their sessions go on at once, and the memory stays where it is until
// the engine lets go of it.
#include "flow.h"
#include "late_driver.h"

#include "dataplane/pkt.h"
#include "shim/shim.h"
#include "wire/inet.h"

static const struct flow_client_options stateful_linux = {
	.stateful_up = true, .stateful_down = true, .is_linux = true};
static const struct flow_client_options stateful_rfc = {.stateful_up = true, .stateful_down = true};

static void open_late(
	struct flow *f, struct flow_client *c, const struct flow_client_options *options)
{
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH, .keeps_lost = true};
	flow_open(f, &(struct flow_options){.crypto = &late_driver, .may_be_stateful = true});
	flow_client_up(f, c, options);
}

// All that is stuck comes back and is freed: flow_close() counts mbufs.
static void close_late(struct flow *f)
{
	late_driver_control.keeps_lost = false;
	flow_poll(f);
	EXPECT_EQ(late_driver_control.n_lost, 0);
	flow_close(f);
}

static void push_up(struct flow_client *c, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < n; i++)
		flow_push_up(c, ip, flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100));
}

static unsigned int send_up(struct flow_client *c, unsigned int n)
{
	push_up(c, n);
	flow_poll(c->f);
	return flow_discard(c->f, FLOW_INSIDE);
}

static void push_down(struct flow_client *c, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < n; i++) {
		size_t len = flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, 200);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		EXPECT_TRUE(flow_push(c->f, FLOW_INSIDE, 0, frame, len));
	}
}

// How many the client can read.
static unsigned int send_down(struct flow_client *c, unsigned int n)
{
	struct flow_down down;
	unsigned int n_read = 0;

	push_down(c, n);
	flow_poll(c->f);
	while (flow_take_down(c, &down)) {
		EXPECT_EQ(down.len, 200);
		n_read++;
	}
	return n_read;
}

// The client hears of counts that do not come: a packet that was lost here is a gap to it.
static void skip_down(struct flow_client *c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		c->down.last++;
		mppe_key_change(c->down.strength, c->down.start_key, c->down.session_key);
	}
}

static void turn(struct flow *f)
{
	late_driver_control.turn++;
	(void)worker_poll(f->workers[0]);
}

TEST(lost, stateless_goes_on)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.lose = 3;
	EXPECT_EQ(send_up(&c, 10), 7);
	late_driver_control.lose = 3;
	skip_down(&c, 3);
	EXPECT_EQ(send_down(&c, 10), 7);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 6);
	EXPECT_EQ(flow_drops_all(&f), 6);
	EXPECT_EQ(flow_session(&c)->counters.drops, 6);
	EXPECT_EQ(flow_session(&c)->rx_in_flight + flow_session(&c)->tx_in_flight, 0);
	EXPECT_EQ(late_driver_control.n_lost, 6);
	EXPECT_EQ(send_up(&c, 10), 10);
	EXPECT_EQ(send_down(&c, 10), 10);
	close_late(&f);
}

// In the middle of others that are in flight: the stream is past it, so it alone is lost, and no reset is needed.
static void expect_stateful_up(const struct flow_client_options *options)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_late(&f, &c, options);
	late_driver_control.is_slow = true;
	push_up(&c, 5);
	turn(&f);
	push_up(&c, 3);
	turn(&f); // five are back
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 5);
	late_driver_control.lose = 1;
	turn(&f); // of three
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 1);
	late_driver_control.is_slow = false;
	EXPECT_EQ(send_up(&c, 300), 300);
	EXPECT_FALSE(flow_event(&f, 0, LANE_DESYNC, &e));
	EXPECT_EQ(flow_drops_all(&f), 1);
	close_late(&f);
}

TEST(lost, stateful_up)
{
	expect_stateful_up(&stateful_linux);
	expect_stateful_up(&stateful_rfc);
}

// What was in flight behind it the client could not read: it is not sent, and the next that is sent is flushed.
static void expect_stateful_down(const struct flow_client_options *options)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_late(&f, &c, options);
	EXPECT_EQ(send_down(&c, 3), 3);
	late_driver_control.lose = 1;
	EXPECT_EQ(send_down(&c, 6), 0);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 6);
	EXPECT_TRUE(flow_session(&c)->flags & SESSION_TX_LOST);
	push_down(&c, 4);
	flow_poll(&f);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_TRUE(c.down.was_flushed);
	EXPECT_EQ(down.len, 200);
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_TX_LOST);
	EXPECT_EQ(send_down(&c, 300), 300);
	close_late(&f);
}

TEST(lost, stateful_down)
{
	expect_stateful_down(&stateful_linux);
	expect_stateful_down(&stateful_rfc);
}

// A packet whose count ends in FF is a flushed one: what comes behind it is read.
TEST(lost, stateful_down_before_a_flag_packet)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_late(&f, &c, &stateful_linux);
	EXPECT_EQ(send_down(&c, 253), 253);
	late_driver_control.lose = 1;
	push_down(&c, 6); // counts FD, FE, FF, 100, 101, 102
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 2);
	for (unsigned int i = 0; i < 4; i++) {
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(down.len, 200);
	}
	EXPECT_EQ(c.down.last, 0x102);
	close_late(&f);
}

// A trial that is lost is as if its packet had been lost on the way; the next one asks for the same jump.
static void expect_trial(const struct flow_client_options *options)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, options);
	EXPECT_EQ(send_up(&c, 5), 5);
	flow_client_lose(&c);
	c.up.flush_is_due = true;
	late_driver_control.lose = 1;
	EXPECT_EQ(send_up(&c, 1), 0);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 1);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	c.up.flush_is_due = true;
	EXPECT_EQ(send_up(&c, 5), 5);
	close_late(&f);
}

TEST(lost, trial)
{
	expect_trial(NULL);
	expect_trial(&stateful_rfc);
}

// The packet itself, after its trial has moved the key.
static void expect_proved(const struct flow_client_options *options)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, options);
	EXPECT_EQ(send_up(&c, 5), 5);
	flow_client_lose(&c);
	c.up.flush_is_due = true;
	late_driver_control.is_slow = true;
	push_up(&c, 1);
	turn(&f); // submitted
	turn(&f); // tried, and the packet submitted
	EXPECT_TRUE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	late_driver_control.lose = 1;
	turn(&f);
	late_driver_control.is_slow = false;
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 1);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	EXPECT_EQ(send_up(&c, 5), 5);
	EXPECT_EQ(flow_drops_all(&f), 1);
	close_late(&f);
}

TEST(lost, packet_after_its_trial)
{
	expect_proved(NULL);
	expect_proved(&stateful_rfc);
}

// The client comes back from far while the copy of the key that walks ahead for it gets lost: it begins again.
TEST(lost, walk)
{
	struct flow f;
	struct flow_client c;
	unsigned int n_out = 0;

	open_late(&f, &c, NULL);
	EXPECT_EQ(send_up(&c, 5), 5);
	flow_session(&c)->rx_sync.credit = 0;
	for (unsigned int i = 0; i < 200; i++)
		flow_client_lose(&c);
	for (unsigned int i = 0; i < 3; i++) {
		EXPECT_EQ(send_up(&c, 1), 0);
		EXPECT_GT(flow_session(&c)->rx_sync.at.walked, 0);
	}
	late_driver_control.lose = 1;
	EXPECT_EQ(send_up(&c, 1), 0);
	EXPECT_EQ(flow_session(&c)->rx_sync.at.walked, 0);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_HAS_CHECKPOINT);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 1);
	for (unsigned int i = 0; i < 20; i++)
		n_out += send_up(&c, 1);
	EXPECT_GT(n_out, 0);
	EXPECT_EQ(send_up(&c, 10), 10);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	close_late(&f);
}

// A trial from the walking copy uses that up: lost, it leaves the key as it was, and no copy.
TEST(lost, trial_of_the_walking_copy)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	EXPECT_EQ(send_up(&c, 5), 5);
	flow_session(&c)->rx_sync.credit = 0;
	for (unsigned int i = 0; i < 100; i++)
		flow_client_lose(&c);
	EXPECT_EQ(send_up(&c, 2), 0);
	EXPECT_GT(flow_session(&c)->rx_sync.at.walked, 0);
	flow_session(&c)->rx_sync.credit = MPPE_SYNC_CREDIT_MAX;
	late_driver_control.lose = 1;
	EXPECT_EQ(send_up(&c, 1), 0);
	EXPECT_EQ(flow_drops(&f, DROP_CRYPTO_LOST), 1);
	EXPECT_EQ(flow_session(&c)->rx_sync.at.walked, 0);
	EXPECT_EQ(send_up(&c, 5), 5);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	close_late(&f);
}

// The session ends at once, its slot is another's, and the engine comes back after.
TEST(lost, session_that_ends)
{
	struct flow f;
	struct flow_client c, next;
	struct lane_event e;

	open_late(&f, &c, NULL);
	late_driver_control.lose = 4;
	EXPECT_EQ(send_up(&c, 4), 0);
	late_driver_control.lose = 4;
	EXPECT_EQ(send_down(&c, 4), 0);
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.drops, 8);
	flow_client_up(&f, &next,
		&(struct flow_client_options){.number = 3, .slot = session_id_slot(c.id)});
	EXPECT_EQ(session_id_slot(next.id), session_id_slot(c.id));
	EXPECT_EQ(send_up(&next, 5), 5);
	late_driver_control.keeps_lost = false;
	flow_poll(&f);
	EXPECT_EQ(send_up(&next, 5), 5);
	EXPECT_EQ(send_down(&next, 5), 5);
	EXPECT_EQ(flow_session(&next)->counters.drops, 0);
	close_late(&f);
}

TEST(lost, new_keys)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, &stateful_linux);
	late_driver_control.lose = 1;
	EXPECT_EQ(send_down(&c, 4), 0);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	c.down_seq = flow_session(&c)->gre.next_seq;
	EXPECT_EQ(send_down(&c, 4), 4);
	close_late(&f);
}

// The client's window is not kept closed by what nobody will acknowledge.
TEST(lost, leaves_the_transmit_window)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, &(struct flow_client_options){.peer_window = 8});
	late_driver_control.lose = 4;
	EXPECT_EQ(send_down(&c, 4), 0);
	EXPECT_EQ(flow_session(&c)->transmit.n_admitted, 0);
	skip_down(&c, 4);
	EXPECT_EQ(send_down(&c, 4), 4);
	close_late(&f);
}

// Ever so much that is stuck does not keep the worker from receiving.
TEST(lost, worker_goes_on)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.lose = 800;
	EXPECT_EQ(send_up(&c, 400), 0);
	EXPECT_EQ(send_up(&c, 400), 0);
	EXPECT_EQ(late_driver_control.n_lost, 800);
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_EQ(send_up(&c, 400), 400);
	late_driver_control.is_holding = true;
	push_up(&c, 900);
	flow_poll(&f);
	EXPECT_EQ(flow_session(&c)->rx_in_flight, 900);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 900);
	EXPECT_EQ(flow_drops_all(&f), 800);
	close_late(&f);
}

TEST(lost, freed_while_some_come_back)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.lose = 5;
	EXPECT_EQ(send_up(&c, 5), 0);
	late_driver_control.is_holding = true;
	push_up(&c, 5);
	flow_poll(&f);
	late_driver_control.lose = 2; // and come back at once
	late_driver_control.is_holding = late_driver_control.keeps_lost = false;
	f.is_open = false; // no poll before it is freed
	flow_close(&f);
}

// An engine that never lets go writes to memory that is nobody else's.
TEST(lost, freed_and_never_back)
{
	struct flow f;
	struct flow_client c;

	open_late(&f, &c, NULL);
	late_driver_control.lose = 1;
	EXPECT_EQ(send_up(&c, 1), 0);
	worker_free(f.workers[0]);
	f.workers[0] = NULL;
	struct crypto_op *op = late_driver_control.last_lost;
	EXPECT_EQ(op->status, CRYPTO_LOST);
	struct pkt *p = op->packet;
	EXPECT_TRUE(op->data >= rte_pktmbuf_mtod(p->m, uint8_t *));
	EXPECT_EQ(rte_mbuf_refcnt_read(p->m), 1);
	rte_pktmbuf_free(p->m); // as the end of the process does
	f.is_open = false;
	flow_close(&f);
}
