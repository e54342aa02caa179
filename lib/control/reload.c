// SPDX-License-Identifier: BSD-3-Clause
#include "control/reload.h"

#include "conf/conf_settle.h"
#include "control/api.h"
#include "control/call.h"
#include "control/control_state.h"
#include "control/reload_apply.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	CALLS_PER_SLICE = 128,
	SLOTS_PER_SLICE = 16384,
	NICE = 19, // the thread has the CPU of this lane, and nobody waits for it
	ERRORS_TOLD = 10,
};

static const uint64_t SLICE_NS = 1000000;

const char *reload_result_name(enum reload_result result)
{
	static const char *const names[] = {
		[RELOAD_NONE] = "none",
		[RELOAD_READING] = "reading",
		[RELOAD_BAD_FILE] = "refused: the file is wrong",
		[RELOAD_NEEDS_RESTART] = "refused: it takes a restart",
		[RELOAD_FAILED] = "failed",
		[RELOAD_SHOWN] = "not applied: --dry-run",
		[RELOAD_APPLIED] = "applied",
	};

	return names[result];
}

// ---- the thread ------------------------------------------------------------------------------------

static void *read_file(void *context)
{
	struct reload_job *job = context;
	uint64_t from_ns = loop_clock_ns();

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	if (job->has_sweeper)
		pthread_join(job->sweeper, NULL);
	job->fresh = config_new();
	job->rc = job->fresh ? config_load(job->path, job->fresh, &job->errors) : -ENOMEM;
	if (job->rc == 0)
		job->rc = conf_diff(job->old, job->fresh, &job->diff);
	if (job->rc == 0)
		job->rc = conf_settle(job->fresh, job->old);
	if (job->rc == 0 && job->aaa->prepare)
		job->rc = job->aaa->prepare(job->aaa_state, job->fresh, &job->prepared);
	job->took_ns = loop_clock_ns() - from_ns;
	(void)eventfd_write(job->event_fd, 1);
	return NULL;
}

// ---- what is left of it ------------------------------------------------------------------------------

static void *sweep(void *context)
{
	struct reload_waste *waste = context;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	config_free(waste->config);
	if (waste->prepared)
		waste->aaa->discard(waste->aaa_state, waste->prepared);
	free(waste);
	return NULL;
}

// What nobody needs any more once the reload is over.
static void throw_away(struct control *c, struct config *config)
{
	struct reload *r = &c->reload;
	struct reload_job *job = r->job;
	struct reload_waste *waste = malloc(sizeof(*waste)), here;

	if (!waste)
		waste = &here;
	*waste = (struct reload_waste){config, job->aaa, job->aaa_state, job->prepared};
	job->prepared = NULL;
	r->has_sweeper = waste != &here && pthread_create(&r->sweeper, NULL, sweep, waste) == 0;
	if (r->has_sweeper)
		return;
	config_free(config);
	if (waste->prepared)
		job->aaa->discard(job->aaa_state, waste->prepared);
	if (waste != &here)
		free(waste);
}

static void job_free(struct reload_job *job)
{
	if (!job)
		return;
	if (job->event_fd >= 0)
		close(job->event_fd);
	config_free(job->fresh);
	conf_diff_free(&job->diff);
	free(job);
}

// ---- what came of it -------------------------------------------------------------------------------

static void tell_errors(struct control *c, const struct reload_job *job)
{
	struct event e;

	for (uint32_t i = 0; i < job->errors.n && i < ERRORS_TOLD; i++) {
		bool is_error = job->errors.entries[i].severity == CONFIG_ERROR;
		event_begin(&e, is_error ? EVENT_CONFIG_ERROR : EVENT_CONFIG_WARNING);
		event_text(&e, "text", span_of_text(job->errors.entries[i].text));
		event_send(c->config.log, &e);
	}
}

static void tell_restart(struct control *c, const struct reload_job *job)
{
	struct event e;
	uint32_t told = 0;

	for (uint32_t i = 0; i < job->diff.n && told < ERRORS_TOLD; i++) {
		if (job->diff.changes[i].takes != SCHEMA_TAKES_RESTART)
			continue;
		event_begin(&e, EVENT_CONFIG_WARNING);
		event_text(&e, "key", span_of_text(job->diff.changes[i].key));
		event_word(&e, "text", "takes a restart");
		event_send(c->config.log, &e);
		told++;
	}
}

static void tell_result(struct control *c)
{
	const struct reload *r = &c->reload;
	bool is_refused = r->result != RELOAD_APPLIED && r->result != RELOAD_SHOWN;
	struct event e;

	tell_errors(c, r->job);
	if (r->result == RELOAD_NEEDS_RESTART)
		tell_restart(c, r->job);
	event_begin(&e, is_refused ? EVENT_RELOAD_REFUSED : EVENT_RELOADED);
	event_word(&e, "file", r->job->path);
	event_word(&e, "result", reload_result_name(r->result));
	event_u64(&e, "changes", r->job->diff.n);
	event_duration(&e, "read", r->job->took_ns);
	if (r->result == RELOAD_APPLIED)
		event_duration(&e, "turn", r->applied_ns);
	if (r->error)
		event_word(&e, "error", strerror(-r->error));
	event_send(c->config.log, &e);
}

static void tell_ended(struct control *c)
{
	const struct reload *r = &c->reload;
	struct event e;

	event_begin(&e, EVENT_RELOAD_DONE);
	event_u64(&e, "kept", r->n_kept);
	event_u64(&e, "changed", r->n_changed);
	event_u64(&e, "ended", r->n_ended);
	event_duration(&e, "slice", r->slice_ns);
	event_send(c->config.log, &e);
}

static void end_walk(struct control *c)
{
	struct reload *r = &c->reload;

	r->is_walking = false;
	if (r->is_dry_run) {
		throw_away(c, r->job->fresh);
		r->job->fresh = NULL;
	} else {
		throw_away(c, r->before);
		r->before = NULL;
		tell_ended(c);
	}
	api_wake(c->api);
	if (r->is_again)
		reload_signal(c);
}

static void note_ended(struct reload *r, const struct call *call, const char *why)
{
	struct reload_ended *e;

	if (r->n_ended++ >= RELOAD_ENDED_TOLD)
		return;
	e = &r->job->ended[r->n_ended - 1];
	*e = (struct reload_ended){.session = call->id,
		.client_be = call->client_be,
		.inner_be = call->inner_be,
		.why = why,
		.user_len = RTE_MIN(call->user_len, (uint16_t)sizeof(e->user))};
	memcpy(e->user, call->user, e->user_len);
}

static void look_at(struct reload *r, struct call *call, const struct config *config)
{
	struct reload_why why;

	switch (reload_apply_call(call, config, !r->is_dry_run, &why)) {
	case RELOAD_CALL_CHANGED:
		r->n_changed++;
		r->n_kept++;
		break;
	case RELOAD_CALL_KEPT:
		r->n_kept++;
		break;
	case RELOAD_CALL_ENDED:
		note_ended(r, call, why.text);
		break;
	}
}

static void walk(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, reload.timer);
	struct reload *r = &c->reload;
	const struct config *config = r->is_dry_run ? r->job->fresh : c->config.config;
	uint64_t from_ns = loop_clock_ns(), end_ns = loop_slice_end();
	uint32_t n_calls = CALLS_PER_SLICE, n_slots = SLOTS_PER_SLICE;
	bool is_end = false;

	while (n_calls > 0 && n_slots-- > 0 && !is_end && !loop_slice_is_over(end_ns)) {
		struct call *call = placement_next(&c->placement, &r->cursor, 1, &is_end);
		if (!call)
			continue;
		n_calls--;
		look_at(r, call, config);
	}
	r->slice_ns = RTE_MAX(r->slice_ns, loop_clock_ns() - from_ns);
	timer_heap_arm(&c->loop.timers, t, is_end ? TIMER_NEVER : now_ns + SLICE_NS);
	if (is_end)
		end_walk(c);
}

static void begin_walk(struct control *c)
{
	struct reload *r = &c->reload;

	r->cursor = 0;
	r->slice_ns = 0;
	r->is_walking = true;
	timer_heap_arm(&c->loop.timers, &r->timer, control_now(c));
}

static void hold(struct control *c)
{
	struct reload *r = &c->reload;
	struct config *fresh = r->job->fresh;
	uint64_t from_ns = loop_clock_ns();

	r->error = reload_apply(c, fresh, &r->job->prepared);
	r->applied_ns = loop_clock_ns() - from_ns;
	if (r->error) {
		r->result = RELOAD_FAILED;
		return;
	}
	r->result = RELOAD_APPLIED;
	r->job->fresh = NULL;
	r->job->old = NULL;
	r->before = r->config; // NULL the first time: the one of the start is its owner's
	r->config = fresh;
	begin_walk(c);
}

static void judge(struct control *c)
{
	struct reload *r = &c->reload;
	struct reload_job *job = r->job;

	r->error = job->rc;
	if (job->errors.n_errors > 0)
		r->result = RELOAD_BAD_FILE, r->error = 0;
	else if (job->rc == -ENOSPC || job->diff.n_restart > 0)
		r->result = RELOAD_NEEDS_RESTART, r->error = 0;
	else if (job->rc != 0)
		r->result = RELOAD_FAILED;
	else if (r->is_dry_run)
		r->result = RELOAD_SHOWN, begin_walk(c);
	else if (c->phase != CONTROL_RUNNING)
		r->result = RELOAD_FAILED, r->error = -ESHUTDOWN;
	else
		hold(c);
}

static void stop_thread(struct control *c)
{
	struct reload *r = &c->reload;

	pthread_join(r->thread, NULL);
	loop_remove(&c->loop, &r->source);
	close(r->job->event_fd);
	r->job->event_fd = -1;
}

static void job_ready(struct loop_source *s, uint32_t events)
{
	struct control *c = container_of(s, struct control, reload.source);
	struct reload *r = &c->reload;

	stop_thread(c);
	judge(c);
	tell_result(c);
	if (!r->is_walking) {
		throw_away(c, r->job->fresh);
		r->job->fresh = NULL;
	}
	if (c->config.reloaded && !r->is_dry_run)
		c->config.reloaded(
			c->config.context, r->result == RELOAD_APPLIED ? c->config.config : NULL);
	api_wake(c->api);
	if (r->is_again && !r->is_walking)
		reload_signal(c);
}

// ---- begin and end ---------------------------------------------------------------------------------

int reload_begin(struct control *c, bool is_dry_run)
{
	struct reload *r = &c->reload;
	struct reload_job *job;
	int rc;

	if (!c->config.config_path)
		return -ENOTSUP;
	if (r->result == RELOAD_READING || r->is_walking)
		return -EBUSY;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->path = c->config.config_path;
	job->old = c->config.config;
	job->aaa = c->config.aaa;
	job->aaa_state = c->aaa;
	job->sweeper = r->sweeper;
	job->has_sweeper = r->has_sweeper;
	job->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->source =
		(struct loop_source){.fd = job->event_fd, .events = EPOLLIN, .ready = job_ready};
	rc = job->event_fd < 0 ? -errno : loop_add(&c->loop, &r->source);
	if (rc == 0) {
		rc = -pthread_create(&r->thread, NULL, read_file, job);
		if (rc != 0)
			loop_remove(&c->loop, &r->source);
	}
	if (rc != 0) {
		job_free(job);
		return rc;
	}
	r->has_sweeper = false; // that thread joins it
	job_free(r->job);
	r->job = job;
	r->number++;
	r->result = RELOAD_READING;
	r->is_dry_run = is_dry_run;
	r->error = 0;
	r->n_kept = r->n_changed = r->n_ended = 0;
	if (c->config.reloading && !is_dry_run)
		c->config.reloading(c->config.context);
	return 0;
}

void reload_signal(struct control *c)
{
	struct event e;
	int rc = reload_begin(c, false);

	c->reload.is_again = rc == -EBUSY;
	if (rc == 0 || rc == -EBUSY)
		return;
	event_begin(&e, EVENT_NOTE);
	event_word(&e, "text",
		rc == -ENOTSUP ? "SIGHUP: the configuration is read at start only"
			       : "SIGHUP: the configuration cannot be read now");
	event_send(c->config.log, &e);
}

int reload_open(struct control *c)
{
	return timer_heap_join(&c->loop.timers, &c->reload.timer, walk);
}

void reload_close(struct control *c)
{
	struct reload *r = &c->reload;

	if (r->result == RELOAD_READING)
		stop_thread(c);
	r->result = RELOAD_NONE;
	if (r->has_sweeper)
		pthread_join(r->sweeper, NULL);
	r->has_sweeper = false;
	if (r->job && r->job->prepared)
		r->job->aaa->discard(r->job->aaa_state, r->job->prepared);
	if (r->job)
		r->job->prepared = NULL;
}

void reload_free(struct control *c)
{
	job_free(c->reload.job);
	config_free(c->reload.before);
	config_free(c->reload.config);
}
