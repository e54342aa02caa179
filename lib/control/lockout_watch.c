// SPDX-License-Identifier: BSD-3-Clause
#include "control/lockout_watch.h"

#include "aaa/login.h"
#include "control/control_state.h"
#include "control/call.h"

#include <errno.h>
#include <sys/random.h>

#define SECOND_NS UINT64_C(1000000000)

enum { ENDS_PER_CHECK = 256 }; // told at most; the others the next second

static struct lockout_limits limits_of(const struct config *from)
{
	return (struct lockout_limits){
		.user_failures = from->lockout_user_failures,
		.source_failures = from->lockout_source_failures,
		.first_ns = from->lockout_first_s * SECOND_NS,
		.max_ns = from->lockout_max_s * SECOND_NS,
		.forget_ns = from->lockout_forget_s * SECOND_NS,
	};
}

int lockout_watch_open(struct control *c)
{
	const struct lockout_limits limits = limits_of(c->config.config);
	uint64_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	return lockout_init(&c->lockout, &limits, LIMIT_LOCKOUTS, seed);
}

void lockout_watch_configure(struct control *c)
{
	c->lockout.limits = limits_of(c->config.config);
}

void lockout_watch_close(struct control *c)
{
	lockout_fini(&c->lockout);
}

static struct span account_of(const struct call *call)
{
	return login_account(
		call->control->config.config, call->tenant, span_of(call->user, call->user_len));
}

static void begin(struct event *event, const struct control *c, enum event_kind kind,
	const struct lockout_entry *e)
{
	event_begin(event, kind);
	event_word(event, "what", lockout_kind_name(e->kind));
	if (e->kind != LOCKOUT_SOURCE)
		event_text(event, "user", span_of(e->user, e->user_len));
	if (e->tenant)
		event_word(event, "tenant", config_tenant_name(c->config.config, e->tenant));
	if (e->kind != LOCKOUT_USER)
		event_ipv4(event, "client", e->source_be);
}

static void tell_end(struct control *c, const struct lockout_entry *e, const char *how)
{
	struct event event;

	begin(&event, c, EVENT_LOCKOUT_ENDED, e);
	event_word(&event, "how", how);
	event_send(c->config.log, &event);
}

bool lockout_watch_refuses(const struct call *call)
{
	struct control *c = call->control;

	return lockout_find(&c->lockout, call->tenant, account_of(call), call->client_be,
		       control_now(c)) != NULL;
}

void lockout_watch_fail(const struct call *call)
{
	struct control *c = call->control;
	const struct lockout_entry *begun[LOCKOUT_KINDS];
	unsigned int n = lockout_fail(&c->lockout, call->tenant, account_of(call), call->client_be,
		control_now(c), begun);

	for (unsigned int i = 0; i < n; i++) {
		struct event event;

		begin(&event, c, EVENT_LOCKED_OUT, begun[i]);
		event_duration(&event, "for", begun[i]->until_ns - control_now(c));
		event_u64(&event, "locks", begun[i]->n_locks);
		event_send(c->config.log, &event);
	}
}

void lockout_watch_succeed(const struct call *call)
{
	struct control *c = call->control;

	lockout_succeed(
		&c->lockout, call->tenant, account_of(call), call->client_be, control_now(c));
}

void lockout_watch_check(struct control *c)
{
	const struct lockout_entry *e;

	for (int i = 0; i < ENDS_PER_CHECK; i++) {
		e = lockout_next_end(&c->lockout, control_now(c));
		if (!e)
			break;
		tell_end(c, e, "its time is over");
	}
}

static void was_cleared(void *context, const struct lockout_entry *entry)
{
	tell_end(context, entry, "cleared");
}

unsigned int lockout_watch_clear(
	struct control *c, const struct span *user, const uint32_t *source_be)
{
	return lockout_clear(&c->lockout, user, source_be, control_now(c), was_cleared, c);
}
