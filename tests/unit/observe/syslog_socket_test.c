// SPDX-License-Identifier: BSD-3-Clause
#include "observe/syslog_socket.h"

#include "observe/events.h"
#include "shim/shim.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

static char path[64];

static int daemon_start(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	snprintf(path, sizeof(path), "/tmp/adit-syslog-%d", (int)getpid());
	unlink(path);
	strcpy(at.sun_path, path);
	EXPECT_EQ(0, bind(fd, (const struct sockaddr *)&at, sizeof(at)));
	return fd;
}

static void daemon_stop(int fd)
{
	close(fd);
	unlink(path);
}

// "" when nothing came.
static const char *next_line(int fd)
{
	static char line[1024];
	ssize_t n = recv(fd, line, sizeof(line) - 1, 0);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void begin(struct syslog_socket *s)
{
	syslog_socket_open(s, "adit-test");
	EXPECT_STREQ("/dev/log", s->path);
	s->path = path;
}

static int put(struct syslog_socket *s, const char *text, uint64_t wall_ns)
{
	return syslog_socket_send(s, LOG_INFO, text, strlen(text), wall_ns);
}

TEST(syslog_socket, writes_as_the_c_library_does)
{
	struct syslog_socket s;
	char wanted[128];
	int fd = daemon_start();

	setenv("TZ", "UTC-1", 1); // an hour east
	tzset();
	begin(&s);
	EXPECT_EQ(0, syslog_socket_send(&s, LOG_ERR, "event=up and more", 8, 0));
	snprintf(wanted, sizeof(wanted), "<27>Jan  1 01:00:00 adit-test[%d]: event=up",
		(int)getpid());
	EXPECT_STREQ(wanted, next_line(fd));
	EXPECT_EQ(0, put(&s, "x", 1700000000 * SECOND));
	snprintf(wanted, sizeof(wanted), "<30>Nov 14 23:13:20 adit-test[%d]: x", (int)getpid());
	EXPECT_STREQ(wanted, next_line(fd));
	unsetenv("TZ");
	tzset();
	syslog_socket_close(&s);
	daemon_stop(fd);
}

// syslog(3) would never return here.
TEST(syslog_socket, a_daemon_that_stops_holds_up_nobody)
{
	struct syslog_socket s;
	int fd = daemon_start(), n = 0;

	begin(&s);
	while (n < 5000 && put(&s, "x", 0) == 0)
		n++;
	ASSERT_LT(n, 5000);
	for (int i = 0; i < 9; i++)
		EXPECT_EQ(-EAGAIN, put(&s, "x", 0));
	EXPECT_EQ(0, syslog_socket_take_lost(&s)); // not over yet
	for (int i = 0; i < n; i++)
		EXPECT_STRCONTAINS(next_line(fd), ": x");
	EXPECT_EQ(0, put(&s, "y", 0));
	EXPECT_STRCONTAINS(next_line(fd), ": y");
	EXPECT_EQ(10, syslog_socket_take_lost(&s));
	EXPECT_EQ(0, syslog_socket_take_lost(&s));
	syslog_socket_close(&s);
	daemon_stop(fd);
}

TEST(syslog_socket, a_daemon_started_again_is_found_within_a_second)
{
	struct syslog_socket s;
	int fd = daemon_start();

	begin(&s);
	EXPECT_EQ(0, put(&s, "a", 10 * SECOND));
	daemon_stop(fd);
	EXPECT_EQ(-ENOENT, put(&s, "b", 11 * SECOND));
	fd = daemon_start();
	EXPECT_EQ(-ENOTCONN, put(&s, "c", 12 * SECOND - 1)); // tried a second ago, all but
	EXPECT_STREQ("", next_line(fd));
	EXPECT_EQ(0, put(&s, "d", 12 * SECOND));
	EXPECT_STRCONTAINS(next_line(fd), ": d");
	EXPECT_EQ(2, syslog_socket_take_lost(&s));
	// At once, when the last attempt is long ago: nothing is lost; also when the clock was set back.
	daemon_stop(fd);
	fd = daemon_start();
	EXPECT_EQ(0, put(&s, "e", 20 * SECOND));
	EXPECT_STRCONTAINS(next_line(fd), ": e");
	daemon_stop(fd);
	fd = daemon_start();
	EXPECT_EQ(0, put(&s, "f", 5 * SECOND));
	EXPECT_STRCONTAINS(next_line(fd), ": f");
	EXPECT_EQ(0, syslog_socket_take_lost(&s));
	syslog_socket_close(&s);
	daemon_stop(fd);
}

TEST(syslog_socket, nobody_there)
{
	struct syslog_socket s;
	char name[200];

	snprintf(path, sizeof(path), "/nonexistent/log");
	begin(&s);
	EXPECT_EQ(-ENOENT, put(&s, "x", 0));
	EXPECT_EQ(-1, s.fd);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	s.path = name;
	EXPECT_EQ(-ENAMETOOLONG, put(&s, "x", SECOND));
	syslog_socket_close(&s);
}

// What is missing there is told by the next event.
TEST(syslog_socket, events_tell_what_was_lost)
{
	struct event e;
	struct log log;
	int fd = daemon_start();

	log_open(&log, LOG_TARGET_SYSLOG, LOG_LEVEL_INFO, "adit-test");
	log.events = event_log_new();
	log.syslog.path = path;
	daemon_stop(fd);
	event_begin(&e, EVENT_READY);
	EXPECT_TRUE(event_send_at(&log, &e, SECOND, SECOND));
	EXPECT_EQ(1, log.failed);
	fd = daemon_start();
	event_begin(&e, EVENT_READY);
	EXPECT_TRUE(event_send_at(&log, &e, 9 * SECOND, 9 * SECOND));
	EXPECT_EQ(2, log.lines);
	EXPECT_STRCONTAINS(next_line(fd), "event=ready");
	EXPECT_STRCONTAINS(
		next_line(fd), "event=log-file path=syslog text=\"is written again\" lost=1");
	event_log_free(log.events);
	log_close(&log);
	daemon_stop(fd);
}
