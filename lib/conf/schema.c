// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema.h"

#include <stdio.h>

// Where a field lies and how large it is, for the lines of the table.
#define FIELD(owner, member) \
	.offset = offsetof(struct owner, member), .size_bytes = sizeof(((struct owner *)0)->member)
#define ALSO(owner, member) .also = offsetof(struct owner, member)
#define HAS(owner, member)  .has = offsetof(struct owner, member)
#define NO_ALSO		    .also = SCHEMA_NOWHERE
#define NO_HAS		    .has = SCHEMA_NOWHERE
#define COUNT(array)	    (sizeof(array) / sizeof((array)[0]))

#define UINT(name, member, least, most, zero, value, about)                                     \
	{                                                                                       \
		.key = name, .type = SCHEMA_UINT, FIELD(config, member), NO_ALSO, NO_HAS,       \
		.min = least, .max = most, .is_zero_allowed = zero, .def = value, .help = about \
	}

static const struct schema_word port_roles[] = {
	{"outside", CONFIG_PORT_OUTSIDE, false},
	{"inside", CONFIG_PORT_INSIDE, false},
	{NULL, 0, false},
};

static const struct schema_word accept_words[] = {
	{"pptp", CONFIG_ACCEPT_PPTP, false},
	{"all", CONFIG_ACCEPT_ALL, false},
	{NULL, 0, false},
};

static const struct schema_word auth_methods[] = {
	{"mschapv2", CONFIG_AUTH_MSCHAPV2, false},
	{"mschapv1", CONFIG_AUTH_MSCHAPV1, true},
	{"chap", CONFIG_AUTH_CHAP, true},
	{"pap", CONFIG_AUTH_PAP, true},
	{NULL, 0, false},
};

static const struct schema_word encryption_modes[] = {
	{"require", CONFIG_ENCRYPTION_REQUIRE, false},
	{"off", CONFIG_ENCRYPTION_OFF, false},
	{NULL, 0, false},
};

static const struct schema_word mppe_strengths[] = {
	{"128", CONFIG_MPPE_128, false},
	{"56", CONFIG_MPPE_56, true},
	{"40", CONFIG_MPPE_40, true},
	{NULL, 0, false},
};

static const struct schema_word mppe_modes[] = {
	{"stateless", true, false},
	{"stateful", false, true},
	{NULL, 0, false},
};

static const struct schema_word log_levels[] = {
	{"error", CONFIG_LOG_ERROR, false},
	{"warning", CONFIG_LOG_WARNING, false},
	{"notice", CONFIG_LOG_NOTICE, false},
	{"info", CONFIG_LOG_INFO, false},
	{"debug", CONFIG_LOG_DEBUG, false},
	{NULL, 0, false},
};

static const struct schema_word log_targets[] = {
	{"stderr", CONFIG_LOG_STDERR, false},
	{"syslog", CONFIG_LOG_SYSLOG, false},
	{NULL, 0, false},
};

static const struct schema_item top_items[] = {
	{.key = "name",
		.type = SCHEMA_WORD,
		FIELD(config, name),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = CONFIG_NAME_BYTES - 1,
		.def = "\"adit\"",
		.help = "Host name that clients are told (PPTP Host Name, name of the MS-CHAP "
			"challenge)."},
	{.key = "run_as_user",
		.type = SCHEMA_WORD,
		FIELD(config, run_as_user),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = 31,
		.def = "\"\"",
		.help = "User to become once ports and sockets are open; empty: stay."},
};

static const struct schema_item lanes_items[] = {
	UINT("control", control_cpu, 0, 1023, false, "0",
		"CPU of the control lane, which sleeps when it has nothing to do."),
	{.key = "workers",
		.type = SCHEMA_UINT_LIST,
		FIELD(config, worker_cpus),
		ALSO(config, n_workers),
		NO_HAS,
		.min = 0,
		.max = 1023,
		.max_count = LIMIT_WORKERS,
		.def = "[1]",
		.help = "CPUs of the workers, which move packets; one worker each."},
	UINT("idle_sleep_us", idle_sleep_us, 0, 10000, false, "0",
		"Longest sleep of a worker without work, in microseconds. 0: workers never sleep, "
		"right where they have CPUs of their own."),
	UINT("exception_rate_pps", exception_rate_pps, 1, 10000000, false, "10000",
		"Frames a second of each kind (ARP, TCP/1723, all else) that one worker passes to "
		"the kernel; what is more is dropped and counted."),
};

static const struct schema_item memory_items[] = {
	{.key = "hugepages",
		.type = SCHEMA_BOOL,
		FIELD(config, hugepages),
		NO_ALSO,
		NO_HAS,
		.def = "true",
		.help = "Take packet memory from hugepages. Without them adit works, slowly."},
	UINT("size_mb", memory_mb, 64, 1048576, false, "512",
		"Memory for packets and sessions, in MiB."),
	UINT("mbufs", n_mbufs, 1023, 16777215, false, "65535",
		"Packet buffers a NUMA node; 2^n - 1 wastes least."),
};

#define PORT(name, kind, member) \
	.key = name, .type = kind, FIELD(config_port, member), NO_ALSO, NO_HAS

static const struct schema_item ports_items[] = {
	{PORT("name", SCHEMA_WORD, name), .min = 1, .max = CONFIG_PORT_NAME_BYTES - 1, .def = NULL,
		.help = "Name of the port in output and messages."},
	{.key = "device",
		.type = SCHEMA_DEVICE,
		FIELD(config_port, device),
		ALSO(config_port, kind),
		NO_HAS,
		.min = 1,
		.max = CONFIG_DEVICE_BYTES - 1,
		.def = NULL,
		.help = "What carries it: \"pci:0000:01:00.0\", \"vdev:net_...\" with the "
			"arguments of "
			"the DPDK driver, or \"interface:eth1\" for a network interface of Linux."},
	{PORT("role", SCHEMA_CHOICE, role), .words = port_roles, .def = NULL,
		.help = "\"outside\" faces the clients, \"inside\" the network that they are let "
			"into."},
	{PORT("accept", SCHEMA_CHOICE, accept), .words = accept_words, .def = "\"pptp\"",
		.help = "What an outside port lets through to the kernel: only TCP/1723, ARP and "
			"ICMP, "
			"or all. An inside port lets all through."},
	{PORT("tap", SCHEMA_WORD, tap), .min = 0, .max = IFNAMSIZ - 1, .def = "\"\"",
		.help = "Interface by which Linux sees the port; empty: the port's name."},
	{PORT("mtu", SCHEMA_UINT, mtu), .min = 576, .max = LIMIT_MTU_BYTES, .def = "1500",
		.help = "Largest IP packet on the port, in bytes."},
	{.key = "address",
		.type = SCHEMA_PREFIX,
		FIELD(config_port, address_be),
		ALSO(config_port, prefix_len),
		HAS(config_port, has_address),
		.def = "",
		.help = "Address and prefix length that adit gives to the TAP. Leave it out where "
			"something else configures the TAP."},
	{.key = "gateway",
		.type = SCHEMA_ADDRESS,
		FIELD(config_port, gateway_be),
		NO_ALSO,
		HAS(config_port, has_gateway),
		.def = "",
		.help = "Default route by this port; needs an address."},
	{PORT("rx_descriptors", SCHEMA_UINT, rx_descriptors), .min = 64, .max = 32768,
		.def = "1024", .help = "Receive descriptors a queue."},
	{PORT("tx_descriptors", SCHEMA_UINT, tx_descriptors), .min = 64, .max = 32768,
		.def = "1024", .help = "Transmit descriptors a queue."},
};

static const struct schema_item listen_items[] = {
	{.key = "addresses",
		.type = SCHEMA_ADDRESS_LIST,
		FIELD(config, listen_be),
		ALSO(config, n_listen),
		NO_HAS,
		.max_count = LIMIT_LISTEN_ADDRESSES,
		.def = "[]",
		.help = "Addresses that clients call; empty: those of the outside ports. Each "
			"carries "
			"up to 65,535 calls."},
	UINT("tcp_port", tcp_port, 1, 65535, false, "1723",
		"TCP port of PPTP. Clients cannot be told another; for tests."),
};

static const struct schema_item pptp_items[] = {
	UINT("max_connections", max_connections, 1, 1000000, false, "65536",
		"Control connections at a time."),
	UINT("max_calls", max_calls, 1, 1000000, false, "65535", "Calls at a time."),
	UINT("max_calls_per_connection", max_calls_per_connection, 1, 65535, false, "8",
		"Calls on one control connection."),
	UINT("max_calls_per_source", max_calls_per_source, 1, 65535, false, "1024",
		"Calls from one address; raise it where more clients share one behind NAT."),
	UINT("max_connections_per_source", max_connections_per_source, 1, 1000000, false, "4096",
		"Control connections from one address; many clients may share one behind NAT."),
	UINT("max_unauthenticated", max_unauthenticated, 1, 1000000, false, "4096",
		"Control connections without an authenticated call."),
	UINT("max_unauthenticated_per_source", max_unauthenticated_per_source, 1, 1000000, false,
		"64", "The same from one address."),
	UINT("setups_per_second_per_source", setups_per_second_per_source, 1, 1000000, true, "100",
		"New control connections a second from one address, and as many new calls; 0: no "
		"limit."),
	UINT("handshake_timeout_s", handshake_timeout_s, 5, 600, false, "60",
		"Seconds that a control connection may last without an authenticated call."),
	UINT("echo_interval_s", echo_interval_s, 5, 3600, false, "60",
		"Seconds without a message after which Echo-Request is sent (RFC 2637 3.1.4)."),
	UINT("echo_timeout_s", echo_timeout_s, 1, 600, false, "60",
		"Seconds to wait for Echo-Reply before the connection is given up."),
	UINT("idle_connection_s", idle_connection_s, 1, 86400, false, "60",
		"Seconds that an authenticated connection may last after its last call."),
	UINT("receive_window", receive_window, 1, 64, false, "16",
		"GRE packets that a client may send unacknowledged."),
	UINT("ack_delay_ms", ack_delay_ms, 50, 5000, true, "500",
		"Milliseconds that an acknowledgement may wait for a packet to ride on; 0: none."),
	UINT("gre_max_jump", gre_max_jump, 1, 65535, false, "1024",
		"How far a GRE sequence number may run ahead of the last one."),
};

static const struct schema_item ppp_items[] = {
	UINT("mru", mru, 576, LIMIT_MTU_BYTES, false, "1400",
		"Largest packet, in bytes, that clients are asked to send."),
	UINT("mtu", mtu, 576, LIMIT_MTU_BYTES, false, "1400",
		"Largest packet, in bytes, sent to clients; a smaller MRU of theirs wins."),
	UINT("lcp_echo_interval_s", lcp_echo_interval_s, 1, 3600, true, "20",
		"Seconds between LCP Echo-Requests, which also keep NAT open; 0: none."),
	UINT("lcp_echo_failures", lcp_echo_failures, 1, 100, false, "3",
		"Echo-Requests without answer after which a call is given up."),
	UINT("restart_ms", restart_ms, 100, 10000, false, "1000",
		"Restart timer to begin with, in milliseconds; it doubles up to 3 s where requests "
		"time out (RFC 1661 4.6)."),
	UINT("max_configure", max_configure, 1, 100, false, "10",
		"Configure-Requests without answer (RFC 1661 Max-Configure)."),
	UINT("max_terminate", max_terminate, 1, 10, false, "2",
		"Terminate-Requests without answer (RFC 1661 Max-Terminate)."),
	UINT("max_failure", max_failure, 1, 100, false, "5",
		"Configure-Naks without agreement (RFC 1661 Max-Failure)."),
	UINT("no_lcp_timeout_s", no_lcp_timeout_s, 1, 600, false, "30",
		"Seconds in which a client must complete LCP."),
	UINT("auth_timeout_s", auth_timeout_s, 1, 600, false, "30",
		"Seconds in which a client must authenticate."),
	UINT("setup_timeout_s", setup_timeout_s, 1, 600, false, "60",
		"Seconds in which a call must be up."),
};

static const struct schema_item auth_items[] = {
	{.key = "methods",
		.type = SCHEMA_CHOICES,
		FIELD(config, auth_methods),
		NO_ALSO,
		NO_HAS,
		.words = auth_methods,
		.def = "[\"mschapv2\"]",
		.help = "Authentication methods that clients may use."},
	UINT("retries", auth_retries, 0, 10, false, "0",
		"Further tries in the same call after a wrong password."),
};

static const struct schema_item encryption_items[] = {
	{.key = "mode",
		.type = SCHEMA_CHOICE,
		FIELD(config, encryption),
		NO_ALSO,
		NO_HAS,
		.words = encryption_modes,
		.def = "\"require\"",
		.help = "\"require\": a call without MPPE is ended and no clear packet ever "
			"passes; "
			"\"off\": no MPPE."},
	{.key = "strengths",
		.type = SCHEMA_CHOICES,
		FIELD(config, mppe_bits),
		NO_ALSO,
		NO_HAS,
		.words = mppe_strengths,
		.def = "[128]",
		.help = "Key lengths of MPPE that are accepted, in bits."},
	{.key = "keying",
		.type = SCHEMA_CHOICE,
		FIELD(config, mppe_stateless),
		NO_ALSO,
		NO_HAS,
		.words = mppe_modes,
		.def = "\"stateless\"",
		.help = "\"stateless\": a new key for every packet, so that a lost one harms no "
			"other."},
	UINT("max_jump", mppe_max_jump, 1, 4095, false, "256",
		"How far the coherency count may run ahead; every step costs a key change."),
	UINT("decrypt_failures_max", decrypt_failures_max, 1, 65535, false, "32",
		"Packets that decrypt to garbage after which a call is ended."),
	{.key = "driver",
		.type = SCHEMA_WORD,
		FIELD(config, crypto_driver),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 15,
		.def = "\"sw\"",
		.help = "Crypto driver that does MPPE."},
};

#define POOL(name, kind, member) .key = name, .type = kind, FIELD(config_pool, member), NO_HAS

static const struct schema_item pools_items[] = {
	{POOL("name", SCHEMA_WORD, name), NO_ALSO, .min = 1, .max = CONFIG_POOL_NAME_BYTES - 1,
		.def = NULL, .help = "Name of the pool."},
	{POOL("range", SCHEMA_RANGE, first), ALSO(config_pool, last), .def = NULL,
		.help = "First and last address for clients, \"10.30.0.10-10.30.0.250\"."},
	{POOL("server", SCHEMA_ADDRESS, server_inner_be), NO_ALSO, .def = NULL,
		.help = "Address of the server inside the tunnels, outside of the range."},
	{POOL("dns", SCHEMA_ADDRESS_LIST, dns_be), ALSO(config_pool, n_dns),
		.max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "DNS servers for clients, primary and secondary."},
	{POOL("nbns", SCHEMA_ADDRESS_LIST, nbns_be), ALSO(config_pool, n_nbns),
		.max_count = CONFIG_NAME_SERVERS, .def = "[]",
		.help = "NetBIOS name servers (WINS) for clients."},
};

static const struct schema_item users_items[] = {
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
		.type = SCHEMA_NT_HASH,
		.is_secret = true,
		FIELD(config_user, nt_hash),
		NO_ALSO,
		HAS(config_user, has_nt_hash),
		.def = "",
		.help = "MD4 of the password in UTF-16LE, in its place. As good as the password to "
			"whoever reads it."},
};

static const struct schema_item control_items[] = {
	{.key = "socket",
		.type = SCHEMA_TEXT,
		FIELD(config, socket_path),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 107,
		.def = "\"/run/adit/control.sock\"",
		.help = "Socket by which aditctl talks to adit."},
	{.key = "mode",
		.type = SCHEMA_MODE,
		FIELD(config, socket_mode),
		NO_ALSO,
		NO_HAS,
		.max = 0777,
		.def = "\"0660\"",
		.help = "Permissions of the socket. Whoever may write to it may end every "
			"session."},
};

static const struct schema_item log_items[] = {
	{.key = "level",
		.type = SCHEMA_CHOICE,
		FIELD(config, log_level),
		NO_ALSO,
		NO_HAS,
		.words = log_levels,
		.def = "\"info\"",
		.help = "Least urgent events that are written."},
	{.key = "to",
		.type = SCHEMA_CHOICE,
		FIELD(config, log_target),
		NO_ALSO,
		NO_HAS,
		.words = log_targets,
		.def = "\"stderr\"",
		.help = "Where events go. Under systemd stderr is the journal."},
};

#define ITEMS(list) .items = list, .n_items = COUNT(list)

const struct schema_group schema_groups[] = {
	{.name = "", .help = "The server as a whole.", ITEMS(top_items)},
	{.name = "lanes", .help = "Which CPU does what.", ITEMS(lanes_items)},
	{.name = "memory", .help = "Memory of the data path.", ITEMS(memory_items)},
	{.name = "ports",
		.help = "Network ports, at least one of them outside.",
		ITEMS(ports_items),
		.is_list = true,
		.max_count = LIMIT_PORTS,
		.element_bytes = sizeof(struct config_port)},
	{.name = "listen", .help = "Where clients call.", ITEMS(listen_items)},
	{.name = "pptp",
		.help = "Control connections, calls and GRE, and what bounds strangers.",
		ITEMS(pptp_items)},
	{.name = "ppp", .help = "PPP links.", ITEMS(ppp_items)},
	{.name = "auth", .help = "How clients prove who they are.", ITEMS(auth_items)},
	{.name = "encryption", .help = "MPPE.", ITEMS(encryption_items)},
	{.name = "pools",
		.help = "Inner addresses, at least one pool.",
		ITEMS(pools_items),
		.is_list = true,
		.max_count = LIMIT_POOLS,
		.element_bytes = sizeof(struct config_pool)},
	{.name = "users",
		.help = "Local users, each with either a password or its hash.",
		ITEMS(users_items),
		.is_list = true,
		.max_count = LIMIT_USERS,
		.element_bytes = sizeof(struct config_user)},
	{.name = "control", .help = "The operator's socket.", ITEMS(control_items)},
	{.name = "log", .help = "The log.", ITEMS(log_items)},
};

const size_t schema_n_groups = COUNT(schema_groups);

const struct schema_group *schema_find_group(const char *name)
{
	for (size_t i = 0; i < schema_n_groups; i++)
		if (strcmp(schema_groups[i].name, name) == 0)
			return &schema_groups[i];
	return NULL;
}

const struct schema_item *schema_find_item(const struct schema_group *group, const char *key)
{
	for (size_t i = 0; i < group->n_items; i++)
		if (strcmp(group->items[i].key, key) == 0)
			return &group->items[i];
	return NULL;
}

static void put(char *out, size_t cap, const char *text)
{
	size_t len = strlen(out);
	snprintf(out + len, cap - len, "%s", text);
}

// "\"a\", \"b\" or \"c\"", without the words that are refused.
static void put_words(const struct schema_word *words, char *out, size_t cap)
{
	size_t n = 0;
	for (const struct schema_word *w = words; w->word; w++)
		n += !w->is_refused;
	size_t at = 0;
	for (const struct schema_word *w = words; w->word; w++) {
		if (w->is_refused)
			continue;
		at++;
		put(out, cap, at == 1 ? "\"" : at == n ? " or \"" : ", \"");
		put(out, cap, w->word);
		put(out, cap, "\"");
	}
}

void schema_describe(const struct schema_item *item, char *out, size_t cap)
{
	out[0] = '\0';
	switch (item->type) {
	case SCHEMA_BOOL:
		put(out, cap, "true or false");
		break;
	case SCHEMA_UINT:
		snprintf(out, cap, "%s%u..%u", item->is_zero_allowed ? "0 or " : "", item->min,
			item->max);
		break;
	case SCHEMA_UINT_LIST:
		snprintf(out, cap, "a list [ ] of 1..%u numbers from %u to %u", item->max_count,
			item->min, item->max);
		break;
	case SCHEMA_TEXT:
	case SCHEMA_PASSWORD:
		snprintf(out, cap, "a text of %u..%u bytes of UTF-8 without control characters",
			item->min, item->max);
		break;
	case SCHEMA_WORD:
		snprintf(out, cap, "a text of %u..%u letters, digits, '.', '_' and '-'", item->min,
			item->max);
		break;
	case SCHEMA_CHOICE:
		put_words(item->words, out, cap);
		break;
	case SCHEMA_CHOICES:
		put(out, cap, "a list [ ] of ");
		put_words(item->words, out, cap);
		break;
	case SCHEMA_ADDRESS:
		put(out, cap, "a unicast IPv4 address");
		break;
	case SCHEMA_ADDRESS_LIST:
		snprintf(out, cap, "a list [ ] of at most %u unicast IPv4 addresses",
			item->max_count);
		break;
	case SCHEMA_PREFIX:
		put(out, cap,
			"the address of a host and its prefix length 8..32, as \"198.18.0.1/24\"");
		break;
	case SCHEMA_RANGE:
		snprintf(out, cap,
			"first and last of at most %u IPv4 addresses, as "
			"\"10.30.0.10-10.30.0.250\"",
			LIMIT_POOL_ADDRESSES);
		break;
	case SCHEMA_DEVICE:
		put(out, cap,
			"\"pci:\" and a PCI address, \"vdev:net_\" and the rest of a DPDK device, "
			"or "
			"\"interface:\" and the name of one");
		break;
	case SCHEMA_MODE:
		put(out, cap, "permissions in octal, as \"0660\"");
		break;
	case SCHEMA_NT_HASH:
		put(out, cap, "32 hex digits");
		break;
	}
}
