// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/spool_thread.h"

#include "drivers/aaa/radius/journal.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256 }; // jobs that share one sync

struct spool_thread {
	struct spools *spools;
	const struct journal *journal;
	pthread_t thread;
	bool is_running; // it has not been joined
	int event_fd;
	uint32_t n_pending; // of the owner alone

	pthread_mutex_t lock; // held for copies alone, never while a disk is waited for
	pthread_cond_t has_jobs;
	bool stops;
	uint32_t jobs_head, n_jobs;
	uint32_t dones_head, n_dones;
	struct spool_stats stats;
	struct spool_job jobs[SPOOL_THREAD_JOBS];
	struct spool_done dones[SPOOL_THREAD_JOBS];

	struct spool_job batch[BATCH]; // of the thread
	struct spool_done batch_dones[BATCH];
};

// ---- the thread ---------------------------------------------------------------------------------

static void run(struct spools *spools, struct spool_job *job, struct spool_done *done)
{
	char name[SPOOL_FORMAT_RECORD_BYTES_MAX + 1] = "";

	*done = (struct spool_done){.kind = job->kind, .context = job->context};
	switch (job->kind) {
	case SPOOL_JOB_APPEND:
		done->rc = spool_append(job->queue, span_of(job->bytes, job->len));
		break;
	case SPOOL_JOB_READ:
		done->rc = spool_read(job->queue, job->records, job->n_records, &done->n_records);
		break;
	case SPOOL_JOB_SENT:
		spool_sent(job->queue, &job->mark);
		break;
	case SPOOL_JOB_AGAIN:
		done->rc = spool_append(job->queue, span_of(job->record->bytes, job->record->len));
		if (done->rc == 0)
			spool_sent(job->queue, &job->record->mark);
		break;
	case SPOOL_JOB_QUEUE:
		memcpy(name, job->bytes, job->len);
		job->queue = spools_get(spools, name);
		break;
	}
	done->queue = job->queue;
	done->n_waiting = job->queue ? spool_n_waiting(job->queue) : 0;
}

static void run_batch(struct spool_thread *t, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		run(t->spools, &t->batch[i], &t->batch_dones[i]);
	int rc = spools_sync(t->spools);
	for (uint32_t i = 0; i < n && rc != 0; i++)
		if (t->batch_dones[i].kind == SPOOL_JOB_APPEND && t->batch_dones[i].rc == 0)
			t->batch_dones[i].rc = rc;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

// Until there is something to do. Returns how many jobs were taken, 0 when time is up.
static uint32_t take(struct spool_thread *t, uint64_t until_ms)
{
	const struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000), .tv_nsec = (long)(until_ms % 1000) * 1000000};
	uint32_t n = 0;

	while (t->n_jobs == 0 && !t->stops)
		if (pthread_cond_timedwait(&t->has_jobs, &t->lock, &until) == ETIMEDOUT)
			break;
	for (; n < BATCH && t->n_jobs > 0; n++, t->n_jobs--) {
		t->batch[n] = t->jobs[t->jobs_head];
		t->jobs_head = (t->jobs_head + 1) % SPOOL_THREAD_JOBS;
	}
	return n;
}

static void give(struct spool_thread *t, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		t->dones[(t->dones_head + t->n_dones++) % SPOOL_THREAD_JOBS] = t->batch_dones[i];
	spools_get_stats(t->spools, &t->stats);
	if (n)
		(void)eventfd_write(t->event_fd, 1);
}

static void *body(void *context)
{
	struct spool_thread *t = context;
	uint64_t sync_due_ms = now_ms() + SPOOL_THREAD_SYNC_MS;
	bool is_end = false;

	while (!is_end) {
		pthread_mutex_lock(&t->lock);
		uint32_t n = take(t, sync_due_ms);
		is_end = n == 0 && t->stops;
		pthread_mutex_unlock(&t->lock);
		if (n)
			run_batch(t, n);
		pthread_mutex_lock(&t->lock);
		give(t, n);
		pthread_mutex_unlock(&t->lock);
		if (t->journal && (is_end || now_ms() >= sync_due_ms)) {
			(void)journal_sync(t->journal);
			sync_due_ms = now_ms() + SPOOL_THREAD_SYNC_MS;
		}
	}
	return NULL;
}

// ---- the owner ----------------------------------------------------------------------------------

static int init_locks(struct spool_thread *t)
{
	pthread_condattr_t attr;
	int rc = pthread_condattr_init(&attr);

	if (rc == 0)
		rc = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	if (rc == 0)
		rc = pthread_cond_init(&t->has_jobs, &attr);
	if (rc == 0)
		rc = pthread_mutex_init(&t->lock, NULL);
	return -rc;
}

int spool_thread_start(
	struct spools *spools, const struct journal *journal, struct spool_thread **out)
{
	struct spool_thread *t = calloc(1, sizeof(*t));
	sigset_t all, before;
	int rc;

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->spools = spools;
	t->journal = journal;
	spools_get_stats(spools, &t->stats);
	t->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (t->event_fd < 0) {
		rc = -errno;
		free(t);
		return rc;
	}
	rc = init_locks(t);
	if (rc == 0) {
		sigfillset(&all); // signals are for the control lane
		pthread_sigmask(SIG_SETMASK, &all, &before);
		rc = -pthread_create(&t->thread, NULL, body, t);
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (rc != 0) {
		close(t->event_fd);
		free(t);
		return rc;
	}
	(void)pthread_setname_np(t->thread, "adit-spool");
	t->is_running = true;
	*out = t;
	return 0;
}

void spool_thread_stop(struct spool_thread *t)
{
	if (!t || !t->is_running)
		return;
	pthread_mutex_lock(&t->lock);
	t->stops = true;
	pthread_cond_signal(&t->has_jobs);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	t->is_running = false;
}

void spool_thread_free(struct spool_thread *t)
{
	if (!t)
		return;
	spool_thread_stop(t);
	pthread_cond_destroy(&t->has_jobs);
	pthread_mutex_destroy(&t->lock);
	close(t->event_fd);
	free(t);
}

int spool_thread_fd(const struct spool_thread *t)
{
	return t->event_fd;
}

bool spool_thread_has_room(const struct spool_thread *t)
{
	return t && t->is_running && t->n_pending < SPOOL_THREAD_JOBS;
}

void spool_thread_submit(struct spool_thread *t, const struct spool_job *job)
{
	assert(spool_thread_has_room(t));
	t->n_pending++;
	pthread_mutex_lock(&t->lock);
	t->jobs[(t->jobs_head + t->n_jobs++) % SPOOL_THREAD_JOBS] = *job;
	pthread_cond_signal(&t->has_jobs);
	pthread_mutex_unlock(&t->lock);
}

bool spool_thread_fetch(struct spool_thread *t, struct spool_done *done)
{
	eventfd_t unused;
	bool has = false;

	pthread_mutex_lock(&t->lock);
	if (t->n_dones > 0) {
		*done = t->dones[t->dones_head];
		t->dones_head = (t->dones_head + 1) % SPOOL_THREAD_JOBS;
		t->n_dones--;
		has = true;
	}
	if (t->n_dones == 0)
		(void)eventfd_read(t->event_fd, &unused);
	pthread_mutex_unlock(&t->lock);
	t->n_pending -= has;
	return has;
}

uint32_t spool_thread_pending(const struct spool_thread *t)
{
	return t->n_pending;
}

void spool_thread_get_stats(struct spool_thread *t, struct spool_stats *out)
{
	pthread_mutex_lock(&t->lock);
	*out = t->stats;
	pthread_mutex_unlock(&t->lock);
}
