// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/call.h"
#include "control/control_state.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

enum { CALLS_PER_PAGE = 2048 };

// ---- the present: what is in use ----------------------------------------------------------------

// Linux tells their number since 6.2; to list 65,000 of them would hold the lane for 70 ms.
static uint32_t count_descriptors(void)
{
	struct stat about;
	uint32_t n = 0;

	if (stat("/proc/self/fd", &about) == 0 && about.st_size > 0)
		return (uint32_t)about.st_size;
	DIR *d = opendir("/proc/self/fd");
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n > 3 ? n - 3 : 0; // ".", ".." and that of the directory itself
}

// Calls by phase, a bounded number at a time. Returns true at the end.
static bool count_phases(struct control *c, struct show *s)
{
	_Static_assert(RTE_DIM(s->counts) > LINK_ENDED, "a place for each phase");
	bool is_end = false;

	for (uint32_t i = 0; i < CALLS_PER_PAGE && !is_end; i++) {
		const struct call *call =
			placement_next(&c->placement, &s->cursor, CALLS_PER_PAGE, &is_end);
		if (call)
			s->counts[call->end != END_NONE ? LINK_ENDED : call->link.phase]++;
		else
			break;
	}
	return is_end;
}

static void field(struct render *r, const char *key, const char *help, uint64_t value)
{
	render_key(r, key, help);
	render_u64(r, value);
}

static void show_in_use(struct control *c, struct show *s)
{
	struct render *r = &s->render;
	uint64_t n_addresses = 0, n_free = 0, n_slots = 0;

	for (uint16_t i = 0; i < c->n_pools; i++) {
		n_addresses += c->pools[i].n_usable;
		n_free += c->pools[i].n_free;
	}
	for (uint32_t i = 0; i < c->placement.n_workers; i++)
		n_slots += c->placement.workers[i].n_slots;
	render_record_begin(r, "in_use");
	field(r, "connections", "control connections", c->n_conns);
	field(r, "connections-unauthenticated", "of them without an authenticated call",
		c->admission.n_strangers);
	for (int phase = LINK_ESTABLISH; phase <= LINK_ENDED; phase++) {
		char key[48];
		snprintf(key, sizeof(key), "calls-%s", link_phase_name((enum link_phase)phase));
		field(r, key, "calls in this phase", s->counts[phase]);
	}
	field(r, "slots-in-use", "session slots of the workers", placement_count(&c->placement));
	field(r, "slots", "session slots in all", n_slots);
	field(r, "addresses-in-use", "inner addresses", n_addresses - n_free);
	field(r, "addresses", "inner addresses in all", n_addresses);
	field(r, "mbufs-in-use", "packet buffers", rte_mempool_in_use_count(c->config.pool));
	field(r, "mbufs-free", "packet buffers", rte_mempool_avail_count(c->config.pool));
	field(r, "descriptors", "open file descriptors", count_descriptors());
	field(r, "neighbors", "neighbours of the kernel known to the workers",
		c->neighbor ? neighbor_count(c->neighbor) : 0);
	field(r, "route-tables", "tables that the workers have", c->routes.n_live);
	render_record_end(r);
}

// ---- since the start ----------------------------------------------------------------------------

static void show_reasons(struct render *r, const char *name, const uint64_t *counts)
{
	render_record_begin(r, name);
	for (int i = 0; i < END_REASON_COUNT; i++)
		if (counter_read(&counts[i])) {
			const struct end_reason_info *info = end_reason_info((enum end_reason)i);
			field(r, info->name, info->sentence, counter_read(&counts[i]));
		}
	render_record_end(r);
}

static void show_control(struct control *c, struct render *r)
{
	struct control_counters *n = &c->counters;

	counter_add(&n->events_logged, c->config.log->lines - n->events_logged);
	counter_add(&n->events_unwritten, c->config.log->failed - n->events_unwritten);
	if (c->config.log->events)
		counter_add(&n->events_suppressed,
			c->config.log->events->suppressed - n->events_suppressed);
	render_record_begin(r, "control");
	for (int i = 0; i < COUNTER_CONTROL_COUNT; i++) {
		const struct counter_info *info = &counter_control_infos[i];
		field(r, info->name, info->help, counter_read_info(n, info));
	}
	render_record_end(r);
}

static void show_pptp(struct control *c, struct render *r)
{
	static const struct render_column columns[] = {
		{"MESSAGE", "message", false, false},
		{"IN", "in", true, false},
		{"OUT", "out", true, false},
	};

	render_table_begin(r, "pptp", columns, RTE_DIM(columns));
	for (uint16_t i = 0; i < COUNTER_PPTP_TYPES; i++) {
		uint64_t in = counter_read(&c->counters.pptp_in[i]);
		uint64_t out = counter_read(&c->counters.pptp_out[i]);
		if (!in && !out)
			continue;
		render_row_begin(r);
		render_word(r, i ? pptp_type_name(i) : "other");
		render_u64(r, in);
		render_u64(r, out);
		render_row_end(r);
	}
	render_table_end(r);
}

static void show_workers_sum(struct control *c, struct render *r)
{
	struct lane_counters sum = {0};

	for (unsigned int i = 0; i < c->config.n_workers; i++)
		counter_sum_lanes(&sum, c->config.counters[i]);
	render_record_begin(r, "workers");
	for (int i = 0; i < COUNTER_LANE_COUNT; i++) {
		const struct counter_info *info = &counter_lane_infos[i];
		field(r, info->name, info->help, counter_read_info(&sum, info));
	}
	render_record_end(r);
}

static const struct render_column drop_columns[] = {
	{"LANE", "lane", false, false},
	{"DROPS", "drops", true, false},
	{"REASON", "reason", false, false},
	{"", "help", false, false},
};

static void show_drops_of(struct render *r, const char *lane, const uint64_t *drops)
{
	for (int i = DROP_NONE + 1; i < DROP_REASON_COUNT; i++) {
		uint64_t n = counter_read(&drops[i]);
		if (!n)
			continue;
		render_row_begin(r);
		render_word(r, lane);
		render_u64(r, n);
		render_word(r, drop_reason_name((enum drop_reason)i));
		render_word(r, drop_reason_help((enum drop_reason)i));
		render_row_end(r);
	}
}

// One lane a call. Returns true at the end.
static bool show_drops(struct control *c, struct show *s)
{
	char lane[24];

	if (s->cursor == 0) {
		render_table_begin(&s->render, "drops", drop_columns, RTE_DIM(drop_columns));
		show_drops_of(&s->render, "control", c->counters.drops);
	}
	if (s->cursor < c->config.n_workers) {
		snprintf(lane, sizeof(lane), "worker-%u", s->cursor);
		show_drops_of(&s->render, lane, c->config.counters[s->cursor]->drops);
		s->cursor++;
		return false;
	}
	render_table_end(&s->render);
	return true;
}

// What was kept out: connections and calls by the limit that said no, then calls by the reason told.
static void show_refusals(struct control *c, struct render *r)
{
	render_record_begin(r, "refused_by_limit");
	for (int i = ADMISSION_OK + 1; i < ADMISSION_VERDICT_COUNT; i++) {
		enum admission_verdict verdict = (enum admission_verdict)i;
		if (c->admission.n_verdicts[i])
			field(r, admission_verdict_name(verdict),
				"connections, and call requests where the limit is one of calls",
				c->admission.n_verdicts[i]);
	}
	render_record_end(r);
	show_reasons(r, "calls_refused", c->counters.refused);
}

// A stage a page.
bool show_counters(struct control *c, struct show *s)
{
	switch (s->stage) {
	case 0:
		if (!count_phases(c, s))
			return false;
		show_in_use(c, s);
		break;
	case 1:
		show_control(c, &s->render);
		break;
	case 2:
		show_pptp(c, &s->render);
		break;
	case 3:
		show_refusals(c, &s->render);
		show_reasons(&s->render, "connections_closed", c->counters.connections_closed);
		break;
	case 4:
		show_reasons(&s->render, "calls_failed", c->counters.calls_failed);
		show_reasons(&s->render, "calls_ended", c->counters.calls_ended);
		break;
	case 5:
		show_workers_sum(c, &s->render);
		break;
	default:
		return show_drops(c, s);
	}
	s->stage++;
	s->cursor = 0;
	return false;
}
