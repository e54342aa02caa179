// SPDX-License-Identifier: BSD-3-Clause
// Stateful MPPE: modes of both directions, losses, resets of clients of both kinds, wrong keys.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/mppe.h"
#include "wire/ppp.h"

static const struct flow_options options = {.may_be_stateful = true};

static size_t udp_up(const struct flow_client *c, uint8_t *ip, size_t len)
{
	return flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, len);
}

// n packets of growing length, worked off one by one; returns how many came out.
static unsigned int send_up(struct flow_client *c, unsigned int n)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	for (unsigned int i = 0; i < n; i++)
		flow_send_up(c, ip, udp_up(c, ip, 60 + i % 1000));
	return flow_discard(c->f, FLOW_INSIDE);
}

static void send_down(struct flow_client *c)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, 100);

	EXPECT_TRUE(flow_put(c->f, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip, len)));
}

static void lose(struct flow_client *c, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		flow_client_lose(c);
}

// What control makes of the event: a Reset-Request, which the client heeds.
static bool reset(struct flow_client *c)
{
	struct lane_event e;

	if (!flow_event(c->f, 0, LANE_DESYNC, &e))
		return false;
	EXPECT_EQ(e.session_id, c->id);
	c->up.flush_is_due = true;
	return true;
}

TEST(stateful, both_directions_in_every_mode_and_strength)
{
	static const enum mppe_strength strengths[] = {
		MPPE_STRENGTH_40, MPPE_STRENGTH_56, MPPE_STRENGTH_128};

	for (unsigned int i = 0; i < 12; i++) {
		struct flow f;
		struct flow_client c;
		struct flow_down down;
		const struct flow_client_options o = {
			.strength = strengths[i / 4],
			.stateful_up = i & 1,
			.stateful_down = i & 2,
		};

		SHIM_TRACE_CASE(i);
		flow_open(&f, &options);
		flow_client_up(&f, &c, &o);
		ASSERT_EQ(send_up(&c, 700), 700);
		for (unsigned int n = 0; n < 700; n++) {
			send_down(&c);
			ASSERT_TRUE(flow_take_down(&c, &down));
			ASSERT_EQ(down.len, 100);
		}
		EXPECT_EQ(flow_drops_all(&f), 0);
		EXPECT_EQ(flow_session(&c)->counters.key_changes,
			(o.stateful_up ? 2 : 700) + (o.stateful_down ? 2 : 700));
		flow_close(&f);
	}
}

TEST(stateful, a_burst_of_one_session)
{
	enum { N = 600 };
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &options);
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_up = true});
	for (unsigned int i = 0; i < N; i++)
		flow_push_up(&c, ip, udp_up(&c, ip, 60 + i));
	flow_poll(&f);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), N);
	EXPECT_EQ(flow_drops_all(&f), 0);
	flow_close(&f);
}

TEST(stateful, goes_on_after_loss_with_clients_of_both_kinds)
{
	static const unsigned int losses[] = {1, 2, 100, 255, 256, 257, 511, 1000};

	for (unsigned int i = 0; i < 2 * RTE_DIM(losses); i++) {
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(i);
		flow_open(&f, &options);
		flow_client_up(&f, &c,
			&(struct flow_client_options){.stateful_up = true, .is_linux = i % 2});
		ASSERT_EQ(send_up(&c, 100), 100);
		lose(&c, losses[i / 2]);
		ASSERT_EQ(send_up(&c, 3), 0);
		EXPECT_EQ(flow_drops(&f, DROP_MPPE_DESYNC), 3);
		ASSERT_TRUE(reset(&c));
		ASSERT_EQ(send_up(&c, 300), 300);
		EXPECT_EQ(flow_session(&c)->rx_sync.flush,
			i % 2 ? MPPE_FLUSH_CHANGES : MPPE_FLUSH_RESTARTS);
		EXPECT_FALSE(reset(&c));
		EXPECT_EQ(flow_session(&c)->counters.resets_sent, 1);
		EXPECT_EQ(flow_session(&c)->counters.decrypt_failures, 0);
		flow_close(&f);
	}
}

// The flushed packet is lost too, again and again: what Linux did to its key meanwhile is made up for.
TEST(stateful, lost_flushed_packets)
{
	for (unsigned int kind = 0; kind < 2; kind++) {
		struct flow f;
		struct flow_client c;

		flow_open(&f, &options);
		flow_client_up(&f, &c,
			&(struct flow_client_options){.stateful_up = true, .is_linux = kind});
		ASSERT_EQ(send_up(&c, 10), 10);
		for (unsigned int i = 0; i < 3; i++) {
			lose(&c, 1);
			flow_pass_us(i == 0 ? 25000 : 100000u << (i - 1));
			ASSERT_EQ(send_up(&c, 1), 0);
			ASSERT_TRUE(reset(&c));
		}
		ASSERT_EQ(send_up(&c, 300), 300);
		flow_close(&f);
	}
}

TEST(stateful, control_is_told_again_while_it_lasts)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	unsigned int n = 0;

	flow_open(&f, &options);
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_up = true});
	ASSERT_EQ(send_up(&c, 10), 10);
	lose(&c, 1);
	for (unsigned int i = 0; i < 50; i++) {
		ASSERT_EQ(send_up(&c, 1), 0);
		n += flow_event(&f, 0, LANE_DESYNC, &e);
		flow_pass_us(8000);
	}
	EXPECT_EQ(n, 3); // at 0, 100, 300 ms
	flow_close(&f);
}

// A Reset-Request of the client: the next packet has A, and clients of both kinds can read it and all after.
TEST(stateful, flushes_for_clients_of_both_kinds)
{
	for (unsigned int i = 0; i < 4; i++) {
		bool is_linux = i % 2, is_known = i / 2;
		struct flow f;
		struct flow_client c;
		struct flow_down down;

		SHIM_TRACE_CASE(i);
		flow_open(&f, &options);
		flow_client_up(&f, &c,
			&(struct flow_client_options){
				.stateful_up = true, .stateful_down = true, .is_linux = is_linux});
		if (is_known) {
			ASSERT_EQ(send_up(&c, 1), 1);
			lose(&c, 1);
			ASSERT_EQ(send_up(&c, 1), 0);
			ASSERT_TRUE(reset(&c));
			ASSERT_EQ(send_up(&c, 1), 1);
		}
		for (unsigned int n = 0; n < 30; n++) {
			send_down(&c);
			if (n == 9 || n == 19) {
				ASSERT_EQ(flow_discard(&f, FLOW_OUTSIDE), 1); // lost
				c.down_seq++;
				flow_pass_us(n == 9 || (is_known && !is_linux) ? 0 : 310000);
				flow_client_reset(&c);
				flow_client_reset(&c); // and once more, which changes nothing
				continue;
			}
			ASSERT_TRUE(flow_take_down(&c, &down));
			ASSERT_EQ(down.len, 100);
			ASSERT_EQ(c.down.was_flushed, n == 10 || n == 20);
		}
		EXPECT_EQ(flow_session(&c)->counters.resets_received, 4);
		flow_close(&f);
	}
}

// Neither an answer to a Reset-Request nor a flushed packet that can be read: it ends, and does not stay up
// for ever.
TEST(stateful, a_client_that_is_never_heard_again_ends)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	flow_open(&f, &(struct flow_options){.may_be_stateful = true, .failures_max = 3});
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_up = true});
	ASSERT_EQ(send_up(&c, 10), 10);
	lose(&c, 1);
	for (unsigned int i = 0; i < 90 && !flow_event(&f, 0, LANE_DECRYPT_FAILURES, &e); i++) {
		ASSERT_EQ(send_up(&c, 1), 0);
		flow_pass_us(10000);
	}
	EXPECT_TRUE(flow_session(&c)->flags & SESSION_FAILURES_TOLD);
	flow_close(&f);
}

// NT 4 SP5: MS-CHAPv2 with keys that are wrong. It heeds Reset-Requests, and that does not help.
TEST(stateful, wrong_keys_are_told)
{
	struct flow f;
	struct flow_client c;
	unsigned int n = 0;

	flow_open(&f, &(struct flow_options){.may_be_stateful = true, .failures_max = 8});
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_up = true});
	memset(c.up.session_key, 0x55, sizeof(c.up.session_key));
	memset(c.up.start_key, 0x66, sizeof(c.up.start_key));
	arcfour_set_key(&c.up.rc4, MPPE_KEY_BYTES_MAX, c.up.session_key);
	while (n < 1000 && !(flow_session(&c)->flags & SESSION_FAILURES_TOLD)) {
		EXPECT_EQ(send_up(&c, 1), 0);
		(void)reset(&c);
		flow_pass_us(5000);
		n++;
	}
	EXPECT_TRUE(flow_session(&c)->flags & SESSION_FAILURES_TOLD);
	EXPECT_LT(n, 1000);
	flow_close(&f);
}

TEST(stateful, new_keys_begin_anew_in_another_mode)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, &options);
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_up = true});
	ASSERT_EQ(send_up(&c, 10), 10);
	lose(&c, 1);
	ASSERT_EQ(send_up(&c, 1), 0);
	c.options.stateful_up = false;
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	ASSERT_EQ(send_up(&c, 10), 10);
	static const struct session_rc4 wiped;
	struct session_rc4 *rc4 = session_table_rc4(&f.sessions[0], flow_session(&c));
	EXPECT_MEMEQ(rc4, &wiped, sizeof(wiped));
	c.options.stateful_up = true;
	flow_client_keys(&c);
	ASSERT_EQ(send_up(&c, 300), 300);
	EXPECT_NE(memcmp(rc4, &wiped, sizeof(wiped)), 0);
	flow_client_delete(&c);
	EXPECT_MEMEQ(rc4, &wiped, sizeof(wiped));
	flow_close(&f);
}

TEST(stateful, where_it_is_not_configured_there_are_no_keys)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &(struct flow_client_options){.stateful_down = true});
	EXPECT_EQ(flow_count(&f, keys_refused), 1);
	EXPECT_FALSE(flow_session(&c)->flags & (SESSION_HAS_KEYS | SESSION_ENCRYPT));
	EXPECT_EQ(send_up(&c, 1), 0);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 1);
	send_down(&c);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 1);
	flow_close(&f);
}

// Nor is anything in the clear then, also where policy would have allowed that: the client has agreed to encrypt.
TEST(stateful, refused_keys_leave_nothing_in_the_clear)
{
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &(struct flow_client_options){.clear = true});
	c.options.stateful_up = c.options.stateful_down = true;
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	EXPECT_EQ(flow_count(&f, keys_refused), 1);
	c.encrypts = false;
	EXPECT_EQ(send_up(&c, 1), 0);
	send_down(&c);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 2);
	flow_close(&f);
}

// One direction only: what is sent is encrypted, what is received has no keys.
TEST(stateful, a_direction_without_strength_has_no_keys)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	flow_open(&f, &options);
	flow_client_up(&f, &c, NULL);
	struct lane_command keys = {
		.kind = COMMAND_SESSION_KEYS,
		.session_id = c.id,
		.keys = {.send = {MPPE_STRENGTH_128, true}},
	};
	memcpy(keys.keys.start.send, c.down.start_key, MPPE_KEY_BYTES_MAX);
	ASSERT_TRUE(flow_command(&f, 0, &keys));
	flow_client_encrypt(&c, true);
	EXPECT_EQ(send_up(&c, 1), 0);
	EXPECT_EQ(flow_drops(&f, DROP_MPPE_NO_KEY), 1);
	send_down(&c);
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(down.protocol, PPP_COMP);

	keys.keys.receive = keys.keys.send;
	keys.keys.send.strength = MPPE_STRENGTH_NONE;
	ASSERT_TRUE(flow_command(&f, 0, &keys));
	flow_client_encrypt(&c, true);
	send_down(&c);
	EXPECT_EQ(flow_drops(&f, DROP_CLEAR_REFUSED), 1);
	flow_close(&f);
}
