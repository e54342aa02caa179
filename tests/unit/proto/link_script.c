// SPDX-License-Identifier: BSD-3-Clause
#include "link_script.h"

#include <arpa/inet.h>

void script_init(struct script *s)
{
	memset(s, 0, sizeof(*s));
	s->config = (struct link_config){
		.mru = 1400,
		.require_encryption = true,
		.prefer_encryption = true,
		.require_stateless = true,
		.auth_methods = {AUTH_METHOD_MSCHAPV2},
		.n_auth_methods = 1,
		.mppe_bits = MPPE_OPTION_128,
		.server_be = htonl(0x0a4d0001),
		.dns_be = {htonl(0x08080808), htonl(0x09090909)},
		.nbns_be = {htonl(0x0a000005)},
		.n_dns = 1,
		.n_nbns = 1,
		.name = "adit-sr",
		.restart_ns = S(3),
		.first_restart_ns = MS(500),
		.max_configure = 5,
		.max_terminate = 2,
		.max_failure = 5,
		.auth_timeout_ns = S(40),
		.no_lcp_timeout_ns = S(30),
		.setup_timeout_ns = S(60),
		.echo_interval_ns = S(20),
		.echo_failures = 3,
	};
	s->verdict = (struct link_verdict){
		.accepted = true,
		.authenticator_response = "S=8FD215C7BA2127001549DF938E27C474A7D7822",
		.has_keys = true,
		.keys = {.send = {1, 2, 3}, .receive = {4, 5, 6}},
		.client_be = htonl(0x0a4d000a),
	};
	s->verdict.authenticator_response[41] = 'D'; // the field is not terminated
	s->now_ns = S(100);
}

// Look at what a call has added to the step.
static void look(struct script *s, unsigned int from)
{
	static const uint16_t protocols[3] = {PPP_LCP, PPP_CCP, PPP_IPCP};

	EXPECT_FALSE(s->seen.step.overflowed);
	for (unsigned int i = from; i < s->seen.step.n_items; i++) {
		const struct step_item *item = &s->seen.step.items[i];
		struct span info = step_frame_info(&s->seen.step, item);

		EXPECT_FALSE(s->has_ended);
		if (item->kind == STEP_ENDED) {
			s->has_ended = true;
			s->reason = item->reason;
			EXPECT_EQ(s->link.end, item->reason);
			EXPECT_EQ(s->link.phase, LINK_ENDED);
		}
		for (unsigned int p = 0; p < 3; p++) {
			if (item->kind != STEP_FRAME || item->protocol != protocols[p])
				continue;
			if (info.bytes[0] != CP_CONFIGURE_REQUEST ||
				info.len > sizeof(s->request[p]))
				continue;
			memcpy(s->request[p], info.bytes, info.len);
			s->request_len[p] = (uint8_t)info.len;
		}
	}
}

void script_start(struct script *s)
{
	static const uint8_t challenge[16] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

	link_init(&s->link, &s->config, 7, challenge);
	link_start(&s->link, s->now_ns, &s->seen.step);
	look(s, 0);
}

void script_receive_bytes(struct script *s, uint16_t protocol, struct span info)
{
	unsigned int from = s->seen.step.n_items;

	link_receive(&s->link, protocol, info, s->now_ns, &s->seen.step);
	look(s, from);
}

void script_receive(struct script *s, uint16_t protocol, const char *hex)
{
	uint8_t bytes[256];

	script_receive_bytes(s, protocol, span_of(bytes, hex_bytes(hex, bytes, sizeof(bytes))));
}

static void send_back(struct script *s, uint16_t protocol, enum cp_code code)
{
	unsigned int p = protocol == PPP_LCP ? 0 : protocol == PPP_CCP ? 1 : 2;
	uint8_t reply[64];

	memcpy(reply, s->request[p], sizeof(reply));
	reply[0] = (uint8_t)code;
	script_receive_bytes(s, protocol, span_of(reply, s->request_len[p]));
}

void script_ack(struct script *s, uint16_t protocol)
{
	send_back(s, protocol, CP_CONFIGURE_ACK);
}

void script_reject(struct script *s, uint16_t protocol)
{
	send_back(s, protocol, CP_CONFIGURE_REJECT);
}

void script_respond(struct script *s)
{
	uint8_t response[64];
	size_t n = hex_bytes("02 00 003a" RESPONSE_BODY, response, sizeof(response));

	response[1] = s->link.auth.id;
	script_receive_bytes(s, PPP_CHAP, span_of(response, n));
}

void script_verdict(struct script *s)
{
	unsigned int from = s->seen.step.n_items;

	link_authenticated(&s->link, &s->verdict, s->now_ns, &s->seen.step);
	look(s, from);
}

void script_close(struct script *s, enum end_reason reason)
{
	unsigned int from = s->seen.step.n_items;

	link_close(&s->link, reason, s->now_ns, &s->seen.step);
	look(s, from);
}

static void wait_until(struct script *s, uint64_t until_ns, bool forget)
{
	while (link_deadline(&s->link) <= until_ns) {
		unsigned int from = forget ? 0 : s->seen.step.n_items;

		if (forget)
			script_forget(s);
		s->now_ns = link_deadline(&s->link);
		link_expire(&s->link, s->now_ns, &s->seen.step);
		look(s, from);
		ASSERT_TRUE(link_deadline(&s->link) > s->now_ns); // no timer spins
	}
	s->now_ns = until_ns;
}

void script_wait(struct script *s, uint64_t ns)
{
	wait_until(s, s->now_ns + ns, false);
}

void script_sleep(struct script *s, uint64_t ns)
{
	wait_until(s, s->now_ns + ns, true);
	script_forget(s);
}

enum end_reason script_run_out(struct script *s)
{
	for (int i = 0; i < 3600 && !s->has_ended; i++)
		script_sleep(s, S(1));
	EXPECT_TRUE(s->has_ended);
	EXPECT_EQ(link_deadline(&s->link), LINK_NEVER);
	return s->reason;
}

void script_forget(struct script *s)
{
	step_clear(&s->seen.step);
	s->seen.next = 0;
}

void script_to_authenticate(struct script *s)
{
	script_start(s);
	script_receive(s, PPP_LCP, PPPD_LCP);
	script_ack(s, PPP_LCP);
	EXPECT_EQ(s->link.phase, LINK_AUTHENTICATE);
	script_forget(s);
}

void script_to_network(struct script *s)
{
	script_to_authenticate(s);
	script_respond(s);
	script_verdict(s);
	EXPECT_EQ(s->link.phase, LINK_NETWORK);
	script_forget(s);
}

void script_to_encrypted(struct script *s)
{
	script_to_network(s);
	script_receive(s, PPP_CCP, "01 01" MPPE_128);
	script_ack(s, PPP_CCP);
	EXPECT_TRUE(s->link.encrypting);
	script_forget(s);
}

void script_to_open(struct script *s)
{
	if (s->config.require_encryption)
		script_to_encrypted(s);
	else
		script_to_network(s);
	script_receive(s, PPP_IPCP, "01 02 000a 0306 0a4d000a");
	script_ack(s, PPP_IPCP);
	EXPECT_EQ(s->link.phase, LINK_OPEN);
	script_forget(s);
}
