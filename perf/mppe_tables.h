// SPDX-License-Identifier: BSD-3-Clause
// What bench_crypto prints.
#pragma once

#include "perf/mppe_results.h"

enum {
	TABLE_BURST = 32,	  // packets at once where nothing else is said
	TABLE_WARM_SESSIONS = 64, // so few that they stay in the first-level cache
};

void tables_print_noise(struct results *results);
void tables_print_packets(struct results *results);
void tables_print_lines(struct results *results);
void tables_print_bursts(struct results *results);
void tables_print_parts(struct results *results);

// The parts of `sw`, core cycles a packet.
struct parts {
	double loop;	    // making ops, submit and poll of a driver that does nothing
	double bookkeeping; // what the burst code adds to that when its kernels do nothing
	double hash;
	double rekey;	 // key schedule and 16 bytes
	double schedule; // of the packet
	double stream;	 // of the packet
	double mix;	 // the exclusive-or, with what it waits for the packet's memory
	double whole;	 // `sw` as it is
	enum bench_state state;
};

// Returns false where they were not measured.
bool tables_find_parts(struct results *results, const struct mppe_work *work, struct parts *out);

// What the parts are measured with, apart from the load; false behind the last.
bool tables_parts_work(unsigned int i, struct mppe_work *work);
