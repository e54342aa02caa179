// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_policy.h"

#include "conf/schema_field.h"

#define RULE(name, kind, member) .key = name, .type = kind, FIELD(config_acl_rule, member)

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
	{RULE("from", SCHEMA_NETWORK, from.address_be), ALSO(config_acl_rule, from.prefix_len),
		NO_HAS, .def = "\"any\"", .help = "Source."},
	{RULE("to", SCHEMA_NETWORK, to.address_be), ALSO(config_acl_rule, to.prefix_len), NO_HAS,
		.def = "\"any\"", .help = "Destination."},
	{RULE("from_ports", SCHEMA_PORTS, from_port_min), ALSO(config_acl_rule, from_port_max),
		HAS(config_acl_rule, has_from_ports), .def = "",
		.help = "Source ports of TCP or UDP."},
	{RULE("ports", SCHEMA_PORTS, port_min), ALSO(config_acl_rule, port_max),
		HAS(config_acl_rule, has_ports), .def = "",
		.help = "Destination ports of TCP or UDP."},
	{RULE("icmp_type", SCHEMA_UINT, icmp_type), NO_ALSO, HAS(config_acl_rule, has_icmp_type),
		.min = 0, .max = 255, .def = "",
		.help = "Type of ICMP: 8 is an echo request, 0 its reply."},
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

// --- access hours ------------------------------------------------------------------------------------

const struct schema_item schema_hours_items[SCHEMA_HOURS_ITEMS] = {
	{.key = "name",
		.type = SCHEMA_WORD,
		FIELD(config_hours, name),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = CONFIG_HOURS_NAME_BYTES - 1,
		.def = NULL,
		.help = "Name of the hours."},
	{.key = "when",
		.type = SCHEMA_HOURS,
		FIELD(config_hours, spans),
		ALSO(config_hours, n_spans),
		NO_HAS,
		.max_count = LIMIT_HOURS_SPANS,
		.def = NULL,
		.help = "Days and times of the machine's local clock at which users may call. A "
			"time that is "
			"not after the one before it is of the next day."},
};

// --- what groups of users, and users, may say of their calls ------------------------------------------

// What an old configuration says: TACACS+ has no attribute for the keys of MPPE (RFC 8907).
#define NO_TACACS                                                                             \
	"is not taken: TACACS+ returns no keys for MPPE, so no call could be encrypted; use " \
	"\"mschapv2\""

const struct schema_word schema_auth_methods[] = {
	{"mschapv2", CONFIG_AUTH_MSCHAPV2, NULL},
	{"mschapv1", CONFIG_AUTH_MSCHAPV1, NULL},
	{"chap", CONFIG_AUTH_CHAP, NULL},
	{"pap", CONFIG_AUTH_PAP, NULL},
	{"tacacs+", 0, NULL, NO_TACACS},
	{"tacacs", 0, NULL, NO_TACACS},
	{NULL, 0, NULL},
};

const struct schema_word schema_encryption_modes[] = {
	{"deny", CONFIG_ENCRYPTION_DENY, NULL},
	{"allow", CONFIG_ENCRYPTION_ALLOW, NULL},
	{"prefer", CONFIG_ENCRYPTION_PREFER, NULL},
	{"require", CONFIG_ENCRYPTION_REQUIRE, NULL},
	{"off", CONFIG_ENCRYPTION_DENY, "deny"},
	{NULL, 0, NULL},
};

const struct schema_word schema_mppe_strengths[] = {
	{"128", CONFIG_MPPE_128, NULL},
	{"56", CONFIG_MPPE_56, NULL},
	{"40", CONFIG_MPPE_40, NULL},
	{NULL, 0, NULL},
};

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

static const struct schema_word full_words[] = {
	{"refuse", CONFIG_LOGINS_REFUSE, NULL},
	{"replace", CONFIG_LOGINS_REPLACE, NULL},
	{NULL, 0, NULL},
};

#define SAYS(owner, name, kind, member, bit, when)                                             \
	.key = name, .type = kind, FIELD(owner, policy.member), NO_HAS,                        \
	.given = offsetof(struct owner, policy.given), .given_bit = 1u << CONFIG_POLICY_##bit, \
	.takes = SCHEMA_TAKES_##when

#define SAYS_LIST(owner, name, kind, member, bit, when) \
	SAYS(owner, name, kind, member, bit, when), ALSO(owner, policy.n_##member)

// The same keys of each owner. Those without a default go back to what holds for the whole server.
#define POLICY_ITEMS(owner, routes_key)                                                            \
	{SAYS(owner, "dns", SCHEMA_ADDRESS_LIST, dns_be, DNS, CALLS), ALSO(owner, policy.n_dns),   \
		.max_count = CONFIG_NAME_SERVERS, .def = "[]",                                     \
		.help = "DNS servers, primary and secondary; empty: those of the pool."},          \
		{SAYS(owner, "nbns", SCHEMA_ADDRESS_LIST, nbns_be, NBNS, CALLS),                   \
			ALSO(owner, policy.n_nbns), .max_count = CONFIG_NAME_SERVERS, .def = "[]", \
			.help = "NetBIOS name servers (WINS); empty: those of the pool."},         \
		{SAYS(owner, "domain", SCHEMA_DOMAIN, domain, DOMAIN, CALLS), NO_ALSO, .min = 0,   \
			.max = CONFIG_DOMAIN_BYTES - 1, .def = "\"\"",                             \
			.help = "DNS domain that clients are told by DHCP; empty: none."},         \
		{SAYS_LIST(owner, routes_key, SCHEMA_PREFIX_LIST, routes, ROUTES, CALLS),          \
			.max_count = LIMIT_GROUP_ROUTES, .def = "[]",                              \
			.help = "Networks that clients are told by DHCP to reach through the "     \
				"tunnel (split "                                                   \
				"tunnelling); empty: the client decides."},                        \
		{SAYS(owner, "dhcp_inform", SCHEMA_BOOL, dhcp_inform, DHCP_INFORM, NOW), NO_ALSO,  \
			.def = "true",                                                             \
			.help = "Answer DHCPINFORM, by which Windows asks for domain and "         \
				"routes."},                                                        \
		{SAYS(owner, "broadcasts", SCHEMA_CHOICE, broadcasts, BROADCASTS, NOW), NO_ALSO,   \
			.words = broadcast_words, .def = "\"drop\"",                               \
			.help = "What becomes of other broadcasts of the client: \"relay\" sends " \
				"those of "                                                        \
				"UDP to the networks of the inside ports."},                       \
		{SAYS(owner, "rate_up_kbps", SCHEMA_UINT, rate_up_kbps, RATE_UP, NOW), NO_ALSO,    \
			.min = 8, .max = 100000000, .is_zero_allowed = true, .def = "0",           \
			.help = "Kilobits a second that each client may send, of inner packets; "  \
				"0: no limit."},                                                   \
		{SAYS(owner, "rate_down_kbps", SCHEMA_UINT, rate_down_kbps, RATE_DOWN, NOW),       \
			NO_ALSO, .min = 8, .max = 100000000, .is_zero_allowed = true, .def = "0",  \
			.help = "And that are sent to each."},                                     \
		{SAYS(owner, "burst_ms", SCHEMA_UINT, burst_ms, BURST, NOW), NO_ALSO, .min = 10,   \
			.max = 10000, .def = "200",                                                \
			.help = "How much of its rate, in milliseconds, may come at once after a " \
				"pause; "                                                          \
				"less than a packet counts as one."},                              \
		{SAYS(owner, "acl_in", SCHEMA_WORD, acl_in, ACL_IN, NOW), NO_ALSO, .min = 0,       \
			.max = CONFIG_ACL_NAME_BYTES - 1, .def = "\"\"",                           \
			.help = "Access list for what comes from the client; empty: none. DHCP "   \
				"that adit "                                                       \
				"answers passes always."},                                         \
		{SAYS(owner, "acl_out", SCHEMA_WORD, acl_out, ACL_OUT, NOW), NO_ALSO, .min = 0,    \
			.max = CONFIG_ACL_NAME_BYTES - 1, .def = "\"\"",                           \
			.help = "Access list for what is sent to the client; empty: none."},       \
		{SAYS(owner, "idle_timeout_s", SCHEMA_UINT, idle_timeout_s, IDLE_TIMEOUT, NOW),    \
			NO_ALSO, .min = 10, .max = 604800, .is_zero_allowed = true, .def = "0",    \
			.help = "Seconds without data after which a call is ended; 0: never. "     \
				"Echoes, acks "                                                    \
				"and what a list denies are no data."},                            \
		{SAYS(owner, "idle_counts", SCHEMA_CHOICE, idle_counts, IDLE_COUNTS, NOW),         \
			NO_ALSO, .words = idle_words, .def = "\"both\"",                           \
			.help = "Which data keeps a call from being idle: \"both\" ways, or only " \
				"\"up\", "                                                         \
				"from the client."},                                               \
		{SAYS(owner, "session_timeout_s", SCHEMA_UINT, session_timeout_s, SESSION_TIMEOUT, \
			 NOW),                                                                     \
			NO_ALSO, .min = 60, .max = 31536000, .is_zero_allowed = true, .def = "0",  \
			.help = "Seconds after which a call is ended, whatever it does; 0: no "    \
				"limit."},                                                         \
		{SAYS(owner, "access_hours", SCHEMA_WORD, access_hours, ACCESS_HOURS, NOW),        \
			NO_ALSO, .min = 0, .max = CONFIG_HOURS_NAME_BYTES - 1, .def = "\"\"",      \
			.help = "Name of the hours, of access_hours, in which users may call; a "  \
				"call is "                                                         \
				"ended where they end; empty: always."},                           \
		{SAYS(owner, "simultaneous_logins", SCHEMA_UINT, simultaneous_logins, LOGINS,      \
			 CALLS),                                                                   \
			NO_ALSO, .min = 1, .max = 65535, .is_zero_allowed = true, .def = "0",      \
			.help = "Calls at a time of one user; 0: no limit."},                      \
		{SAYS(owner, "logins_full", SCHEMA_CHOICE, logins_full, LOGINS_FULL, CALLS),       \
			NO_ALSO, .words = full_words, .def = "\"refuse\"",                         \
			.help = "What becomes of one call more: \"refuse\" it, or \"replace\" "    \
				"the oldest by it."},                                              \
		{SAYS(owner, "auth_methods", SCHEMA_CHOICES, auth_methods, AUTH_METHODS, CALLS),   \
			NO_ALSO, .words = schema_auth_methods, .def = "",                          \
			.help = "Methods of auth.methods by which users may prove who they are; "  \
				"left out: all of them."},                                         \
		{SAYS(owner, "encryption", SCHEMA_CHOICE, encryption, ENCRYPTION, CALLS), NO_ALSO, \
			.words = schema_encryption_modes, .def = "",                               \
			.help = "As encryption.mode, which holds where it is left out."},          \
		{SAYS(owner, "strengths", SCHEMA_CHOICES, mppe_bits, MPPE_BITS, CALLS), NO_ALSO,   \
			.words = schema_mppe_strengths, .def = "",                                 \
			.help = "As encryption.strengths, which holds where it is left out."},     \
		{SAYS(owner, "stateless_required", SCHEMA_BOOL, stateless_required,                \
			 STATELESS_REQUIRED, CALLS),                                               \
			NO_ALSO, .def = "",                                                        \
			.help = "As encryption.stateless_required, which holds where it is left "  \
				"out."},                                                           \
		{SAYS_LIST(owner, "pools", SCHEMA_WORD_LIST, pools, POOLS, CALLS), .min = 1,       \
			.max = CONFIG_POOL_NAME_BYTES - 1, .max_count = LIMIT_POLICY_POOLS,        \
			.is_zero_allowed = true, .def = "[]",                                      \
			.help = "Names of the pools, of the user's tenant, that are tried in "     \
				"this order; empty: "                                              \
				"those of the tenant."},                                           \
		{SAYS(owner, "use_client_address", SCHEMA_BOOL, use_client_address,                \
			 CLIENT_ADDRESS, CALLS),                                                   \
			NO_ALSO, .def = "",                                                        \
			.help = "As ppp.use_client_address, which holds where it is left out."},   \
		{SAYS(owner, "mtu", SCHEMA_UINT, mtu, MTU, NOW), NO_ALSO, .min = 576,              \
			.max = LIMIT_MTU_BYTES, .is_zero_allowed = true, .def = "0",               \
			.help = "Largest packet, in bytes, sent to clients; 0: as ppp.mtu."},      \
	{                                                                                          \
		SAYS(owner, "interim_s", SCHEMA_UINT, interim_s, INTERIM, NOW), NO_ALSO,           \
			.min = 60, .max = 86400, .is_zero_allowed = true, .def = "600",            \
			.help = "Seconds between the accounting records of a call; 0: only of "    \
				"its "                                                             \
				"beginning and end."                                               \
	}

const struct schema_item schema_user_group_items[SCHEMA_USER_GROUP_ITEMS] = {
	{.key = "name",
		.type = SCHEMA_WORD,
		FIELD(config_group, name),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = CONFIG_GROUP_NAME_BYTES - 1,
		.def = NULL,
		.help = "Name of the group. What it does not say it has from \"base\", which is "
			"also the "
			"group of users that have no other."},
	POLICY_ITEMS(config_group, "routes"),
};

// "routes" are the networks behind a user, so those of split tunnelling have another name here.
const struct schema_item schema_user_items[SCHEMA_USER_ITEMS] = {
	{.key = "name",
		.type = SCHEMA_TEXT,
		FIELD(config_user, name),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = LIMIT_USER_NAME_BYTES,
		.def = NULL,
		.help = "User name, as the client sends it, without a domain."},
	{.key = "password",
		.takes = SCHEMA_TAKES_CALLS,
		.type = SCHEMA_PASSWORD,
		.is_secret = true,
		FIELD(config_user, password),
		NO_ALSO,
		HAS(config_user, has_password),
		.min = 1,
		.max = LIMIT_PASSWORD_BYTES,
		.def = "",
		.help = "Password in clear."},
	{.key = "nt_hash",
		.takes = SCHEMA_TAKES_CALLS,
		.type = SCHEMA_NT_HASH,
		.is_secret = true,
		FIELD(config_user, nt_hash),
		NO_ALSO,
		HAS(config_user, has_nt_hash),
		.def = "",
		.help = "MD4 of the password in UTF-16LE, in its place. As good as the password to "
			"whoever reads it."},
	{.key = "group",
		.type = SCHEMA_WORD,
		FIELD(config_user, group),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_GROUP_NAME_BYTES - 1,
		.def = "\"\"",
		.help = "Name of the user's group; empty: that of the tenant."},
	{.key = "tenant",
		.type = SCHEMA_WORD,
		FIELD(config_user, tenant),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_TENANT_NAME_BYTES - 1,
		.def = "\"\"",
		.help = "Whose user it is; empty: the default tenant's. Users of different tenants "
			"may "
			"have the same name."},
	{.key = "disabled",
		.type = SCHEMA_BOOL,
		FIELD(config_user, disabled),
		NO_ALSO,
		NO_HAS,
		.def = "false",
		.help = "The user is refused (error 647 of Windows)."},
	{.key = "expired",
		.takes = SCHEMA_TAKES_CALLS,
		.type = SCHEMA_BOOL,
		FIELD(config_user, expired),
		NO_ALSO,
		NO_HAS,
		.def = "false",
		.help = "The password must be changed first (error 648 of Windows)."},
	{.key = "routes",
		.takes = SCHEMA_TAKES_CALLS,
		.type = SCHEMA_PREFIX_LIST,
		FIELD(config_user, routes),
		ALSO(config_user, n_routes),
		NO_HAS,
		.max_count = LIMIT_USER_ROUTES,
		.def = "[]",
		.help = "Networks behind the client, which are routed to it while it is up "
			"(Framed-Route)."},
	POLICY_ITEMS(config_user, "split_routes"),
};

const char *schema_policy_key(enum config_policy_key key)
{
	for (size_t i = 0; i < SCHEMA_USER_GROUP_ITEMS; i++)
		if (schema_user_group_items[i].given_bit == 1u << key)
			return schema_user_group_items[i].key;
	return "";
}
