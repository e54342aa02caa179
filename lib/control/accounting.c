// SPDX-License-Identifier: BSD-3-Clause
#include "control/accounting.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	TICKS_MIN = 50,		   // in which every slot is looked at once
	SLOTS_PER_TICK_MAX = 2048, // about a millisecond
	JITTER_PERCENT = 10,
};

#define SECOND_NS UINT64_C(1000000000)
#define MS_NS	  UINT64_C(1000000)

static const uint64_t DRAIN_NS = 1500 * MS_NS; // servers that live have answered by then

static bool is_kept(const struct control *c, uint16_t tenant)
{
	const struct config *config = c->config.config;

	return c->config.aaa->account && tenant < config->n_tenants &&
	       config->tenants[tenant].accounting_index != CONFIG_NO_INDEX;
}

static void tell(const struct control *c, const struct aaa_account *record)
{
	c->config.aaa->account(c->aaa, record);
}

// ---- what names a call --------------------------------------------------------------------------

static void put_id(const struct control *c, uint64_t number, char out[AAA_SESSION_ID_BYTES])
{
	snprintf(out, AAA_SESSION_ID_BYTES, "%011" PRIx64 "%08" PRIx64,
		c->started_wall_ns / MS_NS & UINT64_C(0xfffffffffff), number);
}

uint64_t accounting_id_number(const char *id)
{
	enum { STARTED_DIGITS = 11 };
	char *end;

	if (strnlen(id, STARTED_DIGITS) < STARTED_DIGITS)
		return 0;
	uint64_t number = strtoull(id + STARTED_DIGITS, &end, 16);
	return *end ? 0 : number;
}

void accounting_session_id(const struct call *call, char out[AAA_SESSION_ID_BYTES])
{
	put_id(call->control, call->number, out);
}

void accounting_multi_session_id(const struct call *call, char out[AAA_SESSION_ID_BYTES])
{
	put_id(call->control, call->tunnel, out);
}

uint32_t accounting_nas_port(const struct call *call)
{
	return (uint32_t)session_id_worker(call->id) << 24 | session_id_slot(call->id);
}

// ---- records ------------------------------------------------------------------------------------

// Counters of a session begin with its first data, so they are what passed while it was up. A note needs no more than
// this, and there are many.
static void put_figures(const struct call *call, enum aaa_account_kind kind,
	const struct lane_totals *totals, uint64_t until_ns, struct aaa_account *out)
{
	out->kind = kind;
	out->tenant = call->tenant;
	accounting_session_id(call, out->session_id);
	out->up_bytes = totals->up_bytes;
	out->up_pkts = totals->up_pkts;
	out->down_bytes = totals->down_bytes;
	out->down_pkts = totals->down_pkts;
	out->event_wall_ns = control_wall_ns();
	out->session_s = (uint32_t)((until_ns - call->up_ns) / SECOND_NS);
	out->cause = AAA_CAUSE_NONE;
}

static void put_identity(const struct call *call, struct aaa_account *out)
{
	const struct control *c = call->control;

	accounting_multi_session_id(call, out->multi_session_id);
	out->user_len = call->user_len;
	memcpy(out->user, call->user, sizeof(out->user));
	out->classes.n_bytes = call->account.n_class_bytes;
	if (call->account.classes)
		memcpy(out->classes.bytes, call->account.classes, call->account.n_class_bytes);
	out->method = (enum auth_method)call->account.method;
	out->is_local = call->account.is_local;
	out->client_be = call->client_be;
	out->server_be = c->config.owners->listen_be[call->listen];
	out->framed_be = call->inner_be;
	out->nas_port = accounting_nas_port(call);
}

static void tell_call(struct call *call, enum aaa_account_kind kind,
	const struct lane_totals *totals, uint64_t until_ns)
{
	struct aaa_account record;

	put_figures(call, kind, totals, until_ns, &record);
	put_identity(call, &record);
	if (kind == AAA_ACCOUNT_STOP)
		record.cause = (enum aaa_terminate_cause)end_reason_info(call->end)->acct_cause;
	tell(call->control, &record);
}

// Where a tenant is called: what says which NAS it is where the configuration does not.
static uint32_t listen_of(const struct control *c, uint16_t tenant)
{
	const struct config *config = c->config.config;

	for (uint16_t i = 0; i < config->n_listen; i++)
		if (config->listen_tenants[i] == tenant)
			return config->listen_be[i];
	return config->n_listen ? config->listen_be[0] : 0;
}

static void tell_tenant(const struct control *c, uint16_t tenant, enum aaa_account_kind kind)
{
	const struct aaa_account record = {
		.kind = kind,
		.tenant = tenant,
		.server_be = listen_of(c, tenant),
		.event_wall_ns = control_wall_ns(),
		.cause = kind == AAA_ACCOUNT_OFF ? AAA_CAUSE_ADMIN_REBOOT : AAA_CAUSE_NONE,
	};

	tell(c, &record);
}

static void tell_tenants(const struct control *c, enum aaa_account_kind kind)
{
	for (uint16_t i = 0; i < c->config.config->n_tenants; i++)
		if (is_kept(c, i))
			tell_tenant(c, i, kind);
}

// ---- notes --------------------------------------------------------------------------------------

static uint64_t tick_ns(const struct control *c)
{
	uint32_t n_slots = 0, n_ticks = TICKS_MIN;

	for (unsigned int i = 0; i < c->config.n_workers; i++)
		n_slots += c->config.sessions[i]->n_slots;
	n_ticks = RTE_MAX(n_ticks, (n_slots + SLOTS_PER_TICK_MAX - 1) / SLOTS_PER_TICK_MAX);
	return ACCOUNTING_NOTE_MS * MS_NS / n_ticks;
}

static void note_some(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, accounting.notes);
	struct accounting *a = &c->accounting;
	struct aaa_account record;
	struct lane_totals totals;
	bool is_end;

	for (uint32_t i = 0; i < a->slice; i++) {
		struct call *call = placement_next(&c->placement, &a->cursor, 1, &is_end);
		if (is_end)
			a->cursor = 0;
		if (!call || !call->account.is_started)
			continue;
		call_read_totals(call, &totals);
		put_figures(call, AAA_ACCOUNT_NOTE, &totals,
			call->end == END_NONE ? now_ns : call->ended_ns, &record);
		tell(c, &record);
	}
	if (a->n_started)
		timer_heap_arm(&c->loop.timers, t, now_ns + tick_ns(c));
}

// ---- the lane -----------------------------------------------------------------------------------

int accounting_open(struct control *c)
{
	struct accounting *a = &c->accounting;
	uint32_t n_slots = 0;

	if (timer_heap_join(&c->loop.timers, &a->notes, note_some) != 0)
		return -ENOMEM;
	for (unsigned int i = 0; i < c->config.n_workers; i++)
		n_slots += c->config.sessions[i]->n_slots;
	uint64_t n_ticks = ACCOUNTING_NOTE_MS * MS_NS / tick_ns(c);
	a->slice = (uint32_t)((n_slots + n_ticks - 1) / n_ticks);
	a->is_open = true;
	tell_tenants(c, AAA_ACCOUNT_ON);
	return 0;
}

void accounting_reload(struct control *c, const struct config *before)
{
	const struct config *config = c->config.config;

	for (uint16_t i = 0; i < config->n_tenants; i++)
		if (is_kept(c, i) &&
			(i >= before->n_tenants ||
				before->tenants[i].accounting_index == CONFIG_NO_INDEX))
			tell_tenant(c, i, AAA_ACCOUNT_ON);
}

void accounting_end(struct control *c)
{
	if (!c->accounting.is_open)
		return;
	c->accounting.is_open = false;
	tell_tenants(c, AAA_ACCOUNT_OFF);
}

bool accounting_drain(struct control *c, uint64_t latest_ns)
{
	struct accounting *a = &c->accounting;

	accounting_end(c);
	if (a->drain_by_ns == 0)
		a->drain_by_ns = RTE_MIN(latest_ns, control_now(c) + DRAIN_NS);
	return !c->config.aaa->is_drained || c->config.aaa->is_drained(c->aaa) ||
	       control_now(c) >= a->drain_by_ns;
}

bool accounting_is_full(const struct call *call)
{
	const struct control *c = call->control;

	return c->config.config->accounting_required && is_kept(c, call->tenant) &&
	       c->config.aaa->account_is_full && c->config.aaa->account_is_full(c->aaa);
}

// ---- a call -------------------------------------------------------------------------------------

void accounting_init_call(struct call *call)
{
	call->account = (struct call_account){.interim_due_ns = TIMER_NEVER};
}

int accounting_copy_classes(const struct aaa_classes *classes, uint8_t **copy)
{
	*copy = NULL;
	if (classes->n_bytes == 0)
		return 0;
	*copy = malloc(classes->n_bytes);
	if (!*copy)
		return -ENOMEM;
	memcpy(*copy, classes->bytes, classes->n_bytes);
	return 0;
}

void accounting_take_classes(struct call *call, const struct aaa_classes *classes, uint8_t *copy)
{
	struct call_account *a = &call->account;

	free(a->classes);
	a->classes = copy;
	a->n_class_bytes = copy ? classes->n_bytes : 0;
}

void accounting_take_reply(struct call *call, const struct aaa_reply *reply)
{
	uint8_t *copy;

	if (call->account.is_started)
		return;
	call->account.is_local = reply->server[0] == '\0';
	call->account.method = (uint8_t)call->link.auth.credentials.method;
	if (is_kept(call->control, call->tenant) &&
		accounting_copy_classes(&reply->classes, &copy) == 0)
		accounting_take_classes(call, &reply->classes, copy);
}

// Calls that came up together do not tell of themselves together.
static void arm_interim(struct call *call, uint64_t now_ns)
{
	uint64_t interval_ns = call->policy.interim_s * SECOND_NS, range, mixed;

	call->account.interim_due_ns = TIMER_NEVER;
	if (interval_ns == 0)
		return;
	range = interval_ns / 100 * (2 * JITTER_PERCENT);
	mixed = (call->number * SECOND_NS + now_ns) * UINT64_C(0x9e3779b97f4a7c15);
	call->account.interim_due_ns =
		now_ns + interval_ns - range / 2 + ((mixed >> 32) * (range >> 20) >> 12);
}

void accounting_up(struct call *call)
{
	struct control *c = call->control;
	struct lane_totals totals;

	if (!call->is_authenticated || !is_kept(c, call->tenant))
		return;
	call_read_totals(call, &totals);
	call->account.is_started = true;
	if (c->accounting.n_started++ == 0)
		timer_heap_arm(&c->loop.timers, &c->accounting.notes, control_now(c) + tick_ns(c));
	tell_call(call, AAA_ACCOUNT_START, &totals, call->up_ns);
	arm_interim(call, control_now(c));
}

void accounting_policy_changed(struct call *call)
{
	if (call->account.is_started && call->end == END_NONE)
		arm_interim(call, control_now(call->control));
}

void accounting_expire(struct call *call, uint64_t now_ns)
{
	struct lane_totals totals;

	call_read_totals(call, &totals);
	tell_call(call, AAA_ACCOUNT_INTERIM, &totals, now_ns);
	arm_interim(call, now_ns);
}

void accounting_down(struct call *call, const struct lane_totals *totals)
{
	if (call->account.is_started) {
		tell_call(call, AAA_ACCOUNT_STOP, totals, call->ended_ns);
		call->account.is_started = false;
		call->control->accounting.n_started--;
	}
	free(call->account.classes);
	call->account.classes = NULL;
}
