// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_path.h"

#include "shim/shim.h"

void sim_path_init(struct sim_path *p, struct sim_random *random)
{
	memset(&p->conditions, 0, sizeof(p->conditions));
	memset(p->to, 0, sizeof(p->to));
	memset(p->last_ns, 0, sizeof(p->last_ns));
	p->random = random;
	p->is_traced = false;
	p->order = 0;
	p->n_queued = 0;
	p->n_free = SIM_PACKETS_MAX;
	for (uint16_t i = 0; i < SIM_PACKETS_MAX; i++)
		p->free[i] = i;
}

static bool is_before(const struct sim_path *p, uint16_t a, uint16_t b)
{
	const struct sim_packet *x = &p->packets[a], *y = &p->packets[b];

	return x->at_ns != y->at_ns ? x->at_ns < y->at_ns : x->order < y->order;
}

static void swap(struct sim_path *p, size_t a, size_t b)
{
	uint16_t t = p->heap[a];

	p->heap[a] = p->heap[b];
	p->heap[b] = t;
}

// A new packet in the queue, or NULL when the queue is full.
static struct sim_packet *enqueue(
	struct sim_path *p, enum sim_arrival_kind kind, enum sim_side to, uint64_t at_ns)
{
	if (p->n_free == 0)
		return NULL;

	uint16_t slot = p->free[--p->n_free];
	size_t i = p->n_queued++;

	p->packets[slot].at_ns = at_ns;
	p->packets[slot].order = p->order++;
	p->packets[slot].kind = kind;
	p->packets[slot].to = to;
	p->packets[slot].len = 0;
	p->heap[i] = slot;
	for (; i > 0 && is_before(p, p->heap[i], p->heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(p, i, (i - 1) / 2);
	return &p->packets[slot];
}

static uint16_t dequeue(struct sim_path *p)
{
	uint16_t first = p->heap[0];
	size_t i = 0;

	p->heap[0] = p->heap[--p->n_queued];
	for (;;) {
		size_t least = i;

		for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < p->n_queued && is_before(p, p->heap[child], p->heap[least]))
				least = child;
		if (least == i)
			return first;
		swap(p, i, least);
		i = least;
	}
}

static enum sim_side other(enum sim_side side)
{
	return side == SIM_SERVER ? SIM_CLIENT : SIM_SERVER;
}

static uint64_t arrival_ns(struct sim_path *p, uint64_t now_ns)
{
	return now_ns + p->conditions.delay_ns + sim_random_ns(p->random, p->conditions.jitter_ns);
}

// TCP keeps the order whatever the network does.
static void deliver_later(
	struct sim_path *p, enum sim_arrival_kind kind, enum sim_side to, uint64_t now_ns)
{
	struct sim_stream *s = &p->to[to];
	uint64_t at_ns = arrival_ns(p, now_ns);

	if (at_ns < s->last_ns)
		at_ns = s->last_ns;
	s->last_ns = at_ns;
	if (enqueue(p, kind, to, at_ns) == NULL)
		FAIL("the simulator's queue is full");
	else if (kind == SIM_TCP_BYTES)
		s->n_deliveries++;
}

void sim_path_write(struct sim_path *p, enum sim_side to, struct span bytes, uint64_t now_ns)
{
	struct sim_stream *s = &p->to[to];

	if (bytes.len == 0 || s->is_ended || p->conditions.is_dead[other(to)])
		return;
	if (bytes.len > sizeof(s->bytes) - s->len) {
		// A vanished host acknowledges nothing; the sender's buffer fills.
		if (!p->conditions.is_dead[to])
			FAIL("the simulator's TCP window is full");
		return;
	}
	memcpy(s->bytes + s->len, bytes.bytes, bytes.len);
	s->len += bytes.len;
	for (uint32_t n = 1 + sim_random_below(p->random, 4); n > 0; n--)
		deliver_later(p, SIM_TCP_BYTES, to, now_ns);
}

void sim_path_close(struct sim_path *p, enum sim_side to, uint64_t now_ns)
{
	struct sim_stream *s = &p->to[to];

	if (s->is_ended || p->conditions.is_dead[other(to)])
		return;
	s->is_ended = true;
	deliver_later(p, SIM_TCP_END, to, now_ns);
}

// Packets stay in order but for those that the path reorders: jitter moves a whole queue.
static void send_one(struct sim_path *p, enum sim_side to, struct span packet, uint64_t now_ns)
{
	uint64_t at_ns = arrival_ns(p, now_ns);

	if (at_ns < p->last_ns[to])
		at_ns = p->last_ns[to];
	p->last_ns[to] = at_ns;
	if (sim_random_permille(p->random, p->conditions.reorder_permille))
		at_ns += sim_random_ns(p->random, 2 * p->conditions.delay_ns + 5 * SIM_MS);

	struct sim_packet *q = enqueue(p, SIM_GRE, to, at_ns);

	if (q == NULL)
		return;
	memcpy(q->bytes, packet.bytes, packet.len);
	q->len = (uint16_t)packet.len;
}

void sim_path_send(struct sim_path *p, enum sim_side to, struct span packet, uint64_t now_ns)
{
	const struct sim_conditions *c = &p->conditions;

	if (packet.len > SIM_PACKET_BYTES_MAX) {
		FAIL("a packet longer than the simulator's packets");
		return;
	}
	if (c->is_cut[to] || c->is_dead[other(to)] ||
		sim_random_permille(p->random, c->loss_permille))
		return;
	send_one(p, to, packet, now_ns);
	if (sim_random_permille(p->random, c->repeat_permille))
		send_one(p, to, packet, now_ns);
}

uint64_t sim_path_next(const struct sim_path *p)
{
	return p->n_queued > 0 ? p->packets[p->heap[0]].at_ns : SIM_NEVER;
}

// Some of the bytes that were written; all that are left with the last delivery.
static void take_bytes(struct sim_path *p, struct sim_stream *s, struct sim_arrival *out)
{
	size_t n = s->len;

	if (--s->n_deliveries > 0 && n > 0)
		n = sim_random_below(p->random, (uint32_t)n + 1);
	memcpy(out->bytes, s->bytes, n);
	memmove(s->bytes, s->bytes + n, s->len - n);
	s->len -= n;
	out->len = (uint16_t)n;
}

bool sim_path_take(struct sim_path *p, struct sim_arrival *out)
{
	uint16_t slot = dequeue(p);
	const struct sim_packet *q = &p->packets[slot];

	p->free[p->n_free++] = slot;
	out->kind = q->kind;
	out->to = q->to;
	out->len = q->len;
	if (p->conditions.is_dead[q->to])
		return false;
	if (q->kind == SIM_TCP_BYTES)
		take_bytes(p, &p->to[q->to], out);
	else
		memcpy(out->bytes, q->bytes, q->len);
	return true;
}
