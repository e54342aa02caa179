// SPDX-License-Identifier: BSD-3-Clause
// Each client that this server meets, under the policies that operators use: it comes up and moves data
// both ways, or it is told why not.
#include "shim/shim.h"
#include "sim/sim_run.h"
#include "wire/mppe.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALL_STRENGTHS = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128 };

static const struct sim_policy allow_old = {
	.methods = {AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1},
	.n_methods = 2,
	.encryption = SIM_ENCRYPTION_REQUIRE,
	.strengths = ALL_STRENGTHS,
};

static const struct sim_policy prefer = {
	.methods = {AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1, AUTH_METHOD_CHAP_MD5,
		AUTH_METHOD_PAP},
	.n_methods = 4,
	.encryption = SIM_ENCRYPTION_PREFER,
	.strengths = ALL_STRENGTHS,
};

static const struct sim_policy deny = {
	.methods = {AUTH_METHOD_CHAP_MD5, AUTH_METHOD_PAP},
	.n_methods = 2,
	.encryption = SIM_ENCRYPTION_DENY,
};

static const struct sim_policy v1_56 = {
	.methods = {AUTH_METHOD_MSCHAPV1},
	.n_methods = 1,
	.encryption = SIM_ENCRYPTION_REQUIRE,
	.strengths = MPPE_OPTION_56,
};

static const struct sim_policy v1_40 = {
	.methods = {AUTH_METHOD_MSCHAPV1},
	.n_methods = 1,
	.encryption = SIM_ENCRYPTION_REQUIRE,
	.strengths = MPPE_OPTION_40,
	.require_stateless = true,
};

static void play(
	enum sim_profile profile, const struct sim_policy *policy, enum sim_outcome outcome)
{
	bool is_up = outcome == SIM_COMES_UP_ENCRYPTED || outcome == SIM_COMES_UP_CLEAR;
	struct sim_result r;

	SHIM_TRACE_CASE((long long)profile);
	sim_run_profile(profile, policy, getenv("ADIT_SIM_TRACE") != NULL, &r);
	EXPECT_EQ(r.outcome, outcome);
	EXPECT_TRUE(r.is_over);
	EXPECT_EQ(r.n_wrong, 0);
	EXPECT_EQ(r.was_up, is_up);
	if (is_up) {
		EXPECT_EQ(r.is_encrypted, outcome == SIM_COMES_UP_ENCRYPTED);
		EXPECT_TRUE(r.has_recovered);
		EXPECT_GT(r.n_received, 200);
	}
	EXPECT_TRUE(sim_policy_explains(policy, outcome, r.reason));
	if (!sim_policy_explains(policy, outcome, r.reason) || r.was_up != is_up)
		printf("%s: %s\n", sim_profiles[profile].name, end_reason_info(r.reason)->name);
}

// MS-CHAPv2, 128 bit, stateless, required: who can do that, and what the others are told.
TEST(profile, default_policy)
{
	play(SIM_PROFILE_PPTP_LINUX, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_PPPD_STATEFUL, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95_CLEAR, &sim_policy_default, SIM_FAILS_AUTH);
	play(SIM_PROFILE_NT4, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_2000, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_XP, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_7, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_MACOS, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ANDROID, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_OLD_ROUTER, &sim_policy_default, SIM_FAILS_AUTH);
}

// A client that cannot encrypt gets a clear end and no loop.
TEST(profile, windows_95_without_encryption_is_told)
{
	play(SIM_PROFILE_WINDOWS_95_CLEAR, &allow_old, SIM_FAILS_ENCRYPTION);
}

TEST(profile, old_clients_are_let_in_where_policy_says_so)
{
	for (int p = 0; p < SIM_PROFILES; p++)
		if (p != SIM_PROFILE_WINDOWS_95_CLEAR && p != SIM_PROFILE_OLD_ROUTER &&
			p != SIM_PROFILE_NT4_SP5)
			play((enum sim_profile)p, &allow_old, SIM_COMES_UP_ENCRYPTED);
}

TEST(profile, encryption_is_preferred)
{
	for (int p = 0; p < SIM_PROFILES; p++) {
		bool is_clear = p == SIM_PROFILE_WINDOWS_95_CLEAR || p == SIM_PROFILE_OLD_ROUTER;

		if (p != SIM_PROFILE_NT4_SP5)
			play((enum sim_profile)p, &prefer,
				is_clear ? SIM_COMES_UP_CLEAR : SIM_COMES_UP_ENCRYPTED);
	}
}

TEST(profile, no_encryption_after_pap_or_chap)
{
	play(SIM_PROFILE_OLD_ROUTER, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_95_CLEAR, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_2000, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_MACOS, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_XP, &deny, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_PPTP_LINUX, &deny, SIM_FAILS_AUTH);
}

// No client of Debian's has 56 bit, or 40 bit after MS-CHAPv1.
TEST(profile, mschapv1_with_short_keys)
{
	play(SIM_PROFILE_WINDOWS_2000, &v1_56, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_XP, &v1_56, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_NT4, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &v1_56, SIM_FAILS_ENCRYPTION);
}

// NT 4 SP5 with 128 bit has keys of its own: ended at the threshold, with the reason.
TEST(profile, nt4_sp5_has_wrong_keys)
{
	struct sim_result r;

	sim_run_profile(SIM_PROFILE_NT4_SP5, &sim_policy_default, false, &r);
	EXPECT_TRUE(r.was_up);
	EXPECT_TRUE(r.is_over);
	EXPECT_EQ(r.reason, END_DECRYPT_FAILURES);
	EXPECT_EQ(r.n_received, 0);
}
