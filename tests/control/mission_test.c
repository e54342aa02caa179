// SPDX-License-Identifier: BSD-3-Clause
// Rows of the table in tests/README.md that the control lane shows as a whole: what the old servers did
// for their clients, from the TCP connection to the line in the log.
#include "control/lab.h"
#include "drivers/drivers.h"
#include "shim/shim.h"
#include "sim/sim_peer_options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client client, bad;

static bool a_call_ended(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > 0;
}

static void dial_up(struct lab_client *c, const struct sim_peer_profile *profile)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, profile, "alice", "secret", 3);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

static void say(struct lab_client *c, const struct pptp_message *m, const char *heard)
{
	c->heard[0] = '\0';
	lab_client_send(c, m);
	if (heard[0])
		EXPECT_TRUE(lab_until(&lab, lab_has_heard, c, 1000));
	lab_run(&lab, 20);
	EXPECT_STREQ(heard, c->heard);
}

// One connection that says all that a voluntary client may say, and once what it may not: each message has
// the answer that RFC 2637 names, or none, and a refusal ends nothing.
TEST(mission, s1_ios_tunnel_server_answers_every_message)
{
	struct pptp_message m = {
		.type = PPTP_SCCRQ, .start = {.version = PPTP_VERSION, .framing = 3, .bearer = 3}};

	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	say(&client, &m, "SCCRP ");
	EXPECT_EQ(PPTP_SCCRP_OK, client.last.start.result);
	EXPECT_EQ(PPTP_VERSION, client.last.start.version);

	m = (struct pptp_message){.type = PPTP_ECHO_REQUEST, .echo.identifier = 0x0badcafe};
	say(&client, &m, "EchoRP ");
	EXPECT_EQ(0x0badcafe, client.last.echo.identifier);
	EXPECT_EQ(1, client.last.echo.result);

	m = (struct pptp_message){
		.type = PPTP_OCRQ, .ocrq = {.call_id = 7, .bearer = 3, .framing = 3, .window = 64}};
	say(&client, &m, "OCRP ");
	EXPECT_EQ(PPTP_OCRP_CONNECTED, client.last.ocrp.result);
	EXPECT_EQ(7, client.last.ocrp.peer_call_id);
	EXPECT_EQ(lab.config->receive_window, client.last.ocrp.window);
	const uint16_t ours = client.last.ocrp.call_id;

	m = (struct pptp_message){.type = PPTP_SET_LINK_INFO,
		.set_link = {.peer_call_id = ours, .send_accm = 0, .receive_accm = UINT32_MAX}};
	say(&client, &m, "");

	// A NAS offers the call of somebody who dialled it: refused by the code for that, and only that.
	m = (struct pptp_message){.type = PPTP_ICRQ, .icrq.call_id = 99};
	say(&client, &m, "ICRP ");
	EXPECT_EQ(PPTP_ICRP_DO_NOT_ACCEPT, client.last.icrp.result);
	EXPECT_EQ(99, client.last.icrp.peer_call_id);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CALL_REFUSED, "reason=pptp-incoming"));
	EXPECT_EQ(1, lab_count_calls(&lab));

	m = (struct pptp_message){.type = PPTP_CALL_CLEAR_REQUEST, .call_clear.call_id = 7};
	say(&client, &m, "CDN ");
	EXPECT_EQ(ours, client.last.call_disconnect.call_id);
	EXPECT_EQ(PPTP_CDN_REQUEST, client.last.call_disconnect.result);
	EXPECT_EQ(0, lab_count_calls(&lab));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=client-call-clear by=client"));

	m = (struct pptp_message){.type = PPTP_STOP_CCRQ, .stop.code = PPTP_STOP_NONE};
	say(&client, &m, "StopCCRP ");
	EXPECT_EQ(1, client.last.stop.code);
	EXPECT_FALSE(client.is_closed_by_server); // TCP is the client's to close
	lab_close(&lab);
}

// NT 4 with SP5 and 128 bit has keys of its own. That a worker sees it, profile.s7_nt4_sp5_has_wrong_keys
// shows; here is what the operator reads, to the letter of the VPN 3000.
TEST(mission, s7_wrong_keys_end_with_the_event_of_the_vpn_3000)
{
	static char log[65536];

	lab_open(&lab, NULL);
	int old = lab.log.fd;
	int fd = memfd_create("log", MFD_CLOEXEC);
	lab.log.fd = fd;
	lab.log.format = LOG_FORMAT_VPN3000;
	dial_up(&client, &lab_pppd);
	const struct lane_event e = {.kind = LANE_DECRYPT_FAILURES,
		.worker = session_id_worker(client.session_id),
		.session_id = client.session_id};
	lab_put_event(&lab, &e);
	ASSERT_TRUE(lab_until(&lab, a_call_ended, NULL, 3000));
	ssize_t n = pread(fd, log, sizeof(log) - 1, 0);
	ASSERT_GT(n, 0);
	log[n] = '\0';
	EXPECT_STRCONTAINS(log, " SEV=6 PPP/4 RPT=1 127.0.0.1\n"
				"User [ alice ]\n"
				"disconnected. Experiencing excessive packet decrypt failure.");
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=decrypt-failures by=server windows-error=742"));
	EXPECT_TRUE(client.peer.has_ended); // told by LCP, so it does not go on for ever
	lab.log.fd = old;
	close(fd);
	lab_close(&lab);
}

// ---- S12 ----------------------------------------------------------------------------------------

static const struct aaa_driver *local;

// As a RADIUS server does that was not told to return the keys.
static unsigned int poll_without_keys(void *state, struct aaa_reply *replies, unsigned int n)
{
	n = local->poll(state, replies, n);
	for (unsigned int i = 0; i < n; i++) {
		memset(&replies[i].keys, 0, sizeof(replies[i].keys));
		replies[i].has_keys = false;
	}
	return n;
}

static void deny(struct config *c)
{
	c->encryption = CONFIG_ENCRYPTION_DENY;
}

static void only_128_stateless(struct config *c)
{
	c->mppe_bits = CONFIG_MPPE_128;
	c->mppe_stateless_required = true;
}

struct cause {
	void (*change)(struct config *c);
	enum auth_method method;
	enum sim_ccp_style ccp;
	uint32_t strengths;
	bool no_stateless;
	bool no_keys;
	const char *reason;
	int windows_error;
};

static void produce(const struct cause *cause)
{
	static char text[16384];
	char line[96], json[48];
	struct sim_peer_profile profile = lab_pppd;
	struct aaa_driver driver = *local;

	if (cause->no_keys)
		driver.poll = poll_without_keys;
	profile.methods[0] = cause->method;
	profile.methods[1] = AUTH_METHOD_NONE;
	profile.ccp = cause->ccp;
	profile.strengths = cause->strengths;
	profile.no_stateless = cause->no_stateless;
	profile.takes_stateful = cause->no_stateless;
	profile.mppe_bits =
		cause->strengths | (cause->no_stateless ? 0 : (uint32_t)MPPE_OPTION_STATELESS);
	lab_open_with(&lab, cause->change, &driver);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &profile, "alice", "secret", 1);
	EXPECT_TRUE(lab_until(&lab, a_call_ended, NULL, 10000));
	EXPECT_EQ(0, lab.control->counters.calls_up);
	snprintf(line, sizeof(line), "reason=%s ", cause->reason);
	EXPECT_EQ(1, lab_count_ends(&lab, line));
	snprintf(line, sizeof(line), "windows-error=%d", cause->windows_error);
	EXPECT_EQ(1, lab_count_ends(&lab, line));
	EXPECT_EQ(0, lab_ask(&lab, "1 json show history\n", text, sizeof(text)));
	snprintf(json, sizeof(json), "\"windows_error\":%d", cause->windows_error);
	EXPECT_STRCONTAINS(text, json);
	EXPECT_STRCONTAINS(text, cause->reason);
	lab_close(&lab);
}

// Each cause of the two errors, from the client's bytes to the number that its user saw, in the log and in
// the history. That RADIUS gives no keys is played by a back end that gives none.
TEST(mission, s12_each_cause_of_734_and_742_is_named)
{
	static const struct cause causes[] = {
		{NULL, AUTH_METHOD_PAP, SIM_CCP_MPPE, MPPE_OPTION_128, false, false,
			"auth-no-common", 734},
		{NULL, AUTH_METHOD_CHAP_MD5, SIM_CCP_MPPE, MPPE_OPTION_128, false, false,
			"auth-no-common", 734},
		{NULL, AUTH_METHOD_MSCHAPV2, SIM_CCP_REJECTS_PROTOCOL, MPPE_OPTION_128, false,
			false, "encryption-refused", 734},
		{NULL, AUTH_METHOD_MSCHAPV2, SIM_CCP_REJECTS_OPTION, MPPE_OPTION_128, false, false,
			"encryption-refused", 734},
		{NULL, AUTH_METHOD_MSCHAPV2, SIM_CCP_DEFLATE_ONLY, MPPE_OPTION_128, false, false,
			"encryption-refused", 734},
		{deny, AUTH_METHOD_MSCHAPV2, SIM_CCP_MPPE, MPPE_OPTION_128, false, false,
			"encryption-mismatch", 742},
		{only_128_stateless, AUTH_METHOD_MSCHAPV2, SIM_CCP_MPPE, MPPE_OPTION_40, false,
			false, "encryption-mismatch", 742},
		{only_128_stateless, AUTH_METHOD_MSCHAPV2, SIM_CCP_MPPE, MPPE_OPTION_128, true,
			false, "encryption-mismatch", 742},
		{NULL, AUTH_METHOD_MSCHAPV2, SIM_CCP_MPPE, MPPE_OPTION_128, false, true,
			"auth-no-keys", 742},
	};

	local = drivers_find_aaa("local");
	for (size_t i = 0; i < RTE_DIM(causes); i++) {
		SHIM_TRACE_CASE(i);
		produce(&causes[i]);
	}
}

// ---- S14 ----------------------------------------------------------------------------------------

static void name_servers(struct config *c)
{
	struct config_policy *g = &c->groups[c->base_group].policy;

	g->n_dns = 2;
	g->dns_be[0] = htonl(0x0a140002);
	g->dns_be[1] = htonl(0x0a140003);
	g->n_nbns = 2;
	g->nbns_be[0] = htonl(0x0a140004);
	g->nbns_be[1] = htonl(0x0a140005);
}

// IPCP options 129 to 132 as Windows asks for them: DNS, NBNS, DNS, NBNS. No LMHOSTS is needed.
TEST(mission, s14_dns_and_nbns_come_by_ipcp)
{
	static const struct {
		void (*change)(struct config *c);
		uint32_t servers[4]; // of 129 to 132; 0: rejected
	} cases[] = {
		{name_servers, {0x0a140002, 0x0a140004, 0x0a140003, 0x0a140005}},
		{NULL, {0x0a090035, 0, 0, 0}}, // those of the pool
	};
	struct sim_peer_profile windows = lab_pppd;

	windows.n_servers = 4;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		lab_open(&lab, cases[i].change);
		dial_up(&client, &windows);
		for (uint8_t k = 0; k < 4; k++) {
			uint32_t *got = sim_peer_options_find(
				&client.peer.cps[SIM_IPCP], (uint8_t)(129 + k));
			EXPECT_EQ(cases[i].servers[k], got ? *got : 0);
			EXPECT_EQ(cases[i].servers[k] != 0, got != NULL);
		}
		lab_close(&lab);
	}
}

// ---- S15 ----------------------------------------------------------------------------------------

static void no_limits(struct config *c)
{
	c->setups_per_second_per_source = 0;
	c->max_unauthenticated_per_source = c->max_connections_per_source = 100000;
}

static size_t example(uint8_t *bytes, enum pptp_type type)
{
	struct pptp_message m = {.type = type};
	struct writer w = writer_of(bytes, PPTP_MESSAGE_BYTES_MAX);

	if (type == PPTP_SCCRQ || type == PPTP_SCCRP)
		m.start = (struct pptp_start){
			.version = PPTP_VERSION, .result = 1, .framing = 3, .bearer = 3};
	if (type == PPTP_STOP_CCRQ || type == PPTP_STOP_CCRP)
		m.stop.code = 1;
	pptp_put(&w, &m);
	return w.len;
}

// A connection that got as far as it wanted, then says this and is gone.
static void attack(unsigned int state, const uint8_t *bytes, size_t n)
{
	lab_client_open(&lab, &bad);
	if (state > 0)
		lab_client_start(&bad);
	if (state > 1)
		lab_client_call(&bad, 1);
	lab_turn(&lab);
	(void)!send(bad.fd, bytes, n, MSG_NOSIGNAL);
	lab_turn(&lab);
	lab_turn(&lab);
	lab_client_close(&bad);
	lab_turn(&lab);
}

// Every message of the protocol with one byte of it wrong, each byte in turn, and cut off after each byte,
// before the start, after it and with a call: a good call lives through all of it, answers and ends as it
// should, and nothing is left behind.
TEST(mission, s15_malformed_pptp_does_not_crash_the_box)
{
	uint8_t bytes[PPTP_MESSAGE_BYTES_MAX];
	unsigned int n_attacks = 0;

	lab_open(&lab, no_limits);
	dial_up(&client, &lab_pppd);
	for (int type = PPTP_SCCRQ; type <= PPTP_SET_LINK_INFO; type++) {
		size_t len = example(bytes, (enum pptp_type)type);

		SHIM_TRACE_CASE(type);
		for (size_t i = 0; i < len; i++) {
			uint8_t was = bytes[i];

			bytes[i] = i % 2 ? 0xff : (uint8_t)~was;
			attack(n_attacks++ % 3, bytes, len);
			bytes[i] = was;
			attack(n_attacks++ % 3, bytes, i);
		}
	}
	EXPECT_GT(n_attacks, 2000);
	EXPECT_TRUE(lab_is_up(&lab, &client));
	const struct pptp_message echo = {.type = PPTP_ECHO_REQUEST, .echo.identifier = 5};
	say(&client, &echo, "EchoRP ");
	lab_client_clear(&client);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &client, 1000));
	lab_run(&lab, 20);
	EXPECT_EQ(PPTP_CALL_DISCONNECT_NOTIFY, client.last.type);
	EXPECT_EQ(1, lab_count_ends(&lab, "user=alice"));
	lab_close(&lab);
}
