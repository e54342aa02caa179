// SPDX-License-Identifier: BSD-3-Clause
// The policy of a call: what AAA and orders of its server (CoA) say of it, resolved (aaa/policy.h), and the times that
// follow from it: how long the call may be up, and until which hour.
#pragma once

#include "aaa/policy.h"
#include "proto/link.h"

struct call;

// AAA has accepted the user: from now on call->policy is his.
//
//   group   index in config.groups; any other number: the group of the tenant, or "base"
//   said    of the user himself: `given`
//   source  who says so: POLICY_USER or POLICY_RADIUS
//   missing out: as policy_resolve() has it
//   returns 0 | -ENOENT the configuration does not have what is named | -ENOMEM
int call_policy_set(struct call *call, uint16_t group, const struct config_policy *said,
	enum policy_source source, enum config_policy_key *missing);

// A change of the policy of a call that lives, prepared: all that can fail has been done.
struct call_policy_change {
	struct policy_said *coa;
	struct policy policy;
};

// What is given goes over all that was ordered before.
//
//   change   `given`
//   group    index in config.groups; CONFIG_NO_INDEX: it stays
//   returns  0, and *out is to be applied or dropped | -ENOENT | -ENOMEM
int call_policy_prepare(const struct call *call, const struct config_policy *change, uint16_t group,
	struct call_policy_change *out);
void call_policy_drop(struct call_policy_change *prepared);
// The worker is told, and times that have passed meanwhile end the call. Encryption and what IPCP has told the client stay
// as they are until it negotiates again.
void call_policy_apply(struct call *call, struct call_policy_change *prepared);

// call->policy is another one: the worker is told, as above.
void call_policy_tell(struct call *call);

// What would hold for the call in another configuration (a reload), with `group` in it. Nothing changes.
//
//   user     what is said of the user there; NULL: what AAA has said
//   missing  as above
//   returns  0 | -ENOENT as above; *out is a policy in any case
int call_policy_foresee(const struct call *call, const struct config *config, uint16_t group,
	const struct config_policy *user, struct policy *out, enum config_policy_key *missing);

// The level that gave a key, for domain and routes.
//
//   room  where it is put together if the call keeps it for itself
const struct config_policy *call_policy_giver(
	const struct call *call, enum config_policy_key key, struct config_policy *room);

// What the link is to do about encryption and addresses.
struct link_policy call_policy_link(const struct policy *p);

// May the user be connected at this hour?
bool call_policy_is_hour(const struct call *call);

// Why a policy of this configuration would end the call now; END_NONE: it does not.
enum end_reason call_policy_judge(
	const struct call *call, const struct config *config, const struct policy *p);

// Set call->policy_due_ns.
void call_policy_arm(struct call *call);
// It has come: the call is ended if it is time.
void call_policy_expire(struct call *call);

// What the call holds for it.
void call_policy_release(struct call *call);
