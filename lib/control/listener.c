// SPDX-License-Identifier: BSD-3-Clause
#include "control/listener.h"

#include "control/conn.h"
#include "control/control_state.h"
#include "control/history_note.h"
#include "control/refusal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	// What the kernel holds while we are busy, not more than net.core.somaxconn.
	BACKLOG = 4096,
	KEEPALIVE_S = 60,
	SOCKET_BUFFER_BYTES = 16384, // the kernel's, each way: messages have 220 bytes at most
};

static int open_reserve(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void set_options(int fd, uint32_t user_timeout_s)
{
	const int on = 1, idle = KEEPALIVE_S, interval = KEEPALIVE_S / 4, count = 4;
	const unsigned int timeout_ms = user_timeout_s * 1000;

	// None of them is needed for the protocol to work, so none is checked.
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

static void tell_refusal(
	struct control *c, const struct sockaddr_in *from, const char *limit, const char *value)
{
	struct event e;

	counter_add(&c->counters.tcp_refused, 1);
	event_begin(&e, EVENT_CLIENT_REFUSED);
	event_endpoint(&e, "client", from->sin_addr.s_addr, from->sin_port);
	event_word(&e, limit, value);
	event_send(c->config.log, &e);
}

static void take(struct listener *l, int fd, const struct sockaddr_in *from)
{
	struct control *c = l->control;
	struct conn *conn = conn_new(c, fd, from->sin_addr.s_addr, from->sin_port, l->listen);

	if (!conn) {
		tell_refusal(c, from, "error", "out of memory");
		history_note_stranger(
			c, from->sin_addr.s_addr, from->sin_port, END_NO_RESOURCE, "out of memory");
		refusal_take(c, fd, from->sin_addr.s_addr, END_NO_RESOURCE);
		return;
	}
	struct admission_ticket *evicted;
	enum admission_verdict verdict = admission_enter(
		&c->admission, &conn->ticket, from->sin_addr.s_addr, control_now(c), &evicted);
	if (evicted)
		conn_evict(container_of(evicted, struct conn, ticket));
	if (verdict != ADMISSION_OK) {
		tell_refusal(c, from, "limit", admission_verdict_name(verdict));
		history_note_stranger(c, from->sin_addr.s_addr, from->sin_port,
			admission_verdict_reason(verdict), admission_verdict_name(verdict));
		refusal_take(c, conn_give_up(conn), from->sin_addr.s_addr,
			admission_verdict_reason(verdict));
		return;
	}
	set_options(fd, c->config.config->echo_timeout_s);
	if (conn->ticket.class == ADMISSION_WAITING)
		return;
	setup_pace_begun(&c->setup_pace, 0);
	conn_start(conn);
}

// Descriptors ran out: give up the reserve to take the next connection and close it, or it would
// stay in the kernel's queue and wake us again and again.
//
//   returns  0 one was refused | -errno of accept: -EAGAIN when there is none after all
static int refuse_one(struct listener *l)
{
	struct control *c = l->control;
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);

	if (c->listeners.reserve_fd >= 0)
		close(c->listeners.reserve_fd);
	int fd = accept4(l->source.fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC);
	int rc = fd >= 0 ? 0 : -errno;
	if (fd >= 0) {
		close(fd);
		tell_refusal(c, &from, "error", "out of descriptors");
		history_note_stranger(c, from.sin_addr.s_addr, from.sin_port, END_NO_RESOURCE,
			"out of descriptors");
	}
	c->listeners.reserve_fd = open_reserve();
	return rc;
}

static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void set_more(struct listener *l, bool has_more)
{
	struct listeners *all = &l->control->listeners;

	if (has_more && !l->has_more)
		TAILQ_INSERT_TAIL(&all->ready, l, in_ready);
	else if (!has_more && l->has_more)
		TAILQ_REMOVE(&all->ready, l, in_ready);
	l->has_more = has_more;
}

// One is taken, or it is known that there is none now.
static void take_next(struct listener *l)
{
	struct sockaddr_in from = {0};
	socklen_t len = sizeof(from);
	int fd =
		accept4(l->source.fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int rc = fd >= 0 ? 0 : -errno;

	if (fd >= 0)
		take(l, fd, &from);
	else if (is_shortage(-rc))
		rc = refuse_one(l);	// Linux says EMFILE also when nobody waits
	l->is_short = is_shortage(-rc); // no reserve either: look again in a second
	if (rc == -EAGAIN || l->is_short)
		set_more(l, false);
}

// The descriptor tells once of what has come (EPOLLET), and not again while it is left there.
static void ready(struct loop_source *s, uint32_t events)
{
	struct listener *l = container_of(s, struct listener, source);

	set_more(l, !l->is_short);
}

// Whose turn it is; it goes to the end of the queue.
static struct listener *take_turn(struct listeners *all)
{
	struct listener *l = TAILQ_FIRST(&all->ready);

	TAILQ_REMOVE(&all->ready, l, in_ready);
	TAILQ_INSERT_TAIL(&all->ready, l, in_ready);
	return l;
}

static bool any_has_more(const struct listeners *all)
{
	return !TAILQ_EMPTY(&all->ready);
}

// Returns how many of `max` have begun.
static uint32_t begin_waiting(struct control *c, uint32_t max)
{
	struct admission_ticket *ticket;
	uint32_t n = 0;

	while (n < max && (ticket = admission_next(&c->admission, control_now(c)))) {
		struct conn *conn = container_of(ticket, struct conn, ticket);
		setup_pace_begun(&c->setup_pace, control_now(c) - conn->accepted_ns);
		if (!conn->is_doomed)
			conn_start(conn);
		n++;
	}
	return n;
}

void listener_run(struct control *c)
{
	struct listeners *all = &c->listeners;
	uint64_t now_ns = control_now(c);
	uint64_t due_ns = TIMER_NEVER;

	if (all->n == 0)
		return;
	uint32_t n = begin_waiting(c, c->setup_pace.budget);
	for (; n < c->setup_pace.budget && any_has_more(all); n++) {
		if (!admission_has_room(&c->admission, now_ns))
			break;
		take_next(take_turn(all));
	}
	bool is_held = c->admission.n_waiting > 0 || any_has_more(all);
	if (is_held)
		due_ns = admission_deadline(&c->admission, now_ns);
	timer_heap_arm(&c->loop.timers, &all->timer, due_ns);
	setup_pace_note(&c->setup_pace, c->admission.n_waiting, is_held, now_ns);
}

bool listener_has_work(const struct control *c)
{
	return c->listeners.n > 0 && any_has_more(&c->listeners) &&
	       admission_has_room(&c->admission, control_now(c));
}

// A look at them is all that is wanted: listener_run() follows.
static void fire(struct timer *t, uint64_t now_ns)
{
}

void listener_read_queue(const struct control *c, struct listener_queue *out)
{
	*out = (struct listener_queue){0};
	for (uint32_t i = 0; i < c->listeners.n; i++) {
		struct tcp_info info = {0};
		socklen_t len = sizeof(info);
		// Of a listening socket the two hold its queue (tcp(7) does not say so, ss(8) reads it).
		if (getsockopt(c->listeners.entries[i].source.fd, IPPROTO_TCP, TCP_INFO, &info,
			    &len) != 0)
			continue;
		out->n += info.tcpi_unacked;
		out->room += info.tcpi_sacked;
	}
}

void listener_check(struct control *c)
{
	for (uint32_t i = 0; i < c->listeners.n; i++) {
		struct listener *l = &c->listeners.entries[i];
		set_more(l, l->has_more || l->is_short);
		l->is_short = false;
	}
}

static int open_one(struct listener *l, uint32_t address_be, uint16_t port)
{
	const int on = 1, buffer = SOCKET_BUFFER_BYTES;
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = address_be,
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	// The address may come later: an operator's, or that of a TAP that FRR configures.
	(void)setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	// Accepted sockets have the buffers of this one.
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	l->source = (struct loop_source){.fd = fd, .events = EPOLLIN | EPOLLET, .ready = ready};
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, BACKLOG) != 0) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	int rc = loop_add(&l->control->loop, &l->source);
	if (rc != 0)
		close(fd);
	return rc;
}

int listener_open_all(struct control *c)
{
	const struct owner_map *owners = c->config.owners;

	TAILQ_INIT(&c->listeners.ready);
	c->listeners.reserve_fd = open_reserve();
	if (timer_heap_join(&c->loop.timers, &c->listeners.timer, fire) != 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < owners->n_listen; i++) {
		struct listener *l = &c->listeners.entries[i];
		*l = (struct listener){.control = c, .listen = (uint16_t)i};
		int rc = open_one(l, owners->listen_be[i], c->config.config->tcp_port);
		if (rc != 0) {
			struct event e;
			event_begin(&e, EVENT_START_FAILED);
			event_word(&e, "what", "listen");
			event_endpoint(&e, "address", owners->listen_be[i],
				htons(c->config.config->tcp_port));
			event_word(&e, "error", strerror(-rc));
			if (rc == -EADDRINUSE)
				event_word(&e, "hint",
					"another program has this port; ss -ltnp says which");
			event_send(c->config.log, &e);
			listener_close_all(c);
			return rc;
		}
		c->listeners.n++;
	}
	return 0;
}

void listener_close_all(struct control *c)
{
	for (uint32_t i = 0; i < c->listeners.n; i++) {
		loop_remove(&c->loop, &c->listeners.entries[i].source);
		close(c->listeners.entries[i].source.fd);
	}
	c->listeners.n = 0;
	TAILQ_INIT(&c->listeners.ready);
	timer_heap_leave(&c->loop.timers, &c->listeners.timer);
	refusal_close_all(c);
	if (c->listeners.reserve_fd >= 0)
		close(c->listeners.reserve_fd);
	c->listeners.reserve_fd = -1;
}
