// SPDX-License-Identifier: BSD-3-Clause
#include "adit/host_limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum {
	DESCRIPTORS_SPARE = 128, // that are not connections
	QUEUE_WANTED = 4096,	 // connections that the kernel holds while we are busy
};

static void warn(struct log *log, const char *what, uint64_t is, uint64_t wanted, const char *text)
{
	struct event e;

	event_begin(&e, EVENT_CONFIG_WARNING);
	event_word(&e, "limit", what);
	event_u64(&e, "is", is);
	event_u64(&e, "wanted", wanted);
	event_word(&e, "text", text);
	event_send(log, &e);
}

void host_limits_raise_descriptors(const struct config *c, struct log *log)
{
	rlim_t wanted = (rlim_t)c->max_connections + DESCRIPTORS_SPARE;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= wanted)
		return;
	struct rlimit raised = {.rlim_cur = wanted, .rlim_max = r.rlim_max};
	if (raised.rlim_max < wanted) // takes CAP_SYS_RESOURCE
		raised.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &raised) == 0)
		return;
	r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
	(void)setrlimit(RLIMIT_NOFILE, &r);
	if (r.rlim_cur < wanted)
		warn(log, "open files", r.rlim_cur, wanted,
			"fewer connections than pptp.max_connections are possible; raise "
			"LimitNOFILE= or ulimit -n");
}

// -1: not to be read.
static long read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	long value = -1;

	if (!f)
		return -1;
	if (fscanf(f, "%ld", &value) != 1)
		value = -1;
	(void)fclose(f);
	return value;
}

static void check_at_least(struct log *log, const char *key, const char *path, uint64_t wanted)
{
	long is = read_number(path);

	if (is >= 0 && (uint64_t)is < wanted)
		warn(log, key, (uint64_t)is, wanted,
			"clients that dial at the same moment have to try again; raise it by "
			"sysctl");
}

void host_limits_check_kernel(const struct config *c, struct log *log)
{
	uint64_t wanted = c->max_connections < QUEUE_WANTED ? c->max_connections : QUEUE_WANTED;

	check_at_least(log, "net.core.somaxconn", "/proc/sys/net/core/somaxconn", wanted);
	// With SYN cookies a full table of beginnings keeps nobody out.
	if (read_number("/proc/sys/net/ipv4/tcp_syncookies") == 0)
		check_at_least(log, "net.ipv4.tcp_max_syn_backlog",
			"/proc/sys/net/ipv4/tcp_max_syn_backlog", wanted);
}
