// SPDX-License-Identifier: BSD-3-Clause
#include "control/admission.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// Sources that are remembered for their rate alone, beyond those that have connections.
enum { IDLE_SOURCES = 1024 };

#define NS_PER_S UINT64_C(1000000000)

struct bucket {
	uint64_t filled_ns;
	uint64_t tokens; // in units of 1/NS_PER_S set-up
};

struct admission_source {
	uint32_t address_be;
	uint32_t next; // in its bucket: index plus 1
	bool is_known; // it is in a bucket
	uint32_t n_connections;
	uint32_t n_strangers;
	uint32_t n_calls;
	struct bucket connection_rate;
	struct bucket call_rate;
	struct admission_list queues[ADMISSION_QUEUES];
	union {
		TAILQ_ENTRY(admission_source) in_idle;
		TAILQ_ENTRY(admission_source) in_turns; // while it has somebody waiting
	};
};

int admission_init(struct admission *a, const struct admission_limits *limits, uint64_t hash_seed)
{
	memset(a, 0, sizeof(*a));
	a->limits = *limits;
	a->hash_seed = hash_seed | 1;
	a->n_sources = limits->max_connections + IDLE_SOURCES;
	a->n_buckets = 1;
	while (a->n_buckets < a->n_sources)
		a->n_buckets *= 2;
	a->buckets = calloc(a->n_buckets, sizeof(*a->buckets));
	a->sources = calloc(a->n_sources, sizeof(*a->sources));
	if (!a->buckets || !a->sources) {
		admission_fini(a);
		return -ENOMEM;
	}
	TAILQ_INIT(&a->idle);
	TAILQ_INIT(&a->turns);
	for (int i = 0; i < ADMISSION_QUEUES; i++)
		TAILQ_INIT(&a->queues[i]);
	for (uint32_t i = 0; i < a->n_sources; i++)
		TAILQ_INSERT_TAIL(&a->idle, &a->sources[i], in_idle);
	return 0;
}

void admission_fini(struct admission *a)
{
	free(a->buckets);
	free(a->sources);
	memset(a, 0, sizeof(*a));
}

static uint32_t *bucket_of(const struct admission *a, uint32_t source_be)
{
	uint64_t h = (source_be + (a->hash_seed >> 32)) * a->hash_seed;

	return &a->buckets[(h >> 32) & (a->n_buckets - 1)];
}

static struct admission_source *find(const struct admission *a, uint32_t source_be)
{
	for (uint32_t i = *bucket_of(a, source_be); i; i = a->sources[i - 1].next)
		if (a->sources[i - 1].address_be == source_be)
			return &a->sources[i - 1];
	return NULL;
}

static void forget(struct admission *a, struct admission_source *s)
{
	uint32_t self = (uint32_t)(s - a->sources) + 1;
	uint32_t *at = bucket_of(a, s->address_be);

	while (*at != self)
		at = &a->sources[*at - 1].next;
	*at = s->next;
	s->is_known = false;
}

// The source's entry; a new one takes the place of the one that was idle for longest. There always
// is one, since there are more entries than connections.
static struct admission_source *find_or_make(
	struct admission *a, uint32_t source_be, uint64_t now_ns)
{
	struct admission_source *s = find(a, source_be);

	if (s)
		return s;
	s = TAILQ_FIRST(&a->idle);
	assert(s);
	if (s->is_known)
		forget(a, s);
	// What is fresh in the list is what was asked last.
	TAILQ_REMOVE(&a->idle, s, in_idle);
	TAILQ_INSERT_TAIL(&a->idle, s, in_idle);
	s->address_be = source_be;
	s->is_known = true;
	s->connection_rate = s->call_rate = (struct bucket){
		.filled_ns = now_ns, .tokens = a->limits.setups_per_second * NS_PER_S};
	for (int i = 0; i < ADMISSION_QUEUES; i++)
		TAILQ_INIT(&s->queues[i]);
	uint32_t *bucket = bucket_of(a, source_be);
	s->next = *bucket;
	*bucket = (uint32_t)(s - a->sources) + 1;
	return s;
}

static bool take_token(const struct admission *a, struct bucket *b, uint64_t now_ns)
{
	uint64_t rate = a->limits.setups_per_second;
	uint64_t passed = now_ns - b->filled_ns;

	if (rate == 0)
		return true;
	// A bucket holds one second's worth, so more than a second passed is as good as one.
	b->tokens += (passed < NS_PER_S ? passed : NS_PER_S) * rate;
	if (b->tokens > rate * NS_PER_S)
		b->tokens = rate * NS_PER_S;
	b->filled_ns = now_ns;
	if (b->tokens < NS_PER_S)
		return false;
	b->tokens -= NS_PER_S;
	return true;
}

static bool is_stranger(const struct admission_ticket *t)
{
	return t->class < ADMISSION_KNOWN;
}

static uint64_t grace_of(const struct admission *a, enum admission_class class)
{
	switch (class) {
	case ADMISSION_SILENT:
		return a->limits.silent_grace_ns;
	case ADMISSION_TALKING:
	case ADMISSION_KNOWN:
		return a->limits.talking_grace_ns;
	case ADMISSION_WAITING:
	case ADMISSION_TRUSTED:
		break;
	}
	return UINT64_MAX;
}

static bool had_grace(const struct admission *a, const struct admission_ticket *t, uint64_t now_ns)
{
	return now_ns - t->since_ns >= grace_of(a, t->class);
}

// The oldest of each class is first in its list, so two looks are enough.
static struct admission_ticket *find_victim(
	const struct admission *a, const struct admission_list *lists, uint64_t now_ns)
{
	for (int class = ADMISSION_SILENT; class <= ADMISSION_TALKING; class ++) {
		struct admission_ticket *t = TAILQ_FIRST(&lists[class]);
		if (t && had_grace(a, t, now_ns))
			return t;
	}
	return NULL;
}

bool admission_has_room(const struct admission *a, uint64_t now_ns)
{
	return a->n_strangers < a->limits.max_strangers || find_victim(a, a->queues, now_ns);
}

// ---- set-ups under way ---------------------------------------------------------------------------

static void end_setup(struct admission *a, struct admission_ticket *t)
{
	if (!t->is_setup)
		return;
	if (a->first_setup[t->class] == t)
		a->first_setup[t->class] = TAILQ_NEXT(t, in_class);
	t->is_setup = false;
	a->n_setups--;
}

// Who had its grace without getting further takes nobody's turn any more.
static void end_stale_setups(struct admission *a, uint64_t now_ns)
{
	for (int class = ADMISSION_SILENT; class <= ADMISSION_KNOWN; class ++)
		while (a->first_setup[class] && had_grace(a, a->first_setup[class], now_ns))
			end_setup(a, a->first_setup[class]);
}

static bool may_begin(struct admission *a, uint64_t now_ns)
{
	end_stale_setups(a, now_ns);
	return a->limits.max_setups == 0 || a->n_setups < a->limits.max_setups;
}

// Out of the lists of its class. What comes after it, in join_class() or not at all, is the caller's.
static void leave_class(struct admission *a, struct admission_ticket *ticket)
{
	struct admission_source *s = ticket->source;

	if (ticket->class == ADMISSION_TRUSTED)
		return;
	end_setup(a, ticket);
	TAILQ_REMOVE(&a->queues[ticket->class], ticket, in_class);
	TAILQ_REMOVE(&s->queues[ticket->class], ticket, in_source);
	if (ticket->class != ADMISSION_WAITING)
		return;
	a->n_waiting--;
	if (TAILQ_EMPTY(&s->queues[ADMISSION_WAITING]))
		TAILQ_REMOVE(&a->turns, s, in_turns);
}

static void join_class(struct admission *a, struct admission_ticket *ticket,
	enum admission_class class, uint64_t now_ns)
{
	struct admission_source *s = ticket->source;

	ticket->class = class;
	ticket->since_ns = now_ns;
	if (class == ADMISSION_TRUSTED)
		return;
	if (class == ADMISSION_WAITING) {
		a->n_waiting++;
		if (TAILQ_EMPTY(&s->queues[ADMISSION_WAITING]))
			TAILQ_INSERT_TAIL(&a->turns, s, in_turns);
	} else {
		ticket->is_setup = true;
		a->n_setups++;
		if (!a->first_setup[class])
			a->first_setup[class] = ticket;
	}
	TAILQ_INSERT_TAIL(&a->queues[class], ticket, in_class);
	TAILQ_INSERT_TAIL(&s->queues[class], ticket, in_source);
}

struct admission_ticket *admission_next(struct admission *a, uint64_t now_ns)
{
	struct admission_source *s = TAILQ_FIRST(&a->turns);

	if (!s || !may_begin(a, now_ns))
		return NULL;
	struct admission_ticket *ticket = TAILQ_FIRST(&s->queues[ADMISSION_WAITING]);
	leave_class(a, ticket);
	join_class(a, ticket, ADMISSION_SILENT, now_ns);
	if (!TAILQ_EMPTY(&s->queues[ADMISSION_WAITING])) { // to the end of the queue of sources
		TAILQ_REMOVE(&a->turns, s, in_turns);
		TAILQ_INSERT_TAIL(&a->turns, s, in_turns);
	}
	return ticket;
}

uint64_t admission_deadline(const struct admission *a, uint64_t now_ns)
{
	uint64_t due_ns = UINT64_MAX;

	for (int class = ADMISSION_SILENT; class <= ADMISSION_KNOWN; class ++) {
		const struct admission_ticket *oldest[] = {
			a->first_setup[class], TAILQ_FIRST(&a->queues[class])};
		for (int i = 0; i < 2; i++) {
			if (!oldest[i] || had_grace(a, oldest[i], now_ns))
				continue;
			uint64_t over_ns = oldest[i]->since_ns + grace_of(a, oldest[i]->class);
			if (over_ns < due_ns)
				due_ns = over_ns;
		}
	}
	return due_ns;
}

void admission_progress(struct admission *a, struct admission_ticket *ticket,
	enum admission_step step, uint64_t now_ns)
{
	if (!ticket->source || ticket->class != ADMISSION_TALKING || step <= ticket->step)
		return;
	ticket->step = step;
	leave_class(a, ticket);
	join_class(a, ticket, ADMISSION_TALKING, now_ns);
}

// ---- in and out ----------------------------------------------------------------------------------

static enum admission_verdict enter(struct admission *a, struct admission_ticket *ticket,
	uint32_t source_be, uint64_t now_ns, struct admission_ticket **evicted)
{
	const struct admission_limits *limits = &a->limits;
	struct admission_source *s = find_or_make(a, source_be, now_ns);
	struct admission_ticket *victim = NULL;

	*evicted = NULL;
	if (!take_token(a, &s->connection_rate, now_ns))
		return ADMISSION_RATE;
	if (s->n_strangers >= limits->max_strangers_per_source) {
		victim = find_victim(a, s->queues, now_ns);
		if (!victim)
			return ADMISSION_SOURCE_STRANGERS_FULL;
	} else if (a->n_strangers >= limits->max_strangers) {
		victim = find_victim(a, a->queues, now_ns);
		if (!victim)
			return ADMISSION_STRANGERS_FULL;
	}
	bool same_source = victim && victim->source == s;
	if (s->n_connections - same_source >= limits->max_per_source)
		return ADMISSION_SOURCE_FULL;
	if (a->n_connections - (victim != NULL) >= limits->max_connections)
		return ADMISSION_FULL;

	if (victim)
		admission_leave(a, victim);
	*evicted = victim;
	if (s->n_connections == 0)
		TAILQ_REMOVE(&a->idle, s, in_idle);
	s->n_connections++;
	s->n_strangers++;
	a->n_connections++;
	a->n_strangers++;
	ticket->source = s;
	ticket->step = ADMISSION_STEP_NONE;
	// Nobody overtakes those who wait already.
	bool waits = !may_begin(a, now_ns) || a->n_waiting > 0;
	join_class(a, ticket, waits ? ADMISSION_WAITING : ADMISSION_SILENT, now_ns);
	return ADMISSION_OK;
}

enum admission_verdict admission_enter(struct admission *a, struct admission_ticket *ticket,
	uint32_t source_be, uint64_t now_ns, struct admission_ticket **evicted)
{
	enum admission_verdict verdict = enter(a, ticket, source_be, now_ns, evicted);

	a->n_verdicts[verdict]++;
	return verdict;
}

void admission_promote(struct admission *a, struct admission_ticket *ticket,
	enum admission_class class, uint64_t now_ns)
{
	if (!ticket->source || class <= ticket->class)
		return;
	bool was_stranger = is_stranger(ticket);
	leave_class(a, ticket);
	join_class(a, ticket, class, now_ns);
	if (was_stranger && !is_stranger(ticket)) {
		a->n_strangers--;
		ticket->source->n_strangers--;
	}
}

void admission_leave(struct admission *a, struct admission_ticket *ticket)
{
	struct admission_source *s = ticket->source;

	if (!s)
		return;
	leave_class(a, ticket);
	if (is_stranger(ticket)) {
		a->n_strangers--;
		s->n_strangers--;
	}
	s->n_calls -= ticket->n_calls;
	ticket->n_calls = 0;
	a->n_connections--;
	if (--s->n_connections == 0)
		TAILQ_INSERT_TAIL(&a->idle, s, in_idle);
	ticket->source = NULL;
}

static enum admission_verdict enter_call(
	struct admission *a, struct admission_ticket *ticket, uint64_t now_ns)
{
	struct admission_source *s = ticket->source;

	if (s->n_calls >= a->limits.max_calls_per_source)
		return ADMISSION_SOURCE_CALLS_FULL;
	if (!take_token(a, &s->call_rate, now_ns))
		return ADMISSION_RATE;
	s->n_calls++;
	ticket->n_calls++;
	return ADMISSION_OK;
}

enum admission_verdict admission_enter_call(
	struct admission *a, struct admission_ticket *ticket, uint64_t now_ns)
{
	enum admission_verdict verdict = enter_call(a, ticket, now_ns);

	a->n_verdicts[verdict]++;
	return verdict;
}

void admission_leave_call(struct admission_ticket *ticket)
{
	if (!ticket->source)
		return;
	ticket->source->n_calls--;
	ticket->n_calls--;
}

uint32_t admission_source_count(const struct admission *a, uint32_t source_be)
{
	const struct admission_source *s = find(a, source_be);

	return s ? s->n_connections : 0;
}

const char *admission_verdict_name(enum admission_verdict verdict)
{
	switch (verdict) {
	case ADMISSION_OK:
		return "none";
	case ADMISSION_FULL:
		return "max_connections";
	case ADMISSION_SOURCE_FULL:
		return "max_connections_per_source";
	case ADMISSION_STRANGERS_FULL:
		return "max_unauthenticated";
	case ADMISSION_SOURCE_STRANGERS_FULL:
		return "max_unauthenticated_per_source";
	case ADMISSION_SOURCE_CALLS_FULL:
		return "max_calls_per_source";
	case ADMISSION_RATE:
		return "setups_per_second_per_source";
	case ADMISSION_VERDICT_COUNT:
		break;
	}
	return "unknown";
}

enum end_reason admission_verdict_reason(enum admission_verdict verdict)
{
	switch (verdict) {
	case ADMISSION_OK:
		return END_NONE;
	case ADMISSION_FULL:
	case ADMISSION_STRANGERS_FULL:
		return END_NO_RESOURCE;
	case ADMISSION_SOURCE_FULL:
	case ADMISSION_SOURCE_STRANGERS_FULL:
	case ADMISSION_SOURCE_CALLS_FULL:
		return END_LIMIT_SOURCE;
	case ADMISSION_RATE:
		return END_LIMIT_RATE;
	case ADMISSION_VERDICT_COUNT:
		break;
	}
	return END_INTERNAL;
}
