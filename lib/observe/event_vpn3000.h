// SPDX-License-Identifier: BSD-3-Clause
// Events in the form of the VPN 3000 concentrator's event log:
//
//   103 12/09/1999 09:08:01.550 SEV=6 PPP/4 RPT=3 80.50.0.4
//   User [ testuser ]
//   disconnected. Experiencing excessive packet decrypt failure.
//
// number, date and time (UTC), severity, class and number of the event, how often it has happened,
// the client's address where there is one; then the user, what happened, and the rest as key=value.
#pragma once

#include "observe/events.h"

enum { EVENT_VPN3000_BYTES = LOG_LINE_BYTES + 256 };

// Returns the length; out[cap] is terminated and has no line's end at its end.
size_t event_put_vpn3000(const struct event *e, uint64_t number, uint32_t repeat, uint64_t wall_ns,
	char *out, size_t cap);
