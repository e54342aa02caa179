// SPDX-License-Identifier: BSD-3-Clause
// Every way in which a link ends by itself, by its client, or by its caller.
#include "link_script.h"

// The Terminate-Request with the text of a reason, then its Ack, then the end.
static void expect_farewell(const char *file, int line, struct script *s, enum end_reason reason)
{
	const char *text = end_reason_info(reason)->lcp_text;
	char hex[256] = "05 ?? 00";
	static const char digits[] = "0123456789abcdef";
	size_t at = strlen(hex), len = CP_HEADER_BYTES + strlen(text);

	hex[at++] = digits[len >> 4];
	hex[at++] = digits[len & 15];
	for (; *text; text++) {
		hex[at++] = digits[*text >> 4];
		hex[at++] = digits[*text & 15];
	}
	hex[at] = '\0';
	seen_frame(file, line, &s->seen, PPP_LCP, hex);
	seen_done(file, line, &s->seen);
	EXPECT_EQ(s->link.phase, LINK_TERMINATE);
	script_receive(s, PPP_LCP, "06 02 0004");
	seen_ended(file, line, &s->seen, reason);
	seen_done(file, line, &s->seen);
	EXPECT_EQ(link_deadline(&s->link), LINK_NEVER);
}
#define FAREWELL(s, reason) expect_farewell(__FILE__, __LINE__, s, reason)

TEST(link_end, no_gre)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_sleep(&s, S(30) - 1);
	EXPECT_FALSE(s.has_ended);
	script_wait(&s, 1);
	s.seen.next = s.seen.step.n_items - 1u;
	ENDED(&s.seen, END_NO_GRE);
	DONE(&s.seen);
}

TEST(link_end, no_lcp)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_receive(&s, PPP_IP, "45");
	EXPECT_EQ(script_run_out(&s), END_NO_LCP);
	EXPECT_EQ(s.now_ns, S(130));

	script_init(&s); // it does speak, but acknowledges nothing: it is told
	script_start(&s);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	EXPECT_EQ(script_run_out(&s), END_NO_LCP);
	EXPECT_EQ(s.now_ns, S(136));
}

TEST(link_end, no_lcp_by_the_restart_counter)
{
	struct script s;

	script_init(&s);
	s.config.restart_ns = MS(10);
	s.config.no_lcp_timeout_ns = S(1000);
	s.config.setup_timeout_ns = S(1000);
	script_start(&s);
	EXPECT_EQ(script_run_out(&s), END_NO_GRE);
	EXPECT_LT(s.now_ns, S(1000));
}

TEST(link_end, setup_timeout)
{
	struct script s;

	script_init(&s);
	s.config.setup_timeout_ns = S(20);
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "0e 00 0004");
	EXPECT_EQ(script_run_out(&s), END_LINK_SILENT); // after 5 requests, 15 s
	EXPECT_EQ(s.now_ns, S(121));
	script_init(&s);
	s.config.setup_timeout_ns = S(12);
	script_to_network(&s);
	script_sleep(&s, S(12) - 1);
	script_wait(&s, 1);
	s.seen.next = s.seen.step.n_items - 1u;
	FAREWELL(&s, END_SETUP_TIMEOUT);
}

TEST(link_end, setup_timeout_when_encryption_does_not_come_back)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	for (int i = 0; i < 61 && s.link.phase == LINK_OPEN; i++) {
		script_receive(&s, PPP_CCP, "03 02" MPPE_128); // keeps CCP busy without an end
		script_sleep(&s, S(1));
	}
	EXPECT_EQ(s.link.phase, LINK_TERMINATE);
	EXPECT_NE(s.link.end, END_NONE);

	script_init(&s); // Acks, but never a request again
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02 000a 1206 01000020");
	for (int i = 0; i < 100 && s.link.phase == LINK_OPEN; i++) {
		script_ack(&s, PPP_CCP);
		script_receive(&s, PPP_LCP, "0a 00 0008 0fc2e8bc");
		script_sleep(&s, S(1));
	}
	EXPECT_EQ(s.link.end, END_SETUP_TIMEOUT);

	script_init(&s); // once it is back the clock stops
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	EXPECT_NE(s.link.setup_due_ns, LINK_NEVER);
	script_ack(&s, PPP_CCP);
	EXPECT_EQ(s.link.setup_due_ns, LINK_NEVER);
}

TEST(link_end, client_terminates)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	EXPECT_STREQ(link_client_text(&s.link), "");
	script_receive(&s, PPP_LCP, "05 02 0010 5573657220726571756573 74");
	EXPECT_STREQ(link_client_text(&s.link), "User request");
	FRAME(&s.seen, PPP_LCP, "06 02 0004");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	NOTICE(&s.seen, STEP_DOWN);
	ENDED(&s.seen, END_CLIENT_LCP_TERMINATE);
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, "05 02 0004"); // pppd sends two
	script_close(&s, END_ADMIN_CLEAR);
	script_verdict(&s);
	script_wait(&s, S(1000));
	DONE(&s.seen);
	EXPECT_EQ(s.link.end, END_CLIENT_LCP_TERMINATE);

	script_init(&s); // before LCP is open too
	script_start(&s);
	script_forget(&s);
	script_receive(&s, PPP_LCP, "05 02 0004");
	FRAME(&s.seen, PPP_LCP, "06 02 0004");
	ENDED(&s.seen, END_CLIENT_LCP_TERMINATE);
}

TEST(link_end, client_closes_ipcp)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_IPCP, "05 02 0004");
	FRAME(&s.seen, PPP_IPCP, "06 02 0004");
	NOTICE(&s.seen, STEP_DOWN);
	DONE(&s.seen);
	script_wait(&s, S(3)); // LCP's Terminate-Request is expected meanwhile
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	ENDED(&s.seen, END_CLIENT_LCP_TERMINATE);
	DONE(&s.seen);
}

TEST(link_end, lcp_failed)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_LCP, "07 01 0008 01010004");
	FRAME(&s.seen, PPP_LCP, "05 ?? 001a 4c4350 20 6661696c6564 20 746f 20 636f6e7665726765");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	NOTICE(&s.seen, STEP_DOWN);
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, "06 01 0004");
	ENDED(&s.seen, END_LCP_FAILED);
	script_init(&s); // before it was open there is nothing to close
	script_start(&s);
	script_forget(&s);
	script_receive(&s, PPP_LCP, "07 01 0008 01010004");
	ENDED(&s.seen, END_LCP_FAILED);
	DONE(&s.seen);
}

TEST(link_end, lcp_loopback)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	for (int i = 0; i < 100 && s.link.phase == LINK_ESTABLISH; i++) {
		struct step said = s.seen.step;

		script_forget(&s); // what we say comes back
		for (unsigned int k = 0; k < said.n_items; k++)
			if (said.items[k].kind == STEP_FRAME && s.link.phase == LINK_ESTABLISH)
				script_receive_bytes(&s, said.items[k].protocol,
					step_frame_info(&said, &said.items[k]));
	}
	FAREWELL(&s, END_LCP_LOOPBACK);
}

TEST(link_end, negotiation_loop)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_forget(&s);
	for (int i = 0; i < FSM_ROUNDS_MAX; i++) {
		script_receive(&s, PPP_LCP, PPPD_LCP);
		script_forget(&s);
	}
	script_receive(&s, PPP_LCP, PPPD_LCP);
	FAREWELL(&s, END_NEGOTIATION_LOOP);
}

TEST(link_end, lcp_echo_timeout)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_sleep(&s, S(80) - 1);
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	script_wait(&s, 1);
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	NOTICE(&s.seen, STEP_DOWN);
	FRAME(&s.seen, PPP_LCP, "05 ?? 000d 4c696e6b206c6f7374");
	DONE(&s.seen);
	EXPECT_EQ(script_run_out(&s), END_LCP_ECHO_TIMEOUT);
}

TEST(link_end, auth_no_common)
{
	struct script s;

	script_init(&s); // the capture of pppd that has only PAP
	script_start(&s);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	script_receive(&s, PPP_LCP, "03 01 0008 0304 c023");
	script_receive(&s, PPP_LCP, "03 02 0008 0304 c023");
	script_forget(&s);
	script_receive(&s, PPP_LCP, "03 03 0008 0304 c023");
	FAREWELL(&s, END_AUTH_NO_COMMON);

	script_init(&s);
	script_start(&s);
	script_forget(&s);
	script_receive(&s, PPP_LCP, "04 01 0009 0305 c22381");
	FAREWELL(&s, END_AUTH_NO_COMMON);

	script_init(&s); // Protocol-Reject of CHAP
	script_to_authenticate(&s);
	script_receive(&s, PPP_LCP, "08 01 000a c223 01010004");
	FAREWELL(&s, END_AUTH_NO_COMMON);

	script_init(&s); // CHAP with MD5
	script_to_authenticate(&s);
	script_receive(&s, PPP_CHAP, "02 01 0019 10 a4dd47886ab63f757bec79feaab26db8 74657374");
	FAREWELL(&s, END_AUTH_NO_COMMON);

	script_init(&s); // later it means nothing
	script_to_open(&s);
	script_receive(&s, PPP_LCP, "08 01 000a c223 01010004");
	script_receive(&s, PPP_LCP, "08 01 000a 8057 01010004");
	DONE(&s.seen);
}

TEST(link_end, auth_rejected)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	s.verdict = (struct link_verdict){.reason = END_AUTH_REJECTED};
	script_verdict(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	FRAME(&s.seen, PPP_CHAP,
		"04 01 0044 453d363931 20 523d30 20 433d "
		"???????????????????????????????? ???????????????????????????????? 20 563d33 20 "
		"4d3d416363657373 2064656e696564");
	FRAME(&s.seen, PPP_LCP, "05 ?? 0019 41757468656e7469636174696f6e206661696c6564");
	DONE(&s.seen);
	script_receive(&s, PPP_CHAP, "02 01 003a" RESPONSE_BODY); // nothing more is answered
	DONE(&s.seen);
	// pppd's own Terminate-Request crosses ours
	script_receive(&s, PPP_LCP, "05 02 0004");
	FRAME(&s.seen, PPP_LCP, "06 02 0004");
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, "06 02 0004");
	ENDED(&s.seen, END_AUTH_REJECTED);
	DONE(&s.seen);
}

TEST(link_end, auth_timeout_and_auth_unavailable)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	EXPECT_EQ(script_run_out(&s), END_AUTH_TIMEOUT);
	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	EXPECT_EQ(script_run_out(&s), END_AUTH_UNAVAILABLE);
	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	script_forget(&s);
	s.verdict = (struct link_verdict){.reason = END_AUTH_UNAVAILABLE};
	script_verdict(&s);
	FAREWELL(&s, END_AUTH_UNAVAILABLE);
}

// AAA is slow, and meanwhile the client has answered again and the link has ended.
TEST(link_end, asks_nothing_more)
{
	struct script s;

	for (int is_ended = 0; is_ended < 2; is_ended++) {
		script_init(&s);
		script_to_authenticate(&s);
		script_respond(&s);
		script_receive(&s, PPP_LCP, PPPD_LCP);
		script_ack(&s, PPP_LCP);
		script_respond(&s);
		script_close(&s, END_ADMIN_CLEAR);
		if (is_ended)
			script_receive(&s, PPP_LCP, "06 02 0004");
		script_forget(&s);
		EXPECT_EQ(s.link.phase, is_ended ? LINK_ENDED : LINK_TERMINATE);
		script_verdict(&s);
		DONE(&s.seen);
	}
}

TEST(link_end, no_address_is_no_wrong_password)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	script_forget(&s);
	s.verdict = (struct link_verdict){.reason = END_NO_ADDRESS};
	script_verdict(&s);
	FAREWELL(&s, END_NO_ADDRESS);
}

TEST(link_end, auth_no_keys)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	script_forget(&s);
	s.verdict.has_keys = false;
	script_verdict(&s);
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	FAREWELL(&s, END_AUTH_NO_KEYS);
}

TEST(link_end, encryption_refused)
{
	struct script s;

	// pppd with nomppe, as in the capture: IPCP, an empty CCP request, our option rejected
	script_init(&s);
	script_to_network(&s);
	script_receive(&s, PPP_IPCP, "01 01 0010 0206 002d0f01 0306 00000000");
	DONE(&s.seen);
	script_receive(&s, PPP_CCP, "01 01 0004");
	FRAME(&s.seen, PPP_CCP, "03 01" MPPE_128);
	DONE(&s.seen);
	script_reject(&s, PPP_CCP);
	FAREWELL(&s, END_ENCRYPTION_REFUSED);

	script_init(&s); // pppd with noccp
	script_to_network(&s);
	script_receive(&s, PPP_LCP, "08 02 0010 80fd 01 01" MPPE_128);
	FAREWELL(&s, END_ENCRYPTION_REFUSED);

	script_init(&s); // it only ever speaks IPCP
	script_to_network(&s);
	for (int i = 0; i < 5; i++) {
		script_receive(&s, PPP_IPCP, "01 01 000a 0306 00000000");
		DONE(&s.seen);
		script_sleep(&s, S(3) - (i == 4));
	}
	script_wait(&s, 1);
	FAREWELL(&s, END_ENCRYPTION_REFUSED);

	script_init(&s); // Protocol-Reject in an open session
	script_to_open(&s);
	script_receive(&s, PPP_LCP, "08 02 0010 80fd 01 01" MPPE_128);
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	EXPECT_EQ(script_run_out(&s), END_ENCRYPTION_REFUSED);
}

TEST(link_end, encryption_mismatch)
{
	struct script s;

	// pppd with 40 bit only, as in the capture: it hangs up before it answers our request
	script_init(&s);
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01 000a 1206 01000020");
	FRAME(&s.seen, PPP_CCP, "03 01" MPPE_128);
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, "05 02 0004");
	FRAME(&s.seen, PPP_LCP, "06 02 0004");
	ENDED(&s.seen, END_ENCRYPTION_MISMATCH);
	DONE(&s.seen);

	script_init(&s); // or suggests it
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "03 01 000a 1206 01000020");
	FAREWELL(&s, END_ENCRYPTION_MISMATCH);
}

TEST(link_end, ccp_failed_and_ccp_closed)
{
	struct script s;

	script_init(&s);
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128); // and no Ack of ours
	for (int i = 0; i < 5; i++) {
		script_receive(&s, PPP_LCP, "09 01 0008 0fc2e8bc");
		script_sleep(&s, S(3));
	}
	EXPECT_EQ(s.link.end, END_CCP_FAILED);

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "05 02 0004");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FRAME(&s.seen, PPP_CCP, "06 02 0004");
	NOTICE(&s.seen, STEP_DOWN);
	FAREWELL(&s, END_CCP_CLOSED);
}

// Each of the packets that the client returns, and whether the link ends with the last one. The
// steps are in milliseconds; -1 is a packet of CCP.
static const struct {
	int steps[12];
	bool ends;
} returned[] = {
	{{1}, false},				 // one may be forged or late
	{{1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, false}, // a burst of them too
	{{1, 20000}, false},
	{{1, 20000, 20000, 20000}, false},	 // too few
	{{1, 20000, 20000, 20000, 20000}, true}, // an idle session: a packet now and then
	{{1, 1250, 1250, 1250, 1249}, false},
	{{1, 1250, 1250, 1250, 1250}, true},
	{{1, 1000, 1000, 1000, 1000, 1000}, true},
	{{1, 2000, 2000, -1, 1, 2000, 2000, 900}, false}, // it lives, and speaks CCP
	{{1, 1, 1, 1, 31000, 1, 1, 1}, false},		  // long ago
	{{1, 1, 1, 1, 31000, 1, 1, 1, 6000}, true},
};

TEST(link_end, client_lost_keys)
{
	for (size_t i = 0; i < sizeof(returned) / sizeof(returned[0]); i++) {
		struct script s;

		SHIM_TRACE_CASE((long long)i);
		script_init(&s);
		s.config.echo_interval_ns = 0;
		script_to_open(&s);
		for (int k = 0; k < 12 && returned[i].steps[k]; k++) {
			EXPECT_EQ(s.link.phase, LINK_OPEN);
			if (returned[i].steps[k] < 0) {
				script_receive(&s, PPP_CCP, "0e 01 0004");
				continue;
			}
			script_sleep(&s, MS(returned[i].steps[k]));
			script_receive(&s, PPP_LCP, "08 01 000c 00fd 90000102 0304");
		}
		EXPECT_EQ(s.link.phase, returned[i].ends ? LINK_TERMINATE : LINK_OPEN);
		EXPECT_EQ(s.link.end, returned[i].ends ? END_CLIENT_LOST_KEYS : END_NONE);
	}

	struct script s; // what comes back while CCP negotiates is late: it says nothing
	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	for (int i = 0; i < 10; i++) {
		script_sleep(&s, S(1));
		script_receive(&s, PPP_LCP, "08 01 000c 00fd 90000102 0304");
	}
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	EXPECT_EQ(s.link.n_data_rejects, 0);
}

// Policy and configuration contradict each other: no call is let in without authentication.
TEST(link_end, no_method_that_policy_allows)
{
	struct script s;

	script_init(&s);
	s.config.auth_methods[0] = AUTH_METHOD_PAP; // yields no keys
	script_start(&s);
	ENDED(&s.seen, END_AUTH_NO_COMMON);
	DONE(&s.seen);
}

TEST(link_end, ipcp_failed)
{
	struct script s;

	script_init(&s);
	script_to_encrypted(&s);
	for (int i = 0; i < 5; i++)
		script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105");
	script_forget(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FAREWELL(&s, END_IPCP_FAILED);

	script_init(&s); // it lives, but never answers
	script_to_encrypted(&s);
	for (int i = 0; i < 5; i++) {
		script_receive(&s, PPP_LCP, "09 01 0008 0fc2e8bc");
		script_sleep(&s, S(3));
	}
	EXPECT_EQ(s.link.end, END_IPCP_FAILED);

	script_init(&s); // Protocol-Reject
	script_to_encrypted(&s);
	script_receive(&s, PPP_LCP, "08 02 000a 8021 01010004");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FAREWELL(&s, END_IPCP_FAILED);
}

// A client that died says nothing about encryption or addresses.
TEST(link_end, link_silent)
{
	struct script s;

	script_init(&s);
	script_to_network(&s);
	EXPECT_EQ(script_run_out(&s), END_LINK_SILENT);
	script_init(&s);
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	EXPECT_EQ(script_run_out(&s), END_LINK_SILENT);
	script_init(&s);
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 00000000");
	EXPECT_EQ(script_run_out(&s), END_LINK_SILENT);
	script_init(&s); // in the midst of a new negotiation
	script_to_open(&s);
	script_receive(&s, PPP_IPCP, "01 05 000a 0306 00000000");
	EXPECT_EQ(script_run_out(&s), END_LINK_SILENT);
}

// The client hangs up over what it could not have: that is why, not that it hung up.
TEST(link_end, client_terminates_over_a_refusal)
{
	struct script s;

	// Windows with EAP alone may close LCP instead of a second Nak
	script_init(&s);
	script_start(&s);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	script_receive(&s, PPP_LCP, "03 01 0008 0304 c227");
	script_receive(&s, PPP_LCP, "05 02 0004");
	EXPECT_TRUE(s.has_ended);
	EXPECT_EQ(s.reason, END_AUTH_NO_COMMON);

	// one that requires encryption, where policy has none
	script_init(&s);
	s.config.require_encryption = false;
	s.config.mppe_bits = 0;
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01 000a 1206 010000f1");
	FRAME(&s.seen, PPP_LCP, "08 ?? 0010 80fd 01 01 000a 1206 010000f1");
	script_receive(&s, PPP_LCP, "05 02 0004");
	EXPECT_TRUE(s.has_ended);
	EXPECT_EQ(s.reason, END_ENCRYPTION_MISMATCH);

	script_init(&s); // one that took our suggestion, and whose user hangs up
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01 000a 1206 010000e1");
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	script_ack(&s, PPP_CCP);
	script_receive(&s, PPP_LCP, "05 02 0004");
	EXPECT_EQ(s.reason, END_CLIENT_LCP_TERMINATE);

	script_init(&s); // one that goes on without, and hangs up in the end
	s.config.require_encryption = false;
	s.config.mppe_bits = 0;
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01 000a 1206 010000f1");
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000a");
	script_ack(&s, PPP_IPCP);
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	script_sleep(&s, S(3));
	script_receive(&s, PPP_LCP, "05 02 0004");
	EXPECT_EQ(s.reason, END_CLIENT_LCP_TERMINATE);
}

TEST(link_end, ipcp_closed_before_it_was_open)
{
	struct script s;

	script_init(&s);
	script_to_encrypted(&s);
	script_ack(&s, PPP_IPCP);
	script_receive(&s, PPP_IPCP, "05 01 0004");
	EXPECT_EQ(script_run_out(&s), END_IPCP_FAILED);
}

TEST(link_end, closed_by_the_caller)
{
	static const enum end_reason reasons[] = {END_ADMIN_CLEAR, END_ADMIN_SHUTDOWN,
		END_DECRYPT_FAILURES, END_CLIENT_CLEAR_DATA, END_NO_RESOURCE, END_INTERNAL};
	struct script s;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		script_init(&s);
		script_to_open(&s);
		script_close(&s, reasons[i]);
		script_close(&s, END_INTERNAL); // changes nothing
		NOTICE(&s.seen, STEP_STOP_ENCRYPT);
		NOTICE(&s.seen, STEP_DOWN);
		FAREWELL(&s, reasons[i]);
	}
}

TEST(link_end, closed_by_the_caller_without_a_farewell)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_close(&s, END_CLIENT_CALL_CLEAR); // the client hung up
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	NOTICE(&s.seen, STEP_DOWN);
	ENDED(&s.seen, END_CLIENT_CALL_CLEAR);
	DONE(&s.seen);

	script_init(&s); // it has never spoken LCP
	script_start(&s);
	script_forget(&s);
	script_close(&s, END_ADMIN_SHUTDOWN);
	ENDED(&s.seen, END_ADMIN_SHUTDOWN);
	DONE(&s.seen);

	script_init(&s); // never started
	link_init(&s.link, &s.config, 1, (uint8_t[16]){0});
	script_close(&s, END_ADMIN_SHUTDOWN);
	ENDED(&s.seen, END_ADMIN_SHUTDOWN);
	DONE(&s.seen);
}

TEST(link_end, waits_for_the_terminate_ack_only_so_long)
{
	struct script s;
	uint64_t closed_ns;

	script_init(&s);
	script_to_open(&s);
	closed_ns = s.now_ns;
	script_close(&s, END_ADMIN_CLEAR);
	script_forget(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128); // all but LCP is over
	script_receive(&s, PPP_IPCP, "01 02 0004");
	script_receive(&s, PPP_CBCP, "01 02 0004");
	script_receive(&s, PPP_LCP, PPPD_LCP);
	DONE(&s.seen);
	script_wait(&s, S(3));
	FRAME(&s.seen, PPP_LCP, "05 ?? 001c 436c65617265642062792061646d696e6973747261746f72");
	DONE(&s.seen);
	EXPECT_EQ(script_run_out(&s), END_ADMIN_CLEAR);
	EXPECT_EQ(s.now_ns - closed_ns, S(6));
}

// A small generator, for bytes that mean little.
static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(*state >> 33);
}

// Half-way sensible nonsense: every link ends, none speaks after its end, no step overflows.
TEST(link_end, comes_to_every_link_whatever_it_is_told)
{
	static const uint16_t protocols[] = {
		PPP_LCP, PPP_LCP, PPP_CCP, PPP_IPCP, PPP_CHAP, PPP_PAP, PPP_CBCP};
	uint64_t random = 1;

	for (int n = 0; n < 2000; n++) {
		struct script s;

		script_init(&s);
		s.config.require_encryption = n & 1;
		if (n % 3 == 0)
			script_to_open(&s);
		else if (n % 3 == 1)
			script_to_network(&s);
		else
			script_start(&s);
		for (int i = 0; i < 60; i++) {
			uint16_t protocol = protocols[next_random(&random) % 7];
			uint8_t info[32];
			size_t len = 4 + next_random(&random) % 20;

			for (size_t k = 0; k < len; k++)
				info[k] = (uint8_t)(next_random(&random) % 20);
			info[0] = (uint8_t)(next_random(&random) % 16);
			info[1] = protocol == PPP_CHAP ? s.link.auth.id : s.link.lcp.fsm.request_id;
			info[2] = 0;
			info[3] = (uint8_t)len;
			if (len > 5)
				info[5] = (uint8_t)(len - 4);
			script_receive_bytes(&s, protocol, span_of(info, len));
			script_forget(&s);
			if (next_random(&random) % 8 == 0)
				script_verdict(&s);
			if (next_random(&random) % 4 == 0)
				script_ack(&s, protocol);
			script_sleep(&s, MS(next_random(&random) % 2000));
		}
		if (s.link.phase == LINK_OPEN)
			script_close(&s, END_ADMIN_CLEAR);
		(void)script_run_out(&s);
	}
}
