// SPDX-License-Identifier: BSD-3-Clause
// What is remembered of calls and connections that ended, as aditctl shows it.
#include "control/lab.h"
#include "shim/shim.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client client;
static char text[1 << 18];

static bool is_quiet(struct lab *l, void *unused)
{
	return lab_is_empty(l, unused);
}

static const char *ask(const char *words)
{
	char line[256];

	snprintf(line, sizeof(line), "1 %s\n", words);
	EXPECT_EQ(0, lab_ask(&lab, line, text, sizeof(text)));
	return text;
}

static void call_and_end(const char *user, const char *password)
{
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, user, password, 1);
	if (strcmp(password, "wrong") != 0) {
		ASSERT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
		lab_client_clear(&client);
	}
	lab_run(&lab, 50);
	ASSERT_TRUE(lab_until(&lab, lab_is_closed, &client, 100) || lab_count_calls(&lab) == 0);
	lab_client_close(&client);
	ASSERT_TRUE(lab_until(&lab, is_quiet, NULL, 3000));
}

TEST(record, s12_an_ended_and_a_failed_call_say_why_in_one_line)
{
	lab_open(&lab, NULL);
	call_and_end("alice", "secret");
	call_and_end("alice", "wrong");
	ask("text show history");
	// The last first.
	const char *failed = strstr(text, "auth-rejected");
	const char *ended = strstr(text, "client-call-clear");
	ASSERT_TRUE(failed != NULL && ended != NULL);
	EXPECT_LT(failed, ended);
	EXPECT_STRCONTAINS(text, "Wrong user name or password.\n");
	EXPECT_STRCONTAINS(text, "The client cleared the call.\n");
	EXPECT_STRCONTAINS(text, "128 stateless");
	ask("json show history");
	EXPECT_STRCONTAINS(text, "\"windows_error\":691");
	EXPECT_STRCONTAINS(text, "\"phase\":\"authenticate\"");
	EXPECT_STRCONTAINS(text, "\"method\":\"mschapv2\"");
	EXPECT_STRCONTAINS(text, "\"ms_tcp\":0,");
	EXPECT_STRCONTAINS(text, "\"ms_up\":null");
	lab_close(&lab);
}

TEST(record, one_call_with_its_time_line)
{
	static const char *const steps[] = {"TCP/1723 opened", "Start-Control", "Outgoing-Call",
		"first PPP frame", "LCP open", "AAA asked", "authenticated", "CCP open",
		"IPCP open", "  up\n", "  ended\n"};
	char line[64];

	lab_open(&lab, NULL);
	call_and_end("alice", "secret");
	ask("text show history 1");
	const char *at = text;
	for (size_t i = 0; i < RTE_DIM(steps); i++) {
		SHIM_TRACE_CASE(i);
		at = strstr(at, steps[i]);
		ASSERT_TRUE(at != NULL);
	}
	EXPECT_STRCONTAINS(text, "acct_terminate_cause  User-Request");
	// The number that the log has for the session will do as well.
	snprintf(line, sizeof(line), "json show history 0x%llx",
		(unsigned long long)client.session_id);
	ask(line);
	EXPECT_STRCONTAINS(text, "\"record\":{\"id\":1,");
	EXPECT_STRCONTAINS(text, "\"timeline\":[{\"at_ms\":0,\"step_ms\":0,\"what\":\"tcp\"");
	EXPECT_EQ(1, lab_ask(&lab, "1 text show history 99\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "There is no record 99.");
	EXPECT_EQ(1, lab_ask(&lab, "1 text show history x%1B\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "There is no record \"x\\x1b\".");
	lab_close(&lab);
}

TEST(record, filters)
{
	lab_open(&lab, NULL);
	call_and_end("alice", "secret");
	call_and_end("bob", "other");
	EXPECT_STRCONTAINS(ask("text show history user bob"), "bob");
	EXPECT_TRUE(strstr(text, "alice") == NULL);
	EXPECT_STRCONTAINS(ask("text show history address 127.0.0.1"), "alice");
	EXPECT_STRCONTAINS(text, "bob");
	EXPECT_TRUE(strstr(ask("text show history address 192.0.2.9"), "alice") == NULL);
	EXPECT_STRCONTAINS(ask("json show history user nobody"), "{\"history\":[]}");
	lab_close(&lab);
}

static void knock(const void *bytes, size_t n)
{
	lab_client_open(&lab, &client);
	if (n > 0)
		lab_client_send_bytes(&client, bytes, n);
	lab_run(&lab, 20);
	lab_client_close(&client);
	ASSERT_TRUE(lab_until(&lab, is_quiet, NULL, 3000));
}

// However many strangers knock, and whatever they say, the record of a user stays.
TEST(record, strangers_are_counted_and_push_nobody_out)
{
	lab_open(&lab, NULL);
	lab.control->history.rings[HISTORY_USERS].n_max = 2;
	lab.control->history.rings[HISTORY_STRANGERS].n_max = 2;
	call_and_end("alice", "secret");
	for (int i = 0; i < 5; i++) {
		knock("GET / HTTP/1.0\r\n\r\n", 18);
		knock("", 0);
	}
	ask("json show history");
	EXPECT_STRCONTAINS(text, "\"user\":\"alice\"");
	EXPECT_STRCONTAINS(text, "\"more\":4,\"reason\":\"pptp-bad-cookie\"");
	EXPECT_STRCONTAINS(text, "\"more\":4,\"reason\":\"client-tcp-closed\"");
	EXPECT_STRCONTAINS(text, "\"phase\":\"connect\"");
	lab_close(&lab);
}

static void allow_one_call(struct config *c)
{
	c->max_calls = 1;
}

TEST(record, a_call_that_was_refused)
{
	static struct lab_client second;

	lab_open(&lab, allow_one_call);
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "secret", 1);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, &client, 3000));
	lab_client_open(&lab, &second);
	lab_client_start(&second);
	lab_run(&lab, 20);
	lab_client_call(&second, 7);
	lab_run(&lab, 20);
	lab_client_close(&second);
	lab_run(&lab, 20);
	ask("json show history");
	EXPECT_STRCONTAINS(text, "\"reason\":\"limit-calls\"");
	EXPECT_STRCONTAINS(text, "\"detail\":\"max_calls\"");
	EXPECT_TRUE(strstr(text, "client-tcp-closed") == NULL); // one record, not two
	lab_close(&lab);
}

// That the client then went away is not why it has no tunnel.
TEST(record, an_incoming_call_that_was_refused)
{
	struct pptp_message offer = {.type = PPTP_ICRQ};

	lab_open(&lab, NULL);
	lab_client_open(&lab, &client);
	lab_client_start(&client);
	lab_client_send(&client, &offer);
	lab_client_send(&client, &offer);
	lab_run(&lab, 20);
	lab_client_close(&client);
	lab_run(&lab, 20);
	ask("json show history");
	EXPECT_STRCONTAINS(text, "\"more\":0,\"reason\":\"pptp-incoming\"");
	EXPECT_STRCONTAINS(text, "\"ms_ocrq\":null");
	EXPECT_TRUE(strstr(text, "client-tcp-closed") == NULL);
	lab_close(&lab);
}

TEST(record, sighup_opens_the_log_file_again)
{
	char path[64], moved[80];

	lab_open(&lab, NULL);
	snprintf(path, sizeof(path), "/tmp/adit-record-%d", (int)getpid());
	snprintf(moved, sizeof(moved), "%s.1", path);
	ASSERT_EQ(0, log_open_file(&lab.log, path, 0, 5));
	ASSERT_EQ(0, rename(path, moved));
	ASSERT_EQ(0, kill(getpid(), SIGHUP));
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_LOG_FILE, "text=\"opened again\""));
	EXPECT_EQ(0, access(path, F_OK));
	unlink(path);
	unlink(moved);
	lab_close(&lab);
}

TEST(record, every_reason_is_listed)
{
	lab_open(&lab, NULL);
	ask("text show reasons");
	for (int i = END_NONE + 1; i < END_REASON_COUNT; i++) {
		char line[64];
		SHIM_TRACE_CASE(i);
		snprintf(line, sizeof(line), "\n%s ", end_reason_info((enum end_reason)i)->name);
		EXPECT_STRCONTAINS(text, line);
	}
	EXPECT_STRCONTAINS(ask("json show reasons"),
		"{\"reason\":\"auth-no-common\",\"by\":\"server\",\"windows_error\":734,");
	lab_close(&lab);
}
