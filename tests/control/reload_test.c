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
#include <unistd.h>

static struct lab lab;
static struct lab_client alice, bob;
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

static bool has_no_call(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
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
	EXPECT_LT(lab.control->reload.applied_ns, 200000000);
	free(says[0]);
	free(says[1]);
	close_all();
}

// What grows with the users is the turn in which the driver of AAA takes them.
TEST(reload, of_as_many_users_as_fit)
{
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
	write_file("%s", says[1]);
	ASSERT_EQ(0, reload_begin(lab.control, false));
	EXPECT_TRUE(lab_until(&lab, is_done, NULL, 20000));
	EXPECT_EQ(RELOAD_APPLIED, lab.control->reload.result);
	EXPECT_EQ(LIMIT_USERS - 1, lab.control->reload.job->diff.n);
	printf("%d users: read in %.1f ms beside the lane, applied in one turn of %.2f ms\n",
		LIMIT_USERS, (double)lab.control->reload.job->took_ns / 1e6,
		(double)lab.control->reload.applied_ns / 1e6);
	EXPECT_TRUE(lab_is_up(&lab, &alice));
	free(says[0]);
	free(says[1]);
	close_all();
}
