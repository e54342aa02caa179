// SPDX-License-Identifier: BSD-3-Clause
// What an operator can do about an error at start, for the key hint= of start-failed.
#pragma once

// NULL where there is nothing to say beyond the error itself.
const char *hint_memory(int error);
const char *hint_interface(int error);
const char *hint_tap(int error);
