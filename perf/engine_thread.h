// SPDX-License-Identifier: BSD-3-Clause
// One engine of the driver `ism` on a thread and a CPU of its own. It rests while others are measured: it must not
// take power, or a core that is shared, from them.
#pragma once

#include "drivers/crypto/ism/ism.h"

#include <stdbool.h>

struct engine_thread;

// The engine serves one worker. At most one at a time in a program. It is never given up for being late: on a
// machine that is measured, that would be noise.
//
//   queue    packets that may wait for it
//   returns  0, -ENOTSUP with one CPU only, or what ism_new() says; it rests
int engine_thread_start(unsigned int queue, struct engine_thread **out);
void engine_thread_stop(struct engine_thread *engine); // the driver is closed

// What the driver is opened with as `shared`.
struct ism *engine_thread_ism(const struct engine_thread *engine);

// Both return when it is so.
void engine_thread_wake(struct engine_thread *engine);
void engine_thread_rest(struct engine_thread *engine);
