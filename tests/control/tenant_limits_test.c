// SPDX-License-Identifier: BSD-3-Clause
// Limits of a tenant: calls, new calls a second, rates divided among the workers. One at its limit touches no other.
#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { SECOND_LOOPBACK = 0x7f000002 };

static struct lab lab;
static struct lab_client clients[4];

static bool no_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

static void dial(struct lab_client *c, const char *user, const char *password)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, user, password, (uint16_t)(c - clients + 1));
}

static void dial_up(struct lab_client *c, const char *user, const char *password)
{
	dial(c, user, password);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 5000));
}

static void hang_up(struct lab_client *c)
{
	unsigned int n = lab_count_calls(&lab);

	lab_client_clear(c);
	for (int i = 0; i < 400 && lab_count_calls(&lab) >= n; i++)
		lab_run(&lab, 5);
	lab_client_close(c);
}

// blue has a listen address of its own, and the user bob.
static void with_blue(struct config *c)
{
	struct config_tenant *blue;

	c->tenants = realloc(c->tenants, 2 * sizeof(c->tenants[0]));
	blue = &c->tenants[1];
	*blue = c->tenants[0];
	c->n_tenants = 2;
	snprintf(blue->name, sizeof(blue->name), "blue");
	c->listen_be[c->n_listen] = htonl(SECOND_LOOPBACK);
	c->listen_tenants[c->n_listen++] = 1;
	c->pools[c->n_pools] = c->pools[0];
	snprintf(c->pools[c->n_pools].name, sizeof(c->pools[0].name), "blue");
	c->pools[c->n_pools++].tenant_number = 1;
	c->users[1].tenant_number = 1;
	blue->max_calls = 1;
}

static bool has_refused(struct lab *l, void *reason)
{
	return lab_count_events(l, EVENT_CALL_REFUSED, reason) > 0;
}

TEST(tenant_limits, calls)
{
	static char text[8192];

	lab_open(&lab, with_blue);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[0], "bob", "other");
	dial(&clients[1], "bob", "other");
	EXPECT_TRUE(lab_until(&lab, has_refused, (void *)"reason=limit-tenant", 3000));
	EXPECT_EQ(lab_count_events(&lab, EVENT_CALL_REFUSED, "limit=tenants.max_calls"), 1);
	EXPECT_EQ(clients[1].last.ocrp.result, PPTP_OCRP_BUSY);
	lab_client_close(&clients[1]);
	// The other tenant is not touched.
	lab.connect_to = 0;
	dial_up(&clients[2], "alice", "secret");
	dial_up(&clients[3], "alice", "secret");

	EXPECT_EQ(0, lab_ask(&lab, "1 json show tenants\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "{\"tenant\":\"default\",\"calls\":2,\"up\":2,\"max_calls\":null,"
				 "\"setups\":2,\"came_up\":2,\"auth_failed\":0,\"refused_calls\":0,"
				 "\"refused_rate\":0,");
	EXPECT_STRCONTAINS(text, "{\"tenant\":\"blue\",\"calls\":1,\"up\":1,\"max_calls\":1,"
				 "\"setups\":1,\"came_up\":1,\"auth_failed\":0,\"refused_calls\":1,"
				 "\"refused_rate\":0,\"no_address\":0,"
				 "\"addresses_in_use_elsewhere\":0,\"addresses\":20,"
				 "\"addresses_given\":1,");
	// The place is free again.
	hang_up(&clients[0]);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[0], "bob", "other");
	for (int i = 0; i < 4; i++)
		if (i != 1)
			hang_up(&clients[i]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	EXPECT_EQ(lab.control->tenants.list[0].n_calls, 0);
	EXPECT_EQ(lab.control->tenants.list[1].n_calls, 0);
	EXPECT_EQ(lab.control->tenants.list[1].n_open, 0);
	lab_close(&lab);
}

static void with_realm(struct config *c)
{
	with_blue(c);
	c->n_listen = 1;
	c->tenants[1].n_realms = 1;
	snprintf(c->tenants[1].realms[0], sizeof(c->tenants[1].realms[0]), "blue");
	c->strip_realm = true;
}

static bool has_failed(struct lab *l, void *reason)
{
	return lab_count_ends(l, reason) > 0;
}

// Where the realm says the tenant, its limit is met when the name is there, and the client is told why.
TEST(tenant_limits, calls_of_a_realm)
{
	lab_open(&lab, with_realm);
	dial_up(&clients[0], "bob@blue", "other");
	dial(&clients[1], "bob@blue", "other");
	EXPECT_TRUE(lab_until(&lab, has_failed, (void *)"reason=limit-tenant", 5000));
	EXPECT_EQ(lab_count_events(&lab, EVENT_AUTH_FAILED, "reason=limit-tenant"), 1);
	EXPECT_EQ(lab.control->tenants.list[1].n_refused_calls, 1);
	EXPECT_EQ(lab.control->tenants.list[1].n_auth_failed, 0);
	lab_client_close(&clients[1]);
	dial_up(&clients[2], "alice", "secret");
	EXPECT_EQ(lab.control->tenants.list[0].n_calls, 1);
	hang_up(&clients[0]);
	hang_up(&clients[2]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	EXPECT_EQ(lab.control->tenants.list[1].n_calls, 0);
	lab_close(&lab);
}

static void with_rate(struct config *c)
{
	with_blue(c);
	c->tenants[1].max_calls = 0;
	c->tenants[1].setups_per_second = 2;
}

TEST(tenant_limits, new_calls_a_second)
{
	lab_open(&lab, with_rate);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[0], "bob", "other");
	lab_client_close(&clients[0]);
	for (int i = 0;
		i < 20 && lab_count_events(&lab, EVENT_CALL_REFUSED, "limit-tenant-rate") == 0;
		i++) {
		dial(&clients[1], "bob", "other");
		lab_run(&lab, 20);
		lab_client_close(&clients[1]);
	}
	EXPECT_GE(lab_count_events(&lab, EVENT_CALL_REFUSED, "limit=tenants.setups_per_second"), 1);
	EXPECT_GE(lab.control->tenants.list[1].n_refused_rate, 1);
	lab.connect_to = 0;
	dial_up(&clients[2], "alice", "secret");
	hang_up(&clients[2]);
	lab_skip(&lab, 2000);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[3], "bob", "other");
	hang_up(&clients[3]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 5000));
	lab_close(&lab);
}

// ---- places -------------------------------------------------------------------------------------

enum { DIALLERS = 8, DEEDS = 400, CALLS_MOST = 1 };

// bob is of blue by the listen address and by his realm, and blue holds one call; alice's tenant two.
static void with_few_places(struct config *c)
{
	with_blue(c);
	c->tenants[0].max_calls = CALLS_MOST + 1;
	c->tenants[1].max_calls = CALLS_MOST;
	c->tenants[1].n_realms = 1;
	snprintf(c->tenants[1].realms[0], sizeof(c->tenants[1].realms[0]), "blue");
	c->strip_realm = true;
	c->auth_retries = 5;
}

// What is counted is what there is, whatever has happened.
static void check_places(void)
{
	uint32_t cursor = 0, n_calls[2] = {0}, n_open[2] = {0};
	bool is_end = false;

	while (!is_end) {
		const struct call *call =
			placement_next(&lab.control->placement, &cursor, 2 * LAB_SLOTS, &is_end);
		if (!call)
			continue;
		n_calls[call->tenant] += call->has_place;
		n_open[call->tenant] += call->was_up;
	}
	for (unsigned int i = 0; i < 2; i++) {
		const struct tenant *t = &lab.control->tenants.list[i];
		ASSERT_EQ(t->n_calls, n_calls[i]);
		ASSERT_EQ(t->n_open, n_open[i]);
		ASSERT_LE(t->n_calls, lab.config->tenants[i].max_calls);
	}
}

static const char *const *pick_login(struct sim_random *r)
{
	static const char *const logins[][2] = {{"alice", "secret"}, {"alice", "wrong"},
		{"bob@blue", "other"}, {"bob@blue", "wrong"}, {"bob", "other"}, {"nobody", "x"}};

	return logins[sim_random_below(r, RTE_DIM(logins))];
}

static void dial_somehow(struct lab_client *c, struct sim_random *r)
{
	const char *const *login = pick_login(r);

	lab.connect_to = sim_random_permille(r, 500) ? SECOND_LOOPBACK : 0;
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, login[0], login[1], (uint16_t)sim_random_below(r, 65536));
	c->is_mute = sim_random_permille(r, 150); // no PPP of it comes through: it times out
}

// From LCP on, and perhaps somebody else, of another tenant.
static void begin_again(struct lab_client *c, struct sim_random *r)
{
	const char *const *login = pick_login(r);

	if (sim_random_permille(r, 700)) {
		c->peer.user = login[0];
		c->peer.password = login[1];
	}
	sim_peer_renegotiate(&c->peer, SIM_LCP, loop_clock_ns());
}

static void do_something(struct lab_client *c, struct sim_random *r)
{
	switch (sim_random_below(r, 8)) {
	case 0:
		lab_client_clear(c);
		break;
	case 1:
		lab_client_stop(c);
		break;
	case 2:
		lab_client_close(c);
		break;
	case 3:
		lab_skip(&lab, 100 + (int)sim_random_below(r, 3000));
		break;
	case 4:
	case 5:
	case 6:
		if (c->has_peer)
			begin_again(c, r);
		break;
	case 7: // on it goes
		break;
	}
}

TEST(tenant_limits, every_way_out_gives_the_place_back)
{
	static struct lab_client diallers[DIALLERS];
	unsigned int n_up = 0, n_failed = 0, n_refused = 0;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		SHIM_TRACE_CASE(seed);
		struct sim_random r = {.state = seed};
		lab_open(&lab, with_few_places);
		for (unsigned int i = 0; i < DIALLERS; i++)
			diallers[i].fd = -1;
		for (unsigned int i = 0; i < DEEDS; i++) {
			struct lab_client *c = &diallers[sim_random_below(&r, DIALLERS)];
			if (c->fd >= 0 && c->is_closed_by_server)
				lab_client_close(c);
			if (c->fd < 0)
				dial_somehow(c, &r);
			else
				do_something(c, &r);
			lab_run(&lab, (int)sim_random_below(&r, 6));
			check_places();
		}
		for (unsigned int i = 0; i < DIALLERS; i++)
			if (diallers[i].fd >= 0)
				lab_client_close(&diallers[i]);
		EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 5000));
		check_places();
		for (unsigned int i = 0; i < 2; i++) {
			const struct tenant *t = &lab.control->tenants.list[i];
			EXPECT_EQ(t->n_calls, 0);
			EXPECT_EQ(t->n_open, 0);
			n_up += (unsigned int)t->n_up;
			n_failed += (unsigned int)t->n_auth_failed;
			n_refused += (unsigned int)t->n_refused_calls;
		}
		lab.connect_to = 0;
		lab_close(&lab);
	}
	// Else it has shown nothing.
	EXPECT_GE(n_up, 10);
	EXPECT_GE(n_failed, 10);
	EXPECT_GE(n_refused, 10);
}

// A client may say one name, be refused, and say another: the place goes with it, and one that is not to be had leaves none.
TEST(tenant_limits, a_place_goes_to_the_tenant_of_the_name_that_was_said_last)
{
	const struct tenant *t;
	struct call *call;

	lab_open(&lab, with_few_places);
	dial_up(&clients[0], "alice", "secret");
	call = placement_find(&lab.control->placement, clients[0].session_id);
	ASSERT_TRUE(call != NULL);
	t = lab.control->tenants.list;
	EXPECT_EQ(END_NONE, tenants_assign(call, 0));
	EXPECT_EQ(t[0].n_calls, 1);
	EXPECT_EQ(END_NONE, tenants_assign(call, 1));
	EXPECT_EQ(t[0].n_calls, 0);
	EXPECT_EQ(t[1].n_calls, 1);
	EXPECT_EQ(END_NONE, tenants_assign(call, 0));
	EXPECT_EQ(t[1].n_calls, 0);
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[1], "bob", "other");
	EXPECT_EQ(END_LIMIT_TENANT, tenants_assign(call, 1));
	EXPECT_EQ(t[0].n_calls, 0);
	EXPECT_EQ(t[1].n_calls, 1);
	EXPECT_EQ(END_NONE, tenants_assign(call, 0));
	check_places();
	lab.connect_to = 0;
	hang_up(&clients[0]);
	hang_up(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 5000));
	check_places();
	lab_close(&lab);
}

// ---- rates --------------------------------------------------------------------------------------

static void with_bandwidth(struct config *c)
{
	with_blue(c);
	c->tenants[1].max_calls = 0;
	c->tenants[1].rate_up_kbps = 8000;
	c->tenants[1].rate_down_kbps = 1600;
}

static const struct command_tenant_rate *told(unsigned int worker)
{
	return &lab.tenant_rates[worker][1];
}

TEST(tenant_limits, rates_are_divided_by_what_the_workers_do)
{
	lab_open(&lab, with_bandwidth);
	lab_run(&lab, 5);
	for (unsigned int i = 0; i < LAB_WORKERS; i++) {
		EXPECT_EQ(told(i)->tenant, 1);
		EXPECT_EQ(told(i)->rate_up_bps, 4000000);
		EXPECT_EQ(told(i)->rate_down_bps, 800000);
		EXPECT_EQ(told(i)->burst_up_bytes, 50000); // 100 ms
		EXPECT_EQ(told(i)->burst_down_bytes, 10000);
	}
	unsigned int n = lab.n_tenant_rates;
	lab_skip(&lab, 2500);
	EXPECT_EQ(lab.n_tenant_rates, n); // nothing changes: nothing is said

	// A call of it is told to take part in the rate; one of the other tenant is told nothing.
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[0], "bob", "other");
	lab.connect_to = 0;
	dial_up(&clients[1], "alice", "secret");
	EXPECT_EQ(lab_find_session(&lab, clients[0].session_id)->n_policies, 1);
	EXPECT_TRUE(lab_find_session(&lab, clients[0].session_id)->policy.has_tenant_rate);
	EXPECT_TRUE(lab_find_session(&lab, clients[0].session_id)->had_policy_first);
	EXPECT_EQ(lab_find_session(&lab, clients[1].session_id)->n_policies, 0);

	// All traffic is on the second worker, of which it lets a half pass.
	for (int i = 0; i < 20; i++) {
		lab.tables[1].tenants[1].up_bytes += 100000;
		lab.tables[1].tenants[1].up_refused_bytes += 100000;
		lab_skip(&lab, 200);
	}
	EXPECT_EQ(told(0)->rate_up_bps, 250000); // what each has
	EXPECT_EQ(told(1)->rate_up_bps, 7750000);
	EXPECT_EQ(told(0)->burst_up_bytes + told(1)->burst_up_bytes, 100000);
	EXPECT_EQ(told(0)->rate_down_bps, 800000);
	// It stops: both are alike again.
	lab_skip(&lab, 2500);
	EXPECT_EQ(told(0)->rate_up_bps, 4000000);
	EXPECT_EQ(told(1)->rate_up_bps, 4000000);
	hang_up(&clients[0]);
	hang_up(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	lab_close(&lab);
}

// ---- events -------------------------------------------------------------------------------------

static size_t read_stream(int fd, char *out, size_t cap)
{
	size_t n = 0;

	for (int i = 0; i < 20; i++) {
		lab_run(&lab, 5);
		ssize_t got = recv(fd, out + n, cap - 1 - n, MSG_DONTWAIT);
		if (got > 0)
			n += (size_t)got;
	}
	out[n] = '\0';
	return n;
}

static int follow(const char *line)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", lab.socket_path);
	EXPECT_EQ(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	EXPECT_EQ((ssize_t)strlen(line), send(fd, line, strlen(line), 0));
	lab_run(&lab, 10);
	return fd;
}

TEST(tenant_limits, events_of_one_tenant_can_be_followed_and_shown)
{
	static char text[65536];

	lab_open(&lab, with_blue);
	int all = follow("1 text events\n"), blue = follow("1 text events tenant blue\n");
	dial_up(&clients[0], "alice", "secret");
	lab.connect_to = SECOND_LOOPBACK;
	dial_up(&clients[1], "bob", "other");
	ASSERT_GT(read_stream(blue, text, sizeof(text)), 0);
	EXPECT_STRCONTAINS(text, " notice event=up ");
	EXPECT_STRCONTAINS(text, "user=bob ");
	EXPECT_TRUE(strstr(text, "alice") == NULL);
	ASSERT_GT(read_stream(all, text, sizeof(text)), 0);
	EXPECT_STRCONTAINS(text, "user=bob ");
	EXPECT_STRCONTAINS(text, "user=alice ");
	EXPECT_EQ(0, read_stream(blue, text, sizeof(text)));
	close(all);
	close(blue);
	lab_run(&lab, 20);

	EXPECT_EQ(0, lab_ask(&lab, "1 json show events tenant blue\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "user=bob ");
	EXPECT_TRUE(strstr(text, "alice") == NULL);
	EXPECT_EQ(0, lab_ask(&lab, "1 json show events tenant default\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "user=alice ");
	EXPECT_TRUE(strstr(text, "bob") == NULL);
	EXPECT_EQ(1, lab_ask(&lab, "1 json show events tenant green\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "There is no tenant green.");
	EXPECT_EQ(1, lab_ask(&lab, "1 text events tenant green\n", text, sizeof(text)));
	EXPECT_EQ(2, lab_ask(&lab, "1 json events\n", text, sizeof(text)));
	EXPECT_EQ(2, lab_ask(&lab, "1 text events blue\n", text, sizeof(text)));
	hang_up(&clients[0]);
	hang_up(&clients[1]);
	EXPECT_TRUE(lab_until(&lab, no_calls, NULL, 3000));
	lab_close(&lab);
}
