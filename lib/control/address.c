// SPDX-License-Identifier: BSD-3-Clause
#include "control/address.h"

#include "control/call.h"
#include "control/call_auth.h"
#include "control/call_record.h"
#include "control/control_state.h"

#include <errno.h>

enum {
	TRIES_MAX = 4, // addresses of one call that somebody else may have
	ASIDE_S = 120,
};

#define SECOND_NS UINT64_C(1000000000)

static const uint32_t FRAMED_SERVER_CHOOSES = 0xfffffffe;
static const uint32_t FRAMED_CLIENT_CHOOSES = 0xffffffff;

// ---- pools --------------------------------------------------------------------------------------

// Those that the call may have an address of.
struct chain {
	uint16_t n;
	const uint16_t *pools;
};

static struct chain chain_of(const struct call *call)
{
	const struct tenant *t = &call->control->tenants.list[call->tenant];

	if (call->policy.n_pools)
		return (struct chain){.n = call->policy.n_pools, .pools = call->policy.pools};
	return (struct chain){.n = t->n_pools, .pools = t->pools};
}

static struct chain tenant_chain(const struct control *c, uint16_t tenant)
{
	return (struct chain){
		.n = c->tenants.list[tenant].n_pools, .pools = c->tenants.list[tenant].pools};
}

// NULL: it is another tenant's.
static struct pool *pool_at(const struct call *call, const struct chain *chain, uint16_t i)
{
	struct pool *pool = &call->control->pools[chain->pools[i]];

	return pool->config->tenant_number == call->tenant ? pool : NULL;
}

// Does a call have it? A reload may bring its range into a pool that did not hand it out: such an address counts as taken
// there too from when it is met, and comes back when its call goes.
static bool is_held(const struct control *c, uint16_t tenant, uint32_t address_be)
{
	return owner_map_host(c->config.owners, tenant, address_be) != OWNER_NONE;
}

static uint32_t take_first(struct call *call)
{
	struct chain chain = chain_of(call);

	for (uint16_t i = 0; i < chain.n; i++) {
		struct pool *pool = pool_at(call, &chain, i);
		uint32_t address_be = 0;
		do
			address_be = pool ? pool_take(pool) : 0;
		while (address_be && is_held(call->control, call->tenant, address_be));
		if (!address_be)
			continue;
		call->pool = chain.pools[i];
		return address_be;
	}
	return 0;
}

// -EADDRNOTAVAIL: it is of none of them.
static int take_of(struct call *call, const struct chain *chain, uint32_t address_be)
{
	for (uint16_t i = 0; i < chain->n; i++) {
		struct pool *pool = pool_at(call, chain, i);
		int rc = pool ? pool_take_address(pool, address_be) : -EADDRNOTAVAIL;
		if (rc == 0 && is_held(call->control, call->tenant, address_be))
			rc = -EADDRINUSE;
		if (rc == 0)
			call->pool = chain->pools[i];
		if (rc != -EADDRNOTAVAIL)
			return rc;
	}
	return -EADDRNOTAVAIL;
}

static bool is_sticky(const struct call *call)
{
	return call->control->config.config->tenants[call->tenant].sticky_addresses;
}

static struct span user_of(const struct call *call)
{
	return span_of(call->user, call->user_len);
}

static uint32_t take_sticky(struct call *call)
{
	struct chain chain = chain_of(call);
	uint32_t had_be = is_sticky(call)
				  ? sticky_find(&call->control->sticky, call->tenant, user_of(call))
				  : 0;

	return had_be && take_of(call, &chain, had_be) == 0 ? had_be : 0;
}

// ---- of AAA -------------------------------------------------------------------------------------

static bool is_from_pool(uint32_t framed_be)
{
	uint32_t framed = rte_be_to_cpu_32(framed_be);

	return framed == 0 || framed == FRAMED_SERVER_CHOOSES || framed == FRAMED_CLIENT_CHOOSES;
}

static bool is_server(const struct control *c, uint16_t tenant, uint32_t address_be)
{
	struct chain chain = tenant_chain(c, tenant);

	for (uint16_t i = 0; i < chain.n; i++)
		if (c->pools[chain.pools[i]].config->server_inner_be == address_be)
			return true;
	return false;
}

// In any pool of the tenant, or in none: there the workers' map tells whether another call has it.
static int take_framed(struct call *call, uint32_t framed_be)
{
	struct control *c = call->control;
	struct chain chain = tenant_chain(c, call->tenant);
	int rc = take_of(call, &chain, framed_be);

	if (rc != -EADDRNOTAVAIL)
		return rc;
	if (is_server(c, call->tenant, framed_be) || is_held(c, call->tenant, framed_be))
		return -EADDRINUSE;
	chain = chain_of(call);
	for (uint16_t i = 0; i < chain.n; i++)
		if (pool_at(call, &chain, i)) { // whose server and name servers it is told
			call->pool = chain.pools[i];
			break;
		}
	return 0;
}

bool address_is_leaving(const struct call *call, uint32_t framed_be)
{
	struct control *c = call->control;
	bool is_end;

	if (call->inner_be || is_from_pool(framed_be))
		return false;
	uint32_t owner = owner_map_host(c->config.owners, call->tenant, framed_be);
	if (owner == OWNER_NONE)
		return false;
	uint32_t at = (uint32_t)owner_worker(owner) << 24 | owner_slot(owner);
	const struct call *holder = placement_next(&c->placement, &at, 1, &is_end);
	return holder && (holder->end != END_NONE || holder->stale_due_ns != TIMER_NEVER);
}

// ---- in and out ---------------------------------------------------------------------------------

static void give_back(struct control *c, uint16_t tenant, uint32_t address_be)
{
	struct chain chain = tenant_chain(c, tenant);

	for (uint16_t i = 0; i < chain.n; i++)
		pool_release(&c->pools[chain.pools[i]], address_be);
}

// The workers find the call by this address from now on. Returns 0 | -ENOMEM, and it is free again.
static int put_on_map(struct call *call, uint32_t address_be)
{
	struct control *c = call->control;
	uint32_t owner = owner_make(session_id_worker(call->id), session_id_slot(call->id));
	int rc = owner_map_set_inner(c->config.owners, call->tenant, address_be, owner);

	if (rc == 0)
		return 0;
	call_record_no_resource(call, "page of the address map");
	give_back(c, call->tenant, address_be);
	return rc;
}

static void tell_short(const struct call *call, int rc)
{
	counter_add(&call->control->counters.addresses_short, 1);
	tenants_note_no_address(call);
	if (rc == -ENOSPC)
		call_record_pool_empty(call);
	else
		call_record_no_resource(call, "address that AAA gave is in use");
}

// Returns like address_take().
static int take(struct call *call, uint32_t framed_be)
{
	uint32_t address_be = framed_be;
	int rc = 0;

	if (is_from_pool(framed_be)) {
		address_be = take_sticky(call);
		if (!address_be)
			address_be = take_first(call);
		rc = address_be ? 0 : -ENOSPC;
	} else {
		rc = take_framed(call, framed_be);
	}
	if (rc != 0) {
		tell_short(call, rc);
		return rc;
	}
	rc = put_on_map(call, address_be);
	if (rc == 0)
		call->inner_be = address_be;
	return rc;
}

static void remember(const struct call *call)
{
	struct control *c = call->control;

	if (is_sticky(call) && !call->has_fixed_address)
		sticky_note(&c->sticky, call->tenant, user_of(call), call->inner_be,
			(uint32_t)(control_now(c) / SECOND_NS));
}

static bool is_checked(const struct call *call)
{
	return call->control->config.config->tenants[call->tenant].check_in_use;
}

int address_take(struct call *call, uint32_t framed_be)
{
	if (call->probe)
		return -EINPROGRESS;
	if (call->inner_be) // it authenticates again
		return 0;
	call->n_in_use = 0;
	int rc = take(call, framed_be);
	if (rc != 0)
		return rc;
	call->has_fixed_address = !is_from_pool(framed_be);
	if (is_checked(call) && address_probe_begin(call))
		return -EINPROGRESS;
	remember(call);
	return 0;
}

void address_tell(const struct call *call, struct link_verdict *verdict)
{
	const struct config_pool *pool = &call->control->config.config->pools[call->pool];

	verdict->client_be = call->inner_be;
	verdict->server_be = pool->server_inner_be;
	if (verdict->n_dns == 0) {
		verdict->n_dns = (uint8_t)pool->n_dns;
		memcpy(verdict->dns_be, pool->dns_be, sizeof(verdict->dns_be));
	}
	if (verdict->n_nbns == 0) {
		verdict->n_nbns = (uint8_t)pool->n_nbns;
		memcpy(verdict->nbns_be, pool->nbns_be, sizeof(verdict->nbns_be));
	}
}

bool address_may_be_chosen(uint32_t framed_be)
{
	return rte_be_to_cpu_32(framed_be) == FRAMED_CLIENT_CHOOSES;
}

void address_release(struct call *call)
{
	struct control *c = call->control;

	address_probe_cancel(call);
	if (!call->inner_be)
		return;
	(void)owner_map_set_inner(c->config.owners, call->tenant, call->inner_be, OWNER_NONE);
	give_back(c, call->tenant, call->inner_be);
	call->inner_be = 0;
}

// Only of a pool: what lies outside is routed elsewhere, or another's.
static bool take_asked(struct call *call, uint32_t asked_be)
{
	struct chain chain = chain_of(call);
	uint16_t told = call->pool; // whose server address the client has been told by now
	bool is_taken = take_of(call, &chain, asked_be) == 0 && put_on_map(call, asked_be) == 0;

	call->pool = told;
	return is_taken;
}

void address_choose(struct call *call)
{
	uint32_t asked_be = link_address_asked(&call->link);
	struct step step;

	// There is no time to ask the inside for it while IPCP waits.
	bool may_choose = !call->has_fixed_address && !is_checked(call);
	if (may_choose && asked_be != call->inner_be && take_asked(call, asked_be)) {
		address_release(call);
		call->inner_be = asked_be;
		remember(call);
	}
	step_clear(&step);
	link_address_chosen(&call->link, call->inner_be, control_now(call->control), &step);
	call_run(call, &step);
}

// ---- that somebody else has ---------------------------------------------------------------------

static void end_oldest(struct control *c)
{
	struct address_aside *a = &c->aside;
	uint16_t tenant = a->entries[a->oldest].tenant;
	uint32_t address_be = a->entries[a->oldest].address_be;

	if (!is_held(c, tenant, address_be)) // of a pool that came by a reload
		give_back(c, tenant, address_be);
	a->oldest = (a->oldest + 1) % ADDRESS_ASIDE_MAX;
	a->n--;
}

// It is no call's any more and stays taken all the same.
static void set_aside(struct call *call)
{
	struct control *c = call->control;
	struct address_aside *a = &c->aside;

	(void)owner_map_set_inner(c->config.owners, call->tenant, call->inner_be, OWNER_NONE);
	if (a->n == ADDRESS_ASIDE_MAX)
		end_oldest(c);
	uint32_t at = (a->oldest + a->n++) % ADDRESS_ASIDE_MAX;
	a->entries[at].tenant = call->tenant;
	a->entries[at].address_be = call->inner_be;
	a->entries[at].until_ns = control_now(c) + ASIDE_S * SECOND_NS;
	call->inner_be = 0;
}

void address_check(struct control *c)
{
	while (c->aside.n > 0 && control_now(c) >= c->aside.entries[c->aside.oldest].until_ns)
		end_oldest(c);
}

static int take_another(struct call *call)
{
	int rc = -EADDRINUSE;

	tenants_note_in_use(call);
	call_record_address_in_use(call);
	set_aside(call);
	if (!call->has_fixed_address && ++call->n_in_use < TRIES_MAX)
		rc = take(call, 0);
	if (rc == 0 && address_probe_begin(call))
		return -EINPROGRESS;
	if (rc == -EADDRINUSE)
		tell_short(call, call->has_fixed_address ? -EADDRINUSE : -ENOSPC);
	return rc;
}

void address_checked(struct call *call, bool is_in_use)
{
	int rc = is_in_use ? take_another(call) : 0;

	if (rc == -EINPROGRESS)
		return;
	if (rc == 0)
		remember(call);
	call_auth_address(call, rc);
}
