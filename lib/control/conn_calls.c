// SPDX-License-Identifier: BSD-3-Clause
#include "control/conn_calls.h"

#include "control/call.h"

#include <stdlib.h>

enum { LIST_CALLS = 8 }; // so many are found as fast without a table

// Ids of a client follow one another, ours are random: either spreads well as it is.
static struct call **bucket_of(const struct conn_calls *calls, enum conn_calls_id kind, uint16_t id)
{
	return &calls->buckets[kind * calls->n_buckets + (id & (calls->n_buckets - 1))];
}

static uint16_t id_of(const struct call *call, enum conn_calls_id kind)
{
	return kind == CONN_CALLS_CLIENT ? call->pptp.peer_call_id : call->pptp.call_id;
}

static void put(struct conn_calls *calls, struct call *call)
{
	for (int kind = 0; kind < CONN_CALLS_IDS; kind++) {
		struct call **bucket = bucket_of(calls, kind, id_of(call, kind));

		call->in_bucket_of[kind] = *bucket;
		*bucket = call;
	}
}

static void take(struct conn_calls *calls, struct call *call)
{
	for (int kind = 0; kind < CONN_CALLS_IDS; kind++) {
		struct call **at = bucket_of(calls, kind, id_of(call, kind));

		while (*at != call)
			at = &(*at)->in_bucket_of[kind];
		*at = call->in_bucket_of[kind];
	}
}

// Twice as large, with all that are there; or as it was.
static void grow(struct conn_calls *calls)
{
	uint32_t n = calls->n_buckets ? 2 * calls->n_buckets : 4 * LIST_CALLS;
	struct call **buckets = calloc((size_t)CONN_CALLS_IDS * n, sizeof(*buckets)), *call;

	if (!buckets)
		return;
	free(calls->buckets);
	calls->buckets = buckets;
	calls->n_buckets = n;
	TAILQ_FOREACH(call, &calls->list, in_conn)
	put(calls, call);
}

void conn_calls_init(struct conn_calls *calls)
{
	*calls = (struct conn_calls){0};
	TAILQ_INIT(&calls->list);
}

void conn_calls_fini(struct conn_calls *calls)
{
	free(calls->buckets);
	conn_calls_init(calls);
}

void conn_calls_add(struct conn_calls *calls, struct call *call)
{
	if (calls->n_buckets)
		put(calls, call);
	TAILQ_INSERT_TAIL(&calls->list, call, in_conn);
	calls->n++;
	if (calls->n > LIST_CALLS && calls->n > calls->n_buckets)
		grow(calls);
}

void conn_calls_remove(struct conn_calls *calls, struct call *call)
{
	if (calls->n_buckets)
		take(calls, call);
	TAILQ_REMOVE(&calls->list, call, in_conn);
	calls->n--;
}

static struct call *find(const struct conn_calls *calls, enum conn_calls_id kind, uint16_t id)
{
	struct call *call =
		calls->n_buckets ? *bucket_of(calls, kind, id) : TAILQ_FIRST(&calls->list);

	while (call && id_of(call, kind) != id)
		call = calls->n_buckets ? call->in_bucket_of[kind] : TAILQ_NEXT(call, in_conn);
	return call;
}

struct call *conn_calls_by_client(const struct conn_calls *calls, uint16_t peer_call_id)
{
	return find(calls, CONN_CALLS_CLIENT, peer_call_id);
}

struct call *conn_calls_by_ours(const struct conn_calls *calls, uint16_t call_id)
{
	return find(calls, CONN_CALLS_OURS, call_id);
}

struct call *conn_calls_named(const struct conn_calls *calls, const struct pptp_message *message)
{
	struct call *call = NULL;

	switch (message->type) {
	case PPTP_CALL_CLEAR_REQUEST:
		call = conn_calls_by_client(calls, message->call_clear.call_id);
		break;
	case PPTP_CALL_DISCONNECT_NOTIFY:
		call = conn_calls_by_client(calls, message->call_disconnect.call_id);
		break;
	case PPTP_SET_LINK_INFO:
		call = conn_calls_by_ours(calls, message->set_link.peer_call_id);
		break;
	case PPTP_WAN_ERROR_NOTIFY:
		call = conn_calls_by_ours(calls, message->wan_error.peer_call_id);
		break;
	}
	return call && pptp_call_matches(&call->pptp, message) ? call : NULL;
}
