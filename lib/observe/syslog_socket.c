// SPDX-License-Identifier: BSD-3-Clause
#include "observe/syslog_socket.h"

#include "observe/lost.h"

#include <errno.h>
#include <paths.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define RECONNECT_NS UINT64_C(1000000000)

enum {
	// A daemon's queue has room for 10 datagrams (net.unix.max_dgram_qlen, where nobody set it),
	// less than what the first call says under log.level = "debug".
	PATIENCE_MS = 20,
	HEAD_BYTES = 128,
};

void syslog_socket_open(struct syslog_socket *s, const char *ident)
{
	*s = (struct syslog_socket){.fd = -1,
		.path = _PATH_LOG,
		.ident = ident,
		.tried_ns = -RECONNECT_NS}; // long ago, also where the time of day is 0
}

void syslog_socket_close(struct syslog_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

// A clock that was set back only makes the next attempt come early.
static int reconnect(struct syslog_socket *s, uint64_t wall_ns)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	syslog_socket_close(s);
	if (wall_ns - s->tried_ns < RECONNECT_NS)
		return -ENOTCONN;
	s->tried_ns = wall_ns;
	if (strlen(s->path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, s->path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	if (connect(s->fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	int rc = -errno;
	syslog_socket_close(s);
	return rc;
}

static int send_once(const struct syslog_socket *s, const struct msghdr *m)
{
	ssize_t n;

	do
		n = sendmsg(s->fd, m, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int send_patiently(const struct syslog_socket *s, const struct msghdr *m)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};
	int rc = s->fd < 0 ? -ENOTCONN : send_once(s, m);

	if (rc == -EAGAIN && !s->is_failing && poll(&p, 1, PATIENCE_MS) > 0)
		rc = send_once(s, m);
	return rc;
}

// Who listened has gone.
static bool is_gone(int rc)
{
	return rc == -ENOTCONN || rc == -ECONNREFUSED || rc == -ECONNRESET || rc == -ENOENT ||
	       rc == -EPIPE;
}

static size_t put_head(
	const struct syslog_socket *s, int priority, uint64_t wall_ns, char out[HEAD_BYTES])
{
	time_t seconds = (time_t)(wall_ns / 1000000000u);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(when, sizeof(when), "%b %e %T ", &tm);
	int n = snprintf(out, HEAD_BYTES, "<%d>%s%.64s[%d]: ", LOG_DAEMON | priority, when,
		s->ident, (int)getpid());
	return n < HEAD_BYTES ? (size_t)n : HEAD_BYTES - 1;
}

int syslog_socket_send(
	struct syslog_socket *s, int priority, const char *text, size_t len, uint64_t wall_ns)
{
	char head[HEAD_BYTES];
	struct iovec parts[] = {
		{.iov_base = head, .iov_len = put_head(s, priority, wall_ns, head)},
		{.iov_base = (void *)(uintptr_t)text, .iov_len = len},
	};
	const struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
	int rc = send_patiently(s, &m);

	if (is_gone(rc)) {
		rc = reconnect(s, wall_ns);
		if (rc == 0)
			rc = send_patiently(s, &m);
	}
	s->is_failing = rc != 0;
	s->n_lost += rc != 0;
	return rc;
}

uint64_t syslog_socket_take_lost(struct syslog_socket *s)
{
	return lost_take(&s->n_lost, s->is_failing);
}
