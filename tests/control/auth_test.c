// SPDX-License-Identifier: BSD-3-Clause
// AAA that answers late, not at all, or with an address: the local driver behind a door that the
// test opens.
#include "control/call_auth.h"

#include "control/lab.h"
#include "drivers/drivers.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client client, other;

static struct {
	void *local;
	int fd;
	bool is_open;	// replies come through
	bool has_no_fd; // control polls after each submit
	bool is_busy;	// takes no request
	bool is_broken; // says "unavailable"
	uint32_t framed_be;
	unsigned int n_asked;
} door;

static int door_open(const struct config *config, struct log *log, void **state)
{
	*state = &door;
	door.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return drivers_find_aaa("local")->open(config, log, &door.local);
}

static void door_close(void *state)
{
	close(door.fd);
	drivers_find_aaa("local")->close(door.local);
}

static int door_submit(void *state, const struct aaa_request *request)
{
	if (door.is_busy)
		return -EBUSY;
	door.n_asked++;
	return drivers_find_aaa("local")->submit(door.local, request);
}

static unsigned int door_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	eventfd_t value;

	if (!door.is_open)
		return 0;
	(void)eventfd_read(door.fd, &value);
	n = drivers_find_aaa("local")->poll(door.local, replies, n);
	for (unsigned int i = 0; i < n; i++) {
		replies[i].framed_address_be = door.framed_be;
		if (door.is_broken)
			replies[i].result = AAA_UNAVAILABLE;
	}
	return n;
}

static int door_event_fd(void *state)
{
	return door.has_no_fd ? -1 : door.fd;
}

static const struct aaa_driver driver = {
	.name = "door",
	.open = door_open,
	.close = door_close,
	.submit = door_submit,
	.poll = door_poll,
	.event_fd = door_event_fd,
};

static void begin(bool is_open, uint32_t framed)
{
	memset(&door, 0, sizeof(door));
	door.is_open = is_open;
	door.framed_be = htonl(framed);
	lab_open_with(&lab, NULL, &driver);
}

static void dial(struct lab_client *c, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", "secret", call_id);
}

static bool has_asked(struct lab *l, void *unused)
{
	return door.n_asked > 0;
}

static bool has_asked_again(struct lab *l, void *unused)
{
	return door.n_asked > 1;
}

static bool some_went_down(struct lab *l, void *unused)
{
	return lab_count_ends(l, "") > 0;
}

static void open_door(void)
{
	door.is_open = true;
	ASSERT_EQ(0, eventfd_write(door.fd, 1));
}

TEST(auth, an_answer_that_comes_later)
{
	begin(false, 0);
	dial(&client, 1);
	ASSERT_TRUE(lab_until(&lab, has_asked, NULL, 3000));
	lab_run(&lab, 50);
	EXPECT_FALSE(lab_is_up(&lab, &client));
	open_door();
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	lab_close(&lab);
}

TEST(auth, an_answer_for_a_call_that_has_gone)
{
	begin(false, 0);
	dial(&client, 1);
	ASSERT_TRUE(lab_until(&lab, has_asked, NULL, 3000));
	lab_client_close(&client);
	EXPECT_TRUE(lab_until(&lab, lab_is_empty, NULL, 3000));
	open_door();
	lab_run(&lab, 50);
	EXPECT_EQ(1, lab.control->counters.stale_events);
	EXPECT_EQ(0, lab_count_addresses(&lab));
	lab_close(&lab);
}

// The same, while the worker has not forgotten the session: the slot is still the old call's.
TEST(auth, an_answer_for_a_call_that_is_going)
{
	begin(false, 0);
	dial(&client, 1);
	ASSERT_TRUE(lab_until(&lab, has_asked, NULL, 3000));
	lab.workers_sleep = true;
	lab_client_close(&client);
	lab_run(&lab, 20);
	open_door();
	lab_run(&lab, 50);
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_EQ(1, lab.control->counters.stale_events);
	EXPECT_EQ(0, lab_count_addresses(&lab));
	lab.workers_sleep = false;
	lab_close(&lab);
}

TEST(auth, no_server_answers)
{
	for (int busy = 0; busy < 2; busy++) {
		SHIM_TRACE_CASE(busy);
		begin(true, 0);
		door.is_broken = !busy;
		door.is_busy = busy;
		dial(&client, 1);
		open_door();
		EXPECT_TRUE(lab_until(&lab, has_asked, NULL, busy ? 300 : 3000) == !busy);
		open_door();
		EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
		EXPECT_EQ(1, lab_count_ends(
				     &lab, "reason=auth-unavailable by=server windows-error=718"));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "auth-unavailable"));
		EXPECT_FALSE(client.peer.was_refused); // nothing is said of the password
		lab_close(&lab);
	}
}

TEST(auth, addresses_that_aaa_chooses)
{
	static const struct {
		uint32_t framed;
		uint32_t wanted; // of the client
		bool from_pool;
	} cases[] = {
		{0x0a090007, 0x0a090007, true},	 // of the pool
		{0xac100005, 0xac100005, false}, // of no pool
		{0xfffffffe, 0x0a090001, true},	 // RFC 2865 5.8: the server chooses
		{0xffffffff, 0x0a090001, true},	 // the client may choose: the server does
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		begin(true, cases[i].framed);
		dial(&client, 1);
		for (int k = 0; k < 50 && !lab_is_up(&lab, &client); k++) {
			open_door();
			lab_run(&lab, 10);
		}
		EXPECT_TRUE(lab_is_up(&lab, &client));
		EXPECT_EQ(cases[i].wanted, client.peer.address);
		EXPECT_NE(OWNER_NONE, owner_map_inner(lab.owners, 0, htonl(cases[i].wanted)));
		EXPECT_EQ(cases[i].from_pool, lab_count_addresses(&lab));
		lab_client_clear(&client);
		EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
		EXPECT_EQ(OWNER_NONE, owner_map_inner(lab.owners, 0, htonl(cases[i].wanted)));
		lab_close(&lab);
	}
}

static void use_client_address(struct config *c)
{
	c->use_client_address = true;
}

// What the client asks for by IPCP, where policy or his record lets him choose.
TEST(auth, addresses_that_the_client_asks_for)
{
	static const struct {
		bool is_policy;
		uint32_t framed, asked, wanted;
	} cases[] = {
		{true, 0, 0x0a090007, 0x0a090007},
		{true, 0, 0x0a090001, 0x0a090001}, // the one that it would have anyway
		{true, 0, 0xac100005, 0x0a090001}, // of no pool
		{true, 0, 0x0a090005, 0x0a090001}, // somebody has it
		{true, 0xfffffffe, 0x0a090007, 0x0a090007},
		{true, 0x0a090009, 0x0a090007, 0x0a090009}, // the user has one of his own
		{false, 0xffffffff, 0x0a090007, 0x0a090007},
		{false, 0, 0x0a090007, 0x0a090001},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		memset(&door, 0, sizeof(door));
		door.is_open = door.has_no_fd = true;
		door.framed_be = htonl(cases[i].framed);
		lab_open_with(&lab, cases[i].is_policy ? use_client_address : NULL, &driver);
		ASSERT_EQ(0, pool_take_address(&lab.control->pools[0], htonl(0x0a090005)));
		dial(&client, 1);
		client.peer.address = cases[i].asked;
		EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
		EXPECT_EQ(cases[i].wanted, client.peer.address);
		const struct lab_session *s = lab_find_session(&lab, client.session_id);
		EXPECT_EQ(htonl(cases[i].wanted), s->inner_be);
		EXPECT_NE(OWNER_NONE, owner_map_inner(lab.owners, 0, htonl(cases[i].wanted)));
		if (cases[i].asked != cases[i].wanted)
			EXPECT_EQ(
				OWNER_NONE, owner_map_inner(lab.owners, 0, htonl(cases[i].asked)));
		EXPECT_EQ(2, lab_count_addresses(&lab)); // his, and the one that is taken
		lab_client_clear(&client);
		EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
		EXPECT_EQ(1, lab_count_addresses(&lab));
		pool_release(&lab.control->pools[0], htonl(0x0a090005));
		lab_close(&lab);
	}
}

static void use_client_address_and_check(struct config *c)
{
	use_client_address(c);
	c->tenants[0].check_in_use = true;
}

// Nobody has asked the inside for it.
TEST(auth, no_client_chooses_where_addresses_are_asked_for_first)
{
	memset(&door, 0, sizeof(door));
	door.is_open = door.has_no_fd = true;
	lab_open_with(&lab, use_client_address_and_check, &driver);
	dial(&client, 1);
	client.peer.address = 0x0a090007;
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	EXPECT_EQ(0x0a090001, client.peer.address);
	EXPECT_EQ(1, lab_count_addresses(&lab));
	lab_client_clear(&client);
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
	lab_close(&lab);
}

// Two users with one address: the second is told that there is none, whether it is of a pool or not.
TEST(auth, an_address_is_given_once)
{
	static const uint32_t framed[] = {0x0a090007, 0xac100005};

	for (size_t i = 0; i < RTE_DIM(framed); i++) {
		SHIM_TRACE_CASE(i);
		begin(true, framed[i]);
		dial(&client, 1);
		dial(&other, 2);
		for (int k = 0; k < 100 && !some_went_down(&lab, NULL); k++) {
			open_door();
			lab_run(&lab, 10);
		}
		EXPECT_EQ(1, lab_count_ends(&lab, "reason=address-in-use"));
		lab_run(&lab, 100);
		EXPECT_EQ(1, lab_count_calls(&lab));
		EXPECT_TRUE(lab_is_up(&lab, &client) != lab_is_up(&lab, &other));
		lab_close(&lab);
	}
}

// LCP is negotiated again while AAA thinks, and the client answers the new challenge as `user`.
static void renegotiate_meanwhile(const char *user, const char *password)
{
	dial(&client, 1);
	ASSERT_TRUE(lab_until(&lab, has_asked, NULL, 3000));
	client.peer.user = user;
	client.peer.password = password;
	sim_peer_renegotiate(&client.peer, SIM_LCP, loop_clock_ns());
	lab_run(&lab, 100);
	EXPECT_EQ(1, door.n_asked); // one at a time
}

// The answer to what was asked before comes to nothing, but for the question that follows; also
// where the driver has no descriptor and is polled.
TEST(auth, an_answer_from_before_a_renegotiation)
{
	for (int polled = 0; polled < 2; polled++) {
		SHIM_TRACE_CASE(polled);
		memset(&door, 0, sizeof(door));
		door.has_no_fd = polled;
		lab_open_with(&lab, NULL, &driver);
		renegotiate_meanwhile("bob", "other");
		open_door();
		lab.control->aaa_pending = true;
		EXPECT_TRUE(lab_until(&lab, has_asked_again, NULL, 1000));
		EXPECT_EQ(1, lab.control->counters.stale_events);
		EXPECT_EQ(0, lab_count_events(&lab, EVENT_AUTHENTICATED, "user=alice"));
		if (!polled)
			open_door();
		EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, ""));
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, "user=bob"));
		lab_close(&lab);
	}
}

// A yes for one user, and then the wrong password for another: no trust, no address, no line.
TEST(auth, a_late_yes_leaves_nothing_behind)
{
	begin(false, 0xac100005);
	renegotiate_meanwhile("bob", "wrong");
	open_door();
	EXPECT_TRUE(lab_until(&lab, has_asked_again, NULL, 1000));
	EXPECT_EQ(1, lab.control->admission.n_strangers);
	EXPECT_EQ(OWNER_NONE, owner_map_inner(lab.owners, 0, htonl(0xac100005)));
	open_door();
	EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
	EXPECT_EQ(0, lab.control->counters.auth_ok);
	EXPECT_EQ(1, lab.control->counters.auth_failed);
	EXPECT_EQ(0, lab_count_events(&lab, EVENT_AUTHENTICATED, ""));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "user=bob"));
	EXPECT_EQ(1, lab_count_ends(&lab, "user=bob"));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
	EXPECT_EQ(0, lab_count_ends(&lab, "inner="));
	lab_close(&lab);
}

static void again_as(const char *user, const char *password)
{
	memset(&door, 0, sizeof(door));
	door.is_open = door.has_no_fd = true;
	lab_open_with(&lab, NULL, &driver);
	dial(&client, 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	client.peer.user = user;
	client.peer.password = password;
	client.peer.is_up = false;
	sim_peer_renegotiate(&client.peer, SIM_LCP, loop_clock_ns());
}

TEST(auth, the_same_user_again)
{
	again_as("alice", "secret");
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	EXPECT_EQ(0x0a090001, client.peer.address);
	EXPECT_EQ(2, lab_count_events(&lab, EVENT_AUTHENTICATED, "user=alice"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_UP, ""));
	lab_close(&lab);
}

// The traffic so far is of the first user: nobody else goes on with the call, not even with the
// right password, and the record names the one whose traffic it was.
TEST(auth, another_user_does_not_take_a_call_over)
{
	static const char *const passwords[] = {"other", "wrong"};

	for (size_t i = 0; i < RTE_DIM(passwords); i++) {
		SHIM_TRACE_CASE(i);
		again_as("bob", passwords[i]);
		EXPECT_TRUE(lab_until(&lab, some_went_down, NULL, 3000));
		EXPECT_TRUE(client.peer.was_refused);
		EXPECT_EQ(1, door.n_asked);
		EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "user=alice"));
		EXPECT_EQ(1,
			lab_count_events(&lab, EVENT_AUTH_FAILED, "windows-error=691 claimed=bob"));
		EXPECT_EQ(1, lab_count_ends(&lab, "user=alice"));
		EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
		lab_close(&lab);
	}
}
