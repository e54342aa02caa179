// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_packet.h"

#include "unit/drivers/account_sample.h"
#include "shim/shim.h"

#include <stdlib.h>

static struct radius_packet packet;
static uint8_t bytes[RADIUS_PACKET_BYTES_MAX];
static struct radius_view view;
static struct config *config;

#define SECOND_NS UINT64_C(1000000000)

static void make(const struct aaa_account *record, uint64_t wall_ns)
{
	struct secret secret;
	const uint8_t none[16] = {0};

	if (!config)
		config = config_new();
	snprintf(config->name, sizeof(config->name), "box");
	ASSERT_EQ(0, secret_set(&secret, span_of_text("testing123")));
	account_packet_put(record, config, wall_ns, &packet);
	size_t n = radius_seal_request(&packet, 9, &secret, none, bytes);
	ASSERT_GT(n, 0);
	ASSERT_EQ(0, radius_read(span_of(bytes, n), &view));
	ASSERT_EQ(RADIUS_CHECK_GOOD, radius_check_request(&view, &secret, false));
}

static uint32_t number(uint8_t type)
{
	struct span value;
	uint32_t v = 0;

	EXPECT_TRUE(radius_find(&view, 0, type, &value) && radius_get_u32(value, &v));
	return v;
}

static bool has(uint8_t type)
{
	struct span value;

	return radius_find(&view, 0, type, &value);
}

static void expect_text(uint8_t type, const char *text)
{
	struct span value = {0};

	EXPECT_TRUE(radius_find(&view, 0, type, &value));
	EXPECT_TRUE(span_equal(value, span_of_text(text)));
}

// All bytes behind the authenticator, by hand from RFC 2865, 2866, 2869.
TEST(account_packet, accounting_on_byte_for_byte)
{
	static const uint8_t wanted[] = {
		40, 6, 0, 0, 0, 7,	       // Acct-Status-Type = Accounting-On
		4, 6, 192, 0, 2, 1,	       // NAS-IP-Address
		32, 5, 'b', 'o', 'x',	       // NAS-Identifier
		55, 6, 0x65, 0x53, 0xf1, 0x00, // Event-Timestamp: 1700000000
		41, 6, 0, 0, 0, 3,	       // Acct-Delay-Time
		44, 3, '0',		       // Acct-Session-Id
	};
	const struct aaa_account record = {.kind = AAA_ACCOUNT_ON,
		.server_be = 0x010200c0,
		.event_wall_ns = 1700000000 * SECOND_NS};

	make(&record, 1700000003 * SECOND_NS + 5);
	EXPECT_EQ(RADIUS_ACCOUNTING_REQUEST, view.code);
	ASSERT_EQ(sizeof(wanted), view.attributes.len);
	EXPECT_MEMEQ(wanted, view.attributes.bytes, sizeof(wanted));
}

TEST(account_packet, a_stop_has_it_all)
{
	struct aaa_account record;
	struct radius_attribute a;
	unsigned int n_classes = 0;

	account_sample(&record, 2);
	record.kind = AAA_ACCOUNT_STOP;
	record.cause = AAA_CAUSE_LOST_CARRIER;
	record.up_bytes = (UINT64_C(5) << 32) + 17;
	record.down_bytes = UINT32_MAX;
	record.event_wall_ns = 1700000000 * SECOND_NS;
	record.client_be = 0x0100000a;
	make(&record, 1700000060 * SECOND_NS);
	EXPECT_EQ(2, number(RADIUS_ACCT_STATUS_TYPE));
	EXPECT_EQ(17, number(RADIUS_ACCT_INPUT_OCTETS)); // of the client
	EXPECT_EQ(5, number(RADIUS_ACCT_INPUT_GIGAWORDS));
	EXPECT_EQ(UINT32_MAX, number(RADIUS_ACCT_OUTPUT_OCTETS));
	EXPECT_EQ(0, number(RADIUS_ACCT_OUTPUT_GIGAWORDS));
	EXPECT_EQ(22, number(RADIUS_ACCT_INPUT_PACKETS));
	EXPECT_EQ(14, number(RADIUS_ACCT_OUTPUT_PACKETS));
	EXPECT_EQ(6, number(RADIUS_ACCT_SESSION_TIME));
	EXPECT_EQ(2, number(RADIUS_ACCT_TERMINATE_CAUSE));
	EXPECT_EQ(60, number(RADIUS_ACCT_DELAY_TIME));
	EXPECT_EQ(1700000000, number(RADIUS_EVENT_TIMESTAMP));
	EXPECT_EQ(1, number(RADIUS_ACCT_AUTHENTIC));
	EXPECT_EQ(1, number(RADIUS_TUNNEL_TYPE)); // the tag is zero
	EXPECT_EQ(2, number(RADIUS_NAS_PORT));
	expect_text(RADIUS_USER_NAME, "user-2");
	expect_text(RADIUS_ACCT_SESSION_ID, record.session_id);
	expect_text(RADIUS_ACCT_MULTI_SESSION_ID, record.multi_session_id);
	expect_text(RADIUS_CALLING_STATION_ID, "10.0.0.1");
	expect_text(RADIUS_TUNNEL_CLIENT_ENDPOINT, "10.0.0.1");
	struct radius_cursor c = radius_cursor_of(&view);
	while (radius_next(&c, &a))
		n_classes += a.vendor == 0 && a.type == RADIUS_CLASS;
	EXPECT_EQ(2, n_classes);
}

TEST(account_packet, a_start_has_no_figures)
{
	struct aaa_account record;

	account_sample(&record, 5);
	make(&record, 0); // the clock was set back
	EXPECT_EQ(1, number(RADIUS_ACCT_STATUS_TYPE));
	EXPECT_EQ(2, number(RADIUS_ACCT_AUTHENTIC)); // local
	EXPECT_EQ(0, number(RADIUS_ACCT_DELAY_TIME));
	EXPECT_FALSE(has(RADIUS_ACCT_INPUT_OCTETS));
	EXPECT_FALSE(has(RADIUS_ACCT_SESSION_TIME));
	EXPECT_FALSE(has(RADIUS_ACCT_TERMINATE_CAUSE));
	config_free(config);
	config = NULL;
}
