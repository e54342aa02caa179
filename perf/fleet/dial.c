// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/dial.h"

#include "crypto/mschap.h"
#include "perf/fleet/call.h"
#include "perf/fleet/dial_state.h"
#include "perf/fleet/kernel_tcp.h"

#include <ctype.h>
#include <errno.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	PORT_FIRST = 10000, // of the range that first_port is drawn from
	PORTS = 5000,
	BEGIN_BURST = 16,   // calls begun in one round
	TIMERS_BURST = 256, // fired in one round
	HANG_UP_CALLS = 32, // of one tunnel at the same time
	MRU = 1456,	    // 1500 less outer IP, GRE with both numbers, and the whole PPP header
};

static const uint64_t RESTART_NS = 3 * FLEET_S; // as Windows and pppd have it
static const uint64_t LCP_ECHO_NS = 30 * FLEET_S;

static void fire_tunnel(struct timer *timer, uint64_t now_ns)
{
	tunnel_expire(RTE_PTR_SUB(timer, offsetof(struct tunnel, timer)));
}

static void fire_call(struct timer *timer, uint64_t now_ns)
{
	call_expire(RTE_PTR_SUB(timer, offsetof(struct call, timer)));
}

// ---- start and end

// fleet_options.c has seen to it that there is one number at most.
static void name_user(const struct fleet_options *o, uint32_t number, char *out, size_t cap)
{
	const char *percent = strchr(o->user, '%');

	if (!percent) {
		snprintf(out, cap, "%s", o->user);
		return;
	}
	const char *end = percent + 1;
	char fill = *end == '0' ? '0' : ' ', digits[12];
	int width = (int)strtol(percent + 1, (char **)&end, 10);
	int n = snprintf(digits, sizeof(digits), "%u", number), at = (int)(percent - o->user);

	at = snprintf(out, cap, "%.*s", at, o->user);
	for (; width > n && at < (int)cap - 1; width--)
		out[at++] = fill;
	snprintf(out + at, cap - (size_t)at, "%s%s", digits, end + 1);
}

static int init_shared(struct fleet *f)
{
	struct peer_shared *s = &f->dial->shared;

	s->limits = (struct fsm_limits){
		.restart_ns = RESTART_NS,
		.first_restart_ns = RESTART_NS,
		.max_configure = 10,
		.max_terminate = 2,
		.max_failure = 5,
		.repeats_when_heard = true,
	};
	s->strength = f->options.mppe;
	s->is_stateful = f->options.is_stateful;
	s->mru = MRU;
	s->echo_interval_ns = LCP_ECHO_NS;
	int error = mschap_nt_hash(span_of_text(f->options.password), s->nt_hash);
	if (error) {
		fprintf(stderr, "fleet: --password is not UTF-8, or too long\n");
		return error;
	}
	mschap_nt_hash_hash(s->nt_hash, s->nt_hash_hash);
	return 0;
}

static int init_tunnels(struct fleet *f)
{
	struct dial *d = f->dial;
	const struct fleet_options *o = &f->options;
	int error = 0;

	for (uint32_t i = 0; i < d->n_tunnels && !error; i++) {
		struct tunnel *t = &d->tunnels[i];
		uint32_t left = f->n_clients - i * o->calls_per_tunnel;

		t->fleet = f;
		t->fd = -1;
		t->first = i * o->calls_per_tunnel;
		t->n = left < o->calls_per_tunnel ? left : o->calls_per_tunnel;
		error = timer_heap_join(&d->timers, &t->timer, fire_tunnel);
	}
	for (uint32_t i = 0; i < f->n_clients && !error; i++) {
		struct fleet_client *c = &f->clients[i];
		struct call *call = &d->calls[i];
		uint32_t tunnel = i / o->calls_per_tunnel;

		c->source_be = rte_cpu_to_be_32(o->sources_first + i / f->clients_per_source);
		c->server_be = o->servers_be[tunnel % o->n_servers];
		c->call_id = (uint16_t)(i % f->clients_per_source + 1);
		call->fleet = f;
		name_user(o, i % o->n_users, call->user, sizeof(call->user));
		error = timer_heap_join(&d->timers, &call->timer, fire_call);
	}
	return error;
}

int dial_init(struct fleet *f)
{
	const struct fleet_options *o = &f->options;
	const uint32_t n_of[] = {o->n_clients, o->n_extra};
	struct dial *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	f->dial = d;
	timer_heap_init(&d->timers);
	d->epoll_fd = -1;
	f->n_clients = o->n_clients + o->n_extra;
	f->clients_per_source = o->calls_per_tunnel * o->tunnels_per_source;
	f->n_sources = (f->n_clients + f->clients_per_source - 1) / f->clients_per_source;
	d->n_tunnels = (f->n_clients + o->calls_per_tunnel - 1) / o->calls_per_tunnel;
	// Not the ports of a run that was killed a moment ago: the server may hold its connections still.
	d->first_port = (uint16_t)(PORT_FIRST + f->now_ns / FLEET_MS % PORTS);
	f->clients = calloc(f->n_clients, sizeof(*f->clients));
	d->tunnels = calloc(d->n_tunnels, sizeof(*d->tunnels));
	d->calls = calloc(f->n_clients, sizeof(*d->calls));
	if (!f->clients || !d->tunnels || !d->calls)
		return -ENOMEM;
	for (unsigned int w = 0; w < FLEET_WAVES; w++) {
		f->setups[w].n = n_of[w];
		f->setups[w].took_us = calloc(n_of[w] + 1, sizeof(uint32_t));
		if (!f->setups[w].took_us)
			return -ENOMEM;
	}
	int error = init_shared(f);
	if (!error)
		error = init_tunnels(f);
	return error ? error : kernel_tcp_init(f);
}

void dial_fini(struct fleet *f)
{
	if (!f->dial)
		return;
	kernel_tcp_fini(f);
	timer_heap_fini(&f->dial->timers);
	for (unsigned int w = 0; w < FLEET_WAVES; w++)
		free(f->setups[w].took_us);
	free(f->dial->calls);
	free(f->dial->tunnels);
	free(f->clients);
	free(f->dial);
	f->dial = NULL;
}

// ---- pacing

static struct call *call_at(const struct tunnel *t, uint32_t i)
{
	return &t->fleet->dial->calls[t->first + i];
}

static void connect_tunnel(struct fleet *f, struct tunnel *t)
{
	const struct fleet_client *c = &f->clients[t->first];
	uint32_t index = (uint32_t)(t - f->dial->tunnels);
	uint32_t nth = index % f->options.tunnels_per_source;
	const struct tcp_ends ends = {
		.local_be = c->source_be,
		.remote_be = c->server_be,
		.local_port = (uint16_t)(f->dial->first_port + nth),
		.remote_port = PPTP_TCP_PORT,
	};

	f->hangups.n_tunnels++;
	tunnel_connect(t, &ends, (uint32_t)f->now_ns + index * 2654435761u);
}

// Of the calls that were begun those that have not asked yet, as far as there is room.
static void ask(struct tunnel *t)
{
	if (t->state != TUNNEL_OPEN)
		return;
	while (t->n_asked < t->n_begun && call_ask(call_at(t, t->n_asked)) == 0)
		t->n_asked++;
}

static void begin_call(struct fleet *f, uint32_t i)
{
	struct tunnel *t = &f->dial->tunnels[i / f->options.calls_per_tunnel];

	call_begin(&f->dial->calls[i]);
	t->n_begun++;
	if (t->state == TUNNEL_IDLE)
		connect_tunnel(f, t);
	else if (t->state > TUNNEL_OPEN)
		call_end(&f->dial->calls[i], FLEET_TUNNEL_FAILED, (struct span){0});
	else
		ask(t);
}

void dial_begin(struct fleet *f, enum fleet_wave wave)
{
	struct dial *d = f->dial;

	d->wave = wave;
	d->next = wave == FLEET_MAIN ? 0 : f->options.n_clients;
	d->end = d->next + f->setups[wave].n;
	d->wave_began_ns = f->now_ns;
	f->setups[wave].begun_ns = f->setups[wave].settled_ns = f->now_ns;
}

static bool begin_calls(struct fleet *f)
{
	struct dial *d = f->dial;
	double rate = d->wave == FLEET_MAIN ? f->options.dial_rate : f->options.extra_rate;
	uint32_t n_due = UINT32_MAX, n = 0;

	if (d->next == d->end)
		return false;
	if (rate > 0)
		n_due = (uint32_t)(1 + rate * (double)(f->now_ns - d->wave_began_ns) / 1e9);
	while (d->next < d->end && f->setups[d->wave].n_begun < n_due &&
		f->n_dialling < f->options.dial_parallel && n++ < BEGIN_BURST)
		begin_call(f, d->next++);
	return n > 0;
}

bool dial_is_settled(const struct fleet *f, enum fleet_wave wave)
{
	const struct fleet_setups *s = &f->setups[wave];

	return s->n_up + s->n_failed == s->n;
}

// ---- hanging up

void dial_hang_up(struct fleet *f)
{
	f->dial->is_hanging_up = true;
	f->dial->next = f->dial->end; // begin no more
	f->hangups.begun_ns = f->hangups.settled_ns = f->now_ns;
}

// Some calls of a tunnel at a time: their Call-Clear-Requests are as much as its connection has room for (perf/fleet/tcp.h).
static void hang_up_calls(struct tunnel *t)
{
	while (t->is_hanging_up && t->n_hung_up < t->n_begun &&
		t->n_hung_up < t->n_ended + HANG_UP_CALLS) {
		struct call *c = call_at(t, t->n_hung_up++);

		if (c->phase < CALL_UP)
			call_end(c, FLEET_TUNNEL_FAILED, (struct span){0});
		else
			call_hang_up(c);
	}
}

void dial_tunnel_may_stop(struct tunnel *t)
{
	hang_up_calls(t);
	if (t->n_ended == t->n && t->state == TUNNEL_OPEN)
		tunnel_stop(t);
}

static void hang_up_tunnel(struct tunnel *t)
{
	if (t->state == TUNNEL_IDLE || t->state == TUNNEL_CLOSED)
		return;
	t->fleet->dial->n_hanging_up++;
	t->is_hanging_up = true;
	t->n = t->n_begun;
	if (t->state < TUNNEL_OPEN) // told to stop while it dials
		tunnel_lose(t, FLEET_TUNNEL_FAILED, (struct span){0});
	else if (t->state == TUNNEL_OPEN)
		dial_tunnel_may_stop(t);
}

static bool hang_up_tunnels(struct fleet *f)
{
	struct dial *d = f->dial;
	unsigned int n = 0;

	if (!d->is_hanging_up)
		return false;
	while (d->next_to_hang_up < d->n_tunnels && d->n_hanging_up < f->options.dial_parallel &&
		n++ < BEGIN_BURST)
		hang_up_tunnel(&d->tunnels[d->next_to_hang_up++]);
	return n > 0;
}

bool dial_has_hung_up(const struct fleet *f)
{
	const struct dial *d = f->dial;

	return d->is_hanging_up && d->next_to_hang_up == d->n_tunnels && d->n_hanging_up == 0;
}

// ---- what tunnels tell

void dial_tunnel_opened(struct tunnel *t)
{
	ask(t);
}

void dial_tunnel_has_room(struct tunnel *t)
{
	ask(t);
}

static void count_hung_up(struct tunnel *t)
{
	if (!t->is_hanging_up)
		return;
	t->is_hanging_up = false;
	t->fleet->dial->n_hanging_up--;
	t->fleet->hangups.settled_ns = t->fleet->now_ns;
}

void dial_tunnel_lost(struct tunnel *t, enum fleet_reason reason, struct span text)
{
	for (uint32_t i = 0; i < t->n_begun; i++)
		call_end(call_at(t, i), reason, text);
	count_hung_up(t);
}

void dial_tunnel_gone(struct tunnel *t, enum fleet_reason reason)
{
	t->fleet->hangups.n_tunnels_clean += reason == FLEET_NONE && t->is_clean;
	if (reason)
		t->fleet->reasons[reason]++;
	count_hung_up(t);
}

static struct call *find_by_server_id(struct tunnel *t, uint16_t call_id)
{
	for (uint32_t i = 0; i < t->n_asked; i++) {
		struct call *c = call_at(t, i);

		if (c->phase >= CALL_PPP && c->phase < CALL_ENDED &&
			t->fleet->clients[t->first + i].server_call_id == call_id)
			return c;
	}
	return NULL;
}

void dial_tunnel_message(struct tunnel *t, const struct pptp_message *m)
{
	if (m->type == PPTP_OCRP) {
		uint32_t first_id = t->fleet->clients[t->first].call_id;
		uint32_t i = m->ocrp.peer_call_id - first_id;

		if (i < t->n_asked)
			call_receive_ocrp(call_at(t, i), &m->ocrp);
	} else if (m->type == PPTP_CALL_DISCONNECT_NOTIFY) {
		struct call *c = find_by_server_id(t, m->call_disconnect.call_id);

		if (c)
			call_receive_disconnect(c, &m->call_disconnect);
	}
	dial_tunnel_may_stop(t);
}

// ---- the loop

static struct tunnel *find_tunnel(struct fleet *f, const struct tcp_ends *ends)
{
	uint32_t source = rte_be_to_cpu_32(ends->local_be) - f->options.sources_first;
	uint32_t nth = (uint32_t)ends->local_port - f->dial->first_port;
	uint32_t i = source * f->options.tunnels_per_source + nth;

	if (source >= f->n_sources || nth >= f->options.tunnels_per_source ||
		i >= f->dial->n_tunnels)
		return NULL;
	struct tunnel *t = &f->dial->tunnels[i];
	return t->tcp.state != TCP_CLOSED && ends->remote_be == t->tcp.ends.remote_be &&
			       ends->remote_port == PPTP_TCP_PORT
		       ? t
		       : NULL;
}

void dial_receive_tcp(struct fleet *f, struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod(m, const struct rte_ipv4_hdr *);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(ip + 1);

	if (f->options.tcp == FLEET_TCP_OWN && f->dial &&
		m->data_len >= sizeof(*ip) + sizeof(*tcp)) {
		const struct tcp_ends ends = {
			.local_be = ip->dst_addr,
			.remote_be = ip->src_addr,
			.local_port = rte_be_to_cpu_16(tcp->dst_port),
			.remote_port = rte_be_to_cpu_16(tcp->src_port),
		};
		struct span segment = span_of(tcp, m->data_len - sizeof(*ip));
		struct tunnel *t = find_tunnel(f, &ends);

		if (t) {
			tunnel_receive(t, segment);
			dial_tunnel_may_stop(t);
		} else {
			tunnel_refuse_segment(f, &ends, segment);
		}
	}
	rte_pktmbuf_free(m);
}

bool dial_run(struct fleet *f)
{
	bool is_busy = begin_calls(f);

	is_busy |= hang_up_tunnels(f);
	is_busy |= kernel_tcp_run(f);
	is_busy |= timer_heap_run(&f->dial->timers, f->now_ns, TIMERS_BURST) > 0;
	return is_busy;
}
