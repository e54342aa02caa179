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

static void check_name(const struct config *c, const config_setting_t *group, const char *key,
	const char *name, struct conf_report *r)
{
	if (name[0] && config_find_acl(c, name) < 0)
		conf_report_setting(r, CONFIG_ERROR, member(group, key),
			"there is no access list \"%s\" in acls", name);
}

void conf_check_acls(const struct config *c, const config_setting_t *root, struct conf_report *r)
{
	const config_setting_t *acls = config_setting_get_member(root, "acls");
	const config_setting_t *groups = config_setting_get_member(root, "groups");

	for (uint32_t i = 0; i < c->n_acls; i++) {
		const config_setting_t *s = config_setting_get_elem(acls, i);
		if (config_setting_is_group(s))
			check_list(&c->acls[i], s, r);
		for (uint32_t k = 0; k < i; k++)
			if (c->acls[i].name[0] && strcmp(c->acls[i].name, c->acls[k].name) == 0)
				conf_report_setting(r, CONFIG_ERROR, member(s, "name"),
					"acls[%u] has the same name", k);
	}
	for (uint32_t i = 0; groups && i < c->n_groups; i++) {
		const config_setting_t *s = config_setting_get_elem(groups, i);
		if (!s || !config_setting_is_group(s))
			continue; // "base", which the file does not have
		check_name(c, s, "acl_in", c->groups[i].acl_in, r);
		check_name(c, s, "acl_out", c->groups[i].acl_out, r);
	}
}
