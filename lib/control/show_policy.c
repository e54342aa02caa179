// SPDX-License-Identifier: BSD-3-Clause
#include "control/show_policy.h"

#include "control/call.h"
#include "control/call_command.h"
#include "control/control_state.h"
#include "control/render.h"

static void describe_rate(struct render *r, const char *key, uint64_t bps)
{
	render_key(r, key, "kilobits a second");
	if (bps)
		render_u64(r, bps / 1000);
	else
		render_none(r);
}

static void describe_acl(struct control *c, struct render *r, const char *key, uint16_t acl)
{
	render_key(r, key, NULL);
	if (acl < c->config.config->n_acls)
		render_word(r, c->config.config->acls[acl].name);
	else
		render_none(r);
}

static void describe_drops(struct control *c, struct render *r, const struct call *call)
{
	const struct session_table *table = c->config.sessions[session_id_worker(call->id)];
	const struct session *s = &table->slots[session_id_slot(call->id)];
	const struct session_policy *policy = session_table_policy(table, s);

	if (!policy)
		return;
	const struct {
		const char *key, *help;
		const uint64_t *value;
	} fields[] = {
		{"rate_drops_up", "over its rate", &policy->rate_drops_up},
		{"rate_drops_down", NULL, &policy->rate_drops_down},
		{"acl_drops_up", "denied by its list", &policy->acl_drops_up},
		{"acl_drops_down", NULL, &policy->acl_drops_down},
	};
	for (size_t i = 0; i < RTE_DIM(fields); i++) {
		render_key(r, fields[i].key, fields[i].help);
		render_u64(r, counter_read(fields[i].value));
	}
}

void show_policy_describe(struct control *c, struct render *r, const struct call *call)
{
	const struct command_session_policy limits = call_command_limits(call), *policy = &limits;

	if (!call->has_limits)
		return;
	render_record_begin(r, "policy");
	describe_rate(r, "rate_up", policy->rate_up_bps);
	describe_rate(r, "rate_down", policy->rate_down_bps);
	if (policy->rate_up_bps) {
		render_key(r, "burst_up", "bytes");
		render_u64(r, policy->burst_up_bytes);
	}
	if (policy->rate_down_bps) {
		render_key(r, "burst_down", "bytes");
		render_u64(r, policy->burst_down_bytes);
	}
	describe_acl(c, r, "acl_in", policy->acl_up);
	describe_acl(c, r, "acl_out", policy->acl_down);
	render_key(r, "idle_timeout", policy->idle_up_only ? "without data from the client" : NULL);
	if (policy->idle_s)
		render_duration(r, policy->idle_s * UINT64_C(1000000000));
	else
		render_none(r);
	describe_drops(c, r, call);
	render_record_end(r);
}
