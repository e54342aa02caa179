// SPDX-License-Identifier: BSD-3-Clause
// Debug output followed over the operator's socket while real calls come and go.
#include "control/lab.h"
#include "drivers/drivers.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct lab lab;
static struct lab_client client;

struct follower {
	int fd;
	size_t n_raw;
	char raw[1 << 19];
	char text[1 << 19];
};

static struct follower one, other;

static void follow(struct follower *f, const char *words)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char line[256];

	snprintf(line, sizeof(line), "1 text debug %s\n", words);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", lab.socket_path);
	f->n_raw = 0;
	f->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(0, connect(f->fd, (struct sockaddr *)&at, sizeof(at)));
	ASSERT_EQ((ssize_t)strlen(line), send(f->fd, line, strlen(line), MSG_NOSIGNAL));
	lab_run(&lab, 10);
}

static void unfollow(struct follower *f)
{
	close(f->fd);
	lab_run(&lab, 10);
}

// All lines so far.
static const char *heard(struct follower *f)
{
	size_t n, len = 0;
	ssize_t got;
	int used;

	for (int i = 0; i < 20; i++) {
		lab_turn(&lab);
		got = recv(f->fd, f->raw + f->n_raw, sizeof(f->raw) - 1 - f->n_raw, MSG_DONTWAIT);
		if (got > 0)
			f->n_raw += (size_t)got;
	}
	f->raw[f->n_raw] = '\0';
	for (const char *p = f->raw; sscanf(p, "out %zu%n", &n, &used) == 1; p += n) {
		p += used + 1;
		EXPECT_LE(p + n, f->raw + f->n_raw);
		memcpy(f->text + len, p, n);
		len += n;
	}
	f->text[len] = '\0';
	return f->text;
}

static void dial(struct lab_client *c, const char *user, uint16_t call_id)
{
	lab_client_open(&lab, c);
	lab_client_dial(c, &lab_pppd, user, user[0] == 'a' ? "secret" : "other", call_id);
	ASSERT_TRUE(lab_until(&lab, lab_is_up, c, 3000));
}

// Lines in this order, whatever stands between them.
static void expect_lines(const char *text, const char *const *lines)
{
	for (; *lines; lines++) {
		const char *at = strstr(text, *lines);
		if (!at)
			FAIL(*lines);
		text = at;
	}
}

TEST(follow, s10_ppp_negotiation_while_a_call_comes_up)
{
	static const char *const lines[] = {
		"Vi1 PPP: Phase is ESTABLISHING, Active Open\n",
		"Vi1 LCP: O CONFREQ [Closed] id 1 len ",
		"Vi1 LCP:    AuthProto MS-CHAP-V2 (0x0305C22381)\n",
		"Vi1 LCP: I CONFREQ [REQsent] id ",
		"Vi1 LCP: State is Open\n",
		"Vi1 PPP: Phase is AUTHENTICATING, by this end\n",
		"Vi1 CCP:    MS-PPC supported bits 0x01000040 (0x120601000040)\n",
		"Vi1 CCP: State is Open\n",
		"Vi1 IPCP: Install route to 10.9.0.1\n",
		"Vi1 PPP: Phase is UP\n",
		NULL,
	};

	lab_open(&lab, NULL);
	follow(&one, "ppp negotiation");
	dial(&client, "alice", 1);
	expect_lines(heard(&one), lines);
	EXPECT_MEMEQ("00:00:0", one.text, 7);
	EXPECT_TRUE(strstr(one.text, "CHALLENGE") == NULL);
	unfollow(&one);
	lab_close(&lab);
}

TEST(follow, s10_the_other_commands)
{
	static const struct {
		const char *words;
		const char *lines[6];
	} cases[] = {
		{"aaa authentication", {"Vi1 AAA/AUTHEN/START (1): user=alice method=mschapv2 ",
					       "Vi1 AAA/AUTHEN (1): status = PASS\n"}},
		{"aaa authorization", {"Vi1 AAA/AUTHOR/PPP (1): group=base mppe-keys=yes\n",
					      "Vi1 AAA/AUTHOR/IPCP (1): address 10.9.0.1\n"}},
		{"ppp authentication",
			{"Vi1 PPP: Phase is AUTHENTICATING", "Vi1 MS-CHAP-V2: O CHALLENGE id ",
				"Vi1 MS-CHAP-V2: I RESPONSE id ", " from \"alice\"\n",
				"Vi1 MS-CHAP-V2: O SUCCESS id "}},
		{"ppp chap", {"Vi1 MS-CHAP-V2: O CHALLENGE id ", " from \"alice\"\n"}},
		{"ppp mppe events", {"Vi1 MPPE: Generate keys using local database\n",
					    "Vi1 MPPE: Initialize keys\n",
					    "Vi1 MPPE: I [128 bit encryption]  [stateless mode]\n",
					    "Vi1 MPPE: O encryption on\n"}},
		{"vpdn events",
			{"Tnl 1 PPTP: Tunnel created; peer initiated, 127.0.0.1:", "Vi1 Tnl/Cl 1/",
				"PPTP: Session up; user alice, address 10.9.0.1\n",
				"PPTP: Session destroyed; user alice, client-call-clear (client)\n",
				"Tnl 1 PPTP: Tunnel destroyed; client-stop (client)\n"}},
		{"vpdn l2x-packet",
			{"Tnl 1 PPTP: CC I 009C00011A2B3C4D0001", "Tnl 1 PPTP: CC I SCCRQ\n",
				"Tnl 1 PPTP: CC O SCCRP\n", "Tnl 1 PPTP: CC I OCRQ\n",
				"PPTP: CC O OCRP\n", "PPTP: CC I ClearRQ\n"}},
	};

	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		const char *lines[RTE_DIM(cases[0].lines) + 1] = {NULL};
		SHIM_TRACE_CASE(i);
		memcpy(lines, cases[i].lines, sizeof(cases[i].lines));
		lab_open(&lab, NULL);
		follow(&one, cases[i].words);
		dial(&client, "alice", 1);
		lab_client_clear(&client);
		lab_run(&lab, 30);
		lab_client_close(&client);
		lab_run(&lab, 30);
		expect_lines(heard(&one), lines);
		unfollow(&one);
		lab_close(&lab);
	}
}

TEST(follow, s10_errors_and_failures)
{
	static const char *const errors[] = {
		"Vi1 Tnl/Cl 1/", "PPTP: Wrong user name or password.\n", NULL};
	static const char *const garbage[] = {"Tnl 2 PPTP: CC I 474554",
		"malformed: no magic cookie\n",
		"Tnl 2 PPTP: Bytes on TCP/1723 were not PPTP: wrong magic cookie.\n", NULL};

	lab_open(&lab, NULL);
	follow(&one, "vpdn errors vpdn l2x-packet");
	lab_client_open(&lab, &client);
	lab_client_dial(&client, &lab_pppd, "alice", "wrong", 1);
	lab_run(&lab, 300);
	expect_lines(heard(&one), errors);
	lab_client_close(&client);
	lab_client_open(&lab, &client);
	lab_client_send_bytes(&client, "GET / HTTP/1.0\r\n\r\n", 18);
	lab_run(&lab, 50);
	expect_lines(heard(&one), garbage);
	unfollow(&one);
	lab_close(&lab);
}

// The hex of each of the four comes live before its name, and bytes 9 and 10 of it are the type.
TEST(follow, s11_the_four_events_by_bytes_9_and_10)
{
	static const struct {
		const char *direction, *type, *name;
	} events[] = {{"I", "0001", "SCCRQ"}, {"O", "0002", "SCCRP"}, {"I", "0007", "OCRQ"},
		{"O", "0008", "OCRP"}};
	const char *text;

	lab_open(&lab, NULL);
	follow(&one, "vpdn l2x-packet");
	dial(&client, "alice", 1);
	text = heard(&one);
	for (size_t i = 0; i < RTE_DIM(events); i++) {
		char hex[64], name[64];

		SHIM_TRACE_CASE(i);
		snprintf(name, sizeof(name), "PPTP: CC %s %s\n", events[i].direction,
			events[i].name);
		snprintf(hex, sizeof(hex), "00011A2B3C4D%s0000", events[i].type);
		const char *message = strstr(text, hex);
		const char *event = strstr(text, name);
		ASSERT_TRUE(message != NULL && event != NULL);
		EXPECT_LT(message, event);
		EXPECT_EQ(
			' ', message[-5]); // two bytes of length before it: the type is at 9 and 10
		text = event;
	}
	unfollow(&one);
	lab_close(&lab);
}

TEST(follow, filters_by_user_and_address)
{
	static struct lab_client second;

	lab_open(&lab, NULL);
	follow(&one, "ppp negotiation ppp chap user bob");
	follow(&other, "ppp negotiation address 192.0.2.77");
	dial(&client, "alice", 1);
	dial(&second, "bob", 2);
	EXPECT_TRUE(strstr(heard(&one), "Vi1") == NULL);
	EXPECT_STRCONTAINS(one.text, "Vi2 MS-CHAP-V2: O SUCCESS"); // from the authentication on
	EXPECT_STRCONTAINS(one.text, "Vi2 PPP: Phase is UP");
	EXPECT_TRUE(strstr(one.text, "CHALLENGE") == NULL);
	EXPECT_STREQ("", heard(&other));
	unfollow(&one);
	unfollow(&other);
	lab_close(&lab);
}

static void allow_any_rate(struct config *c)
{
	c->setups_per_second_per_source = 0;
}

// One that does not read loses lines and is told how many; calls come up as ever.
TEST(follow, a_slow_follower_holds_nobody_up)
{
	const int small = 4096;
	int n = 0;

	lab_open(&lab, allow_any_rate);
	follow(&one, "ppp negotiation vpdn l2x-packet");
	setsockopt(one.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	for (; n < 400; n++) {
		lab_client_open(&lab, &client);
		lab_client_start(&client);
		lab_run(&lab, 2);
		lab_client_close(&client);
		lab_run(&lab, 2);
	}
	dial(&client, "alice", 1);
	for (int i = 0; i < 40; i++) // it wakes up
		heard(&one);
	lab_client_clear(&client);
	lab_run(&lab, 30);
	EXPECT_STRCONTAINS(heard(&one), "lines lost\n");
	EXPECT_STRCONTAINS(strstr(one.text, "lines lost\n"), "CC I ClearRQ");
	unfollow(&one);
	lab_close(&lab);
}

static bool nobody_follows(struct lab *l, void *unused)
{
	return l->control->debug.n_followers == 0;
}

TEST(follow, who_goes_is_forgotten)
{
	lab_open(&lab, NULL);
	follow(&one, "ppp chap");
	EXPECT_EQ(1, lab.control->debug.n_followers);
	EXPECT_TRUE(debug_is_on(&lab.control->debug, DEBUG_PPP_CHAP));
	close(one.fd);
	EXPECT_TRUE(lab_until(&lab, nobody_follows, NULL, 1000));
	EXPECT_EQ(0, lab.control->debug.wanted);
	// Patience ends for a client that does not ask, not for one that waits for something to happen.
	follow(&one, "ppp chap");
	lab_run(&lab, 1100);
	EXPECT_EQ(1, lab.control->debug.n_followers);
	close(one.fd); // and once more while a call comes up
	dial(&client, "alice", 1);
	lab_close(&lab);
}

static struct aaa_debug driver_debug;

static void set_debug(void *state, const struct aaa_debug *debug)
{
	driver_debug = *debug;
}

// What the driver says of its packets goes to who follows, and the driver is told when somebody does.
TEST(follow, s10_packets_of_radius)
{
	struct aaa_driver driver = *drivers_find_aaa("local");
	struct aaa_debug_text text = {.client_be = htonl(0xc612000a),
		.user = span_of_text("alice"),
		.lines = "RADIUS: sent to one 127.0.0.1:1812 id 7, Access-Request, len 44\n"
			 "RADIUS:   User-Name = \"alice\"\n"};
	const char *lines[] = {"RADIUS: sent to one ", "RADIUS:   User-Name = ", NULL};

	driver.set_debug = set_debug;
	driver_debug = (struct aaa_debug){0};
	lab_open_with(&lab, NULL, &driver);
	follow(&other, "vpdn events");
	EXPECT_TRUE(driver_debug.say == NULL);
	follow(&one, "radius user alice");
	ASSERT_TRUE(driver_debug.say != NULL);
	driver_debug.say(driver_debug.context, &text);
	text.user = span_of_text("bob");
	text.lines = "RADIUS: of another\n";
	driver_debug.say(driver_debug.context, &text);
	expect_lines(heard(&one), lines);
	EXPECT_TRUE(strstr(one.text, "of another") == NULL);
	EXPECT_TRUE(strstr(heard(&other), "RADIUS") == NULL);
	unfollow(&one);
	lab_run(&lab, 30);
	EXPECT_TRUE(driver_debug.say == NULL);
	unfollow(&other);
	lab_close(&lab);
}

TEST(follow, there_is_room_for_a_question_beside_followers)
{
	static struct follower many[LIMIT_DEBUG_FOLLOWERS];
	static char text[8192];

	lab_open(&lab, NULL);
	for (int i = 0; i < LIMIT_DEBUG_FOLLOWERS; i++)
		follow(&many[i], "radius");
	EXPECT_EQ(1, lab_ask(&lab, "1 text debug radius\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "Too many follow debug output already.");
	EXPECT_EQ(0, lab_ask(&lab, "1 text show version\n", text, sizeof(text)));
	EXPECT_EQ(2, lab_ask(&lab, "1 json debug radius\n", text, sizeof(text)));
	EXPECT_STRCONTAINS(text, "debug has no JSON form");
	for (int i = 0; i < LIMIT_DEBUG_FOLLOWERS; i++)
		unfollow(&many[i]);
	lab_close(&lab);
}
