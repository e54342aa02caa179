// SPDX-License-Identifier: BSD-3-Clause
#include "radius_fake.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
