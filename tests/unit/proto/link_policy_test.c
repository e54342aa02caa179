// SPDX-License-Identifier: BSD-3-Clause
// What comes of a policy and a client: encryption, its strengths and modes, methods, addresses. The
// client here answers by itself, from what it can and wants.
#include "link_script.h"

#include <arpa/inet.h>
#include <stdio.h>

enum {
	H = MPPE_OPTION_STATELESS,
	M128 = MPPE_OPTION_128,
	M56 = MPPE_OPTION_56,
	M40 = MPPE_OPTION_40
};

// How it says no to our option, or to CCP as a whole.
enum refusal { NAKS, REJECTS, REJECTS_CCP, IS_SILENT };

struct client {
	const char *name;
	uint32_t asks;	// bits of its first request, 0: it asks for nothing
	uint32_t takes; // strengths, with H if it does stateless
	bool stateful;	// it does stateful
	bool requires;
	enum refusal refusal;
};

struct player {
	struct script script;
	const struct client *client;
	uint32_t asks; // now
	uint8_t id;
	unsigned int next; // item of the step
	bool asks_ccp;
};

static bool takes(const struct client *c, uint32_t bits)
{
	uint32_t strength = bits & CCP_STRENGTH_BITS;

	if (!strength || strength & (strength - 1) || !(strength & c->takes))
		return false;
	return bits & H ? (c->takes & H) != 0 : c->stateful;
}

static void say(struct player *p, uint16_t protocol, uint8_t code, uint8_t id, struct span data)
{
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	cp_packet_put(&w, code, id, data);
	script_receive_bytes(&p->script, protocol, span_of(bytes, w.len));
}

static void say_option(
	struct player *p, uint16_t protocol, uint8_t code, uint8_t id, uint8_t type, uint32_t value)
{
	uint8_t bytes[8];
	struct writer w = writer_of(bytes, sizeof(bytes));

	cp_option_put_u32(&w, type, value);
	say(p, protocol, code, id, span_of(bytes, w.len));
}

static void ask_ccp(struct player *p)
{
	if (p->asks_ccp && p->asks)
		say_option(p, PPP_CCP, CP_CONFIGURE_REQUEST, ++p->id, MPPE_OPTION_TYPE, p->asks);
	else if (p->asks_ccp)
		say(p, PPP_CCP, CP_CONFIGURE_REQUEST, ++p->id, (struct span){0});
}

static void hang_up(struct player *p)
{
	say(p, PPP_LCP, CP_TERMINATE_REQUEST, 9, (struct span){0});
}

static void answer_ccp_request(struct player *p, const struct cp_packet *packet, struct span info)
{
	const struct client *c = p->client;
	uint32_t bits = packet->data.len == 6 ? bytes_get_u32(packet->data.bytes + 2) : 0;
	uint8_t quoted[64];
	struct writer w = writer_of(quoted, sizeof(quoted));

	if (c->refusal == REJECTS_CCP) {
		writer_u16(&w, PPP_CCP);
		writer_bytes(&w, info.bytes, info.len);
		say(p, PPP_LCP, CP_PROTOCOL_REJECT, 1, span_of(quoted, w.len));
	} else if (bits == 0 || takes(c, bits)) {
		say(p, PPP_CCP, CP_CONFIGURE_ACK, packet->id, packet->data);
		if (!p->asks_ccp && bits) { // now it is asked, it asks too
			p->asks_ccp = true;
			p->asks = bits;
			ask_ccp(p);
		}
	} else if (c->refusal == REJECTS && bits & (bits - 1) & CCP_STRENGTH_BITS &&
		   bits & c->takes & CCP_STRENGTH_BITS) // pppd: the one of several that it has
		say_option(p, PPP_CCP, CP_CONFIGURE_NAK, packet->id, MPPE_OPTION_TYPE,
			(bits & c->takes & CCP_STRENGTH_BITS) | (bits & H));
	else if (c->refusal == REJECTS) {
		say(p, PPP_CCP, CP_CONFIGURE_REJECT, packet->id, packet->data);
		if (c->requires) // "MPPE required but peer negotiation failed"
			hang_up(p);
	} else if (c->refusal == NAKS)
		say_option(p, PPP_CCP, CP_CONFIGURE_NAK, packet->id, MPPE_OPTION_TYPE,
			(c->takes & CCP_STRENGTH_BITS) | (c->stateful ? 0 : H));
}

static void take_ccp(struct player *p, const struct cp_packet *packet, struct span info)
{
	uint32_t bits = packet->data.len == 6 ? bytes_get_u32(packet->data.bytes + 2) : 0;

	switch (packet->code) {
	case CP_CONFIGURE_REQUEST:
		answer_ccp_request(p, packet, info);
		break;
	case CP_CONFIGURE_NAK: // as Windows does: it repeats the suggestion, or itself
		if (takes(p->client, bits))
			p->asks = bits;
		ask_ccp(p);
		break;
	case CP_CONFIGURE_REJECT:
		p->asks = 0;
		if (p->client->requires)
			hang_up(p);
		else
			ask_ccp(p);
		break;
	}
}

static void take_frame(struct player *p, uint16_t protocol, struct span info)
{
	struct cp_packet packet;

	if (protocol == PPP_CHAP || cp_packet_get(info, &packet) != 0)
		return;
	if (protocol == PPP_CCP)
		take_ccp(p, &packet, info);
	else if (protocol == PPP_IPCP && packet.code == CP_CONFIGURE_REQUEST)
		say(p, PPP_IPCP, CP_CONFIGURE_ACK, packet.id, packet.data);
	else if (protocol == PPP_IPCP && packet.code == CP_CONFIGURE_NAK)
		say(p, PPP_IPCP, CP_CONFIGURE_REQUEST, ++p->id, packet.data);
	else if (protocol == PPP_LCP && packet.code == CP_PROTOCOL_REJECT && p->client->requires)
		hang_up(p);
}

// Until nothing more is said.
static void play(struct player *p)
{
	struct script *s = &p->script;

	for (int n = 0; n < 200 && s->seen.step.n_items > 0; n++) {
		struct step said = s->seen.step;

		script_forget(s);
		for (unsigned int i = 0; i < said.n_items && !s->has_ended; i++)
			if (said.items[i].kind == STEP_FRAME)
				take_frame(p, said.items[i].protocol,
					step_frame_info(&said, &said.items[i]));
	}
	EXPECT_EQ(s->seen.step.n_items, 0); // no loop
}

// Up to authentication, then CCP and IPCP as the client speaks them; time passes until the link is up
// or has ended.
static void run(struct player *p, const struct client *client)
{
	struct script *s = &p->script;

	p->client = client;
	p->asks = client->asks;
	p->asks_ccp = client->asks != 0;
	script_to_authenticate(s);
	script_respond(s);
	script_forget(s);
	script_verdict(s);
	if (s->link.phase != LINK_NETWORK)
		return;
	ask_ccp(p);
	say_option(p, PPP_IPCP, CP_CONFIGURE_REQUEST, ++p->id, 3, 0);
	for (int i = 0; i < 30 && !s->has_ended && s->link.phase != LINK_OPEN; i++) {
		play(p);
		if (s->link.phase == LINK_NETWORK) {
			script_wait(s, MS(500));
			// It lives: it asks again for what it waits for.
			if (i % 6 == 5)
				say_option(
					p, PPP_IPCP, CP_CONFIGURE_REQUEST, ++p->id, 3, 0x0a4d000a);
		}
	}
	play(p);
}

enum mode { DENY, ALLOW, PREFER, REQUIRE };

static const struct client clients[] = {
	{"windows-required", H | M128 | M56 | M40 | 1, H | M128 | M56 | M40, false, true, NAKS},
	{"windows-optional", H | M128 | M56 | M40 | 1, H | M128 | M56 | M40, false, false, NAKS},
	{"pppd-128", H | M128, H | M128, false, true, REJECTS},
	{"pppd-40", H | M40, H | M40, false, true, REJECTS},
	{"pppd-stateful", M128, H | M128, true, true, REJECTS},
	{"stateful-only", M128, M128, true, true, NAKS},
	{"quiet", 0, H | M128, false, false, NAKS}, // never asks, but takes it
	{"pppd-nomppe", 0, 0, false, false, REJECTS}, {"no-ccp", 0, 0, false, false, REJECTS_CCP},
	{"deaf", 0, 0, false, false, IS_SILENT}, // says nothing to CCP at all
};

enum { N_CLIENTS = sizeof(clients) / sizeof(clients[0]) };

// What becomes of each: "up" in the clear, "128/128" the strengths of receive and send, s after one that
// is stateful; or why it ended.
static const struct {
	enum mode mode;
	uint32_t bits;
	bool require_stateless;
	const char *outcome[N_CLIENTS];
} policies[] = {
	{DENY, 0, true,
		{"encryption-mismatch", "up", "encryption-mismatch", "encryption-mismatch",
			"encryption-mismatch", "encryption-mismatch", "up", "up", "up", "up"}},
	{ALLOW, M128, true,
		{"128/128", "128/128", "128/128", "encryption-mismatch", "128/128",
			"encryption-mismatch", "up", "up", "up", "up"}},
	{PREFER, M128, true,
		{"128/128", "128/128", "128/128", "encryption-mismatch", "128/128",
			"encryption-mismatch", "128/128", "up", "up", "up"}},
	{REQUIRE, M128, true,
		{"128/128", "128/128", "128/128", "encryption-mismatch", "128/128",
			"encryption-mismatch", "128/128", "encryption-refused",
			"encryption-refused", "encryption-refused"}},
	{REQUIRE, M128, false,
		{"128/128", "128/128", "128/128", "encryption-mismatch", "128/128s", "128s/128s",
			"128/128", "encryption-refused", "encryption-refused",
			"encryption-refused"}},
	{REQUIRE, M128 | M40, false,
		{"128/128", "128/128", "128/128", "40/40", "128/128s", "128s/128s", "128/128",
			"encryption-refused", "encryption-refused", "encryption-refused"}},
	{REQUIRE, M56 | M40, true,
		{"56/56", "56/56", "encryption-mismatch", "40/40", "encryption-mismatch",
			"encryption-mismatch", "encryption-mismatch", "encryption-refused",
			"encryption-refused", "encryption-refused"}},
	{PREFER, M128 | M56 | M40, false,
		{"128/128", "128/128", "128/128", "40/40", "128/128s", "128s/128s", "128/128", "up",
			"up", "up"}},
	{ALLOW, M128 | M56 | M40, false,
		{"128/128", "128/128", "128/128", "40/40", "128/128s", "128s/128s", "up", "up",
			"up", "up"}},
};

static void describe(const struct script *s, char out[64])
{
	struct link_keys keys;

	link_get_keys(&s->link, &keys);
	if (s->has_ended || s->link.phase == LINK_TERMINATE)
		snprintf(out, 64, "%s", end_reason_info(s->link.end)->name);
	else if (s->link.phase != LINK_OPEN)
		snprintf(out, 64, "%s", link_phase_name(s->link.phase));
	else if (!s->link.encrypting)
		snprintf(out, 64, "up");
	else
		snprintf(out, 64, "%d%s/%d%s", (int)keys.receive.strength,
			keys.receive.is_stateless ? "" : "s", (int)keys.send.strength,
			keys.send.is_stateless ? "" : "s");
}

TEST(link_policy, meets_every_client)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		for (size_t k = 0; k < N_CLIENTS; k++) {
			static struct player p;
			struct link_config *c = &p.script.config;
			char outcome[64];

			SHIM_TRACE_CASE((long long)(i * 100 + k));
			memset(&p, 0, sizeof(p));
			script_init(&p.script);
			c->require_encryption = policies[i].mode == REQUIRE;
			c->prefer_encryption = policies[i].mode == PREFER;
			c->require_stateless = policies[i].require_stateless;
			c->mppe_bits = policies[i].bits;
			c->restart_ns = S(1);
			c->setup_timeout_ns = S(100);
			run(&p, &clients[k]);
			describe(&p.script, outcome);
			EXPECT_STREQ(outcome, policies[i].outcome[k]);
			if (p.script.link.phase == LINK_OPEN)
				EXPECT_EQ(
					p.script.link.ipcp.addresses.client_be, htonl(0x0a4d000a));
		}
	}
}

// Whoever can forge a packet of LCP could bring a call back to clear text, where policy allows that.
TEST(link_policy, keeps_encryption_when_lcp_negotiates_again)
{
	for (int has_keys = 0; has_keys < 2; has_keys++) {
		struct script s;

		script_init(&s);
		s.config.require_encryption = false;
		script_to_encrypted(&s);
		script_receive(&s, PPP_LCP, PPPD_LCP);
		script_ack(&s, PPP_LCP);
		script_respond(&s);
		s.verdict.has_keys = has_keys;
		script_verdict(&s);
		if (!has_keys) {
			EXPECT_EQ(s.link.end, END_AUTH_NO_KEYS);
			continue;
		}
		EXPECT_EQ(s.link.phase, LINK_NETWORK);
		script_forget(&s);
		script_receive(&s, PPP_IPCP, "01 01 000a 0306 0a4d000a");
		DONE(&s.seen); // not before it is encrypted again
		script_reject(&s, PPP_CCP);
		EXPECT_EQ(s.link.end, END_ENCRYPTION_REFUSED);
	}
}

// What a user's policy says counts from the verdict on, and what the configuration says before it: each policy here is
// that of the user, in a server that says the opposite.
TEST(link_policy, is_the_users_from_the_verdict_on)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		for (size_t k = 0; k < N_CLIENTS; k++) {
			static struct player p;
			bool is_required = policies[i].mode == REQUIRE;
			char outcome[64];

			SHIM_TRACE_CASE((long long)(i * 100 + k));
			memset(&p, 0, sizeof(p));
			script_init(&p.script);
			p.script.config.require_encryption = !is_required;
			p.script.config.require_stateless = !policies[i].require_stateless;
			p.script.config.mppe_bits = is_required ? 0 : M40;
			p.script.config.restart_ns = S(1);
			p.script.config.setup_timeout_ns = S(100);
			p.script.verdict.has_policy = true;
			p.script.verdict.policy =
				(struct link_policy){.require_encryption = is_required,
					.prefer_encryption = policies[i].mode == PREFER,
					.require_stateless = policies[i].require_stateless,
					.mppe_bits = policies[i].bits};
			run(&p, &clients[k]);
			describe(&p.script, outcome);
			EXPECT_STREQ(outcome, policies[i].outcome[k]);
		}
	}
}

// Once LCP negotiates again nobody knows who it is: the next verdict is another one's.
TEST(link_policy, of_a_user_is_forgotten_with_him)
{
	struct script s;

	script_init(&s);
	s.config.require_encryption = false;
	s.config.mppe_bits = 0;
	s.verdict.has_policy = true;
	s.verdict.policy = (struct link_policy){
		.use_client_address = true, .mppe_bits = M128, .prefer_encryption = true};
	s.verdict.server_be = htonl(0x0a000063);
	script_to_network(&s);
	EXPECT_EQ(s.link.policy.mppe_bits, M128);
	EXPECT_EQ(s.link.ipcp.addresses.server_be, htonl(0x0a000063));
	script_receive(&s, PPP_LCP, PPPD_LCP);
	EXPECT_EQ(s.link.policy.mppe_bits, 0);
	EXPECT_FALSE(s.link.policy.use_client_address);
	script_ack(&s, PPP_LCP);
	script_respond(&s);
	s.verdict.has_policy = false;
	s.verdict.server_be = 0;
	script_verdict(&s);
	EXPECT_EQ(s.link.phase, LINK_NETWORK);
	EXPECT_EQ(s.link.policy.mppe_bits, 0);
	EXPECT_EQ(s.link.ipcp.addresses.server_be, s.config.server_be);
}

// Encryption is required of the user, and there are no keys for it: three reasons, each told at once.
static const struct {
	enum auth_method method;
	bool has_keys;
	uint32_t bits;
	enum end_reason reason;
} keyless[] = {
	{AUTH_METHOD_MSCHAPV2, false, M128, END_AUTH_NO_KEYS},
	{AUTH_METHOD_MSCHAPV2, true, 0, END_ENCRYPTION_MISMATCH},
	{AUTH_METHOD_PAP, false, M128, END_AUTH_KEYLESS},
	{AUTH_METHOD_PAP, true, M128, END_AUTH_KEYLESS}, // keys that the client does not have
	{AUTH_METHOD_CHAP_MD5, true, M128, END_AUTH_KEYLESS},
};

TEST(link_policy, s3_that_requires_encryption_ends_a_call_without_keys)
{
	for (size_t i = 0; i < sizeof(keyless) / sizeof(keyless[0]); i++) {
		struct script s;

		SHIM_TRACE_CASE((long long)i);
		script_init(&s);
		s.config.require_encryption = false;
		s.config.n_auth_methods = 1;
		s.config.auth_methods[0] = keyless[i].method;
		s.verdict.has_keys = keyless[i].has_keys;
		s.verdict.has_policy = true;
		s.verdict.policy = (struct link_policy){
			.require_encryption = true, .mppe_bits = keyless[i].bits};
		script_to_authenticate(&s);
		if (keyless[i].method == AUTH_METHOD_CHAP_MD5)
			script_receive(
				&s, PPP_CHAP, "02 01 0016 10 00000000000000000000000000000000 61");
		else if (keyless[i].method == AUTH_METHOD_PAP)
			script_receive(&s, PPP_PAP, "01 01 000a 01 61 03 626262");
		else
			script_respond(&s);
		script_forget(&s);
		script_verdict(&s);
		EXPECT_EQ(s.link.end, keyless[i].reason);
		EXPECT_EQ(s.link.phase, LINK_TERMINATE);
	}
}

// MS-CHAPv1: which strengths there are keys for, and which keys they are.
static const struct {
	bool is_v1, has_lm;
	uint32_t bits, asked;
	const char *outcome;
	uint8_t send, receive; // first byte of the start key; the LM hash's begins with 9
} v1[] = {
	{false, false, M128 | M40, H | M40, "40/40", 1, 4},
	{true, true, M128 | M40, H | M128, "128/128", 1, 4},
	{true, true, M128 | M40, H | M40, "40/40", 9, 9},
	{true, true, M56, H | M56, "56/56", 9, 9},
	{true, false, M128 | M40, H | M128, "128/128", 1, 4},
	{true, false, M128 | M40, H | M40, "encryption-mismatch", 0, 0},
	{true, false, M56 | M40, H | M40, "auth-no-keys", 0, 0},
};

TEST(link_policy, has_keys_of_mschapv1)
{
	for (size_t i = 0; i < sizeof(v1) / sizeof(v1[0]); i++) {
		const struct client client = {"v1", v1[i].asked, v1[i].asked, false, true, REJECTS};
		static struct player p;
		struct link_keys keys;
		char outcome[64];

		SHIM_TRACE_CASE((long long)i);
		memset(&p, 0, sizeof(p));
		script_init(&p.script);
		p.script.config.mppe_bits = v1[i].bits;
		p.script.verdict.keys.is_v1 = v1[i].is_v1;
		p.script.verdict.keys.has_lm = v1[i].has_lm;
		p.script.verdict.keys.lm[0] = 9;
		run(&p, &client);
		describe(&p.script, outcome);
		EXPECT_STREQ(outcome, v1[i].outcome);
		if (!v1[i].send)
			continue;
		link_get_keys(&p.script.link, &keys);
		EXPECT_EQ(keys.start.send[0], v1[i].send);
		EXPECT_EQ(keys.start.receive[0], v1[i].receive);
	}
}

// The two directions of MS-CHAPv1 may have different strengths, and so different start keys.
TEST(link_policy, has_keys_of_mschapv1_for_each_direction)
{
	struct link_keys keys;
	struct script s;

	script_init(&s);
	s.config.mppe_bits = M128 | M40;
	s.verdict.keys.is_v1 = s.verdict.keys.has_lm = true;
	memcpy(s.verdict.keys.lm, "LMLMLMLM", 8);
	memset(s.verdict.keys.send, 7, 16);
	script_to_network(&s);
	script_receive(&s, PPP_CCP, "01 01 000a 1206 01000020");
	script_ack(&s, PPP_CCP);
	EXPECT_TRUE(s.link.encrypting);
	link_get_keys(&s.link, &keys);
	EXPECT_EQ(keys.receive.strength, MPPE_STRENGTH_128);
	EXPECT_EQ(keys.send.strength, MPPE_STRENGTH_40);
	EXPECT_MEMEQ(keys.start.send, "LMLMLMLM\0\0\0\0\0\0\0\0", 16);
	EXPECT_EQ(keys.start.receive[0], 4);
}

TEST(link_policy, asks_only_for_methods_that_yield_keys_where_it_must)
{
	struct script s;

	for (int is_required = 0; is_required < 2; is_required++) {
		script_init(&s);
		s.config.require_encryption = is_required;
		s.config.n_auth_methods = 4;
		s.config.auth_methods[0] = AUTH_METHOD_PAP;
		s.config.auth_methods[1] = AUTH_METHOD_MSCHAPV2;
		s.config.auth_methods[2] = AUTH_METHOD_CHAP_MD5;
		s.config.auth_methods[3] = AUTH_METHOD_MSCHAPV1;
		script_start(&s);
		EXPECT_EQ(lcp_auth_method(&s.link.lcp),
			is_required ? AUTH_METHOD_MSCHAPV2 : AUTH_METHOD_PAP);
		s.seen.next = 1;
		script_receive(&s, PPP_LCP, "03 01 0009 0305 c22305"); // CHAP with MD5
		EXPECT_EQ(lcp_auth_method(&s.link.lcp),
			is_required ? AUTH_METHOD_MSCHAPV1 : AUTH_METHOD_CHAP_MD5);
	}
}

TEST(link_policy, gives_the_name_servers_of_the_group)
{
	struct script s;

	script_init(&s);
	s.verdict.n_dns = 2;
	s.verdict.dns_be[0] = htonl(0x01010101);
	s.verdict.dns_be[1] = htonl(0x02020202);
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 0016 8106 00000000 8206 00000000 8306 00000000");
	FRAME(&s.seen, PPP_IPCP,
		"03 01 001c 8106 01010101 8206 0a000005 8306 02020202 0306 0a4d000a");

	script_init(&s); // one is enough: the configuration's second is not mixed in
	s.config.n_dns = 2;
	s.verdict.n_dns = s.verdict.n_nbns = 1;
	s.verdict.dns_be[0] = htonl(0x01010101);
	s.verdict.nbns_be[0] = htonl(0x03030303);
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 0016 8106 00000000 8206 00000000 8306 00000000");
	FRAME(&s.seen, PPP_IPCP, "04 01 000a 8306 00000000");
	script_receive(&s, PPP_IPCP, "01 02 0016 0306 0a4d000a 8106 00000000 8206 00000000");
	FRAME(&s.seen, PPP_IPCP, "03 02 0010 8106 01010101 8206 03030303");
}

static void choose(struct script *s, uint32_t address)
{
	link_address_chosen(&s->link, htonl(address), s->now_ns, &s->seen.step);
}

TEST(link_policy, lets_the_client_choose_its_address)
{
	for (int by_verdict = 0; by_verdict < 2; by_verdict++) {
		struct script s;

		script_init(&s);
		s.config.use_client_address = !by_verdict;
		s.verdict.client_chooses = by_verdict;
		script_to_encrypted(&s);
		script_receive(&s, PPP_IPCP, "01 01 0010 0206 002d0f01 0306 c0a80105");
		NOTICE(&s.seen, STEP_ADDRESS);
		DONE(&s.seen);
		EXPECT_EQ(link_address_asked(&s.link), htonl(0xc0a80105));
		script_ack(&s, PPP_IPCP); // meanwhile
		script_receive(&s, PPP_IPCP, "01 02 000a 0306 c0a80105");
		DONE(&s.seen);
		choose(&s, 0xc0a80105);
		FRAME(&s.seen, PPP_IPCP, "02 02 000a 0306 c0a80105");
		NOTICE(&s.seen, STEP_UP);
		DONE(&s.seen);
		EXPECT_EQ(s.link.verdict.client_be, htonl(0xc0a80105));
		choose(&s, 0x01020304);					  // nobody asked
		script_receive(&s, PPP_IPCP, "01 03 000a 0306 c0a80106"); // once is enough
		FRAME(&s.seen, PPP_IPCP, "01 ?? 000a 0306 0a4d0001");
		FRAME(&s.seen, PPP_IPCP, "03 03 000a 0306 c0a80105");
	}
}

TEST(link_policy, refuses_an_address_that_is_in_use)
{
	struct script s;

	script_init(&s);
	s.config.use_client_address = true;
	script_to_network(&s);
	// It asks before CCP is open, as Windows does.
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105");
	DONE(&s.seen);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	script_forget(&s);
	script_ack(&s, PPP_CCP);
	NOTICE(&s.seen, STEP_ENCRYPT);
	FRAME(&s.seen, PPP_IPCP, "01 01 000a 0306 0a4d0001");
	NOTICE(&s.seen, STEP_ADDRESS);
	DONE(&s.seen);
	choose(&s, 0x0a4d000a); // the one that it has
	FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000a");
	for (int i = 0; i < 5; i++)
		script_receive(&s, PPP_IPCP, "01 02 000a 0306 c0a80105");
	EXPECT_EQ(s.link.end, END_ADDRESS_IN_USE);
}

TEST(link_policy, asks_for_no_address_that_the_client_has)
{
	struct script s;

	script_init(&s);
	s.config.use_client_address = true;
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 00000000");
	FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000a");
	script_receive(&s, PPP_IPCP, "01 02 000a 0306 0a4d000a");
	FRAME(&s.seen, PPP_IPCP, "02 02 000a 0306 0a4d000a");
	DONE(&s.seen);

	script_init(&s); // policy has none of it
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105");
	FRAME(&s.seen, PPP_IPCP, "03 01 000a 0306 0a4d000a");
	EXPECT_EQ(link_address_asked(&s.link), 0);
}

// LCP negotiates again while the caller looks for the address: what comes too late is for nobody.
TEST(link_policy, forgets_an_address_that_comes_too_late)
{
	struct script s;

	script_init(&s);
	s.config.use_client_address = true;
	script_to_encrypted(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105");
	script_receive(&s, PPP_LCP, PPPD_LCP);
	script_forget(&s);
	choose(&s, 0xc0a80105);
	DONE(&s.seen);
	script_ack(&s, PPP_LCP);
	script_respond(&s);
	script_verdict(&s);
	script_receive(&s, PPP_CCP, "01 01" MPPE_128);
	script_ack(&s, PPP_CCP);
	script_forget(&s);
	script_receive(&s, PPP_IPCP, "01 01 000a 0306 c0a80105"); // and it may ask again
	NOTICE(&s.seen, STEP_ADDRESS);
	DONE(&s.seen);
}
