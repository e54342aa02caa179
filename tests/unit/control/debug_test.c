// SPDX-License-Identifier: BSD-3-Clause
#include "control/debug.h"

#include "control/call.h"
#include "control/conn.h"
#include "control/control_state.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

// ---- the command --------------------------------------------------------------------------------

static int parse(const char *line, struct debug_filter *out, char *why, size_t cap)
{
	static char copy[256];
	struct span words[40];
	size_t n = 0;
	char *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", line);
	while ((word = strsep(&rest, " ")))
		if (*word)
			words[n++] = span_of_text(word);
	return debug_parse(words, n, out, why, cap);
}

#define BIT(name) (1u << DEBUG_##name)

TEST(debug, s10_the_ten_commands_are_known)
{
	static const struct {
		const char *line;
		uint32_t categories;
	} cases[] = {
		{"aaa authentication", BIT(AAA_AUTHENTICATION)},
		{"aaa authorization", BIT(AAA_AUTHORIZATION)},
		{"radius", BIT(RADIUS)},
		{"ppp negotiation", BIT(PPP_NEGOTIATION)},
		{"ppp authentication", BIT(PPP_AUTHENTICATION)},
		{"vpdn events", BIT(VPDN_EVENTS)},
		{"vpdn errors", BIT(VPDN_ERRORS)},
		{"vpdn l2x-packet", BIT(VPDN_L2X_PACKET)},
		{"ppp mppe events", BIT(PPP_MPPE_EVENTS)},
		{"ppp chap", BIT(PPP_CHAP)},
		{"ppp chap ppp negotiation vpdn events",
			BIT(PPP_CHAP) | BIT(PPP_NEGOTIATION) | BIT(VPDN_EVENTS)},
	};
	struct debug_filter filter;
	char why[128];

	EXPECT_EQ(10, DEBUG_CATEGORY_COUNT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(0, parse(cases[i].line, &filter, why, sizeof(why)));
		EXPECT_EQ(cases[i].categories, filter.categories);
		EXPECT_EQ(0, filter.client_be);
		EXPECT_EQ(0, filter.user_len);
	}
}

TEST(debug, filters)
{
	struct debug_filter filter;
	char why[128];

	EXPECT_EQ(0, parse("ppp chap user CORP\\ann", &filter, why, sizeof(why)));
	EXPECT_EQ(8, filter.user_len);
	EXPECT_MEMEQ("CORP\\ann", filter.user, 8);
	EXPECT_EQ(0, parse("radius address 198.18.0.10", &filter, why, sizeof(why)));
	EXPECT_EQ(htonl(0xc612000a), filter.client_be);
	EXPECT_EQ(0, filter.user_len);
}

TEST(debug, what_is_wrong_is_said)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"", "What is to be followed is missing"},
		{"user bob", "What is to be followed is missing"},
		{"ppp", "Unknown word ppp"},
		{"ppp mppe", "Unknown word ppp"},
		{"ppp chap foo", "Unknown word foo"},
		{"ppp chap user", "Nothing stands behind user"},
		{"ppp chap address 1.2.3", "Not an IPv4 address: 1.2.3"},
		{"ppp chap address 0.0.0.0", "Not an IPv4 address"},
		{"ppp chap address 1.2.3.4.5.6.7.8.9.10.11.12", "Not an IPv4 address"},
		{"ppp chap user a b", "One word too many: b"},
	};
	struct debug_filter filter;
	char why[128];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(-EINVAL, parse(cases[i].line, &filter, why, sizeof(why)));
		EXPECT_STRCONTAINS(why, cases[i].says);
	}
	char name[LIMIT_USER_NAME_BYTES + 2];
	memset(name, 'x', sizeof(name));
	const struct span words[] = {
		span_of_text("radius"), span_of_text("user"), span_of(name, sizeof(name))};
	EXPECT_EQ(-EINVAL, debug_parse(words, 3, &filter, why, sizeof(why)));
}

// ---- followers ----------------------------------------------------------------------------------

static struct control control;
static struct log log_of_test;
static unsigned int n_wakes;

static void wake(struct debug_follower *f)
{
	n_wakes++;
}

static void open_control(void)
{
	memset(&control, 0, sizeof(control));
	log_open(&log_of_test, LOG_TARGET_STDERR, LOG_LEVEL_DEBUG, "test");
	log_of_test.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	log_of_test.events = event_log_new();
	control.config.log = &log_of_test;
	debug_init(&control.debug, &log_of_test);
	n_wakes = 0;
}

static void close_control(void)
{
	close(log_of_test.fd);
	event_log_free(log_of_test.events);
	log_close(&log_of_test);
}

static struct debug_follower follower_of(uint32_t categories)
{
	return (struct debug_follower){.filter = {.categories = categories}, .wake = wake};
}

static const char *take(struct debug_follower *f)
{
	static char out[DEBUG_BUFFER_BYTES + 1];

	out[debug_take(f, out, sizeof(out) - 1)] = '\0';
	return out;
}

static void say(enum debug_category category, const char *text)
{
	const struct debug_subject about = {.client_be = htonl(0xc612000a)};

	debug_say(&control, category, &about, "Vi1 ", text);
}

TEST(debug, nothing_is_wanted_where_nobody_follows)
{
	struct debug_follower f = follower_of(BIT(PPP_CHAP));

	open_control();
	for (int i = 0; i < DEBUG_CATEGORY_COUNT; i++)
		EXPECT_FALSE(debug_is_on(&control.debug, (enum debug_category)i));
	ASSERT_EQ(0, debug_follow(&control, &f));
	for (int i = 0; i < DEBUG_CATEGORY_COUNT; i++)
		EXPECT_EQ(i == DEBUG_PPP_CHAP, debug_is_on(&control.debug, (enum debug_category)i));
	debug_unfollow(&control, &f);
	EXPECT_FALSE(debug_is_on(&control.debug, DEBUG_PPP_CHAP));
	close_control();
}

TEST(debug, lines_have_the_time_since_the_start_before_them)
{
	struct debug_follower f = follower_of(BIT(PPP_CHAP));

	open_control();
	control.started_ns = 1;
	ASSERT_EQ(0, debug_follow(&control, &f));
	control.loop.now_ns = UINT64_C(16255000000000); // 4 h 30 min 55 s
	say(DEBUG_PPP_CHAP, "LCP: Failed to negotiate with peer\nLCP: State is Closed\n");
	say(DEBUG_PPP_NEGOTIATION, "not asked for\n");
	control.loop.now_ns = UINT64_C(450000000000000);
	say(DEBUG_PPP_CHAP, "x\n");
	EXPECT_STREQ("04:30:54: Vi1 LCP: Failed to negotiate with peer\n"
		     "04:30:54: Vi1 LCP: State is Closed\n"
		     "124:59:59: Vi1 x\n",
		take(&f));
	EXPECT_EQ(3, n_wakes);
	EXPECT_STREQ("", take(&f));
	debug_unfollow(&control, &f);
	close_control();
}

TEST(debug, a_filter_passes_its_address_or_user_alone)
{
	static struct call alice, bob;
	static struct conn conn;
	struct debug_follower by_user = follower_of(BIT(VPDN_EVENTS)),
			      by_address = follower_of(BIT(VPDN_EVENTS));

	open_control();
	by_user.filter.user_len = 5;
	memcpy(by_user.filter.user, "alice", 5);
	by_address.filter.client_be = 2;
	memcpy(alice.user, "alice", alice.user_len = 5);
	memcpy(bob.user, "bob", bob.user_len = 3);
	conn_calls_init(&conn.calls);
	conn_calls_add(&conn.calls, &bob);
	ASSERT_EQ(0, debug_follow(&control, &by_user));
	ASSERT_EQ(0, debug_follow(&control, &by_address));
	const struct debug_subject about[] = {
		{.client_be = 1, .call = &alice},
		{.client_be = 2, .call = &bob},
		{.client_be = 3, .conn = &conn},
		{.client_be = 4},
	};
	for (int i = 0; i < 4; i++) {
		char line[8];
		snprintf(line, sizeof(line), "%d\n", i);
		debug_say(&control, DEBUG_VPDN_EVENTS, &about[i], "", line);
	}
	EXPECT_STREQ("00:00:00: 0\n", take(&by_user));
	EXPECT_STREQ("00:00:00: 1\n", take(&by_address));
	// A connection is that of all users who call over it.
	conn_calls_add(&conn.calls, &alice);
	debug_say(&control, DEBUG_VPDN_EVENTS, &about[2], "", "2\n");
	EXPECT_STREQ("00:00:00: 2\n", take(&by_user));
	debug_unfollow(&control, &by_user);
	debug_unfollow(&control, &by_address);
	close_control();
}

TEST(debug, what_a_slow_follower_misses_is_counted_and_said)
{
	struct debug_follower f = follower_of(BIT(PPP_CHAP));
	static char line[901];
	unsigned int n = 0;

	open_control();
	memset(line, 'x', sizeof(line) - 1);
	line[899] = '\n';
	line[900] = '\0';
	ASSERT_EQ(0, debug_follow(&control, &f));
	for (; f.n_lost == 0; n++)
		say(DEBUG_PPP_CHAP, line);
	EXPECT_GT(n, 60);
	for (int i = 0; i < 41; i++)
		say(DEBUG_PPP_CHAP, line);
	EXPECT_EQ(42, f.n_lost);
	EXPECT_LE(f.len, DEBUG_BUFFER_BYTES);

	char out[2000]; // whole lines only
	size_t got = debug_take(&f, out, sizeof(out));
	EXPECT_EQ(2 * (900 + 14), got);
	EXPECT_EQ('\n', out[got - 1]);
	say(DEBUG_PPP_CHAP, "here again\n");
	const char *rest = take(&f);
	EXPECT_STREQ("% 42 lines lost\n00:00:00: Vi1 here again\n", strchr(rest, '%'));
	EXPECT_EQ(0, f.n_lost);
	debug_unfollow(&control, &f);
	close_control();
}

TEST(debug, followers_are_bounded)
{
	struct debug_follower f[LIMIT_DEBUG_FOLLOWERS + 1];

	open_control();
	for (int i = 0; i <= LIMIT_DEBUG_FOLLOWERS; i++) {
		f[i] = follower_of(BIT(PPP_CHAP));
		EXPECT_EQ(i < LIMIT_DEBUG_FOLLOWERS ? 0 : -EBUSY, debug_follow(&control, &f[i]));
	}
	debug_unfollow(&control, &f[0]);
	EXPECT_EQ(0, debug_follow(&control, &f[LIMIT_DEBUG_FOLLOWERS]));
	for (int i = 1; i <= LIMIT_DEBUG_FOLLOWERS; i++)
		debug_unfollow(&control, &f[i]);
	EXPECT_EQ(0, control.debug.n_followers);
	close_control();
}

// The event log follows where a severity asks for the class, and nowhere else: no level does.
TEST(debug, the_log_follows_by_severity)
{
	char out[2048], hex[2 * 220 + 1];
	int fds[2];

	open_control();
	ASSERT_EQ(0, pipe(fds));
	close(log_of_test.fd);
	log_of_test.fd = fds[1];
	EXPECT_FALSE(debug_is_on(&control.debug, DEBUG_PPP_NEGOTIATION));
	memset(log_of_test.severity[LOG_SINK_CONSOLE], 0, LOG_CLASS_COUNT);
	log_of_test.severity[LOG_SINK_CONSOLE][LOG_CLASS_PPPDECODE] = 10;
	log_of_test.severity[LOG_SINK_CONSOLE][LOG_CLASS_AUTHDECODE] = 10;
	debug_init(&control.debug, &log_of_test);
	EXPECT_TRUE(debug_is_on(&control.debug, DEBUG_PPP_NEGOTIATION));
	EXPECT_FALSE(debug_is_on(&control.debug, DEBUG_VPDN_EVENTS));
	say(DEBUG_PPP_NEGOTIATION, "LCP: State is Open\n");
	say(DEBUG_PPP_AUTHENTICATION, "CHAP: I RESPONSE\n");
	say(DEBUG_PPP_CHAP, "CHAP: I RESPONSE\n"); // the same once more
	memset(hex, 'F', sizeof(hex) - 1);	   // the longest PPTP message is not cut
	hex[sizeof(hex) - 2] = '\n';
	hex[sizeof(hex) - 1] = '\0';
	say(DEBUG_PPP_NEGOTIATION, hex);
	ssize_t n = read(fds[0], out, sizeof(out) - 1);
	ASSERT_GT(n, 0);
	out[n] = '\0';
	EXPECT_STRCONTAINS(
		out, " event=ppp-decode client=198.18.0.10 text=\"Vi1 LCP: State is Open\"\n");
	EXPECT_STRCONTAINS(
		out, " event=auth-decode client=198.18.0.10 text=\"Vi1 CHAP: I RESPONSE\"\n");
	EXPECT_EQ(3, log_of_test.lines);
	EXPECT_STRCONTAINS(out, "FFFF\"\n");
	close(fds[0]);
	close_control();
}

TEST(debug, categories_are_described)
{
	for (int i = 0; i < DEBUG_CATEGORY_COUNT; i++) {
		EXPECT_GT(strlen(debug_category_words((enum debug_category)i)), 0);
		EXPECT_GT(strlen(debug_category_help((enum debug_category)i)), 0);
	}
}
