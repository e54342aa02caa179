// SPDX-License-Identifier: BSD-3-Clause
#include "control/refusal.h"

#include "control/control_state.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 512, DRAIN_READS = 4 };

static const uint64_t LIFE_NS = 2000000000; // a client speaks first and at once

static void leave(struct refusal *r)
{
	struct control *c = r->control;

	loop_remove(&c->loop, &r->source);
	close(r->source.fd);
	r->control = NULL;
	c->refusals.n--;
}

// The reply is small and the first that leaves, so the socket takes it whole. Data left unread would
// turn the close into a reset, which takes the reply from the client's hands.
static void answer(struct refusal *r, const struct pptp_conn_step *step)
{
	struct control *c = r->control;
	uint8_t bytes[READ_BYTES];
	ssize_t n = send(r->source.fd, step->bytes, step->n_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0) {
		uint16_t type = bytes_get_u16(step->bytes + 8);
		counter_add(&c->counters.pptp_out[type], 1);
		counter_add(&c->counters.tcp_bytes_out, (uint64_t)n);
		counter_add(&c->counters.tcp_refused_by_reply, type == PPTP_SCCRP);
	}
	if (shutdown(r->source.fd, SHUT_WR) != 0)
		return;
	for (int i = 0; i < DRAIN_READS; i++)
		if (recv(r->source.fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			return;
}

static void ready(struct loop_source *s, uint32_t events)
{
	struct refusal *r = container_of(s, struct refusal, source);
	struct control *c = r->control;
	uint8_t bytes[READ_BYTES];
	struct pptp_conn_step step = {.notice = PPTP_CONN_NOTHING};
	ssize_t n = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (n > 0) {
		counter_add(&c->counters.tcp_bytes_in, (uint64_t)n);
		pptp_conn_receive(&r->pptp, span_of(bytes, (size_t)n), control_now(c), &step);
	} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (step.n_bytes > 0)
		answer(r, &step);
	if (n <= 0 || step.notice == PPTP_CONN_CLOSE)
		leave(r);
}

static void rearm(struct control *c)
{
	uint64_t due = TIMER_NEVER;

	for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
		const struct refusal *r = &c->refusals.entries[i];
		if (r->control && pptp_conn_deadline(&r->pptp) < due)
			due = pptp_conn_deadline(&r->pptp);
	}
	timer_heap_arm(&c->loop.timers, &c->refusals.timer, due);
}

static void fire(struct timer *t, uint64_t now_ns)
{
	struct control *c = container_of(t, struct control, refusals.timer);

	for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
		struct refusal *r = &c->refusals.entries[i];
		if (r->control && now_ns >= pptp_conn_deadline(&r->pptp))
			leave(r);
	}
	rearm(c);
}

int refusal_open(struct control *c)
{
	c->refusals.config = c->conn_config;
	c->refusals.config.handshake_timeout_ns = LIFE_NS;
	return timer_heap_join(&c->loop.timers, &c->refusals.timer, fire);
}

void refusal_close_all(struct control *c)
{
	for (uint32_t i = 0; i < REFUSALS_MAX; i++)
		if (c->refusals.entries[i].control)
			leave(&c->refusals.entries[i]);
}

static struct refusal *find_place(struct control *c, uint32_t client_be)
{
	struct refusal *place = NULL;
	uint32_t n_same = 0;

	for (uint32_t i = 0; i < REFUSALS_MAX; i++) {
		struct refusal *r = &c->refusals.entries[i];
		if (!r->control)
			place = r;
		else
			n_same += r->client_be == client_be;
	}
	return n_same < REFUSALS_PER_SOURCE_MAX ? place : NULL;
}

void refusal_take(struct control *c, int fd, uint32_t client_be, enum end_reason reason)
{
	struct refusal *r = find_place(c, client_be);

	if (!r) {
		close(fd);
		return;
	}
	*r = (struct refusal){
		.control = c,
		.source = {.fd = fd, .events = EPOLLIN, .ready = ready},
		.client_be = client_be,
	};
	pptp_conn_init(&r->pptp, &c->refusals.config, control_now(c));
	pptp_conn_refuse(&r->pptp, reason);
	c->refusals.n++;
	if (loop_add(&c->loop, &r->source) != 0)
		leave(r);
	rearm(c);
}
