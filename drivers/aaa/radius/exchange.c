// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/exchange_state.h"

#include <errno.h>
#include <stdlib.h>

enum {
	PROBE_S = 5, // between two Status-Server, RFC 5997 4.2
};

static const uint64_t LAST_RESORT_NS = RADIUS_SECOND_NS;

static void begin(struct exchange_call *call);

// ---- servers, alive and dead --------------------------------------------------------------------

static bool takes(const struct exchange_server *s, enum exchange_kind kind)
{
	return (kind == EXCHANGE_AUTH ? s->config.auth_port : s->config.acct_port) != 0;
}

static bool may_be_asked(const struct exchange_peer *p)
{
	return p->state == EXCHANGE_PEER_ALIVE ||
	       (p->state == EXCHANGE_PEER_TRIAL && !p->has_trial);
}

bool exchange_group_is_alive(const struct exchange_group *g, enum exchange_kind kind)
{
	for (uint16_t i = 0; i < g->n; i++)
		if (takes(g->members[i], kind) && may_be_asked(&g->members[i]->peers[kind]))
			return true;
	return false;
}

// Tell who waits for it what has become of the groups that a peer is in.
static void tell_watchers(struct exchange *x, const struct exchange_peer *peer)
{
	for (uint16_t g = 0; g < x->n_groups; g++) {
		struct exchange_group *group = &x->groups[g];
		bool is_in = false;
		for (uint16_t i = 0; i < group->n; i++)
			is_in |= group->members[i] == peer->server;
		if (!is_in)
			continue;
		bool is_alive = exchange_group_is_alive(group, peer->kind);
		if (is_alive == group->was_alive[peer->kind])
			continue;
		group->was_alive[peer->kind] = is_alive;
		for (struct exchange_watcher *w = x->watchers; w; w = w->next)
			w->changed(w, peer->kind, g, is_alive);
	}
}

static void set_state(struct exchange_peer *p, enum exchange_peer_state state)
{
	if ((state == EXCHANGE_PEER_ALIVE) != (p->state == EXCHANGE_PEER_ALIVE))
		p->changed_ns = p->x->core->now_ns;
	p->state = state;
	p->has_trial = false;
}

static uint64_t jitter(uint64_t ns)
{
	uint32_t r;

	radius_core_random(&r, sizeof(r));
	return ns - ns / 10 + (ns / 5 * (r >> 16) >> 16); // RFC 5080 2.2.1: a tenth more or less
}

void exchange_evacuate(struct exchange_peer *p)
{
	p->round++;
	TAILQ_CONCAT(&p->leaving, &p->calls, in_peer);
	TAILQ_CONCAT(&p->leaving, &p->waiting, in_peer);
	if (!TAILQ_EMPTY(&p->leaving))
		radius_core_arm(p->x->core, &p->leave, p->x->core->now_ns);
}

void exchange_leave_due(struct radius_timer *t, uint64_t now_ns)
{
	struct exchange_peer *p =
		(struct exchange_peer *)((char *)t - offsetof(struct exchange_peer, leave));
	struct exchange_call *call;

	while ((call = TAILQ_FIRST(&p->leaving))) {
		exchange_ask_next(call);
		if (!radius_core_has_time(p->x->core))
			break;
	}
	if (!TAILQ_EMPTY(&p->leaving))
		radius_core_arm(p->x->core, &p->leave, now_ns);
	else if (p->server->is_gone)
		exchange_bury(p->server);
}

static void take_for_dead(struct exchange_peer *p)
{
	const struct config_radius_server *config = &p->server->config;
	bool was_dead = p->state != EXCHANGE_PEER_ALIVE;

	set_state(p, EXCHANGE_PEER_DEAD);
	p->counters.deaths += !was_dead;
	if (!was_dead)
		exchange_report_death(p);
	p->unheard_since_ns = 0; // who tries again begins to wait anew
	uint64_t wait_s = config->dead_s;
	if (config->status_server && wait_s > PROBE_S)
		wait_s = PROBE_S;
	if (!p->timer.is_armed)
		radius_core_arm(p->x->core, &p->timer,
			p->x->core->now_ns + jitter(wait_s * RADIUS_SECOND_NS));
	exchange_evacuate(p);
	tell_watchers(p->x, p);
}

static void take_for_alive(struct exchange_peer *p)
{
	uint64_t dead_ns = p->x->core->now_ns - p->changed_ns;

	radius_core_disarm(p->x->core, &p->timer);
	exchange_report_revival(p, dead_ns);
	set_state(p, EXCHANGE_PEER_ALIVE);
	tell_watchers(p->x, p);
}

static void heard(struct exchange_peer *p)
{
	p->unheard_since_ns = 0;
	p->trouble = NULL;
	if (p->state != EXCHANGE_PEER_ALIVE && !p->server->is_gone)
		take_for_alive(p);
}

// ---- one call -----------------------------------------------------------------------------------

static bool is_leaving(const struct exchange_call *call)
{
	return call->round != call->peer->round;
}

// Who is sent to a peer that is not alive finds out whether it is back.
static bool may_begin(const struct exchange_call *call)
{
	return call->peer->state == EXCHANGE_PEER_ALIVE || call->is_trial || call->is_probe;
}

// Give up its place at the peer. Who waits for an identifier there comes next.
void exchange_leave(struct exchange_call *call)
{
	struct exchange_peer *p = call->peer;

	radius_core_disarm(call->x->core, &call->timer);
	if (is_leaving(call)) {
		TAILQ_REMOVE(&p->leaving, call, in_peer);
	} else {
		TAILQ_REMOVE(call->path ? &p->calls : &p->waiting, call, in_peer);
		if (call->is_trial)
			p->has_trial = false;
	}
	p->n_calls--;
	call->is_trial = false;
	call->peer = NULL;
	if (!call->path)
		return;
	radius_path_end(call);
	struct exchange_call *next = TAILQ_FIRST(&p->waiting);
	if (next && may_begin(next)) {
		TAILQ_REMOVE(&p->waiting, next, in_peer);
		begin(next);
	}
}

static void finish(struct exchange_call *call, const struct exchange_answer *answer)
{
	struct exchange *x = call->x;

	if (!call->is_probe) {
		x->n_pending[call->kind]--;
		call->done(call->context, answer);
	}
	exchange_free_call(call);
}

void exchange_free_call(struct exchange_call *call)
{
	LIST_REMOVE(call, in_all);
	secret_wipe_bytes(call->bytes, 2u * call->len);
	free(call);
}

static void arm(struct exchange_call *call)
{
	radius_core_arm(call->x->core, &call->timer, call->x->core->now_ns + call->wait_ns);
}

// Send it for the first time to call->peer, or have it wait for an identifier there.
static void begin(struct exchange_call *call)
{
	struct exchange_peer *p = call->peer;
	uint64_t now_ns = call->x->core->now_ns;

	call->began_ns = now_ns;
	call->sent = 1;
	call->wait_ns = jitter(p->server->config.timeout_ms * RADIUS_MS_NS);
	int rc = radius_path_begin(call);
	if (rc == -EAGAIN) {
		TAILQ_INSERT_TAIL(&p->waiting, call, in_peer);
		return;
	}
	p->asked_ns = now_ns;
	if (p->unheard_since_ns == 0)
		p->unheard_since_ns = now_ns;
	if (rc == 0)
		TAILQ_INSERT_TAIL(&p->calls, call, in_peer);
	else
		TAILQ_INSERT_TAIL(
			&p->waiting, call, in_peer); // no socket now: its time runs all the same
	if (rc != 0)
		p->counters.not_sent++;
	arm(call);
}

static void ask(struct exchange_call *call, struct exchange_peer *p)
{
	call->peer = p;
	call->round = p->round;
	p->n_calls++;
	if (!call->is_probe)
		p->counters.requests++;
	if (p->state != EXCHANGE_PEER_ALIVE && !call->is_probe) {
		p->has_trial = true;
		call->is_trial = true;
	}
	begin(call);
}

// ---- who is asked -------------------------------------------------------------------------------

// Nothing heard for longer than an answer may take: who has the choice asks another.
static bool is_suspect(const struct exchange_peer *p)
{
	uint64_t patience_ns = p->server->config.timeout_ms * RADIUS_MS_NS;

	return p->unheard_since_ns && p->x->core->now_ns - p->unheard_since_ns > patience_ns;
}

static bool is_better(const struct exchange_peer *p, const struct exchange_peer *than,
	enum config_radius_mode mode)
{
	if (!than)
		return true;
	bool suspect = is_suspect(p);
	if (suspect != is_suspect(than))
		return !suspect;
	if (mode != CONFIG_RADIUS_BALANCE)
		return false;
	// Of idle ones the one that has rested longest: else the first would get all that comes one by one.
	return p->n_calls != than->n_calls ? p->n_calls < than->n_calls
					   : p->asked_ns < than->asked_ns;
}

// When all are dead and none is probed, one request a second goes to the one that was asked longest ago: else nobody
// would find out that it is back before dead_s is over.
static struct exchange_peer *last_resort(const struct exchange_group *g, enum exchange_kind kind,
	uint8_t tried, uint64_t now_ns, int *place)
{
	struct exchange_peer *best = NULL;

	for (uint16_t i = 0; i < g->n; i++) {
		struct exchange_peer *p = &g->members[i]->peers[kind];
		if (!takes(g->members[i], kind) || tried & 1u << i || p->has_trial ||
			p->server->config.status_server || now_ns - p->asked_ns < LAST_RESORT_NS)
			continue;
		if (!best || p->asked_ns < best->asked_ns) {
			best = p;
			*place = i;
		}
	}
	return best;
}

static struct exchange_peer *choose(const struct exchange *x, uint16_t group,
	enum exchange_kind kind, uint8_t tried, int *place)
{
	const struct exchange_group *g = &x->groups[group];
	struct exchange_peer *best = NULL;

	for (uint16_t i = 0; i < g->n; i++) {
		struct exchange_peer *p = &g->members[i]->peers[kind];
		if (!takes(g->members[i], kind) || tried & 1u << i || !may_be_asked(p))
			continue;
		if (is_better(p, best, g->mode)) {
			best = p;
			*place = i;
		}
	}
	if (!best && !tried)
		best = last_resort(g, kind, tried, x->core->now_ns, place);
	return best;
}

// The call has had its tries here, or its server is dead.
void exchange_ask_next(struct exchange_call *call)
{
	struct exchange_peer *before = call->peer;
	struct exchange *x = call->x;
	struct exchange_peer *next = NULL;
	int place = 0;

	exchange_leave(call);
	if (!call->trouble)
		call->trouble = before->trouble;
	if (!call->is_probe && call->group < x->n_groups)
		next = choose(x, call->group, call->kind, call->tried, &place);
	if (next) {
		before->counters.failed_over++;
		call->tried |= (uint8_t)(1u << place);
		ask(call, next);
		return;
	}
	const struct exchange_answer answer = {
		.result = EXCHANGE_TIMEOUT,
		.why = call->trouble ? call->trouble : "no answer from a RADIUS server",
	};
	finish(call, &answer);
}

// ---- time ---------------------------------------------------------------------------------------

static void give_up(struct exchange_call *call)
{
	struct exchange_peer *p = call->peer;

	p->counters.timeouts++;
	// Not one good answer since this one was sent: it is not only this packet that got lost or was not liked.
	bool is_dead = p->unheard_since_ns && p->unheard_since_ns <= call->began_ns;
	if (call->is_probe) {
		exchange_leave(call);
		finish(call, NULL);
		take_for_dead(p); // and on
		return;
	}
	if (is_dead || call->is_trial) {
		// This one too goes to the next server.
		take_for_dead(p);
		return;
	}
	exchange_ask_next(call);
}

static void call_due(struct radius_timer *t, uint64_t now_ns)
{
	struct exchange_call *call =
		(struct exchange_call *)((char *)t - offsetof(struct exchange_call, timer));
	struct exchange_peer *p = call->peer;
	uint32_t tries = call->is_trial || call->is_probe ? 1 : p->server->config.tries;

	if (is_leaving(call)) {
		exchange_ask_next(call);
		return;
	}
	if (call->sent >= tries) {
		give_up(call);
		return;
	}
	call->sent++;
	p->counters.retransmits++;
	if (call->path) {
		radius_path_repeat(call);
	} else if (radius_path_begin(call) == 0) { // there was no socket to be had
		TAILQ_REMOVE(&p->waiting, call, in_peer);
		TAILQ_INSERT_TAIL(&p->calls, call, in_peer);
	}
	call->wait_ns = jitter(2 * call->wait_ns);
	arm(call);
}

static struct exchange_call *new_call(struct exchange *x, struct span plain)
{
	struct exchange_call *call = calloc(1, sizeof(*call) + 2 * plain.len);

	if (!call)
		return NULL;
	call->x = x;
	call->timer.fire = call_due;
	call->len = (uint16_t)plain.len;
	memcpy(call->bytes, plain.bytes, plain.len);
	LIST_INSERT_HEAD(&x->all, call, in_all);
	return call;
}

static void probe(struct exchange_peer *p)
{
	const struct config *config = p->x->core->config;
	struct radius_packet packet;

	radius_begin(&packet, RADIUS_STATUS_SERVER, true);
	radius_put_text(&packet, RADIUS_NAS_IDENTIFIER,
		config->nas_identifier[0] ? config->nas_identifier : config->name);
	struct exchange_call *call = new_call(p->x, radius_plain(&packet));
	if (!call) { // the next time then
		take_for_dead(p);
		return;
	}
	call->is_probe = true;
	call->kind = p->kind;
	p->counters.probes++;
	ask(call, p);
}

void exchange_dead_due(struct radius_timer *t, uint64_t now_ns)
{
	struct exchange_peer *p =
		(struct exchange_peer *)((char *)t - offsetof(struct exchange_peer, timer));

	if (p->server->config.status_server) {
		probe(p);
		return;
	}
	set_state(p, EXCHANGE_PEER_TRIAL);
	tell_watchers(p->x, p);
}

// ---- answers ------------------------------------------------------------------------------------

static bool is_answer_to(const struct exchange_call *call, uint8_t code)
{
	if (call->kind == EXCHANGE_ACCT)
		return code == RADIUS_ACCOUNTING_RESPONSE;
	return code == RADIUS_ACCESS_ACCEPT ||
	       (!call->is_probe &&
		       (code == RADIUS_ACCESS_REJECT || code == RADIUS_ACCESS_CHALLENGE));
}

static bool check(struct exchange_call *call, const struct radius_view *v)
{
	const struct exchange_server *s = call->peer->server;
	struct exchange_peer *p = call->peer;
	// FreeRADIUS 3.2.1 puts none into its answer to Status-Server. Who forges that one gains nothing but a try.
	bool is_required = call->kind == EXCHANGE_AUTH && !call->is_probe &&
			   s->config.require_message_authenticator;

	switch (radius_check_reply(v, call->bytes + call->len + 4, &s->secret, is_required)) {
	case RADIUS_CHECK_GOOD:
		return true;
	case RADIUS_CHECK_AUTHENTICATOR:
		p->counters.wrong_authenticator++;
		p->trouble = "answers with a wrong authenticator: is the secret the server's?";
		break;
	case RADIUS_CHECK_NO_MESSAGE_AUTHENTICATOR:
		p->counters.no_message_authenticator++;
		p->trouble = "answers without Message-Authenticator, which is required";
		break;
	case RADIUS_CHECK_MESSAGE_AUTHENTICATOR:
		p->counters.wrong_message_authenticator++;
		p->trouble = "answers with a wrong Message-Authenticator";
		break;
	}
	exchange_report_wrong(p, p->trouble);
	return false;
}

void exchange_take(struct radius_path *path, struct span packet)
{
	struct exchange_peer *p = path->peer;
	struct radius_view v;

	if (radius_read(packet, &v) != 0) {
		p->counters.malformed++;
		return;
	}
	struct exchange_call *call = path->by_id[v.id];
	if (!call) {
		p->counters.late++;
		return;
	}
	if (!is_answer_to(call, v.code)) {
		p->counters.wrong_code++;
		return;
	}
	if (!check(call, &v))
		return;
	exchange_report_packet(call, false, &v);
	uint64_t took_ns = p->x->core->now_ns - call->began_ns;
	p->answer_ns = p->answer_ns ? p->answer_ns - p->answer_ns / 8 + took_ns / 8 : took_ns;
	p->counters.answers++;
	exchange_leave(call);
	heard(p);
	const struct exchange_answer answer = {
		.result = EXCHANGE_ANSWERED,
		.reply = &v,
		.request_authenticator = call->bytes + call->len + 4,
		.server = &p->server->config,
		.secret = &p->server->secret,
	};
	finish(call, &answer);
}

// ---- from outside -------------------------------------------------------------------------------

int exchange_submit(struct exchange *x, const struct exchange_request *r)
{
	struct span plain = radius_plain(r->packet);
	int place = 0;

	if (plain.len < RADIUS_HEADER_BYTES)
		return -EMSGSIZE;
	if (r->group >= x->n_groups)
		return -EHOSTUNREACH;
	if (x->n_pending[r->kind] >= EXCHANGE_PENDING_MAX)
		return -EBUSY;
	struct exchange_peer *p = choose(x, r->group, r->kind, 0, &place);
	if (!p)
		return -EHOSTUNREACH;
	struct exchange_call *call = new_call(x, plain);
	if (!call)
		return -ENOMEM;
	call->done = r->done;
	call->context = r->context;
	call->kind = (uint8_t)r->kind;
	call->group = r->group;
	call->tried = (uint8_t)(1u << place);
	x->n_pending[r->kind]++;
	ask(call, p);
	return 0;
}

void exchange_watch(struct exchange *x, struct exchange_watcher *w)
{
	w->next = x->watchers;
	x->watchers = w;
}

bool exchange_is_alive(const struct exchange *x, enum exchange_kind kind, uint16_t group)
{
	return group < x->n_groups && exchange_group_is_alive(&x->groups[group], kind);
}

uint32_t exchange_pending(const struct exchange *x, enum exchange_kind kind)
{
	return x->n_pending[kind];
}
