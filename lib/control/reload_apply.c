// SPDX-License-Identifier: BSD-3-Clause
#include "control/reload_apply.h"

#include "aaa/login.h"
#include "control/accounting.h"
#include "control/call.h"
#include "control/call_command.h"
#include "control/call_policy.h"
#include "control/control_state.h"
#include "control/lockout_watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

// ---- what can fail is made ready first -------------------------------------------------------------

struct ready {
	struct pool *pools; // pools[n_pools]; those that stay as they are have no links
	bool *is_new;
	struct tenants tenants;
};

static bool is_same_pool(const struct config_pool *a, const struct config_pool *b)
{
	return a->first == b->first && a->last == b->last && a->tenant_number == b->tenant_number &&
	       strcmp(a->name, b->name) == 0;
}

static void drop(struct ready *r, uint16_t n_pools)
{
	for (uint16_t i = 0; r->pools && r->is_new && i < n_pools; i++)
		if (r->is_new[i])
			pool_fini(&r->pools[i]);
	free(r->pools);
	free(r->is_new);
	tenants_free(&r->tenants);
}

static int make_pools(struct control *c, const struct config *fresh, struct ready *r)
{
	const struct config *old = c->config.config;

	r->pools = calloc(fresh->n_pools, sizeof(*r->pools));
	r->is_new = calloc(fresh->n_pools, sizeof(*r->is_new));
	if (!r->pools || !r->is_new)
		return -ENOMEM;
	for (uint16_t i = 0; i < fresh->n_pools; i++) {
		if (i < c->n_pools && is_same_pool(&old->pools[i], &fresh->pools[i]))
			continue;
		int rc = pool_init(&r->pools[i], &fresh->pools[i]);
		// An empty place has no address, and that is what it is for.
		if (rc != 0 && !(rc == -EINVAL && !fresh->pools[i].name[0]))
			return rc;
		r->is_new[i] = true;
	}
	return 0;
}

static int make_sticky(struct control *c, const struct config *fresh)
{
	uint64_t seed;
	bool is_wanted = false;

	for (uint16_t i = 0; i < fresh->n_tenants; i++)
		is_wanted |= fresh->tenants[i].sticky_addresses;
	if (!is_wanted || c->sticky.entries)
		return 0;
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	return sticky_init(&c->sticky, seed);
}

static int make_ready(
	struct control *c, const struct config *fresh, struct ready *r, void **prepared)
{
	const struct aaa_driver *aaa = c->config.aaa;
	int rc;

	if (c->acls.n_live == ACLS_LIVE_MAX)
		return -EAGAIN; // workers have not taken the last lists yet
	if ((rc = make_pools(c, fresh, r)) != 0 || (rc = make_sticky(c, fresh)) != 0 ||
		(rc = tenants_make(&r->tenants, fresh)) != 0)
		return rc;
	// The last one, for what it does is done.
	return aaa->reload ? aaa->reload(c->aaa, fresh, prepared) : 0;
}

// ---- and then it holds -----------------------------------------------------------------------------

// Nobody of the new tenant has an address of it: what is handed out is on the other one's, and nothing would bring it back.
static void inherit(struct pool *to, const struct pool *from)
{
	if (to->config->tenant_number == from->config->tenant_number)
		pool_inherit(to, from);
}

static void take_pools(struct control *c, const struct config *fresh, struct ready *r)
{
	for (uint16_t i = 0; i < fresh->n_pools; i++) {
		if (r->is_new[i]) {
			if (i < c->n_pools) {
				inherit(&r->pools[i], &c->pools[i]);
				pool_fini(&c->pools[i]);
			}
			c->pools[i] = r->pools[i];
			r->is_new[i] = false;
		}
		c->pools[i].config = &fresh->pools[i];
	}
	c->n_pools = fresh->n_pools; // they only get more
}

static void take_tenants(struct control *c, struct ready *r)
{
	tenants_inherit(&r->tenants, &c->tenants);
	tenants_free(&c->tenants);
	c->tenants = r->tenants;
	r->tenants = (struct tenants){0};
}

static void tell_no_resource(struct control *c, const char *what)
{
	struct event e;

	event_begin(&e, EVENT_NO_RESOURCE);
	event_word(&e, "what", what);
	event_send(c->config.log, &e);
}

static bool has_other_rates(const struct config *old, const struct config *fresh)
{
	for (uint16_t i = 0; i < fresh->n_tenants; i++) {
		const struct config_tenant *a = &old->tenants[i], *b = &fresh->tenants[i];
		bool is_new = i >= old->n_tenants;
		if (is_new ? b->rate_up_kbps || b->rate_down_kbps
			   : a->rate_up_kbps != b->rate_up_kbps ||
					a->rate_down_kbps != b->rate_down_kbps)
			return true;
	}
	return false;
}

int reload_apply(struct control *c, struct config *fresh, void **prepared)
{
	const struct config *before = c->config.config;
	struct ready r = {0};
	int rc = make_ready(c, fresh, &r, prepared);

	if (rc != 0) {
		drop(&r, fresh->n_pools);
		return rc;
	}
	c->reload.has_rates = has_other_rates(c->config.config, fresh);
	c->config.config = fresh;
	take_pools(c, fresh, &r);
	take_tenants(c, &r);
	drop(&r, fresh->n_pools);
	control_configure(c);
	accounting_reload(c, before);
	lockout_watch_configure(c);
	if (acls_publish(c) != 0)
		tell_no_resource(c, "access lists");
	if (c->reload.has_rates) {
		tenant_rates_close(c);
		if (tenant_rates_open(c) != 0)
			tell_no_resource(c, "rates of tenants");
	}
	if (c->neighbor)
		neighbor_touch(c->neighbor); // the route table has the pools
	c->aaa_pending = true;
	return 0;
}

// ---- calls -----------------------------------------------------------------------------------------

static bool has_tenant(const struct call *call, const struct config *config)
{
	return call->tenant < config->n_tenants && config->tenants[call->tenant].name[0];
}

static bool has_pool(const struct call *call, const struct config_pool *pool)
{
	return pool->tenant_number == call->tenant && pool->name[0];
}

static bool is_of_pool(const struct call *call, const struct config_pool *pool)
{
	uint32_t address = ntohl(call->inner_be);

	return has_pool(call, pool) && address >= pool->first && address <= pool->last;
}

// Is its address still one of its tenant's? One that AAA gave him is not ours to judge. What he was told with it is of
// call->pool; where he chose the address himself, or the range has moved, another may have it.
static bool has_address(const struct call *call, const struct config *config)
{
	if (!call->inner_be || call->has_fixed_address)
		return true;
	bool is_there = is_of_pool(call, &config->pools[call->pool]);
	if (!has_pool(call, &config->pools[call->pool]))
		return false;
	for (uint16_t i = 0; !is_there && i < config->n_pools; i++)
		is_there = is_of_pool(call, &config->pools[i]);
	return is_there;
}

static bool is_local(const struct call *call, const struct config *config)
{
	return call->said_source == POLICY_USER &&
	       config->tenants[call->tenant].aaa != CONFIG_AAA_RADIUS;
}

static const struct config_user *find_user(const struct call *call, const struct config *config)
{
	struct span name = span_of(call->user, call->user_len);

	return config_find_user(config, call->tenant, login_account(config, call->tenant, name));
}

static const char *why_not(
	const struct call *call, const struct config *config, const struct config_user *user)
{
	if (!has_tenant(call, config))
		return "the tenant is gone";
	if (!has_address(call, config))
		return "the address is in no pool of the tenant";
	if (is_local(call, config) && !user)
		return "the user is gone";
	return is_local(call, config) && user->disabled ? "the user is disabled" : NULL;
}

static uint16_t group_of(
	const struct call *call, const struct config *config, const struct config_user *user)
{
	uint16_t group = call->policy.group;

	if (user)
		return user->group_index;
	// Gone: that of the tenant.
	return group < config->n_groups && config->groups[group].name[0] ? group : CONFIG_NO_INDEX;
}

static struct reload_why end(enum end_reason reason, const char *text)
{
	return (struct reload_why){.reason = reason, .text = text};
}

// user  whose policy goes in place of what AAA has said; NULL: nobody's
static struct reload_why judge(const struct call *call, const struct config *config,
	const struct config_user *user, struct policy *out)
{
	int rc = call_policy_foresee(
		call, config, group_of(call, config, user), user ? &user->policy : NULL, out, NULL);

	if (rc != 0)
		return end(END_ADMIN_RELOAD, "the policy names what is gone");
	switch (call_policy_judge(call, config, out)) {
	case END_SESSION_TIMEOUT:
		return end(END_SESSION_TIMEOUT, "longer up than it may be");
	case END_HOURS_END:
		return end(END_HOURS_END, "outside of its hours");
	default:
		return end(END_NONE, "");
	}
}

static int keep_said(struct call *call, const struct config_user *user)
{
	struct policy_said *said;
	int rc = user ? policy_said_new(&user->policy, &said) : 0;

	if (!user || rc != 0)
		return rc;
	policy_said_free(call->said);
	call->said = said;
	return 0;
}

enum reload_call reload_apply_call(
	struct call *call, const struct config *fresh, bool is_told, struct reload_why *why)
{
	const struct config_user *user = NULL;
	struct policy policy;

	*why = end(END_NONE, "");
	bool is_going = call->end != END_NONE || call->link.phase >= LINK_TERMINATE;
	if (is_going || !call->is_authenticated)
		return RELOAD_CALL_KEPT;
	if (has_tenant(call, fresh) && is_local(call, fresh))
		user = find_user(call, fresh);
	const char *gone = why_not(call, fresh, user);
	*why = gone ? end(END_ADMIN_RELOAD, gone) : judge(call, fresh, user, &policy);
	if (why->reason == END_NONE && is_told && keep_said(call, user) != 0)
		*why = end(END_ADMIN_RELOAD, "no memory");
	if (why->reason != END_NONE) {
		if (is_told)
			call_close(call, why->reason);
		return RELOAD_CALL_ENDED;
	}
	bool is_same = memcmp(&policy, &call->policy, sizeof(policy)) == 0;
	if (!is_told)
		return is_same ? RELOAD_CALL_KEPT : RELOAD_CALL_CHANGED;
	call->policy = policy;
	// The hours of that name may be others.
	if (!is_same || call->control->reload.has_rates || policy.access_hours != CONFIG_NO_INDEX)
		call_policy_tell(call);
	return is_same ? RELOAD_CALL_KEPT : RELOAD_CALL_CHANGED;
}
