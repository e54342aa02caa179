// SPDX-License-Identifier: BSD-3-Clause
#include "control/lockout.h"

#include "shim/shim.h"

#include <stdio.h>

#define S(n) ((uint64_t)(n)*1000000000)

enum { ENTRIES = 64, HOME = 1, NAT = 2, STRANGER = 100 };

static struct lockout lockout;

static void begin(uint32_t user_failures, uint32_t source_failures)
{
	const struct lockout_limits limits = {
		.user_failures = user_failures,
		.source_failures = source_failures,
		.first_ns = S(10),
		.max_ns = S(60),
		.forget_ns = S(600),
	};

	ASSERT_EQ(0, lockout_init(&lockout, &limits, ENTRIES, 12345));
}

static unsigned int fail(const char *user, uint32_t source, uint64_t now_ns)
{
	const struct lockout_entry *begun[LOCKOUT_KINDS];
	unsigned int n = lockout_fail(&lockout, 0, span_of_text(user), source, now_ns, begun);

	for (unsigned int i = 0; i < n; i++)
		EXPECT_TRUE(lockout_is_locked(begun[i], now_ns));
	return n;
}

static void succeed(const char *user, uint32_t source, uint64_t now_ns)
{
	lockout_succeed(&lockout, 0, span_of_text(user), source, now_ns);
}

// "" free, or the kind of the lock.
static const char *lock_of(const char *user, uint32_t source, uint64_t now_ns)
{
	const struct lockout_entry *e =
		lockout_find(&lockout, 0, span_of_text(user), source, now_ns);

	return e ? lockout_kind_name(e->kind) : "";
}

static unsigned int count_shown(uint64_t now_ns)
{
	unsigned int n = 0;

	for (uint32_t i = 0; i < lockout.n_entries; i++)
		n += lockout_has_count(&lockout, &lockout.entries[i], now_ns);
	return n;
}

// A table of attempts of one user from one place: three wrong ones lock.
TEST(lockout, steps)
{
	enum { WRONG, RIGHT, LOCKED }; // he tries and is wrong; is right; is refused unasked
	static const struct {
		unsigned int at_s;
		int what;
	} steps[] = {
		{0, WRONG},
		{1, WRONG},
		{2, RIGHT}, // counts from nothing again
		{3, WRONG},
		{4, WRONG},
		{5, WRONG}, // till 15
		{5, LOCKED},
		{14, LOCKED}, // these count for nothing
		{15, WRONG},  // one is enough now, and for twice as long: till 35
		{34, LOCKED},
		{35, WRONG}, // till 75
		{74, LOCKED},
		{75, WRONG}, // 80 s would be too long: till 135
		{134, LOCKED},
		{135, WRONG}, // till 195
		{194, LOCKED},
		{195 + 599, WRONG}, // not forgotten: till 854
		{853, LOCKED},
		{854 + 600, WRONG}, // forgotten
		{1455, WRONG},
		{1456, WRONG}, // till 1466
		{1465, LOCKED},
		{1466, RIGHT}, // forgotten too
		{1467, WRONG},
		{1468, WRONG},
		{1469, WRONG}, // till 1479
		{1478, LOCKED},
		{1479, RIGHT},
	};

	begin(3, 0);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		uint64_t now_ns = S(steps[i].at_s);

		SHIM_TRACE_CASE((long long)i);
		EXPECT_STREQ(steps[i].what == LOCKED ? "user-and-source" : "",
			lock_of("anna", HOME, now_ns));
		EXPECT_STREQ("", lock_of("bob", HOME, now_ns));
		EXPECT_STREQ("", lock_of("anna", NAT, now_ns));
		if (steps[i].what == WRONG) {
			EXPECT_EQ(steps[i + 1].what == LOCKED, fail("anna", HOME, now_ns));
		} else if (steps[i].what == RIGHT) {
			succeed("anna", HOME, now_ns);
		}
	}
	lockout_fini(&lockout);
}

// One stranger locks a user out for himself only; ten times as many tries from many places do it for
// all places but those where the user has been.
TEST(lockout, stranger_and_the_user)
{
	uint64_t now_ns = S(1);

	begin(3, 0);
	succeed("anna", HOME, now_ns);
	for (int i = 0; i < 3; i++)
		fail("anna", STRANGER, now_ns);
	EXPECT_STREQ("user-and-source", lock_of("anna", STRANGER, now_ns));
	EXPECT_STREQ("", lock_of("anna", NAT, now_ns));
	for (uint32_t i = 3; i < 3 * LOCKOUT_USER_FACTOR; i++) {
		EXPECT_STREQ("", lock_of("anna", NAT, now_ns));
		fail("anna", STRANGER + 1 + i / 2, now_ns);
	}
	EXPECT_STREQ("user", lock_of("anna", NAT, now_ns));
	EXPECT_STREQ("user", lock_of("anna", STRANGER + 999, now_ns));
	EXPECT_STREQ("", lock_of("anna", HOME, now_ns)); // is known there
	EXPECT_STREQ("", lock_of("bob", NAT, now_ns));
	// His success does not open the door to the others while they may be at it.
	succeed("anna", HOME, now_ns);
	EXPECT_STREQ("user", lock_of("anna", NAT, now_ns));
	EXPECT_STREQ("", lock_of("anna", NAT, now_ns + S(10)));
	// Being known does not help against the own count.
	for (int i = 0; i < 3; i++)
		fail("anna", HOME, now_ns);
	EXPECT_STREQ("user-and-source", lock_of("anna", HOME, now_ns));
	lockout_fini(&lockout);
}

// A source is counted over all names, and one good account does not wash it clean.
TEST(lockout, source)
{
	char name[16];

	begin(3, 6);
	succeed("anna", NAT, S(1));
	for (int i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "guess%d", i);
		EXPECT_EQ(0, fail(name, NAT, S(2)));
		succeed("mallory", NAT, S(2));
	}
	EXPECT_EQ(1, fail("guess5", NAT, S(2)));
	EXPECT_STREQ("source", lock_of("guess6", NAT, S(3)));
	EXPECT_STREQ("source", lock_of("bob", NAT, S(3)));
	EXPECT_STREQ("", lock_of("bob", HOME, S(3)));
	EXPECT_STREQ("", lock_of("anna", NAT, S(3))); // one of many behind one address
	EXPECT_STREQ("", lock_of("bob", NAT, S(12)));
	for (int i = 0; i < 6; i++) { // a whole count again
		snprintf(name, sizeof(name), "other%d", i);
		EXPECT_EQ(i == 5, fail(name, NAT, S(12)));
	}
	EXPECT_STREQ("source", lock_of("bob", NAT, S(31)));
	EXPECT_STREQ("", lock_of("bob", NAT, S(32)));
	lockout_fini(&lockout);
}

TEST(lockout, off)
{
	begin(0, 0);
	for (int i = 0; i < 1000; i++)
		EXPECT_EQ(0, fail("anna", HOME, S(1)));
	succeed("anna", HOME, S(1));
	EXPECT_STREQ("", lock_of("anna", HOME, S(1)));
	EXPECT_EQ(0, count_shown(S(1)));
	EXPECT_NULL(lockout_next_end(&lockout, S(9999)));
	lockout_fini(&lockout);
	begin(0, 2);
	fail("anna", HOME, S(1));
	fail("anna", HOME, S(1));
	EXPECT_STREQ("source", lock_of("bob", HOME, S(1)));
	EXPECT_EQ(1, count_shown(S(1)));
	lockout_fini(&lockout);
}

// Names that somebody makes up push out each other, never what is locked; sources have room of
// their own.
TEST(lockout, noise_pushes_out_no_lock)
{
	char name[16];

	begin(3, 1000);
	for (int i = 0; i < 3; i++)
		fail("anna", HOME, S(1));
	fail("bob", HOME, S(1));
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "noise%d", i);
		fail(name, STRANGER + (uint32_t)i, S(2));
	}
	EXPECT_STREQ("user-and-source", lock_of("anna", HOME, S(2)));
	EXPECT_LE(count_shown(S(2)), ENTRIES);
	EXPECT_EQ(0, lockout.n_full);
	// bob's two counts went, so two more do not lock him.
	EXPECT_EQ(0, fail("bob", HOME, S(2)));
	EXPECT_EQ(0, fail("bob", HOME, S(2)));
	EXPECT_EQ(1, fail("bob", HOME, S(2)));
	lockout_fini(&lockout);
}

TEST(lockout, table_full_of_locks)
{
	char name[16];

	begin(1, 0);
	for (int i = 0; i < ENTRIES / 2; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		EXPECT_EQ(1, fail(name, HOME, S(1)));
	}
	EXPECT_EQ(0, lockout.n_full);
	EXPECT_EQ(0, fail("one more", HOME, S(2))); // is not counted, and pushes nobody out
	EXPECT_GT(lockout.n_full, 0);
	for (int i = 0; i < ENTRIES / 2; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		EXPECT_STREQ("user-and-source", lock_of(name, HOME, S(2)));
	}
	for (int i = 0; i < ENTRIES / 2; i++)
		EXPECT_TRUE(lockout_next_end(&lockout, S(11)) != NULL);
	EXPECT_NULL(lockout_next_end(&lockout, S(11)));
	EXPECT_EQ(1, fail("one more", HOME, S(11)));
	lockout_fini(&lockout);
}

TEST(lockout, ends_are_told_once)
{
	const struct lockout_entry *e;

	begin(1, 1);
	EXPECT_EQ(2, fail("anna", HOME, S(1)));
	EXPECT_NULL(lockout_next_end(&lockout, S(11) - 1));
	e = lockout_next_end(&lockout, S(11));
	ASSERT_TRUE(e != NULL);
	EXPECT_EQ(LOCKOUT_PAIR, e->kind);
	e = lockout_next_end(&lockout, S(11));
	ASSERT_TRUE(e != NULL);
	EXPECT_EQ(LOCKOUT_SOURCE, e->kind);
	EXPECT_NULL(lockout_next_end(&lockout, S(11)));
	// A lock that begins again before its end was told is one lock.
	fail("bob", NAT, S(20));
	EXPECT_EQ(2, fail("bob", NAT, S(31)));
	EXPECT_NULL(lockout_next_end(&lockout, S(32)));
	lockout_fini(&lockout);
}

static unsigned int n_cleared;

static void note_cleared(void *context, const struct lockout_entry *entry)
{
	EXPECT_TRUE(context == &n_cleared);
	n_cleared++;
}

TEST(lockout, clear)
{
	static const struct {
		const char *user;
		uint32_t source;
		unsigned int n, n_locks;
		const char *anna_home, *anna_nat, *bob_nat;
	} cases[] = {
		// of each user a pair and a count, of each source a pair and a count
		{NULL, 0, 7, 4, "", "", ""},
		{"anna", 0, 3, 2, "", "source", "user-and-source"},
		{NULL, NAT, 3, 3, "user-and-source", "", ""},
		{"anna", NAT, 1, 1, "user-and-source", "source", "user-and-source"},
		{"carol", 0, 0, 0, "user-and-source", "user-and-source", "user-and-source"},
		{NULL, STRANGER, 0, 0, "user-and-source", "user-and-source", "user-and-source"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct span user = span_of_text(cases[i].user ? cases[i].user : "");

		SHIM_TRACE_CASE((long long)i);
		n_cleared = 0;
		begin(2, 3);
		for (int k = 0; k < 2; k++) {
			fail("anna", HOME, S(1)); // locks the pair
			fail("anna", NAT, S(1));  // locks the pair
			fail("bob", NAT,
				S(1)); // locks the pair, and the source with the third of all
		}
		EXPECT_EQ(cases[i].n, lockout_clear(&lockout, cases[i].user ? &user : NULL,
					      cases[i].source ? &cases[i].source : NULL, S(2),
					      note_cleared, &n_cleared));
		EXPECT_EQ(cases[i].n_locks, n_cleared);
		EXPECT_STREQ(cases[i].anna_home, lock_of("anna", HOME, S(2)));
		EXPECT_STREQ(cases[i].anna_nat, lock_of("anna", NAT, S(2)));
		EXPECT_STREQ(cases[i].bob_nat, lock_of("bob", NAT, S(2)));
		lockout_fini(&lockout);
	}
}

TEST(lockout, names_of_any_bytes)
{
	char longest[LIMIT_USER_NAME_BYTES];
	const struct lockout_entry *begun[LOCKOUT_KINDS];
	struct span names[3];

	memset(longest, 'x', sizeof(longest));
	names[0] = span_of(longest, sizeof(longest));
	names[1] = span_of(longest, sizeof(longest) - 1);
	names[2] = (struct span){0};
	begin(1, 0);
	for (int i = 0; i < 3; i++) {
		SHIM_TRACE_CASE(i);
		EXPECT_NULL(lockout_find(&lockout, 0, names[i], HOME, S(1)));
		EXPECT_EQ(1, lockout_fail(&lockout, 0, names[i], HOME, S(1), begun));
		EXPECT_TRUE(lockout_find(&lockout, 0, names[i], HOME, S(1)) == begun[0]);
	}
	EXPECT_STREQ("unknown", lockout_kind_name(LOCKOUT_KINDS));
	lockout_fini(&lockout);
}

// The same name with another tenant is somebody else; a source is the same for all.
TEST(lockout, tenants)
{
	const struct lockout_entry *begun[LOCKOUT_KINDS];
	const struct span anna = span_of_text("anna");

	begin(3, 0);
	for (int i = 0; i < 3; i++)
		lockout_fail(&lockout, 1, anna, HOME, S(1), begun);
	EXPECT_TRUE(lockout_find(&lockout, 1, anna, HOME, S(1)) != NULL);
	EXPECT_NULL(lockout_find(&lockout, 0, anna, HOME, S(1)));
	EXPECT_NULL(lockout_find(&lockout, 2, anna, HOME, S(1)));
	lockout_succeed(&lockout, 0, anna, HOME, S(1));
	EXPECT_TRUE(lockout_find(&lockout, 1, anna, HOME, S(1)) != NULL);
	lockout_fini(&lockout);
}
