// SPDX-License-Identifier: BSD-3-Clause
// What memory is for. DPDK's heap (hugepages, where there are any) first, then what control took by malloc(), each line
// told by the objects themselves; beside them what the allocators and the kernel say.
#include "control/show.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "session/table_report.h"

#include <inttypes.h>
#include <malloc.h>
#include <rte_malloc.h>
#include <stdio.h>

// ---- control's own ------------------------------------------------------------------------------

static void report_placement(const struct placement *p, struct memory_report *r)
{
	for (uint32_t i = 0; i < p->n_workers; i++) {
		const struct placement_worker *w = &p->workers[i];
		memory_report_add(r, MEMORY_HEAP, "places of sessions",
			(uint64_t)w->n_slots *
				(sizeof(*w->free) + sizeof(*w->generations) + sizeof(*w->owners)),
			w->n_slots, w->n_used);
	}
}

static void report_history(const struct history *h, struct memory_report *r)
{
	for (int i = 0; i < HISTORY_CLASS_COUNT; i++) {
		const struct history_ring *k = &h->rings[i];
		memory_report_add(r, MEMORY_HEAP, "history of calls",
			(uint64_t)k->n_max * sizeof(*k->records), k->n_max,
			RTE_MIN(k->n_added, (uint64_t)k->n_max));
	}
}

static void report_pools(const struct control *c, struct memory_report *r)
{
	for (uint16_t i = 0; i < c->n_pools; i++) {
		const struct pool *p = &c->pools[i];
		memory_report_add(r, MEMORY_HEAP, "address pools (address space)",
			pool_room_bytes(p), p->n_usable, p->n_usable - p->n_free);
	}
}

static uint64_t call_tables_bytes(const struct control *c)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < c->config.owners->n_listen; i++)
		n += sizeof(c->call_tables[i]) + c->call_tables[i].n_ids / 8;
	return n;
}

static void report_control(const struct control *c, struct memory_report *r)
{
	const struct timer_heap *t = &c->loop.timers;
	uint64_t n_calls = placement_count(&c->placement);

	memory_report_add(r, MEMORY_HEAP, "calls", n_calls * sizeof(struct call), n_calls, n_calls);
	memory_report_add(r, MEMORY_HEAP, "connections", c->n_conns * sizeof(struct conn),
		c->n_conns, c->n_conns);
	memory_report_add(r, MEMORY_HEAP, "timers", t->room * sizeof(*t->entries), t->room, t->n);
	memory_report_add(r, MEMORY_HEAP, "Call IDs", call_tables_bytes(c), 0, 0);
	// Taken as address space; the system gives pages where commands had to wait.
	for (uint32_t i = 0; i < c->workers.n; i++) {
		const struct lane_backlog *b = &c->workers.backlogs[i];
		memory_report_add(r, MEMORY_HEAP, "commands that wait (address space)",
			b->room * sizeof(*b->commands), b->room, b->n);
	}
	report_placement(&c->placement, r);
	report_history(&c->history, r);
	report_pools(c, r);
}

static void report_routes(const struct control *c, struct memory_report *r)
{
	for (uint32_t i = 0; i < c->routes.n_live; i++)
		memory_report_add(r, MEMORY_DPDK, "route tables",
			route_table_bytes(c->routes.live[i].table), 1, 1);
}

void show_memory_report(const struct control *c, struct memory_report *r)
{
	*r = (struct memory_report){0};
	if (c->config.memory)
		c->config.memory(c->config.context, r);
	for (unsigned int i = 0; i < c->config.n_workers; i++) {
		table_report_sessions(c->config.sessions[i], c->placement.workers[i].n_used, r);
		lane_links_report(&c->config.links[i], r);
	}
	table_report_owners(c->config.owners, r);
	report_routes(c, r);
	report_control(c, r);
}

// ---- what the allocators and the kernel say -----------------------------------------------------

// Of /proc/self/status, in bytes; 0: not there.
static uint64_t status_bytes(const char *key)
{
	char line[128], format[32];
	uint64_t kib = 0;
	FILE *f = fopen("/proc/self/status", "re");

	if (!f)
		return 0;
	snprintf(format, sizeof(format), "%s: %%" SCNu64, key);
	while (kib == 0 && fgets(line, sizeof(line), f))
		(void)sscanf(line, format, &kib);
	fclose(f);
	return kib * 1024;
}

static void field(struct render *r, const char *key, const char *help, uint64_t bytes)
{
	render_key(r, key, help);
	render_size(r, bytes);
}

static void show_process(struct render *r)
{
	struct mallinfo2 m = mallinfo2();

	render_record_begin(r, "process");
	field(r, "resident", "without hugepages", status_bytes("VmRSS"));
	field(r, "resident_peak", NULL, status_bytes("VmHWM"));
	field(r, "hugepages", "mapped", status_bytes("HugetlbPages"));
	field(r, "malloc_in_use", "some of it address space that was never touched",
		m.uordblks + m.hblkhd);
	field(r, "malloc_free", "kept for later", m.fordblks);
	render_record_end(r);
}

static const struct render_column heap_columns[] = {
	{"NODE", "node", true, false},
	{"SIZE", "size", true, false},
	{"IN-USE", "in_use", true, false},
	{"FREE", "free", true, false},
	{"LARGEST-FREE", "largest_free", true, false},
	{"BLOCKS", "blocks", true, false},
};

static uint64_t show_heaps(struct render *r)
{
	uint64_t in_use = 0;

	render_table_begin(r, "heaps", heap_columns, RTE_DIM(heap_columns));
	for (int node = 0; node < RTE_MAX_NUMA_NODES; node++) {
		struct rte_malloc_socket_stats s;
		if (rte_malloc_get_socket_stats(node, &s) != 0 || s.heap_totalsz_bytes == 0)
			continue;
		in_use += s.heap_allocsz_bytes;
		render_row_begin(r);
		render_u64(r, (uint64_t)node);
		render_size(r, s.heap_totalsz_bytes);
		render_size(r, s.heap_allocsz_bytes);
		render_size(r, s.heap_freesz_bytes);
		render_size(r, s.greatest_free_size);
		render_u64(r, s.alloc_count);
		render_row_end(r);
	}
	render_table_end(r);
	return in_use;
}

static const struct render_column line_columns[] = {
	{"MEMORY", "of", false, false},
	{"FOR", "what", false, false},
	{"BYTES", "bytes", true, false},
	{"OBJECTS", "objects", true, false},
	{"IN-USE", "in_use", true, false},
	{"IN-USE%", "in_use_percent", true, false},
	{"BYTES/OBJECT", "bytes_per_object", true, false},
};

static void show_line(struct render *r, const struct memory_line *line)
{
	render_row_begin(r);
	render_word(r, line->kind == MEMORY_DPDK ? "dpdk" : "malloc");
	render_word(r, line->what);
	render_size(r, line->bytes);
	if (line->n > 0) {
		render_u64(r, line->n);
		render_u64(r, line->n_used);
		show_share(r, samples_share((double)line->n_used, (double)line->n));
		render_u64(r, line->bytes / line->n);
	} else {
		for (int i = 0; i < 4; i++)
			render_none(r);
	}
	render_row_end(r);
}

static void show_lines(const struct control *c, struct render *r, uint64_t heap_in_use)
{
	struct memory_report report;

	show_memory_report(c, &report);
	uint64_t told = memory_report_sum(&report, MEMORY_DPDK);
	if (heap_in_use > told)
		memory_report_add(
			&report, MEMORY_DPDK, "drivers, and DPDK itself", heap_in_use - told, 0, 0);
	render_table_begin(r, "memory", line_columns, RTE_DIM(line_columns));
	for (int kind = MEMORY_DPDK; kind <= MEMORY_HEAP; kind++)
		for (unsigned int i = 0; i < report.n; i++)
			if (report.lines[i].kind == (enum memory_kind)kind)
				show_line(r, &report.lines[i]);
	render_table_end(r);
}

bool show_memory(struct control *c, struct show *s)
{
	if (s->stage++ == 0) {
		show_process(&s->render);
		return false;
	}
	show_lines(c, &s->render, show_heaps(&s->render));
	return true;
}
