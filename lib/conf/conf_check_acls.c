// SPDX-License-Identifier: BSD-3-Clause
#include "conf/conf_check_acls.h"

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

// `rule.key`, or the rule.
static const config_setting_t *member(const config_setting_t *rule, const char *key)
{
	const config_setting_t *s = config_setting_get_member(rule, key);

	return s ? s : rule;
}

// A value that was refused counts as given: it is told already, and the rest of the rule may be right.
static void check_rule(
	const struct config_acl_rule *rule, const config_setting_t *s, struct conf_report *r)
{
	bool is_tcp = rule->protocol == PROTOCOL_TCP, is_udp = rule->protocol == PROTOCOL_UDP;

	if (rule->has_ports && !is_tcp && !is_udp)
		conf_report_setting(r, CONFIG_ERROR, member(s, "ports"),
			"only protocol \"tcp\" and \"udp\" have ports");
	if (rule->has_from_ports && !is_tcp && !is_udp)
		conf_report_setting(r, CONFIG_ERROR, member(s, "from_ports"),
			"only protocol \"tcp\" and \"udp\" have ports");
	if (rule->has_icmp_type && rule->protocol != PROTOCOL_ICMP)
		conf_report_setting(
			r, CONFIG_ERROR, member(s, "icmp_type"), "only protocol \"icmp\" has it");
	if (rule->established && !is_tcp)
		conf_report_setting(
			r, CONFIG_ERROR, member(s, "established"), "only protocol \"tcp\" has it");
}

static bool matches_all(const struct config_acl_rule *rule)
{
	return rule->protocol == CONFIG_ACL_ANY_PROTOCOL && rule->from.prefix_len == 0 &&
	       rule->to.prefix_len == 0;
}

static void check_list(
	const struct config_acl *acl, const config_setting_t *s, struct conf_report *r)
{
	const config_setting_t *rules = config_setting_get_member(s, "rules");

	if (rules && config_setting_is_list(rules) && config_setting_length(rules) == 0)
		conf_report_setting(r, CONFIG_ERROR, rules,
			"must have a rule; for a list that denies everything write { action = "
			"\"deny\"; }");
	for (uint32_t i = 0; i < acl->n_rules; i++) {
		const config_setting_t *rule = config_setting_get_elem(rules, i);
		check_rule(&acl->rules[i], rule, r);
		if (i + 1 < acl->n_rules && config_setting_is_group(rule) &&
			matches_all(&acl->rules[i]) && config_setting_get_member(rule, "action"))
			conf_report_setting(r, CONFIG_WARNING, rule,
				"matches every packet, so the rules behind it do nothing");
	}
}

void conf_check_acls(const struct conf_check *k)
{
	const struct config *c = k->c;
	const config_setting_t *acls = config_setting_get_member(k->root, "acls");

	for (uint32_t i = 0; i < c->n_acls; i++) {
		const config_setting_t *s = config_setting_get_elem(acls, i);
		int same = conf_names_double(&k->index->acls, i);
		if (config_setting_is_group(s))
			check_list(&c->acls[i], s, k->r);
		if (same >= 0)
			conf_check_error(
				k, "acls", (int)i, "name", "acls[%d] has the same name", same);
	}
}
