// SPDX-License-Identifier: BSD-3-Clause
// How fast new connections begin: no faster than control keeps up with those that it has. A turn of the
// lane first serves what is there, calls' frames, echoes, hang-ups, timers; what may begin after that is a
// number that halves while the lane is behind and grows while it is not. It never comes to nothing: a
// lane that is always busy still takes one a turn.
//
//   behind  the lane has left something over, in its rings, timers or sockets, in each turn for LATE_NS
//   storm   somebody had to wait to begin for STORM_WAIT_NS: told when it begins and, with what it came
//           to, when nobody has waited for STORM_QUIET_S
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SETUP_PACE_BUDGET_MAX = 64 };

struct setup_pace_sums {
	uint64_t n_begun; // connections
	uint32_t waiting_most;
	uint64_t wait_longest_ns, turn_longest_ns, lag_longest_ns;
};

struct setup_pace {
	uint32_t budget;	     // that may begin in a turn
	uint64_t caught_up_ns;	     // nothing was left over then
	uint64_t lag_ns;	     // since then
	uint64_t held_since_ns;	     // somebody waits since, 0: nobody
	uint64_t held_longest_ns;    // in this second
	struct setup_pace_sums sums; // of this second, or of the storm that goes on
	struct setup_pace_sums last; // of the last storm that is over
	bool is_storm;
	uint32_t n_quiet_seconds;
	uint64_t began_ns, ended_ns; // began_ns 0: there was none yet
	uint64_t n_storms;
};

enum setup_pace_news { SETUP_PACE_NOTHING, SETUP_PACE_STORM_BEGAN, SETUP_PACE_STORM_ENDED };

void setup_pace_init(struct setup_pace *p, uint64_t now_ns);

// The lane has served what there was; is_behind: not all of it.
void setup_pace_turn(struct setup_pace *p, bool is_behind, uint64_t now_ns);

// How long that turn has taken in all.
void setup_pace_turn_took(struct setup_pace *p, uint64_t ns);

// What happened to the new ones in this turn.
//
//   n_waiting  that were taken and may not begin yet
//   is_held    somebody waits, there or in the kernel's queue
void setup_pace_note(struct setup_pace *p, uint32_t n_waiting, bool is_held, uint64_t now_ns);

// One has begun, after so long.
void setup_pace_begun(struct setup_pace *p, uint64_t waited_ns);

// Once a second. SETUP_PACE_STORM_ENDED: what it came to stands in p->last until the next one is over.
enum setup_pace_news setup_pace_second(struct setup_pace *p, uint64_t now_ns);
