// SPDX-License-Identifier: BSD-3-Clause
// How a link comes up and what it does while it is up; how it ends is in link_end_test.c.
#include "link_script.h"

#include <arpa/inet.h>

// The client's frames of a capture of pppd 2.4.9 with pptp-linux, in their order; its answers to
// our requests and to our challenge follow ours.
TEST(link, comes_up_with_pppd)
{
	struct script s;
	struct link_agreed agreed;
	struct auth_credentials credentials;
	struct link_keys keys;

	script_init(&s);
	script_start(&s);
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	FRAME(&s.seen, PPP_LCP, OUR_LCP); // pptp-linux was not listening yet
	FRAME(&s.seen, PPP_LCP, PPPD_LCP_ACK);
	script_ack(&s, PPP_LCP);
	script_ack(&s, PPP_LCP); // it had the first one too: it says so twice
	NOTICE(&s.seen, STEP_LINK_AGREED);
	FRAME(&s.seen, PPP_CHAP, "01 01 001c 10 0102030405060708090a0b0c0d0e0f10 616469742d7372");
	DONE(&s.seen);
	link_get_agreed(&s.link, &agreed);
	EXPECT_EQ(agreed.peer_mru, 1400);
	EXPECT_TRUE(agreed.send_pfc);
	EXPECT_TRUE(agreed.send_acfc);

	script_receive(&s, PPP_LCP, "09 00 0008 0fc2e8bc");
	FRAME(&s.seen, PPP_LCP, "0a 00 0008 ????????");
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	link_get_credentials(&s.link, &credentials);
	EXPECT_STREQ(credentials.user, "test");
	EXPECT_EQ(credentials.chap_id, 1);
	EXPECT_EQ(credentials.challenge[15], 16);
	EXPECT_EQ(credentials.peer_challenge[15], 0x3a);
	EXPECT_EQ(credentials.nt_response[0], 0xf9);

	script_verdict(&s);
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	FRAME(&s.seen, PPP_CCP, "01 01" MPPE_128);
	DONE(&s.seen);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01" MPPE_128);
	DONE(&s.seen);
	link_get_keys(&s.link, &keys);
	EXPECT_EQ(keys.send.strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(keys.send.is_stateless);
	EXPECT_EQ(keys.start.send[0], 1);
	EXPECT_EQ(keys.start.receive[0], 4);
	script_receive(&s, PPP_CCP, "02 01" MPPE_128);
	NOTICE(&s.seen, STEP_ENCRYPT);
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	DONE(&s.seen);

	script_receive(&s, PPP_IPCP, "01 01 0010 0206 002d0f01 0306 00000000");
	FRAME(&s.seen, PPP_IPCP, "04 01 000a 0206 002d0f01");
	script_receive(&s, PPP_IPCP, "02 01 000a 0306 0a4d0001");
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 00000000");
	FRAME(&s.seen, PPP_IPCP, "03 02 000a 0306 0a4d000a");
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_NETWORK);
	script_receive(&s, PPP_IPCP, "01 03 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "02 03 000a 0306 0a4d000a");
	NOTICE(&s.seen, STEP_UP);
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	EXPECT_EQ(link_deadline(&s.link), s.now_ns + S(20)); // nothing but the next echo
}

// Windows 10: callback, two Identifications, CBCP, IPv6CP, IPCP at once with all name servers,
// all MPPE bits.
TEST(link, comes_up_with_windows)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_forget(&s);
	script_receive(&s, PPP_LCP, "01 00 0015 0104 0578 0506 5d6b4f21 0702 0802 0d03 06");
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	FRAME(&s.seen, PPP_LCP, "04 00 0007 0d03 06");
	script_ack(&s, PPP_LCP);
	script_receive(&s, PPP_LCP, "01 01 0012 0104 0578 0506 5d6b4f21 0702 0802");
	FRAME(&s.seen, PPP_LCP, "02 01 0012 0104 0578 0506 5d6b4f21 0702 0802");
	NOTICE(&s.seen, STEP_LINK_AGREED);
	FRAME(&s.seen, PPP_CHAP, "01 01 001c 10 0102030405060708090a0b0c0d0e0f10 616469742d7372");
	script_receive(&s, PPP_LCP, "0c 02 0012 5d6b4f21 4d535241535635 2e 3230");
	script_receive(&s, PPP_LCP, "0c 03 0015 5d6b4f21 4d535241532d302d4445534b32");
	DONE(&s.seen);
	EXPECT_STREQ(s.link.lcp.identification, "MSRAS-0-DESK2");
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	script_verdict(&s);
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	FRAME(&s.seen, PPP_CCP, "01 01" MPPE_128);
	script_receive(&s, PPP_CBCP, "01 01 0006 0102");
	FRAME(&s.seen, PPP_LCP, "08 ?? 000c c029 01 01 0006 0102");
	script_receive(&s, PPP_IPV6CP, "01 04 000e 010a 1c2d3e4f5a6b7c8d");
	FRAME(&s.seen, PPP_LCP, "08 ?? 0014 8057 01 04 000e 010a 1c2d3e4f5a6b7c8d");
	script_receive(&s, PPP_CCP, "01 05 000a 1206 010000e1");
	FRAME(&s.seen, PPP_CCP, "03 05 000a 1206 01000040");
	// its IPCP is early: kept, and not answered
	script_receive(&s, PPP_IPCP,
		"01 06 0022 0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000");
	DONE(&s.seen);
	script_ack(&s, PPP_CCP);
	script_receive(&s, PPP_CCP, "01 07" MPPE_128);
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 07" MPPE_128);
	NOTICE(&s.seen, STEP_ENCRYPT);
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	FRAME(&s.seen, PPP_IPCP, "04 06 0010 8306 00000000 8406 00000000");
	DONE(&s.seen);
	script_receive(&s, PPP_IPCP, "01 08 0016 0306 00000000 8106 00000000 8206 00000000");
	FRAME(&s.seen, PPP_IPCP, "03 08 0016 0306 0a4d000a 8106 08080808 8206 0a000005");
	script_ack(&s, PPP_IPCP);
	script_receive(&s, PPP_IPCP, "01 09 0016 0306 0a4d000a 8106 08080808 8206 0a000005");
	FRAME(&s.seen, PPP_IPCP, "02 09 0016 0306 0a4d000a 8106 08080808 8206 0a000005");
	NOTICE(&s.seen, STEP_UP);
	DONE(&s.seen);
}

TEST(link, repeats_its_first_request_early)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	EXPECT_EQ(link_deadline(&s.link), s.now_ns + MS(500));
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	script_wait(&s, MS(500));
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	DONE(&s.seen);
	script_wait(&s, S(3));
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	DONE(&s.seen);
}

TEST(link, recovers_from_a_lost_ack_of_lcp)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	// The client never saw our Ack and asks again, although we think that LCP is open.
	script_receive(&s, PPP_LCP, PPPD_LCP);
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	FRAME(&s.seen, PPP_LCP, PPPD_LCP_ACK);
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_ESTABLISH);
	script_receive(
		&s, PPP_CHAP, "02 01 003a" RESPONSE_BODY); // to the first challenge: too late
	DONE(&s.seen);
	script_ack(&s, PPP_LCP);
	NOTICE(&s.seen, STEP_LINK_AGREED);
	FRAME(&s.seen, PPP_CHAP, "01 02 001c 10 ???????????????????????????????? 616469742d7372");
	EXPECT_NE(s.link.auth.credentials.challenge[0], 1); // a fresh one
	DONE(&s.seen);
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
}

TEST(link, repeats_success_when_the_client_has_not_seen_it)
{
	struct script s;

	script_init(&s);
	script_to_network(&s);
	script_wait(&s, S(3));
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	FRAME(&s.seen, PPP_CCP, "01 01" MPPE_128);
	DONE(&s.seen);
	script_receive(&s, PPP_CHAP, "02 01 003a" RESPONSE_BODY);
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	DONE(&s.seen);
	script_receive(&s, PPP_IPCP, "01 01 0004"); // it goes on: it has seen it
	script_wait(&s, S(3));
	FRAME(&s.seen, PPP_CCP, "01 01" MPPE_128);
	DONE(&s.seen);
}

TEST(link, says_nothing_of_ip_before_encryption)
{
	struct script s;

	script_init(&s);
	script_to_network(&s);
	script_receive(&s, PPP_IPCP, "05 01 0004");
	script_receive(&s, PPP_IPCP, "");
	script_receive_bytes(&s, PPP_IPCP,
		span_of((uint8_t[LINK_HELD_BYTES_MAX + 1]){1}, LINK_HELD_BYTES_MAX + 1));
	EXPECT_EQ(s.link.held_len, 0);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 00000000");
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000a"); // the last one counts
	script_ack(&s, PPP_CCP);
	DONE(&s.seen);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01" MPPE_128);
	NOTICE(&s.seen, STEP_ENCRYPT);
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	FRAME(&s.seen, PPP_IPCP, "02 02 000a 0306 0a4d000a");
	DONE(&s.seen);
}

TEST(link, ignores_network_protocols_before_authentication)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 00000000");
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	script_receive(&s, PPP_IPV6CP, "01 01 0004");
	DONE(&s.seen);
	EXPECT_EQ(s.link.held_len, 0);
	script_receive(&s, PPP_PAP, "01 09 000e 04 74657374 04 74657374");
	FRAME(&s.seen, PPP_PAP, "03 09 001c 17 504150206973206e6f7420616c6c6f7765642068657265");
	script_receive(&s, PPP_EAP, "02 01 0005 01");
	FRAME(&s.seen, PPP_LCP, "08 ?? 000b c227 02 01 0005 01");
	DONE(&s.seen);
}

TEST(link, ignores_data_and_invalid_protocols)
{
	static const uint16_t protocols[] = {
		PPP_IP, PPP_COMP, PPP_IPV6, 0x0000, 0x8020, 0xffff, 0x2021};
	struct script s;

	script_init(&s);
	script_to_open(&s);
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		script_receive(&s, protocols[i], "4500 0014 0000 0000 4001 0000 0a4d000a 0a4d0001");
	DONE(&s.seen);
	script_receive(&s, 0x4001, "00"); // low-volume protocols are protocols
	FRAME(&s.seen, PPP_LCP, "08 ?? 0007 4001 00");
	DONE(&s.seen);
}

TEST(link, renegotiates_ccp_while_it_is_open)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FRAME(&s.seen, PPP_CCP, "01 02" MPPE_128);
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 02" MPPE_128);
	DONE(&s.seen);
	EXPECT_FALSE(s.link.encrypting);
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	script_ack(&s, PPP_CCP);
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
	EXPECT_TRUE(s.link.encrypting);
	script_receive(&s, PPP_CCP, "0e 07 0004");
	NOTICE(&s.seen, STEP_FLUSH);
	FRAME(&s.seen, PPP_CCP, "0f 07 0004");
	DONE(&s.seen);
	link_desync(&s.link, s.now_ns, &s.seen.step);
	FRAME(&s.seen, PPP_CCP, "0e ?? 0004");
	script_receive(&s, PPP_CCP, "0f 03 0004");
	DONE(&s.seen);
	EXPECT_TRUE(s.link.encrypting);
}

// Of a link that is not there, or whose CCP is not.
TEST(link, asks_for_no_reset_of_what_is_not_encrypted)
{
	struct script s;

	script_init(&s);
	script_to_network(&s);
	link_desync(&s.link, s.now_ns, &s.seen.step);
	DONE(&s.seen);
	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	script_forget(&s);
	link_desync(&s.link, s.now_ns, &s.seen.step);
	DONE(&s.seen);
	script_close(&s, END_ADMIN_CLEAR);
	script_forget(&s);
	link_desync(&s.link, s.now_ns, &s.seen.step);
	DONE(&s.seen);
}

// New keys for both directions each time, and a client that changes its mind about the mode.
TEST(link, gives_new_keys_with_each_negotiation_of_ccp)
{
	struct link_keys keys;
	struct script s;

	script_init(&s);
	s.config.require_stateless = false;
	script_to_open(&s);
	for (int i = 0; i < 3; i++) {
		bool is_stateless = i % 2;

		script_receive(
			&s, PPP_CCP, is_stateless ? "01 02" MPPE_128 : "01 02 000a 1206 00000040");
		NOTICE(&s.seen, STEP_STOP_ENCRYPT);
		FRAME(&s.seen, PPP_CCP, "01 ??" MPPE_128);
		NOTICE(&s.seen, STEP_KEYS);
		link_get_keys(&s.link, &keys);
		EXPECT_EQ(keys.send.is_stateless, is_stateless);
		EXPECT_TRUE(keys.receive.is_stateless);
		FRAME(&s.seen, PPP_CCP,
			is_stateless ? "02 02" MPPE_128 : "02 02 000a 1206 00000040");
		script_ack(&s, PPP_CCP);
		NOTICE(&s.seen, STEP_ENCRYPT);
		DONE(&s.seen);
		EXPECT_EQ(s.link.phase, LINK_OPEN);
	}
}

TEST(link, renegotiates_ipcp_while_it_is_open)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_IPCP, "01 05 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "01 02 000a 0306 0a4d0001");
	FRAME(&s.seen, PPP_IPCP, "02 05 000a 0306 0a4d000a");
	NOTICE(&s.seen, STEP_DOWN);
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_NETWORK);
	script_ack(&s, PPP_IPCP);
	NOTICE(&s.seen, STEP_UP);
	DONE(&s.seen);
}

TEST(link, comes_up_when_ipcp_and_ccp_both_renegotiate)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_CCP, "01 02" MPPE_128);
	script_receive(&s, PPP_IPCP, "01 05 000a 0306 0a4d000a");
	script_forget(&s);
	script_ack(&s, PPP_IPCP);
	DONE(&s.seen); // IPCP is open, but nothing is encrypted
	script_ack(&s, PPP_CCP);
	NOTICE(&s.seen, STEP_ENCRYPT);
	NOTICE(&s.seen, STEP_UP);
	DONE(&s.seen);
}

TEST(link, authenticates_again_when_lcp_renegotiates)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	script_receive(&s, PPP_LCP, "01 09 000a 0506 0fc2e8bc");
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	FRAME(&s.seen, PPP_LCP, "02 09 000a 0506 0fc2e8bc");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	NOTICE(&s.seen, STEP_DOWN);
	DONE(&s.seen);
	EXPECT_FALSE(s.link.verdict.has_keys);
	script_ack(&s, PPP_LCP);
	NOTICE(&s.seen, STEP_LINK_AGREED);
	FRAME(&s.seen, PPP_CHAP, "01 02 001c 10 ???????????????????????????????? 616469742d7372");
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	s.verdict.client_be = htonl(0x0a4d000b);
	script_verdict(&s);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	script_ack(&s, PPP_CCP);
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000b");
	script_ack(&s, PPP_IPCP);
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	script_forget(&s);
	script_sleep(&s, S(30));
	EXPECT_EQ(s.link.phase, LINK_OPEN);
}

TEST(link, comes_up_without_encryption_where_policy_has_none)
{
	struct script s;

	script_init(&s);
	s.config.require_encryption = false;
	s.config.mppe_bits = 0;
	script_to_authenticate(&s);
	script_respond(&s);
	script_verdict(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	FRAME(&s.seen, PPP_CHAP, SUCCESS);
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	FRAME(&s.seen, PPP_LCP, "08 ?? 0010 80fd 01 01" MPPE_128);
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "02 02 000a 0306 0a4d000a");
	script_ack(&s, PPP_IPCP);
	NOTICE(&s.seen, STEP_UP);
	DONE(&s.seen);
}

TEST(link, offers_encryption_where_it_is_optional)
{
	struct script s;

	script_init(&s);
	s.config.require_encryption = false;
	script_to_network(&s);
	script_ack(&s, PPP_IPCP);
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000a");
	EXPECT_EQ(s.link.phase, LINK_OPEN);
	script_forget(&s);
	script_receive(&s, PPP_LCP, "08 01 000a 80fd 01010004"); // it has no CCP
	DONE(&s.seen);
	EXPECT_EQ(s.link.ccp.fsm.state, FSM_STOPPED);
	script_sleep(&s, S(10));
	EXPECT_EQ(s.link.phase, LINK_OPEN);

	script_init(&s); // no keys, no CCP
	s.config.require_encryption = false;
	s.verdict.has_keys = false;
	script_to_network(&s);
	EXPECT_EQ(s.link.ccp.fsm.state, FSM_INITIAL);
}

TEST(link, keeps_alive_with_echoes)
{
	struct script s;

	script_init(&s);
	script_to_open(&s);
	for (int i = 0; i < 10; i++) {
		script_wait(&s, S(20));
		FRAME(&s.seen, PPP_LCP, "09 ?? 0008 ????????");
		DONE(&s.seen);
		script_receive(&s, PPP_LCP, "0a 00 0008 0fc2e8bc");
	}
	EXPECT_EQ(s.link.phase, LINK_OPEN);
}

TEST(link, is_asked_for_a_sign_of_life_at_once)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_forget(&s);
	link_probe(&s.link, &s.seen.step);
	DONE(&s.seen); // LCP is not open
	script_init(&s);
	script_to_open(&s);
	link_probe(&s.link, &s.seen.step);
	FRAME(&s.seen, PPP_LCP, "09 ?? 0008 ????????");
	DONE(&s.seen);
	script_close(&s, END_ADMIN_CLEAR);
	script_forget(&s);
	link_probe(&s.link, &s.seen.step);
	DONE(&s.seen);
}

TEST(link, ignores_a_verdict_that_nobody_waits_for)
{
	struct script s;

	script_init(&s);
	script_start(&s);
	script_forget(&s);
	script_verdict(&s);
	DONE(&s.seen);
	script_init(&s);
	script_to_authenticate(&s);
	EXPECT_FALSE(link_awaits_verdict(&s.link));
	script_verdict(&s);
	DONE(&s.seen);
	script_init(&s);
	script_to_open(&s);
	EXPECT_FALSE(link_awaits_verdict(&s.link));
	script_verdict(&s);
	DONE(&s.seen);
}

// A slow yes to one user must not let in another who answered meanwhile.
TEST(link, ignores_a_verdict_on_an_earlier_response)
{
	struct script s;

	script_init(&s);
	script_to_authenticate(&s);
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	script_ack(&s, PPP_LCP);
	script_forget(&s);
	script_respond(&s);
	DONE(&s.seen); // one question at a time
	EXPECT_FALSE(link_awaits_verdict(&s.link));
	script_verdict(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_AUTHENTICATE);
	EXPECT_TRUE(link_awaits_verdict(&s.link));
	script_verdict(&s);
	EXPECT_EQ(s.link.phase, LINK_NETWORK);

	script_init(&s); // the verdict comes before the second Response
	script_to_authenticate(&s);
	script_respond(&s);
	script_receive(&s, PPP_LCP, PPPD_LCP);
	script_verdict(&s);
	script_ack(&s, PPP_LCP);
	script_forget(&s);
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	EXPECT_EQ(s.link.phase, LINK_AUTHENTICATE);
}

TEST(link, lets_a_client_try_again)
{
	struct script s;

	script_init(&s);
	s.config.auth_retries = 1;
	script_to_authenticate(&s);
	script_respond(&s);
	s.verdict.accepted = false;
	s.verdict.reason = END_AUTH_REJECTED;
	script_verdict(&s);
	ASSERT_EQ(s.seen.step.n_items, 2); // STEP_AUTHENTICATE, the Failure, and no end
	EXPECT_EQ(s.link.phase, LINK_AUTHENTICATE);
	script_forget(&s);
	s.verdict.accepted = true;
	script_respond(&s);
	NOTICE(&s.seen, STEP_AUTHENTICATE);
	DONE(&s.seen);
	script_verdict(&s);
	EXPECT_EQ(s.link.phase, LINK_NETWORK);
}

// Who was refused and may try again, or is to change his password, has a dialog on his screen: short
// timeouts are off (RFC 2759 6), that of the set-up too, and there is time for the rest of it after.
TEST(link, waits_for_a_person_who_types)
{
	static const uint16_t errors[] = {691, 648};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct script s;

		SHIM_TRACE_CASE((long long)i);
		script_init(&s);
		s.config.auth_retries = 1;
		s.config.may_change_password = true;
		s.config.auth_timeout_ns = S(30);
		s.config.setup_timeout_ns = S(60);
		s.config.echo_interval_ns = 0;
		script_to_authenticate(&s);
		script_respond(&s);
		s.verdict.accepted = false;
		s.verdict.reason = errors[i] == 691 ? END_AUTH_REJECTED : END_AUTH_EXPIRED;
		s.verdict.ms_error = errors[i];
		script_verdict(&s);
		EXPECT_TRUE(link_is_tried_again(&s.link));
		script_sleep(&s, S(119));
		ASSERT_FALSE(s.has_ended);
		ASSERT_EQ(s.link.phase, LINK_AUTHENTICATE);
		if (errors[i] == 648) {
			EXPECT_EQ(script_run_out(&s), END_AUTH_EXPIRED); // not for ever
			EXPECT_FALSE(link_is_tried_again(&s.link));
			continue;
		}
		script_respond(&s);
		s.verdict.accepted = true;
		script_verdict(&s);
		EXPECT_EQ(s.link.phase, LINK_NETWORK);
		EXPECT_FALSE(link_is_tried_again(&s.link));
		script_sleep(&s, S(3));
		EXPECT_EQ(s.link.phase, LINK_NETWORK);
	}
}

// RFC 1994 4.1: "The Challenge Value MUST be changed each time a Challenge is sent."
TEST(link, repeats_no_challenge_value)
{
	enum { N = 8 };
	uint8_t challenges[N][16];
	struct script s;

	script_init(&s);
	s.config.echo_interval_ns = 0;
	script_to_authenticate(&s);
	for (int i = 0; i < N; i++) {
		memcpy(challenges[i], s.link.auth.credentials.challenge, 16);
		for (int k = 0; k < i; k++)
			EXPECT_NE(memcmp(challenges[i], challenges[k], 16), 0);
		script_wait(&s, S(3));
		ASSERT_EQ(s.seen.step.n_items, 1);
		EXPECT_MEMEQ(s.seen.step.bytes + 5, s.link.auth.credentials.challenge, 16);
		script_forget(&s);
	}
}

TEST(link, draws_different_challenges_and_magic_numbers)
{
	static const uint8_t challenge[16] = {0};
	struct script s;
	struct link a, b;

	script_init(&s);
	link_init(&a, &s.config, 1, challenge);
	link_init(&b, &s.config, 2, challenge);
	EXPECT_NE(a.lcp.ours.magic, b.lcp.ours.magic);
	EXPECT_EQ(link_deadline(&a), LINK_NEVER);
	link_receive(&a, PPP_LCP, span_of("\x01\x01\x00\x04", 4), 0, &s.seen.step); // GRE is early
	link_expire(&a, 0, &s.seen.step);
	DONE(&s.seen);
	link_start(&a, 0, &s.seen.step);
	FRAME(&s.seen, PPP_LCP, OUR_LCP);
	link_start(&a, 0, &s.seen.step);
	DONE(&s.seen);
}

// A Response that somebody has seen must not be worth anything later.
TEST(link, never_draws_a_challenge_twice)
{
	enum { N = 600 };
	static uint8_t challenges[N][16];
	struct script s;

	script_init(&s);
	script_to_open(&s);
	for (int i = 0; i < N; i++) {
		script_receive(&s, PPP_LCP, PPPD_LCP);
		script_ack(&s, PPP_LCP);
		ASSERT_EQ(s.link.phase, LINK_AUTHENTICATE);
		memcpy(challenges[i], s.link.auth.credentials.challenge, 16);
		for (int k = 0; k < i; k++)
			ASSERT_NE(memcmp(challenges[i], challenges[k], 16), 0);
		s.link.lcp.fsm.n_rounds = 0; // as after ten quiet seconds
		script_forget(&s);
	}
}

TEST(link, wipes_its_secrets)
{
	static const uint8_t zeros[32];
	struct script s;

	script_init(&s);
	script_to_open(&s);
	link_wipe(&s.link);
	EXPECT_MEMEQ(s.link.verdict.keys.send, zeros, 16);
	EXPECT_MEMEQ(s.link.verdict.keys.receive, zeros, 16);
	EXPECT_MEMEQ(s.link.challenge, zeros, 16);
	EXPECT_EQ(s.link.random, 0);
}

TEST(link, names_its_phases)
{
	EXPECT_STREQ(link_phase_name(LINK_DEAD), "dead");
	EXPECT_STREQ(link_phase_name(LINK_ESTABLISH), "establish");
	EXPECT_STREQ(link_phase_name(LINK_AUTHENTICATE), "authenticate");
	EXPECT_STREQ(link_phase_name(LINK_NETWORK), "network");
	EXPECT_STREQ(link_phase_name(LINK_OPEN), "open");
	EXPECT_STREQ(link_phase_name(LINK_TERMINATE), "terminate");
	EXPECT_STREQ(link_phase_name(LINK_ENDED), "ended");
	EXPECT_STREQ(link_phase_name((enum link_phase)99), "?");
}
