// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/radius_logins.h"

#include "drivers/aaa/radius/radius_access.h"
#include "drivers/aaa/radius/radius_states.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/queue.h>

enum { LOGINS_MAX = 8192 }; // asked about, or answered and not fetched yet

struct login_ask {
	LIST_ENTRY(login_ask) in_all;
	STAILQ_ENTRY(login_ask) in_ready;
	struct radius_logins *logins;
	struct radius_asked asked;
	struct aaa_reply reply;
};

struct radius_logins {
	struct radius_core *core;
	struct exchange *exchange;
	uint32_t n;
	LIST_HEAD(, login_ask) all;
	STAILQ_HEAD(, login_ask) ready;
	struct radius_timer wake; // there is a reply that no packet has brought
	struct radius_states states;
};

static void wake(struct radius_timer *t, uint64_t now_ns)
{
}

int radius_logins_open(
	struct radius_core *core, struct exchange *exchange, struct radius_logins **out)
{
	struct radius_logins *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->core = core;
	l->exchange = exchange;
	l->wake.fire = wake;
	LIST_INIT(&l->all);
	STAILQ_INIT(&l->ready);
	*out = l;
	return 0;
}

static void free_ask(struct login_ask *a)
{
	LIST_REMOVE(a, in_all);
	a->logins->n--;
	aaa_reply_wipe(&a->reply);
	free(a);
}

void radius_logins_close(struct radius_logins *l)
{
	if (!l)
		return;
	while (!LIST_EMPTY(&l->all))
		free_ask(LIST_FIRST(&l->all));
	radius_core_disarm(l->core, &l->wake);
	free(l);
}

static void unavailable(struct login_ask *a, const char *why)
{
	a->reply.tag = a->asked.tag;
	a->reply.result = AAA_UNAVAILABLE;
	a->reply.why = why;
	STAILQ_INSERT_TAIL(&a->logins->ready, a, in_ready);
}

static void answered(void *context, const struct exchange_answer *answer)
{
	struct login_ask *a = context;
	struct radius_logins *l = a->logins;
	struct span state;

	if (answer->result != EXCHANGE_ANSWERED) {
		unavailable(a, answer->why);
		return;
	}
	radius_access_read(l->core->config, &a->asked, answer->reply, answer->request_authenticator,
		answer->secret, &a->reply, &state);
	memcpy(a->reply.server, answer->server->name, sizeof(a->reply.server));
	radius_states_keep(&l->states, a->asked.tag, state);
	STAILQ_INSERT_TAIL(&l->ready, a, in_ready);
}

// No server could say yes to it.
static void refused(struct login_ask *a, const char *why)
{
	a->reply.tag = a->asked.tag;
	a->reply.result = AAA_REJECT;
	a->reply.ms_error = 691;
	a->reply.is_no_guess = true;
	a->reply.why = why;
	STAILQ_INSERT_TAIL(&a->logins->ready, a, in_ready);
}

// Ask. Returns whether the answer comes later.
static bool ask(struct radius_logins *l, const struct aaa_request *request, struct login_ask *a)
{
	const struct config *config = l->core->config;
	struct radius_packet packet;
	const char *why = "too many requests to RADIUS servers are under way";
	int rc;

	if (request->tenant >= config->n_tenants ||
		config->tenants[request->tenant].radius_index == CONFIG_NO_INDEX) {
		unavailable(a, "the tenant has no group of RADIUS servers");
		return false;
	}
	rc = radius_access_write(
		config, request, radius_states_of(&l->states, request->tag), &packet, &a->asked);
	if (rc != 0) {
		refused(a, rc == -EINVAL ? "there is a zero byte in the user name"
					 : "the password is longer than RADIUS has room for");
	} else {
		const struct exchange_request r = {
			.kind = EXCHANGE_AUTH,
			.group = config->tenants[request->tenant].radius_index,
			.packet = &packet,
			.done = answered,
			.context = a,
		};
		rc = exchange_submit(l->exchange, &r);
		if (rc == -EHOSTUNREACH)
			why = "all RADIUS servers of the group are dead";
		if (rc != 0)
			unavailable(a, why);
	}
	radius_packet_wipe(&packet);
	return rc == 0;
}

int radius_logins_submit(struct radius_logins *l, const struct aaa_request *request)
{
	struct login_ask *a;

	if (l->n == LOGINS_MAX)
		return -EBUSY;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -EBUSY;
	a->logins = l;
	a->asked.tag = request->tag;
	LIST_INSERT_HEAD(&l->all, a, in_all);
	l->n++;
	if (!ask(l, request, a))
		radius_core_arm(l->core, &l->wake, l->core->now_ns);
	return 0;
}

unsigned int radius_logins_poll(struct radius_logins *l, struct aaa_reply *replies, unsigned int n)
{
	struct login_ask *a;
	unsigned int got = 0;

	while (got < n && (a = STAILQ_FIRST(&l->ready))) {
		STAILQ_REMOVE_HEAD(&l->ready, in_ready);
		replies[got++] = a->reply;
		free_ask(a);
	}
	// What there was no room for: the descriptor stays readable.
	if (!STAILQ_EMPTY(&l->ready))
		radius_core_arm(l->core, &l->wake, l->core->now_ns);
	return got;
}
