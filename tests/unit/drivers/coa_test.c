// SPDX-License-Identifier: BSD-3-Clause
// The listener over loopback, with a sender of our own; coa.py of tests/e2e has made the bytes of the known answers.
#include "drivers/aaa/radius/coa.h"

#include "drivers/aaa/radius/radius_packet.h"
#include "shim/shim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const struct secret good_secret = {.len = 9, .bytes = "xyzzy5461"};

static struct {
	struct config *config;
	struct config_coa listeners[2];
	struct radius_core core;
	struct coa *coa;
	int fd;
	struct radius_packet packet;
	uint8_t sent[RADIUS_PACKET_BYTES_MAX];
	size_t n_sent;
	uint8_t answer[RADIUS_PACKET_BYTES_MAX];
	size_t n_answer;
	struct radius_view view; // of the answer
} t;

static int open_sender(const char *address)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(address)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	EXPECT_EQ(0, bind(fd, (struct sockaddr *)&from, sizeof(from)));
	return fd;
}

static void world_open(uint32_t window_s)
{
	memset(&t, 0, sizeof(t));
	t.config = config_new();
	t.listeners[0] = (struct config_coa){.tenant_number = 0,
		.address_be = inet_addr("127.0.0.1"),
		.n_clients = 2,
		.clients = {{inet_addr("192.0.2.0"), 24}, {inet_addr("127.0.0.0"), 30}},
		.has_secret = true,
		.secret = good_secret,
		.window_s = window_s};
	t.config->coa = t.listeners;
	t.config->n_coa = 1;
	t.fd = open_sender("127.0.0.1");
	ASSERT_EQ(0, radius_core_open(&t.core, t.config, NULL, NULL));
	ASSERT_EQ(0, coa_open(&t.core, &t.coa));
}

static void world_close(void)
{
	coa_close(t.coa);
	radius_core_close(&t.core);
	close(t.fd);
	t.config->coa = NULL;
	t.config->n_coa = 0;
	config_free(t.config);
}

static void send_sealed(int fd)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(coa_port(t.coa, 0)),
		.sin_addr.s_addr = inet_addr("127.0.0.1")};

	EXPECT_EQ((ssize_t)t.n_sent,
		sendto(fd, t.sent, t.n_sent, 0, (struct sockaddr *)&to, sizeof(to)));
	radius_core_run(&t.core);
}

static void begin(enum radius_code code, bool with_mac)
{
	radius_begin(&t.packet, code, with_mac);
	radius_put_u32(&t.packet, RADIUS_EVENT_TIMESTAMP, (uint32_t)time(NULL));
}

static void send_as(uint8_t id, const struct secret *secret)
{
	const uint8_t random[16] = {0};

	t.n_sent = radius_seal_request(&t.packet, id, secret, random, t.sent);
	EXPECT_TRUE(t.n_sent > 0);
	send_sealed(t.fd);
}

static void send_disconnect(uint8_t id, const char *user)
{
	begin(RADIUS_DISCONNECT_REQUEST, false);
	radius_put_text(&t.packet, RADIUS_USER_NAME, user);
	send_as(id, &good_secret);
}

// Is there an answer, and is it genuine?
static bool receive(void)
{
	struct pollfd p = {.fd = t.fd, .events = POLLIN};

	if (poll(&p, 1, 0) != 1)
		return false;
	ssize_t n = recv(t.fd, t.answer, sizeof(t.answer), 0);
	t.n_answer = (size_t)n;
	EXPECT_EQ(0, radius_read(span_of(t.answer, t.n_answer), &t.view));
	EXPECT_EQ(t.sent[1], t.view.id);
	EXPECT_EQ(RADIUS_CHECK_GOOD, radius_check_reply(&t.view, t.sent + 4, &good_secret, false));
	return true;
}

static uint32_t cause(void)
{
	uint32_t v = 0;
	struct span value;

	if (radius_find(&t.view, 0, RADIUS_ERROR_CAUSE, &value))
		EXPECT_TRUE(radius_get_u32(value, &v));
	return v;
}

static bool says(const char *what)
{
	char text[1000];

	coa_describe(t.coa, text, sizeof(text));
	bool is_said = strstr(text, what) != NULL;
	if (!is_said)
		fprintf(stderr, "%s", text);
	return is_said;
}

TEST(coa, disconnect_is_answered_when_it_is_done)
{
	struct aaa_change change;

	world_open(300);
	send_disconnect(5, "anna");
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
	EXPECT_EQ(AAA_CHANGE_DISCONNECT, change.kind);
	EXPECT_STREQ("anna", change.user);
	EXPECT_EQ(inet_addr("127.0.0.1"), change.source_be);
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	EXPECT_FALSE(receive());
	// It comes again meanwhile: it is not done twice.
	send_sealed(t.fd);
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	EXPECT_FALSE(receive());
	coa_answer(t.coa, change.tag, AAA_ERROR_NONE);
	ASSERT_TRUE(receive());
	EXPECT_EQ(RADIUS_DISCONNECT_ACK, t.view.code);
	EXPECT_EQ(0, cause());
	EXPECT_EQ(20, t.n_answer);
	// And later: the same answer.
	uint8_t first[20];
	memcpy(first, t.answer, 20);
	send_sealed(t.fd);
	ASSERT_TRUE(receive());
	EXPECT_MEMEQ(first, t.answer, 20);
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	coa_answer(t.coa, change.tag, AAA_ERROR_NO_CONTEXT); // twice: nothing comes of it
	EXPECT_FALSE(receive());
	EXPECT_TRUE(says("requests=1 acks=1 naks=0 answered-again=1 under-way=1\n"));
	world_close();
}

TEST(coa, codes_of_answers)
{
	static const struct {
		enum radius_code code;
		enum aaa_error_cause cause;
		enum radius_code wanted;
	} cases[] = {
		{RADIUS_DISCONNECT_REQUEST, AAA_ERROR_NONE, RADIUS_DISCONNECT_ACK},
		{RADIUS_DISCONNECT_REQUEST, AAA_ERROR_RESIDUAL_REMOVED, RADIUS_DISCONNECT_ACK},
		{RADIUS_DISCONNECT_REQUEST, AAA_ERROR_NO_CONTEXT, RADIUS_DISCONNECT_NAK},
		{RADIUS_COA_REQUEST, AAA_ERROR_NONE, RADIUS_COA_ACK},
		{RADIUS_COA_REQUEST, AAA_ERROR_INVALID_VALUE, RADIUS_COA_NAK},
	};

	world_open(300);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aaa_change change;
		SHIM_TRACE_CASE((long long)i);
		begin(cases[i].code, i & 1);
		radius_put_text(&t.packet, RADIUS_PROXY_STATE, "first");
		radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
		radius_put_text(&t.packet, RADIUS_PROXY_STATE, "second");
		if (cases[i].code == RADIUS_COA_REQUEST)
			radius_put_text(&t.packet, RADIUS_STATE, "kept");
		send_as((uint8_t)i, &good_secret);
		ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
		coa_answer(t.coa, change.tag, cases[i].cause);
		ASSERT_TRUE(receive());
		EXPECT_EQ(cases[i].wanted, t.view.code);
		EXPECT_EQ(cases[i].cause, cause());
		struct span mac;
		EXPECT_EQ(i & 1, radius_find(&t.view, 0, RADIUS_MESSAGE_AUTHENTICATOR, &mac));
		// Proxy-State as it came and in its order, State of a CoA-Request too.
		struct radius_cursor c = radius_cursor_of(&t.view);
		struct radius_attribute a;
		char echo[64] = "";
		while (radius_next(&c, &a))
			if (a.type == RADIUS_PROXY_STATE || a.type == RADIUS_STATE)
				strncat(echo, (const char *)a.value.bytes, a.value.len);
		EXPECT_STREQ(
			cases[i].code == RADIUS_COA_REQUEST ? "firstsecondkept" : "firstsecond",
			echo);
	}
	world_close();
}

TEST(coa, what_is_refused_at_once)
{
	struct aaa_change change;

	world_open(300);
	begin(RADIUS_COA_REQUEST, false);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	radius_put_u32(&t.packet, RADIUS_SESSION_TIMEOUT, 100);
	radius_put_text(&t.packet, RADIUS_FILTER_ID, "no such list");
	send_as(1, &good_secret);
	ASSERT_TRUE(receive());
	EXPECT_EQ(RADIUS_COA_NAK, t.view.code);
	EXPECT_EQ(407, cause());
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	send_sealed(t.fd);
	ASSERT_TRUE(receive());
	EXPECT_EQ(407, cause());
	EXPECT_TRUE(says("requests=1 acks=0 naks=1 answered-again=1\n"));
	world_close();
}

TEST(coa, what_gets_no_answer)
{
	static const struct secret bad_secret = {.len = 9, .bytes = "xyzzy5462"};
	static const uint8_t bad_mac[] = {0x28, 0x03, 0x00, 0x32, 0xcf, 0x1a, 0x1a, 0x02, 0xf8,
		0xeb, 0x15, 0x30, 0x66, 0x8d, 0xb6, 0x26, 0x50, 0x37, 0xa9, 0x3e, 0x01, 0x06, 0x61,
		0x6e, 0x6e, 0x61, 0x37, 0x06, 0x68, 0x4e, 0xe1, 0x80, 0x50, 0x12, 0xac, 0x86, 0x35,
		0x32, 0xde, 0xd5, 0xec, 0x05, 0xac, 0xdf, 0x3f, 0x6c, 0x9b, 0x56, 0x4d,
		0x2f}; // of coa.py --bad-mac
	struct aaa_change change;

	world_open(300);
	// another secret
	begin(RADIUS_DISCONNECT_REQUEST, false);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	send_as(1, &bad_secret);
	EXPECT_FALSE(receive());
	EXPECT_TRUE(says(" wrong-authenticator=1\n"));
	// each bit of the packet
	send_disconnect(2, "anna");
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
	for (size_t bit = 0; bit < 8 * t.n_sent; bit++) {
		SHIM_TRACE_CASE((long long)bit);
		t.sent[bit / 8] ^= (uint8_t)(1 << bit % 8);
		send_sealed(t.fd);
		EXPECT_FALSE(receive());
		t.sent[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	// a wrong Message-Authenticator under a right Request Authenticator
	t.n_sent = sizeof(bad_mac);
	memcpy(t.sent, bad_mac, sizeof(bad_mac));
	send_sealed(t.fd);
	EXPECT_FALSE(receive());
	EXPECT_TRUE(says(" wrong-message-authenticator=1"));
	// what is no order
	radius_begin(&t.packet, RADIUS_ACCOUNTING_REQUEST, false);
	send_as(4, &good_secret);
	EXPECT_FALSE(receive());
	EXPECT_TRUE(says(" wrong-code="));
	t.n_sent = 19;
	send_sealed(t.fd);
	EXPECT_FALSE(receive());
	EXPECT_TRUE(says(" malformed="));
	EXPECT_TRUE(says("requests=1 acks=0 naks=0"));
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	world_close();
}

TEST(coa, strangers)
{
	struct aaa_change change;
	int fd;

	world_open(300);
	begin(RADIUS_DISCONNECT_REQUEST, false);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	t.n_sent = radius_seal_request(&t.packet, 1, &good_secret, (const uint8_t[16]){0}, t.sent);
	fd = open_sender("127.0.0.4"); // just behind 127.0.0.0/30
	send_sealed(fd);
	close(fd);
	EXPECT_EQ(0, coa_poll(t.coa, &change, 1));
	EXPECT_TRUE(says(" stranger=1\n"));
	fd = open_sender("127.0.0.3");
	send_sealed(fd);
	close(fd);
	EXPECT_EQ(1, coa_poll(t.coa, &change, 1));
	world_close();
}

TEST(coa, time_window)
{
	static const struct {
		uint32_t window_s;
		int64_t off; // INT64_MIN: no Event-Timestamp
		bool is_taken;
		const char *told;
	} cases[] = {
		{300, 0, true, ""},
		{300, -295, true, ""},
		{300, -310, false, " stale=1"},
		{300, 295, true, ""},
		{300, 310, false, " stale=1"},
		{300, INT32_MIN, false, " stale=1"},
		{300, INT64_MIN, false, " no-timestamp=1"},
		{0, INT64_MIN, true, ""},
		{0, -100000, true, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct aaa_change change;
		SHIM_TRACE_CASE((long long)i);
		world_open(cases[i].window_s);
		radius_begin(&t.packet, RADIUS_DISCONNECT_REQUEST, false);
		radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
		if (cases[i].off != INT64_MIN)
			radius_put_u32(&t.packet, RADIUS_EVENT_TIMESTAMP,
				(uint32_t)((int64_t)time(NULL) + cases[i].off));
		send_as(1, &good_secret);
		EXPECT_EQ(cases[i].is_taken, coa_poll(t.coa, &change, 1));
		EXPECT_FALSE(receive());
		EXPECT_TRUE(says(cases[i].told));
		world_close();
	}
}

// What tests/e2e/coa.py, which shares no line with this, has made. COA_NOW was 1750000000.
TEST(coa, known_bytes)
{
	static const uint8_t change_bytes[] = {0x2b, 0x07, 0x00, 0x3c, 0xe3, 0xf9, 0x81, 0x9a, 0x5b,
		0xe8, 0x12, 0x41, 0x9a, 0x69, 0x3e, 0x8d, 0x31, 0xa4, 0x55, 0x5e, 0x01, 0x06, 0x61,
		0x6e, 0x6e, 0x61, 0x1b, 0x06, 0x00, 0x00, 0x02, 0x58, 0x21, 0x04, 0x70, 0x31, 0x37,
		0x06, 0x68, 0x4e, 0xe1, 0x80, 0x50, 0x12, 0xdb, 0x58, 0x41, 0x42, 0xea, 0x11, 0xa2,
		0x35, 0xaa, 0xe6, 0xcb, 0xed, 0x43, 0x39, 0xb8, 0x8d};
	static const uint8_t disconnect_bytes[] = {0x28, 0x09, 0x00, 0x1f, 0x6f, 0xe5, 0x00, 0x10,
		0x94, 0xa8, 0x86, 0x3d, 0x39, 0x51, 0x1c, 0x2f, 0x88, 0xb5, 0xe0, 0xf3, 0x2c, 0x05,
		0x61, 0x62, 0x63, 0x37, 0x06, 0x68, 0x4e, 0xe1, 0x80};
	struct aaa_change change;

	world_open(0);
	t.n_sent = sizeof(change_bytes);
	memcpy(t.sent, change_bytes, t.n_sent);
	send_sealed(t.fd);
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
	EXPECT_EQ(AAA_CHANGE_AUTHORIZATION, change.kind);
	EXPECT_STREQ("anna", change.user);
	EXPECT_EQ(600, change.policy.session_timeout_s);
	t.n_sent = sizeof(disconnect_bytes);
	memcpy(t.sent, disconnect_bytes, t.n_sent);
	send_sealed(t.fd);
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
	EXPECT_EQ(AAA_CHANGE_DISCONNECT, change.kind);
	EXPECT_STREQ("abc", change.session_id);
	world_close();
}

TEST(coa, more_than_may_be_under_way)
{
	struct aaa_change change;
	unsigned int n = 0, n_busy = 0;

	world_open(300);
	for (unsigned int i = 0; i < 1100; i++) {
		char user[16];
		snprintf(user, sizeof(user), "u%u", i);
		send_disconnect((uint8_t)i, user);
		if (receive()) {
			EXPECT_EQ(506, cause());
			n_busy++;
		}
	}
	EXPECT_EQ(1100 - 1024, n_busy);
	while (coa_poll(t.coa, &change, 1)) {
		coa_answer(t.coa, change.tag, AAA_ERROR_NO_CONTEXT);
		n++;
	}
	EXPECT_EQ(1024, n);
	world_close();
}

TEST(coa, reload)
{
	struct config_coa others[2];
	struct aaa_change change;

	world_open(300);
	// A port of the kernel's choice is found again by its number.
	t.listeners[0].port = coa_port(t.coa, 0);
	send_disconnect(1, "anna");
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));

	// A second listener that cannot be: nothing changes.
	others[0] = others[1] = t.listeners[0];
	others[0].tenant_number = 2;
	t.config->coa = others;
	t.config->n_coa = 2;
	EXPECT_EQ(-EADDRINUSE, coa_reload(t.coa));
	t.config->coa = t.listeners;
	t.config->n_coa = 1;
	EXPECT_EQ(0, coa_reload(t.coa));
	// It goes on where it was, for another tenant.
	others[1].port = 0;
	t.config->coa = others;
	t.config->n_coa = 2;
	EXPECT_EQ(0, coa_reload(t.coa));
	EXPECT_TRUE(coa_port(t.coa, 1) != 0);
	coa_answer(t.coa, change.tag, AAA_ERROR_NONE);
	ASSERT_TRUE(receive());
	EXPECT_EQ(RADIUS_DISCONNECT_ACK, t.view.code);
	send_disconnect(2, "bert");
	ASSERT_EQ(1, coa_poll(t.coa, &change, 1));
	EXPECT_EQ(2, change.tenant);
	// Its listener goes away: the answer to what is under way has no way back.
	t.config->n_coa = 0;
	EXPECT_EQ(0, coa_reload(t.coa));
	coa_answer(t.coa, change.tag, AAA_ERROR_NONE);
	EXPECT_FALSE(receive());
	char text[8] = "x";
	coa_describe(t.coa, text, sizeof(text));
	EXPECT_STREQ("", text);
	world_close();
}

TEST(coa, an_address_in_use)
{
	struct coa *other = NULL;

	world_open(300);
	t.listeners[0].port = coa_port(t.coa, 0);
	EXPECT_EQ(-EADDRINUSE, coa_open(&t.core, &other));
	EXPECT_NULL(other);
	world_close();
}
