// SPDX-License-Identifier: BSD-3-Clause
#include "control/logins.h"

#include "aaa/login.h"
#include "control/call.h"
#include "control/control_state.h"

#include <errno.h>
#include <stdlib.h>

enum { REPLACED_MAX = 16 }; // by one login

static uint8_t fold(uint8_t b)
{
	return b >= 'A' && b <= 'Z' ? (uint8_t)(b | 0x20) : b;
}

static bool is_same_name(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.bytes[i]) != fold(b.bytes[i]))
			return false;
	return true;
}

// FNV-1a. Only who knows a password gets in here.
static uint32_t bucket_of(const struct logins *l, uint16_t tenant, struct span account)
{
	uint64_t h = l->seed ^ tenant;

	for (size_t i = 0; i < account.len; i++)
		h = (h ^ fold(account.bytes[i])) * UINT64_C(0x100000001b3);
	return (uint32_t)((h ^ h >> 32) % LOGINS_BUCKETS);
}

void logins_init(struct logins *l, uint64_t seed)
{
	*l = (struct logins){.seed = seed};
}

void logins_fini(struct logins *l)
{
	for (int i = 0; i < LOGINS_BUCKETS; i++) {
		struct logins_user *next;
		for (struct logins_user *u = l->buckets[i]; u; u = next) {
			next = u->next;
			free(u);
		}
	}
	*l = (struct logins){0};
}

static struct span account_of(const struct control *c, uint16_t tenant, struct span name)
{
	return login_account(c->config.config, tenant, name);
}

static bool is_of(const struct logins_user *u, uint16_t tenant, struct span account)
{
	const struct call *call = TAILQ_FIRST(&u->calls);
	const struct span name = span_of(call->user, call->user_len);

	return call->tenant == tenant &&
	       is_same_name(account_of(call->control, tenant, name), account);
}

static struct logins_user *find(
	const struct logins *l, uint32_t bucket, uint16_t tenant, struct span account)
{
	struct logins_user *u = l->buckets[bucket];

	while (u && !is_of(u, tenant, account))
		u = u->next;
	return u;
}

struct logins_user *logins_find(struct control *c, uint16_t tenant, struct span name)
{
	struct span account = account_of(c, tenant, name);

	return find(&c->logins, bucket_of(&c->logins, tenant, account), tenant, account);
}

int logins_add(struct call *call)
{
	struct logins *l = &call->control->logins;
	struct span account =
		account_of(call->control, call->tenant, span_of(call->user, call->user_len));
	uint32_t bucket = bucket_of(l, call->tenant, account);
	struct logins_user *u = find(l, bucket, call->tenant, account);

	if (!u) {
		u = malloc(sizeof(*u));
		if (!u)
			return -ENOMEM;
		*u = (struct logins_user){.next = l->buckets[bucket], .bucket = bucket};
		TAILQ_INIT(&u->calls);
		l->buckets[bucket] = u;
	}
	TAILQ_INSERT_TAIL(&u->calls, call, in_logins);
	u->n_calls++;
	call->logins = u;
	return 0;
}

void logins_remove(struct call *call)
{
	struct logins_user *u = call->logins, **at;

	if (!u)
		return;
	call->logins = NULL;
	TAILQ_REMOVE(&u->calls, call, in_logins);
	if (--u->n_calls > 0)
		return;
	at = &call->control->logins.buckets[u->bucket];
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	free(u);
}

// ---- how many there may be -------------------------------------------------------------------------

// One in doubt may be dead, and one that hangs up goes in any case: who dials again does not wait for its client's answer.
static bool counts(const struct call *call)
{
	return call->stale_due_ns == TIMER_NEVER && call->link.phase < LINK_TERMINATE;
}

// Calls of the user that count, at most `enough`: the others are few, so few are looked at.
static uint32_t count(const struct logins_user *u, uint32_t enough)
{
	const struct call *call;
	uint32_t n = 0;

	if (u->n_calls < enough)
		enough = u->n_calls;
	TAILQ_FOREACH(call, &u->calls, in_logins)
	{
		if (n == enough)
			break;
		n += counts(call);
	}
	return n;
}

static void replace_oldest(const struct logins_user *u)
{
	struct call *old = TAILQ_FIRST(&u->calls);

	while (old && !counts(old))
		old = TAILQ_NEXT(old, in_logins);
	if (!old)
		return;
	counter_add(&old->control->counters.calls_superseded, 1);
	call_end(old, END_LOGIN_REPLACED);
}

bool logins_make_room(struct call *fresh)
{
	struct control *c = fresh->control;
	const struct policy *p = &fresh->policy;
	struct logins_user *u;

	if (p->logins_max == 0)
		return true;
	// A policy that has become stricter meanwhile may leave many to be ended: the next login goes on with them.
	for (int i = 0; i < REPLACED_MAX; i++) {
		u = logins_find(c, fresh->tenant, span_of(fresh->user, fresh->user_len));
		if (!u || count(u, p->logins_max) < p->logins_max)
			return true;
		if (!p->logins_replace)
			return false;
		replace_oldest(u); // and it may have been the last of them
	}
	return true;
}

void logins_recount(struct call *old)
{
	const struct logins_user *u = old->logins;

	if (!u)
		return;
	struct call *newest = TAILQ_LAST(&u->calls, logins_calls);
	while (newest != old && !counts(newest))
		newest = TAILQ_PREV(newest, logins_calls, in_logins);
	uint32_t max = newest->policy.logins_max;
	if (max == 0 || count(u, max + 1) <= max)
		return;
	if (newest->policy.logins_replace)
		replace_oldest(u);
	else
		call_close(newest, END_AUTH_LOGINS);
}
