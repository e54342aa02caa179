// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_bytes.h"
#include "drivers/aaa/radius/account_packet.h"
#include "drivers/aaa/radius/account_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
	DONES_PER_TURN = 256,
	UNANSWERED_MAX = 3, // of one record, each with all its tries
};

static const uint64_t RETRY_NS = RADIUS_SECOND_NS;
static const uint64_t BUSY_NS = 20 * RADIUS_MS_NS;
static const uint64_t LOOK_NS = 5 * RADIUS_SECOND_NS; // in case nobody tells that the group lives

static bool is_empty(const struct account_group *g)
{
	return g->n_spooled == 0 && g->n_spooling == 0;
}

// ---- there --------------------------------------------------------------------------------------

bool account_spool_is_due(const struct account_session *s)
{
	const struct account_group *g = s->group;

	if (!g->queue)
		return false;
	if (s->was_refused || account_send_is_dead(g))
		return true;
	return !is_empty(g) && (s->epoch == g->epoch || s->now == ACCOUNT_OWES_OFF);
}

bool account_spool_put(struct account_session *s)
{
	struct account *a = s->account;
	struct account_group *g = s->group;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct spool_job job;
	struct aaa_account record;

	if (!spool_thread_has_room(a->thread))
		return false;
	if (account_read(s, s->now, &record, tenant) != 0) {
		a->n_unreadable++;
		account_settle(s, s->now);
		return true;
	}
	job.kind = SPOOL_JOB_APPEND;
	job.queue = g->queue;
	job.context = s;
	job.len = (uint16_t)account_bytes_put(&record, tenant, job.bytes);
	spool_thread_submit(a->thread, &job);
	s->way = ACCOUNT_SPOOLING;
	s->epoch = g->epoch;
	g->n_spooling++;
	return true;
}

static void tell(const struct account_group *g, enum event_kind kind, const char *key, uint64_t n)
{
	struct event e;

	event_begin(&e, kind);
	event_word(&e, "group", g->name);
	event_u64(&e, key, n);
	event_send(g->account->core->log, &e);
}

static void tell_failed(const struct account_group *g, int rc)
{
	struct event e;

	event_begin(&e, EVENT_SPOOL_FAILED);
	event_word(&e, "group", g->name);
	event_word(&e, "error", strerror(-rc));
	event_send(g->account->core->log, &e);
}

static void take_appended(const struct spool_done *done)
{
	struct account_session *s = done->context;
	struct account_group *g = s->group;
	struct account *a = g->account;

	g->n_spooling--;
	s->was_refused = false;
	if (done->rc == 0) {
		a->disk_failed = false;
		if (!g->is_spool_told) {
			g->is_spool_told = true;
			g->spooled_wall_ns = account_wall_ns();
			tell(g, EVENT_SPOOL_BEGAN, "records", done->n_waiting);
		}
		g->counters.spooled++;
		account_settle(s, s->now);
		return;
	}
	tell_failed(g, done->rc);
	a->disk_failed = true;
	account_send_ready(s);
	account_send_retry(g, RETRY_NS);
}

// ---- and back -----------------------------------------------------------------------------------

static void end_batch(struct account_group *g)
{
	free(g->batch);
	g->batch = NULL;
}

static void take_read(struct account_group *g, const struct spool_done *done)
{
	struct account_batch *b = g->batch;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record;

	g->is_reading = false;
	if (done->n_records == 0) {
		end_batch(g);
		g->must_wait = done->rc != 0;
		if (done->rc != 0) {
			tell_failed(g, done->rc);
			account_send_retry(g, RETRY_NS);
		}
		return;
	}
	b->n = done->n_records;
	for (uint32_t i = 0; i < b->n; i++) {
		struct account_batch_record *r = &b->ways[i];
		r->group = g;
		r->way = RECORD_WAITS;
		if (account_bytes_get(span_of(b->records[i].bytes, b->records[i].len), &record,
			    tenant) != 0) {
			g->account->n_unreadable++;
			r->way = RECORD_ANSWERED; // nobody can make anything of it
			continue;
		}
		memcpy(r->session_id, record.session_id, sizeof(r->session_id));
		if (i == 0)
			g->spooled_wall_ns = record.event_wall_ns;
	}
}

static void answered(void *context, const struct exchange_answer *answer)
{
	struct account_batch_record *r = context;
	struct account_group *g = r->group;

	g->n_replaying--;
	if (answer->result == EXCHANGE_TIMEOUT && r->n_unanswered < UNANSWERED_MAX)
		r->n_unanswered++;
	r->way = answer->result == EXCHANGE_ANSWERED ? RECORD_ANSWERED : RECORD_WAITS;
	if (answer->result != EXCHANGE_ANSWERED)
		account_send_retry(g, RETRY_NS);
	else
		account_spool_drain(g);
}

// One of a call whose earlier one is still under way has to wait.
static bool is_behind(const struct account_batch *b, uint32_t i)
{
	for (uint32_t k = 0; k < i; k++)
		if (b->ways[k].way < RECORD_ANSWERED &&
			strcmp(b->ways[k].session_id, b->ways[i].session_id) == 0)
			return true;
	return false;
}

static int replay(struct account_group *g, uint32_t i)
{
	struct account *a = g->account;
	struct account_batch *b = g->batch;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct radius_packet packet;
	struct aaa_account record;

	(void)account_bytes_get( // it was read before
		span_of(b->records[i].bytes, b->records[i].len), &record, tenant);
	account_packet_put(&record, a->core->config, account_wall_ns(), &packet);
	const struct exchange_request request = {
		.kind = EXCHANGE_ACCT,
		.group = g->index,
		.packet = &packet,
		.done = answered,
		.context = &b->ways[i],
	};
	int rc = exchange_submit(a->exchange, &request);
	if (rc != 0)
		return rc;
	b->ways[i].way = RECORD_SENDING;
	g->n_replaying++;
	return 0;
}

static void mark(struct account_group *g, uint32_t i)
{
	struct account *a = g->account;
	struct account_batch *b = g->batch;

	if (!spool_thread_has_room(a->thread)) {
		account_send_retry(g, BUSY_NS);
		return;
	}
	const struct spool_job job = {.kind = SPOOL_JOB_SENT,
		.queue = g->queue,
		.context = g,
		.mark = b->records[i].mark};
	spool_thread_submit(a->thread, &job);
	b->ways[i].way = RECORD_DONE;
	b->n_done++;
	g->counters.replayed++;
}

// There are servers that do not answer what their database will not take. One such record must not hold up all that are
// behind it, nor may it be lost: it goes to the end, and what its call says later goes with it.
static void put_off(struct account_group *g, uint32_t first)
{
	struct account *a = g->account;
	struct account_batch *b = g->batch;

	for (uint32_t i = first; i < b->n; i++) {
		if (b->ways[i].way != RECORD_WAITS ||
			strcmp(b->ways[i].session_id, b->ways[first].session_id) != 0)
			continue;
		if (!spool_thread_has_room(a->thread)) {
			account_send_retry(g, BUSY_NS);
			return;
		}
		const struct spool_job job = {.kind = SPOOL_JOB_AGAIN,
			.queue = g->queue,
			.context = g,
			.record = &b->records[i]};
		spool_thread_submit(a->thread, &job);
		g->n_putting_off++;
		b->ways[i].way = RECORD_DONE;
		b->n_done++;
		g->counters.put_off++;
	}
}

static void send_batch(struct account_group *g)
{
	struct account_batch *b = g->batch;
	bool may_send = !account_send_is_dead(g);

	for (uint32_t i = 0; i < b->n; i++) {
		if (b->ways[i].way == RECORD_ANSWERED)
			mark(g, i);
		if (b->ways[i].way == RECORD_WAITS && b->ways[i].n_unanswered == UNANSWERED_MAX &&
			!is_behind(b, i))
			put_off(g, i);
		if (b->ways[i].way != RECORD_WAITS || !may_send || is_behind(b, i))
			continue;
		int rc = replay(g, i);
		may_send = rc == 0;
		if (rc != 0)
			account_send_retry(g, rc == -EBUSY ? BUSY_NS : RETRY_NS);
	}
	if (b->n_done == b->n && g->n_putting_off == 0)
		end_batch(g);
	else if (account_send_is_dead(g))
		account_send_retry(g, LOOK_NS);
}

static void read_batch(struct account_group *g)
{
	struct account *a = g->account;

	if (account_send_is_dead(g)) {
		account_send_retry(g, LOOK_NS);
		return;
	}
	if (spool_thread_has_room(a->thread))
		g->batch = calloc(1, sizeof(*g->batch));
	if (!g->batch) {
		account_send_retry(g, RETRY_NS);
		return;
	}
	const struct spool_job job = {.kind = SPOOL_JOB_READ,
		.queue = g->queue,
		.context = g,
		.n_records = ACCOUNT_BATCH,
		.records = g->batch->records};
	spool_thread_submit(a->thread, &job);
	g->is_reading = true;
}

void account_spool_drain(struct account_group *g)
{
	if (!g->queue || g->is_reading || g->account->is_closing)
		return;
	if (g->batch)
		send_batch(g);
	if (!g->batch && g->n_spooled > 0 && !g->must_wait)
		read_batch(g);
}

// The thread owns the queues, and is not waited for.
void account_spool_ask_queue(struct account_group *g)
{
	struct account *a = g->account;
	struct spool_job job = {.kind = SPOOL_JOB_QUEUE, .context = g};

	if (!a->thread || g->queue || g->is_asking)
		return;
	if (!spool_thread_has_room(a->thread)) {
		account_send_retry(g, BUSY_NS);
		return;
	}
	job.len = (uint16_t)strlen(g->name);
	memcpy(job.bytes, g->name, job.len);
	spool_thread_submit(a->thread, &job);
	g->is_asking = true;
}

static void take_queue(struct account_group *g, const struct spool_done *done)
{
	g->is_asking = false;
	g->queue = done->queue;
	if (!g->queue)
		account_send_retry(g, RETRY_NS);
	g->is_spool_told = done->n_waiting > 0;
}

// ---- the thread ---------------------------------------------------------------------------------

void account_spool_take_done(const struct spool_done *done)
{
	struct account_group *g = done->kind == SPOOL_JOB_APPEND
					  ? ((struct account_session *)done->context)->group
					  : done->context;

	g->n_spooled = done->n_waiting;
	g->n_putting_off -= done->kind == SPOOL_JOB_AGAIN;
	if (done->kind == SPOOL_JOB_AGAIN && done->rc != 0)
		tell_failed(g, done->rc); // it lies where it was, for the next start
	if (done->kind == SPOOL_JOB_APPEND)
		take_appended(done);
	else if (done->kind == SPOOL_JOB_READ)
		take_read(g, done);
	else if (done->kind == SPOOL_JOB_QUEUE)
		take_queue(g, done);
	if (is_empty(g)) {
		g->epoch++;
		if (g->is_spool_told)
			tell(g, EVENT_SPOOL_DRAINED, "replayed", g->counters.replayed);
		g->is_spool_told = false;
		g->spooled_wall_ns = 0;
	}
	account_send_group(g);
	account_spool_drain(g);
}

static void tell_dropped(struct account *a)
{
	struct spool_stats stats;
	struct event e;

	spool_thread_get_stats(a->thread, &stats);
	if (stats.n_dropped == a->n_dropped_told)
		return;
	event_begin(&e, EVENT_SPOOL_FULL);
	event_u64(&e, "dropped", stats.n_dropped - a->n_dropped_told);
	event_u64(&e, "in-all", stats.n_dropped);
	event_send(a->core->log, &e);
	a->n_dropped_told = stats.n_dropped;
}

void account_spool_ready(struct radius_source *source, uint32_t events)
{
	struct account *a =
		(struct account *)((char *)source - offsetof(struct account, thread_source));
	struct account_group *g;
	struct spool_done done;

	(void)events;
	for (int i = 0; i < DONES_PER_TURN && spool_thread_fetch(a->thread, &done); i++)
		account_spool_take_done(&done);
	tell_dropped(a);
	// Those of other groups that found no room.
	TAILQ_FOREACH(g, &a->groups, in_all)
	if (!TAILQ_EMPTY(&g->ready))
		account_send_group(g);
}
