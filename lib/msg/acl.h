// SPDX-License-Identifier: BSD-3-Clause
// Access lists of inner packets: an immutable set that control compiles and swaps into the workers whole, as it does
// with the route table. A session names a list of the set by its index.
//
// The first rule that matches decides; what matches none is denied. Rules are compared one after the other: a list
// has 64 at most, and a rule is half a cache line.
//
// Fragments are treated as IOS treats them without its `fragments` keyword. The first part of a packet has ports and is
// compared like a whole one. A later part has none, so of a rule that asks for more than addresses and protocol
//
//   permit  matches it by these: the rest of a packet whose first part may pass may pass too
//   deny    does not match it: without its first part it is worth nothing to the receiver
//
// What is made to hide from a list is denied by every list: a first part too short for the ports or the flags of TCP, and
// a later part of TCP that would overwrite the flags (RFC 1858 3, RFC 3128).
#pragma once

#include "config/limits.h"
#include "wire/inet.h"

enum { ACL_NONE = UINT16_MAX };

enum acl_rule_flag {
	ACL_PERMIT = 1 << 0, // else deny
	ACL_ANY_PROTOCOL = 1 << 1,
	ACL_PORTS = 1 << 2, // TCP or UDP: the ranges count
	ACL_ICMP_TYPE = 1 << 3,
	ACL_ESTABLISHED = 1 << 4, // TCP with ACK or RST
};

struct acl_rule {
	uint32_t source_be, source_mask_be; // the bits behind the prefix are 0
	uint32_t destination_be, destination_mask_be;
	uint16_t source_port_min, source_port_max; // host order, inclusive
	uint16_t destination_port_min, destination_port_max;
	uint8_t protocol;
	uint8_t icmp_type;
	uint8_t flags; // enum acl_rule_flag
};

struct acl {
	uint32_t first; // of its rules in the set's
	uint32_t n;
};

struct acl_set {
	uint32_t n_acls;
	struct acl acls[LIMIT_ACLS];
	struct acl_rule rules[]; // of all lists, one after the other
};

// Room for n_rules of all lists. NULL when out of memory.
struct acl_set *acl_set_new(uint32_t n_rules);
void acl_set_free(struct acl_set *set);

// May a packet pass the list? An index that the set does not have denies.
//
//   set     NULL denies
//   packet  begins with its IPv4 header; the first 64 bytes behind that lie flat, or as many as it has
//   ip      of that header, accepted
bool acl_permits(
	const struct acl_set *set, uint16_t acl, const struct inet_ipv4 *ip, const uint8_t *packet);
