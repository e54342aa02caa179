// SPDX-License-Identifier: BSD-3-Clause
// Rows of the table in tests/README.md that the data path shows: what comes out is the same whichever way a
// packet took, and nothing comes in that should not.
#include "flow.h"
#include "late_driver.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

enum {
	FRAMES_MAX = 128,
	NARROW_MTU = 1000,
	HOP_MAC = 0x33, // of the host that nobody knows at first
};

struct frames {
	unsigned int n;
	size_t lens[FRAMES_MAX];
	uint8_t bytes[FRAMES_MAX][FLOW_FRAME_BYTES];
};

static struct frames one, other;

static void take_all(struct flow *f, unsigned int port, struct frames *out)
{
	size_t len;

	while (out->n < FRAMES_MAX && (len = flow_take(f, port, out->bytes[out->n])) > 0)
		out->lens[out->n++] = len;
}

static void expect_the_same(const struct frames *a, const struct frames *b)
{
	ASSERT_EQ(a->n, b->n);
	for (unsigned int i = 0; i < a->n; i++) {
		SHIM_TRACE_CASE(i);
		ASSERT_EQ(a->lens[i], b->lens[i]);
		EXPECT_MEMEQ(a->bytes[i], b->bytes[i], a->lens[i]);
	}
}

// Packets on which something is done on the way: TTL, MSS, DSCP, fragments, nothing.
static const unsigned int n_samples = 7;

static size_t sample(uint8_t *ip, uint32_t from, uint32_t to, unsigned int i)
{
	static const size_t sizes[] = {28, 100, 1400, 1399};
	size_t len;

	switch (i) {
	case 4:
		return flow_tcp_syn(ip, from, to, 1460);
	case 5:
		return flow_echo_request(ip, from, to, 84);
	case 6:
		len = flow_ip(ip, from, to, 89, 333);
		flow_ip_set(ip, 2, 0xb8, true);
		return len;
	default:
		len = flow_ip(ip, from, to, INET_UDP, sizes[i]);
		flow_ip_set(ip, 64, 0, false);
		return len;
	}
}

static void set_routes(struct flow *f, struct route_table *routes)
{
	const struct lane_command table = {.kind = COMMAND_TABLE, .routes = routes};
	struct lane_event e;

	ASSERT_TRUE(flow_command(f, 0, &table));
	ASSERT_TRUE(flow_event(f, 0, LANE_TABLE_RETIRED, &e));
	route_table_free(e.routes);
	f->routes = routes;
}

// What control does when a neighbour has answered: a new table, then what it held, in order.
static unsigned int learn_and_inject(struct flow *f, struct route_table *routes)
{
	struct rte_mbuf *held[FRAMES_MAX];
	struct lane_event e;
	unsigned int n = 0;

	while (n < FRAMES_MAX && flow_exception(f, 0, LANE_UNRESOLVED, &e))
		held[n++] = e.packet;
	set_routes(f, routes);
	for (unsigned int i = 0; i < n; i++) {
		const struct lane_command inject = {.kind = COMMAND_INJECT, .packet = held[i]};
		EXPECT_TRUE(flow_command(f, 0, &inject));
	}
	return n;
}

static struct route_table *routes_with_the_host(void)
{
	struct route_table *t = flow_routes();

	flow_add_route(t, FLOW_UNKNOWN_HOST, 32, ROUTE_FORWARD, FLOW_INSIDE, HOP_MAC, 0);
	return t;
}

static struct route_table *routes_without_the_gateway(void)
{
	struct route_table *t = flow_routes();

	flow_add_route(t, FLOW_CLIENT_OUTER, 24, ROUTE_UNRESOLVED, FLOW_OUTSIDE, 0, 0xc00002fe);
	return t;
}

static void go_up(bool is_slow, struct frames *out)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	out->n = 0;
	flow_open(&f, &(struct flow_options){.inside_mtu = NARROW_MTU});
	flow_client_up(&f, &c, &(struct flow_client_options){.mss_max = 1360});
	if (!is_slow)
		set_routes(&f, routes_with_the_host());
	for (unsigned int i = 0; i < n_samples; i++)
		flow_send_up(&c, ip, sample(ip, c.inner, FLOW_UNKNOWN_HOST, i));
	if (is_slow)
		EXPECT_GE(learn_and_inject(&f, routes_with_the_host()), n_samples);
	take_all(&f, FLOW_INSIDE, out);
	flow_close(&f);
}

enum way { BY_WORKER, HELD_BY_CONTROL, SENT_BY_CONTROL };

static void go_down(enum way way, struct frames *out)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	out->n = 0;
	flow_open(&f, &(struct flow_options){.outside_mtu = NARROW_MTU});
	flow_client_up(&f, &c, &(struct flow_client_options){.mss_max = 1360});
	if (way == HELD_BY_CONTROL)
		set_routes(&f, routes_without_the_gateway());
	for (unsigned int i = 0; i < n_samples; i++) {
		size_t len = sample(ip, FLOW_HOST, c.inner, i);

		if (way == SENT_BY_CONTROL) {
			inet_ttl_decrement(
				ip); // control's packets start here, nobody forwarded them
			const struct lane_command send = {.kind = COMMAND_SEND_IP,
				.session_id = c.id,
				.packet = flow_mbuf(&f, ip, len)};
			EXPECT_TRUE(flow_command(&f, 0, &send));
		} else {
			EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame,
				flow_frame(frame, FLOW_INSIDE, ip, len)));
		}
	}
	if (way == HELD_BY_CONTROL)
		EXPECT_GE(learn_and_inject(&f, flow_routes()), n_samples);
	take_all(&f, FLOW_OUTSIDE, out);
	flow_close(&f);
}

// The slow path is control: it holds what has no link address yet and gives it back, and it sends packets of
// its own to clients. The worker's result is the measure, byte for byte, in both directions.
TEST(mission, s6_fast_and_slow_path_give_the_same)
{
	go_up(false, &one);
	EXPECT_EQ(n_samples + 2, one.n); // two samples were fragmented
	go_up(true, &other);
	expect_the_same(&one, &other);

	go_down(BY_WORKER, &one);
	EXPECT_GT(one.n, n_samples);
	go_down(HELD_BY_CONTROL, &other);
	expect_the_same(&one, &other);
	go_down(SENT_BY_CONTROL, &other);
	expect_the_same(&one, &other);
}

// The other bug of that time: one kind of switching broke when the other was on. Here both are, in turn, on
// one session, in both modes of MPPE: its numbers and its key go on through all of it, and nothing is lost.
TEST(mission, s15_both_paths_on_one_session)
{
	for (unsigned int is_stateful = 0; is_stateful < 2; is_stateful++) {
		struct flow f;
		struct flow_client c;
		struct flow_down down;
		uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

		SHIM_TRACE_CASE(is_stateful);
		flow_open(&f, &(struct flow_options){.may_be_stateful = true});
		flow_client_up(&f, &c,
			&(struct flow_client_options){
				.stateful_up = is_stateful, .stateful_down = is_stateful});
		for (unsigned int i = 0; i < 300; i++) {
			size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 60 + i);
			const struct lane_command send = {.kind = COMMAND_SEND_IP,
				.session_id = c.id,
				.packet = i % 3 ? NULL : flow_mbuf(&f, ip, len)};

			if (send.packet)
				EXPECT_TRUE(flow_command(&f, 0, &send));
			else
				EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame,
					flow_frame(frame, FLOW_INSIDE, ip, len)));
			ASSERT_TRUE(flow_take_down(&c, &down));
			EXPECT_EQ(60 + i, down.len);
			if (i % 7 == 0) { // and a frame of control between
				flow_send_ppp(&c, PPP_LCP, "\x09\x01\x00\x04", 4);
				ASSERT_TRUE(flow_take_down(&c, &down));
				EXPECT_EQ(PPP_LCP, down.protocol);
			}
			// Up: every other packet is for a host that control must find first.
			uint32_t to = i % 2 ? FLOW_UNKNOWN_HOST : FLOW_HOST;
			flow_send_up(&c, ip, flow_ip(ip, c.inner, to, INET_UDP, 60 + i));
			if (i % 2) {
				EXPECT_EQ(1, learn_and_inject(&f, routes_with_the_host()));
				set_routes(&f, flow_routes()); // forgotten again
			}
			EXPECT_EQ(1, flow_discard(&f, FLOW_INSIDE));
		}
		EXPECT_EQ(0, flow_drops_all(&f));
		EXPECT_EQ(0, flow_session(&c)->counters.decrypt_failures);
		flow_close(&f);
	}
}

// ---- S9 -----------------------------------------------------------------------------------------

struct visitor {
	struct flow f;
	uint8_t frame[FLOW_FRAME_BYTES];
	size_t len;
	unsigned int n_sent, n_to_kernel;
};

static void begin_frame(struct visitor *v, uint8_t protocol)
{
	uint8_t ip[FLOW_FRAME_BYTES];

	v->len = flow_ip(ip, FLOW_CLIENT_OUTER + 9, FLOW_LISTEN, protocol, 60);
	memset(ip + 20, 0, 40);
	v->len = flow_frame(v->frame, FLOW_OUTSIDE, ip, v->len);
}

// Returns whether the kernel gets it.
static bool knock(struct visitor *v)
{
	struct lane_event e;

	v->n_sent++;
	EXPECT_TRUE(flow_put(&v->f, FLOW_OUTSIDE, 0, v->frame, v->len));
	if (!flow_exception(&v->f, 0, FLOW_ANY_KIND, &e))
		return false;
	rte_pktmbuf_free(e.packet);
	v->n_to_kernel++;
	return true;
}

// All of them, at a port as it is by default: ARP, ICMP and TCP/1723 reach the kernel, GRE ends at the
// worker, and what is anything else is dropped, counted and seen nowhere.
TEST(mission, s9_an_outside_port_takes_tcp_1723_and_gre)
{
	static struct visitor v;

	memset(&v, 0, sizeof(v));
	flow_open(&v.f, &(struct flow_options){.exception_rate_pps = 10000000});
	begin_frame(&v, INET_TCP);
	for (unsigned int type = 0; type <= UINT16_MAX; type++) {
		bytes_put_u16(v.frame + 12, (uint16_t)type);
		EXPECT_EQ(type == 0x0806, knock(&v)); // port 0 of TCP where it is IPv4
	}
	for (unsigned int protocol = 0; protocol <= UINT8_MAX; protocol++) {
		begin_frame(&v, (uint8_t)protocol);
		EXPECT_EQ(protocol == INET_ICMP, knock(&v));
	}
	for (unsigned int is_udp = 0; is_udp < 2; is_udp++) {
		begin_frame(&v, is_udp ? INET_UDP : INET_TCP);
		for (unsigned int port = 0; port <= UINT16_MAX; port++) {
			bytes_put_u16(v.frame + FLOW_ETHER_BYTES + 22, (uint16_t)port);
			EXPECT_EQ(port == 1723 && !is_udp, knock(&v));
		}
	}
	EXPECT_EQ(3, v.n_to_kernel);
	EXPECT_EQ(v.n_sent - 3, flow_drops_all(&v.f));
	EXPECT_EQ(0, flow_discard(&v.f, FLOW_INSIDE) + flow_discard(&v.f, FLOW_OUTSIDE));
	flow_close(&v.f);
}

// ---- S15, the hardware module ---------------------------------------------------------------------

static void go_by(const struct crypto_driver *driver, bool is_stateful, bool is_slow,
	struct frames *inside, struct frames *outside)
{
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	inside->n = outside->n = 0;
	late_driver_control = (struct late_driver_control){
		.submit_max = LATE_DRIVER_DEPTH, .room = LATE_DRIVER_DEPTH, .is_slow = is_slow};
	flow_open(&f, &(struct flow_options){.crypto = driver, .may_be_stateful = true});
	flow_client_up(&f, &c,
		&(struct flow_client_options){.strength = MPPE_STRENGTH_128,
			.stateful_up = is_stateful,
			.stateful_down = is_stateful});
	for (unsigned int i = 0; i < 60; i++)
		flow_push_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 28 + 22 * i));
	flow_poll(&f);
	for (unsigned int i = 0; i < 60; i++) {
		size_t len = flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 28 + 23 * i);
		EXPECT_TRUE(flow_push(
			&f, FLOW_INSIDE, 0, frame, flow_frame(frame, FLOW_INSIDE, ip, len)));
	}
	flow_poll(&f);
	if (is_slow)
		for (unsigned int i = 0; i < 200; i++) {
			late_driver_control.turn++;
			(void)worker_poll(f.workers[0]);
		}
	take_all(&f, FLOW_INSIDE, inside);
	take_all(&f, FLOW_OUTSIDE, outside);
	EXPECT_EQ(60, inside->n);
	EXPECT_EQ(60, outside->n);
	EXPECT_EQ(0, flow_drops_all(&f));
	flow_close(&f);
}

// 128 bit failed on the old gear's crypto module: what a driver that answers when it likes makes of the same
// packets is what the inline driver makes of them, to the byte, both ways, in both modes.
TEST(mission, s15_128_bit_by_a_driver_that_answers_late)
{
	static struct frames up, down;

	for (unsigned int i = 0; i < 4; i++) {
		SHIM_TRACE_CASE(i);
		go_by(NULL, i % 2, false, &one, &other);
		go_by(&late_driver, i % 2, i / 2, &up, &down);
		expect_the_same(&one, &up);
		expect_the_same(&other, &down);
	}
}
