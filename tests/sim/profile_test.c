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

// MS-CHAPv2 without encryption: who insists on it hangs up.
static const struct sim_policy deny_v2 = {
	.methods = {AUTH_METHOD_MSCHAPV2},
	.n_methods = 1,
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

static void expect_outcome(const char *name, const struct sim_policy *policy,
	enum sim_outcome outcome, const struct sim_result *r)
{
	bool is_up = outcome == SIM_COMES_UP_ENCRYPTED || outcome == SIM_COMES_UP_CLEAR;

	EXPECT_EQ(r->outcome, outcome);
	EXPECT_TRUE(r->is_over);
	EXPECT_EQ(r->n_wrong, 0);
	EXPECT_EQ(r->was_up, is_up);
	if (is_up) {
		EXPECT_EQ(r->is_encrypted, outcome == SIM_COMES_UP_ENCRYPTED);
		EXPECT_TRUE(r->has_recovered);
		EXPECT_GT(r->n_received, 200);
		EXPECT_EQ(r->n_protocols, r->n_rejected); // IPv6CP, Apple's: each by name
	}
	EXPECT_TRUE(sim_policy_explains(policy, outcome, r->reason));
	if (!sim_policy_explains(policy, outcome, r->reason) || r->was_up != is_up)
		printf("%s: %s\n", name, end_reason_info(r->reason)->name);
}

static void play(
	enum sim_profile profile, const struct sim_policy *policy, enum sim_outcome outcome)
{
	struct sim_result r;

	SHIM_TRACE_CASE((long long)profile);
	sim_run_profile(profile, policy, getenv("ADIT_SIM_TRACE") != NULL, &r);
	expect_outcome(sim_profiles[profile].name, policy, outcome, &r);
}

// MS-CHAPv2, 128 bit, stateless, required: who can do that, and what the others are told.
TEST(profile, s7_every_client_under_the_default_policy)
{
	play(SIM_PROFILE_PPTP_LINUX, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_PPPD_STATEFUL, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_KERNEL, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95_CLEAR, &sim_policy_default, SIM_FAILS_AUTH);
	play(SIM_PROFILE_NT4, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_2000, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_2000_EXPORT, &sim_policy_default, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_WINDOWS_XP, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_7, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_MACOS, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ANDROID, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &sim_policy_default, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_OLD_ROUTER, &sim_policy_default, SIM_FAILS_AUTH);
}

// A client that cannot encrypt gets a clear end and no loop.
TEST(profile, s7_dun_1_2_cannot_encrypt_and_is_told)
{
	struct sim_result r;

	play(SIM_PROFILE_WINDOWS_95_CLEAR, &allow_old, SIM_FAILS_ENCRYPTION);
	sim_run_profile(SIM_PROFILE_WINDOWS_95_CLEAR, &allow_old, false, &r);
	EXPECT_EQ(r.reason, END_ENCRYPTION_REFUSED);
	EXPECT_LT(r.over_ns, 10 * SIM_SEC);
	EXPECT_LT(r.n_events, 200);
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

// Windows 2000 asks for every bit that it knows at once. Against every set that a policy may hold, stateless
// required or not, with and without the pack for 128 bit, after either method: the strongest that both know,
// stateless, in a second.
TEST(profile, s15_mppe_negotiates_with_windows_2000)
{
	static const enum mppe_strength strongest[] = {MPPE_STRENGTH_40, MPPE_STRENGTH_40,
		MPPE_STRENGTH_56, MPPE_STRENGTH_56, MPPE_STRENGTH_128, MPPE_STRENGTH_128,
		MPPE_STRENGTH_128, MPPE_STRENGTH_128};

	for (unsigned int i = 1; i < 2 * 2 * 2 * 8; i++) {
		unsigned int set = i % 8;
		bool is_export = i & 8;
		uint32_t bits = (set & 1 ? MPPE_OPTION_40 : 0) | (set & 2 ? MPPE_OPTION_56 : 0) |
				(set & 4 ? MPPE_OPTION_128 : 0);
		const struct sim_policy policy = {
			.methods = {i & 16 ? AUTH_METHOD_MSCHAPV1 : AUTH_METHOD_MSCHAPV2},
			.n_methods = 1,
			.encryption = SIM_ENCRYPTION_REQUIRE,
			.strengths = bits,
			.require_stateless = i & 32,
		};
		struct sim_result r;

		SHIM_TRACE_CASE(i);
		if (set == 0)
			continue;
		sim_run_profile(
			is_export ? SIM_PROFILE_WINDOWS_2000_EXPORT : SIM_PROFILE_WINDOWS_2000,
			&policy, false, &r);
		if (is_export && set == 4) {
			expect_outcome("export", &policy, SIM_FAILS_ENCRYPTION, &r);
			EXPECT_EQ(r.reason, END_ENCRYPTION_MISMATCH);
			continue;
		}
		expect_outcome("windows-2000", &policy, SIM_COMES_UP_ENCRYPTED, &r);
		EXPECT_LT(r.up_ns, 1 * SIM_SEC);
		EXPECT_EQ(r.up.strength, strongest[is_export ? set & 3 : set]);
		EXPECT_EQ(r.down.strength, r.up.strength);
		EXPECT_TRUE(r.up.is_stateless && r.down.is_stateless);
	}
}

// Every strength in both modes after both methods, with data both ways.
TEST(profile, s3_every_strength_and_mode_after_mschap)
{
	static const uint32_t bits[] = {MPPE_OPTION_40, MPPE_OPTION_56, MPPE_OPTION_128};
	static const enum mppe_strength strengths[] = {
		MPPE_STRENGTH_40, MPPE_STRENGTH_56, MPPE_STRENGTH_128};

	for (unsigned int i = 0; i < 2 * 2 * 3; i++) {
		unsigned int k = i % 3;
		bool is_stateful = i / 3 % 2;
		struct sim_peer_profile client = sim_profiles[SIM_PROFILE_WINDOWS_2000];
		const struct sim_policy policy = {
			.methods = {i / 6 ? AUTH_METHOD_MSCHAPV1 : AUTH_METHOD_MSCHAPV2},
			.n_methods = 1,
			.encryption = SIM_ENCRYPTION_REQUIRE,
			.strengths = ALL_STRENGTHS,
			.require_stateless = !is_stateful,
		};
		struct sim_result r;

		SHIM_TRACE_CASE(i);
		client.strengths = bits[k];
		client.mppe_bits = bits[k] | (is_stateful ? 0 : MPPE_OPTION_STATELESS);
		client.no_stateless = is_stateful;
		sim_run_client(&client, &policy, false, &r);
		expect_outcome(client.name, &policy, SIM_COMES_UP_ENCRYPTED, &r);
		EXPECT_EQ(r.up.strength, strengths[k]);
		EXPECT_EQ(r.down.strength, strengths[k]);
		EXPECT_EQ(r.up.is_stateless, !is_stateful);
		EXPECT_EQ(r.down.is_stateless, !is_stateful);
	}
}

// PAP and CHAP yield no keys: clear where policy leaves it open and the client does not mind, else no call;
// where encryption is required they are not even asked for.
TEST(profile, s3_never_after_pap_or_chap)
{
	static const enum auth_method without_keys[] = {AUTH_METHOD_PAP, AUTH_METHOD_CHAP_MD5};
	static const enum sim_encryption open[] = {SIM_ENCRYPTION_ALLOW, SIM_ENCRYPTION_PREFER};

	for (unsigned int i = 0; i < 4; i++) {
		const struct sim_policy policy = {.methods = {without_keys[i % 2]},
			.n_methods = 1,
			.encryption = open[i / 2],
			.strengths = ALL_STRENGTHS};

		SHIM_TRACE_CASE(i);
		play(SIM_PROFILE_WINDOWS_2000, &policy, SIM_COMES_UP_CLEAR);
		play(SIM_PROFILE_ANDROID, &policy, SIM_FAILS_ENCRYPTION);
		play(SIM_PROFILE_OLD_ROUTER, &policy, SIM_COMES_UP_CLEAR);
		play(SIM_PROFILE_WINDOWS_XP, &policy, SIM_FAILS_AUTH);
	}
	play(SIM_PROFILE_OLD_ROUTER, &allow_old, SIM_FAILS_AUTH);
}

TEST(profile, encryption_is_denied)
{
	play(SIM_PROFILE_WINDOWS_XP, &deny_v2, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_WINDOWS_7, &deny_v2, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_KERNEL, &deny_v2, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_ROUTEROS, &deny_v2, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_OLD_ROUTER, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_95_CLEAR, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_2000, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_MACOS, &deny, SIM_COMES_UP_CLEAR);
	play(SIM_PROFILE_WINDOWS_XP, &deny, SIM_FAILS_AUTH);
	play(SIM_PROFILE_WINDOWS_7, &deny, SIM_FAILS_ENCRYPTION);
	play(SIM_PROFILE_PPTP_LINUX, &deny, SIM_FAILS_AUTH);
}

// No client of Debian's has 56 bit, or 40 bit after MS-CHAPv1.
TEST(profile, mschapv1_with_short_keys)
{
	play(SIM_PROFILE_WINDOWS_2000, &v1_56, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_2000_EXPORT, &v1_56, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_XP, &v1_56, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_WINDOWS_95, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_NT4, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &v1_40, SIM_COMES_UP_ENCRYPTED);
	play(SIM_PROFILE_ROUTEROS, &v1_56, SIM_FAILS_ENCRYPTION);
}

// NT 4 SP5 with 128 bit has keys of its own: ended at the threshold, with the reason.
TEST(profile, s7_nt4_sp5_has_wrong_keys)
{
	struct sim_result r;

	sim_run_profile(SIM_PROFILE_NT4_SP5, &sim_policy_default, false, &r);
	EXPECT_TRUE(r.was_up);
	EXPECT_TRUE(r.is_over);
	EXPECT_EQ(r.reason, END_DECRYPT_FAILURES);
	EXPECT_EQ(r.n_received, 0);
}
