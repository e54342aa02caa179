// SPDX-License-Identifier: BSD-3-Clause
#include "perf/engine_thread.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct engine_thread {
	struct ism *ism;
	pthread_t thread;
};

// The engine's idle function has no argument of its own, so these lie here.
static _Atomic bool may_run; // who measures: w, engine: r
static _Atomic bool runs;    // engine: w

static void idle(unsigned int n_idle, uint32_t sleep_max_us)
{
	const struct timespec nap = {.tv_nsec = 50 * 1000};

	while (!atomic_load_explicit(&may_run, memory_order_acquire)) {
		atomic_store_explicit(&runs, false, memory_order_release);
		nanosleep(&nap, NULL);
	}
	atomic_store_explicit(&runs, true, memory_order_release);
}

static void wait_until_runs(bool yes)
{
	while (atomic_load_explicit(&runs, memory_order_acquire) != yes)
		sched_yield();
}

void engine_thread_wake(struct engine_thread *engine)
{
	atomic_store_explicit(&may_run, true, memory_order_release);
	wait_until_runs(true);
}

void engine_thread_rest(struct engine_thread *engine)
{
	atomic_store_explicit(&may_run, false, memory_order_release);
	wait_until_runs(false);
}

static void *run_engine(void *engine)
{
	(void)ism_engine_run(engine);
	return NULL;
}

// On the CPU after ours.
static int start_thread(struct engine_thread *engine, int n_cpus)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int rc;

	CPU_ZERO(&set);
	CPU_SET((sched_getcpu() + 1) % n_cpus, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	rc = -pthread_create(&engine->thread, &attr, run_engine, ism_engine(engine->ism, 0));
	pthread_attr_destroy(&attr);
	return rc;
}

int engine_thread_start(unsigned int queue, struct engine_thread **out)
{
	const struct ism_config config = {
		.n_workers = 1, .n_engines = 1, .queue = queue, .idle = idle};
	int n_cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	struct engine_thread *engine;
	int rc;

	if (n_cpus < 2)
		return -ENOTSUP;
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return -ENOMEM;
	rc = ism_new(&config, &engine->ism);
	if (rc != 0)
		goto free_engine;
	atomic_store_explicit(&may_run, false, memory_order_release);
	rc = start_thread(engine, n_cpus);
	if (rc != 0)
		goto free_ism;
	*out = engine;
	return 0;

free_ism:
	ism_free(engine->ism);
free_engine:
	free(engine);
	return rc;
}

void engine_thread_stop(struct engine_thread *engine)
{
	ism_stop(engine->ism);
	engine_thread_wake(engine);
	pthread_join(engine->thread, NULL);
	atomic_store_explicit(&runs, false, memory_order_release);
	ism_free(engine->ism);
	free(engine);
}

struct ism *engine_thread_ism(const struct engine_thread *engine)
{
	return engine->ism;
}
