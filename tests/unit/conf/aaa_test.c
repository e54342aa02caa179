// SPDX-License-Identifier: BSD-3-Clause
// Tenants with RADIUS, its servers and groups, who may change calls; what groups and users say of calls.
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define SERVER                                                                                   \
	"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; secret = \"sixteen bytes " \
	"and more\"; });\n"
#define RADIUS SERVER "radius_groups = ({ name = \"main\"; servers = [\"one\"]; });\n"

// LOAD_TEST_MINIMAL has eight lines with the one that ends it; what a case says begins at line 7.
static int load(struct config *c, const char *text, const char *wanted)
{
	struct config_errors errors;
	char file[8192];

	snprintf(file, sizeof(file), "%s%s", LOAD_TEST_MINIMAL, text);
	int rc = config_load_text(file, "t", c, &errors);
	EXPECT_STREQ(wanted, load_test_report(&errors));
	return rc;
}

TEST(aaa, defaults)
{
	struct config *c = config_new();

	ASSERT_EQ(1, c->n_tenants);
	EXPECT_STREQ("default", c->tenants[0].name);
	EXPECT_EQ(CONFIG_AAA_LOCAL, c->tenants[0].aaa);
	EXPECT_TRUE(c->tenants[0].sticky_addresses);
	EXPECT_EQ(CONFIG_NO_INDEX, c->tenants[0].radius_index);
	EXPECT_EQ(CONFIG_NO_INDEX, c->tenants[0].accounting_index);
	EXPECT_EQ(c->base_group, c->tenants[0].group_index);
	EXPECT_STREQ("/var/lib/adit/accounting", c->accounting_dir);
	EXPECT_EQ(600, c->groups[0].policy.interim_s);
	EXPECT_EQ(0, c->groups[0].policy.given);
	config_free(c);
}

TEST(aaa, radius_of_the_default_tenant)
{
	struct config *c = config_new();

	ASSERT_EQ(0,
		load(c,
			RADIUS
			"tenants = ({ name = \"default\"; aaa = \"radius\"; radius = \"main\"; "
			"accounting = \"main\"; max_calls = 10; realms = [\"Example.COM\"]; });\n"
			"coa = ({ address = \"10.20.0.1\"; clients = [\"10.20.0.5\", "
			"\"10.21.0.0/16\"]; "
			"secret = \"sixteen bytes and more\"; });\n",
			""));
	ASSERT_EQ(1, c->n_tenants);
	const struct config_tenant *t = &c->tenants[0];
	EXPECT_EQ(CONFIG_AAA_RADIUS, t->aaa);
	EXPECT_EQ(0, t->radius_index);
	EXPECT_EQ(0, t->accounting_index);
	EXPECT_EQ(10, t->max_calls);
	EXPECT_STREQ("Example.COM", t->realms[0]);
	ASSERT_EQ(1, c->n_radius_servers);
	const struct config_radius_server *s = &c->radius_servers[0];
	EXPECT_EQ(1812, s->auth_port);
	EXPECT_EQ(1813, s->acct_port);
	EXPECT_EQ(22, s->secret.len);
	EXPECT_TRUE(s->require_message_authenticator);
	EXPECT_TRUE(s->status_server);
	EXPECT_EQ(3, s->tries);
	EXPECT_EQ(0, s->source_be);
	ASSERT_EQ(1, c->n_coa);
	EXPECT_EQ(3799, c->coa[0].port);
	EXPECT_EQ(300, c->coa[0].window_s);
	ASSERT_EQ(2, c->coa[0].n_clients);
	EXPECT_EQ(32, c->coa[0].clients[0].prefix_len);
	EXPECT_EQ(16, c->coa[0].clients[1].prefix_len);
	config_free(c);
}

TEST(aaa, tls_has_its_own_port_and_secret)
{
	struct config *c = config_new();

	ASSERT_EQ(0, load(c,
			     "radius_servers = ({ name = \"a\"; address = \"10.20.0.5\"; transport "
			     "= \"tls\"; "
			     "ca_file = \"/ca.pem\"; }, { name = \"b\"; address = \"10.20.0.6\"; "
			     "transport = "
			     "\"tls\"; ca_file = \"/ca.pem\"; auth_port = 2000; acct_port = 0; "
			     "secret = \"s\"; });\n",
			     ""));
	EXPECT_EQ(2083, c->radius_servers[0].auth_port);
	EXPECT_EQ(2083, c->radius_servers[0].acct_port);
	EXPECT_MEMEQ("radsec", c->radius_servers[0].secret.bytes, 6);
	EXPECT_EQ(2000, c->radius_servers[1].auth_port);
	EXPECT_EQ(0, c->radius_servers[1].acct_port);
	EXPECT_EQ(1, c->radius_servers[1].secret.len);
	config_free(c);
}

TEST(aaa, contradictions_with_their_places)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"tenants = ({ name = \"default\"; aaa = \"tacacs+\"; });",
			"error: t:7: tenants[0].aaa = \"tacacs+\": is not taken: TACACS+ returns "
			"no keys for MPPE "
			"(RFC 8907), so no call could be encrypted; use \"radius\"\n"},
		{"tenants = ({ name = \"default\"; aaa = \"radius\"; });",
			"error: t:7: tenants[0].aaa: needs radius, the group of servers to ask\n"},
		{"tenants = ({ name = \"default\"; aaa = \"radius\"; radius = \"x\"; accounting = "
		 "\"y\"; });",
			"error: t:7: tenants[0].radius: there is no group \"x\" in radius_groups\n"
			"error: t:7: tenants[0].accounting: there is no group \"y\" in "
			"radius_groups\n"},
		{RADIUS "tenants = ({ name = \"default\"; radius = \"main\"; });",
			"warning: t:9: tenants[0].radius: is not asked: aaa is \"local\", and not "
			"\"radius\" or "
			"\"radius-local\"\n"},
		{SERVER "radius_groups = ({ name = \"main\"; servers = []; });",
			"error: t:8: radius_groups[0].servers: must be a list [ ] of 1..8 texts of "
			"1..31 letters, "
			"digits, '.', '_' and '-'\n"},
		{SERVER "radius_groups = ({ name = \"main\"; servers = [\"two\"]; }, { name = "
			"\"main\"; servers = "
			"[\"one\", \"one\"]; });",
			"error: t:8: radius_groups[1].servers[1] = \"one\": stands in the list "
			"twice\n"
			"error: t:8: radius_groups[0].servers: there is no server \"two\" in "
			"radius_servers\n"
			"error: t:8: radius_groups[1].name: radius_groups[0] has the same name\n"},
		{"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; });",
			"error: t:7: radius_servers[0]: secret must be given\n"},
		{"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; secret = \"short\"; "
		 "ca_file = "
		 "\"/x\"; });",
			"warning: t:7: radius_servers[0].secret: is found by trying, by whoever "
			"hears one packet: "
			"it should have at least 16 bytes (RFC 2865 3)\n"
			"error: t:7: radius_servers[0].ca_file: only a server with \"tls\" has "
			"it\n"},
		{"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; secret = 5; });",
			"error: t:7: radius_servers[0].secret: must be a text of 1..128 bytes of "
			"UTF-8 without "
			"control characters\n"},
		{"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; transport = "
		 "\"tls\"; key_file = "
		 "\"/x\"; });",
			"error: t:7: radius_servers[0]: \"tls\" needs ca_file, or anybody could be "
			"the server\n"
			"error: t:7: radius_servers[0].key_file: certificate_file and key_file go "
			"together\n"},
		{"radius_servers = ({ name = \"one\"; address = \"10.20.0.5\"; secret = \"sixteen "
		 "bytes and "
		 "more\"; acct_port = 0; });\nradius_groups = ({ name = \"main\"; servers = "
		 "[\"one\"]; });\n"
		 "tenants = ({ name = \"default\"; accounting = \"main\"; });",
			"error: t:9: tenants[0].accounting: no server of \"main\" takes "
			"accounting\n"},
		{"radius = { accounting_dir = \"\"; accounting_required = true; };",
			"error: t:7: radius.accounting_required: needs radius.accounting_dir\n"},
		{"coa = ({ tenant = \"x\"; address = \"10.20.0.1\"; clients = []; secret = "
		 "\"sixteen bytes and "
		 "more\"; },\n{ address = \"10.20.0.1\"; clients = [\"0.0.0.0/0\"]; secret = "
		 "\"sixteen bytes and "
		 "more\"; });",
			"error: t:7: coa[0].clients: must be a list [ ] of 1..16 IPv4 addresses or "
			"networks as "
			"\"10.20.0.0/16\", with no bit set behind the prefix\n"
			"error: t:7: coa[0].tenant: there is no tenant \"x\"\n"
			"warning: t:8: coa[1].clients: lets everybody in who knows the secret\n"
			"error: t:8: coa[1].address: coa[0] has the same address and port\n"},
		{"tenants = ({ name = \"default\"; realms = [\"user@x\"]; });",
			"error: t:7: tenants[0].realms[0] = \"user@x\": must be a list [ ] of at "
			"most 8 DNS names "
			"without a dot at their end, of at most 63 bytes\n"},
		{"tenants = ({ name = \"default\"; realms = [\"a.b\"]; },\n{ name = \"x\"; realms "
		 "= [\"A.B\"]; });",
			"error: t:8: tenants[1]: pools must be given\n"
			"error: t:8: tenants[1].realms: \"A.B\" is a realm of tenants[0]\n"},
		{"tenants = ({ name = \"default\"; pool = \"p\"; pools = [\"p\"]; });",
			"error: t:7: tenants[0].pool: is the old name of pools, which is given "
			"too\n"},
		{"tenants = ({ name = \"x\"; }, { name = \"y\"; pools = []; }, { name = "
		 "\"default\"; group = "
		 "\"z\"; });",
			"error: t:7: tenants[2].group: there is no group \"z\"\n"
			"error: t:7: tenants[0]: pools must be given\n"
			"error: t:7: tenants[1].pools: must have a pool\n"},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		int rc = load(c, cases[i].text, cases[i].wanted);
		EXPECT_EQ(strstr(cases[i].wanted, "error: ") ? -EINVAL : 0, rc);
	}
	config_free(c);
}

TEST(aaa, policy_of_groups_and_users)
{
	struct config *c = config_new();
	struct config_errors errors;

	ASSERT_EQ(
		0, config_load_text(LOAD_TEST_PORTS LOAD_TEST_POOLS
			   "access_hours = ({ name = \"office\"; when = [\"mon-fri 08:00-18:00\", "
			   "\"sat 22:00-02:00\", \"daily 06:00-24:00\", \"fri-mon,wed "
			   "00:00-00:30\"]; });\n"
			   "groups = ({ name = \"g\"; simultaneous_logins = 3; logins_full = "
			   "\"replace\"; "
			   "pools = [\"p\"]; mtu = 0; access_hours = \"office\"; session_timeout_s "
			   "= 3600; });\n"
			   "users = ({ name = \"u\"; password = \"p\"; group = \"g\"; rate_up_kbps "
			   "= 64; "
			   "split_routes = [\"10.0.0.0/8\"]; routes = [\"10.99.0.0/24\"]; "
			   "auth_methods = [\"mschapv2\"]; strengths = [128, 56]; "
			   "use_client_address = true; });\n",
			   "t", c, &errors));
	EXPECT_STREQ("", load_test_report(&errors));
	ASSERT_EQ(1, c->n_hours);
	ASSERT_EQ(4, c->hours[0].n_spans);
	const struct config_hours_span *spans = c->hours[0].spans;
	EXPECT_EQ(0x3e, spans[0].days);
	EXPECT_EQ(480, spans[0].from_min);
	EXPECT_EQ(1080, spans[0].to_min);
	EXPECT_EQ(0x40, spans[1].days);
	EXPECT_EQ(120, spans[1].to_min);
	EXPECT_EQ(0x7f, spans[2].days);
	EXPECT_EQ(1440, spans[2].to_min);
	EXPECT_EQ(0x6b, spans[3].days);
	const struct config_policy *g = &c->groups[0].policy;
	EXPECT_EQ(1u << CONFIG_POLICY_LOGINS | 1u << CONFIG_POLICY_LOGINS_FULL |
			  1u << CONFIG_POLICY_POOLS | 1u << CONFIG_POLICY_MTU |
			  1u << CONFIG_POLICY_ACCESS_HOURS | 1u << CONFIG_POLICY_SESSION_TIMEOUT,
		g->given);
	EXPECT_EQ(3, g->simultaneous_logins);
	EXPECT_EQ(CONFIG_LOGINS_REPLACE, g->logins_full);
	EXPECT_EQ(1, g->n_pools);
	EXPECT_STREQ("p", g->pools[0]);
	const struct config_user *u = &c->users[0];
	EXPECT_EQ(1u << CONFIG_POLICY_RATE_UP | 1u << CONFIG_POLICY_ROUTES |
			  1u << CONFIG_POLICY_AUTH_METHODS | 1u << CONFIG_POLICY_MPPE_BITS |
			  1u << CONFIG_POLICY_CLIENT_ADDRESS,
		u->policy.given);
	EXPECT_EQ(64, u->policy.rate_up_kbps);
	EXPECT_EQ(200, u->policy.burst_ms);
	EXPECT_EQ(1, u->n_routes);
	EXPECT_EQ(1, u->policy.n_routes);
	EXPECT_EQ(CONFIG_MPPE_128 | CONFIG_MPPE_56, u->policy.mppe_bits);
	EXPECT_EQ(CONFIG_AUTH_MSCHAPV2, u->policy.auth_methods);
	config_free(c);
}

TEST(aaa, hours_that_are_none)
{
	static const char *const cases[] = {"", "mon", "mon 8:00-18:00", "mon 08:00-24:01",
		"mon 24:00-08:00", "mon 08:60-09:00", "mon 08:00 - 09:00", "mon,  08:00-09:00",
		"mon- 08:00-09:00", "mo 08:00-09:00", "daily", "daily,mon 08:00-09:00",
		"mon-fri-sun 08:00-09:00", "mon  08:00-09:00", "mon 08:00-09:00 ",
		",mon 08:00-09:00", "MON 08:00-09:00", "mon, 08:00-09:00"};
	struct config *c = config_new();
	char text[256], wanted[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		snprintf(text, sizeof(text), "access_hours = ({ name = \"h\"; when = [\"%s\"]; });",
			cases[i]);
		snprintf(wanted, sizeof(wanted),
			"error: t:7: access_hours[0].when[0] = \"%s\": must be a list [ ] of 1..16 "
			"texts "
			"as \"mon-fri 08:00-18:00\", \"sat,sun 22:00-02:00\" or \"daily "
			"06:00-24:00\"\n",
			cases[i]);
		EXPECT_EQ(-EINVAL, load(c, text, wanted));
	}
	config_free(c);
}

TEST(aaa, contradictions_of_policies)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"groups = ({ name = \"g\"; acl_in = \"x\"; access_hours = \"y\"; pools = [\"z\"]; "
		 "});",
			"error: t:7: groups[0].acl_in: there is no access list \"x\" in acls\n"
			"error: t:7: groups[0].access_hours: there are no hours \"y\" in "
			"access_hours\n"
			"error: t:7: groups[0].pools: there is no pool \"z\"\n"},
		{"groups = ({ name = \"g\"; auth_methods = [\"pap\"]; });",
			"error: t:7: groups[0].auth_methods: no client is asked for \"pap\", which "
			"auth.methods "
			"lacks\n"
			"error: t:7: groups[0].auth_methods: \"pap\" gives no keys for MPPE, and "
			"encryption is "
			"\"require\"\n"},
		{"groups = ({ name = \"base\"; auth_methods = [\"chap\"]; encryption = \"allow\"; "
		 "},\n"
		 "{ name = \"g\"; encryption = \"require\"; });\nauth = { methods = [\"mschapv2\", "
		 "\"chap\"]; };",
			"warning: t:7: groups[0].encryption: what its clients send and get can be "
			"read on the way\n"
			"error: t:8: groups[1].encryption: \"chap\" gives no keys for MPPE, and "
			"encryption is "
			"\"require\"\n"},
		{"auth = { methods = [\"mschapv2\", \"chap\"]; };",
			"error: t:7: auth.methods: \"chap\" gives no keys for MPPE, and "
			"encryption.mode is "
			"\"require\": take one of the two away\n"},
		{"groups = ({ name = \"g\"; encryption = \"off\"; });",
			"error: t:7: groups[0].encryption = \"off\": is not taken any more; use "
			"\"deny\"\n"},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(-EINVAL, load(c, cases[i].text, cases[i].wanted));
	}
	config_free(c);
}

#define TWO_POOLS                                                                          \
	LOAD_TEST_PORTS                                                                    \
	"pools = (\n"                                                                      \
	"{ name = \"p\"; range = \"10.30.0.10-10.30.0.20\"; server = \"10.30.0.1\"; }, "   \
	"{ name = \"x\"; range = \"10.30.0.10-10.30.0.20\"; server = \"10.30.0.1\"; });\n" \
	"tenants = ({ name = \"x\"; pools = [\"x\"]; });\n"

// An address of another tenant's pool would be somebody else's.
TEST(aaa, pools_of_a_policy_are_the_tenants)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"users = ({ name = \"u\"; password = \"p\"; pools = [\"x\"]; });",
			"error: t:7: users[0].pools: pool \"x\" is not one of tenant "
			"\"default\"\n"},
		{"users = ({ name = \"u\"; password = \"p\"; tenant = \"x\"; pools = [\"x\"]; });",
			""},
		{"users = ({ name = \"u\"; password = \"p\"; tenant = \"x\"; group = \"g\"; });\n"
		 "groups = ({ name = \"g\"; pools = [\"p\"]; });",
			"error: t:7: users[0].group: pool \"p\" is not one of tenant \"x\"\n"},
		{LOAD_TEST_USERS "groups = ({ name = \"base\"; pools = [\"p\"]; });",
			"error: t:6: tenants[0]: pool \"p\" is not one of tenant \"x\"\n"},
		// The same name in two tenants is two users.
		{"users = ({ name = \"u\"; password = \"p\"; }, { name = \"u\"; password = \"p\"; "
		 "tenant = "
		 "\"x\"; });",
			""},
		{"users = ({ name = \"u\"; password = \"p\"; tenant = \"x\"; }, { name = \"u\"; "
		 "password = "
		 "\"p\"; tenant = \"x\"; });",
			"error: t:7: users[1].name: users[0] has the same name\n"},
		{"users = ({ name = \"u\"; password = \"p\"; tenant = \"y\"; });",
			"error: t:7: users[0].tenant: there is no tenant \"y\"\n"},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_errors errors;
		char file[8192];
		SHIM_TRACE_CASE((long long)i);
		snprintf(file, sizeof(file), "%s%s", TWO_POOLS, cases[i].text);
		config_load_text(file, "t", c, &errors);
		EXPECT_STREQ(cases[i].wanted, load_test_report(&errors));
	}
	config_free(c);
}

// As many of all as fit, each with names of its own: what the checks cost must grow with the file.
TEST(aaa, a_thousand_tenants)
{
	enum { N = 1000, CAP = 4 << 20 };
	static const char *const lists[] = {
		"{ name = \"t%04d\"; listen = [\"198.18.%d.%d\"]; pools = [\"pool%04d\"]; realms = "
		"[\"r%04d.example\"]; group = \"g%04d\"; aaa = \"radius\"; radius = \"rg%04d\"; "
		"accounting = "
		"\"rg%04d\"; }",
	};
	struct config *c = config_new();
	struct config_errors errors;
	char *text = malloc(CAP);
	size_t len = 0;

#define PUT(...) len += (size_t)snprintf(text + len, CAP - len, __VA_ARGS__)
	PUT("%s", LOAD_TEST_PORTS);
	PUT("listen = { addresses = [\"192.0.2.10\"");
	for (int i = 0; i < N; i++)
		PUT(", \"198.18.%d.%d\"", i / 250, i % 250 + 1);
	PUT("]; };\npools = ({ name = \"p\"; range = \"10.30.0.10-10.30.0.20\"; server = "
	    "\"10.30.0.1\"; }");
	for (int i = 0; i < N; i++)
		PUT(",\n{ name = \"pool%04d\"; range = \"10.31.0.10-10.31.0.20\"; server = "
		    "\"10.31.0.1\"; }",
			i);
	PUT(");\ntenants = (");
	for (int i = 0; i < N; i++) {
		PUT("%s", i ? ",\n" : "");
		PUT(lists[0], i, i / 250, i % 250 + 1, i, i, i, i, i);
	}
	PUT(");\nvlans = (");
	for (int i = 0; i < N; i++)
		PUT("%s{ port = \"in\"; id = %d; name = \"v%d\"; address = \"10.40.0.1/24\"; "
		    "tenant = \"t%04d\"; }",
			i ? ",\n" : "", i + 1, i, i);
	PUT(");\ngroups = (");
	for (int i = 0; i < N; i++)
		PUT("%s{ name = \"g%04d\"; pools = [\"pool%04d\"]; }", i ? ",\n" : "", i, i);
	PUT(");\nradius_servers = (");
	for (int i = 0; i < N; i++)
		PUT("%s{ name = \"s%04d\"; address = \"10.20.0.5\"; secret = \"sixteen bytes and "
		    "more\"; }",
			i ? ",\n" : "", i);
	PUT(");\nradius_groups = (");
	for (int i = 0; i < N; i++)
		PUT("%s{ name = \"rg%04d\"; servers = [\"s%04d\"]; }", i ? ",\n" : "", i, i);
	PUT(");\n");
#undef PUT
	struct timespec from, to;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	int rc = config_load_text(text, "t", c, &errors);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	double ms =
		(double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	printf("a thousand tenants: %zu bytes are read and checked in %.0f ms\n", len, ms);
	EXPECT_STREQ("", load_test_report(&errors));
	ASSERT_EQ(0, rc);
	ASSERT_EQ(N + 1, c->n_tenants);
	for (int i = 0; i < N; i++) {
		const struct config_tenant *t = &c->tenants[i + 1];
		ASSERT_EQ(i + 1, c->pools[i + 1].tenant_number);
		ASSERT_EQ(i + 1, c->listen_tenants[i + 1]);
		ASSERT_EQ(i + 1, c->vlans[i].tenant_number);
		ASSERT_EQ(i, t->group_index);
		ASSERT_EQ(i, t->radius_index);
		ASSERT_EQ(i, t->accounting_index);
		ASSERT_EQ(i, c->radius_groups[i].server_index[0]);
	}
	EXPECT_LT(ms, 2000); // far from what it is, and from what comparing all with all would be
	free(text);
	config_free(c);
}
