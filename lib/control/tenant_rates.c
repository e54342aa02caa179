// SPDX-License-Identifier: BSD-3-Clause
#include "control/tenant_rates.h"

#include "control/control_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
	BURST_MS = 100,
	FLOOR = 16,	// each worker has this part of an equal share at least
	CHANGED = 32,	// a share that differs by less than this part of an equal one is left
	DIRECTIONS = 2, // up, down
	BITS_OF_BYTE = 8,
};

#define SECOND_NS UINT64_C(1000000000)

struct tenant_rate {
	uint16_t tenant;
	uint64_t bps[DIRECTIONS]; // 0: no limit
	// of each worker
	uint64_t seen_bytes[LIMIT_WORKERS][DIRECTIONS];
	uint64_t share_bps[LIMIT_WORKERS][DIRECTIONS]; // that it was told
};

void tenant_rates_split(uint64_t rate, const uint64_t *asked, uint64_t *shares, unsigned int n)
{
	uint64_t floor = rate / ((uint64_t)n * FLOOR), left = rate - floor * n;
	unsigned int n_left = n;
	bool is_done[LIMIT_WORKERS] = {false};

	// Each turn gives at least one what it asks for, or ends.
	for (bool any = true; any && n_left > 0;) {
		uint64_t level = left / n_left;
		any = false;
		for (unsigned int i = 0; i < n; i++) {
			uint64_t wants = asked[i] > floor ? asked[i] - floor : 0;
			if (is_done[i] || wants > level)
				continue;
			shares[i] = floor + wants;
			left -= wants;
			is_done[i] = any = true;
			n_left--;
		}
	}
	uint64_t part = left / (n_left ? n_left : n);
	for (unsigned int i = 0; i < n; i++) {
		if (!is_done[i])
			shares[i] = floor + part;
		else if (n_left == 0)
			shares[i] += part;
	}
}

static uint32_t burst_of(uint64_t bps)
{
	uint64_t n = bps * BURST_MS / (1000 * BITS_OF_BYTE);

	n = RTE_MAX(n, (uint64_t)LIMIT_MTU_BYTES);
	return (uint32_t)RTE_MIN(n, (uint64_t)UINT32_MAX);
}

// A rate that is limited is never told as 0, which is no limit.
static void tell(struct control *c, struct tenant_rate *t, unsigned int worker)
{
	struct command_tenant_rate rate = {.tenant = t->tenant};

	for (int d = 0; d < DIRECTIONS; d++)
		if (t->bps[d] && t->share_bps[worker][d] == 0)
			t->share_bps[worker][d] = 1;
	rate.rate_up_bps = t->share_bps[worker][0];
	rate.rate_down_bps = t->share_bps[worker][1];
	rate.burst_up_bytes = burst_of(rate.rate_up_bps);
	rate.burst_down_bytes = burst_of(rate.rate_down_bps);
	struct lane_command command = {.kind = COMMAND_TENANT_RATE, .tenant_rate = rate};
	if (!workers_send(c, (uint8_t)worker, &command)) // it has not heard: said again in a second
		t->share_bps[worker][0] = t->share_bps[worker][1] = 0;
}

static bool differs(
	const struct control *c, const struct tenant_rate *t, int d, uint64_t a, uint64_t b)
{
	uint64_t least = t->bps[d] / c->config.n_workers / CHANGED;

	return (a > b ? a - b : b - a) > least;
}

static uint64_t moved(const struct session_tenant *t, int d)
{
	return d == 0 ? counter_read(&t->up_bytes) + counter_read(&t->up_refused_bytes)
		      : counter_read(&t->down_bytes) + counter_read(&t->down_refused_bytes);
}

// What each worker was asked to move of the tenant since the last time, bits a second.
static void read_asked(struct control *c, struct tenant_rate *t, uint64_t passed_ns,
	uint64_t asked[DIRECTIONS][LIMIT_WORKERS])
{
	for (unsigned int i = 0; i < c->config.n_workers; i++)
		for (int d = 0; d < DIRECTIONS; d++) {
			uint64_t bytes = moved(&c->config.sessions[i]->tenants[t->tenant], d);
			asked[d][i] =
				(uint64_t)((double)(bytes - t->seen_bytes[i][d]) * BITS_OF_BYTE *
					   (double)SECOND_NS / (double)passed_ns);
			t->seen_bytes[i][d] = bytes;
		}
}

static void divide(struct control *c, struct tenant_rate *t, uint64_t passed_ns)
{
	uint64_t asked[DIRECTIONS][LIMIT_WORKERS] = {0};
	uint64_t shares[DIRECTIONS][LIMIT_WORKERS] = {0};
	bool shrinks[LIMIT_WORKERS] = {false}, changed[LIMIT_WORKERS] = {false};

	if (passed_ns)
		read_asked(c, t, passed_ns, asked);
	bool any = false;
	for (int d = 0; d < DIRECTIONS; d++) {
		if (t->bps[d] == 0)
			continue;
		tenant_rates_split(t->bps[d], asked[d], shares[d], c->config.n_workers);
		for (unsigned int i = 0; i < c->config.n_workers; i++) {
			any |= differs(c, t, d, shares[d][i], t->share_bps[i][d]);
			changed[i] |= shares[d][i] != t->share_bps[i][d];
			shrinks[i] |= shares[d][i] < t->share_bps[i][d];
		}
	}
	if (!any)
		return;
	for (int turn = 0; turn < 2; turn++) // those that shrink first
		for (unsigned int i = 0; i < c->config.n_workers; i++) {
			if (!changed[i] || shrinks[i] != (turn == 0))
				continue;
			for (int d = 0; d < DIRECTIONS; d++)
				t->share_bps[i][d] = shares[d][i];
			tell(c, t, i);
		}
}

int tenant_rates_open(struct control *c)
{
	const struct config *config = c->config.config;
	struct tenant_rates *all = &c->tenant_rates;

	if (!config_has_tenant_rates(config) || !c->config.sessions[0]->tenants)
		return 0;
	// Room for those that a reload brings without a rate: then this is not made again.
	all->has = calloc(LIMIT_TENANTS, sizeof(*all->has));
	all->list = calloc(config->n_tenants, sizeof(*all->list));
	if (!all->has || !all->list) {
		tenant_rates_close(c);
		return -ENOMEM;
	}
	for (uint16_t i = 0; i < config->n_tenants; i++) {
		const struct config_tenant *t = &config->tenants[i];
		if (t->rate_up_kbps == 0 && t->rate_down_kbps == 0)
			continue;
		all->has[i] = true;
		all->list[all->n++] = (struct tenant_rate){
			.tenant = i,
			.bps = {t->rate_up_kbps * UINT64_C(1000),
				t->rate_down_kbps * UINT64_C(1000)},
		};
		divide(c, &all->list[all->n - 1], 0);
	}
	all->asked_ns = control_now(c);
	return 0;
}

void tenant_rates_close(struct control *c)
{
	free(c->tenant_rates.has);
	free(c->tenant_rates.list);
	c->tenant_rates = (struct tenant_rates){0};
}

bool tenant_rates_has(const struct control *c, uint16_t tenant)
{
	return c->tenant_rates.has && c->tenant_rates.has[tenant];
}

void tenant_rates_divide(struct control *c)
{
	struct tenant_rates *all = &c->tenant_rates;
	uint64_t passed_ns = control_now(c) - all->asked_ns;

	if (all->n == 0 || passed_ns == 0)
		return;
	all->asked_ns = control_now(c);
	for (uint16_t i = 0; i < all->n; i++)
		divide(c, &all->list[i], passed_ns);
}
