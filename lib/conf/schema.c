// SPDX-License-Identifier: BSD-3-Clause
#include "conf/schema.h"

#include "conf/schema_aaa.h"
#include "conf/schema_field.h"
#include "conf/schema_policy.h"
#include "conf/schema_tenants.h"

#define UINT(name, member, least, most, zero, value, about)                                     \
	{                                                                                       \
		.key = name, .type = SCHEMA_UINT, FIELD(config, member), NO_ALSO, NO_HAS,       \
		.min = least, .max = most, .is_zero_allowed = zero, .def = value, .help = about \
	}

// One that is not as its group.
#define UINT_TAKES(when, name, member, least, most, zero, value, about)                          \
	{                                                                                        \
		.key = name, .type = SCHEMA_UINT, FIELD(config, member), NO_ALSO, NO_HAS,        \
		.min = least, .max = most, .is_zero_allowed = zero, .def = value, .help = about, \
		.takes = SCHEMA_TAKES_##when                                                     \
	}

#define BOOL(name, member, value, about)                                                  \
	{                                                                                 \
		.key = name, .type = SCHEMA_BOOL, FIELD(config, member), NO_ALSO, NO_HAS, \
		.def = value, .help = about                                               \
	}

#define CHOICE(name, member, list, value, about)                                            \
	{                                                                                   \
		.key = name, .type = SCHEMA_CHOICE, FIELD(config, member), NO_ALSO, NO_HAS, \
		.words = list, .def = value, .help = about                                  \
	}

static const struct schema_word port_roles[] = {
	{"outside", CONFIG_PORT_OUTSIDE, NULL},
	{"inside", CONFIG_PORT_INSIDE, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word accept_words[] = {
	{"pptp", CONFIG_ACCEPT_PPTP, NULL},
	{"all", CONFIG_ACCEPT_ALL, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word gre_sources[] = {
	{"strict", CONFIG_GRE_STRICT, NULL},
	{"nat-loose", CONFIG_GRE_NAT_LOOSE, NULL},
	{NULL, 0, NULL},
};

// What drivers/drivers.c has for production; "imb" may be missing in a build without ipsec-mb, as is seen at start.
static const struct schema_word driver_words[] = {
	{"sw", 0, NULL},
	{"imb", 0, NULL},
	{"ism", 0, NULL},
	{NULL, 0, NULL},
};

// drivers/crypto/sw/sha1_keys.h; which of them this machine has is seen at start.
static const struct schema_word sha1_words[] = {
	{"auto", 0, NULL},
	{"avx512", 0, NULL},
	{"shani", 0, NULL},
	{"c", 0, NULL},
	{"imb", 0, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word engine_words[] = {
	{"sw", 0, NULL},
	{"imb", 0, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word log_levels[] = {
	{"error", CONFIG_LOG_ERROR, NULL},
	{"warning", CONFIG_LOG_WARNING, NULL},
	{"notice", CONFIG_LOG_NOTICE, NULL},
	{"info", CONFIG_LOG_INFO, NULL},
	{"debug", CONFIG_LOG_DEBUG, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word log_targets[] = {
	{"stderr", CONFIG_LOG_STDERR, NULL},
	{"syslog", CONFIG_LOG_SYSLOG, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word log_formats[] = {
	{"key-value", CONFIG_LOG_KEY_VALUE, NULL},
	{"vpn3000", CONFIG_LOG_VPN3000, NULL},
	{NULL, 0, NULL},
};

static const struct schema_word log_class_words[] = {
#define X(name, text, help) {text, LOG_CLASS_##name, NULL},
	LOG_CLASS_LIST(X)
#undef X
		{NULL, 0, NULL},
};

static const struct schema_item top_items[] = {
	{.key = "name",
		.takes = SCHEMA_TAKES_CALLS,
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
		.help = "CPUs of the workers, which move packets; one worker each. A CPU may stand "
			"there "
			"twice in a lab, where idle_sleep_us is set."},
	{.key = "engines",
		.type = SCHEMA_UINT_LIST,
		FIELD(config, engine_cpus),
		ALSO(config, n_engines),
		NO_HAS,
		.min = 0,
		.max = 1023,
		.is_zero_allowed = true,
		.max_count = LIMIT_ENGINES,
		.def = "[]",
		.help = "CPUs of the engines, which encrypt for the workers where "
			"encryption.driver is "
			"\"ism\"; one engine each."},
	UINT("idle_sleep_us", idle_sleep_us, 0, 10000, false, "0",
		"Longest sleep of a worker or engine without work, in microseconds. 0: they never "
		"sleep, right where they have CPUs of their own."),
	UINT("exception_rate_pps", exception_rate_pps, 1, 10000000, false, "10000",
		"Frames a second that each worker passes to the kernel of each kind: ARP, "
		"beginnings of "
		"connections to TCP/1723, all other. Of the second kind one address has a "
		"quarter."),
	UINT("pptp_rate_pps", pptp_rate_pps, 1, 10000000, false, "50000",
		"Segments a second of connections to TCP/1723 that each worker passes to the "
		"kernel; one "
		"address has a quarter of them. A call needs ten or so from dialling to its end."),
};

static const struct schema_item memory_items[] = {
	BOOL("hugepages", hugepages, "true",
		"Take packet memory from hugepages. Without them adit works, slowly."),
	UINT("size_mb", memory_mb, 64, 1048576, false, "512",
		"Memory for packets and sessions, in MiB."),
	UINT("mbufs", n_mbufs, 1023, 16777215, false, "65535",
		"Packet buffers a NUMA node; 2^n - 1 wastes least."),
	UINT("sessions_per_worker", sessions_per_worker, 1, LIMIT_SESSIONS_PER_WORKER, true, "0",
		"Sessions that each worker has room for; 0: its share of pptp.max_calls and a "
		"quarter more."),
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
	{PORT("tenant", SCHEMA_WORD, tenant), .min = 0, .max = CONFIG_TENANT_NAME_BYTES - 1,
		.def = "\"\"",
		.help = "Whose the untagged network of an inside port is; empty: the default "
			"tenant's."},
	{PORT("queues", SCHEMA_UINT, queues), .min = 1, .max = LIMIT_WORKERS,
		.is_zero_allowed = true, .def = "0",
		.help = "Queues to receive and to send by, at most; 0: one a worker, as far as the "
			"device has them, and one of memif, where both ends must have as many. "
			"Workers without a queue get their packets from the others."},
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
	UINT_TAKES(RESTART, "max_connections", max_connections, 1, 1000000, false, "65536",
		"Control connections at a time."),
	UINT_TAKES(RESTART, "max_calls", max_calls, 1, 1000000, false, "65535", "Calls at a time."),
	UINT("max_calls_per_connection", max_calls_per_connection, 1, 65535, false, "8",
		"Calls on one control connection."),
	UINT_TAKES(NOW, "max_calls_per_source", max_calls_per_source, 1, 65535, false, "1024",
		"Calls from one address; raise it where more clients share one behind NAT."),
	UINT_TAKES(NOW, "max_connections_per_source", max_connections_per_source, 1, 1000000, false,
		"4096",
		"Control connections from one address; many clients may share one behind NAT."),
	UINT_TAKES(NOW, "max_unauthenticated", max_unauthenticated, 1, 1000000, false, "4096",
		"Control connections without an authenticated call."),
	UINT_TAKES(NOW, "max_setups", max_setups, 1, 1000000, false, "2048",
		"Connections at a time that are on their way to a user's name. Who comes while "
		"there are "
		"so many waits, source by source; so does everybody while control is behind. Those "
		"who "
		"wait count for max_unauthenticated; beyond that they wait in the kernel."),
	UINT_TAKES(NOW, "max_unauthenticated_per_source", max_unauthenticated_per_source, 1,
		1000000, false, "64", "The same from one address."),
	UINT_TAKES(NOW, "setups_per_second_per_source", setups_per_second_per_source, 1, 1000000,
		true, "100",
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
	BOOL("limit_transmit_to_window", limit_transmit_to_window, "false",
		"Send no more unacknowledged packets than the client's window (RFC 2637 4.4). Off, "
		"as in all clients that are still in use: it only slows transfers down."),
	UINT("ack_timeout_ms", ack_timeout_ms, 1000, 10000, false, "3000",
		"Longest adaptive time-out for acknowledgements, in milliseconds, where "
		"limit_transmit_to_window is on."),
	UINT("processing_delay", processing_delay, 0, 100, false, "1",
		"Packet processing delay that clients are told, in tenths of a second."),
	UINT("reorder_pkts", reorder_pkts, 0, LIMIT_REORDER_PKTS, false, "8",
		"GRE packets of one call held for one that is missing; 0: a packet that comes "
		"after "
		"a later one is dropped."),
	UINT("reorder_ms", reorder_ms, 1, 200, false, "5", "Milliseconds that they are held."),
	UINT_TAKES(RESTART, "late_pkts", late_pkts, 0, LIMIT_LATE_PKTS, false, "0",
		"How many numbers behind a GRE packet with IP may come and is still passed on, out "
		"of order; 0: "
		"late packets are dropped. IP does not mind. RFC 2637 4.3 forbids it for the sake "
		"of PPP: control "
		"frames, Van Jacobson compression and stateful MPPE, which do not take part."),
	CHOICE("gre_source", gre_source, gre_sources, "\"strict\"",
		"\"strict\": GRE comes from the address of the control connection; \"nat-loose\": "
		"it may come from another, for NAT with several addresses outside."),
	BOOL("supersede", supersede, "true",
		"A new call of a user ends a stale call of the same user from the same address."),
	UINT("no_gre_notice_s", no_gre_notice_s, 1, 600, false, "10",
		"Seconds without GRE after a call is accepted until an event says so: TCP/1723 "
		"passes on the way and GRE does not."),
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
		"Seconds in which a client must authenticate; for another try or a new password, "
		"which somebody types, at least 120."),
	UINT("setup_timeout_s", setup_timeout_s, 1, 600, false, "60",
		"Seconds in which a call must be up."),
	BOOL("use_client_address", use_client_address, "false",
		"Give a client the address that it asks for by IPCP, if it is in a pool and free."),
};

static const struct schema_item auth_items[] = {
	{.key = "methods",
		.type = SCHEMA_CHOICE_LIST,
		FIELD(config, auth_methods),
		ALSO(config, n_auth_methods),
		NO_HAS,
		.max_count = CONFIG_AUTH_METHODS,
		.words = schema_auth_methods,
		.def = "[\"mschapv2\"]",
		.help = "Authentication methods that clients may use, in the order in which they "
			"are "
			"asked for."},
	UINT("retries", auth_retries, 0, 10, false, "0",
		"Further tries in the same call after a wrong password."),
	BOOL("change_password", change_password, "true",
		"A client whose password has expired may change it (MS-CHAPv2)."),
	{.key = "password_file",
		.takes = SCHEMA_TAKES_RESTART,
		.type = SCHEMA_PATH,
		FIELD(config, password_file),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_PATH_BYTES - 1,
		.def = "\"\"",
		.help = "File that keeps changed passwords; empty: they last until adit stops."},
	BOOL("strip_domain", strip_domain, "true",
		"Look for DOMAIN\\user as user, if there is no user of the whole name."),
	BOOL("strip_realm", strip_realm, "true",
		"Look for user@realm as user, if there is no user of the whole name."),
	UINT_TAKES(NOW, "lockout_user_failures", lockout_user_failures, 2, 1000, true, "10",
		"Wrong passwords in a row of a user from one address that lock this pair out for a "
		"while, "
		"and ten times as many from anywhere the user; 0: never."),
	UINT_TAKES(NOW, "lockout_source_failures", lockout_source_failures, 2, 100000, true, "50",
		"Wrong passwords from one address, whoever's, that lock it out; many clients may "
		"share "
		"it behind NAT; 0: never."),
	UINT_TAKES(NOW, "lockout_first_s", lockout_first_s, 1, 3600, false, "10",
		"Seconds of the first lock-out; each further one is twice as long. It takes a "
		"single "
		"failure more for the pair of user and address, a whole count for the others."),
	UINT_TAKES(NOW, "lockout_max_s", lockout_max_s, 1, 86400, false, "900",
		"Seconds of the longest lock-out."),
	UINT_TAKES(NOW, "lockout_forget_s", lockout_forget_s, 1, 604800, false, "3600",
		"Seconds without a failure after which the count begins anew."),
};

static const struct schema_item encryption_items[] = {
	CHOICE("mode", encryption, schema_encryption_modes, "\"require\"",
		"\"require\": a call without MPPE is ended and no clear packet ever passes; "
		"\"prefer\": MPPE is asked for and \"allow\": taken if the client asks, and a "
		"client without it may stay; \"deny\": no MPPE."),
	{.key = "strengths",
		.type = SCHEMA_CHOICES,
		FIELD(config, mppe_bits),
		NO_ALSO,
		NO_HAS,
		.words = schema_mppe_strengths,
		.def = "[128]",
		.help = "Key lengths of MPPE that are accepted, in bits; the longest common one is "
			"used."},
	BOOL("stateless_required", mppe_stateless_required, "true",
		"Accept stateless MPPE alone: a new key for every packet, so that a lost one harms "
		"no other."),
	UINT("max_jump", mppe_max_jump, 1, 4095, false, "256",
		"How far the coherency count may run ahead; every step costs a key change."),
	UINT_TAKES(RESTART, "decrypt_failures_max", decrypt_failures_max, 1, 65535, false, "32",
		"Packets that decrypt to garbage after which a call is ended."),
	{.key = "driver",
		.takes = SCHEMA_TAKES_RESTART,
		.type = SCHEMA_WORD,
		FIELD(config, crypto_driver),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 15,
		.words = driver_words,
		.def = "\"sw\"",
		.help = "Who does MPPE. \"sw\": the workers; \"imb\": they too, keys hashed by "
			"intel-ipsec-mb; \"ism\": the engines of lanes.engines."},
	{.key = "engine",
		.takes = SCHEMA_TAKES_RESTART,
		.type = SCHEMA_WORD,
		FIELD(config, engine_driver),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 15,
		.words = engine_words,
		.def = "\"sw\"",
		.help = "What the engines of lanes.engines run, where the driver is \"ism\": "
			"\"imb\" "
			"hashes keys by intel-ipsec-mb."},
	UINT_TAKES(RESTART, "engine_queue", engine_queue, 64, 32768, false, "512",
		"Packets of one worker that wait for one engine, a power of two; what finds it "
		"full "
		"is dropped and counted."),
	{.key = "sha1",
		.takes = SCHEMA_TAKES_RESTART,
		.type = SCHEMA_WORD,
		FIELD(config, sha1),
		NO_ALSO,
		NO_HAS,
		.min = 1,
		.max = 15,
		.words = sha1_words,
		.def = "\"auto\"",
		.help = "How keys are hashed. \"auto\": a calibration at start finds the fastest; "
			"the others pin one, and adit does not start where the CPU lacks it."},
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
	UINT("history", history_calls, 0, LIMIT_CALL_HISTORY, false, "1024",
		"Ended and failed calls that are remembered for `aditctl show history`."),
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
	CHOICE("format", log_format, log_formats, "\"key-value\"",
		"\"key-value\": a line an event; \"vpn3000\": as the VPN 3000 concentrator writes "
		"them, with class, number, severity and how often it has happened."),
	{.key = "file",
		.type = SCHEMA_PATH,
		FIELD(config, log_file),
		NO_ALSO,
		NO_HAS,
		.min = 0,
		.max = CONFIG_PATH_BYTES - 3, // ".1" is put behind it
		.def = "\"\"",
		.help = "File that events go to as well; empty: none. SIGHUP opens it again."},
	UINT("file_severity", log_file_severity, 1, LOG_SEVERITY_MAX, false, "5",
		"Severities that the file gets, up to this one: 1 fault, 2..3 warning, 4..6 "
		"information, 7..9 debug, 10..13 decoded packets."),
	UINT("file_max_mb", log_file_max_mb, 1, 1048576, true, "100",
		"MB after which the file becomes FILE.1 and a new one begins; 0: no limit, "
		"something "
		"like logrotate sees to it."),
};

#define LOG_CLASS(name, member, about)                                                             \
	{                                                                                          \
		.key = name, .type = SCHEMA_UINT, FIELD(config_log_class, member), NO_ALSO,        \
		HAS(config_log_class, has_##member), .min = 0, .max = LOG_SEVERITY_MAX, .def = "", \
		.help = about                                                                      \
	}

static const struct schema_item log_classes_items[] = {
	{.key = "class",
		.type = SCHEMA_CHOICE,
		FIELD(config_log_class, class),
		NO_ALSO,
		NO_HAS,
		.words = log_class_words,
		.def = NULL,
		.help = "Class of events, as on the VPN 3000 concentrator."},
	LOG_CLASS("file", file, "Severities of it that the file gets, up to this one; 0: none."),
	LOG_CLASS("syslog", syslog, "The same for syslog, whatever log.level and log.to say."),
	LOG_CLASS("console", console, "The same for stderr."),
};

#define ITEMS(list) .items = list, .n_items = COUNT(list)
#define LIST(member, n_member, element)                                                      \
	.is_list = true, .element_bytes = sizeof(struct element),                            \
	.list = offsetof(struct config, member), .count = offsetof(struct config, n_member), \
	.count_bytes = sizeof(((struct config *)0)->n_member)
#define TAKES(when) .takes = SCHEMA_TAKES_##when

const struct schema_group schema_groups[] = {
	{.name = "", .help = "The server as a whole.", ITEMS(top_items), TAKES(RESTART)},
	{.name = "lanes", .help = "Which CPU does what.", ITEMS(lanes_items), TAKES(RESTART)},
	{.name = "memory", .help = "Memory of the data path.", ITEMS(memory_items), TAKES(RESTART)},
	{.name = "ports",
		.help = "Network ports, at least one of them outside.",
		ITEMS(ports_items),
		LIST(ports, n_ports, config_port),
		.max_count = LIMIT_PORTS,
		TAKES(RESTART)},
	{.name = "listen", .help = "Where clients call.", ITEMS(listen_items), TAKES(RESTART)},
	{.name = "pptp",
		.help = "Control connections, calls and GRE, and what bounds strangers.",
		ITEMS(pptp_items),
		TAKES(CALLS)},
	{.name = "ppp", .help = "PPP links.", ITEMS(ppp_items), TAKES(CALLS)},
	{.name = "auth",
		.help = "How clients prove who they are.",
		ITEMS(auth_items),
		TAKES(CALLS)},
	{.name = "encryption", .help = "MPPE.", ITEMS(encryption_items), TAKES(CALLS)},
	{.name = "pools",
		.help = "Inner addresses, at least one pool.",
		ITEMS(schema_pool_items),
		LIST(pools, n_pools, config_pool),
		.max_count = LIMIT_POOLS,
		TAKES(NOW)},
	{.name = "tenants",
		.help = "Customers whose addresses may be the same as others'.",
		ITEMS(schema_tenant_items),
		LIST(tenants, n_tenants, config_tenant),
		.is_allocated = true,
		.max_count = LIMIT_TENANTS - 1, // and "default"
		TAKES(NOW)},
	{.name = "vlans",
		.help = "Tagged networks of inside ports.",
		ITEMS(schema_vlan_items),
		LIST(vlans, n_vlans, config_vlan),
		.is_allocated = true,
		.max_count = LIMIT_VLANS,
		TAKES(RESTART)},
	{.name = "groups",
		.help = "What users have in common; \"base\" is for users without.",
		ITEMS(schema_user_group_items),
		LIST(groups, n_groups, config_group),
		.max_count = LIMIT_GROUPS - 1, // and "base"
		TAKES(NOW)},
	{.name = "acls",
		.help = "Access lists, which groups and users name.",
		ITEMS(schema_acl_items),
		LIST(acls, n_acls, config_acl),
		.max_count = LIMIT_ACLS,
		TAKES(NOW)},
	{.name = "access_hours",
		.help = "When users may call, which groups and users name.",
		ITEMS(schema_hours_items),
		LIST(hours, n_hours, config_hours),
		.is_allocated = true,
		.max_count = LIMIT_HOURS,
		TAKES(NOW)},
	{.name = "users",
		.help = "Local users. From `dns` on as groups, and above them.",
		ITEMS(schema_user_items),
		LIST(users, n_users, config_user),
		.is_allocated = true,
		.max_count = LIMIT_USERS,
		TAKES(NOW)},
	{.name = "radius_servers",
		.help = "RADIUS servers.",
		ITEMS(schema_radius_server_items),
		LIST(radius_servers, n_radius_servers, config_radius_server),
		.is_allocated = true,
		.max_count = LIMIT_RADIUS_SERVERS,
		TAKES(CALLS)},
	{.name = "radius_groups",
		.help = "Groups of RADIUS servers, which tenants name.",
		ITEMS(schema_radius_group_items),
		LIST(radius_groups, n_radius_groups, config_radius_group),
		.is_allocated = true,
		.max_count = LIMIT_RADIUS_GROUPS,
		TAKES(CALLS)},
	{.name = "coa",
		.help = "Who may change and end calls (RFC 5176).",
		ITEMS(schema_coa_items),
		LIST(coa, n_coa, config_coa),
		.is_allocated = true,
		.max_count = LIMIT_COA,
		TAKES(NOW)},
	{.name = "radius",
		.help = "What servers are told, and where accounting waits.",
		ITEMS(schema_radius_items),
		TAKES(RESTART)},
	{.name = "control", .help = "The operator's socket.", ITEMS(control_items), TAKES(RESTART)},
	{.name = "log", .help = "The log.", ITEMS(log_items), TAKES(NOW)},
	{.name = "log_classes",
		.help = "Classes of events that the log gets more or less of.",
		ITEMS(log_classes_items),
		LIST(log_classes, n_log_classes, config_log_class),
		.max_count = LOG_CLASS_COUNT,
		TAKES(NOW)},
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
		if (strcmp(group->items[i].key, key) == 0 ||
			(group->items[i].old_key && strcmp(group->items[i].old_key, key) == 0))
			return &group->items[i];
	return NULL;
}
