// SPDX-License-Identifier: BSD-3-Clause
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const char *load_test_report(const struct config_errors *errors)
{
	static char text[CONFIG_ERRORS_MAX * (CONFIG_ERROR_TEXT_BYTES + 16)];
	text[0] = '\0';
	FILE *f = fmemopen(text, sizeof(text), "w");
	config_errors_print(errors, f);
	fclose(f);
	return text;
}

TEST(load, minimal_with_defaults)
{
	struct config *c = config_new();
	struct config_errors errors;
	ASSERT_EQ(0, config_load_text(LOAD_TEST_MINIMAL, "t.cfg", c, &errors));
	EXPECT_STREQ("", load_test_report(&errors));
	EXPECT_STREQ("adit", c->name);
	EXPECT_EQ(1, c->n_workers);
	EXPECT_EQ(1, c->worker_cpus[0]);
	EXPECT_TRUE(c->hugepages);
	EXPECT_EQ(1723, c->tcp_port);
	EXPECT_EQ(1, c->n_auth_methods);
	EXPECT_EQ(CONFIG_AUTH_MSCHAPV2, c->auth_methods[0]);
	EXPECT_TRUE(c->change_password);
	EXPECT_STREQ("", c->password_file);
	EXPECT_EQ(10, c->lockout_user_failures);
	EXPECT_EQ(8, c->reorder_pkts);
	EXPECT_EQ(0, c->late_pkts);
	EXPECT_EQ(CONFIG_GRE_STRICT, c->gre_source);
	EXPECT_EQ(1024, c->history_calls);
	EXPECT_EQ(CONFIG_ENCRYPTION_REQUIRE, c->encryption);
	EXPECT_EQ(CONFIG_MPPE_128, c->mppe_bits);
	EXPECT_TRUE(c->mppe_stateless_required);
	EXPECT_EQ(500, c->ack_delay_ms);
	EXPECT_EQ(0660, c->socket_mode);
	EXPECT_STREQ("sw", c->crypto_driver);
	EXPECT_STREQ("auto", c->sha1);

	ASSERT_EQ(2, c->n_ports);
	EXPECT_STREQ("out", c->ports[0].name);
	EXPECT_STREQ("out", c->ports[0].tap); // the port's name
	EXPECT_EQ(CONFIG_DEVICE_INTERFACE, c->ports[0].kind);
	EXPECT_STREQ("eth0", c->ports[0].device);
	EXPECT_EQ(CONFIG_ACCEPT_PPTP, c->ports[0].accept);
	EXPECT_EQ(CONFIG_ACCEPT_ALL, c->ports[1].accept);
	EXPECT_TRUE(c->ports[0].has_address);
	EXPECT_EQ(htonl(0xc000020a), c->ports[0].address_be);
	EXPECT_EQ(24, c->ports[0].prefix_len);
	EXPECT_TRUE(c->ports[0].has_gateway);
	EXPECT_EQ(htonl(0xc0000201), c->ports[0].gateway_be);
	EXPECT_FALSE(c->ports[1].has_address);
	EXPECT_EQ(1500, c->ports[1].mtu);

	// By default the addresses of the outside ports are called.
	EXPECT_EQ(1, c->n_listen);
	EXPECT_EQ(htonl(0xc000020a), c->listen_be[0]);

	ASSERT_EQ(1, c->n_pools);
	EXPECT_EQ(0x0a1e000a, c->pools[0].first);
	EXPECT_EQ(0x0a1e0014, c->pools[0].last);
	EXPECT_EQ(htonl(0x0a1e0001), c->pools[0].server_inner_be);

	ASSERT_EQ(1, c->n_users);
	EXPECT_TRUE(c->users[0].has_password);
	EXPECT_FALSE(c->users[0].has_nt_hash);
	EXPECT_EQ(9, c->users[0].password.len);
	EXPECT_MEMEQ("hush-hush", c->users[0].password.bytes, 9);
	config_free(c);
}

// What stands before the minimal file, and the lines that come of it, in order.
struct message_case {
	const char *extra;
	const char *wanted;
};

static void run_messages(const struct message_case *cases, size_t n)
{
	struct config *c = config_new();
	for (size_t i = 0; i < n; i++) {
		SHIM_TRACE_CASE((long long)i);
		struct config_errors errors;
		char text[2048];
		snprintf(text, sizeof(text), "%s%s", cases[i].extra, LOAD_TEST_MINIMAL);
		int rc = config_load_text(text, "t.cfg", c, &errors);
		EXPECT_EQ(cases[i].wanted[0] ? -EINVAL : 0, rc);
		EXPECT_STREQ(cases[i].wanted, load_test_report(&errors));
	}
	config_free(c);
}

TEST(load, messages)
{
	static const struct message_case cases[] = {
		{"pptp = { ack_delay_ms = 7; };\n",
			"error: t.cfg:1: pptp.ack_delay_ms = 7: must be 0 or 50..5000\n"},
		{"pptp = { ack_delay_ms = 0; receive_window = 64; };\n", ""},
		{"pptp = {\n receive_window = 65;\n ack_delay_ms = 5001; };\n",
			"error: t.cfg:2: pptp.receive_window = 65: must be 1..64\n"
			"error: t.cfg:3: pptp.ack_delay_ms = 5001: must be 0 or 50..5000\n"},
		{"pptp = { echo_interval_s = 99999999999L; };\n",
			"error: t.cfg:1: pptp.echo_interval_s = 99999999999: must be 5..3600\n"},
		{"pptp = { echo_interval_s = 4294967356; };\n",
			"error: t.cfg:1: the number is too large\n"},
		{"ppp = { mru = -1; };\n", "error: t.cfg:1: ppp.mru = -1: must be 576..1500\n"},
		{"ppp = { mru = 1400.5; };\n",
			"error: t.cfg:1: ppp.mru = 1400.5: must be 576..1500\n"},
		{"ppp = { mru = \"1400\"; };\n",
			"error: t.cfg:1: ppp.mru = \"1400\": must be 576..1500\n"},
		{"ppp = { mru = true; };\n", "error: t.cfg:1: ppp.mru = true: must be 576..1500\n"},
		{"ppp = { mru = [1]; };\n", "error: t.cfg:1: ppp.mru: must be 576..1500\n"},
		{"memory = { hugepages = 1; };\n",
			"error: t.cfg:1: memory.hugepages = 1: must be true or false\n"},
		{"name = \"a b\";\n", "error: t.cfg:1: name = \"a b\": must be a text of 1..63 "
				      "letters, digits, '.', '_' and '-'\n"},
		{"log = { to = \"\x1b[2J\xc3\xa4\"; };\n",
			"error: t.cfg:1: log.to = \"\\x1b[2J\xc3\xa4\": must be \"stderr\" or "
			"\"syslog\"\n"},
		// keys
		{"pptp = { ack_dealy_ms = 7; };\n",
			"error: t.cfg:1: pptp.ack_dealy_ms: unknown key; did you mean "
			"pptp.ack_delay_ms?\n"},
		{"pptp = { tcp_port = 7; };\n",
			"error: t.cfg:1: pptp.tcp_port: unknown key; did you "
			"mean listen.tcp_port?\n"},
		{"port = 1;\n", "error: t.cfg:1: port: unknown key; did you mean ports?\n"},
		{"memory = { quux = \"x\"; };\n",
			"error: t.cfg:1: memory.quux: unknown key; known here: hugepages, size_mb, "
			"mbufs, sessions_per_worker\n"},
		{"mru = 1400;\n", "error: t.cfg:1: mru: unknown key; did you mean ppp.mru?\n"},
		// shapes
		{"ppp = 5;\n",
			"error: t.cfg:1: ppp: must be a group, ppp = { key = value; ... };\n"},
		{"lanes = ( { control = 1; } );\n",
			"error: t.cfg:1: lanes: must be a group, lanes = { key = value; ... };\n"},
		// lists
		{"lanes = { workers = []; };\n",
			"error: t.cfg:1: lanes.workers: must be a list [ ] of "
			"1..32 numbers from 0 to 1023\n"},
		{"lanes = { workers = [1, 1024]; };\n",
			"error: t.cfg:1: lanes.workers[1] = 1024: must be a list [ ] of 1..32 "
			"numbers from 0 to 1023\n"},
		{"listen = { addresses = [\"192.0.2.10\", \"300.1.1.1\"]; };\n",
			"error: t.cfg:1: listen.addresses[1] = \"300.1.1.1\": must be a list [ ] "
			"of "
			"at most 1024 unicast IPv4 addresses\n"},
		{"listen = { addresses = [\"192.0.2.10\", \"192.0.2.10\"]; };\n",
			"error: t.cfg:1: listen.addresses[1] = \"192.0.2.10\": stands in the list "
			"twice\n"},
		// syntax
		{"name = ;\n", "error: t.cfg:1: syntax error\n"},
		{"name = \"a\";\nname = \"b\";\n", "error: t.cfg:2: duplicate setting name\n"},
		{"log = {\n\n", "error: t.cfg:9: syntax error\n"},
	};
	run_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(load, messages_of_methods_and_groups)
{
	static const struct message_case cases[] = {
		{"encryption = { mode = \"off\"; };\n",
			"error: t.cfg:1: encryption.mode = \"off\": is not taken any more; use "
			"\"deny\"\n"},
		{"auth = { methods = [\"eap\"]; };\n",
			"error: t.cfg:1: auth.methods[0] = \"eap\": must be an ordered list [ ] of "
			"\"mschapv2\", \"mschapv1\", \"chap\" or \"pap\"\n"},
		{"auth = { methods = [\"mschapv2\", \"mschapv2\"]; };\n",
			"error: t.cfg:1: auth.methods[1] = \"mschapv2\": stands in the list "
			"twice\n"},
		{"auth = { password_file = \"passwords\"; };\n",
			"error: t.cfg:1: auth.password_file = \"passwords\": must be empty or an "
			"absolute path of at most 255 bytes\n"},
		{"groups = ({ name = \"g\"; domain = \"a..b\"; });\n",
			"error: t.cfg:1: groups[0].domain = \"a..b\": must be empty or a DNS name "
			"without a dot at its end\n"},
		{"groups = ({ name = \"g\"; routes = [\"10.0.0.0/8\", \"10.1.0.0/8\"]; });\n",
			"error: t.cfg:1: groups[0].routes[1] = \"10.1.0.0/8\": must be a list [ ] "
			"of "
			"at most 32 networks as \"10.0.0.0/8\", with no bit set behind the "
			"prefix\n"},
		{"groups = ({ name = \"g\"; routes = [\"10.0.0.0/8\", \"10.0.0.0/8\"]; });\n",
			"error: t.cfg:1: groups[0].routes[1] = \"10.0.0.0/8\": stands in the list "
			"twice\n"},
	};
	run_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

// S3: who comes from a server that asked TACACS+ is told why that cannot be, under either name, and one
// right method beside it does not help.
TEST(load, s3_tacacs_is_refused_with_the_reason)
{
	static const struct message_case cases[] = {
		{"auth = { methods = [\"tacacs+\"]; };\n",
			"error: t.cfg:1: auth.methods[0] = \"tacacs+\": is not taken: TACACS+ "
			"returns no keys for MPPE, so no call could be encrypted; use "
			"\"mschapv2\"\n"},
		{"auth = { methods = [\"mschapv2\", \"tacacs\"]; };\n",
			"error: t.cfg:1: auth.methods[1] = \"tacacs\": is not taken: TACACS+ "
			"returns no keys for MPPE, so no call could be encrypted; use "
			"\"mschapv2\"\n"},
	};
	run_messages(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(load, empty_file_says_what_it_needs)
{
	struct config *c = config_new();
	struct config_errors errors;
	EXPECT_EQ(-EINVAL, config_load_text("", "t.cfg", c, &errors));
	EXPECT_STREQ("error: t.cfg: there must be a port whose role is \"outside\"\n"
		     "error: t.cfg: there must be a pool\n"
		     "warning: t.cfg: there is no user, so nobody can log in\n",
		load_test_report(&errors));
	EXPECT_EQ(2, errors.n_errors);
	EXPECT_EQ(1, errors.n_warnings);
	config_free(c);
}

TEST(load, elements_of_lists)
{
	struct config *c = config_new();
	struct config_errors errors;
	EXPECT_EQ(-EINVAL, config_load_text("ports = ( 1,\n"
					    "{ name = \"x\"; role = \"side\"; } );\n"
					    "pools = { };\n"
					    "users = ();\n",
				   "t.cfg", c, &errors));
	EXPECT_STREQ(
		"error: t.cfg:1: ports[0]: must be a group, { key = value; ... }\n"
		"error: t.cfg:2: ports[1]: device must be given\n"
		"error: t.cfg:2: ports[1].role = \"side\": must be \"outside\" or \"inside\"\n"
		"error: t.cfg:3: pools: must be a list of groups, pools = ( { ... }, { ... } );\n"
		"error: t.cfg:3: pools: there must be a pool\n"
		"warning: t.cfg:4: users: there is no user, so nobody can log in\n",
		strstr(load_test_report(&errors), "error: t.cfg:1: ports[0]"));
	config_free(c);
}

TEST(load, too_many_elements)
{
	struct config *c = config_new();
	struct config_errors errors;
	char text[8192] = "ports = (";
	for (int i = 0; i <= LIMIT_PORTS; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			"%s{ name = \"p%d\"; device = \"vdev:net_null%d\"; role = \"outside\"; }",
			i ? ",\n" : "", i, i);
	strcat(text,
		");\nlisten = { addresses = [\"192.0.2.1\"]; };\n" LOAD_TEST_POOLS LOAD_TEST_USERS);
	EXPECT_EQ(-EINVAL, config_load_text(text, "t.cfg", c, &errors));
	EXPECT_STREQ(
		"error: t.cfg:1: ports: has 9 entries, at most 8 fit\n", load_test_report(&errors));
	EXPECT_EQ(LIMIT_PORTS, c->n_ports);
	config_free(c);
}

TEST(load, more_errors_than_fit)
{
	struct config *c = config_new();
	struct config_errors errors;
	char text[8192] = "";
	for (int i = 0; i < CONFIG_ERRORS_MAX + 20; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "qqqqqqqq%d = 1;\n", i);
	strcat(text, LOAD_TEST_MINIMAL);
	EXPECT_EQ(-EINVAL, config_load_text(text, "t.cfg", c, &errors));
	EXPECT_EQ(CONFIG_ERRORS_MAX, errors.n);
	EXPECT_EQ(CONFIG_ERRORS_MAX + 20, errors.n_errors);
	EXPECT_STRCONTAINS(load_test_report(&errors), "\nand 20 more\n");
	config_free(c);
}

// Whatever is wrong about a secret, it is not printed.
TEST(load, secrets_stay_out_of_messages)
{
	static const char *const users[] = {
		"users = ({ name = \"a\"; password = \"hush-\xff\"; });",
		"users = ({ name = \"a\"; password = \"hush-\\x01\"; });",
		"users = ({ name = \"a\"; password = [\"hush-\"]; });",
		"users = ({ name = \"a\"; pasword = \"hush-\"; });",
		"users = ({ name = \"a\"; nt_hash = \"hush-\"; });",
		"users = ({ name = \"a\"; nt_hash = \"hush-567890123456789012345678901\"; });",
		"users = ({ name = \"a\"; password = \"hush-\"; nt_hash = \"hush-\"; });",
		"users = ({ password = \"hush-\"; });",
		"users = ( \"hush-\" );",
		"users = \"hush-\";",
		"users = ({ name = \"a\"; password = \"hush-\" \"hush-\"; x; });",
	};
	struct config *c = config_new();
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct config_errors errors;
		char text[2048];
		snprintf(text, sizeof(text), LOAD_TEST_PORTS LOAD_TEST_POOLS "%s\n", users[i]);
		EXPECT_EQ(-EINVAL, config_load_text(text, "t.cfg", c, &errors));
		EXPECT_TRUE(strstr(load_test_report(&errors), "hush-") == NULL);
		EXPECT_STRCONTAINS(load_test_report(&errors), "error: t.cfg:6: ");
	}
	config_free(c);
}

static char *write_file(char path[static 64], const char *name, const char *text, mode_t mode)
{
	snprintf(path, 64, "/tmp/adit-load-%d-%s", (int)getpid(), name);
	FILE *f = fopen(path, "w");
	if (f) {
		fputs(text, f);
		fclose(f);
		chmod(path, mode);
	}
	return path;
}

TEST(load, file_permissions)
{
	static const struct {
		mode_t mode;
		bool is_open;
	} cases[] = {{0600, false}, {0640, false}, {0644, true}, {0666, true}, {0602, true}};
	struct config *c = config_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct config_errors errors;
		char path[64];
		write_file(path, "mode.cfg", LOAD_TEST_MINIMAL, cases[i].mode);
		EXPECT_EQ(0, config_load(path, c, &errors));
		EXPECT_EQ(cases[i].is_open ? 1 : 0, errors.n_warnings);
		EXPECT_EQ(cases[i].is_open,
			strstr(load_test_report(&errors), "open to every user") != NULL);
		unlink(path);
	}
	config_free(c);
}

TEST(load, log_file_that_is_a_directory)
{
	struct config *c = config_new();
	struct config_errors errors;
	char path[64], wanted[128];

	write_file(path, "log.cfg", LOAD_TEST_MINIMAL "log = {\nfile = \"/tmp\"; };\n", 0600);
	EXPECT_EQ(-EINVAL, config_load(path, c, &errors));
	snprintf(wanted, sizeof(wanted),
		"error: %s:8: log.file: is a directory, not the file in it\n", path);
	EXPECT_STREQ(wanted, load_test_report(&errors));
	write_file(path, "log.cfg", LOAD_TEST_MINIMAL "log = { file = \"/tmp/none\"; };\n", 0600);
	EXPECT_EQ(0, config_load(path, c, &errors));
	unlink(path);
	config_free(c);
}

TEST(load, files_that_cannot_be_read)
{
	struct config *c = config_new();
	struct config_errors errors;
	char path[64];
	EXPECT_EQ(-ENOENT, config_load("/nowhere/adit.cfg", c, &errors));
	EXPECT_STREQ(
		"error: /nowhere/adit.cfg: No such file or directory\n", load_test_report(&errors));
	EXPECT_EQ(-EISDIR, config_load("/tmp", c, &errors));

	FILE *f = fopen(write_file(path, "nul.cfg", "", 0600), "w");
	ASSERT_TRUE(f != NULL);
	fwrite("name = \"a\";\0x", 1, 13, f);
	fclose(f);
	EXPECT_EQ(-EILSEQ, config_load(path, c, &errors));
	EXPECT_STRCONTAINS(load_test_report(&errors), "is not a text file");

	ASSERT_EQ(0, truncate(path, 9 << 20));
	EXPECT_EQ(-EFBIG, config_load(path, c, &errors));
	unlink(path);
	config_free(c);
}

// Users may stand in a file of their own; its faults carry its name, and its mode is looked at.
TEST(load, included_file)
{
	struct config *c = config_new();
	struct config_errors errors;
	char users[64];
	char path[64];
	char text[2048];
	write_file(users, "users.cfg", "\n" LOAD_TEST_USERS, 0644);
	snprintf(text, sizeof(text), LOAD_TEST_PORTS LOAD_TEST_POOLS "@include \"%s\"\n",
		strrchr(users, '/') + 1);
	write_file(path, "main.cfg", text, 0600);
	EXPECT_EQ(0, config_load(path, c, &errors));
	EXPECT_EQ(1, errors.n_warnings);
	EXPECT_STRCONTAINS(load_test_report(&errors), users);
	EXPECT_EQ(1, c->n_users);

	write_file(users, "users.cfg", "\nusers = ({ name = \"\"; password = \"x\"; });", 0600);
	EXPECT_EQ(-EINVAL, config_load(path, c, &errors));
	char wanted[128];
	snprintf(wanted, sizeof(wanted), "error: %s:2: users[0].name = \"\"", users);
	EXPECT_STRCONTAINS(load_test_report(&errors), wanted);

	write_file(users, "users.cfg", "\n\nusers = ;", 0600);
	EXPECT_EQ(-EINVAL, config_load(path, c, &errors));
	snprintf(wanted, sizeof(wanted), "error: %s:3: syntax error\n", users);
	EXPECT_STREQ(wanted, load_test_report(&errors));

	unlink(users);
	EXPECT_EQ(-EINVAL, config_load(path, c, &errors));
	EXPECT_STRCONTAINS(load_test_report(&errors), "main.cfg:6: cannot open include file");
	unlink(path);
	config_free(c);
}

// What was loaded before does not shine through.
TEST(load, again)
{
	struct config *c = config_new();
	struct config_errors errors;
	ASSERT_EQ(0, config_load_text("name = \"first\"; listen = { addresses = [\"192.0.2.9\"]; "
				      "};" LOAD_TEST_MINIMAL,
			     "t.cfg", c, &errors));
	EXPECT_STREQ("first", c->name);
	ASSERT_EQ(0, config_load_text(LOAD_TEST_MINIMAL, "t.cfg", c, &errors));
	EXPECT_STREQ("adit", c->name);
	EXPECT_EQ(1, c->n_listen);
	EXPECT_EQ(htonl(0xc000020a), c->listen_be[0]);
	config_free(c);
}
