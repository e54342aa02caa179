// SPDX-License-Identifier: BSD-3-Clause
#include "control/reload_apply.h"

#include "aaa/login.h"
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

static int make_ready(struct control *c, const struct config *fresh, struct ready *r)
{
	const struct aaa_driver *aaa = c->config.aaa;
	int rc;

	if (c->acls.n_live == ACLS_LIVE_MAX)
		return -EAGAIN; // workers have not taken the last lists yet
	if ((rc = make_pools(c, fresh, r)) != 0 || (rc = make_sticky(c, fresh)) != 0 ||
		(rc = tenants_make(&r->tenants, fresh)) != 0)
		return rc;
	// The last one, for what it does is done.
	return aaa->reload ? aaa->reload(c->aaa, fresh) : 0;
}

// ---- and then it holds -----------------------------------------------------------------------------

static void take_pools(struct control *c, const struct config *fresh, struct ready *r)
{
	for (uint16_t i = 0; i < fresh->n_pools; i++) {
		if (r->is_new[i]) {
			if (i < c->n_pools) {
				pool_inherit(&r->pools[i], &c->pools[i]);
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

int reload_apply(struct control *c, struct config *fresh)
{
	struct ready r = {0};
	int rc = make_ready(c, fresh, &r);

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

// Is its address still one of its tenant's? One that AAA gave him is not ours to judge.
static bool has_address(const struct call *call, const struct config *config)
{
	const struct config_pool *pool = &config->pools[call->pool];
	uint32_t address = ntohl(call->inner_be);

	return !call->inner_be || call->has_fixed_address ||
	       (pool->tenant_number == call->tenant && address >= pool->first &&
		       address <= pool->last);
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

static bool may_stay(const struct call *call, const struct config *config)
{
	if (!has_tenant(call, config) || !has_address(call, config))
		return false;
	const struct config_user *user = find_user(call, config);
	return !is_local(call, config) || (user && !user->disabled);
}

// Returns 0 | -errno: what AAA named for him is gone, or there is no memory.
static int renew(struct call *call, const struct config *config)
{
	const struct config_user *user = is_local(call, config) ? find_user(call, config) : NULL;
	uint16_t group = call->policy.group;

	if (user) {
		struct policy_said *said;
		int rc = policy_said_new(&user->policy, &said);
		if (rc != 0)
			return rc;
		policy_said_free(call->said);
		call->said = said;
		group = user->group_index;
	} else if (group >= config->n_groups || !config->groups[group].name[0]) {
		group = CONFIG_NO_INDEX; // gone: that of the tenant
	}
	return call_policy_renew(call, group);
}

enum reload_call reload_apply_call(struct call *call)
{
	const struct config *config = call->control->config.config;
	struct policy before = call->policy;

	if (call->end != END_NONE || !call->is_authenticated)
		return RELOAD_CALL_KEPT;
	if (!may_stay(call, config) || renew(call, config) != 0) {
		call_close(call, END_ADMIN_RELOAD);
		return RELOAD_CALL_ENDED;
	}
	bool is_same = memcmp(&before, &call->policy, sizeof(before)) == 0;
	// The hours of that name may be others.
	if (is_same && !call->control->reload.has_rates &&
		call->policy.access_hours == CONFIG_NO_INDEX)
		return RELOAD_CALL_KEPT;
	call_policy_tell(call);
	return is_same ? RELOAD_CALL_KEPT : RELOAD_CALL_CHANGED;
}
