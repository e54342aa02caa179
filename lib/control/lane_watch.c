// SPDX-License-Identifier: BSD-3-Clause
#include "control/lane_watch.h"

#include "control/control_state.h"

static const double NS_PER_SECOND = 1e9;

static uint64_t sum_ports(const struct lane_counters *n)
{
	uint64_t sum = 0;

	for (int i = 0; i < LIMIT_PORTS; i++)
		sum += counter_read(&n->ports[i].rx_pkts);
	return sum;
}

static uint64_t sum_drops(const struct lane_counters *n)
{
	uint64_t sum = 0;

	for (int i = DROP_NONE + 1; i < DROP_REASON_COUNT; i++)
		sum += counter_read(&n->drops[i]);
	return sum;
}

static void sample(
	const struct samples *s, struct lane_watch_worker *w, const struct lane_counters *n)
{
	samples_put(s, &w->busy_cycles, counter_read(&n->busy_cycles));
	samples_put(s, &w->turns, counter_read(&n->loops_busy) + counter_read(&n->loops_idle));
	samples_put(s, &w->rx_bursts, counter_read(&n->rx_bursts));
	samples_put(s, &w->rx_pkts, sum_ports(n));
	samples_put(s, &w->handoffs_in, counter_read(&n->handoffs_in));
	samples_put(s, &w->handoffs_out, counter_read(&n->handoffs_out));
	samples_put(s, &w->handoff_full, counter_read(&n->drops[DROP_HANDOFF_FULL]));
	samples_put(s, &w->up_pkts, counter_read(&n->upstream_pkts));
	samples_put(s, &w->up_bytes, counter_read(&n->upstream_bytes));
	samples_put(s, &w->down_pkts, counter_read(&n->downstream_pkts));
	samples_put(s, &w->down_bytes, counter_read(&n->downstream_bytes));
	samples_put(s, &w->drops, sum_drops(n));
}

static void weigh(struct control *c)
{
	for (unsigned int i = 0; i < c->config.n_workers; i++) {
		const struct lane_watch_worker *w = &c->lane_watch.workers[i];
		int busy = lane_watch_busy(c, i, 1);
		double bytes_ps = samples_rate(&c->samples, &w->up_bytes, 1) +
				  samples_rate(&c->samples, &w->down_bytes, 1);
		if (busy != SAMPLES_UNKNOWN)
			placement_tell(&c->placement, i, (uint32_t)busy, (uint64_t)bytes_ps);
	}
	placement_weigh(&c->placement);
}

void lane_watch_sample(struct control *c)
{
	const struct samples *s = &c->samples;
	struct lane_watch *w = &c->lane_watch;

	for (unsigned int i = 0; i < c->config.n_workers; i++)
		sample(s, &w->workers[i], c->config.counters[i]);
	samples_put(s, &w->control_busy_ns, c->loop.busy_ns);
	samples_put(s, &w->control_turns, c->loop.n_turns);
	samples_put(s, &w->control_longest_ns, c->loop.longest_ns);
	samples_put(s, &w->control_longest_cpu_ns, c->loop.longest_cpu_ns);
	c->loop.longest_ns = c->loop.longest_cpu_ns = 0;
	weigh(c);
}

int lane_watch_busy(const struct control *c, unsigned int worker, uint32_t seconds)
{
	const struct samples *s = &c->samples;

	return samples_share(
		(double)samples_growth(s, &c->lane_watch.workers[worker].busy_cycles, seconds),
		c->config.lanes ? (double)samples_span_ns(s, seconds) * c->config.lanes->tsc_hz /
					  NS_PER_SECOND
				: 0);
}

int lane_watch_control_busy(const struct control *c, uint32_t seconds)
{
	const struct samples *s = &c->samples;

	return samples_share((double)samples_growth(s, &c->lane_watch.control_busy_ns, seconds),
		(double)samples_span_ns(s, seconds));
}

static uint64_t most(const struct samples *s, const struct sampled *of, uint32_t seconds)
{
	uint64_t most = 0;

	for (uint32_t i = samples_back(s, seconds); i != s->at;) {
		i = (i + 1) % SAMPLES_KEPT;
		if (of->values[i] > most)
			most = of->values[i];
	}
	return most;
}

uint64_t lane_watch_longest_ns(const struct control *c, uint32_t seconds)
{
	return most(&c->samples, &c->lane_watch.control_longest_ns, seconds);
}

uint64_t lane_watch_longest_cpu_ns(const struct control *c, uint32_t seconds)
{
	return most(&c->samples, &c->lane_watch.control_longest_cpu_ns, seconds);
}
