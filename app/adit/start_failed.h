// SPDX-License-Identifier: BSD-3-Clause
// What keeps adit from running, told in one way by all who set something up.
#pragma once

#include "observe/events.h"

// Logs start-failed and returns `error`, which is negative.
//
//   hint  what to do about it; NULL: what is generally known about this error, if anything
int start_failed(struct log *log, const char *what, int error, const char *hint);
