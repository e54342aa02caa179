// SPDX-License-Identifier: BSD-3-Clause
// Another configuration while calls are up: what changes, what stays, what is refused.
#include "control/call.h"
#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client alice, bob, carol;
static char path[64];
static char text[1 << 16];
static const char *first; // what the file says beside HEAD and POOLS when control starts

#define POOL                                                                              \
	"{ name = \"p\"; range = \"10.9.0.1-10.9.0.20\"; server = \"10.9.0.254\"; dns = " \
	"[\"10.9.0.53\"]; }"
#define POOLS "pools = ( " POOL " );\n"
#define ALICE "{ name = \"alice\"; password = \"secret\"; }"
#define BOB   "{ name = \"bob\"; password = \"other\"; }"
#define USERS "users = ( " ALICE ", " BOB " );\n"
#define SALES "groups = ({ name = \"sales\"; rate_up_kbps = 1000; });\n"
#define LIMITED \
	"users = ( { name = \"alice\"; password = \"secret\"; group = \"sales\"; }, " BOB " );\n"

// The lab's own configuration as a file says it; listen.addresses cannot name the loopback.
__attribute__((format(printf, 1, 2))) static void write_file(const char *format, ...)
{
	va_list args;
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fprintf(f,
		"name = \"lab\";\n"
		"lanes = { workers = [1, 2]; };\n"
		"ports = ( { name = \"outside\"; device = \"interface:eth9\"; role = \"outside\"; "
		"},\n"
		"          { name = \"inside\"; device = \"interface:eth8\"; role = \"inside\"; } "
		");\n"
		"listen = { addresses = [\"192.0.2.1\"]; tcp_port = %u; };\n"
		"control = { socket = \"%s\"; };\n"
		"ppp = { restart_ms = 100; };\n",
		lab.config->tcp_port, lab.config->socket_path);
	va_start(args, format);
	vfprintf(f, format, args);
	va_end(args);
	fclose(f);
}

static void start_from_file(struct config *c)
{
	static struct config_errors errors;
	uint16_t port = c->tcp_port;
	char socket[sizeof(c->socket_path)];

	memcpy(socket, c->socket_path, sizeof(socket));
	write_file("%s", first);
	if (config_load(path, c, &errors) != 0) {
		config_errors_print(&errors, stderr);
		abort();
	}
	c->listen_be[0] = htonl(INADDR_LOOPBACK);
	c->tcp_port = port;
	memcpy(c->socket_path, socket, sizeof(socket));
}

static void dial(struct lab_client *client, const char *user, const char *password, uint16_t id)
{
	lab_client_open(&lab, client);
	lab_client_dial(client, &lab_pppd, user, password, id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, client, 3000));
}

// Control with what `says` stands in its file, and alice up.
static void open_with(const char *says)
{
	first = says;
	snprintf(path, sizeof(path), "/tmp/adit-lab-reload-%d.cfg", (int)getpid());
	lab_open(&lab, start_from_file);
	lab.config->listen_be[0] = inet_addr("192.0.2.1");
	lab.control->config.config_path = path;
	dial(&alice, "alice", "secret", 1);
}

static void close_all(void)
{
	unlink(path);
	lab_close(&lab);
}

static bool is_done(struct lab *l, void *unused)
{
	return !l->control->reload.is_walking && l->control->reload.result != RELOAD_READING;
}

static int reload(const char *words)
{
	char line[64];

	snprintf(line, sizeof(line), "1 text %s\n", words);
	int code = lab_ask(&lab, line, text, sizeof(text));
	EXPECT_TRUE(lab_until(&lab, is_done, NULL, 3000));
	lab_run(&lab, 20);
	return code;
}

static struct lab_session *session(const struct lab_client *client)
{
	struct lab_session *s = lab_find_session(&lab, client->session_id);

	if (!s)
		abort();
	return s;
}

TEST(reload, a_rate_changes_and_the_call_stays)
{
	open_with(POOLS LIMITED SALES);
	EXPECT_EQ(1000000, session(&alice)->policy.rate_up_bps);
	write_file(POOLS LIMITED
		"groups = ({ name = \"sales\"; rate_up_kbps = 3000; idle_timeout_s = 600; });\n");
	EXPECT_EQ(0, reload("reload"));
	EXPECT_STRCONTAINS(text, "groups.sales.rate_up_kbps");
	EXPECT_STRCONTAINS(text, "applied");
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	EXPECT_EQ(3000000, session(&alice)->policy.rate_up_bps);
	EXPECT_EQ(600, session(&alice)->policy.idle_s);
	EXPECT_EQ(1, lab.control->reload.n_kept);
	EXPECT_EQ(1, lab.control->reload.n_changed);
	EXPECT_EQ(0, lab.control->reload.n_ended);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_RELOADED, "result=applied"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_RELOAD_DONE, "ended=0"));
	// The one that holds came by a reload too: it is freed when the next one has taken its place.
	write_file(POOLS LIMITED SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_EQ(1000000, session(&alice)->policy.rate_up_bps);
	EXPECT_EQ(0, session(&alice)->policy.idle_s);
	close_all();
}

TEST(reload, dry_run_changes_nothing)
{
	open_with(POOLS LIMITED SALES);
	write_file(POOLS "users = ( " BOB " );\n");
	EXPECT_EQ(0, reload("reload --dry-run"));
	EXPECT_STRCONTAINS(text, "users.alice");
	EXPECT_STRCONTAINS(text, "groups.sales");
	EXPECT_STRCONTAINS(text, "not applied: --dry-run");
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	EXPECT_TRUE(lab.control->config.config == lab.config);
	EXPECT_EQ(1000000, session(&alice)->policy.rate_up_bps);
	close_all();
}

static bool has_no_call(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

// Who would have to go is named before, and by the reload that does it.
TEST(reload, names_the_calls_that_end)
{
	static const char *const words[] = {"reload --dry-run", "reload"};

	open_with(POOLS USERS SALES);
	dial(&bob, "bob", "other", 2);
	write_file(POOLS "users = ( " ALICE ", { name = \"bob\"; password = \"other\"; "
			 "disabled = true; } );\n" SALES);
	for (size_t i = 0; i < RTE_DIM(words); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_TRUE(lab_is_up(&lab, &bob));
		EXPECT_EQ(0, reload(words[i]));
		EXPECT_STRCONTAINS(text, "bob");
		EXPECT_STRCONTAINS(text, "the user is disabled");
		EXPECT_TRUE(strstr(text, "alice") == NULL);
		EXPECT_EQ(1, lab.control->reload.n_kept);
		EXPECT_EQ(1, lab.control->reload.n_ended);
		EXPECT_EQ(i, lab_count_ends(&lab, "reason=admin-reload"));
		EXPECT_EQ(i, lab_count_events(&lab, EVENT_RELOAD_DONE, ""));
	}
	// The next one has nothing to do with them.
	write_file(POOLS "users = nonsense");
	EXPECT_EQ(1, reload("reload"));
	EXPECT_TRUE(strstr(text, "the user is disabled") == NULL);
	close_all();
}

// Why calls end, each by a file of its own; none is touched by the dry run.
TEST(reload, says_why_a_call_ends)
{
	static const struct {
		const char *file, *why, *reason;
	} cases[] = {
		{POOLS "users = ( " BOB " );\n", "the user is gone", "reason=admin-reload"},
		{"pools = ( { name = \"p\"; range = \"10.9.0.9-10.9.0.20\"; server = "
		 "\"10.9.0.254\"; } );\n" USERS,
			"the address is in no pool of the tenant", "reason=admin-reload"},
		{POOLS USERS "groups = ({ name = \"base\"; session_timeout_s = 60; });\n",
			"longer up than it may be", "reason=session-timeout"},
		{POOLS USERS "groups = ({ name = \"base\"; access_hours = \"h\"; });\n",
			"outside of its hours", "reason=hours-end"},
	};
	static const char *const days[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	time_t later = time(NULL) + 2 * 24 * 3600;
	char hours[96];
	struct tm local;

	localtime_r(&later, &local);
	snprintf(hours, sizeof(hours),
		"access_hours = ({ name = \"h\"; when = [\"%s 00:00-24:00\"]; });\n",
		days[local.tm_wday]);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		open_with(POOLS USERS SALES);
		lab_skip(&lab, 61000);
		write_file("%s%s", cases[i].file, i == 3 ? hours : "");
		EXPECT_EQ(0, reload("reload --dry-run"));
		EXPECT_STRCONTAINS(text, cases[i].why);
		EXPECT_EQ(0, lab_count_ends(&lab, ""));
		EXPECT_EQ(0, reload("reload"));
		EXPECT_STRCONTAINS(text, cases[i].why);
		ASSERT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
		EXPECT_EQ(1, lab_count_ends(&lab, cases[i].reason));
		close_all();
	}
}

TEST(reload, a_wrong_file_is_refused_with_its_lines)
{
	open_with(POOLS LIMITED SALES);
	write_file(POOLS USERS
		"groups = ({ name = \"x\"; acl_in = \"none\"; });\nppp = { };\npool = 1;\n");
	EXPECT_EQ(1, reload("reload"));
	EXPECT_STRCONTAINS(text, path);
	write_file(
		POOLS USERS "groups = ({ name = \"x\"; acl_in = \"none\"; rate_up_kbps = 3; });\n");
	EXPECT_EQ(1, reload("reload"));
	EXPECT_STRCONTAINS(text, ":10: groups[0].acl_in: there is no access list \"none\" in acls");
	EXPECT_STRCONTAINS(text, ":10: groups[0].rate_up_kbps = 3: must be 0 or 8..100000000");
	EXPECT_STRCONTAINS(text, "refused: the file is wrong");
	unlink(path);
	EXPECT_EQ(1, reload("reload"));
	EXPECT_STRCONTAINS(text, "No such file");
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	EXPECT_TRUE(lab.control->config.config == lab.config);
	EXPECT_EQ(1, session(&alice)->n_policies);
	EXPECT_EQ(3, lab_count_events(&lab, EVENT_RELOAD_REFUSED, "the file is wrong"));
	close_all();
}

// All or nothing: what could have been done is not done either.
TEST(reload, what_takes_a_restart_is_named_and_refused)
{
	open_with(POOLS LIMITED SALES);
	write_file(POOLS LIMITED "groups = ({ name = \"sales\"; rate_up_kbps = 3000; });\n"
				 "memory = { mbufs = 1023; };\n");
	EXPECT_EQ(1, reload("reload"));
	EXPECT_STRCONTAINS(text, "memory.mbufs");
	EXPECT_STRCONTAINS(text, "restart");
	EXPECT_STRCONTAINS(text, "refused: it takes a restart");
	EXPECT_EQ(1000000, session(&alice)->policy.rate_up_bps);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_CONFIG_WARNING, "key=memory.mbufs"));
	close_all();
}

static bool has_two_calls(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 2;
}

static bool is_alone(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 1;
}

TEST(reload, who_is_not_there_any_more_is_ended)
{
	open_with(POOLS USERS SALES);
	dial(&bob, "bob", "other", 2);
	write_file(POOLS "users = ( { name = \"alice\"; password = \"new\"; } );\n" SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_until(&lab, is_alone, NULL, 3000));
	EXPECT_TRUE(lab_is_up(&lab, &alice)); // a new password is for the next time
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=admin-reload"));
	EXPECT_EQ(1, lab_count_ends(&lab, "user=bob"));
	EXPECT_EQ(1, lab.control->reload.n_ended);
	EXPECT_TRUE(strstr(text, "new\"") == NULL); // passwords are not told
	write_file(POOLS
		"users = ( { name = \"alice\"; password = \"new\"; disabled = true; } );\n" SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
	EXPECT_EQ(2, lab_count_ends(&lab, "reason=admin-reload"));
	close_all();
}

TEST(reload, new_users_come_in_and_old_passwords_do_not)
{
	open_with(POOLS USERS SALES);
	write_file(POOLS "users = ( " ALICE ", { name = \"bob\"; password = \"fresh\"; },"
			 "{ name = \"carol\"; password = \"c\"; } );\n" SALES);
	EXPECT_EQ(0, reload("reload"));
	dial(&bob, "carol", "c", 2);
	lab_client_close(&bob);
	lab_run(&lab, 50);
	lab_client_open(&lab, &bob);
	lab_client_dial(&bob, &lab_pppd, "bob", "other", 3);
	lab_run(&lab, 500);
	EXPECT_FALSE(lab_is_up(&lab, &bob));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=auth-rejected"));
	close_all();
}

// Pools grow, come and go; a call whose address is gone is ended.
TEST(reload, pools)
{
	static const char two[] =
		"pools = ( { name = \"q\"; range = \"10.9.1.1-10.9.1.20\"; server = "
		"\"10.9.1.254\"; }, "
		"{ name = \"p\"; range = \"10.9.0.1-10.9.0.99\"; server = \"10.9.0.254\"; dns = "
		"[\"10.9.0.53\"]; } );\n";

	open_with(POOLS USERS SALES);
	uint32_t inner_be = session(&alice)->open.inner_be;
	write_file("%s" USERS SALES, two);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_STRCONTAINS(text, "pools.p.range");
	EXPECT_STRCONTAINS(text, "pools.q");
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	ASSERT_EQ(2, lab.control->n_pools);
	EXPECT_STREQ("p", lab.control->pools[0].config->name); // it keeps its number
	EXPECT_EQ(99, lab.control->pools[0].n_usable);
	EXPECT_EQ(98, lab.control->pools[0].n_free);
	dial(&bob, "bob", "other", 2);
	EXPECT_NE(inner_be, session(&bob)->open.inner_be);
	// Those of p are gone.
	write_file("pools = ( { name = \"q\"; range = \"10.9.1.1-10.9.1.20\"; server = "
		   "\"10.9.1.254\"; } "
		   ");\n" USERS SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
	EXPECT_EQ(2, lab_count_ends(&lab, "reason=admin-reload"));
	lab_client_close(&alice);
	dial(&alice, "alice", "secret", 5);
	EXPECT_EQ(inet_addr("10.9.1.1"), session(&alice)->open.inner_be);
	EXPECT_EQ(0, lab_ask(&lab, "1 text show pool\n", text, sizeof(text)));
	EXPECT_TRUE(strstr(text, "10.9.0.") == NULL);
	// And again: it takes the empty place.
	write_file("%s" USERS SALES, two);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_EQ(2, lab.control->n_pools);
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	close_all();
}

// One that came by a reload has room for a rate as those of the start have.
TEST(reload, a_new_tenant_gets_a_rate)
{
	static const char tenants[] =
		"tenants = ({ name = \"default\"; pools = [\"p\"]; rate_up_kbps = 1000; }, "
		"{ name = \"blue\"; realms = [\"blue.example\"]; pools = [\"q\"]; rate_up_kbps = "
		"%d; });\n"
		"pools = ( " POOL ", { name = \"q\"; range = \"10.9.1.1-10.9.1.20\"; server = "
		"\"10.9.1.254\"; } );\n%s";

	open_with(POOLS USERS "tenants = ({ name = \"default\"; rate_up_kbps = 1000; });\n");
	write_file(tenants, 0, USERS);
	EXPECT_EQ(0, reload("reload"));
	ASSERT_EQ(2, lab.control->config.config->n_tenants);
	EXPECT_FALSE(tenant_rates_has(lab.control, 1));
	write_file(tenants, 8000, USERS);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(tenant_rates_has(lab.control, 1));
	EXPECT_LT(1, lab.tables[0].n_tenants);
	EXPECT_EQ(4000000, lab.tenant_rates[0][1].rate_up_bps);
	close_all();
}

// What was handed out is handed out wherever it stands afterwards, and comes back when its call goes.
TEST(reload, a_range_moves_from_pool_to_pool)
{
	static const char apart[] =
		"pools = ( { name = \"p\"; range = \"10.9.0.1-10.9.0.20\"; server = "
		"\"10.9.0.254\"; }, { name = \"q\"; range = \"10.9.1.1-10.9.1.20\"; server = "
		"\"10.9.1.254\"; } );\n";
	static const char moved[] =
		"pools = ( { name = \"p\"; range = \"10.9.0.11-10.9.0.11\"; server = "
		"\"10.9.0.254\"; }, { name = \"q\"; range = \"10.9.0.1-10.9.0.2\"; server = "
		"\"10.9.1.254\"; } );\n";

	open_with(POOLS USERS SALES);
	write_file("%s" USERS SALES, apart);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_EQ(inet_addr("10.9.0.1"), session(&alice)->open.inner_be);
	write_file("%s" USERS SALES, moved);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_is_up(&lab, &alice)); // it is still her tenant's
	EXPECT_EQ(0, lab.control->reload.n_ended);
	dial(&bob, "bob", "other", 2);
	EXPECT_EQ(inet_addr("10.9.0.11"), session(&bob)->open.inner_be);
	dial(&carol, "bob", "other", 3);
	EXPECT_EQ(inet_addr("10.9.0.2"), session(&carol)->open.inner_be);
	EXPECT_EQ(0, lab.control->pools[1].n_free);
	lab_client_close(&alice);
	EXPECT_TRUE(lab_until(&lab, has_two_calls, NULL, 3000));
	EXPECT_EQ(1, lab.control->pools[1].n_free);
	lab_client_close(&bob);
	lab_client_close(&carol);
	close_all();
}

// A pool that goes to another tenant is all free there, and the calls that had addresses of it are ended.
TEST(reload, a_pool_goes_to_another_tenant)
{
	static const char blue[] =
		"pools = ( " POOL ", { name = \"q\"; range = \"10.9.1.1-10.9.1.20\"; server = "
		"\"10.9.1.254\"; } );\n"
		"tenants = ({ name = \"blue\"; realms = [\"blue.example\"]; pools = [\"%s\"]; "
		"});\n%s";

	open_with(POOLS USERS SALES);
	write_file(blue, "q", USERS SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	write_file(blue, "p", USERS SALES);
	EXPECT_EQ(0, reload("reload"));
	EXPECT_TRUE(lab_until(&lab, has_no_call, NULL, 3000));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=admin-reload"));
	EXPECT_EQ(1, lab.control->pools[0].config->tenant_number);
	EXPECT_EQ(20, lab.control->pools[0].n_free);
	EXPECT_EQ(0, lab.control->pools[1].config->tenant_number);
	lab_client_close(&alice);
	close_all();
}

TEST(reload, access_lists_and_tenants)
{
	open_with(POOLS LIMITED SALES);
	write_file(
		POOLS LIMITED "acls = ({ name = \"none\"; rules = ({ action = \"deny\"; }); });\n"
			      "groups = ({ name = \"sales\"; acl_in = \"none\"; });\n"
			      "tenants = ({ name = \"default\"; realms = [\"lab.example\"]; "
			      "max_calls = 1; });\n");
	EXPECT_EQ(0, reload("reload"));
	EXPECT_EQ(0, session(&alice)->policy.acl_up);
	EXPECT_EQ(0, session(&alice)->policy.rate_up_bps);
	ASSERT_TRUE(lab.acls[0] != NULL);
	EXPECT_EQ(1, lab.acls[0]->n_acls);
	EXPECT_EQ(1, lab.control->tenants.list[0].n_calls); // what is counted stays
	lab_client_open(&lab, &bob);
	lab_client_dial(&bob, &lab_pppd, "bob", "other", 2);
	lab_run(&lab, 500);
	EXPECT_FALSE(lab_is_up(&lab, &bob));
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=tenant-limit") + lab_count_ends(&lab, "limit"));
	lab_client_close(&bob);
	close_all();
}

TEST(reload, by_signal_and_one_at_a_time)
{
	open_with(POOLS LIMITED SALES);
	write_file(POOLS LIMITED "groups = ({ name = \"sales\"; rate_up_kbps = 2000; });\n");
	ASSERT_EQ(0, kill(getpid(), SIGHUP));
	lab_run(&lab, 20);
	EXPECT_TRUE(lab_until(&lab, is_done, NULL, 3000));
	lab_run(&lab, 20);
	EXPECT_EQ(2000000, session(&alice)->policy.rate_up_bps);
	EXPECT_EQ(0, reload_begin(lab.control, false));
	EXPECT_EQ(-EBUSY, reload_begin(lab.control, false));
	reload_signal(lab.control); // waits for its turn
	EXPECT_TRUE(lab.control->reload.is_again);
	uint64_t number = lab.control->reload.number;
	lab_run(&lab, 300);
	EXPECT_EQ(number + 1, lab.control->reload.number);
	EXPECT_TRUE(is_done(&lab, NULL));
	// A reload that is under way when control ends.
	EXPECT_EQ(0, reload_begin(lab.control, false));
	close_all();
}

static void thousand(FILE *f, unsigned int rate)
{
	enum { N = 1000 };

	fprintf(f, "pools = ( " POOL);
	for (int i = 0; i < N; i++)
		fprintf(f,
			",\n{ name = \"pool%d\"; range = \"10.31.0.10-10.31.0.20\"; server = "
			"\"10.31.0.1\"; }",
			i);
	fprintf(f, ");\ntenants = (");
	for (int i = 0; i < N; i++)
		fprintf(f,
			"%s{ name = \"t%d\"; pools = [\"pool%d\"]; realms = [\"r%d.example\"]; "
			"group = \"g%d\"; }",
			i ? ",\n" : "", i, i, i, i);
	fprintf(f, ");\ngroups = (");
	for (int i = 0; i < N; i++)
		fprintf(f, "%s{ name = \"g%d\"; rate_up_kbps = %u; }", i ? ",\n" : "", i, rate);
	fprintf(f, ");\nusers = (" ALICE);
	for (int i = 0; i < N; i++)
		fprintf(f, ",\n{ name = \"u%d\"; password = \"pw\"; tenant = \"t%d\"; }", i, i);
	fprintf(f, ");\n");
}

// The turn that lets a new configuration hold: printed, and bounded by far more than it takes.
TEST(reload, of_a_thousand_tenants)
{
	char *says[2];
	size_t len;

	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&says[i], &len);
		thousand(f, i ? 2000 : 1000);
		fclose(f);
	}
	open_with(says[0]);
	write_file("%s", says[1]);
	ASSERT_EQ(0, reload_begin(lab.control, false));
	EXPECT_TRUE(lab_until(&lab, is_done, NULL, 20000));
	EXPECT_EQ(RELOAD_APPLIED, lab.control->reload.result);
	EXPECT_EQ(1000, lab.control->reload.job->diff.n);
	printf("a thousand tenants and users: read in %.1f ms beside the lane, applied in one turn "
	       "of %.2f ms\n",
		(double)lab.control->reload.job->took_ns / 1e6,
		(double)lab.control->reload.applied_ns / 1e6);
	EXPECT_LT(lab.control->reload.applied_ns, 50000000);
	free(says[0]);
	free(says[1]);
	close_all();
}

// What many users cost is paid beside the lane: the turn in which they come to hold is short, the best of a few at least,
// whatever else the machine does.
TEST(reload, of_as_many_users_as_fit)
{
	enum { ROUNDS = 5, TURN_NS_MAX = 5000000 };
	uint64_t best_ns = UINT64_MAX, read_ns = 0;
	char *says[2];
	size_t len;

	for (int i = 0; i < 2; i++) {
		FILE *f = open_memstream(&says[i], &len);
		fprintf(f, POOLS "users = (" ALICE);
		for (int u = 1; u < LIMIT_USERS; u++)
			fprintf(f, ",\n{ name = \"user%d\"; password = \"password%d\"; }", u,
				u + i);
		fprintf(f, ");\n" SALES);
		fclose(f);
	}
	open_with(says[0]);
	for (int i = 1; i <= ROUNDS; i++) {
		write_file("%s", says[i & 1]);
		ASSERT_EQ(0, reload_begin(lab.control, false));
		EXPECT_TRUE(lab_until(&lab, is_done, NULL, 20000));
		EXPECT_EQ(RELOAD_APPLIED, lab.control->reload.result);
		EXPECT_EQ(LIMIT_USERS - 1, lab.control->reload.job->diff.n);
		best_ns = RTE_MIN(best_ns, lab.control->reload.applied_ns);
		read_ns = lab.control->reload.job->took_ns;
	}
	printf("%d users: read in %.1f ms beside the lane, applied in one turn of %.2f ms\n",
		LIMIT_USERS, (double)read_ns / 1e6, (double)best_ns / 1e6);
	EXPECT_LT(best_ns, TURN_NS_MAX);
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	lab_client_open(&lab, &bob);
	lab_client_dial(&bob, &lab_pppd, "user77", "password78", 2); // of the last one
	EXPECT_TRUE(lab_until(&lab, lab_is_up, &bob, 3000));
	free(says[0]);
	free(says[1]);
	close_all();
}

// ---- every key, at every level of the file ---------------------------------------------------------

enum { N_LEVELS = 3 };

// A digit that says which level it is of stands for '#'; %s: one of two, by turns.
static const struct {
	const char *key, *value, *shown;
	const char *two[2];
} policy_keys[CONFIG_POLICY_KEYS] = {
	{"dns", "[\"10.1.0.#\"]", "\"10.1.0.#\"", {NULL, NULL}},
	{"nbns", "[\"10.2.0.#\"]", "\"10.2.0.#\"", {NULL, NULL}},
	{"domain", "\"d#.example\"", "\"d#.example\"", {NULL, NULL}},
	{"routes", "[\"10.#.0.0/16\"]", "\"10.#.0.0/16\"", {NULL, NULL}},
	{"dhcp_inform", "%", "%", {"true", "false"}},
	{"broadcasts", "%", "%", {"\"relay\"", "\"drop\""}},
	{"rate_up_kbps", "100#", "100#", {NULL, NULL}},
	{"rate_down_kbps", "200#", "200#", {NULL, NULL}},
	{"burst_ms", "30#", "30#", {NULL, NULL}},
	{"acl_in", "\"a#\"", "\"a#\"", {NULL, NULL}},
	{"acl_out", "\"a#\"", "\"a#\"", {NULL, NULL}},
	{"idle_timeout_s", "40#", "40#", {NULL, NULL}},
	{"idle_counts", "%", "%", {"\"up\"", "\"both\""}},
	{"session_timeout_s", "500#", "500#", {NULL, NULL}},
	{"access_hours", "\"h#\"", "\"h#\"", {NULL, NULL}},
	{"simultaneous_logins", "1#", "1#", {NULL, NULL}},
	{"logins_full", "%", "%", {"\"replace\"", "\"refuse\""}},
	{"auth_methods", "[%]", "%", {"\"mschapv2\"", "\"mschapv1\""}},
	{"encryption", "%", "%", {"\"prefer\"", "\"allow\""}},
	{"strengths", "[%]", "\"%\"", {"128", "40"}},
	{"stateless_required", "%", "%", {"true", "false"}},
	{"pools", "[\"q#\"]", "\"q#\"", {NULL, NULL}},
	{"use_client_address", "%", "%", {"true", "false"}},
	{"mtu", "130#", "130#", {NULL, NULL}},
	{"interim_s", "60#", "60#", {NULL, NULL}},
};

static void put(FILE *f, size_t key, const char *what, int level)
{
	for (const char *at = what; *at; at++) {
		if (*at == '#')
			fprintf(f, "%d", level);
		else if (*at == '%')
			fputs(policy_keys[key].two[level & 1], f);
		else
			fputc(*at, f);
	}
}

static void put_keys(FILE *f, int level)
{
	for (size_t i = 0; i < CONFIG_POLICY_KEYS; i++) {
		bool is_split = level == N_LEVELS && strcmp(policy_keys[i].key, "routes") == 0;
		fprintf(f, "%s = ", is_split ? "split_routes" : policy_keys[i].key);
		put(f, i, policy_keys[i].value, level);
		fprintf(f, ";\n");
	}
}

// What each level up to this one says of every key: 1 base, 2 group, 3 user.
static char *all_keys(int level)
{
	char *says;
	size_t len;
	FILE *f = open_memstream(&says, &len);

	fprintf(f, "auth = { methods = [\"mschapv2\", \"mschapv1\"]; };\n"
		   "encryption = { mode = \"allow\"; strengths = [40, 128]; };\n"
		   "pools = ( " POOL);
	for (int i = 1; i <= N_LEVELS; i++)
		fprintf(f,
			", { name = \"q%d\"; range = \"10.8.%d.1-10.8.%d.9\"; server = "
			"\"10.8.%d.254\"; }",
			i, i, i, i);
	fprintf(f, " );\nacls = (");
	for (int i = 1; i <= N_LEVELS; i++)
		fprintf(f, "%s{ name = \"a%d\"; rules = ({ action = \"permit\"; }); }",
			i > 1 ? ", " : "", i);
	fprintf(f, ");\naccess_hours = (");
	for (int i = 1; i <= N_LEVELS; i++)
		fprintf(f, "%s{ name = \"h%d\"; when = [\"daily 00:00-24:00\"]; }",
			i > 1 ? ", " : "", i);
	fprintf(f, ");\ngroups = ({ name = \"room\"; rate_up_kbps = 8; stateless_required = "
		   "false; }, { name = \"base\";\n");
	if (level >= 1)
		put_keys(f, 1);
	fprintf(f, "}, { name = \"sales\";\n");
	if (level >= 2)
		put_keys(f, 2);
	fprintf(f, "});\nusers = ({ name = \"alice\"; password = \"secret\"; group = "
		   "\"sales\";\n");
	if (level >= 3)
		put_keys(f, 3);
	fprintf(f, "});\n");
	fclose(f);
	return says;
}

static void expect_keys(int level)
{
	static const char *const from[] = {"", "group base", "group sales", "user"};
	char *row;
	size_t len;

	for (size_t i = 0; i < CONFIG_POLICY_KEYS; i++) {
		FILE *f = open_memstream(&row, &len);
		SHIM_TRACE_CASE(i);
		fprintf(f, "\"key\":\"%s\",\"value\":", policy_keys[i].key);
		put(f, i, policy_keys[i].shown, level);
		fprintf(f, ",\"from\":\"%s\"", from[level]);
		fclose(f);
		EXPECT_STRCONTAINS(text, row);
		free(row);
	}
}

// A call that is up has the new value of each, and the worker is told what is the worker's.
TEST(reload, every_key_of_every_level_reaches_a_call_that_is_up)
{
	char *says[N_LEVELS + 1];

	for (int i = 0; i <= N_LEVELS; i++)
		says[i] = all_keys(i);
	open_with(says[0]);
	for (int level = 1; level <= N_LEVELS; level++) {
		SHIM_TRACE_CASE(level);
		write_file("%s", says[level]);
		EXPECT_EQ(0, reload("reload"));
		ASSERT_TRUE(lab_is_up(&lab, &alice));
		EXPECT_EQ(1, lab.control->reload.n_changed);
		EXPECT_EQ(0, lab_ask(&lab, "1 json show policy user alice\n", text, sizeof(text)));
		expect_keys(level);
		const struct lab_session *s = session(&alice);
		EXPECT_EQ(1000000 + 1000 * level, s->policy.rate_up_bps);
		EXPECT_EQ(2000000 + 1000 * level, s->policy.rate_down_bps);
		EXPECT_EQ((1000 + level) * (300 + level) / 8, s->policy.burst_up_bytes);
		EXPECT_EQ(level - 1, s->policy.acl_up);
		EXPECT_EQ(level - 1, s->policy.acl_down);
		EXPECT_EQ(400 + level, s->policy.idle_s);
		EXPECT_EQ(level == 2, s->policy.idle_up_only);
		EXPECT_EQ(level == 2, s->open.dhcp_inform);
		EXPECT_EQ(level == 2, s->open.relay_broadcasts);
		EXPECT_EQ(1300 + level, s->link.mtu);
	}
	for (int i = 0; i <= N_LEVELS; i++)
		free(says[i]);
	close_all();
}
