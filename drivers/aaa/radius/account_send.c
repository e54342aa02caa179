// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_packet.h"
#include "drivers/aaa/radius/account_state.h"

#include <errno.h>

enum { RECORDS_PER_SLICE = 64 }; // about a millisecond

static const uint64_t SLICE_NS = RADIUS_MS_NS;
static const uint64_t RETRY_NS = RADIUS_SECOND_NS;
static const uint64_t BUSY_NS = 20 * RADIUS_MS_NS;

bool account_send_is_dead(const struct account_group *g)
{
	return g->index == CONFIG_NO_INDEX ||
	       !exchange_is_alive(g->account->exchange, EXCHANGE_ACCT, g->index);
}

void account_send_retry(struct account_group *g, uint64_t after_ns)
{
	struct radius_core *core = g->account->core;
	uint64_t due_ns = core->now_ns + after_ns;

	if (!g->account->is_closing && (!g->retry.is_armed || g->retry.due_ns > due_ns))
		radius_core_arm(core, &g->retry, due_ns);
}

void account_send_unready(struct account_session *s)
{
	TAILQ_REMOVE(&s->group->ready, s, in_ready);
	s->group->n_ready--;
}

void account_send_ready(struct account_session *s)
{
	s->way = ACCOUNT_READY;
	s->group->n_ready++;
	TAILQ_INSERT_TAIL(&s->group->ready, s, in_ready);
}

// It was the first, and still is.
static void put_back(struct account_session *s)
{
	s->way = ACCOUNT_READY;
	s->group->n_ready++;
	TAILQ_INSERT_HEAD(&s->group->ready, s, in_ready);
}

static void skip_interim(struct account_session *s)
{
	s->group->counters.interims_skipped++;
	account_settle(s, ACCOUNT_OWES_INTERIM);
}

static void answered(void *context, const struct exchange_answer *answer)
{
	struct account_session *s = context;
	struct account_group *g = s->group;

	g->n_sending--;
	if (answer->result == EXCHANGE_ANSWERED) {
		g->counters.acknowledged++;
		account_settle(s, s->now);
	} else {
		g->counters.unanswered++;
		if (s->now == ACCOUNT_OWES_INTERIM) {
			skip_interim(s);
		} else {
			s->was_refused = true;
			put_back(s);
		}
	}
	account_send_group(g);
	account_spool_drain(g);
}

static int send_now(struct account_session *s)
{
	struct account *a = s->account;
	struct account_group *g = s->group;
	struct radius_packet packet;
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account record;
	int rc = account_read(s, s->now, &record, tenant);

	if (rc != 0)
		return rc;
	account_packet_put(&record, a->core->config, account_wall_ns(), &packet);
	const struct exchange_request request = {
		.kind = EXCHANGE_ACCT,
		.group = g->index,
		.packet = &packet,
		.done = answered,
		.context = s,
	};
	rc = account_send_is_dead(g) ? -EHOSTUNREACH : exchange_submit(a->exchange, &request);
	if (rc != 0)
		return rc;
	s->way = ACCOUNT_SENDING;
	g->n_sending++;
	g->counters.sent++;
	return 0;
}

static uint8_t first_owed(struct account_session *s)
{
	if (s->owes & ACCOUNT_OWES_STOP && s->owes & ACCOUNT_OWES_INTERIM) {
		s->owes &= (uint8_t)~ACCOUNT_OWES_INTERIM; // the Stop says it all
		s->group->counters.interims_skipped++;
	}
	return (uint8_t)(s->owes & -s->owes);
}

static bool is_blocked(const struct account_group *g, uint8_t owed)
{
	if (owed == ACCOUNT_OWES_OFF)
		return g->n_sending || g->n_spooling || g->n_on;
	return owed != ACCOUNT_OWES_ON && g->n_on;
}

// What became of it. Returns whether others of the group may try.
static bool take_refusal(struct account_session *s, int rc)
{
	struct account_group *g = s->group;

	switch (rc) {
	case 0:
		return true;
	case -EHOSTUNREACH:
		s->was_refused = true;
		put_back(s);
		if (g->queue)
			return true;
		account_send_retry(g, RETRY_NS);
		return false;
	case -EBADMSG:
	case -EMSGSIZE: // it will not get better
		g->account->n_unreadable++;
		account_settle(s, s->now);
		return true;
	default:
		put_back(s);
		account_send_retry(g, rc == -EBUSY ? BUSY_NS : RETRY_NS);
		return false;
	}
}

void account_send_group(struct account_group *g)
{
	struct account_session *s;
	bool goes_on = !g->account->is_closing && !g->is_pacing;

	for (int n = 0; goes_on && (s = TAILQ_FIRST(&g->ready)); n++) {
		if (n == RECORDS_PER_SLICE) {
			g->is_pacing = true;
			account_send_retry(g, SLICE_NS);
			return;
		}
		uint8_t owed = first_owed(s);
		if (is_blocked(g, owed))
			return;
		account_send_unready(s);
		s->way = ACCOUNT_IDLE;
		s->now = owed;
		if (!account_spool_is_due(s)) {
			goes_on = take_refusal(s, send_now(s));
		} else if (owed == ACCOUNT_OWES_INTERIM) {
			skip_interim(s);
		} else if (!account_spool_put(s)) { // goes on when the thread has done something
			put_back(s);
			return;
		}
	}
}
