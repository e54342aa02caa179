// SPDX-License-Identifier: BSD-3-Clause
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>

#define LISTEN "listen = { addresses = [\"192.0.2.10\", \"192.0.2.11\", \"192.0.2.12\"]; };\n"
#define POOLS                                                                               \
	"pools = (\n"                                                                       \
	"{ name = \"p\"; range = \"10.30.0.10-10.30.0.20\"; server = \"10.30.0.1\"; },\n"   \
	"{ name = \"red\"; range = \"10.30.0.10-10.30.0.20\"; server = \"10.30.0.1\"; },\n" \
	"{ name = \"blue\"; range = \"10.30.0.15-10.30.0.30\"; server = \"10.30.0.2\"; });\n"
#define RED	"{ name = \"red\"; listen = [\"192.0.2.11\"]; pool = \"red\"; }"
#define BLUE	"{ name = \"blue\"; listen = [\"192.0.2.12\"]; pool = \"blue\"; }"
#define TENANTS "tenants = (" RED ", " BLUE ");\n"

// The file: ports from line 1, pools from 5, users 9, listen 11, then what a case says from 12 on.
static void load(struct config *c, const char *text, const char *wanted)
{
	struct config_errors errors;
	char file[4096];

	snprintf(file, sizeof(file), "%s\n%s%s\n%s%s\n", LOAD_TEST_PORTS, POOLS, LOAD_TEST_USERS,
		LISTEN, text);
	int rc = config_load_text(file, "t", c, &errors);
	EXPECT_EQ(strncmp(wanted, "error", 5) == 0 ? -EINVAL : 0, rc);
	EXPECT_STREQ(wanted, load_test_report(&errors));
}

TEST(tenants, what_belongs_to_whom)
{
	struct config *c = config_new();

	load(c,
		TENANTS "vlans = ({ port = \"in\"; id = 100; name = \"red-lan\"; tenant = \"red\"; "
			"address = \"10.0.0.1/16\"; gateway = \"10.0.0.254\"; mtu = 1400; },\n"
			"{ port = \"in\"; id = 200; name = \"blue-lan\"; tap = \"b\"; tenant = "
			"\"blue\"; "
			"address = \"10.0.0.1/16\"; gateway = \"10.0.0.254\"; },\n"
			"{ port = \"in\"; id = 300; name = \"third\"; });",
		"");
	ASSERT_EQ(3, c->n_tenants);
	ASSERT_EQ(3, c->n_vlans);
	EXPECT_EQ(0, c->pools[0].tenant_number);
	EXPECT_EQ(1, c->pools[1].tenant_number);
	EXPECT_EQ(2, c->pools[2].tenant_number);
	EXPECT_EQ(0, c->listen_tenants[0]);
	EXPECT_EQ(1, c->listen_tenants[1]);
	EXPECT_EQ(2, c->listen_tenants[2]);
	EXPECT_EQ(1, c->vlans[0].tenant_number);
	EXPECT_EQ(1, c->vlans[0].port_index);
	EXPECT_STREQ("red-lan", c->vlans[0].tap);
	EXPECT_EQ(1400, c->vlans[0].mtu);
	EXPECT_EQ(htonl(0x0a0000fe), c->vlans[0].gateway_be);
	EXPECT_EQ(2, c->vlans[1].tenant_number);
	EXPECT_STREQ("b", c->vlans[1].tap);
	EXPECT_EQ(0, c->vlans[2].tenant_number);
	EXPECT_EQ(1500, c->vlans[2].mtu);
	EXPECT_EQ(2, config_find_tenant(c, "blue"));
	EXPECT_EQ(-1, config_find_tenant(c, "green"));
	EXPECT_EQ(0, config_find_tenant(c, ""));
	EXPECT_STREQ("blue", config_tenant_name(c, 2));
	EXPECT_STREQ("default", config_tenant_name(c, 0));
	config_reset(c);
	EXPECT_EQ(1, c->n_tenants);
	EXPECT_EQ(0, c->n_vlans);
	config_free(c);
}

#define VLAN(id, rest) "{ port = \"in\"; id = " #id "; name = \"v" #id "\"; " rest " }"

TEST(tenants, contradictions_with_their_places)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{"tenants = (" RED ", " BLUE ",\n" RED ");",
			"error: t:13: tenants[2].name: tenants[0] has the same name\n"
			"error: t:13: tenants[2].pool: \"red\" is a pool of tenants[0]\n"
			"error: t:13: tenants[2].listen: 192.0.2.11 is an address of tenants[0]\n"},
		{"tenants = ({ name = \"default\"; pool = \"red\"; }, " BLUE ");",
			"error: t:7: pools[1].range: overlaps that of pools[0]\n"},
		{"tenants = ({ name = \"red\"; pool = \"green\"; }, " BLUE ");",
			"error: t:7: pools[1].range: overlaps that of pools[0]\n"
			"error: t:12: tenants[0].pool: there is no pool \"green\"\n"},
		{"tenants = (" BLUE ",\n{ name = \"red\"; listen = [\"192.0.2.99\"]; pool = "
		 "\"red\"; });",
			"error: t:13: tenants[1].listen: 192.0.2.99 is not in listen.addresses\n"},
		{TENANTS "vlans = (" VLAN(1, "tenant = \"green\";") ");",
			"error: t:13: vlans[0].tenant: there is no tenant \"green\"\n"},
		{TENANTS "vlans = (" VLAN(1, "") ",\n" VLAN(1, "") ");",
			"error: t:14: vlans[1].name: vlans[0] has the same name\n"
			"error: t:14: vlans[1]: vlans[0] has the same TAP\n"
			"error: t:14: vlans[1].id: vlans[0] has the same on this port\n"},
		{TENANTS "vlans = (" VLAN(1, "tap = \"in\";") ");",
			"error: t:13: vlans[0].tap: ports[1] has the same TAP\n"},
		{TENANTS "vlans = (" VLAN(1, "tap = \"eth1\";") ");",
			"error: t:13: vlans[0].tap: is the name of the device of ports[1]\n"},
		{TENANTS "vlans = ({ port = \"out\"; id = 1; name = \"v\"; });",
			"error: t:13: vlans[0].port: is not an inside port\n"},
		{TENANTS "vlans = ({ port = \"up\"; id = 1; name = \"v\"; });",
			"error: t:13: vlans[0].port: there is no port \"up\"\n"},
		{TENANTS "vlans = (" VLAN(4095, "") ");",
			"error: t:13: vlans[0].id = 4095: must be 1..4094\n"},
		{TENANTS "vlans = (" VLAN(1, "gateway = \"10.0.0.254\";") ");",
			"error: t:13: vlans[0].gateway: needs the network to have an address\n"},
		{TENANTS "vlans = (" VLAN(
			 1, "address = \"10.0.0.1/24\"; gateway = \"10.1.0.1\";") ");",
			"error: t:13: vlans[0].gateway: is not in the network of the address\n"},
		{TENANTS "vlans = (" VLAN(
			 1, "address = \"10.0.0.1/24\"; gateway = \"10.0.0.1\";") ");",
			"error: t:13: vlans[0].gateway: is the network's own address\n"},
		{TENANTS "vlans = (" VLAN(
			 1, "tenant = \"red\"; address = \"10.0.0.1/24\";") ",\n" VLAN(2,
			 "tenant = \"red\"; address = \"10.0.0.1/24\";") ");",
			"error: t:14: vlans[1].address: vlans[0] of the same tenant has it too\n"},
		{TENANTS
			"vlans = (" VLAN(1, "tenant = \"blue\"; address = \"10.30.0.17/29\";") ");",
			"error: t:8: pools[2].range: contains the address or gateway of "
			"vlans[0]\n"},
		{"tenants = (" RED ", " BLUE ",\n{ name = \"g\"; pool = \"p\"; });",
			"error: t:11: listen.addresses: who calls 192.0.2.10 belongs to no tenant, "
			"and there is no "
			"pool left for him\n"},
		// Addresses overlap where pools are of the same tenant.
		{"tenants = (" RED ");", "error: t:8: pools[2].range: overlaps that of pools[0]\n"},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		load(c, cases[i].text, cases[i].wanted);
	}
	config_free(c);
}

TEST(tenants, networks_behind_a_user)
{
	struct config *c = config_new();
	struct config_errors errors;
	char file[2048];

	snprintf(file, sizeof(file), "%s%s%s", LOAD_TEST_PORTS, LOAD_TEST_POOLS,
		"users = ({ name = \"b\"; password = \"x\"; routes = [\"10.99.0.0/24\", "
		"\"10.98.0.0/16\"]; });");
	EXPECT_EQ(0, config_load_text(file, "t", c, &errors));
	EXPECT_STREQ("", load_test_report(&errors));
	ASSERT_EQ(2, c->users[0].n_routes);
	EXPECT_EQ(htonl(0x0a630000), c->users[0].routes[0].address_be);
	EXPECT_EQ(16, c->users[0].routes[1].prefix_len);
	snprintf(file, sizeof(file), "%s%s%s", LOAD_TEST_PORTS, LOAD_TEST_POOLS,
		"users = ({ name = \"b\"; password = \"x\"; routes = [\"0.0.0.0/0\"]; });");
	EXPECT_EQ(-EINVAL, config_load_text(file, "t", c, &errors));
	EXPECT_STREQ("error: t:6: users[0].routes: a network behind a client has a prefix of 8 to "
		     "32 bits\n",
		load_test_report(&errors));
	config_free(c);
}
