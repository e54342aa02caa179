// SPDX-License-Identifier: BSD-3-Clause
// One simulated call, from the TCP connection to its end: who calls, over what path, what happens
// meanwhile, and what came of it. All of it follows from the seed.
#pragma once

#include "sim/sim_client.h"
#include "sim/sim_server.h"

enum sim_scenario {
	SIM_USUAL,	// any client, the default policy
	SIM_ANY_POLICY, // any client, any policy
	SIM_STATEFUL, // a client that takes stateful MPPE, a policy that lets it; always with data
	SIM_RENEGOTIATES, // negotiates again when it is up
	SIM_WRONG_PASSWORD,
	SIM_WRONG_KEYS,
	SIM_SILENT,
	SIM_DIES,      // at a random moment
	SIM_AAA_FAULT, // the server's back end does
	SIM_SCENARIOS,
};

enum sim_quality { SIM_CLEAN, SIM_LOSSY, SIM_BAD, SIM_QUALITIES };

struct sim_result {
	enum sim_scenario scenario;
	enum sim_quality quality;
	enum sim_profile profile;
	struct sim_policy policy;
	enum sim_outcome outcome; // what must come of these two
	enum sim_silence silence;
	enum sim_goodbye goodbye;
	bool is_over;	    // the server has closed; else it hung
	bool was_up;	    // both sides at once
	bool server_was_up; // at any time, as was the client
	bool client_was_up;
	bool came_back; // after the renegotiations, both sides
	bool has_call;
	bool has_overflowed;
	enum end_reason reason; // of the call, or of the connection where there was none
	uint64_t up_ns;		// when both were up
	uint64_t over_ns;
	unsigned int n_events;
	bool is_encrypted;		      // when both were up
	struct mppe_mode up, down;	      // then
	unsigned int n_protocols, n_rejected; // that the client asked for beside LCP, CCP, IPCP
	// data
	bool has_data;
	unsigned int n_desyncs; // stateful losses that the worker told
	bool has_recovered;	// what was sent last, over a path made clean, arrived both ways
	uint32_t n_sent, n_received, n_late, n_wrong;
};

// One client under one policy over a clean path, with some data: what the tests of single clients run.
void sim_run_profile(enum sim_profile profile, const struct sim_policy *policy, bool is_traced,
	struct sim_result *out);
// The same with a client that is none of the list.
void sim_run_client(const struct sim_peer_profile *profile, const struct sim_policy *policy,
	bool is_traced, struct sim_result *out);

// Simulate the call with this seed. Checks on the way what must hold in every run.
//
//   is_traced  print each PPP frame that arrives, but for data
void sim_run(uint64_t seed, bool is_traced, struct sim_result *out);

const char *sim_scenario_name(enum sim_scenario scenario);
