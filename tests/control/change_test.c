// SPDX-License-Identifier: BSD-3-Clause
// Orders of an AAA server about calls that are up: what the workers are told, and when the server hears that it is done.
#include "control/accounting.h"
#include "control/call.h"
#include "control/lab.h"
#include "drivers/aaa/local/local.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

// ---- a driver with local users whose orders the test gives --------------------------------------

static struct {
	int event_fd;
	unsigned int n;
	struct aaa_change changes[8];
	unsigned int n_answers;
	uint64_t tags[8];
	enum aaa_error_cause causes[8];
} server;

static int scripted_open(const struct config *config, struct log *log, void **state)
{
	memset(&server, 0, sizeof(server));
	server.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return aaa_driver_local.open(config, log, state);
}

static void scripted_close(void *state)
{
	close(server.event_fd);
	aaa_driver_local.close(state);
}

static int scripted_submit(void *state, const struct aaa_request *request)
{
	return aaa_driver_local.submit(state, request);
}

static unsigned int scripted_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	eventfd_t value;

	(void)eventfd_read(server.event_fd, &value);
	return aaa_driver_local.poll(state, replies, n);
}

static int scripted_event_fd(void *state)
{
	return server.event_fd;
}

static unsigned int scripted_poll_changes(void *state, struct aaa_change *changes, unsigned int n)
{
	n = n < server.n ? n : server.n;
	memcpy(changes, server.changes, n * sizeof(changes[0]));
	server.n -= n;
	memmove(server.changes, server.changes + n, server.n * sizeof(changes[0]));
	return n;
}

static void scripted_answer_change(void *state, uint64_t tag, enum aaa_error_cause cause)
{
	if (server.n_answers < 8) {
		server.tags[server.n_answers] = tag;
		server.causes[server.n_answers] = cause;
	}
	server.n_answers++;
}

static const struct aaa_driver scripted = {
	.name = "scripted",
	.open = scripted_open,
	.close = scripted_close,
	.submit = scripted_submit,
	.poll = scripted_poll,
	.event_fd = scripted_event_fd,
	.poll_changes = scripted_poll_changes,
	.answer_change = scripted_answer_change,
};

// ---- the world ----------------------------------------------------------------------------------

enum { CLIENTS = 3 };

static struct lab lab;
static struct lab_client clients[CLIENTS];

static void add_lists(struct config *c)
{
	c->n_acls = 2;
	for (int i = 0; i < 2; i++) {
		snprintf(c->acls[i].name, sizeof(c->acls[i].name), i ? "guests" : "office");
		c->acls[i].n_rules = 1;
		c->acls[i].rules[0] = (struct config_acl_rule){.protocol = CONFIG_ACL_ANY_PROTOCOL};
	}
	snprintf(c->groups[c->n_groups].name, CONFIG_GROUP_NAME_BYTES, "slow");
	c->groups[c->n_groups].policy = c->groups[c->base_group].policy;
	c->groups[c->n_groups].policy.rate_up_kbps = 64;
	c->groups[c->n_groups].policy.given = 1u << CONFIG_POLICY_RATE_UP;
	c->n_groups++;
}

// Two calls of alice and one of bob, where the configuration has both.
static void come_up(int n)
{
	lab_open_with(&lab, add_lists, &scripted);
	for (int i = 0; i < n; i++) {
		lab_client_open(&lab, &clients[i]);
		lab_client_dial(&clients[i], &lab_pppd, "alice", "secret", (uint16_t)(i + 1));
		ASSERT_TRUE(lab_until(&lab, lab_is_up, &clients[i], 3000));
	}
}

static struct call *call_of(int i)
{
	return placement_find(&lab.control->placement, clients[i].session_id);
}

static struct lab_session *session_of(int i)
{
	return lab_find_session(&lab, clients[i].session_id);
}

static struct aaa_change change_of(enum aaa_change_kind kind)
{
	static uint64_t tag;

	return (struct aaa_change){.tag = ++tag, .kind = kind, .source_be = htonl(0x7f000001)};
}

static void name_user(struct aaa_change *change, const char *user)
{
	change->keys |= AAA_KEY_USER;
	change->user_len = (uint16_t)snprintf(change->user, sizeof(change->user), "%s", user);
}

static void name_session(struct aaa_change *change, int i)
{
	change->keys |= AAA_KEY_SESSION_ID;
	accounting_session_id(call_of(i), change->session_id);
}

static void set_rate(struct aaa_change *change, uint32_t kbps)
{
	change->policy.given |= 1u << CONFIG_POLICY_RATE_UP;
	change->policy.rate_up_kbps = kbps;
}

static void set_acl(struct aaa_change *change, const char *name)
{
	change->policy.given |= 1u << CONFIG_POLICY_ACL_IN;
	snprintf(change->policy.acl_in, sizeof(change->policy.acl_in), "%s", name);
}

static bool is_answered(struct lab *l, void *n)
{
	return server.n_answers == *(unsigned int *)n;
}

static void give(const struct aaa_change *change)
{
	server.changes[server.n++] = *change;
	(void)eventfd_write(server.event_fd, 1);
}

// The answer to an order that needs no worker's.
static enum aaa_error_cause order(const struct aaa_change *change)
{
	unsigned int n = server.n_answers + 1;

	give(change);
	EXPECT_TRUE(lab_until(&lab, is_answered, &n, 1000));
	EXPECT_EQ(change->tag, server.tags[n - 1]);
	server.n_answers = 0;
	return server.causes[n - 1];
}

// ---- change -------------------------------------------------------------------------------------

TEST(change, rate_and_list_reach_the_worker)
{
	struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);

	come_up(1);
	name_session(&change, 0);
	set_rate(&change, 3000);
	set_acl(&change, "guests");
	EXPECT_EQ(0, session_of(0)->n_policies);
	EXPECT_EQ(AAA_ERROR_NONE, order(&change));
	lab_run(&lab, 20);
	EXPECT_EQ(1, session_of(0)->n_policies);
	EXPECT_EQ(3000000, session_of(0)->policy.rate_up_bps);
	EXPECT_EQ(0, session_of(0)->policy.rate_down_bps);
	EXPECT_EQ(1, session_of(0)->policy.acl_up);
	EXPECT_TRUE(session_of(0)->is_open);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_COA, "result=done"));
	EXPECT_EQ(POLICY_COA, call_of(0)->policy.source[CONFIG_POLICY_ACL_IN]);

	// The next order goes over the first one, key by key.
	change = change_of(AAA_CHANGE_AUTHORIZATION);
	name_user(&change, "alice");
	set_rate(&change, 50);
	EXPECT_EQ(AAA_ERROR_NONE, order(&change));
	lab_run(&lab, 20);
	EXPECT_EQ(50000, session_of(0)->policy.rate_up_bps);
	EXPECT_EQ(1, session_of(0)->policy.acl_up);
	lab_close(&lab);
}

TEST(change, group)
{
	struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);

	come_up(1);
	name_session(&change, 0);
	change.has_group = true;
	change.group = (uint16_t)config_find_group(lab.config, "slow");
	EXPECT_EQ(AAA_ERROR_NONE, order(&change));
	lab_run(&lab, 20);
	EXPECT_EQ(64000, session_of(0)->policy.rate_up_bps);
	EXPECT_EQ(POLICY_GROUP, call_of(0)->policy.source[CONFIG_POLICY_RATE_UP]);
	lab_close(&lab);
}

TEST(change, classes)
{
	struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);

	come_up(1);
	name_session(&change, 0);
	change.has_classes = true;
	change.classes = (struct aaa_classes){.n_bytes = 3, .bytes = "\2c1"};
	EXPECT_EQ(AAA_ERROR_NONE, order(&change));
	ASSERT_EQ(3, call_of(0)->account.n_class_bytes);
	EXPECT_MEMEQ("\2c1", call_of(0)->account.classes, 3);
	lab_close(&lab);
}

TEST(change, one_thing_that_is_wrong_changes_nothing)
{
	struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);
	struct policy before;

	come_up(2);
	name_user(&change, "alice");
	set_rate(&change, 3000);
	set_acl(&change, "nobody has it");
	change.has_classes = true;
	change.classes.n_bytes = 1;
	before = call_of(0)->policy;
	EXPECT_EQ(AAA_ERROR_INVALID_VALUE, order(&change));
	lab_run(&lab, 20);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, session_of(i)->n_policies);
		EXPECT_NULL(call_of(i)->coa);
		EXPECT_EQ(0, call_of(i)->account.n_class_bytes);
		EXPECT_MEMEQ(&before, &call_of(i)->policy, sizeof(before));
	}
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_COA, "result=invalid-attribute-value"));
	lab_close(&lab);
}

TEST(change, all_calls_of_a_user)
{
	struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);

	come_up(2);
	name_user(&change, "alice");
	set_rate(&change, 700);
	EXPECT_EQ(AAA_ERROR_NONE, order(&change));
	lab_run(&lab, 20);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(700000, session_of(i)->policy.rate_up_bps);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_COA, "calls=2"));
	lab_close(&lab);
}

// ---- which call ---------------------------------------------------------------------------------

TEST(change, each_key_finds_its_call)
{
	come_up(2);
	for (int key = 0; key < 6; key++) {
		struct aaa_change change = change_of(AAA_CHANGE_AUTHORIZATION);
		const struct call *call = call_of(1);
		SHIM_TRACE_CASE(key);
		change.keys = 1u << key;
		change.user_len = call->user_len;
		memcpy(change.user, call->user, sizeof(change.user));
		change.nas_port = accounting_nas_port(call);
		change.framed_be = call->inner_be;
		change.calling_be = call->client_be;
		accounting_session_id(call, change.session_id);
		accounting_multi_session_id(call, change.multi_session_id);
		set_rate(&change, 100 + (uint32_t)key);
		EXPECT_EQ(AAA_ERROR_NONE, order(&change));
		EXPECT_EQ(100 + (uint32_t)key, call->policy.rate_up_kbps);
		// Two of one user from one address.
		bool is_both =
			change.keys == AAA_KEY_USER || change.keys == AAA_KEY_CALLING_STATION;
		EXPECT_EQ(is_both, call_of(0)->policy.rate_up_kbps == 100 + (uint32_t)key);

		// Of another tenant there is no such call.
		change.tenant = 1;
		EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&change));
		change.tenant = 0;
		// All keys must match: with the other call's session there is none, or the other one.
		if (change.keys == AAA_KEY_SESSION_ID)
			continue;
		name_session(&change, 0);
		EXPECT_EQ(is_both ? AAA_ERROR_NONE : AAA_ERROR_NO_CONTEXT, order(&change));
	}
	lab_close(&lab);
}

TEST(change, nobody_is_meant)
{
	static const char *const ids[] = {"", "1", "00000000000", "0000000000000000001",
		"01900000000zzzzzzzz", "0190000000000000000100000000000"};
	struct aaa_change change;

	come_up(1);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		change = change_of(AAA_CHANGE_DISCONNECT);
		change.keys = i & 1 ? AAA_KEY_SESSION_ID : AAA_KEY_MULTI_SESSION_ID;
		snprintf(change.session_id, sizeof(change.session_id), "%s", ids[i]);
		snprintf(change.multi_session_id, sizeof(change.multi_session_id), "%s", ids[i]);
		EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&change));
	}
	change = change_of(AAA_CHANGE_DISCONNECT);
	name_user(&change, "nobody");
	EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&change));
	change = change_of(AAA_CHANGE_DISCONNECT);
	change.keys = AAA_KEY_NAS_PORT;
	for (uint64_t port = 0; port <= UINT32_MAX; port += 0x00fffffb) {
		change.nas_port = (uint32_t)port + 1000;
		EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&change));
	}
	change = change_of(AAA_CHANGE_DISCONNECT);
	change.keys = AAA_KEY_FRAMED_ADDRESS;
	change.framed_be = htonl(0x01020304);
	EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&change));
	EXPECT_EQ(1, lab_count_calls(&lab));
	lab_close(&lab);
}

// ---- the end ------------------------------------------------------------------------------------

static bool has_no_call(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

TEST(change, disconnect_is_answered_when_the_worker_has_let_go)
{
	struct aaa_change change = change_of(AAA_CHANGE_DISCONNECT);
	struct aaa_change again = change_of(AAA_CHANGE_DISCONNECT);

	come_up(1);
	name_session(&change, 0);
	name_user(&again, "alice");
	name_session(&again, 0);
	again.keys &= ~(uint32_t)AAA_KEY_USER;
	lab.workers_sleep = true;
	give(&change);
	lab_run(&lab, 300);
	EXPECT_EQ(0, server.n_answers);
	// Another server wants the same, meanwhile: it waits too.
	give(&again);
	lab_run(&lab, 50);
	EXPECT_EQ(0, server.n_answers);
	// To change what is on its way out is too late.
	struct aaa_change late = again;
	late.kind = AAA_CHANGE_AUTHORIZATION;
	late.tag = 77;
	EXPECT_EQ(AAA_ERROR_NO_CONTEXT, order(&late));
	lab.workers_sleep = false;
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 8000));
	EXPECT_EQ(2, server.n_answers);
	EXPECT_EQ(AAA_ERROR_NONE, server.causes[0]);
	EXPECT_EQ(AAA_ERROR_NONE, server.causes[1]);
	EXPECT_EQ(change.tag + again.tag, server.tags[0] + server.tags[1]);
	EXPECT_EQ(1, lab_count_ends(&lab, "admin-disconnect"));
	EXPECT_EQ(2, lab_count_events(&lab, EVENT_COA, "order=disconnect"));
	lab_run(&lab, 20);
	EXPECT_STRCONTAINS(clients[0].heard, "CDN");
	lab_close(&lab);
}

TEST(change, disconnect_of_several)
{
	struct aaa_change change = change_of(AAA_CHANGE_DISCONNECT);
	unsigned int one = 1;

	come_up(CLIENTS);
	name_user(&change, "alice");
	change.has_classes = true;
	change.classes = (struct aaa_classes){.n_bytes = 2, .bytes = "\1c"};
	give(&change);
	EXPECT_TRUE(lab_until(&lab, is_answered, &one, 8000));
	EXPECT_EQ(AAA_ERROR_NONE, server.causes[0]);
	EXPECT_EQ(0, lab_count_calls(&lab));
	EXPECT_EQ(CLIENTS, lab_count_ends(&lab, "admin-disconnect"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_COA, "calls=3"));
	lab_close(&lab);
}

// Control ends while workers sleep: no order is left behind.
TEST(change, shutdown_under_an_order)
{
	struct aaa_change change = change_of(AAA_CHANGE_DISCONNECT);

	come_up(1);
	name_user(&change, "alice");
	lab.workers_sleep = true;
	give(&change);
	lab_run(&lab, 50);
	EXPECT_EQ(0, server.n_answers);
	lab.workers_sleep = false;
	lab_close(&lab);
	EXPECT_EQ(1, server.n_answers);
}
