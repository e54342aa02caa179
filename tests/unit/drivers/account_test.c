// SPDX-License-Identifier: BSD-3-Clause
// Accounting against a server that the test plays on the loopback: loss, death and return, restarts of adit.
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
	unsigned int loses; // every so-manyth request; 0: none
	unsigned int n_got;
	unsigned int n_heard; // answered ones
	struct heard heard[HEARD_MAX];
} lab;

// ---- the server ---------------------------------------------------------------------------------

static uint32_t number(const struct radius_view *v, uint8_t type)
{
	struct span value;
	uint32_t n = 0;

	if (radius_find(v, 0, type, &value))
		(void)radius_get_u32(value, &n);
	return n;
}

// One that was heard before is a retransmission, as servers know them.
static void note(const struct radius_view *v)
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

static void serve(void)
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
		note(&v);
		radius_begin(&reply, RADIUS_ACCOUNTING_RESPONSE, false);
		size_t m = radius_seal_reply(&reply, v.id, &lab.secret, v.authenticator);
		(void)sendto(lab.fd, reply.bytes, m, 0, (struct sockaddr *)&from, len);
	}
}

static uint16_t open_server(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	lab.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	EXPECT_EQ(0, bind(lab.fd, (struct sockaddr *)&at, sizeof(at)));
	EXPECT_EQ(0, getsockname(lab.fd, (struct sockaddr *)&at, &len));
	return ntohs(at.sin_port);
}

// ---- adit ---------------------------------------------------------------------------------------

static void start(void)
{
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &lab.account));
}

static void stop(void)
{
	exchange_close(lab.exchange);
	account_close(lab.account);
	radius_core_close(&lab.core);
}

static void open_lab(bool has_dir)
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

static unsigned int count_files(const char *part, bool removes)
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

static void close_lab(void)
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

static void turn(int ms)
{
	struct pollfd p[] = {
		{.fd = lab.core.epoll_fd, .events = POLLIN}, {.fd = lab.fd, .events = POLLIN}};

	(void)poll(p, 2, ms);
	serve();
	radius_core_run(&lab.core);
}

static bool drained(void)
{
	return account_is_drained(lab.account);
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool until(bool (*holds)(void), int ms)
{
	uint64_t end = now_ms() + (uint64_t)ms;

	while (!holds() && now_ms() < end)
		turn(5);
	return holds();
}

static void run(int ms)
{
	uint64_t end = now_ms() + (uint64_t)ms;

	while (now_ms() < end)
		turn(5);
}

static void tell(enum aaa_account_kind kind, uint32_t call, uint64_t up)
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

static const struct heard *find(uint32_t status, uint32_t call)
{
	struct aaa_account r;

	account_sample(&r, call);
	for (unsigned int i = 0; i < lab.n_heard; i++)
		if (lab.heard[i].status == status &&
			(status >= ON || strcmp(lab.heard[i].session_id, r.session_id) == 0))
			return &lab.heard[i];
	return NULL;
}

static unsigned int count(uint32_t status)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < lab.n_heard; i++)
		n += lab.heard[i].status == status;
	return n;
}

static unsigned int count_events(enum event_kind kind)
{
	return lab.log.events->repeats[kind];
}

static bool has_spooled_all(void)
{
	return drained() && count_files(".spool", false) > 0;
}

static bool is_spool_empty(void)
{
	char text[2048];

	account_describe(lab.account, text, sizeof(text));
	return drained() && count_files(".spool", false) == 0 && strstr(text, "on disk 0,");
}

// ---- tests --------------------------------------------------------------------------------------

TEST(account, a_call_is_told_in_order)
{
	open_lab(true);
	tell(AAA_ACCOUNT_ON, 0, 0);
	tell(AAA_ACCOUNT_ON, 0, 0); // of another tenant that is the same NAS to the same group
	tell(AAA_ACCOUNT_START, 1, 0);
	tell(AAA_ACCOUNT_INTERIM, 1, 100);
	EXPECT_TRUE(until(drained, 2000));
	tell(AAA_ACCOUNT_NOTE, 1, 150);
	tell(AAA_ACCOUNT_STOP, 1, 200);
	tell(AAA_ACCOUNT_OFF, 0, 0);
	EXPECT_TRUE(until(drained, 2000));
	ASSERT_EQ(5, lab.n_heard);
	static const uint32_t order[] = {ON, START, INTERIM, STOP, OFF};
	for (int i = 0; i < 5; i++)
		EXPECT_EQ(order[i], lab.heard[i].status);
	EXPECT_EQ(100, lab.heard[2].up);
	EXPECT_EQ(200, lab.heard[3].up);
	EXPECT_EQ(1, lab.heard[3].cause);
	EXPECT_STREQ("0", lab.heard[0].session_id);
	stop();
	close_lab();
}

TEST(account, what_is_overtaken_is_not_sent)
{
	open_lab(false);
	lab.is_silent = true;
	tell(AAA_ACCOUNT_START, 1, 0);
	tell(AAA_ACCOUNT_INTERIM, 1, 100);
	tell(AAA_ACCOUNT_INTERIM, 1, 200);
	tell(AAA_ACCOUNT_STOP, 1, 300);
	run(20);
	lab.is_silent = false;
	EXPECT_TRUE(until(drained, 5000)); // without a spool it waits in memory
	ASSERT_EQ(2, lab.n_heard);
	EXPECT_EQ(START, lab.heard[0].status);
	EXPECT_EQ(STOP, lab.heard[1].status);
	EXPECT_EQ(300, lab.heard[1].up);
	stop();
	close_lab();
}

TEST(account, loss_costs_nothing)
{
	open_lab(true);
	lab.loses = 5;
	for (uint32_t i = 0; i < 100; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	run(50);
	for (uint32_t i = 0; i < 100; i++)
		tell(AAA_ACCOUNT_STOP, i, i);
	EXPECT_TRUE(until(drained, 5000));
	EXPECT_TRUE(until(is_spool_empty, 5000));
	for (uint32_t i = 0; i < 100; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(i, stop_of->up);
	}
	EXPECT_EQ(100, count(START));
	EXPECT_EQ(100, count(STOP));
	stop();
	close_lab();
}

TEST(account, an_outage_goes_to_the_disk_and_comes_back)
{
	char text[2048];

	open_lab(true);
	for (uint32_t i = 0; i < 10; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(drained, 2000));
	lab.is_silent = true;
	for (uint32_t i = 10; i < 150; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	for (uint32_t i = 0; i < 140; i++)
		tell(AAA_ACCOUNT_STOP, i, 1000 + i);
	tell(AAA_ACCOUNT_INTERIM, 145, 7);
	EXPECT_TRUE(until(has_spooled_all, 5000)); // no call is held in memory for it
	EXPECT_EQ(1, count_events(EVENT_SPOOL_BEGAN));
	account_describe(lab.account, text, sizeof(text));
	EXPECT_STRCONTAINS(text, "accounting g: dead");
	EXPECT_STRCONTAINS(text, "on disk 280");
	EXPECT_STRCONTAINS(text, "interims left out 1");
	run(1100); // so that a delay shows
	lab.is_silent = false;
	EXPECT_TRUE(until(is_spool_empty, 10000));
	EXPECT_EQ(1, count_events(EVENT_SPOOL_DRAINED));
	EXPECT_EQ(150, count(START));
	EXPECT_EQ(140, count(STOP));
	for (uint32_t i = 10; i < 140; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(1000 + i, stop_of->up);
		EXPECT_GE(stop_of->delay_s, 1);
	}
	tell(AAA_ACCOUNT_STOP, 145, 8); // at once again
	EXPECT_TRUE(until(drained, 2000));
	ASSERT_TRUE(find(STOP, 145) != NULL);
	EXPECT_EQ(0, find(STOP, 145)->delay_s);
	stop();
	close_lab();
}

// Its Start lies on the disk, behind many others: the Stop may not pass it.
TEST(account, what_is_behind_on_the_disk_stays_behind)
{
	open_lab(true);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 180; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(has_spooled_all, 5000));
	lab.is_silent = false;
	while (lab.n_heard == 0)
		turn(5);
	tell(AAA_ACCOUNT_STOP, 179, 5);
	EXPECT_TRUE(until(is_spool_empty, 10000));
	ASSERT_TRUE(find(START, 179) && find(STOP, 179));
	EXPECT_TRUE(find(START, 179) < find(STOP, 179));
	EXPECT_EQ(180, count(START));
	EXPECT_EQ(1, count(STOP));
	stop();
	close_lab();
}

TEST(account, closing_leaves_what_is_not_told_to_the_next_start)
{
	open_lab(true);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 50; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	for (uint32_t i = 0; i < 50; i++)
		tell(AAA_ACCOUNT_STOP, i, i);
	tell(AAA_ACCOUNT_OFF, 0, 0);
	turn(0); // under way, all of them
	stop();
	serve(); // what was on its way, nobody hears of
	lab.is_silent = false;
	start();
	EXPECT_EQ(0, count_events(EVENT_ACCOUNTING_RECOVERED)); // it ended well
	EXPECT_TRUE(until(is_spool_empty, 5000));
	for (uint32_t i = 0; i < 50; i++)
		EXPECT_TRUE(find(START, i) && find(STOP, i) && find(START, i) < find(STOP, i));
	EXPECT_EQ(50, count(STOP));
	EXPECT_EQ(1, count(OFF));
	stop();
	close_lab();
}

// A copy of the directory as it is while calls are up is what kill -9 leaves.
static void steal(void)
{
	char command[256];

	snprintf(command, sizeof(command), "cp -r %s %s.copy && rm %s.copy/lock", lab.dir, lab.dir,
		lab.dir);
	ASSERT_EQ(0, system(command));
}

static void bring_back(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r %s && mv %s.copy %s", lab.dir, lab.dir, lab.dir);
	ASSERT_EQ(0, system(command));
}

TEST(account, kill_9_tells_each_call_once)
{
	open_lab(true);
	for (uint32_t i = 0; i < 20; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(drained, 2000));
	for (uint32_t i = 0; i < 20; i++)
		tell(AAA_ACCOUNT_NOTE, i, 500 + i);
	for (uint32_t i = 0; i < 5; i++)
		tell(AAA_ACCOUNT_STOP, i, 900 + i);
	EXPECT_TRUE(until(drained, 2000));
	lab.is_silent = true;
	tell(AAA_ACCOUNT_START, 20, 0); // that no server has
	tell(AAA_ACCOUNT_STOP, 5, 905);
	steal();
	serve(); // what was on its way, nobody hears of
	lab.is_silent = false;
	stop();
	bring_back();
	start();
	EXPECT_EQ(1, count_events(EVENT_ACCOUNTING_RECOVERED));
	EXPECT_TRUE(until(is_spool_empty, 5000));
	EXPECT_EQ(21, count(START));
	EXPECT_EQ(21, count(STOP));
	for (uint32_t i = 0; i < 21; i++) {
		SHIM_TRACE_CASE(i);
		const struct heard *start_of = find(START, i), *stop_of = find(STOP, i);
		ASSERT_TRUE(start_of && stop_of && start_of < stop_of);
		EXPECT_EQ(i <= 5 ? 900 + i : i == 20 ? 0 : 500 + i, stop_of->up);
		EXPECT_EQ(i <= 5 ? AAA_CAUSE_USER_REQUEST : AAA_CAUSE_NAS_REBOOT, stop_of->cause);
	}
	stop();
	start(); // nothing is owed any more
	run(50);
	EXPECT_EQ(42, lab.n_heard);
	stop();
	close_lab();
}

TEST(account, one_directory_one_adit)
{
	struct account *second = NULL;

	open_lab(true);
	EXPECT_EQ(-EBUSY, account_open(&lab.core, lab.exchange, &second));
	EXPECT_NULL(second);
	EXPECT_EQ(1, count_events(EVENT_START_FAILED));
	stop();
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir),
		"%s/not/made/so-deep", lab.dir);
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	EXPECT_EQ(-ENOENT, account_open(&lab.core, lab.exchange, &second));
	exchange_close(lab.exchange);
	radius_core_close(&lab.core);
	close_lab();
}

TEST(account, the_directory_is_made)
{
	struct account *second = NULL;
	char made[128];

	open_lab(true);
	stop();
	snprintf(made, sizeof(made), "%s/a/b", lab.dir);
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir), "%s", made);
	ASSERT_EQ(0, radius_core_open(&lab.core, lab.config, &lab.log, NULL));
	ASSERT_EQ(0, exchange_open(&lab.core, &lab.exchange));
	lab.config->tenants[0].accounting_index = CONFIG_NO_INDEX; // nobody needs it
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &second));
	account_close(second);
	EXPECT_NE(0, access(made, F_OK));
	lab.config->tenants[0].accounting_index = 0;
	ASSERT_EQ(0, account_open(&lab.core, lab.exchange, &second));
	account_close(second);
	EXPECT_EQ(0, access(made, F_OK));
	exchange_close(lab.exchange);
	radius_core_close(&lab.core);
	snprintf(made, sizeof(made), "rm -r %s/a", lab.dir);
	EXPECT_EQ(0, system(made));
	close_lab();
}

TEST(account, full_is_said_before_it_is)
{
	uint32_t n = 0;

	open_lab(true);
	EXPECT_FALSE(account_is_full(lab.account));
	while (!account_is_full(lab.account) && n < 10000)
		tell(AAA_ACCOUNT_START, n++, 0);
	EXPECT_GE(n, 200); // all calls that may be
	EXPECT_LT(n, 10000);
	for (uint32_t i = 0; i < 1000; i++) // beyond any bound: no harm
		tell(AAA_ACCOUNT_START, n + i, 0);
	for (uint32_t i = 0; i < n + 1000; i++)
		tell(AAA_ACCOUNT_STOP, i, 0);
	EXPECT_TRUE(until(is_spool_empty, 10000));
	EXPECT_FALSE(account_is_full(lab.account));
	EXPECT_EQ(count(START), count(STOP));
	stop();
	close_lab();
}

// Class changed while the call was up (RFC 5176).
TEST(account, a_new_class_is_kept)
{
	struct aaa_account r;

	open_lab(true);
	tell(AAA_ACCOUNT_START, 3, 0); // without a Class
	EXPECT_TRUE(until(drained, 2000));
	account_sample(&r, 3);
	r.kind = AAA_ACCOUNT_INTERIM;
	r.classes.n_bytes = 4;
	memcpy(r.classes.bytes, "\003new", 4);
	radius_core_look(&lab.core);
	account_submit(lab.account, &r);
	EXPECT_TRUE(until(drained, 2000));
	steal();
	stop();
	bring_back();
	start();
	EXPECT_TRUE(until(is_spool_empty, 5000));
	EXPECT_EQ(1, count(START));
	EXPECT_EQ(1, count(STOP));
	stop();
	close_lab();
}
