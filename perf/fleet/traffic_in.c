// SPDX-License-Identifier: BSD-3-Clause
// What comes out of adit: whether it is right, how long it took, and what is told of it every second.
#include "perf/fleet/traffic.h"

#include <rte_cycles.h>
#include <stdio.h>

static void take_good(struct fleet *f, enum payload_direction direction,
	const struct check_seen *seen, uint64_t arrived)
{
	struct traffic *t = f->traffic;
	struct traffic_lane *lane = &t->lanes[direction];
	struct fleet_flow *w = &seen->client->flow;
	struct order *order = direction == PAYLOAD_UP ? &w->up_order : &w->down_order;
	uint32_t took = (uint32_t)traffic_time(arrived) - seen->payload.time, skipped;
	struct check_counts *c = traffic_counts(t, traffic_time(arrived) - took, direction);
	enum order_kind kind = order_take(order, seen->payload.seq, &skipped);

	lane->n_on_way -= skipped;
	lane->missing += skipped;
	if (kind == ORDER_TWICE) {
		c->twice++;
		return;
	}
	if (kind == ORDER_LATE) {
		c->late++;
		lane->missing--;
	} else {
		lane->n_on_way--;
	}
	c->good++;
	c->good_bytes += seen->len;
	if (direction == PAYLOAD_UP && t->impair.damage &&
		impair_fate(&t->impair, traffic_call(f, seen->client), seen->payload.seq) ==
			IMPAIR_DAMAGE)
		c->good_though_damaged++;
	latency_add(&c->latency, took);
	latency_add(&lane->latency, took);
	lane->good++;
	lane->good_bytes += seen->len;
}

static void take_bad(struct fleet *f, enum payload_direction direction,
	const struct check_seen *seen, enum check_verdict verdict)
{
	struct traffic *t = f->traffic;
	struct check_counts *c = &t->intervals[t->n_intervals - 1].counts[direction];

	c->bad++;
	c->foreign += verdict == CHECK_FOREIGN;
	if (t->first_bad.has)
		return;
	t->first_bad = (struct traffic_bad){
		.has = true,
		.client = seen->client ? fleet_client_index(f, seen->client) : UINT32_MAX,
		.direction = direction,
		.verdict = verdict,
		.foreign = seen->payload.owner.client,
	};
}

void traffic_take(struct fleet *f, struct fleet_client *to, const uint8_t *inner, size_t n_bytes,
	size_t len, bool only_front, uint64_t arrived)
{
	struct traffic *t = f->traffic;
	enum payload_direction direction = to ? PAYLOAD_DOWN : PAYLOAD_UP;
	struct check_seen seen;
	enum check_verdict verdict =
		check_inner(&t->payload, f, to, inner, n_bytes, len, only_front, &seen);

	if (verdict == CHECK_OTHER || t->n_intervals == 0) {
		t->n_other++;
		return;
	}
	t->lanes[direction].last_arrival = arrived;
	if (verdict == CHECK_GOOD)
		take_good(f, direction, &seen, arrived);
	else
		take_bad(f, direction, &seen, verdict);
}

void traffic_take_garbage(struct fleet *f, struct fleet_client *to)
{
	const struct check_seen seen = {.client = to};

	if (f->traffic->n_intervals)
		take_bad(f, PAYLOAD_DOWN, &seen, CHECK_BAD);
	else
		f->traffic->n_other++;
}

void inside_receive(struct fleet *f, struct rte_mbuf **packets, unsigned int n)
{
	bool only_front = f->options.check == FLEET_CHECK_HEADERS;
	uint64_t arrived = rte_rdtsc();

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = packets[i];

		if (i + 2 < n)
			rte_prefetch0(rte_pktmbuf_mtod(packets[i + 2], void *));
		if (rte_pktmbuf_linearize(m) == 0)
			traffic_take(f, NULL, rte_pktmbuf_mtod(m, uint8_t *), m->data_len,
				m->data_len, only_front, arrived);
		rte_pktmbuf_free(m);
	}
}

// --- progress ---------------------------------------------------------------------------------------

void traffic_progress(struct fleet *f, uint64_t now_ns, char *out, size_t cap)
{
	static const char *const names[] = {"up", "down"};
	struct traffic *t = f->traffic;
	uint64_t now = rte_rdtsc();
	double seconds = (double)(now - t->progress_at) / (double)rte_get_tsc_hz();
	double us = 1e6 * (1 << CHECK_TIME_SHIFT) / (double)rte_get_tsc_hz();
	size_t at = 0;

	(void)now_ns;
	if (cap == 0)
		return;
	out[0] = '\0';
	if (!t->is_offering || seconds <= 0)
		return;
	for (unsigned int d = 0; d < TRAFFIC_DIRECTIONS; d++) {
		struct traffic_lane *lane = &t->lanes[d];

		if (!lane->is_on)
			continue;
		int n = snprintf(out + at, cap - at,
			"%s%s %.3f Mpps %.3f Gbit/s missing %lld p99 %.0f us", at ? ", " : "",
			names[d], (double)lane->good / seconds / 1e6,
			(double)lane->good_bytes * 8 / seconds / 1e9, (long long)lane->missing,
			latency_quantile(&lane->latency, 0.99) * us);
		at = n < 0 || (size_t)n >= cap - at ? cap - 1 : at + (size_t)n;
		lane->good = lane->good_bytes = 0;
		memset(&lane->latency, 0, sizeof(lane->latency));
	}
	t->progress_at = now;
}
