// SPDX-License-Identifier: BSD-3-Clause
// Sequence numbers, acks, and whose a GRE packet is.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/gre.h"
#include "wire/inet.h"
#include "wire/ppp.h"

static const uint8_t lcp_echo[] = {9, 1, 0, 8, 1, 2, 3, 4};

static size_t udp_up(const struct flow_client *c, uint8_t *ip)
{
	return flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100);
}

TEST(gre, ack_rides_on_the_next_packet_and_only_once)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_FALSE(down.has_ack); // nothing has come yet
	flow_send_up(&c, ip, udp_up(&c, ip));
	flow_send_up(&c, ip, udp_up(&c, ip));
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_TRUE(down.has_ack);
	EXPECT_EQ(down.ack, c.seq - 1);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_FALSE(down.has_ack);
	flow_close(&f);
}

TEST(gre, lone_ack_after_its_delay)
{
	const struct flow_client_options options = {.ack_delay_us = 100000};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_FALSE(flow_take_down(&c, &down));
	flow_wait_us(&f, 110000);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_FALSE(down.has_seq);
	EXPECT_TRUE(down.has_ack);
	EXPECT_EQ(down.ack, c.seq - 1);
	EXPECT_EQ(down.len, 0);
	flow_wait_us(&f, 110000);
	EXPECT_FALSE(flow_take_down(&c, &down));
	EXPECT_EQ(flow_session(&c)->counters.lone_acks_sent, 1);
	flow_close(&f);
}

TEST(gre, no_lone_ack_when_it_rode_on_a_packet)
{
	const struct flow_client_options options = {.ack_delay_us = 100000};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	flow_send_up(&c, ip, udp_up(&c, ip));
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_TRUE(down.has_ack);
	flow_wait_us(&f, 110000);
	EXPECT_FALSE(flow_take_down(&c, &down));
	// The list is as good as new: the next ack that is owed goes alone again.
	flow_send_up(&c, ip, udp_up(&c, ip));
	flow_wait_us(&f, 110000);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.ack, c.seq - 1);
	flow_close(&f);
}

// Owed, gone on a packet, owed again: the second waits its own time, not the first one's.
TEST(gre, lone_ack_that_is_owed_anew_goes_to_the_end)
{
	const struct flow_client_options options = {.ack_delay_us = 100000};
	const struct flow_client_options other = {.ack_delay_us = 100000, .number = 3};
	struct flow f;
	struct flow_client a, b;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &a, &options);
	flow_client_up(&f, &b, &other);
	flow_send_up(&a, ip, udp_up(&a, ip));
	flow_send_up(&b, ip, udp_up(&b, ip));
	flow_wait_us(&f, 50000);
	flow_send_ppp(&a, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 1);
	flow_send_up(&a, ip, udp_up(&a, ip));
	flow_wait_us(&f, 99000);
	EXPECT_EQ(flow_session(&a)->counters.lone_acks_sent, 0);
	EXPECT_EQ(flow_session(&b)->counters.lone_acks_sent, 1);
	flow_wait_us(&f, 2000);
	EXPECT_EQ(flow_session(&a)->counters.lone_acks_sent, 1);
	EXPECT_EQ(flow_session(&b)->counters.lone_acks_sent, 1);
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 2);
	flow_close(&f);
}

TEST(gre, many_sessions_owe_and_some_are_deleted)
{
	enum { N = 40 };
	struct flow f;
	static struct flow_client c[N];
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	for (unsigned int i = 0; i < N; i++) {
		const struct flow_client_options options = {
			.ack_delay_us = 100000, .number = i + 2};
		flow_client_up(&f, &c[i], &options);
		flow_send_up(&c[i], ip, udp_up(&c[i], ip));
	}
	// the first, the last, neighbours in the middle
	const unsigned int gone[] = {0, 17, 18, N - 1};
	for (unsigned int i = 0; i < RTE_DIM(gone); i++)
		flow_client_delete(&c[gone[i]]);
	flow_wait_us(&f, 110000);
	EXPECT_EQ(flow_count(&f, lone_acks_sent), N - RTE_DIM(gone));
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), N - RTE_DIM(gone));
	flow_close(&f);
}

// Somebody who knows addresses and Call ID, and no number: a few packets of his cost a few of the client's.
TEST(gre, forged_numbers_do_not_keep_the_client_out)
{
	static const uint8_t ppp[] = {0xff, 3, 0xc0, 0x21, 9, 1, 0, 8, 1, 2, 3, 4};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 100; i++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 100);
	for (uint32_t i = 1; i <= 5; i++)
		for (uint32_t k = 0; k < GRE_WINDOW_RESYNC_RUN; k++)
			flow_send_gre(&c, i * 100000 + k, ppp, sizeof(ppp));
	for (uint32_t i = 1; i <= 5; i++) // steps that no bound forbids
		flow_send_gre(&c, 500000 + i * 1000, ppp, sizeof(ppp));
	for (unsigned int i = 0; i < 10; i++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 10 - (GRE_WINDOW_RESYNC_RUN - 1));
	flow_close(&f);
}

TEST(gre, lone_ack_of_the_client_is_counted_and_no_drop)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	flow_send_ack(&c, 1);
	EXPECT_EQ(flow_count(&f, acks_in), 1);
	EXPECT_EQ(flow_session(&c)->counters.lone_acks_received, 1);
	EXPECT_EQ(flow_session(&c)->gre.peer_acked, 1);
	EXPECT_FALSE(flow_session(&c)->gre.owes_ack);
	flow_send_ack(&c, 77); // never sent
	EXPECT_EQ(flow_session(&c)->gre.peer_acked, 1);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(gre, duplicate_and_late)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ppp_data(&c, ppp, PPP_IP, ip, udp_up(&c, ip));
	flow_send_gre(&c, 10, ppp, len);
	flow_send_gre(&c, 10, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_DUPLICATE), 1);
	flow_send_gre(&c, 13, ppp, len);
	EXPECT_EQ(flow_session(&c)->counters.lost, 2);
	flow_send_gre(&c, 12, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_LATE), 1);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	EXPECT_EQ(flow_session(&c)->counters.duplicates, 1);
	EXPECT_EQ(flow_session(&c)->counters.late, 1);
	EXPECT_EQ(flow_session(&c)->counters.jumps, 1);
	flow_close(&f);
}

TEST(gre, far_jump_is_refused_and_a_run_wins)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ppp_data(&c, ppp, PPP_IP, ip, udp_up(&c, ip));
	flow_send_gre(&c, 10, ppp, len);
	flow_send_gre(&c, 100000, ppp, len); // forged, alone
	flow_send_gre(&c, 11, ppp, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_JUMP), 1);
	for (uint32_t seq = 50000; seq < 50008; seq++)
		flow_send_gre(&c, seq, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_GRE_JUMP), GRE_WINDOW_RESYNC_RUN);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 8 - GRE_WINDOW_RESYNC_RUN + 1);
	flow_close(&f);
}

TEST(gre, only_the_client_itself_is_heard)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ppp_data(&c, ppp, PPP_IP, ip, udp_up(&c, ip));

	struct flow_client other = c;
	other.outer = FLOW_CLIENT_OUTER + 99;
	flow_send_gre(&other, 10, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_WRONG_SOURCE), 1);
	EXPECT_FALSE(flow_session(&c)->gre.has_received);

	other = c;
	other.call_id++;
	flow_send_gre(&other, 10, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 1);

	other = c;
	other.listen = FLOW_LISTEN_SECOND; // the same Call ID on the other address is another call
	flow_send_gre(&other, 10, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 2);

	owner_map_set_call(f.owners, 1, c.call_id, owner_make(0, session_id_slot(c.id)));
	flow_send_gre(&other, 10, ppp, len); // even if the map is stale
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 3);
	owner_map_set_call(f.owners, 1, c.call_id, owner_make(0, 0xffffff));
	flow_send_gre(&other, 10, ppp, len);
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), 4);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	flow_close(&f);
}

TEST(gre, second_listen_address)
{
	const struct flow_client_options options = {.listen = 1};
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_send_ppp(&c, PPP_LCP, lcp_echo, sizeof(lcp_echo));
	EXPECT_TRUE(flow_take_down(&c, &down)); // checks that it comes from that address
	flow_close(&f);
}

struct bad_gre {
	uint8_t bytes[16];
	uint8_t len; // of the GRE packet
	enum drop_reason reason;
};

static const struct bad_gre bad_gre[] = {
	{{0x30, 0x01, 0x88, 0x0b, 0, 0, 0x10}, 7, DROP_GRE_SHORT},
	{{0x30, 0x00, 0x88, 0x0b, 0, 0, 0x10, 0x02, 0, 0, 0, 1}, 12, DROP_GRE_VERSION},
	{{0xb0, 0x01, 0x88, 0x0b, 0, 0, 0x10, 0x02, 0, 0, 0, 1}, 12, DROP_GRE_FLAGS},
	{{0x10, 0x01, 0x88, 0x0b, 0, 0, 0x10, 0x02, 0, 0, 0, 1}, 12, DROP_GRE_FLAGS},
	{{0x30, 0x01, 0x08, 0x00, 0, 0, 0x10, 0x02, 0, 0, 0, 1}, 12, DROP_GRE_PROTOCOL},
	{{0x30, 0x01, 0x88, 0x0b, 0, 5, 0x10, 0x02, 0, 0, 0, 1}, 12, DROP_GRE_SHORT},
	{{0x20, 0x01, 0x88, 0x0b, 0, 4, 0x10, 0x02, 0xff, 3, 0xc0, 0x21}, 12, DROP_GRE_NO_SEQ},
	{{0x30, 0x01, 0x88, 0x0b, 0, 1, 0x10, 0x02, 0, 0, 0, 1, 0xc0}, 13, DROP_PPP_SHORT},
	{{0x30, 0x01, 0x88, 0x0b, 0, 2, 0x10, 0x02, 0, 0, 0, 2, 0xc0, 0x20}, 14, DROP_PPP_PROTOCOL},
	{{0x30, 0x01, 0x88, 0x0b, 0, 3, 0x10, 0x02, 0, 0, 0, 3, 0xfd, 0x90, 0}, 15,
		DROP_MPPE_SHORT},
};

TEST(gre, malformed_is_counted)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < RTE_DIM(bad_gre); i++) {
		uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
		uint64_t before = flow_drops(&f, bad_gre[i].reason);
		size_t len = INET_IPV4_HEADER_BYTES + (size_t)bad_gre[i].len;

		SHIM_TRACE_CASE(i);
		inet_ipv4_put(ip, flow_be(c.outer), flow_be(c.listen), GRE_IP_PROTOCOL,
			(uint16_t)len, 1, 64, 0, false);
		memcpy(ip + INET_IPV4_HEADER_BYTES, bad_gre[i].bytes, bad_gre[i].len);
		len = flow_frame(frame, FLOW_OUTSIDE, ip, len);
		EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len));
		EXPECT_EQ(flow_drops(&f, bad_gre[i].reason), before + 1);
		EXPECT_EQ(flow_drops_all(&f), i + 1);
	}
	flow_close(&f);
}

// Ethernet pads short frames: what lies behind the IP packet is no payload.
TEST(gre, padding_is_cut_off)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t frame[FLOW_FRAME_BYTES] = {0};
	const uint8_t ppp[] = {0xff, 3, 0xc0, 0x21, 1, 1, 0, 4};

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_gre_frame(&c, frame, 1, ppp, sizeof(ppp));
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, frame, len + 20));
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	EXPECT_EQ(rte_pktmbuf_pkt_len(e.packet), 4);
	rte_pktmbuf_free(e.packet);
	flow_close(&f);
}
