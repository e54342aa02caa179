// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_bytes.h"
#include "drivers/aaa/radius/account_state.h"

struct recovery {
	struct account *account;
	int rc; // of the first record that could not be kept
	uint64_t n_calls;
	uint64_t n_unreadable;
	uint64_t n_homeless; // of tenants that are not, or have nobody to tell any more
};

static struct spool *queue_of(const struct account *a, const char *tenant)
{
	const struct config *config = a->core->config;
	int i = config_find_tenant(config, tenant);

	if (i < 0 || config->tenants[i].accounting_index >= a->n_by_index)
		return NULL;
	return a->by_index[config->tenants[i].accounting_index]->queue;
}

static void put(struct recovery *r, struct spool *queue, const struct aaa_account *record,
	const char *tenant)
{
	uint8_t bytes[ACCOUNT_BYTES_MAX];
	size_t n = account_bytes_put(record, tenant, bytes);

	if (r->rc == 0)
		r->rc = spool_append(queue, span_of(bytes, n));
}

// A call that was up when the last run died, or whose Stop no server had yet.
static void visit(void *context, const struct journal_entry *entry)
{
	struct recovery *r = context;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record;

	if (account_bytes_get(entry->identity, &record, tenant) != 0) {
		r->n_unreadable++;
		return;
	}
	if (record.kind != AAA_ACCOUNT_START) // an On or Off: this run has one of its own
		return;
	struct spool *queue = queue_of(r->account, tenant);
	if (!queue) {
		r->n_homeless++;
		return;
	}
	r->n_calls++;
	if (!(entry->state & JOURNAL_START_SAFE))
		put(r, queue, &record, tenant);
	const struct journal_counters *n = &entry->counters;
	record.kind = AAA_ACCOUNT_STOP;
	record.cause = entry->state & JOURNAL_STOPPED ? (enum aaa_terminate_cause)n->cause
						      : AAA_CAUSE_NAS_REBOOT;
	if (entry->has_counters) {
		record.up_bytes = n->up_bytes;
		record.up_pkts = n->up_pkts;
		record.down_bytes = n->down_bytes;
		record.down_pkts = n->down_pkts;
		record.session_s = n->session_s;
		record.event_wall_ns = n->wall_ns;
	}
	put(r, queue, &record, tenant);
}

int account_recover(struct account *a)
{
	struct recovery r = {.account = a};
	struct event e;

	r.n_unreadable = journal_recover(a->journal, visit, &r);
	if (r.rc == 0 && a->spools)
		r.rc = spools_sync(a->spools);
	if (r.rc == 0)
		r.rc = journal_clear(a->journal);
	if (r.rc != 0 || r.n_calls + r.n_unreadable + r.n_homeless == 0)
		return r.rc;
	event_begin(&e, EVENT_ACCOUNTING_RECOVERED);
	event_u64(&e, "calls", r.n_calls);
	if (r.n_unreadable)
		event_u64(&e, "unreadable", r.n_unreadable);
	if (r.n_homeless)
		event_u64(&e, "without-server", r.n_homeless);
	event_send(a->core->log, &e);
	return 0;
}
