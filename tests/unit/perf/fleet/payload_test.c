// SPDX-License-Identifier: BSD-3-Clause
#include "perf/fleet/payload.h"

#include "shim/shim.h"

static struct payload p;

static const struct payload_owner anna = {
	.client = 65535, .incarnation = 3, .direction = PAYLOAD_UP};

static enum payload_verdict check(
	const struct payload_owner *o, const uint8_t *at, size_t len, struct payload_seen *seen)
{
	return payload_check(&p, o, at, len, false, seen);
}

TEST(fleet_payload, what_was_written_is_good_at_all_lengths)
{
	uint8_t bytes[PAYLOAD_BYTES_MAX];
	struct payload_seen seen;

	payload_init(&p, 1);
	for (size_t len = PAYLOAD_STAMP_BYTES; len <= PAYLOAD_BYTES_MAX; len++) {
		uint32_t seq = (uint32_t)len * 7919;

		payload_put(&p, &anna, seq, bytes, len);
		payload_put_time(bytes, 0xdeadbeef);
		EXPECT_EQ(check(&anna, bytes, len, &seen), PAYLOAD_GOOD);
		EXPECT_EQ(seen.seq, seq);
		EXPECT_EQ(seen.time, 0xdeadbeef);
	}
	for (size_t len = 0; len < PAYLOAD_STAMP_BYTES; len++)
		EXPECT_EQ(check(&anna, bytes, len, &seen), PAYLOAD_DAMAGED);
}

TEST(fleet_payload, a_bit_damaged_anywhere_is_found)
{
	static const size_t lens[] = {12, 13, 19, 20, 21, 36, 1372};
	uint8_t bytes[PAYLOAD_BYTES_MAX];
	struct payload_seen seen;

	payload_init(&p, 1);
	for (unsigned int c = 0; c < sizeof(lens) / sizeof(lens[0]); c++) {
		SHIM_TRACE_CASE(c);
		payload_put(&p, &anna, 77, bytes, lens[c]);
		payload_put_time(bytes, 1234567);
		for (size_t bit = 0; bit < lens[c] * 8; bit++) {
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			EXPECT_EQ(check(&anna, bytes, lens[c], &seen), PAYLOAD_DAMAGED);
			bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		EXPECT_EQ(check(&anna, bytes, lens[c], &seen), PAYLOAD_GOOD);
	}
}

TEST(fleet_payload, of_anybody_else_is_foreign)
{
	static const struct payload_owner others[] = {
		{.client = 65534, .incarnation = 3, .direction = PAYLOAD_UP},
		{.client = 65535, .incarnation = 2, .direction = PAYLOAD_UP},
		{.client = 65535, .incarnation = 3, .direction = PAYLOAD_DOWN},
	};
	uint8_t bytes[100];
	struct payload_seen seen;

	payload_init(&p, 1);
	for (unsigned int c = 0; c < sizeof(others) / sizeof(others[0]); c++) {
		SHIM_TRACE_CASE(c);
		payload_put(&p, &others[c], 5, bytes, sizeof(bytes));
		payload_put_time(bytes, 99);
		EXPECT_EQ(check(&anna, bytes, sizeof(bytes), &seen), PAYLOAD_FOREIGN);
		EXPECT_EQ(seen.owner.client, others[c].client);
		EXPECT_EQ(seen.owner.incarnation, others[c].incarnation);
		EXPECT_EQ(seen.owner.direction, others[c].direction);
		// Without room for the owner the hash still tells.
		EXPECT_EQ(check(&anna, bytes, PAYLOAD_STAMP_BYTES, &seen), PAYLOAD_DAMAGED);
	}
}

TEST(fleet_payload, of_another_run_is_damaged)
{
	uint8_t bytes[100];
	struct payload_seen seen;

	payload_init(&p, 1);
	payload_put(&p, &anna, 5, bytes, sizeof(bytes));
	payload_init(&p, 2);
	EXPECT_EQ(check(&anna, bytes, sizeof(bytes), &seen), PAYLOAD_DAMAGED);
}

TEST(fleet_payload, numbers_and_patterns_belong_together)
{
	uint8_t a[200], b[200];
	struct payload_seen seen;

	payload_init(&p, 1);
	payload_put(&p, &anna, 5, a, sizeof(a));
	payload_put(&p, &anna, 6, b, sizeof(b));
	memcpy(a + PAYLOAD_HEAD_BYTES, b + PAYLOAD_HEAD_BYTES, sizeof(a) - PAYLOAD_HEAD_BYTES);
	EXPECT_EQ(check(&anna, a, sizeof(a), &seen), PAYLOAD_DAMAGED);
}

TEST(fleet_payload, time_goes_into_an_encrypted_packet)
{
	uint8_t bytes[64], key[64];
	struct payload_seen seen;

	payload_init(&p, 1);
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 37 + 11);
	payload_put(&p, &anna, 8, bytes, sizeof(bytes));
	for (unsigned int i = 0; i < sizeof(key); i++)
		bytes[i] ^= key[i];
	payload_put_time(bytes, 4242);
	for (unsigned int i = 0; i < sizeof(key); i++)
		bytes[i] ^= key[i];
	EXPECT_EQ(check(&anna, bytes, sizeof(bytes), &seen), PAYLOAD_GOOD);
	EXPECT_EQ(seen.time, 4242);
}

TEST(fleet_payload, only_the_head_is_looked_at_when_asked)
{
	uint8_t bytes[200];
	struct payload_seen seen;

	payload_init(&p, 1);
	payload_put(&p, &anna, 9, bytes, sizeof(bytes));
	bytes[PAYLOAD_HEAD_BYTES] ^= 1;
	EXPECT_EQ(payload_check(&p, &anna, bytes, sizeof(bytes), true, &seen), PAYLOAD_GOOD);
	EXPECT_EQ(payload_check(&p, &anna, bytes, PAYLOAD_HEAD_BYTES, true, &seen), PAYLOAD_GOOD);
	EXPECT_EQ(check(&anna, bytes, sizeof(bytes), &seen), PAYLOAD_DAMAGED);
	bytes[4] ^= 1;
	EXPECT_EQ(payload_check(&p, &anna, bytes, sizeof(bytes), true, &seen), PAYLOAD_DAMAGED);
}
