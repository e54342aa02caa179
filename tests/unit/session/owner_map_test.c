// SPDX-License-Identifier: BSD-3-Clause
#include "session/owner_map.h"

#include "shim/eal.h"
#include "shim/shim.h"
#include "shim/xorshift.h"

#include <errno.h>
#include <pthread.h>

// For session_test.c too.
void unit_eal(void);
void unit_eal(void)
{
	eal_start(256);
}

TEST(owner_map, owner_packs_worker_and_slot)
{
	const uint8_t workers[] = {0, 1, LIMIT_WORKERS - 1};
	const uint32_t slots[] = {0, 1, LIMIT_SESSIONS_PER_WORKER - 1, 0xffffff};

	for (size_t i = 0; i < RTE_DIM(workers); i++)
		for (size_t k = 0; k < RTE_DIM(slots); k++) {
			uint32_t owner = owner_make(workers[i], slots[k]);
			EXPECT_NE(owner, OWNER_NONE);
			EXPECT_EQ(owner_worker(owner), workers[i]);
			EXPECT_EQ(owner_slot(owner), slots[k]);
		}
}

TEST(owner_map, calls_of_each_listen_address_are_their_own)
{
	const uint32_t listen[] = {RTE_BE32(0xc0000201), RTE_BE32(0xc0000202)};

	unit_eal();
	struct owner_map *m = owner_map_new(listen, RTE_DIM(listen));
	ASSERT_TRUE(m != NULL);
	EXPECT_EQ(owner_map_listen(m, listen[0]), 0);
	EXPECT_EQ(owner_map_listen(m, listen[1]), 1);
	EXPECT_EQ(owner_map_listen(m, RTE_BE32(0xc0000203)), -1);
	for (uint32_t id = 0; id < LIMIT_CALL_IDS; id++)
		ASSERT_EQ(owner_map_call(m, 0, (uint16_t)id), OWNER_NONE);

	// Call ID 0 is a good one, as 65535 is.
	owner_map_set_call(m, 0, 0, owner_make(0, 0));
	owner_map_set_call(m, 0, 65535, owner_make(3, 77));
	EXPECT_EQ(owner_map_call(m, 0, 0), owner_make(0, 0));
	EXPECT_EQ(owner_map_call(m, 0, 65535), owner_make(3, 77));
	EXPECT_EQ(owner_map_call(m, 1, 0), OWNER_NONE);
	EXPECT_EQ(owner_map_call(m, 1, 65535), OWNER_NONE);
	owner_map_set_call(m, 0, 0, OWNER_NONE);
	EXPECT_EQ(owner_map_call(m, 0, 0), OWNER_NONE);
	owner_map_free(m);
}

// As many addresses as there may be: each is found, and has Call IDs of its own in a table that grows as they are set.
TEST(owner_map, a_thousand_listen_addresses)
{
	static uint32_t listen[LIMIT_LISTEN_ADDRESSES];

	unit_eal();
	for (uint32_t i = 0; i < LIMIT_LISTEN_ADDRESSES; i++)
		listen[i] = rte_cpu_to_be_32(0xc0000200 + i * 7);
	struct owner_map *m = owner_map_new(listen, LIMIT_LISTEN_ADDRESSES);
	ASSERT_TRUE(m != NULL);
	EXPECT_EQ(owner_map_calls_bytes(m), 0);
	for (uint32_t i = 0; i < LIMIT_LISTEN_ADDRESSES; i++) {
		ASSERT_EQ(owner_map_listen(m, listen[i]), (int)i);
		ASSERT_EQ(owner_map_listen(m, rte_cpu_to_be_32(0xc0000201 + i * 7)), -1);
		ASSERT_EQ(owner_map_call(m, i, 17), OWNER_NONE);
		ASSERT_EQ(owner_map_call(m, i, 65535), OWNER_NONE);
	}
	for (uint32_t i = 0; i < LIMIT_LISTEN_ADDRESSES; i++)
		ASSERT_EQ(owner_map_set_call(m, i, 17, owner_make(1, i)), 0);
	EXPECT_EQ(owner_map_calls_bytes(m), 4096 * LIMIT_LISTEN_ADDRESSES);
	for (uint32_t i = 0; i < LIMIT_LISTEN_ADDRESSES; i++) {
		ASSERT_EQ(owner_map_call(m, i, 17), owner_make(1, i));
		ASSERT_EQ(owner_map_call(m, i, 18), OWNER_NONE);
	}
	for (uint32_t id = 1; id < LIMIT_CALL_IDS; id++)
		ASSERT_EQ(owner_map_set_call(m, 5, (uint16_t)id, owner_make(2, id)), 0);
	for (uint32_t id = 1; id < LIMIT_CALL_IDS; id++)
		ASSERT_EQ(owner_map_call(m, 5, (uint16_t)id), owner_make(2, id));
	EXPECT_EQ(owner_map_call(m, 4, 17), owner_make(1, 4));
	EXPECT_EQ(owner_map_call(m, 4, 65535), OWNER_NONE);
	EXPECT_LE(owner_map_calls_bytes(m), 4096 * LIMIT_LISTEN_ADDRESSES + 2 * 4 * LIMIT_CALL_IDS);
	owner_map_free(m);
}

TEST(owner_map, inner_addresses_of_each_tenant_are_its_own)
{
	const uint32_t listen = RTE_BE32(0xc0000201);
	const uint32_t addresses[] = {0, 1, 0x0a080002, 0x0a08ffff, 0x0a090000, 0xffffffff};
	const uint16_t tenants[] = {0, 1, LIMIT_TENANTS - 1};

	unit_eal();
	struct owner_map *m = owner_map_new(&listen, 1);
	ASSERT_TRUE(m != NULL);
	for (uint32_t t = 0; t < RTE_DIM(tenants); t++)
		for (uint32_t i = 0; i < RTE_DIM(addresses); i++) {
			uint32_t be = rte_cpu_to_be_32(addresses[i]);
			EXPECT_EQ(owner_map_inner(m, tenants[t], be), OWNER_NONE);
			EXPECT_EQ(owner_map_set_inner(m, tenants[t], be, owner_make((uint8_t)t, i)),
				0);
		}
	for (uint32_t t = 0; t < RTE_DIM(tenants); t++)
		for (uint32_t i = 0; i < RTE_DIM(addresses); i++)
			EXPECT_EQ(owner_map_inner(m, tenants[t], rte_cpu_to_be_32(addresses[i])),
				owner_make((uint8_t)t, i));
	EXPECT_EQ(owner_map_inner(m, 0, RTE_BE32(0x0a080003)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, 2, RTE_BE32(0x0a080002)), OWNER_NONE);

	EXPECT_EQ(owner_map_set_inner(m, 0, RTE_BE32(0x0b000000), OWNER_NONE), 0);
	EXPECT_EQ(owner_map_set_inner(m, 0, RTE_BE32(0x0a080002), OWNER_NONE), 0);
	EXPECT_EQ(owner_map_inner(m, 0, RTE_BE32(0x0a080002)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, 1, RTE_BE32(0x0a080002)), owner_make(1, 2));
	EXPECT_EQ(owner_map_inner(m, 0, RTE_BE32(0x0a08ffff)), owner_make(0, 3));
	owner_map_free(m);
}

// What a RADIUS server may hand out: single addresses, far apart. And as many in one piece.
TEST(owner_map, memory_is_bounded_however_addresses_lie)
{
	enum { N = 65535 };
	const uint32_t listen = RTE_BE32(0xc0000201);
	struct {
		uint32_t multiplier;
		uint64_t bytes_max;
	} cases[] = {{2654435761u, 40 << 20}, {1, 3 << 20}};

	unit_eal();
	for (unsigned int k = 0; k < RTE_DIM(cases); k++) {
		struct owner_map *m = owner_map_new(&listen, 1);
		ASSERT_TRUE(m != NULL);
		for (unsigned int round = 0; round < 2; round++) {
			for (uint32_t i = 0; i < N; i++) {
				uint32_t at = (i * cases[k].multiplier + round * 16) & 0x00ffffff;
				ASSERT_EQ(
					owner_map_set_inner(m, 3, rte_cpu_to_be_32(0x0a000000 | at),
						owner_make(0, i)),
					0);
			}
			EXPECT_LE(owner_map_inner_bytes(m), cases[k].bytes_max);
			for (uint32_t i = 0; i < N; i++) {
				uint32_t at = (i * cases[k].multiplier + round * 16) & 0x00ffffff;
				uint32_t be = rte_cpu_to_be_32(0x0a000000 | at);
				if (cases[k].multiplier == 1)
					ASSERT_EQ(owner_map_inner(m, 3, be), owner_make(0, i));
				ASSERT_EQ(owner_map_set_inner(m, 3, be, OWNER_NONE), 0);
			}
			EXPECT_EQ(m->inner->n_lines, 0);
			EXPECT_EQ(m->inner->n_keys, 0); // no tombstone is left behind the last
		}
		owner_map_free(m);
	}
}

TEST(owner_map, longest_network_behind_a_client_wins)
{
	const uint32_t listen = RTE_BE32(0xc0000201);
	uint8_t length = 0;

	unit_eal();
	struct owner_map *m = owner_map_new(&listen, 1);
	ASSERT_TRUE(m != NULL);
	EXPECT_FALSE(owner_map_has_routes(m, 5));
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630000), 16, owner_make(0, 1)), 0);
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a6300aa), 24, owner_make(0, 2)), 0);
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630000), 24, owner_make(0, 3)), -EEXIST);
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630000), 0, owner_make(0, 3)), -EINVAL);
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630000), 33, owner_make(0, 3)), -EINVAL);
	EXPECT_EQ(owner_map_add_route(m, LIMIT_TENANTS, 0, 8, owner_make(0, 3)), -EINVAL);
	EXPECT_EQ(owner_map_add_route(m, 6, RTE_BE32(0x0a630000), 24, owner_make(0, 4)), 0);
	EXPECT_EQ(owner_map_set_inner(m, 5, RTE_BE32(0x0a630001), owner_make(0, 5)), 0);

	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630001)), owner_make(0, 5));
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630002)), owner_make(0, 2));
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630102)), owner_make(0, 1));
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a640000)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, 6, RTE_BE32(0x0a630002)), owner_make(0, 4));
	EXPECT_EQ(owner_map_inner(m, 6, RTE_BE32(0x0a630102)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, 7, RTE_BE32(0x0a630002)), OWNER_NONE);
	EXPECT_EQ(owner_map_route(m, 5, RTE_BE32(0x0a630001), &length), owner_make(0, 2));
	EXPECT_EQ(length, 24);

	owner_map_remove_route(m, 5, RTE_BE32(0x0a630000), 24, owner_make(0, 1)); // not his
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630002)), owner_make(0, 2));
	owner_map_remove_route(m, 5, RTE_BE32(0x0a630000), 24, owner_make(0, 2));
	owner_map_remove_route(m, 5, RTE_BE32(0x0a630000), 24, owner_make(0, 2)); // again
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630002)), owner_make(0, 1));
	owner_map_remove_route(m, 5, RTE_BE32(0x0a630000), 16, owner_make(0, 1));
	EXPECT_FALSE(owner_map_has_routes(m, 5));
	EXPECT_TRUE(owner_map_has_routes(m, 6));

	// The address of a client is a prefix of 32 too.
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630001), 32, owner_make(0, 5)), -EEXIST);
	EXPECT_EQ(owner_map_add_route(m, 5, RTE_BE32(0x0a630009), 32, owner_make(0, 9)), 0);
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630009)), owner_make(0, 9));
	owner_map_remove_route(m, 5, RTE_BE32(0x0a630009), 32, owner_make(0, 9));
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630009)), OWNER_NONE);
	EXPECT_EQ(owner_map_inner(m, 5, RTE_BE32(0x0a630001)), owner_make(0, 5));
	owner_map_free(m);
}

struct entry {
	uint16_t tenant;
	uint8_t length;
	uint32_t prefix; // host order
	uint32_t owner;	 // OWNER_NONE: it is not there
};

static uint32_t mask_of(uint8_t length)
{
	return UINT32_MAX << (32 - length);
}

static uint32_t search(const struct entry *list, unsigned int n, uint16_t tenant, uint32_t address)
{
	int best = -1;

	for (unsigned int i = 0; i < n; i++)
		if (list[i].owner && list[i].tenant == tenant &&
			((list[i].prefix ^ address) & mask_of(list[i].length)) == 0 &&
			(best < 0 || list[i].length > list[best].length))
			best = (int)i;
	return best < 0 ? (uint32_t)OWNER_NONE : list[best].owner;
}

// Against a list that is searched from end to end.
TEST(owner_map, agrees_with_a_plain_search)
{
	enum { N = 600, CHANGES = 60000 };
	static struct entry list[N];
	const uint32_t listen = RTE_BE32(0xc0000201);
	struct xorshift x = xorshift_seed(20261121);

	unit_eal();
	struct owner_map *m = owner_map_new(&listen, 1);
	ASSERT_TRUE(m != NULL);
	for (unsigned int i = 0; i < N; i++) {
		bool is_new;
		do {
			uint8_t length =
				xorshift_below(&x, 3) ? 32 : (uint8_t)(8 + xorshift_below(&x, 24));
			list[i] = (struct entry){
				.tenant = (uint16_t)xorshift_below(&x, 3),
				.length = length,
				.prefix = (0x0a000000 | ((uint32_t)xorshift_next(&x) & 0x03ff)) &
					  mask_of(length),
			};
			is_new = true;
			for (unsigned int k = 0; k < i; k++)
				is_new &= memcmp(&list[i], &list[k], sizeof(list[i])) != 0;
		} while (!is_new);
	}
	for (unsigned int n = 0; n < CHANGES; n++) {
		struct entry *e = &list[xorshift_below(&x, N)];
		uint32_t be = rte_cpu_to_be_32(e->prefix),
			 owner = owner_make(0, (uint32_t)(e - list));
		if (e->length == 32) {
			e->owner = e->owner ? (uint32_t)OWNER_NONE : owner;
			ASSERT_EQ(owner_map_set_inner(m, e->tenant, be, e->owner), 0);
		} else if (e->owner) {
			owner_map_remove_route(m, e->tenant, be, e->length, owner);
			e->owner = OWNER_NONE;
		} else {
			ASSERT_EQ(owner_map_add_route(m, e->tenant, be, e->length, owner), 0);
			e->owner = owner;
		}
		uint32_t address = 0x0a000000 | ((uint32_t)xorshift_next(&x) & 0x07ff);
		uint16_t tenant = (uint16_t)xorshift_below(&x, 4);
		ASSERT_EQ(owner_map_inner(m, tenant, rte_cpu_to_be_32(address)),
			search(list, N, tenant, address));
	}
	owner_map_free(m);
}

// --- one that writes, others that read ----------------------------------------------------------------

enum { SHARED = 1 << 12, READERS = 2, WRITES = 300000 };

struct reader {
	pthread_t thread;
	const struct owner_map *map;
	_Atomic bool *stop;
	uint64_t n_found, n_foreign, n_lost;
	uint64_t seed;
};

static uint32_t shared_address(uint32_t i)
{
	return 0x0a000000 | (i * 2654435761u & 0x00ffffff);
}

static void *read_on(void *context)
{
	struct reader *r = context;
	struct xorshift x = xorshift_seed(r->seed);

	while (!atomic_load(r->stop)) {
		uint32_t i = (uint32_t)xorshift_below(&x, SHARED);
		uint32_t owner = owner_map_host(r->map, 7, rte_cpu_to_be_32(shared_address(i)));
		r->n_found += owner != OWNER_NONE;
		r->n_foreign += owner != OWNER_NONE && owner_slot(owner) != i;
		// Every 64th stays all the time.
		r->n_lost += owner == OWNER_NONE && i % 64 == 0;
	}
	return NULL;
}

TEST(owner_map, readers_see_nobody_elses_owner_and_lose_none)
{
	const uint32_t listen = RTE_BE32(0xc0000201);
	struct reader readers[READERS];
	struct xorshift x = xorshift_seed(7);
	static bool is_there[SHARED];
	_Atomic bool stop = false;

	unit_eal();
	struct owner_map *m = owner_map_new(&listen, 1);
	ASSERT_TRUE(m != NULL);
	for (uint32_t i = 0; i < SHARED; i += 64)
		ASSERT_EQ(owner_map_set_inner(
				  m, 7, rte_cpu_to_be_32(shared_address(i)), owner_make(1, i)),
			0);
	for (unsigned int k = 0; k < READERS; k++) {
		readers[k] = (struct reader){.map = m, .stop = &stop, .seed = k + 1};
		ASSERT_EQ(pthread_create(&readers[k].thread, NULL, read_on, &readers[k]), 0);
	}
	for (unsigned int n = 0; n < WRITES; n++) {
		uint32_t i = (uint32_t)xorshift_below(&x, SHARED);
		if (i % 64 == 0)
			continue;
		is_there[i] = !is_there[i];
		EXPECT_EQ(owner_map_set_inner(m, 7, rte_cpu_to_be_32(shared_address(i)),
				  is_there[i] ? owner_make(1, i) : (uint32_t)OWNER_NONE),
			0);
	}
	atomic_store(&stop, true);
	for (unsigned int k = 0; k < READERS; k++) {
		ASSERT_EQ(pthread_join(readers[k].thread, NULL), 0);
		EXPECT_EQ(readers[k].n_foreign, 0);
		EXPECT_EQ(readers[k].n_lost, 0);
		EXPECT_GT(readers[k].n_found, 0);
	}
	owner_map_free(m);
}

TEST(owner_map, too_many_listen_addresses)
{
	uint32_t listen[LIMIT_LISTEN_ADDRESSES + 1] = {0};

	unit_eal();
	EXPECT_TRUE(owner_map_new(listen, RTE_DIM(listen)) == NULL);
	owner_map_free(NULL);
}
