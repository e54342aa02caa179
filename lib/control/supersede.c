// SPDX-License-Identifier: BSD-3-Clause
#include "control/supersede.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"

enum { PROBES = 3, RIVALS_MAX = 64 };

static const uint64_t PROBE_NS = 1000000000;
static const uint64_t PATIENCE_NS = PROBES * PROBE_NS;
// A client that dials again needs longer than this, one that is there says something more often when
// it is in use.
static const uint64_t SILENT_NS = 1000000000;

static uint64_t heard_ns(const struct call *call)
{
	const struct session_table *table =
		call->control->config.sessions[session_id_worker(call->id)];
	uint64_t data_ns =
		counter_read(&table->slots[session_id_slot(call->id)].counters.last_up_ns);

	return data_ns > call->link.heard_ns ? data_ns : call->link.heard_ns;
}

static void end_stale(struct call *old)
{
	struct conn *conn = old->conn;

	counter_add(&old->control->counters.calls_superseded, 1);
	call_end(old, END_SUPERSEDED);
	if (conn->calls.n == 0) // nobody is there; it only takes room from those behind its address
		conn_stop(conn, END_SUPERSEDED);
}

void supersede_expire(struct call *old, uint64_t now_ns)
{
	struct step step;

	if (heard_ns(old) > old->stale_since_ns) {
		old->stale_due_ns = TIMER_NEVER;
		old->is_shadowed = false;
		logins_recount(old);
		return;
	}
	if (now_ns >= old->stale_since_ns + PATIENCE_NS) {
		end_stale(old);
		return;
	}
	old->stale_due_ns = now_ns + PROBE_NS;
	if (old->is_shadowed)
		return;
	step_clear(&step);
	link_probe(&old->link, &step);
	call_run(old, &step);
}

static bool is_same(const struct call *a, const struct call *b)
{
	return a->client_be == b->client_be && a->tenant == b->tenant &&
	       span_equal(span_of(a->user, a->user_len), span_of(b->user, b->user_len));
}

// A second call over the same control connection is meant.
static bool may_be_stale(const struct call *old, const struct call *fresh)
{
	return old->conn != fresh->conn && old->link.phase < LINK_TERMINATE &&
	       old->stale_due_ns == TIMER_NEVER;
}

static void doubt(struct call *old, const struct call *fresh)
{
	uint64_t now_ns = control_now(old->control);

	old->is_shadowed =
		old->pptp.peer_call_id == fresh->pptp.peer_call_id && old->listen == fresh->listen;
	if (old->is_shadowed && now_ns >= heard_ns(old) + SILENT_NS) {
		end_stale(old);
		return;
	}
	old->stale_since_ns = now_ns;
	supersede_expire(old, now_ns);
	if (old->end == END_NONE)
		call_rearm(old);
}

// FNV-1a. Only who knows a password gets in here, so a bad hash would be no weapon; the seed is there
// because it costs nothing.
static struct supersede_list *bucket_of(const struct call *call)
{
	struct supersede *s = &call->control->supersede;
	uint64_t h = s->seed ^ call->client_be;

	for (uint16_t i = 0; i < call->user_len; i++)
		h = (h ^ (uint8_t)call->user[i]) * UINT64_C(0x100000001b3);
	return &s->buckets[(h ^ h >> 32) % SUPERSEDE_BUCKETS];
}

void supersede_init(struct supersede *s, uint64_t seed)
{
	s->seed = seed;
	for (int i = 0; i < SUPERSEDE_BUCKETS; i++)
		TAILQ_INIT(&s->buckets[i]);
}

void supersede_begin(struct call *fresh)
{
	struct supersede_list *bucket = bucket_of(fresh);
	struct call *old, *next;
	int n = 0;

	if (!fresh->control->config.config->supersede)
		return;
	for (old = TAILQ_FIRST(bucket); old && n < RIVALS_MAX; old = next, n++) {
		next = TAILQ_NEXT(old, in_bucket);
		if (is_same(old, fresh) && may_be_stale(old, fresh))
			doubt(old, fresh);
	}
	TAILQ_INSERT_TAIL(bucket, fresh, in_bucket);
	fresh->bucket = bucket;
}

void supersede_forget(struct call *call)
{
	if (call->bucket)
		TAILQ_REMOVE(call->bucket, call, in_bucket);
	call->bucket = NULL;
}
