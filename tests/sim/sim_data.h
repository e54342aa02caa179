// SPDX-License-Identifier: BSD-3-Clause
// Test packets: IPv4 and UDP between a client and a host behind the server, each with a number that
// all its other bytes follow from.
#pragma once

#include "base/span.h"

#include <stdbool.h>

enum {
	SIM_DATA_BYTES_MIN = 32, // headers and the number
	SIM_DATA_BYTES_MAX = 400,
	SIM_HOST_ADDRESS = 0x0a140009, // host order, as the other addresses here
};

// What one side has sent and got.
struct sim_data {
	uint32_t n_sent;	// numbers of test packets begin at 1
	uint32_t last_received; // highest number of those that came
	uint64_t seen;		// bit n: last_received - n has come
	uint32_t late_max;	// how far behind it one may be, out of order; 63 at most
	uint32_t n_received;
	uint32_t n_late;  // of these, behind a later one
	uint32_t n_wrong; // not what was sent, twice, or out of order
};

// The next packet of this side at out[len].
void sim_data_put(struct sim_data *d, uint8_t *out, size_t len, uint32_t from, uint32_t to);

// A packet came for this side.
void sim_data_take(struct sim_data *d, struct span ip, uint32_t from, uint32_t to);
