// SPDX-License-Identifier: BSD-3-Clause
// How loaded the lanes are. What is counted since the start stands in `show counters`, and here as totals.
#include "control/show.h"

#include "control/control_state.h"

#include <stdio.h>

enum { SECOND = 1, TEN = SAMPLES_SECONDS, NODE_UNKNOWN = -1 };

static void render_node(struct render *r, int node)
{
	if (node == NODE_UNKNOWN)
		render_none(r);
	else
		render_u64(r, (uint64_t)node);
}

static void render_rate(struct render *r, double per_second)
{
	render_u64(r, (uint64_t)(per_second + 0.5));
}

static void render_bits(struct render *r, const struct samples *s, const struct sampled *bytes)
{
	render_size(r, (uint64_t)(samples_rate(s, bytes, SECOND) * 8 + 0.5));
}

// ---- control ------------------------------------------------------------------------------------

static void show_control(struct control *c, struct render *r)
{
	const struct samples *s = &c->samples;

	render_record_begin(r, "control");
	render_key(r, "cpu", NULL);
	render_u64(r, c->config.config->control_cpu);
	render_key(r, "node", NULL);
	render_node(r, c->config.lanes ? c->config.lanes->control_node : NODE_UNKNOWN);
	render_key(r, "busy_percent", "of the last second");
	show_share(r, lane_watch_control_busy(c, SECOND));
	render_key(r, "busy_percent_10s", "of the last ten");
	show_share(r, lane_watch_control_busy(c, TEN));
	render_key(r, "turns_per_second", NULL);
	render_rate(r, samples_rate(s, &c->lane_watch.control_turns, SECOND));
	render_key(r, "longest_turn_us", "of the last ten seconds");
	render_u64(r, lane_watch_longest_ns(c, TEN) / 1000);
	render_key(r, "longest_turn_cpu_us",
		"the same, without what other programs did on its CPU meanwhile");
	render_u64(r, lane_watch_longest_cpu_ns(c, TEN) / 1000);
	render_record_end(r);
}

// ---- workers ------------------------------------------------------------------------------------

static const struct render_column load_columns[] = {
	{"WORKER", "worker", true, false},
	{"CPU", "cpu", true, false},
	{"NODE", "node", true, false},
	{"STATE", "state", false, false},
	{"BUSY%", "busy_percent", true, false},
	{"BUSY%-10S", "busy_percent_10s", true, false},
	{"TURNS/S", "turns_per_second", true, false},
	{"PKTS/BURST", "pkts_per_burst", true, false},
	{"CYCLES/PKT", "cycles_per_pkt", true, false},
	{"UP-PPS", "up_pps", true, false},
	{"UP-BPS", "up_bps", true, false},
	{"DOWN-PPS", "down_pps", true, false},
	{"DOWN-BPS", "down_bps", true, false},
	{"HANDED-IN%", "handed_in_percent", true, false},
	{"HANDED-OUT%", "handed_out_percent", true, false},
	{"DROPS/S", "drops_per_second", true, false},
	{"SESSIONS", "sessions", true, false},
	{"SLOTS", "slots", true, false},
};

static const char *state_of(const struct control *c, unsigned int i)
{
	if (c->workers.is_stalled[i])
		return "stalled";
	return c->placement.workers[i].is_full ? "full" : "ok";
}

static void show_load(struct control *c, struct render *r, unsigned int i)
{
	const struct lane_watch_worker *w = &c->lane_watch.workers[i];
	const struct samples *s = &c->samples;
	double rx = (double)samples_growth(s, &w->rx_pkts, SECOND);
	double in = (double)samples_growth(s, &w->handoffs_in, SECOND);
	double out = (double)samples_growth(s, &w->handoffs_out, SECOND);

	render_row_begin(r);
	render_u64(r, i);
	render_u64(r, c->config.config->worker_cpus[i]);
	render_node(r, c->config.lanes ? c->config.lanes->worker_nodes[i] : NODE_UNKNOWN);
	render_word(r, state_of(c, i));
	show_share(r, lane_watch_busy(c, i, SECOND));
	show_share(r, lane_watch_busy(c, i, TEN));
	render_rate(r, samples_rate(s, &w->turns, SECOND));
	show_ratio(r, rx + in, (double)samples_growth(s, &w->rx_bursts, SECOND));
	show_ratio(r, (double)samples_growth(s, &w->busy_cycles, SECOND), rx + in);
	render_rate(r, samples_rate(s, &w->up_pkts, SECOND));
	render_bits(r, s, &w->up_bytes);
	render_rate(r, samples_rate(s, &w->down_pkts, SECOND));
	render_bits(r, s, &w->down_bytes);
	show_share(r, samples_share(in, rx + in));
	show_share(r, samples_share(out, rx + in));
	render_rate(r, samples_rate(s, &w->drops, SECOND));
	render_u64(r, c->placement.workers[i].n_used);
	render_u64(r, c->placement.workers[i].n_slots);
	render_row_end(r);
}

static const struct render_column total_columns[] = {
	{"WORKER", "worker", true, false},
	{"UP-PKTS", "up_pkts", true, false},
	{"UP-BYTES", "up_bytes", true, false},
	{"DOWN-PKTS", "down_pkts", true, false},
	{"DOWN-BYTES", "down_bytes", true, false},
	{"HANDED-IN", "handed_in", true, false},
	{"HANDED-OUT", "handed_out", true, false},
	{"DROPS", "drops", true, false},
	{"TURNS-BUSY", "turns_busy", true, false},
	{"TURNS-IDLE", "turns_idle", true, false},
};

static void show_totals(struct control *c, struct render *r, unsigned int i)
{
	const struct lane_counters *n = c->config.counters[i];
	uint64_t drops = 0;

	for (int k = DROP_NONE + 1; k < DROP_REASON_COUNT; k++)
		drops += counter_read(&n->drops[k]);
	render_row_begin(r);
	render_u64(r, i);
	render_u64(r, counter_read(&n->upstream_pkts));
	render_size(r, counter_read(&n->upstream_bytes));
	render_u64(r, counter_read(&n->downstream_pkts));
	render_size(r, counter_read(&n->downstream_bytes));
	render_u64(r, counter_read(&n->handoffs_in));
	render_u64(r, counter_read(&n->handoffs_out));
	render_u64(r, drops);
	render_u64(r, counter_read(&n->loops_busy));
	render_u64(r, counter_read(&n->loops_idle));
	render_row_end(r);
}

// ---- rings --------------------------------------------------------------------------------------

static const struct render_column ring_columns[] = {
	{"WORKER", "worker", true, false},
	{"COMMANDS", "commands_waiting", true, false},
	{"BACKLOG", "commands_backlog", true, false},
	{"EVENTS", "events_waiting", true, false},
	{"EXCEPTIONS", "exceptions_waiting", true, false},
	{"HANDED-TO-IT", "handoffs_waiting", true, false},
	{"OF", "handoff_ring", true, false},
	{"FOUND-FULL", "handoff_full", true, false},
	{"FOUND-FULL/S", "handoff_full_per_second", true, false},
};

// The fullest of the rings by which others hand over to worker `to`, and how much it takes.
static void find_fullest(
	const struct control *c, unsigned int to, unsigned int *waiting, unsigned int *room)
{
	*waiting = *room = 0;
	for (unsigned int from = 0; c->config.lanes && from < c->config.n_workers; from++) {
		const struct rte_ring *ring = c->config.lanes->handoff[from][to];
		if (!ring)
			continue;
		*room = rte_ring_get_capacity(ring);
		*waiting = RTE_MAX(*waiting, rte_ring_count(ring));
	}
}

static void show_rings(struct control *c, struct render *r, unsigned int i)
{
	const struct lane_links *links = &c->config.links[i];
	unsigned int waiting, room;

	find_fullest(c, i, &waiting, &room);
	render_row_begin(r);
	render_u64(r, i);
	render_u64(r, rte_ring_count(links->commands));
	render_u64(r, c->workers.backlogs[i].n);
	render_u64(r, rte_ring_count(links->events));
	render_u64(r, rte_ring_count(links->exceptions));
	render_u64(r, waiting);
	render_u64(r, room);
	render_u64(r, counter_read(&c->config.counters[i]->drops[DROP_HANDOFF_FULL]));
	render_rate(r, samples_rate(&c->samples, &c->lane_watch.workers[i].handoff_full, SECOND));
	render_row_end(r);
}

// ---- engines ------------------------------------------------------------------------------------

static const struct render_column engine_columns[] = {
	{"ENGINE", "engine", true, false},
	{"CPU", "cpu", true, false},
	{"BUSY%", "busy_percent", true, false},
	{"PKTS", "ops", true, false},
	{"BYTES", "bytes", true, false},
	{"CYCLES/PKT", "cycles_per_op", true, false},
	{"WAITING", "waiting", true, false},
	{"BYPASSED-BY", "bypassed_by", true, false},
};

static void show_engine(struct control *c, struct render *r, unsigned int i)
{
	const struct crypto_view *view = c->config.crypto;
	const struct crypto_counters *n = view->engines[i];
	uint64_t waiting = 0, bypassed_by = 0;

	for (unsigned int w = 0; w < view->n_workers; w++) {
		const struct crypto_channel_counters *k = view->channels[w][i];
		waiting += k ? counter_read(&k->depth) : 0;
		bypassed_by += k && counter_read(&k->state) != CRYPTO_CHANNEL_OPEN;
	}
	render_row_begin(r);
	render_u64(r, i);
	render_u64(r, view->engine_cpus[i]);
	show_share(r, crypto_watch_engine(c, i).second);
	render_u64(r, counter_read(&n->ops));
	render_size(r, counter_read(&n->bytes));
	show_ratio(r, (double)counter_read(&n->busy_cycles), (double)counter_read(&n->ops));
	render_u64(r, waiting);
	render_u64(r, bypassed_by);
	render_row_end(r);
}

// A stage a section.
bool show_lanes(struct control *c, struct show *s)
{
	static const struct show_table loads = {
		"lanes", load_columns, RTE_DIM(load_columns), show_load};
	static const struct show_table rings = {
		"rings", ring_columns, RTE_DIM(ring_columns), show_rings};
	static const struct show_table totals = {
		"totals", total_columns, RTE_DIM(total_columns), show_totals};
	static const struct show_table engines = {
		"engines", engine_columns, RTE_DIM(engine_columns), show_engine};
	unsigned int n_engines = c->config.crypto ? c->config.crypto->n_engines : 0;
	bool is_done = true;

	switch (s->stage) {
	case 0:
		show_control(c, &s->render);
		break;
	case 1:
		is_done = show_table(c, s, &loads, c->config.n_workers);
		break;
	case 2:
		is_done = show_table(c, s, &rings, c->config.n_workers);
		break;
	case 3:
		is_done = show_table(c, s, &totals, c->config.n_workers);
		break;
	default:
		return (n_engines == 0 && !s->render.is_json) ||
		       show_table(c, s, &engines, n_engines);
	}
	if (is_done) {
		s->stage++;
		s->cursor = 0;
	}
	return false;
}
