// SPDX-License-Identifier: BSD-3-Clause
#include "radius_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

TEST(exchange, an_answer_comes_back)
{
	struct fake *f = fake_new(1);
	struct fake_request r;

	fake_open(f);
	ASSERT_EQ(0, fake_ask(f, "anna"));
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	EXPECT_EQ(RADIUS_ACCESS_REQUEST, r.view.code);
	// Message-Authenticator is first and right; the password is that of RFC 2865 5.2.
	struct span value;
	EXPECT_EQ(RADIUS_MESSAGE_AUTHENTICATOR, r.view.attributes.bytes[0]);
	ASSERT_TRUE(radius_find(&r.view, 0, RADIUS_USER_PASSWORD, &value));
	uint8_t password[16];
	ASSERT_EQ(16, value.len);
	memcpy(password, value.bytes, 16);
	radius_password_reveal(&f->fakes[0].secret, r.view.authenticator, password, 16);
	EXPECT_MEMEQ("password\0\0\0\0\0\0\0\0", password, 16);
	fake_answer(f, 0, &r, FAKE_GOOD);
	fake_run_until(f, 1, 500);
	ASSERT_EQ(1, f->n_done);
	EXPECT_EQ(EXCHANGE_ANSWERED, f->results[0]);
	EXPECT_STREQ("s0", f->by[0]);
	EXPECT_EQ(0, exchange_pending(f->exchange, EXCHANGE_AUTH));
	fake_free(f);
}

TEST(exchange, a_try_is_the_same_bytes_again)
{
	struct fake *f = fake_new(1);
	struct fake_request a, b;

	fake_open(f);
	fake_ask(f, "anna");
	ASSERT_TRUE(fake_receive(f, 0, &a, 500));
	ASSERT_TRUE(fake_receive(f, 0, &b, 500));
	EXPECT_EQ(a.n, b.n);
	EXPECT_MEMEQ(a.bytes, b.bytes, a.n);
	EXPECT_MEMEQ(a.from, b.from, 8);
	fake_answer(f, 0, &a, FAKE_GOOD);
	fake_answer(f, 0, &b, FAKE_GOOD); // and a duplicate
	fake_run_until(f, 2, 50);
	EXPECT_EQ(1, f->n_done);
	EXPECT_EQ(1, fake_counter(f, 0, "late"));
	EXPECT_EQ(1, fake_counter(f, 0, "retransmits"));
	fake_free(f);
}

// A forger who is faster than the server does not win, whatever he sends.
TEST(exchange, wrong_answers_are_counted_and_end_no_wait)
{
	static const struct {
		enum fake_answer how;
		const char *counter;
	} cases[] = {
		{FAKE_WRONG_SECRET, "wrong-authenticator"},
		{FAKE_NO_MESSAGE_AUTHENTICATOR, "no-message-authenticator"},
		{FAKE_WRONG_MESSAGE_AUTHENTICATOR, "wrong-message-authenticator"},
		{FAKE_WRONG_ID, "late"},
		{FAKE_WRONG_CODE, "wrong-code"},
		{FAKE_GARBAGE, "malformed"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		struct fake *f = fake_new(1);
		struct fake_request r;
		f->servers[0].timeout_ms = 2000;
		fake_open(f);
		fake_ask(f, "anna");
		ASSERT_TRUE(fake_receive(f, 0, &r, 500));
		for (int k = 0; k < 300; k++) // a flood of it
			fake_answer(f, 0, &r, cases[i].how);
		fake_run(f, 20);
		EXPECT_EQ(0, f->n_done);
		EXPECT_GT(fake_counter(f, 0, cases[i].counter), 0);
		fake_answer(f, 0, &r, FAKE_GOOD);
		fake_run_until(f, 1, 500);
		EXPECT_EQ(1, f->n_done);
		EXPECT_EQ(EXCHANGE_ANSWERED, f->results[0]);
		fake_free(f);
	}
}

TEST(exchange, without_the_demand_an_answer_without_message_authenticator_is_taken)
{
	struct fake *f = fake_new(1);
	struct fake_request r;

	f->servers[0].require_message_authenticator = false;
	fake_open(f);
	fake_ask(f, "anna");
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	fake_answer(f, 0, &r, FAKE_WRONG_MESSAGE_AUTHENTICATOR); // not even then
	fake_answer(f, 0, &r, FAKE_NO_MESSAGE_AUTHENTICATOR);
	fake_run_until(f, 1, 500);
	EXPECT_EQ(1, f->n_done);
	EXPECT_EQ(1, fake_counter(f, 0, "wrong-message-authenticator"));
	fake_free(f);
}

TEST(exchange, a_wrong_secret_is_named)
{
	struct fake *f = fake_new(1);
	struct fake_request r;

	fake_open(f);
	fake_ask(f, "anna");
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	fake_answer(f, 0, &r, FAKE_WRONG_SECRET);
	fake_run_until(f, 1, 1000);
	ASSERT_EQ(1, f->n_done);
	EXPECT_EQ(EXCHANGE_TIMEOUT, f->results[0]);
	EXPECT_STRCONTAINS(f->whys[0], "secret");
	fake_free(f);
}

TEST(exchange, a_dead_server_hands_its_requests_over_and_gets_no_more)
{
	struct fake *f = fake_new(2);
	struct fake_request r;

	fake_open(f);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	for (int i = 0; i < 5; i++) {
		ASSERT_TRUE(fake_receive(f, 1, &r, 1000));
		fake_answer(f, 1, &r, FAKE_GOOD);
	}
	fake_run_until(f, 5, 500);
	EXPECT_EQ(5, f->n_done);
	for (int i = 0; i < 5; i++)
		EXPECT_STREQ("s1", f->by[i]);
	EXPECT_EQ(1, fake_counter(f, 0, "deaths"));
	EXPECT_EQ(5, fake_counter(f, 0, "failed-over"));
	// The next one goes to the second at once.
	ASSERT_EQ(0, fake_ask(f, "berta"));
	EXPECT_TRUE(fake_receive(f, 1, &r, 20));
	fake_answer(f, 1, &r, FAKE_GOOD);
	fake_run_until(f, 6, 500);
	EXPECT_EQ(6, f->n_done);
	fake_free(f);
}

// After dead_s one request, and only one, finds out.
TEST(exchange, a_server_on_trial_gets_one_request_and_lives_again_by_its_answer)
{
	struct fake *f = fake_new(2);
	struct fake_request r, trial;

	fake_open(f);
	fake_ask(f, "anna");
	ASSERT_TRUE(fake_receive(f, 1, &r, 1000));
	fake_answer(f, 1, &r, FAKE_GOOD);
	fake_run_until(f, 1, 500);
	fake_run(f, 1200);
	while (fake_receive(f, 0, &r, 0)) {
	}
	f->n_done = 0;
	ASSERT_EQ(0, fake_ask(f, "berta"));
	ASSERT_EQ(0, fake_ask(f, "clara"));
	ASSERT_TRUE(fake_receive(f, 0, &trial, 20));
	EXPECT_FALSE(fake_receive(f, 0, &r, 0));
	ASSERT_TRUE(fake_receive(f, 1, &r, 20));
	fake_answer(f, 1, &r, FAKE_GOOD);
	fake_answer(f, 0, &trial, FAKE_GOOD);
	fake_run_until(f, 2, 500);
	EXPECT_EQ(2, f->n_done);
	ASSERT_EQ(0, fake_ask(f, "dora"));
	EXPECT_TRUE(fake_receive(f, 0, &r, 20));
	fake_free(f);
}

TEST(exchange, status_server_finds_out_without_a_user)
{
	struct fake *f = fake_new(1);
	struct fake_request r;
	bool is_probed = false;

	f->servers[0].status_server = true;
	fake_open(f);
	fake_ask(f, "anna");
	fake_run_until(f, 1, 1000);
	EXPECT_EQ(EXCHANGE_TIMEOUT, f->results[0]);
	EXPECT_FALSE(exchange_is_alive(f->exchange, EXCHANGE_AUTH, 0));
	EXPECT_EQ(-EHOSTUNREACH, fake_ask(f, "berta"));
	for (int i = 0; i < 10 && fake_receive(f, 0, &r, 2000) && !is_probed; i++)
		is_probed = r.view.code == RADIUS_STATUS_SERVER;
	ASSERT_TRUE(is_probed);
	// As FreeRADIUS 3.2.1 answers it.
	fake_answer(f, 0, &r, FAKE_NO_MESSAGE_AUTHENTICATOR);
	fake_run(f, 20);
	EXPECT_TRUE(exchange_is_alive(f->exchange, EXCHANGE_AUTH, 0));
	EXPECT_EQ(0, fake_ask(f, "clara"));
	fake_free(f);
}

// And once a second for each server somebody may find out all the same.
TEST(exchange, all_dead_is_told_at_once)
{
	struct fake *f = fake_new(2);

	f->servers[0].dead_s = f->servers[1].dead_s = 60;
	fake_open(f);
	fake_ask(f, "anna");
	fake_run_until(f, 1, 2000);
	EXPECT_EQ(EXCHANGE_TIMEOUT, f->results[0]);
	EXPECT_FALSE(exchange_is_alive(f->exchange, EXCHANGE_AUTH, 0));
	EXPECT_EQ(-EHOSTUNREACH, fake_ask(f, "berta"));
	fake_run(f, 1100);
	EXPECT_EQ(0, fake_ask(f, "clara"));
	EXPECT_EQ(0, fake_ask(f, "dora"));
	EXPECT_EQ(-EHOSTUNREACH, fake_ask(f, "erna"));
	fake_free(f);
}

TEST(exchange, balance_asks_the_one_with_the_least_to_do)
{
	struct fake *f = fake_new(3);
	struct fake_request r;

	f->group.mode = CONFIG_RADIUS_BALANCE;
	fake_open(f);
	for (int i = 0; i < 30; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	for (unsigned int s = 0; s < 3; s++) {
		SHIM_TRACE_CASE(s);
		EXPECT_EQ(10, fake_counter(f, s, "pending"));
		EXPECT_TRUE(fake_receive(f, s, &r, 100));
	}
	fake_free(f);
}

// Two sockets have 512 identifiers, none of them in use twice at a time.
TEST(exchange, more_requests_than_identifiers_wait)
{
	struct fake *f = fake_new(1);
	bool seen[2][256] = {{false}};
	struct fake_request r;
	uint16_t ports[2] = {0};
	int n = 0;

	f->servers[0].timeout_ms = 5000;
	fake_open(f);
	for (int i = 0; i < 600; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	EXPECT_EQ(600, exchange_pending(f->exchange, EXCHANGE_AUTH));
	for (; fake_receive(f, 0, &r, 20); n++) {
		uint16_t port = bytes_get_u16(r.from + 2);
		int p = ports[0] == 0 || ports[0] == port ? 0 : 1;
		ports[p] = port;
		EXPECT_FALSE(seen[p][r.view.id]);
		seen[p][r.view.id] = true;
	}
	EXPECT_EQ(512, n);
	fake_free(f);
}

TEST(exchange, what_waits_goes_on_as_answers_come)
{
	struct fake *f = fake_new(1);
	struct fake_request r;
	unsigned int n = 0;

	f->servers[0].timeout_ms = 5000;
	f->servers[0].sockets = 1;
	fake_open(f);
	for (int i = 0; i < 600; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	while (n < 600 && fake_receive(f, 0, &r, 500)) {
		fake_answer(f, 0, &r, FAKE_GOOD);
		n++;
	}
	fake_run_until(f, 600, 500);
	EXPECT_EQ(600, n);
	EXPECT_EQ(600, f->n_done);
	EXPECT_EQ(0, fake_counter(f, 0, "timeouts"));
	fake_free(f);
}

TEST(exchange, too_many_are_refused)
{
	struct fake *f = fake_new(1);
	int rc = 0, n = 0;

	f->servers[0].timeout_ms = 5000;
	fake_open(f);
	while ((rc = fake_ask(f, "anna")) == 0 && n < 100000)
		n++;
	EXPECT_EQ(-EBUSY, rc);
	EXPECT_EQ(16384, n);
	fake_free(f);
}

struct noted {
	struct exchange_watcher watcher;
	int n_dead, n_alive;
};

static void note(struct exchange_watcher *w, enum exchange_kind kind, uint16_t group, bool is_alive)
{
	struct noted *n = (struct noted *)w;

	if (is_alive)
		n->n_alive++;
	else
		n->n_dead++;
}

TEST(exchange, watchers_hear_of_groups_that_die_and_come_back)
{
	struct fake *f = fake_new(1);
	struct noted n = {.watcher.changed = note};

	fake_open(f);
	exchange_watch(f->exchange, &n.watcher);
	fake_ask(f, "anna");
	fake_run_until(f, 1, 1000);
	EXPECT_EQ(1, n.n_dead);
	fake_run(f, 1300); // on trial: it may be asked again
	EXPECT_EQ(1, n.n_alive);
	fake_free(f);
}

TEST(exchange, a_new_configuration_keeps_what_is_the_same)
{
	struct fake *f = fake_new(2);
	struct config_radius_group groups[2];
	struct fake_request r;

	f->servers[0].timeout_ms = f->servers[1].timeout_ms = 5000;
	fake_open(f);
	fake_ask(f, "anna");
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	// The first server stays; its group has another number now.
	memset(groups, 0, sizeof(groups));
	snprintf(groups[0].name, sizeof(groups[0].name), "other");
	groups[1] = f->group;
	f->config.radius_groups = groups;
	f->config.n_radius_groups = 2;
	EXPECT_EQ(0, exchange_reload(f->exchange));
	fake_answer(f, 0, &r, FAKE_GOOD);
	fake_run_until(f, 1, 500);
	EXPECT_EQ(1, f->n_done);
	EXPECT_STREQ("s0", f->by[0]);
	// Another secret is another server: who waits there goes to the next one.
	f->config.radius_groups = &f->group;
	f->config.n_radius_groups = 1;
	EXPECT_EQ(0, exchange_reload(f->exchange));
	fake_ask(f, "berta");
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	secret_set(&f->servers[0].secret, span_of_text("another"));
	f->fakes[0].secret = f->servers[0].secret;
	EXPECT_EQ(0, exchange_reload(f->exchange));
	ASSERT_TRUE(fake_receive(f, 0, &r, 500));
	fake_answer(f, 0, &r, FAKE_GOOD);
	fake_run_until(f, 2, 500);
	EXPECT_EQ(2, f->n_done);
	fake_free(f);
}

TEST(exchange, source_ports_are_spread)
{
	struct fake *f = fake_new(1);
	struct fake_request r;
	uint16_t ports[8], n = 0;

	f->servers[0].sockets = 8;
	fake_open(f);
	for (int i = 0; i < 16; i++)
		fake_ask(f, "anna");
	for (int i = 0; i < 16; i++) {
		ASSERT_TRUE(fake_receive(f, 0, &r, 100));
		uint16_t port = bytes_get_u16(r.from + 2), k = 0;
		while (k < n && ports[k] != port)
			k++;
		if (k == n && n < 8)
			ports[n++] = port;
	}
	EXPECT_EQ(8, n);
	fake_free(f);
}

// A clock of which each look costs ten microseconds, as a packet that is sent does.
static uint64_t slow_clock_ns;

static uint64_t slow_clock(void)
{
	return slow_clock_ns += 10000;
}

// The real one, two seconds later.
static uint64_t later_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * RADIUS_SECOND_NS + (uint64_t)t.tv_nsec + 2 * RADIUS_SECOND_NS;
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

// A full exchange whose server has died. Returns the most requests that one turn ended or moved.
static uint32_t move_all(
	struct fake *f, uint32_t n, uint64_t (*clock_ns)(void), uint64_t *longest_ns)
{
	uint32_t most = 0, before;

	for (uint32_t i = 0; i < n; i++)
		EXPECT_EQ(0, fake_ask(f, "anna"));
	radius_core_look(&f->core);
	slow_clock_ns = f->core.now_ns + 2 * RADIUS_SECOND_NS; // all is due
	f->core.clock_ns = clock_ns;
	*longest_ns = 0;
	for (int turn = 0; turn < 100000 && fake_counter(f, 0, "pending"); turn++) {
		before = f->n_done + fake_counter(f, 0, "failed-over");
		uint64_t began_ns = cpu_ns();
		radius_core_run(&f->core);
		uint64_t took_ns = cpu_ns() - began_ns;
		if (took_ns > *longest_ns)
			*longest_ns = took_ns;
		uint32_t moved = f->n_done + fake_counter(f, 0, "failed-over") - before;
		most = moved > most ? moved : most;
	}
	return most;
}

// The control loop has other things to do: however many wait for a server that died, a turn is short.
TEST(exchange, a_dead_server_costs_no_long_turn)
{
	enum { N = 16384 };

	for (unsigned int i = 0; i < 4; i++) {
		SHIM_TRACE_CASE(i);
		unsigned int servers = 1 + i % 2;
		bool is_slow = i < 2;
		struct fake *f = fake_new(servers);
		uint64_t longest_ns;
		f->servers[0].sockets = f->servers[1].sockets = 64; // all have identifiers
		f->servers[0].tries = f->servers[1].tries = 1;
		f->servers[0].dead_s = f->servers[1].dead_s = 3600;
		f->servers[0].timeout_ms = 1000;
		f->servers[1].timeout_ms = 60000;
		fake_open(f);
		uint32_t most = move_all(f, N, is_slow ? slow_clock : later_clock, &longest_ns);
		EXPECT_EQ(servers == 2 ? 0 : N, f->n_done);
		EXPECT_EQ(N - f->n_done, exchange_pending(f->exchange, EXCHANGE_AUTH));
		EXPECT_EQ(1, fake_counter(f, 0, "deaths"));
		EXPECT_EQ(servers == 2 ? N : 0, fake_counter(f, 0, "failed-over"));
		if (is_slow) {
			EXPECT_LE(most, 52); // half a millisecond of that clock
		} else {
			printf("%u server(s), %d requests: the longest turn %.2f ms of CPU time, "
			       "at "
			       "most %u requests\n",
				servers, N, (double)longest_ns / 1e6, most);
			EXPECT_LT(longest_ns, 5 * RADIUS_MS_NS);
		}
		fake_free(f);
	}
}

// An answer that comes after all is taken, even if its request was about to leave.
TEST(exchange, a_late_answer_brings_the_server_back_while_others_leave)
{
	struct fake *f = fake_new(1);
	struct fake_request first;

	f->servers[0].tries = 1;
	f->servers[0].dead_s = 3600;
	fake_open(f);
	for (int i = 0; i < 400; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	ASSERT_TRUE(fake_receive(f, 0, &first, 10));
	radius_core_look(&f->core);
	slow_clock_ns = f->core.now_ns + RADIUS_SECOND_NS;
	f->core.clock_ns = slow_clock;
	while (fake_counter(f, 0, "deaths") == 0)
		radius_core_run(&f->core);
	EXPECT_LT(f->n_done, 300);
	struct fake_request last = first;
	while (fake_receive(f, 0, &last, 0) && f->n_done < 300) {
	}
	fake_answer(f, 0, &last, FAKE_GOOD);
	for (int turn = 0; turn < 1000 && f->n_done < 400; turn++)
		radius_core_run(&f->core);
	EXPECT_EQ(400, f->n_done);
	EXPECT_EQ(0, exchange_pending(f->exchange, EXCHANGE_AUTH));
	EXPECT_EQ(0, fake_counter(f, 0, "pending"));
	fake_free(f);
}

// Thousands of requests to a server that the new configuration has no more; a second reload comes in between.
TEST(exchange, a_server_that_is_gone_hands_all_over)
{
	struct fake *f = fake_new(2);
	enum { N = 1000 };

	f->servers[0].timeout_ms = f->servers[1].timeout_ms = 60000;
	fake_open(f);
	for (int i = 0; i < N; i++)
		ASSERT_EQ(0, fake_ask(f, "anna"));
	EXPECT_EQ(N, fake_counter(f, 0, "pending"));
	for (int i = 0; i < 2; i++) {
		f->servers[0].dead_s++; // another server
		EXPECT_EQ(0, exchange_reload(f->exchange));
		radius_core_run(&f->core);
	}
	fake_run(f, 100);
	EXPECT_EQ(N, exchange_pending(f->exchange, EXCHANGE_AUTH));
	EXPECT_EQ(N, fake_counter(f, 0, "pending") + fake_counter(f, 1, "pending"));
	f->group.n_servers = 0; // nobody is left
	EXPECT_EQ(0, exchange_reload(f->exchange));
	f->config.n_radius_servers = 0;
	EXPECT_EQ(0, exchange_reload(f->exchange));
	fake_run_until(f, N, 2000);
	EXPECT_EQ(N, f->n_done);
	EXPECT_EQ(0, exchange_pending(f->exchange, EXCHANGE_AUTH));
	f->config.n_radius_servers = 2; // for fake_free
	fake_free(f);
}

// A flood of wrong answers on each of many sockets: the turn ends all the same, and the genuine answer gets through.
TEST(exchange, a_flood_of_answers_costs_no_long_turn)
{
	struct fake *f = fake_new(1);
	struct fake_request r[8];
	uint64_t longest_ns = 0;

	f->servers[0].sockets = 8;
	f->servers[0].timeout_ms = 60000;
	fake_open(f);
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, fake_ask(f, "anna"));
		ASSERT_TRUE(fake_receive(f, 0, &r[i], 100));
	}
	for (int k = 0; k < 100; k++)
		for (int i = 0; i < 8; i++)
			fake_answer(f, 0, &r[i], FAKE_WRONG_SECRET);
	for (int i = 0; i < 8; i++)
		fake_answer(f, 0, &r[i], FAKE_GOOD);
	slow_clock_ns = f->core.now_ns;
	f->core.clock_ns = slow_clock;
	for (int turn = 0; turn < 10000 && f->n_done < 8; turn++) {
		uint32_t before = fake_counter(f, 0, "wrong-authenticator");
		uint64_t began_ns = cpu_ns();
		radius_core_run(&f->core);
		uint64_t took_ns = cpu_ns() - began_ns;
		longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
		EXPECT_LE(fake_counter(f, 0, "wrong-authenticator") - before, 26);
	}
	EXPECT_EQ(8, f->n_done);
	EXPECT_LT(longest_ns, 5 * RADIUS_MS_NS);
	fake_free(f);
}

TEST(exchange, balance_shares_what_comes_one_by_one)
{
	struct fake *f = fake_new(2);
	struct fake_request r;
	unsigned int n[2] = {0};

	f->group.mode = CONFIG_RADIUS_BALANCE;
	fake_open(f);
	for (uint32_t i = 0; i < 10; i++) {
		ASSERT_EQ(0, fake_ask(f, "anna"));
		for (unsigned int s = 0; s < 2; s++)
			if (fake_receive(f, s, &r, 0)) {
				fake_answer(f, s, &r, FAKE_GOOD);
				n[s]++;
			}
		fake_run_until(f, i + 1, 30);
		fake_run(f, 1);
	}
	EXPECT_EQ(5, n[0]);
	EXPECT_EQ(5, n[1]);
	fake_free(f);
}

// The faster one of two gets more; when the other one dies, it gets all.
TEST(exchange, balance_follows_who_answers)
{
	struct fake *f = fake_new(2);
	struct fake_request r;
	unsigned int n[2] = {0};

	f->group.mode = CONFIG_RADIUS_BALANCE;
	f->servers[0].timeout_ms = f->servers[1].timeout_ms = 400;
	f->servers[0].tries = 1;
	f->servers[0].dead_s = 3600;
	fake_open(f);
	for (int i = 0; i < 200; i++) {
		ASSERT_EQ(0, fake_ask(f, "anna"));
		// The second one answers every one at once, the first one each tenth time only.
		for (unsigned int s = 0; s < 2; s++)
			if ((s == 1 || i % 10 == 9) && fake_receive(f, s, &r, 0)) {
				fake_answer(f, s, &r, FAKE_GOOD);
				n[s]++;
			}
		fake_run(f, 1);
	}
	EXPECT_GT(n[0], 5);
	EXPECT_GT(n[1], 3 * n[0]);
	while (fake_receive(f, 0, &r, 0)) {
	}
	for (int i = 0; i < 1000 && exchange_pending(f->exchange, EXCHANGE_AUTH); i++)
		if (fake_receive(f, 1, &r, 2))
			fake_answer(f, 1, &r, FAKE_GOOD);
	EXPECT_EQ(f->n_asked, f->n_done);
	for (uint32_t i = 0; i < f->n_done; i++)
		EXPECT_EQ(EXCHANGE_ANSWERED, f->results[i]);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, fake_ask(f, "berta"));
	for (int i = 0; i < 1000 && exchange_pending(f->exchange, EXCHANGE_AUTH); i++)
		if (fake_receive(f, 1, &r, 2))
			fake_answer(f, 1, &r, FAKE_GOOD);
	EXPECT_EQ(1, fake_counter(f, 0, "deaths"));
	unsigned int requests = fake_counter(f, 0, "requests");
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(0, fake_ask(f, "clara"));
	EXPECT_EQ(requests, fake_counter(f, 0, "requests"));
	EXPECT_EQ(10, fake_counter(f, 1, "pending"));
	fake_free(f);
}

struct followed {
	int n;
	uint32_t client_be;
	char user[64], text[4096];
};

static void follow(void *context, const struct aaa_debug_text *t)
{
	struct followed *followed = context;

	followed->n++;
	followed->client_be = t->client_be;
	snprintf(followed->user, sizeof(followed->user), "%.*s", (int)t->user.len,
		(const char *)t->user.bytes);
	snprintf(followed->text, sizeof(followed->text), "%s", t->lines);
}

TEST(exchange, s10_packets_are_said_to_who_follows)
{
	struct fake *f = fake_new(1);
	struct followed followed = {0};
	struct fake_request r;

	fake_open(f);
	ASSERT_EQ(0, fake_ask(f, "anna"));
	ASSERT_TRUE(fake_receive(f, 0, &r, 100));
	f->core.debug = (struct aaa_debug){.say = follow, .context = &followed};
	fake_answer(f, 0, &r, FAKE_GOOD);
	fake_run_until(f, 1, 500);
	EXPECT_EQ(1, followed.n);
	EXPECT_STRCONTAINS(followed.text, "RADIUS: received from s0 127.0.0.1:");
	EXPECT_STRCONTAINS(followed.text, "Access-Accept, len 38\n");
	EXPECT_STREQ("anna", followed.user); // of the request
	ASSERT_EQ(0, fake_ask(f, "berta"));
	EXPECT_EQ(2, followed.n);
	EXPECT_STRCONTAINS(followed.text, "RADIUS: sent to s0 ");
	EXPECT_STRCONTAINS(followed.text, "1 = \"berta\"\n");
	EXPECT_STRCONTAINS(followed.text, "(16 bytes, not shown)");
	f->core.debug.say = NULL;
	ASSERT_EQ(0, fake_ask(f, "clara"));
	EXPECT_EQ(2, followed.n);
	fake_free(f);
}
