// SPDX-License-Identifier: BSD-3-Clause
#include "control/change.h"

#include "control/accounting.h"
#include "control/call.h"
#include "control/call_policy.h"
#include "control/control_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// An order to end calls that waits for their workers.
struct change_order {
	LIST_ENTRY(change_order) in_open;
	struct aaa_change change; // what the log is to say
	uint32_t n_calls, n_left;
};

// A call that an order waits for. Several may wait for the same one.
struct change_waiter {
	LIST_ENTRY(change_waiter) in_call;
	struct change_order *order;
};

struct selection {
	uint32_t n;
	bool is_too_many;
	struct call *calls[CHANGE_CALLS_MAX];
};

// ---- where calls are found ----------------------------------------------------------------------

static uint64_t key_of(const struct call *call, enum change_index i)
{
	switch (i) {
	case CHANGE_BY_NUMBER:
		return call->number;
	case CHANGE_BY_TUNNEL:
		return call->tunnel;
	case CHANGE_BY_CLIENT:
		return call->client_be;
	case CHANGE_INDICES:
		break;
	}
	return 0;
}

// Sources of clients are chosen by clients: the seed keeps them from aiming at one bucket.
static struct change_calls *bucket_of(const struct changes *s, enum change_index i, uint64_t key)
{
	uint64_t h = (key ^ s->seed) * UINT64_C(0x9e3779b97f4a7c15);

	return &s->buckets[i][h >> 32 & (CHANGE_BUCKETS - 1)];
}

int change_open(struct control *c, uint64_t seed)
{
	struct changes *s = &c->changes;

	s->seed = seed;
	LIST_INIT(&s->open);
	for (int i = 0; i < CHANGE_INDICES; i++) {
		s->buckets[i] = calloc(CHANGE_BUCKETS, sizeof(s->buckets[i][0])); // empty lists
		if (!s->buckets[i])
			return -ENOMEM;
	}
	return 0;
}

void change_close(struct control *c)
{
	struct changes *s = &c->changes;

	for (int i = 0; i < CHANGE_INDICES; i++) {
		free(s->buckets[i]);
		s->buckets[i] = NULL;
	}
}

void change_add_call(struct call *call)
{
	const struct changes *s = &call->control->changes;

	for (int i = 0; i < CHANGE_INDICES; i++)
		LIST_INSERT_HEAD(
			bucket_of(s, (enum change_index)i, key_of(call, (enum change_index)i)),
			call, in_change[i]);
	LIST_INIT(&call->change_waiters);
	call->is_in_change = true;
}

// ---- which are meant ----------------------------------------------------------------------------

static bool has(const struct aaa_change *change, enum aaa_change_key key)
{
	return (change->keys & (uint32_t)key) != 0;
}

static bool is_meant(
	const struct call *call, const struct aaa_change *change, const struct logins_user *user)
{
	char id[AAA_SESSION_ID_BYTES];

	if (!call->is_authenticated || call->tenant != change->tenant)
		return false;
	if (has(change, AAA_KEY_USER) && call->logins != user)
		return false;
	if (has(change, AAA_KEY_NAS_PORT) && accounting_nas_port(call) != change->nas_port)
		return false;
	if (has(change, AAA_KEY_FRAMED_ADDRESS) && call->inner_be != change->framed_be)
		return false;
	if (has(change, AAA_KEY_CALLING_STATION) && call->client_be != change->calling_be)
		return false;
	if (has(change, AAA_KEY_SESSION_ID)) {
		accounting_session_id(call, id);
		if (strcmp(id, change->session_id) != 0)
			return false;
	}
	if (has(change, AAA_KEY_MULTI_SESSION_ID)) {
		accounting_multi_session_id(call, id);
		if (strcmp(id, change->multi_session_id) != 0)
			return false;
	}
	// One that is on its way out cannot be changed any more; who wants it ended waits with the others.
	return change->kind == AAA_CHANGE_DISCONNECT ||
	       (call->end == END_NONE && call->link.phase < LINK_TERMINATE);
}

static void consider(struct call *call, const struct aaa_change *change,
	const struct logins_user *user, struct selection *out)
{
	if (!is_meant(call, change, user))
		return;
	if (out->n == CHANGE_CALLS_MAX)
		out->is_too_many = true;
	else
		out->calls[out->n++] = call;
}

static void consider_bucket(const struct control *c, enum change_index i, uint64_t key,
	const struct aaa_change *change, const struct logins_user *user, struct selection *out)
{
	struct call *call;

	LIST_FOREACH(call, bucket_of(&c->changes, i, key), in_change[i])
	{
		if (key_of(call, i) == key)
			consider(call, change, user, out);
		if (out->is_too_many)
			return;
	}
}

// The call in a worker's slot, if there is one.
static void consider_slot(struct control *c, uint32_t worker, uint32_t slot,
	const struct aaa_change *change, const struct logins_user *user, struct selection *out)
{
	uint32_t cursor = worker << 24 | slot;
	bool is_end;
	struct call *call;

	if (worker >= c->placement.n_workers || slot >= c->placement.workers[worker].n_slots)
		return;
	call = placement_next(&c->placement, &cursor, 1, &is_end);
	if (call)
		consider(call, change, user, out);
}

static void consider_inner(struct control *c, const struct aaa_change *change,
	const struct logins_user *user, struct selection *out)
{
	uint32_t owner = owner_map_host(c->config.owners, change->tenant, change->framed_be);

	if (owner != OWNER_NONE)
		consider_slot(c, owner_worker(owner), owner_slot(owner), change, user, out);
}

static void consider_user(
	const struct aaa_change *change, const struct logins_user *user, struct selection *out)
{
	struct call *call;

	TAILQ_FOREACH(call, &user->calls, in_logins)
	{
		consider(call, change, user, out);
		if (out->is_too_many)
			return;
	}
}

static void find_calls(struct control *c, const struct aaa_change *change, struct selection *out)
{
	const struct logins_user *user = NULL;

	out->n = 0;
	out->is_too_many = false;
	if (has(change, AAA_KEY_USER)) {
		user = logins_find(c, change->tenant, span_of(change->user, change->user_len));
		if (!user)
			return;
	}
	if (has(change, AAA_KEY_SESSION_ID))
		consider_bucket(c, CHANGE_BY_NUMBER, accounting_id_number(change->session_id),
			change, user, out);
	else if (has(change, AAA_KEY_NAS_PORT))
		consider_slot(
			c, change->nas_port >> 24, change->nas_port & 0xffffff, change, user, out);
	else if (has(change, AAA_KEY_FRAMED_ADDRESS))
		consider_inner(c, change, user, out);
	else if (has(change, AAA_KEY_MULTI_SESSION_ID))
		consider_bucket(c, CHANGE_BY_TUNNEL, accounting_id_number(change->multi_session_id),
			change, user, out);
	else if (user)
		consider_user(change, user, out);
	else if (has(change, AAA_KEY_CALLING_STATION))
		consider_bucket(c, CHANGE_BY_CLIENT, change->calling_be, change, user, out);
}

// ---- answers ------------------------------------------------------------------------------------

static void answer(struct control *c, const struct aaa_change *change, uint32_t n_calls,
	enum aaa_error_cause cause)
{
	struct event e;

	event_begin(&e, EVENT_COA);
	event_word(&e, "order", change->kind == AAA_CHANGE_DISCONNECT ? "disconnect" : "change");
	event_ipv4(&e, "client", change->source_be);
	event_word(&e, "tenant", config_tenant_name(c->config.config, change->tenant));
	if (has(change, AAA_KEY_USER))
		event_text(&e, "user", span_of(change->user, change->user_len));
	if (has(change, AAA_KEY_SESSION_ID))
		event_text(&e, "session-id", span_of_text(change->session_id));
	event_u64(&e, "calls", n_calls);
	event_word(&e, "result", aaa_error_cause_name(cause));
	event_send(c->config.log, &e);
	c->config.aaa->answer_change(c->aaa, change->tag, cause);
}

static void let_go(struct control *c, struct change_order *order)
{
	if (--order->n_left > 0)
		return;
	answer(c, &order->change, order->n_calls, AAA_ERROR_NONE);
	LIST_REMOVE(order, in_open);
	free(order);
}

void change_remove_call(struct call *call)
{
	struct change_waiter *w;

	if (!call->is_in_change)
		return;
	for (int i = 0; i < CHANGE_INDICES; i++)
		LIST_REMOVE(call, in_change[i]);
	call->is_in_change = false;
	while ((w = LIST_FIRST(&call->change_waiters))) {
		struct change_order *order = w->order;
		LIST_REMOVE(w, in_call);
		free(w);
		let_go(call->control, order);
	}
}

// ---- Class --------------------------------------------------------------------------------------

static void drop_classes(uint8_t *const *classes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		free(classes[i]);
}

// One for each call, classes[n]; all NULL where the order has none. Returns false when memory has run out: then it has none
// of them.
static bool copy_classes(const struct aaa_change *change, uint32_t n, uint8_t **classes)
{
	for (uint32_t i = 0; i < n; i++) {
		classes[i] = NULL;
		if (change->has_classes &&
			accounting_copy_classes(&change->classes, &classes[i]) != 0) {
			drop_classes(classes, i);
			return false;
		}
	}
	return true;
}

// ---- Disconnect-Request -------------------------------------------------------------------------

static enum aaa_error_cause end_calls(
	struct control *c, const struct aaa_change *change, const struct selection *s)
{
	struct change_order *order = malloc(sizeof(*order));
	struct change_waiter *waiters[CHANGE_CALLS_MAX];
	uint8_t *classes[CHANGE_CALLS_MAX];
	bool has_classes = copy_classes(change, s->n, classes);
	uint32_t n = 0;

	while (order && has_classes && n < s->n && (waiters[n] = malloc(sizeof(*waiters[n]))))
		n++;
	if (n < s->n) {
		if (has_classes)
			drop_classes(classes, s->n);
		while (n > 0)
			free(waiters[--n]);
		free(order);
		return AAA_ERROR_RESOURCES;
	}
	*order = (struct change_order){.change = *change, .n_calls = n, .n_left = n};
	LIST_INSERT_HEAD(&c->changes.open, order, in_open);
	for (uint32_t i = 0; i < n; i++) {
		waiters[i]->order = order;
		LIST_INSERT_HEAD(&s->calls[i]->change_waiters, waiters[i], in_call);
	}
	// A call is gone only when its worker has answered, which is in another turn.
	for (uint32_t i = 0; i < n; i++) {
		if (change->has_classes)
			accounting_take_classes(s->calls[i], &change->classes, classes[i]);
		call_close(s->calls[i], END_ADMIN_DISCONNECT);
	}
	return AAA_ERROR_NONE;
}

// ---- CoA-Request --------------------------------------------------------------------------------

static enum aaa_error_cause change_calls(const struct aaa_change *change, const struct selection *s,
	struct call_policy_change *prepared)
{
	uint16_t group = change->has_group ? change->group : CONFIG_NO_INDEX;
	uint8_t *classes[CHANGE_CALLS_MAX];
	uint32_t n = 0;
	int rc = 0;

	if (!copy_classes(change, s->n, classes))
		return AAA_ERROR_RESOURCES;
	while (n < s->n &&
		(rc = call_policy_prepare(s->calls[n], &change->policy, group, &prepared[n])) == 0)
		n++;
	if (rc != 0) {
		drop_classes(classes, s->n);
		while (n-- > 0)
			call_policy_drop(&prepared[n]);
		return rc == -ENOENT ? AAA_ERROR_INVALID_VALUE : AAA_ERROR_RESOURCES;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		if (change->has_classes)
			accounting_take_classes(s->calls[i], &change->classes, classes[i]);
		call_policy_apply(s->calls[i], &prepared[i]);
	}
	return AAA_ERROR_NONE;
}

static uint32_t carry_out(struct control *c, const struct aaa_change *change)
{
	struct call_policy_change prepared[CHANGE_CALLS_MAX];
	struct selection s;
	enum aaa_error_cause cause;

	find_calls(c, change, &s);
	if (s.n == 0) {
		cause = AAA_ERROR_NO_CONTEXT;
	} else if (s.is_too_many) {
		cause = AAA_ERROR_MULTIPLE_SELECTION;
	} else if (change->kind == AAA_CHANGE_DISCONNECT) {
		cause = end_calls(c, change, &s);
		if (cause == AAA_ERROR_NONE)
			return s.n; // answered when they are gone
	} else {
		cause = change_calls(change, &s, prepared);
	}
	answer(c, change, s.n, cause);
	return s.n;
}

bool change_take(struct control *c)
{
	const struct aaa_driver *aaa = c->config.aaa;
	struct aaa_change change;
	uint32_t n = 0;

	if (!aaa->poll_changes)
		return false;
	while (n < CHANGE_CALLS_PER_TURN) {
		if (aaa->poll_changes(c->aaa, &change, 1) == 0)
			return false;
		n += 1 + carry_out(c, &change);
	}
	return true;
}
