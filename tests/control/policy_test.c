// SPDX-License-Identifier: BSD-3-Clause
// The policy of a user's group on its way to the worker, and the end of a call that is idle.
#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct lab lab;
static struct lab_client client;

static void limit_base_group(struct config *c)
{
	struct config_policy *g = &c->groups[c->base_group].policy;

	c->n_acls = 2;
	snprintf(c->acls[0].name, sizeof(c->acls[0].name), "nothing");
	c->acls[0].n_rules = 1;
	c->acls[0].rules[0] = (struct config_acl_rule){.protocol = CONFIG_ACL_ANY_PROTOCOL};
	snprintf(c->acls[1].name, sizeof(c->acls[1].name), "guests");
	c->acls[1].n_rules = 2;
	c->acls[1].rules[0] = (struct config_acl_rule){.action = CONFIG_ACL_PERMIT,
		.protocol = 6,
		.from = {0, 0},
		.to = {htonl(0x0a140000), 16},
		.has_ports = true,
		.port_min = 80,
		.port_max = 443};
	c->acls[1].rules[1] = (struct config_acl_rule){
		.action = CONFIG_ACL_PERMIT, .protocol = 1, .has_icmp_type = true, .icmp_type = 8};
	snprintf(g->acl_in, sizeof(g->acl_in), "guests");
	g->rate_up_kbps = 2000;
	g->rate_down_kbps = 64;
	g->burst_ms = 100;
	g->idle_timeout_s = 600;
	g->idle_counts = CONFIG_IDLE_UP;
}

static struct lab_session *come_up(void (*change)(struct config *c))
{
	lab_open(&lab, change);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "secret", 1);
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	struct lab_session *s = lab_find_session(&lab, client.session_id);
	if (!s)
		abort(); // there is no test without it
	return s;
}

TEST(policy, of_the_group_comes_before_the_first_packet)
{
	struct lab_session *s = come_up(limit_base_group);

	EXPECT_EQ(1, s->n_policies);
	EXPECT_TRUE(s->had_policy_first);
	EXPECT_EQ(2000000, s->policy.rate_up_bps);
	EXPECT_EQ(25000, s->policy.burst_up_bytes);
	EXPECT_EQ(64000, s->policy.rate_down_bps);
	EXPECT_EQ(1500, s->policy.burst_down_bytes); // 800 is less than a packet
	EXPECT_EQ(1, s->policy.acl_up);
	EXPECT_EQ(ACL_NONE, s->policy.acl_down);
	EXPECT_EQ(600, s->policy.idle_s);
	EXPECT_TRUE(s->policy.idle_up_only);
	lab_close(&lab);
}

TEST(policy, none_where_the_group_has_none)
{
	struct lab_session *s = come_up(NULL);

	EXPECT_EQ(0, s->n_policies);
	EXPECT_TRUE(lab.acls[0] == NULL);
	EXPECT_EQ(0, lab.control->acls.n_live);
	lab_close(&lab);
}

static bool has_one_set(struct lab *l, void *unused)
{
	return l->control->acls.n_live == 1;
}

TEST(policy, lists_are_compiled_and_swapped)
{
	(void)come_up(limit_base_group);
	struct acl_set *first = lab.acls[0];

	ASSERT_TRUE(first != NULL);
	EXPECT_TRUE(lab.acls[1] == first);
	ASSERT_EQ(2, first->n_acls);
	const struct acl_rule *r = &first->rules[first->acls[1].first];
	EXPECT_EQ(2, first->acls[1].n);
	EXPECT_EQ(ACL_PERMIT | ACL_PORTS, r[0].flags);
	EXPECT_EQ(6, r[0].protocol);
	EXPECT_EQ(0, r[0].source_mask_be);
	EXPECT_EQ(htonl(0x0a140000), r[0].destination_be);
	EXPECT_EQ(htonl(0xffff0000), r[0].destination_mask_be);
	EXPECT_EQ(0, r[0].source_port_min);
	EXPECT_EQ(UINT16_MAX, r[0].source_port_max);
	EXPECT_EQ(80, r[0].destination_port_min);
	EXPECT_EQ(443, r[0].destination_port_max);
	EXPECT_EQ(ACL_PERMIT | ACL_ICMP_TYPE, r[1].flags);
	EXPECT_EQ(8, r[1].icmp_type);
	EXPECT_EQ(ACL_ANY_PROTOCOL, first->rules[0].flags);

	lab.workers_sleep = true;
	EXPECT_EQ(0, acls_publish(lab.control));
	EXPECT_EQ(2, lab.control->acls.n_live); // nobody has given up the first yet
	EXPECT_EQ(-EAGAIN, acls_publish(lab.control));
	lab.workers_sleep = false;
	EXPECT_TRUE(lab_until(&lab, has_one_set, NULL, 3000));
	EXPECT_TRUE(lab.acls[0] != first && lab.acls[0] == lab.acls[1]);
	lab_close(&lab);
}

static bool has_no_call(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

TEST(policy, an_idle_call_is_ended_and_the_record_says_so)
{
	struct lab_session *s = come_up(limit_base_group);
	const struct lane_event idle = {
		.kind = LANE_IDLE, .worker = session_id_worker(s->id), .session_id = s->id};

	lab_put_event(&lab, &idle);
	lab_put_event(&lab, &idle); // the second finds it ending
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
	lab_run(&lab, 20);
	EXPECT_STRCONTAINS(client.heard, "CDN");
	EXPECT_EQ(1, lab_count_ends(&lab, "idle-timeout"));
	EXPECT_EQ(1, lab.control->counters.calls_ended[END_IDLE_TIMEOUT]);
	lab_put_event(&lab, &idle); // late
	lab_close(&lab);
}

TEST(policy, show_session_says_what_it_is_and_did)
{
	struct lab_session *s = come_up(limit_base_group);
	unsigned int worker = session_id_worker(s->id);
	struct session_policy *p = &lab.tables[worker].policies[session_id_slot(s->id)];
	char line[64], text[8192];

	p->rate_drops_up = 17;
	p->acl_drops_down = 4;
	snprintf(line, sizeof(line), "1 text show session 0x%llx\n", (unsigned long long)s->id);
	EXPECT_EQ(0, lab_ask(&lab, line, text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "2000");
	EXPECT_STRCONTAINS(text, "guests");
	EXPECT_STRCONTAINS(text, "10m00s");
	EXPECT_STRCONTAINS(text, "17");
	lab_close(&lab);
}
