// SPDX-License-Identifier: BSD-3-Clause
#include "msg/acl.h"

#include "unit_eal.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <rte_byteorder.h>
#include <rte_common.h>

enum {
	CLIENT = 0x0a080002, // 10.8.0.2
	HOST = 0x0a140009,   // 10.20.0.9
	OTHER = 0x0b000001,
	SYN = 0x02,
	ACK = 0x10,
	RST = 0x04,
	GRE = 47,
	PACKET_BYTES = 128,
	MORE = 0x2000,
};

struct packet {
	uint32_t from, to;
	uint8_t protocol;
	uint16_t source_port, destination_port; // of ICMP: the type is the high byte of the first
	uint8_t tcp_flags;
	uint16_t fragment; // flags and offset
	uint16_t len;	   // behind the header; 0: 40
};

static void put(const struct packet *p, uint8_t *out, struct inet_ipv4 *ip)
{
	uint16_t len = p->len ? p->len : 40;

	memset(out, 0, PACKET_BYTES);
	inet_ipv4_put(out, rte_cpu_to_be_32(p->from), rte_cpu_to_be_32(p->to), p->protocol,
		(uint16_t)(20 + len), 1, 64, 0, false);
	bytes_put_u16(out + 6, p->fragment);
	bytes_put_u16(out + 10, 0);
	bytes_put_u16(out + 10, inet_checksum(out, 20));
	bytes_put_u16(out + 20, p->source_port);
	bytes_put_u16(out + 22, p->destination_port);
	out[33] = p->tcp_flags;
	EXPECT_EQ(DROP_NONE, inet_ipv4_get(out, 20U + len, DROP_INNER_IP_BAD, ip));
}

static bool permits(const struct acl_set *set, uint16_t acl, const struct packet *p)
{
	uint8_t bytes[PACKET_BYTES];
	struct inet_ipv4 ip;

	put(p, bytes, &ip);
	return acl_permits(set, acl, &ip, bytes);
}

static uint32_t mask_be(unsigned int len)
{
	return len ? rte_cpu_to_be_32(UINT32_MAX << (32 - len)) : 0;
}

static struct acl_rule rule(uint8_t flags, uint8_t protocol, uint32_t from, unsigned int from_len,
	uint32_t to, unsigned int to_len)
{
	return (struct acl_rule){
		.flags = (uint8_t)(flags | (protocol ? 0 : ACL_ANY_PROTOCOL)),
		.protocol = protocol,
		.source_be = rte_cpu_to_be_32(from) & mask_be(from_len),
		.source_mask_be = mask_be(from_len),
		.destination_be = rte_cpu_to_be_32(to) & mask_be(to_len),
		.destination_mask_be = mask_be(to_len),
		.source_port_max = UINT16_MAX,
		.destination_port_max = UINT16_MAX,
	};
}

static struct acl_set *set_of(const struct acl_rule *rules, uint32_t n)
{
	(void)unit_eal_pool();
	struct acl_set *set = acl_set_new(n);

	memcpy(set->rules, rules, n * sizeof(rules[0]));
	set->n_acls = 1;
	set->acls[0] = (struct acl){.n = n};
	return set;
}

// What an operator writes: web and names to one network, answers of what began inside, pings, no telnet.
TEST(acl, a_list_of_rules)
{
	struct acl_rule rules[] = {
		rule(0, INET_TCP, 0, 0, HOST, 32),
		rule(ACL_PERMIT, INET_TCP, CLIENT, 24, HOST, 16),
		rule(ACL_PERMIT, INET_UDP, 0, 0, HOST, 16),
		rule(ACL_PERMIT, INET_TCP, 0, 0, 0, 0),
		rule(ACL_PERMIT, INET_ICMP, 0, 0, 0, 0),
		rule(ACL_PERMIT, GRE, 0, 0, HOST, 32),
	};
	static const struct {
		struct packet p;
		bool wanted;
	} cases[] = {
		{{CLIENT, HOST, INET_TCP, 4000, 80}, true},
		{{CLIENT, HOST, INET_TCP, 4000, 90}, true},
		{{CLIENT, HOST, INET_TCP, 4000, 91}, false},
		{{CLIENT, HOST, INET_TCP, 4000, 79}, false},
		{{CLIENT, HOST + 1, INET_TCP, 4000, 80}, true}, // not the host of the first rule
		{{CLIENT, HOST, INET_TCP, 4000, 23}, false},	// denied by it
		{{CLIENT, HOST + 1, INET_TCP, 4000, 23}, false},
		{{OTHER, HOST, INET_TCP, 4000, 80}, false},
		{{CLIENT, OTHER, INET_TCP, 4000, 80}, false},
		{{CLIENT, OTHER, INET_TCP, 4000, 80, ACK}, true},
		{{CLIENT, OTHER, INET_TCP, 4000, 80, RST}, true},
		{{CLIENT, OTHER, INET_TCP, 4000, 80, SYN}, false},
		{{CLIENT, OTHER, INET_TCP, 4000, 80, SYN | ACK}, true},
		{{CLIENT, HOST, INET_UDP, 53, 53}, true},
		{{CLIENT, HOST, INET_UDP, 54, 53}, false},
		{{CLIENT, HOST, INET_UDP, 53, 54}, false},
		{{CLIENT, OTHER, INET_ICMP, 8 << 8, 0}, true},
		{{CLIENT, OTHER, INET_ICMP, 0, 0}, false},
		{{CLIENT, HOST, GRE, 0, 0}, true},
		{{CLIENT, HOST + 1, GRE, 0, 0}, false},
		{{CLIENT, HOST, 50, 0, 0}, false},
	};

	rules[0].flags |= ACL_PORTS;
	rules[0].destination_port_min = rules[0].destination_port_max = 23;
	rules[1].flags |= ACL_PORTS;
	rules[1].destination_port_min = 80;
	rules[1].destination_port_max = 90;
	rules[2].flags |= ACL_PORTS;
	rules[2].source_port_min = rules[2].source_port_max = 53;
	rules[2].destination_port_min = rules[2].destination_port_max = 53;
	rules[3].flags |= ACL_ESTABLISHED;
	rules[4].flags |= ACL_ICMP_TYPE;
	rules[4].icmp_type = 8;
	struct acl_set *set = set_of(rules, RTE_DIM(rules));
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].wanted, permits(set, 0, &cases[i].p));
	}
	acl_set_free(set);
}

// Of a later part only addresses and protocol are known: it passes by a permit that it could match, and no deny
// with ports stops it. Parts that would hide the flags or the ports never pass.
TEST(acl, fragments)
{
	struct acl_rule rules[] = {
		rule(0, INET_UDP, 0, 0, HOST, 32),
		rule(ACL_PERMIT, INET_UDP, 0, 0, HOST, 32),
		rule(0, INET_TCP, 0, 0, HOST, 32),
		rule(ACL_PERMIT, 0, 0, 0, OTHER, 32),
	};
	static const struct {
		struct packet p;
		bool wanted;
	} cases[] = {
		{{CLIENT, HOST, INET_UDP, 4000, 53, 0, MORE}, true}, // the first part
		{{CLIENT, HOST, INET_UDP, 4000, 54, 0, MORE}, false},
		{{CLIENT, HOST, INET_UDP, 0, 99, 0, MORE | 5}, true}, // later ones
		{{CLIENT, HOST, INET_UDP, 0, 99, 0, 5}, true},
		{{CLIENT, HOST + 1, INET_UDP, 0, 0, 0, 5}, false},
		{{CLIENT, HOST, INET_TCP, 0, 0, 0, 5},
			false}, // an established rule that denies, then none
		{{CLIENT, OTHER, INET_TCP, 0, 0, 0, 5}, true},
		{{CLIENT, OTHER, INET_TCP, 0, 0, 0, 1}, false}, // over the flags
		{{CLIENT, OTHER, INET_UDP, 0, 0, 0, 1}, true},
		{{CLIENT, OTHER, INET_TCP, 0, 0, 0, MORE, 8}, false}, // without the flags
		{{CLIENT, OTHER, INET_TCP, 0, 0, 0, MORE, 16}, true},
		{{CLIENT, OTHER, INET_TCP, 0, 0, 0, 0, 15}, false},
		{{CLIENT, OTHER, INET_UDP, 0, 0, 0, 0, 3}, false},
		{{CLIENT, OTHER, INET_UDP, 0, 0, 0, 0, 4}, true},
		{{CLIENT, OTHER, INET_ICMP, 0, 0, 0, 0, 1}, true},
	};

	rules[0].flags |= ACL_PORTS;
	rules[0].destination_port_min = rules[0].destination_port_max = 99;
	rules[1].flags |= ACL_PORTS;
	rules[1].destination_port_min = rules[1].destination_port_max = 53;
	rules[2].flags |= ACL_ESTABLISHED;
	struct acl_set *set = set_of(rules, RTE_DIM(rules));
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].wanted, permits(set, 0, &cases[i].p));
	}
	acl_set_free(set);
}

TEST(acl, what_is_not_there_denies)
{
	const struct acl_rule rules[] = {rule(ACL_PERMIT, 0, 0, 0, 0, 0)};
	const struct packet p = {CLIENT, HOST, INET_UDP, 1, 2};
	struct acl_set *set = set_of(rules, 1);

	EXPECT_TRUE(permits(set, 0, &p));
	EXPECT_FALSE(permits(set, 1, &p));
	EXPECT_FALSE(permits(set, ACL_NONE, &p));
	EXPECT_FALSE(permits(NULL, 0, &p));
	set->acls[0].n = 0; // the implicit deny
	EXPECT_FALSE(permits(set, 0, &p));
	acl_set_free(set);
}

// --- random rules and packets against the words of the header, one by one ---------------------------

static bool is_in(uint32_t address, uint32_t prefix_be, uint32_t mask)
{
	return ((rte_cpu_to_be_32(address) ^ prefix_be) & mask) == 0;
}

static bool model_matches(const struct acl_rule *r, const struct packet *p)
{
	bool is_later = p->fragment & 0x1fff;

	if (!is_in(p->from, r->source_be, r->source_mask_be))
		return false;
	if (!is_in(p->to, r->destination_be, r->destination_mask_be))
		return false;
	if (!(r->flags & ACL_ANY_PROTOCOL) && r->protocol != p->protocol)
		return false;
	bool asks_more = r->flags & (ACL_PORTS | ACL_ICMP_TYPE | ACL_ESTABLISHED);
	if (is_later && asks_more)
		return r->flags & ACL_PERMIT;
	if (r->flags & ACL_PORTS) {
		if (p->source_port < r->source_port_min || p->source_port > r->source_port_max)
			return false;
		if (p->destination_port < r->destination_port_min)
			return false;
		if (p->destination_port > r->destination_port_max)
			return false;
	}
	if (r->flags & ACL_ICMP_TYPE && p->source_port >> 8 != r->icmp_type)
		return false;
	if (r->flags & ACL_ESTABLISHED && !(p->tcp_flags & ACK) && !(p->tcp_flags & RST))
		return false;
	return true;
}

static bool model_permits(const struct acl_rule *rules, uint32_t n, const struct packet *p)
{
	if (p->protocol == INET_TCP && (p->fragment & 0x1fff) == 1)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (model_matches(&rules[i], p))
			return rules[i].flags & ACL_PERMIT;
	return false;
}

static const uint8_t protocols[] = {0, INET_TCP, INET_UDP, INET_ICMP, GRE};

static struct acl_rule random_rule(struct xorshift *x)
{
	uint8_t protocol = protocols[xorshift_below(x, RTE_DIM(protocols))];
	struct acl_rule r = rule(xorshift_below(x, 2) ? ACL_PERMIT : 0, protocol,
		CLIENT ^ xorshift_below(x, 4), 30 * xorshift_below(x, 2) + xorshift_below(x, 3),
		HOST ^ xorshift_below(x, 4), 30 * xorshift_below(x, 2) + xorshift_below(x, 3));

	if ((protocol == INET_TCP || protocol == INET_UDP) && xorshift_below(x, 2)) {
		r.flags |= ACL_PORTS;
		r.source_port_min = (uint16_t)xorshift_below(x, 3);
		r.source_port_max = (uint16_t)(r.source_port_min + xorshift_below(x, 5));
		r.destination_port_min = (uint16_t)xorshift_below(x, 3);
		r.destination_port_max = (uint16_t)(r.destination_port_min + xorshift_below(x, 5));
	}
	if (protocol == INET_TCP && xorshift_below(x, 3) == 0)
		r.flags |= ACL_ESTABLISHED;
	if (protocol == INET_ICMP && xorshift_below(x, 2)) {
		r.flags |= ACL_ICMP_TYPE;
		r.icmp_type = (uint8_t)xorshift_below(x, 3);
	}
	return r;
}

static struct packet random_packet(struct xorshift *x)
{
	uint8_t protocol = protocols[1 + xorshift_below(x, RTE_DIM(protocols) - 1)];
	struct packet p = {
		.from = CLIENT ^ xorshift_below(x, 4),
		.to = HOST ^ xorshift_below(x, 4),
		.protocol = protocol,
		.source_port = (uint16_t)xorshift_below(x, 8),
		.destination_port = (uint16_t)xorshift_below(x, 8),
		.tcp_flags = (uint8_t)xorshift_next(x),
	};

	if (protocol == INET_ICMP)
		p.source_port = (uint16_t)(xorshift_below(x, 4) << 8);
	if (xorshift_below(x, 3) == 0)
		p.fragment = (uint16_t)(xorshift_below(x, 2) * MORE + xorshift_below(x, 3));
	return p;
}

TEST(acl, random_against_a_model)
{
	enum { LISTS = 300, PACKETS = 300 };
	struct xorshift x = xorshift_seed(99);
	struct acl_rule rules[LIMIT_ACL_RULES];
	unsigned int n_permitted = 0;

	for (unsigned int i = 0; i < LISTS; i++) {
		uint32_t n = 1 + xorshift_below(&x, i % 3 ? 6 : LIMIT_ACL_RULES);
		for (uint32_t k = 0; k < n; k++)
			rules[k] = random_rule(&x);
		struct acl_set *set = set_of(rules, n);
		for (unsigned int k = 0; k < PACKETS; k++) {
			const struct packet p = random_packet(&x);
			bool wanted = model_permits(rules, n, &p);
			SHIM_TRACE_CASE(i * PACKETS + k);
			EXPECT_EQ(wanted, permits(set, 0, &p));
			n_permitted += wanted;
		}
		acl_set_free(set);
	}
	EXPECT_GT(n_permitted, LISTS * PACKETS / 10);
	EXPECT_LT(n_permitted, LISTS * PACKETS * 9 / 10);
}
