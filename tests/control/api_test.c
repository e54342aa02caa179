// SPDX-License-Identifier: BSD-3-Clause
// The operator's socket, spoken to directly and through aditctl.
#include "control/api.h"

#include "control/lab.h"
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client client;
static char text[1 << 18];

static void dial_up(const char *user)
{
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, user, user[0] == 'a' ? "secret" : "other", 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
}

// ---- a small JSON reader that only says whether it is JSON --------------------------------------

static const char *skip_value(const char *p);

static const char *skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < ' ')
			return NULL;
		if (*p == '\\' && !strchr("\"\\u", *++p))
			return NULL;
	}
	return p + 1;
}

static const char *skip_list(const char *p, char end, bool has_keys)
{
	if (*++p == end)
		return p + 1;
	for (;; p++) {
		if (has_keys && (!(p = skip_string(p)) || *p++ != ':'))
			return NULL;
		if (!(p = skip_value(p)))
			return NULL;
		if (*p == end)
			return p + 1;
		if (*p != ',')
			return NULL;
	}
}

static const char *skip_value(const char *p)
{
	static const char *const words[] = {"true", "false", "null"};

	if (*p == '{')
		return skip_list(p, '}', true);
	if (*p == '[')
		return skip_list(p, ']', false);
	if (*p == '"')
		return skip_string(p);
	for (int i = 0; i < 3; i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	size_t n = strspn(p, "0123456789.");
	return n ? p + n : NULL;
}

static void expect_json(const char *p)
{
	p = skip_value(p);
	ASSERT_TRUE(p != NULL);
	EXPECT_STREQ("\n", p);
}

static void expect_printable(const char *p)
{
	for (; *p; p++)
		ASSERT_TRUE((unsigned char)*p >= ' ' || *p == '\n');
}

// ---- tests --------------------------------------------------------------------------------------

TEST(api, every_command_in_both_forms)
{
	char line[128];

	lab_open(&lab, NULL);
	dial_up("alice");
	snprintf(line, sizeof(line), "show session 0x%llx", (unsigned long long)client.session_id);
	const struct {
		const char *words;
		const char *text, *json; // that stands in the answer
	} cases[] = {
		{"show sessions", "alice", "\"user\":\"alice\""},
		{line, "client_vendor        \"cananian\\x1b[2J\"",
			"\"client_vendor\":\"cananian\\u001b[2J\""},
		{"show counters", "tcp-accepted", "\"tcp-accepted\":1"},
		{"show aaa", "local: 2 users", "\"line\":\"local: 2 users\""},
		{"show crypto", "engine-1", "\"lane\":\"engine-1\""},
		{"show events", "event=up session=0x", "\"kind\":\"up\""},
		{"show history", "WHAT IT MEANS", "\"history\":[]"},
		{"show reasons", "no-gre", "\"reason\":\"no-gre\""},
		{"show lanes", "WORKER", "\"worker\":1"},
		{"show memory", "sessions", "\"what\":\"sessions\""},
		{"show ports", "TO-WORKERS", "\"ports\":[]"},
		{"show pool", "10.9.0.254", "\"in_use\":1"},
		{"show tenants", "default", "\"tenant\":\"default\""},
		{"show version", "adit ", "\"adit\":\""},
	};
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		char request[256];
		SHIM_TRACE_CASE(i);
		snprintf(request, sizeof(request), "1 text %s\n", cases[i].words);
		EXPECT_EQ(0, lab_ask(&lab, request, text, sizeof(text)));
		EXPECT_STRCONTAINS(text, cases[i].text);
		expect_printable(text);
		snprintf(request, sizeof(request), "1 json %s\n", cases[i].words);
		EXPECT_EQ(0, lab_ask(&lab, request, text, sizeof(text)));
		EXPECT_STRCONTAINS(text, cases[i].json);
		expect_printable(text);
		expect_json(text);
	}
	EXPECT_EQ(2 * RTE_DIM(cases), lab.control->counters.api_requests);
	lab_close(&lab);
}

TEST(api, columns_line_up)
{
	lab_open(&lab, NULL);
	dial_up("alice");
	ASSERT_EQ(0, lab_ask(&lab, "1 text show sessions\n", text, sizeof(text)));
	char *second = strchr(text, '\n') + 1;
	EXPECT_EQ(strstr(text, "USER") - text, strstr(second, "alice") - second);
	EXPECT_EQ(strstr(text, "MPPE") - text, strstr(second, "128 stateless") - second);
	EXPECT_EQ(strchr(text, '\n') - text, strchr(second, '\n') - second);
	lab_close(&lab);
}

TEST(api, what_is_wrong_is_said)
{
	static const struct {
		const char *line;
		int code;
		const char *says;
	} cases[] = {
		{"1 text help\n", 0, "clear user NAME"},
		{"1 text\n", 2, "show sessions"},
		{"1 text show sesions\n", 2, "Unknown word sesions"},
		{"1 text show session\n", 2, "usage: show session ID"},
		{"1 text show session abc\n", 1, "abc is no session ID"},
		{"1 text show session 0x700000001\n", 1, "There is no session 0x700000001"},
		{"1 text clear session 0x700000001\n", 1, "There is no session"},
		{"1 text clear user nobody\n", 1, "User nobody has no session"},
		{"1 text clear user %1B%5B2J\n", 1, "User \"\\x1b[2J\" has no session"},
		{"1 text a b c d e f\n", 2, "Unknown word a"},
		{"9 text show sessions\n", 2, "malformed"},
		{"GET / HTTP/1.0\n", 2, "malformed"},
		{"\n", 2, "malformed"},
	};

	lab_open(&lab, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(cases[i].code, lab_ask(&lab, cases[i].line, text, sizeof(text)));
		EXPECT_STRCONTAINS(text, cases[i].says);
		expect_printable(text);
	}
	static char longest[API_REQUEST_BYTES_MAX + 100];
	memset(longest, 'x', sizeof(longest) - 1);
	EXPECT_EQ(2, lab_ask(&lab, longest, text, sizeof(text)));
	EXPECT_EQ(RTE_DIM(cases),
		lab.control->counters.api_errors); // all but "help", and the long one
	lab_close(&lab);
}

static bool has_ended(struct lab *l, void *unused)
{
	return lab_count_calls(l) == 0;
}

// Where there is but a sentence to say it is JSON too; what went wrong is text, for it goes to "err".
TEST(api, a_sentence_in_json)
{
	lab_open(&lab, NULL);
	dial_up("alice");
	EXPECT_EQ(0, lab_ask(&lab, "1 json help\n", text, sizeof(text)));
	expect_json(text);
	EXPECT_STRCONTAINS(text, "{\"reply\":{\"message\":\"Commands:");
	EXPECT_STRCONTAINS(text, "clear user NAME");
	EXPECT_EQ(0, lab_ask(&lab, "1 json clear user alice\n", text, sizeof(text)));
	EXPECT_STREQ("{\"reply\":{\"message\":\"1 session of the user is being ended.\"}}\n", text);
	EXPECT_EQ(1, lab_ask(&lab, "1 json clear user nobody\n", text, sizeof(text)));
	EXPECT_STREQ("User nobody has no session.\n", text);
	lab_close(&lab);
}

TEST(api, clears_a_session)
{
	char line[64];

	lab_open(&lab, NULL);
	dial_up("alice");
	snprintf(line, sizeof(line), "1 text clear session 0x%llx\n",
		(unsigned long long)client.session_id);
	EXPECT_EQ(0, lab_ask(&lab, line, text, sizeof(text)));
	EXPECT_STREQ("1 session is being ended.\n", text);
	EXPECT_TRUE(lab_until(&lab, has_ended, NULL, 3000));
	EXPECT_TRUE(client.peer.has_ended);
	EXPECT_EQ(1, lab_count_ends(&lab, "reason=admin-clear by=admin"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_ADMIN, "order=clear"));
	EXPECT_EQ(1, lab_ask(&lab, line, text, sizeof(text)));
	lab_close(&lab);
}

TEST(api, clears_a_user)
{
	static struct lab_client bob;

	lab_open(&lab, NULL);
	dial_up("alice");
	lab_client_open(&lab, &bob);
	lab_client_dial(&bob, &lab_pppd, "bob", "other", 2);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &bob, 3000));
	EXPECT_EQ(0, lab_ask(&lab, "1 text clear user alice\n", text, sizeof(text)));
	lab_run(&lab, 300);
	EXPECT_EQ(1, lab_count_calls(&lab));
	EXPECT_TRUE(lab_is_up(&lab, &bob));
	lab_close(&lab);
}

static int connect_api(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", lab.socket_path);
	EXPECT_EQ(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
	return fd;
}

TEST(api, clients_are_bounded)
{
	int fds[LIMIT_API_CLIENTS];

	lab_open(&lab, NULL);
	for (int i = 0; i < LIMIT_API_CLIENTS; i++) {
		fds[i] = connect_api();
		lab_run(&lab, 5);
	}
	EXPECT_EQ(1, lab_ask(&lab, "1 text show version\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "Too many clients");
	close(fds[0]);
	lab_run(&lab, 5);
	EXPECT_EQ(0, lab_ask(&lab, "1 text show version\n", text, sizeof(text)));
	for (int i = 1; i < LIMIT_API_CLIENTS; i++)
		close(fds[i]);
	lab_close(&lab);
}

// One that asks for much and does not read costs one page and no turn of the loop.
TEST(api, a_slow_reader_stalls_nobody)
{
	static const char request[] = "1 json show events\n";
	const int small = 2048;

	lab_open(&lab, NULL);
	for (int i = 0; i < 2000; i++) {
		struct event e;
		event_begin(&e, EVENT_READY);
		event_word(&e, "filler", "some words that make the answer long enough to wait");
		event_send(&lab.log, &e);
	}
	int fd = connect_api();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	ASSERT_EQ(sizeof(request) - 1, send(fd, request, sizeof(request) - 1, 0));
	lab_run(&lab, 50);
	dial_up("alice");
	EXPECT_EQ(0, lab_ask(&lab, "1 text show version\n", text, sizeof(text)));
	close(fd);
	lab_close(&lab);
}

TEST(api, the_socket_has_its_mode_and_one_owner)
{
	struct control *second = NULL;
	struct stat st;

	lab_open(&lab, NULL);
	ASSERT_EQ(0, stat(lab.socket_path, &st));
	EXPECT_EQ(0660, st.st_mode & 0777);
	EXPECT_TRUE(S_ISSOCK(st.st_mode));
	// Another control lane with the same socket does not start, and takes nothing away.
	EXPECT_EQ(-EADDRINUSE, control_new(&lab.control->config, &second));
	EXPECT_NULL(second);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_START_FAILED, lab.socket_path));
	EXPECT_EQ(0, lab_ask(&lab, "1 text show version\n", text, sizeof(text)));
	lab_close(&lab);
}

TEST(api, a_socket_left_over_is_replaced_and_a_file_is_not)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct control *second = NULL;

	lab_open(&lab, NULL);
	snprintf(at.sun_path, sizeof(at.sun_path), "/tmp/adit-lab-%d-left", (int)getpid());
	snprintf(lab.config->socket_path, sizeof(lab.config->socket_path), "%s", at.sun_path);
	int fd = open(at.sun_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	EXPECT_EQ(-EEXIST, control_new(&lab.control->config, &second));
	EXPECT_EQ(0, unlink(at.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, bind(fd, (struct sockaddr *)&at, sizeof(at)));
	close(fd); // the file stays, as after a crash
	// The socket is taken over; then the TCP port is found in use.
	EXPECT_EQ(-EADDRINUSE, control_new(&lab.control->config, &second));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_START_FAILED, "what=listen"));
	EXPECT_NE(0, access(at.sun_path, F_OK));
	lab_close(&lab);
}

// ---- aditctl ------------------------------------------------------------------------------------

static int run_aditctl(const char *arguments)
{
	char command[512];
	const char *program = getenv("ADITCTL");

	if (!program) {
		shim_skip(__FILE__, __LINE__, "ADITCTL does not name the program");
		return -1;
	}
	snprintf(command, sizeof(command), "exec 2>&1; exec %s -s %s %s", program, lab.socket_path,
		arguments);
	FILE *pipe = popen(command, "re");
	size_t len = 0;
	fcntl(fileno(pipe), F_SETFL, O_NONBLOCK);
	for (;;) {
		ssize_t n = read(fileno(pipe), text + len, sizeof(text) - 1 - len);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		if (n > 0)
			len += (size_t)n;
		lab_turn(&lab);
	}
	text[len] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

TEST(aditctl, prints_and_exits_as_adit_says)
{
	static const struct {
		const char *arguments;
		int code;
		const char *says;
	} cases[] = {
		{"show version", 0, "adit "},
		{"show version --json", 0, "{\"version\":{\"adit\":"},
		{"--json show counters", 0, "\"control\":{"},
		{"show counters", 0, "addresses-in-use"},
		{"show nothing", 2, "Unknown word nothing"},
		{"clear user \"$(printf 'J\\303\\274rgen X')\"", 1,
			"User \"J\xc3\xbcrgen X\" has no session"},
		{"help", 0, "show lanes"},
		{"--help", 0, "usage: aditctl"},
		{"", 2, "usage: aditctl"},
		{"--nonsense", 2, "usage: aditctl"},
		{"-s /nonexistent/socket show version", 1, "No such file"},
		{"show version >/dev/full", 1, "standard output: No space left"},
	};

	lab_open(&lab, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		SHIM_TRACE_CASE(i);
		int code = run_aditctl(cases[i].arguments);
		if (code < 0)
			break;
		EXPECT_EQ(cases[i].code, code);
		EXPECT_STRCONTAINS(text, cases[i].says);
	}
	lab_close(&lab);
}

// Whether adit closes before or after the request is written is a matter of luck.
TEST(aditctl, says_why_it_is_not_let_in)
{
	enum { TRIES = 40 };
	int fds[LIMIT_API_CLIENTS];

	lab_open(&lab, NULL);
	for (int i = 0; i < LIMIT_API_CLIENTS; i++) {
		fds[i] = connect_api();
		lab_run(&lab, 5);
	}
	for (int i = 0; i < TRIES; i++) {
		SHIM_TRACE_CASE(i);
		int code = run_aditctl("show version");
		if (code < 0)
			break;
		EXPECT_EQ(1, code);
		EXPECT_STREQ("Too many clients are on this socket.\n", text);
	}
	for (int i = 0; i < LIMIT_API_CLIENTS; i++)
		close(fds[i]);
	lab_close(&lab);
}
