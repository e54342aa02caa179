// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/coa_request.h"

#include "shim/shim.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct {
	struct config *config;
	struct config_coa listener;
	struct radius_packet packet;
	struct aaa_change change;
} t;

static void begin(enum radius_code code)
{
	if (!t.config) {
		t.config = config_new();
		strcpy(t.config->acls[0].name, "office");
		strcpy(t.config->acls[1].name, "guests");
		t.config->n_acls = 2;
		strcpy(t.config->groups[1].name, "sales");
		t.config->n_groups = 2;
		t.config->n_listen = 1;
		t.config->listen_be[0] = inet_addr("192.0.2.1");
		t.listener = (struct config_coa){
			.tenant_number = 3, .address_be = inet_addr("198.51.100.9")};
	}
	radius_begin(&t.packet, code, false);
}

static enum aaa_error_cause read_it(void)
{
	static const struct secret secret = {.len = 1, .bytes = {'s'}};
	uint8_t random[16] = {0}, bytes[RADIUS_PACKET_BYTES_MAX];
	struct radius_view v;
	size_t n = radius_seal_request(&t.packet, 1, &secret, random, bytes);

	EXPECT_EQ(0, radius_read(span_of(bytes, n), &v));
	return coa_request_read(t.config, &t.listener, &v, &t.change);
}

static void put_hex(uint8_t type, const char *hex)
{
	uint8_t bytes[256];
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned int byte;
		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
	}
	radius_put(&t.packet, type, span_of(bytes, n));
}

TEST(coa_request, all_keys)
{
	begin(RADIUS_DISCONNECT_REQUEST);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna@example.org");
	radius_put_ipv4(&t.packet, RADIUS_NAS_IP_ADDRESS, inet_addr("192.0.2.1"));
	radius_put_text(&t.packet, RADIUS_NAS_IDENTIFIER, "adit");
	radius_put_u32(&t.packet, RADIUS_NAS_PORT, 0x01000005);
	radius_put_text(&t.packet, RADIUS_NAS_PORT_ID, "pptp16777221");
	radius_put_ipv4(&t.packet, RADIUS_FRAMED_IP_ADDRESS, inet_addr("10.0.0.7"));
	radius_put_text(&t.packet, RADIUS_CALLING_STATION_ID, "203.0.113.200");
	radius_put_text(&t.packet, RADIUS_ACCT_SESSION_ID, "0190000000000000001");
	radius_put_text(&t.packet, RADIUS_ACCT_MULTI_SESSION_ID, "0190000000000000002");
	radius_put_text(&t.packet, RADIUS_PROXY_STATE, "p");
	radius_put_u32(&t.packet, RADIUS_EVENT_TIMESTAMP, 5);
	radius_put_u32(&t.packet, RADIUS_ACCT_TERMINATE_CAUSE, 6);
	radius_put_text(&t.packet, RADIUS_REPLY_MESSAGE, "bye");
	radius_put_text(&t.packet, RADIUS_CLASS, "c1");
	EXPECT_EQ(AAA_ERROR_NONE, read_it());
	EXPECT_EQ(AAA_CHANGE_DISCONNECT, t.change.kind);
	EXPECT_EQ(3, t.change.tenant);
	EXPECT_EQ(0x3f, t.change.keys);
	EXPECT_EQ(16, t.change.user_len);
	EXPECT_STREQ("anna@example.org", t.change.user);
	EXPECT_EQ(0x01000005, t.change.nas_port);
	EXPECT_EQ(inet_addr("10.0.0.7"), t.change.framed_be);
	EXPECT_EQ(inet_addr("203.0.113.200"), t.change.calling_be);
	EXPECT_STREQ("0190000000000000001", t.change.session_id);
	EXPECT_STREQ("0190000000000000002", t.change.multi_session_id);
	EXPECT_TRUE(t.change.has_classes);
	EXPECT_EQ(3, t.change.classes.n_bytes);
	EXPECT_MEMEQ("\2c1", t.change.classes.bytes, 3);
}

TEST(coa_request, all_changes)
{
	begin(RADIUS_COA_REQUEST);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	radius_put_u32(&t.packet, RADIUS_SERVICE_TYPE, 2);
	radius_put_u32(&t.packet, RADIUS_FRAMED_PROTOCOL, 1);
	radius_put_u32(&t.packet, RADIUS_NAS_PORT_TYPE, 5);
	radius_put_u32(&t.packet, RADIUS_TERMINATION_ACTION, 0);
	radius_put_text(&t.packet, RADIUS_STATE, "s");
	radius_put_text(&t.packet, RADIUS_FILTER_ID, "office.in");
	radius_put_text(&t.packet, RADIUS_FILTER_ID, "guests.out");
	radius_put_u32(&t.packet, RADIUS_SESSION_TIMEOUT, 3600);
	radius_put_u32(&t.packet, RADIUS_IDLE_TIMEOUT, 60);
	radius_put_u32(&t.packet, RADIUS_ACCT_INTERIM_INTERVAL, 300);
	radius_put_text(&t.packet, RADIUS_CLASS, "OU=sales;");
	radius_put_text(&t.packet, RADIUS_CLASS, "other");
	radius_put_vendor(&t.packet, RADIUS_VENDOR_MIKROTIK, 8, span_of_text("2M/8M"));
	EXPECT_EQ(AAA_ERROR_NONE, read_it());
	EXPECT_EQ(AAA_CHANGE_AUTHORIZATION, t.change.kind);
	EXPECT_EQ(1u << CONFIG_POLICY_RATE_UP | 1u << CONFIG_POLICY_RATE_DOWN |
			  1u << CONFIG_POLICY_ACL_IN | 1u << CONFIG_POLICY_ACL_OUT |
			  1u << CONFIG_POLICY_SESSION_TIMEOUT | 1u << CONFIG_POLICY_IDLE_TIMEOUT |
			  1u << CONFIG_POLICY_INTERIM,
		t.change.policy.given);
	EXPECT_EQ(2000, t.change.policy.rate_up_kbps);
	EXPECT_EQ(8000, t.change.policy.rate_down_kbps);
	EXPECT_STREQ("office", t.change.policy.acl_in);
	EXPECT_STREQ("guests", t.change.policy.acl_out);
	EXPECT_EQ(3600, t.change.policy.session_timeout_s);
	EXPECT_EQ(60, t.change.policy.idle_timeout_s);
	EXPECT_EQ(300, t.change.policy.interim_s);
	EXPECT_TRUE(t.change.has_group);
	EXPECT_EQ(1, t.change.group);
	EXPECT_EQ(10 + 6, t.change.classes.n_bytes);
	EXPECT_MEMEQ("\x09OU=sales;\5other", t.change.classes.bytes, 16);
}

TEST(coa_request, one_attribute_that_is_wrong)
{
	static const struct {
		enum radius_code code;
		uint8_t type;
		const char *hex;
		enum aaa_error_cause wanted;
	} cases[] = {
		// keys
		{RADIUS_COA_REQUEST, RADIUS_USER_NAME, "616e00", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_NAS_PORT, "010203", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_NAS_PORT_ID, "70707470", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_NAS_PORT_ID, "34323934393637323936",
			AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_NAS_PORT_ID, "34323934393637323935", AAA_ERROR_NONE},
		{RADIUS_COA_REQUEST, RADIUS_FRAMED_IP_ADDRESS, "0a0000", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_CALLING_STATION_ID, "31302e312e322e33", AAA_ERROR_NONE},
		{RADIUS_COA_REQUEST, RADIUS_CALLING_STATION_ID, "31302e312e322e",
			AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_CALLING_STATION_ID, "31302e312e32",
			AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_CALLING_STATION_ID, "31302e312e322e333030",
			AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_CALLING_STATION_ID, "31302e312e322e33202e",
			AAA_ERROR_INVALID_VALUE},
		// whose packet it is
		{RADIUS_COA_REQUEST, RADIUS_NAS_IP_ADDRESS, "c0000201", AAA_ERROR_NONE},
		{RADIUS_COA_REQUEST, RADIUS_NAS_IP_ADDRESS, "c6336409",
			AAA_ERROR_NONE}, // the listener's
		{RADIUS_COA_REQUEST, RADIUS_NAS_IP_ADDRESS, "c0000202", AAA_ERROR_NAS_MISMATCH},
		{RADIUS_COA_REQUEST, RADIUS_NAS_IP_ADDRESS, "00000000", AAA_ERROR_NAS_MISMATCH},
		{RADIUS_COA_REQUEST, RADIUS_NAS_IP_ADDRESS, "c00002", AAA_ERROR_INVALID_VALUE},
		{RADIUS_DISCONNECT_REQUEST, RADIUS_NAS_IDENTIFIER, "6f74686572",
			AAA_ERROR_NAS_MISMATCH},
		// changes
		{RADIUS_COA_REQUEST, RADIUS_FILTER_ID, "6f6666696365", AAA_ERROR_NONE},
		{RADIUS_COA_REQUEST, RADIUS_FILTER_ID, "6e6f6e65", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_CLASS, "4f553d6e6f6e653b", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_SESSION_TIMEOUT, "0102", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_SERVICE_TYPE, "00000001",
			AAA_ERROR_UNSUPPORTED_SERVICE},
		{RADIUS_COA_REQUEST, RADIUS_SERVICE_TYPE, "0002", AAA_ERROR_UNSUPPORTED_SERVICE},
		{RADIUS_COA_REQUEST, RADIUS_SERVICE_TYPE, "00000011", AAA_ERROR_MISSING_ATTRIBUTE},
		{RADIUS_COA_REQUEST, RADIUS_FRAMED_PROTOCOL, "00000002", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_TERMINATION_ACTION, "00000001",
			AAA_ERROR_INVALID_VALUE},
		// what cannot change while a call is up, and what nobody knows
		{RADIUS_COA_REQUEST, RADIUS_FRAMED_POOL, "706f6f6c", AAA_ERROR_INVALID_VALUE},
		{RADIUS_COA_REQUEST, RADIUS_FRAMED_IP_NETMASK, "ffffff00",
			AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_COA_REQUEST, RADIUS_FRAMED_ROUTE, "31", AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_COA_REQUEST, 79, "00", AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_COA_REQUEST, 200, "00", AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_COA_REQUEST, 26, "000001371c06c0000201",
			AAA_ERROR_UNSUPPORTED_ATTRIBUTE}, // DNS
		{RADIUS_COA_REQUEST, 26, "000000090106", AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_COA_REQUEST, 26, "00003a8c0805784d4d", AAA_ERROR_INVALID_VALUE},
		// of a Disconnect-Request only keys
		{RADIUS_DISCONNECT_REQUEST, RADIUS_SESSION_TIMEOUT, "00000001",
			AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_DISCONNECT_REQUEST, RADIUS_SERVICE_TYPE, "00000002",
			AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_DISCONNECT_REQUEST, RADIUS_STATE, "00", AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
		{RADIUS_DISCONNECT_REQUEST, 26, "00003a8c0804324d",
			AAA_ERROR_UNSUPPORTED_ATTRIBUTE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE((long long)i);
		begin(cases[i].code);
		radius_put_text(&t.packet, RADIUS_ACCT_SESSION_ID, "x");
		put_hex(cases[i].type, cases[i].hex);
		EXPECT_EQ(cases[i].wanted, read_it());
		// Wherever it stands.
		begin(cases[i].code);
		put_hex(cases[i].type, cases[i].hex);
		radius_put_text(&t.packet, RADIUS_ACCT_SESSION_ID, "x");
		EXPECT_EQ(cases[i].wanted, read_it());
	}
}

TEST(coa_request, no_keys)
{
	begin(RADIUS_DISCONNECT_REQUEST);
	EXPECT_EQ(AAA_ERROR_MISSING_ATTRIBUTE, read_it());
	begin(RADIUS_COA_REQUEST);
	radius_put_text(&t.packet, RADIUS_NAS_IDENTIFIER, "adit");
	radius_put_u32(&t.packet, RADIUS_SESSION_TIMEOUT, 1);
	EXPECT_EQ(AAA_ERROR_MISSING_ATTRIBUTE, read_it());
}

TEST(coa_request, keys_that_contradict)
{
	static const uint8_t keys[] = {RADIUS_USER_NAME, RADIUS_ACCT_SESSION_ID,
		RADIUS_ACCT_MULTI_SESSION_ID, RADIUS_NAS_PORT_ID};

	for (size_t i = 0; i < sizeof(keys); i++) {
		SHIM_TRACE_CASE((long long)i);
		begin(RADIUS_DISCONNECT_REQUEST);
		radius_put_text(&t.packet, keys[i], "1");
		radius_put_text(&t.packet, keys[i], "1");
		EXPECT_EQ(AAA_ERROR_INVALID_REQUEST, read_it());
	}
	begin(RADIUS_DISCONNECT_REQUEST);
	radius_put_u32(&t.packet, RADIUS_NAS_PORT, 5);
	radius_put_text(&t.packet, RADIUS_NAS_PORT_ID, "6");
	EXPECT_EQ(AAA_ERROR_NO_CONTEXT, read_it());
}

TEST(coa_request, authorize_only)
{
	begin(RADIUS_COA_REQUEST);
	radius_put_u32(&t.packet, RADIUS_SERVICE_TYPE, 17);
	radius_put_text(&t.packet, RADIUS_STATE, "s");
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	EXPECT_EQ(AAA_ERROR_UNSUPPORTED_SERVICE, read_it());
	begin(RADIUS_COA_REQUEST);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	radius_put_text(&t.packet, RADIUS_STATE, "s");
	radius_put_text(&t.packet, RADIUS_STATE, "s");
	EXPECT_EQ(AAA_ERROR_INVALID_REQUEST, read_it());
}

// The longest that fit are taken, one byte more is not.
TEST(coa_request, longest)
{
	char text[254];

	memset(text, 'x', sizeof(text));
	for (size_t n = AAA_SESSION_ID_BYTES - 1; n <= AAA_SESSION_ID_BYTES; n++) {
		begin(RADIUS_DISCONNECT_REQUEST);
		radius_put(&t.packet, RADIUS_ACCT_SESSION_ID, span_of(text, n));
		EXPECT_EQ(n < AAA_SESSION_ID_BYTES ? AAA_ERROR_NONE : AAA_ERROR_INVALID_VALUE,
			read_it());
	}
	begin(RADIUS_COA_REQUEST);
	radius_put_text(&t.packet, RADIUS_USER_NAME, "anna");
	radius_put(&t.packet, RADIUS_CLASS, span_of(text, 253));
	radius_put(&t.packet, RADIUS_CLASS, span_of(text, 253));
	EXPECT_EQ(AAA_ERROR_NONE, read_it());
	EXPECT_EQ(508, t.change.classes.n_bytes);
	radius_put(&t.packet, RADIUS_CLASS, span_of(text, 3));
	EXPECT_EQ(AAA_ERROR_NONE, read_it());
	radius_put(&t.packet, RADIUS_CLASS, span_of(text, 1));
	EXPECT_EQ(AAA_ERROR_INVALID_VALUE, read_it());
}
