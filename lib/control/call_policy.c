// SPDX-License-Identifier: BSD-3-Clause
#include "control/call_policy.h"

#include "aaa/access_hours.h"
#include "control/call.h"
#include "control/call_command.h"
#include "control/control_state.h"

#include <errno.h>
#include <time.h>

#define SECOND_NS UINT64_C(1000000000)

// The clock may be set and summer may end: the hours are looked at again before long.
static const uint64_t HOURS_PATIENCE_NS = 900 * SECOND_NS;

// ---- levels ----------------------------------------------------------------------------------------

// The levels that the call keeps for itself, unpacked.
struct own_levels {
	struct config_policy said, coa;
	struct policy_levels levels;
};

static void read_levels(const struct call *call, uint16_t group, struct own_levels *out)
{
	policy_said_read(call->said, &out->said);
	policy_said_read(call->coa, &out->coa);
	out->levels = (struct policy_levels){
		.group = group,
		.user = call->said_source == POLICY_USER ? &out->said : NULL,
		.radius = call->said_source == POLICY_RADIUS ? &out->said : NULL,
		.coa = &out->coa,
	};
}

static uint16_t group_or_default(
	const struct call *call, const struct config *config, uint16_t group)
{
	if (group < config->n_groups)
		return group;
	group = config->tenants[call->tenant].group_index;
	return group < config->n_groups ? group : config->base_group;
}

int call_policy_set(struct call *call, uint16_t group, const struct config_policy *said,
	enum policy_source source, enum config_policy_key *missing)
{
	struct policy_levels levels = {
		.group = group_or_default(call, call->control->config.config, group),
		.user = source == POLICY_USER ? said : NULL,
		.radius = source == POLICY_RADIUS ? said : NULL,
	};
	struct policy_said *kept;
	int rc = policy_said_new(said, &kept);

	if (rc != 0)
		return rc;
	call_policy_release(call); // who logs in again gets what AAA says now
	call->said = kept;
	call->said_source = (uint8_t)source;
	return policy_resolve(call->control->config.config, &levels, &call->policy, missing);
}

int call_policy_prepare(const struct call *call, const struct config_policy *change, uint16_t group,
	struct call_policy_change *out)
{
	struct own_levels own;
	int rc;

	read_levels(call, group == CONFIG_NO_INDEX ? call->policy.group : group, &own);
	policy_overlay(&own.coa, change);
	rc = policy_resolve(call->control->config.config, &own.levels, &out->policy, NULL);
	return rc ? rc : policy_said_new(&own.coa, &out->coa);
}

void call_policy_drop(struct call_policy_change *prepared)
{
	policy_said_free(prepared->coa);
	prepared->coa = NULL;
}

void call_policy_apply(struct call *call, struct call_policy_change *prepared)
{
	policy_said_free(call->coa);
	call->coa = prepared->coa;
	prepared->coa = NULL;
	call->policy = prepared->policy;
	if (call->end == END_NONE)
		call_policy_tell(call);
}

void call_policy_tell(struct call *call)
{
	accounting_policy_changed(call);
	if (call->is_open) {
		call_command_policy(call);
		call_command_mtu(call);
		call_command_open(call, true);
	}
	call_policy_arm(call);
	call_rearm(call);
}

int call_policy_foresee(const struct call *call, const struct config *config, uint16_t group,
	const struct config_policy *user, struct policy *out, enum config_policy_key *missing)
{
	struct own_levels own;

	read_levels(call, group_or_default(call, config, group), &own);
	if (user)
		own.levels.user = user;
	return policy_resolve(config, &own.levels, out, missing);
}

const struct config_policy *call_policy_giver(
	const struct call *call, enum config_policy_key key, struct config_policy *room)
{
	const struct config *config = call->control->config.config;
	struct policy_levels levels = {
		.group = call->policy.group, .user = room, .radius = room, .coa = room};
	uint8_t source = call->policy.source[key];

	if (source >= POLICY_USER)
		policy_said_read(source == POLICY_COA ? call->coa : call->said, room);
	return policy_giver(config, &levels, &call->policy, key);
}

void call_policy_release(struct call *call)
{
	policy_said_free(call->said);
	policy_said_free(call->coa);
	call->said = call->coa = NULL;
}

static uint32_t mppe_options(const struct policy *p)
{
	uint32_t bits = 0;

	if (p->encryption == CONFIG_ENCRYPTION_DENY)
		return 0;
	if (p->mppe_bits & CONFIG_MPPE_40)
		bits |= MPPE_OPTION_40;
	if (p->mppe_bits & CONFIG_MPPE_56)
		bits |= MPPE_OPTION_56;
	if (p->mppe_bits & CONFIG_MPPE_128)
		bits |= MPPE_OPTION_128;
	return bits;
}

struct link_policy call_policy_link(const struct policy *p)
{
	return (struct link_policy){
		.require_encryption = p->encryption == CONFIG_ENCRYPTION_REQUIRE,
		.prefer_encryption = p->encryption == CONFIG_ENCRYPTION_PREFER,
		.require_stateless = p->stateless_required,
		.use_client_address = p->use_client_address,
		.mppe_bits = mppe_options(p),
	};
}

// ---- times -----------------------------------------------------------------------------------------

// Until when the hours of the policy last from now on; 0: they do not hold now.
static uint64_t hours_left_ns(
	const struct control *c, const struct config *config, const struct policy *p)
{
	uint64_t wall_ns = control_wall_ns() + c->loop.ahead_ns, into_ns;
	time_t wall_s = (time_t)(wall_ns / SECOND_NS);
	struct tm local;

	if (p->access_hours >= config->n_hours)
		return TIMER_NEVER;
	localtime_r(&wall_s, &local);
	int32_t left_min = access_hours_left(&config->hours[p->access_hours],
		(uint32_t)((local.tm_wday * 24 + local.tm_hour) * 60 + local.tm_min));
	if (left_min == ACCESS_HOURS_ALWAYS)
		return TIMER_NEVER;
	into_ns = (uint64_t)RTE_MIN(local.tm_sec, 59) * SECOND_NS + wall_ns % SECOND_NS;
	return left_min == 0 ? 0 : (uint64_t)left_min * 60 * SECOND_NS - into_ns;
}

static uint64_t own_hours_left_ns(const struct call *call)
{
	return hours_left_ns(call->control, call->control->config.config, &call->policy);
}

bool call_policy_is_hour(const struct call *call)
{
	return own_hours_left_ns(call) > 0;
}

static uint64_t session_due_ns(const struct call *call, const struct policy *p)
{
	if (!call->was_up || p->session_timeout_s == 0)
		return TIMER_NEVER;
	return call->up_ns + p->session_timeout_s * SECOND_NS;
}

void call_policy_arm(struct call *call)
{
	uint64_t now_ns = control_now(call->control);
	uint64_t left_ns = own_hours_left_ns(call);
	uint64_t due_ns = session_due_ns(call, &call->policy);

	if (left_ns == TIMER_NEVER) {
		call->policy_due_ns = due_ns;
		return;
	}
	left_ns = RTE_MIN(left_ns, HOURS_PATIENCE_NS);
	call->policy_due_ns = RTE_MIN(now_ns + left_ns, due_ns);
}

enum end_reason call_policy_judge(
	const struct call *call, const struct config *config, const struct policy *p)
{
	if (control_now(call->control) >= session_due_ns(call, p))
		return END_SESSION_TIMEOUT;
	return hours_left_ns(call->control, config, p) > 0 ? END_NONE : END_HOURS_END;
}

void call_policy_expire(struct call *call)
{
	enum end_reason reason =
		call_policy_judge(call, call->control->config.config, &call->policy);

	if (reason == END_NONE) {
		call_policy_arm(call);
		return;
	}
	call->policy_due_ns = TIMER_NEVER;
	call_close(call, reason);
}
