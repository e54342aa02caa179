// SPDX-License-Identifier: BSD-3-Clause
#include "load_test.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>

static const char head[] = LOAD_TEST_PORTS "\n" LOAD_TEST_POOLS "\n" LOAD_TEST_USERS "\n";

static const char *report_of(struct config *c, const char *text)
{
	static char whole[8192];
	static struct config_errors errors;

	snprintf(whole, sizeof(whole), "%s%s", head, text);
	(void)config_load_text(whole, "t", c, &errors);
	return load_test_report(&errors);
}

#define RULE(text) "acls = ( { name = \"a\"; rules = ( { action = \"permit\"; " text " } ); } );"

TEST(acls, every_field)
{
	struct config *c = config_new();

	EXPECT_STREQ(
		"", report_of(c,
			    "acls = (\n"
			    "{ name = \"none\"; rules = ( { action = \"deny\"; } ); },\n"
			    "{ name = \"guests\"; rules = (\n"
			    "{ action = \"permit\"; protocol = \"tcp\"; from = \"10.8.0.0/24\";\n"
			    "  to = \"10.20.0.9\"; ports = \"80-443\"; from_ports = 1024; },\n"
			    "{ action = \"deny\"; protocol = \"icmp\"; icmp_type = 0; },\n"
			    "{ action = \"permit\"; protocol = \"tcp\"; established = true; },\n"
			    "{ action = \"permit\"; protocol = \"udp\"; ports = \"53\"; } ); } );\n"
			    "groups = ( { name = \"g\"; acl_in = \"guests\"; acl_out = \"none\";\n"
			    "rate_up_kbps = 8; rate_down_kbps = 100000000; burst_ms = 50;\n"
			    "idle_timeout_s = 600; idle_counts = \"up\"; } );"));
	ASSERT_EQ(2, c->n_acls);
	EXPECT_EQ(0, config_find_acl(c, "none"));
	EXPECT_EQ(1, config_find_acl(c, "guests"));
	EXPECT_EQ(-1, config_find_acl(c, "guest"));
	const struct config_acl *acl = &c->acls[1];
	ASSERT_EQ(4, acl->n_rules);
	const struct config_acl_rule *r = acl->rules;
	EXPECT_EQ(CONFIG_ACL_PERMIT, r->action);
	EXPECT_EQ(6, r->protocol);
	EXPECT_EQ(htonl(0x0a080000), r->from.address_be);
	EXPECT_EQ(24, r->from.prefix_len);
	EXPECT_EQ(htonl(0x0a140009), r->to.address_be);
	EXPECT_EQ(32, r->to.prefix_len);
	EXPECT_EQ(80, r->port_min);
	EXPECT_EQ(443, r->port_max);
	EXPECT_TRUE(r->has_ports && r->has_from_ports);
	EXPECT_EQ(1024, r->from_port_min);
	EXPECT_EQ(1024, r->from_port_max);
	EXPECT_FALSE(r->has_icmp_type || r->established);
	EXPECT_TRUE(r[1].has_icmp_type);
	EXPECT_EQ(0, r[1].icmp_type);
	EXPECT_EQ(CONFIG_ACL_DENY, r[1].action);
	EXPECT_TRUE(r[2].established);
	EXPECT_EQ(0, r[2].to.prefix_len);
	EXPECT_EQ(53, r[3].port_max);
	EXPECT_EQ(CONFIG_ACL_ANY_PROTOCOL, c->acls[0].rules[0].protocol);
	const struct config_policy *g = &c->groups[0].policy;
	EXPECT_EQ(8, g->rate_up_kbps);
	EXPECT_EQ(100000000, g->rate_down_kbps);
	EXPECT_EQ(50, g->burst_ms);
	EXPECT_EQ(600, g->idle_timeout_s);
	EXPECT_EQ(CONFIG_IDLE_UP, g->idle_counts);
	EXPECT_TRUE(config_has_policy(c));
	EXPECT_STREQ("", report_of(c, "groups = ( { name = \"g\"; burst_ms = 50; } );"));
	EXPECT_FALSE(config_has_policy(c));
	config_free(c);
}

// Line 10 is the first behind the head.
TEST(acls, mistakes_have_their_place)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{RULE("protocol = \"tpc\";"),
			"t:10: acls[0].rules[0].protocol = \"tpc\": must be \"any\", "},
		{RULE("protocol = \"ip\";"), "is not taken any more; use \"any\""},
		{RULE("to = \"10.20.0.9/16\";"),
			"t:10: acls[0].rules[0].to = \"10.20.0.9/16\": must be \"any\", "},
		{RULE("from = \"10.20.0\";"), "rules[0].from"},
		{RULE("from = 10;"), "rules[0].from"},
		{RULE("\nprotocol = \"tcp\"; ports = \"443-80\";"),
			"t:11: acls[0].rules[0].ports = \"443-80\": must be a port"},
		{RULE("protocol = \"tcp\"; ports = \"80-\";"), "rules[0].ports"},
		{RULE("protocol = \"tcp\"; ports = \"-80\";"), "rules[0].ports"},
		{RULE("protocol = \"tcp\"; ports = 65536;"), "rules[0].ports"},
		{RULE("protocol = \"tcp\"; ports = \"65536\";"), "rules[0].ports"},
		{RULE("protocol = \"tcp\"; ports = \"80 \";"), "rules[0].ports"},
		{RULE("protocol = \"tcp\"; ports = [80];"), "rules[0].ports"},
		{RULE("ports = 80;"), "t:10: acls[0].rules[0].ports: only protocol \"tcp\" and "
				      "\"udp\" have ports"},
		{RULE("protocol = \"gre\"; from_ports = 80;"),
			"rules[0].from_ports: only protocol"},
		{RULE("protocol = \"tcp\"; icmp_type = 8;"),
			"rules[0].icmp_type: only protocol \"icmp\" has it"},
		{RULE("protocol = \"icmp\"; icmp_type = 256;"), "must be 0..255"},
		{RULE("protocol = \"udp\"; established = true;"),
			"rules[0].established: only protocol \"tcp\" has it"},
		{RULE("port = 80;"),
			"t:10: acls[0].rules[0].port: unknown key; did you mean acls.rules.ports?"},
		{"acls = ( { name = \"a\"; rules = ( { protocol = \"tcp\"; } ); } );",
			"action must be given"},
		{"acls = ( { name = \"a\"; } );", "t:10: acls[0]: rules must be given"},
		{"acls = ( { name = \"a\"; rules = ( ); } );",
			"t:10: acls[0].rules: must have a rule"},
		{"acls = ( { name = \"a\"; rules = ( \"permit\" ); } );", "must be a group"},
		{"acls = ( { name = \"a\"; rules = { }; } );",
			"must be a list of groups, rules = "},
		{"acls = ( 3 );", "must be a group"},
		{"acls = ( { name = \"a\"; rules = ( { action = \"deny\"; } ); },\n{ name = \"a\"; "
		 "rules = ( { action = \"deny\"; } ); } );",
			"t:11: acls[1].name: acls[0] has the same name"},
		{"groups = ( { name = \"g\";\n acl_in = \"x\"; } );",
			"t:11: groups[0].acl_in: there is no access list \"x\" in acls"},
		{"groups = ( { name = \"g\"; acl_out = \"x\"; } );",
			"groups[0].acl_out: there is no"},
		{"groups = ( { name = \"g\"; rate_up_kbps = 7; } );", "must be 0 or 8..100000000"},
		{"groups = ( { name = \"g\"; idle_timeout_s = 9; } );", "must be 0 or 10..604800"},
		{"groups = ( { name = \"g\"; burst_ms = 0; } );", "must be 10..10000"},
	};
	struct config *c = config_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		const char *report = report_of(c, cases[i].text);
		EXPECT_STRCONTAINS(report, "error: t:1");
		EXPECT_STRCONTAINS(report, cases[i].wanted);
	}
	EXPECT_STRCONTAINS(report_of(c, RULE("}, { action = \"deny\"; ")),
		"warning: t:10: acls[0].rules[0]: matches every packet, so the rules behind");
	config_free(c);
}

TEST(acls, sixty_four_rules_and_no_more)
{
	struct config *c = config_new();
	char text[4096];
	size_t at = (size_t)snprintf(text, sizeof(text), "acls = ( { name = \"a\"; rules = ( ");

	for (int i = 0; i < 64; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			"%s{ action = \"deny\"; protocol = \"esp\"; }", i ? "," : "");
	snprintf(text + at, sizeof(text) - at, " ); } );");
	EXPECT_STREQ("", report_of(c, text));
	EXPECT_EQ(64, c->acls[0].n_rules);
	snprintf(text + at, sizeof(text) - at, ", { action = \"deny\"; } ); } );");
	EXPECT_STRCONTAINS(report_of(c, text), "has 65 entries, at most 64 fit");
	config_free(c);
}
