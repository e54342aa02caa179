// SPDX-License-Identifier: BSD-3-Clause
// What a polling lane does without work: pause, then yield, then sleep ever longer.
#pragma once

#include <stdint.h>

enum {
	IDLE_PAUSES = 64, // turns without work before the lane yields
	IDLE_YIELDS = 64, // and before it sleeps
	IDLE_AWAKE = IDLE_PAUSES + IDLE_YIELDS,
};

// For the thread that calls it, before the first wait.
void idle_prepare(uint32_t sleep_max_us);

// After the n_idle-th turn in a row that found nothing.
//
//   sleep_max_us  0: a lane with a CPU of its own, which only pauses
void idle_wait(unsigned int n_idle, uint32_t sleep_max_us);
