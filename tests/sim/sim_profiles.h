// SPDX-License-Identifier: BSD-3-Clause
// The clients that a server of this kind meets, and what must come of each under a server's policy:
// worked out here from both sides' lists, not by asking the server's machines.
#pragma once

#include "base/end_reason.h"
#include "sim/sim_peer.h"

enum sim_profile {
	SIM_PROFILE_PPTP_LINUX,	      // pppd 2.4.9 and pptp-linux
	SIM_PROFILE_PPPD_STATEFUL,    // the same with mppe-stateful
	SIM_PROFILE_KERNEL,	      // pppd's plugin for the PPTP of Linux's kernel
	SIM_PROFILE_WINDOWS_95,	      // Dial-Up Networking 1.3
	SIM_PROFILE_WINDOWS_95_CLEAR, // 1.2, which cannot encrypt
	SIM_PROFILE_NT4,
	SIM_PROFILE_NT4_SP5, // 128 bit with keys of its own
	SIM_PROFILE_WINDOWS_2000,
	SIM_PROFILE_WINDOWS_2000_EXPORT, // without the High Encryption Pack
	SIM_PROFILE_WINDOWS_XP,
	SIM_PROFILE_WINDOWS_7, // Vista to 11
	SIM_PROFILE_MACOS,
	SIM_PROFILE_ANDROID,
	SIM_PROFILE_ROUTEROS,
	SIM_PROFILE_OLD_ROUTER, // fixed parameters, no MPPE
	SIM_PROFILES,
};

extern const struct sim_peer_profile sim_profiles[SIM_PROFILES];

enum sim_encryption {
	SIM_ENCRYPTION_DENY,
	SIM_ENCRYPTION_ALLOW,
	SIM_ENCRYPTION_PREFER,
	SIM_ENCRYPTION_REQUIRE,
};

struct sim_policy {
	enum auth_method methods[AUTH_METHODS_MAX]; // the best first
	uint8_t n_methods;
	enum sim_encryption encryption;
	uint32_t strengths; // MPPE_OPTION_*
	bool require_stateless;
	uint16_t late_pkts;
};

// MS-CHAPv2, 128 bit, stateless, required.
extern const struct sim_policy sim_policy_default;

enum sim_outcome {
	SIM_COMES_UP_ENCRYPTED,
	SIM_COMES_UP_CLEAR,
	SIM_FAILS_AUTH,	      // nothing in common
	SIM_FAILS_ENCRYPTION, // one side requires what the other refuses
};

enum sim_outcome sim_policy_outcome(
	const struct sim_policy *policy, const struct sim_peer_profile *profile);

// Is this reason one that names the outcome? Where the client insists, the server may see no more than
// that it leaves.
bool sim_policy_explains(
	const struct sim_policy *policy, enum sim_outcome outcome, enum end_reason reason);
