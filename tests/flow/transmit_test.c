// SPDX-License-Identifier: BSD-3-Clause
// The client's receive window, where the server keeps to it.
#include "flow.h"
#include "flow_clock.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum { WAITING_MAX = 32, FIRST_BYTES = 100 };

static const uint8_t lcp_echo[] = {9, 1, 0, 8, 1, 2, 3, 4};

static void open_with(struct flow *f, struct flow_client *c, uint16_t window)
{
	const struct flow_client_options options = {
		.peer_window = window, .ack_timeout_us = 1000000};

	flow_open(f, NULL);
	flow_client_up(f, c, &options);
}

// n packets from the inside, each longer by one.
static void send_down(struct flow_client *c, unsigned int from, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int i = from; i < from + n; i++) {
		size_t len = flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, FIRST_BYTES + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		ASSERT_TRUE(flow_push(c->f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(c->f);
}

// Numbers and decryption are checked by flow_take_down().
static void expect_down(struct flow_client *c, unsigned int from, unsigned int n)
{
	struct flow_down down;

	for (unsigned int i = from; i < from + n; i++) {
		ASSERT_TRUE(flow_take_down(c, &down));
		EXPECT_EQ(down.len, FIRST_BYTES + i);
	}
	EXPECT_FALSE(flow_take_down(c, &down));
}

TEST(transmit, off_by_default)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	send_down(&c, 0, 100);
	expect_down(&c, 0, 100);
	flow_close(&f);
}

TEST(transmit, no_more_than_the_window_and_the_rest_in_order)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8);
	send_down(&c, 0, 20);
	expect_down(&c, 0, 4); // half of what the client takes
	flow_send_ack(&c, 1);
	expect_down(&c, 4, 2);
	flow_send_ack(&c, 5); // a window's worth: one more from now on
	expect_down(&c, 6, 5);
	send_down(&c, 20, 1); // behind those that wait
	for (uint32_t ack = 10; ack < 21; ack++)
		flow_send_ack(&c, ack);
	expect_down(&c, 11, 10);
	EXPECT_EQ(flow_session(&c)->n_waiting, 0);
	EXPECT_EQ(flow_session(&c)->counters.flow_off, 0);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(transmit, acks_ride_on_data_too)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_with(&f, &c, 2);
	send_down(&c, 0, 2);
	expect_down(&c, 0, 1);
	flow_send_ack(&c, 77); // never sent: no credit
	EXPECT_FALSE(flow_take_down(&c, &down));
	flow_send_ack(&c, 0);
	expect_down(&c, 1, 1);
	send_down(&c, 2, 2);
	expect_down(&c, 2, 1); // two by now
	flow_send_ack(&c, 0);  // again: no more credit
	EXPECT_FALSE(flow_take_down(&c, &down));

	uint8_t ip[FLOW_FRAME_BYTES];
	struct gre gre = {.call_id = c.call_id, .has_seq = true, .has_ack = true, .ack = 2};
	uint8_t ppp[FLOW_FRAME_BYTES], outer[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 60);
	len = flow_ppp_data(&c, ppp, PPP_IP, ip, len);
	gre.seq = c.seq++;
	gre.payload_len = (uint16_t)len;
	uint8_t *at = outer + INET_IPV4_HEADER_BYTES;
	at += gre_put(at, &gre);
	memcpy(at, ppp, len);
	len += (size_t)(at - outer);
	inet_ipv4_put(outer, flow_be(c.outer), flow_be(c.listen), GRE_IP_PROTOCOL, (uint16_t)len, 1,
		60, 0, false);
	EXPECT_TRUE(
		flow_put(&f, FLOW_OUTSIDE, 0, frame, flow_frame(frame, FLOW_OUTSIDE, outer, len)));
	expect_down(&c, 3, 1);
	flow_close(&f);
}

TEST(transmit, queue_is_bounded)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 2);
	send_down(&c, 0, 100);
	expect_down(&c, 0, 1);
	EXPECT_EQ(flow_session(&c)->n_waiting, WAITING_MAX);
	EXPECT_EQ(flow_session(&c)->counters.flow_off, 100 - 1 - WAITING_MAX);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_FLOW_OFF), 100 - 1 - WAITING_MAX);
	flow_close(&f);
}

// Clients that acknowledge nothing (Linux, while it only receives) do not use up what all share.
TEST(transmit, full_windows_leave_room_for_others)
{
	enum { CLIENTS = 60, HELD = 8 };
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		SHIM_TRACE_CASE(i);
		const struct flow_client_options options = {.number = 2 + i,
			.peer_window = 1,
			.ack_timeout_us = 10000000,
			.reorder_pkts = HELD};
		flow_client_up(&f, &c, &options);
		send_down(&c, 0, WAITING_MAX + 2);
		EXPECT_GT(flow_session(&c)->n_waiting, 0);
		flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
		flow_client_lose(&c);
		flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
		EXPECT_EQ(flow_session(&c)->n_held, 1);
	}
	flow_close(&f);
}

TEST(transmit, control_frames_do_not_wait)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_with(&f, &c, 2);
	send_down(&c, 0, 5);
	expect_down(&c, 0, 1);
	for (unsigned int i = 0; i < 5; i++) {
		flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(down.protocol, PPP_LCP);
	}
	flow_send_ack(&c, 5);
	expect_down(&c, 1, 2);
	flow_close(&f);
}

// Linux sends no lone acks: what is not acknowledged in time counts as lost.
TEST(transmit, goes_on_without_acks)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8);
	send_down(&c, 0, 10);
	expect_down(&c, 0, 4);
	flow_wait_us(&f, GRE_TRANSMIT_TIMEOUT_MIN_US / 2);
	expect_down(&c, 0, 0);
	flow_wait_us(&f, GRE_TRANSMIT_TIMEOUT_MIN_US / 2 + 20000);
	expect_down(&c, 4, 2); // half the window
	EXPECT_EQ(flow_session(&c)->counters.ack_timeouts, 1);
	flow_send_ack(&c, 5);
	expect_down(&c, 6, 3); // a window was acknowledged
	flow_close(&f);
}

TEST(transmit, ends_of_a_session_give_back_what_waits)
{
	for (unsigned int end = 0; end < 3; end++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(end);
		open_with(&f, &c, 8);
		send_down(&c, 0, 10);
		expect_down(&c, 0, 4);
		EXPECT_EQ(flow_session(&c)->n_waiting, 6);
		if (end == 0) {
			flow_client_delete(&c);
			EXPECT_EQ(flow_drops(&f, DROP_PPP_NOT_OPEN), 6);
		} else if (end == 1) {
			flow_client_open(&c, false);
			EXPECT_EQ(flow_drops(&f, DROP_PPP_NOT_OPEN), 6);
			EXPECT_EQ(flow_session(&c)->n_waiting, 0);
			flow_client_open(&c, true);
			flow_send_ack(&c, 3);
			send_down(&c, 4, 1);
			expect_down(&c, 4, 1);
		}
		flow_close(&f); // the last end: with packets waiting. It counts the pool
	}
}

// Nothing that waited may go out in the clear, whatever happened meanwhile.
TEST(transmit, what_waits_is_asked_again_whether_it_may_go)
{
	struct flow f;
	struct flow_client c;

	open_with(&f, &c, 8);
	send_down(&c, 0, 7);
	expect_down(&c, 0, 4);
	flow_client_encrypt(&c, false);
	flow_send_ack(&c, 3);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 3);
	EXPECT_EQ(flow_session(&c)->transmit.n_admitted, 0);
	flow_close(&f);
}

// A packet that the driver does not take, or is slow about, counts until its end is known.
TEST(transmit, packets_with_the_driver_count)
{
	const struct flow_client_options options = {.peer_window = 8, .ack_timeout_us = 1000000};
	struct flow f;
	struct flow_client c;

	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH};
	flow_open(&f, &(struct flow_options){.crypto = &late_driver});
	flow_client_up(&f, &c, &options);
	late_driver_control.is_holding = true;
	send_down(&c, 0, 10);
	EXPECT_EQ(flow_session(&c)->transmit.n_admitted, 4);
	EXPECT_EQ(flow_session(&c)->n_waiting, 6);
	late_driver_control.is_holding = false;
	flow_poll(&f);
	expect_down(&c, 0, 4);
	EXPECT_EQ(flow_session(&c)->transmit.n_admitted, 0);
	late_driver_control.submit_max = 0;
	flow_send_ack(&c, 3);
	EXPECT_GT(flow_drops(&f, DROP_CRYPTO_FULL), 0);
	EXPECT_EQ(flow_session(&c)->transmit.n_admitted, 0);
	flow_close(&f);
}
