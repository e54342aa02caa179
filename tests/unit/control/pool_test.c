// SPDX-License-Identifier: BSD-3-Clause
#include "control/pool.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

#include <arpa/inet.h>
#include <errno.h>

static struct config_pool range(uint32_t first, uint32_t last, uint32_t server)
{
	struct config_pool c = {.first = first, .last = last, .server_inner_be = htonl(server)};

	return c;
}

TEST(pool, hands_out_each_address_once)
{
	struct config_pool c = range(0x0a000001, 0x0a000003, 0x0a0000fe);
	struct pool p;

	ASSERT_EQ(0, pool_init(&p, &c));
	EXPECT_EQ(3, p.n_usable);
	EXPECT_EQ(htonl(0x0a000001), pool_take(&p));
	EXPECT_EQ(htonl(0x0a000002), pool_take(&p));
	EXPECT_EQ(htonl(0x0a000003), pool_take(&p));
	EXPECT_EQ(0, pool_take(&p));
	EXPECT_EQ(1, p.n_exhausted);
	EXPECT_EQ(0, p.n_free);
	pool_fini(&p);
}

TEST(pool, the_address_free_for_longest_comes_first)
{
	struct config_pool c = range(0x0a000001, 0x0a000004, 0x0a0000fe);
	struct pool p;

	ASSERT_EQ(0, pool_init(&p, &c));
	uint32_t a = pool_take(&p), b = pool_take(&p);
	pool_release(&p, b);
	pool_release(&p, a);
	EXPECT_EQ(htonl(0x0a000003), pool_take(&p));
	EXPECT_EQ(htonl(0x0a000004), pool_take(&p));
	EXPECT_EQ(b, pool_take(&p));
	EXPECT_EQ(a, pool_take(&p));
	pool_fini(&p);
}

TEST(pool, some_addresses_are_never_handed_out)
{
	// .254 .255 .0 .1 .2, of which .2 is the server's
	struct config_pool c = range(0x0a0000fe, 0x0a000102, 0x0a000102);
	struct pool p;

	ASSERT_EQ(0, pool_init(&p, &c));
	EXPECT_EQ(2, p.n_usable);
	EXPECT_EQ(htonl(0x0a0000fe), pool_take(&p));
	EXPECT_EQ(htonl(0x0a000101), pool_take(&p));
	EXPECT_EQ(0, pool_take(&p));
	EXPECT_EQ(-EADDRNOTAVAIL, pool_take_address(&p, htonl(0x0a0000ff)));
	pool_release(&p, htonl(0x0a0000ff)); // never was ours to give back
	EXPECT_EQ(0, p.n_free);
	pool_fini(&p);
}

TEST(pool, an_address_by_name)
{
	struct config_pool c = range(0x0a000001, 0x0a000003, 0x0a0000fe);
	struct pool p;

	ASSERT_EQ(0, pool_init(&p, &c));
	EXPECT_EQ(0, pool_take_address(&p, htonl(0x0a000002)));
	EXPECT_EQ(-EADDRINUSE, pool_take_address(&p, htonl(0x0a000002)));
	EXPECT_EQ(-EADDRNOTAVAIL, pool_take_address(&p, htonl(0x0a000004)));
	EXPECT_EQ(htonl(0x0a000001), pool_take(&p));
	EXPECT_EQ(htonl(0x0a000003), pool_take(&p));
	EXPECT_EQ(0, pool_take(&p));
	pool_release(&p, htonl(0x0a000002));
	pool_release(&p, htonl(0x0a000002)); // twice is once
	pool_release(&p, htonl(0x0b000000));
	EXPECT_EQ(1, p.n_free);
	pool_fini(&p);
}

TEST(pool, refuses_ranges_that_give_nothing)
{
	const struct config_pool cases[] = {
		range(0x0a000005, 0x0a000004, 0),
		range(0x0a000000, 0x0a010000, 0), // one too many
		range(0x0a0000ff, 0x0a000100, 0), // .255 and .0
		range(0x0a000007, 0x0a000007, 0x0a000007),
	};
	struct pool p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_EQ(-EINVAL, pool_init(&p, &cases[i]));
	}
}

// Random takes and releases against a plain array.
TEST(pool, agrees_with_an_array)
{
	struct config_pool c = range(0x0a000001, 0x0a000040, 0x0a0000fe);
	struct xorshift x = xorshift_seed(5);
	bool used[64] = {false};
	uint32_t n_used = 0;
	struct pool p;

	ASSERT_EQ(0, pool_init(&p, &c));
	for (int round = 0; round < 20000; round++) {
		uint32_t i = xorshift_below(&x, 64), address = htonl(c.first + i);
		switch (xorshift_below(&x, 3)) {
		case 0:
			address = pool_take(&p);
			ASSERT_EQ(n_used == 64, address == 0);
			if (!address)
				break;
			i = ntohl(address) - c.first;
			ASSERT_FALSE(used[i]);
			used[i] = true;
			n_used++;
			break;
		case 1:
			ASSERT_EQ(used[i] ? -EADDRINUSE : 0, pool_take_address(&p, address));
			n_used += !used[i];
			used[i] = true;
			break;
		default:
			pool_release(&p, address);
			n_used -= used[i];
			used[i] = false;
		}
		ASSERT_EQ(64 - n_used, p.n_free);
	}
	pool_fini(&p);
}
