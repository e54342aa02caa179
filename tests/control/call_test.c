// SPDX-License-Identifier: BSD-3-Clause
// Calls from Outgoing-Call-Request to the last line about them, with a PPP peer that is not ours.
#include "control/call.h"

#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>

static struct lab lab;
static struct lab_client client, other;

static void dial(struct lab_client *c, const char *password, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", password, call_id);
}

static void dial_up(struct lab_client *c, uint16_t call_id)
{
	dial(c, "secret", call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

static bool no_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

static bool some_went_down(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > 0;
}

static void expect_down(const char *text)
{
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 5000));
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 5000));
	lab_run(&lab, 5); // clients read what was said
	EXPECT_EQ(1, lab_count_ends(&lab, ""));
	EXPECT_EQ(1, lab_count_ends(&lab, text));
	EXPECT_EQ(0, lab_count_addresses(&lab));
}

TEST(call, comes_up_and_is_cleared)
{
	lab_open(&lab, NULL);
	dial_up(&client, 7);
	struct lab_session *s = lab_find_session(&lab, client.session_id);
	ASSERT_TRUE(s != NULL);
	EXPECT_EQ(client.server_call_id, s->add.call_id);
	EXPECT_EQ(7, s->add.peer_call_id);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), s->add.outer_local_be);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), s->add.outer_peer_be);
	EXPECT_TRUE(s->add.require_encryption);
	EXPECT_EQ(500000, s->add.ack_delay_us);
	EXPECT_TRUE(s->has_link);
	EXPECT_EQ(1400, s->link.mtu); // the client's MRU is 1500
	EXPECT_EQ(1360, s->link.mss_max);
	EXPECT_TRUE(s->link.send_pfc);
	EXPECT_TRUE(s->encrypts);
	EXPECT_MEMEQ(client.peer.start.receive, s->keys.send, 16);
	EXPECT_MEMEQ(client.peer.start.send, s->keys.receive, 16);
	EXPECT_EQ(htonl(0x0a090001), s->inner_be);
	EXPECT_EQ(ntohl(s->inner_be), client.peer.address);
	EXPECT_EQ(0x0a0900fe, client.peer.server_address);
	uint32_t owner = owner_make(session_id_worker(s->id), session_id_slot(s->id));
	EXPECT_EQ(owner, owner_map_inner(lab.owners, 0, s->inner_be));
	EXPECT_EQ(owner, owner_map_call(lab.owners, 0, s->add.call_id));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, "user=alice"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_UP, "mppe=\"128 stateless\" mtu=1400"));

	lab.tables[session_id_worker(s->id)].slots[session_id_slot(s->id)].counters.up_pkts = 5;
	lab_client_clear(&client);
	expect_down("user=alice");
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=client-call-clear by=client"));
	EXPECT_EQ(1, lab_count_ends(&lab, "phase=open"));
	EXPECT_EQ(1, lab_count_ends(&lab, "in-pkts=5"));
	EXPECT_STREQ("SCCRP OCRP CDN ", client.heard);
	EXPECT_EQ(PPTP_CDN_REQUEST, client.last.call_disconnect.result);
	EXPECT_EQ(client.server_call_id, client.last.call_disconnect.call_id);
	EXPECT_EQ(1, lab.control->counters.calls_up);
	EXPECT_EQ(1, lab.control->counters.calls_ended[END_CLIENT_CALL_CLEAR]);
	lab_close(&lab);
}

TEST(call, a_wrong_password_leaks_no_address)
{
	lab_open(&lab, NULL);
	dial(&client, "wrong", 1);
	// Who never authenticated has records of their own, and cannot push out those of users.
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 5000));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_DOWN, ""));
	expect_down("reason=auth-rejected by=server windows-error=691");
	EXPECT_TRUE(client.peer.was_refused);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "user=alice"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "windows-error=691"));
	EXPECT_EQ(1, lab_count_ends(&lab, "phase=authenticate"));
	EXPECT_STRCONTAINS(client.heard, "CDN");
	EXPECT_EQ(1, lab.control->counters.calls_failed[END_AUTH_REJECTED]);
	EXPECT_EQ(1, lab.control->counters.auth_failed);
	EXPECT_EQ(0, lab.control->counters.auth_ok);
	lab_close(&lab);
}

TEST(call, a_client_that_does_not_encrypt_is_ended_by_name)
{
	struct sim_peer_profile profile = lab_pppd;

	profile.ccp = SIM_CCP_REJECTS_PROTOCOL;
	profile.waits_for_ccp = false;
	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &profile, "alice", "secret", 1);
	expect_down("windows-error=734");
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=encryption-refused"));
	EXPECT_EQ(0, lab.control->counters.calls_up);
	lab_close(&lab);
}

TEST(call, the_client_hangs_up_by_lcp)
{
	lab_open(&lab, NULL);
	dial_up(&client, 1);
	sim_peer_terminate(&client.peer, loop_clock_ns());
	expect_down("reason=client-lcp-terminate by=client");
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &client, 1000));
	EXPECT_STRCONTAINS(client.heard, "CDN");
	lab_close(&lab);
}

TEST(call, tcp_closes_with_the_call_up)
{
	lab_open(&lab, NULL);
	dial_up(&client, 1);
	lab_client_close(&client);
	expect_down("reason=client-tcp-closed");
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CONNECTION_CLOSED, "reason=client-tcp-closed"));
	lab_close(&lab);
}

static void short_timeouts(struct config *c)
{
	c->no_lcp_timeout_s = 1;
	c->lcp_echo_interval_s = 1;
	c->lcp_echo_failures = 1;
}

TEST(call, no_gre_has_its_own_reason)
{
	lab_open(&lab, short_timeouts);
	lab.loses_frames = true;
	dial(&client, "secret", 1);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &client, 1000));
	expect_down("reason=no-gre by=network windows-error=806");
	lab_close(&lab);
}

static void early_notice(struct config *c)
{
	c->no_gre_notice_s = 3;
	c->no_lcp_timeout_s = 8;
}

// The help desk reads it while the user still waits; the call has its full time.
TEST(call, no_gre_is_said_before_the_call_is_given_up)
{
	lab_open(&lab, early_notice);
	lab.loses_frames = true;
	dial(&client, "secret", 1);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &client, 1000));
	lab_run(&lab, 20);
	lab_skip(&lab, 2500);
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_NO_GRE, ""));
	lab_skip(&lab, 1000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_NO_GRE, "firewall or NAT"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_NO_GRE, "windows-error=619,721,806"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_NO_GRE, "client=127.0.0.1"));
	EXPECT_EQ(1, lab_count_calls(&lab));
	lab_skip(&lab, 3000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_NO_GRE, "")); // once
	EXPECT_EQ(1, lab.control->counters.calls_without_gre);
	lab_skip(&lab, 2000);
	expect_down("reason=no-gre");
	lab_close(&lab);
}

TEST(call, who_is_heard_gets_no_notice_of_gre)
{
	lab_open(&lab, early_notice);
	dial_up(&client, 1);
	lab_skip(&lab, 5000);
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_NO_GRE, ""));
	lab_close(&lab);
}

TEST(call, lcp_echo_finds_a_dead_client)
{
	lab_open(&lab, short_timeouts);
	dial_up(&client, 1);
	lab.loses_frames = true;
	expect_down("reason=lcp-echo-timeout");
	lab.loses_frames = false;
	lab_client_close(&client);
	dial_up(&client, 2);
	lab_close(&lab);
}

TEST(call, too_many_decrypt_failures)
{
	lab_open(&lab, NULL);
	dial_up(&client, 1);
	const struct lane_event e = {.kind = LANE_DECRYPT_FAILURES,
		.worker = session_id_worker(client.session_id),
		.session_id = client.session_id};
	lab_put_event(&lab, &e);
	lab_put_event(&lab, &e); // the second finds it terminating
	expect_down("reason=decrypt-failures by=server windows-error=742");
	EXPECT_GE(lab_count_events(&lab, EVENT_DECRYPT_FAILURE,
			  "User [ alice ] disconnected. Experiencing excessive packet decrypt "
			  "failure."),
		1);
	EXPECT_TRUE(client.peer.has_ended); // it was told by LCP
	lab_close(&lab);
}

// As if the time of the watch had passed.
static void pass_watch(struct call *call)
{
	call->clear_due_ns = 1;
	timer_heap_arm(&lab.control->loop.timers, &call->timer, 1);
	lab_run(&lab, 20);
}

TEST(call, clear_data_ends_a_call_only_if_nothing_else_comes)
{
	lab_open(&lab, NULL);
	dial_up(&client, 1);
	const uint64_t id = client.session_id;
	const struct lane_event e = {
		.kind = LANE_CLEAR_DATA, .worker = session_id_worker(id), .session_id = id};
	struct session *slot = &lab.tables[session_id_worker(id)].slots[session_id_slot(id)];
	struct call *call = placement_find(&lab.control->placement, id);

	lab_put_event(&lab, &e);
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_PROTOCOL_ERROR, "clear data"));
	ASSERT_TRUE(call && call->end == END_NONE);
	slot->counters.clear_refused = 1000; // a forger's, while the client goes on
	slot->counters.up_pkts = 1;
	pass_watch(call);
	EXPECT_EQ(LINK_OPEN, call->link.phase);
	slot->counters.clear_refused += 7; // too few to mean it
	slot->counters.drops += 1000;	   // what is dropped for other reasons says nothing
	pass_watch(call);
	EXPECT_EQ(LINK_OPEN, call->link.phase);
	slot->counters.clear_refused += 8;
	pass_watch(call);
	expect_down("reason=client-clear-data by=client windows-error=742");
	EXPECT_EQ(1, lab_count_ends(&lab, "saw=clear-data"));
	lab_close(&lab);
}

TEST(call, late_events_are_recognised)
{
	static const enum lane_event_kind kinds[] = {
		LANE_PPP, LANE_CLEAR_DATA, LANE_DECRYPT_FAILURES, LANE_GONE};

	lab_open(&lab, NULL);
	dial_up(&client, 1);
	const uint64_t id = client.session_id;
	lab_client_clear(&client);
	expect_down("reason=client-call-clear");
	for (size_t i = 0; i < RTE_DIM(kinds); i++) {
		struct lane_event e = {
			.kind = kinds[i], .worker = session_id_worker(id), .session_id = id};
		if (e.kind == LANE_PPP)
			e.packet = rte_pktmbuf_alloc(lab.pool);
		lab_put_event(&lab, &e);
	}
	lab_run(&lab, 20);
	EXPECT_EQ(RTE_DIM(kinds), lab.control->counters.stale_events);
	// A worker that says "gone" of a session that lives is not believed.
	lab_client_close(&client);
	dial_up(&client, 1);
	const struct lane_event gone = {.kind = LANE_GONE,
		.worker = session_id_worker(client.session_id),
		.session_id = client.session_id};
	lab_put_event(&lab, &gone);
	lab_run(&lab, 20);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_close(&lab);
}

static void small_pool(struct config *c)
{
	c->pools[0].last = c->pools[0].first;
}

TEST(call, an_empty_pool_refuses_and_recovers)
{
	lab_open(&lab, small_pool);
	dial_up(&client, 1);
	dial(&other, "secret", 2);
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=no-address"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_POOL_EMPTY, "pool=p"));
	EXPECT_EQ(1, lab.control->counters.addresses_short);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_client_clear(&client);
	lab_client_close(&other);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	dial_up(&other, 3);
	lab_close(&lab);
}

// The answer of a worker that has not forgotten the session yet holds everything back.
TEST(call, nothing_is_free_before_the_worker_has_answered)
{
	lab_open(&lab, small_pool);
	dial_up(&client, 1);
	lab.workers_sleep = true;
	lab_client_clear(&client);
	lab_run(&lab, 50);
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_EQ(1, lab_count_addresses(&lab));
	EXPECT_EQ(1, lab.control->call_tables[0].n_used);
	EXPECT_EQ(0, lab_count_ends(&lab, ""));
	EXPECT_EQ(OWNER_NONE, owner_map_call(lab.owners, 0, client.server_call_id));
	lab.workers_sleep = false;
	expect_down("reason=client-call-clear");
	EXPECT_EQ(0, lab.control->call_tables[0].n_used);
	lab_close(&lab);
}

static void two_calls(struct config *c)
{
	c->max_calls_per_connection = 2;
}

TEST(call, several_on_one_connection)
{
	lab_open(&lab, two_calls);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	lab_client_call(&client, 10);
	lab_client_call(&client, 10); // twice the same Call ID
	lab_client_call(&client, 11);
	lab_client_call(&client, 12); // one too many
	lab_run(&lab, 50);
	EXPECT_STREQ("SCCRP OCRP OCRP OCRP OCRP ", client.heard);
	EXPECT_EQ(PPTP_OCRP_BUSY, client.last.ocrp.result);
	EXPECT_EQ(2, lab_count_calls(&lab));
	EXPECT_EQ(2, lab.control->counters.calls_refused);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "reason=pptp-bad-call-id"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "reason=limit-connection"));
	EXPECT_EQ(1, lab.control->counters.refused[END_PPTP_BAD_CALL_ID]);
	EXPECT_EQ(1, lab.control->counters.refused[END_LIMIT_CONNECTION]);
	client.call_id = 10;
	lab_client_clear(&client);
	client.call_id = 99; // no call of ours
	lab_client_clear(&client);
	lab_run(&lab, 50);
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_STREQ("SCCRP OCRP OCRP OCRP OCRP CDN ", client.heard);
	EXPECT_EQ(1, lab.control->counters.pptp_strays);
	lab_close(&lab);
}

// The refusal names what is wrong with it (RFC 2637 2.16), and the first call lives on.
TEST(call, a_call_id_twice_on_one_connection)
{
	lab_open(&lab, NULL);
	dial_up(&client, 10);
	lab_client_call(&client, 10);
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP, client.last.type);
	EXPECT_EQ(PPTP_OCRP_GENERAL_ERROR, client.last.ocrp.result);
	EXPECT_EQ(PPTP_ERROR_BAD_CALL_ID, client.last.ocrp.error);
	EXPECT_EQ(10, client.last.ocrp.peer_call_id);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_close(&lab);
}

// Behind one address two clients may have chosen the same number, 0 among them: ours tells them apart.
TEST(call, the_same_client_call_id_on_two_connections)
{
	lab_open(&lab, NULL);
	dial_up(&client, 0);
	lab_client_open(&lab, &other);
	lab_client_dial(&other, &lab_pppd, "bob", "other", 0);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &other, 3000));
	EXPECT_TRUE(lab_is_up(&lab, &client));
	EXPECT_NE(client.server_call_id, other.server_call_id);
	lab_client_clear(&other);
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 1000));
	EXPECT_EQ(1, lab_count_ends(&lab, "user=bob"));
	EXPECT_EQ(0, lab_count_ends(&lab, "user=alice"));
	EXPECT_TRUE(lab_is_up(&lab, &client));
	lab_close(&lab);
}

// A NAT that rewrites ids in requests and not here, or a client that takes ours for its own: the one
// call that there ever was is meant.
TEST(call, a_clear_with_a_wrong_id_means_the_only_call)
{
	lab_open(&lab, NULL);
	dial_up(&client, 10);
	client.call_id = 77;
	lab_client_clear(&client);
	expect_down("reason=client-call-clear");
	EXPECT_EQ(PPTP_CDN_REQUEST, client.last.call_disconnect.result);
	EXPECT_EQ(16, client.last.call_disconnect.cause);
	lab_client_clear(&client); // there is no call any more
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab.control->counters.pptp_strays);
	EXPECT_STREQ("SCCRP OCRP CDN ", client.heard);
	lab_close(&lab);
}

static bool has_wan_errors(struct lab *l, void *unused)
{
	return l->control->counters.pptp_in[PPTP_WAN_ERROR_NOTIFY] > 0;
}

TEST(call, link_info_and_wan_errors_are_shown)
{
	static char text[8192];
	struct pptp_message info = {.type = PPTP_SET_LINK_INFO,
		.set_link = {.send_accm = 0xa0000, .receive_accm = 0x12}};
	struct pptp_message errors = {
		.type = PPTP_WAN_ERROR_NOTIFY, .wan_error = {.crc = 31, .timeouts = 17}};
	char line[64];

	lab_open(&lab, NULL);
	dial_up(&client, 10);
	info.set_link.peer_call_id = errors.wan_error.peer_call_id = client.server_call_id;
	lab_client_send(&client, &info);
	lab_client_send(&client, &errors);
	EXPECT_TRUE(lab_until(&lab, has_wan_errors, NULL, 1000));
	snprintf(line, sizeof(line), "1 text show session 0x%llx\n",
		(unsigned long long)client.session_id);
	EXPECT_EQ(0, lab_ask(&lab, line, text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "0xa0000");
	EXPECT_STRCONTAINS(text, "0x12");
	EXPECT_STRCONTAINS(text, "wan_crc_errors");
	EXPECT_STRCONTAINS(text, "31");
	lab_close(&lab);
}

TEST(call, statistics_of_the_disconnect_say_why_first)
{
	lab_open(&lab, NULL);
	dial_up(&client, 1);
	lab.tables[session_id_worker(client.session_id)]
		.slots[session_id_slot(client.session_id)]
		.counters.up_pkts = 5;
	lab_client_clear(&client);
	expect_down("client-call-clear");
	EXPECT_STREQ("client-call-clear, 0 s, in 5/0, out 0/0",
		(char *)client.last.call_disconnect.statistics);
	lab_close(&lab);
}

static void few_calls(struct config *c)
{
	c->max_calls = 1;
}

TEST(call, the_limit_of_calls)
{
	lab_open(&lab, few_calls);
	dial_up(&client, 1);
	dial(&other, "secret", 2);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &other, 1000));
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_OCRP_BUSY, other.last.ocrp.result);
	lab_close(&lab);
}

TEST(call, a_hundred_times_and_nothing_is_left)
{
	lab_open(&lab, NULL);
	for (uint16_t i = 0; i < 100; i++) {
		SHIM_TRACE_CASE(i);
		dial_up(&client, i);
		if (i % 3 == 0)
			lab_client_clear(&client);
		if (i % 3 == 1)
			sim_peer_terminate(&client.peer, loop_clock_ns());
		lab_client_close(&client);
		ASSERT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
		ASSERT_EQ(0, lab_count_addresses(&lab));
	}
	EXPECT_EQ(100, lab.control->counters.calls_up);
	EXPECT_EQ(100, lab_count_ends(&lab, ""));
	EXPECT_EQ(0, lab.control->counters.stale_events);
	EXPECT_EQ(0, lab.control->call_tables[0].n_used);
	lab_close(&lab);
}
