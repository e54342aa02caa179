// SPDX-License-Identifier: BSD-3-Clause
// Calls of tenants, and the networks behind clients.
#include "control/call.h"

#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { SECOND_LOOPBACK = 0x7f000002, BEHIND = 0x0a630000 };

static struct lab lab;
static struct lab_client alice, bob;

static bool no_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

static void dial_up(struct lab_client *c, const char *user, const char *password, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, user, password, call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 5000));
}

static uint32_t owner_of(const struct lab_client *c)
{
	return owner_make(session_id_worker(c->session_id), session_id_slot(c->session_id));
}

// Two listen addresses; the second is blue's, whose pool is as the default tenant's.
static void with_blue(struct config *c)
{
	c->tenants = realloc(c->tenants, 2 * sizeof(c->tenants[0]));
	memset(&c->tenants[1], 0, sizeof(c->tenants[1]));
	c->n_tenants = 2;
	memcpy(c->tenants[1].name, "blue", sizeof("blue"));
	c->listen_be[c->n_listen] = htonl(SECOND_LOOPBACK);
	c->listen_tenants[c->n_listen++] = 1;
	c->pools[c->n_pools] = c->pools[0];
	c->pools[c->n_pools].tenant_number = 1;
	c->pools[c->n_pools].server_inner_be = htonl(0x0a0900fd);
	memcpy(c->pools[c->n_pools++].name, "blue", sizeof("blue"));
	c->users[1].tenant_number = 1; // bob
}

TEST(tenant, the_listen_address_says_whose_a_call_is)
{
	lab_open(&lab, with_blue);
	dial_up(&alice, "alice", "secret", 1);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&bob, "bob", "other", 2);
	const struct lab_session *a = lab_find_session(&lab, alice.session_id);
	const struct lab_session *b = lab_find_session(&lab, bob.session_id);
	ASSERT_TRUE(a != NULL && b != NULL);
	EXPECT_EQ(a->add.tenant, 0);
	EXPECT_EQ(b->add.tenant, 1);
	EXPECT_EQ(b->add.listen, 1);
	// The same address, at once, and each is told the server of his own.
	EXPECT_EQ(a->inner_be, htonl(0x0a090001));
	EXPECT_EQ(b->inner_be, htonl(0x0a090001));
	EXPECT_EQ(alice.peer.server_address, 0x0a0900fe);
	EXPECT_EQ(bob.peer.server_address, 0x0a0900fd);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, a->inner_be), owner_of(&alice));
	EXPECT_EQ(owner_map_inner(lab.owners, 1, b->inner_be), owner_of(&bob));
	EXPECT_EQ(lab_count_events(&lab, EVENT_UP, "tenant=blue"), 1);
	EXPECT_EQ(lab_count_events(&lab, EVENT_UP, "tenant="), 1);

	static char text[8192];
	EXPECT_EQ(0, lab_ask(&lab, "1 json show sessions\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"tenant\":\"default\"");
	EXPECT_STRCONTAINS(text, "\"tenant\":\"blue\"");
	EXPECT_EQ(0, lab_ask(&lab, "1 text show sessions\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "TENANT");
	EXPECT_EQ(0, lab_ask(&lab, "1 json show pool\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"tenant\":\"blue\"");

	// What ends in one leaves the other alone.
	lab_client_clear(&alice);
	for (int i = 0; i < 200 && lab_count_calls(&lab) > 1; i++)
		lab_run(&lab, 5);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(0x0a090001)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(lab.owners, 1, htonl(0x0a090001)), owner_of(&bob));
	EXPECT_EQ(lab.control->pools[0].n_free, lab.control->pools[0].n_usable);
	EXPECT_EQ(lab.control->pools[1].n_free, lab.control->pools[1].n_usable - 1);
	lab_client_clear(&bob);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	EXPECT_EQ(owner_map_inner(lab.owners, 1, htonl(0x0a090001)), OWNER_NONE);
	lab_close(&lab);
}

// Both users have 10.99.0.0/24 behind them; alice has another, and one that is not to be had.
static void with_networks(struct config *c)
{
	for (uint32_t i = 0; i < c->n_users; i++) {
		c->users[i].n_routes = i == 0 ? 3 : 1;
		c->users[i].routes[0] = (struct config_prefix){htonl(BEHIND), 24};
		c->users[i].routes[1] = (struct config_prefix){htonl(BEHIND + 0x10000), 16};
		c->users[i].routes[2] = (struct config_prefix){htonl(0x0a090000), 16}; // the pool
	}
}

TEST(tenant, networks_behind_a_client_come_and_go_with_it)
{
	static char text[8192];

	lab_open(&lab, with_networks);
	dial_up(&alice, "alice", "secret", 1);
	EXPECT_EQ(0, lab_ask(&lab, "1 json show sessions\n", text, sizeof(text)));
	EXPECT_TRUE(strstr(text, "tenant") == NULL); // there are none
	const struct lab_session *a = lab_find_session(&lab, alice.session_id);
	ASSERT_TRUE(a != NULL);
	EXPECT_TRUE(a->open.has_routes);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(BEHIND + 9)), owner_of(&alice));
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(BEHIND + 0x1ffff)), owner_of(&alice));
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(0x0a09ff01)), OWNER_NONE);
	EXPECT_EQ(lab_count_events(&lab, EVENT_ROUTE_REFUSED,
			  "network=10.9.0.0 prefix-len=16 why=\"overlaps a pool\""),
		1);
	EXPECT_EQ(lab.control->counters.routes_refused, 1);

	// The newer call has its address, but not the network.
	dial_up(&bob, "bob", "other", 2);
	const struct lab_session *b = lab_find_session(&lab, bob.session_id);
	ASSERT_TRUE(b != NULL);
	EXPECT_TRUE(b->is_open);
	EXPECT_FALSE(b->open.has_routes);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(BEHIND + 9)), owner_of(&alice));
	EXPECT_EQ(lab_count_events(&lab, EVENT_ROUTE_REFUSED, "user=bob"), 1);
	EXPECT_EQ(lab.control->counters.routes_refused, 2);

	lab_client_clear(&bob);
	for (int i = 0; i < 200 && lab_count_calls(&lab) > 1; i++)
		lab_run(&lab, 5);
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(BEHIND + 9)), owner_of(&alice));
	lab_client_clear(&alice);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	EXPECT_FALSE(owner_map_has_routes(lab.owners, 0));
	EXPECT_EQ(owner_map_inner(lab.owners, 0, htonl(BEHIND + 9)), OWNER_NONE);
	lab_close(&lab);
}

static bool is_alone(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 1;
}

// One name with two tenants is two people.
static void with_two_alices(struct config *c)
{
	with_blue(c);
	c->lockout_user_failures = 1;
	memcpy(c->users[1].name, "alice", sizeof("alice"));
}

TEST(tenant, clear_user_ends_those_of_the_tenant_that_is_named)
{
	char text[2048];

	lab_open(&lab, with_two_alices);
	dial_up(&alice, "alice", "secret", 1);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&bob, "alice", "other", 2);
	EXPECT_EQ(1, lab_ask(&lab, "1 text clear user alice tenant green\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "There is no tenant green.");
	EXPECT_EQ(0, lab_ask(&lab, "1 text clear user alice tenant blue\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "1 session of the user is being ended.");
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ADMIN, "user=alice tenant=blue"));
	EXPECT_TRUE(lab_until(&lab, is_alone, NULL, 5000));
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	lab.connect_to = 0;
	lab_close(&lab);
}

TEST(tenant, show_lockouts_says_whose_user_it_is)
{
	char text[2048];

	lab_open(&lab, with_two_alices);
	lab.connect_to = SECOND_LOOPBACK;
	lab_client_open(&lab, &bob);
	lab_client_dial(&bob, &lab_pppd, "alice", "wrong", 2);
	lab_run(&lab, 300);
	ASSERT_EQ(0, lab_ask(&lab, "1 json show lockouts\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(
		text, "\"tenant\":\"blue\",\"what\":\"user-and-source\",\"user\":\"alice\"");
	lab.connect_to = 0;
	lab_close(&lab);
}
