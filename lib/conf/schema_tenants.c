// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_tenants.h"

#include "conf/schema_field.h"

#define NO_TACACS                                                                         \
	"is not taken: TACACS+ returns no keys for MPPE (RFC 8907), so no call could be " \
	"encrypted; "                                                                     \
	"use \"radius\""

static const struct schema_word aaa_words[] = {
	{"local", CONFIG_AAA_LOCAL, NULL},
	{"radius", CONFIG_AAA_RADIUS, NULL},
	{"radius-local", CONFIG_AAA_RADIUS_LOCAL, NULL},
	{"tacacs+", 0, NULL, NO_TACACS},
	{"tacacs", 0, NULL, NO_TACACS},
	{NULL, 0, NULL},
};

#define POOL(name, kind, member) .key = name, .type = kind, FIELD(config_pool, member), NO_HAS

const struct schema_item schema_pool_items[SCHEMA_POOL_ITEMS] = {
	{POOL("name", SCHEMA_WORD, name), NO_ALSO, .min = 1, .max = CONFIG_POOL_NAME_BYTES - 1,
		.def = NULL, .help = "Name of the pool."},
	{POOL("range", SCHEMA_RANGE, first), ALSO(config_pool, last), .def = NULL,
		.help = "First and last address for clients, \"10.30.0.10-10.30.0.250\"."},
	{POOL("server", SCHEMA_ADDRESS, server_inner_be), NO_ALSO, .takes = SCHEMA_TAKES_RESTART,
		.def = NULL,
		.help = "Address of the server inside the tunnels, outside of the range."},
	{POOL("dns", SCHEMA_ADDRESS_LIST, dns_be), .takes = SCHEMA_TAKES_CALLS,
		ALSO(config_pool, n_dns), .max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "DNS servers for clients, primary and secondary."},
	{POOL("nbns", SCHEMA_ADDRESS_LIST, nbns_be), .takes = SCHEMA_TAKES_CALLS,
		ALSO(config_pool, n_nbns), .max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "NetBIOS name servers (WINS) for clients."},
};

#define TENANT(name, kind, member) .key = name, .type = kind, FIELD(config_tenant, member), NO_HAS

const struct schema_item schema_tenant_items[SCHEMA_TENANT_ITEMS] = {
	{TENANT("name", SCHEMA_WORD, name), NO_ALSO, .min = 1, .max = CONFIG_TENANT_NAME_BYTES - 1,
		.def = NULL,
		.help = "Name of the tenant; \"default\" is the one that all belongs to that no "
			"other names."},
	{TENANT("listen", SCHEMA_ADDRESS_LIST, listen_be), .takes = SCHEMA_TAKES_CALLS,
		ALSO(config_tenant, n_listen), .max_count = LIMIT_TENANT_LISTEN, .def = "[]",
		.help = "Listen addresses whose calls are the tenant's."},
	{TENANT("realms", SCHEMA_DOMAIN_LIST, realms), .takes = SCHEMA_TAKES_CALLS,
		ALSO(config_tenant, n_realms), .min = 1, .max = CONFIG_REALM_BYTES - 1,
		.max_count = LIMIT_TENANT_REALMS, .is_zero_allowed = true, .def = "[]",
		.help = "Whoever calls an address of the default tenant as user@realm or "
			"REALM\\user, "
			"with one of these, is the tenant's too."},
	{TENANT("pools", SCHEMA_WORD_LIST, pools), ALSO(config_tenant, n_pools), .old_key = "pool",
		.min = 1, .max = CONFIG_POOL_NAME_BYTES - 1, .max_count = LIMIT_TENANT_POOLS,
		.is_zero_allowed = true, .def = "[]",
		.help = "Names of the pools that its clients get addresses of, tried in this "
			"order, and no "
			"one else's. Only of the default tenant they may be left out: it has those "
			"that no other names."},
	{TENANT("sticky_addresses", SCHEMA_BOOL, sticky_addresses), NO_ALSO, .def = "true",
		.takes = SCHEMA_TAKES_CALLS,
		.help = "A user gets the address again that he had, as long as nobody needed it."},
	{TENANT("check_in_use", SCHEMA_BOOL, check_in_use), NO_ALSO, .def = "false",
		.takes = SCHEMA_TAKES_CALLS,
		.help = "Ask the inside network by ARP whether an address is in use (RFC 5227) "
			"before a client gets it. No client chooses its address then."},
	{TENANT("group", SCHEMA_WORD, group), .takes = SCHEMA_TAKES_CALLS, NO_ALSO, .min = 0,
		.max = CONFIG_GROUP_NAME_BYTES - 1, .def = "\"\"",
		.help = "Name of the group of its users that have none; empty: \"base\"."},
	{TENANT("aaa", SCHEMA_CHOICE, aaa), NO_ALSO, .words = aaa_words, .def = "\"local\"",
		.takes = SCHEMA_TAKES_CALLS,
		.help = "Who knows its users: \"local\": the list of users here; \"radius\": the "
			"servers "
			"of the group that `radius` names; \"radius-local\": they, and the list "
			"where none of them answers."},
	{TENANT("radius", SCHEMA_WORD, radius), NO_ALSO, .min = 0,
		.max = CONFIG_RADIUS_NAME_BYTES - 1, .takes = SCHEMA_TAKES_CALLS, .def = "\"\"",
		.help = "Name of the group of RADIUS servers that is asked about users."},
	{TENANT("accounting", SCHEMA_WORD, accounting), NO_ALSO, .min = 0,
		.max = CONFIG_RADIUS_NAME_BYTES - 1, .takes = SCHEMA_TAKES_CALLS, .def = "\"\"",
		.help = "Name of the group of RADIUS servers that is told of calls; empty: nobody "
			"is."},
	{TENANT("max_calls", SCHEMA_UINT, max_calls), NO_ALSO, .min = 1, .max = 1000000,
		.is_zero_allowed = true, .def = "0", .takes = SCHEMA_TAKES_CALLS,
		.help = "Calls at a time of the tenant; 0: no limit but pptp.max_calls."},
	{TENANT("setups_per_second", SCHEMA_UINT, setups_per_second), NO_ALSO, .min = 1,
		.max = 1000000, .is_zero_allowed = true, .def = "0", .takes = SCHEMA_TAKES_CALLS,
		.help = "New calls a second of the tenant; 0: no limit."},
	{TENANT("rate_up_kbps", SCHEMA_UINT, rate_up_kbps), NO_ALSO, .min = 8, .max = 1000000000,
		.is_zero_allowed = true, .def = "0",
		.help = "Kilobits a second that all its clients together may send, of inner "
			"packets; 0: no "
			"limit."},
	{TENANT("rate_down_kbps", SCHEMA_UINT, rate_down_kbps), NO_ALSO, .min = 8,
		.max = 1000000000, .is_zero_allowed = true, .def = "0",
		.help = "And that are sent to all of them."},
};

#define VLAN(name, kind, member) .key = name, .type = kind, FIELD(config_vlan, member)

const struct schema_item schema_vlan_items[SCHEMA_VLAN_ITEMS] = {
	{VLAN("port", SCHEMA_WORD, port), NO_ALSO, NO_HAS, .min = 1,
		.max = CONFIG_PORT_NAME_BYTES - 1, .def = NULL,
		.help = "Name of the inside port that carries it."},
	{VLAN("id", SCHEMA_UINT, id), NO_ALSO, NO_HAS, .min = 1, .max = 4094, .def = NULL,
		.help = "VLAN identifier of its frames (IEEE 802.1Q)."},
	{VLAN("name", SCHEMA_WORD, name), NO_ALSO, NO_HAS, .min = 1,
		.max = CONFIG_PORT_NAME_BYTES - 1, .def = NULL,
		.help = "Name of the network in output and messages."},
	{VLAN("tap", SCHEMA_WORD, tap), NO_ALSO, NO_HAS, .min = 0, .max = IFNAMSIZ - 1,
		.def = "\"\"",
		.help = "Interface by which Linux sees the network, without tags; empty: its "
			"name."},
	{VLAN("mtu", SCHEMA_UINT, mtu), NO_ALSO, NO_HAS, .min = 576, .max = LIMIT_MTU_BYTES,
		.def = "1500",
		.help = "Largest IP packet of the network, in bytes; not more than the port's."},
	{VLAN("address", SCHEMA_PREFIX, address_be), ALSO(config_vlan, prefix_len),
		HAS(config_vlan, has_address), .def = "",
		.help = "Address and prefix length that adit gives to the TAP."},
	{VLAN("gateway", SCHEMA_ADDRESS, gateway_be), NO_ALSO, HAS(config_vlan, has_gateway),
		.def = "",
		.help = "Where the tenant's clients get to all that is not in one of its "
			"networks; needs an address."},
	{VLAN("tenant", SCHEMA_WORD, tenant), NO_ALSO, NO_HAS, .min = 0,
		.max = CONFIG_TENANT_NAME_BYTES - 1, .def = "\"\"",
		.help = "Whose network it is; empty: the default tenant's."},
};
