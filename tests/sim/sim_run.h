// SPDX-License-Identifier: BSD-3-Clause
// One simulated call, from the TCP connection to its end: who calls, over what path, what happens
// meanwhile, and what came of it. All of it follows from the seed.
#pragma once

#include "sim/sim_client.h"
#include "sim/sim_server.h"

enum sim_scenario {
	SIM_PPPD,
	SIM_WINDOWS,
	SIM_ROUTEROS,
	SIM_RENEGOTIATES, // one of these three that negotiates again when it is up
	SIM_NO_ENCRYPTION,
	SIM_WRONG_PASSWORD,
	SIM_PAP_ONLY,
	SIM_SILENT,
	SIM_DIES,      // at a random moment
	SIM_AAA_FAULT, // the server's back end does
	SIM_SCENARIOS,
};

enum sim_quality { SIM_CLEAN, SIM_LOSSY, SIM_BAD, SIM_QUALITIES };

struct sim_result {
	enum sim_scenario scenario;
	enum sim_quality quality;
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
	// data
	bool has_data;
	bool has_recovered; // what was sent last, over a path made clean, arrived both ways
	uint32_t n_sent, n_received, n_wrong;
};

// Simulate the call with this seed. Checks on the way what must hold in every run.
//
//   is_traced  print each PPP frame that arrives, but for data
void sim_run(uint64_t seed, bool is_traced, struct sim_result *out);

const char *sim_scenario_name(enum sim_scenario scenario);
