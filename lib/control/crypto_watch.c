// SPDX-License-Identifier: BSD-3-Clause
#include "control/crypto_watch.h"

#include "control/control_state.h"

#include <errno.h>

static const uint64_t CHECK_NS = 100000000;
static const double NS_PER_SECOND = 1e9;

// ---- how busy -----------------------------------------------------------------------------------

static void sample(const struct samples *s, struct crypto_load *l, const struct crypto_counters *n)
{
	if (!n)
		return;
	samples_put(s, &l->busy_cycles, counter_read(&n->busy_cycles));
	samples_put(s, &l->idle_cycles, counter_read(&n->idle_cycles));
}

void crypto_watch_sample(struct control *c)
{
	const struct crypto_view *view = c->config.crypto;
	struct crypto_watch *w = &c->crypto_watch;

	if (!view)
		return;
	for (unsigned int i = 0; i < view->n_workers; i++)
		sample(&c->samples, &w->workers[i], view->workers[i]);
	for (unsigned int i = 0; i < view->n_engines; i++)
		sample(&c->samples, &w->engines[i], view->engines[i]);
}

struct crypto_utilisation crypto_watch_worker(const struct control *c, unsigned int worker)
{
	const struct crypto_view *view = c->config.crypto;
	const struct crypto_load *l = &c->crypto_watch.workers[worker];
	const double cycles_per_ns = view->tsc_hz / NS_PER_SECOND;

	return (struct crypto_utilisation){
		.all = samples_share((double)counter_read(&view->workers[worker]->busy_cycles),
			(double)(control_now(c) - c->started_ns) * cycles_per_ns),
		.second = samples_share((double)samples_growth(&c->samples, &l->busy_cycles, 1),
			(double)samples_span_ns(&c->samples, 1) * cycles_per_ns),
	};
}

struct crypto_utilisation crypto_watch_engine(const struct control *c, unsigned int engine)
{
	const struct crypto_counters *n = c->config.crypto->engines[engine];
	const struct crypto_load *l = &c->crypto_watch.engines[engine];
	double all = (double)counter_read(&n->busy_cycles);
	double second = (double)samples_growth(&c->samples, &l->busy_cycles, 1);
	double idle = (double)samples_growth(&c->samples, &l->idle_cycles, 1);

	// One that is stuck counts neither: then the last second has nothing to divide by, and says so.
	return (struct crypto_utilisation){
		.all = samples_share(all, all + (double)counter_read(&n->idle_cycles)),
		.second = samples_share(second, second + idle),
	};
}

// ---- engines that do not answer -----------------------------------------------------------------

static void begin(struct event *e, enum event_kind kind, const struct crypto_view *view,
	unsigned int worker, unsigned int engine)
{
	event_begin(e, kind);
	event_u64(e, "engine", engine);
	event_u64(e, "worker", worker);
	event_u64(e, "cpu", view->engine_cpus[engine]);
}

static void check_channel(struct control *c, unsigned int worker, unsigned int engine)
{
	const struct crypto_view *view = c->config.crypto;
	const struct crypto_channel_counters *n = view->channels[worker][engine];
	struct crypto_bypass *b = &c->crypto_watch.channels[worker][engine];
	struct event e;

	if (!n)
		return;
	// The count is written after the state and read before it: also what began and ended between two looks
	// is told, and what has only just begun is not told as ended.
	uint64_t bypasses = __atomic_load_n(&n->bypasses, __ATOMIC_ACQUIRE);
	if (bypasses != b->bypasses) {
		begin(&e, EVENT_ENGINE_BYPASSED, view, worker, engine);
		event_u64(&e, "times", bypasses);
		event_send(c->config.log, &e);
		if (!b->is_told)
			b->began_ns = control_now(c);
		b->is_told = true;
		b->bypasses = bypasses;
	}
	if (!b->is_told || counter_read(&n->state) != CRYPTO_CHANNEL_OPEN)
		return;
	uint64_t ops = counter_read(&n->bypassed_ops);
	begin(&e, EVENT_ENGINE_BACK, view, worker, engine);
	event_duration(&e, "after", control_now(c) - b->began_ns);
	event_u64(&e, "bypassed-packets", ops - b->ops_before);
	event_send(c->config.log, &e);
	b->is_told = false;
	b->ops_before = ops;
}

void crypto_watch_check(struct control *c)
{
	const struct crypto_view *view = c->config.crypto;

	for (unsigned int i = 0; i < view->n_workers; i++)
		for (unsigned int k = 0; k < view->n_engines; k++)
			check_channel(c, i, k);
}

static void check(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, crypto_watch.timer);

	crypto_watch_check(c);
	timer_heap_arm(&c->loop.timers, t, now_ns + CHECK_NS);
}

int crypto_watch_open(struct control *c)
{
	const struct crypto_view *view = c->config.crypto;
	struct timer *t = &c->crypto_watch.timer;

	if (!view || view->n_engines == 0)
		return 0;
	if (timer_heap_join(&c->loop.timers, t, check) != 0)
		return -ENOMEM;
	timer_heap_arm(&c->loop.timers, t, control_now(c) + CHECK_NS);
	return 0;
}
