// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_peer_options.h"

#include "sim/sim_peer_auth.h"

enum {
	LCP_MRU = 1,
	LCP_ACCM = 2,
	LCP_AUTH = 3,
	LCP_MAGIC = 5,
	LCP_PFC = 7,
	LCP_ACFC = 8,
	LCP_CALLBACK = 13,
	LCP_MRRU = 17,
	LCP_ENDPOINT = 19,
	CCP_DEFLATE = 26,
	IPCP_COMPRESSION = 2,
	IPCP_DNS_1 = 129,
};

static void add_option(struct sim_cp *cp, uint8_t type, uint8_t len, uint32_t value)
{
	cp->types[cp->n_options] = type;
	cp->lens[cp->n_options] = len;
	cp->values[cp->n_options++] = value;
}

void sim_peer_options_drop(struct sim_cp *cp, uint8_t type)
{
	for (uint8_t i = 0; i < cp->n_options; i++) {
		if (cp->types[i] != type)
			continue;
		cp->n_options--;
		for (; i < cp->n_options; i++) {
			cp->types[i] = cp->types[i + 1];
			cp->lens[i] = cp->lens[i + 1];
			cp->values[i] = cp->values[i + 1];
		}
	}
}

uint32_t *sim_peer_options_find(struct sim_cp *cp, uint8_t type)
{
	for (uint8_t i = 0; i < cp->n_options; i++)
		if (cp->types[i] == type)
			return &cp->values[i];
	return NULL;
}

static void ask_lcp(const struct sim_peer *p, struct sim_cp *cp)
{
	const struct sim_peer_profile *profile = p->profile;

	if (profile->mru)
		add_option(cp, LCP_MRU, 2, profile->mru);
	if (profile->asks_accm)
		add_option(cp, LCP_ACCM, 4, 0);
	add_option(cp, LCP_MAGIC, 4, p->magic);
	if (profile->asks_pfc)
		add_option(cp, LCP_PFC, 0, 0);
	if (profile->asks_acfc)
		add_option(cp, LCP_ACFC, 0, 0);
	if (profile->asks_multilink)
		add_option(cp, LCP_MRRU, 2, 1614);
	if (profile->asks_callback)
		add_option(cp, LCP_CALLBACK, 1, 6);
	if (profile->asks_endpoint)
		add_option(cp, LCP_ENDPOINT, 4, 0x01020304);
}

static void ask_ccp(const struct sim_peer *p, struct sim_cp *cp)
{
	bool is_deflate = p->profile->ccp == SIM_CCP_DEFLATE_ONLY;

	if (!is_deflate && p->profile->ccp != SIM_CCP_REJECTS_OPTION && p->profile->mppe_bits)
		add_option(cp, MPPE_OPTION_TYPE, 4, p->profile->mppe_bits);
	if (is_deflate || p->profile->asks_deflate)
		add_option(cp, CCP_DEFLATE, 2, 0x7800);
}

static void ask_ipcp(const struct sim_peer *p, struct sim_cp *cp)
{
	if (p->profile->asks_vj)
		add_option(cp, IPCP_COMPRESSION, 4, 0x002d0f01);
	add_option(cp, SIM_IPCP_ADDRESS, 4, p->address);
	for (uint8_t i = 0; i < p->profile->n_servers; i++)
		add_option(cp, IPCP_DNS_1 + i, 4, 0);
}

void sim_peer_options_ask(const struct sim_peer *p, enum sim_cp_kind kind, struct sim_cp *cp)
{
	switch (kind) {
	case SIM_LCP:
		ask_lcp(p, cp);
		break;
	case SIM_CCP:
		ask_ccp(p, cp);
		break;
	case SIM_IPCP:
		ask_ipcp(p, cp);
		break;
	case SIM_CP_KINDS:
		break;
	}
}

static enum auth_method method_of(struct span value)
{
	uint8_t known[3];

	for (int m = AUTH_METHOD_MSCHAPV2; m <= AUTH_METHOD_PAP; m++)
		if (span_equal(value, span_of(known, sim_peer_auth_option(m, known))))
			return (enum auth_method)m;
	return AUTH_METHOD_NONE;
}

static void judge_auth(
	struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	enum auth_method method = method_of(option->value);
	uint8_t value[3];

	if (sim_peer_auth_knows(p->profile, method)) {
		p->method = method;
		return;
	}
	method = p->profile->methods[0] ? p->profile->methods[0] : AUTH_METHOD_MSCHAPV2;
	cp_option_put(&a->nak, LCP_AUTH, span_of(value, sim_peer_auth_option(method, value)));
}

static void judge_lcp(struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	switch (option->type) {
	case LCP_AUTH:
		judge_auth(p, option, a);
		break;
	case LCP_MRU:
	case LCP_MAGIC:
	case LCP_PFC:
		break;
	case LCP_ACCM:
	case LCP_ACFC:
		if (!p->profile->rejects_compression)
			break;
		// fall through
	default:
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
		break;
	}
}

static uint32_t strengths_of(const struct sim_peer *p)
{
	return p->profile->strengths ? p->profile->strengths : (uint32_t)MPPE_OPTION_128;
}

// One strength that it takes, a mode that it takes, nothing else.
static bool takes(const struct sim_peer *p, uint32_t bits)
{
	uint32_t strength = bits & SIM_MPPE_STRENGTHS;
	bool is_stateless = bits & MPPE_OPTION_STATELESS;

	return strength && (strength & (strength - 1)) == 0 && strength & strengths_of(p) &&
	       (bits & ~(uint32_t)(SIM_MPPE_STRENGTHS | MPPE_OPTION_STATELESS)) == 0 &&
	       (is_stateless ? !p->profile->no_stateless : p->profile->takes_stateful);
}

static uint32_t preference(const struct sim_peer *p)
{
	uint32_t bits = strengths_of(p), mode = 0;

	if (!p->profile->no_stateless &&
		(p->profile->mppe_bits & MPPE_OPTION_STATELESS || !p->profile->takes_stateful))
		mode = MPPE_OPTION_STATELESS;
	if (bits & MPPE_OPTION_128)
		return MPPE_OPTION_128 | mode;
	return (bits & MPPE_OPTION_56 ? MPPE_OPTION_56 : MPPE_OPTION_40) | mode;
}

uint32_t sim_peer_options_choose(const struct sim_peer *p, uint32_t suggested)
{
	return takes(p, suggested) ? suggested : preference(p);
}

// The strength that both know, in the mode that the client would rather have.
static uint32_t counter_offer(const struct sim_peer *p, uint32_t bits)
{
	uint32_t mode = preference(p) & MPPE_OPTION_STATELESS;
	uint32_t common = bits & strengths_of(p);

	if (common & MPPE_OPTION_128)
		return MPPE_OPTION_128 | mode;
	if (common & MPPE_OPTION_56)
		return MPPE_OPTION_56 | mode;
	return common ? MPPE_OPTION_40 | mode : preference(p);
}

static void judge_ccp(struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	bool knows = p->profile->ccp == SIM_CCP_MPPE;
	uint32_t bits = option->value.len == 4 ? bytes_get_u32(option->value.bytes) : 0;

	if (option->type != MPPE_OPTION_TYPE || option->value.len != 4 || !knows)
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
	else if (takes(p, bits))
		a->server_bits = bits;
	else if (p->profile->rejects_modes)
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
	else
		cp_option_put_u32(&a->nak, MPPE_OPTION_TYPE, counter_offer(p, bits));
}

static void judge_ipcp(
	struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	if (option->type == SIM_IPCP_ADDRESS && option->value.len == 4)
		p->server_address = bytes_get_u32(option->value.bytes);
	else
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
}

void sim_peer_options_judge(
	struct sim_peer *p, enum sim_cp_kind kind, struct span options, struct sim_peer_answer *a)
{
	struct cp_option option;

	a->nak = writer_of(a->nak_bytes, sizeof(a->nak_bytes));
	a->reject = writer_of(a->reject_bytes, sizeof(a->reject_bytes));
	a->server_bits = 0;
	while (cp_option_next(&options, &option) > 0) {
		switch (kind) {
		case SIM_LCP:
			judge_lcp(p, &option, a);
			break;
		case SIM_CCP:
			judge_ccp(p, &option, a);
			break;
		case SIM_IPCP:
			judge_ipcp(p, &option, a);
			break;
		case SIM_CP_KINDS:
			break;
		}
	}
}
