// SPDX-License-Identifier: BSD-3-Clause
// Wrong passwords through the whole lane: who is refused, what is told, what an operator can do.
#include "control/lockout_watch.h"

#include "control/lab.h"
#include "shim/shim.h"

static struct lab lab;
static struct lab_client client;
static unsigned int n_ended;

static void lock_after_two(struct config *c)
{
	c->lockout_user_failures = 2;
	c->lockout_source_failures = 0;
	c->lockout_first_s = 10;
	c->lockout_max_s = 100;
	c->lockout_forget_s = 1000;
}

static void lock_source_after_three(struct config *c)
{
	lock_after_two(c);
	c->lockout_user_failures = 0;
	c->lockout_source_failures = 3;
}

static bool another_ended(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > n_ended;
}

static void refused_as(
	const struct sim_peer_profile *profile, const char *user, const char *password)
{
	n_ended = lab_count_ends(&lab, "");
	lab_client_open(&lab, &client);
	lab_client_dial(&client, profile, user, password, 1);
	EXPECT_TRUE(lab_until(&lab, another_ended, NULL, 3000));
	EXPECT_TRUE(client.peer.was_refused);
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
}

static void refused(const char *user, const char *password)
{
	refused_as(&lab_pppd, user, password);
}

static void comes_up(const char *user, const char *password)
{
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, user, password, 1);
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
}

TEST(lockout_watch, user)
{
	char text[4096];

	lab_open(&lab, lock_after_two);
	refused("alice", "wrong");
	comes_up("alice", "secret"); // counts from nothing again
	refused("CORP\\alice", "wrong");
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_LOCKED_OUT, ""));
	refused("alice@example.org", "wrong"); // one user, by whatever name
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOCKED_OUT,
			     "what=user-and-source user=alice client=127.0.0.1 for=10"));

	// The right password does not help, and AAA is not asked.
	refused("alice", "secret");
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-locked"));
	EXPECT_EQ(1,
		lab_count_events(&lab, EVENT_AUTH_FAILED, "reason=auth-locked windows-error=691"));
	comes_up("bob", "other");

	ASSERT_EQ(0, lab_ask(&lab, "1 text show lockouts\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "user-and-source  alice");
	EXPECT_STRCONTAINS(text, "127.0.0.1");
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lockouts\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"what\":\"user-and-source\",\"user\":\"alice\","
				 "\"source\":\"127.0.0.1\",\"failures\":0,\"locks\":1");

	lab_skip(&lab, 11000);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOCKOUT_ENDED, "user=alice"));
	comes_up("alice", "secret");
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lockouts\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"lockouts\":[]");
	lab_close(&lab);
}

TEST(lockout_watch, source)
{
	lab_open(&lab, lock_source_after_three);
	refused("nobody", "wrong");
	refused("alice", "wrong");
	comes_up("bob", "other"); // does not wash the source clean
	refused("somebody", "wrong");
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOCKED_OUT, "what=source client=127.0.0.1"));
	refused("alice", "secret");
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-locked"));
	comes_up("bob", "other"); // has been here before
	lab_close(&lab);
}

TEST(lockout_watch, cleared_by_an_operator)
{
	static const struct {
		const char *line;
		int code;
		bool is_cleared;
	} cases[] = {
		{"1 text clear lockouts\n", 0, true},
		{"1 text clear lockouts user alice\n", 0, true},
		{"1 text clear lockouts user X%5Calice\n", 0, true},
		{"1 text clear lockouts address 127.0.0.1\n", 0, true},
		{"1 text clear lockouts user bob\n", 1, false},
		{"1 text clear lockouts address 127.0.0.2\n", 1, false},
		{"1 text clear lockouts address alice\n", 2, false},
		{"1 text clear lockouts alice\n", 2, false},
		{"1 text clear lockouts user\n", 2, false},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char text[4096];

		SHIM_TRACE_CASE(i);
		lab_open(&lab, lock_after_two);
		refused("alice", "wrong");
		refused("alice", "wrong");
		EXPECT_EQ(cases[i].code, lab_ask(&lab, cases[i].line, text, sizeof(text)));
		EXPECT_EQ(cases[i].is_cleared,
			lab_count_events(&lab, EVENT_LOCKOUT_ENDED, "user=alice"));
		EXPECT_EQ(
			cases[i].is_cleared, lab_count_events(&lab, EVENT_ADMIN, "clear lockouts"));
		if (cases[i].is_cleared)
			comes_up("alice", "secret");
		else
			refused("alice", "secret");
		lab_close(&lab);
	}
}

static void disable_alice(struct config *c)
{
	lock_after_two(c);
	c->users[0].disabled = true;
}

// Who is told that the account is disabled knows its password.
TEST(lockout_watch, only_wrong_passwords_count)
{
	lab_open(&lab, disable_alice);
	for (int i = 0; i < 3; i++)
		refused("alice", "secret");
	EXPECT_EQ(3, lab_count_ends(&lab, "reason=auth-disabled"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_LOCKED_OUT, ""));
	refused("alice", "wrong");
	refused("Alice", "wrong");
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_LOCKED_OUT, "")); // not the same user
	refused("alice", "wrong");
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOCKED_OUT, ""));
	lab_close(&lab);
}

static void only_hash_of_alice(struct config *c)
{
	lock_after_two(c);
	c->users[0].has_nt_hash = true;
	c->n_auth_methods = 1;
	c->auth_methods[0] = CONFIG_AUTH_CHAP;
	c->encryption = CONFIG_ENCRYPTION_DENY;
}

// A password that cannot be checked was not tried.
TEST(lockout_watch, what_cannot_be_checked_does_not_count)
{
	struct sim_peer_profile profile = lab_pppd;

	profile.methods[0] = AUTH_METHOD_CHAP_MD5;
	profile.ccp = SIM_CCP_REJECTS_PROTOCOL;
	profile.may_go_clear = true;
	profile.waits_for_ccp = false;
	lab_open(&lab, only_hash_of_alice);
	for (int i = 0; i < 3; i++)
		refused_as(&profile, "alice", "secret");
	EXPECT_EQ(3, lab_count_ends(&lab, "reason=auth-rejected"));
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_LOCKED_OUT, ""));
	refused_as(&profile, "bob", "wrong");
	refused_as(&profile, "bob", "wrong");
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOCKED_OUT, "user=bob"));
	lab_close(&lab);
}
