// SPDX-License-Identifier: BSD-3-Clause
#include "control/acls.h"

#include "control/control_state.h"

#include <errno.h>

static uint32_t mask_be(uint8_t prefix_len)
{
	return rte_cpu_to_be_32(prefix_len ? UINT32_MAX << (32 - prefix_len) : 0);
}

static struct acl_rule compile_rule(const struct config_acl_rule *from)
{
	struct acl_rule to = {
		.source_be = from->from.address_be,
		.source_mask_be = mask_be(from->from.prefix_len),
		.destination_be = from->to.address_be,
		.destination_mask_be = mask_be(from->to.prefix_len),
		.source_port_min = from->has_from_ports ? from->from_port_min : 0,
		.source_port_max = from->has_from_ports ? from->from_port_max : UINT16_MAX,
		.destination_port_min = from->has_ports ? from->port_min : 0,
		.destination_port_max = from->has_ports ? from->port_max : UINT16_MAX,
		.protocol = (uint8_t)from->protocol,
		.icmp_type = (uint8_t)from->icmp_type,
	};

	if (from->action == CONFIG_ACL_PERMIT)
		to.flags |= ACL_PERMIT;
	if (from->protocol == CONFIG_ACL_ANY_PROTOCOL)
		to.flags |= ACL_ANY_PROTOCOL;
	if (from->has_ports || from->has_from_ports)
		to.flags |= ACL_PORTS;
	if (from->has_icmp_type)
		to.flags |= ACL_ICMP_TYPE;
	if (from->established)
		to.flags |= ACL_ESTABLISHED;
	return to;
}

struct acl_set *acls_compile(const struct config *config)
{
	uint32_t n = 0;

	for (uint16_t i = 0; i < config->n_acls; i++)
		n += config->acls[i].n_rules;
	struct acl_set *set = acl_set_new(n);
	if (!set)
		return NULL;
	n = 0;
	for (uint16_t i = 0; i < config->n_acls; i++) {
		const struct config_acl *acl = &config->acls[i];
		set->acls[set->n_acls++] = (struct acl){.first = n, .n = acl->n_rules};
		for (uint16_t k = 0; k < acl->n_rules; k++)
			set->rules[n++] = compile_rule(&acl->rules[k]);
	}
	return set;
}

int acls_publish(struct control *c)
{
	struct acls *a = &c->acls;

	if (c->config.config->n_acls == 0 && a->n_live == 0)
		return 0;
	if (a->n_live == ACLS_LIVE_MAX)
		return -EAGAIN;
	struct acl_set *set = acls_compile(c->config.config);
	if (!set)
		return -ENOMEM;
	a->live[a->n_live].set = set;
	a->live[a->n_live++].n_retired = 0;
	for (unsigned int i = 0; i < c->config.n_workers; i++) {
		struct lane_command command = {.kind = COMMAND_ACLS, .acls = set};
		(void)workers_send(c, (uint8_t)i, &command);
	}
	return 0;
}

void acls_close(struct control *c)
{
	for (uint32_t i = 0; i < c->acls.n_live; i++)
		acl_set_free(c->acls.live[i].set);
	c->acls.n_live = 0;
}

void acls_retired(struct control *c, struct acl_set *set)
{
	struct acls *a = &c->acls;

	for (uint32_t i = 0; set && i < a->n_live; i++) {
		if (a->live[i].set != set)
			continue;
		if (++a->live[i].n_retired < c->config.n_workers)
			return;
		acl_set_free(set);
		a->n_live--;
		for (uint32_t k = i; k < a->n_live; k++)
			a->live[k] = a->live[k + 1];
		return;
	}
}
