// SPDX-License-Identifier: BSD-3-Clause
// Rates, access lists and idle times of sessions.
#include "flow.h"
#include "flow_clock.h"

#include "msg/acl.h"
#include "shim/shim.h"
#include "shim/xorshift.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <rte_cycles.h>
#include <rte_meter.h>

enum {
	SECOND_US = 1000000,
	BYTES = 1000,
	PROHIBITED = 13,
	UNREACHABLE = 3,
	DHCP_SERVER = 67,
	ALL = 0xffffffff,
	MORE = 0x2000,
};

static const struct command_session_policy free_policy = {.acl_up = ACL_NONE, .acl_down = ACL_NONE};

static void set_policy(struct flow_client *c, const struct command_session_policy *policy)
{
	const struct lane_command command = {
		.kind = COMMAND_SESSION_POLICY, .session_id = c->id, .policy = *policy};

	EXPECT_TRUE(flow_command(c->f, c->options.worker, &command));
}

static struct session_policy *policy_of(const struct flow_client *c)
{
	return session_table_policy(&c->f->sessions[c->options.worker], flow_session(c));
}

// Did a packet of len bytes pass? It is taken off the port.
static bool passes_up(struct flow_client *c, size_t len)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	(void)flow_ip(ip, c->inner, FLOW_HOST, INET_UDP, len);
	flow_send_up(c, ip, len);
	return flow_discard(c->f, FLOW_INSIDE) == 1;
}

static bool passes_down(struct flow_client *c, size_t len)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	struct flow_down down;

	(void)flow_ip(ip, FLOW_HOST, c->inner, INET_UDP, len);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	EXPECT_TRUE(flow_put(c->f, FLOW_INSIDE, 0, frame, len));
	return flow_take_down(c, &down);
}

typedef bool passes_fn(struct flow_client *c, size_t len);

// Bytes that pass in so many microseconds, with a packet offered every step_us.
static uint64_t offer(struct flow_client *c, passes_fn *passes, uint64_t us, uint64_t step_us)
{
	uint64_t n_bytes = 0;

	for (uint64_t at = 0; at < us; at += step_us) {
		n_bytes += passes(c, BYTES) ? BYTES : 0;
		flow_pass_us(step_us);
	}
	return n_bytes;
}

// --- rates ------------------------------------------------------------------------------------------

TEST(policy, rate_within_two_percent)
{
	static const struct {
		uint64_t bps;
		uint64_t seconds;
	} cases[] = {{64000, 60}, {1000000, 20}, {10000000, 4}, {50000000, 1}};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct command_session_policy policy = free_policy;
		struct flow f;
		struct flow_client c;
		double wanted = (double)cases[i].bps / 8 * (double)cases[i].seconds;
		uint64_t us = cases[i].seconds * SECOND_US;
		uint64_t step_us = BYTES * 8 * UINT64_C(1000000) / cases[i].bps / 4;

		SHIM_TRACE_CASE(i);
		policy.rate_up_bps = policy.rate_down_bps = cases[i].bps;
		policy.burst_up_bytes = policy.burst_down_bytes = 1500;
		flow_open(&f, NULL);
		flow_client_up(&f, &c, NULL);
		set_policy(&c, &policy);
		EXPECT_NEAR((double)offer(&c, passes_up, us, step_us), wanted, wanted * 0.02);
		EXPECT_NEAR((double)offer(&c, passes_down, us, step_us), wanted, wanted * 0.02);
		const struct session_policy *p = policy_of(&c);
		EXPECT_EQ(flow_drops(&f, DROP_RATE_LIMIT_UP), p->rate_drops_up);
		EXPECT_EQ(flow_drops(&f, DROP_RATE_LIMIT_DOWN), p->rate_drops_down);
		EXPECT_GT(p->rate_drops_up, 100);
		EXPECT_GT(p->rate_drops_down, 100);
		EXPECT_EQ(flow_drops_all(&f), p->rate_drops_up + p->rate_drops_down);
		EXPECT_EQ(0, flow_count(&f, icmp_sent));
		flow_close(&f);
	}
}

TEST(policy, burst_after_a_pause_and_no_more)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c, other;

	policy.rate_up_bps = 800000; // 100 bytes a millisecond
	policy.burst_up_bytes = 20 * BYTES;
	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	flow_client_up(&f, &other, &(struct flow_client_options){.number = 3});
	set_policy(&c, &policy);
	for (int round = 0; round < 3; round++) {
		unsigned int n = 0;
		while (passes_up(&c, BYTES))
			n++;
		EXPECT_EQ(20, n);
		(void)flow_discard(&f, FLOW_OUTSIDE); // acks
		EXPECT_TRUE(passes_down(&c, BYTES));  // no limit that way
		EXPECT_TRUE(passes_up(&other, BYTES));
		flow_wait_us(&f, 9900);
		EXPECT_FALSE(passes_up(&c, BYTES));
		EXPECT_TRUE(passes_up(&c, BYTES - 10));
		flow_wait_us(&f, 10 * SECOND_US);
	}
	flow_close(&f);
}

// Where a packet costs less than some nanoseconds: as many bytes pass as of larger ones.
TEST(policy, small_packets_at_high_rates_cost_what_they_should)
{
	enum { SMALL = 40, BURST = 100000 };
	static const uint64_t rates[] = {8000, UINT64_C(10000000000), UINT64_C(100000000000)};

	for (size_t i = 0; i < RTE_DIM(rates); i++) {
		struct command_session_policy policy = free_policy;
		unsigned int n_up = 0, n_down = 0;
		struct flow f;
		struct flow_client c;

		SHIM_TRACE_CASE(i);
		policy.rate_up_bps = policy.rate_down_bps = rates[i];
		policy.burst_up_bytes = policy.burst_down_bytes = BURST;
		flow_open(&f, NULL);
		flow_client_up(&f, &c, NULL);
		set_policy(&c, &policy);
		while (passes_up(&c, SMALL))
			n_up++;
		while (passes_down(&c, SMALL))
			n_down++;
		EXPECT_NEAR((double)n_up, BURST / SMALL, BURST / SMALL * 0.01);
		EXPECT_NEAR((double)n_down, BURST / SMALL, BURST / SMALL * 0.01);
		flow_close(&f);
	}
}

// A burst that is shorter than a packet would let none pass.
TEST(policy, largest_packet_passes_whatever_the_burst)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c;

	policy.rate_up_bps = 1; // counts as 1000
	policy.rate_down_bps = 1;
	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	set_policy(&c, &policy);
	EXPECT_TRUE(passes_up(&c, 1400));
	EXPECT_TRUE(passes_down(&c, 1400));
	EXPECT_FALSE(passes_up(&c, 200));
	flow_wait_us(&f, 12 * SECOND_US);
	EXPECT_TRUE(passes_up(&c, 1400));
	EXPECT_FALSE(passes_up(&c, 200));
	flow_close(&f);
}

TEST(policy, changes_under_traffic)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	EXPECT_EQ(1000 * BYTES, offer(&c, passes_up, SECOND_US, 1000)); // none
	policy.rate_up_bps = 800000;
	policy.burst_up_bytes = 10 * BYTES;
	set_policy(&c, &policy);
	EXPECT_NEAR((double)offer(&c, passes_up, SECOND_US, 1000), 110 * BYTES, 2 * BYTES);
	policy.rate_up_bps = 1600000;
	set_policy(&c, &policy); // which is no new burst
	EXPECT_NEAR((double)offer(&c, passes_up, SECOND_US, 1000), 205 * BYTES, 6 * BYTES);
	set_policy(&c, &free_policy);
	EXPECT_FALSE(flow_session(&c)->flags & SESSION_POLICY);
	EXPECT_EQ(1000 * BYTES, offer(&c, passes_up, SECOND_US, 1000));
	flow_close(&f);
}

// The same packets through DPDK's meter: what a token bucket of that rate and depth lets through.
TEST(policy, rate_agrees_with_rte_meter)
{
	enum { PACKETS = 20000 };
	struct rte_meter_srtcm_params params = {.cir = 250000, .cbs = 16000, .ebs = 0};
	struct command_session_policy policy = free_policy;
	struct rte_meter_srtcm_profile profile;
	struct rte_meter_srtcm meter;
	struct xorshift x = xorshift_seed(5);
	struct flow f;
	struct flow_client c;
	uint64_t ours = 0, meters = 0, now_us = 0;

	policy.rate_up_bps = params.cir * 8;
	policy.burst_up_bytes = (uint32_t)params.cbs;
	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	set_policy(&c, &policy);
	ASSERT_EQ(0, rte_meter_srtcm_profile_config(&profile, &params));
	ASSERT_EQ(0, rte_meter_srtcm_config(&meter, &profile));
	meter.time = 0;
	for (unsigned int i = 0; i < PACKETS; i++) {
		uint32_t len = 60 + xorshift_below(&x, 1300);
		uint64_t us = xorshift_below(&x, 100) ? xorshift_below(&x, 4000) : 50000;
		now_us += us;
		flow_pass_us(us);
		ours += passes_up(&c, len) ? len : 0;
		uint64_t tsc = (uint64_t)((double)now_us * (double)rte_get_tsc_hz() / 1e6);
		if (rte_meter_srtcm_color_blind_check(&meter, &profile, tsc, len) ==
			RTE_COLOR_GREEN)
			meters += len;
	}
	EXPECT_GT(flow_drops(&f, DROP_RATE_LIMIT_UP), PACKETS / 10);
	EXPECT_NEAR((double)ours, (double)meters, (double)meters * 0.02);
	flow_close(&f);
}

// A packet that is cut to the client's MTU is paid for once, with its own bytes.
TEST(policy, fragments_made_here_cost_once)
{
	struct command_session_policy policy = free_policy;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	struct flow_down down;
	struct flow f;
	struct flow_client c;

	policy.rate_down_bps = 8000;
	policy.burst_down_bytes = 1500;
	flow_open(&f, NULL);
	flow_client_up(&f, &c, &(struct flow_client_options){.mtu = 600});
	set_policy(&c, &policy);
	(void)flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 1500);
	flow_ip_set(ip, 64, 0, false);
	size_t len = flow_frame(frame, FLOW_INSIDE, ip, 1500);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	for (int i = 0; i < 3; i++)
		EXPECT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(0, flow_drops_all(&f));
	EXPECT_FALSE(passes_down(&c, 100));
	flow_close(&f);
}

// --- access lists -----------------------------------------------------------------------------------

static struct acl_rule rule(uint8_t flags, uint8_t protocol, uint32_t to, uint16_t port)
{
	return (struct acl_rule){
		.flags = (uint8_t)(flags | (port ? ACL_PORTS : 0) |
				   (protocol ? 0 : ACL_ANY_PROTOCOL)),
		.protocol = protocol,
		.destination_be = flow_be(to),
		.destination_mask_be = to ? UINT32_MAX : 0,
		.source_port_max = UINT16_MAX,
		.destination_port_min = port,
		.destination_port_max = port ? port : UINT16_MAX,
	};
}

// List 0: UDP to the host, port 5001, and pings. List 1: everything but ICMP. List 2: nothing.
static struct acl_set *make_set(void)
{
	struct acl_set *set = acl_set_new(5);

	set->rules[0] = rule(ACL_PERMIT, INET_UDP, FLOW_HOST, 5001);
	set->rules[1] = rule(ACL_PERMIT, INET_ICMP, 0, 0);
	set->rules[2] = rule(0, INET_ICMP, 0, 0);
	set->rules[3] = rule(ACL_PERMIT, 0, 0, 0);
	set->n_acls = 3;
	set->acls[0] = (struct acl){.first = 0, .n = 2};
	set->acls[1] = (struct acl){.first = 2, .n = 2};
	set->acls[2] = (struct acl){.first = 4, .n = 0};
	return set;
}

// The one before comes back, and is freed.
static void swap_set(struct flow *f, struct acl_set *set)
{
	const struct lane_command command = {.kind = COMMAND_ACLS, .acls = set};
	struct lane_event e;

	EXPECT_TRUE(flow_command(f, 0, &command));
	ASSERT_TRUE(flow_event(f, 0, LANE_ACLS_RETIRED, &e));
	acl_set_free(e.acls);
}

static void open_with_lists(
	struct flow *f, struct flow_client *c, uint16_t acl_up, uint16_t acl_down)
{
	struct command_session_policy policy = free_policy;

	policy.acl_up = acl_up;
	policy.acl_down = acl_down;
	flow_open(f, NULL);
	swap_set(f, make_set());
	flow_client_up(f, c, &(struct flow_client_options){.dhcp_inform = true});
	set_policy(c, &policy);
}

static void close_with_lists(struct flow *f)
{
	swap_set(f, NULL);
	flow_close(f);
}

// Protocol and port from the client; true: it left by the inside port.
static bool permits_up(
	struct flow_client *c, uint32_t to, uint8_t protocol, uint16_t port, uint16_t fragment)
{
	uint8_t ip[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, c->inner, to, protocol, 200);

	bytes_put_u16(ip + 22, port);
	bytes_put_u16(ip + 6, fragment);
	bytes_put_u16(ip + 10, 0);
	bytes_put_u16(ip + 10, inet_checksum(ip, INET_IPV4_HEADER_BYTES));
	flow_send_up(c, ip, len);
	return flow_discard(c->f, FLOW_INSIDE) == 1;
}

TEST(policy, list_of_what_a_client_sends)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	open_with_lists(&f, &c, 0, ACL_NONE);
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 5001, 0));
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_ICMP, 0, 0));
	EXPECT_FALSE(flow_take_down(&c, &down));
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5002, 0));
	// It is told, from our address, with its own header.
	ASSERT_TRUE(flow_take_down(&c, &down));
	EXPECT_EQ(INET_ICMP, down.bytes[9]);
	EXPECT_EQ(UNREACHABLE, down.bytes[20]);
	EXPECT_EQ(PROHIBITED, down.bytes[21]);
	EXPECT_EQ(5002, bytes_get_u16(down.bytes + 28 + 22));
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, 50, 0, 0));
	EXPECT_EQ(2, policy_of(&c)->acl_drops_up);
	EXPECT_EQ(2, flow_drops(&f, DROP_ACL_DENIED_UP));
	EXPECT_EQ(2, flow_drops_all(&f));
	EXPECT_EQ(2, flow_session(&c)->counters.up_pkts);
	(void)flow_discard(&f, FLOW_OUTSIDE);
	close_with_lists(&f);
}

TEST(policy, list_of_what_is_sent_to_a_client)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];

	open_with_lists(&f, &c, ACL_NONE, 1);
	EXPECT_TRUE(passes_down(&c, 300));
	size_t len = flow_echo_request(ip, FLOW_HOST, c.inner, 84);
	len = flow_frame(frame, FLOW_INSIDE, ip, len);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(0, flow_discard(&f, FLOW_OUTSIDE));
	// The host of the inside is told, from the port's address.
	ASSERT_GT(flow_take(&f, FLOW_INSIDE, out), 0);
	EXPECT_EQ(UNREACHABLE, out[FLOW_ETHER_BYTES + 20]);
	EXPECT_EQ(PROHIBITED, out[FLOW_ETHER_BYTES + 21]);
	EXPECT_EQ(FLOW_INSIDE_ADDRESS, bytes_get_u32(out + FLOW_ETHER_BYTES + 12));
	EXPECT_EQ(1, policy_of(&c)->acl_drops_down);
	EXPECT_EQ(1, flow_drops(&f, DROP_ACL_DENIED_DOWN));
	close_with_lists(&f);
}

TEST(policy, lists_and_fragments)
{
	struct flow f;
	struct flow_client c;

	open_with_lists(&f, &c, 0, ACL_NONE);
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 5001, MORE));
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 0, MORE | 22)); // rest of what may pass
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 0, 44));
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5002, MORE));
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_TCP, 0, 44));
	EXPECT_EQ(2, flow_drops(&f, DROP_ACL_DENIED_UP));
	(void)flow_discard(&f, FLOW_OUTSIDE);
	close_with_lists(&f);
}

// What adit says itself, and what it answers of DHCP, is asked of no list.
TEST(policy, no_list_is_asked_about_what_is_ours)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	open_with_lists(&f, &c, 2, 2);
	(void)permits_up(&c, FLOW_SERVER_INNER, INET_UDP, DHCP_SERVER, 0);
	ASSERT_TRUE(flow_event(&f, 0, LANE_INNER, &e));
	rte_pktmbuf_free(e.packet);
	(void)permits_up(&c, ALL, INET_UDP, DHCP_SERVER, 0);
	ASSERT_TRUE(flow_event(&f, 0, LANE_INNER, &e));
	rte_pktmbuf_free(e.packet);
	EXPECT_EQ(0, flow_drops_all(&f));
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, DHCP_SERVER, 0));
	EXPECT_EQ(1, flow_drops(&f, DROP_ACL_DENIED_UP));
	EXPECT_TRUE(flow_take_down(&c, &down)); // the ICMP about it
	size_t len = flow_ip(ip, FLOW_SERVER_INNER, c.inner, INET_UDP, 300);
	const struct lane_command answer = {
		.kind = COMMAND_SEND_IP, .session_id = c.id, .packet = flow_mbuf(&f, ip, len)};
	EXPECT_TRUE(flow_command(&f, 0, &answer));
	EXPECT_TRUE(flow_take_down(&c, &down));
	EXPECT_FALSE(passes_down(&c, 300));
	close_with_lists(&f);
}

// A client that goes on sending what is denied takes nobody's path MTU discovery away.
TEST(policy, denials_leave_room_for_what_is_too_big)
{
	enum { FRAGMENTATION_NEEDED = 4, DENIED = 300 };
	struct flow f;
	struct flow_client c, other;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES], out[FLOW_FRAME_BYTES];

	open_with_lists(&f, &c, 2, ACL_NONE);
	flow_client_up(&f, &other, &(struct flow_client_options){.number = 3, .mtu = 1000});
	for (int i = 0; i < DENIED; i++)
		EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5001, 0));
	EXPECT_LT(flow_count(&f, icmp_sent), DENIED / 2);
	(void)flow_ip(ip, FLOW_HOST, other.inner, INET_UDP, 1200);
	flow_ip_set(ip, 64, 0, true);
	size_t len = flow_frame(frame, FLOW_INSIDE, ip, 1200);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	ASSERT_GT(flow_take(&f, FLOW_INSIDE, out), 0);
	EXPECT_EQ(UNREACHABLE, out[FLOW_ETHER_BYTES + 20]);
	EXPECT_EQ(FRAGMENTATION_NEEDED, out[FLOW_ETHER_BYTES + 21]);
	(void)flow_discard(&f, FLOW_OUTSIDE);
	close_with_lists(&f);
}

// Also of what is ours and comes from another worker: who was denied there.
TEST(policy, no_list_is_asked_about_what_another_worker_says)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client from, to;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, &(struct flow_options){.n_workers = 2});
	for (unsigned int i = 0; i < 2; i++) {
		const struct lane_command command = {.kind = COMMAND_ACLS, .acls = make_set()};
		struct lane_event e;
		EXPECT_TRUE(flow_command(&f, i, &command));
		ASSERT_TRUE(flow_event(&f, i, LANE_ACLS_RETIRED, &e));
	}
	flow_client_up(&f, &from, NULL);
	flow_client_up(&f, &to, &(struct flow_client_options){.number = 3, .worker = 1});
	policy.acl_down = 2; // nothing
	set_policy(&from, &policy);
	set_policy(&to, &policy);
	size_t len = flow_ip(ip, from.inner, to.inner, INET_UDP, 200);
	flow_send_up(&from, ip, len);
	for (unsigned int i = 0; i < 4; i++)
		flow_poll(&f);
	EXPECT_EQ(1, flow_drops(&f, DROP_ACL_DENIED_DOWN));
	EXPECT_EQ(1, flow_drops_all(&f));
	ASSERT_TRUE(flow_take_down(&from, &down));
	EXPECT_EQ(INET_ICMP, down.bytes[9]);
	EXPECT_EQ(PROHIBITED, down.bytes[21]);
	EXPECT_EQ(from.inner, bytes_get_u32(down.bytes + 16));
	for (unsigned int i = 0; i < 2; i++) {
		const struct lane_command command = {.kind = COMMAND_ACLS};
		struct lane_event e;
		EXPECT_TRUE(flow_command(&f, i, &command));
		ASSERT_TRUE(flow_event(&f, i, LANE_ACLS_RETIRED, &e));
		acl_set_free(e.acls);
	}
	flow_close(&f);
}

// An index that the set has not, or no longer, denies.
TEST(policy, lists_are_swapped)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c;

	open_with_lists(&f, &c, 0, ACL_NONE);
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 5001, 0));
	struct acl_set *set = make_set();
	set->rules[0].destination_port_min = set->rules[0].destination_port_max = 5002;
	swap_set(&f, set);
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5001, 0));
	EXPECT_TRUE(permits_up(&c, FLOW_HOST, INET_UDP, 5002, 0));
	policy.acl_up = 3;
	set_policy(&c, &policy);
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5002, 0));
	policy.acl_up = 0;
	set_policy(&c, &policy);
	swap_set(&f, NULL);
	EXPECT_FALSE(permits_up(&c, FLOW_HOST, INET_UDP, 5002, 0));
	(void)flow_discard(&f, FLOW_OUTSIDE);
	close_with_lists(&f);
}

// --- idle sessions ----------------------------------------------------------------------------------

static bool is_told_idle(struct flow_client *c)
{
	struct lane_event e;

	if (!flow_event(c->f, c->options.worker, LANE_IDLE, &e))
		return false;
	EXPECT_EQ(c->id, e.session_id);
	return true;
}

static void open_idle(struct flow *f, struct flow_client *c, uint32_t idle_s, bool up_only)
{
	struct command_session_policy policy = free_policy;

	policy.idle_s = idle_s;
	policy.idle_up_only = up_only;
	flow_open(f, NULL);
	flow_client_up(f, c, &(struct flow_client_options){.ack_delay_us = 1000});
	set_policy(c, &policy);
}

TEST(policy, idle_is_told_when_no_data_comes)
{
	static const uint8_t echo[] = {9, 1, 0, 8, 1, 2, 3, 4};
	struct flow f;
	struct flow_client c;

	open_idle(&f, &c, 60, false);
	for (int i = 0; i < 10; i++) { // data of either direction
		flow_wait_us(&f, 40 * SECOND_US);
		EXPECT_TRUE(i & 1 ? passes_up(&c, 100) : passes_down(&c, 100));
		(void)flow_discard(&f, FLOW_OUTSIDE);
	}
	EXPECT_FALSE(is_told_idle(&c));
	for (int i = 0; i < 12; i++) { // neither LCP nor acks are data
		flow_wait_us(&f, 5 * SECOND_US - 100000);
		EXPECT_FALSE(is_told_idle(&c));
		flow_send_control(&c, PPP_LCP, echo, sizeof(echo));
		flow_send_ack(&c, (uint32_t)i);
		struct lane_event e;
		while (flow_event(&f, 0, LANE_PPP, &e))
			rte_pktmbuf_free(e.packet);
	}
	flow_wait_us(&f, 3 * SECOND_US);
	EXPECT_TRUE(is_told_idle(&c));
	EXPECT_FALSE(is_told_idle(&c));
	flow_wait_us(&f, 62 * SECOND_US); // it lives on
	EXPECT_TRUE(is_told_idle(&c));
	(void)flow_discard(&f, FLOW_OUTSIDE);
	flow_close(&f);
}

TEST(policy, idle_by_what_the_client_sends_alone)
{
	struct flow f;
	struct flow_client c;

	open_idle(&f, &c, 60, true);
	for (int i = 0; i < 6; i++) {
		EXPECT_FALSE(is_told_idle(&c));
		EXPECT_TRUE(passes_down(&c, 100));
		flow_wait_us(&f, 10 * SECOND_US + 200000);
	}
	EXPECT_TRUE(is_told_idle(&c));
	flow_close(&f);
}

TEST(policy, idle_time_that_is_changed_or_taken_back)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c;

	open_idle(&f, &c, 3600, false);
	flow_wait_us(&f, 30 * SECOND_US);
	policy.idle_s = 20; // it has been silent longer already
	set_policy(&c, &policy);
	flow_wait_us(&f, 2 * SECOND_US);
	EXPECT_TRUE(is_told_idle(&c));
	set_policy(&c, &free_policy);
	flow_wait_us(&f, 4000ULL * SECOND_US);
	EXPECT_FALSE(is_told_idle(&c));
	policy.idle_s = 20; // begins now
	set_policy(&c, &policy);
	flow_wait_us(&f, 10 * SECOND_US);
	EXPECT_FALSE(is_told_idle(&c));
	flow_wait_us(&f, 12 * SECOND_US);
	EXPECT_TRUE(is_told_idle(&c));
	flow_close(&f);
}

// The slot of one that has gone is another's, without a timer or a limit.
TEST(policy, goes_with_its_session)
{
	struct command_session_policy policy = free_policy;
	struct flow f;
	struct flow_client c;
	struct lane_event e;

	open_idle(&f, &c, 60, false);
	policy.rate_up_bps = 1000;
	policy.idle_s = 60;
	set_policy(&c, &policy);
	EXPECT_TRUE(passes_up(&c, 1400));
	EXPECT_FALSE(passes_up(&c, 1400));
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	flow_client_up(&f, &c, NULL);
	EXPECT_EQ(0, policy_of(&c)->rate_drops_up);
	for (int i = 0; i < 10; i++)
		EXPECT_TRUE(passes_up(&c, 1400));
	flow_wait_us(&f, 100 * SECOND_US);
	EXPECT_FALSE(is_told_idle(&c));
	flow_close(&f);
}

// All slots at once, and a ring that has room for a few: each is told, some later.
TEST(policy, many_idle_at_once)
{
	struct command_session_policy policy = free_policy;
	struct flow_client c[FLOW_SLOTS - 4];
	bool told[FLOW_SLOTS] = {false};
	unsigned int n_told = 0;
	struct lane_event e;
	struct flow f;

	policy.idle_s = 30;
	flow_open(&f, &(struct flow_options){.event_ring = 16});
	for (unsigned int i = 0; i < RTE_DIM(c); i++) {
		flow_client_up(&f, &c[i], &(struct flow_client_options){.number = i + 2});
		set_policy(&c[i], &policy);
	}
	flow_wait_us(&f, 31 * SECOND_US);
	for (int i = 0; i < 25; i++) {
		while (flow_event(&f, 0, LANE_IDLE, &e)) {
			EXPECT_FALSE(told[session_id_slot(e.session_id)]);
			told[session_id_slot(e.session_id)] = true;
			n_told++;
		}
		flow_wait_us(&f, SECOND_US);
	}
	EXPECT_EQ(RTE_DIM(c), n_told);
	flow_close(&f);
}
