// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account.h"

#include "drivers/aaa/radius/account_bytes.h"
#include "drivers/aaa/radius/account_packet.h"
#include "drivers/aaa/radius/account_state.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

enum {
	RESERVE_MAX =
		512, // so many calls may be on their way up when it is said that there is no room
	SPOOL_FULL_PERCENT = 90,
};

uint64_t account_wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * RADIUS_SECOND_NS + (uint64_t)t.tv_nsec;
}

// ---- sessions -----------------------------------------------------------------------------------

static struct account_session **bucket_of(const struct account *a, const char *id)
{
	uint32_t hash = 2166136261;

	for (; *id; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619;
	return &a->buckets[(hash ^ hash >> 15) & (a->n_buckets - 1)];
}

static struct account_session *find(const struct account *a, const char *id)
{
	struct account_session *s = *bucket_of(a, id);

	while (s && strcmp(s->id, id) != 0)
		s = s->next;
	return s;
}

static uint32_t n_free(const struct account *a)
{
	return a->n_sessions - a->n_used;
}

static struct journal_counters counters_of(const struct aaa_account *record)
{
	return (struct journal_counters){
		.up_bytes = record->up_bytes,
		.up_pkts = record->up_pkts,
		.down_bytes = record->down_bytes,
		.down_pkts = record->down_pkts,
		.wall_ns = record->event_wall_ns,
		.session_s = record->session_s,
		.cause = (uint32_t)record->cause,
	};
}

static uint32_t take_slot(struct account *a, const struct aaa_account *record, uint32_t state)
{
	const struct journal_counters counters = counters_of(record);
	uint8_t bytes[ACCOUNT_BYTES_MAX];
	size_t n = account_bytes_put(
		record, config_tenant_name(a->core->config, record->tenant), bytes);

	return journal_take(a->journal, span_of(bytes, n), state, &counters);
}

static struct account_session *new_session(
	struct account *a, struct account_group *g, const struct aaa_account *record)
{
	struct account_session *s = a->free;

	if (!s && a->n_never_used < a->n_sessions)
		s = &a->sessions[a->n_never_used++];
	else if (s)
		a->free = s->next;
	if (!s)
		return NULL;
	*s = (struct account_session){.account = a, .group = g, .epoch = g->epoch - 1};
	memcpy(s->id, record->session_id, sizeof(s->id));
	s->slot = take_slot(a, record, 0); // there are more slots than sessions
	struct account_session **bucket = bucket_of(a, s->id);
	s->next = *bucket;
	*bucket = s;
	a->n_used++;
	return s;
}

static void free_session(struct account_session *s)
{
	struct account *a = s->account;
	struct account_session **at = bucket_of(a, s->id);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	journal_free(a->journal, s->slot);
	*s = (struct account_session){.slot = JOURNAL_NO_SLOT, .next = a->free};
	a->free = s;
	a->n_used--;
}

static void owe(struct account_session *s, uint8_t owed)
{
	if (!s->owes)
		s->account->n_owing++;
	s->owes |= owed;
	if (s->way == ACCOUNT_IDLE)
		account_send_ready(s);
	account_send_group(s->group);
}

void account_settle(struct account_session *s, uint8_t owed)
{
	struct account *a = s->account;

	s->owes &= (uint8_t)~owed;
	s->was_refused = false;
	s->way = ACCOUNT_IDLE;
	if (s->owes)
		account_send_ready(s);
	else
		a->n_owing--;
	if (owed == ACCOUNT_OWES_START)
		journal_add_state(a->journal, s->slot, JOURNAL_START_SAFE);
	else if (owed == ACCOUNT_OWES_ON)
		s->group->n_on--;
	if (owed & (ACCOUNT_OWES_STOP | ACCOUNT_OWES_ON | ACCOUNT_OWES_OFF))
		free_session(s);
}

static enum aaa_account_kind kind_of(uint8_t owed)
{
	switch ((enum account_owed)owed) {
	case ACCOUNT_OWES_START:
		return AAA_ACCOUNT_START;
	case ACCOUNT_OWES_STOP:
		return AAA_ACCOUNT_STOP;
	case ACCOUNT_OWES_ON:
		return AAA_ACCOUNT_ON;
	case ACCOUNT_OWES_OFF:
		return AAA_ACCOUNT_OFF;
	case ACCOUNT_OWES_INTERIM:
		break;
	}
	return AAA_ACCOUNT_INTERIM;
}

int account_read(const struct account_session *s, uint8_t owed, struct aaa_account *out,
	char tenant[CONFIG_TENANT_NAME_BYTES])
{
	struct journal_entry entry;

	journal_get(s->account->journal, s->slot, &entry);
	int rc = account_bytes_get(entry.identity, out, tenant);
	if (rc != 0)
		return rc;
	out->kind = kind_of(owed);
	if (owed != ACCOUNT_OWES_INTERIM && owed != ACCOUNT_OWES_STOP)
		return 0;
	out->up_bytes = entry.counters.up_bytes;
	out->up_pkts = entry.counters.up_pkts;
	out->down_bytes = entry.counters.down_bytes;
	out->down_pkts = entry.counters.down_pkts;
	out->event_wall_ns = entry.counters.wall_ns;
	out->session_s = entry.counters.session_s;
	out->cause = (enum aaa_terminate_cause)entry.counters.cause;
	return 0;
}

// ---- records ------------------------------------------------------------------------------------

static struct account_group *group_of(const struct account *a, uint16_t tenant)
{
	const struct config *config = a->core->config;
	uint16_t i = tenant < config->n_tenants ? config->tenants[tenant].accounting_index
						: CONFIG_NO_INDEX;

	return i < a->n_by_index ? a->by_index[i] : NULL;
}

static void begin_as(
	struct account *a, struct account_group *g, const struct aaa_account *record, uint8_t owed)
{
	struct account_session *s = new_session(a, g, record);

	if (!s) {
		a->n_lost++;
		return;
	}
	g->n_on += owed == ACCOUNT_OWES_ON;
	owe(s, owed);
}

// No call has such an id, and no server gets to see it.
void account_tell_nas(
	struct account *a, struct account_group *g, const struct aaa_account *record, uint8_t owed)
{
	struct aaa_account named = *record;

	snprintf(named.session_id, sizeof(named.session_id), "~%u-%08x-%u", owed,
		account_packet_nas(a->core->config, record->server_be), g->number);
	if (!find(a, named.session_id))
		begin_as(a, g, &named, owed);
}

// Several tenants may be one NAS to one group: it is told once.
static void begin_nas(struct account *a, const struct aaa_account *record, uint8_t owed)
{
	struct account_group *g = group_of(a, record->tenant);

	if (g && (owed == ACCOUNT_OWES_OFF ||
			 account_nas_is_new(
				 a, g, account_packet_nas(a->core->config, record->server_be))))
		account_tell_nas(a, g, record, owed);
}

static void begin_call(struct account *a, const struct aaa_account *record)
{
	struct account_group *g = group_of(a, record->tenant);

	if (g && !find(a, record->session_id))
		begin_as(a, g, record, ACCOUNT_OWES_START);
}

// What names the call has changed (Class, by RFC 5176): another slot, so that there is one that is whole at any time.
static void renew(struct account_session *s, const struct aaa_account *record)
{
	struct account *a = s->account;
	struct aaa_account was, now = *record;
	struct journal_entry entry;
	char tenant[CONFIG_TENANT_NAME_BYTES];

	journal_get(a->journal, s->slot, &entry);
	if (account_bytes_get(entry.identity, &was, tenant) == 0 &&
		was.classes.n_bytes == record->classes.n_bytes &&
		memcmp(was.classes.bytes, record->classes.bytes, was.classes.n_bytes) == 0)
		return;
	now.kind = AAA_ACCOUNT_START; // and that of when it was
	now.event_wall_ns = was.event_wall_ns;
	uint32_t slot = take_slot(a, &now, entry.state & JOURNAL_START_SAFE);
	if (slot == JOURNAL_NO_SLOT)
		return; // the Class that it had, then
	journal_free(a->journal, s->slot);
	s->slot = slot;
}

static void go_on(struct account *a, const struct aaa_account *record, uint8_t owed)
{
	const struct journal_counters counters = counters_of(record);
	struct account_session *s = find(a, record->session_id);

	if (!s) { // its Start found no place
		a->n_lost += group_of(a, record->tenant) != NULL;
		return;
	}
	if (owed)
		renew(s, record);
	journal_note(a->journal, s->slot, &counters);
	if (owed == ACCOUNT_OWES_STOP)
		journal_add_state(a->journal, s->slot, JOURNAL_STOPPED);
	if (owed)
		owe(s, owed);
}

void account_submit(struct account *a, const struct aaa_account *record)
{
	switch (record->kind) {
	case AAA_ACCOUNT_ON:
		begin_nas(a, record, ACCOUNT_OWES_ON);
		break;
	case AAA_ACCOUNT_OFF:
		begin_nas(a, record, ACCOUNT_OWES_OFF);
		break;
	case AAA_ACCOUNT_START:
		begin_call(a, record);
		break;
	case AAA_ACCOUNT_INTERIM:
		go_on(a, record, ACCOUNT_OWES_INTERIM);
		break;
	case AAA_ACCOUNT_STOP:
		go_on(a, record, ACCOUNT_OWES_STOP);
		break;
	case AAA_ACCOUNT_NOTE:
		go_on(a, record, 0);
		break;
	}
}

bool account_is_full(const struct account *a)
{
	uint32_t reserve = a->n_sessions / 8;
	struct spool_stats stats;

	if (a->disk_failed || n_free(a) < (reserve < RESERVE_MAX ? reserve : RESERVE_MAX))
		return true;
	if (!a->thread)
		return false;
	spool_thread_get_stats(a->thread, &stats);
	return stats.n_waiting > 0 && stats.n_bytes > (uint64_t)a->core->config->spool_max_mb *
							      (1 << 20) / 100 * SPOOL_FULL_PERCENT;
}

bool account_is_drained(const struct account *a)
{
	return a->n_owing == 0;
}
