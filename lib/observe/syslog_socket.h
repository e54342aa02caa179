// SPDX-License-Identifier: BSD-3-Clause
// Lines to the system's log daemon that hold up nobody, whatever the daemon does.
//
// syslog(3) waits for a daemon that does not read. This is the same line (RFC 3164 4.1, as the C
// library writes it: "<30>Nov  1 09:08:07 ident[123]: text", a datagram each) on a socket of our own.
// A daemon that has stopped is waited for once, for some milliseconds; one that was started again is
// found within a second.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct syslog_socket {
	int fd;		   // -1: nobody was there
	const char *path;  // of the daemon's socket, or a test's
	const char *ident; // borrowed
	uint64_t tried_ns; // to connect, the last time: the time of day
	bool is_failing;   // the last line was not taken
	uint64_t n_lost;   // lines that were not, since the last one that was
};

// Connects with the first line.
void syslog_socket_open(struct syslog_socket *s, const char *ident);
void syslog_socket_close(struct syslog_socket *s);

// Send one line of facility daemon.
//
//   priority  LOG_ERR to LOG_DEBUG
//   wall_ns   the time of day; the line has it as local time
//   returns   0 or -errno: the line is lost, and counted
int syslog_socket_send(
	struct syslog_socket *s, int priority, const char *text, size_t len, uint64_t wall_ns);

// Lines are taken again: how many are missing from the time when they were not; else 0.
uint64_t syslog_socket_take_lost(struct syslog_socket *s);
