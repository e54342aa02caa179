// SPDX-License-Identifier: BSD-3-Clause
#include "adit/engines.h"

#include "dataplane/idle.h"

#include <errno.h>
#include <pthread.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdio.h>

enum {
	// An engine that does nothing for its packets is given up within twice this, so within 100 ms; and tried
	// again when it has been back for so long.
	STALL_MS = 40,
	HOLD_MS = 1000,
	STOP_MS = 1000,
};

int engines_open(struct engines *e, const struct config *config, const char *sha1)
{
	uint64_t ms = rte_get_tsc_hz() / 1000;
	struct ism_config c = {
		.n_workers = config->n_workers,
		.n_engines = config->n_engines,
		.queue = config->engine_queue,
		.sha1 = sha1,
		.stall_cycles = STALL_MS * ms,
		.hold_cycles = HOLD_MS * ms,
		.idle = idle_wait,
		.idle_sleep_us = config->idle_sleep_us,
	};

	*e = (struct engines){
		.n = config->n_engines,
		.first_lcore = config->n_workers + 1U,
		.idle_sleep_us = config->idle_sleep_us,
	};
	if (e->n == 0)
		return 0;
	for (unsigned int i = 0; i < e->n; i++) {
		e->counters[i] = rte_zmalloc_socket("engine", sizeof(*e->counters[i]),
			RTE_CACHE_LINE_SIZE, (int)rte_lcore_to_socket_id(e->first_lcore + i));
		if (!e->counters[i])
			return -ENOMEM;
		c.counters[i] = e->counters[i];
	}
	return ism_new(&c, &e->ism);
}

static int run(void *argument)
{
	const struct engines *e = argument;
	unsigned int i = rte_lcore_id() - e->first_lcore;
	char name[16];

	snprintf(name, sizeof(name), "engine-%u", i);
	(void)pthread_setname_np(pthread_self(), name);
	idle_prepare(e->idle_sleep_us);
	return ism_engine_run(ism_engine(e->ism, i));
}

int engines_start(struct engines *e)
{
	for (; e->n_running < e->n; e->n_running++) {
		int error = rte_eal_remote_launch(run, e, e->first_lcore + e->n_running);
		if (error)
			return error;
	}
	return 0;
}

bool engines_stop(struct engines *e)
{
	if (e->n_running == 0)
		return true;
	ism_stop(e->ism);
	for (unsigned int ms = 0; ms < STOP_MS; ms++) {
		while (e->n_running > 0 &&
			rte_eal_get_lcore_state(e->first_lcore + e->n_running - 1) == WAIT)
			e->n_running--;
		if (e->n_running == 0)
			return true;
		rte_delay_us_sleep(1000);
	}
	return false;
}

void engines_close(struct engines *e)
{
	ism_free(e->ism);
	for (unsigned int i = 0; i < e->n; i++)
		rte_free(e->counters[i]);
	*e = (struct engines){0};
}

void engines_show(const struct engines *e, const struct config *config, struct crypto_view *view)
{
	if (e->n == 0)
		return;
	view->engine_driver = config->engine_driver;
	view->n_engines = e->n;
	view->queue = config->engine_queue;
	for (unsigned int i = 0; i < e->n; i++) {
		view->engine_cpus[i] = config->engine_cpus[i];
		view->engines[i] = e->counters[i];
		for (unsigned int w = 0; w < config->n_workers; w++)
			view->channels[w][i] = ism_channel_counters(e->ism, w, i);
	}
}
