// SPDX-License-Identifier: BSD-3-Clause
#include "control/tenants.h"

#include "control/call.h"
#include "control/control_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SCAN_SLOTS = 1024 };

#define SECOND_NS UINT64_C(1000000000)

// ---- pools --------------------------------------------------------------------------------------

// Where a pool stands in the list of its tenant; behind all that are named for one that is not.
static uint16_t rank_of(const struct config *config, uint16_t pool)
{
	const struct config_tenant *t = &config->tenants[config->pools[pool].tenant_number];

	for (uint16_t i = 0; i < t->n_pools; i++)
		if (strcmp(t->pools[i], config->pools[pool].name) == 0)
			return i;
	return LIMIT_TENANT_POOLS;
}

// Each tenant's pools together, by rank: those that it names in its order, then those that are its by being nobody
// else's.
static void order_pools(struct tenants *all, const struct config *config, const uint16_t *ranks)
{
	uint16_t at = 0;
	uint16_t *first = all->pool_order;

	for (uint16_t i = 0; i < config->n_pools; i++)
		all->list[config->pools[i].tenant_number].n_pools++;
	for (uint16_t t = 0; t < all->n; t++) {
		all->list[t].pools = &first[at];
		at = (uint16_t)(at + all->list[t].n_pools);
		all->list[t].n_pools = 0;
	}
	for (uint16_t rank = 0; rank <= LIMIT_TENANT_POOLS; rank++)
		for (uint16_t i = 0; i < config->n_pools; i++) {
			struct tenant *t = &all->list[config->pools[i].tenant_number];
			if (ranks[i] == rank)
				first[t->pools - first + t->n_pools++] = i;
		}
}

int tenants_make(struct tenants *all, const struct config *config)
{
	uint16_t *ranks = calloc(config->n_pools + 1U, sizeof(*ranks));

	all->list = calloc(config->n_tenants, sizeof(*all->list));
	all->pool_order = calloc(config->n_pools + 1U, sizeof(*all->pool_order));
	if (!ranks || !all->list || !all->pool_order) {
		free(ranks);
		tenants_free(all);
		return -ENOMEM;
	}
	all->n = config->n_tenants;
	for (uint16_t i = 0; i < config->n_pools; i++)
		ranks[i] = rank_of(config, i);
	order_pools(all, config, ranks);
	for (uint16_t i = 0; i < config->n_tenants; i++)
		all->have_realms |= config->tenants[i].n_realms > 0;
	free(ranks);
	return 0;
}

int tenants_open(struct control *c)
{
	return tenants_make(&c->tenants, c->config.config);
}

void tenants_inherit(struct tenants *all, const struct tenants *from)
{
	for (uint16_t i = 0; i < all->n && i < from->n; i++) {
		struct tenant *t = &all->list[i];
		uint16_t n_pools = t->n_pools;
		const uint16_t *pools = t->pools;
		*t = from->list[i];
		t->n_pools = n_pools;
		t->pools = pools;
	}
	all->scanned_ns = from->scanned_ns;
}

void tenants_free(struct tenants *all)
{
	free(all->list);
	free(all->pool_order);
	*all = (struct tenants){0};
}

void tenants_close(struct control *c)
{
	tenants_free(&c->tenants);
}

uint16_t tenants_first_pool(const struct control *c, uint16_t tenant)
{
	const struct tenant *t = &c->tenants.list[tenant];

	for (uint16_t i = 0; i < t->n_pools; i++)
		if (c->pools[t->pools[i]].n_free > 0)
			return t->pools[i];
	return t->n_pools ? t->pools[0] : 0;
}

// ---- places -------------------------------------------------------------------------------------

// A second's worth may come at once.
static bool pass_rate(struct tenant *t, uint32_t per_second, uint64_t now_ns)
{
	if (per_second == 0)
		return true;
	uint64_t cost_ns = SECOND_NS / per_second;
	uint64_t from_ns = RTE_MAX(t->rate_used_until_ns, now_ns);
	if (from_ns + cost_ns > now_ns + SECOND_NS)
		return false;
	t->rate_used_until_ns = from_ns + cost_ns;
	return true;
}

static enum end_reason enter(struct call *call)
{
	struct control *c = call->control;
	const struct config_tenant *config = &c->config.config->tenants[call->tenant];
	struct tenant *t = &c->tenants.list[call->tenant];

	if (config->max_calls && t->n_calls >= config->max_calls) {
		t->n_refused_calls++;
		return END_LIMIT_TENANT;
	}
	if (!pass_rate(t, config->setups_per_second, control_now(c))) {
		t->n_refused_rate++;
		return END_LIMIT_TENANT_RATE;
	}
	t->n_calls++;
	t->n_setups++;
	call->has_place = true;
	return END_NONE;
}

enum end_reason tenants_begin(struct call *call)
{
	bool is_known = call->tenant != 0 || !call->control->tenants.have_realms;

	return is_known ? enter(call) : END_NONE;
}

enum end_reason tenants_assign(struct call *call, uint16_t tenant)
{
	if (call->has_place && call->tenant == tenant)
		return END_NONE;
	tenants_leave(call);
	call->tenant = tenant;
	return enter(call);
}

void tenants_leave(struct call *call)
{
	struct tenant *t = &call->control->tenants.list[call->tenant];

	if (!call->has_place)
		return;
	t->n_calls--;
	call->has_place = false;
}

const char *tenants_limit_name(enum end_reason reason)
{
	if (reason == END_LIMIT_TENANT)
		return "tenants.max_calls";
	return reason == END_LIMIT_TENANT_RATE ? "tenants.setups_per_second" : NULL;
}

// ---- counters -----------------------------------------------------------------------------------

void tenants_note_up(struct call *call)
{
	struct tenant *t = &call->control->tenants.list[call->tenant];

	t->n_up++;
	t->n_open++;
}

void tenants_note_auth_failed(const struct call *call)
{
	call->control->tenants.list[call->tenant].n_auth_failed++;
}

void tenants_note_no_address(const struct call *call)
{
	call->control->tenants.list[call->tenant].n_no_address++;
}

void tenants_note_in_use(const struct call *call)
{
	call->control->tenants.list[call->tenant].n_in_use++;
}

void tenants_note_gone(struct call *call, const struct lane_totals *totals)
{
	struct tenant *t = &call->control->tenants.list[call->tenant];

	if (call->was_up)
		t->n_open--;
	t->ended_up_bytes += totals->up_bytes;
	t->ended_down_bytes += totals->down_bytes;
}

static void begin_scan(struct tenants *all)
{
	all->is_scanning = true;
	all->scan_cursor = 0;
	for (uint16_t i = 0; i < all->n; i++)
		all->list[i].scan_up_bytes = all->list[i].scan_down_bytes = 0;
}

static void end_scan(struct tenants *all, uint64_t now_ns)
{
	all->is_scanning = false;
	all->scanned_ns = now_ns;
	for (uint16_t i = 0; i < all->n; i++) {
		all->list[i].live_up_bytes = all->list[i].scan_up_bytes;
		all->list[i].live_down_bytes = all->list[i].scan_down_bytes;
	}
}

bool tenants_scan(struct control *c)
{
	struct tenants *all = &c->tenants;
	bool is_end = false;

	if (!all->is_scanning && all->scanned_ns && control_now(c) - all->scanned_ns < SECOND_NS)
		return true;
	if (!all->is_scanning)
		begin_scan(all);
	for (uint32_t n = 0; n < SCAN_SLOTS && !is_end; n++) {
		const struct call *call =
			placement_next(&c->placement, &all->scan_cursor, SCAN_SLOTS, &is_end);
		if (!call)
			break;
		struct lane_totals totals;
		call_read_totals(call, &totals);
		all->list[call->tenant].scan_up_bytes += totals.up_bytes;
		all->list[call->tenant].scan_down_bytes += totals.down_bytes;
	}
	if (is_end)
		end_scan(all, control_now(c));
	return is_end;
}
