// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/coa_orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int coa_orders_init(struct coa_orders *o, uint32_t n_max)
{
	memset(o, 0, sizeof(*o));
	o->n_max = n_max;
	TAILQ_INIT(&o->by_age);
	TAILQ_INIT(&o->queue);
	o->buckets = calloc(COA_ORDERS_BUCKETS, sizeof(o->buckets[0]));
	return o->buckets ? 0 : -ENOMEM;
}

// An authenticator is MD5 of the packet and the secret: it needs no other hash.
static struct coa_order **bucket_of(const struct coa_orders *o, const struct coa_key *key)
{
	uint32_t h;

	memcpy(&h, key->authenticator, sizeof(h));
	return &o->buckets[h % COA_ORDERS_BUCKETS];
}

static bool is_same(const struct coa_key *a, const struct coa_key *b)
{
	return a->address_be == b->address_be && a->port == b->port &&
	       a->source_be == b->source_be && a->source_port_be == b->source_port_be &&
	       a->id == b->id &&
	       memcmp(a->authenticator, b->authenticator, sizeof(a->authenticator)) == 0;
}

static void end_open(struct coa_orders *o, struct coa_order *order)
{
	if (order->tag == 0)
		return;
	o->open[order->tag % COA_ORDERS_OPEN_MAX] = NULL;
	o->n_open--;
	order->tag = 0;
	if (order->is_queued)
		TAILQ_REMOVE(&o->queue, order, in_queue);
	order->is_queued = false;
	free(order->change);
	free(order->echo);
	order->change = NULL;
	order->echo = NULL;
	order->n_echo = 0;
}

static void forget(struct coa_orders *o, struct coa_order *order)
{
	struct coa_order **at = bucket_of(o, &order->key);

	while (*at != order)
		at = &(*at)->next;
	*at = order->next;
	TAILQ_REMOVE(&o->by_age, order, in_age);
	end_open(o, order);
	free(order->echo);
	free(order->reply);
	free(order);
	o->n--;
}

void coa_orders_fini(struct coa_orders *o)
{
	struct coa_order *order;

	if (!o->buckets)
		return;
	while ((order = TAILQ_FIRST(&o->by_age)))
		forget(o, order);
	free(o->buckets);
	o->buckets = NULL;
}

struct coa_order *coa_orders_find(const struct coa_orders *o, const struct coa_key *key)
{
	struct coa_order *order = *bucket_of(o, key);

	while (order && !is_same(&order->key, key))
		order = order->next;
	return order;
}

// Two for one, so that a burst of long ago does not stay.
static void forget_old(struct coa_orders *o, uint64_t now_ns)
{
	for (int i = 0; i < 2; i++) {
		struct coa_order *oldest = TAILQ_FIRST(&o->by_age);
		if (!oldest || now_ns < oldest->until_ns)
			return;
		forget(o, oldest);
	}
}

struct coa_order *coa_orders_add(
	struct coa_orders *o, const struct coa_key *key, uint64_t now_ns, uint64_t until_ns)
{
	struct coa_order **bucket = bucket_of(o, key);
	struct coa_order *order;

	forget_old(o, now_ns);
	if (o->n >= o->n_max)
		return NULL;
	order = calloc(1, sizeof(*order));
	if (!order)
		return NULL;
	order->key = *key;
	order->until_ns = until_ns;
	order->next = *bucket;
	*bucket = order;
	TAILQ_INSERT_TAIL(&o->by_age, order, in_age);
	o->n++;
	return order;
}

int coa_orders_queue(struct coa_orders *o, struct coa_order *order, const struct aaa_change *change)
{
	if (o->n_open == COA_ORDERS_OPEN_MAX)
		return -EBUSY;
	order->change = malloc(sizeof(*change));
	if (!order->change)
		return -ENOMEM;
	do
		o->last_tag++;
	while (o->last_tag == 0 || o->open[o->last_tag % COA_ORDERS_OPEN_MAX]);
	*order->change = *change;
	order->change->tag = order->tag = o->last_tag;
	o->open[order->tag % COA_ORDERS_OPEN_MAX] = order;
	o->n_open++;
	order->is_queued = true;
	TAILQ_INSERT_TAIL(&o->queue, order, in_queue);
	return 0;
}

bool coa_orders_fetch(struct coa_orders *o, struct aaa_change *out)
{
	struct coa_order *order = TAILQ_FIRST(&o->queue);

	if (!order)
		return false;
	TAILQ_REMOVE(&o->queue, order, in_queue);
	order->is_queued = false;
	*out = *order->change;
	free(order->change);
	order->change = NULL;
	return true;
}

struct coa_order *coa_orders_open(const struct coa_orders *o, uint64_t tag)
{
	struct coa_order *order = o->open[tag % COA_ORDERS_OPEN_MAX];

	return order && tag != 0 && order->tag == tag ? order : NULL;
}

void coa_orders_close(struct coa_orders *o, struct coa_order *order, const uint8_t *reply, size_t n)
{
	end_open(o, order);
	order->reply = malloc(n);
	if (!order->reply) {
		// A duplicate would be carried out again; like this it gets no answer.
		order->n_reply = 0;
		return;
	}
	memcpy(order->reply, reply, n);
	order->n_reply = (uint16_t)n;
}
