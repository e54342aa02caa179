// SPDX-License-Identifier: BSD-3-Clause
#include "control/crypto_watch.h"

#include "control/control_state.h"

#include <errno.h>

static const uint64_t CHECK_NS = 100000000;
static const double NS_PER_SECOND = 1e9;

enum { NOT_KNOWN = -1, WHOLE = 1000 };

// ---- how busy -----------------------------------------------------------------------------------

static void sample(struct crypto_load *l, const struct crypto_counters *n)
{
	if (!n)
		return;
	l->busy_cycles[0] = l->busy_cycles[1];
	l->idle_cycles[0] = l->idle_cycles[1];
	l->busy_cycles[1] = counter_read(&n->busy_cycles);
	l->idle_cycles[1] = counter_read(&n->idle_cycles);
}

void crypto_watch_sample(struct control *c)
{
	const struct crypto_view *view = c->config.crypto;
	struct crypto_watch *w = &c->crypto_watch;

	if (!view)
		return;
	w->sampled_ns[0] = w->sampled_ns[1];
	w->sampled_ns[1] = control_now(c);
	w->n_samples += w->n_samples < 2;
	for (unsigned int i = 0; i < view->n_workers; i++)
		sample(&w->workers[i], view->workers[i]);
	for (unsigned int i = 0; i < view->n_engines; i++)
		sample(&w->engines[i], view->engines[i]);
}

// The counters are read one by one while their lane runs, so a part may look larger than the whole.
static int share(uint64_t part, double whole)
{
	if (whole <= 0)
		return NOT_KNOWN;
	return (double)part >= whole ? WHOLE : (int)((double)part * WHOLE / whole + 0.5);
}

struct crypto_utilisation crypto_watch_worker(const struct control *c, unsigned int worker)
{
	const struct crypto_view *view = c->config.crypto;
	const struct crypto_watch *w = &c->crypto_watch;
	const struct crypto_load *l = &w->workers[worker];
	const double cycles_per_ns = view->tsc_hz / NS_PER_SECOND;

	return (struct crypto_utilisation){
		.all = share(counter_read(&view->workers[worker]->busy_cycles),
			(double)(control_now(c) - c->started_ns) * cycles_per_ns),
		.second = w->n_samples < 2 ? NOT_KNOWN
					   : share(l->busy_cycles[1] - l->busy_cycles[0],
						     (double)(w->sampled_ns[1] - w->sampled_ns[0]) *
							     cycles_per_ns),
	};
}

struct crypto_utilisation crypto_watch_engine(const struct control *c, unsigned int engine)
{
	const struct crypto_counters *n = c->config.crypto->engines[engine];
	const struct crypto_load *l = &c->crypto_watch.engines[engine];
	uint64_t all = counter_read(&n->busy_cycles);
	uint64_t second = l->busy_cycles[1] - l->busy_cycles[0];

	// One that is stuck counts neither: then the last second has nothing to divide by, and says so.
	return (struct crypto_utilisation){
		.all = share(all, (double)(all + counter_read(&n->idle_cycles))),
		.second = c->crypto_watch.n_samples < 2
				  ? NOT_KNOWN
				  : share(second, (double)(second + l->idle_cycles[1] -
							   l->idle_cycles[0])),
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
