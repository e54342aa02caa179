// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema_aaa.h"

#include "conf/schema_field.h"

const struct schema_item schema_radius_items[SCHEMA_RADIUS_ITEMS] = {
	{.key = "nas_identifier",
		.type = SCHEMA_TEXT,
		FIELD(config, nas_identifier),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_NAME_BYTES - 1,
		.takes = SCHEMA_TAKES_CALLS,
		.def = "\"\"",
		.help = "NAS-Identifier of all requests; empty: as `name`."},
	{.key = "nas_address",
		.type = SCHEMA_ADDRESS,
		FIELD(config, nas_address_be),
		NO_ALSO,
		NO_HAS,
		.takes = SCHEMA_TAKES_CALLS,
		.def = "",
		.help = "NAS-IP-Address; left out: the listen address that was called."},
	{.key = "dictionary",
		.type = SCHEMA_PATH,
		FIELD(config, dictionary),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_PATH_BYTES - 1,
		.def = "\"\"",
		.help = "File with more attributes than those that adit knows; empty: none."},
	{.key = "accounting_dir",
		.type = SCHEMA_PATH,
		FIELD(config, accounting_dir),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_PATH_BYTES - 1,
		.def = "\"/var/lib/adit/accounting\"",
		.help = "Directory with the journal of calls and the records that no server has "
			"taken yet, "
			"used where a tenant has accounting; empty: neither is kept."},
	{.key = "spool_max_mb",
		.type = SCHEMA_UINT,
		FIELD(config, spool_max_mb),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 1048576,
		.takes = SCHEMA_TAKES_NOW,
		.def = "256",
		.help = "MB of records that wait there for a server, at most."},
	{.key = "accounting_required",
		.type = SCHEMA_BOOL,
		FIELD(config, accounting_required),
		NO_ALSO,
		NO_HAS,
		.takes = SCHEMA_TAKES_CALLS,
		.def = "false",
		.help = "Refuse calls while there is no place for their records."},
};

// --- servers ----------------------------------------------------------------------------------------

static const struct schema_word transports[] = {
	{"udp", CONFIG_RADIUS_UDP, NULL},
	{"tls", CONFIG_RADIUS_TLS, NULL},
	{NULL, 0, NULL},
};

#define SERVER(name, kind, member) \
	.key = name, .type = kind, FIELD(config_radius_server, member), NO_ALSO

const struct schema_item schema_radius_server_items[SCHEMA_RADIUS_SERVER_ITEMS] = {
	{SERVER("name", SCHEMA_WORD, name), NO_HAS, .min = 1, .max = CONFIG_RADIUS_NAME_BYTES - 1,
		.def = NULL, .help = "Name of the server."},
	{SERVER("address", SCHEMA_ADDRESS, address_be), NO_HAS, .is_loopback_allowed = true,
		.def = NULL, .help = "Its address."},
	{SERVER("transport", SCHEMA_CHOICE, transport), NO_HAS, .words = transports,
		.def = "\"udp\"",
		.help = "\"udp\", or \"tls\" over TCP (RFC 6614), whose packets nobody can read or "
			"forge on "
			"the way."},
	{SERVER("auth_port", SCHEMA_UINT, auth_port), NO_HAS, .min = 1, .max = 65535, .def = "1812",
		.help = "Port for authentication; with \"tls\" the one for all, and 2083 where it "
			"is left "
			"out."},
	{SERVER("acct_port", SCHEMA_UINT, acct_port), NO_HAS, .min = 1, .max = 65535,
		.is_zero_allowed = true, .def = "1813",
		.help = "Port for accounting; 0: the server takes none. With \"tls\" only 0 says "
			"something."},
	{SERVER("secret", SCHEMA_PASSWORD, secret), HAS(config_radius_server, has_secret),
		.is_secret = true, .min = 1, .max = LIMIT_PASSWORD_BYTES, .def = "",
		.help = "Secret that is shared with the server: at least 16 bytes that nobody can "
			"guess "
			"(RFC 2865 3). With \"tls\" it may be left out: \"radsec\"."},
	{SERVER("require_message_authenticator", SCHEMA_BOOL, require_message_authenticator),
		NO_HAS, .def = "true",
		.help = "Drop answers to authentication without Message-Authenticator, which "
			"whoever sits "
			"on the way can forge. A server that does not send it is better updated."},
	{SERVER("timeout_ms", SCHEMA_UINT, timeout_ms), NO_HAS, .min = 100, .max = 30000,
		.def = "1000",
		.help = "Milliseconds that the first try waits for an answer; each further one "
			"waits twice "
			"as long."},
	{SERVER("tries", SCHEMA_UINT, tries), NO_HAS, .min = 1, .max = 10, .def = "3",
		.help = "Packets that are sent to it for one request."},
	{SERVER("dead_s", SCHEMA_UINT, dead_s), NO_HAS, .min = 1, .max = 86400, .def = "60",
		.help = "Seconds that a server is not asked for once it has not answered."},
	{SERVER("status_server", SCHEMA_BOOL, status_server), NO_HAS, .def = "true",
		.help = "Ask a dead server by Status-Server (RFC 5997) whether it lives, and not "
			"by the next "
			"user."},
	{SERVER("sockets", SCHEMA_UINT, sockets), NO_HAS, .min = 1, .max = 64, .def = "8",
		.help = "Source ports; each has room for 256 requests at a time."},
	{SERVER("source", SCHEMA_ADDRESS, source_be), NO_HAS, .is_loopback_allowed = true,
		.def = "", .help = "Source address of requests; left out: as the kernel routes."},
	{SERVER("ca_file", SCHEMA_PATH, ca_file), NO_HAS, .min = 0, .max = CONFIG_PATH_BYTES - 1,
		.def = "\"\"",
		.help = "With \"tls\": certificates of who may vouch for the server."},
	{SERVER("certificate_file", SCHEMA_PATH, certificate_file), NO_HAS, .min = 0,
		.max = CONFIG_PATH_BYTES - 1, .def = "\"\"",
		.help = "With \"tls\": adit's own certificate; empty: none."},
	{SERVER("key_file", SCHEMA_PATH, key_file), NO_HAS, .min = 0, .max = CONFIG_PATH_BYTES - 1,
		.def = "\"\"", .help = "And its private key."},
};

// --- groups of servers ------------------------------------------------------------------------------

static const struct schema_word modes[] = {
	{"fail-over", CONFIG_RADIUS_FAIL_OVER, NULL},
	{"balance", CONFIG_RADIUS_BALANCE, NULL},
	{NULL, 0, NULL},
};

#define GROUP(name, kind, member) \
	.key = name, .type = kind, FIELD(config_radius_group, member), NO_HAS

const struct schema_item schema_radius_group_items[SCHEMA_RADIUS_GROUP_ITEMS] = {
	{GROUP("name", SCHEMA_WORD, name), NO_ALSO, .min = 1, .max = CONFIG_RADIUS_NAME_BYTES - 1,
		.def = NULL, .help = "Name of the group."},
	{GROUP("servers", SCHEMA_WORD_LIST, servers), ALSO(config_radius_group, n_servers),
		.min = 1, .max = CONFIG_RADIUS_NAME_BYTES - 1,
		.max_count = LIMIT_RADIUS_GROUP_SERVERS, .def = NULL,
		.help = "Names of its servers, of radius_servers."},
	{GROUP("mode", SCHEMA_CHOICE, mode), NO_ALSO, .words = modes, .def = "\"fail-over\"",
		.help = "\"fail-over\": the first that lives is asked; \"balance\": all that live, "
			"by turns."},
};

// --- who may change calls -----------------------------------------------------------------------------

#define COA(name, kind, member) .key = name, .type = kind, FIELD(config_coa, member)

const struct schema_item schema_coa_items[SCHEMA_COA_ITEMS] = {
	{COA("tenant", SCHEMA_WORD, tenant), NO_ALSO, NO_HAS, .min = 0,
		.max = CONFIG_TENANT_NAME_BYTES - 1, .def = "\"\"",
		.help = "Whose calls may be changed and ended; empty: the default tenant's."},
	{COA("address", SCHEMA_ADDRESS, address_be), NO_ALSO, NO_HAS, .is_loopback_allowed = true,
		.def = NULL,
		.help = "Address of adit to which Disconnect- and CoA-Requests are sent."},
	{COA("port", SCHEMA_UINT, port), NO_ALSO, NO_HAS, .min = 1, .max = 65535, .def = "3799",
		.help = "And its UDP port."},
	{COA("clients", SCHEMA_NETWORK_LIST, clients), ALSO(config_coa, n_clients), NO_HAS,
		.max_count = LIMIT_COA_CLIENTS, .def = NULL,
		.help = "Who may send them; nobody else gets an answer."},
	{COA("secret", SCHEMA_PASSWORD, secret), NO_ALSO, HAS(config_coa, has_secret),
		.is_secret = true, .min = 1, .max = LIMIT_PASSWORD_BYTES, .def = NULL,
		.help = "Secret that is shared with them: at least 16 bytes that nobody can "
			"guess."},
	{COA("window_s", SCHEMA_UINT, window_s), NO_ALSO, NO_HAS, .min = 10, .max = 86400,
		.is_zero_allowed = true, .def = "300",
		.help = "Seconds that Event-Timestamp may be off the clock here, against old "
			"requests that "
			"somebody sends again (RFC 5176 6.3); 0: none is asked for."},
};
