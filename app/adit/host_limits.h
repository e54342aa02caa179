// SPDX-License-Identifier: BSD-3-Clause
// What of the host stands between us and as many clients as the configuration allows. Nothing of it
// keeps us from starting: each is told once, with what to change.
#pragma once

#include "conf/config.h"
#include "observe/events.h"

// A descriptor for each connection, as far as we may raise the limit.
void host_limits_raise_descriptors(const struct config *c, struct log *log);

// The kernel's own limits on connections that begin.
void host_limits_check_kernel(const struct config *c, struct log *log);
