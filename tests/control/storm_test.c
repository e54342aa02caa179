// SPDX-License-Identifier: BSD-3-Clause
// Many clients dial at once: they wait for each other instead of being kept out, and it is told.
#include "control/call.h"
#include "control/conn.h"
#include "control/lab.h"

#include "shim/shim.h"

#include <sys/resource.h>

enum { N_CLIENTS = 400, MAX_SETUPS = 16, MAX_STRANGERS = 64 };

static struct lab lab;
static struct lab_client clients[N_CLIENTS];

static void few_places(struct config *c)
{
	c->setups_per_second_per_source = 0;
	c->max_setups = MAX_SETUPS;
	c->max_unauthenticated = c->max_unauthenticated_per_source = MAX_STRANGERS;
	c->supersede = false;
	c->pools[0].last = c->pools[0].first + 1000;
}

static bool all_are_up(struct lab *l, void *unused)
{
	EXPECT_LE(l->control->admission.n_setups, MAX_SETUPS);
	EXPECT_LE(l->control->admission.n_strangers, MAX_STRANGERS);
	return l->control->counters.calls_up == N_CLIENTS;
}

static bool has_waiting(struct lab *l, void *unused)
{
	return l->control->admission.n_waiting > 0;
}

static bool no_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

static void raise_descriptors(void)
{
	struct rlimit r;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_cur = r.rlim_max < 4096 ? r.rlim_max : 4096;
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &r));
}

static void dial_all(void)
{
	for (uint16_t i = 0; i < N_CLIENTS; i++) {
		lab_client_open(&lab, &clients[i]);
		lab_client_dial(&clients[i], &lab_pppd, "alice", "secret", i + 1);
	}
}

// Of 400 at once 16 are under way, 48 wait here and the rest in the kernel: all come up, nobody is refused,
// and nobody who has begun loses his place.
TEST(storm, all_who_dial_at_once_come_up)
{
	raise_descriptors();
	lab_open(&lab, few_places);
	dial_all();
	EXPECT_TRUE(lab_until(&lab, all_are_up, NULL, 60000));
	EXPECT_EQ(N_CLIENTS, lab_count_calls(&lab));
	EXPECT_EQ(0, lab.control->counters.tcp_refused);
	EXPECT_EQ(0, lab.control->admission.n_waiting);
	EXPECT_EQ(0, lab.control->admission.n_setups);
	for (int reason = 0; reason < END_REASON_COUNT; reason++)
		EXPECT_EQ(0, lab.control->counters.connections_closed[reason]);
	lab_close(&lab);
}

// All calls of a user are ended, but not all of them in one turn.
TEST(storm, clearing_a_user_of_many_calls)
{
	static char text[4096];

	lab_open(&lab, few_places);
	dial_all();
	ASSERT_TRUE(lab_until(&lab, all_are_up, NULL, 60000));
	lab.loses_frames = true;
	EXPECT_EQ(0, lab_ask(&lab, "1 text clear user alice\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "400 sessions of the user are being ended.");
	EXPECT_TRUE(lab.control->clear_user.is_on);
	EXPECT_EQ(1, lab_ask(&lab, "1 text clear user bob\n", text, sizeof(text)));
	lab.loses_frames = false;
	lab_skip(&lab, 4000);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 10000));
	EXPECT_FALSE(lab.control->clear_user.is_on);
	EXPECT_EQ(N_CLIENTS, lab_count_ends(&lab, "reason=admin-clear"));
	lab_close(&lab);
}

// Who is up is served while others wait, and may hang up.
TEST(storm, who_is_in_is_served)
{
	const struct pptp_message echo = {.type = PPTP_ECHO_REQUEST, .echo.identifier = 5};

	lab_open(&lab, few_places);
	lab_client_open(&lab, &clients[0]);
	lab_client_dial(&clients[0], &lab_pppd, "bob", "other", 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[0], 3000));
	for (int i = 1; i < 100; i++)
		lab_client_open(&lab, &clients[i]); // and say nothing
	ASSERT_TRUE(lab_until(&lab, has_waiting, NULL, 1000));
	clients[0].heard[0] = '\0';
	lab_client_send(&clients[0], &echo);
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &clients[0], 200));
	EXPECT_STREQ("EchoRP ", clients[0].heard);
	EXPECT_TRUE(has_waiting(&lab, NULL));
	lab_client_clear(&clients[0]);
	clients[0].heard[0] = '\0';
	EXPECT_TRUE(lab_until(&lab, lab_has_heard, &clients[0], 200));
	EXPECT_EQ(PPTP_CALL_DISCONNECT_NOTIFY, clients[0].last.type);
	lab_close(&lab);
}

// A storm of silent ones is told with its numbers, when it begins and when it is over; aditctl shows it.
TEST(storm, it_is_told_and_shown)
{
	static char text[65536];

	lab_open(&lab, few_places);
	for (int i = 0; i < 60; i++)
		lab_client_open(&lab, &clients[i]);
	ASSERT_TRUE(lab_until(&lab, has_waiting, NULL, 1000));
	EXPECT_EQ(0, lab_ask(&lab, "1 text show setups\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "max_setups");
	lab_run(&lab, 800);
	lab_skip(&lab, 700);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_STORM_BEGAN, "setups=16"));
	// They had their second, so the others' turn has come; and at last nobody waits.
	lab_skip(&lab, 9000);
	EXPECT_FALSE(has_waiting(&lab, NULL));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_STORM_ENDED, "most-waiting=44"));
	EXPECT_EQ(0, lab.control->counters.tcp_refused);
	EXPECT_EQ(0, lab_ask(&lab, "1 json show setups\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"storms\":1");
	lab_close(&lab);
}

// Stopped in the middle of it: those who wait are closed like the others.
TEST(storm, a_stop_in_a_storm)
{
	lab_open(&lab, few_places);
	for (int i = 0; i < 60; i++)
		lab_client_open(&lab, &clients[i]);
	ASSERT_TRUE(lab_until(&lab, has_waiting, NULL, 1000));
	control_stop(lab.control);
	for (int i = 0; i < 60; i++)
		EXPECT_TRUE(lab_until(&lab, lab_is_closed, &clients[i], 5000));
	EXPECT_EQ(0, lab_count_connections(&lab));
	lab_close(&lab);
}
