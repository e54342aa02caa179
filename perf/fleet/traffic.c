// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/traffic.h"

#include "perf/fleet/gre_data.h"
#include "perf/fleet/traffic_prepare.h"

#include <errno.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>

// With rate "max" and no --window-pkts: half of what the rings of a memif hold.
enum { WINDOW_PKTS = 512, IMIX_PKTS = 12, CALL_CLIENT_BITS = 17 };

static const uint16_t imix[IMIX_PKTS] = {40, 576, 40, 40, 576, 40, 1400, 40, 576, 40, 40, 576};

int traffic_init(struct fleet *f)
{
	const struct fleet_options *o = &f->options;
	struct traffic *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->clients = calloc(f->n_clients, sizeof(*t->clients));
	if (!t->clients) {
		free(t);
		return -ENOMEM;
	}
	payload_init(&t->payload, o->seed);
	t->impair = impair_make(o->seed, o->loss, o->reorder, o->damage);
	t->lanes[PAYLOAD_UP].is_on = o->direction & FLEET_UP_ONLY;
	t->lanes[PAYLOAD_DOWN].is_on = o->direction & FLEET_DOWN_ONLY;
	f->traffic = t;
	return 0;
}

void traffic_fini(struct fleet *f)
{
	struct traffic *t = f->traffic;

	if (!t)
		return;
	prepared_free(t->prepared);
	free(t->clients);
	free(t);
	f->traffic = NULL;
}

// --- who takes part ---------------------------------------------------------------------------------

void traffic_client_up(struct fleet *f, struct fleet_client *c)
{
	struct traffic *t = f->traffic;

	// Those of --extra dial, and that is all: what each of the others offers stays as it was.
	if (c->flow.is_offered || fleet_client_index(f, c) >= f->options.n_clients)
		return;
	c->flow.is_offered = true;
	c->flow.place = t->n_clients;
	t->clients[t->n_clients++] = fleet_client_index(f, c);
}

void traffic_client_down(struct fleet *f, struct fleet_client *c)
{
	struct traffic *t = f->traffic;

	if (!c->flow.is_offered)
		return;
	uint32_t last = t->clients[--t->n_clients];
	t->clients[c->flow.place] = last;
	f->clients[last].flow.place = c->flow.place;
	c->flow.is_offered = false;
}

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

struct fleet_client *traffic_next_client(struct fleet *f, struct traffic_lane *lane)
{
	struct traffic *t = f->traffic;

	if (unlikely(t->stride_n != t->n_clients)) {
		t->stride_n = t->n_clients;
		t->stride = (uint32_t)(t->n_clients * 0.618) + 1;
		while (common_divisor(t->stride, t->n_clients) != 1)
			t->stride++;
		t->lanes[0].at %= t->n_clients;
		t->lanes[1].at %= t->n_clients;
	}
	lane->at += t->stride;
	if (lane->at >= t->n_clients)
		lane->at -= t->n_clients;
	uint32_t next = lane->at + t->stride;
	rte_prefetch0(&f->clients[t->clients[next < t->n_clients ? next : next - t->n_clients]]);
	return &f->clients[t->clients[lane->at]];
}

uint16_t traffic_len(struct fleet *f, const struct fleet_client *c, uint32_t seq)
{
	const struct fleet_options *o = &f->options;
	uint16_t len = o->sizes == FLEET_SIZE_IMIX
			       ? imix[(seq + fleet_client_index(f, c)) % IMIX_PKTS]
			       : o->size_bytes;

	if (len <= c->mtu)
		return len;
	f->traffic->n_cut++;
	return c->mtu;
}

uint64_t traffic_call(const struct fleet *f, const struct fleet_client *c)
{
	return (uint64_t)c->flow.incarnation << CALL_CLIENT_BITS | fleet_client_index(f, c);
}

// --- sending ----------------------------------------------------------------------------------------

static struct traffic_interval *interval_now(struct traffic *t)
{
	return &t->intervals[t->n_intervals - 1];
}

// A packet under way, up or down.
struct offered {
	struct fleet_client *client;
	struct rte_mbuf *packet;
	uint8_t *payload;
	uint32_t seq;
	uint16_t len;
	uint64_t due; // TSC, 0: when it leaves
};

struct check_counts *traffic_counts(
	struct traffic *t, uint64_t time, enum payload_direction direction)
{
	unsigned int i = t->n_intervals - 1;

	while (i > 0 && time < traffic_time(t->intervals[i].began))
		i--;
	return &t->intervals[i].counts[direction];
}

// Put the time into a packet that leaves now, and count it. The time that counts is when it should have left: else
// a server that stops everything for a second would have delayed but one packet.
static struct check_counts *begin_way(
	struct traffic *t, enum payload_direction direction, const struct offered *o, uint64_t now)
{
	uint64_t time = traffic_time(o->due ? o->due : now);
	struct check_counts *c = traffic_counts(t, time, direction);

	payload_put_time(o->payload, (uint32_t)time);
	if (o->due)
		latency_add(&t->late, (uint32_t)RTE_MIN(traffic_time(now - o->due), UINT32_MAX));
	c->sent++;
	c->sent_bytes += o->len;
	t->lanes[direction].n_on_way++;
	return c;
}

static void send_up(struct fleet *f, const struct offered *o, uint64_t now)
{
	struct traffic *t = f->traffic;
	struct check_counts *c = begin_way(t, PAYLOAD_UP, o, now);
	struct fleet_flow *w = &o->client->flow;
	struct rte_mbuf *before = w->held;
	uint64_t call = traffic_call(f, o->client);

	gre_data_wrap(f, o->client, o->packet);
	switch (impair_fate(&t->impair, call, o->seq)) {
	case IMPAIR_NONE:
		break;
	case IMPAIR_LOSE:
		c->lost_on_purpose++;
		t->lanes[PAYLOAD_UP].n_on_way--;
		rte_pktmbuf_free(o->packet);
		return;
	case IMPAIR_REORDER:
		if (before)
			break;
		w->held = o->packet;
		c->reordered_on_purpose++;
		return;
	case IMPAIR_DAMAGE:
		c->damaged_on_purpose++;
		impair_damage(&t->impair, call, o->seq,
			rte_pktmbuf_mtod_offset(o->packet, uint8_t *, 20),
			o->packet->data_len - 20u);
		break;
	}
	port_send_outside(f, o->packet);
	w->held = NULL;
	if (before)
		port_send_outside(f, before);
}

// Which is next, how long, and when due; false: nothing is due now.
static bool choose(struct fleet *f, struct traffic_lane *lane, enum payload_direction direction,
	uint64_t now, struct offered *o)
{
	bool is_paced = f->options.rate_kind != FLEET_RATE_MAX;

	if (is_paced && !rate_is_due(&lane->rate, now))
		return false;
	o->client = traffic_next_client(f, lane);
	o->seq = direction == PAYLOAD_UP ? o->client->flow.up_seq : o->client->flow.down_seq;
	o->len = traffic_len(f, o->client, o->seq);
	o->due = !is_paced ? 0
			   : rate_take(&lane->rate,
				     f->options.rate_kind == FLEET_RATE_BITS ? o->len * 8u : 1);
	return true;
}

static unsigned int offer_up(
	struct fleet *f, struct traffic_lane *lane, uint64_t now, unsigned int n)
{
	struct traffic *t = f->traffic;
	struct gre_data data[FLEET_BURST];
	struct offered offered[FLEET_BURST];
	unsigned int n_made = 0;

	while (n_made < n && choose(f, lane, PAYLOAD_UP, now, &offered[n_made])) {
		struct offered *o = &offered[n_made];

		if (!gre_data_begin(f, o->client, o->len, &data[n_made])) {
			t->n_no_mbuf++;
			break;
		}
		check_put(&t->payload, f, o->client, PAYLOAD_UP, data[n_made].inner, o->len);
		o->packet = data[n_made].packet;
		o->payload = check_payload(data[n_made].inner);
		n_made++;
	}
	gre_data_encrypt(f, data, n_made);
	now = rte_rdtsc();
	for (unsigned int i = 0; i < n_made; i++)
		send_up(f, &offered[i], now);
	return n_made;
}

static unsigned int offer_prepared(
	struct fleet *f, struct traffic_lane *lane, uint64_t now, unsigned int n)
{
	struct traffic *t = f->traffic;
	bool is_paced = f->options.rate_kind != FLEET_RATE_MAX;
	unsigned int n_made = 0;

	while (n_made < n && (!is_paced || rate_is_due(&lane->rate, now))) {
		struct prepared_packet p;
		struct offered o = {0};

		if (!prepared_take(t->prepared, f, &p))
			break;
		o = (struct offered){.client = p.client,
			.packet = p.packet,
			.payload = p.payload,
			.seq = p.seq,
			.len = p.len};
		if (is_paced)
			o.due = rate_take(&lane->rate,
				f->options.rate_kind == FLEET_RATE_BITS ? o.len * 8u : 1);
		send_up(f, &o, rte_rdtsc());
		n_made++;
	}
	return n_made;
}

static unsigned int offer_down(
	struct fleet *f, struct traffic_lane *lane, uint64_t now, unsigned int n)
{
	struct traffic *t = f->traffic;
	unsigned int n_made = 0;

	for (; n_made < n; n_made++) {
		struct offered o;

		if (!choose(f, lane, PAYLOAD_DOWN, now, &o))
			break;
		o.packet = rte_pktmbuf_alloc(f->pool);
		if (!o.packet) {
			t->n_no_mbuf++;
			break;
		}
		uint8_t *inner = (uint8_t *)rte_pktmbuf_append(o.packet, o.len);
		check_put(&t->payload, f, o.client, PAYLOAD_DOWN, inner, o.len);
		o.payload = check_payload(inner);
		(void)begin_way(t, PAYLOAD_DOWN, &o, rte_rdtsc());
		port_send_inside(f, o.packet);
	}
	return n_made;
}

// Nothing has come for so long that what is on its way never will.
static void write_off(struct traffic_lane *lane, uint64_t now)
{
	if (lane->n_on_way > 0 && now - lane->last_arrival > rte_get_tsc_hz() / 2) {
		lane->n_written_off += (uint64_t)lane->n_on_way;
		lane->n_on_way = 0;
		lane->last_arrival = now;
	}
}

// How many may leave now. With a window always whole bursts: encryption of one packet alone takes twice as long.
static unsigned int room(const struct fleet *f, struct traffic_lane *lane, uint64_t now)
{
	int64_t window = f->options.window_pkts ? f->options.window_pkts : WINDOW_PKTS;

	if (f->options.rate_kind != FLEET_RATE_MAX)
		return FLEET_BURST;
	write_off(lane, now);
	int64_t n = window - lane->n_on_way;
	if (n < FLEET_BURST && lane->n_on_way > 0)
		return 0;
	return n > FLEET_BURST ? FLEET_BURST : (unsigned int)(n > 0 ? n : 0);
}

bool traffic_run(struct fleet *f, uint64_t now_ns)
{
	struct traffic *t = f->traffic;
	bool was_busy = gre_send_acks(f, now_ns);
	uint64_t now = rte_rdtsc();

	if (!t->is_offering || t->n_clients == 0)
		return was_busy;
	for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
		struct traffic_lane *lane = &t->lanes[d];
		unsigned int n = lane->is_on ? room(f, lane, now) : 0;

		if (n == 0)
			continue;
		if (d == PAYLOAD_DOWN)
			n = offer_down(f, lane, now, n);
		else
			n = t->prepared && !prepared_is_empty(t->prepared)
				    ? offer_prepared(f, lane, now, n)
				    : offer_up(f, lane, now, n);
		was_busy |= n > 0;
	}
	return was_busy;
}

// --- intervals --------------------------------------------------------------------------------------

static void end_interval(struct fleet *f, uint64_t now)
{
	struct traffic *t = f->traffic;

	if (t->n_intervals == 0 || interval_now(t)->ended)
		return;
	interval_now(t)->ended = now;
	interval_now(t)->busy_cycles = f->busy_cycles - t->busy_at_begin;
	interval_now(t)->idle_cycles = f->idle_cycles - t->idle_at_begin;
	for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++)
		if (t->lanes[d].is_on && f->options.rate_kind != FLEET_RATE_MAX)
			interval_now(t)->behind[d] = rate_behind(&t->lanes[d].rate, now);
}

static void begin_lanes(struct fleet *f, uint64_t now)
{
	struct traffic *t = f->traffic;

	for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
		struct traffic_lane *lane = &t->lanes[d];

		lane->last_arrival = now;
		if (f->options.rate_kind != FLEET_RATE_MAX)
			lane->rate = rate_make(f->options.rate, (double)rte_get_tsc_hz(), now);
	}
}

void traffic_begin(struct fleet *f, const char *interval)
{
	struct traffic *t = f->traffic;
	bool is_first = t->n_intervals == 0;

	if (is_first && f->options.prepare_mb && t->lanes[PAYLOAD_UP].is_on)
		t->prepared = prepared_make(f);
	uint64_t now = rte_rdtsc();
	end_interval(f, now);
	if (t->n_intervals == TRAFFIC_INTERVALS)
		return;
	struct traffic_interval *i = &t->intervals[t->n_intervals++];
	snprintf(i->name, sizeof(i->name), "%s", interval);
	i->began = now;
	t->busy_at_begin = f->busy_cycles;
	t->idle_at_begin = f->idle_cycles;
	if (!t->is_offering)
		begin_lanes(f, now);
	if (is_first)
		t->progress_at = now;
	t->is_offering = true;
}

void traffic_end(struct fleet *f)
{
	struct traffic *t = f->traffic;

	if (!t->is_offering)
		return;
	end_interval(f, rte_rdtsc());
	t->is_offering = false;
	for (uint32_t i = 0; i < f->n_clients; i++) {
		struct fleet_flow *w = &f->clients[i].flow;

		if (w->held)
			port_send_outside(f, w->held);
		w->held = NULL;
	}
}
