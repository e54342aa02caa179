// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_peer_options.h"

enum {
	LCP_MRU = 1,
	LCP_ACCM = 2,
	LCP_AUTH = 3,
	LCP_MAGIC = 5,
	LCP_PFC = 7,
	LCP_ACFC = 8,
	LCP_CALLBACK = 13,
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
	if (profile->asks_callback)
		add_option(cp, LCP_CALLBACK, 1, 6);
	if (profile->asks_endpoint)
		add_option(cp, LCP_ENDPOINT, 4, 0x01020304);
}

static void ask_ccp(const struct sim_peer *p, struct sim_cp *cp)
{
	bool is_deflate = p->profile->ccp == SIM_CCP_DEFLATE_ONLY;

	if (!is_deflate && p->profile->ccp != SIM_CCP_REJECTS_OPTION)
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

static void judge_lcp(struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	static const uint8_t mschapv2[] = {0xc2, 0x23, 0x81}, pap[] = {0xc0, 0x23};
	struct span wanted = span_of(mschapv2, sizeof(mschapv2));

	switch (option->type) {
	case LCP_AUTH:
		if (p->profile->is_pap_only)
			wanted = span_of(pap, sizeof(pap));
		if (!span_equal(option->value, wanted))
			cp_option_put(&a->nak, LCP_AUTH, wanted);
		break;
	case LCP_MRU:
	case LCP_ACCM:
	case LCP_MAGIC:
	case LCP_PFC:
	case LCP_ACFC:
		break;
	default:
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
		break;
	}
}

static void judge_ccp(struct sim_peer *p, const struct cp_option *option, struct sim_peer_answer *a)
{
	uint32_t wanted = p->profile->ccp == SIM_CCP_MPPE ? SIM_MPPE_WANTED : p->profile->mppe_bits;
	bool knows = p->profile->ccp != SIM_CCP_REJECTS_OPTION &&
		     p->profile->ccp != SIM_CCP_DEFLATE_ONLY;

	if (option->type != MPPE_OPTION_TYPE || option->value.len != 4 || !knows)
		writer_bytes(&a->reject, option->whole.bytes, option->whole.len);
	else if (bytes_get_u32(option->value.bytes) != wanted)
		cp_option_put_u32(&a->nak, MPPE_OPTION_TYPE, wanted);
	else
		a->server_bits = wanted;
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
