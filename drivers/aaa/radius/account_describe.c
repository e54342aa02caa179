// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *out; // out[cap]
	size_t cap;
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->len + 1 >= t->cap)
		return;
	va_start(args, format);
	int n = vsnprintf(t->out + t->len, t->cap - t->len, format, args);
	va_end(args);
	if (n > 0)
		t->len += (size_t)n;
	if (t->len >= t->cap)
		t->len = t->cap - 1;
}

// Of the oldest record that no server has.
static uint64_t age_s(const struct account_group *g)
{
	const struct account_session *s = TAILQ_FIRST(&g->ready);
	uint64_t oldest_ns = g->spooled_wall_ns, now_ns = account_wall_ns();
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record;

	if (s && account_read(s, (uint8_t)(s->owes & -s->owes), &record, tenant) == 0 &&
		(oldest_ns == 0 || record.event_wall_ns < oldest_ns))
		oldest_ns = record.event_wall_ns;
	return oldest_ns && oldest_ns < now_ns ? (now_ns - oldest_ns) / RADIUS_SECOND_NS : 0;
}

static void describe_group(struct text *t, const struct account_group *g)
{
	const struct account_group_counters *n = &g->counters;

	say(t,
		"accounting %s: %s, waiting %" PRIu32 ", under way %" PRIu32 ", on disk %" PRIu64
		", oldest %" PRIu64 " s; sent %" PRIu64 ", acknowledged %" PRIu64
		", unanswered %" PRIu64 ", to disk %" PRIu64 ", from disk %" PRIu64
		", put off %" PRIu64 ", interims left out %" PRIu64 "\n",
		g->name, account_send_is_dead(g) ? "dead" : "alive", g->n_ready,
		g->n_sending + g->n_replaying, g->n_spooled + g->n_spooling, age_s(g), n->sent,
		n->acknowledged, n->unanswered, n->spooled, n->replayed, n->put_off,
		n->interims_skipped);
}

// Groups that take accounting, or have something of it.
static bool is_shown(const struct account *a, const struct account_group *g)
{
	const struct config *config = a->core->config;

	for (uint16_t i = 0; i < config->n_tenants && g->index != CONFIG_NO_INDEX; i++)
		if (config->tenants[i].accounting_index == g->index)
			return true;
	return g->n_spooled || g->n_sending || g->n_replaying || !TAILQ_EMPTY(&g->ready);
}

void account_describe(const struct account *a, char *out, size_t cap)
{
	struct text t = {.out = out, .cap = cap};
	const struct account_group *g;
	struct spool_stats stats = {0};

	if (cap == 0)
		return;
	out[0] = '\0';
	TAILQ_FOREACH(g, &a->groups, in_all)
	if (is_shown(a, g))
		describe_group(&t, g);
	if (a->thread)
		spool_thread_get_stats(a->thread, &stats);
	say(&t,
		"accounting: calls %" PRIu32 " of %" PRIu32 ", without a place %" PRIu64
		", unreadable %" PRIu64 "\n",
		a->n_used, a->n_sessions, a->n_lost, a->n_unreadable);
	if (a->thread)
		say(&t,
			"spool: records %" PRIu64 ", bytes %" PRIu64 ", dropped %" PRIu64
			", corrupt %" PRIu64 ", cut %" PRIu64 "%s\n",
			stats.n_waiting, stats.n_bytes, stats.n_dropped, stats.n_corrupt,
			stats.n_cut, a->disk_failed ? ", disk failed" : "");
}
