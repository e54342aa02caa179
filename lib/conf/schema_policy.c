// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_policy.h"

#define FIELD(owner, member) \
	.offset = offsetof(struct owner, member), .size_bytes = sizeof(((struct owner *)0)->member)
#define RULE(name, kind, member) .key = name, .type = kind, FIELD(config_acl_rule, member)
#define ALSO(member)		 .also = offsetof(struct config_acl_rule, member)
#define HAS(member)		 .has = offsetof(struct config_acl_rule, member)
#define NO_ALSO			 .also = SCHEMA_NOWHERE
#define NO_HAS			 .has = SCHEMA_NOWHERE

// --- access lists -----------------------------------------------------------------------------------

static const struct schema_word actions[] = {
	{"permit", CONFIG_ACL_PERMIT, NULL},
	{"deny", CONFIG_ACL_DENY, NULL},
	{NULL, 0, NULL},
};

// Numbers of IANA.
static const struct schema_word protocols[] = {
	{"any", CONFIG_ACL_ANY_PROTOCOL, NULL},
	{"tcp", 6, NULL},
	{"udp", 17, NULL},
	{"icmp", 1, NULL},
	{"igmp", 2, NULL},
	{"ipip", 4, NULL},
	{"gre", 47, NULL},
	{"esp", 50, NULL},
	{"ah", 51, NULL},
	{"ospf", 89, NULL},
	{"sctp", 132, NULL},
	{"ip", 0, "any"},
	{NULL, 0, NULL},
};

static const struct schema_item rule_items[] = {
	{RULE("action", SCHEMA_CHOICE, action), NO_ALSO, NO_HAS, .words = actions, .def = NULL,
		.help = "What becomes of a packet that the rule matches."},
	{RULE("protocol", SCHEMA_CHOICE, protocol), NO_ALSO, NO_HAS, .words = protocols,
		.def = "\"any\"", .help = "IP protocol."},
	{RULE("from", SCHEMA_NETWORK, from.address_be), ALSO(from.prefix_len), NO_HAS,
		.def = "\"any\"", .help = "Source."},
	{RULE("to", SCHEMA_NETWORK, to.address_be), ALSO(to.prefix_len), NO_HAS, .def = "\"any\"",
		.help = "Destination."},
	{RULE("from_ports", SCHEMA_PORTS, from_port_min), ALSO(from_port_max), HAS(has_from_ports),
		.def = "", .help = "Source ports of TCP or UDP."},
	{RULE("ports", SCHEMA_PORTS, port_min), ALSO(port_max), HAS(has_ports), .def = "",
		.help = "Destination ports of TCP or UDP."},
	{RULE("icmp_type", SCHEMA_UINT, icmp_type), NO_ALSO, HAS(has_icmp_type), .min = 0,
		.max = 255, .def = "", .help = "Type of ICMP: 8 is an echo request, 0 its reply."},
	{RULE("established", SCHEMA_BOOL, established), NO_ALSO, NO_HAS, .def = "false",
		.help = "Only TCP with ACK or RST: what does not begin a connection."},
};

static const struct schema_group rules = {
	.name = "acls.rules",
	.help = "The rules of a list.",
	.items = rule_items,
	.n_items = sizeof(rule_items) / sizeof(rule_items[0]),
	.is_list = true,
	.max_count = LIMIT_ACL_RULES,
	.element_bytes = sizeof(struct config_acl_rule),
};

const struct schema_item schema_acl_items[SCHEMA_ACL_ITEMS] = {
	{.key = "name",
		.type = SCHEMA_WORD,
		FIELD(config_acl, name),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = CONFIG_ACL_NAME_BYTES - 1,
		.def = NULL,
		.help = "Name of the list."},
	{.key = "rules",
		.type = SCHEMA_GROUPS,
		FIELD(config_acl, rules),
		.also = offsetof(struct config_acl, n_rules),
		NO_HAS,
		.groups = &rules,
		.def = NULL,
		.help = "The first rule that matches a packet decides; one that none matches is "
			"denied. Later fragments have no ports: a rule with any permits those that "
			"match the rest of it, and denies none."},
};

// --- groups of users -------------------------------------------------------------------------------

static const struct schema_word broadcast_words[] = {
	{"drop", CONFIG_BROADCASTS_DROP, NULL},
	{"relay", CONFIG_BROADCASTS_RELAY, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word idle_words[] = {
	{"both", CONFIG_IDLE_BOTH, NULL},
	{"up", CONFIG_IDLE_UP, NULL},
	{NULL, 0, NULL},
};

#define GROUP(name, kind, member) .key = name, .type = kind, FIELD(config_group, member), NO_HAS

const struct schema_item schema_user_group_items[SCHEMA_USER_GROUP_ITEMS] = {
	{GROUP("name", SCHEMA_WORD, name), NO_ALSO, .min = 1, .max = CONFIG_GROUP_NAME_BYTES - 1,
		.def = NULL,
		.help = "Name of the group. \"base\" is the group of users that have no other."},
	{GROUP("dns", SCHEMA_ADDRESS_LIST, dns_be), .also = offsetof(struct config_group, n_dns),
		.max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "DNS servers, primary and secondary; empty: those of the pool."},
	{GROUP("nbns", SCHEMA_ADDRESS_LIST, nbns_be), .also = offsetof(struct config_group, n_nbns),
		.max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "NetBIOS name servers (WINS); empty: those of the pool."},
	{GROUP("domain", SCHEMA_DOMAIN, domain), NO_ALSO, .min = 0, .max = CONFIG_DOMAIN_BYTES - 1,
		.def = "\"\"", .help = "DNS domain that clients are told by DHCP; empty: none."},
	{GROUP("routes", SCHEMA_PREFIX_LIST, routes),
		.also = offsetof(struct config_group, n_routes), .max_count = LIMIT_GROUP_ROUTES,
		.def = "[]",
		.help = "Networks that clients are told by DHCP to reach through the tunnel (split "
			"tunnelling); empty: the client decides."},
	{GROUP("dhcp_inform", SCHEMA_BOOL, dhcp_inform), NO_ALSO, .def = "true",
		.help = "Answer DHCPINFORM, by which Windows asks for domain and routes."},
	{GROUP("broadcasts", SCHEMA_CHOICE, broadcasts), NO_ALSO, .words = broadcast_words,
		.def = "\"drop\"",
		.help = "What becomes of other broadcasts of the client: \"relay\" sends those of "
			"UDP to the networks of the inside ports."},
	{GROUP("rate_up_kbps", SCHEMA_UINT, rate_up_kbps), NO_ALSO, .min = 8, .max = 100000000,
		.is_zero_allowed = true, .def = "0",
		.help = "Kilobits a second that each client of the group may send, of inner "
			"packets; 0: no limit."},
	{GROUP("rate_down_kbps", SCHEMA_UINT, rate_down_kbps), NO_ALSO, .min = 8, .max = 100000000,
		.is_zero_allowed = true, .def = "0", .help = "And that are sent to each."},
	{GROUP("burst_ms", SCHEMA_UINT, burst_ms), NO_ALSO, .min = 10, .max = 10000, .def = "200",
		.help = "How much of its rate, in milliseconds, may come at once after a pause; "
			"less than a packet counts as one."},
	{GROUP("acl_in", SCHEMA_WORD, acl_in), NO_ALSO, .min = 0, .max = CONFIG_ACL_NAME_BYTES - 1,
		.def = "\"\"",
		.help = "Access list for what comes from the client; empty: none. DHCP that adit "
			"answers passes always."},
	{GROUP("acl_out", SCHEMA_WORD, acl_out), NO_ALSO, .min = 0,
		.max = CONFIG_ACL_NAME_BYTES - 1, .def = "\"\"",
		.help = "Access list for what is sent to the client; empty: none."},
	{GROUP("idle_timeout_s", SCHEMA_UINT, idle_timeout_s), NO_ALSO, .min = 10, .max = 604800,
		.is_zero_allowed = true, .def = "0",
		.help = "Seconds without data after which a call is ended; 0: never. Echoes, acks "
			"and what a list denies are no data."},
	{GROUP("idle_counts", SCHEMA_CHOICE, idle_counts), NO_ALSO, .words = idle_words,
		.def = "\"both\"",
		.help = "Which data keeps a call from being idle: \"both\" ways, or only \"up\", "
			"from "
			"the client."},
};
