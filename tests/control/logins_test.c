// SPDX-License-Identifier: BSD-3-Clause
// One login a user: which calls count, at the edges of their lives.
#include "control/logins.h"

#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"
#include "wire/ppp.h"

#include <stdlib.h>

static struct lab lab;
static struct lab_client first, second, third;

static void dial(struct lab_client *c, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", "secret", call_id);
}

static void come_up(struct lab_client *c, uint16_t call_id)
{
	dial(c, call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

static bool some_ended(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > 0;
}

static struct call *call_of(const struct lab_client *c)
{
	struct call *call = placement_find(&lab.control->placement, c->session_id);

	if (!call)
		abort();
	return call;
}

static void one_login(struct config *c)
{
	struct config_policy *base = &c->groups[c->base_group].policy;

	base->given |= 1u << CONFIG_POLICY_LOGINS;
	base->simultaneous_logins = 1;
	c->supersede = false;
}

static void newest_login(struct config *c)
{
	struct config_policy *base = &c->groups[c->base_group].policy;

	one_login(c);
	base->given |= 1u << CONFIG_POLICY_LOGINS_FULL;
	base->logins_full = CONFIG_LOGINS_REPLACE;
}

// A call that waits for its client's last word is none any more, and one whose set-up failed leaves nothing behind.
TEST(logins, a_call_that_hangs_up_is_no_login)
{
	lab_open(&lab, one_login);
	come_up(&first, 1);
	first.is_mute = true;
	call_close(call_of(&first), END_IDLE_TIMEOUT);
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab_count_calls(&lab));
	come_up(&second, 2);
	EXPECT_EQ(0, lab_count_ends(&lab, "reason=auth-logins"));
	lab_client_close(&first);
	lab_client_close(&second);
	lab_run(&lab, 30);
	EXPECT_TRUE(logins_find(lab.control, 0, span_of_text("alice")) == NULL);
	lab_close(&lab);
}

static void no_address_left(struct config *c)
{
	one_login(c);
	c->pools[0].last = c->pools[0].first;
}

TEST(logins, a_set_up_that_fails_is_no_login)
{
	lab_open(&lab, no_address_left);
	lab_client_open(&lab, &third);
	lab_client_dial(&third, &lab_pppd, "bob", "other", 3);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &third, 3000));
	dial(&first, 1);
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=no-address"));
	EXPECT_TRUE(logins_find(lab.control, 0, span_of_text("alice")) == NULL);
	lab_client_close(&first);
	lab_client_clear(&third);
	lab_run(&lab, 30);
	come_up(&first, 4);
	lab_close(&lab);
}

static bool is_replaced(struct lab *l, void *unused)
{
	return l->control->counters.calls_superseded > 0;
}

static bool put_workers_to_sleep(struct lab_client *c, uint16_t protocol, struct span info)
{
	lab.workers_sleep |= protocol == PPP_CHAP;
	return false;
}

// The worker has not yet let go of the old call when the new one comes in, and has its say afterwards.
TEST(logins, a_login_is_replaced_before_the_worker_knows)
{
	lab_open(&lab, newest_login);
	come_up(&first, 1);
	dial(&second, 2);
	second.takes_frame = put_workers_to_sleep;
	ASSERT_TRUE(lab_until(&lab, is_replaced, NULL, 3000));
	lab_run(&lab, 50);
	const struct logins_user *u = logins_find(lab.control, 0, span_of_text("alice"));
	ASSERT_TRUE(u != NULL);
	EXPECT_EQ(1, u->n_calls);
	EXPECT_EQ(2, lab_count_addresses(&lab)); // the worker may still send to it
	lab.workers_sleep = false;
	second.takes_frame = NULL;
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &second, 3000));
	lab_run(&lab, 30);
	EXPECT_EQ(1, lab_count_addresses(&lab));
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=login-replaced"));
	lab_close(&lab);
}
