// SPDX-License-Identifier: BSD-3-Clause
#include "control/show.h"

#include "control/control_state.h"

#include <stdio.h>

// ---- what it is made of -------------------------------------------------------------------------

static void word(struct render *r, const char *key, const char *value)
{
	render_key(r, key, NULL);
	if (value)
		render_word(r, value);
	else
		render_none(r);
}

static void number(struct render *r, const char *key, uint64_t value)
{
	render_key(r, key, NULL);
	render_u64(r, value);
}

static const char *chosen_by(const struct crypto_view *view)
{
	if (!view->sha1)
		return NULL;
	return view->is_pinned ? "configuration" : view->n_calibrations ? "calibration" : "default";
}

static void show_parts(struct control *c, struct render *r)
{
	const struct crypto_view *view = c->config.crypto;

	render_record_begin(r, "crypto");
	if (view) {
		word(r, "driver", view->driver);
		word(r, "engine_driver", view->engine_driver);
		word(r, "rc4", view->rc4);
		word(r, "sha1", view->sha1);
		word(r, "sha1_chosen_by", chosen_by(view));
		number(r, "tsc_mhz", (uint64_t)(view->tsc_hz / 1e6 + 0.5));
		number(r, "engines", view->n_engines);
		number(r, "queue", view->queue);
	} else {
		word(r, "driver", c->config.config->crypto_driver);
	}
	render_record_end(r);
}

static void show_calibrations(const struct crypto_view *view, struct render *r)
{
	static const struct render_column columns[] = {
		{"SHA-1", "sha1", false, false},
		{"CYCLES-OF-16", "cycles_per_key_full", true, false},
		{"CYCLES-ALONE", "cycles_per_key_one", true, false},
		{"IN-USE", "is_in_use", false, false},
	};

	render_table_begin(r, "calibration", columns, RTE_DIM(columns));
	for (unsigned int i = 0; i < view->n_calibrations; i++) {
		const struct crypto_calibration *k = &view->calibrations[i];
		render_row_begin(r);
		render_word(r, k->name);
		show_ratio(r, k->cycles_per_key_full, k->cycles_per_key_full > 0);
		show_ratio(r, k->cycles_per_key_one, k->cycles_per_key_one > 0);
		render_bool(r, view->sha1 && strcmp(view->sha1, k->name) == 0);
		render_row_end(r);
	}
	render_table_end(r);
}

// ---- lanes --------------------------------------------------------------------------------------

// Lane i, the workers first; NULL: it does not transform.
static const struct crypto_counters *find_lane(
	const struct crypto_view *view, unsigned int i, char *name, size_t cap)
{
	if (i < view->n_workers) {
		snprintf(name, cap, "worker-%u", i);
		return view->workers[i];
	}
	snprintf(name, cap, "engine-%u", i - view->n_workers);
	return view->engines[i - view->n_workers];
}

static void show_lane(struct control *c, struct render *r, unsigned int i)
{
	const struct crypto_view *view = c->config.crypto;
	bool is_worker = i < view->n_workers;
	unsigned int engine = is_worker ? 0 : i - view->n_workers;
	uint64_t ops, n_batches = 0;
	char name[24];
	const struct crypto_counters *n = find_lane(view, i, name, sizeof(name));

	if (!n)
		return;
	struct crypto_utilisation u =
		is_worker ? crypto_watch_worker(c, i) : crypto_watch_engine(c, engine);
	ops = counter_read(&n->ops);
	for (int k = 0; k < CRYPTO_BATCH_CLASSES; k++)
		n_batches += counter_read(&n->batches[k]);
	render_row_begin(r);
	render_word(r, name);
	render_u64(r, is_worker ? c->config.config->worker_cpus[i] : view->engine_cpus[engine]);
	render_u64(r, ops);
	render_size(r, counter_read(&n->bytes));
	render_u64(r, counter_read(&n->key_changes));
	render_u64(r, counter_read(&n->late));
	render_u64(r, counter_read(&n->errors));
	show_ratio(r, (double)ops, (double)n_batches);
	show_ratio(r, (double)counter_read(&n->busy_cycles), (double)ops);
	show_share(r, u.all);
	show_share(r, u.second);
	render_row_end(r);
}

static void show_batches(struct control *c, struct render *r, unsigned int i)
{
	char name[24];
	const struct crypto_counters *n = find_lane(c->config.crypto, i, name, sizeof(name));

	if (!n)
		return;
	render_row_begin(r);
	render_word(r, name);
	for (int k = 0; k < CRYPTO_BATCH_CLASSES; k++)
		render_u64(r, counter_read(&n->batches[k]));
	render_row_end(r);
}

static void show_channel(struct control *c, struct render *r, unsigned int i)
{
	const struct crypto_view *view = c->config.crypto;
	unsigned int worker = i / view->n_engines, engine = i % view->n_engines;
	const struct crypto_channel_counters *n = view->channels[worker][engine];

	if (!n)
		return;
	render_row_begin(r);
	render_u64(r, worker);
	render_u64(r, engine);
	render_word(r, counter_read(&n->state) == CRYPTO_CHANNEL_OPEN ? "open" : "bypassed");
	render_u64(r, counter_read(&n->depth));
	render_u64(r, counter_read(&n->depth_max));
	render_u64(r, view->queue);
	render_u64(r, counter_read(&n->submitted));
	render_u64(r, counter_read(&n->full));
	render_u64(r, counter_read(&n->bypasses));
	render_u64(r, counter_read(&n->bypassed_ops));
	render_u64(r, counter_read(&n->lost));
	render_row_end(r);
}

static const struct render_column lane_columns[] = {
	{"LANE", "lane", false, false},
	{"CPU", "cpu", true, false},
	{"PKTS", "ops", true, false},
	{"BYTES", "bytes", true, false},
	{"KEY-CHANGES", "key_changes", true, false},
	{"LATE", "late", true, false},
	{"ERRORS", "errors", true, false},
	{"PKTS/BATCH", "ops_per_batch", true, false},
	{"CYCLES/PKT", "cycles_per_op", true, false},
	{"BUSY%", "busy_percent", true, false},
	{"BUSY%-1S", "busy_percent_last_second", true, false},
};

static const struct render_column batch_columns[] = {
	{"BATCHES OF", "lane", false, false},
	{"1", "of_1", true, false},
	{"2", "of_2", true, false},
	{"3-4", "of_3_to_4", true, false},
	{"5-8", "of_5_to_8", true, false},
	{"9-16", "of_9_to_16", true, false},
	{"17-32", "of_17_to_32", true, false},
	{"MORE", "of_more", true, false},
};

_Static_assert(RTE_DIM(batch_columns) == 1 + CRYPTO_BATCH_CLASSES, "a column a class");

static const struct render_column channel_columns[] = {
	{"WORKER", "worker", true, false},
	{"ENGINE", "engine", true, false},
	{"STATE", "state", false, false},
	{"DEPTH", "depth", true, false},
	{"MAX", "depth_max", true, false},
	{"QUEUE", "queue", true, false},
	{"SUBMITTED", "submitted", true, false},
	{"FULL", "full", true, false},
	{"BYPASSES", "bypasses", true, false},
	{"BYPASSED-PKTS", "bypassed_ops", true, false},
	{"LOST", "lost", true, false},
};

// A stage a section. What there is none of is left out of the text; in JSON it is an empty array.
bool show_crypto(struct control *c, struct show *s)
{
	static const struct show_table lanes = {
		"lanes", lane_columns, RTE_DIM(lane_columns), show_lane};
	static const struct show_table batches = {
		"batches", batch_columns, RTE_DIM(batch_columns), show_batches};
	static const struct show_table channels = {
		"channels", channel_columns, RTE_DIM(channel_columns), show_channel};
	const struct crypto_view *view = c->config.crypto;
	bool is_json = s->render.is_json;
	bool is_done = true;

	switch (s->stage) {
	case 0:
		show_parts(c, &s->render);
		if (!view)
			return true;
		break;
	case 1:
		if (view->n_calibrations || is_json)
			show_calibrations(view, &s->render);
		break;
	case 2:
		is_done = show_table(c, s, &lanes, view->n_workers + view->n_engines);
		break;
	case 3:
		is_done = show_table(c, s, &batches, view->n_workers + view->n_engines);
		break;
	default:
		return (view->n_engines == 0 && !is_json) ||
		       show_table(c, s, &channels, view->n_workers * view->n_engines);
	}
	if (is_done) {
		s->stage++;
		s->cursor = 0;
	}
	return false;
}
