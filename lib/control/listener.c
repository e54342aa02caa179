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
	ACCEPTS_PER_TURN = 64,
	BACKLOG = 1024,
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

static void ready(struct loop_source *s, uint32_t events)
{
	struct listener *l = container_of(s, struct listener, source);

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_in from = {0};
		socklen_t len = sizeof(from);
		int fd = accept4(
			s->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int rc = fd >= 0 ? 0 : -errno;
		if (fd >= 0)
			take(l, fd, &from);
		else if (is_shortage(-rc))
			rc = refuse_one(l); // Linux says EMFILE also when nobody waits
		if (rc == -EAGAIN)
			return;
		if (is_shortage(-rc)) { // no reserve either: look again in a second
			loop_set_events(&l->control->loop, s, 0);
			return;
		}
	}
}

void listener_check(struct control *c)
{
	for (uint32_t i = 0; i < c->listeners.n; i++)
		loop_set_events(&c->loop, &c->listeners.entries[i].source, EPOLLIN);
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
	l->source = (struct loop_source){.fd = fd, .events = EPOLLIN, .ready = ready};
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

	c->listeners.reserve_fd = open_reserve();
	for (uint32_t i = 0; i < owners->n_listen; i++) {
		struct listener *l = &c->listeners.entries[i];
		*l = (struct listener){.control = c, .listen = (uint8_t)i};
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
	refusal_close_all(c);
	if (c->listeners.reserve_fd >= 0)
		close(c->listeners.reserve_fd);
	c->listeners.reserve_fd = -1;
}
