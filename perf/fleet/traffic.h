// SPDX-License-Identifier: BSD-3-Clause
// Traffic between clients and the inside host: what is offered, and what came of it.
#pragma once

#include "perf/fleet/check.h"
#include "perf/fleet/rate.h"

enum { TRAFFIC_INTERVALS = 4, TRAFFIC_DIRECTIONS = 2 };

struct traffic_interval {
	char name[24];
	uint64_t began, ended; // TSC; ended 0: it goes on
	uint64_t busy_cycles, idle_cycles;
	double behind
		[TRAFFIC_DIRECTIONS]; // cycles that the rate was behind at the end; without a rate 0
	struct check_counts counts[TRAFFIC_DIRECTIONS]; // by enum payload_direction
};

// What is under way in one direction.
struct traffic_lane {
	bool is_on;
	struct rate rate;
	uint32_t at;	       // of the client whose turn it is
	int64_t n_on_way;      // as far as is known
	uint64_t last_arrival; // TSC
	uint64_t n_written_off;
	// since the last line of progress
	uint64_t good, good_bytes;
	int64_t missing;
	struct latency latency;
};

struct traffic_bad {
	bool has;
	uint32_t client;
	enum payload_direction direction;
	enum check_verdict verdict;
	uint32_t foreign; // whose it was, of a foreign one
};

struct traffic {
	struct payload payload;
	struct impair impair;
	struct prepared *prepared; // traffic_prepare.h; NULL: packets are made as they leave

	bool is_offering;
	unsigned int n_intervals;
	struct traffic_interval intervals[TRAFFIC_INTERVALS];
	struct traffic_lane lanes[TRAFFIC_DIRECTIONS];
	uint64_t busy_at_begin, idle_at_begin;

	uint32_t *clients; // clients[n_clients]: those that take part
	uint32_t n_clients;
	uint32_t stride, stride_n; // for so many clients

	struct traffic_bad first_bad;
	uint64_t n_other; // packets that are not the fleet's
	uint64_t n_no_mbuf;
	uint64_t n_cut;	      // inner packets made shorter for the client's MTU
	struct latency late;  // how far behind the due time packets left, paced
	uint64_t progress_at; // TSC
};

// An inner packet that has come down to `to` or, where that is NULL, up to the inside host; see check_inner().
//
//   arrived  TSC, before anything was done with it
void traffic_take(struct fleet *f, struct fleet_client *to, const uint8_t *inner, size_t n_bytes,
	size_t len, bool only_front, uint64_t arrived);

// What came down to the client decrypts to no IPv4.
void traffic_take_garbage(struct fleet *f, struct fleet_client *to);

// Length of the inner packet whose turn it is.
uint16_t traffic_len(struct fleet *f, const struct fleet_client *c, uint32_t seq);

// The client whose turn it is, each as often as every other, not in the order of their numbers. There is at least one.
struct fleet_client *traffic_next_client(struct fleet *f, struct traffic_lane *lane);

// A time as packets hold it, before it is cut to 32 bits.
static inline uint64_t traffic_time(uint64_t tsc)
{
	return tsc >> CHECK_TIME_SHIFT;
}

// Those of the interval in which a packet was to leave at this traffic_time().
struct check_counts *traffic_counts(
	struct traffic *t, uint64_t time, enum payload_direction direction);

// What impair.h knows a client's call by.
uint64_t traffic_call(const struct fleet *f, const struct fleet_client *c);
