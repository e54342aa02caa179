// SPDX-License-Identifier: BSD-3-Clause
#include "proto/dhcp_inform.h"

#include <errno.h>

#include "shim/exact.h"
#include "shim/hex.h"
#include "shim/shim.h"

#define CLIENT "0a1e000a" // 10.30.0.10

// Header up to and with the cookie: BOOTREQUEST, htype 8, hlen 6, xid, ciaddr, chaddr 00:53:45:00:00:00.
#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define HEADER(xid, flags, ciaddr)                                                               \
	"01080600" xid "0000" flags ciaddr "00000000 00000000 00000000"                          \
	"00534500000000000000000000000000" ZEROS_32 ZEROS_32 ZEROS_32 ZEROS_32 ZEROS_32 ZEROS_32 \
	"63825363"

// The shape of Windows 2000 and XP after IPCP: type, client identifier, "MSFT 5.0", and what it wants.
static const char windows_xp[] = HEADER("a1b2c3d4", "0000", CLIENT) "350108 3d0708005345000000"
								    "3c084d53465420352e30"
								    "3706 062c2b01f90f ff";
// Windows 7: the list has 121, too.
static const char windows_7[] =
	HEADER("00000007", "0000", CLIENT) "350108 3d0708005345000000"
					   "0c0477696e37"
					   "3c084d53465420352e30"
					   "370d 010f03062c2e2f1f2179f92bfc ff";
// macOS: no host name, no class; two bytes of padding behind END.
static const char macos[] = HEADER("00000001", "0000", CLIENT) "350108 3d0708000000010000"
							       "3706 062c2b01f90f ff 0000";

static uint32_t be(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	const uint8_t bytes[4] = {a, b, c, d};
	uint32_t v;

	memcpy(&v, bytes, 4);
	return v;
}

static struct dhcp_inform_params params(struct dhcp_route own_routes[2])
{
	own_routes[0] = (struct dhcp_route){be(10, 20, 0, 0), 16};
	own_routes[1] = (struct dhcp_route){be(192, 168, 7, 0), 24};
	return (struct dhcp_inform_params){
		.client_be = be(10, 30, 0, 10),
		.server_be = be(10, 30, 0, 1),
		.n_dns = 2,
		.n_nbns = 1,
		.n_routes = 2,
		.dns_be = {be(10, 20, 0, 2), be(10, 20, 0, 3)},
		.nbns_be = {be(10, 20, 0, 4), 0},
		.domain = "corp.example",
		.routes = own_routes,
	};
}

struct answer {
	int rc;
	size_t len;
	uint8_t bytes[1500];
};

static struct answer ask(const char *hex, const struct dhcp_inform_params *p, size_t bytes_max)
{
	uint8_t bytes[1500];
	struct answer a = {0};
	struct writer w = writer_of(a.bytes, sizeof(a.bytes));
	size_t len = hex_bytes(bytes, sizeof(bytes), hex);
	uint8_t *exact = exact_copy(bytes, len);

	a.rc = dhcp_inform_answer(span_of(exact, len), p, bytes_max, &w);
	a.len = w.len;
	free(exact);
	return a;
}

// Header and options of the answer; what is behind them is padding.
static void expect_options(const struct answer *a, const char *hex)
{
	uint8_t want[600];
	size_t len = hex_bytes(want, sizeof(want), hex);

	ASSERT_EQ(a->rc, 0);
	ASSERT_GE(a->len, DHCP_HEADER_BYTES + len);
	EXPECT_MEMEQ(a->bytes + DHCP_HEADER_BYTES, want, len);
	EXPECT_EQ(want[len - 1], DHCP_OPTION_END);
	for (size_t i = DHCP_HEADER_BYTES + len; i < a->len; i++)
		EXPECT_EQ(a->bytes[i], 0);
	EXPECT_GE(a->len, DHCP_INFORM_BYTES_MIN);
}

TEST(dhcp_inform, windows_xp)
{
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);
	struct answer a = ask(windows_xp, &p, 1400);
	uint8_t header[300];

	expect_options(&a, "350105 36040a1e0001 0104ffffffff"
			   "f90f 10 0a14 0a1e000a 18 c0a807 0a1e000a"
			   "0608 0a140002 0a140003 2c04 0a140004"
			   "0f0c 636f72702e6578616d706c65 ff");
	// BOOTREPLY, hardware as it was, xid, no seconds; ciaddr, and neither yiaddr nor siaddr.
	hex_bytes(header, sizeof(header), HEADER("a1b2c3d4", "0000", CLIENT));
	header[0] = DHCP_BOOTREPLY;
	EXPECT_MEMEQ(a.bytes, header, DHCP_HEADER_BYTES);
}

TEST(dhcp_inform, windows_7_has_both_route_options)
{
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);
	struct answer a = ask(windows_7, &p, 1400);

	expect_options(&a, "350105 36040a1e0001 0104ffffffff"
			   "790f 10 0a14 0a1e000a 18 c0a807 0a1e000a"
			   "f90f 10 0a14 0a1e000a 18 c0a807 0a1e000a"
			   "0608 0a140002 0a140003 2c04 0a140004 2e0108"
			   "0f0c 636f72702e6578616d706c65 ff");
}

TEST(dhcp_inform, macos)
{
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);
	struct answer a = ask(macos, &p, 1400);

	ASSERT_EQ(a.rc, 0);
	EXPECT_MEMEQ(a.bytes + DHCP_HEADER_BYTES, "\x35\x01\x05", 3); // first
}

// What policy does not have is not there; what the client did not ask for neither.
TEST(dhcp_inform, least_and_unasked)
{
	struct dhcp_inform_params nothing = {
		.client_be = be(10, 30, 0, 10), .server_be = be(10, 30, 0, 1), .domain = ""};
	struct dhcp_route r[2];
	struct dhcp_inform_params all = params(r);
	struct answer a = ask(windows_7, &nothing, 1400);

	expect_options(&a, "350105 36040a1e0001 0104ffffffff ff");
	a = ask(HEADER("00000001", "8000", CLIENT) "350108 37010f ff", &all, 1400);
	expect_options(&a, "350105 36040a1e0001 0f0c 636f72702e6578616d706c65 ff");
	EXPECT_EQ(a.bytes[10], 0x80); // flags are copied
	// An empty list is a list.
	a = ask(HEADER("00000001", "0000", CLIENT) "350108 3700 ff", &all, 1400);
	expect_options(&a, "350105 36040a1e0001 ff");
	// No list: all there is.
	a = ask(HEADER("00000001", "0000", CLIENT) "350108 ff", &all, 1400);
	expect_options(&a, "350105 36040a1e0001 0104ffffffff"
			   "790f 10 0a14 0a1e000a 18 c0a807 0a1e000a"
			   "f90f 10 0a14 0a1e000a 18 c0a807 0a1e000a"
			   "0608 0a140002 0a140003 2c04 0a140004 2e0108"
			   "0f0c 636f72702e6578616d706c65 ff");
	// Without a name server there is no node type.
	all.n_nbns = 0;
	a = ask(HEADER("00000001", "0000", CLIENT) "350108 37022c2e ff", &all, 1400);
	expect_options(&a, "350105 36040a1e0001 ff");
}

TEST(dhcp_inform, what_is_not_answered)
{
	static const struct {
		const char *hex;
		int want;
	} cases[] = {
		/* 0 */ {HEADER("00000001", "0000", CLIENT) "350108 ff", 0},
		/* 1 */ {HEADER("00000001", "0000", "00000000") "350108 ff", 0}, // ciaddr left out
		/* 2 */ {HEADER("00000001", "0000", "0a1e000b") "350108 ff", -EADDRNOTAVAIL},
		/* 3 */
		{HEADER("00000001", "0000", "00000000") "350101 ff", -EOPNOTSUPP},     // DISCOVER
		/* 4 */ {HEADER("00000001", "0000", CLIENT) "350103 ff", -EOPNOTSUPP}, // REQUEST
		/* 5 */ {HEADER("00000001", "0000", CLIENT) "ff", -EOPNOTSUPP},	       // BOOTP
		/* 6 */ {HEADER("00000001", "0000", CLIENT) "35020808 ff", -EOPNOTSUPP},
		/* 7 */ {HEADER("00000001", "0000", CLIENT) "350108 3706", -EBADMSG},
		/* 8 */ {"010806", -EBADMSG},
		/* 9 */ {HEADER("00000001", "0000", CLIENT) "350108", 0},
	};
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		struct answer a = ask(cases[i].hex, &p, 1400);
		EXPECT_EQ(a.rc, cases[i].want);
		EXPECT_EQ(a.len > 0, a.rc == 0);
	}
	uint8_t bytes[600];
	struct writer w = writer_of(bytes, sizeof(bytes));
	size_t len = hex_bytes(bytes, 300, cases[0].hex);
	bytes[0] = DHCP_BOOTREPLY;
	EXPECT_EQ(dhcp_inform_answer(span_of(bytes, len), &p, 300, &w), -EBADMSG);
	bytes[0] = DHCP_BOOTREQUEST;
	bytes[24] = 10; // through a relay
	EXPECT_EQ(dhcp_inform_answer(span_of(bytes, len), &p, 300, &w), -EADDRNOTAVAIL);
}

static size_t count_option(const struct answer *a, uint8_t code)
{
	struct dhcp_message m;
	struct dhcp_option o;
	size_t n = 0;

	EXPECT_EQ(dhcp_message_get(span_of(a->bytes, a->len), &m), 0);
	while (dhcp_option_next(&m.options, &o) == 1)
		n += o.code == code;
	return n;
}

// The bounds: the caller's, the client's of option 57, and the 576 bytes that all can take.
TEST(dhcp_inform, sizes)
{
	struct dhcp_route many[28];
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);
	char domain[254];

	for (uint8_t i = 0; i < 28; i++)
		many[i] = (struct dhcp_route){be(10, 1, i, 128), 25};
	memset(domain, 'a', 253);
	domain[253] = '\0';
	p.routes = many;
	p.n_routes = 28; // 252 bytes
	// Twice 254 bytes are more than 548: Windows 7 gets 121, and XP what it knows.
	struct answer a = ask(windows_7, &p, 1400);
	ASSERT_EQ(a.rc, 0);
	EXPECT_LE(a.len, 548);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES), 1);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES_MICROSOFT), 0);
	a = ask(windows_xp, &p, 1400);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES_MICROSOFT), 1);
	// More than fits one option: none, rather than a part.
	p.n_routes = 28;
	many[0].prefix_len = 32;
	p.domain = domain;
	a = ask(windows_7, &p, 1400);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_DOMAIN), 1);
	EXPECT_GT(a.len, 548); // nobody set a bound but the tunnel
	// Option 57: 576, and what is under it counts as 576.
	for (unsigned int i = 0; i < 2; i++) {
		a = ask(i ? HEADER("00000001", "0000", CLIENT) "350108 39020020 ff"
			  : HEADER("00000001", "0000", CLIENT) "350108 39020240 ff",
			&p, 1400);
		ASSERT_EQ(a.rc, 0);
		EXPECT_LE(a.len, 548);
		EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES), 1);
		EXPECT_EQ(count_option(&a, DHCP_OPTION_DOMAIN), 0);
		EXPECT_EQ(count_option(&a, DHCP_OPTION_DNS), 1);
	}
	// A narrow tunnel.
	for (size_t max = DHCP_INFORM_BYTES_MIN - 1; max < 800; max++) {
		a = ask(windows_7, &p, max);
		ASSERT_EQ(a.rc, max < DHCP_INFORM_BYTES_MIN ? -ENOSPC : 0);
		ASSERT_LE(a.len, max);
		if (a.rc == 0)
			ASSERT_EQ(count_option(&a, DHCP_OPTION_TYPE), 1);
	}
}

// Routes that no option holds are left out whole.
TEST(dhcp_inform, too_many_routes)
{
	struct dhcp_route many[29];
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);

	for (uint8_t i = 0; i < 29; i++)
		many[i] = (struct dhcp_route){be(10, 1, i, 128), 25};
	p.routes = many;
	p.n_routes = 29;
	struct answer a = ask(windows_7, &p, 1400);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES), 0);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_ROUTES_MICROSOFT), 0);
	EXPECT_EQ(count_option(&a, DHCP_OPTION_DOMAIN), 1);
}

TEST(dhcp_inform, every_truncation_is_refused_or_answered)
{
	struct dhcp_route r[2];
	struct dhcp_inform_params p = params(r);
	uint8_t bytes[600], out[600];
	size_t len = hex_bytes(bytes, sizeof(bytes), windows_7);

	for (size_t n = 0; n <= len; n++) {
		uint8_t *exact = exact_copy(bytes, n);
		struct writer w = writer_of(out, sizeof(out));
		int rc = dhcp_inform_answer(span_of(exact, n), &p, sizeof(out), &w);
		EXPECT_EQ(rc == 0, w.len > 0);
		if (n < DHCP_HEADER_BYTES + 3)
			EXPECT_NE(rc, 0);
		free(exact);
	}
}
