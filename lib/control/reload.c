// SPDX-License-Identifier: BSD-3-Clause
#include "control/reload.h"

#include "conf/conf_settle.h"
#include "control/api.h"
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
	job->fresh = config_new();
	job->rc = job->fresh ? config_load(job->path, job->fresh, &job->errors) : -ENOMEM;
	if (job->rc == 0)
		job->rc = conf_diff(job->old, job->fresh, &job->diff);
	if (job->rc == 0)
		job->rc = conf_settle(job->fresh, job->old);
	job->took_ns = loop_clock_ns() - from_ns;
	(void)eventfd_write(job->event_fd, 1);
	return NULL;
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

static void end_walk(struct control *c)
{
	struct reload *r = &c->reload;
	struct event e;

	r->is_walking = false;
	config_free(r->before);
	r->before = NULL;
	event_begin(&e, EVENT_RELOAD_DONE);
	event_u64(&e, "kept", r->n_kept);
	event_u64(&e, "changed", r->n_changed);
	event_u64(&e, "ended", r->n_ended);
	event_send(c->config.log, &e);
	if (r->is_again)
		reload_signal(c);
}

static void walk(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, reload.timer);
	struct reload *r = &c->reload;
	uint64_t end_ns = loop_slice_end();
	uint32_t n_calls = CALLS_PER_SLICE, n_slots = SLOTS_PER_SLICE;
	bool is_end = false;

	while (n_calls > 0 && n_slots-- > 0 && !is_end && !loop_slice_is_over(end_ns)) {
		struct call *call = placement_next(&c->placement, &r->cursor, 1, &is_end);
		if (!call)
			continue;
		n_calls--;
		switch (reload_apply_call(call)) {
		case RELOAD_CALL_KEPT:
			r->n_kept++;
			break;
		case RELOAD_CALL_CHANGED:
			r->n_kept++;
			r->n_changed++;
			break;
		case RELOAD_CALL_ENDED:
			r->n_ended++;
			break;
		}
	}
	timer_heap_arm(&c->loop.timers, t, is_end ? TIMER_NEVER : now_ns + SLICE_NS);
	if (is_end)
		end_walk(c);
}

static void hold(struct control *c)
{
	struct reload *r = &c->reload;
	struct config *fresh = r->job->fresh;
	uint64_t from_ns = loop_clock_ns();

	r->error = reload_apply(c, fresh);
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
	r->n_kept = r->n_changed = r->n_ended = 0;
	r->cursor = 0;
	r->is_walking = true;
	timer_heap_arm(&c->loop.timers, &r->timer, control_now(c));
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
		r->result = RELOAD_SHOWN;
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
	config_free(r->job->fresh);
	r->job->fresh = NULL;
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
	job_free(r->job);
	r->job = job;
	r->number++;
	r->result = RELOAD_READING;
	r->is_dry_run = is_dry_run;
	r->error = 0;
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
	if (c->reload.result == RELOAD_READING)
		stop_thread(c);
	c->reload.result = RELOAD_NONE;
}

void reload_free(struct control *c)
{
	job_free(c->reload.job);
	config_free(c->reload.before);
	config_free(c->reload.config);
}
