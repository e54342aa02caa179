// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/local.h"

#include "drivers/aaa/local/local_check.h"
#include "drivers/aaa/local/local_users.h"

#include <errno.h>
#include <stdlib.h>

enum { N_REPLIES = 1024 }; // waiting to be fetched; beyond, the caller gets -EBUSY

struct local {
	const struct config *config;
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
	local_check(local->users, local->config, &request->credentials, reply);
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

const struct aaa_driver aaa_driver_local = {
	.name = "local",
	.open = local_open,
	.close = local_close,
	.submit = local_submit,
	.poll = local_poll,
	.event_fd = local_event_fd,
};
