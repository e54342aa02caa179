// SPDX-License-Identifier: BSD-3-Clause
// How loaded the lanes are, looked at once a second: for `aditctl show lanes`, and for placement.
#pragma once

#include "config/limits.h"
#include "control/samples.h"

struct control;

struct lane_watch_worker {
	struct sampled busy_cycles, turns, rx_bursts;
	struct sampled rx_pkts; // of ports
	struct sampled handoffs_in, handoffs_out;
	struct sampled handoff_full; // packets that found the ring to another worker full
	struct sampled up_pkts, up_bytes, down_pkts, down_bytes;
	struct sampled drops; // of all reasons
};

struct lane_watch {
	struct lane_watch_worker workers[LIMIT_WORKERS];
	struct sampled control_busy_ns, control_turns;
	struct sampled control_longest_ns, control_longest_cpu_ns; // of each second: no counters
};

// Once a second, after samples_begin().
void lane_watch_sample(struct control *c);

// Share of its time that a lane worked, tenths of a percent; SAMPLES_UNKNOWN in the first second.
int lane_watch_busy(const struct control *c, unsigned int worker, uint32_t seconds);
int lane_watch_control_busy(const struct control *c, uint32_t seconds);
// The longest turn of control in that time, and the most that one took of its CPU: what others did there meanwhile
// is not in it.
uint64_t lane_watch_longest_ns(const struct control *c, uint32_t seconds);
uint64_t lane_watch_longest_cpu_ns(const struct control *c, uint32_t seconds);
