// SPDX-License-Identifier: BSD-3-Clause
#include "drivers/aaa/radius/account_bytes.h"

#include "unit/drivers/account_sample.h"
#include "shim/shim.h"

#include <errno.h>

TEST(account_bytes, the_checksum_is_crc_32c)
{
	EXPECT_EQ(0xe3069283u,
		account_bytes_crc(0, "123456789", 9)); // the check value of its catalogue
	EXPECT_EQ(0xe3069283u, account_bytes_crc(account_bytes_crc(0, "1234", 4), "56789", 5));
	EXPECT_EQ(0, account_bytes_crc(0, "", 0));
}

static void expect_same(const struct aaa_account *a, const struct aaa_account *b)
{
	EXPECT_EQ(a->kind, b->kind);
	EXPECT_STREQ(a->session_id, b->session_id);
	EXPECT_STREQ(a->multi_session_id, b->multi_session_id);
	EXPECT_EQ(a->user_len, b->user_len);
	EXPECT_MEMEQ(a->user, b->user, a->user_len);
	EXPECT_EQ(a->classes.n_bytes, b->classes.n_bytes);
	EXPECT_MEMEQ(a->classes.bytes, b->classes.bytes, a->classes.n_bytes);
	EXPECT_EQ(a->method, b->method);
	EXPECT_EQ(a->is_local, b->is_local);
	EXPECT_EQ(a->client_be, b->client_be);
	EXPECT_EQ(a->server_be, b->server_be);
	EXPECT_EQ(a->framed_be, b->framed_be);
	EXPECT_EQ(a->nas_port, b->nas_port);
	EXPECT_EQ(a->up_bytes, b->up_bytes);
	EXPECT_EQ(a->up_pkts, b->up_pkts);
	EXPECT_EQ(a->down_bytes, b->down_bytes);
	EXPECT_EQ(a->down_pkts, b->down_pkts);
	EXPECT_EQ(a->event_wall_ns, b->event_wall_ns);
	EXPECT_EQ(a->session_s, b->session_s);
	EXPECT_EQ(a->cause, b->cause);
}

TEST(account_bytes, what_goes_in_comes_out)
{
	uint8_t bytes[ACCOUNT_BYTES_MAX];
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account in, out;

	for (uint32_t i = 0; i < 200; i++) {
		SHIM_TRACE_CASE(i);
		account_sample(&in, i);
		size_t n = account_bytes_put(&in, i % 2 ? "north" : "", bytes);
		ASSERT_EQ(0, account_bytes_get(span_of(bytes, n), &out, tenant));
		expect_same(&in, &out);
		EXPECT_STREQ(i % 2 ? "north" : "", tenant);
	}
}

TEST(account_bytes, the_largest_fits)
{
	uint8_t bytes[ACCOUNT_BYTES_MAX];
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account in, out;

	account_sample(&in, 0);
	in.user_len = LIMIT_USER_NAME_BYTES;
	memset(in.user, 'u', LIMIT_USER_NAME_BYTES);
	memset(in.session_id, 's', AAA_SESSION_ID_BYTES - 1);
	memset(in.multi_session_id, 'm', AAA_SESSION_ID_BYTES - 1);
	in.classes.n_bytes = LIMIT_CLASS_BYTES;
	memset(in.classes.bytes, 3, LIMIT_CLASS_BYTES); // 128 of three bytes
	size_t n = account_bytes_put(&in, "a-tenant-whose-name-has-31-bytes", bytes);
	EXPECT_LE(n, ACCOUNT_BYTES_MAX);
	EXPECT_EQ(-EBADMSG, account_bytes_get(span_of(bytes, n), &out, tenant)); // of 32, it has
	n = account_bytes_put(&in, "a-tenant-whose-name-has-31-byte", bytes);
	ASSERT_EQ(0, account_bytes_get(span_of(bytes, n), &out, tenant));
	expect_same(&in, &out);
}

TEST(account_bytes, what_is_not_whole_is_refused)
{
	uint8_t bytes[ACCOUNT_BYTES_MAX + 1];
	char tenant[CONFIG_TENANT_NAME_BYTES];
	struct aaa_account in, out;

	account_sample(&in, 7);
	size_t n = account_bytes_put(&in, "north", bytes);
	for (size_t i = 0; i < n; i++) {
		SHIM_TRACE_CASE((long long)i);
		EXPECT_EQ(-EBADMSG, account_bytes_get(span_of(bytes, i), &out, tenant));
	}
	bytes[n] = 0;
	EXPECT_EQ(-EBADMSG, account_bytes_get(span_of(bytes, n + 1), &out, tenant));
	bytes[0]++; // another version
	EXPECT_EQ(-EBADMSG, account_bytes_get(span_of(bytes, n), &out, tenant));
}
