// SPDX-License-Identifier: BSD-3-Clause
#include "msg/acl.h"

#include <rte_common.h>
#include <rte_malloc.h>

_Static_assert(sizeof(struct acl_rule) <= 32, "two rules a cache line");

enum {
	TCP_FLAGS_AT = 13,
	TCP_FLAG_RST = 0x04,
	TCP_FLAG_ACK = 0x10,
	PORTS_BYTES = 4,
	TCP_FRONT_BYTES = 16,	// RFC 1858 3.2.1: up to the checksum, with the flags
	FLAGS_OFFSET_UNITS = 1, // a part at this offset begins before the flags
	OFFSET_MASK = 0x1fff,
};

// What rules ask for beyond addresses and protocol, read once for all of them.
struct front {
	bool has; // false: a later part
	uint16_t source_port, destination_port;
	uint8_t icmp_type;
	bool is_established;
};

struct acl_set *acl_set_new(uint32_t n_rules)
{
	struct acl_set *set;

	return rte_zmalloc("acls", sizeof(*set) + (size_t)n_rules * sizeof(set->rules[0]),
		RTE_CACHE_LINE_SIZE);
}

void acl_set_free(struct acl_set *set)
{
	rte_free(set);
}

static bool hides(const struct inet_ipv4 *ip, const uint8_t *packet)
{
	uint16_t have = ip->total_len - ip->header_len;
	uint16_t offset = bytes_get_u16(packet + 6) & OFFSET_MASK;

	if (ip->is_later_fragment)
		return ip->protocol == INET_TCP && offset == FLAGS_OFFSET_UNITS;
	switch (ip->protocol) {
	case INET_TCP:
		return have < TCP_FRONT_BYTES;
	case INET_UDP:
		return have < PORTS_BYTES;
	case INET_ICMP:
		return have == 0;
	}
	return false;
}

static struct front read_front(const struct inet_ipv4 *ip, const uint8_t *packet)
{
	const uint8_t *at = packet + ip->header_len;
	struct front f = {.has = !ip->is_later_fragment};

	if (!f.has)
		return f;
	if (ip->protocol == INET_TCP || ip->protocol == INET_UDP) {
		f.source_port = bytes_get_u16(at);
		f.destination_port = bytes_get_u16(at + 2);
	}
	if (ip->protocol == INET_TCP)
		f.is_established = at[TCP_FLAGS_AT] & (TCP_FLAG_ACK | TCP_FLAG_RST);
	if (ip->protocol == INET_ICMP)
		f.icmp_type = at[0];
	return f;
}

static bool matches_front(const struct acl_rule *r, const struct front *f)
{
	if (!(r->flags & (ACL_PORTS | ACL_ICMP_TYPE | ACL_ESTABLISHED)))
		return true;
	if (!f->has)
		return r->flags & ACL_PERMIT;
	if (r->flags & ACL_PORTS &&
		(f->source_port < r->source_port_min || f->source_port > r->source_port_max ||
			f->destination_port < r->destination_port_min ||
			f->destination_port > r->destination_port_max))
		return false;
	if (r->flags & ACL_ICMP_TYPE && f->icmp_type != r->icmp_type)
		return false;
	return !(r->flags & ACL_ESTABLISHED) || f->is_established;
}

static bool matches(const struct acl_rule *r, const struct inet_ipv4 *ip, const struct front *f)
{
	return (ip->source_be & r->source_mask_be) == r->source_be &&
	       (ip->destination_be & r->destination_mask_be) == r->destination_be &&
	       (r->flags & ACL_ANY_PROTOCOL || r->protocol == ip->protocol) && matches_front(r, f);
}

bool acl_permits(
	const struct acl_set *set, uint16_t acl, const struct inet_ipv4 *ip, const uint8_t *packet)
{
	if (!set || acl >= set->n_acls || hides(ip, packet))
		return false;
	const struct front f = read_front(ip, packet);
	const struct acl_rule *r = &set->rules[set->acls[acl].first];
	for (uint32_t i = 0; i < set->acls[acl].n; i++, r++)
		if (matches(r, ip, &f))
			return r->flags & ACL_PERMIT;
	return false;
}
