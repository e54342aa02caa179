// SPDX-License-Identifier: BSD-3-Clause
// An answer of a RADIUS server whose secret is known, so that everything behind the checks is reached: the input is the
// code, what was asked, and the attributes.
#include "drivers/aaa/radius/radius_access.h"
#include "fuzz/fuzz.h"

static const uint8_t authenticator[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static struct config *small_config(void)
{
	static struct config *c;

	if (c)
		return c;
	c = config_new();
	REQUIRE(c);
	c->n_acls = 1;
	snprintf(c->acls[0].name, sizeof(c->acls[0].name), "web");
	c->n_pools = 1;
	snprintf(c->pools[0].name, sizeof(c->pools[0].name), "lab");
	return c;
}

static void check_policy(const struct config *c, const struct config_policy *p)
{
	REQUIRE(p->n_routes <= LIMIT_GROUP_ROUTES && p->n_pools <= LIMIT_POLICY_POOLS);
	REQUIRE(p->n_dns <= CONFIG_NAME_SERVERS && p->n_nbns <= CONFIG_NAME_SERVERS);
	REQUIRE(memchr(p->domain, 0, sizeof(p->domain)) != NULL);
	// An access list is one that there is, or there is none.
	REQUIRE(p->acl_in[0] == '\0' || config_find_acl(c, p->acl_in) >= 0);
	REQUIRE(p->acl_out[0] == '\0' || config_find_acl(c, p->acl_out) >= 0);
	REQUIRE((p->mppe_bits & ~c->mppe_bits) == 0);
}

static void check_reply(const struct config *c, const struct aaa_reply *reply, struct span state)
{
	static const struct mppe_start_keys none;

	REQUIRE(reply->tag == 42);
	REQUIRE(reply->result == AAA_ACCEPT || reply->result == AAA_REJECT);
	REQUIRE(reply->result == AAA_ACCEPT || reply->ms_error != 0);
	REQUIRE(memchr(reply->message, 0, sizeof(reply->message)) != NULL);
	for (const char *m = reply->message; *m; m++)
		REQUIRE((unsigned char)*m >= 0x20 && *m != 0x7f);
	REQUIRE(reply->classes.n_bytes <= sizeof(reply->classes.bytes));
	REQUIRE(reply->n_routes <= LIMIT_USER_ROUTES && reply->group < c->n_groups);
	REQUIRE(state.len <= RADIUS_STATE_BYTES_MAX);
	// Keys of who is not admitted, or that are not whole, go nowhere.
	if (!reply->has_keys)
		REQUIRE(memcmp(&reply->keys, &none, sizeof(none)) == 0);
	check_policy(c, &reply->policy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t codes[] = {
		RADIUS_ACCESS_ACCEPT, RADIUS_ACCESS_REJECT, RADIUS_ACCESS_CHALLENGE};
	static uint8_t bytes[RADIUS_PACKET_BYTES_MAX + 64];
	struct config *c = small_config();
	struct radius_asked asked = {.tag = 42};
	struct secret secret = {.len = 6, .bytes = "secret"};
	struct radius_view v;
	struct aaa_reply reply;
	struct span state;

	if (size < 2 || size - 2 > sizeof(bytes) - RADIUS_HEADER_BYTES)
		return 0;
	asked.method = (enum auth_method)(1 + data[0] % 4);
	asked.chap_id = data[0] >> 4;
	memset(bytes, 0, RADIUS_HEADER_BYTES);
	bytes[0] = codes[data[1] % 3];
	bytes_put_u16(bytes + 2, (uint16_t)(RADIUS_HEADER_BYTES + size - 2));
	memcpy(bytes + RADIUS_HEADER_BYTES, data + 2, size - 2);
	if (radius_read(span_of(bytes, RADIUS_HEADER_BYTES + size - 2), &v) != 0)
		return 0;
	(void)radius_check_reply(&v, authenticator, &secret, true);
	(void)radius_check_request(&v, &secret, false);
	radius_access_read(c, &asked, &v, authenticator, &secret, &reply, &state);
	check_reply(c, &reply, state);
	aaa_reply_wipe(&reply);
	return 0;
}
