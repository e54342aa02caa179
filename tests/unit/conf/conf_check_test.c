// SPDX-License-Identifier: BSD-3-Clause
#include "load_test.h"

#include "shim/shim.h"

#include <errno.h>

#define OUT "{ name = \"out\"; device = \"interface:eth0\"; role = \"outside\"; "
#define IN  "{ name = \"in\"; device = \"interface:eth1\"; role = \"inside\"; "

// Each file has one contradiction, and its report holds exactly that line. "" is none.
struct contradiction {
	const char *ports; // or NULL: those of the minimal file
	const char *pools;
	const char *users;
	const char *rest;
	const char *wanted;
};

static void run(const struct contradiction *cases, size_t n)
{
	struct config *c = config_new();
	for (size_t i = 0; i < n; i++) {
		SHIM_TRACE_CASE(i);
		const struct contradiction *k = &cases[i];
		struct config_errors errors;
		char text[4096];
		snprintf(text, sizeof(text), "%s\n%s\n%s\n%s\n",
			k->ports ? k->ports : LOAD_TEST_PORTS,
			k->pools ? k->pools : LOAD_TEST_POOLS,
			k->users ? k->users : LOAD_TEST_USERS, k->rest ? k->rest : "");
		int rc = config_load_text(text, "t", c, &errors);
		bool is_error = strncmp(k->wanted, "error", 5) == 0;
		EXPECT_EQ(is_error ? -EINVAL : 0, rc);
		EXPECT_STREQ(k->wanted, load_test_report(&errors));
	}
	config_free(c);
}

TEST(conf_check, lanes)
{
	static const struct contradiction cases[] = {
		{.rest = "lanes = { control = 0; workers = [1, 2, 3]; };", .wanted = ""},
		{.rest = "lanes = { workers = [1, 2, 1]; };",
			.wanted = "error: t:10: lanes.workers: CPU 1 stands in the list twice\n"},
		{.rest = "lanes = { workers = [1, 2]; };\n"
			 "memory = { sessions_per_worker = 500; };\n"
			 "pptp = { max_calls = 1000; };",
			.wanted = ""},
		{.rest = "lanes = { workers = [1, 2]; };\n"
			 "memory = { sessions_per_worker = 500; };\n"
			 "pptp = { max_calls = 1001; };",
			.wanted =
				"warning: t:11: memory.sessions_per_worker: all workers have room "
				"for 1000 sessions, fewer than pptp.max_calls (1001)\n"},
		{.rest = "lanes = { workers = [1, 2, 1, 1]; idle_sleep_us = 50; };",
			.wanted = "warning: t:10: lanes.workers: CPU 1 stands in the list twice: "
				  "right in a lab only\n"
				  "warning: t:10: lanes.workers: CPU 1 stands in the list twice: "
				  "right in a lab only\n"},
		{.rest = "lanes = { control = 2; workers = [1, 2]; };",
			.wanted =
				"error: t:10: lanes.workers: CPU 2 is also that of lanes.control, "
				"which "
				"needs idle_sleep_us > 0\n"},
		{.rest = "lanes = { control = 1; };",
			.wanted = "error: t:10: lanes: CPU 1 is also that of lanes.control, which "
				  "needs "
				  "idle_sleep_us > 0\n"},
		{.rest = "lanes = { control = 1; idle_sleep_us = 50; };", .wanted = ""},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

#define ISM "encryption = { driver = \"ism\"; };"

TEST(conf_check, engines)
{
	static const struct contradiction cases[] = {
		{.rest = "lanes = { engines = [2, 3]; }; " ISM, .wanted = ""},
		{.rest = "lanes = { engines = []; };", .wanted = ""},
		{.rest = ISM,
			.wanted = "error: t:10: encryption.driver: \"ism\" needs lanes.engines\n"},
		{.rest = "lanes = { engines = []; }; " ISM,
			.wanted = "error: t:10: encryption.driver: \"ism\" needs lanes.engines\n"},
		// One line, not two: the list is there.
		{.rest = "lanes = { engines = [1024]; }; " ISM,
			.wanted = "error: t:10: lanes.engines[0] = 1024: must be a list [ ] of "
				  "0..16 numbers from 0 to 1023\n"},
		{.rest = "encryption = { engine = \"imb\"; };",
			.wanted = "warning: t:10: encryption.engine: does nothing here: it is "
				  "what engines run, where encryption.driver is \"ism\"\n"},
		{.rest = "encryption = { driver = \"null\"; };",
			.wanted = "error: t:10: encryption.driver = \"null\": must be \"sw\", "
				  "\"imb\" or \"ism\"\n"},
		{.rest = "\nlanes = { engines = [2]; };",
			.wanted = "error: t:11: lanes.engines: need encryption.driver to be "
				  "\"ism\", not \"sw\"\n"},
		{.rest = "lanes = { engines = [2, 3, 2]; }; " ISM,
			.wanted = "error: t:10: lanes.engines: CPU 2 stands in the list twice\n"},
		{.rest = "lanes = { engines = [1]; }; " ISM,
			.wanted = "error: t:10: lanes.engines: CPU 1 is also that of "
				  "lanes.workers, which needs idle_sleep_us > 0\n"},
		{.rest = "lanes = { engines = [0]; }; " ISM,
			.wanted = "error: t:10: lanes.engines: CPU 0 is also that of "
				  "lanes.control, which needs idle_sleep_us > 0\n"},
		{.rest = "lanes = { engines = [0, 1]; idle_sleep_us = 50; }; " ISM, .wanted = ""},
		{.rest = "encryption = { engine_queue = 96; };",
			.wanted = "error: t:10: encryption.engine_queue: must be a power of two\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, ports)
{
	static const struct contradiction cases[] = {
		{.ports = "ports = (" IN "});",
			.wanted = "error: t:1: ports: there must be a port whose role is "
				  "\"outside\"\n"},
		{.ports = "ports = (" OUT "});",
			.wanted = "error: t: listen.addresses must be given where no outside port "
				  "has an "
				  "address\n"},
		{.ports = "ports = (" OUT "});",
			.rest = "listen = { addresses = [\"203.0.113.5\"]; };",
			.wanted = ""},
		{.ports = "ports = (" OUT
			  "address = \"192.0.2.1/24\"; gateway = \"192.0.3.1\"; });",
			.wanted =
				"error: t:1: ports[0].gateway: is not in the network of the port's "
				"address\n"},
		{.ports = "ports = (" OUT
			  "address = \"192.0.2.1/24\"; gateway = \"192.0.2.1\"; });",
			.wanted = "error: t:1: ports[0].gateway: is the port's own address\n"},
		{.ports = "ports = (" OUT "gateway = \"192.0.2.1\"; });",
			.rest = "listen = { addresses = [\"192.0.2.7\"]; };",
			.wanted = "error: t:1: ports[0].gateway: needs the port to have an "
				  "address\n"},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; },\n" IN
			  "accept = \"pptp\"; });",
			.wanted = "error: t:2: ports[1].accept: only an outside port has it\n"},
		{.ports = "ports = (" OUT
			  "address = \"192.0.2.1/24\"; },\n{ name = \"out\"; tap = \"x\"; "
			  "device = \"vdev:net_null0\"; role = \"inside\"; });",
			.wanted = "error: t:2: ports[1].name: ports[0] has the same name\n"},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; },\n" IN
			  "tap = \"out\"; });",
			.wanted = "error: t:2: ports[1].tap: ports[0] has the same TAP\n"},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; },\n{ name = \"in\"; "
			  "device = \"interface:eth0\"; role = \"inside\"; });",
			.wanted = "error: t:2: ports[1].device: ports[0] has the same device\n"},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; },\n" IN
			  "address = \"192.0.2.1/32\"; });",
			.wanted = "error: t:2: ports[1].address: ports[0] has the same address\n"},
		{.ports = "ports = ({ name = \"eth0\"; device = \"interface:eth0\"; role = "
			  "\"outside\"; "
			  "address = \"192.0.2.1/24\"; });",
			.wanted =
				"error: t:1: ports[0]: must differ from the name of the device\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

#define POOL(name, range, server) \
	"{ name = \"" name "\"; range = \"" range "\"; server = \"" server "\"; }"

TEST(conf_check, pools)
{
	static const struct contradiction cases[] = {
		{.pools = "pools = ();", .wanted = "error: t:5: pools: there must be a pool\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.0-10.1.255.255", "10.2.0.1") ");",
			.wanted = ""},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.0.9") ");",
			.wanted = "error: t:5: pools[0].server: must lie outside of the range\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.1.1") ",\n" POOL(
			 "b", "10.1.0.9-10.1.0.20", "10.1.1.1") ");",
			.wanted = "error: t:6: pools[1].range: overlaps that of pools[0]\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.1.1") ",\n" POOL(
			 "a", "10.1.0.10-10.1.0.20", "10.1.1.1") ");",
			.wanted = "error: t:6: pools[1].name: pools[0] has the same name\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.0.15") ",\n" POOL(
			 "b", "10.1.0.10-10.1.0.20", "10.1.1.1") ");",
			.wanted = "error: t:6: pools[1].range: contains the server of pools[0]\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.1.1") ",\n" POOL(
			 "b", "10.1.0.10-10.1.0.20", "10.1.0.5") ");",
			.wanted = "error: t:6: pools[1].server: is in the range of pools[0]\n"},
		{.ports = "ports = (" OUT "address = \"198.51.100.1/32\"; });",
			.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "10.1.1.1") ");",
			.rest = "listen = { addresses = [\"10.1.0.3\"]; };",
			.wanted = "error: t:2: pools[0].range: contains a listen address\n"},
		{.pools = "pools = (" POOL("a", "10.1.0.1-10.1.0.9", "192.0.2.10") ");",
			.wanted = "error: t:5: pools[0].server: is also a listen address\n"},
		{.pools = "pools = (" POOL("a", "192.0.2.1-192.0.2.9", "10.1.1.1") ");",
			.wanted = "error: t:5: pools[0].range: contains the address or gateway of "
				  "ports[0]\n"},
		{.pools = "pools = (" POOL("a", "192.0.2.100-192.0.2.200", "10.1.1.1") ");",
			.wanted = "warning: t:5: pools[0].range: overlaps the network of ports[0]: "
				  "hosts "
				  "there find the clients only with routes of their own or proxy "
				  "ARP\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, users)
{
	static const struct contradiction cases[] = {
		{.users = "users = ({ name = \"a\"; });",
			.wanted = "error: t:8: users[0]: must have a password or an nt_hash\n"},
		{.users = "users = ({ name = \"a\"; password = \"x\"; nt_hash = "
			  "\"00112233445566778899aabbccddeeff\"; });",
			.wanted = "error: t:8: users[0]: must have either password or nt_hash\n"},
		{.users = "users = ({ name = \"a\"; nt_hash = "
			  "\"00112233445566778899AABBCCDDEEFF\"; });",
			.wanted = ""},
		{.users = "users = ({ name = \"b\"; password = \"x\"; },\n{ name = \"a\"; password "
			  "= "
			  "\"x\"; },\n{ name = \"b\"; password = \"y\"; });",
			.wanted = "error: t:10: users[2].name: users[0] has the same name\n"},
		{.users = "users = ({ name = \"a\"; password = \"x\"; },\n{ name = \"A\"; password "
			  "= "
			  "\"x\"; });",
			.wanted = ""},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, timers_and_limits)
{
	static const struct contradiction cases[] = {
		{.rest = "ppp = { no_lcp_timeout_s = 61; };",
			.wanted = "error: t:10: ppp.no_lcp_timeout_s: no_lcp_timeout_s must not be "
				  "longer "
				  "than setup_timeout_s\n"},
		{.rest = "ppp = { setup_timeout_s = 30; auth_timeout_s = 31; };",
			.wanted = "error: t:10: ppp.auth_timeout_s: auth_timeout_s must not be "
				  "longer than "
				  "setup_timeout_s\n"},
		{.rest = "pptp = { max_unauthenticated = 63; };",
			.wanted = "error: t:10: pptp: max_unauthenticated_per_source must not be "
				  "more than "
				  "max_unauthenticated\n"},
		{.rest = "pptp = { no_gre_notice_s = 31; };",
			.wanted = "error: t:10: pptp.no_gre_notice_s: no_gre_notice_s must not be "
				  "longer than ppp.no_lcp_timeout_s\n"},
		{.rest = "auth = { lockout_first_s = 901; };",
			.wanted = "error: t:10: auth.lockout_first_s: lockout_first_s must not be "
				  "longer than lockout_max_s\n"},
		{.rest = "auth = { lockout_max_s = 3601; };",
			.wanted =
				"error: t:10: auth.lockout_max_s: lockout_max_s must not be longer "
				"than lockout_forget_s\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

// 28 networks of 25 bits are 252 bytes of a DHCP option, 29 are 261; of 8 bits all 32 fit.
TEST(conf_check, routes_fit_a_dhcp_option)
{
	static const struct {
		int n, prefix_len;
		const char *wanted;
	} cases[] = {
		{28, 25, ""},
		{29, 25,
			"error: t:10: groups[0].routes: 29 routes of this length do not fit the "
			"255 "
			"bytes of a DHCP option: 261 bytes\n"},
		{32, 16, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rest[1024] = "groups = ({ name = \"a\"; routes = [";
		for (int k = 0; k < cases[i].n; k++)
			snprintf(rest + strlen(rest), sizeof(rest) - strlen(rest),
				"%s\"10.%d.0.0/%d\"", k ? ", " : "", k, cases[i].prefix_len);
		strcat(rest, "]; });");
		const struct contradiction one = {.rest = rest, .wanted = cases[i].wanted};
		run(&one, 1);
	}
}

TEST(conf_check, groups)
{
	static const struct contradiction cases[] = {
		{.rest = "groups = ({ name = \"a\"; },\n{ name = \"base\"; });", .wanted = ""},
		{.rest = "groups = ({ name = \"a\"; },\n{ name = \"a\"; });",
			.wanted = "error: t:11: groups[1].name: groups[0] has the same name\n"},
		{.users = "users = ({ name = \"a\"; password = \"x\"; group = \"b\"; });",
			.wanted = "error: t:8: users[0].group: there is no group \"b\"\n"},
		{.users = "users = ({ name = \"a\"; password = \"x\"; group = \"base\"; });",
			.wanted = ""},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

#define HASH_USERS                                                             \
	"users = ({ name = \"a\"; password = \"x\"; },\n"                      \
	"{ name = \"b\"; nt_hash = \"00112233445566778899aabbccddeeff\"; },\n" \
	"{ name = \"c\"; nt_hash = \"00112233445566778899aabbccddeeff\"; });\n"

#define ANY_CAN_READ                                                                           \
	"warning: t:10: encryption.mode: everything that clients send and get can be read on " \
	"the way\n"

// What each weakness costs is said in one line.
TEST(conf_check, weak_authentication)
{
	static const struct contradiction cases[] = {
		{.rest = "auth = { methods = [\"mschapv2\", \"chap\"]; };",
			.wanted = "error: t:10: auth.methods: \"chap\" gives no keys for MPPE, and "
				  "encryption.mode is \"require\": take one of the two away\n"},
		{.rest = "encryption = { mode = \"deny\"; };\nauth = { methods = [\"pap\"]; };",
			.wanted = ANY_CAN_READ "warning: t:11: auth.methods: with \"pap\" whoever "
					       "listens on the way reads the passwords\n"},
		{.rest = "auth = { methods = [\"mschapv1\"]; };",
			.wanted =
				"warning: t:10: auth.methods: with \"mschapv1\" whoever listens on "
				"the way finds the passwords within a day, and the client cannot "
				"tell who the server is\n"},
		{.users = HASH_USERS,
			.rest = "auth = { methods = [\"chap\"]; };\nencryption = { mode = "
				"\"deny\"; "
				"};",
			.wanted =
				"warning: t:9: users[1].nt_hash: \"chap\" of auth.methods cannot "
				"work for users without a password in clear, this one and 1 more\n"
				"warning: t:13: encryption.mode: everything that clients send and "
				"get can be read on the way\n"},
		{.users = HASH_USERS,
			.rest = "auth = { methods = [\"mschapv1\"]; };\n"
				"encryption = { strengths = [40]; };",
			.wanted =
				"warning: t:9: users[1].nt_hash: \"mschapv1\" of auth.methods has "
				"40 and 56 bit keys only for users with a password in clear, not "
				"for this one and 1 more\n"
				"warning: t:12: auth.methods: with \"mschapv1\" whoever listens on "
				"the way finds the passwords within a day, and the client cannot "
				"tell who the server is\n"
				"warning: t:13: encryption.strengths: a key of 40 bits is found in "
				"minutes by trying all of them\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, weak_encryption)
{
	static const struct contradiction cases[] = {
		{.rest = "encryption = { mode = \"require\"; strengths = [128]; };", .wanted = ""},
		{.rest = "encryption = { mode = \"deny\"; };", .wanted = ANY_CAN_READ},
		{.rest = "encryption = { mode = \"prefer\"; };",
			.wanted =
				"warning: t:10: encryption.mode: what a client without MPPE sends "
				"and "
				"gets can be read on the way, and whoever sits there can make any "
				"client one\n"},
		{.rest = "encryption = { strengths = [128, 56]; };",
			.wanted =
				"warning: t:10: encryption.strengths: a key of 56 bits is found in "
				"days by trying all of them\n"},
		{.rest = "encryption = { stateless_required = false; };",
			.wanted = "warning: t:10: encryption.stateless_required: a client with "
				  "stateful MPPE loses a round trip of data with each lost packet, "
				  "and each reset uses a piece of the key stream again\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, key_hash)
{
	static const struct contradiction cases[] = {
		{.rest = "encryption = { driver = \"sw\"; sha1 = \"c\"; };", .wanted = ""},
		{.rest = "encryption = { driver = \"imb\"; };", .wanted = ""},
		{.rest = "encryption = { driver = \"imb\"; sha1 = \"auto\"; };", .wanted = ""},
		{.rest = "encryption = { driver = \"imb\"; sha1 = \"imb\"; };", .wanted = ""},
		{.rest = "encryption = { driver = \"imb\"; sha1 = \"c\"; };",
			.wanted = "error: t:10: encryption.sha1: encryption.driver \"imb\" hashes "
				  "keys by ipsec-mb: take \"auto\" or \"imb\"\n"},
		{.rest = "lanes = { engines = [2]; }; encryption = { driver = \"ism\"; "
			 "engine = \"imb\"; sha1 = \"shani\"; };",
			.wanted = "error: t:10: encryption.sha1: encryption.engine \"imb\" hashes "
				  "keys by ipsec-mb: take \"auto\" or \"imb\"\n"},
		{.rest = "lanes = { engines = [2]; }; encryption = { driver = \"ism\"; "
			 "sha1 = \"shani\"; };",
			.wanted = ""},
		{.rest = "encryption = { driver = \"imb\"; sha1 = \"sse\"; };",
			.wanted = "error: t:10: encryption.sha1 = \"sse\": must be \"auto\", "
				  "\"avx512\", \"shani\", \"c\" or \"imb\"\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, what_costs_more_than_it_seems)
{
	static const struct contradiction cases[] = {
		{.rest = "ppp = { mtu = 1456; };", .wanted = ""},
		{.rest = "ppp = { mtu = 1457; };",
			.wanted = "warning: t:10: ppp.mtu: packets of 1457 bytes leave ports[0] in "
				  "fragments: its MTU of 1500 has room for 1456\n"},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; mtu = 1400; });",
			.rest = "ppp = { mtu = 1356; };",
			.wanted = ""},
		{.ports = "ports = (" OUT "address = \"192.0.2.1/24\"; mtu = 1400; });",
			.rest = "ppp = {\n};",
			.wanted = "warning: t:7: ppp: packets of 1400 bytes leave ports[0] in "
				  "fragments: its MTU of 1400 has room for 1356\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, control_socket)
{
	static const struct contradiction cases[] = {
		{.rest = "control = { mode = \"0660\"; };", .wanted = ""},
		{.rest = "control = { mode = \"0666\"; };",
			.wanted = "warning: t:10: control.mode: every user of the system can end "
				  "every session\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(conf_check, log_classes)
{
	static const struct contradiction cases[] = {
		{.rest = "log = { file = \"/var/log/adit\"; };\n"
			 "log_classes = ({ class = \"PPP\"; file = 9; }, { class = \"IP\"; "
			 "console = 0; });",
			.wanted = ""},
		{.rest = "log_classes = ({ class = \"PPP\"; syslog = 9; file = 0; });",
			.wanted = ""},
		{.rest = "log_classes = ({ class = \"PPP\"; file = 9; });",
			.wanted = "error: t:10: log_classes[0].file: needs log.file, which is not "
				  "given\n"},
		{.rest = "log_classes = ({ class = \"PPP\"; },\n{ class = \"PPP\"; });",
			.wanted = "error: t:11: log_classes[1].class: log_classes[0] is about the "
				  "same class\n"},
		{.rest = "log_classes = ({ class = \"NONE\"; }, { class = \"AUTH\"; });",
			.wanted = "error: t:10: log_classes[0].class = \"NONE\": must be "
				  "\"AUTH\", \"AUTHDBG\", \"AUTHDECODE\", \"CONFIG\", "
				  "\"EVENT\", \"GENERAL\", \"HARDWARE\", \"IP\", \"PPP\", "
				  "\"PPPDBG\", \"PPPDECODE\", \"PPTP\", \"PPTPDBG\" or "
				  "\"PPTPDECODE\"\n"},
		{.rest = "log_classes = ({ class = \"PPP\"; console = 14; });",
			.wanted = "error: t:10: log_classes[0].console = 14: must be 0..13\n"},
	};
	run(cases, sizeof(cases) / sizeof(cases[0]));
}
