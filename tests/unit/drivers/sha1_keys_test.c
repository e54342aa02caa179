// SPDX-License-Identifier: BSD-3-Clause
// Every way to hash the keys of MPPE against RFC 3079 and against mppe_key_from_sha(), which is nettle's SHA-1;
// and the calibration that chooses one.
#include "drivers/crypto/sw/sha1_calibrate.h"
#if defined(HAVE_IPSEC_MB)
#include "drivers/crypto/imb/sha1_imb.h"
#endif

#include "shim/shim.h"

#include <errno.h>
#include <stdlib.h>

enum { GUARD = 0xa5, ROUNDS = 20 };

static void random_bytes(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(random() >> 8);
}

// The i-th of all there are: those of the table, and those of ipsec-mb for other CPUs.
static const struct sha1_keys *get(unsigned int i)
{
#if defined(HAVE_IPSEC_MB)
	unsigned int n = 0;

	while (sha1_keys_get(n))
		n++;
	if (i >= n)
		return sha1_imb_variant(i - n);
#endif
	return sha1_keys_get(i);
}

// Opens it; false where this CPU has not got it.
static bool open_one(const struct sha1_keys *k, void **state)
{
	int rc;

	*state = NULL;
	if (!k->is_supported())
		return false;
	rc = k->open ? k->open(state) : 0;
	EXPECT_TRUE(rc == 0 || rc == -ENOTSUP);
	return rc == 0;
}

static void close_one(const struct sha1_keys *k, void *state)
{
	if (k->close)
		k->close(state);
}

// Keys in memory of their own each, exactly as large as they may be, so that sanitizers see what is beyond.
struct keys {
	uint8_t *start[SHA1_KEYS_MAX], *session[SHA1_KEYS_MAX], *key[SHA1_KEYS_MAX];
	uint8_t key_len;
	unsigned int n;
};

static void make(struct keys *s, uint8_t key_len, unsigned int n)
{
	s->key_len = key_len;
	s->n = n;
	for (unsigned int i = 0; i < n; i++) {
		s->start[i] = malloc(key_len);
		s->session[i] = malloc(key_len);
		s->key[i] = malloc(MPPE_KEY_BYTES_MAX + 1);
		random_bytes(s->start[i], key_len);
		random_bytes(s->session[i], key_len);
		memset(s->key[i], GUARD, MPPE_KEY_BYTES_MAX + 1);
	}
}

static void unmake(struct keys *s)
{
	for (unsigned int i = 0; i < s->n; i++) {
		free(s->start[i]);
		free(s->session[i]);
		free(s->key[i]);
	}
}

static void run(const struct sha1_keys *k, void *state, struct keys *s)
{
	k->run(state, (const uint8_t *const *)s->start, (const uint8_t *const *)s->session, s->key,
		s->key_len, s->n);
}

// --- answers --------------------------------------------------------------------------------------

TEST(sha1_keys, rfc_3079_samples)
{
	// 3.5.1, 3.5.2 and 3.5.3: the start key, and GetNewKeyFromSHA(start, start) before the salt of 40 and 56
	// bit, which covers its first bytes.
	static const struct {
		enum mppe_strength strength;
		uint8_t start[16], session[16];
	} samples[] = {
		{MPPE_STRENGTH_40, {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b},
			{0xd1, 0x26, 0x9e, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e}},
		{MPPE_STRENGTH_56, {0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b},
			{0xd1, 0x5c, 0x00, 0xc4, 0x9f, 0xa6, 0x2e, 0x3e}},
		{MPPE_STRENGTH_128,
			{0x8b, 0x7c, 0xdc, 0x14, 0x9b, 0x99, 0x3a, 0x1b, 0xa1, 0x18, 0xcb, 0x15,
				0x3f, 0x56, 0xdc, 0xcb},
			{0x40, 0x5c, 0xb2, 0x24, 0x7a, 0x79, 0x56, 0xe6, 0xe2, 0x11, 0x00, 0x7a,
				0xe2, 0x7b, 0x22, 0xd4}},
	};
	const struct sha1_keys *k;
	void *state;

	for (unsigned int d = 0; (k = get(d)) != NULL; d++) {
		SHIM_TRACE_CASE(d);
		if (!open_one(k, &state))
			continue;
		for (unsigned int i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
			const uint8_t *start = samples[i].start;
			uint8_t out[16], *key = out;

			SHIM_TRACE_CASE(i);
			k->run(state, &start, &start, &key, mppe_key_len(samples[i].strength), 1);
			mppe_key_salt(samples[i].strength, out);
			EXPECT_MEMEQ(samples[i].session, out, 16);
		}
		close_one(k, state);
	}
}

TEST(sha1_keys, every_number_of_keys_agrees_with_the_reference)
{
	const struct sha1_keys *k;
	void *state;

	for (unsigned int d = 0; (k = get(d)) != NULL; d++) {
		SHIM_TRACE_CASE(d);
		if (!open_one(k, &state))
			continue;
		// Both lengths in turn, for those that keep something from run to run.
		for (unsigned int round = 0; round < ROUNDS * SHA1_KEYS_MAX; round++) {
			unsigned int n = 1 + round / 2 % SHA1_KEYS_MAX;
			struct keys s;

			make(&s, round % 2 ? 8 : 16, n);
			run(k, state, &s);
			for (unsigned int i = 0; i < n; i++) {
				uint8_t wanted[MPPE_KEY_BYTES_MAX];

				mppe_key_from_sha(s.start[i], s.session[i], s.key_len, wanted);
				EXPECT_MEMEQ(wanted, s.key[i], sizeof(wanted));
				EXPECT_EQ(GUARD, s.key[i][MPPE_KEY_BYTES_MAX]);
			}
			unmake(&s);
		}
		close_one(k, state);
	}
}

TEST(sha1_keys, the_new_key_may_take_the_place_of_the_old)
{
	const struct sha1_keys *k;
	void *state;

	for (unsigned int d = 0; (k = get(d)) != NULL; d++) {
		SHIM_TRACE_CASE(d);
		if (!open_one(k, &state))
			continue;
		for (unsigned int n = 1; n <= SHA1_KEYS_MAX; n++) {
			for (uint8_t key_len = 8; key_len <= 16; key_len += 8) {
				uint8_t starts[SHA1_KEYS_MAX][16], keys[SHA1_KEYS_MAX][16];
				uint8_t wanted[SHA1_KEYS_MAX][16];
				const uint8_t *start[SHA1_KEYS_MAX], *session[SHA1_KEYS_MAX];
				uint8_t *key[SHA1_KEYS_MAX];

				random_bytes(starts[0], sizeof(starts));
				random_bytes(keys[0], sizeof(keys));
				memcpy(wanted, keys, sizeof(wanted));
				for (unsigned int i = 0; i < SHA1_KEYS_MAX; i++) {
					start[i] = starts[i];
					session[i] = key[i] = keys[i];
					if (i < n)
						mppe_key_from_sha(
							starts[i], keys[i], key_len, wanted[i]);
				}
				k->run(state, start, session, key, key_len, n);
				// Keys behind the n-th are as they were.
				EXPECT_MEMEQ(wanted, keys, sizeof(wanted));
			}
		}
		close_one(k, state);
	}
}

// Many contexts of one session have the same start key, and a session's first key is its start key.
TEST(sha1_keys, keys_may_be_the_same_memory)
{
	uint8_t start_key[16], wanted[16], out[SHA1_KEYS_MAX][16];
	const uint8_t *start[SHA1_KEYS_MAX];
	uint8_t *key[SHA1_KEYS_MAX];
	const struct sha1_keys *k;
	void *state;

	random_bytes(start_key, sizeof(start_key));
	mppe_key_from_sha(start_key, start_key, 16, wanted);
	for (unsigned int i = 0; i < SHA1_KEYS_MAX; i++) {
		start[i] = start_key;
		key[i] = out[i];
	}
	for (unsigned int d = 0; (k = get(d)) != NULL; d++) {
		SHIM_TRACE_CASE(d);
		if (!open_one(k, &state))
			continue;
		k->run(state, start, start, key, 16, SHA1_KEYS_MAX);
		for (unsigned int i = 0; i < SHA1_KEYS_MAX; i++)
			EXPECT_MEMEQ(wanted, out[i], 16);
		close_one(k, state);
	}
}

// --- the table ------------------------------------------------------------------------------------

TEST(sha1_keys, table_is_sound)
{
	const struct sha1_keys *k, *best = NULL;
	unsigned int n;

	for (n = 0; (k = sha1_keys_get(n)) != NULL; n++) {
		EXPECT_TRUE(sha1_keys_find(k->name) == k);
		EXPECT_TRUE(strlen(k->description) > 0);
		EXPECT_TRUE((k->open == NULL) == (k->close == NULL));
		if (!best && k->is_supported())
			best = k;
	}
	EXPECT_LE(n, CRYPTO_CALIBRATIONS_MAX);
	EXPECT_TRUE(sha1_keys_c.is_supported());
	EXPECT_TRUE(sha1_keys_find("c") == &sha1_keys_c);
	EXPECT_TRUE(sha1_keys_find(NULL) == best);
	EXPECT_TRUE(sha1_keys_find("auto") == best);
	EXPECT_NULL(sha1_keys_find("md5"));
	EXPECT_NULL(sha1_keys_find(""));
}

TEST(sha1_keys, closing_nothing_is_right)
{
	const struct sha1_keys *k;

	for (unsigned int d = 0; (k = get(d)) != NULL; d++)
		close_one(k, NULL);
}

// --- calibration ----------------------------------------------------------------------------------

static bool always(void)
{
	return true;
}

static bool never(void)
{
	return false;
}

static int cannot_open(void **state)
{
	return -ENOMEM;
}

static void do_nothing(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
}

// Right but for one bit of the last of 27 keys of 8 bytes, which is more than a batch that is timed.
static void nearly_right(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	sha1_keys_c.run(NULL, start, session, key, key_len, n);
	if (n == 27 && key_len == 8)
		key[26][7] ^= 1;
}

static void twice(void *state, const uint8_t *const start[], const uint8_t *const session[],
	uint8_t *const key[], uint8_t key_len, unsigned int n)
{
	sha1_keys_c.run(NULL, start, session, key, key_len, n);
	sha1_keys_c.run(NULL, start, session, key, key_len, n);
}

static const struct sha1_keys slow = {.name = "slow", .is_supported = always, .run = twice};
static const struct sha1_keys idle = {.name = "idle", .is_supported = always, .run = do_nothing};
static const struct sha1_keys nearly = {
	.name = "nearly", .is_supported = always, .run = nearly_right};
static const struct sha1_keys none = {.name = "none", .is_supported = never, .run = do_nothing};
static const struct sha1_keys shut = {
	.name = "shut", .is_supported = always, .open = cannot_open, .run = do_nothing};

TEST(sha1_calibrate, takes_the_fastest_that_is_right)
{
	const struct sha1_keys *const all[] = {&idle, &slow, &none, &nearly, &sha1_keys_c, &shut};
	struct crypto_calibration out[6];

	memset(out, 0xff, sizeof(out));
	EXPECT_TRUE(sha1_calibrate(all, 6, out) == &sha1_keys_c);
	for (unsigned int i = 0; i < 6; i++)
		EXPECT_STREQ(all[i]->name, out[i].name);
	EXPECT_TRUE(out[0].is_wrong);
	EXPECT_FALSE(out[1].is_wrong);
	EXPECT_FALSE(out[2].is_wrong);
	EXPECT_TRUE(out[3].is_wrong);
	EXPECT_FALSE(out[4].is_wrong);
	EXPECT_FALSE(out[5].is_wrong);
	EXPECT_GT(out[1].cycles_per_key_full, out[4].cycles_per_key_full * 1.5);
	EXPECT_GT(out[1].cycles_per_key_one, out[4].cycles_per_key_one * 1.5);
	EXPECT_GT(out[4].cycles_per_key_full, out[0].cycles_per_key_full);
	EXPECT_EQ(0, out[2].cycles_per_key_full);
	EXPECT_EQ(0, out[2].cycles_per_key_one);
	EXPECT_EQ(0, out[5].cycles_per_key_full);
}

TEST(sha1_calibrate, takes_none_when_none_is_right)
{
	const struct sha1_keys *const all[] = {&idle, &none, &nearly, &shut};
	struct crypto_calibration out[4];

	EXPECT_NULL(sha1_calibrate(all, 4, out));
	EXPECT_NULL(sha1_calibrate(all, 0, out));
}

TEST(sha1_calibrate, measures_what_this_cpu_has)
{
	struct crypto_calibration out[CRYPTO_CALIBRATIONS_MAX];
	const struct sha1_keys *chosen;
	double chosen_cycles = 0;
	unsigned int n = 0;

	chosen = sha1_keys_calibrate(out, &n);
	ASSERT_TRUE(chosen != NULL);
	EXPECT_TRUE(chosen->is_supported());
	EXPECT_NULL(sha1_keys_get(n));
	for (unsigned int i = 0; i < n; i++)
		if (sha1_keys_get(i) == chosen)
			chosen_cycles = out[i].cycles_per_key_full;
	for (unsigned int i = 0; i < n; i++) {
		EXPECT_STREQ(sha1_keys_get(i)->name, out[i].name);
		EXPECT_FALSE(out[i].is_wrong);
		EXPECT_EQ(sha1_keys_get(i)->is_supported(), out[i].cycles_per_key_full > 0);
		if (sha1_keys_get(i)->is_supported())
			EXPECT_GE(out[i].cycles_per_key_full, chosen_cycles);
	}
}
