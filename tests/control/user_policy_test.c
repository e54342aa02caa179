// SPDX-License-Identifier: BSD-3-Clause
// What holds for a user: what group, user and AAA say, on its way into the call, the link and the worker; who may not come
// in by it; what ends a call; and what `aditctl show policy` says of it.
#include "control/call_policy.h"

#include "control/call.h"
#include "control/call_auth.h"
#include "control/lab.h"
#include "drivers/drivers.h"
#include "shim/shim.h"
#include "wire/chap.h"
#include "wire/ppp.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <time.h>

enum { MINUTE_MS = 60000, OTHERS = 1 };

static struct lab lab;
static struct lab_client first, second, third;

// ---- an AAA server that says what the test has it say ----------------------------------------------

static struct {
	struct config_policy policy;
	bool has_group, has_no_keys;
	uint16_t group;
	uint32_t netmask_be, address_be;
	const char *server, *message;
} says;

static const struct aaa_driver *local;

static unsigned int poll_and_say(void *state, struct aaa_reply *replies, unsigned int n)
{
	n = local->poll(state, replies, n);
	for (unsigned int i = 0; i < n; i++) {
		struct aaa_reply *r = &replies[i];
		if (says.policy.given)
			r->policy = says.policy;
		if (says.has_group)
			r->group = says.group;
		r->has_keys &= !says.has_no_keys;
		r->framed_netmask_be = says.netmask_be;
		if (says.address_be)
			r->framed_address_be = says.address_be;
		snprintf(r->server, sizeof(r->server), "%s", says.server ? says.server : "");
		snprintf(r->message, sizeof(r->message), "%s", says.message ? says.message : "");
	}
	return n;
}

static uint32_t bit(enum config_policy_key key)
{
	return UINT32_C(1) << key;
}

static void open_lab(void (*change)(struct config *c))
{
	static struct aaa_driver driver;

	local = drivers_find_aaa("local");
	driver = *local;
	driver.poll = poll_and_say;
	lab_open_with(&lab, change, &driver);
}

static void close_lab(void)
{
	lab_close(&lab);
	memset(&says, 0, sizeof(says));
}

static void dial_as(struct lab_client *c, const struct sim_peer_profile *profile, const char *user,
	uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, profile, user, "secret", call_id);
}

static void dial(struct lab_client *c, uint16_t call_id)
{
	dial_as(c, &lab_pppd, "alice", call_id);
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
		abort(); // there is no test without it
	return call;
}

static struct config_policy *base_of(struct config *c)
{
	return &c->groups[c->base_group].policy;
}

// A second group, with two lists that may be named.
static void two_groups(struct config *c)
{
	c->groups[OTHERS] = c->groups[c->base_group];
	snprintf(c->groups[OTHERS].name, sizeof(c->groups[OTHERS].name), "others");
	c->n_groups = 2;
	c->groups[OTHERS].policy.given = bit(CONFIG_POLICY_RATE_UP);
	c->groups[OTHERS].policy.rate_up_kbps = 3000;
	base_of(c)->given = bit(CONFIG_POLICY_RATE_UP) | bit(CONFIG_POLICY_RATE_DOWN);
	base_of(c)->rate_up_kbps = 1000;
	base_of(c)->rate_down_kbps = 2000;
	c->n_acls = 2;
	for (int i = 0; i < 2; i++) {
		snprintf(c->acls[i].name, sizeof(c->acls[i].name), "list%d", i);
		c->acls[i].n_rules = 1;
		c->acls[i].rules[0] = (struct config_acl_rule){.protocol = CONFIG_ACL_ANY_PROTOCOL};
	}
}

// ---- what reaches the worker -----------------------------------------------------------------------

TEST(user_policy, s2_of_aaa_reaches_the_worker)
{
	says.server = "radius-1";
	says.policy.given = bit(CONFIG_POLICY_RATE_UP) | bit(CONFIG_POLICY_ACL_OUT) |
			    bit(CONFIG_POLICY_IDLE_TIMEOUT);
	says.policy.rate_up_kbps = 500;
	says.policy.idle_timeout_s = 60;
	snprintf(says.policy.acl_out, sizeof(says.policy.acl_out), "list1");
	open_lab(two_groups);
	come_up(&first, 1);
	const struct lab_session *s = lab_find_session(&lab, first.session_id);
	ASSERT_TRUE(s != NULL);
	EXPECT_TRUE(s->had_policy_first);
	EXPECT_EQ(500000, s->policy.rate_up_bps);
	EXPECT_EQ(2000000, s->policy.rate_down_bps); // of "base"
	EXPECT_EQ(ACL_NONE, s->policy.acl_up);
	EXPECT_EQ(1, s->policy.acl_down);
	EXPECT_EQ(60, s->policy.idle_s);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTHENTICATED, "server=radius-1"));
	close_lab();
}

// AAA's group, else the tenant's, else "base".
TEST(user_policy, is_of_the_group_that_aaa_or_the_tenant_has)
{
	static const struct {
		uint16_t of_aaa, of_tenant;
		uint64_t rate;
	} cases[] = {
		{CONFIG_NO_INDEX, 0, 1000000},
		{CONFIG_NO_INDEX, OTHERS, 3000000},
		{OTHERS, 0, 3000000},
		{0, OTHERS, 1000000},
		{77, OTHERS, 3000000},
		{CONFIG_NO_INDEX, CONFIG_NO_INDEX, 1000000},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		says.has_group = true;
		says.group = cases[i].of_aaa;
		open_lab(two_groups);
		ASSERT_EQ(lab.config->base_group, 0);
		lab.config->tenants[0].group_index = cases[i].of_tenant;
		come_up(&first, 1);
		const struct lab_session *s = lab_find_session(&lab, first.session_id);
		ASSERT_TRUE(s != NULL);
		EXPECT_EQ(cases[i].rate, s->policy.rate_up_bps);
		EXPECT_EQ(2000000, s->policy.rate_down_bps);
		close_lab();
	}
}

TEST(user_policy, has_an_mtu_of_its_own)
{
	static const struct {
		uint32_t mtu;
		uint16_t told;
	} cases[] = {{1200, 1200}, {0, 1400}, {1500, 1500}};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		says.policy.given = bit(CONFIG_POLICY_MTU);
		says.policy.mtu = cases[i].mtu;
		open_lab(NULL);
		come_up(&first, 1);
		const struct lab_session *s = lab_find_session(&lab, first.session_id);
		ASSERT_TRUE(s != NULL);
		uint16_t most = RTE_MIN(cases[i].told, call_of(&first)->agreed.peer_mru);
		EXPECT_EQ(most, s->link.mtu);
		EXPECT_EQ(most - 40, s->link.mss_max);
		close_lab();
	}
}

// Of a user who may go without, in a server that requires it of others.
TEST(user_policy, says_whether_there_must_be_encryption)
{
	struct sim_peer_profile clear = lab_pppd;

	clear.ccp = SIM_CCP_REJECTS_PROTOCOL;
	clear.may_go_clear = true;
	clear.waits_for_ccp = false;
	for (int may_go_clear = 0; may_go_clear < 2; may_go_clear++) {
		SHIM_TRACE_CASE(may_go_clear);
		says.policy.given = bit(CONFIG_POLICY_ENCRYPTION);
		says.policy.encryption =
			may_go_clear ? CONFIG_ENCRYPTION_ALLOW : CONFIG_ENCRYPTION_REQUIRE;
		open_lab(NULL);
		dial_as(&first, &clear, "alice", 1);
		if (may_go_clear) {
			ASSERT_TRUE(lab_until(&lab, lab_is_up, &first, 3000));
			const struct lab_session *s = lab_find_session(&lab, first.session_id);
			ASSERT_TRUE(s != NULL);
			EXPECT_TRUE(s->add.require_encryption);
			EXPECT_FALSE(s->open.require_encryption);
			EXPECT_FALSE(s->encrypts);
		} else {
			ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
			EXPECT_EQ(1, lab_count_ends(&lab, "reason=encryption-refused"));
		}
		close_lab();
	}
}

static void prefer_with_pap(struct config *c)
{
	c->encryption = CONFIG_ENCRYPTION_PREFER;
	c->n_auth_methods = 2;
	c->auth_methods[0] = CONFIG_AUTH_MSCHAPV2;
	c->auth_methods[1] = CONFIG_AUTH_PAP;
}

// S3: who must encrypt and has no keys is told so at once, and by whose fault: no time-out.
TEST(user_policy, s3_encryption_without_keys_ends_the_call_at_once)
{
	static const struct {
		enum auth_method method;
		const char *end;
	} cases[] = {
		{AUTH_METHOD_MSCHAPV2, "reason=auth-no-keys by=server windows-error=742"},
		{AUTH_METHOD_PAP, "reason=auth-keyless by=server windows-error=742"},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct sim_peer_profile profile = lab_pppd;

		SHIM_TRACE_CASE(i);
		profile.methods[0] = cases[i].method;
		says.server = "radius-1";
		says.has_no_keys = true;
		says.policy.given = bit(CONFIG_POLICY_ENCRYPTION);
		says.policy.encryption = CONFIG_ENCRYPTION_REQUIRE;
		open_lab(prefer_with_pap);
		dial_as(&first, &profile, "alice", 1);
		ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 1000));
		EXPECT_EQ(1, lab_count_ends(&lab, cases[i].end));
		close_lab();
	}
}

// ---- who may not come in ---------------------------------------------------------------------------

static uint16_t told_error;
static char told_text[LIMIT_FAILURE_TEXT_BYTES + 1];

static bool take_failure(struct lab_client *c, uint16_t protocol, struct span info)
{
	uint8_t challenge[16];
	struct chap_packet p;
	struct span message;
	bool retry;

	if (protocol == PPP_CHAP && chap_packet_get(info, &p) == 0 && p.code == CHAP_FAILURE &&
		chap_mschapv2_failure_get(p.text, &told_error, &retry, challenge, &message) == 0)
		snprintf(told_text, sizeof(told_text), "%.*s", (int)message.len,
			(const char *)message.bytes);
	return false;
}

// The call is refused, the client is told this number and text, and nothing is left of it.
static void expect_refusal(const char *reason, uint16_t error, const char *text)
{
	char line[64];

	told_error = 0;
	told_text[0] = '\0';
	dial(&first, 1);
	first.takes_frame = take_failure;
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(error, told_error);
	EXPECT_STREQ(text, told_text);
	snprintf(line, sizeof(line), "reason=%s by=server windows-error=%u", reason, error);
	EXPECT_EQ(1, lab_count_ends(&lab, line));
	snprintf(line, sizeof(line), "reason=%s ", reason);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, line));
	EXPECT_EQ(0, lab_count_addresses(&lab));
	EXPECT_EQ(0, lab.control->counters.auth_ok);
	first.takes_frame = NULL;
	lab_client_close(&first);
	close_lab();
}

TEST(user_policy, refuses_a_method_that_is_not_the_users)
{
	says.policy.given = bit(CONFIG_POLICY_AUTH_METHODS);
	says.policy.auth_methods = CONFIG_AUTH_PAP | CONFIG_AUTH_CHAP | CONFIG_AUTH_MSCHAPV1;
	open_lab(NULL);
	expect_refusal("auth-method", 649, "Authentication method not allowed");
}

// A list that is not there would else be none.
TEST(user_policy, refuses_what_names_an_unknown_list)
{
	says.server = "radius-1";
	says.policy.given = bit(CONFIG_POLICY_ACL_IN);
	snprintf(says.policy.acl_in, sizeof(says.policy.acl_in), "lsit1");
	open_lab(two_groups);
	dial(&first, 1);
	EXPECT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "reason=auth-policy"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_AUTH_FAILED, "why=acl_in"));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-policy by=server windows-error=649"));
	close_lab();
}

TEST(user_policy, tells_the_user_what_aaa_has_to_say)
{
	struct sim_peer_profile profile = lab_pppd;

	says.message = "The contract has ended";
	open_lab(NULL);
	lab_client_open(&lab, &first);
	lab_client_dial(&first, &profile, "alice", "wrong", 1);
	first.takes_frame = take_failure;
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(691, told_error);
	EXPECT_STREQ("The contract has ended", told_text);
	first.takes_frame = NULL;
	close_lab();
}

// ---- hours -----------------------------------------------------------------------------------------

// From an hour ago until n minutes from now, of the local time; n < 0: they are over.
static void hours_until(struct config *c, int n)
{
	time_t now = (time_t)(control_wall_ns() / 1000000000);
	struct tm from, to;
	time_t begin = now - 3600, end = now + n * 60;

	localtime_r(&begin, &from);
	localtime_r(&end, &to);
	c->hours = calloc(1, sizeof(c->hours[0]));
	c->n_hours = 1;
	snprintf(c->hours[0].name, sizeof(c->hours[0].name), "office");
	c->hours[0].n_spans = 1;
	c->hours[0].spans[0] = (struct config_hours_span){.days = (uint8_t)(1 << from.tm_wday),
		.from_min = (uint16_t)(from.tm_hour * 60 + from.tm_min),
		.to_min = (uint16_t)(to.tm_hour * 60 + to.tm_min)};
	base_of(c)->given |= bit(CONFIG_POLICY_ACCESS_HOURS);
	snprintf(base_of(c)->access_hours, sizeof(base_of(c)->access_hours), "office");
}

static void hours_are_over(struct config *c)
{
	hours_until(c, -2);
}

static void two_minutes_left(struct config *c)
{
	hours_until(c, 2);
}

TEST(user_policy, keeps_out_who_comes_at_the_wrong_hour)
{
	open_lab(hours_are_over);
	expect_refusal("auth-hours", 646, "Not at this hour");
}

TEST(user_policy, ends_a_call_with_its_hours)
{
	open_lab(two_minutes_left);
	come_up(&first, 1);
	lab_skip(&lab, MINUTE_MS / 2);
	EXPECT_TRUE(lab_is_up(&lab, &first));
	lab_skip(&lab, 2 * MINUTE_MS);
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=hours-end by=server windows-error=629"));
	EXPECT_EQ(5, end_reason_info(END_HOURS_END)->acct_cause);
	close_lab();
}

static void an_hour_left(struct config *c)
{
	hours_until(c, 60);
	c->echo_interval_s = c->lcp_echo_interval_s = 36000; // the clients' clock does not skip
}

static void set_zone(const char *zone)
{
	if (zone)
		setenv("TZ", zone, 1);
	else
		unsetenv("TZ");
	tzset();
}

// Summer begins: the local clock is ahead all at once, and the hours end with it, a quarter of an hour later at most. It
// ends: the clock goes back, and the call stays as long as the clock says.
TEST(user_policy, hours_follow_the_local_clock)
{
	static const struct {
		const char *zone;
		bool ends;
	} cases[] = {{"AAA-1:30", true}, {"AAA+0:30", false}};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		set_zone("AAA0");
		open_lab(an_hour_left);
		come_up(&first, 1);
		set_zone(cases[i].zone);
		lab_skip(&lab, 16 * MINUTE_MS);
		lab_run(&lab, 50);
		EXPECT_EQ(cases[i].ends, lab_count_ends(&lab, "reason=hours-end"));
		EXPECT_EQ(!cases[i].ends, lab_count_calls(&lab));
		set_zone(NULL);
		close_lab();
	}
}

// ---- connect time ----------------------------------------------------------------------------------

TEST(user_policy, s2_ends_a_call_after_its_time)
{
	says.policy.given = bit(CONFIG_POLICY_SESSION_TIMEOUT);
	says.policy.session_timeout_s = 90;
	open_lab(NULL);
	come_up(&first, 1);
	lab_skip(&lab, 85000);
	EXPECT_TRUE(lab_is_up(&lab, &first));
	EXPECT_FALSE(first.peer.has_ended);
	lab_skip(&lab, 6000);
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_TRUE(first.peer.has_ended); // by LCP, politely
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=session-timeout by=server windows-error=629"));
	EXPECT_EQ(5, end_reason_info(END_SESSION_TIMEOUT)->acct_cause);
	close_lab();
}

// Who negotiates again has no more time for it.
TEST(user_policy, the_time_goes_on_while_the_client_negotiates_again)
{
	says.policy.given = bit(CONFIG_POLICY_SESSION_TIMEOUT);
	says.policy.session_timeout_s = 90;
	open_lab(NULL);
	come_up(&first, 1);
	uint64_t up_ns = call_of(&first)->up_ns;
	lab_skip(&lab, 60000);
	sim_peer_renegotiate(&first.peer, SIM_LCP, loop_clock_ns());
	lab_run(&lab, 20);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &first, 3000));
	EXPECT_EQ(2, lab.control->counters.auth_ok);
	EXPECT_EQ(up_ns, call_of(&first)->up_ns);
	lab_skip(&lab, 31000);
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=session-timeout"));
	close_lab();
}

// ---- how many times --------------------------------------------------------------------------------

static void one_login(struct config *c)
{
	base_of(c)->given |= bit(CONFIG_POLICY_LOGINS);
	base_of(c)->simultaneous_logins = 1;
	c->supersede = false;
}

static void one_login_and_supersede(struct config *c)
{
	one_login(c);
	c->supersede = true;
}

static void newest_login(struct config *c)
{
	one_login(c);
	base_of(c)->given |= bit(CONFIG_POLICY_LOGINS_FULL);
	base_of(c)->logins_full = CONFIG_LOGINS_REPLACE;
}

static void two_newest_logins(struct config *c)
{
	newest_login(c);
	base_of(c)->simultaneous_logins = 2;
}

TEST(user_policy, s2_refuses_one_login_too_many)
{
	static const char *const names[] = {"alice", "CORP\\alice"};

	for (size_t i = 0; i < RTE_DIM(names); i++) {
		SHIM_TRACE_CASE(i);
		open_lab(one_login);
		come_up(&second, 1);
		dial_as(&first, &lab_pppd, names[i], 2);
		first.takes_frame = take_failure;
		ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
		EXPECT_EQ(649, told_error);
		EXPECT_STREQ("Logged in too many times", told_text);
		EXPECT_EQ(
			1, lab_count_ends(&lab, "reason=auth-logins by=server windows-error=649"));
		EXPECT_TRUE(lab_is_up(&lab, &second));
		EXPECT_EQ(1, lab_count_calls(&lab));
		first.takes_frame = NULL;

		// Once the first has gone there is room; another user is another user.
		lab_client_open(&lab, &third);
		lab_client_dial(&third, &lab_pppd, "bob", "other", 3);
		ASSERT_TRUE(lab_until(&lab, lab_is_up, &third, 3000));
		lab_client_clear(&second);
		lab_client_close(&first);
		lab_run(&lab, 30);
		come_up(&first, 4);
		EXPECT_EQ(2, lab_count_calls(&lab));
		close_lab();
	}
}

TEST(user_policy, the_newest_login_replaces_the_oldest)
{
	open_lab(two_newest_logins);
	come_up(&first, 1);
	come_up(&second, 2);
	EXPECT_EQ(2, lab_count_calls(&lab));
	come_up(&third, 3);
	lab_run(&lab, 30);
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=login-replaced by=server windows-error=629"));
	EXPECT_STRCONTAINS(first.heard, "CDN");
	EXPECT_TRUE(lab_is_up(&lab, &second));
	EXPECT_TRUE(lab_is_up(&lab, &third));
	EXPECT_EQ(2, lab_count_calls(&lab));
	close_lab();
}

// A machine that crashed and dials again is no second login; one that turns out to live is.
TEST(user_policy, a_dead_call_is_no_login)
{
	for (int lives = 0; lives < 2; lives++) {
		SHIM_TRACE_CASE(lives);
		open_lab(one_login_and_supersede);
		come_up(&first, 1);
		if (!lives)
			first.has_peer = false;
		first.answers_stop = true;
		come_up(&second, 2);
		lab_skip(&lab, 5000);
		lab_run(&lab, 50);
		EXPECT_EQ(1, lab_count_calls(&lab));
		EXPECT_EQ(lives, lab_count_ends(&lab, "reason=auth-logins"));
		EXPECT_EQ(!lives, lab_count_ends(&lab, "reason=superseded"));
		EXPECT_EQ(lives, call_of(lives ? &first : &second)->id == first.session_id);
		close_lab();
	}
}

// An address that AAA names is the old call's until its worker has let go of it: the new one waits, and does not if another
// user has it.
TEST(user_policy, the_newest_login_gets_the_users_own_address)
{
	for (int is_pool = 0; is_pool < 2; is_pool++) {
		SHIM_TRACE_CASE(is_pool);
		says.address_be = inet_addr("192.0.2.77");
		open_lab(newest_login);
		if (is_pool)
			says.address_be = htonl(lab.config->pools[0].first + 3);
		come_up(&first, 1);
		come_up(&second, 2);
		lab_run(&lab, 30);
		EXPECT_EQ(says.address_be, call_of(&second)->inner_be);
		EXPECT_EQ(1, lab_count_ends(&lab, ""));
		EXPECT_EQ(1, lab_count_ends(&lab, "reason=login-replaced"));
		lab_client_open(&lab, &third);
		lab_client_dial(&third, &lab_pppd, "bob", "other", 3);
		lab_run(&lab, 300);
		EXPECT_FALSE(lab_is_up(&lab, &third));
		EXPECT_EQ(1, lab_count_ends(&lab, "reason=address-in-use"));
		lab_client_close(&third);
		close_lab();
	}
}

// So does who dials again after a crash.
TEST(user_policy, a_dead_call_gives_way_with_its_address)
{
	says.address_be = inet_addr("192.0.2.77");
	open_lab(one_login_and_supersede);
	come_up(&first, 1);
	first.has_peer = false;
	first.answers_stop = true;
	dial(&second, 2);
	lab_run(&lab, 100);
	EXPECT_EQ(0, lab_count_ends(&lab, ""));
	lab_skip(&lab, 3000);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &second, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=superseded"));
	EXPECT_EQ(says.address_be, call_of(&second)->inner_be);
	close_lab();
}

TEST(user_policy, calls_of_a_user_are_found_by_name)
{
	open_lab(NULL);
	come_up(&first, 1);
	come_up(&second, 2);
	const struct logins_user *u = logins_find(lab.control, 0, span_of_text("ALICE"));
	ASSERT_TRUE(u != NULL);
	EXPECT_EQ(2, u->n_calls);
	EXPECT_EQ(TAILQ_FIRST(&u->calls), call_of(&first));
	EXPECT_TRUE(logins_find(lab.control, 0, span_of_text("X\\alice")) == u);
	EXPECT_TRUE(logins_find(lab.control, 1, span_of_text("alice")) == NULL);
	EXPECT_TRUE(logins_find(lab.control, 0, span_of_text("alic")) == NULL);
	lab_client_clear(&first);
	lab_client_clear(&second);
	lab_run(&lab, 30);
	EXPECT_TRUE(logins_find(lab.control, 0, span_of_text("alice")) == NULL);
	close_lab();
}

// ---- changes ---------------------------------------------------------------------------------------

static int change(const struct lab_client *c, const struct config_policy *policy, uint16_t group)
{
	struct call_policy_change prepared;
	struct call *call = call_of(c);
	int rc = call_policy_prepare(call, policy, group, &prepared);

	if (rc == 0)
		call_policy_apply(call, &prepared);
	lab_run(&lab, 20);
	return rc;
}

TEST(user_policy, changes_while_the_call_is_up)
{
	struct config_policy order = {.given = bit(CONFIG_POLICY_RATE_UP), .rate_up_kbps = 100};

	says.policy.given = bit(CONFIG_POLICY_RATE_UP);
	says.policy.rate_up_kbps = 500;
	open_lab(two_groups);
	come_up(&first, 1);
	const struct lab_session *s = lab_find_session(&lab, first.session_id);
	ASSERT_TRUE(s != NULL);
	ASSERT_EQ(0, change(&first, &order, CONFIG_NO_INDEX));
	EXPECT_EQ(100000, s->policy.rate_up_bps);
	EXPECT_EQ(2000000, s->policy.rate_down_bps);
	EXPECT_EQ(POLICY_COA, call_of(&first)->policy.source[CONFIG_POLICY_RATE_UP]);

	// The next one goes over the first, which stays where it says nothing.
	order = (struct config_policy){.given = bit(CONFIG_POLICY_ACL_IN) | bit(CONFIG_POLICY_MTU),
		.acl_in = "list1",
		.mtu = 1000};
	ASSERT_EQ(0, change(&first, &order, OTHERS));
	EXPECT_EQ(100000, s->policy.rate_up_bps);
	EXPECT_EQ(1, s->policy.acl_up);
	EXPECT_EQ(1000, s->link.mtu);
	EXPECT_EQ(OTHERS, call_of(&first)->policy.group);

	order = (struct config_policy){
		.given = bit(CONFIG_POLICY_ACL_IN) | bit(CONFIG_POLICY_RATE_UP),
		.acl_in = "nobody"};
	ASSERT_EQ(-ENOENT, change(&first, &order, CONFIG_NO_INDEX));
	EXPECT_EQ(100000, s->policy.rate_up_bps);
	EXPECT_EQ(1, s->policy.acl_up);
	EXPECT_TRUE(lab_is_up(&lab, &first));
	close_lab();
}

TEST(user_policy, a_time_that_has_passed_ends_the_call)
{
	const struct config_policy order = {
		.given = bit(CONFIG_POLICY_SESSION_TIMEOUT), .session_timeout_s = 60};

	open_lab(NULL);
	come_up(&first, 1);
	lab_skip(&lab, 90000);
	ASSERT_EQ(0, change(&first, &order, CONFIG_NO_INDEX));
	ASSERT_TRUE(lab_until(&lab, some_ended, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=session-timeout"));
	close_lab();
}

// ---- show policy user ------------------------------------------------------------------------------

static void a_user_with_policy(struct config *c)
{
	two_groups(c);
	for (uint32_t i = 0; i < c->n_users; i++) {
		struct config_user *u = &c->users[i];
		if (strcmp(u->name, "alice") != 0)
			continue;
		u->group_index = OTHERS;
		u->policy.given = bit(CONFIG_POLICY_IDLE_TIMEOUT);
		u->policy.idle_timeout_s = 777;
	}
}

// "\"key\":\"K\",\"value\":V,\"from\":\"F\""
static void expect_row(const char *text, const char *key, const char *value, const char *from)
{
	char row[160];

	snprintf(row, sizeof(row), "\"key\":\"%s\",\"value\":%s,\"from\":\"%s\"", key, value, from);
	EXPECT_STRCONTAINS(text, row);
}

TEST(user_policy, s2_show_says_where_each_value_comes_from)
{
	static char text[65536];

	open_lab(a_user_with_policy);
	EXPECT_EQ(0, lab_ask(&lab, "1 json show policy user alice\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"group\":\"others\"");
	EXPECT_STRCONTAINS(text, "\"sessions\":0");
	expect_row(text, "rate_up_kbps", "3000", "group others");
	expect_row(text, "rate_down_kbps", "2000", "group base");
	expect_row(text, "idle_timeout_s", "777", "user");
	expect_row(text, "encryption", "\"require\"", "server");
	expect_row(text, "strengths", "\"128\"", "server");
	expect_row(text, "auth_methods", "\"mschapv2\"", "server");
	expect_row(text, "logins_full", "\"refuse\"", "default");
	expect_row(text, "dns", "null", "default");

	says.server = "radius-1";
	says.has_group = true;
	says.group = CONFIG_NO_INDEX;
	says.policy = (struct config_policy){
		.given = bit(CONFIG_POLICY_RATE_UP) | bit(CONFIG_POLICY_DOMAIN) |
			 bit(CONFIG_POLICY_ROUTES) | bit(CONFIG_POLICY_DNS),
		.rate_up_kbps = 64,
		.domain = "radius.example",
		.n_routes = 2,
		.routes = {{htonl(0x0a140000), 16}, {htonl(0xc0a80100), 24}},
		.n_dns = 1,
		.dns_be = {htonl(0x0a140002)}};
	come_up(&first, 1);
	const struct config_policy order = {
		.given = bit(CONFIG_POLICY_ACL_OUT), .acl_out = "list0"};
	ASSERT_EQ(0, change(&first, &order, CONFIG_NO_INDEX));
	EXPECT_EQ(0, lab_ask(&lab, "1 json show policy user alice tenant default\n", text,
			     sizeof(text)));
	EXPECT_STRCONTAINS(text, "\"sessions\":1");
	expect_row(text, "rate_up_kbps", "64", "radius");
	expect_row(text, "domain", "\"radius.example\"", "radius");
	expect_row(text, "routes", "\"10.20.0.0/16 192.168.1.0/24\"", "radius");
	expect_row(text, "dns", "\"10.20.0.2\"", "radius");
	expect_row(text, "acl_out", "\"list0\"", "coa");
	expect_row(text, "rate_down_kbps", "2000", "group base");
	EXPECT_EQ(0, lab_ask(&lab, "1 text show policy user alice\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "KEY");
	EXPECT_STRCONTAINS(text, "rate_down_kbps");
	EXPECT_STRCONTAINS(text, "group base");
	close_lab();
}

TEST(user_policy, show_knows_whom_it_does_not_know)
{
	static char text[4096];

	open_lab(NULL);
	EXPECT_EQ(1, lab_ask(&lab, "1 text show policy user nobody\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "nobody has no session");
	EXPECT_EQ(1,
		lab_ask(&lab, "1 text show policy user alice tenant green\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "There is no tenant green.");
	EXPECT_EQ(2, lab_ask(&lab, "1 text show policy user\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "usage: show policy user NAME [tenant T]");
	EXPECT_EQ(2, lab_ask(&lab, "1 text show policy user alice group x\n", text, sizeof(text)));
	close_lab();
}
