// SPDX-License-Identifier: BSD-3-Clause
// An inner packet of a client and an access list: it is read as far as it goes, and an earlier rule decides.
#include "fuzz/fuzz.h"
#include "msg/acl.h"

enum { RULES = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static union {
		struct acl_set set;
		uint8_t bytes[sizeof(struct acl_set) + RULES * sizeof(struct acl_rule)];
	} one;
	struct inet_ipv4 ip;

	const size_t rules_bytes = RULES * sizeof(one.set.rules[0]);
	if (size < rules_bytes)
		return 0;
	memcpy(one.set.rules, data, rules_bytes);
	data += rules_bytes;
	size -= rules_bytes;
	if (inet_ipv4_get(data, size, DROP_INNER_IP_BAD, &ip) != DROP_NONE)
		return 0;
	one.set.n_acls = 2;
	one.set.acls[0] = (struct acl){.n = RULES};
	one.set.acls[1] = (struct acl){.n = 1};
	bool all = acl_permits(&one.set, 0, &ip, data);
	bool first = acl_permits(&one.set, 1, &ip, data);
	REQUIRE(all || !first); // what the first rule permits no later one takes back
	one.set.rules[0] = (struct acl_rule){.flags = ACL_ANY_PROTOCOL};
	REQUIRE(!acl_permits(&one.set, 0, &ip, data));
	REQUIRE(!acl_permits(&one.set, ACL_NONE, &ip, data));
	return 0;
}
