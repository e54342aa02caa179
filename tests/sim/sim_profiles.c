// SPDX-License-Identifier: BSD-3-Clause
#include "sim/sim_profiles.h"

#include "wire/mppe.h"

enum {
	MPPE_STRENGTHS = MPPE_OPTION_40 | MPPE_OPTION_56 | MPPE_OPTION_128,
	WINDOWS_BITS = MPPE_STRENGTHS | MPPE_OPTION_MPPC,
	EXPORT_BITS = WINDOWS_BITS & ~MPPE_OPTION_128,
};

#define MSCHAP AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1
#define ANY    MSCHAP, AUTH_METHOD_CHAP_MD5, AUTH_METHOD_PAP

const struct sim_peer_profile sim_profiles[SIM_PROFILES] = {
	[SIM_PROFILE_PPTP_LINUX] =
		{
			.name = "pptp-linux",
			.methods = {AUTH_METHOD_MSCHAPV2, AUTH_METHOD_MSCHAPV1},
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
			.rejects_modes = true,
			.mppe = SIM_MPPE_LINUX,
			.asks_deflate = true,
			.asks_vj = true,
			.n_servers = 2,
			.waits_for_ccp = true,
			.asks_ipv6cp = true,
			.answers_afresh = true,
			.restart_ns = 3 * SIM_SEC,
			.call_delay_ns = 1 * SIM_SEC,
			.window = 3,
			.n_link_infos = 1,
		},
	[SIM_PROFILE_PPPD_STATEFUL] =
		{
			.name = "pppd-stateful",
			.methods = {MSCHAP},
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.mppe_bits = MPPE_OPTION_128,
			.takes_stateful = true,
			.rejects_modes = true,
			.mppe = SIM_MPPE_LINUX,
			.asks_vj = true,
			.n_servers = 2,
			.waits_for_ccp = true,
			.asks_ipv6cp = true,
			.answers_afresh = true,
			.restart_ns = 3 * SIM_SEC,
			.call_delay_ns = 1 * SIM_SEC,
			.window = 3,
			.n_link_infos = 1,
		},
	// tests/pcap/data/kernelclient.pcap: no second of rest before the call, always the same Call ID, no
	// Set-Link-Info, and no compressed fields, because the plugin says so to pppd.
	[SIM_PROFILE_KERNEL] =
		{
			.name = "linux-kernel",
			.methods = {MSCHAP},
			.mru = 1400,
			.rejects_compression = true,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
			.rejects_modes = true,
			.mppe = SIM_MPPE_LINUX,
			.asks_vj = true,
			.waits_for_ccp = true,
			.answers_afresh = true,
			.restart_ns = 3 * SIM_SEC,
			.call_id = 1,
			.window = 64,
		},
	[SIM_PROFILE_WINDOWS_95] =
		{
			.name = "windows-95-dun-1.3",
			.methods = {MSCHAP, AUTH_METHOD_PAP},
			.mru = 1500,
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.mppe_bits = MPPE_OPTION_40 | MPPE_OPTION_128 | MPPE_OPTION_MPPC,
			.strengths = MPPE_OPTION_40 | MPPE_OPTION_128,
			.takes_stateful = true,
			.asks_vj = true,
			.n_servers = 4,
			.restart_ns = 3 * SIM_SEC,
			.window = 16,
			.n_link_infos = 1,
		},
	[SIM_PROFILE_WINDOWS_95_CLEAR] =
		{
			.name = "windows-95-dun-1.2",
			.methods = {AUTH_METHOD_MSCHAPV1, AUTH_METHOD_PAP},
			.mru = 1500,
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.ccp = SIM_CCP_REJECTS_OPTION,
			.asks_vj = true,
			.n_servers = 4,
			.restart_ns = 3 * SIM_SEC,
			.window = 16,
			.n_link_infos = 1,
		},
	[SIM_PROFILE_NT4] =
		{
			.name = "nt4",
			.methods = {MSCHAP, AUTH_METHOD_PAP},
			.mru = 1500,
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.asks_multilink = true,
			.asks_endpoint = true,
			.mppe_bits = MPPE_OPTION_40 | MPPE_OPTION_128 | MPPE_OPTION_OBSOLETE |
				     MPPE_OPTION_MPPC,
			.strengths = MPPE_OPTION_40 | MPPE_OPTION_128,
			.takes_stateful = true,
			.asks_vj = true,
			.n_servers = 4,
			.restart_ns = 3 * SIM_SEC,
			.window = 16,
			.n_link_infos = 1,
		},
	[SIM_PROFILE_NT4_SP5] =
		{
			.name = "nt4-sp5-128",
			.methods = {MSCHAP},
			.mru = 1500,
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.asks_multilink = true,
			.asks_endpoint = true,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
			.takes_stateful = true,
			.has_wrong_keys = true,
			.n_servers = 4,
			.restart_ns = 3 * SIM_SEC,
			.window = 16,
			.n_link_infos = 1,
		},
	// From here on MRU 1400 and no ACCM, callback asked for once, the version of RAS and the machine's name by
	// Identification as soon as LCP is open, two Set-Link-Info.
	[SIM_PROFILE_WINDOWS_2000] =
		{
			.name = "windows-2000",
			.methods = {ANY},
			.mru = 1400,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.asks_multilink = true,
			.asks_endpoint = true,
			.mppe_bits = MPPE_OPTION_STATELESS | WINDOWS_BITS,
			.strengths = MPPE_STRENGTHS,
			.takes_stateful = true,
			.may_go_clear = true, // "optional encryption"
			.asks_vj = true,
			.n_servers = 4,
			.identification = "MSRASV5.00",
			.restart_ns = 2 * SIM_SEC,
			.window = 64,
			.n_link_infos = 2,
		},
	// As sold outside of North America: 40 and 56 bit alone. This one requires encryption.
	[SIM_PROFILE_WINDOWS_2000_EXPORT] =
		{
			.name = "windows-2000-export",
			.methods = {ANY},
			.mru = 1400,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.asks_multilink = true,
			.asks_endpoint = true,
			.mppe_bits = MPPE_OPTION_STATELESS | EXPORT_BITS,
			.strengths = MPPE_OPTION_40 | MPPE_OPTION_56,
			.takes_stateful = true,
			.asks_vj = true,
			.n_servers = 4,
			.identification = "MSRASV5.00",
			.restart_ns = 2 * SIM_SEC,
			.window = 64,
			.n_link_infos = 2,
		},
	[SIM_PROFILE_WINDOWS_XP] =
		{
			.name = "windows-xp",
			.methods = {MSCHAP}, // "typical": a secured password, encryption required
			.mru = 1400,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.mppe_bits = MPPE_OPTION_STATELESS | WINDOWS_BITS,
			.strengths = MPPE_STRENGTHS,
			.takes_stateful = true,
			.n_servers = 4,
			.identification = "MSRASV5.10",
			.restart_ns = 2 * SIM_SEC,
			.window = 64,
			.n_link_infos = 2,
		},
	[SIM_PROFILE_WINDOWS_7] =
		{
			.name = "windows-7-to-11",
			.methods = {AUTH_METHOD_MSCHAPV2, AUTH_METHOD_CHAP_MD5},
			.mru = 1400,
			.asks_pfc = true,
			.asks_acfc = true,
			.asks_callback = true,
			.mppe_bits = MPPE_OPTION_STATELESS | WINDOWS_BITS,
			.strengths = MPPE_STRENGTHS,
			.takes_stateful = true,
			.n_servers = 4,
			.asks_ipv6cp = true,
			.identification = "MSRASV5.20",
			.restart_ns = 2 * SIM_SEC,
			.window = 64,
			.n_link_infos = 2,
		},
	[SIM_PROFILE_MACOS] =
		{
			.name = "macos",
			.methods = {ANY},
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128 | MPPE_OPTION_40,
			.strengths = MPPE_OPTION_128 | MPPE_OPTION_40,
			.mppe = SIM_MPPE_LINUX,
			.may_go_clear = true,
			.asks_vj = true,
			.n_servers = 2,
			.asks_ipv6cp = true,
			.asks_acsp = true,
			.answers_afresh = true,
			.restart_ns = 3 * SIM_SEC,
			.window = 64,
			.n_link_infos = 1,
		},
	// mtpd's PPTP, a window of its own, no Set-Link-Info, no Stop; then pppd.
	[SIM_PROFILE_ANDROID] =
		{
			.name = "android",
			.methods =
				{ANY}, // it refuses EAP alone, and wants MPPE of whatever it is asked
			.mru = 1400,
			.asks_accm = true,
			.asks_pfc = true,
			.asks_acfc = true,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128,
			.rejects_modes = true,
			.mppe = SIM_MPPE_LINUX,
			.n_servers = 2,
			.waits_for_ccp = true,
			.answers_afresh = true,
			.restart_ns = 3 * SIM_SEC,
			.window = 8192,
		},
	[SIM_PROFILE_ROUTEROS] =
		{
			.name = "routeros",
			.methods = {ANY},
			.mru = 1450,
			.mppe_bits = MPPE_OPTION_STATELESS | MPPE_OPTION_128 | MPPE_OPTION_40,
			.strengths = MPPE_OPTION_128 | MPPE_OPTION_40,
			.mppe = SIM_MPPE_LINUX,
			.may_go_clear = true, // use-encryption=yes; "required" is another word
			.restart_ns = 3 * SIM_SEC,
			.echo_interval_ns = 30 * SIM_SEC,
			.window = 100,
		},
	[SIM_PROFILE_OLD_ROUTER] =
		{
			.name = "old-router",
			.methods = {AUTH_METHOD_PAP, AUTH_METHOD_CHAP_MD5},
			.mru = 1460,
			.ccp = SIM_CCP_REJECTS_PROTOCOL,
			.restart_ns = 3 * SIM_SEC,
			.window = 8,
		},
};

const struct sim_policy sim_policy_default = {
	.methods = {AUTH_METHOD_MSCHAPV2},
	.n_methods = 1,
	.encryption = SIM_ENCRYPTION_REQUIRE,
	.strengths = MPPE_OPTION_128,
	.require_stateless = true,
};

// ---- what must come of it

static bool knows_method(const struct sim_peer_profile *profile, enum auth_method method)
{
	for (int i = 0; profile->methods[i] != AUTH_METHOD_NONE; i++)
		if (profile->methods[i] == method)
			return true;
	return false;
}

static bool allows_method(const struct sim_policy *policy, enum auth_method method)
{
	if (policy->encryption == SIM_ENCRYPTION_REQUIRE && !auth_method_has_keys(method))
		return false;
	for (int i = 0; i < policy->n_methods; i++)
		if (policy->methods[i] == method)
			return true;
	return false;
}

// The server's first choice if the client knows it; else what the client would rather have, if that is
// allowed; else the best that both know.
static enum auth_method common_method(
	const struct sim_policy *policy, const struct sim_peer_profile *profile)
{
	enum auth_method best = AUTH_METHOD_NONE;
	bool is_first = true;

	for (int i = 0; i < policy->n_methods; i++) {
		enum auth_method method = policy->methods[i];

		if (!allows_method(policy, method))
			continue;
		if (knows_method(profile, method)) {
			if (is_first)
				return method;
			if (best == AUTH_METHOD_NONE)
				best = method;
		}
		is_first = false;
	}
	return allows_method(policy, profile->methods[0]) ? profile->methods[0] : best;
}

static bool can_encrypt(const struct sim_policy *policy, const struct sim_peer_profile *profile,
	enum auth_method method)
{
	uint32_t strengths = profile->strengths ? profile->strengths : (uint32_t)MPPE_OPTION_128;

	if (policy->encryption == SIM_ENCRYPTION_DENY || profile->ccp != SIM_CCP_MPPE ||
		!auth_method_has_keys(method) || (strengths & policy->strengths) == 0)
		return false;
	return !profile->no_stateless || (profile->takes_stateful && !policy->require_stateless);
}

enum sim_outcome sim_policy_outcome(
	const struct sim_policy *policy, const struct sim_peer_profile *profile)
{
	enum auth_method method = common_method(policy, profile);
	bool is_needed = policy->encryption == SIM_ENCRYPTION_REQUIRE ||
			 (profile->ccp == SIM_CCP_MPPE && !profile->may_go_clear);

	if (method == AUTH_METHOD_NONE)
		return SIM_FAILS_AUTH;
	if (can_encrypt(policy, profile, method))
		return SIM_COMES_UP_ENCRYPTED;
	return is_needed ? SIM_FAILS_ENCRYPTION : SIM_COMES_UP_CLEAR;
}

static bool client_left(enum end_reason reason)
{
	return reason == END_CLIENT_LCP_TERMINATE || reason == END_CLIENT_CALL_CLEAR ||
	       reason == END_CLIENT_STOP || reason == END_CLIENT_TCP_CLOSED;
}

bool sim_policy_explains(
	const struct sim_policy *policy, enum sim_outcome outcome, enum end_reason reason)
{
	switch (outcome) {
	case SIM_FAILS_AUTH:
		return reason == END_AUTH_NO_COMMON;
	case SIM_FAILS_ENCRYPTION:
		if (policy->encryption != SIM_ENCRYPTION_REQUIRE && client_left(reason))
			return true;
		return reason == END_ENCRYPTION_REFUSED || reason == END_ENCRYPTION_MISMATCH;
	case SIM_COMES_UP_ENCRYPTED:
	case SIM_COMES_UP_CLEAR:
		return reason != END_NONE;
	}
	return false;
}
