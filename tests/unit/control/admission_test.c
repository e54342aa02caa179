// SPDX-License-Identifier: BSD-3-Clause
#include "control/admission.h"

#include "shim/shim.h"
#include "shim/xorshift.h"

enum { N_TICKETS = 400 };

static const uint64_t S = 1000000000;
static struct admission_ticket tickets[N_TICKETS];

static void begin(struct admission *a, const struct admission_limits *limits)
{
	memset(tickets, 0, sizeof(tickets));
	ASSERT_EQ(0, admission_init(a, limits, 0x123456789abcdef));
}

static struct admission_limits generous(void)
{
	return (struct admission_limits){
		.max_connections = 1000,
		.max_per_source = 1000,
		.max_strangers = 1000,
		.max_strangers_per_source = 1000,
		.silent_grace_ns = 1 * S,
		.talking_grace_ns = 10 * S,
	};
}

TEST(admission, limits_table)
{
	static const struct {
		struct admission_limits limits;
		uint32_t n_same, n_other; // admitted before, from the same source and from others
		enum admission_verdict wanted;
	} cases[] = {
		{{10, 10, 10, 10, 0, 1, 1}, 0, 0, ADMISSION_OK},
		{{4, 10, 10, 10, 0, 9, 9}, 1, 2, ADMISSION_OK},
		{{4, 10, 10, 10, 0, 9, 9}, 1, 3, ADMISSION_FULL},
		{{10, 3, 10, 10, 0, 9, 9}, 2, 5, ADMISSION_OK},
		{{10, 3, 10, 10, 0, 9, 9}, 3, 0, ADMISSION_SOURCE_FULL},
		{{10, 10, 5, 10, 0, 9, 9}, 1, 4, ADMISSION_STRANGERS_FULL},
		{{10, 10, 10, 2, 0, 9, 9}, 2, 0, ADMISSION_SOURCE_STRANGERS_FULL},
		{{10, 10, 10, 10, 3, 9, 9}, 2, 5, ADMISSION_OK},
		{{10, 10, 10, 10, 3, 9, 9}, 3, 0, ADMISSION_RATE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct admission a;
		struct admission_ticket *evicted;
		uint32_t n = 0;
		SHIM_TRACE_CASE(i);
		begin(&a, &cases[i].limits);
		for (uint32_t k = 0; k < cases[i].n_same; k++)
			ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[n++], 1, 0, &evicted));
		for (uint32_t k = 0; k < cases[i].n_other; k++)
			ASSERT_EQ(ADMISSION_OK,
				admission_enter(&a, &tickets[n++], 2 + k, 0, &evicted));
		EXPECT_EQ(cases[i].wanted, admission_enter(&a, &tickets[n], 1, 0, &evicted));
		EXPECT_NULL(evicted);
		EXPECT_EQ(cases[i].n_same + (cases[i].wanted == ADMISSION_OK),
			admission_source_count(&a, 1));
		EXPECT_TRUE(strlen(admission_verdict_name(cases[i].wanted)) > 0);
		EXPECT_EQ(cases[i].n_same + cases[i].n_other + (cases[i].wanted == ADMISSION_OK),
			a.n_verdicts[ADMISSION_OK]);
		if (cases[i].wanted != ADMISSION_OK)
			EXPECT_EQ(1, a.n_verdicts[cases[i].wanted]);
		admission_fini(&a);
	}
}

TEST(admission, rate_is_refilled)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.setups_per_second = 2;
	begin(&a, &limits);
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[0], 1, 0, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[1], 1, 0, &evicted));
	EXPECT_EQ(ADMISSION_RATE, admission_enter(&a, &tickets[2], 1, S / 2 - 1, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[2], 1, S / 2, &evicted));
	EXPECT_EQ(ADMISSION_RATE, admission_enter(&a, &tickets[3], 1, S / 2, &evicted));
	// After a long time it holds one second's worth, not more.
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[3], 1, 900 * S, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[4], 1, 900 * S, &evicted));
	EXPECT_EQ(ADMISSION_RATE, admission_enter(&a, &tickets[5], 1, 900 * S, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[5], 2, 900 * S, &evicted));
	admission_fini(&a);
}

// The rate of a source outlives its connections.
TEST(admission, rate_is_remembered_without_connections)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.setups_per_second = 1;
	begin(&a, &limits);
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[0], 1, 0, &evicted));
	admission_leave(&a, &tickets[0]);
	EXPECT_EQ(ADMISSION_RATE, admission_enter(&a, &tickets[0], 1, 0, &evicted));
	// A flood of other sources pushes it out at last, and the memory stays bounded.
	for (uint32_t i = 0; i < 5000; i++) {
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[0], 100 + i, 0, &evicted));
		admission_leave(&a, &tickets[0]);
	}
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[0], 1, 0, &evicted));
	admission_fini(&a);
}

TEST(admission, the_oldest_silent_stranger_goes_after_its_grace)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_strangers_per_source = 3;
	begin(&a, &limits);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(ADMISSION_OK,
			admission_enter(&a, &tickets[i], 1, (uint64_t)i * 100, &evicted));
	EXPECT_EQ(ADMISSION_SOURCE_STRANGERS_FULL,
		admission_enter(&a, &tickets[3], 1, S - 1, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[3], 1, S, &evicted));
	EXPECT_TRUE(evicted == &tickets[0]);
	EXPECT_NULL(tickets[0].source);
	EXPECT_EQ(3, admission_source_count(&a, 1));
	admission_leave(&a, &tickets[0]); // its connection is closed later: harmless
	EXPECT_EQ(3, a.n_strangers);
	admission_fini(&a);
}

TEST(admission, who_talks_has_more_grace_and_who_is_trusted_stays)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_strangers = 2;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 2; i++)
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], 1 + i, 0, &evicted));
	admission_promote(&a, &tickets[0], ADMISSION_TALKING, 0);
	// the younger one, since it is silent
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[2], 3, 2 * S, &evicted));
	EXPECT_TRUE(evicted == &tickets[1]);
	admission_promote(&a, &tickets[2], ADMISSION_TALKING, 3 * S);
	EXPECT_EQ(ADMISSION_STRANGERS_FULL,
		admission_enter(&a, &tickets[3], 4, 10 * S - 1, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[3], 4, 10 * S, &evicted));
	EXPECT_TRUE(evicted == &tickets[0]);
	admission_promote(&a, &tickets[2], ADMISSION_TRUSTED, 10 * S);
	admission_promote(&a, &tickets[2], ADMISSION_TALKING, 10 * S); // never down
	EXPECT_EQ(ADMISSION_TRUSTED, tickets[2].class);
	EXPECT_EQ(1, a.n_strangers);
	EXPECT_EQ(2, a.n_connections);
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[4], 5, 10 * S, &evicted));
	EXPECT_NULL(evicted);
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[5], 6, 99 * S, &evicted));
	EXPECT_TRUE(evicted == &tickets[3]);
	admission_fini(&a);
}

// Half-open connections in any number, from any number of sources: a good client that comes later
// gets in.
TEST(admission, a_flood_keeps_nobody_out)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;
	uint32_t n_in = 0;

	limits.max_strangers = 100;
	limits.max_strangers_per_source = 50;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 300; i++)
		n_in += admission_enter(&a, &tickets[i], 1 + i % 5, i * (S / 100), &evicted) ==
			ADMISSION_OK;
	EXPECT_GE(n_in, 100);
	EXPECT_LE(a.n_strangers, 100);
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[300], 1, 4 * S, &evicted));
	admission_fini(&a);
}

// Who comes while there are enough set-ups waits, and nobody overtakes him; a place that is given back,
// reached its end or had its grace is the next one's.
TEST(admission, beyond_max_setups_they_wait)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_setups = 2;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 6; i++) {
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], 1 + i, 0, &evicted));
		EXPECT_EQ(i < 2 ? ADMISSION_SILENT : ADMISSION_WAITING, tickets[i].class);
	}
	EXPECT_EQ(4, a.n_waiting);
	EXPECT_NULL(admission_next(&a, S / 2));
	EXPECT_EQ(1 * S, admission_deadline(&a, S / 2));
	admission_leave(&a, &tickets[0]);
	ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[6], 9, S / 2, &evicted));
	EXPECT_EQ(ADMISSION_WAITING, tickets[6].class);
	EXPECT_TRUE(admission_next(&a, S / 2) == &tickets[2]);
	EXPECT_NULL(admission_next(&a, S / 2));
	// Authenticated is not up.
	admission_promote(&a, &tickets[2], ADMISSION_TALKING, S / 2);
	admission_promote(&a, &tickets[2], ADMISSION_KNOWN, S / 2);
	EXPECT_EQ(5, a.n_strangers);
	EXPECT_NULL(admission_next(&a, S / 2));
	admission_promote(&a, &tickets[2], ADMISSION_TRUSTED, S / 2);
	EXPECT_TRUE(admission_next(&a, S / 2) == &tickets[3]);
	EXPECT_NULL(admission_next(&a, S - 1));
	EXPECT_TRUE(admission_next(&a, S) == &tickets[4]); // the silence of 1 is over
	EXPECT_EQ(S + S / 2, admission_deadline(&a, S));
	admission_fini(&a);
}

// One source has a hundred waiting, others one each: they come second, third and fourth.
TEST(admission, sources_take_turns)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_setups = 1;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 101; i++)
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], 1, 0, &evicted));
	for (uint32_t i = 101; i < 104; i++)
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], i, 0, &evicted));
	const int wanted[] = {1, 101, 102, 103, 2, 3, 4};
	struct admission_ticket *last = &tickets[0];
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		SHIM_TRACE_CASE(i);
		admission_leave(&a, last);
		last = admission_next(&a, 0);
		ASSERT_TRUE(last == &tickets[wanted[i]]);
	}
	admission_fini(&a);
}

// Room for a stranger is asked for before one is taken from the kernel; those who wait are not the ones to
// go, and who gets further has his grace anew.
TEST(admission, nobody_goes_who_waits_or_makes_progress)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_setups = 1;
	limits.max_strangers = 2;
	begin(&a, &limits);
	EXPECT_TRUE(admission_has_room(&a, 0));
	ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[0], 1, 0, &evicted));
	ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[1], 2, 0, &evicted));
	admission_promote(&a, &tickets[0], ADMISSION_TALKING, 0);
	EXPECT_FALSE(admission_has_room(&a, 9 * S));
	admission_progress(&a, &tickets[0], ADMISSION_STEP_CALL, 9 * S);
	admission_progress(&a, &tickets[0], ADMISSION_STEP_CALL, 18 * S); // said before
	EXPECT_FALSE(admission_has_room(&a, 19 * S - 1));
	EXPECT_TRUE(admission_has_room(&a, 19 * S));
	admission_progress(&a, &tickets[0], ADMISSION_STEP_NAME, 19 * S);
	EXPECT_FALSE(admission_has_room(&a, 28 * S));
	EXPECT_EQ(ADMISSION_STRANGERS_FULL, admission_enter(&a, &tickets[2], 3, 28 * S, &evicted));
	EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[2], 3, 29 * S, &evicted));
	EXPECT_TRUE(evicted == &tickets[0]);
	EXPECT_TRUE(admission_next(&a, 29 * S) == &tickets[1]);
	admission_fini(&a);
}

static void check(const struct admission *a)
{
	const struct admission_ticket *t;
	uint32_t n = 0, n_strangers = 0, n_queued = 0, n_listed = 0, n_setups = 0, n_waiting = 0;

	for (int i = 0; i < N_TICKETS; i++) {
		if (!tickets[i].source)
			continue;
		n++;
		n_strangers += tickets[i].class < ADMISSION_KNOWN;
		n_queued += tickets[i].class < ADMISSION_TRUSTED;
		n_setups += tickets[i].is_setup;
		n_waiting += tickets[i].class == ADMISSION_WAITING;
	}
	for (int i = 0; i < ADMISSION_QUEUES; i++) {
		bool is_behind = false; // those that count are behind those that do not
		TAILQ_FOREACH(t, &a->queues[i], in_class)
		{
			n_listed++;
			if (t->is_setup && !is_behind)
				ASSERT_TRUE(a->first_setup[i] == t);
			ASSERT_TRUE(t->is_setup || !is_behind);
			is_behind |= t->is_setup;
		}
	}
	ASSERT_EQ(n, a->n_connections);
	ASSERT_EQ(n_strangers, a->n_strangers);
	ASSERT_EQ(n_queued, n_listed);
	ASSERT_EQ(n_setups, a->n_setups);
	ASSERT_EQ(n_waiting, a->n_waiting);
}

TEST(admission, counts_stay_right_in_any_order)
{
	struct admission_limits limits = {40, 20, 25, 12, 50, S / 10, S, .max_setups = 8};
	struct xorshift x = xorshift_seed(9);
	struct admission a;
	uint64_t now = 0;

	begin(&a, &limits);
	for (int round = 0; round < 20000; round++) {
		struct admission_ticket *t = &tickets[xorshift_below(&x, N_TICKETS)], *evicted;
		now += xorshift_below(&x, 20000000);
		switch (xorshift_below(&x, 6)) {
		case 4:
			t = admission_next(&a, now);
			ASSERT_TRUE(!t || t->class == ADMISSION_SILENT);
			break;
		case 5:
			admission_progress(&a, t, (enum admission_step)xorshift_below(&x, 4), now);
			break;
		case 0:
		case 1:
			if (!t->source)
				(void)admission_enter(&a, t, xorshift_below(&x, 30), now, &evicted);
			break;
		case 2:
			admission_promote(&a, t, (enum admission_class)xorshift_below(&x, 5), now);
			break;
		default:
			admission_leave(&a, t);
		}
		check(&a);
		ASSERT_LE(a.n_connections, limits.max_connections);
		ASSERT_LE(a.n_strangers, limits.max_strangers);
	}
	admission_fini(&a);
}

TEST(admission, calls_of_a_source)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_calls_per_source = 3;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 3; i++)
		ASSERT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], 1 + i / 2, 0, &evicted));
	// Two connections of one source share the limit, another source has its own.
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[0], 0));
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[0], 0));
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[1], 0));
	EXPECT_EQ(ADMISSION_SOURCE_CALLS_FULL, admission_enter_call(&a, &tickets[1], 0));
	EXPECT_STREQ("max_calls_per_source", admission_verdict_name(ADMISSION_SOURCE_CALLS_FULL));
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[2], 0));
	admission_leave_call(&tickets[0]);
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[1], 0));
	// A connection that loses its place gives its calls back; that they end later counts no more.
	admission_leave(&a, &tickets[1]);
	admission_leave_call(&tickets[1]);
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[0], 0));
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[0], 0));
	EXPECT_EQ(ADMISSION_SOURCE_CALLS_FULL, admission_enter_call(&a, &tickets[0], 0));
	admission_fini(&a);
}

// Calls and connections have a bucket each: who dials one call a connection gets the whole rate.
TEST(admission, rate_of_calls)
{
	struct admission_limits limits = generous();
	struct admission a;
	struct admission_ticket *evicted;

	limits.max_calls_per_source = 1000;
	limits.setups_per_second = 2;
	begin(&a, &limits);
	for (uint32_t i = 0; i < 2; i++) {
		EXPECT_EQ(ADMISSION_OK, admission_enter(&a, &tickets[i], 1, 0, &evicted));
		EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[i], 0));
	}
	admission_leave_call(&tickets[0]);
	EXPECT_EQ(ADMISSION_RATE, admission_enter_call(&a, &tickets[0], S / 2 - 1));
	EXPECT_EQ(ADMISSION_OK, admission_enter_call(&a, &tickets[0], S / 2));
	admission_fini(&a);
}

TEST(admission, verdicts_have_names_and_reasons)
{
	for (int i = 0; i < ADMISSION_VERDICT_COUNT; i++) {
		enum admission_verdict verdict = (enum admission_verdict)i;
		SHIM_TRACE_CASE(i);
		EXPECT_NE(0, strcmp("unknown", admission_verdict_name(verdict)));
		EXPECT_EQ(i == ADMISSION_OK, admission_verdict_reason(verdict) == END_NONE);
		EXPECT_NE(END_INTERNAL, admission_verdict_reason(verdict));
	}
	EXPECT_STREQ("unknown", admission_verdict_name(ADMISSION_VERDICT_COUNT));
	EXPECT_EQ(END_INTERNAL, admission_verdict_reason(ADMISSION_VERDICT_COUNT));
	EXPECT_EQ(END_LIMIT_RATE, admission_verdict_reason(ADMISSION_RATE));
}
