// SPDX-License-Identifier: BSD-3-Clause
// A PPP link under a client that may say anything at any time.
//
//   input    one or two bytes of policy, then records: kind, wait in units of 50 ms, a choice for the
//            kind; for a frame the choice is its protocol, and length and bytes follow
#include "fuzz/fuzz.h"
#include "proto/link.h"
#include "wire/ppp.h"

enum record_kind {
	RECORD_FRAME,	// as it stands
	RECORD_REPLY,	// our last Configure-Request with another code: Ack, Nak, Reject
	RECORD_ANSWER,	// a Response with the identifier that is waited for
	RECORD_VERDICT, // of AAA
	RECORD_CLOSE,	// by the caller
	RECORD_DESYNC,	// the worker lost a packet
	RECORD_ADDRESS, // that the caller has chosen
	RECORD_KINDS,
};

struct play {
	struct link link;
	struct step step;
	uint64_t now_ns;
	bool has_ended;
	bool has_keys; // STEP_KEYS was said since authentication began
	uint8_t request_len[3];
	uint8_t request[3][64];
};

static const uint16_t protocols[] = {PPP_LCP, PPP_CCP, PPP_IPCP, PPP_CHAP, PPP_PAP, PPP_IPV6CP,
	PPP_CBCP, PPP_EAP, PPP_IP, PPP_COMP, 0xffff};

enum { N_PROTOCOLS = sizeof(protocols) / sizeof(protocols[0]) };

// The bits of the second byte, which is there when bit 6 of the first is set.
enum policy_bit {
	POLICY_PREFER = 1,
	POLICY_STATEFUL = 2,
	POLICY_ALL_METHODS = 4,
	POLICY_PAP_FIRST = 8,
	POLICY_CLIENT_ADDRESS = 16,
	POLICY_CHANGE_PASSWORD = 32,
};

static void add_policy(struct link_config *c, uint8_t more)
{
	static const enum auth_method methods[] = {
		AUTH_METHOD_PAP, AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1, AUTH_METHOD_CHAP_MD5};

	c->prefer_encryption = more & POLICY_PREFER;
	c->require_stateless = !(more & POLICY_STATEFUL);
	c->use_client_address = more & POLICY_CLIENT_ADDRESS;
	c->may_change_password = more & POLICY_CHANGE_PASSWORD;
	if (!(more & POLICY_ALL_METHODS))
		return;
	c->n_auth_methods = 4;
	for (int i = 0; i < 4; i++)
		c->auth_methods[i] = methods[(i + !(more & POLICY_PAP_FIRST)) % 4];
}

static struct link_config config_of(uint8_t bits)
{
	static const uint32_t strengths[] = {MPPE_OPTION_128, 0, MPPE_OPTION_40, CCP_STRENGTH_BITS};

	return (struct link_config){
		.mru = 1400,
		.require_encryption = !(bits & 1),
		.require_stateless = true,
		.auth_methods = {AUTH_METHOD_MSCHAPV2},
		.n_auth_methods = 1,
		.mppe_bits = strengths[bits >> 1 & 3],
		.server_be = 1,
		.dns_be = {2},
		.n_dns = 1,
		.name = "adit",
		.restart_ns = bits & 8 ? 0 : 1000000000,
		.first_restart_ns = 300000000,
		.max_configure = 10,
		.max_terminate = 2,
		.max_failure = 5,
		.auth_retries = bits >> 4 & 1,
		.auth_timeout_ns = 30000000000,
		.no_lcp_timeout_ns = 30000000000,
		.setup_timeout_ns = 60000000000,
		.echo_interval_ns = bits & 32 ? 0 : 20000000000,
		.echo_failures = 3,
	};
}

// What must hold after every call; and remember our requests.
static void check_keys(struct play *p)
{
	const struct link_policy *policy = &p->link.policy;
	struct link_keys keys;

	p->has_keys = true;
	link_get_keys(&p->link, &keys);
	REQUIRE(auth_method_has_keys(lcp_auth_method(&p->link.lcp)) && p->link.verdict.has_keys);
	REQUIRE(keys.receive.strength != MPPE_STRENGTH_NONE);
	REQUIRE(keys.send.strength != MPPE_STRENGTH_NONE);
	REQUIRE(!policy->require_stateless ||
		(keys.receive.is_stateless && keys.send.is_stateless));
	REQUIRE(!keys.start.is_v1 || keys.start.has_lm ||
		(keys.receive.strength == MPPE_STRENGTH_128 &&
			keys.send.strength == MPPE_STRENGTH_128));
}

static void look(struct play *p)
{
	REQUIRE(!p->step.overflowed);
	for (unsigned int i = 0; i < p->step.n_items; i++) {
		const struct step_item *item = &p->step.items[i];
		struct span info = step_frame_info(&p->step, item);

		REQUIRE(!p->has_ended);
		if (item->kind == STEP_ENDED) {
			p->has_ended = true;
			REQUIRE(i == p->step.n_items - 1u && item->reason != END_NONE);
		}
		if (item->kind == STEP_AUTHENTICATE)
			p->has_keys = false;
		else if (item->kind == STEP_KEYS)
			check_keys(p);
		REQUIRE(item->kind != STEP_ENCRYPT || p->has_keys);
		REQUIRE(item->kind != STEP_UP || !p->link.policy.require_encryption || p->has_keys);
		if (item->kind != STEP_FRAME)
			continue;
		REQUIRE(info.len >= CP_HEADER_BYTES && info.len <= FSM_INFO_BYTES_MAX);
		REQUIRE(bytes_get_u16(info.bytes + 2) == info.len);
		for (unsigned int k = 0; k < 3; k++)
			if (item->protocol == protocols[k] &&
				info.bytes[0] == CP_CONFIGURE_REQUEST &&
				info.len <= sizeof(p->request[k])) {
				memcpy(p->request[k], info.bytes, info.len);
				p->request_len[k] = (uint8_t)info.len;
			}
	}
	REQUIRE(p->has_ended == (p->link.phase == LINK_ENDED));
	REQUIRE(p->link.phase != LINK_OPEN || p->link.up);
	step_clear(&p->step);
}

static void pass_time(struct play *p, uint64_t ns)
{
	uint64_t until_ns = p->now_ns + ns;

	while (link_deadline(&p->link) <= until_ns) {
		if (link_deadline(&p->link) > p->now_ns)
			p->now_ns = link_deadline(&p->link);
		link_expire(&p->link, p->now_ns, &p->step);
		look(p);
		REQUIRE(link_deadline(&p->link) > p->now_ns);
	}
	p->now_ns = until_ns;
}

static void reply(struct play *p, uint8_t protocol, uint8_t code)
{
	uint8_t bytes[64];

	memcpy(bytes, p->request[protocol % 3], sizeof(bytes));
	bytes[0] = code;
	link_receive(&p->link, protocols[protocol % 3],
		span_of(bytes, p->request_len[protocol % 3]), p->now_ns, &p->step);
}

static void give_verdict(struct play *p, uint8_t bits)
{
	static const enum end_reason reasons[] = {
		END_AUTH_REJECTED, END_AUTH_UNAVAILABLE, END_NO_ADDRESS};
	struct link_verdict v = {
		.accepted = bits & 1,
		.has_keys = bits & 2,
		.reason = reasons[(bits >> 2) % 3],
		.ms_error = bits & 16 ? 691 : 0,
		.client_be = 3,
		.keys = {.is_v1 = bits & 32, .has_lm = bits & 64},
		.client_chooses = bits & 128,
		.has_policy = bits & 4, // of a yes, where the bits of a no are free
		.policy = {.require_encryption = bits & 8,
			.require_stateless = !(bits & 16),
			.prefer_encryption = true,
			.mppe_bits = CCP_STRENGTH_BITS},
	};

	link_authenticated(&p->link, &v, p->now_ns, &p->step);
}

static void answer_challenge(struct play *p)
{
	static const uint8_t md5[4 + 1 + 16] = {CHAP_RESPONSE, 0, 0, sizeof(md5), 16};
	uint8_t request[] = {1, 0, 0, 8, 1, 'u', 1, 'p'}; // PAP
	uint8_t response[4 + 1 + CHAP_MSCHAPV2_VALUE_BYTES] = {
		CHAP_RESPONSE, p->link.auth.id, 0, sizeof(response), CHAP_MSCHAPV2_VALUE_BYTES};

	if (lcp_auth_method(&p->link.lcp) == AUTH_METHOD_PAP) {
		link_receive(
			&p->link, PPP_PAP, span_of(request, sizeof(request)), p->now_ns, &p->step);
		return;
	}
	if (lcp_auth_method(&p->link.lcp) == AUTH_METHOD_CHAP_MD5) {
		memcpy(response, md5, sizeof(md5));
		response[1] = p->link.auth.id;
	}
	link_receive(&p->link, PPP_CHAP, span_of(response, sizeof(response)), p->now_ns, &p->step);
}

static void play_record(struct play *p, struct reader *r)
{
	uint8_t kind = reader_u8(r) % RECORD_KINDS;

	pass_time(p, reader_u8(r) * 50000000ULL);
	uint8_t choice = reader_u8(r);

	if (kind == RECORD_FRAME) {
		uint16_t len = reader_u16(r);
		struct span info = reader_take(r, len < r->left ? len : r->left);

		link_receive(&p->link, protocols[choice % N_PROTOCOLS], info, p->now_ns, &p->step);
	} else if (kind == RECORD_REPLY) {
		reply(p, choice, reader_u8(r));
	} else if (kind == RECORD_ANSWER) {
		answer_challenge(p);
	} else if (kind == RECORD_VERDICT) {
		give_verdict(p, choice);
	} else if (kind == RECORD_DESYNC) {
		link_desync(&p->link, p->now_ns, &p->step);
	} else if (kind == RECORD_ADDRESS) {
		link_address_chosen(&p->link, choice & 1 ? 4 : link_address_asked(&p->link),
			p->now_ns, &p->step);
	} else {
		link_close(&p->link, (enum end_reason)(1 + choice % (END_REASON_COUNT - 1)),
			p->now_ns, &p->step);
	}
	look(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t challenge[16];
	struct reader r = reader_of(span_of(data, size));
	uint8_t policy = reader_u8(&r);
	struct link_config config = config_of(policy);
	struct play p = {.now_ns = 1000};

	if (policy & 64)
		add_policy(&config, reader_u8(&r));
	link_init(&p.link, &config, 1, challenge);
	link_start(&p.link, p.now_ns, &p.step);
	look(&p);
	while (r.left > 0)
		play_record(&p, &r);
	// Left alone it ends, unless it is up and is not asked for signs of life.
	bool is_quiet = p.link.phase == LINK_OPEN && config.echo_interval_ns == 0;

	for (int i = 0; i < 30 && !p.has_ended && !is_quiet; i++)
		pass_time(&p, 10000000000);
	REQUIRE(p.has_ended || is_quiet || p.link.phase == LINK_OPEN);
	link_wipe(&p.link);
	return 0;
}
