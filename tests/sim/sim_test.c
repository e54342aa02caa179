// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_run.h"

#include "shim/shim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT_DEFAULT = 100000, FAILURES_SHOWN_MAX = 20 };

struct row {
	unsigned int n, n_willing, n_up;
	uint64_t up_sum_ns, up_max_ns;
	unsigned int n_reasons[END_REASON_COUNT];
};

struct tally {
	struct row rows[SIM_SCENARIOS][SIM_QUALITIES];
	unsigned int n_failures;
	unsigned int n_data, n_recovered;
	unsigned int n_renegotiated, n_came_back;
	uint64_t n_sent, n_received, n_late, n_events, n_desyncs;
};

static uint64_t env_u64(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : fallback;
}

static bool comes_up(const struct sim_result *r)
{
	bool may = r->scenario <= SIM_RENEGOTIATES;

	return may && (r->outcome == SIM_COMES_UP_ENCRYPTED || r->outcome == SIM_COMES_UP_CLEAR);
}

static void add(struct tally *t, const struct sim_result *r)
{
	struct row *row = &t->rows[r->scenario][r->quality];

	row->n++;
	row->n_willing += comes_up(r);
	row->n_reasons[r->reason]++;
	if (r->was_up) {
		row->n_up++;
		row->up_sum_ns += r->up_ns;
		if (r->up_ns > row->up_max_ns)
			row->up_max_ns = r->up_ns;
	}
	t->n_events += r->n_events;
	t->n_desyncs += r->n_desyncs;
	t->n_sent += r->n_sent;
	t->n_received += r->n_received;
	t->n_late += r->n_late;
	if (comes_up(r)) {
		t->n_data += r->has_data;
		t->n_recovered += r->has_recovered;
	}
	if (r->scenario == SIM_RENEGOTIATES && r->was_up) {
		t->n_renegotiated++;
		t->n_came_back += r->came_back;
	}
}

static void print(const struct tally *t)
{
	static const char *const qualities[SIM_QUALITIES] = {"clean", "lossy", "bad"};

	printf("%-15s %-6s %6s %6s %9s %9s  %s\n", "client", "path", "calls", "up", "mean ms",
		"worst ms", "ends");
	for (int s = 0; s < SIM_SCENARIOS; s++) {
		for (int q = 0; q < SIM_QUALITIES; q++) {
			const struct row *row = &t->rows[s][q];

			if (row->n == 0)
				continue;
			printf("%-15s %-6s %6u %6u %9.0f %9.0f ",
				sim_scenario_name((enum sim_scenario)s), qualities[q], row->n,
				row->n_up,
				row->n_up ? (double)row->up_sum_ns / row->n_up / 1e6 : 0.0,
				(double)row->up_max_ns / 1e6);
			for (int i = 0; i < END_REASON_COUNT; i++)
				if (row->n_reasons[i])
					printf(" %s:%u", end_reason_info((enum end_reason)i)->name,
						row->n_reasons[i]);
			printf("\n");
		}
	}
	printf("data: %u calls, %" PRIu64 " packets sent, %" PRIu64 " delivered, %" PRIu64
	       " late, %u of %u recovered; "
	       "renegotiated %u, came back %u; %" PRIu64 " stateful losses, %" PRIu64 " events\n",
		t->n_data, t->n_sent, t->n_received, t->n_late, t->n_recovered, t->n_data,
		t->n_renegotiated, t->n_came_back, t->n_desyncs, t->n_events);
}

static const char *judge_silence(const struct sim_result *r)
{
	if (r->silence == SIM_SILENT_FROM_START)
		return r->reason == END_PPTP_SILENT ? NULL : "is not pptp-silent";
	if (r->silence == SIM_SILENT_AFTER_START)
		return r->reason == END_IDLE_CONNECTION ? NULL : "is not idle";
	return r->reason == END_NO_GRE ? NULL : "is not no-gre";
}

// Over a path that is not bad each kind of call ends as it must.
static const char *judge_end(const struct sim_result *r)
{
	switch (r->scenario) {
	case SIM_WRONG_PASSWORD:
		return r->reason == END_AUTH_REJECTED ? NULL : "is not auth-rejected";
	case SIM_WRONG_KEYS:
		return r->reason == END_DECRYPT_FAILURES ? NULL : "is not decrypt-failures";
	case SIM_AAA_FAULT:
		return r->reason == END_AUTH_UNAVAILABLE || r->reason == END_NO_ADDRESS
			       ? NULL
			       : "does not name the fault";
	case SIM_SILENT:
		return judge_silence(r);
	case SIM_RENEGOTIATES:
		if (r->was_up && !r->came_back)
			return "did not come back";
		// fall through
	case SIM_USUAL:
	case SIM_ANY_POLICY:
	case SIM_STATEFUL:
		return sim_policy_explains(&r->policy, r->outcome, r->reason)
			       ? NULL
			       : "ended for another reason";
	case SIM_DIES:
	case SIM_SCENARIOS:
		break;
	}
	return NULL;
}

// What is wrong with a run, NULL when nothing is. Over a bad path a call may fail for the path's
// sake.
static const char *judge(const struct sim_result *r)
{
	bool may_come_up = comes_up(r) || r->scenario == SIM_DIES || r->scenario == SIM_WRONG_KEYS;

	if (!r->is_over)
		return "hangs";
	if (r->reason == END_NONE || r->reason == END_INTERNAL || r->reason >= END_REASON_COUNT)
		return "has no reason";
	if (r->has_overflowed)
		return "overflowed a step";
	if (r->n_wrong > 0)
		return "delivered a wrong packet";
	if (r->has_data && !r->has_recovered && comes_up(r))
		return "did not recover after loss";
	// Where the client insists on encryption, the server is up until it leaves.
	if (!may_come_up &&
		(r->was_up || (r->server_was_up && r->policy.encryption == SIM_ENCRYPTION_REQUIRE)))
		return "came up";
	if (r->quality == SIM_BAD)
		return NULL;
	if (r->quality == SIM_CLEAN && comes_up(r) && !r->was_up)
		return "did not come up";
	return judge_end(r);
}

static double rate_up(const struct tally *t, enum sim_quality quality)
{
	unsigned int n = 0, n_up = 0;

	for (int s = SIM_USUAL; s <= SIM_RENEGOTIATES; s++) {
		n += t->rows[s][quality].n_willing;
		n_up += t->rows[s][quality].n_up;
	}
	return n ? (double)n_up / n : 1.0;
}

static void print_policy(const struct sim_policy *p)
{
	static const char *const encryptions[] = {"deny", "allow", "prefer", "require"};

	printf("  policy:");
	for (uint8_t i = 0; i < p->n_methods; i++)
		printf(" %s", auth_method_name(p->methods[i]));
	printf(", encryption %s, strengths %#x%s, late_pkts %u\n", encryptions[p->encryption],
		(unsigned int)p->strengths, p->require_stateless ? ", stateless" : "",
		(unsigned int)p->late_pkts);
}

TEST(sim, every_call_comes_up_or_ends_with_a_reason)
{
	uint64_t seed = env_u64("ADIT_SIM_SEED", 1),
		 count = env_u64("ADIT_SIM_COUNT", COUNT_DEFAULT);
	bool is_traced = env_u64("ADIT_SIM_TRACE", 0) != 0;
	static struct tally tally;
	struct sim_result result;

	printf("ADIT_SIM_SEED=%" PRIu64 " ADIT_SIM_COUNT=%" PRIu64 "\n", seed, count);
	for (uint64_t i = 0; i < count; i++) {
		sim_run(seed + i, is_traced, &result);
		add(&tally, &result);

		const char *wrong = judge(&result);

		if (wrong && ++tally.n_failures <= FAILURES_SHOWN_MAX) {
			printf("seed %" PRIu64
			       " (%s, %s, quality %d): %s; reason %s, up at %.3f s, over "
			       "at %.3f s\n",
				seed + i, sim_scenario_name(result.scenario),
				sim_profiles[result.profile].name, result.quality, wrong,
				end_reason_info(result.reason)->name, (double)result.up_ns / 1e9,
				(double)result.over_ns / 1e9);
			print_policy(&result.policy);
			FAIL(wrong);
		}
	}
	print(&tally);
	EXPECT_EQ(tally.n_failures, 0);
	EXPECT_TRUE(count < COUNT_DEFAULT || tally.n_late > 0);
	EXPECT_GE(rate_up(&tally, SIM_CLEAN), 1.0);
	EXPECT_GE(rate_up(&tally, SIM_LOSSY) * 1000, 999);
	EXPECT_GE(rate_up(&tally, SIM_BAD) * 1000, 930);
}

TEST(sim, a_seed_tells_the_whole_story)
{
	struct sim_result a, b;

	for (uint64_t seed = 100; seed < 120; seed++) {
		sim_run(seed, false, &a);
		sim_run(seed, false, &b);
		EXPECT_MEMEQ(&a, &b, sizeof(a));
	}
}
