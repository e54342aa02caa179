// SPDX-License-Identifier: BSD-3-Clause
#include "proto/ipcp.h"

#include "wire/ppp.h"

#include <assert.h>

static_assert(offsetof(struct ipcp, fsm) == 0, "the automaton finds IPCP by its own address");

static struct ipcp *ipcp_of(struct fsm *f)
{
	return (struct ipcp *)f;
}

// An address in network order, as options carry it.
static struct span address_of(const uint32_t *be)
{
	return span_of(be, sizeof(*be));
}

static void build(const struct fsm *f, struct writer *w)
{
	const struct ipcp *i = (const struct ipcp *)f;

	if (i->says_address)
		cp_option_put(w, IPCP_OPTION_ADDRESS, address_of(&i->addresses.server_be));
}

// The value that the peer is to have for an option, NULL when we do not give one.
static const uint32_t *value_for(const struct ipcp *i, uint8_t type)
{
	const struct ipcp_addresses *a = &i->addresses;
	const uint32_t *be;

	switch (type) {
	case IPCP_OPTION_ADDRESS:
		return &a->client_be;
	case IPCP_OPTION_DNS_1:
		be = &a->dns_be[0];
		break;
	case IPCP_OPTION_DNS_2:
		be = &a->dns_be[1];
		break;
	case IPCP_OPTION_NBNS_1:
		be = &a->nbns_be[0];
		break;
	case IPCP_OPTION_NBNS_2:
		be = &a->nbns_be[1];
		break;
	default: // IP-Addresses, VJ compression, what came later
		return NULL;
	}
	return *be ? be : NULL;
}

static void judge_option(struct ipcp *i, const struct cp_option *option, struct fsm_reply *reply)
{
	const uint32_t *be = value_for(i, option->type);

	if (!be) {
		fsm_reject(reply, option);
		return;
	}
	if (span_equal(option->value, address_of(be)))
		return;
	if (reply->may_nak)
		cp_option_put(&reply->nak, option->type, address_of(be));
	else if (option->type == IPCP_OPTION_ADDRESS) // it insists on one that it was not given
		fsm_fail(&i->fsm, i->has_refused ? END_ADDRESS_IN_USE : END_IPCP_FAILED);
	else
		fsm_reject(reply, option);
}

static void judge(struct fsm *f, struct span options, struct fsm_reply *reply)
{
	struct ipcp *i = ipcp_of(f);
	struct cp_option option;
	bool asks_address = false;

	while (cp_option_next(&options, &option) > 0) {
		asks_address |= option.type == IPCP_OPTION_ADDRESS;
		judge_option(i, &option, reply);
	}
	// RFC 1332 3.3: a peer that names no address is told to. If it will not, max_failure Naks
	// later, let it be: only packets from the address that it was given pass anyway.
	if (!asks_address && reply->may_nak)
		cp_option_put(
			&reply->nak, IPCP_OPTION_ADDRESS, address_of(&i->addresses.client_be));
}

static void take_nak(struct fsm *f, struct span options)
{
	struct ipcp *i = ipcp_of(f);
	struct cp_option option;

	// pppd with ipcp-accept-remote off, or a client with a fixed idea of our address: we keep
	// ours.
	while (cp_option_next(&options, &option) > 0) {
		if (option.type == IPCP_OPTION_ADDRESS &&
			++i->n_address_naks > f->limits.max_failure)
			fsm_fail(f, END_IPCP_FAILED);
	}
}

static void take_reject(struct fsm *f, struct span options)
{
	struct cp_option option;

	while (cp_option_next(&options, &option) > 0) {
		if (option.type == IPCP_OPTION_ADDRESS)
			ipcp_of(f)->says_address = false;
	}
}

static void up(struct fsm *f, uint64_t now_ns, struct step *out)
{
	ipcp_of(f)->n_address_naks = 0;
}

static const struct fsm_ops ipcp_ops = {
	.protocol = PPP_IPCP,
	.unanswered = END_IPCP_FAILED,
	.refused = END_IPCP_FAILED,
	.build = build,
	.judge = judge,
	.take_nak = take_nak,
	.take_reject = take_reject,
	.up = up,
};

void ipcp_init(
	struct ipcp *i, const struct fsm_limits *limits, const struct ipcp_addresses *addresses)
{
	*i = (struct ipcp){.addresses = *addresses, .says_address = true};
	fsm_init(&i->fsm, &ipcp_ops, limits);
}

uint32_t ipcp_asks_for(const struct ipcp *i, struct span info)
{
	struct cp_packet packet;
	struct cp_option option;
	uint32_t asked_be = 0;

	if (cp_packet_get(info, &packet) != 0 || packet.code != CP_CONFIGURE_REQUEST)
		return 0;
	while (cp_option_next(&packet.data, &option) > 0)
		if (option.type == IPCP_OPTION_ADDRESS && option.value.len == sizeof(asked_be))
			memcpy(&asked_be, option.value.bytes, sizeof(asked_be));
	return asked_be == i->addresses.client_be ? 0 : asked_be;
}

void ipcp_choose(struct ipcp *i, uint32_t asked_be, uint32_t client_be)
{
	i->addresses.client_be = client_be;
	i->has_refused = client_be != asked_be;
}

void ipcp_start(struct ipcp *i, uint64_t now_ns, struct step *out)
{
	fsm_open(&i->fsm, now_ns, out);
	fsm_up(&i->fsm, now_ns, out);
}
