// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local.h"

#include "drivers/aaa/local/local_check.h"
#include "drivers/aaa/local/local_users.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_REPLIES = 1024 }; // waiting to be fetched; beyond, the caller gets -EBUSY

struct local {
	const struct config *config;
	struct log *log;
	struct local_users *users;
	unsigned int head; // the oldest
	unsigned int n;
	struct aaa_reply replies[N_REPLIES];
};

static int local_open(const struct config *config, struct log *log, void **state)
{
	struct local *local = calloc(1, sizeof(*local));
	int rc;

	if (!local)
		return -ENOMEM;
	local->config = config;
	local->log = log;
	rc = local_users_new(config, log, &local->users);
	if (rc != 0) {
		free(local);
		return rc;
	}
	*state = local;
	return 0;
}

static void local_close(void *state)
{
	struct local *local = state;

	if (!local)
		return;
	local_users_free(local->users);
	secret_wipe_bytes(local, sizeof(*local));
	free(local);
}

static int local_submit(void *state, const struct aaa_request *request)
{
	struct local *local = state;
	struct aaa_reply *reply;

	if (local->n == N_REPLIES)
		return -EBUSY;
	reply = &local->replies[(local->head + local->n) % N_REPLIES];
	*reply = (struct aaa_reply){.tag = request->tag};
	local_check(local->users, local->config, request->tenant, &request->credentials, reply);
	local->n++;
	return 0;
}

static unsigned int local_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	struct local *local = state;

	if (n > local->n)
		n = local->n;
	for (unsigned int i = 0; i < n; i++) {
		struct aaa_reply *reply = &local->replies[local->head];
		replies[i] = *reply;
		aaa_reply_wipe(reply);
		local->head = (local->head + 1) % N_REPLIES;
	}
	local->n -= n;
	return n;
}

static int local_event_fd(void *state)
{
	return -1; // every reply is there when submit returns
}

static int local_prepare(void *state, const struct config *config, void **prepared)
{
	const struct local *local = state;
	struct local_users *users;
	int rc = local_users_prepare(config, local->log, &users);

	if (rc == 0)
		*prepared = users;
	return rc;
}

static void local_discard(void *state, void *prepared)
{
	local_users_free(prepared);
}

static int local_reload(void *state, const struct config *config, void **prepared)
{
	struct local *local = state;
	struct local_users *before = local->users;
	int rc = *prepared ? 0 : local_prepare(state, config, prepared);

	if (rc != 0)
		return rc;
	local->users = *prepared;
	local->config = config;
	local_users_inherit(local->users, before);
	*prepared = before;
	return 0;
}

static void local_describe(void *state, char *out, size_t cap)
{
	const struct local *local = state;

	snprintf(out, cap, "local: %u users\n", local->config->n_users);
}

const struct aaa_driver aaa_driver_local = {
	.name = "local",
	.open = local_open,
	.close = local_close,
	.submit = local_submit,
	.poll = local_poll,
	.event_fd = local_event_fd,
	.prepare = local_prepare,
	.discard = local_discard,
	.reload = local_reload,
	.describe = local_describe,
};
