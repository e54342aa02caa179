// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_value.h"

#include "shim/shim.h"

#include <arpa/inet.h>

// Read `v = <text>;` as the item `group.key` into the struct at base.
static bool read_as(const char *group, const char *key, const char *text, void *base,
	struct conf_problem *problem)
{
	static char file[1024];
	config_t lib;
	snprintf(file, sizeof(file), "v = %s;", text);
	config_init(&lib);
	const struct schema_item *item = schema_find_item(schema_find_group(group), key);
	bool ok = item && config_read_string(&lib, file) == CONFIG_TRUE &&
		  conf_value_read(config_lookup(&lib, "v"), item, base, problem);
	config_destroy(&lib);
	return ok;
}

static bool takes(const char *group, const char *key, const char *text)
{
	static union {
		struct config config;
		struct config_port port;
		struct config_pool pool;
		struct config_user user;
		struct config_group group;
	} any;
	struct conf_problem problem;
	return read_as(group, key, text, &any, &problem);
}

TEST(conf_value, every_default_is_taken_and_described)
{
	for (size_t g = 0; g < schema_n_groups; g++) {
		const struct schema_group *group = &schema_groups[g];
		for (size_t i = 0; i < group->n_items; i++) {
			const struct schema_item *item = &group->items[i];
			SHIM_TRACE_CASE((long long)(g * 100 + i));
			if (item->def && item->def[0])
				EXPECT_TRUE(takes(group->name, item->key, item->def));
		}
	}
}

static const struct {
	const char *group, *key, *text;
	bool taken;
} taken_or_not[] = {
	{"ports", "device", "\"pci:0000:01:00.0\"", true},
	{"ports", "device", "\"pci:01:00.0\"", true},
	{"ports", "device", "\"pci:0000:3b:00.1\"", true},
	{"ports", "device", "\"pci:0000:01:00\"", false},
	{"ports", "device", "\"pci:0000:01:0g.0\"", false},
	{"ports", "device", "\"pci:0000-01-00.0\"", false},
	{"ports", "device", "\"pci:\"", false},
	{"ports", "device", "\"vdev:net_ring0,nodeaction=r0:0:CREATE\"", true},
	{"ports", "device", "\"vdev:net_\"", false},
	{"ports", "device", "\"vdev:crypto_null\"", false},
	{"ports", "device", "\"vdev:net_null0 --no-huge\"", false},
	{"ports", "device", "\"interface:eth0\"", true},
	{"ports", "device", "\"interface:\"", false},
	{"ports", "device", "\"interface:sixteen-letters0\"", false},
	{"ports", "device", "\"interface:a,iface=b\"", false},
	{"ports", "device", "\"interface:../x\"", false},
	{"ports", "device", "\"eth0\"", false},
	{"ports", "device", "7", false},

	{"ports", "address", "\"10.20.0.1/24\"", true},
	{"ports", "address", "\"10.20.0.1/32\"", true},
	{"ports", "address", "\"10.20.0.0/31\"", true},
	{"ports", "address", "\"10.20.0.0/24\"", false},
	{"ports", "address", "\"10.20.0.255/24\"", false},
	{"ports", "address", "\"10.20.0.1/7\"", false},
	{"ports", "address", "\"10.20.0.1/33\"", false},
	{"ports", "address", "\"10.20.0.1/\"", false},
	{"ports", "address", "\"10.20.0.1/ 24\"", false},
	{"ports", "address", "\"10.20.0.1/24x\"", false},
	{"ports", "address", "\"10.20.0.1/-1\"", false},
	{"ports", "address", "\"10.20.0.1/4294967320\"", false},
	{"ports", "address", "\"10.20.0.1\"", false},
	{"ports", "address", "\"/24\"", false},
	{"ports", "address", "\"1234567890.1234567890/24\"", false},
	{"ports", "address", "24", false},

	{"ports", "gateway", "\"10.20.0.1\"", true},
	{"ports", "gateway", "\"0.0.0.0\"", false},
	{"ports", "gateway", "\"0.1.2.3\"", false},
	{"ports", "gateway", "\"127.0.0.1\"", false},
	{"ports", "gateway", "\"224.0.0.1\"", false},
	{"ports", "gateway", "\"255.255.255.255\"", false},
	{"ports", "gateway", "\"10.20.0\"", false},
	{"ports", "gateway", "\"10.20.0.1 \"", false},
	{"ports", "gateway", "\"::1\"", false},
	{"ports", "gateway", "\"\"", false},

	{"ports", "tap", "\"adit-out\"", true},
	{"ports", "tap", "\"\"", true},
	{"ports", "tap", "\".\"", false},
	{"ports", "tap", "\"..\"", false},
	{"ports", "tap", "\"-x\"", false},
	{"ports", "tap", "\"a/b\"", false},
	{"ports", "tap", "\"sixteen-letters0\"", false},

	{"pools", "range", "\"10.0.0.1-10.0.0.1\"", true},
	{"pools", "range", "\"10.0.0.0-10.0.255.255\"", true},
	{"pools", "range", "\"10.0.0.0-10.1.0.0\"", false}, // one too many
	{"pools", "range", "\"10.0.0.2-10.0.0.1\"", false},
	{"pools", "range", "\"10.0.0.1\"", false},
	{"pools", "range", "\"10.0.0.1-\"", false},
	{"pools", "range", "\"-10.0.0.1\"", false},
	{"pools", "range", "\"10.0.0.1-10.0.0.2-10.0.0.3\"", false},
	{"pools", "range", "\"223.255.255.0-224.0.0.1\"", false},
	{"pools", "range", "\"1111111111111111111111-10.0.0.1\"", false},
	{"pools", "range", "1", false},
	{"pools", "dns", "[\"10.0.0.1\", \"10.0.0.2\"]", true},
	{"pools", "dns", "(\"10.0.0.1\")", true},
	{"pools", "dns", "[\"10.0.0.1\", \"10.0.0.2\", \"10.0.0.3\"]", false},
	{"pools", "dns", "\"10.0.0.1\"", false},
	{"pools", "dns", "[1, 2]", false},
	{"pools", "nbns", "[]", true},

	{"users", "name", "\"ann\"", true},
	{"users", "name", "\"J\xc3\xbcrgen M\"", true},
	{"users", "name", "\"J\xfcrgen\"", false},
	{"users", "name", "\"a\\nb\"", false},
	{"users", "name",
		"\"a\xe2\x80\xae"
		"b\"",
		false},
	{"users", "name", "\"\"", false},
	{"users", "name", "1", false},
	{"users", "password", "\"\"", false},
	{"users", "password", "\"\xe2\x82\xac\"", true},
	{"users", "password", "\"\xff\"", false},
	{"users", "nt_hash", "\"0123456789abcdefABCDEF0123456789\"", true},
	{"users", "nt_hash", "\"0123456789abcdefABCDEF012345678\"", false},
	{"users", "nt_hash", "\"0123456789abcdefABCDEF01234567890\"", false},
	{"users", "nt_hash", "\"0123456789abcdefABCDEF012345678g\"", false},
	{"users", "nt_hash", "5", false},

	{"control", "mode", "\"0660\"", true},
	{"control", "mode", "\"777\"", true},
	{"control", "mode", "\"0888\"", false},
	{"control", "mode", "\"1777\"", false},
	{"control", "mode", "\"00660\"", false},
	{"control", "mode", "\"\"", false},
	{"control", "mode", "660", false},

	{"lanes", "workers", "[0, 1023]", true},
	{"lanes", "workers", "1", false},
	{"lanes", "workers", "[\"1\"]", false},
	{"listen", "tcp_port", "65535", true},
	{"listen", "tcp_port", "65535L", true},
	{"listen", "tcp_port", "0x6bb", true},
	{"listen", "tcp_port", "65536", false},
	{"listen", "tcp_port", "0", false},
	{"listen", "tcp_port", "4294967296L", false},
	{"listen", "tcp_port", "-9223372036854775807L", false},
	{"auth", "methods", "[]", false},
	{"auth", "methods", "\"mschapv2\"", false},
	{"auth", "methods", "[true]", false},
	{"auth", "methods", "[\"eap\"]", false},
	{"encryption", "strengths", "[128]", true},
	{"encryption", "strengths", "[\"128\"]", true},
	{"encryption", "strengths", "[128, 56, 40]", true},
	{"encryption", "strengths", "[64]", false},
	{"encryption", "sha1", "\"auto\"", true},
	{"encryption", "sha1", "\"avx512\"", true},
	{"encryption", "sha1", "\"imb\"", true},
	{"encryption", "sha1", "\"AUTO\"", false},
	{"encryption", "sha1", "\"avx\"", false},
	{"encryption", "sha1", "\"\"", false},
	{"encryption", "sha1", "1", false},
	{"auth", "methods", "[\"pap\", \"chap\", \"mschapv1\", \"mschapv2\"]", true},
	{"auth", "methods", "(\"mschapv2\")", true},
	{"auth", "methods", "[\"pap\", \"pap\"]", false},
	{"auth", "methods",
		"[\"pap\", \"chap\", \"mschapv1\", \"mschapv2\", \"mschapv2\", \"pap\"]", false},
	{"auth", "lockout_user_failures", "0", true},
	{"auth", "lockout_user_failures", "1", false},
	{"auth", "password_file", "\"\"", true},
	{"auth", "password_file", "\"/var/lib/adit/passwords\"", true},
	{"auth", "password_file", "\"passwords\"", false},
	{"auth", "password_file", "\"/\"", false},
	{"auth", "password_file", "\"/var/\"", false},
	{"auth", "password_file", "\"/a\\nb\"", false},

	{"groups", "domain", "\"\"", true},
	{"groups", "domain", "\"corp\"", true},
	{"groups", "domain", "\"a-1.corp.example.com\"", true},
	{"groups", "domain", "\"_sites.corp\"", true},
	{"groups", "domain", "\"corp.example.com.\"", false},
	{"groups", "domain", "\".corp\"", false},
	{"groups", "domain", "\"a..b\"", false},
	{"groups", "domain", "\"-a.b\"", false},
	{"groups", "domain", "\"a-.b\"", false},
	{"groups", "domain", "\"a b\"", false},
	{"groups", "domain",
		"\"x23456789012345678901234567890123456789012345678901234567890123.a\"",
		true}, // a label of 63
	{"groups", "domain",
		"\"x234567890123456789012345678901234567890123456789012345678901234.a\"", false},
	{"groups", "routes", "[]", true},
	{"groups", "routes", "[\"10.0.0.0/8\", \"192.168.1.0/24\", \"10.1.2.3/32\"]", true},
	{"groups", "routes", "[\"0.0.0.0/0\"]", true},
	{"groups", "routes", "[\"0.0.0.0/1\", \"128.0.0.0/1\"]", true},
	{"groups", "routes", "[\"10.0.0.1/8\"]", false},
	{"groups", "routes", "[\"10.0.0.0/33\"]", false},
	{"groups", "routes", "[\"10.0.0.0\"]", false},
	{"groups", "routes", "[\"127.0.0.0/8\"]", false},
	{"groups", "routes", "[\"224.0.0.0/4\"]", false},
	{"groups", "routes", "[\"10.0.0.0/8\", \"10.0.0.0/8\"]", false},
	{"groups", "routes", "[\"10.0.0.0/8\", \"10.0.0.0/9\"]", true},
	{"groups", "routes", "[10]", false},
	{"groups", "routes", "\"10.0.0.0/8\"", false},
	{"groups", "broadcasts", "\"relay\"", true},
	{"groups", "broadcasts", "\"pass\"", false},
};

TEST(conf_value, taken_or_not)
{
	for (size_t i = 0; i < sizeof(taken_or_not) / sizeof(taken_or_not[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(taken_or_not[i].taken,
			takes(taken_or_not[i].group, taken_or_not[i].key, taken_or_not[i].text));
	}
}

TEST(conf_value, writes_all_fields_of_a_type)
{
	struct conf_problem problem;
	struct config_port port = {0};
	ASSERT_TRUE(read_as("ports", "device", "\"vdev:net_null0\"", &port, &problem));
	EXPECT_EQ(CONFIG_DEVICE_VDEV, port.kind);
	EXPECT_STREQ("net_null0", port.device);
	ASSERT_TRUE(read_as("ports", "device", "\"pci:01:00.0\"", &port, &problem));
	EXPECT_EQ(CONFIG_DEVICE_PCI, port.kind);
	EXPECT_STREQ("01:00.0", port.device);
	EXPECT_FALSE(port.has_address);
	ASSERT_TRUE(read_as("ports", "address", "\"10.20.0.1/9\"", &port, &problem));
	EXPECT_TRUE(port.has_address);
	EXPECT_EQ(htonl(0x0a140001), port.address_be);
	EXPECT_EQ(9, port.prefix_len);

	struct config_pool pool = {0};
	ASSERT_TRUE(read_as("pools", "range", "\"10.0.0.1-10.0.0.3\"", &pool, &problem));
	EXPECT_EQ(0x0a000001, pool.first);
	EXPECT_EQ(0x0a000003, pool.last);
	ASSERT_TRUE(read_as("pools", "dns", "[\"10.0.0.7\"]", &pool, &problem));
	EXPECT_EQ(1, pool.n_dns);
	EXPECT_EQ(htonl(0x0a000007), pool.dns_be[0]);

	struct config_user user = {0};
	ASSERT_TRUE(read_as(
		"users", "nt_hash", "\"00112233445566778899aAbBcCdDeEfF\"", &user, &problem));
	EXPECT_TRUE(user.has_nt_hash);
	EXPECT_MEMEQ("\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff",
		user.nt_hash, 16);
	EXPECT_FALSE(user.has_password);
}

TEST(conf_value, order_of_methods_is_kept)
{
	static struct config c;
	struct conf_problem problem;
	ASSERT_TRUE(read_as("auth", "methods", "[\"chap\", \"mschapv2\", \"pap\"]", &c, &problem));
	ASSERT_EQ(3, c.n_auth_methods);
	EXPECT_EQ(CONFIG_AUTH_CHAP, c.auth_methods[0]);
	EXPECT_EQ(CONFIG_AUTH_MSCHAPV2, c.auth_methods[1]);
	EXPECT_EQ(CONFIG_AUTH_PAP, c.auth_methods[2]);
	// A list that is refused changes nothing.
	EXPECT_FALSE(read_as("auth", "methods", "[\"pap\", \"eap\"]", &c, &problem));
	EXPECT_EQ(3, c.n_auth_methods);
	EXPECT_EQ(CONFIG_AUTH_CHAP, c.auth_methods[0]);
}

TEST(conf_value, shorter_text_leaves_no_rest)
{
	struct conf_problem problem;
	struct config_user user = {0};
	ASSERT_TRUE(read_as("users", "name", "\"elisabeth\"", &user, &problem));
	ASSERT_TRUE(read_as("users", "name", "\"al\"", &user, &problem));
	EXPECT_MEMEQ("al\0\0\0\0\0\0\0\0", user.name, 10);
}

// A refused value leaves the one before.
TEST(conf_value, refused_value_changes_nothing)
{
	struct conf_problem problem;
	struct config_port port = {.mtu = 1400, .has_address = false};
	EXPECT_FALSE(read_as("ports", "mtu", "100", &port, &problem));
	EXPECT_EQ(1400, port.mtu);
	EXPECT_STREQ("must be 576..1500", problem.why);
	EXPECT_FALSE(read_as("ports", "address", "\"10.0.0.1\"", &port, &problem));
	EXPECT_FALSE(port.has_address);
	EXPECT_EQ(0, port.address_be);
}

TEST(conf_value, longest_texts)
{
	struct conf_problem problem;
	struct config_user user = {0};
	char text[LIMIT_USER_NAME_BYTES + 4];
	memset(text, 'x', sizeof(text));
	text[0] = '"';
	strcpy(text + 1 + LIMIT_USER_NAME_BYTES, "\"");
	ASSERT_TRUE(read_as("users", "name", text, &user, &problem));
	EXPECT_EQ(LIMIT_USER_NAME_BYTES, strlen(user.name));
	strcpy(text + 1 + LIMIT_USER_NAME_BYTES, "x\"");
	EXPECT_FALSE(read_as("users", "name", text, &user, &problem));
	strcpy(text + 1 + LIMIT_PASSWORD_BYTES, "\"");
	ASSERT_TRUE(read_as("users", "password", text, &user, &problem));
	EXPECT_EQ(LIMIT_PASSWORD_BYTES, user.password.len);
	strcpy(text + 1 + LIMIT_PASSWORD_BYTES, "x\"");
	EXPECT_FALSE(read_as("users", "password", text, &user, &problem));
}
