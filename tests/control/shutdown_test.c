// SPDX-License-Identifier: BSD-3-Clause
// SIGTERM: every call and connection is ended by the protocol's own messages, in time.
#include "control/shutdown.h"

#include "control/conn.h"
#include "control/lab.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client a, b, idle, silent;

static void dial_up(struct lab_client *c, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, "alice", "secret", call_id);
	c->answers_stop = true;
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

static bool is_stopped(struct lab *l, void *unused)
{
	return l->is_stopped;
}

static bool is_listening(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
		.sin_port = htons(lab.config->tcp_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool is = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return is;
}

TEST(shutdown, sigterm_ends_everything_politely)
{
	lab_open(&lab, NULL);
	dial_up(&a, 1);
	dial_up(&b, 2);
	lab_client_open(&lab, &idle);
	lab_client_start(&idle);
	idle.answers_stop = true;
	lab_run(&lab, 20);
	uint64_t begin = loop_clock_ns();
	EXPECT_EQ(0, lab.n_stopping);
	ASSERT_EQ(0, kill(getpid(), SIGTERM));
	lab_run(&lab, 5);
	EXPECT_FALSE(is_listening());
	EXPECT_EQ(1, lab.n_stopping); // said at the beginning
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 5000));
	EXPECT_LT(loop_clock_ns() - begin, UINT64_C(1000000000)); // they all answer
	EXPECT_TRUE(a.peer.has_ended);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", a.heard);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", b.heard);
	EXPECT_STREQ("SCCRP StopCCRQ ", idle.heard);
	EXPECT_EQ(PPTP_STOP_SHUTDOWN, idle.last.stop.code);
	EXPECT_EQ(2, lab_count_ends(&lab, "reason=admin-shutdown by=admin"));
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_STOPPING, "calls=2"));
	EXPECT_EQ(0, lab_count_calls(&lab));
	EXPECT_EQ(0, lab_count_connections(&lab));
	EXPECT_EQ(0, lab_count_addresses(&lab));
	lab_close(&lab);
}

// Clients that say nothing any more, in every state: it is over in 4 s all the same.
TEST(shutdown, silence_does_not_hold_it_up)
{
	lab_open(&lab, NULL);
	dial_up(&a, 1);
	a.answers_stop = false;
	lab_client_open(&lab, &idle);
	lab_client_start(&idle);
	lab_client_open(&lab, &silent);
	lab_run(&lab, 20);
	lab.loses_frames = true;
	uint64_t begin = loop_clock_ns();
	control_stop(lab.control);
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 5000));
	EXPECT_LT(loop_clock_ns() - begin, UINT64_C(4800000000));
	lab_run(&lab, 20);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", a.heard);
	EXPECT_EQ(0, lab_count_calls(&lab));
	EXPECT_EQ(0, lab_count_connections(&lab));
	lab_close(&lab);
}

// A connection that was being stopped before, and is the oldest, keeps nobody from being told.
TEST(shutdown, one_that_is_stopping_already)
{
	lab_open(&lab, NULL);
	lab_client_open(&lab, &idle);
	lab_client_start(&idle);
	lab_run(&lab, 20);
	dial_up(&a, 1);
	conn_stop(TAILQ_FIRST(&lab.control->conns), END_SETUP_TIMEOUT); // it does not answer
	lab_run(&lab, 20);
	ASSERT_EQ(2, lab_count_connections(&lab));
	control_stop(lab.control);
	EXPECT_TRUE(lab_until(&lab, lab_is_closed, &a, 1000));
	EXPECT_TRUE(a.peer.has_ended);
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", a.heard);
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 5000));
	lab_close(&lab);
}

// Workers that do nothing any more: the calls are told of all the same.
TEST(shutdown, dead_workers_do_not_hold_it_up)
{
	lab_open(&lab, NULL);
	dial_up(&a, 1);
	lab.workers_sleep = true;
	uint64_t begin = loop_clock_ns();
	control_stop(lab.control);
	EXPECT_TRUE(lab_until(&lab, is_stopped, NULL, 5000));
	EXPECT_LT(loop_clock_ns() - begin, UINT64_C(4800000000));
	EXPECT_STREQ("SCCRP OCRP CDN StopCCRQ ", a.heard);
	EXPECT_EQ(1, lab_count_calls(&lab)); // control_free() gives it up
	lab_close(&lab);
}

TEST(shutdown, no_new_calls_while_it_stops)
{
	lab_open(&lab, NULL);
	lab_client_open(&lab, &a);
	lab_client_start(&a);
	lab_run(&lab, 20);
	lab.control->phase = CONTROL_STOPPING; // between the signal and the turn of this connection
	lab.control->stop_began_ns = loop_clock_ns() + UINT64_C(1000000000);
	lab_client_call(&a, 1);
	(void)control_turn(lab.control, 10);
	lab_client_turn(&a);
	EXPECT_EQ(0, lab_count_calls(&lab));
	lab_close(&lab);
}

TEST(shutdown, the_owner_hears_that_the_lane_turns)
{
	lab_open(&lab, NULL);
	lab_skip(&lab, 3500);
	EXPECT_GE(lab.n_seconds, 3);
	EXPECT_LE(lab.n_seconds, 4);
	lab_close(&lab);
}

TEST(shutdown, sighup_changes_nothing)
{
	lab_open(&lab, NULL);
	dial_up(&a, 1);
	ASSERT_EQ(0, kill(getpid(), SIGHUP));
	lab_run(&lab, 20);
	EXPECT_EQ(1, lab_count_events(&lab, EVENT_NOTE, "SIGHUP"));
	EXPECT_TRUE(lab_is_up(&lab, &a));
	EXPECT_TRUE(is_listening());
	lab_close(&lab);
}
