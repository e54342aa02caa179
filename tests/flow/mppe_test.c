// SPDX-License-Identifier: BSD-3-Clause
// Coherency, loss, forged packets, wrong keys, and that nothing ever passes in the clear.
#include "flow.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

static size_t udp_up(const struct flow_client *c, uint8_t *ip)
{
	return flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, 100);
}

static void send_inside(struct flow *f, uint32_t to)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, FLOW_HOST, to, INET_UDP, 100);

	EXPECT_TRUE(flow_put(f, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip, len)));
}

TEST(mppe, several_packets_of_one_session_in_a_burst)
{
	enum { N = 60 };
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < N; i++) {
		flow_push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 40 + i));
		size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 300 + i);
		len = flow_frame(frame, FLOW_INSIDE, ip, len);
		ASSERT_TRUE(flow_push(&f, FLOW_INSIDE, 0, frame, len));
	}
	flow_poll(&f);
	for (unsigned int i = 0; i < N; i++) {
		ASSERT_EQ(flow_take(&f, FLOW_INSIDE, frame), FLOW_ETHER_BYTES + 40 + i);
		ASSERT_TRUE(flow_take_down(&c, &down));
		ASSERT_EQ(down.len, 300 + i);
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

static void lose_and_go_on(unsigned int n_lost, unsigned int n_refused)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_send_up(&c, ip, udp_up(&c, ip));
	for (unsigned int i = 0; i < n_lost; i++)
		flow_client_lose(&c);
	for (unsigned int i = 0; i < 10; i++)
		flow_push_up(&c, ip, udp_up(&c, ip));
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 11 - n_refused);
	EXPECT_EQ(flow_drops_all(&f), n_refused);
	EXPECT_EQ(flow_session(&c)->counters.lost, n_lost);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	flow_close(&f);
}

TEST(mppe, goes_on_after_loss)
{
	const unsigned int n[] = {1, 2, 31, 32, 255};

	for (unsigned int i = 0; i < RTE_DIM(n); i++) {
		SHIM_TRACE_CASE(n[i]);
		lose_and_go_on(n[i], 0);
	}
}

// More changes than one packet may ask for: a run of counts wins.
TEST(mppe, goes_on_after_long_loss)
{
	lose_and_go_on(256, MPPE_SYNC_RESYNC_RUN - 1);
	lose_and_go_on(900, MPPE_SYNC_RESYNC_RUN - 1);
}

// More than the count can tell: the GRE numbers do, and a copy of the key catches up while packets come.
TEST(mppe, goes_on_after_more_loss_than_the_count_can_tell)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];
	unsigned int n = 0;

	flow_open(&f, &(struct flow_options){.failures_max = 4});
	flow_client_up(&f, &c, NULL);
	flow_send_up(&c, ip, udp_up(&c, ip));
	ASSERT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	for (unsigned int i = 0; i < 6000; i++)
		flow_client_lose(&c);
	for (; flow_discard(&f, FLOW_INSIDE) == 0 && n < 400; n++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_GT(n, 100);
	EXPECT_LT(n, 200);
	for (unsigned int i = 0; i < 100; i++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 100);
	EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
	EXPECT_EQ(flow_session(&c)->counters.key_changes, 1 + 6000 + n + 100);
	flow_close(&f);
}

TEST(mppe, count_wraps)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = udp_up(&c, ip);
	for (unsigned int i = 0; i < 4200; i++) {
		flow_send_up(&c, ip, len);
		ASSERT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
		send_inside(&f, c.inner);
		struct flow_down down;
		ASSERT_TRUE(flow_take_down(&c, &down));
	}
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

// Encrypted with nothing: what somebody who knows the addresses and numbers but no key can send. `ahead`
// is how far its count runs ahead.
static void send_forged(struct flow_client *c, uint16_t ahead, uint8_t seed)
{
	uint8_t ppp[100] = {0, PPP_COMP};

	mppe_packet_put(ppp + 2, MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED,
		(uint16_t)(c->up.last + ahead) & MPPE_COHERENCY_MASK);
	for (unsigned int i = 4; i < sizeof(ppp); i++)
		ppp[i] = (uint8_t)(seed * 31 + i);
	flow_send_gre(c, c->seq++, ppp, sizeof(ppp));
}

TEST(mppe, forged_jumps_do_not_move_the_key)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.failures_max = 1000});
	flow_client_up(&f, &c, NULL);
	flow_send_up(&c, ip, udp_up(&c, ip));
	// With one plausible front in three, 64 of them would surely move a key that trusts it.
	for (unsigned int i = 0; i < 64; i++) {
		send_forged(&c, (uint16_t)(2 + i * 4), (uint8_t)i);
		flow_send_up(&c, ip, udp_up(&c, ip));
	}
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 65);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_GARBAGE) + flow_drops(&f, DROP_MPPE_JUMP), 64);
	EXPECT_GT(flow_drops(&f, DROP_MPPE_GARBAGE), 0);
	flow_close(&f);
}

TEST(mppe, a_forged_packet_costs_a_bounded_number_of_key_changes)
{
	enum { N = 1000 };
	struct flow f;
	struct flow_client c;

	flow_open(&f, &(struct flow_options){.failures_max = 100000});
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < N; i++)
		send_forged(&c, 256, (uint8_t)i);
	EXPECT_LE(flow_count(&f, mppe_rekeys),
		MPPE_SYNC_CREDIT_MAX + N * (MPPE_SYNC_CREDIT_PER_PACKET + 1));
	flow_close(&f);
}

// RC4 has no integrity: a forged packet with the right count takes the place of one, no more.
TEST(mppe, forged_next_packet_costs_one)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_send_up(&c, ip, udp_up(&c, ip));
	(void)flow_discard(&f, FLOW_INSIDE);
	send_forged(&c, 1, 5);
	flow_send_up(&c, ip, udp_up(&c, ip)); // its count was used up
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_JUMP), 1);
	(void)flow_discard(&f, FLOW_INSIDE);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}

TEST(mppe, wrong_keys_are_told_once)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.failures_max = 8});
	flow_client_up(&f, &c, NULL);
	memset(c.up.session_key, 0x55, sizeof(c.up.session_key));
	memset(c.up.start_key, 0x66, sizeof(c.up.start_key));
	// What looks like another network protocol goes to control, as it must; the rest is garbage.
	unsigned int n = 0;
	while (n < 500 && !(flow_session(&c)->flags & SESSION_FAILURES_TOLD)) {
		flow_send_up(&c, ip, udp_up(&c, ip));
		n++;
	}
	ASSERT_TRUE(flow_event(&f, 0, LANE_DECRYPT_FAILURES, &e));
	EXPECT_EQ(e.session_id, c.id);
	EXPECT_GE(flow_session(&c)->counters.decrypt_failures, 8);
	for (unsigned int i = 0; i < 100; i++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_FALSE(flow_event(&f, 0, LANE_DECRYPT_FAILURES, &e));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	flow_close(&f);
}

TEST(mppe, bits_are_checked)
{
	const uint16_t bits[] = {0, MPPE_PACKET_FLUSHED, MPPE_PACKET_ENCRYPTED,
		MPPE_PACKET_FLUSHED | MPPE_PACKET_ENCRYPTED | MPPE_PACKET_COMPRESSED};
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < RTE_DIM(bits); i++) {
		uint8_t ppp[40] = {0, PPP_COMP};
		mppe_packet_put(ppp + 2, bits[i], 0);
		flow_send_gre(&c, c.seq++, ppp, sizeof(ppp));
		EXPECT_EQ(flow_drops(&f, DROP_MPPE_BITS), i + 1);
	}
	flow_close(&f);
}

// With nothing in it: control speaks in the clear, and an answer that quotes what was encrypted would decrypt
// for whoever sends a changed copy of a client's packet.
TEST(mppe, unknown_network_protocol_goes_to_control)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ppp[FLOW_FRAME_BYTES], ipv6[40] = {0x60};

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	size_t len = flow_ppp_data(&c, ppp, PPP_IPV6, ipv6, sizeof(ipv6));
	flow_send_gre(&c, c.seq++, ppp, len);
	ASSERT_TRUE(flow_event(&f, 0, LANE_PPP, &e));
	EXPECT_EQ(e.protocol, PPP_IPV6);
	EXPECT_EQ(rte_pktmbuf_pkt_len(e.packet), 0);
	rte_pktmbuf_free(e.packet);
	flow_close(&f);
}

TEST(mppe, encrypted_without_keys)
{
	const struct flow_client_options options = {.clear_but_required = true};
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	send_forged(&c, 1, 1);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 1);
	flow_close(&f);
}

// Up and down, in every state of a call that must encrypt: no clear packet passes, and control hears of
// it once.
TEST(mppe, clear_data_is_refused_before_and_after_ccp)
{
	const struct flow_client_options options = {.clear_but_required = true};
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	unsigned int n_up = 0, n_down = 0;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ppp_data(&c, ppp, PPP_IP, ip, udp_up(&c, ip));
	for (unsigned int state = 0; state < 4; state++) {
		SHIM_TRACE_CASE(state);
		if (state == 1)
			flow_client_keys(&c);
		if (state == 2)
			flow_client_encrypt(&c, true);
		if (state == 3)
			flow_client_encrypt(&c, false);
		flow_send_gre(&c, c.seq++, ppp, len);
		n_up++;
		EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
		send_inside(&f, c.inner);
		if (state == 2) {
			ASSERT_TRUE(flow_take_down(&c, &down));
			EXPECT_EQ(down.protocol, PPP_COMP);
		} else {
			n_down++;
			EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
		}
		EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), n_up + n_down);
	}
	ASSERT_TRUE(flow_event(&f, 0, LANE_CLEAR_DATA, &e));
	EXPECT_EQ(e.session_id, c.id);
	EXPECT_FALSE(flow_event(&f, 0, LANE_CLEAR_DATA, &e));
	flow_close(&f);
}

TEST(mppe, clear_data_is_refused_where_encryption_was_agreed_but_not_required)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ppp_data(&c, ppp, PPP_IP, ip, udp_up(&c, ip));
	flow_send_gre(&c, c.seq++, ppp, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	flow_send_gre(&c, c.seq++, ppp, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 0);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 1);
	// Agreed once is required from then on.
	EXPECT_TRUE(flow_event(&f, 0, LANE_CLEAR_DATA, &e));
	flow_close(&f);
}

// One packet each way in the clear: taken, or refused in both directions?
static void expect_clear(struct flow *f, struct flow_client *c, bool is_taken)
{
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES];
	uint64_t n_refused = flow_drops(f, DROP_CLEAR_REFUSED);
	size_t len = flow_ppp_data(c, ppp, PPP_IP, ip, udp_up(c, ip));

	flow_send_gre(c, c->seq++, ppp, len);
	EXPECT_EQ(flow_discard(f, FLOW_INSIDE), is_taken);
	send_inside(f, c->inner);
	EXPECT_EQ(flow_discard(f, FLOW_OUTSIDE), is_taken);
	EXPECT_EQ(flow_drops(f, DROP_CLEAR_REFUSED) - n_refused, is_taken ? 0 : 2);
}

TEST(mppe, encryption_is_required_as_the_user_has_it)
{
	for (unsigned int required = 0; required < 2; required++) {
		const struct flow_client_options options = {
			.clear = !required, .clear_but_required = true, .not_open = true};
		struct flow f;
		struct flow_client c;
		struct lane_event e;

		SHIM_TRACE_CASE(required);
		flow_open(&f, NULL);
		flow_client_up(&f, &c, &options); // as the server has it
		for (unsigned int i = 0; i < 4; i++) {
			c.options.clear = i % 2 ? !required : required;
			flow_client_open(&c, true);
			expect_clear(&f, &c, c.options.clear);
			flow_client_open(&c, false); // says nothing of the user
			c.options.clear = !c.options.clear;
			flow_client_open(&c, false);
			EXPECT_EQ(flow_session(&c)->flags & SESSION_REQUIRE_ENCRYPTION,
				c.options.clear ? SESSION_REQUIRE_ENCRYPTION : 0);
		}
		EXPECT_TRUE(flow_event(&f, 0, LANE_CLEAR_DATA, &e));
		flow_close(&f);
	}
}

// What a session has been once it stays, whatever it is opened with later.
TEST(mppe, no_policy_takes_encryption_back_from_a_session_that_had_it)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	expect_clear(&f, &c, true);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	flow_client_encrypt(&c, false);
	flow_client_open(&c, true);
	c.encrypts = false;
	expect_clear(&f, &c, false);
	flow_close(&f);
}

TEST(mppe, new_keys_begin_anew)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 5; i++)
		flow_send_up(&c, ip, udp_up(&c, ip));
	send_inside(&f, c.inner);
	ASSERT_TRUE(flow_take_down(&c, &down));
	(void)flow_discard(&f, FLOW_INSIDE);
	flow_client_encrypt(&c, false);
	flow_client_keys(&c);
	send_inside(&f, c.inner); // not before CCP is open again
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 1);
	flow_client_encrypt(&c, true);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	send_inside(&f, c.inner);
	EXPECT_TRUE(flow_take_down(&c, &down));
	flow_close(&f);
}

TEST(mppe, data_before_open)
{
	const struct flow_client_options options = {.not_open = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_drops(&f, DROP_PPP_NOT_OPEN), 1);
	flow_client_open(&c, true);
	flow_send_up(&c, ip, udp_up(&c, ip)); // its count goes on where it was
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_client_open(&c, false);
	flow_send_up(&c, ip, udp_up(&c, ip));
	EXPECT_EQ(flow_drops(&f, DROP_PPP_NOT_OPEN), 2);
	flow_close(&f);
}
