// SPDX-License-Identifier: BSD-3-Clause
// The calls of a connection by the Call IDs that messages name them by: the client's own, which is unique within
// the connection, and ours. A connection with a few calls has its list; one with more gets a table, so that a client
// with thousands costs no more a message than one with one.
#pragma once

#include "wire/pptp.h"

#include <sys/queue.h>

struct call;
struct conn;

TAILQ_HEAD(call_list, call);

enum conn_calls_id { CONN_CALLS_CLIENT, CONN_CALLS_OURS, CONN_CALLS_IDS };

struct conn_calls {
	struct call_list list; // in the order of their beginning
	uint32_t n;
	uint32_t n_buckets;    // for each kind of id: a power of two; 0: the list is all there is
	struct call **buckets; // buckets[CONN_CALLS_IDS * n_buckets]
};

void conn_calls_init(struct conn_calls *calls);
// The calls have left.
void conn_calls_fini(struct conn_calls *calls);

// Its ids are there and stay. Where memory is short the table is not, and a search takes longer.
void conn_calls_add(struct conn_calls *calls, struct call *call);
void conn_calls_remove(struct conn_calls *calls, struct call *call);

// NULL where there is none.
struct call *conn_calls_by_client(const struct conn_calls *calls, uint16_t peer_call_id);
struct call *conn_calls_by_ours(const struct conn_calls *calls, uint16_t call_id);

// The call that a client's message (Call-Clear-Request, Call-Disconnect-Notify, Set-Link-Info, WAN-Error-Notify) names,
// or NULL.
struct call *conn_calls_named(const struct conn_calls *calls, const struct pptp_message *message);
