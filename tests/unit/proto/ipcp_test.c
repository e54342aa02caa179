// SPDX-License-Identifier: BSD-3-Clause
#include "proto/ipcp.h"

#include "step_expect.h"

#include <arpa/inet.h>

#define S(n) ((uint64_t)(n)*1000000000)

struct side {
	struct ipcp ipcp;
	struct seen seen;
};

static const struct fsm_limits limits = {
	.restart_ns = S(1),
	.first_restart_ns = S(1),
	.max_configure = 3,
	.max_terminate = 2,
	.max_failure = 3,
};

static void receive(struct side *s, const char *hex)
{
	uint8_t bytes[64];

	fsm_receive(&s->ipcp.fsm, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))), 0,
		&s->seen.step);
}

// Server 10.77.0.1, client 10.77.0.10, DNS 8.8.8.8 and 9.9.9.9, NBNS 10.0.0.5.
static void start(struct side *s)
{
	struct ipcp_addresses addresses = {
		.server_be = htonl(0x0a4d0001),
		.client_be = htonl(0x0a4d000a),
		.dns_be = {htonl(0x08080808), htonl(0x09090909)},
		.nbns_be = {htonl(0x0a000005), 0},
	};

	memset(s, 0, sizeof(*s));
	ipcp_init(&s->ipcp, &limits, &addresses);
	ipcp_start(&s->ipcp, 0, &s->seen.step);
	FRAME(&s->seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	DONE(&s->seen);
}

TEST(ipcp, opens_with_pppd)
{
	struct side s;

	start(&s);
	receive(&s, "01 01 0010 0206 002d0f01 0306 00000000");
	FRAME(&s.seen, PPP_IPCP, "04 01 000a 0206 002d0f01");
	receive(&s, "01 02 000a 0306 00000000");
	FRAME(&s.seen, PPP_IPCP, "03 02 000a 0306 0a4d000a");
	receive(&s, "02 01 000a 0306 0a4d0001");
	receive(&s, "01 03 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "02 03 000a 0306 0a4d000a");
	DONE(&s.seen);
	EXPECT_TRUE(fsm_is_open(&s.ipcp.fsm));
}

// A request to a fresh IPCP, and what comes back.
static const struct {
	const char *request;
	const char *reply;
} judged[] = {
	// Windows asks for all five at once: what is not configured goes first
	{"01 05 0022 0306 00000000 8106 00000000 8206 00000000 8306 00000000 8406 00000000",
		"04 05 000a 8406 00000000"},
	{"01 06 001c 0306 00000000 8106 00000000 8206 00000000 8306 00000000",
		"03 06 001c 0306 0a4d000a 8106 08080808 8206 0a000005 8306 09090909"},
	{"01 07 001c 0306 0a4d000a 8106 08080808 8206 0a000005 8306 09090909",
		"02 07 001c 0306 0a4d000a 8106 08080808 8206 0a000005 8306 09090909"},
	{"01 01 000a 0306 0a4d000b", "03 01 000a 0306 0a4d000a"}, // somebody else's address
	{"01 01 0010 0306 0a4d000a 8106 01020304", "03 01 000a 8106 08080808"}, // a DNS of its own
	{"01 01 0008 0304 0a4d", "03 01 000a 0306 0a4d000a"},			// wrong length
	{"01 01 0004", "03 01 000a 0306 0a4d000a"},				// no address at all
	{"01 01 000e 010a 00000000 00000000", "04 01 000e 010a 00000000 00000000"}, // IP-Addresses
	{"01 01 0010 0306 0a4d000a 9006 ffffff00", "04 01 000a 9006 ffffff00"},	    // unknown
};

TEST(ipcp, judges_requests)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s);
		receive(&s, judged[i].request);
		FRAME(&s.seen, PPP_IPCP, judged[i].reply);
		DONE(&s.seen);
	}
}

// Of every option number, with an address of zeros.
TEST(ipcp, answers_every_option_number)
{
	for (unsigned int type = 0; type < 256; type++) {
		uint8_t packet[] = {CP_CONFIGURE_REQUEST, 9, 0, 10, (uint8_t)type, 6, 0, 0, 0, 0};
		bool is_ours = type == IPCP_OPTION_ADDRESS || type == IPCP_OPTION_DNS_1 ||
			       type == IPCP_OPTION_DNS_2 || type == IPCP_OPTION_NBNS_1;
		struct side s;

		SHIM_TRACE_CASE(type);
		start(&s);
		fsm_receive(&s.ipcp.fsm, span_of(packet, sizeof(packet)), 0, &s.seen.step);
		ASSERT_EQ(s.seen.step.n_items, 1);
		EXPECT_EQ(s.seen.step.bytes[0], is_ours ? CP_CONFIGURE_NAK : CP_CONFIGURE_REJECT);
		EXPECT_EQ(s.seen.step.bytes[4], type);
		EXPECT_EQ(s.seen.step.bytes[5], 6);
	}
}

TEST(ipcp, knows_which_address_a_request_asks_for)
{
	static const struct {
		const char *packet;
		uint32_t asked;
	} cases[] = {
		{"01 01 000a 0306 c0a80105", 0xc0a80105},
		{"01 01 0010 0206 002d0f01 0306 c0a80105", 0xc0a80105},
		{"01 01 000a 0306 0a4d000a", 0}, // it has it
		{"01 01 000a 0306 00000000", 0}, {"01 01 0004", 0}, {"01 01 0008 0304 c0a8", 0},
		{"02 01 000a 0306 c0a80105", 0}, // no request
		{"01 01 000b 0306 c0a80105", 0}, // malformed
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t bytes[64];
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s);
		EXPECT_EQ(ipcp_asks_for(&s.ipcp,
				  span_of(bytes, hex_bytes(cases[i].packet, bytes, sizeof(bytes)))),
			htonl(cases[i].asked));
	}
}

TEST(ipcp, says_that_an_address_is_in_use)
{
	struct side s;

	start(&s);
	ipcp_choose(&s.ipcp, htonl(0xc0a80105), htonl(0x0a4d000b));
	for (int i = 0; i < limits.max_failure; i++) {
		receive(&s, "01 01 000a 0306 c0a80105");
		FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000b");
	}
	receive(&s, "01 01 000a 0306 c0a80105");
	DONE(&s.seen);
	EXPECT_EQ(s.ipcp.fsm.end, END_ADDRESS_IN_USE);

	start(&s);
	ipcp_choose(&s.ipcp, htonl(0xc0a80105), htonl(0xc0a80105));
	receive(&s, "01 01 000a 0306 c0a80105");
	FRAME(&s.seen, PPP_IPCP, "02 01 000a 0306 c0a80105");
}

// pppd that requires MPPE answers IPCP by Terminate-Ack until CCP is open.
TEST(ipcp, repeats_its_request_to_a_client_that_put_it_off)
{
	struct side s;

	start(&s);
	receive(&s, "06 01 0004");
	DONE(&s.seen);
	receive(&s, "01 01 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	FRAME(&s.seen, PPP_IPCP, "02 01 000a 0306 0a4d000a");
	DONE(&s.seen);
	receive(&s, "01 02 000a 0306 0a4d000a"); // once
	FRAME(&s.seen, PPP_IPCP, "02 02 000a 0306 0a4d000a");
	DONE(&s.seen);
}

TEST(ipcp, ends_with_a_client_that_insists_on_its_address)
{
	struct side s;

	start(&s);
	for (int i = 0; i < limits.max_failure; i++) {
		receive(&s, "01 01 000a 0306 c0a80105");
		FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000a");
		EXPECT_EQ(s.ipcp.fsm.end, END_NONE);
	}
	receive(&s, "01 01 000a 0306 c0a80105");
	DONE(&s.seen);
	EXPECT_EQ(s.ipcp.fsm.end, END_IPCP_FAILED);
}

TEST(ipcp, bears_with_a_client_that_insists_on_its_dns_or_names_no_address)
{
	struct side s;

	start(&s);
	for (int i = 0; i < limits.max_failure; i++) {
		receive(&s, "01 01 0010 0306 0a4d000a 8106 01020304");
		FRAME(&s.seen, PPP_IPCP, "03 01 000a 8106 08080808");
	}
	receive(&s, "01 01 0010 0306 0a4d000a 8106 01020304");
	FRAME(&s.seen, PPP_IPCP, "04 01 000a 8106 01020304");

	start(&s);
	for (int i = 0; i < limits.max_failure; i++) {
		receive(&s, "01 01 0004");
		FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000a");
	}
	receive(&s, "01 01 0004");
	FRAME(&s.seen, PPP_IPCP, "02 01 0004");
	EXPECT_EQ(s.ipcp.fsm.end, END_NONE);
}

TEST(ipcp, keeps_its_own_address)
{
	struct side s;

	start(&s);
	receive(&s, "03 01 0010 0306 c0a80101 0206 002d0f01");
	FRAME(&s.seen, PPP_IPCP, "01 02 000a 0306 0a4d0001");
	receive(&s, "03 02 000a 0306 c0a80101");
	FRAME(&s.seen, PPP_IPCP, "01 03 000a 0306 0a4d0001");
	receive(&s, "03 03 000a 0306 c0a80101");
	FRAME(&s.seen, PPP_IPCP, "01 04 000a 0306 0a4d0001");
	receive(&s, "03 04 000a 0306 c0a80101");
	DONE(&s.seen);
	EXPECT_EQ(s.ipcp.fsm.end, END_IPCP_FAILED);
}

TEST(ipcp, goes_without_telling_its_address)
{
	struct side s;

	start(&s);
	receive(&s, "04 01 0010 0306 0a4d0001 0206 002d0f01");
	FRAME(&s.seen, PPP_IPCP, "01 02 0004");
	receive(&s, "02 02 0004");
	receive(&s, "01 01 000a 0306 0a4d000a");
	EXPECT_TRUE(fsm_is_open(&s.ipcp.fsm));
}

TEST(ipcp, ends_without_an_answer_and_rejects_codes_of_others)
{
	struct side s;

	start(&s);
	receive(&s, "09 01 0004");
	FRAME(&s.seen, PPP_IPCP, "07 02 0008 09010004");
	for (int i = 1; i <= 4; i++)
		fsm_expire(&s.ipcp.fsm, S(i), &s.seen.step);
	EXPECT_EQ(s.ipcp.fsm.end, END_IPCP_FAILED);
}
