// SPDX-License-Identifier: BSD-3-Clause
// Between control and the worker: frames both ways, deletion, rings that are full, a pool that is dry.
#include "flow.h"
#include "flow_clock.h"

#include "shim/shim.h"
#include "wire/inet.h"
#include "wire/ppp.h"

#include <pthread.h>
#include <rte_cycles.h>
#include <unistd.h>

static const uint8_t lcp_request[] = {1, 1, 0, 4};

static unsigned int count_events(struct flow *f, int kind)
{
	struct lane_event e;
	unsigned int n = 0;

	while (flow_event(f, 0, kind, &e)) {
		rte_pktmbuf_free(e.packet);
		n++;
	}
	return n;
}

TEST(control, ppp_frames_go_up_with_their_information_alone)
{
	const uint16_t protocols[] = {PPP_LCP, PPP_CHAP, PPP_PAP, PPP_CCP, PPP_IPCP, PPP_IPV6CP,
		PPP_EAP, PPP_CBCP, 0xc025};

	for (unsigned int fc = 0; fc < 2; fc++) {
		const struct flow_client_options options = {.client_acfc = fc};
		struct flow f;
		struct flow_client c;
		struct lane_event e;

		flow_open(&f, NULL);
		flow_client_up(&f, &c, &options);
		for (unsigned int i = 0; i < RTE_DIM(protocols); i++) {
			SHIM_TRACE_CASE(i);
			flow_send_control(&c, protocols[i], lcp_request, sizeof(lcp_request));
			ASSERT_TRUE(flow_event(&f, 0, FLOW_ANY_KIND, &e));
			EXPECT_EQ(e.kind, LANE_PPP);
			EXPECT_EQ(e.worker, 0);
			EXPECT_EQ(e.session_id, c.id);
			EXPECT_EQ(e.protocol, protocols[i]);
			ASSERT_EQ(rte_pktmbuf_pkt_len(e.packet), sizeof(lcp_request));
			EXPECT_MEMEQ(rte_pktmbuf_mtod(e.packet, uint8_t *), lcp_request,
				sizeof(lcp_request));
			rte_pktmbuf_free(e.packet);
		}
		EXPECT_EQ(flow_session(&c)->counters.up_control_frames, RTE_DIM(protocols));
		flow_close(&f);
	}
}

TEST(control, ppp_frames_go_down_uncompressed_and_in_the_clear)
{
	const struct flow_client_options options = {.send_pfc = true, .send_acfc = true};
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	for (uint32_t i = 0; i < 3; i++) {
		flow_send_ppp(&c, PPP_IPCP, lcp_request, sizeof(lcp_request));
		ASSERT_TRUE(flow_take_down(&c, &down));
		EXPECT_EQ(down.seq, i);
		EXPECT_TRUE(down.has_fc);
		EXPECT_TRUE(down.has_long_protocol);
		EXPECT_EQ(down.protocol, PPP_IPCP);
		ASSERT_EQ(down.len, sizeof(lcp_request));
		EXPECT_MEMEQ(down.bytes, lcp_request, sizeof(lcp_request));
	}
	EXPECT_EQ(flow_session(&c)->counters.down_control_frames, 3);
	flow_close(&f);
}

// One client floods LCP: it gets its rate and no more, and another one's frames still pass.
TEST(control, one_client_cannot_fill_the_ring)
{
	const struct flow_client_options second = {.number = 3};
	struct flow f;
	struct flow_client a, b;

	flow_open(&f, &(struct flow_options){.event_ring = 1024});
	flow_client_up(&f, &a, NULL);
	flow_client_up(&f, &b, &second);
	for (unsigned int i = 0; i < 900; i++)
		flow_send_control(&a, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_GT(flow_drops(&f, DROP_TRAFFIC_LIMIT), 400);
	flow_send_control(&b, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_EQ(flow_session(&b)->counters.up_control_frames, 1);
	flow_close(&f);
}

TEST(control, events_ring_full_and_recovery)
{
	struct flow f;
	struct flow_client c;
	struct flow_down down;

	flow_open(&f, &(struct flow_options){.event_ring = 16});
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 40; i++)
		flow_send_control(&c, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_GT(flow_drops(&f, DROP_CONTROL_FULL), 20);

	// Answers have room that frames do not get; when that is gone too, commands wait.
	struct lane_command table = {.kind = COMMAND_TABLE, .routes = f.routes};
	for (unsigned int i = 0; i < 5; i++)
		EXPECT_TRUE(flow_command(&f, 0, &table));
	flow_client_delete(&c);
	EXPECT_TRUE(flow_session(&c) != NULL);
	unsigned int n = count_events(&f, FLOW_ANY_KIND);
	EXPECT_EQ(n, 15);
	flow_poll(&f);
	struct lane_event e;
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.session_id, c.id);
	EXPECT_TRUE(flow_session(&c) == NULL);

	struct flow_client again;
	flow_client_up(&f, &again, NULL);
	flow_send_control(&again, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_EQ(count_events(&f, LANE_PPP), 1);
	flow_send_ppp(&again, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_TRUE(flow_take_down(&again, &down));
	flow_close(&f);
}

TEST(control, exceptions_do_not_starve_ppp_frames)
{
	const uint8_t arp[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 0x11, 8, 6};
	struct flow f;
	struct flow_client c;

	flow_open(&f, &(struct flow_options){.exception_ring = 64});
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 300; i++)
		EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, arp, sizeof(arp)));
	EXPECT_EQ(flow_drops(&f, DROP_CONTROL_FULL), 300 - 63);
	flow_send_control(&c, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_EQ(count_events(&f, LANE_PPP), 1);
	flow_close(&f);
}

TEST(control, exceptions_have_a_rate)
{
	const uint8_t arp[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1, 0x11, 8, 6};
	struct flow f;

	flow_open(&f, &(struct flow_options){.exception_rate_pps = 20});
	for (unsigned int i = 0; i < 100; i++)
		EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, arp, sizeof(arp)));
	EXPECT_GE(flow_drops(&f, DROP_EXCEPTION_RATE), 80);
	flow_pass_us(110000);
	uint64_t before = flow_count(&f, exceptions_in);
	EXPECT_TRUE(flow_put(&f, FLOW_OUTSIDE, 0, arp, sizeof(arp)));
	EXPECT_EQ(flow_count(&f, exceptions_in), before + 1);
	flow_close(&f);
}

// One frame after another of which the kernel makes nothing, as from a host that streams to a client that
// has left, or that pings us hard.
static void flood_exceptions(struct flow *f, unsigned int port, uint32_t to, uint8_t protocol)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, FLOW_CLIENT_OUTER + 77, to, protocol, 100);

	len = flow_frame(frame, port, ip, len);
	for (unsigned int i = 0; i < 300; i++)
		EXPECT_TRUE(flow_put(f, port, 0, frame, len));
}

static unsigned int count_exceptions(struct flow *f)
{
	struct lane_event e;
	unsigned int n = 0;

	while (flow_exception(f, 0, LANE_EXCEPTION, &e)) {
		rte_pktmbuf_free(e.packet);
		n++;
	}
	return n;
}

enum { TCP_SYN = 0x02, TCP_ACK = 0x10 };

// A segment to TCP/1723.
static bool put_segment(struct flow *f, uint32_t from, uint8_t flags)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_ip(ip, from, FLOW_LISTEN, INET_TCP, 60);

	bytes_put_u16(ip + 22, 1723);
	ip[33] = flags;
	return flow_put(f, FLOW_OUTSIDE, 0, frame, flow_frame(frame, FLOW_OUTSIDE, ip, len));
}

static void expect_arp_and_pptp_pass(struct flow *f)
{
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	for (unsigned int port = 0; port < FLOW_PORTS; port++) {
		size_t len = flow_frame(frame, port, ip, flow_ip(ip, 1, 2, 0, 40));
		bytes_put_u16(frame + 12, 0x0806);
		EXPECT_TRUE(flow_put(f, port, 0, frame, len));
	}
	EXPECT_TRUE(put_segment(f, FLOW_CLIENT_OUTER + 9, TCP_ACK));
	EXPECT_EQ(count_exceptions(f), 3);
}

TEST(control, a_flood_of_exceptions_starves_neither_arp_nor_pptp)
{
	struct flow f;

	flow_open(&f, &(struct flow_options){.exception_rate_pps = 20});
	flood_exceptions(&f, FLOW_INSIDE, FLOW_NOWHERE, INET_UDP);
	flood_exceptions(&f, FLOW_OUTSIDE, FLOW_LISTEN, INET_ICMP);
	EXPECT_LE(count_exceptions(&f), 10);
	expect_arp_and_pptp_pass(&f);
	flow_close(&f);

	// Nor by way of the ring, when control is slow to empty it.
	flow_open(&f, &(struct flow_options){.exception_ring = 64});
	flood_exceptions(&f, FLOW_INSIDE, FLOW_NOWHERE, INET_UDP);
	unsigned int n = rte_ring_count(f.links[0].exceptions);
	EXPECT_LT(n, 60);
	uint8_t ip[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];
	size_t len = flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, 1, 2, 0, 40));
	bytes_put_u16(frame + 12, 0x0806);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(count_exceptions(&f), n + 1);
	flow_close(&f);
}

// Beginnings of connections, of one source or of very many: those who are in are heard all the same, and ARP.
TEST(control, a_flood_of_syns_delays_no_connection_that_there_is)
{
	for (int is_many = 0; is_many < 2; is_many++) {
		struct flow f;

		SHIM_TRACE_CASE(is_many);
		flow_open(&f,
			&(struct flow_options){.exception_rate_pps = 400, .exception_ring = 1024});
		for (uint32_t i = 0; i < 2000; i++)
			EXPECT_TRUE(put_segment(
				&f, FLOW_CLIENT_OUTER + 100 + (is_many ? i : 0), TCP_SYN));
		unsigned int n = count_exceptions(&f);
		// Four tenths of a second of the rate, or one tenth of one source's quarter.
		EXPECT_GE(n, is_many ? 150 : 9);
		EXPECT_LE(n, is_many ? 200 : 15);
		EXPECT_EQ(flow_drops(&f, DROP_EXCEPTION_RATE), 2000 - n);
		expect_arp_and_pptp_pass(&f);
		// One source's flood leaves the beginnings of others alone.
		if (!is_many) {
			EXPECT_TRUE(put_segment(&f, FLOW_CLIENT_OUTER + 9, TCP_SYN));
			EXPECT_EQ(count_exceptions(&f), 1);
		}
		flow_close(&f);
	}

	// Nor by way of the ring, when control is slow to empty it.
	struct flow f;
	flow_open(&f, &(struct flow_options){.exception_ring = 64});
	for (uint32_t i = 0; i < 300; i++)
		EXPECT_TRUE(put_segment(&f, FLOW_CLIENT_OUTER + 100 + i, TCP_SYN));
	unsigned int n = rte_ring_count(f.links[0].exceptions);
	EXPECT_LT(n, 60);
	EXPECT_TRUE(put_segment(&f, FLOW_CLIENT_OUTER + 9, TCP_ACK));
	EXPECT_EQ(count_exceptions(&f), n + 1);
	flow_close(&f);
}

// What looks like segments of connections has a rate of its own, and one source no more than its share of it.
TEST(control, junk_of_one_source_leaves_the_segments_of_others_alone)
{
	struct flow f;

	flow_open(&f, &(struct flow_options){.exception_rate_pps = 40, .pptp_rate_pps = 4000});
	for (uint32_t i = 0; i < 2000; i++)
		EXPECT_TRUE(put_segment(&f, FLOW_CLIENT_OUTER + 100, TCP_ACK));
	unsigned int n = count_exceptions(&f);
	EXPECT_GE(n, 95);
	EXPECT_LE(n, 140);
	for (uint32_t i = 0; i < 100; i++)
		EXPECT_TRUE(put_segment(&f, FLOW_CLIENT_OUTER + 200 + i, TCP_ACK));
	EXPECT_GE(count_exceptions(&f), 99);
	expect_arp_and_pptp_pass(&f);
	flow_close(&f);
}

TEST(control, frames_of_the_kernel_are_sent_as_they_are)
{
	struct flow f;
	uint8_t given[100], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	for (unsigned int i = 0; i < sizeof(given); i++)
		given[i] = (uint8_t)i;
	for (uint8_t port = 0; port < 3; port++) {
		struct lane_command command = {
			.kind = COMMAND_SEND_FRAME,
			.packet = flow_mbuf(&f, given, sizeof(given)),
			.port = port,
		};
		ASSERT_TRUE(flow_command(&f, 0, &command));
		if (port == FLOW_PORTS)
			break;
		ASSERT_EQ(flow_take(&f, port, frame), sizeof(given));
		EXPECT_MEMEQ(frame, given, sizeof(given));
	}
	EXPECT_EQ(flow_drops(&f, DROP_STALE_COMMAND), 1); // no such port
	EXPECT_EQ(flow_count(&f, exceptions_out), 2);
	flow_close(&f);
}

TEST(control, deletion_answers_with_totals_and_late_packets_find_nothing)
{
	struct flow f;
	struct flow_client c;
	struct lane_event e;
	uint8_t ip[FLOW_FRAME_BYTES], ppp[FLOW_FRAME_BYTES], frame[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	for (unsigned int i = 0; i < 3; i++)
		flow_send_up(&c, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	size_t len =
		flow_frame(frame, FLOW_INSIDE, ip, flow_ip(ip, FLOW_HOST, c.inner, INET_UDP, 90));
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	flow_client_lose(&c);
	flow_send_up(&c, ip, flow_ip(ip, FLOW_HOST, FLOW_HOST, INET_UDP, 100)); // spoofed
	uint64_t slot = session_id_slot(c.id);
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.session_id, c.id);
	EXPECT_EQ(e.totals.up_pkts, 3);
	EXPECT_EQ(e.totals.up_bytes, 300);
	EXPECT_EQ(e.totals.down_pkts, 1);
	EXPECT_EQ(e.totals.down_bytes, 90);
	EXPECT_EQ(e.totals.drops, 1);
	EXPECT_EQ(e.totals.lost, 1);
	EXPECT_EQ(f.sessions[0].n_used, 0);

	// No key is left in the slot.
	static const struct session empty;
	EXPECT_MEMEQ(&f.sessions[0].slots[slot], &empty, sizeof(empty));

	// Late, with a map that has not been cleared yet, for each kind of packet and command.
	uint32_t owner = owner_make(0, (uint32_t)slot);
	owner_map_set_call(f.owners, 0, c.call_id, owner);
	owner_map_set_inner(f.owners, 0, flow_be(c.inner), owner);
	uint64_t before = flow_drops(&f, DROP_NO_SESSION);
	size_t ppp_len =
		flow_ppp_data(&c, ppp, PPP_IP, ip, flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 100));
	flow_send_gre(&c, c.seq++, ppp, ppp_len);
	EXPECT_TRUE(flow_put(&f, FLOW_INSIDE, 0, frame, len));
	EXPECT_EQ(flow_drops(&f, DROP_NO_SESSION), before + 2);
	flow_send_ppp(&c, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_EQ(flow_drops(&f, DROP_STALE_COMMAND), 1);
	flow_client_keys(&c);
	flow_client_encrypt(&c, true);
	EXPECT_EQ(flow_count(&f, stale_commands), 3);

	// A second deletion is answered too, so that control never waits in vain.
	flow_client_delete(&c);
	ASSERT_TRUE(flow_event(&f, 0, LANE_GONE, &e));
	EXPECT_EQ(e.totals.up_pkts, 0);
	flow_close(&f);
}

TEST(control, a_slot_is_used_again_under_a_new_generation)
{
	struct flow f;
	struct flow_client old, new;
	struct flow_down down;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &old, NULL);
	flow_send_up(&old, ip, flow_ip(ip, old.inner, FLOW_HOST, INET_UDP, 100));
	flow_client_delete(&old);
	flow_client_up(&f, &new, NULL);
	EXPECT_EQ(session_id_slot(old.id), session_id_slot(new.id));
	EXPECT_NE(old.id, new.id);
	EXPECT_TRUE(flow_session(&old) == NULL);

	// Commands for the old one do not touch the new one.
	struct lane_command command = {.kind = COMMAND_SESSION_ENCRYPT, .session_id = old.id};
	EXPECT_TRUE(flow_command(&f, 0, &command));
	EXPECT_EQ(flow_count(&f, stale_commands), 1);
	flow_send_ppp(&old, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_EQ(flow_discard(&f, FLOW_OUTSIDE), 0);
	flow_send_up(&new, ip, flow_ip(ip, new.inner, FLOW_HOST, INET_UDP, 100));
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 2);
	flow_send_ppp(&new, PPP_LCP, lcp_request, sizeof(lcp_request));
	EXPECT_TRUE(flow_take_down(&new, &down));

	// A slot in use is not overwritten, and one that does not exist is not written.
	struct lane_command add = {
		.kind = COMMAND_SESSION_ADD, .session_id = new.id + (1ULL << 32)};
	EXPECT_TRUE(flow_command(&f, 0, &add));
	EXPECT_TRUE(flow_session(&new) != NULL);
	add.session_id = session_id_make(9, 0, FLOW_SLOTS);
	EXPECT_TRUE(flow_command(&f, 0, &add));
	EXPECT_EQ(f.sessions[0].n_used, 1);
	flow_close(&f);
}

// The pool runs dry: everything that needs an mbuf is counted, and all goes on when there are some again.
TEST(control, pool_dry_and_recovery)
{
	enum { N = 63 };
	struct flow f;
	struct flow_client c;
	struct flow_down down;
	struct rte_mbuf *hoard[N];
	uint8_t ip[FLOW_FRAME_BYTES];
	unsigned int n = 0;

	flow_open(&f, &(struct flow_options){.n_mbufs = N});
	flow_client_up(&f, &c, &(struct flow_client_options){.ack_delay_us = 100000});
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 80);
	flow_ip_set(ip, 1, 0, true);
	flow_push_up(&c, ip, len); // asks for an ICMP error
	while ((hoard[n] = rte_pktmbuf_alloc(f.pool)) != NULL)
		n++;
	flow_poll(&f);
	EXPECT_EQ(flow_drops(&f, DROP_NO_MBUF), 1);
	hoard[n] = rte_pktmbuf_alloc(f.pool); // that of the packet that was dropped
	ASSERT_TRUE(hoard[n] != NULL);
	n++;
	flow_wait_us(&f, 110000); // a lone ack is due
	EXPECT_EQ(flow_drops(&f, DROP_NO_MBUF), 2);

	rte_pktmbuf_free_bulk(hoard, n);
	flow_send_up(&c, ip, len);
	EXPECT_TRUE(flow_take_down(&c, &down));
	flow_wait_us(&f, 110000);
	(void)flow_discard(&f, FLOW_OUTSIDE);
	EXPECT_EQ(flow_drops(&f, DROP_NO_MBUF), 2);
	flow_close(&f);
}

TEST(control, tx_queue_full_and_recovery)
{
	const struct flow_client_options options = {.clear = true};
	struct flow f;
	struct flow_client c;
	uint8_t ip[FLOW_FRAME_BYTES];

	flow_open(&f, NULL);
	flow_client_up(&f, &c, &options);
	size_t len = flow_ip(ip, c.inner, FLOW_HOST, INET_UDP, 80);
	for (unsigned int i = 0; i < 1100; i++)
		flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_drops(&f, DROP_TX_FULL), 1100 - 1023);
	EXPECT_EQ(f.counters[0]->ports[FLOW_INSIDE].tx_pkts, 1023);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1023);
	flow_send_up(&c, ip, len);
	EXPECT_EQ(flow_discard(&f, FLOW_INSIDE), 1);
	flow_close(&f);
}

TEST(control, stateful_keys_leave_a_session_without_any)
{
	struct flow f;
	struct flow_client c;
	struct lane_command keys = {
		.kind = COMMAND_SESSION_KEYS,
		.keys = {.receive = {MPPE_STRENGTH_128, false}, .send = {MPPE_STRENGTH_128, false}},
	};

	flow_open(&f, NULL);
	flow_client_up(&f, &c, NULL);
	keys.session_id = c.id;
	EXPECT_TRUE(flow_command(&f, 0, &keys));
	flow_client_encrypt(&c, true);
	EXPECT_EQ(flow_session(&c)->flags & (SESSION_HAS_KEYS | SESSION_ENCRYPT), 0);
	flow_close(&f);
}

static void *run(void *worker)
{
	return (void *)(intptr_t)worker_run(worker);
}

// The lane itself: it stops when told, asleep or not, and wakes control that announced its sleep.
TEST(control, lane_runs_wakes_control_and_stops)
{
	struct flow f;
	struct flow_client c;
	pthread_t thread;
	void *rc = NULL;
	const uint8_t lcp[] = {0xff, 3, 0xc0, 0x21, 1, 1, 0, 4};
	uint8_t frame[FLOW_FRAME_BYTES];
	uint64_t n = 0;

	flow_open(&f, &(struct flow_options){.idle_sleep_us = 50});
	flow_client_up(&f, &c, NULL);
	lane_wake_prepare(&f.wake);
	size_t len = flow_gre_frame(&c, frame, 1, lcp, sizeof(lcp));
	EXPECT_TRUE(flow_push(&f, FLOW_OUTSIDE, 0, frame, len));
	ASSERT_EQ(pthread_create(&thread, NULL, run, f.workers[0]), 0);
	for (unsigned int i = 0; i < 2000 && n == 0; i++) {
		rte_delay_us_sleep(1000);
		if (read(f.wake.event_fd, &n, sizeof(n)) < 0)
			n = 0;
	}
	EXPECT_EQ(n, 1);
	EXPECT_EQ(count_events(&f, LANE_PPP), 1);
	worker_stop(f.workers[0]);
	ASSERT_EQ(pthread_join(thread, &rc), 0);
	EXPECT_TRUE(rc == NULL);
	EXPECT_GT(flow_count(&f, loops_idle), 0);
	flow_close(&f);
}
