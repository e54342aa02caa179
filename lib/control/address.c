// SPDX-License-Identifier: BSD-3-Clause
#include "control/address.h"

#include "control/call.h"
#include "control/call_record.h"
#include "control/control_state.h"

#include <errno.h>

static const uint32_t FRAMED_SERVER_CHOOSES = 0xfffffffe;
static const uint32_t FRAMED_CLIENT_CHOOSES = 0xffffffff;

static bool is_of(const struct pool *pool, uint16_t tenant)
{
	return pool->config->tenant_number == tenant;
}

// A tenant has a pool: conf_check_tenants.c sees to it.
uint16_t address_choose_pool(const struct control *c, uint16_t tenant)
{
	uint16_t first = UINT16_MAX;

	for (uint16_t i = 0; i < c->n_pools; i++) {
		if (!is_of(&c->pools[i], tenant))
			continue;
		if (c->pools[i].n_free > 0)
			return i;
		if (first == UINT16_MAX)
			first = i;
	}
	return first == UINT16_MAX ? 0 : first;
}

// The pool that the client was told of first; another one rather than none, for between the choice
// and now the last address may have gone.
static uint32_t take_any(struct call *call)
{
	struct control *c = call->control;
	uint32_t address_be = 0;

	if (is_of(&c->pools[call->pool], call->tenant))
		address_be = pool_take(&c->pools[call->pool]);
	for (uint16_t i = 0; i < c->n_pools && !address_be; i++)
		if (i != call->pool && is_of(&c->pools[i], call->tenant))
			address_be = pool_take(&c->pools[i]);
	return address_be;
}

static int take_of_pool(struct control *c, uint16_t tenant, uint32_t address_be)
{
	int rc = -EADDRNOTAVAIL;

	for (uint16_t i = 0; i < c->n_pools && rc == -EADDRNOTAVAIL; i++)
		if (is_of(&c->pools[i], tenant))
			rc = pool_take_address(&c->pools[i], address_be);
	return rc;
}

static int take_framed(struct control *c, uint16_t tenant, uint32_t framed_be)
{
	int rc = take_of_pool(c, tenant, framed_be);

	if (rc != -EADDRNOTAVAIL)
		return rc;
	// Of no pool: the workers' map tells whether another call has it.
	return owner_map_host(c->config.owners, tenant, framed_be) == OWNER_NONE ? 0 : -EADDRINUSE;
}

static bool is_from_pool(uint32_t framed_be)
{
	uint32_t framed = rte_be_to_cpu_32(framed_be);

	return framed == 0 || framed == FRAMED_SERVER_CHOOSES || framed == FRAMED_CLIENT_CHOOSES;
}

static void give_back(struct control *c, uint16_t tenant, uint32_t address_be)
{
	for (uint16_t i = 0; i < c->n_pools; i++)
		if (is_of(&c->pools[i], tenant))
			pool_release(&c->pools[i], address_be);
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

int address_take(struct call *call, uint32_t framed_be)
{
	struct control *c = call->control;
	uint32_t address_be = framed_be;
	int rc = 0;

	if (call->inner_be) // it authenticates again
		return 0;
	if (is_from_pool(framed_be)) {
		address_be = take_any(call);
		rc = address_be ? 0 : -ENOSPC;
	} else {
		rc = take_framed(c, call->tenant, framed_be);
	}
	if (rc != 0) {
		counter_add(&c->counters.addresses_short, 1);
		if (rc == -ENOSPC)
			call_record_pool_empty(call);
		else
			call_record_no_resource(call, "address that AAA gave is in use");
		return rc;
	}
	rc = put_on_map(call, address_be);
	if (rc == 0) {
		call->inner_be = address_be;
		call->has_fixed_address = !is_from_pool(framed_be);
	}
	return rc;
}

bool address_may_be_chosen(uint32_t framed_be)
{
	return rte_be_to_cpu_32(framed_be) == FRAMED_CLIENT_CHOOSES;
}

void address_release(struct call *call)
{
	struct control *c = call->control;

	if (!call->inner_be)
		return;
	(void)owner_map_set_inner(c->config.owners, call->tenant, call->inner_be, OWNER_NONE);
	give_back(c, call->tenant, call->inner_be);
	call->inner_be = 0;
}

// Only of a pool: what lies outside is routed elsewhere, or another's.
static bool take_asked(struct call *call, uint32_t asked_be)
{
	return take_of_pool(call->control, call->tenant, asked_be) == 0 &&
	       put_on_map(call, asked_be) == 0;
}

void address_choose(struct call *call)
{
	uint32_t asked_be = link_address_asked(&call->link);
	struct step step;

	if (!call->has_fixed_address && asked_be != call->inner_be && take_asked(call, asked_be)) {
		address_release(call);
		call->inner_be = asked_be;
	}
	step_clear(&step);
	link_address_chosen(&call->link, call->inner_be, control_now(call->control), &step);
	call_run(call, &step);
}
