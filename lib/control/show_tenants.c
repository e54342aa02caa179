// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"

static void show_limit(struct render *r, uint32_t limit)
{
	if (limit)
		render_u64(r, limit);
	else
		render_none(r);
}

static void row(struct control *c, struct render *r, unsigned int i)
{
	const struct config_tenant *config = &c->config.config->tenants[i];
	const struct tenant *t = &c->tenants.list[i];
	uint64_t n_addresses = 0, n_free = 0;

	for (uint16_t k = 0; k < t->n_pools; k++) {
		n_addresses += c->pools[t->pools[k]].n_usable;
		n_free += c->pools[t->pools[k]].n_free;
	}
	if (!config->name[0])
		return; // it has gone
	render_row_begin(r);
	show_tenant(c, r, (uint16_t)i);
	render_u64(r, t->n_calls);
	render_u64(r, t->n_open);
	show_limit(r, config->max_calls);
	render_u64(r, t->n_setups);
	render_u64(r, t->n_up);
	render_u64(r, t->n_auth_failed);
	render_u64(r, t->n_refused_calls);
	render_u64(r, t->n_refused_rate);
	render_u64(r, t->n_no_address);
	render_u64(r, t->n_in_use);
	render_u64(r, n_addresses);
	render_u64(r, n_addresses - n_free);
	render_size(r, t->ended_up_bytes + t->live_up_bytes);
	render_size(r, t->ended_down_bytes + t->live_down_bytes);
	render_row_end(r);
}

bool show_tenants(struct control *c, struct show *s)
{
	static const struct render_column columns[] = {
		{"TENANT", "tenant", false, false},
		{"CALLS", "calls", true, false},
		{"UP", "up", true, false},
		{"MOST", "max_calls", true, false},
		{"SETUPS", "setups", true, false},
		{"CAME-UP", "came_up", true, false},
		{"AUTH-FAILED", "auth_failed", true, false},
		{"FULL", "refused_calls", true, false},
		{"TOO-FAST", "refused_rate", true, false},
		{"NO-ADDRESS", "no_address", true, false},
		{"IN-USE", "addresses_in_use_elsewhere", true, false},
		{"ADDRESSES", "addresses", true, false},
		{"GIVEN", "addresses_given", true, false},
		{"IN", "in_bytes", true, false},
		{"OUT", "out_bytes", true, false},
	};
	const struct show_table table = {
		.name = "tenants", .columns = columns, .n_columns = RTE_DIM(columns), .row = row};

	if (s->stage == 0 && !tenants_scan(c))
		return false;
	s->stage = 1;
	return show_table(c, s, &table, c->tenants.n);
}
