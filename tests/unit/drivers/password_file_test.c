// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/local/password_file.h"

#include "local_client.h"
#include "observe/events.h"
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HASH_A "000102030405060708090a0b0c0d0e0f"
#define HASH_B "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static char directory[64], path[128], new_path[160];
static struct log lines;

static void begin(void)
{
	snprintf(directory, sizeof(directory), "/tmp/adit-passwords-XXXXXX");
	ASSERT_TRUE(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/passwords", directory);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	lines = (struct log){.fd = open("/dev/null", O_WRONLY), .events = event_log_new()};
}

static void end(void)
{
	close(lines.fd);
	event_log_free(lines.events);
	unlink(path);
	unlink(new_path);
	EXPECT_EQ(0, rmdir(directory)); // nothing else was left there
}

static void put_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ASSERT_TRUE(f != NULL);
	fputs(text, f);
	fclose(f);
	ASSERT_EQ(0, chmod(path, mode));
}

static bool was_told(const char *text)
{
	const struct event_history *h = &lines.events->history;

	for (uint64_t seq = event_history_first(h); seq < h->next_seq; seq++)
		if (strstr(event_history_get(h, seq)->text, text))
			return true;
	return false;
}

static struct {
	unsigned int n;
	struct password_entry entries[4];
} taken;

static void take(void *context, const struct password_entry *entry)
{
	if (taken.n < 4)
		taken.entries[taken.n] = *entry;
	taken.n++;
}

static int read_file(void)
{
	taken.n = 0;
	return password_file_read(path, geteuid(), &lines, take, NULL);
}

static bool give(void *context, struct password_entry *out)
{
	unsigned int *at = context;

	if (*at == taken.n)
		return false;
	*out = taken.entries[(*at)++];
	return true;
}

TEST(password_file, reads_what_it_writes)
{
	static const char *const names[] = {
		"anna", "CORP\\j\xc3\xb6rg m\t%#", "# no comment", "\x01\x7f\xff"};
	struct password_entry wanted[4] = {{{0}}};
	unsigned int at = 0;
	struct stat st;

	begin();
	EXPECT_EQ(0, read_file()); // none yet
	EXPECT_EQ(0, taken.n);
	for (int i = 0; i < 4; i++) {
		strcpy(wanted[i].name, names[i]);
		strcpy(wanted[i].tenant, i == 1 ? "red" : i == 2 ? "a b%#" : "");
		memset(wanted[i].nt_hash, 0x10 + i, 16);
		memset(wanted[i].replaced, 0xf0 + i, 16);
		taken.entries[taken.n++] = wanted[i];
	}
	umask(0);
	put_file("old", 0644);
	ASSERT_EQ(0, password_file_write(path, &lines, give, &at));
	umask(022);
	ASSERT_EQ(0, stat(path, &st));
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_EQ(-1, access(new_path, F_OK));
	EXPECT_EQ(0, read_file());
	ASSERT_EQ(4, taken.n);
	for (int i = 0; i < 4; i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_STREQ(wanted[i].name, taken.entries[i].name);
		EXPECT_STREQ(wanted[i].tenant, taken.entries[i].tenant);
		EXPECT_MEMEQ(wanted[i].nt_hash, taken.entries[i].nt_hash, 16);
		EXPECT_MEMEQ(wanted[i].replaced, taken.entries[i].replaced, 16);
	}
	end();
}

TEST(password_file, longest_name)
{
	unsigned int at = 0;

	begin();
	memset(taken.entries, 0, sizeof(taken.entries));
	memset(taken.entries[0].name, ' ', LIMIT_USER_NAME_BYTES); // each takes three bytes
	memset(taken.entries[0].tenant, ' ', CONFIG_TENANT_NAME_BYTES - 1);
	taken.n = 1;
	ASSERT_EQ(0, password_file_write(path, &lines, give, &at));
	EXPECT_EQ(0, read_file());
	EXPECT_EQ(1, taken.n);
	EXPECT_EQ(LIMIT_USER_NAME_BYTES, strlen(taken.entries[0].name));
	EXPECT_EQ(CONFIG_TENANT_NAME_BYTES - 1, strlen(taken.entries[0].tenant));
	end();
}

TEST(password_file, lines_that_are_wrong)
{
	static const struct {
		const char *text;
		int rc;
		const char *told;
	} cases[] = {
		{"# only a comment\n", 0, NULL},
		{"anna " HASH_A " " HASH_B "\n", 0, NULL},
		{"anna " HASH_A " F0F1f2f3f4f5f6f7f8f9fafbfcfdfeff\n", 0, NULL},
		{"# x\nanna " HASH_A " " HASH_B "\nbob\n", -EINVAL, "line=3"},
		{"anna " HASH_A " " HASH_B, -EINVAL, "line=1"}, // cut
		{"# cut", -EINVAL, "line=1"},
		{"\n", -EINVAL, "line=1"},
		{" " HASH_A " " HASH_B "\n", -EINVAL, "line=1"},
		{"anna " HASH_A "\n", -EINVAL, "line=1"},
		{"anna " HASH_A " " HASH_B " \n", -EINVAL, "line=1"},
		{"anna " HASH_A "  " HASH_B "\n", -EINVAL, "line=1"},
		{"anna " HASH_A " " HASH_B "0\n", -EINVAL, "line=1"},
		{"anna " HASH_A " g0f1f2f3f4f5f6f7f8f9fafbfcfdfeff\n", -EINVAL, "line=1"},
		{"anna " HASH_A " f\n", -EINVAL, "line=1"},
		{"anna " HASH_A " " HASH_B " red\n", 0, NULL},
		{"anna " HASH_A " " HASH_B " red \n", -EINVAL, "line=1"},
		{"anna " HASH_A " " HASH_B " r%00d\n", -EINVAL, "line=1"},
		{"anna " HASH_A " " HASH_B " 0123456789012345678901234567890123\n", -EINVAL,
			"line=1"},
		{"an%6ea " HASH_A " " HASH_B "\n", 0, NULL},
		{"an% " HASH_A " " HASH_B "\n", -EINVAL, "line=1"},
		{"an%0\n", -EINVAL, "line=1"},
		{"an%\n", -EINVAL, "line=1"},
		{"an%00 " HASH_A " " HASH_B "\n", -EINVAL, "line=1"},
		{"an%zz " HASH_A " " HASH_B "\n", -EINVAL, "line=1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		begin();
		put_file(cases[i].text, 0600);
		EXPECT_EQ(cases[i].rc, read_file());
		if (cases[i].told)
			EXPECT_TRUE(was_told(cases[i].told));
		else if (strchr(cases[i].text, ' ') == cases[i].text + 4)
			EXPECT_STREQ("anna", taken.entries[0].name);
		EXPECT_FALSE(was_told(HASH_A)); // no secret in a log
		end();
	}
}

TEST(password_file, line_without_an_end)
{
	static char text[3000];

	begin();
	memset(text, 'a', sizeof(text) - 1);
	put_file(text, 0600);
	EXPECT_EQ(-EINVAL, read_file());
	EXPECT_EQ(0, taken.n);
	end();
}

TEST(password_file, files_that_are_wrong)
{
	unsigned int at = 0;

	begin();
	put_file("anna " HASH_A " " HASH_B "\n", 0640);
	EXPECT_EQ(-EPERM, read_file());
	EXPECT_TRUE(was_told("chmod 0600"));
	ASSERT_EQ(0, chmod(path, 0600));
	if (geteuid() == 0) { // else a file cannot be given away
		ASSERT_EQ(0, chown(path, 4711, (gid_t)-1));
		EXPECT_EQ(-EPERM, read_file());
		EXPECT_TRUE(was_told("belongs"));
		EXPECT_EQ(0, password_file_read(path, 4711, &lines, take, NULL));
		EXPECT_EQ(1, taken.n);
	}
	unlink(path);
	ASSERT_EQ(0, mkdir(path, 0700));
	EXPECT_EQ(-EINVAL, read_file());
	rmdir(path);
	ASSERT_EQ(0, mkfifo(path, 0600));
	EXPECT_EQ(-EINVAL, read_file()); // and does not wait for a writer
	unlink(path);
	ASSERT_EQ(0, symlink("/etc/passwd", path));
	EXPECT_EQ(-ELOOP, read_file());
	unlink(path);
	snprintf(path, sizeof(path), "%s/none/passwords", directory);
	EXPECT_EQ(-ENOENT, read_file());
	EXPECT_TRUE(was_told("directory"));
	taken.n = 0;
	EXPECT_EQ(-ENOENT, password_file_write(path, &lines, give, &at));
	// There is no room: the old one stays.
	snprintf(path, sizeof(path), "%s/passwords", directory);
	put_file("old\n", 0600);
	ASSERT_EQ(0, mkdir(new_path, 0700));
	EXPECT_NE(0, password_file_write(path, &lines, give, &at));
	rmdir(new_path);
	EXPECT_EQ(-EINVAL, read_file()); // "old" is no entry, but it is there
	end();
}

// ---- what the driver makes of it

static void open_expired(struct local_client *l, const char *password)
{
	*l = (struct local_client){.config = {.change_password = true},
		.users = {local_client_password("anna", password),
			local_client_password("bob", "other")}};
	l->users[0].expired = true;
	snprintf(l->config.password_file, sizeof(l->config.password_file), "%s", path);
	local_client_open(l);
}

static uint16_t error_of(struct local_client *l, const char *user, const char *password)
{
	struct aaa_request request = local_client_answer(AUTH_METHOD_MSCHAPV2, user, password, 1);
	struct aaa_reply reply = local_client_ask(l, &request);

	EXPECT_EQ(reply.result == AAA_ACCEPT, reply.ms_error == 0);
	return reply.ms_error;
}

static struct aaa_reply change_of(
	struct local_client *l, const char *user, const char *from, const char *to)
{
	struct aaa_request request = local_client_change(user, from, to, 2);

	return local_client_ask(l, &request);
}

static struct aaa_reply change(struct local_client *l, const char *from, const char *to)
{
	return change_of(l, "anna", from, to);
}

TEST(password_file, changed_passwords_outlive_the_driver)
{
	struct local_client l;
	struct aaa_reply reply;

	begin();
	open_expired(&l, "first");
	EXPECT_EQ(648, error_of(&l, "anna", "first"));
	reply = change(&l, "first", "second");
	EXPECT_TRUE(reply.password_changed);
	EXPECT_NULL(reply.why);
	EXPECT_EQ(0, error_of(&l, "anna", "second"));
	local_client_close(&l);

	open_expired(&l, "first");
	EXPECT_EQ(0, error_of(&l, "anna", "second")); // and has not expired
	EXPECT_EQ(691, error_of(&l, "anna", "first"));
	EXPECT_EQ(0, error_of(&l, "bob", "other"));
	local_client_close(&l);

	// A new password in the configuration wins; it has expired as the configuration says.
	open_expired(&l, "third");
	EXPECT_EQ(648, error_of(&l, "anna", "third"));
	EXPECT_EQ(691, error_of(&l, "anna", "second"));
	reply = change(&l, "third", "fourth");
	EXPECT_TRUE(reply.password_changed);
	local_client_close(&l);

	open_expired(&l, "third");
	EXPECT_EQ(0, error_of(&l, "anna", "fourth"));
	local_client_close(&l);
	EXPECT_EQ(0, read_file());
	EXPECT_EQ(1, taken.n);
	end();
}

TEST(password_file, change_that_cannot_be_stored_is_none)
{
	struct local_client l;
	struct aaa_reply reply;

	begin();
	open_expired(&l, "first");
	ASSERT_EQ(0, mkdir(new_path, 0700));
	reply = change(&l, "first", "second");
	EXPECT_EQ(AAA_REJECT, reply.result);
	EXPECT_EQ(709, reply.ms_error);
	EXPECT_STRCONTAINS(reply.why, "stored");
	EXPECT_FALSE(reply.has_keys);
	EXPECT_EQ(648, error_of(&l, "anna", "first"));
	rmdir(new_path);
	reply = change(&l, "first", "second");
	EXPECT_TRUE(reply.password_changed);
	local_client_close(&l);
	end();
}

TEST(password_file, entries_of_nobody_are_not_used)
{
	struct local_client l = {.users = {local_client_password("anna", "first")}};

	begin();
	put_file("carol " HASH_A " " HASH_B "\nanna " HASH_A " " HASH_B "\n", 0600);
	snprintf(l.config.password_file, sizeof(l.config.password_file), "%s", path);
	l.config.users = l.users;
	l.config.n_users = 1;
	EXPECT_EQ(0, aaa_driver_local.open(&l.config, &lines, &l.state));
	EXPECT_TRUE(was_told("carol"));
	EXPECT_TRUE(was_told("newer"));
	EXPECT_EQ(0, error_of(&l, "anna", "first"));
	local_client_close(&l);
	put_file("rubbish\n", 0600);
	EXPECT_EQ(-EINVAL, aaa_driver_local.open(&l.config, &lines, &l.state));
	end();
}

// An operator takes a user out for a while; another one changes his password meanwhile.
TEST(password_file, entries_of_nobody_outlive_a_change)
{
	struct local_client l;
	struct aaa_reply reply;

	begin();
	put_file("carol " HASH_A " " HASH_B "\ndave " HASH_B " " HASH_A "\n", 0600);
	open_expired(&l, "first");
	reply = change(&l, "first", "second");
	EXPECT_TRUE(reply.password_changed);
	local_client_close(&l);
	EXPECT_EQ(0, read_file());
	ASSERT_EQ(3, taken.n);
	EXPECT_STREQ("anna", taken.entries[0].name);
	EXPECT_STREQ("carol", taken.entries[1].name);
	EXPECT_STREQ("dave", taken.entries[2].name);
	EXPECT_EQ(0xf0, taken.entries[2].nt_hash[0]);
	EXPECT_EQ(0x00, taken.entries[2].replaced[0]);
	end();
}

// Root opens at start what run_as_user has written the last time.
TEST(password_file, of_run_as_user)
{
	struct local_client l = {.config = {.run_as_user = "nobody"}};
	const struct passwd *p = getpwnam(l.config.run_as_user);

	if (geteuid() != 0 || !p)
		return; // a file cannot be given away
	begin();
	put_file("carol " HASH_A " " HASH_B "\n", 0600);
	snprintf(l.config.password_file, sizeof(l.config.password_file), "%s", path);
	ASSERT_EQ(0, chown(path, p->pw_uid, (gid_t)-1));
	ASSERT_EQ(0, aaa_driver_local.open(&l.config, &lines, &l.state));
	aaa_driver_local.close(l.state);
	l.config.run_as_user[0] = '\0';
	EXPECT_EQ(-EPERM, aaa_driver_local.open(&l.config, &lines, &l.state));
	end();
}

TEST(password_file, entries_of_nobody_are_bounded)
{
	struct local_client l;
	struct aaa_reply reply;
	FILE *f;

	begin();
	put_file("", 0600);
	f = fopen(path, "w");
	ASSERT_TRUE(f != NULL);
	for (int i = 0; i < LIMIT_USERS + 3; i++)
		fprintf(f, "stranger-%d " HASH_A " " HASH_B "\n", i);
	fclose(f);
	open_expired(&l, "first");
	reply = change(&l, "first", "second");
	EXPECT_TRUE(reply.password_changed);
	local_client_close(&l);
	EXPECT_EQ(0, read_file());
	EXPECT_EQ(1 + LIMIT_USERS, taken.n);
	end();
}

// Two tenants' users of one name: each has his password, and the file tells them apart.
TEST(password_file, of_tenants)
{
	static struct config_tenant tenants[2];
	struct local_client l = {.users = {local_client_password("anna", "first"),
					 local_client_password("anna", "other")}};
	struct aaa_request request;
	struct aaa_reply reply;

	begin();
	strcpy(tenants[1].name, "red");
	l.config.tenants = tenants;
	l.config.n_tenants = 2;
	l.config.change_password = true;
	snprintf(l.config.password_file, sizeof(l.config.password_file), "%s", path);
	l.users[0].expired = l.users[1].expired = true;
	l.users[1].tenant_number = 1;
	local_client_open(&l);
	request = local_client_change("anna", "other", "second", 9);
	request.tenant = 1;
	reply = local_client_ask(&l, &request);
	EXPECT_TRUE(reply.password_changed);
	EXPECT_EQ(648, error_of(&l, "anna", "first")); // the default tenant's is as she was
	local_client_close(&l);
	EXPECT_EQ(0, read_file());
	ASSERT_EQ(1, taken.n);
	EXPECT_STREQ("red", taken.entries[0].tenant);
	l.config.n_users = 0;
	local_client_open(&l);
	request = local_client_answer(AUTH_METHOD_MSCHAPV2, "anna", "second", 10);
	request.tenant = 1;
	EXPECT_EQ(AAA_ACCEPT, local_client_ask(&l, &request).result);
	request.tenant = 0;
	EXPECT_EQ(AAA_REJECT, local_client_ask(&l, &request).result);
	local_client_close(&l);
	// The tenant has gone: nobody else's user gets the password.
	l.config.n_tenants = 1;
	l.config.n_users = 1;
	EXPECT_EQ(0, aaa_driver_local.open(&l.config, &lines, &l.state));
	EXPECT_TRUE(was_told("nobody"));
	EXPECT_EQ(648, error_of(&l, "anna", "first"));
	local_client_close(&l);
	end();
}

static int reload(struct local_client *l, const struct config *config)
{
	void *prepared = NULL;
	int rc = aaa_driver_local.prepare(l->state, config, &prepared);

	if (rc == 0)
		rc = aaa_driver_local.reload(l->state, config, &prepared);
	if (prepared)
		aaa_driver_local.discard(l->state, prepared);
	return rc;
}

// What a user changes while another thread reads the configuration is not lost, and neither is what stands in the file of
// users who are not there: they may come back.
TEST(password_file, a_change_during_a_reload_is_kept)
{
	struct local_client l = {.users = {local_client_password("anna", "first"),
					 local_client_password("bert", "first")}},
			    newer;
	void *prepared = NULL;

	begin();
	l.config.change_password = true;
	l.config.n_users = 2;
	l.users[0].expired = l.users[1].expired = true;
	snprintf(l.config.password_file, sizeof(l.config.password_file), "%s", path);
	local_client_open(&l);
	newer = l;
	newer.config.users = newer.users;
	EXPECT_TRUE(change(&l, "first", "second").password_changed);
	ASSERT_EQ(0, aaa_driver_local.prepare(l.state, &newer.config, &prepared));
	EXPECT_TRUE(change_of(&l, "bert", "first", "second").password_changed);
	ASSERT_EQ(0, aaa_driver_local.reload(l.state, &newer.config, &prepared));
	aaa_driver_local.discard(l.state, prepared);
	EXPECT_EQ(0, error_of(&l, "anna", "second"));
	EXPECT_EQ(0, error_of(&l, "bert", "second"));
	// Anna goes, bert changes nothing: her entry stays; and she comes back.
	struct local_client without = newer;
	without.config.users = without.users;
	without.users[0] = without.users[1];
	without.config.n_users = 1;
	EXPECT_EQ(0, reload(&l, &without.config));
	EXPECT_EQ(691, error_of(&l, "anna", "second"));
	EXPECT_EQ(0, error_of(&l, "bert", "second"));
	EXPECT_EQ(0, reload(&l, &newer.config));
	EXPECT_EQ(0, error_of(&l, "anna", "second"));
	local_client_close(&l);
	EXPECT_EQ(0, read_file());
	EXPECT_EQ(2, taken.n);
	end();
}

// Without a file a changed password lives until adit stops, also over a reload, unless the configuration has a newer one.
TEST(password_file, reload_keeps_what_was_changed)
{
	struct local_client l = {.users = {local_client_password("anna", "first")}}, newer;
	struct aaa_reply reply;

	l.config.change_password = true;
	l.users[0].expired = true;
	local_client_open(&l);
	newer = l;
	newer.config.users = newer.users;
	reply = change(&l, "first", "second");
	EXPECT_TRUE(reply.password_changed);
	EXPECT_EQ(0, reload(&l, &newer.config));
	EXPECT_EQ(0, error_of(&l, "anna", "second"));
	EXPECT_EQ(691, error_of(&l, "anna", "first"));
	newer.users[0] = local_client_password("anna", "third");
	EXPECT_EQ(0, reload(&l, &newer.config));
	EXPECT_EQ(691, error_of(&l, "anna", "second"));
	EXPECT_EQ(0, error_of(&l, "anna", "third"));
	// What cannot be taken leaves all as it was.
	newer.users[1] = newer.users[0];
	newer.config.n_users = 2;
	EXPECT_EQ(-EEXIST, reload(&l, &newer.config));
	EXPECT_EQ(0, error_of(&l, "anna", "third"));
	local_client_close(&l);
}
