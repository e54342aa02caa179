// SPDX-License-Identifier: BSD-3-Clause
// Accounting when the configuration becomes another one, and with as many calls as there may be.
#include "unit/drivers/account_lab.h"

// ---- another configuration ----------------------------------------------------------------------

static void reload(const struct config *c)
{
	lab.core.config = c;
	radius_core_look(&lab.core);
	ASSERT_EQ(0, exchange_reload(lab.exchange));
	ASSERT_EQ(0, account_reload(lab.account));
}

// "blue", called at 192.0.2.`last`, beside the default tenant.
static void add_blue(struct config *c, uint8_t last)
{
	c->tenants = realloc(c->tenants, 2 * sizeof(*c->tenants));
	c->tenants[1] = c->tenants[0];
	memcpy(c->tenants[1].name, "blue", sizeof("blue"));
	c->n_tenants = 2;
	c->n_listen = 2;
	c->listen_be[0] = htonl(0xc0000201);
	c->listen_be[1] = htonl(0xc0000200 | last);
	c->listen_tenants[0] = 0;
	c->listen_tenants[1] = 1;
}

static void expect_nas(unsigned int n_on, unsigned int n_off)
{
	EXPECT_TRUE(until(drained, 3000));
	run(20);
	EXPECT_EQ(n_on, count(ON));
	EXPECT_EQ(n_off, count(OFF));
}

static void tell_on(uint16_t tenant)
{
	const struct aaa_account r = {.kind = AAA_ACCOUNT_ON,
		.tenant = tenant,
		.server_be = lab.config->listen_be[tenant]};

	radius_core_look(&lab.core);
	account_submit(lab.account, &r);
}

TEST(account, a_reload_tells_who_is_on_and_off)
{
	open_lab(true);
	stop();
	add_blue(lab.config, 2);
	lab.config->tenants[1].accounting_index = CONFIG_NO_INDEX;
	start();
	tell_on(0);
	expect_nas(1, 0);
	reload(lab.config); // all as it was
	expect_nas(1, 0);
	tell(AAA_ACCOUNT_START, 1, 0);
	lab.config->tenants[1].accounting_index = 0; // blue gets it
	reload(lab.config);
	tell_on(1); // control says so too
	expect_nas(2, 0);
	lab.config->tenants[1].accounting_index = CONFIG_NO_INDEX;
	reload(lab.config);
	expect_nas(2, 1);
	tell(AAA_ACCOUNT_STOP, 1, 5); // of the one that stays
	EXPECT_TRUE(until(drained, 2000));
	EXPECT_TRUE(find(STOP, 1) != NULL);
	lab.config->tenants[1].accounting_index = 0; // and once more
	reload(lab.config);
	expect_nas(3, 1);
	stop();
	close_lab();
}

// A server ends all sessions of a NAS that says On: one that another tenant is, too, is left alone.
TEST(account, a_nas_of_two_tenants_is_on_as_long_as_one_is)
{
	open_lab(true);
	stop();
	add_blue(lab.config, 2);
	lab.config->nas_address_be = htonl(0xc0000209);
	start();
	tell_on(0);
	tell_on(1);
	expect_nas(1, 0);
	lab.config->tenants[1].accounting_index = CONFIG_NO_INDEX;
	reload(lab.config);
	lab.config->tenants[1].accounting_index = 0;
	reload(lab.config);
	tell_on(1);
	expect_nas(1, 0);
	lab.config->tenants[0].accounting_index = CONFIG_NO_INDEX;
	lab.config->tenants[1].accounting_index = CONFIG_NO_INDEX;
	reload(lab.config);
	expect_nas(1, 1);
	stop();
	close_lab();
}

// The queue of a group that came by a reload is the thread's to make.
TEST(account, a_group_of_a_reload_has_a_spool)
{
	open_lab(true);
	struct config *c = lab.config;
	c->radius_groups = realloc(c->radius_groups, 2 * sizeof(*c->radius_groups));
	c->radius_groups[1] = c->radius_groups[0];
	memcpy(c->radius_groups[1].name, "new", sizeof("new"));
	c->n_radius_groups = 2;
	c->tenants[0].accounting_index = 1;
	reload(c);
	expect_nas(1, 1);
	lab.is_silent = true;
	for (uint32_t i = 0; i < 30; i++)
		tell(AAA_ACCOUNT_START, i, 0);
	EXPECT_TRUE(until(has_spooled_all, 5000));
	EXPECT_EQ(1, count_files("new.", false));
	lab.is_silent = false;
	EXPECT_TRUE(until(is_spool_empty, 10000));
	EXPECT_EQ(30, count(START));
	stop();
	close_lab();
}

// Where nobody has accounting, the directory need not be one that can be used.
TEST(account, a_directory_that_nobody_needs_may_be_anything)
{
	open_lab(true);
	stop();
	lab.config->tenants[0].accounting_index = CONFIG_NO_INDEX;
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir), "%s/lock/x",
		lab.dir);
	start(); // not even a directory
	stop();
	EXPECT_EQ(0, count_events(EVENT_START_FAILED));
	snprintf(lab.config->accounting_dir, sizeof(lab.config->accounting_dir), "%s", lab.dir);
	int fd = openat(AT_FDCWD, lab.dir, O_RDONLY | O_DIRECTORY);
	ASSERT_EQ(0, unlinkat(fd, "calls.journal", 0));
	ASSERT_EQ(0, mkdirat(fd, "calls.journal", 0700)); // nor can it be used
	start();
	lab.config->tenants[0].accounting_index = 0;
	EXPECT_EQ(0, count_events(EVENT_START_FAILED));
	reload(lab.config); // who needs it now is told what is missing
	EXPECT_EQ(1, count_events(EVENT_NOTE));
	stop();
	ASSERT_EQ(0, unlinkat(fd, "calls.journal", AT_REMOVEDIR));
	close(fd);
	close_lab();
}

// ---- as many calls as there may be --------------------------------------------------------------

enum { MANY = 65535 };

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// What the control lane is held for by one call of it. A machine with more threads than cores takes it away in between, so
// the CPU's time is what is bounded.
struct held {
	uint64_t most_ns;
	uint64_t all_ns;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void hold(struct held *h, uint64_t begun_ns)
{
	uint64_t passed = cpu_ns() - begun_ns;

	h->all_ns += passed;
	h->most_ns = passed > h->most_ns ? passed : h->most_ns;
}

static void tell_many(enum aaa_account_kind kind, struct held *h)
{
	for (uint32_t i = 0; i < MANY; i++) {
		uint64_t begun_ns = cpu_ns();
		tell(kind, i, i);
		hold(h, begun_ns);
	}
}

static void turn_held(struct held *h)
{
	struct pollfd p = {.fd = lab.core.epoll_fd, .events = POLLIN};

	(void)poll(&p, 1, 5);
	uint64_t begun_ns = cpu_ns();
	radius_core_run(&lab.core);
	hold(h, begun_ns);
}

static void say(const char *what, const struct held *h, unsigned int n)
{
	printf("%s: %.2f us each, at most %.2f ms\n", what, (double)h->all_ns / n / 1e3,
		(double)h->most_ns / 1e6);
	EXPECT_LT(h->most_ns, UINT64_C(5000000));
}

static double seconds_since(uint64_t begun_ns)
{
	return (double)(now_ns() - begun_ns) / 1e9;
}

static uint64_t n_on_disk(void)
{
	char text[2048];
	unsigned long long n = 0;

	account_describe(lab.account, text, sizeof(text));
	const char *at = strstr(text, "on disk ");
	EXPECT_TRUE(at && sscanf(at, "on disk %llu", &n) == 1);
	return n;
}

static void open_many(void)
{
	open_lab(true);
	stop();
	lab.config->max_calls = MANY;
	lab.config->spool_max_mb = 256;
	start();
}

// RADIUS is down, all calls are up, and adit is stopped: what servers do not take within the time that a stop has lies on
// the disk when it is over, and kill -9 at its end costs nothing either.
TEST(account_at_scale, all_stop_while_no_server_lives)
{
	struct held start_of = {0}, note_of = {0}, stop_of = {0}, turn_of = {0};

	open_many();
	lab.is_silent = true;
	tell_many(AAA_ACCOUNT_START, &start_of);
	say("a Start", &start_of, MANY);
	tell_many(AAA_ACCOUNT_NOTE, &note_of);
	say("a note", &note_of, MANY);
	tell_many(AAA_ACCOUNT_STOP, &stop_of);
	say("a Stop", &stop_of, MANY);
	uint64_t begun_ns = now_ns();
	unsigned int n = 0;
	for (; !drained() && seconds_since(begun_ns) < 1.5; n++)
		turn_held(&turn_of);
	say("a turn of the driver", &turn_of, n ? n : 1);
	printf("after 1.5 s on disk: %llu of %u records\n", (unsigned long long)n_on_disk(),
		2 * MANY);
	begun_ns = now_ns();
	stop();
	printf("close: %.2f s\n", seconds_since(begun_ns));
	begun_ns = now_ns();
	start();
	printf("start with all that in the spool: %.2f s\n", seconds_since(begun_ns));
	EXPECT_EQ(0, count_events(EVENT_ACCOUNTING_RECOVERED));
	EXPECT_EQ(2 * MANY, n_on_disk());
	stop();
	close_lab();
}

TEST(account_at_scale, all_calls_were_up_when_it_died)
{
	struct held start_of = {0};

	open_many();
	lab.is_silent = true;
	tell_many(AAA_ACCOUNT_START, &start_of);
	steal();
	stop();
	bring_back();
	uint64_t begun_ns = now_ns();
	start();
	printf("start with a journal of %u calls: %.2f s\n", MANY, seconds_since(begun_ns));
	EXPECT_EQ(1, count_events(EVENT_ACCOUNTING_RECOVERED));
	uint64_t n = n_on_disk();
	printf("on disk: %llu\n", (unsigned long long)n);
	EXPECT_GE(n,
		2 * MANY); // what the spool had of the Starts comes once more if the journal did not know it yet
	EXPECT_LE(n, 2 * MANY + 2048);
	stop();
	close_lab();
}
