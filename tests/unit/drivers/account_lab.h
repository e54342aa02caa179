// SPDX-License-Identifier: BSD-3-Clause
// Accounting for tests, and the server that it talks to, which the test plays on the loopback.
#pragma once

#include "drivers/aaa/radius/account.h"

#include "shim/shim.h"
#include "unit/drivers/account_sample.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HEARD_MAX = 4096, START = 1, STOP = 2, INTERIM = 3, ON = 7, OFF = 8 };

struct heard {
	uint32_t status, delay_s, up, cause;
	uint8_t authenticator[16];
	char session_id[AAA_SESSION_ID_BYTES];
};

static struct {
	struct config *config;
	struct log log;
	struct radius_core core;
	struct exchange *exchange;
	struct account *account;
	char dir[64];
	// the server
	int fd;
	struct secret secret;
	bool is_silent;
	bool is_picky;	    // it does not answer what call 0 says
	bool is_slow_on;    // nor an On
	unsigned int loses; // every so-manyth request; 0: none
	unsigned int n_got;
	unsigned int n_heard; // answered ones
	struct heard heard[HEARD_MAX];
} lab;

// ---- the server ---------------------------------------------------------------------------------

static inline uint32_t number(const struct radius_view *v, uint8_t type)
{
	struct span value;
	uint32_t n = 0;

	if (radius_find(v, 0, type, &value))
		(void)radius_get_u32(value, &n);
	return n;
}

// One that was heard before is a retransmission, as servers know them.
static inline void note(const struct radius_view *v)
{
	struct span id = {0};

	for (unsigned int i = 0; i < lab.n_heard; i++)
		if (memcmp(lab.heard[i].authenticator, v->authenticator, 16) == 0)
			return;
	ASSERT_LT(lab.n_heard, HEARD_MAX);
	struct heard *h = &lab.heard[lab.n_heard++];
	memcpy(h->authenticator, v->authenticator, 16);
	h->status = number(v, RADIUS_ACCT_STATUS_TYPE);
	h->delay_s = number(v, RADIUS_ACCT_DELAY_TIME);
	h->up = number(v, RADIUS_ACCT_INPUT_OCTETS);
	h->cause = number(v, RADIUS_ACCT_TERMINATE_CAUSE);
	EXPECT_TRUE(radius_find(v, 0, RADIUS_ACCT_SESSION_ID, &id));
	snprintf(h->session_id, sizeof(h->session_id), "%.*s", (int)id.len, (const char *)id.bytes);
}

static inline bool is_of(const struct radius_view *v, uint32_t call)
{
	struct aaa_account r;
	struct span id;

	account_sample(&r, call);
	return radius_find(v, 0, RADIUS_ACCT_SESSION_ID, &id) &&
	       span_equal(id, span_of_text(r.session_id));
}

static inline void serve(void)
{
	uint8_t datagram[RADIUS_PACKET_BYTES_MAX];
	struct radius_packet reply;
	struct sockaddr_in from;
	struct radius_view v;
	ssize_t n;

	for (;;) {
		socklen_t len = sizeof(from);
		n = recvfrom(lab.fd, datagram, sizeof(datagram), MSG_DONTWAIT,
			(struct sockaddr *)&from, &len);
		if (n < 0)
			return;
		lab.n_got++;
		if (lab.is_silent || (lab.loses && lab.n_got % lab.loses == 0))
			continue;
		ASSERT_EQ(0, radius_read(span_of(datagram, (size_t)n), &v));
		ASSERT_EQ(RADIUS_CHECK_GOOD, radius_check_request(&v, &lab.secret, false));
		if ((lab.is_picky && is_of(&v, 0)) ||
			(lab.is_slow_on && number(&v, RADIUS_ACCT_STATUS_TYPE) == ON))
			continue;
		note(&v);
		radius_begin(&reply, RADIUS_ACCOUNTING_RESPONSE, false);
		size_t m = radius_seal_reply(&reply, v.id, &lab.secret, v.authenticator);
		(void)sendto(lab.fd, reply.bytes, m, 0, (struct sockaddr *)&from, len);
	}
}

static inline uint16_t open_server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	lab.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	EXPECT_EQ(0, bind(lab.fd, (struct sockaddr *)&at, sizeof(at)));
	EXPECT_EQ(0, getsockname(lab.fd, (struct sockaddr *)&at, &len));
	return ntohs(at.sin_port);
}

// ---- adit ---------------------------------------------------------------------------------------

static inline void start(void)
{
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &lab.account));
}

static inline void stop(void)
{
	exchange_close(lab.exchange);
	account_close(lab.account);
	radius_core_close(&lab.core);
}

static inline void open_lab(bool has_dir)
{
	memset(&lab, 0, sizeof(lab));
	lab.config = config_new();
	struct config *c = lab.config;
	c->max_calls = 200;
	c->radius_servers = calloc(1, sizeof(*c->radius_servers));
	c->radius_groups = calloc(1, sizeof(*c->radius_groups));
	c->n_radius_servers = c->n_radius_groups = 1;
	struct config_radius_server *s = &c->radius_servers[0];
	*s = (struct config_radius_server){.name = "s",
		.address_be = htonl(INADDR_LOOPBACK),
		.acct_port = open_server(),
		.has_secret = true,
		.timeout_ms = 60,
		.tries = 2,
		.dead_s = 1,
		.sockets = 2};
	(void)secret_set(&s->secret, span_of_text("testing123"));
	lab.secret = s->secret;
	struct config_radius_group *g = &c->radius_groups[0];
	*g = (struct config_radius_group){.name = "g", .n_servers = 1, .servers = {"s"}};
	c->tenants[0].accounting_index = 0;
	c->spool_max_mb = 16;
	log_open(&lab.log, LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "account");
	lab.log.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	lab.log.events = event_log_new();
	c->accounting_dir[0] = '\0';
	if (has_dir) {
		snprintf(lab.dir, sizeof(lab.dir), "/tmp/adit-account-XXXXXX");
		ASSERT_TRUE(mkdtemp(lab.dir) != NULL);
		snprintf(c->accounting_dir, sizeof(c->accounting_dir), "%s", lab.dir);
	}
	start();
}

static inline unsigned int count_files(const char *part, bool removes)
{
	DIR *d = opendir(lab.dir);
	struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || !strstr(e->d_name, part))
			continue;
		n++;
		if (removes)
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	return n;
}

static inline void close_lab(void)
{
	int null_fd = lab.log.fd;

	if (lab.dir[0]) {
		count_files("", true);
		EXPECT_EQ(0, rmdir(lab.dir));
	}
	close(lab.fd);
	event_log_free(lab.log.events);
	log_close(&lab.log);
	close(null_fd);
	config_free(lab.config);
}

static inline void turn(int ms)
{
	struct pollfd p[] = {
		{.fd = lab.core.epoll_fd, .events = POLLIN}, {.fd = lab.fd, .events = POLLIN}};

	(void)poll(p, 2, ms);
	serve();
	radius_core_run(&lab.core);
}

static inline bool drained(void)
{
	return account_is_drained(lab.account);
}

static inline uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static inline bool until(bool (*holds)(void), int ms)
{
	uint64_t end = now_ms() + (uint64_t)ms;

	while (!holds() && now_ms() < end)
		turn(5);
	return holds();
}

static inline void run(int ms)
{
	uint64_t end = now_ms() + (uint64_t)ms;

	while (now_ms() < end)
		turn(5);
}

static inline void tell(enum aaa_account_kind kind, uint32_t call, uint64_t up)
{
	struct aaa_account r;
	struct timespec t;

	account_sample(&r, call);
	clock_gettime(CLOCK_REALTIME, &t);
	r.kind = kind;
	r.up_bytes = up;
	r.event_wall_ns = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	if (kind == AAA_ACCOUNT_ON || kind == AAA_ACCOUNT_OFF)
		r.session_id[0] = '\0';
	r.cause = kind == AAA_ACCOUNT_STOP ? AAA_CAUSE_USER_REQUEST : AAA_CAUSE_NONE;
	radius_core_look(&lab.core);
	account_submit(lab.account, &r);
}

static inline const struct heard *find(uint32_t status, uint32_t call)
{
	struct aaa_account r;

	account_sample(&r, call);
	for (unsigned int i = 0; i < lab.n_heard; i++)
		if (lab.heard[i].status == status &&
			(status >= ON || strcmp(lab.heard[i].session_id, r.session_id) == 0))
			return &lab.heard[i];
	return NULL;
}

static inline unsigned int count(uint32_t status)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < lab.n_heard; i++)
		n += lab.heard[i].status == status;
	return n;
}

static inline unsigned int count_events(enum event_kind kind)
{
	return lab.log.events->repeats[kind];
}

static inline bool has_spooled_all(void)
{
	return drained() && count_files(".spool", false) > 0;
}

static inline bool is_spool_empty(void)
{
	char text[2048];

	account_describe(lab.account, text, sizeof(text));
	return drained() && count_files(".spool", false) == 0 && strstr(text, "on disk 0,");
}

// A copy of the directory as it is while calls are up is what kill -9 leaves.
static inline void steal(void)
{
	char command[256];

	snprintf(command, sizeof(command), "cp -r %s %s.copy && rm %s.copy/lock", lab.dir, lab.dir,
		lab.dir);
	ASSERT_EQ(0, system(command));
}

static inline void bring_back(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s && mv %s.copy %s", lab.dir, lab.dir, lab.dir);
	ASSERT_EQ(0, system(command));
}
