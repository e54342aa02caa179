// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/kernel_tcp.h"

#include "perf/fleet/dial_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64, READ_BYTES = 4096 };

int kernel_tcp_init(struct fleet *f)
{
	if (f->options.tcp != FLEET_TCP_KERNEL)
		return 0;
	f->dial->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return f->dial->epoll_fd < 0 ? -errno : 0;
}

void kernel_tcp_fini(struct fleet *f)
{
	if (f->dial->epoll_fd < 0)
		return;
	for (uint32_t i = 0; i < f->dial->n_tunnels; i++)
		kernel_tcp_close(&f->dial->tunnels[i]);
	close(f->dial->epoll_fd);
}

static int watch(struct tunnel *t, uint32_t events, int operation)
{
	struct epoll_event e = {.events = events, .data.ptr = t};

	return epoll_ctl(t->fleet->dial->epoll_fd, operation, t->fd, &e) == 0 ? 0 : -errno;
}

int kernel_tcp_connect(struct tunnel *t)
{
	const struct tcp_ends *ends = &t->tcp.ends;
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(ends->remote_port),
		.sin_addr.s_addr = ends->remote_be};
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = ends->local_be};

	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return -errno;
	if (bind(t->fd, (struct sockaddr *)&from, sizeof(from)) != 0 ||
		(connect(t->fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS))
		return -errno;
	return watch(t, EPOLLOUT, EPOLL_CTL_ADD);
}

int kernel_tcp_write(struct tunnel *t, struct span bytes)
{
	ssize_t n = write(t->fd, bytes.bytes, bytes.len);

	// A socket's buffer holds far more than a control connection has under way.
	return n == (ssize_t)bytes.len ? 0 : -ENOBUFS;
}

void kernel_tcp_shut(struct tunnel *t)
{
	(void)shutdown(t->fd, SHUT_WR);
}

void kernel_tcp_close(struct tunnel *t)
{
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
}

static void receive(struct tunnel *t)
{
	uint8_t bytes[READ_BYTES];
	ssize_t n = read(t->fd, bytes, sizeof(bytes));

	if (n > 0)
		tunnel_receive_stream(t, span_of(bytes, (size_t)n));
	else if (n == 0)
		tunnel_told_closed(t);
	else if (errno != EAGAIN && errno != EINTR)
		tunnel_lose(t, FLEET_TCP_LOST, span_of_text(strerror(errno)));
}

static void serve(struct tunnel *t, uint32_t events)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (t->fd < 0)
		return;
	if (t->state != TUNNEL_CONNECTING) {
		receive(t);
		return;
	}
	(void)getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error) {
		tunnel_lose(t, error == ETIMEDOUT ? FLEET_TCP_TIMEOUT : FLEET_TCP_REFUSED,
			span_of_text(strerror(error)));
		return;
	}
	if (!(events & EPOLLOUT))
		return;
	(void)watch(t, EPOLLIN, EPOLL_CTL_MOD);
	tunnel_told_connected(t);
}

bool kernel_tcp_run(struct fleet *f)
{
	struct epoll_event events[EVENTS];

	if (f->dial->epoll_fd < 0)
		return false;
	int n = epoll_wait(f->dial->epoll_fd, events, EVENTS, 0);
	for (int i = 0; i < n; i++)
		serve(events[i].data.ptr, events[i].events);
	return n > 0;
}
