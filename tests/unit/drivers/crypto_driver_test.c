// SPDX-License-Identifier: BSD-3-Clause
// The contract of crypto/driver.h, over every driver of the table; those for production also against
// mppe_key_change() and nettle.
#include "crypto_world.h"
#include "drivers/drivers.h"

#include "shim/exact.h"
#include "shim/shim.h"

#include <nettle/arcfour.h>

#include <errno.h>
#include <stdlib.h>

enum { DEPTH = 32, LEN_MAX = 1504 };

static const enum mppe_strength strengths[] = {
	MPPE_STRENGTH_40, MPPE_STRENGTH_56, MPPE_STRENGTH_128};

static void random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(random() >> 8);
}

// One op through the driver, alone. Returns its status.
static int run_one(const struct crypto_driver *driver, void *state, struct crypto_op *op)
{
	struct crypto_op *burst[2] = {op, NULL};

	op->status = CRYPTO_PENDING;
	EXPECT_EQ(1, driver->submit(state, burst, 1));
	burst[0] = NULL;
	while (driver->poll(state, burst, 2) == 0)
		;
	EXPECT_TRUE(burst[0] == op);
	return op->status;
}

#define FOR_EACH_DRIVER(driver) \
	for (unsigned int d_ = 0; (driver = drivers_get_crypto(d_)) != NULL; d_++)

TEST(crypto_driver, has_what_the_contract_wants)
{
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		void *state = NULL;

		EXPECT_TRUE(strlen(driver->name) > 0);
		EXPECT_TRUE(strlen(driver->description) > 0);
		EXPECT_EQ(-EINVAL, driver->open(&(struct crypto_setup){.depth = 0}, &state));
		EXPECT_EQ(
			-EINVAL, driver->open(&(struct crypto_setup){.depth = UINT32_MAX}, &state));
		EXPECT_NULL(state);
		driver->close(NULL);
	}
}

TEST(crypto_driver, selftest)
{
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		const char *failed = NULL;

		EXPECT_EQ(driver->for_production ? 0 : -EBADMSG,
			crypto_driver_selftest(driver, &(struct crypto_setup){0}, &failed));
		EXPECT_EQ(driver->for_production, failed == NULL);
	}
}

TEST(crypto_driver, takes_a_prefix_when_full_and_answers_each_once_in_order)
{
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		const uint8_t key[16] = {1};
		struct mppe_context ctx;
		struct crypto_op ops[3 * DEPTH], *burst[3 * DEPTH], *done[3 * DEPTH];
		uint8_t data[3 * DEPTH][8] = {{0}};
		unsigned int n_submitted, n_done = 0;
		void *state;

		mppe_context_init(&ctx, MPPE_STRENGTH_128, true, key, NULL);
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		EXPECT_EQ(0, driver->poll(state, done, DEPTH));
		EXPECT_EQ(0, driver->submit(state, burst, 0));
		for (int i = 0; i < 3 * DEPTH; i++) {
			ops[i] = (struct crypto_op){.ctx = &ctx,
				.data = data[i],
				.len = 8,
				.n_changes = 1,
				.packet = &data[i],
				.owner = &ops[i]};
			burst[i] = &ops[i];
		}
		n_submitted = driver->submit(state, burst, 3 * DEPTH);
		EXPECT_GT(n_submitted, 0);
		EXPECT_LT(n_submitted, 3 * DEPTH);
		EXPECT_EQ(CRYPTO_PENDING, ops[3 * DEPTH - 1].status); // not taken, not touched
		EXPECT_EQ(0, ops[3 * DEPTH - 1].data[0]);
		while (n_done < 3 * DEPTH) {
			// Odd pieces, so that the queue's ends go round.
			n_done += driver->poll(state, done + n_done, 7);
			n_submitted +=
				driver->submit(state, burst + n_submitted, 3 * DEPTH - n_submitted);
		}
		EXPECT_EQ(3 * DEPTH, n_submitted);
		for (int i = 0; i < 3 * DEPTH; i++) {
			SHIM_TRACE_CASE(i);
			EXPECT_TRUE(done[i] == &ops[i]);
			EXPECT_EQ(CRYPTO_DONE, ops[i].status);
			EXPECT_TRUE(ops[i].packet == &data[i]);
			EXPECT_TRUE(ops[i].owner == &ops[i]);
		}
		EXPECT_EQ(0, driver->poll(state, done, DEPTH));
		driver->close(state);
	}
}

TEST(crypto_driver, refuses_what_has_no_keys)
{
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		const uint8_t key[16] = {1};
		struct mppe_context wiped, no_rc4, good, before;
		struct rc4_state rc4;
		uint8_t data[4] = {1, 2, 3, 4};
		struct crypto_op op = {.ctx = &wiped, .data = data, .len = 4, .n_changes = 1};
		void *state;

		mppe_context_init(&wiped, MPPE_STRENGTH_128, true, key, NULL);
		mppe_context_wipe(&wiped);
		mppe_context_init(&no_rc4, MPPE_STRENGTH_128, false, key, &rc4);
		no_rc4.rc4 = NULL;
		mppe_context_init(&good, MPPE_STRENGTH_128, true, key, NULL);
		before = good;

		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		EXPECT_EQ(CRYPTO_ERROR, run_one(driver, state, &op));
		op.ctx = &no_rc4;
		EXPECT_EQ(CRYPTO_ERROR, run_one(driver, state, &op));
		op.ctx = NULL;
		EXPECT_EQ(CRYPTO_ERROR, run_one(driver, state, &op));
		op.ctx = &good;
		op.n_changes = CRYPTO_CHANGES_MAX + 1;
		EXPECT_EQ(CRYPTO_ERROR, run_one(driver, state, &op));
		EXPECT_MEMEQ(((uint8_t[]){1, 2, 3, 4}), data, 4);
		EXPECT_MEMEQ(&before, &good, sizeof(good));
		op.n_changes = 1;
		EXPECT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
		driver->close(state);
	}
}

TEST(crypto_driver, stateless_agrees_with_the_reference)
{
	const struct crypto_driver *driver;

	srandom(6);
	FOR_EACH_DRIVER(driver)
	{
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (int i = 0; i < 900; i++) {
			enum mppe_strength strength = strengths[i % 3];
			uint16_t n_changes = (uint16_t)(i / 3 % 301); // 0 to 300 for each
			uint16_t len = i < 9 ? (uint16_t)(i / 3) : (uint16_t)(random() % LEN_MAX);
			uint8_t key[16], wanted_key[16];
			uint8_t data[LEN_MAX + 1], wanted[LEN_MAX + 1];
			struct mppe_context ctx;
			struct arcfour_ctx rc4;
			struct crypto_op op = {
				.ctx = &ctx, .data = data, .len = len, .n_changes = n_changes};

			SHIM_TRACE_CASE(i);
			random_bytes(key, sizeof(key));
			random_bytes(data, sizeof(data));
			memcpy(wanted, data, sizeof(data));
			mppe_context_init(&ctx, strength, true, key, NULL);
			mppe_key_initial(strength, key, wanted_key);
			for (int n = 0; n < n_changes; n++)
				mppe_key_change(strength, key, wanted_key);
			arcfour_set_key(&rc4, mppe_key_len(strength), wanted_key);
			arcfour_crypt(&rc4, len, wanted, wanted);

			ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
			ASSERT_MEMEQ(wanted, data, sizeof(data));
			ASSERT_MEMEQ(wanted_key, ctx.session_key, mppe_key_len(strength));
		}
		driver->close(state);
	}
}

// One stream cut into packets is the stream in one piece; a change or a restart begins a new one.
TEST(crypto_driver, stateful_agrees_with_the_reference)
{
	const struct crypto_driver *driver;

	srandom(7);
	FOR_EACH_DRIVER(driver)
	{
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (int s = 0; s < 3; s++) {
			uint8_t key[16], wanted_key[16];
			struct mppe_context ctx;
			struct rc4_state stream;
			struct arcfour_ctx rc4;

			random_bytes(key, sizeof(key));
			mppe_context_init(&ctx, strengths[s], false, key, &stream);
			mppe_key_initial(strengths[s], key, wanted_key);
			arcfour_set_key(&rc4, mppe_key_len(strengths[s]), wanted_key);
			for (int i = 0; i < 600; i++) {
				uint8_t data[LEN_MAX + 1], wanted[LEN_MAX + 1];
				struct crypto_op op = {.ctx = &ctx,
					.data = data,
					.len = (uint16_t)(i < 3 ? i : random() % LEN_MAX),
					.n_changes =
						random() % 20 == 0 ? (uint16_t)(random() % 4) : 0,
					.restart = random() % 20 == 0};

				SHIM_TRACE_CASE(i);
				random_bytes(data, sizeof(data));
				memcpy(wanted, data, sizeof(data));
				for (int n = 0; n < op.n_changes; n++)
					mppe_key_change(strengths[s], key, wanted_key);
				if (op.n_changes || op.restart)
					arcfour_set_key(
						&rc4, mppe_key_len(strengths[s]), wanted_key);
				arcfour_crypt(&rc4, op.len, wanted, wanted);

				ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
				ASSERT_MEMEQ(wanted, data, sizeof(data));
			}
		}
		driver->close(state);
	}
}

// Sender and receiver with the same keys; some packets are lost, and the receiver makes up for them.
TEST(crypto_driver, decrypt_undoes_encrypt_over_losses)
{
	const struct crypto_driver *driver;

	srandom(8);
	FOR_EACH_DRIVER(driver)
	{
		const uint8_t key[16] = {9, 8, 7};
		struct mppe_context sender, receiver;
		uint16_t n_lost = 0;
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		mppe_context_init(&sender, MPPE_STRENGTH_128, true, key, NULL);
		mppe_context_init(&receiver, MPPE_STRENGTH_128, true, key, NULL);
		for (int i = 0; i < 500; i++) {
			uint8_t plain[LEN_MAX], data[LEN_MAX];
			uint16_t len = (uint16_t)(random() % LEN_MAX);
			struct crypto_op op = {.ctx = &sender,
				.data = data,
				.len = len,
				.n_changes = 1,
				.direction = CRYPTO_ENCRYPT};

			SHIM_TRACE_CASE(i);
			random_bytes(plain, sizeof(plain));
			memcpy(data, plain, sizeof(data));
			ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
			if (random() % 3 == 0) {
				n_lost++;
				continue;
			}
			if (len > 8)
				EXPECT_NE(0, memcmp(plain, data, len));
			op.ctx = &receiver;
			op.direction = CRYPTO_DECRYPT;
			op.n_changes = (uint16_t)(1 + n_lost);
			n_lost = 0;
			ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
			ASSERT_MEMEQ(plain, data, sizeof(plain));
		}
		driver->close(state);
	}
}

// Each way that bursts can be, through every driver at once.
TEST(crypto_driver, bursts_of_every_shape_agree_with_the_reference)
{
	static const struct {
		const char *what;
		unsigned int n_packets;
		struct world_shape shape;
	} cases[] = {
		{"mixed", 4000, {WORLD_OPS, WORLD_SESSIONS, 1600, 300, 100, 8, 30, 40, 10, 10, 50}},
		{"one session, bursts of 1 to 64", 2000, {64, 1, 1600, 1600, 0, 0, 0, 0, 0, 0, 0}},
		{"three sessions, late packets", 3000, {64, 3, 200, 100, 0, 0, 0, 0, 3, 0, 0}},
		{"late packets behind jumps", 2000, {64, 12, 64, 64, 0, 0, 4, 70, 3, 0, 0}},
		{"pieces", 1500, {64, WORLD_SESSIONS, 1600, 1600, 4, 1, 0, 0, 0, 0, 0}},
		{"jumps of up to 300", 400, {64, 20, 100, 100, 0, 0, 4, 300, 0, 0, 0}},
		{"restarts", 2000, {64, 12, 1600, 300, 30, 4, 0, 9, 0, 2, 0}},
		{"no bytes", 1000, {64, WORLD_SESSIONS, 1, 1, 0, 3, 10, 5, 5, 5, 0}},
		{"refused", 1000, {64, 10, 300, 300, 0, 4, 10, 5, 5, 5, 3}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct crypto_driver *driver;
		struct world *w = world_new(20 + i);

		SHIM_TRACE_CASE((long long)i);
		FOR_EACH_DRIVER(driver)
		if (driver->for_production)
			EXPECT_EQ(0, world_add(w, driver->name, driver,
					     &(struct crypto_setup){.depth = DEPTH}));
		while (w->n_done < cases[i].n_packets)
			if (!world_step(w, &cases[i].shape))
				break;
		EXPECT_TRUE(world_check_keys(w));
		EXPECT_GE(w->n_done, cases[i].n_packets);
		world_free(w);
	}
}

// Each piece in a block of its own: a sanitizer or valgrind sees a byte that is read or written beside it.
TEST(crypto_driver, touches_nothing_beside_the_packets)
{
	enum { N = 24, LENS = 150 };
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		static const uint8_t zeros[LENS];
		void *state;

		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (unsigned int len = 0; len < LENS; len++) {
			struct mppe_context *ctx[N];
			struct rc4_state *rc4[N];
			struct crypto_segment *more[N];
			struct crypto_op ops[N], *burst[N], *done[N];
			unsigned int n_done = 0;

			for (unsigned int i = 0; i < N; i++) {
				ctx[i] = exact_copy(&(struct mppe_context){0}, sizeof(*ctx[i]));
				rc4[i] = exact_copy(&(struct rc4_state){{0}}, sizeof(*rc4[i]));
				mppe_context_init(
					ctx[i], strengths[i % 3], i % 4 != 0, zeros, rc4[i]);
				if (i % 4 == 1)
					ctx[i]->ring = exact_copy(
						&(struct mppe_key_ring){0}, sizeof(*ctx[i]->ring));
				more[i] =
					exact_copy(&(struct crypto_segment){exact_copy(zeros, len),
							   (uint16_t)len},
						sizeof(*more[i]));
				ops[i] = (struct crypto_op){.ctx = ctx[i],
					.data = exact_copy(zeros, (len + i) % LENS),
					.len = (uint16_t)((len + i) % LENS),
					.n_changes = i % 3,
					.more = more[i],
					.n_more = i % 2};
				burst[i] = &ops[i];
			}
			EXPECT_EQ(N, driver->submit(state, burst, N));
			while (n_done < N)
				n_done += driver->poll(state, done + n_done, N - n_done);
			for (unsigned int i = 0; i < N; i++) {
				EXPECT_EQ(CRYPTO_DONE, ops[i].status);
				free(ops[i].data);
				free(more[i]->data);
				free(more[i]);
				free(ctx[i]->ring);
				free(rc4[i]);
				free(ctx[i]);
			}
		}
		driver->close(state);
	}
}

// The longest that a 12-bit count can ask for, beside a packet that is only next.
TEST(crypto_driver, the_longest_jump)
{
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		const uint8_t key[16] = {3, 1, 4};
		struct mppe_context ctx[2];
		struct mppe_key_ring ring;
		uint8_t wanted[16], data[2][4];
		struct crypto_op ops[2], *burst[2] = {&ops[0], &ops[1]}, *done[2];
		unsigned int n_done = 0;
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (unsigned int i = 0; i < 2; i++) {
			mppe_context_init(&ctx[i], MPPE_STRENGTH_40, true, key, NULL);
			ops[i] = (struct crypto_op){.ctx = &ctx[i], .data = data[i], .len = 4};
		}
		ctx[0].ring = &ring;
		ops[0].n_changes = CRYPTO_CHANGES_MAX;
		ops[1].n_changes = 1;
		EXPECT_EQ(2, driver->submit(state, burst, 2));
		while (n_done < 2)
			n_done += driver->poll(state, done + n_done, 2 - n_done);
		mppe_key_initial(MPPE_STRENGTH_40, key, wanted);
		mppe_key_change(MPPE_STRENGTH_40, key, wanted);
		EXPECT_MEMEQ(wanted, ctx[1].session_key, sizeof(wanted));
		for (unsigned int i = 1; i < CRYPTO_CHANGES_MAX; i++)
			mppe_key_change(MPPE_STRENGTH_40, key, wanted);
		EXPECT_MEMEQ(wanted, ctx[0].session_key, sizeof(wanted));
		EXPECT_EQ(MPPE_KEY_RING, ctx[0].ring_n);
		EXPECT_MEMEQ(wanted, ring.keys[ctx[0].ring_at], sizeof(wanted));
		driver->close(state);
	}
}

// What is refused beside the keys: a key that the ring has not, or not any more, and a late packet that would change
// one.
TEST(crypto_driver, late_packets_at_the_ends_of_the_ring)
{
	static const struct {
		unsigned int n_before; // packets, a change each
		uint8_t late;
		uint16_t n_changes;
		bool is_stateful, has_no_ring;
		enum crypto_status wanted;
	} cases[] = {
		{0, 1, 0, false, false, CRYPTO_ERROR}, // the initial key is no packet's
		{1, 1, 0, false, false, CRYPTO_ERROR},
		{2, 1, 0, false, false, CRYPTO_DONE},
		{31, 30, 0, false, false, CRYPTO_DONE},
		{31, 31, 0, false, false, CRYPTO_ERROR},
		{32, 31, 0, false, false, CRYPTO_DONE},
		{32, 32, 0, false, false, CRYPTO_ERROR},
		{90, 31, 0, false, false, CRYPTO_DONE},
		{90, 32, 0, false, false, CRYPTO_ERROR},
		{90, 255, 0, false, false, CRYPTO_ERROR},
		{90, 3, 1, false, false, CRYPTO_ERROR},
		{90, 3, 0, false, true, CRYPTO_ERROR},
		{0, 3, 0, true, false, CRYPTO_ERROR},
	};
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			const uint8_t key[16] = {2, 7};
			uint8_t keys[100][16] = {{0}}, data[20] = {0}, wanted[20] = {0};
			struct mppe_key_ring ring = {0};
			struct mppe_context ctx, before;
			struct rc4_state stream;
			struct crypto_op op = {.ctx = &ctx, .data = data, .n_changes = 1};
			struct arcfour_ctx rc4;

			SHIM_TRACE_CASE((long long)i);
			mppe_context_init(
				&ctx, MPPE_STRENGTH_128, !cases[i].is_stateful, key, &stream);
			ctx.ring = cases[i].has_no_ring ? NULL : &ring;
			for (unsigned int n = 0; n < cases[i].n_before; n++) {
				ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
				memcpy(keys[n], ctx.session_key, sizeof(keys[n]));
			}
			if (cases[i].wanted == CRYPTO_DONE) {
				arcfour_set_key(
					&rc4, 16, keys[cases[i].n_before - 1 - cases[i].late]);
				arcfour_crypt(&rc4, sizeof(wanted), wanted, wanted);
			}
			before = ctx;
			op.late = cases[i].late;
			op.n_changes = cases[i].n_changes;
			op.len = sizeof(data);
			EXPECT_EQ(cases[i].wanted, run_one(driver, state, &op));
			EXPECT_MEMEQ(wanted, data, sizeof(data));
			EXPECT_MEMEQ(before.session_key, ctx.session_key, sizeof(ctx.session_key));
			EXPECT_EQ(before.ring_at, ctx.ring_at);
			EXPECT_EQ(before.ring_n, ctx.ring_n);
		}
		driver->close(state);
	}
}

// RFC 6229 through the whole driver: key streams far beyond a packet. 64 and 128 bit, the lengths that MPPE has.
TEST(crypto_driver, rfc_6229)
{
	enum { STREAM = 4112 };
	static const struct {
		enum mppe_strength strength;
		uint8_t key[16];
		struct {
			unsigned int at;
			uint8_t bytes[16];
		} stream[4];
	} cases[] = {
		{MPPE_STRENGTH_56, {1, 2, 3, 4, 5, 6, 7, 8},
			{{0, {0x97, 0xab, 0x8a, 0x1b, 0xf0, 0xaf, 0xb9, 0x61, 0x32, 0xf2, 0xf6,
				     0x72, 0x58, 0xda, 0x15, 0xa8}},
				{240, {0x96, 0x36, 0xeb, 0xc9, 0x84, 0x19, 0x26, 0xf4, 0xf7, 0xd1,
					      0xf3, 0x62, 0xbd, 0xdf, 0x6e, 0x18}},
				{1520, {0x1f, 0xe8, 0x98, 0x67, 0x13, 0xf0, 0x7c, 0x3d, 0x9a, 0xe1,
					       0xc1, 0x63, 0xff, 0x8c, 0xf9, 0xd3}},
				{4096, {0x3f, 0xb4, 0x6e, 0x2c, 0x8f, 0x0f, 0x06, 0x8e, 0xdc, 0xe8,
					       0xcd, 0xcd, 0x7d, 0xfc, 0x58, 0x62}}}},
		{MPPE_STRENGTH_56, {0x64, 0x19, 0x10, 0x83, 0x32, 0x22, 0x77, 0x2a},
			{{0, {0xbb, 0xf6, 0x09, 0xde, 0x94, 0x13, 0x17, 0x2d, 0x07, 0x66, 0x0c,
				     0xb6, 0x80, 0x71, 0x69, 0x26}},
				{256, {0x34, 0x79, 0x38, 0xbf, 0xfa, 0x40, 0x09, 0xc5, 0x12, 0xcf,
					      0xb4, 0x03, 0x4b, 0x0d, 0xd1, 0xa7}},
				{1008, {0x02, 0x11, 0xc7, 0xc6, 0x19, 0x0c, 0x9e, 0xfd, 0x12, 0x37,
					       0xc3, 0x4c, 0x8f, 0x2e, 0x06, 0xc4}},
				{4080, {0x6b, 0x6b, 0x09, 0x8d, 0x0c, 0x29, 0x3b, 0xc2, 0x99, 0x3d,
					       0x80, 0xbf, 0x05, 0x18, 0xb6, 0xd9}}}},
		{MPPE_STRENGTH_128, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
			{{0, {0x9a, 0xc7, 0xcc, 0x9a, 0x60, 0x9d, 0x1e, 0xf7, 0xb2, 0x93, 0x28,
				     0x99, 0xcd, 0xe4, 0x1b, 0x97}},
				{256, {0xd3, 0x9d, 0x56, 0x6b, 0xc6, 0xbc, 0xe3, 0x01, 0x07, 0x68,
					      0x15, 0x15, 0x49, 0xf3, 0x87, 0x3f}},
				{1008, {0xe7, 0xa7, 0x25, 0x74, 0xf8, 0x78, 0x2a, 0xe2, 0x6a, 0xab,
					       0xcf, 0x9e, 0xbc, 0xd6, 0x60, 0x65}},
				{4096, {0xa3, 0x6a, 0x4c, 0x30, 0x1a, 0xe8, 0xac, 0x13, 0x61, 0x0c,
					       0xcb, 0xc1, 0x22, 0x56, 0xca, 0xcc}}}},
		{MPPE_STRENGTH_128,
			{0xeb, 0xb4, 0x62, 0x27, 0xc6, 0xcc, 0x8b, 0x37, 0x64, 0x19, 0x10, 0x83,
				0x32, 0x22, 0x77, 0x2a},
			{{0, {0x72, 0x0c, 0x94, 0xb6, 0x3e, 0xdf, 0x44, 0xe1, 0x31, 0xd9, 0x50,
				     0xca, 0x21, 0x1a, 0x5a, 0x30}},
				{240, {0xb3, 0x39, 0x4a, 0x40, 0xaa, 0xbf, 0x75, 0xcb, 0xa4, 0x22,
					      0x82, 0xef, 0x25, 0xa0, 0x05, 0x9f}},
				{1520, {0x3c, 0x70, 0x04, 0x7e, 0x8c, 0xbc, 0x03, 0x8e, 0x3b, 0x98,
					       0x20, 0xdb, 0x60, 0x1d, 0xa4, 0x95}},
				{4080, {0xa2, 0x22, 0x1a, 0x11, 0xb8, 0x33, 0xcc, 0xb4, 0x98, 0xa5,
					       0x95, 0x40, 0xf0, 0x54, 0x5f, 0x4a}}}},
	};
	const struct crypto_driver *driver;

	FOR_EACH_DRIVER(driver)
	{
		void *state;

		if (!driver->for_production)
			continue;
		ASSERT_EQ(0, driver->open(&(struct crypto_setup){.depth = DEPTH}, &state));
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			uint8_t data[STREAM] = {0};
			struct mppe_context ctx;
			struct crypto_op op = {.ctx = &ctx, .data = data, .len = STREAM};

			SHIM_TRACE_CASE((long long)i);
			mppe_context_init(&ctx, cases[i].strength, true, cases[i].key, NULL);
			memcpy(ctx.session_key, cases[i].key, sizeof(ctx.session_key));
			ASSERT_EQ(CRYPTO_DONE, run_one(driver, state, &op));
			for (unsigned int k = 0; k < 4; k++)
				EXPECT_MEMEQ(
					cases[i].stream[k].bytes, data + cases[i].stream[k].at, 16);
		}
		driver->close(state);
	}
}
