// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"
#include "control/event_stream.h"

#include <arpa/inet.h>
#include <rte_version.h>
#include <unistd.h>

int show_events_check(struct control *c, struct show *s)
{
	return s->tenant_name.len == 0 || show_tenant_by_name(c, s) >= 0 ? SHOW_OK : SHOW_FAILED;
}

bool show_events(struct control *c, struct show *s)
{
	static const struct render_column columns[] = {
		{"SEQ", "seq", true, true},
		{"TIME", "time", false, false},
		{"LEVEL", "level", false, false},
		{"KIND", "kind", false, true},
		{"EVENT", "text", false, false},
	};
	struct render *r = &s->render;
	const struct event_log *events = c->config.log->events;
	const char *tenant = NULL;

	if (s->stage++ == 0) {
		render_table_begin(r, "events", columns, RTE_DIM(columns));
		s->seq = events ? event_history_first(&events->history) : 0;
		// What is told while this goes out is left for the next time.
		s->id = events ? events->history.next_seq : 0;
	}
	if (s->tenant_name.len)
		tenant = config_tenant_name(c->config.config, (uint16_t)show_tenant_by_name(c, s));
	for (; s->seq < s->id && render_has_room(r); s->seq++) {
		const struct event_record *e = event_history_get(&events->history, s->seq);
		if (!e || (tenant && !event_stream_is_of(e, tenant)))
			continue;
		render_row_begin(r);
		render_u64(r, e->seq);
		render_time(r, e->wall_ns);
		render_word(r, log_level_name(e->level));
		render_word(r, event_kind_info(e->kind)->name);
		// The line was escaped when it was made.
		render_word(r, e->text);
		render_row_end(r);
	}
	if (s->seq < s->id)
		return false;
	render_table_end(r);
	return true;
}

static void pool_row(struct control *c, struct render *r, unsigned int i)
{
	const struct pool *p = &c->pools[i];

	if (!p->config->name[0])
		return; // it has gone
	render_row_begin(r);
	render_word(r, p->config->name);
	render_ipv4(r, htonl(p->config->first));
	render_ipv4(r, htonl(p->config->last));
	render_ipv4(r, p->config->server_inner_be);
	render_u64(r, p->n_usable);
	render_u64(r, p->n_usable - p->n_free);
	render_u64(r, p->n_free);
	render_u64(r, p->n_exhausted);
	if (c->config.config->n_tenants > 1)
		show_tenant(c, r, p->config->tenant_number);
	render_row_end(r);
}

bool show_pool(struct control *c, struct show *s)
{
	static const struct render_column columns[] = {
		{"POOL", "pool", false, false}, {"FIRST", "first", false, false},
		{"LAST", "last", false, false}, {"SERVER", "server", false, false},
		{"ADDRESSES", "addresses", true, false}, {"IN-USE", "in_use", true, false},
		{"FREE", "free", true, false}, {"FOUND-EMPTY", "found_empty", true, false},
		{"TENANT", "tenant", false, false}, // where tenants are configured
	};
	const struct show_table table = {
		.name = "pools",
		.columns = columns,
		.n_columns = RTE_DIM(columns) - (c->config.config->n_tenants == 1),
		.row = pool_row,
	};

	return show_table(c, s, &table, c->n_pools);
}

bool show_version(struct control *c, struct show *s)
{
	struct render *r = &s->render;

	render_record_begin(r, "version");
	render_key(r, "adit", NULL);
	render_word(r, ADIT_VERSION);
	render_key(r, "dpdk", NULL);
	render_word(r, rte_version());
	render_key(r, "name", NULL);
	render_word(r, c->config.config->name);
	render_key(r, "pid", NULL);
	render_u64(r, (uint64_t)getpid());
	render_key(r, "started", NULL);
	render_time(r, c->started_wall_ns);
	render_key(r, "uptime", NULL);
	render_duration(r, control_now(c) - c->started_ns);
	render_key(r, "workers", NULL);
	render_u64(r, c->config.n_workers);
	render_key(r, "crypto_driver", NULL);
	render_word(r, c->config.config->crypto_driver);
	render_key(r, "aaa_driver", NULL);
	render_word(r, c->config.aaa->name);
	render_record_end(r);
	return true;
}
