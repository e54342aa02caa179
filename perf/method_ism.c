// SPDX-License-Identifier: BSD-3-Clause
#include "perf/method_ism.h"

#include "perf/driver_lane.h"
#include "perf/engine_thread.h"

#include <errno.h>
#include <stdlib.h>

enum { QUEUE = 512 };

struct ism_method {
	struct engine_thread *engine;
	struct driver_lane *lane;
};

static int open_ism(const struct mppe_method *method, void **state)
{
	struct ism_method *m = calloc(1, sizeof(*m));
	struct crypto_setup setup = {.depth = QUEUE};
	void *driver_state;
	int rc;

	if (!m)
		return -ENOMEM;
	rc = engine_thread_start(QUEUE, &m->engine);
	if (rc != 0)
		goto free_method;
	setup.shared = engine_thread_ism(m->engine);
	rc = crypto_driver_ism.open(&setup, &driver_state);
	if (rc != 0)
		goto stop_engine;
	m->lane = driver_lane_new(&crypto_driver_ism, driver_state, QUEUE);
	*state = m;
	return 0;

stop_engine:
	engine_thread_stop(m->engine);
free_method:
	free(m);
	return rc;
}

static void close_ism(void *state)
{
	struct ism_method *m = state;

	driver_lane_free(m->lane);
	engine_thread_stop(m->engine);
	free(m);
}

static void wake(void *state)
{
	engine_thread_wake(((struct ism_method *)state)->engine);
}

static void rest(void *state)
{
	engine_thread_rest(((struct ism_method *)state)->engine);
}

static void begin(void *state, const struct mppe_work *work)
{
	driver_lane_begin(((struct ism_method *)state)->lane, work);
}

static uint64_t run(
	void *state, const struct mppe_work *work, uint8_t packets[][MPPE_WORK_PACKET_BYTES])
{
	return driver_lane_run(((struct ism_method *)state)->lane, work, packets);
}

static void session_key(const void *state, unsigned int session, uint8_t key[MPPE_KEY_BYTES_MAX])
{
	driver_lane_session_key(((const struct ism_method *)state)->lane, session, key);
}

const struct mppe_method method_ism = {
	.name = "ism",
	.description = "driver ism: this core submits, an engine on another one works (two cores)",
	.n_cores = 2,
	.open = open_ism,
	.close = close_ism,
	.begin = begin,
	.wake = wake,
	.run = run,
	.rest = rest,
	.session_key = session_key,
};
