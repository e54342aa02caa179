// SPDX-License-Identifier: BSD-3-Clause
#include "proto/ccp.h"

#include "step_expect.h"

enum { ALL = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128 };

#define S(n) ((uint64_t)(n)*1000000000)

struct side {
	struct ccp ccp;
	struct seen seen;
};

static const struct fsm_limits limits = {
	.restart_ns = S(1),
	.first_restart_ns = S(1),
	.max_configure = 3,
	.max_terminate = 2,
	.max_failure = 5,
};

static void receive(struct side *s, const char *hex)
{
	uint8_t bytes[64];

	ccp_receive(
		&s->ccp, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))), 0, &s->seen.step);
}

static void start_policy(struct side *s, const struct ccp_policy *policy)
{
	memset(s, 0, sizeof(*s));
	ccp_init(&s->ccp, &limits, policy);
	ccp_start(&s->ccp, 0, &s->seen.step);
}

// Stateless, and required or preferred.
static void start(struct side *s, uint32_t allowed, bool is_required)
{
	start_policy(s,
		&(struct ccp_policy){.allowed = allowed, .is_required = is_required, .asks = true});
}

// The default policy: 128 bit, required.
static void start_default(struct side *s)
{
	start(s, MPPE_OPTION_128, true);
	FRAME(&s->seen, PPP_CCP, "01 01 000a 1206 01000040");
	DONE(&s->seen);
}

static void open_up(struct side *s)
{
	start_default(s);
	receive(s, "01 01 000a 1206 01000040");
	NOTICE(&s->seen, STEP_KEYS);
	FRAME(&s->seen, PPP_CCP, "02 01 000a 1206 01000040");
	receive(s, "02 01 000a 1206 01000040");
	NOTICE(&s->seen, STEP_ENCRYPT);
	DONE(&s->seen);
	ASSERT_TRUE(ccp_is_encrypting(&s->ccp));
}

TEST(ccp, opens_with_pppd_and_gives_the_keys_before_the_ack)
{
	struct side s;

	open_up(&s);
	EXPECT_EQ(ccp_send_mode(&s.ccp).strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(ccp_send_mode(&s.ccp).is_stateless);
	EXPECT_EQ(ccp_receive_mode(&s.ccp).strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(ccp_receive_mode(&s.ccp).is_stateless);
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);

	start_default(&s); // the other way round
	receive(&s, "02 01 000a 1206 01000040");
	DONE(&s.seen);
	receive(&s, "01 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
}

TEST(ccp, gives_the_keys_anew_to_a_client_that_asks_anew)
{
	struct side s;

	start_default(&s);
	receive(&s, "01 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 01000040");
	receive(&s,
		"01 02 000a 1206 01000040"); // it renegotiates: its keys are the first again
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 02 000a 1206 01000040");
	DONE(&s.seen);
}

TEST(ccp, renegotiates_in_an_open_session)
{
	struct side s;

	open_up(&s);
	receive(&s, "01 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 02 000a 1206 01000040");
	EXPECT_FALSE(ccp_is_encrypting(&s.ccp));
	receive(&s, "02 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
}

// A request to a fresh CCP that requires MPPE, and what comes back.
static const struct {
	uint32_t allowed;
	const char *request;
	const char *reply;
} judged[] = {
	{MPPE_OPTION_128, "01 01 000a 1206 010000e1",
		"03 01 000a 1206 01000040"}, // Windows: all it has
	{MPPE_OPTION_128, "01 01 000a 1206 01000061", "03 01 000a 1206 01000040"},
	{MPPE_OPTION_128, "01 01 000a 1206 00000040", "03 01 000a 1206 01000040"}, // stateful
	{MPPE_OPTION_128, "01 01 000a 1206 01000041", "03 01 000a 1206 01000040"}, // with MPPC
	{MPPE_OPTION_128, "01 01 000a 1206 01000050",
		"03 01 000a 1206 01000040"}, // the obsolete bit
	{MPPE_OPTION_128, "01 01 000a 1206 01000020", "03 01 000a 1206 01000040"}, // 40 bit
	{MPPE_OPTION_128, "01 01 000a 1206 00000001", "03 01 000a 1206 01000040"}, // MPPC alone
	{MPPE_OPTION_128, "01 01 000a 1206 81000040", "03 01 000a 1206 01000040"}, // reserved bit
	{MPPE_OPTION_128, "01 01 0008 1204 0100", "03 01 000a 1206 01000040"},	   // wrong length
	{MPPE_OPTION_128, "01 01 0004", "03 01 000a 1206 01000040"},		   // nothing
	{MPPE_OPTION_128, "01 01 0008 1a04 7800", "04 01 0008 1a04 7800"},	   // Deflate
	{MPPE_OPTION_128, "01 01 0015 1206 01000040 1a04 7800 1804 7800 1503 2f",
		"04 01 000f 1a04 7800 1804 7800 1503 2f"}, // pppd with all its compressions
	{MPPE_OPTION_128, "01 01 0009 1105 000104", "04 01 0009 1105 000104"}, // Stac
	{ALL, "01 01 000a 1206 010000e0", "03 01 000a 1206 01000040"},
	{MPPE_OPTION_40 | MPPE_OPTION_56, "01 01 000a 1206 010000e0", "03 01 000a 1206 01000080"},
	{MPPE_OPTION_40, "01 01 000a 1206 010000e0", "03 01 000a 1206 01000020"},
	{ALL, "01 01 000a 1206 010000a0", "03 01 000a 1206 01000080"},
};

TEST(ccp, refuses_with_the_one_strongest_set)
{
	for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, judged[i].allowed, true);
		s.seen.next = 1; // our own request
		receive(&s, judged[i].request);
		FRAME(&s.seen, PPP_CCP, judged[i].reply);
		DONE(&s.seen);
		EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	}
}

TEST(ccp, knows_every_strength)
{
	static const struct {
		const char *option;
		enum mppe_strength strength;
	} cases[] = {
		{"01 01 000a 1206 01000020", MPPE_STRENGTH_40},
		{"01 01 000a 1206 01000080", MPPE_STRENGTH_56},
		{"01 01 000a 1206 01000040", MPPE_STRENGTH_128},
	};

	for (size_t i = 0; i < 3; i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start(&s, ALL, true);
		EXPECT_EQ(ccp_send_mode(&s.ccp).strength, MPPE_STRENGTH_NONE);
		s.seen.next = 1;
		receive(&s, cases[i].option);
		NOTICE(&s.seen, STEP_KEYS);
		EXPECT_EQ(ccp_send_mode(&s.ccp).strength, cases[i].strength);
		EXPECT_EQ(ccp_receive_mode(&s.ccp).strength, MPPE_STRENGTH_128);
	}
}

TEST(ccp, takes_windows_through_a_nak)
{
	struct side s;

	start_default(&s);
	receive(&s, "01 05 000a 1206 010000e1");
	FRAME(&s.seen, PPP_CCP, "03 05 000a 1206 01000040");
	receive(&s, "01 06 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 06 000a 1206 01000040");
	receive(&s, "02 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
	EXPECT_EQ(s.ccp.n_refused, 0);
}

TEST(ccp, ends_with_a_client_that_insists_on_another_set)
{
	struct side s;

	start_default(&s);
	for (int i = 0; i < CCP_NAKS_MAX; i++) {
		receive(&s, "01 05 000a 1206 01000020");
		FRAME(&s.seen, PPP_CCP, "03 05 000a 1206 01000040");
	}
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	receive(&s, "01 05 000a 1206 01000020");
	DONE(&s.seen);
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_MISMATCH);

	start_default(&s); // the same with no MPPE in it
	for (int i = 0; i <= CCP_NAKS_MAX; i++) {
		EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
		receive(&s, "01 05 0004");
	}
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_REFUSED);
}

TEST(ccp, ends_when_our_request_is_turned_down)
{
	static const struct {
		const char *before; // a request of the client, or none
		const char *reply;
		enum end_reason reason;
	} cases[] = {
		{NULL, "04 01 000a 1206 01000040", END_ENCRYPTION_REFUSED}, // pppd with nomppe
		{"01 01 0004", "04 01 000a 1206 01000040", END_ENCRYPTION_REFUSED},
		{"01 01 000a 1206 01000020", "04 01 000a 1206 01000040", END_ENCRYPTION_MISMATCH},
		{NULL, "03 01 000a 1206 01000020", END_ENCRYPTION_MISMATCH}, // suggests 40 bit
		{NULL, "03 01 000a 1206 00000040", END_ENCRYPTION_MISMATCH}, // suggests stateful
		{NULL, "03 01 0008 1204 0100", END_ENCRYPTION_MISMATCH},
		{NULL, "05 01 0004", END_ENCRYPTION_REFUSED},	       // Terminate-Request
		{NULL, "07 01 0008 01010004", END_ENCRYPTION_REFUSED}, // Code-Reject of all
		{NULL, "03 01 0008 1a04 7800", END_NONE},	       // would like Deflate
		{NULL, "04 01 0008 1a04 7800", END_NONE}, // rejects what we did not say
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start_default(&s);
		if (cases[i].before)
			receive(&s, cases[i].before);
		receive(&s, cases[i].reply);
		EXPECT_EQ(ccp_failure(&s.ccp), cases[i].reason);
		EXPECT_FALSE(ccp_is_encrypting(&s.ccp));
	}
}

TEST(ccp, tries_every_strength_that_is_allowed)
{
	struct side s;

	start(&s, ALL, true);
	FRAME(&s.seen, PPP_CCP, "01 01 000a 1206 010000e0");
	receive(&s, "04 01 000a 1206 010000e0");
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
	receive(&s, "04 02 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "01 03 000a 1206 01000080");
	receive(&s, "04 03 000a 1206 01000080");
	FRAME(&s.seen, PPP_CCP, "01 04 000a 1206 01000020");
	DONE(&s.seen);
	receive(&s, "04 04 000a 1206 01000020");
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_REFUSED);

	start(&s, ALL, true);
	s.seen.next = 1;
	receive(&s, "03 01 000a 1206 010000a0"); // a Nak with a choice: it may choose
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 010000a0");
	receive(&s, "03 02 000a 1206 010000a0"); // it does not
	FRAME(&s.seen, PPP_CCP, "01 03 000a 1206 01000080");
	receive(&s, "01 01 000a 1206 010000e0"); // now both ways the same
	FRAME(&s.seen, PPP_CCP, "03 01 000a 1206 01000080");
	DONE(&s.seen);

	start(&s, ALL, true); // pppd with 40 bit
	s.seen.next = 1;
	receive(&s, "03 01 000a 1206 01000020");
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000020");
	DONE(&s.seen);

	start(&s, ALL, true); // it acknowledges them all: the strongest
	s.seen.next = 1;
	receive(&s, "02 01 000a 1206 010000e0");
	receive(&s, "01 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	EXPECT_EQ(ccp_receive_mode(&s.ccp).strength, MPPE_STRENGTH_128);
}

// Each direction has a strength and a mode of its own: ours is what we receive.
TEST(ccp, encrypts_with_two_strengths_and_modes)
{
	struct side s;

	start_policy(&s, &(struct ccp_policy){
				 .allowed = ALL, .is_required = true, .is_stateful_taken = true});
	s.seen.next = 1;
	receive(&s, "01 01 000a 1206 00000020");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 00000020");
	receive(&s, "03 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
	receive(&s, "02 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
	EXPECT_TRUE(ccp_is_encrypting(&s.ccp));
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	EXPECT_EQ(ccp_receive_mode(&s.ccp).strength, MPPE_STRENGTH_128);
	EXPECT_TRUE(ccp_receive_mode(&s.ccp).is_stateless);
	EXPECT_EQ(ccp_send_mode(&s.ccp).strength, MPPE_STRENGTH_40);
	EXPECT_FALSE(ccp_send_mode(&s.ccp).is_stateless);
}

// What the server's policy is, what the client asks for, the answer, and the mode that it may agree
// to: 0 is no Ack. H is 0x01000000.
static const struct {
	uint32_t allowed;
	bool is_stateful_taken;
	uint32_t asked, nak;
} modes[] = {
	{MPPE_OPTION_128, true, 0x00000040, 0}, // the client chooses
	{MPPE_OPTION_128, true, 0x01000040, 0},
	{MPPE_OPTION_128, false, 0x00000040, 0x01000040},
	{MPPE_OPTION_128, false, 0x01000040, 0},
	{ALL, true, 0x000000e1, 0x00000040}, // and keeps its choice in a Nak
	{ALL, true, 0x010000e1, 0x01000040},
	{ALL, false, 0x000000e1, 0x01000040},
	{ALL, true, 0x00000080, 0},
	{ALL, true, 0x01000020, 0},
	{MPPE_OPTION_40, true, 0x00000040, 0x00000020},
	{MPPE_OPTION_40, true, 0x000000e0, 0x00000020},
	{MPPE_OPTION_128, true, 0x00000000, 0x01000040}, // says nothing at all
	{MPPE_OPTION_128, true, 0x00000001, 0x01000040},
	{MPPE_OPTION_128, true, 0x00000041, 0x00000040},
	{MPPE_OPTION_128, true, 0x00000050, 0x00000040},
};

TEST(ccp, answers_every_mode)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		uint8_t request[] = {
			CP_CONFIGURE_REQUEST, 7, 0, 10, MPPE_OPTION_TYPE, 6, 0, 0, 0, 0};
		uint32_t answered = modes[i].nak ? modes[i].nak : modes[i].asked;
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start_policy(&s, &(struct ccp_policy){.allowed = modes[i].allowed,
					 .is_required = true,
					 .is_stateful_taken = modes[i].is_stateful_taken});
		step_clear(&s.seen.step);
		bytes_put_u32(request + 6, modes[i].asked);
		ccp_receive(&s.ccp, span_of(request, sizeof(request)), 0, &s.seen.step);
		const uint8_t *reply = s.seen.step.bytes;
		EXPECT_EQ(reply[0], modes[i].nak ? CP_CONFIGURE_NAK : CP_CONFIGURE_ACK);
		EXPECT_EQ(bytes_get_u32(reply + 6), answered);
		EXPECT_EQ(s.seen.step.n_items, modes[i].nak ? 1 : 2); // keys, then the Ack
		EXPECT_EQ(ccp_send_mode(&s.ccp).is_stateless,
			!modes[i].nak && (answered & MPPE_OPTION_STATELESS));
	}
}

// Our request goes on from one choice to the next; the keys of the client's direction follow it,
// for the client may be open with its Ack, and its data may come before that.
TEST(ccp, follows_the_client_in_what_we_ask_for)
{
	struct side s;

	start_policy(&s, &(struct ccp_policy){
				 .allowed = ALL, .is_required = true, .is_stateful_taken = true});
	FRAME(&s.seen, PPP_CCP, "01 01 000a 1206 010000e0");
	receive(&s, "03 01 000a 1206 00000040"); // nothing acknowledged: no keys yet
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 00000040");
	receive(&s, "01 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 01000040");
	EXPECT_FALSE(ccp_receive_mode(&s.ccp).is_stateless);
	EXPECT_TRUE(ccp_send_mode(&s.ccp).is_stateless);
	receive(&s, "03 02 000a 1206 00000080");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "01 03 000a 1206 00000080");
	EXPECT_EQ(ccp_receive_mode(&s.ccp).strength, MPPE_STRENGTH_56);
	EXPECT_EQ(ccp_send_mode(&s.ccp).strength, MPPE_STRENGTH_128);
	receive(&s, "03 03 000a 1206 00000080"); // the same again: nothing new
	FRAME(&s.seen, PPP_CCP, "01 04 000a 1206 00000080");
	DONE(&s.seen);
	receive(&s, "02 04 000a 1206 00000080");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);
}

TEST(ccp, tries_stateful_after_every_strength_of_stateless)
{
	static const char *const requests[] = {"01 ?? 000a 1206 010000e0",
		"01 ?? 000a 1206 01000040", "01 ?? 000a 1206 01000080", "01 ?? 000a 1206 01000020",
		"01 ?? 000a 1206 00000040", "01 ?? 000a 1206 00000080", "01 ?? 000a 1206 00000020"};
	struct side s;

	start_policy(&s, &(struct ccp_policy){
				 .allowed = ALL, .is_required = true, .is_stateful_taken = true});
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		uint8_t reject[16] = {0};

		EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
		memcpy(reject, s.seen.step.bytes, 10);
		FRAME(&s.seen, PPP_CCP, requests[i]);
		DONE(&s.seen);
		reject[0] = CP_CONFIGURE_REJECT;
		ccp_receive(&s.ccp, span_of(reject, 10), 0, &s.seen.step);
	}
	DONE(&s.seen);
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_REFUSED);
}

TEST(ccp, names_a_client_that_never_answers)
{
	struct side s;

	start_default(&s);
	for (int i = 1; i <= 4; i++)
		ccp_expire(&s.ccp, S(i), &s.seen.step);
	EXPECT_EQ(s.seen.step.n_items, 2);
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_REFUSED);

	start_default(&s); // it asks for MPPE, yet never acknowledges ours
	receive(&s, "01 01 000a 1206 01000040");
	for (int i = 1; i <= 4; i++)
		ccp_expire(&s.ccp, S(i), &s.seen.step);
	EXPECT_EQ(ccp_failure(&s.ccp), END_CCP_FAILED);
}

TEST(ccp, ends_when_the_client_closes_it)
{
	struct side s;

	open_up(&s);
	receive(&s, "05 09 0004");
	NOTICE(&s.seen, STEP_STOP_ENCRYPT);
	FRAME(&s.seen, PPP_CCP, "06 09 0004");
	EXPECT_EQ(ccp_failure(&s.ccp), END_CCP_CLOSED);
}

TEST(ccp, answers_reset_requests)
{
	struct side s;

	start_default(&s);
	receive(&s, "0e 07 0004");
	DONE(&s.seen);
	open_up(&s);
	receive(&s, "0e 07 0004");
	NOTICE(&s.seen, STEP_FLUSH);
	FRAME(&s.seen, PPP_CCP, "0f 07 0004");
	receive(&s, "0f 07 0004");
	DONE(&s.seen);
	receive(&s, "07 08 0008 0f070004"); // Windows does not know Reset-Ack
	receive(&s, "0e 09 0004");
	NOTICE(&s.seen, STEP_FLUSH);
	DONE(&s.seen);
	receive(&s, "09 01 0004");
	FRAME(&s.seen, PPP_CCP, "07 02 0008 09010004");
	EXPECT_TRUE(ccp_is_encrypting(&s.ccp));
}

TEST(ccp, heeds_a_flood_of_resets_at_a_bounded_rate)
{
	struct side s;
	int n = 0;

	open_up(&s);
	for (int i = 0; i < 1000; i++) {
		static const uint8_t reset[] = {CP_RESET_REQUEST, 1, 0, 4};

		ccp_receive(
			&s.ccp, span_of(reset, sizeof(reset)), (uint64_t)i * 1000000, &s.seen.step);
		n += s.seen.step.n_items;
		step_clear(&s.seen.step);
	}
	EXPECT_GE(n, 2 * 20); // a flush and an Ack each
	EXPECT_LE(n, 2 * (20 + CCP_FLUSHES_BURST));
}

TEST(ccp, asks_for_resets)
{
	struct side s;
	int n = 0;

	start_default(&s);
	ccp_desync(&s.ccp, 0, &s.seen.step);
	DONE(&s.seen); // nothing is encrypted
	open_up(&s);
	ccp_desync(&s.ccp, S(1), &s.seen.step);
	FRAME(&s.seen, PPP_CCP, "0e 02 0004");
	ccp_desync(&s.ccp, S(1), &s.seen.step);
	FRAME(&s.seen, PPP_CCP, "0e 03 0004");
	DONE(&s.seen);
	for (int i = 0; i < 1000; i++) {
		ccp_desync(&s.ccp, S(1) + (uint64_t)i * 1000000, &s.seen.step);
		n += s.seen.step.n_items;
		step_clear(&s.seen.step);
	}
	EXPECT_GE(n, 9);
	EXPECT_LE(n, 11);
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	receive(&s, "07 08 0008 0e030004"); // it encrypts, and knows no resets
	ccp_desync(&s.ccp, S(5), &s.seen.step);
	DONE(&s.seen);
	EXPECT_EQ(ccp_failure(&s.ccp), END_CCP_FAILED);
}

// Policy "allow": we say nothing until the client asks.
TEST(ccp, waits_for_a_client_to_ask)
{
	const struct ccp_policy allow = {.allowed = ALL, .is_stateful_taken = true};
	struct side s;

	start_policy(&s, &allow);
	DONE(&s.seen);
	EXPECT_EQ(s.ccp.fsm.state, FSM_STOPPED);
	EXPECT_EQ(s.ccp.fsm.due_ns, FSM_NEVER);
	receive(&s, "01 01 000a 1206 010000e1"); // Windows
	FRAME(&s.seen, PPP_CCP, "01 01 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "03 01 000a 1206 01000040");
	receive(&s, "01 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 02 000a 1206 01000040");
	receive(&s, "02 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	DONE(&s.seen);

	start_policy(&s, &allow); // stateful: we ask for stateless in our direction
	receive(&s, "01 01 000a 1206 00000040");
	FRAME(&s.seen, PPP_CCP, "01 01 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 00000040");
	DONE(&s.seen);

	start_policy(&s, &allow); // pppd with Deflate alone
	receive(&s, "01 01 0008 1a04 7800");
	FRAME(&s.seen, PPP_CCP, "01 01 0004");
	FRAME(&s.seen, PPP_CCP, "04 01 0008 1a04 7800");
	receive(&s, "02 01 0004");
	receive(&s, "01 02 0004");
	FRAME(&s.seen, PPP_CCP, "02 02 0004");
	DONE(&s.seen);
	EXPECT_TRUE(fsm_is_open(&s.ccp.fsm));
	EXPECT_FALSE(ccp_is_required(&s.ccp));
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
}

// It asks for MPPE when our request, which has none, is on its way or acknowledged: what that says now
// goes under a number of its own (RFC 1661 5.1), and nothing is encrypted before the client has said
// yes to it.
TEST(ccp, asks_again_for_a_client_that_asks_late)
{
	static const char *const acks[] = {NULL, "02 01 0004"};

	for (size_t i = 0; i < sizeof(acks) / sizeof(acks[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start_policy(&s, &(struct ccp_policy){.allowed = ALL});
		receive(&s, "01 01 0008 1a04 7800");
		FRAME(&s.seen, PPP_CCP, "01 01 0004");
		FRAME(&s.seen, PPP_CCP, "04 01 0008 1a04 7800");
		if (acks[i])
			receive(&s, acks[i]);
		receive(&s, "01 02 000a 1206 01000040");
		FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
		NOTICE(&s.seen, STEP_KEYS);
		FRAME(&s.seen, PPP_CCP, "02 02 000a 1206 01000040");
		receive(&s, "02 01 0004"); // the other one, late or once more
		DONE(&s.seen);
		EXPECT_FALSE(ccp_is_encrypting(&s.ccp));
		receive(&s, "02 02 000a 1206 01000040");
		NOTICE(&s.seen, STEP_ENCRYPT);
		DONE(&s.seen);
	}

	struct side s; // and when it has our Ack of a request without it

	start_policy(&s, &(struct ccp_policy){.allowed = ALL});
	receive(&s, "01 01 0004");
	receive(&s, "01 02 000a 1206 010000e1");
	s.seen.next = 2;
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "03 02 000a 1206 01000040");
	DONE(&s.seen);
}

// A client that only compresses (Windows with "no encryption allowed") has not asked for MPPE: to Nak
// it with MPPE may make it hang up (RFC 3078 2.1).
TEST(ccp, suggests_no_encryption_to_who_only_compresses)
{
	struct side s;

	start_policy(&s, &(struct ccp_policy){.allowed = ALL});
	receive(&s, "01 01 000a 1206 00000001");
	FRAME(&s.seen, PPP_CCP, "01 01 0004");
	FRAME(&s.seen, PPP_CCP, "04 01 000a 1206 00000001");
	DONE(&s.seen);
}

// Once a call is encrypted, no packet of CCP brings it back to clear text.
TEST(ccp, does_not_go_back_to_clear_text)
{
	static const struct {
		const char *packet;
		enum end_reason reason;
	} cases[] = {
		{"05 09 0004", END_CCP_CLOSED},
		{"01 09 0004", END_NONE}, // refused with a Nak, a few times
		{"07 09 0008 01010004", END_ENCRYPTION_REFUSED},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct side s;

		SHIM_TRACE_CASE((long long)i);
		start_policy(&s, &(struct ccp_policy){.allowed = ALL});
		EXPECT_FALSE(ccp_is_required(&s.ccp));
		receive(&s, "01 01 000a 1206 01000040");
		receive(&s, "02 01 000a 1206 01000040");
		ASSERT_TRUE(ccp_is_encrypting(&s.ccp));
		EXPECT_TRUE(ccp_is_required(&s.ccp));
		receive(&s, cases[i].packet);
		EXPECT_FALSE(ccp_is_encrypting(&s.ccp));
		EXPECT_EQ(ccp_failure(&s.ccp), cases[i].reason);
		for (int k = 0; k < CCP_NAKS_MAX; k++)
			receive(&s, "01 0a 0004");
		EXPECT_NE(ccp_failure(&s.ccp), END_NONE);
	}
}

// It closed CCP before anything was encrypted, and thinks better of it.
TEST(ccp, takes_a_client_that_comes_back)
{
	struct side s;

	start(&s, MPPE_OPTION_128, false);
	receive(&s, "05 01 0004");
	receive(&s, "01 02 000a 1206 01000040");
	receive(&s, "02 01 000a 1206 01000040");
	EXPECT_TRUE(ccp_is_encrypting(&s.ccp));
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
}

TEST(ccp, lets_a_client_go_without_where_nothing_is_required)
{
	struct side s;

	start(&s, MPPE_OPTION_128, false);
	s.seen.next = 1;
	receive(&s, "01 01 0004");
	FRAME(&s.seen, PPP_CCP, "02 01 0004");
	receive(&s, "04 01 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "01 02 0004");
	receive(&s, "02 02 0004");
	DONE(&s.seen);
	EXPECT_TRUE(fsm_is_open(&s.ccp.fsm));
	EXPECT_FALSE(ccp_is_encrypting(&s.ccp));
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	receive(&s, "01 02 0004"); // it was not encrypting: nothing to stop
	FRAME(&s.seen, PPP_CCP, "01 03 0004");
	FRAME(&s.seen, PPP_CCP, "02 02 0004");
	DONE(&s.seen);
}

TEST(ccp, rejects_in_the_end_where_nothing_is_required)
{
	struct side s;

	start(&s, MPPE_OPTION_128, false);
	s.seen.next = 1;
	for (int i = 0; i < CCP_NAKS_MAX; i++) {
		receive(&s, "01 01 000a 1206 01000020");
		FRAME(&s.seen, PPP_CCP, "03 01 000a 1206 01000040");
	}
	receive(&s, "01 01 000a 1206 01000020");
	FRAME(&s.seen, PPP_CCP, "04 01 000a 1206 01000020");
	DONE(&s.seen);
	receive(&s, "03 01 000a 1206 01000020"); // and ours goes too
	FRAME(&s.seen, PPP_CCP, "01 02 0004");
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
}

TEST(ccp, closes_again_when_only_one_direction_would_encrypt)
{
	struct side s;

	start(&s, MPPE_OPTION_128, false);
	s.seen.next = 1;
	receive(&s, "01 01 0004");
	FRAME(&s.seen, PPP_CCP, "02 01 0004");
	receive(&s, "02 01 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "05 02 0004");
	DONE(&s.seen);
	EXPECT_EQ(s.ccp.fsm.state, FSM_CLOSING);
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
}

TEST(ccp, waits_on_for_a_client_where_nothing_is_required)
{
	struct side s;

	start(&s, MPPE_OPTION_128, false);
	for (int i = 1; i <= 4; i++)
		ccp_expire(&s.ccp, S(i), &s.seen.step);
	EXPECT_EQ(s.ccp.fsm.state, FSM_STOPPED);
	EXPECT_EQ(ccp_failure(&s.ccp), END_NONE);
	step_clear(&s.seen.step);
	receive(&s, "01 01 000a 1206 01000040");
	FRAME(&s.seen, PPP_CCP, "01 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_KEYS);
	FRAME(&s.seen, PPP_CCP, "02 01 000a 1206 01000040");
	receive(&s, "02 02 000a 1206 01000040");
	NOTICE(&s.seen, STEP_ENCRYPT);
	EXPECT_TRUE(ccp_is_encrypting(&s.ccp));
	for (int i = 0; i <= FSM_ROUNDS_MAX; i++) {
		receive(&s, "01 01 000a 1206 01000020");
		step_clear(&s.seen.step);
	}
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_MISMATCH); // it was encrypted once
}

TEST(ccp, fails_at_once_when_policy_contradicts_itself)
{
	struct side s;

	start(&s, 0, true);
	EXPECT_EQ(ccp_failure(&s.ccp), END_ENCRYPTION_MISMATCH);
}
