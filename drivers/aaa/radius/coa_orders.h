// SPDX-License-Identifier: BSD-3-Clause
// The orders of AAA servers (RFC 5176) that are under way or were answered not long ago: one that comes again gets the
// same answer and is not carried out twice (RFC 5176 2.3, RFC 5080 2.2.2), which is also what stops replay within the
// window of Event-Timestamp. Only what was authenticated gets in here, and there is room for a number of them.
#pragma once

#include "aaa/change.h"

#include <sys/queue.h>

enum {
	COA_ORDERS_BUCKETS = 8192,
	COA_ORDERS_MAX = 65536,	    // remembered
	COA_ORDERS_OPEN_MAX = 1024, // not answered yet
};

struct coa_key {
	uint32_t address_be; // of adit: where it came
	uint16_t port;
	uint16_t source_port_be;
	uint32_t source_be;
	uint8_t id;
	uint8_t authenticator[16];
};

struct coa_order {
	struct coa_order *next; // in its bucket
	TAILQ_ENTRY(coa_order) in_age;
	TAILQ_ENTRY(coa_order) in_queue;
	struct coa_key key;
	uint64_t until_ns; // remembered so long
	uint8_t code;	   // of the request

	// while it is under way
	uint64_t tag; // 0: it is answered
	bool is_queued;
	struct aaa_change *change; // not fetched yet; else NULL
	bool with_message_authenticator;
	uint16_t n_echo;
	uint8_t *echo; // attributes that go back as they came

	// then
	uint16_t n_reply;
	uint8_t *reply;
};

TAILQ_HEAD(coa_order_list, coa_order);

struct coa_orders {
	struct coa_order **buckets; // buckets[COA_ORDERS_BUCKETS]
	struct coa_order_list by_age;
	struct coa_order_list queue; // not fetched yet
	uint32_t n, n_max;
	uint32_t n_open;
	uint64_t last_tag;
	struct coa_order *open[COA_ORDERS_OPEN_MAX]; // by tag % COA_ORDERS_OPEN_MAX
};

int coa_orders_init(struct coa_orders *o, uint32_t n_max); // 0 or -ENOMEM
void coa_orders_fini(struct coa_orders *o);

struct coa_order *coa_orders_find(const struct coa_orders *o, const struct coa_key *key);

// Remember one that is not there. What is out of date makes room.
//
//   returns  NULL: no room, or no memory. The caller says so and remembers nothing
struct coa_order *coa_orders_add(
	struct coa_orders *o, const struct coa_key *key, uint64_t now_ns, uint64_t until_ns);

// It is to be carried out: gives it a tag and queues a copy of *change. Returns 0, -EBUSY (too many are under way) or
// -ENOMEM.
int coa_orders_queue(
	struct coa_orders *o, struct coa_order *order, const struct aaa_change *change);

// The next to be carried out, or false.
bool coa_orders_fetch(struct coa_orders *o, struct aaa_change *out);

// The order under way with this tag, or NULL.
struct coa_order *coa_orders_open(const struct coa_orders *o, uint64_t tag);

// It has its answer, of which a copy is kept: no longer under way.
void coa_orders_close(
	struct coa_orders *o, struct coa_order *order, const uint8_t *reply, size_t n);
