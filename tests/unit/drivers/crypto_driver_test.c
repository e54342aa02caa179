// SPDX-License-Identifier: BSD-3-Clause
// The contract of crypto/driver.h, over every driver of the table; those for production also against
// mppe_key_change() and nettle.
#include "drivers/drivers.h"

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
		EXPECT_EQ(-EINVAL, driver->open(0, &state));
		EXPECT_EQ(-EINVAL, driver->open(UINT32_MAX, &state));
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
			crypto_driver_selftest(driver, &failed));
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
		ASSERT_EQ(0, driver->open(DEPTH, &state));
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

		ASSERT_EQ(0, driver->open(DEPTH, &state));
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
		ASSERT_EQ(0, driver->open(DEPTH, &state));
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
		ASSERT_EQ(0, driver->open(DEPTH, &state));
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
		ASSERT_EQ(0, driver->open(DEPTH, &state));
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
