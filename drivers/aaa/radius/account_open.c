// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_bytes.h"
#include "drivers/aaa/radius/account_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SPARE_SESSIONS = 256, // whose Stop nobody has yet, beside a quarter of all calls
	SPARE_SLOTS = 16,     // for what changes its slot
	BYTES_PER_MB = 1 << 20,
};

static void retry(struct radius_timer *t, uint64_t now_ns)
{
	struct account_group *g =
		(struct account_group *)((char *)t - offsetof(struct account_group, retry));

	(void)now_ns;
	g->is_pacing = false;
	g->must_wait = false;
	account_spool_ask_queue(g);
	account_send_group(g);
	account_spool_drain(g);
}

static void group_changed(
	struct exchange_watcher *w, enum exchange_kind kind, uint16_t group, bool is_alive)
{
	struct account *a = (struct account *)((char *)w - offsetof(struct account, watcher));

	(void)is_alive;
	// Not out of here: the exchange is in the middle of what made it say so.
	if (kind == EXCHANGE_ACCT && group < a->n_by_index)
		account_send_retry(a->by_index[group], 0);
}

// ---- groups -------------------------------------------------------------------------------------

static struct account_group *find_group(struct account *a, const char *name)
{
	struct account_group *g;

	TAILQ_FOREACH(g, &a->groups, in_all)
	if (strcmp(g->name, name) == 0)
		return g;
	return NULL;
}

static struct account_group *add_group(struct account *a, const char *name)
{
	struct account_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->account = a;
	g->epoch = 1;
	g->index = CONFIG_NO_INDEX;
	g->number = a->n_groups++;
	g->retry.fire = retry;
	TAILQ_INIT(&g->ready);
	snprintf(g->name, sizeof(g->name), "%s", name);
	TAILQ_INSERT_TAIL(&a->groups, g, in_all);
	return g;
}

static int index_groups(struct account *a)
{
	const struct config *config = a->core->config;
	struct account_group **by_index = calloc(config->n_radius_groups + 1u, sizeof(*by_index));
	struct account_group *g;

	if (!by_index)
		return -ENOMEM;
	for (uint16_t i = 0; i < config->n_radius_groups; i++) {
		const char *name = config->radius_groups[i].name;
		by_index[i] = find_group(a, name);
		if (!by_index[i])
			by_index[i] = add_group(a, name);
		if (!by_index[i]) {
			free(by_index);
			return -ENOMEM;
		}
	}
	TAILQ_FOREACH(g, &a->groups, in_all)
	g->index = CONFIG_NO_INDEX;
	for (uint16_t i = 0; i < config->n_radius_groups; i++)
		by_index[i]->index = i;
	free(a->by_index);
	a->by_index = by_index;
	a->n_by_index = config->n_radius_groups;
	return 0;
}

static int find_queues(struct account *a)
{
	struct account_group *g;

	TAILQ_FOREACH(g, &a->groups, in_all)
	{
		if (!a->spools || g->queue)
			continue;
		g->queue = spools_get(a->spools, g->name);
		if (!g->queue)
			return -ENOMEM;
		g->n_spooled = spool_n_waiting(g->queue);
		g->is_spool_told = g->n_spooled > 0;
	}
	return 0;
}

// ---- birth --------------------------------------------------------------------------------------

static bool has_tenants(const struct config *config)
{
	for (uint16_t i = 0; i < config->n_tenants; i++)
		if (config->tenants[i].accounting_index != CONFIG_NO_INDEX)
			return true;
	return false;
}

static int fail(const struct account *a, const char *what, int rc)
{
	struct event e;

	if (a->dir.fd >= 0 && !has_tenants(a->core->config))
		return rc; // it is not needed
	event_begin(&e, EVENT_START_FAILED);
	event_word(&e, "what", what);
	event_word(&e, "path", a->core->config->accounting_dir);
	event_word(&e, "error", strerror(-rc));
	if (rc == -EBADMSG)
		event_word(&e, "hint",
			"calls.journal was written by another version of adit: move it away");
	event_send(a->core->log, &e);
	return rc;
}

static int open_tables(struct account *a)
{
	const struct config *config = a->core->config;

	// Room for all, also where no tenant has accounting before a reload: what is not used is never touched.
	a->n_sessions =
		SPARE_SESSIONS + 2 * config->n_tenants + config->max_calls + config->max_calls / 4;
	for (a->n_buckets = 1; a->n_buckets < a->n_sessions;)
		a->n_buckets *= 2;
	a->sessions = calloc(a->n_sessions, sizeof(*a->sessions));
	a->buckets = calloc(a->n_buckets, sizeof(*a->buckets));
	return a->sessions && a->buckets ? 0 : -ENOMEM;
}

static int use_files(struct account *a)
{
	const struct config *config = a->core->config;
	int rc = journal_open(a->dir.fd, a->n_sessions + SPARE_SLOTS, &a->journal);

	if (rc != 0)
		return fail(a, "journal of calls", rc);
	if (a->dir.fd >= 0)
		rc = spools_open(
			a->dir.fd, (uint64_t)config->spool_max_mb * BYTES_PER_MB, &a->spools);
	if (rc == 0)
		rc = find_queues(a);
	if (rc != 0)
		return fail(a, "spool of accounting records", rc);
	rc = account_recover(a);
	if (rc != 0)
		return fail(a, "recovery of accounting records", rc);
	account_dir_give(&a->dir, config);
	return 0;
}

static void leave_files(struct account *a)
{
	struct account_group *g;

	TAILQ_FOREACH(g, &a->groups, in_all)
	g->queue = NULL;
	spools_close(a->spools);
	a->spools = NULL;
	journal_close(a->journal);
	a->journal = NULL;
	account_dir_close(&a->dir);
}

static int open_files(struct account *a)
{
	const struct config *config = a->core->config;
	bool is_needed = has_tenants(config);
	int rc = account_dir_open(&a->dir, config, is_needed, a->core->log);

	if (rc != 0)
		return rc;
	rc = use_files(a);
	if (rc != 0 && !is_needed) { // a full disk is nothing to who keeps no records
		leave_files(a);
		rc = use_files(a);
	}
	return rc;
}

static int start_thread(struct account *a)
{
	struct account_group *g;

	TAILQ_FOREACH(g, &a->groups, in_all)
	if (g->queue) {
		g->n_spooled = spool_n_waiting(g->queue);
		g->is_spool_told = g->n_spooled > 0;
		if (g->n_spooled)
			account_send_retry(g, 0);
	}
	if (!a->spools)
		return 0;
	int rc = spool_thread_start(a->spools, a->journal, &a->thread);
	if (rc != 0)
		return fail(a, "thread of the spool", rc);
	a->thread_source = (struct radius_source){
		.fd = spool_thread_fd(a->thread), .ready = account_spool_ready};
	return radius_core_add(a->core, &a->thread_source, EPOLLIN);
}

int account_open(struct radius_core *core, struct exchange *exchange, struct account **out)
{
	struct account *a = calloc(1, sizeof(*a));
	int rc;

	*out = NULL;
	if (!a)
		return -ENOMEM;
	a->core = core;
	a->exchange = exchange;
	a->dir = (struct account_dir){.fd = -1, .lock_fd = -1};
	a->thread_source.fd = -1;
	TAILQ_INIT(&a->groups);
	a->nases = calloc(core->config->n_tenants + 1u, sizeof(*a->nases));
	rc = a->nases ? 0 : -ENOMEM;
	if (rc != 0 || (rc = open_tables(a)) != 0 || (rc = index_groups(a)) != 0 ||
		(rc = open_files(a)) != 0 || (rc = start_thread(a)) != 0) {
		account_close(a);
		return rc;
	}
	a->n_nases = account_nas_find(a, a->nases); // control tells them
	a->watcher.changed = group_changed;
	exchange_watch(exchange, &a->watcher);
	*out = a;
	return 0;
}

// ---- death --------------------------------------------------------------------------------------

static void stop_thread(struct account *a)
{
	struct spool_done done;

	if (!a->thread)
		return;
	radius_core_remove(a->core, &a->thread_source);
	spool_thread_stop(a->thread);
	while (spool_thread_fetch(a->thread, &done))
		account_spool_take_done(&done);
	spool_thread_free(a->thread);
	a->thread = NULL;
}

static bool keep(const struct account_session *s, uint8_t owed)
{
	char tenant[CONFIG_TENANT_NAME_BYTES];
	uint8_t bytes[ACCOUNT_BYTES_MAX];
	struct aaa_account record;

	if (!(s->owes & owed))
		return true;
	if (!s->group->queue || account_read(s, owed, &record, tenant) != 0)
		return false;
	size_t n = account_bytes_put(&record, tenant, bytes);
	return spool_append(s->group->queue, span_of(bytes, n)) == 0;
}

// What has ended and no server knows yet: as if its group were dead. What cannot be written stays in the journal.
static uint32_t keep_all(struct account *a, uint8_t last)
{
	uint32_t n_kept = 0;

	for (uint32_t i = 0; i < a->n_never_used; i++) {
		struct account_session *s = &a->sessions[i];
		if (!(s->owes & last))
			continue;
		s->is_kept = keep(s, ACCOUNT_OWES_START) && keep(s, last);
		n_kept += s->is_kept;
	}
	return n_kept;
}

static void free_kept(struct account *a)
{
	for (uint32_t i = 0; i < a->n_never_used; i++)
		if (a->sessions[i].is_kept || a->sessions[i].owes & ACCOUNT_OWES_ON)
			journal_free(a->journal, a->sessions[i].slot);
}

static void mark_answered(struct account_group *g)
{
	struct account_batch *b = g->batch;

	for (uint32_t i = 0; b && i < b->n; i++)
		if (b->ways[i].way == RECORD_ANSWERED)
			spool_sent(g->queue, &b->records[i].mark);
	free(b);
	g->batch = NULL;
}

static void tell_left(const struct account *a, uint32_t n_kept)
{
	struct event e;

	event_begin(&e, EVENT_NOTE);
	event_word(&e, "text",
		a->spools ? "accounting records are left for the next start"
			  : "accounting records are lost: there is no radius.accounting_dir");
	event_u64(&e, "calls", a->n_owing);
	event_u64(&e, "spooled", n_kept);
	event_send(a->core->log, &e);
}

static void close_records(struct account *a)
{
	uint32_t n_kept;

	if (a->n_owing == 0)
		return;
	n_kept = keep_all(a, ACCOUNT_OWES_STOP);
	n_kept += keep_all(a, ACCOUNT_OWES_OFF);
	if (a->spools && spools_sync(a->spools) == 0)
		free_kept(a);
	tell_left(a, n_kept);
}

void account_close(struct account *a)
{
	struct account_group *g;

	if (!a)
		return;
	a->is_closing = true;
	stop_thread(a);
	TAILQ_FOREACH(g, &a->groups, in_all)
	mark_answered(g);
	close_records(a);
	spools_close(a->spools);
	journal_close(a->journal);
	account_dir_close(&a->dir);
	while ((g = TAILQ_FIRST(&a->groups))) {
		TAILQ_REMOVE(&a->groups, g, in_all);
		radius_core_disarm(a->core, &g->retry);
		free(g);
	}
	free(a->nases);
	free(a->by_index);
	free(a->buckets);
	free(a->sessions);
	free(a);
}

// ---- another configuration ----------------------------------------------------------------------

// A session whose group has gone tells the one that its tenant has now.
static void move(struct account_session *s)
{
	struct account *a = s->account;
	const struct config *config = a->core->config;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record;

	if (s->group->index != CONFIG_NO_INDEX || s->way == ACCOUNT_SENDING ||
		s->way == ACCOUNT_SPOOLING ||
		account_read(s, ACCOUNT_OWES_START, &record, tenant) != 0)
		return;
	int i = config_find_tenant(config, tenant);
	if (i < 0 || config->tenants[i].accounting_index >= a->n_by_index)
		return; // to the spool of the old one: it may come back
	if (s->way == ACCOUNT_READY)
		account_send_unready(s);
	s->group->n_on -= (s->owes & ACCOUNT_OWES_ON) != 0;
	s->group = a->by_index[config->tenants[i].accounting_index];
	s->group->n_on += (s->owes & ACCOUNT_OWES_ON) != 0;
	s->epoch = s->group->epoch - 1;
	if (s->way == ACCOUNT_READY)
		account_send_ready(s);
}

// The first tenant with accounting came by a reload: what makes the directory is done before adit gives up its rights.
static void tell_no_dir(const struct account *a)
{
	struct event e;

	event_begin(&e, EVENT_NOTE);
	event_word(&e, "text",
		"accounting records are kept in memory until the next start: radius.accounting_dir "
		"was not opened at this one");
	event_word(&e, "path", a->core->config->accounting_dir);
	event_send(a->core->log, &e);
}

int account_reload(struct account *a)
{
	const struct config *config = a->core->config;
	struct account_nas *nases = calloc(config->n_tenants + 1u, sizeof(*nases));
	struct account_group *g;
	int rc = nases ? index_groups(a) : -ENOMEM;

	if (rc != 0) {
		free(nases);
		return rc;
	}
	for (uint32_t i = 0; i < a->n_never_used; i++)
		if (a->sessions[i].account)
			move(&a->sessions[i]);
	TAILQ_FOREACH(g, &a->groups, in_all)
	account_send_retry(g, 0);
	account_nas_take(a, nases);
	if (!a->spools && config->accounting_dir[0] && has_tenants(config))
		tell_no_dir(a);
	return 0;
}
