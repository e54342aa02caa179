// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/by_tenant/by_tenant.h"

#include "drivers/aaa/by_tenant/kept_requests.h"
#include "local_client.h"
#include "shim/shim.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

// ---- a RADIUS driver that does as it is told

static struct {
	int open_result, submit_result, reload_result;
	const struct config *config; // NULL: not open
	int event_fd;
	unsigned int n_asked;
	uint64_t tags[64]; // waiting for what the test says
	uint16_t tenants[64];
	unsigned int n_replies;
	struct aaa_reply replies[64];
	unsigned int n_accounted, n_changes;
	uint64_t answered_tag;
	enum aaa_error_cause answered_cause;
	bool is_full, is_drained;
} fake;

static int fake_open(const struct config *config, struct log *log, void **state)
{
	if (fake.open_result != 0)
		return fake.open_result;
	fake.config = config;
	fake.event_fd = eventfd(0, EFD_NONBLOCK);
	*state = &fake;
	return 0;
}

static void fake_close(void *state)
{
	close(fake.event_fd);
	fake.config = NULL;
}

static int fake_submit(void *state, const struct aaa_request *request)
{
	if (fake.submit_result != 0)
		return fake.submit_result;
	fake.tenants[fake.n_asked] = request->tenant;
	fake.tags[fake.n_asked++] = request->tag;
	return 0;
}

static unsigned int fake_poll(void *state, struct aaa_reply *replies, unsigned int n)
{
	n = n < fake.n_replies ? n : fake.n_replies;
	memcpy(replies, fake.replies, n * sizeof(replies[0]));
	fake.n_replies -= n;
	memmove(fake.replies, fake.replies + n, fake.n_replies * sizeof(replies[0]));
	return n;
}

static int fake_event_fd(void *state)
{
	return fake.event_fd;
}

static void fake_account(void *state, const struct aaa_account *record)
{
	fake.n_accounted++;
}

static bool fake_account_is_full(void *state)
{
	return fake.is_full;
}

static bool fake_is_drained(void *state)
{
	return fake.is_drained;
}

static unsigned int fake_poll_changes(void *state, struct aaa_change *changes, unsigned int n)
{
	n = n < fake.n_changes ? n : fake.n_changes;
	fake.n_changes -= n;
	return n;
}

static void fake_answer_change(void *state, uint64_t tag, enum aaa_error_cause cause)
{
	fake.answered_tag = tag;
	fake.answered_cause = cause;
}

static int fake_reload(void *state, const struct config *config, void **prepared)
{
	if (fake.reload_result == 0)
		fake.config = config;
	return fake.reload_result;
}

static void fake_describe(void *state, char *out, size_t cap)
{
	snprintf(out, cap, "server one: alive\n");
}

static const struct aaa_driver fake_radius = {
	.name = "radius",
	.open = fake_open,
	.close = fake_close,
	.submit = fake_submit,
	.poll = fake_poll,
	.event_fd = fake_event_fd,
	.account = fake_account,
	.account_is_full = fake_account_is_full,
	.is_drained = fake_is_drained,
	.poll_changes = fake_poll_changes,
	.answer_change = fake_answer_change,
	.reload = fake_reload,
	.describe = fake_describe,
};

static void server_says(uint64_t tag, enum aaa_result result)
{
	fake.replies[fake.n_replies++] = (struct aaa_reply){.tag = tag, .result = result};
}

// ---- three tenants: 0 local, 1 radius, 2 both

enum { N_TENANTS = 3 };

struct world {
	struct config config;
	struct config_tenant tenants[N_TENANTS];
	struct config_user users[4];
	void *state;
};

static void setup(struct world *w, enum config_aaa first, enum config_aaa second)
{
	static const enum config_aaa last = CONFIG_AAA_RADIUS_LOCAL;

	memset(&fake, 0, sizeof(fake));
	*w = (struct world){.config = {.n_tenants = N_TENANTS, .n_users = 3}};
	w->config.tenants = w->tenants;
	w->config.users = w->users;
	w->tenants[0].aaa = first;
	w->tenants[1].aaa = second;
	w->tenants[2].aaa = last;
	strcpy(w->tenants[1].name, "one");
	strcpy(w->tenants[2].name, "two");
	w->users[0] = local_client_password("anna", "of the default tenant");
	w->users[1] = local_client_password("anna", "of tenant two");
	w->users[1].tenant_number = 2;
	w->users[1].policy.given = 1 << CONFIG_POLICY_RATE_UP;
	w->users[1].policy.rate_up_kbps = 77;
	w->users[2] = local_client_password("bert", "of tenant one");
	w->users[2].tenant_number = 1;
}

static void world_open(struct world *w)
{
	setup(w, CONFIG_AAA_LOCAL, CONFIG_AAA_RADIUS);
	ASSERT_EQ(0, by_tenant_open(&w->config, NULL, &aaa_driver_local, &fake_radius, &w->state));
}

static void world_close(struct world *w)
{
	aaa_driver_by_tenant.close(w->state);
	EXPECT_NULL(fake.config);
}

static int ask(
	struct world *w, uint16_t tenant, const char *user, const char *password, uint64_t tag)
{
	struct aaa_request request = local_client_answer(AUTH_METHOD_MSCHAPV2, user, password, tag);

	request.tenant = tenant;
	return aaa_driver_by_tenant.submit(w->state, &request);
}

static unsigned int poll_replies(struct world *w, struct aaa_reply *replies, unsigned int n)
{
	return aaa_driver_by_tenant.poll(w->state, replies, n);
}

TEST(by_tenant, each_tenant_has_its_driver)
{
	struct world w;
	struct aaa_reply replies[8];

	world_open(&w);
	EXPECT_EQ(0, ask(&w, 0, "anna", "of the default tenant", 1));
	EXPECT_EQ(0, fake.n_asked);
	EXPECT_EQ(1, poll_replies(&w, replies, 8));
	EXPECT_EQ(AAA_ACCEPT, replies[0].result);
	EXPECT_EQ(1, replies[0].tag);

	EXPECT_EQ(0, ask(&w, 1, "bert", "of tenant one", 2));
	EXPECT_EQ(1, fake.n_asked);
	EXPECT_EQ(1, fake.tenants[0]);
	EXPECT_EQ(0, poll_replies(&w, replies, 8));
	server_says(2, AAA_UNAVAILABLE);
	// A local user of a tenant that has RADIUS alone is not asked for.
	EXPECT_EQ(1, poll_replies(&w, replies, 8));
	EXPECT_EQ(AAA_UNAVAILABLE, replies[0].result);
	// A tenant that the configuration does not have is nobody's.
	EXPECT_EQ(0, ask(&w, 9, "anna", "of the default tenant", 3));
	EXPECT_EQ(1, poll_replies(&w, replies, 8));
	EXPECT_EQ(AAA_REJECT, replies[0].result);
	world_close(&w);
}

TEST(by_tenant, local_users_where_no_server_answers)
{
	static const struct {
		enum aaa_result said;
		const char *password;
		enum aaa_result wanted;
	} cases[] = {
		{AAA_UNAVAILABLE, "of tenant two", AAA_ACCEPT},
		{AAA_UNAVAILABLE, "of the default tenant", AAA_REJECT}, // another anna's
		{AAA_REJECT, "of tenant two", AAA_REJECT},		// a server's no holds
		{AAA_ACCEPT, "whatever", AAA_ACCEPT},
	};
	struct world w;
	struct aaa_reply replies[4];

	world_open(&w);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(0, ask(&w, 2, "anna", cases[i].password, 10 + i));
		server_says(10 + i, cases[i].said);
		ASSERT_EQ(1, poll_replies(&w, replies, 4));
		EXPECT_EQ(10 + i, replies[0].tag);
		EXPECT_EQ(cases[i].wanted, replies[0].result);
		EXPECT_EQ(i == 0 ? 77 : 0, replies[0].policy.rate_up_kbps);
		// It is asked for once.
		server_says(10 + i, AAA_UNAVAILABLE);
		ASSERT_EQ(1, poll_replies(&w, replies, 4));
		EXPECT_EQ(AAA_UNAVAILABLE, replies[0].result);
	}
	// Refused at once: nothing is kept.
	fake.submit_result = -EBUSY;
	EXPECT_EQ(-EBUSY, ask(&w, 2, "anna", "of tenant two", 20));
	server_says(20, AAA_UNAVAILABLE);
	ASSERT_EQ(1, poll_replies(&w, replies, 4));
	EXPECT_EQ(AAA_UNAVAILABLE, replies[0].result);
	world_close(&w);
}

// However few replies are fetched at a time, each comes once, and the last fetch is not full.
TEST(by_tenant, replies_in_small_portions)
{
	struct world w;
	enum { N = 24 };

	for (unsigned int portion = 1; portion <= 9; portion++) {
		bool seen[N] = {false};
		unsigned int n, n_all = 0;
		SHIM_TRACE_CASE(portion);
		world_open(&w);
		for (unsigned int i = 0; i < N; i++) {
			EXPECT_EQ(0, ask(&w, (uint16_t)(i % 3), "anna", "of tenant two", i));
			if (i % 3)
				server_says(i, i % 2 ? AAA_UNAVAILABLE : AAA_ACCEPT);
		}
		do {
			struct aaa_reply replies[16];
			n = poll_replies(&w, replies, portion);
			for (unsigned int i = 0; i < n; i++) {
				ASSERT_LT(replies[i].tag, N);
				EXPECT_FALSE(seen[replies[i].tag]);
				seen[replies[i].tag] = true;
			}
			n_all += n;
		} while (n == portion);
		EXPECT_EQ(N, n_all);
		world_close(&w);
	}
}

TEST(by_tenant, radius_is_opened_where_it_is_needed)
{
	static const struct {
		enum config_aaa aaa;
		const char *accounting;
		uint16_t n_coa;
		bool is_wanted;
	} cases[] = {
		{CONFIG_AAA_LOCAL, "", 0, false},
		{CONFIG_AAA_RADIUS, "", 0, true},
		{CONFIG_AAA_RADIUS_LOCAL, "", 0, true},
		{CONFIG_AAA_LOCAL, "books", 0, true},
		{CONFIG_AAA_LOCAL, "", 1, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		struct aaa_account record = {0};
		struct aaa_change change;
		SHIM_TRACE_CASE((long long)i);
		setup(&w, CONFIG_AAA_LOCAL, CONFIG_AAA_LOCAL);
		w.tenants[2].aaa = cases[i].aaa;
		strcpy(w.tenants[2].accounting, cases[i].accounting);
		w.config.n_coa = cases[i].n_coa;
		ASSERT_EQ(0,
			by_tenant_open(&w.config, NULL, &aaa_driver_local, &fake_radius, &w.state));
		EXPECT_EQ(cases[i].is_wanted, fake.config != NULL);
		aaa_driver_by_tenant.account(w.state, &record);
		EXPECT_EQ(cases[i].is_wanted, fake.n_accounted);
		fake.is_full = true;
		EXPECT_EQ(cases[i].is_wanted, aaa_driver_by_tenant.account_is_full(w.state));
		EXPECT_EQ(!cases[i].is_wanted, aaa_driver_by_tenant.is_drained(w.state));
		fake.is_drained = true;
		EXPECT_TRUE(aaa_driver_by_tenant.is_drained(w.state));
		fake.n_changes = 1;
		EXPECT_EQ(
			cases[i].is_wanted, aaa_driver_by_tenant.poll_changes(w.state, &change, 1));
		aaa_driver_by_tenant.answer_change(w.state, 5, AAA_ERROR_NO_CONTEXT);
		EXPECT_EQ(cases[i].is_wanted ? 5 : 0, fake.answered_tag);
		char text[200];
		aaa_driver_by_tenant.describe(w.state, text, sizeof(text));
		EXPECT_STREQ(cases[i].is_wanted ? "local: 3 users\nserver one: alive\n"
						: "local: 3 users\n",
			text);
		aaa_driver_by_tenant.describe(w.state, text, 9);
		EXPECT_STREQ("local: 3", text);
		world_close(&w);
	}
}

TEST(by_tenant, what_cannot_be_opened)
{
	struct world w;

	setup(&w, CONFIG_AAA_LOCAL, CONFIG_AAA_RADIUS);
	EXPECT_EQ(-ENOTSUP, by_tenant_open(&w.config, NULL, &aaa_driver_local, NULL, &w.state));
	fake.open_result = -ENOENT;
	EXPECT_EQ(-ENOENT,
		by_tenant_open(&w.config, NULL, &aaa_driver_local, &fake_radius, &w.state));
	fake.open_result = 0;
	w.users[2] = w.users[0]; // twice
	EXPECT_EQ(-EEXIST,
		by_tenant_open(&w.config, NULL, &aaa_driver_local, &fake_radius, &w.state));
	EXPECT_NULL(fake.config);
}

TEST(by_tenant, one_descriptor)
{
	struct world w;
	uint64_t one = 1;

	world_open(&w);
	struct pollfd p = {.fd = aaa_driver_by_tenant.event_fd(w.state), .events = POLLIN};
	ASSERT_TRUE(p.fd >= 0);
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(8, write(fake.event_fd, &one, 8));
	EXPECT_EQ(1, poll(&p, 1, 0));
	world_close(&w);
}

// As the control lane does it, prepared beside the lane or not.
static int reload(void *state, const struct config *config)
{
	static bool is_prepared;
	void *prepared = NULL;
	int rc = 0;

	is_prepared = !is_prepared;
	if (is_prepared)
		rc = aaa_driver_by_tenant.prepare(state, config, &prepared);
	if (rc == 0)
		rc = aaa_driver_by_tenant.reload(state, config, &prepared);
	if (prepared)
		aaa_driver_by_tenant.discard(state, prepared);
	return rc;
}

TEST(by_tenant, reload)
{
	struct world w, other;
	struct aaa_reply replies[4];
	uint64_t one = 1;

	setup(&w, CONFIG_AAA_LOCAL, CONFIG_AAA_LOCAL);
	w.tenants[2].aaa = CONFIG_AAA_LOCAL;
	ASSERT_EQ(0, by_tenant_open(&w.config, NULL, &aaa_driver_local, &fake_radius, &w.state));
	EXPECT_NULL(fake.config);
	other = w;
	other.config.tenants = other.tenants;
	other.config.users = other.users;
	other.tenants[1].aaa = CONFIG_AAA_RADIUS;
	other.users[0] = local_client_password("cora", "new");

	// RADIUS cannot be opened: all is as it was, the local users too.
	fake.open_result = -ENOENT;
	EXPECT_EQ(-ENOENT, reload(w.state, &other.config));
	EXPECT_EQ(0, ask(&w, 0, "anna", "of the default tenant", 1));
	ASSERT_EQ(1, poll_replies(&w, replies, 4));
	EXPECT_EQ(AAA_ACCEPT, replies[0].result);

	fake.open_result = 0;
	EXPECT_EQ(0, reload(w.state, &other.config));
	EXPECT_TRUE(fake.config == &other.config);
	EXPECT_EQ(0, ask(&w, 0, "anna", "of the default tenant", 2));
	ASSERT_EQ(1, poll_replies(&w, replies, 4));
	EXPECT_EQ(AAA_REJECT, replies[0].result);
	EXPECT_EQ(0, ask(&w, 1, "bert", "x", 3));
	EXPECT_EQ(1, fake.n_asked);
	struct pollfd p = {.fd = aaa_driver_by_tenant.event_fd(w.state), .events = POLLIN};
	ASSERT_EQ(8, write(fake.event_fd, &one, 8));
	EXPECT_EQ(1, poll(&p, 1, 0));

	// What RADIUS refuses changes nothing either.
	fake.reload_result = -EINVAL;
	EXPECT_EQ(-EINVAL, reload(w.state, &w.config));
	EXPECT_EQ(0, ask(&w, 0, "cora", "new", 4));
	ASSERT_EQ(1, poll_replies(&w, replies, 4));
	EXPECT_EQ(AAA_ACCEPT, replies[0].result);

	// Nobody needs it any more: it stays for what is on its way.
	fake.reload_result = 0;
	EXPECT_EQ(0, reload(w.state, &w.config));
	EXPECT_TRUE(fake.config == &w.config);
	server_says(3, AAA_ACCEPT);
	ASSERT_EQ(1, poll_replies(&w, replies, 4));
	EXPECT_EQ(3, replies[0].tag);
	world_close(&w);
}

TEST(by_tenant, kept_requests)
{
	struct kept_requests k;
	struct aaa_request request = {0}, out;

	ASSERT_EQ(0, kept_requests_init(&k, 100));
	for (uint64_t i = 0; i < 100; i++) {
		request.tag = i * KEPT_REQUESTS_BUCKETS; // long chains
		request.client_be = (uint32_t)i;
		EXPECT_EQ(0, kept_requests_add(&k, &request));
	}
	request.tag = 1;
	EXPECT_EQ(-EBUSY, kept_requests_add(&k, &request));
	request.tag = 5 * KEPT_REQUESTS_BUCKETS;
	request.client_be = 1000;
	EXPECT_EQ(0, kept_requests_add(&k, &request)); // in place of the other
	EXPECT_TRUE(kept_requests_take(&k, request.tag, &out));
	EXPECT_EQ(1000, out.client_be);
	EXPECT_FALSE(kept_requests_take(&k, request.tag, &out));
	kept_requests_drop(&k, 7 * KEPT_REQUESTS_BUCKETS);
	kept_requests_drop(&k, 7 * KEPT_REQUESTS_BUCKETS);
	EXPECT_FALSE(kept_requests_take(&k, 7 * KEPT_REQUESTS_BUCKETS, &out));
	EXPECT_EQ(98, k.n);
	kept_requests_fini(&k);
}
